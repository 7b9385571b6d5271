/* SPDX-License-Identifier: BSD-2-Clause */
/* The table that knows the flows of packets in fragments. */
#include "check_main.h"
#include "fragmenting.h"
#include "packet/view.h"
#include "seed.h"
#include "table/fragments.h"

#include <mpconn/error.h>

enum { MODEL = 1200 };

static const unsigned families[] = {MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV6};
static const uint8_t secret[16] = {1, 2, 3};

static mpci_alloc host;
static mpci_sipkey sipkey;
static mpci_fragments t;

static void set_up(uint32_t capacity)
{
    host = (mpci_alloc){0};
    mpci_alloc_init(&host, &(mpconn_allocator){0});
    sipkey = mpci_sipkey_load(secret);
    ck_assert_int_eq(mpci_fragments_init(&t, &host, capacity), MPCONN_OK);
}

static void tear_down(void)
{
    mpci_fragments_fini(&t, &host);
    ck_assert_uint_eq(host.bytes, 0);
}

static mpci_fragment_key key_of(const raw *r, uint32_t zone)
{
    mpci_fragment_key key;
    mpci_ip ip;

    memset(&key, 0xff, sizeof key);
    ck_assert_uint_eq(mpci_ip_parse(&ip, r->bytes, r->len), 0);
    mpci_fragments_key(&key, &ip, r->bytes, zone);
    return key;
}

static mpci_fragment_key numbered(uint32_t n)
{
    mpci_fragment_key key;

    memset(&key, 0, sizeof key);
    key.family = MPCONN_FAMILY_IPV4;
    key.id = n;
    return key;
}

static uint64_t find(const mpci_fragment_key *key, mpconn_time now)
{
    return mpci_fragments_find(&t, &sipkey, key, now);
}

static int add(const mpci_fragment_key *key, uint64_t flow, mpconn_time now)
{
    return mpci_fragments_add(&t, &sipkey, key, flow, now);
}

static raw packet(unsigned family)
{
    raw whole;

    raw_tcp(&whole, family, MPCI_TCP_ACK, NULL, 0, 500);
    return whole;
}

START_TEST(later_fragments_have_the_key_of_the_first)
{
    raw whole = packet(families[_i]), first = fragment_of(&whole, 0, 104, 1);
    raw later = fragment_of(&whole, 104, 104, 1), last = fragment_of(&whole, 208, 312, 0);
    mpci_fragment_key key = key_of(&first, 7), other;

    set_up(100);
    add(&key, 99, 5);
    other = key_of(&later, 7);
    ck_assert_uint_eq(find(&other, 5), 99);
    other = key_of(&last, 7);
    ck_assert_uint_eq(find(&other, 5), 99);
    tear_down();
}
END_TEST

/* Of an IPv6 packet only the first fragment may show the protocol (RFC 8200 4.5). */
START_TEST(options_before_the_segment_do_not_part_fragments)
{
    raw whole = packet(MPCONN_FAMILY_IPV6), first = fragment_of(&whole, 0, 104, 1), later;
    mpci_fragment_key key = key_of(&first, 0), other;

    later = fragment_of(&whole, 104, 104, 1);
    later.bytes[40] = 60;
    other = key_of(&later, 0);
    ck_assert_mem_eq(&key, &other, sizeof key);
}
END_TEST

START_TEST(fragments_of_another_packet_have_another_key)
{
    static const unsigned ipv4[] = {4, 5, 9, 12, 15, 16, 19}, ipv6[] = {8, 23, 24, 39, 44, 47};
    const unsigned *bytes = _i == 0 ? ipv4 : ipv6;
    raw whole = packet(families[_i]), first = fragment_of(&whole, 0, 104, 1);
    mpci_fragment_key key = key_of(&first, 7), other;

    set_up(100);
    add(&key, 99, 5);
    for (unsigned n = 0; n < (_i == 0 ? 7u : 6u); n++) {
        raw r = first;

        r.bytes[bytes[n]] ^= 0x01;
        other = key_of(&r, 7);
        ck_assert_uint_eq(find(&other, 5), 0);
    }
    other = key_of(&first, 8);
    ck_assert_uint_eq(find(&other, 5), 0);
    ck_assert_uint_eq(find(&key, 5), 99);
    tear_down();
}
END_TEST

START_TEST(packet_is_remembered_for_fifteen_seconds)
{
    mpci_fragment_key key = numbered(1);
    mpconn_time now = UINT64_C(1000) * MPCONN_SECOND;

    set_up(4);
    add(&key, 99, now);
    ck_assert_uint_eq(find(&key, now + 15 * MPCONN_SECOND - 1), 99);
    ck_assert_uint_eq(find(&key, now + 15 * MPCONN_SECOND), 0);
    ck_assert_int_eq(add(&key, 98, now + 10 * MPCONN_SECOND), 0); /* the id came again */
    ck_assert_uint_eq(find(&key, now + 15 * MPCONN_SECOND), 98);
    tear_down();
}
END_TEST

START_TEST(oldest_of_a_bucket_gives_way)
{
    mpci_fragment_key key;

    set_up(4); /* one bucket */
    for (uint32_t n = 1; n <= 4; n++) {
        key = numbered(n);
        ck_assert_int_eq(add(&key, n, 100 * n), 0);
    }
    key = numbered(1);
    ck_assert_int_eq(add(&key, 11, 500), 0); /* renewed: now the second one is the oldest */
    key = numbered(5);
    ck_assert_int_eq(add(&key, 5, 600), 1);
    ck_assert_uint_eq(find(&key, 600), 5);
    key = numbered(1);
    ck_assert_uint_eq(find(&key, 600), 11);
    key = numbered(2);
    ck_assert_uint_eq(find(&key, 600), 0);
    key = numbered(6); /* what is dead makes room without a word */
    ck_assert_int_eq(add(&key, 6, 600 + MPCI_FRAGMENTS_LIFE_NS), 0);
    tear_down();
}
END_TEST

START_TEST(table_without_room_remembers_nothing)
{
    mpci_fragment_key key = numbered(1);

    set_up(0);
    ck_assert_uint_eq(host.bytes, 0);
    ck_assert_int_eq(add(&key, 99, 5), 0);
    ck_assert_uint_eq(find(&key, 5), 0);
    tear_down();
}
END_TEST

/* Against a list of all there ever was: what it finds is right, and what it forgets before its time
 * was displaced, and said so. */
START_TEST(table_never_tells_a_wrong_flow)
{
    static struct {
        uint64_t flow;
        mpconn_time since;
    } model[MODEL];
    seed_rng rng = seed_start();
    mpconn_time now = MPCONN_SECOND;
    uint64_t flow = 0;
    unsigned displaced = 0, missing = 0;

    memset(model, 0, sizeof model);
    set_up(1024);
    for (unsigned n = 0; n < 20000; n++) {
        uint32_t id = seed_below(&rng, MODEL);
        mpci_fragment_key key = numbered(id);

        now += seed_below(&rng, 20) * MPCONN_MILLISECOND;
        displaced += (unsigned)add(&key, ++flow, now);
        model[id].flow = flow;
        model[id].since = now;
        id = seed_below(&rng, MODEL);
        key = numbered(id);
        if (find(&key, now) != 0) {
            ck_assert_uint_eq(find(&key, now), model[id].flow);
            ck_assert_uint_lt(now - model[id].since, MPCI_FRAGMENTS_LIFE_NS);
        }
    }
    for (uint32_t id = 0; id < MODEL; id++) {
        mpci_fragment_key key = numbered(id);

        missing += model[id].flow != 0 && now - model[id].since < MPCI_FRAGMENTS_LIFE_NS &&
                   find(&key, now) == 0;
    }
    ck_assert_uint_gt(displaced, 0);
    ck_assert_uint_le(missing, displaced);
    ck_assert_uint_lt(missing, 400);
    tear_down();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fragments");
    TCase *both = tcase_create("both families"), *once = tcase_create("once");

    tcase_add_loop_test(both, later_fragments_have_the_key_of_the_first, 0, 2);
    tcase_add_test(once, options_before_the_segment_do_not_part_fragments);
    tcase_add_loop_test(both, fragments_of_another_packet_have_another_key, 0, 2);
    tcase_add_test(once, packet_is_remembered_for_fifteen_seconds);
    tcase_add_test(once, oldest_of_a_bucket_gives_way);
    tcase_add_test(once, table_without_room_remembers_nothing);
    tcase_add_test(once, table_never_tells_a_wrong_flow);
    suite_add_tcase(suite, both);
    suite_add_tcase(suite, once);
    return check_run(suite);
}
