/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of offered handshakes when keys and epochs change. */
#include <check.h>

#include "check_main.h"
#include "engine_support.h"

#define EPOCH (64 * MPCONN_SECOND)

static bed b;
static mpconn_tuple t;
static bed_conn c;

/* A client that was answered and is not in the table: all there is of it is its cookie. */
static void offer(uint64_t into_epoch)
{
    mpconn_engine_config cfg;
    mpconn_callbacks cb;

    bed_config(&cfg, &cb);
    cfg.max_handshakes = 1; /* there is never peace */
    bed_open(&b, &cfg, &cb);
    b.now += EPOCH - b.now % EPOCH + into_epoch; /* epochs begin at multiples of their length */
    t = bed_tuple(4, 1, 40000);
    c = bed_conn_of(&t, 0x1000, 0x90000000);
    bed_syn(&b, &c);
    ck_assert_uint_eq(bed_stats(&b).handshakes, 0);
}

static void assert_proof(unsigned reason)
{
    bed_segment seg = bed_proof_seg(&c);

    bed_in(&b, MPCONN_SIDE_CLIENT, &seg);
    ck_assert_str_eq(mpconn_reason_name(b.pkt.reason), mpconn_reason_name(reason));
    bed_close(&b);
}

static void set_key(uint8_t byte)
{
    uint8_t key[16];

    memset(key, byte, sizeof(key));
    ck_assert_int_eq(mpconn_engine_set_key(b.eng, key, sizeof(key), b.now), MPCONN_OK);
}

static void set_epoch(uint64_t ns)
{
    mpconn_timeouts times;

    MPCONN_STRUCT_INIT(&times);
    times.epoch_ns = ns;
    ck_assert_int_eq(mpconn_engine_set_timeouts(b.eng, &times, b.now), MPCONN_OK);
}

START_TEST(offer_of_the_old_key_is_good_for_one_more_epoch)
{
    offer(EPOCH / 2);
    b.now += 10 * MPCONN_SECOND;
    set_key(1);
    b.now += EPOCH - 1;
    assert_proof(MPCONN_REASON_CLIENT_PROVED);
}
END_TEST

START_TEST(offer_of_the_old_key_is_void_after_that)
{
    offer(EPOCH / 2);
    b.now += 10 * MPCONN_SECOND;
    set_key(1);
    b.now += EPOCH;
    assert_proof(MPCONN_REASON_COOKIE_REFUSED);
}
END_TEST

START_TEST(offer_is_void_after_two_changes_of_the_key)
{
    offer(0);
    set_key(1);
    set_key(2);
    assert_proof(MPCONN_REASON_COOKIE_REFUSED);
}
END_TEST

START_TEST(two_changes_of_the_key_void_nothing_that_is_in_the_table)
{
    bed_open_default(&b);
    t = bed_tuple(4, 1, 40000);
    c = bed_conn_of(&t, 0x1000, 0x90000000);
    bed_syn(&b, &c);
    set_key(1);
    set_key(2);
    assert_proof(MPCONN_REASON_CLIENT_PROVED);
}
END_TEST

/* Shorter, longer, and the shortest there is, late in an epoch. */
START_TEST(another_length_of_epochs_voids_no_offer)
{
    static const uint64_t lengths[] = {MPCONN_SECOND, 10 * MPCONN_SECOND, 600 * MPCONN_SECOND};

    offer(EPOCH - MPCONN_SECOND);
    set_epoch(lengths[_i]);
    b.now += lengths[_i] + lengths[_i] - 1; /* this one and the next */
    assert_proof(MPCONN_REASON_CLIENT_PROVED);
}
END_TEST

START_TEST(epochs_of_another_length_end)
{
    static const uint64_t lengths[] = {MPCONN_SECOND, 10 * MPCONN_SECOND, 600 * MPCONN_SECOND};

    offer(EPOCH - MPCONN_SECOND);
    set_epoch(lengths[_i]);
    b.now += 2 * lengths[_i];
    assert_proof(MPCONN_REASON_COOKIE_REFUSED);
}
END_TEST

START_TEST(other_timeouts_do_not_prolong_an_epoch)
{
    offer(EPOCH / 2);
    set_epoch(EPOCH);
    b.now += EPOCH + EPOCH / 2;
    assert_proof(MPCONN_REASON_COOKIE_REFUSED);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("changes of key and epoch");
    TCase *tc = tcase_create("all");

    tcase_add_test(tc, offer_of_the_old_key_is_good_for_one_more_epoch);
    tcase_add_test(tc, offer_of_the_old_key_is_void_after_that);
    tcase_add_test(tc, offer_is_void_after_two_changes_of_the_key);
    tcase_add_test(tc, two_changes_of_the_key_void_nothing_that_is_in_the_table);
    tcase_add_loop_test(tc, another_length_of_epochs_voids_no_offer, 0, 3);
    tcase_add_loop_test(tc, epochs_of_another_length_end, 0, 3);
    tcase_add_test(tc, other_timeouts_do_not_prolong_an_epoch);
    suite_add_tcase(s, tc);
    return check_run(s);
}
