/* SPDX-License-Identifier: BSD-2-Clause */
/* Who has recorded all that members ever said to each other, and says it again (S17, S19). */
#include "check_main.h"
#include "sync_refuse.h"

/* Everything the first member ever said to the second, again, in random order. */
static unsigned replay_all(const sync_letter *tape, unsigned n, unsigned reason_a,
                           unsigned reason_b)
{
    unsigned greetings = s.n_tape;

    for (unsigned i = 0; i < n; i++) {
        const sync_letter *l = &tape[seed_below(&s.rng, n)];
        mpci_frame f;

        if (l->from != 0 || (l->to != 2 && l->to != MPCONN_MEMBER_ALL))
            continue;
        ck_assert_uint_eq(mpci_frame_parse(&f, l->bytes, l->len), MPCONN_SYNC_TAKEN);
        /* a greeting, or another frame */
        refuse_or_greet(1, l->bytes, l->len,
                        l->bytes[MPCI_FRAME_HEADER] == (MPCI_RECORD_HELLO | MPCI_RECORD_CRITICAL)
                            ? reason_a
                            : reason_b);
    }
    return s.n_tape - greetings;
}

/* Members that have talked for a while; their tape is kept. */
static sync_letter tape[SYNC_TAPE];
static unsigned n_taped;

static void talk(void)
{
    meet(2);
    for (unsigned i = 0; i < 40; i++) {
        mpci_record r = sync_record(1000 + i);

        sync_put(&s, i % 2, 2 - i % 2, &r);
        sync_flush(&s, i % 2);
        sync_pass(&s, 250 * MPCONN_MILLISECOND);
        sync_carry(&s);
    }
    n_taped = s.n_tape;
    ck_assert_uint_le(n_taped, SYNC_TAPE);
    memcpy(tape, s.tape, sizeof tape);
    s.n_tape = 0;
}

START_TEST(S17_frames_of_the_same_boot_count_once)
{
    talk();
    ck_assert_uint_eq(replay_all(tape, n_taped, MPCONN_SYNC_REPLAYED, MPCONN_SYNC_REPLAYED), 0);
    s.now += 3600 * MPCONN_SECOND;
    (void)sync_input(&s, 1, bytes, 0); /* time has its effects, too */
    ck_assert_uint_eq(replay_all(tape, n_taped, MPCONN_SYNC_REPLAYED, MPCONN_SYNC_REPLAYED), 0);
    sync_bed_close(&s);
}
END_TEST

START_TEST(S17_frames_of_an_older_boot_never_count_again)
{
    unsigned n = 0;

    talk();
    sync_boot(&s, 0);
    sync_meet(&s);
    s.n_tape = 0;
    s.now += MPCONN_SECOND;
    for (unsigned i = 0; i < 50; i++)
        n += replay_all(tape, n_taped, MPCONN_SYNC_GREETED, MPCONN_SYNC_UNKNOWN_BOOT);
    ck_assert_uint_le(n, MPCI_GREETED); /* all in no time */
    ck_assert(sync_knows(&s, 1, 0));
    sync_carry(&s);
    sync_pass(&s, 3 * MPCONN_SECOND);
    ck_assert(sync_knows(&s, 1, 0) && sync_knows(&s, 0, 1));
    ck_assert_uint_eq(sync_events(&s, 1, MPCONN_EVENT_MEMBER_CONFLICT, 1), 0);
    sync_bed_close(&s);
}
END_TEST

/* The receiver has forgotten everything; the sender is gone, or speaks only later. */
START_TEST(S17_frames_from_before_the_receivers_restart_never_count_again)
{
    mpci_member *p;

    talk();
    sync_boot(&s, 1);
    sync_lose(&s);
    (void)replay_all(tape, n_taped, MPCONN_SYNC_GREETED, MPCONN_SYNC_UNKNOWN_BOOT);
    p = mpci_members_find(&s.at[1].b.eng->sync.members, 1);
    ck_assert_uint_eq(p->boot, 0);
    ck_assert_uint_eq(p->up, 0);
    sync_pass(&s, MPCONN_SECOND);
    ck_assert(sync_knows(&s, 1, 0) && sync_knows(&s, 0, 1));
    (void)replay_all(tape, n_taped, MPCONN_SYNC_REPLAYED, MPCONN_SYNC_REPLAYED);
    sync_bed_close(&s);
}
END_TEST

START_TEST(S17_frames_from_before_a_key_change_never_count_again)
{
    static const uint8_t keys[2][16] = {"second key .....", "third key ......"};

    talk();
    for (unsigned k = 0; k < 2; k++) {
        unsigned fate = k == 0 ? MPCONN_SYNC_REPLAYED : MPCONN_SYNC_OTHER_CLUSTER;

        ck_assert_int_eq(mpconn_engine_set_key(s.at[1].b.eng, keys[k], 16, s.at[1].b.now),
                         MPCONN_OK);
        ck_assert_uint_eq(replay_all(tape, n_taped, fate, fate), 0);
    }
    sync_bed_close(&s);
}
END_TEST

/* Who replays old greetings all the time must not keep two members apart. */
START_TEST(S17_replayed_greetings_do_not_stand_between_two_members)
{
    talk();
    sync_boot(&s, 1);
    sync_lose(&s);
    for (unsigned round = 0; round < 40; round++) {
        if (sync_knows(&s, 1, 0) && sync_knows(&s, 0, 1))
            break;
        for (unsigned i = 0; i < n_taped; i++)
            if (tape[i].from == 0)
                (void)sync_input(&s, 1, tape[i].bytes, tape[i].len);
        sync_lose(&s); /* the attacker also eats what they draw */
        sync_pass(&s, 250 * MPCONN_MILLISECOND);
    }
    ck_assert(sync_knows(&s, 1, 0));
    ck_assert(sync_knows(&s, 0, 1));
    sync_bed_close(&s);
}
END_TEST

/* Nor may one who does so at both ends, with what is too old to help, faster than any budget. */
START_TEST(S17_replays_that_eat_the_budget_do_not_stand_between_two_members)
{
    unsigned rounds = 0;

    talk();
    for (unsigned i = 0; i < 2; i++) {
        sync_pass(&s, MPCONN_SECOND / 10);
        sync_boot(&s, i);
        sync_meet(&s);
    }
    s.rng.state += (uint64_t)_i << 32;
    sync_pass(&s, MPCONN_SECOND / 10);
    sync_boot(&s, 1);
    while (!(sync_knows(&s, 1, 0) && sync_knows(&s, 0, 1)) && rounds < 10000) {
        rounds++;
        for (unsigned i = 0; i < 20; i++) {
            const sync_letter *l = &tape[seed_below(&s.rng, n_taped)];

            (void)sync_input(&s, !l->from, l->bytes, l->len);
        }
        sync_pass(&s, MPCONN_MILLISECOND * 7 / 10); /* in step with nothing */
    }
    ck_assert_uint_lt(rounds, 10000); /* seven seconds */
    sync_bed_close(&s);
}
END_TEST

/* S19 for the channel: whatever arrives, what goes out is bounded by time and not by that. */
START_TEST(S19_greetings_drawn_by_strange_boots_have_a_budget)
{
    mpci_frame f;

    meet(2);
    s.n_tape = 0;
    f = sync_header(&s, 0, 2);
    for (unsigned i = 0; i < 10000; i++) { /* one second */
        f.boot = 1000 + i;
        refuse_or_greet(1, bytes, forge(&f), MPCONN_SYNC_UNKNOWN_BOOT);
        s.now += MPCONN_SECOND / 10000;
    }
    ck_assert_uint_ge(s.n_tape, 8);
    ck_assert_uint_le(s.n_tape, 12);
    s.n_tape = 0; /* and the most there can be: each greeting asks for another answer */
    for (unsigned i = 0; i < 10000; i++) {
        char body[19] = {0, 0, 2};

        mpci_store32((uint8_t *)body + 7, i + 1);
        f.boot = 1000 + i;
        refuse_or_greet(1, bytes, forge_hello(&f, 19, body), MPCONN_SYNC_GREETED);
        s.now += MPCONN_SECOND / 10000;
        sync_lose(&s);
    }
    ck_assert_uint_le(s.n_tape, 12 * MPCI_GREETED);
    sync_bed_close(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sync_replay");
    TCase *tc = tcase_create("sync_replay");

    tcase_add_test(tc, S17_frames_of_the_same_boot_count_once);
    tcase_add_test(tc, S17_frames_of_an_older_boot_never_count_again);
    tcase_add_test(tc, S17_frames_from_before_the_receivers_restart_never_count_again);
    tcase_add_test(tc, S17_frames_from_before_a_key_change_never_count_again);
    tcase_add_test(tc, S17_replayed_greetings_do_not_stand_between_two_members);
    tcase_add_loop_test(tc, S17_replays_that_eat_the_budget_do_not_stand_between_two_members, 0,
                        10);
    tcase_add_test(tc, S19_greetings_drawn_by_strange_boots_have_a_budget);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
