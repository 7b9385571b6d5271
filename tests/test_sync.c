/* SPDX-License-Identifier: BSD-2-Clause */
/* The channel between members: greetings, records, restarts. Epochs and keys are in
 * test_sync_epoch.c, what it refuses is in test_sync_refuse.c and test_sync_replay.c. */
#include "sync/sync.h"

#include <mpconn/error.h>

#include "check_main.h"
#include "sync/hello.h"
#include "sync_bed.h"

static sync_bed s;

static void open_bed(unsigned n)
{
    sync_bed_open(&s, n);
    s.catch_records = 1;
}

static uint64_t count_of(unsigned at, unsigned reason)
{
    return mpconn_engine_sync_count(s.at[at].b.eng, reason);
}

static mpconn_member member_of(unsigned at, uint32_t index)
{
    mpconn_member m;

    MPCONN_STRUCT_INIT(&m);
    ck_assert_int_eq(mpconn_engine_member(s.at[at].b.eng, index, &m), MPCONN_OK);
    return m;
}

/* ---- greetings ---- */

START_TEST(members_that_start_together_hear_each_other_at_once)
{
    open_bed((unsigned)_i);
    sync_boot_all(&s);
    sync_meet(&s);
    for (unsigned i = 0; i < s.n; i++)
        for (unsigned j = 0; j < s.n; j++)
            ck_assert_uint_eq(sync_events(&s, i, MPCONN_EVENT_MEMBER_UP, s.at[j].id), i != j);
    ck_assert_uint_le(s.n_tape, s.n + 4 * s.n * (s.n - 1)); /* to all, then a few each way */
    s.n_tape = 0;
    sync_pass(&s, 60 * MPCONN_SECOND);
    for (unsigned i = 0; i < s.n; i++)
        ck_assert_uint_eq(s.at[i].b.n_events, s.n - 1);
    ck_assert_uint_le(s.n_tape, s.n * 61 + s.n * s.n); /* nothing but what is due */
    sync_bed_close(&s);
}
END_TEST

START_TEST(member_that_starts_later_is_heard_at_once)
{
    open_bed(3);
    sync_boot(&s, 0);
    sync_boot(&s, 2);
    sync_meet(&s);
    sync_pass(&s, 3300 * MPCONN_MILLISECOND);
    ck_assert_uint_eq(member_of(0, 0).up, 0);
    ck_assert_uint_eq(member_of(0, 0).boot, 0);
    sync_boot(&s, 1);
    sync_meet(&s);
    ck_assert_uint_eq(member_of(0, 0).up, 1);
    ck_assert_uint_eq(member_of(0, 0).boot, s.at[1].b.eng->sync.members.boot);
    sync_bed_close(&s);
}
END_TEST

/* S10: loss, repetition and disorder delay, and do no more. */
START_TEST(S10_bad_channel_delays_greetings_and_nothing_else)
{
    open_bed(3);
    s.rng.state += (uint64_t)_i << 32;
    s.loss = 40;
    s.repeat = 20;
    s.reorder = 30;
    sync_boot_all(&s);
    sync_pass(&s, 15 * MPCONN_SECOND);
    for (unsigned i = 0; i < 3; i++) /* whether it is up at the moment, is chance */
        for (unsigned j = 0; j < 2; j++)
            ck_assert_uint_eq(member_of(i, j).boot,
                              s.at[j + (j >= i)].b.eng->sync.members.boot);
    s.loss = s.repeat = s.reorder = 0;
    sync_pass(&s, MPCONN_SECOND);
    sync_boot(&s, 1);
    sync_meet(&s);
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_uint_eq(count_of(i, MPCONN_SYNC_CONFLICT), 0);
        ck_assert_uint_eq(count_of(i, MPCONN_SYNC_MALFORMED), 0);
        ck_assert_uint_eq(count_of(i, MPCONN_SYNC_BAD_TAG), 0);
    }
    sync_bed_close(&s);
}
END_TEST

START_TEST(S09_frame_that_comes_twice_counts_once)
{
    open_bed(2);
    sync_boot_all(&s);
    sync_meet(&s);
    s.repeat = 70;
    for (unsigned i = 0; i < 50; i++)
        sync_say(&s, 0, 2, 1000 + i);
    sync_carry(&s);
    ck_assert_uint_eq(s.at[1].n_taken, 50);
    ck_assert_uint_gt(count_of(1, MPCONN_SYNC_REPLAYED), 20);
    sync_bed_close(&s);
}
END_TEST

START_TEST(S28_silent_member_goes_down_and_comes_back)
{
    open_bed(2);
    sync_boot_all(&s);
    sync_meet(&s);
    sync_pass(&s, 2500 * MPCONN_MILLISECOND);
    s.loss = 100;
    sync_pass(&s, 3 * MPCONN_SECOND);
    ck_assert_uint_eq(member_of(0, 0).up, 1);
    ck_assert_uint_eq(member_of(0, 0).silent_ns, 3 * MPCONN_SECOND); /* at its last call */
    sync_pass(&s, 10 * MPCONN_SECOND);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_uint_eq(sync_events(&s, i, MPCONN_EVENT_MEMBER_DOWN, s.at[!i].id), 1);
        ck_assert_uint_eq(member_of(i, 0).up, 0);
        ck_assert_uint_eq(mpci_members_registrar(&s.at[i].b.eng->sync.members,
                                                 &(mpconn_tuple){.family = 4}),
                          s.at[i].id);
    }
    s.loss = 0;
    sync_pass(&s, MPCONN_SECOND);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_uint_eq(sync_events(&s, i, MPCONN_EVENT_MEMBER_UP, s.at[!i].id), 2);
        ck_assert_uint_eq(s.at[i].b.n_events, 3);
        ck_assert(sync_knows(&s, i, !i));
    }
    sync_bed_close(&s);
}
END_TEST

START_TEST(member_never_heard_is_silent_since_the_start)
{
    open_bed(2);
    sync_boot(&s, 0);
    sync_pass(&s, 7 * MPCONN_SECOND);
    ck_assert_uint_eq(member_of(0, 0).silent_ns, 7 * MPCONN_SECOND);
    ck_assert_uint_eq(member_of(0, 0).up, 0);
    ck_assert_uint_eq(s.at[0].b.n_events, 0); /* it never was up */
    sync_bed_close(&s);
}
END_TEST

/* Or each would go down between two greetings, and up again with the next one. */
START_TEST(members_that_would_flap_are_refused_when_the_engine_is_made)
{
    mpconn_engine *eng;

    open_bed(2);
    for (unsigned i = 0; i < 3; i++) {
        bed_timeouts.hello_ns = (3 + i) * MPCONN_SECOND; /* to the 4 s after which one is down */
        ck_assert_int_eq(mpconn_engine_new(&eng, &s.at[0].cfg, &s.at[0].cb, &s.at[0], s.now),
                         i == 0 ? MPCONN_OK : MPCONN_ERR_INVAL);
        ck_assert_int_eq(mpconn_engine_del(eng), MPCONN_OK);
    }
}
END_TEST

START_TEST(frames_and_bytes_are_accounted_for_at_both_ends)
{
    mpconn_stats a, b;

    open_bed(2);
    sync_boot_all(&s);
    sync_meet(&s);
    for (unsigned i = 0; i < 30; i++)
        sync_say(&s, 0, 2, 1000 + i);
    sync_carry(&s);
    sync_pass(&s, 3 * MPCONN_SECOND);
    MPCONN_STRUCT_INIT(&a);
    MPCONN_STRUCT_INIT(&b);
    ck_assert_int_eq(mpconn_engine_stats(s.at[0].b.eng, &a), MPCONN_OK);
    ck_assert_int_eq(mpconn_engine_stats(s.at[1].b.eng, &b), MPCONN_OK);
    ck_assert_uint_eq(a.frames_out, b.frames_in);
    ck_assert_uint_eq(b.frames_out, a.frames_in);
    ck_assert_uint_eq(a.sync_bytes_out, b.sync_bytes_in);
    ck_assert_uint_eq(b.sync_bytes_out, a.sync_bytes_in);
    ck_assert_uint_eq(a.records_out, 30);
    ck_assert_uint_eq(b.records_in, 30);
    ck_assert_uint_eq(a.records_in + b.records_out, 0);
    sync_bed_close(&s);
}
END_TEST

START_TEST(frame_the_host_cannot_send_is_counted_and_made_good)
{
    open_bed(2);
    sync_boot_all(&s);
    s.at[0].b.send_fails = 1;
    sync_pass(&s, 1500 * MPCONN_MILLISECOND);
    ck_assert_uint_ge(count_of(0, MPCONN_SYNC_SEND_FAILED), 2);
    ck_assert(!sync_knows(&s, 1, 0));
    s.at[0].b.send_fails = 0;
    sync_pass(&s, MPCONN_SECOND);
    ck_assert(sync_knows(&s, 1, 0) && sync_knows(&s, 0, 1));
    sync_bed_close(&s);
}
END_TEST

/* ---- records ---- */

START_TEST(records_for_one_member_share_a_frame_and_keep_their_order)
{
    open_bed(3);
    sync_boot_all(&s);
    sync_meet(&s);
    s.n_tape = 0;
    for (unsigned i = 0; i < 30; i++) {
        mpci_record r = sync_record(1000 + i);

        sync_put(&s, 0, i % 3 == 0 ? MPCONN_MEMBER_ALL : i % 3 + 1, &r);
    }
    sync_put(&s, 0, 1, &s.at[0].taken[0]); /* to itself: nothing */
    sync_flush(&s, 0);
    ck_assert_uint_eq(s.n_tape, 3);
    sync_carry(&s);
    ck_assert_uint_eq(s.at[0].n_taken, 0);
    for (unsigned m = 1; m < 3; m++) {
        ck_assert_uint_eq(s.at[m].n_taken, 20);
        for (unsigned i = 0; i < 20; i++) {
            mpci_record want = sync_record(s.at[m].taken[i].client_isn);

            ck_assert_mem_eq(&s.at[m].taken[i], &want, sizeof want);
            ck_assert_uint_eq(s.at[m].taken_from[i], 1);
            ck_assert(i % 10 == 0 || s.at[m].taken[i].client_isn > s.at[m].taken[i - 1].client_isn);
        }
    }
    sync_flush(&s, 0);
    ck_assert_uint_eq(s.n_tape, 3); /* and not again */
    sync_bed_close(&s);
}
END_TEST

START_TEST(more_records_than_may_wait_are_sent_all_the_same)
{
    open_bed(2);
    s.at[0].cfg.sync_mtu = 256; /* checked when it is sent */
    sync_boot_all(&s);
    sync_meet(&s);
    for (unsigned i = 0; i < 3 * MPCI_PENDING + 1; i++) {
        mpci_record r = sync_record(1000 + i);

        r.tuple = bed_tuple(MPCONN_FAMILY_IPV6, i, (uint16_t)(1000 + i));
        sync_put(&s, 0, 2, &r);
    }
    sync_flush(&s, 0);
    sync_carry(&s);
    ck_assert_uint_eq(s.at[1].n_taken, 3 * MPCI_PENDING + 1);
    ck_assert_uint_eq(count_of(0, MPCONN_SYNC_RECORD_FULL), 0);
    sync_bed_close(&s);
}
END_TEST

START_TEST(S11_sequence_crosses_32_bits)
{
    open_bed(2);
    sync_boot_all(&s);
    sync_meet(&s);
    s.at[0].b.eng->sync.sequence = UINT32_MAX - 10;
    for (unsigned i = 0; i < 20; i++)
        sync_say(&s, 0, 2, 1000 + i);
    sync_carry(&s);
    ck_assert_uint_eq(s.at[1].n_taken, 20);
    sync_bed_close(&s);
}
END_TEST

/* ---- size of frames ---- */

START_TEST(S26_mtu_below_a_greeting_and_any_record_is_refused_when_the_engine_is_made)
{
    mpconn_engine *eng;

    open_bed(2);
    s.at[0].cfg.sync_mtu = 255;
    ck_assert_int_eq(mpconn_engine_new(&eng, &s.at[0].cfg, &s.at[0].cb, &s.at[0], s.now),
                     MPCONN_ERR_INVAL);
    s.at[0].cfg.sync_mtu = 64;
    ck_assert_int_eq(mpconn_engine_new(&eng, &s.at[0].cfg, &s.at[0].cb, &s.at[0], s.now),
                     MPCONN_ERR_INVAL);
    ck_assert_uint_ge(256 - MPCI_FRAME_HEADER - MPCI_FRAME_TAG, MPCI_RECORD_ROOM);
}
END_TEST

enum { CROWD = 40 };

/* Every member greeted once in the frames on the tape, whatever they hold. */
START_TEST(S26_every_member_is_greeted_in_frames_of_any_size)
{
    uint16_t ids[CROWD];

    open_bed(1);
    for (unsigned i = 0; i < CROWD; i++)
        ids[i] = (uint16_t)(100 + i);
    s.at[0].cfg.members = ids;
    for (uint32_t mtu = 256; mtu < 900; mtu += 1) {
        unsigned greeted[CROWD] = {0};

        s.at[0].cfg.n_members = 1 + mtu % CROWD;
        s.at[0].cfg.sync_mtu = mtu;
        sync_boot(&s, 0);
        s.n_tape = 0;
        sync_pass(&s, 0);
        for (unsigned i = 0; i < s.n_tape; i++) {
            mpci_reader r = mpci_reader_of(s.tape[i].bytes + MPCI_FRAME_HEADER,
                                           s.tape[i].len - MPCI_FRAME_HEADER - MPCI_FRAME_TAG);

            ck_assert_uint_gt(mpci_reader_left(&r), 0); /* no frame without anything in it */
            while (mpci_reader_left(&r) > 0) {
                mpci_record_context c = {0};
                mpci_record record;
                mpci_reader body;

                ck_assert_int_eq(mpci_record_decode(&r, &c, &record, &body), MPCI_RECORD_OK);
                for (unsigned k = 0; k < CROWD; k++) {
                    mpci_greeting g;

                    greeted[k] += mpci_hello_decode(&g, &body, ids[k]) == 1;
                }
            }
        }
        for (unsigned k = 0; k < CROWD; k++)
            ck_assert_msg(greeted[k] == (k < s.at[0].cfg.n_members), "MTU %u, %u members: %u, %u",
                          mtu, s.at[0].cfg.n_members, k, greeted[k]);
    }
    sync_bed_close(&s);
}
END_TEST

/* ---- restarts ---- */

START_TEST(S13_restarted_member_begins_anew_and_is_heard)
{
    sync_letter old;

    open_bed(2);
    sync_boot_all(&s);
    sync_meet(&s);
    sync_say(&s, 0, 2, 1000);
    sync_say(&s, 0, 2, 1001);
    old = s.queue[1];
    s.n_queue = 1; /* the second one is late */
    sync_carry(&s);
    ck_assert_uint_eq(s.at[1].n_taken, 1);
    s.now += MPCONN_SECOND / 2;
    sync_boot(&s, 0);
    ck_assert_uint_eq(s.at[0].b.eng->sync.sequence, 0);
    sync_meet(&s);
    ck_assert_uint_eq(sync_input(&s, 1, old.bytes, old.len), MPCONN_SYNC_UNKNOWN_BOOT);
    ck_assert_uint_eq(s.at[1].n_taken, 1);
    ck_assert(sync_knows(&s, 1, 0)); /* and it still hears the new one */
    sync_carry(&s);
    sync_say(&s, 0, 2, 1002);
    sync_carry(&s);
    ck_assert_uint_eq(s.at[1].n_taken, 2);
    ck_assert_uint_eq(s.at[1].taken[1].client_isn, 1002);
    ck_assert_uint_eq(sync_events(&s, 1, MPCONN_EVENT_MEMBER_CONFLICT, 1), 0);
    sync_bed_close(&s);
}
END_TEST

START_TEST(S13_member_that_restarts_again_and_again_is_no_conflict)
{
    open_bed(2);
    sync_boot_all(&s);
    for (unsigned i = 0; i < 20; i++) {
        sync_meet(&s);
        s.now += 300 * MPCONN_MILLISECOND;
        sync_boot(&s, i % 3 == 2); /* once in three times the other one */
    }
    sync_meet(&s);
    for (unsigned i = 0; i < 2; i++)
        ck_assert_uint_eq(count_of(i, MPCONN_SYNC_CONFLICT), 0);
    sync_bed_close(&s);
}
END_TEST

/* ---- two members with one id ---- */

START_TEST(S15_two_members_with_one_id_are_told_and_do_not_take_turns)
{
    uint64_t boot, other;
    unsigned told;

    open_bed(3);
    s.at[2].id = 2;
    s.at[0].cfg.n_members = 1;
    s.at[1].cfg.n_members = s.at[2].cfg.n_members = 1; /* the first of their lists: 1 */
    sync_boot_all(&s);
    sync_pass(&s, 2 * MPCONN_SECOND);
    boot = member_of(0, 0).boot;
    told = sync_events(&s, 0, MPCONN_EVENT_MEMBER_CONFLICT, 2);
    ck_assert_uint_gt(told, 0);
    for (unsigned i = 0; i < 40; i++) {
        sync_pass(&s, MPCONN_SECOND);
        ck_assert_uint_eq(member_of(0, 0).boot, boot);
        s.at[0].b.n_events = 0;
    }
    /* each of the two sees the other's frames as well, and says so where it can be counted */
    ck_assert_uint_gt(count_of(1, MPCONN_SYNC_CONFLICT), 0);
    ck_assert_uint_gt(count_of(2, MPCONN_SYNC_CONFLICT), 0);
    /* the one that is left is taken when the other is gone */
    other = boot == s.at[1].b.eng->sync.members.boot ? 2 : 1;
    sync_end(&s, 3 - (unsigned)other);
    sync_pass(&s, 8 * MPCONN_SECOND);
    ck_assert_uint_eq(member_of(0, 0).boot, s.at[other].b.eng->sync.members.boot);
    ck_assert_uint_eq(member_of(0, 0).up, 1);
    sync_bed_close(&s);
}
END_TEST

/* ---- the host's cipher ---- */

static int never_seals(void *user, const uint8_t *header, size_t header_len, uint8_t *records,
                       size_t len, uint8_t *tag)
{
    (void)user, (void)header, (void)header_len, (void)records, (void)len, (void)tag;
    return -1;
}

START_TEST(host_cipher_hides_records_and_carries_them)
{
    mpci_record want = sync_record(1000);
    const sync_letter *l;
    mpci_frame f;

    open_bed(2);
    sync_with_cipher(&s, 0);
    sync_with_cipher(&s, 1);
    sync_boot_all(&s);
    sync_meet(&s);
    sync_say(&s, 0, 2, 1000);
    l = sync_last(&s, 0);
    ck_assert_uint_eq(mpci_frame_parse(&f, l->bytes, l->len), MPCONN_SYNC_TAKEN);
    ck_assert_uint_eq(f.flags, MPCI_FRAME_SEALED);
    for (size_t i = MPCI_FRAME_HEADER; i + 4 <= l->len; i++)
        ck_assert_mem_ne(l->bytes + i, want.tuple.server.bytes, 4);
    sync_carry(&s);
    ck_assert_uint_eq(s.at[1].n_taken, 1);
    ck_assert_mem_eq(&s.at[1].taken[0], &want, sizeof want);
    sync_bed_close(&s);
}
END_TEST

START_TEST(sealed_frame_without_a_cipher_is_refused_and_the_other_way_round)
{
    open_bed(2);
    sync_with_cipher(&s, (unsigned)_i);
    sync_boot_all(&s);
    sync_pass(&s, 5 * MPCONN_SECOND);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_uint_ge(count_of(i, MPCONN_SYNC_BAD_TAG), 5);
        ck_assert_uint_eq(count_of(i, MPCONN_SYNC_TAKEN), 0);
        ck_assert_uint_eq(s.at[i].b.n_events, 0);
    }
    sync_bed_close(&s);
}
END_TEST

START_TEST(frame_the_cipher_does_not_seal_is_not_sent)
{
    open_bed(2);
    sync_with_cipher(&s, 0);
    s.at[0].cb.seal = never_seals;
    sync_boot(&s, 0);
    sync_pass(&s, MPCONN_SECOND);
    ck_assert_uint_eq(s.n_tape, 0);
    ck_assert_uint_eq(count_of(0, MPCONN_SYNC_SEND_FAILED), 2);
    sync_bed_close(&s);
}
END_TEST

/* ---- without members ---- */

START_TEST(engine_without_members_says_and_takes_nothing)
{
    open_bed(2);
    s.at[1].cfg.n_members = 0;
    s.at[1].cfg.members = NULL;
    s.at[1].cb.send_frame = NULL;
    sync_boot_all(&s);
    ck_assert_uint_eq(mpconn_engine_next_expiry(s.at[1].b.eng), MPCONN_TIME_NEVER);
    sync_pass(&s, 3 * MPCONN_SECOND);
    ck_assert_uint_eq(count_of(1, MPCONN_SYNC_NOT_A_MEMBER), 4);
    sync_say(&s, 1, MPCONN_MEMBER_ALL, 1000);
    for (unsigned i = 0; i < s.n_tape; i++)
        ck_assert_uint_eq(s.tape[i].from, 0);
    sync_bed_close(&s);
}
END_TEST

static void add_greetings(TCase *tc)
{
    tcase_add_loop_test(tc, members_that_start_together_hear_each_other_at_once, 2, 5);
    tcase_add_test(tc, member_that_starts_later_is_heard_at_once);
    tcase_add_loop_test(tc, S10_bad_channel_delays_greetings_and_nothing_else, 0, 20);
    tcase_add_test(tc, S09_frame_that_comes_twice_counts_once);
    tcase_add_test(tc, S28_silent_member_goes_down_and_comes_back);
    tcase_add_test(tc, member_never_heard_is_silent_since_the_start);
    tcase_add_test(tc, members_that_would_flap_are_refused_when_the_engine_is_made);
    tcase_add_test(tc, frames_and_bytes_are_accounted_for_at_both_ends);
    tcase_add_test(tc, frame_the_host_cannot_send_is_counted_and_made_good);
    tcase_add_test(tc, records_for_one_member_share_a_frame_and_keep_their_order);
    tcase_add_test(tc, more_records_than_may_wait_are_sent_all_the_same);
    tcase_add_test(tc, S11_sequence_crosses_32_bits);
    tcase_add_test(tc, S26_mtu_below_a_greeting_and_any_record_is_refused_when_the_engine_is_made);
    tcase_add_test(tc, S26_every_member_is_greeted_in_frames_of_any_size);
    tcase_add_test(tc, S13_restarted_member_begins_anew_and_is_heard);
    tcase_add_test(tc, S13_member_that_restarts_again_and_again_is_no_conflict);
    tcase_add_test(tc, S15_two_members_with_one_id_are_told_and_do_not_take_turns);
}

int main(void)
{
    Suite *suite = suite_create("sync");
    TCase *tc = tcase_create("sync");

    add_greetings(tc);
    tcase_add_test(tc, host_cipher_hides_records_and_carries_them);
    tcase_add_loop_test(tc, sealed_frame_without_a_cipher_is_refused_and_the_other_way_round, 0,
                        2);
    tcase_add_test(tc, frame_the_cipher_does_not_seal_is_not_sent);
    tcase_add_test(tc, engine_without_members_says_and_takes_nothing);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
