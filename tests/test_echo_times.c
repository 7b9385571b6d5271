/* SPDX-License-Identifier: BSD-2-Clause */
/* What link-layer members count and remember, at both ends of the clock: 0 is a time like any, and
 * nothing may wrap before it ends. */
#include "one_way_bed.h"

enum { RATE = 1000, ISN = 7 };

#define LAST (MPCONN_TIME_NEVER - 1)

static const mpconn_time ends[] = {0, LAST - 2 * MPCONN_SECOND};
enum { ENDS = sizeof ends / sizeof *ends };

/* --- budget --- */

static unsigned spend(mpci_budget *b, unsigned n, mpconn_time now)
{
    unsigned got = 0;

    for (unsigned i = 0; i < n; i++)
        if (mpci_budget_has(b, RATE, MPCI_KEEP_NOTHING, now)) {
            mpci_budget_spend(b, RATE, now);
            got++;
        }
    return got;
}

START_TEST(budget_is_the_same_at_both_ends_of_the_clock)
{
    mpci_budget b = {0};

    ck_assert_uint_eq(spend(&b, 2 * RATE, ends[_i]), RATE / 4);
    ck_assert_uint_eq(spend(&b, 2 * RATE, ends[_i]), 0);
    ck_assert_uint_eq(spend(&b, 2 * RATE, ends[_i] + MPCONN_SECOND / 10), RATE / 10);
    ck_assert_uint_eq(spend(&b, 2 * RATE, ends[_i] + MPCONN_SECOND), RATE / 4);
}
END_TEST

START_TEST(budget_holds_at_the_last_moment)
{
    mpci_budget b = {0};

    ck_assert_uint_eq(spend(&b, 2 * RATE, LAST), RATE / 4);
    ck_assert_uint_eq(spend(&b, 2 * RATE, LAST), 0);
}
END_TEST

/* --- what is remembered --- */

/* A member whose clock stands there. */
static mpci_echo *echo_at(mpconn_time now)
{
    mpci_echo *e = &at(A)->eng->echo;

    e->core->now = now;
    return e;
}

START_TEST(server_is_mute_at_both_ends_of_the_clock)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    mpci_server *s;

    start(2);
    s = mpci_servers_take(&at(A)->eng->echo.servers, &c.tuple, ends[_i]);
    for (unsigned i = 0; i < 3; i++)
        mpci_server_pinged(s, ends[_i] + i * MPCONN_SECOND / 2);
    ck_assert_int_eq(mpci_server_is_mute(s, ends[_i] + MPCONN_SECOND), 1);
    ck_assert_int_eq(mpci_server_is_mute(s, ends[_i] + 2 * MPCONN_SECOND), 1);
    sync_bed_close(&net);
}
END_TEST

/* For a minute after the last echo to it. */
START_TEST(F1_server_is_mute_for_as_long_as_that_was_seen_lately)
{
    const mpconn_time t = _i ? 0 : 1000 * MPCONN_SECOND, minute = 60 * MPCONN_SECOND;
    mpci_server s = {.answers = 0};

    for (unsigned i = 0; i < 3; i++)
        mpci_server_pinged(&s, t + i * MPCONN_SECOND);
    ck_assert_int_eq(mpci_server_is_mute(&s, t + 2 * MPCONN_SECOND + minute - 1), 1);
    ck_assert_int_eq(mpci_server_is_mute(&s, t + 2 * MPCONN_SECOND + minute), 0);
    mpci_server_pinged(&s, t + minute); /* a try, in vain */
    ck_assert_int_eq(mpci_server_is_mute(&s, t + 2 * minute - 1), 1);
    ck_assert_int_eq(mpci_server_is_mute(&s, t + 2 * minute), 0);
    /* nothing is left of what was */
    mpci_server_pinged(&s, t + 2 * minute);
    mpci_server_pinged(&s, t + 2 * minute + 2 * MPCONN_SECOND);
    ck_assert_int_eq(mpci_server_is_mute(&s, t + 2 * minute + 2 * MPCONN_SECOND), 0);
    ck_assert_int_eq(mpci_server_is_to_be_cut(&s, t + 2 * minute + 2 * MPCONN_SECOND), 1);
    ck_assert_int_eq(mpci_server_is_to_be_cut(&s, t + 5 * minute), 0);
}
END_TEST

/* Whether a server is mute that leaves three echoes in a second unanswered, so long after its last
 * answer: one that answers is believed for longer. */
static int is_doubted(uint64_t after, int cut, int *is_cut)
{
    const mpconn_time t = 1000 * MPCONN_SECOND + after;
    mpci_server s = {.answers = 0};

    mpci_server_pinged(&s, t - after);
    mpci_server_pinged(&s, t - after);
    mpci_server_answered(&s, cut, t - after);
    *is_cut = mpci_server_is_to_be_cut(&s, t);
    for (unsigned i = 0; i < 3; i++)
        mpci_server_pinged(&s, t - MPCONN_SECOND);
    return mpci_server_is_mute(&s, t);
}

START_TEST(F1_server_is_believed_for_ten_minutes_after_its_last_answer)
{
    const uint64_t good_for = 600 * MPCONN_SECOND;
    int is_cut;

    ck_assert_int_eq(is_doubted(good_for - 1, 0, &is_cut), 0);
    ck_assert_int_eq(is_cut, 0);
    ck_assert_int_eq(is_doubted(good_for, 0, &is_cut), 1);
    ck_assert_int_eq(is_doubted(good_for - 1, 1, &is_cut), 0);
    ck_assert_int_eq(is_cut, 1);
    ck_assert_int_eq(is_doubted(good_for, 1, &is_cut), 1);
    ck_assert_int_eq(is_cut, 0);
}
END_TEST

START_TEST(others_are_asked_in_vain_at_both_ends_of_the_clock)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    mpci_server *s;
    mpci_echo *e;

    start(2);
    e = echo_at(ends[_i]);
    s = mpci_servers_take(&e->servers, &c.tuple, ends[_i]);
    for (unsigned i = 0; i < 3; i++)
        mpci_server_pinged(s, ends[_i] + i * MPCONN_SECOND / 2);
    e = echo_at(ends[_i] + MPCONN_SECOND);
    ck_assert_int_eq(way_of(A, &c), MPCI_WAY_ALL);
    mpci_echo_asks(e, &c.tuple, hash_of(A, &c), c.x);
    ck_assert_int_eq(way_of(A, &c), MPCI_WAY_ALL);
    e = echo_at(ends[_i] + 2 * MPCONN_SECOND);
    ck_assert_int_eq(way_of(A, &c), MPCI_WAY_NONE);
    sync_bed_close(&net);
}
END_TEST

START_TEST(others_are_asked_again_for_another_SYN_and_not_for_the_same)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000), other = c;
    mpci_echo *e;

    start(2);
    e = echo_at(0);
    other.x++;
    mpci_echo_asks(e, &c.tuple, hash_of(A, &c), c.x);
    for (unsigned i = 0; i < 3; i++)
        mpci_server_pinged(mpci_servers_take(&e->servers, &c.tuple, 0), 0);
    (void)echo_at(MPCONN_SECOND);
    ck_assert_int_eq(way_of(A, &other), MPCI_WAY_NONE);
    (void)echo_at(3 * MPCONN_SECOND);
    ck_assert_int_eq(way_of(A, &c), MPCI_WAY_NONE);
    ck_assert_int_eq(way_of(A, &other), MPCI_WAY_ALL);
    sync_bed_close(&net);
}
END_TEST

/* At the very first moment, too. */
START_TEST(others_were_asked_at_time_0)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    mpci_echo *e;

    start(2);
    e = echo_at(0);
    mpci_echo_asks(e, &c.tuple, hash_of(A, &c), c.x);
    for (unsigned i = 0; i < 3; i++)
        mpci_server_pinged(mpci_servers_take(&e->servers, &c.tuple, 0), i * MPCONN_SECOND / 2);
    e = echo_at(MPCONN_SECOND);
    ck_assert_int_eq(way_of(A, &c), MPCI_WAY_NONE);
    sync_bed_close(&net);
}
END_TEST

START_TEST(origin_is_told_once_a_second_at_both_ends_of_the_clock)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    mpconn_echo echo = {.origin = 2};
    mpci_echo *e;

    start(2);
    e = echo_at(ends[_i]);
    ck_assert_int_eq(mpci_echo_came_back(e, &c.tuple, ISN, &echo, LINK_OF_REPLY), 1);
    ck_assert_int_eq(mpci_echo_came_back(e, &c.tuple, ISN, &echo, LINK_OF_REPLY), 0);
    e = echo_at(ends[_i] + MPCONN_SECOND);
    ck_assert_int_eq(mpci_echo_came_back(e, &c.tuple, ISN, &echo, LINK_OF_REPLY), 1);
    sync_bed_close(&net);
}
END_TEST

START_TEST(origin_is_not_forgotten_at_time_0)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    mpci_returns *r;

    start(2);
    r = &at(A)->eng->echo.returns;
    mpci_returns_learn(r, &c.tuple, ISN, LINK_OF_REPLY, 2, 0);
    mpci_returns_saw(r, &c.tuple, LINK_OF_REPLY, 0);
    ck_assert_uint_eq(mpci_returns_find(r, &c.tuple, 0)->origin, 2);
    sync_bed_close(&net);
}
END_TEST

/* --- all of it --- */

START_TEST(connection_is_carried_from_time_0)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);

    start_at(2, 0);
    connect_by(B, &c);
    carried(A, CLIENT, &c);
    carried(B, SERVER, &c);
    sync_bed_close(&net);
}
END_TEST

START_TEST(connection_is_carried_before_the_clock_ends)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);

    start_at(2, LAST - 10 * MPCONN_SECOND);
    connect_by(B, &c);
    carried(A, CLIENT, &c);
    carried(B, SERVER, &c);
    sync_bed_close(&net);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("echo times");
    TCase *tc = tcase_create("echo times");

    tcase_add_loop_test(tc, budget_is_the_same_at_both_ends_of_the_clock, 0, ENDS);
    tcase_add_test(tc, budget_holds_at_the_last_moment);
    tcase_add_loop_test(tc, server_is_mute_at_both_ends_of_the_clock, 0, ENDS);
    tcase_add_loop_test(tc, F1_server_is_mute_for_as_long_as_that_was_seen_lately, 0, 2);
    tcase_add_test(tc, F1_server_is_believed_for_ten_minutes_after_its_last_answer);
    tcase_add_loop_test(tc, others_are_asked_in_vain_at_both_ends_of_the_clock, 0, ENDS);
    tcase_add_test(tc, others_are_asked_again_for_another_SYN_and_not_for_the_same);
    tcase_add_test(tc, others_were_asked_at_time_0);
    tcase_add_loop_test(tc, origin_is_told_once_a_second_at_both_ends_of_the_clock, 0, ENDS);
    tcase_add_test(tc, origin_is_not_forgotten_at_time_0);
    tcase_add_test(tc, connection_is_carried_from_time_0);
    tcase_add_test(tc, connection_is_carried_before_the_clock_ends);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
