/* SPDX-License-Identifier: BSD-2-Clause */
/* Epochs and keys: what members agree about while their clocks and their hosts do not. */
#include "check_main.h"
#include "split/cookie.h"
#include "sync_bed.h"

static sync_bed s;

static void open_bed(unsigned n)
{
    sync_bed_open(&s, n);
    s.catch_records = 1;
}

/* A cookie made at one member, and the client's ACK checked at another. */
static int cookie_crosses(unsigned from, unsigned to)
{
    static const mpci_profile profile = {{1460, 1440}, 7};
    mpconn_tuple t = bed_tuple(MPCONN_FAMILY_IPV4, 1, 40000);
    mpci_syn_options o;
    mpci_cookie c, back;
    mpci_view v;

    memset(&o, 0, sizeof o);
    o.mss = 1460;
    o.wscale = 7;
    mpci_cookie_make(&c, &s.at[from].b.eng->sync.epochs, &profile, &t, 99, &o);
    memset(&v, 0, sizeof v);
    v.kind = MPCI_KIND_TCP;
    v.seq = 100;
    v.ack = c.isn + 1;
    return mpci_cookie_check(&back, &s.at[to].b.eng->sync.epochs, &profile, &t, &v);
}

static uint64_t epoch_of(unsigned at)
{
    return s.at[at].b.eng->sync.epochs.number;
}

/* S29: no clock is on the wire, and none need agree. */
START_TEST(S29_members_with_clocks_far_apart_take_each_others_cookies)
{
    static const uint64_t ahead[] = {0, 1, 40, 64, 65, 1000, 30 * 365 * 86400};

    open_bed(2);
    s.at[1].ahead = ahead[_i] * MPCONN_SECOND;
    sync_boot_all(&s);
    if (ahead[_i] >= 1000)
        ck_assert_int_eq(cookie_crosses(1, 0), 0);
    sync_meet(&s);
    for (unsigned i = 0; i < 60; i++) {
        ck_assert_uint_le(epoch_of(0), epoch_of(1) + 1);
        ck_assert_uint_le(epoch_of(1), epoch_of(0) + 1);
        ck_assert_int_eq(cookie_crosses(0, 1), 1);
        ck_assert_int_eq(cookie_crosses(1, 0), 1);
        sync_pass(&s, 7 * MPCONN_SECOND);
    }
    sync_bed_close(&s);
}
END_TEST

/* The highest that anybody has seen, and never back. */
START_TEST(R7_epoch_is_the_highest_of_all_and_never_goes_back)
{
    uint64_t most, before;

    open_bed(3);
    s.at[2].ahead = 5000 * MPCONN_SECOND;
    sync_boot_all(&s);
    most = epoch_of(2);
    before = epoch_of(0);
    ck_assert_uint_gt(most, before + 70);
    sync_meet(&s);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_uint_eq(epoch_of(i), most);
    sync_end(&s, 2); /* and what it brought stays */
    sync_pass(&s, 10 * MPCONN_SECOND);
    ck_assert_uint_eq(epoch_of(0), most);
    sync_pass(&s, 64 * MPCONN_SECOND);
    ck_assert_uint_eq(epoch_of(0), most + 1);
    ck_assert_uint_eq(epoch_of(1), most + 1);
    s.at[2].ahead = 0; /* it comes back with a clock that was put right, and follows */
    sync_boot(&s, 2);
    ck_assert_uint_lt(epoch_of(2), most);
    sync_meet(&s);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_uint_eq(epoch_of(i), most + 1);
    sync_bed_close(&s);
}
END_TEST

/* What was offered before a jump, the jump does not void; the epoch after it may. */
START_TEST(R7_cookie_of_before_a_jump_is_accepted_until_the_next_epoch)
{
    static const mpci_profile profile = {{1460, 1440}, 7};
    mpconn_tuple t = bed_tuple(MPCONN_FAMILY_IPV4, 1, 40000);
    mpci_syn_options o;
    mpci_cookie c, back;
    mpci_view v;

    open_bed(2);
    s.at[1].ahead = 5000 * MPCONN_SECOND + 17 * MPCONN_SECOND; /* just begun an epoch */
    sync_boot(&s, 0);
    memset(&o, 0, sizeof o);
    memset(&v, 0, sizeof v);
    mpci_cookie_make(&c, &s.at[0].b.eng->sync.epochs, &profile, &t, 99, &o);
    v.kind = MPCI_KIND_TCP;
    v.seq = 100;
    v.ack = c.isn + 1;
    sync_boot(&s, 1);
    sync_meet(&s);
    ck_assert_uint_eq(epoch_of(0), epoch_of(1));
    ck_assert_int_eq(mpci_cookie_check(&back, &s.at[0].b.eng->sync.epochs, &profile, &t, &v), 1);
    sync_pass(&s, 60 * MPCONN_SECOND);
    ck_assert_int_eq(mpci_cookie_check(&back, &s.at[0].b.eng->sync.epochs, &profile, &t, &v), 1);
    sync_pass(&s, 70 * MPCONN_SECOND);
    ck_assert_int_eq(mpci_cookie_check(&back, &s.at[0].b.eng->sync.epochs, &profile, &t, &v), 0);
    sync_bed_close(&s);
}
END_TEST

/* A tombstone outlives every cookie that could revive its incarnation (R3), over a jump too. */
START_TEST(R3_tombstone_of_before_a_jump_outlives_the_cookies)
{
    mpci_tombstones *t;

    open_bed(2);
    s.at[1].ahead = 5000 * MPCONN_SECOND;
    sync_boot(&s, 0);
    sync_pass(&s, 0);
    t = &s.at[0].b.eng->core.tombstones;
    ck_assert_int_eq(mpci_tombstones_add(t, 77, 99, MPCI_TOMBSTONE_FOUND), 0);
    sync_boot(&s, 1);
    sync_meet(&s);
    ck_assert_uint_eq(epoch_of(0), epoch_of(1));
    sync_pass(&s, 60 * MPCONN_SECOND);
    ck_assert_uint_eq(mpci_tombstones_find(t, 77, 99), MPCI_TOMBSTONE_FOUND);
    sync_bed_close(&s);
}
END_TEST

/* ---- keys ---- */

static const uint8_t next_key[16] = "the next key ...";

static void set_key(unsigned at)
{
    ck_assert_int_eq(mpconn_engine_set_key(s.at[at].b.eng, next_key, 16, s.at[at].b.now),
                     MPCONN_OK);
}

START_TEST(S17_frames_under_the_old_key_count_while_members_change)
{
    open_bed(2);
    sync_boot_all(&s);
    sync_meet(&s);
    set_key(0);
    sync_say(&s, 1, 1, 1000); /* under the old one */
    sync_say(&s, 0, 2, 2000); /* under the new one, which the other has not got yet */
    ck_assert_uint_eq(sync_input(&s, 0, s.queue[0].bytes, s.queue[0].len), MPCONN_SYNC_TAKEN);
    ck_assert_uint_eq(sync_input(&s, 1, s.queue[1].bytes, s.queue[1].len),
                      MPCONN_SYNC_OTHER_CLUSTER);
    set_key(1);
    ck_assert_uint_eq(sync_input(&s, 1, s.queue[1].bytes, s.queue[1].len), MPCONN_SYNC_TAKEN);
    /* taken is taken, under which key it may be */
    ck_assert_uint_eq(sync_input(&s, 0, s.queue[0].bytes, s.queue[0].len), MPCONN_SYNC_REPLAYED);
    sync_lose(&s);
    sync_pass(&s, 20 * MPCONN_SECOND);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert(sync_knows(&s, i, !i));
        ck_assert_uint_eq(s.at[i].b.n_events, 1);
        ck_assert_int_eq(cookie_crosses(i, !i), 1);
    }
    ck_assert_uint_eq(epoch_of(0), epoch_of(1));
    sync_bed_close(&s);
}
END_TEST

/* Who got hold of the old key gains nothing for ever. */
START_TEST(S17_old_key_ends_with_the_cookies_made_under_it)
{
    uint8_t bytes[128];
    mpci_frame f;
    size_t len;

    open_bed(2);
    sync_boot_all(&s);
    sync_meet(&s);
    f = sync_header(&s, 1, 1);
    set_key(0);
    set_key(1);
    f.sequence += 500;
    len = sync_forge(bytes, &f, NULL, 0, bed_key);
    ck_assert_uint_eq(sync_input(&s, 0, bytes, len), MPCONN_SYNC_TAKEN);
    sync_pass(&s, 130 * MPCONN_SECOND);
    f.sequence += 500;
    len = sync_forge(bytes, &f, NULL, 0, bed_key);
    ck_assert_uint_eq(sync_input(&s, 0, bytes, len), MPCONN_SYNC_OTHER_CLUSTER);
    sync_bed_close(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sync_epoch");
    TCase *tc = tcase_create("sync_epoch");

    tcase_add_loop_test(tc, S29_members_with_clocks_far_apart_take_each_others_cookies, 0, 7);
    tcase_add_test(tc, R7_epoch_is_the_highest_of_all_and_never_goes_back);
    tcase_add_test(tc, R7_cookie_of_before_a_jump_is_accepted_until_the_next_epoch);
    tcase_add_test(tc, R3_tombstone_of_before_a_jump_outlives_the_cookies);
    tcase_add_test(tc, S17_frames_under_the_old_key_count_while_members_change);
    tcase_add_test(tc, S17_old_key_ends_with_the_cookies_made_under_it);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
