/* SPDX-License-Identifier: BSD-2-Clause */
/* What is young is told to nobody, and costs nothing that a handshake needs (claims 3, 9). */
#include "carried.h"
#include "check_main.h"
#include "engine_support.h"
#include "split/share.h"

/* The n-th connection, before its handshake. */
static bed_conn young_one(uint32_t n)
{
    mpconn_tuple t = bed_tuple(MPCONN_FAMILY_IPV4, n / 40000, (uint16_t)(20000 + n % 40000));

    return bed_conn_of(&t, n * 2654435761u, ~(n * 40503u));
}

/* It settles at A, where both its ends are heard. */
static void open_at_a(bed_conn *young)
{
    c = *young;
    bed_settle(m[A], &c);
    say(A, CLIENT, MPCI_TCP_ACK, 1, 1, 100);
    say(A, SERVER, MPCI_TCP_ACK, 1, 101, 100);
    *young = c;
}

static void close_at_a(const bed_conn *young)
{
    c = *young;
    say(A, SERVER, MPCI_TCP_ACK | MPCI_TCP_FIN, 101, 101, 0);
    say(A, CLIENT, MPCI_TCP_ACK | MPCI_TCP_FIN, 101, 102, 0);
    say(A, SERVER, MPCI_TCP_ACK, 102, 102, 0);
}

static uint64_t records_of_a(void)
{
    return bed_stats(m[A]).records_out;
}

/* --- many young ones and the handshakes of others --- */

enum { YOUNG = 20000, LONG_EVERY = 200 };
enum { EACH_MS = 10, LIFE_MS = 1000, OPENING_MS = YOUNG / EACH_MS };

static bed_conn crowd[YOUNG];

static int is_long(uint32_t n)
{
    return n % LONG_EVERY == 0;
}

/* All tables as large as they are by default; the young ones are five times the handshakes. */
static void start_with_defaults(void)
{
    for (unsigned i = A; i <= B; i++)
        net.at[i].cfg.max_flows = net.at[i].cfg.max_wide_flows = net.at[i].cfg.max_handshakes = 0;
    sync_start(&net);
    ck_assert_uint_eq(m[A]->eng->core.untold.capacity, (65536 + 16384) / 4 + 1);
}

/* In peace a client that was answered has an entry, for which nobody made room. */
static void expect_peace(void)
{
    uint32_t handshakes = bed_stats(m[A]).handshakes;

    c = young_one(YOUNG);
    bed_syn(m[A], &c);
    ck_assert_uint_eq(bed_stats(m[A]).handshakes, handshakes + 1);
    ck_assert_uint_eq(handshakes, 0);
    say(A, CLIENT, MPCI_TCP_RST, 1, 0, 0);
    ck_assert_uint_eq(bed_stats(m[A]).handshakes, 0);
}

static void millisecond(uint32_t ms)
{
    for (uint32_t i = 0; i < EACH_MS && ms < OPENING_MS; i++) {
        crowd[ms * EACH_MS + i] = young_one(ms * EACH_MS + i);
        open_at_a(&crowd[ms * EACH_MS + i]);
    }
    for (uint32_t i = 0; i < EACH_MS && ms >= LIFE_MS; i++) {
        uint32_t n = (ms - LIFE_MS) * EACH_MS + i;

        if (!is_long(n))
            close_at_a(&crowd[n]);
    }
    sync_pass(&net, MPCONN_MILLISECOND);
}

START_TEST(A3_twenty_thousand_young_ones_leave_the_engine_at_peace)
{
    start_with_defaults();
    for (uint32_t ms = 0; ms < OPENING_MS; ms++) {
        if (ms % 100 == 99)
            expect_peace();
        ck_assert_uint_eq(records_of_a(), 0); /* until the first one is two seconds old */
        millisecond(ms);
    }
    for (uint32_t ms = OPENING_MS; ms < OPENING_MS + LIFE_MS; ms++)
        millisecond(ms);
    sync_pass(&net, 2 * MPCONN_SECOND);
    ck_assert_uint_eq(records_of_a(), YOUNG / LONG_EVERY);
    ck_assert_uint_eq(flows_at(B), YOUNG / LONG_EVERY);
    ck_assert_uint_eq(flows_at(A), YOUNG);
    ck_assert_uint_eq(bed_count(m[A], MPCONN_REASON_HANDSHAKE_EVICTED), 0);
    ck_assert_uint_eq(bed_count(m[A], MPCONN_REASON_HANDSHAKE_FULL), 0);
}
END_TEST

/* --- when there are too many of them --- */

enum { FIRST_AGE_MS = 10, WAITING = (8 + 8) / 4 + 1 };

static bed_conn waiting[WAITING + 1];

static void open_waiting(unsigned n)
{
    waiting[n] = young_one(n);
    open_at_a(&waiting[n]);
    sync_carry(&net);
    sync_pass(&net, FIRST_AGE_MS * MPCONN_MILLISECOND);
}

START_TEST(A9_first_of_too_many_that_wait_is_told_early_if_it_lives)
{
    unsigned told = _i == 0;

    net.at[A].cfg.max_flows = net.at[A].cfg.max_wide_flows = 8;
    sync_start(&net);
    for (unsigned n = 0; n < WAITING; n++)
        open_waiting(n);
    ck_assert_uint_eq(records_of_a(), 0);
    if (!told)
        close_at_a(&waiting[0]);
    open_waiting(WAITING);
    ck_assert_uint_eq(records_of_a(), told);
    ck_assert_uint_eq(flows_at(B), told);
    ck_assert_uint_eq(bed_count(m[A], MPCONN_REASON_TOLD_EARLY), told);
    if (told) {
        c = waiting[0];
        say(B, CLIENT, MPCI_TCP_ACK, 101, 101, 10);
        ck_assert_int_eq(m[B]->pkt.reason, MPCONN_REASON_TRANSLATED);
    }
    sync_pass(&net, 2 * MPCONN_SECOND); /* and the others in their time, each once */
    ck_assert_uint_eq(records_of_a(), WAITING + told);
    ck_assert_uint_eq(flows_at(B), WAITING + told);
    ck_assert_uint_eq(bed_count(m[A], MPCONN_REASON_TOLD_EARLY), told);
}
END_TEST

/* --- one that is over --- */

START_TEST(A9_nobody_wakes_for_a_young_one_that_is_over)
{
    bed_conn young = young_one(1);

    sync_start(&net);
    open_at_a(&young);
    ck_assert_uint_eq(mpci_split_next_to_tell(&m[A]->eng->split), m[A]->now + 2 * MPCONN_SECOND);
    close_at_a(&young);
    sync_pass(&net, 2 * MPCONN_SECOND - 1);
    ck_assert_uint_eq(mpci_split_next_to_tell(&m[A]->eng->split), MPCONN_TIME_NEVER);
    sync_pass(&net, 300 * MPCONN_SECOND);
    ck_assert_uint_eq(records_of_a(), 0);
    ck_assert_uint_eq(bed_stats(m[A]).flows_never_told, 1);
}
END_TEST

/* An endpoint seems to know nothing of it any more: others do better without it. */
START_TEST(A9_young_one_in_doubt_is_not_told)
{
    bed_conn young = young_one(1);

    sync_start(&net);
    open_at_a(&young);
    carried_flow(A)->use |= MPCI_SETTLED_FORGOTTEN;
    sync_pass(&net, 2 * MPCONN_SECOND);
    ck_assert_uint_eq(records_of_a(), 0);
    ck_assert_uint_eq(flows_at(A), 1);
}
END_TEST

/* That takes the doubt away: it is as worth telling as any other. */
START_TEST(A9_young_one_that_goes_on_after_a_doubt_is_told)
{
    bed_conn young = young_one(1);

    sync_start(&net);
    open_at_a(&young);
    if (_i == 0)
        carried_flow(A)->use |= MPCI_SETTLED_FORGOTTEN;
    else
        say(A, CLIENT, MPCI_TCP_RST, 101, 0, 0);
    sync_pass(&net, 2 * MPCONN_SECOND - 1);
    say(A, CLIENT, MPCI_TCP_ACK, 101, 101, 100);
    sync_pass(&net, 2 * MPCONN_SECOND);
    ck_assert_uint_eq(records_of_a(), 1);
    ck_assert_uint_eq(flows_at(B), 1);
}
END_TEST

/* One that is doubted for long waits behind the others, and costs one look each time. */
START_TEST(A9_young_one_in_doubt_waits_once_more)
{
    bed_conn young = young_one(1);

    sync_start(&net);
    open_at_a(&young);
    carried_flow(A)->use |= MPCI_SETTLED_FORGOTTEN;
    sync_pass(&net, 2 * MPCONN_SECOND);
    ck_assert_uint_eq(mpci_split_next_to_tell(&m[A]->eng->split), m[A]->now + 2 * MPCONN_SECOND);
    say(A, CLIENT, MPCI_TCP_ACK, 101, 101, 100);
    sync_pass(&net, 2 * MPCONN_SECOND);
    ck_assert_uint_eq(records_of_a(), 1);
    ck_assert_uint_eq(mpci_split_next_to_tell(&m[A]->eng->split), MPCONN_TIME_NEVER);
}
END_TEST

/* Behind one that lives, a line in the table is used again: what is in it now is another flow. */
START_TEST(A9_young_one_in_the_line_of_another_waits_for_its_own_time)
{
    bed_conn first = young_one(1), over = young_one(2), next = young_one(3);

    bed_timeouts.closed_ns = 40 * MPCONN_MILLISECOND;
    net.at[A].cfg.max_flows = 2;
    sync_start(&net);
    open_at_a(&first);
    sync_pass(&net, MPCONN_SECOND / 2);
    open_at_a(&over);
    close_at_a(&over);
    sync_pass(&net, MPCONN_SECOND);
    ck_assert_uint_eq(flows_at(A), 1);
    open_at_a(&next);
    ck_assert_uint_eq(flows_at(A), 2);
    sync_pass(&net, 2 * MPCONN_SECOND - 1);
    ck_assert_uint_eq(records_of_a(), 1); /* of the first */
    sync_pass(&net, 1);
    ck_assert_uint_eq(records_of_a(), 2);
}
END_TEST

/* --- reasons to tell at once --- */

START_TEST(R6_question_is_answered_before_its_time)
{
    bed_conn young = young_one(1);

    sync_start(&net);
    open_at_a(&young);
    say(B, SERVER, MPCI_TCP_ACK, 101, 101, 50); /* the way back moved */
    ck_assert_int_eq(m[B]->pkt.verdict, MPCONN_VERDICT_HOLD);
    sync_carry(&net);
    ck_assert_uint_eq(flows_at(B), 1);
    ck_assert_uint_eq(m[B]->n_released, 1);
}
END_TEST

/* Where the server is never heard, its way leads past us, or it says nothing: then that it was
 * heard is not to be claimed. */
START_TEST(R1c_server_that_was_not_heard_is_not_told_of_as_heard)
{
    int heard = _i;

    net.catch_records = 1;
    sync_start(&net);
    c = young_one(1);
    bed_settle(m[A], &c);
    say(A, CLIENT, MPCI_TCP_ACK, 1, 1, 100);
    if (heard)
        say(A, SERVER, MPCI_TCP_ACK, 1, 101, 100);
    while (net.at[B].n_taken == 0 ||
           net.at[B].taken[net.at[B].n_taken - 1].type != MPCI_RECORD_DELTA)
        sync_pass(&net, MPCONN_SECOND);
    ck_assert_uint_eq(net.at[B].taken[net.at[B].n_taken - 1].flags,
                      MPCI_FLOW_SPLIT | (heard ? MPCI_FLOW_HEARD : 0));
    ck_assert_uint_eq(m[A]->eng->core.handshakes.used, 0);
}
END_TEST

/* A copy of another incarnation, of members that heard nothing of ours, does not take its place. */
START_TEST(R3_young_one_stands_against_a_copy_of_an_equal_generation)
{
    mpci_record copy = {.type = MPCI_RECORD_DELTA, .flags = MPCI_FLOW_SPLIT | MPCI_FLOW_HEARD,
                        .generation = 1, .hs = 0x4ff0, .server_options = 0x0f};
    bed_conn young = young_one(1);
    mpci_settled *e;

    sync_start(&net);
    open_at_a(&young);
    copy.tuple = young.tuple;
    copy.client_isn = young.x + 1000;
    ck_assert_uint_gt(copy.client_isn, young.x);
    sync_put(&net, B, net.at[A].id, &copy);
    sync_flush(&net, B);
    sync_carry(&net);
    e = mpci_settled_at(&m[A]->eng->core.settled, 0);
    ck_assert_uint_eq(e->client_isn, young.x);
    ck_assert_uint_eq(e->generation, 2);
    ck_assert_uint_eq(flows_at(B), 1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("deferral");
    TCase *tc = tcase_create("deferral");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, A3_twenty_thousand_young_ones_leave_the_engine_at_peace);
    tcase_add_loop_test(tc, A9_first_of_too_many_that_wait_is_told_early_if_it_lives, 0, 2);
    tcase_add_test(tc, A9_nobody_wakes_for_a_young_one_that_is_over);
    tcase_add_test(tc, A9_young_one_in_doubt_is_not_told);
    tcase_add_loop_test(tc, A9_young_one_that_goes_on_after_a_doubt_is_told, 0, 2);
    tcase_add_test(tc, A9_young_one_in_doubt_waits_once_more);
    tcase_add_test(tc, A9_young_one_in_the_line_of_another_waits_for_its_own_time);
    tcase_add_test(tc, R6_question_is_answered_before_its_time);
    tcase_add_loop_test(tc, R1c_server_that_was_not_heard_is_not_told_of_as_heard, 0, 2);
    tcase_add_test(tc, R3_young_one_stands_against_a_copy_of_an_equal_generation);
    tcase_set_timeout(tc, 60);
    suite_add_tcase(s, tc);
    return check_run(s);
}
