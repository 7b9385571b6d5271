/* SPDX-License-Identifier: BSD-2-Clause */
/* A flow whose streams have gone on elsewhere, further than any window, and come back: what its
 * segments show here would be outside for ever. Who is not sure of a copy asks (rule R6), and what
 * was told counts for who did not see it (R10). */
#include "carried.h"
#include "check_main.h"

enum { WINDOW = 65536 << 8 }; /* the greatest by the scales of the bed's endpoints */

static void begin(unsigned registrar)
{
    start(registrar);
    carried_handshake();
    say(A, CLIENT, MPCI_TCP_ACK, 1, 1, 100);
    say(B, SERVER, MPCI_TCP_ACK, 1, 101, 100);
    sync_carry(&net);
}

static void begin_with_timeout(unsigned registrar, uint64_t established_ns)
{
    net.at[A].cfg.timeouts = &bed_timeouts;
    net.at[B].cfg.timeouts = &bed_timeouts;
    bed_timeouts.established_ns = established_ns;
    begin(registrar);
}

/* All of it passes one member, until each has sent so many bytes and more. */
static uint32_t go_on_at(unsigned member, uint32_t from, uint32_t to)
{
    uint32_t at = from;

    for (; at < to; at += WINDOW / 2) {
        say(member, CLIENT, MPCI_TCP_ACK, at, at, 100);
        say(member, SERVER, MPCI_TCP_ACK, at, at + 100, 100);
        say(member, CLIENT, MPCI_TCP_ACK, at + 100, at + 100, 0);
    }
    return at;
}

/* What both say comes to one member, more often than every ten seconds. */
static void talk_at(unsigned member, uint32_t at, unsigned seconds)
{
    for (unsigned i = 0; i < seconds; i += 5) {
        say(member, CLIENT, MPCI_TCP_ACK, at + i, at + i, 5);
        say(member, SERVER, MPCI_TCP_ACK, at + i, at + i + 5, 5);
        ck_assert_int_eq(m[member]->pkt.reason, MPCONN_REASON_TRANSLATED);
        sync_carry(&net);
        sync_pass(&net, 5 * MPCONN_SECOND);
    }
}

START_TEST(R6_stream_that_comes_back_from_elsewhere_counts_again)
{
    uint32_t at;

    begin((unsigned)_i);
    at = go_on_at(B, 200, UINT32_C(0x60000000));
    sync_pass(&net, 11 * MPCONN_SECOND);
    say(B, CLIENT, MPCI_TCP_ACK, at, at, 0);
    say(B, SERVER, MPCI_TCP_ACK, at, at, 0);
    talk_at(A, at, 60);
    ck_assert_uint_eq(carried_flow(A)->dir[CLIENT].end, c.x + at + 60);
    ck_assert_uint_eq(carried_flow(A)->dir[SERVER].end, c.z + at + 60);
}
END_TEST

/* Who carried it is gone (1), or does not answer (0): nobody else can tell how far it went. */
START_TEST(R6_stream_of_a_carrier_that_is_gone_counts_again)
{
    uint32_t at;

    begin_with_timeout(A, 200 * MPCONN_SECOND);
    at = go_on_at(B, 200, 8 * (uint32_t)WINDOW);
    carried_deafen(_i == 0 ? B : A, 1);
    sync_pass(&net, 30 * MPCONN_SECOND);
    talk_at(A, at, 600);
    ck_assert(carried_flow(A) != NULL);
    ck_assert_uint_eq(carried_flow(A)->dir[CLIENT].end, c.x + at + 600);
    ck_assert_uint_eq(carried_flow(A)->dir[SERVER].end, c.z + at + 600);
    say(A, SERVER, MPCI_TCP_RST, at + 600, 0, 0);
    ck_assert_uint_eq(carried_state(A), MPCONN_FLOW_RESET);
}
END_TEST

/* So it does not end while it is in use. */
START_TEST(R6_stream_that_comes_back_from_elsewhere_outlives_its_timeout)
{
    uint32_t at;

    begin_with_timeout((unsigned)_i, 200 * MPCONN_SECOND);
    at = go_on_at(B, 200, UINT32_C(0x60000000));
    talk_at(A, at, 600);
    ck_assert(carried_flow(A) != NULL);
}
END_TEST

/* RFC 5382 REQ-5: who sees nothing of it any more keeps it for who does. */
START_TEST(V18b_flow_that_another_member_sees_is_kept)
{
    begin_with_timeout((unsigned)_i, 200 * MPCONN_SECOND);
    for (unsigned i = 0; i < 4; i++) {
        sync_pass(&net, 150 * MPCONN_SECOND);
        say(B, SERVER, MPCI_TCP_ACK, 101, 101, 0);
        ck_assert_int_eq(m[B]->pkt.reason, MPCONN_REASON_TRANSLATED);
    }
    ck_assert_uint_eq(carried_state(A), MPCONN_FLOW_OPEN);
    ck_assert_uint_eq(carried_state(B), MPCONN_FLOW_OPEN); /* nor was it told of an end */
    sync_pass(&net, 220 * MPCONN_SECOND);
    ck_assert(carried_flow(A) == NULL);
}
END_TEST

/* One question, however many such segments there are before it is answered. */
START_TEST(E20_segments_outside_draw_one_question)
{
    uint64_t asked;

    begin((unsigned)_i);
    sync_pass(&net, 11 * MPCONN_SECOND);
    carried_deafen(B, 1);
    asked = carried_said(A, MPCI_RECORD_QUERY);
    for (unsigned i = 0; i < 1000; i++)
        say(A, CLIENT, MPCI_TCP_ACK, 0x40000000 + i, 1, 100);
    sync_carry(&net);
    ck_assert_uint_eq(carried_said(A, MPCI_RECORD_QUERY), asked + 1);
}
END_TEST

/* Whoever saw it not long ago asks nobody, whatever a stranger sends. */
START_TEST(E20_segments_outside_of_a_flow_that_is_seen_draw_no_question)
{
    uint64_t asked;

    begin((unsigned)_i);
    asked = carried_said(A, MPCI_RECORD_QUERY);
    for (unsigned i = 0; i < 1000; i++)
        say(A, CLIENT, MPCI_TCP_ACK, 0x40000000 + i, 1, 100);
    sync_carry(&net);
    ck_assert_uint_eq(carried_said(A, MPCI_RECORD_QUERY), asked);
}
END_TEST

/* A forger who hit the windows leads a member away; another one knows better. */
START_TEST(E16_numbers_that_a_forger_moved_are_put_right)
{
    begin((unsigned)_i);
    for (unsigned i = 1; i <= 3; i++)
        say(A, CLIENT, MPCI_TCP_ACK, i * WINDOW, 1, 0);
    ck_assert_uint_gt(carried_flow(A)->dir[CLIENT].end - c.x, 2 * (uint32_t)WINDOW);
    for (unsigned i = 0; i < 4; i++) { /* true ones: what A sees is not counted */
        sync_pass(&net, 5 * MPCONN_SECOND);
        say(A, CLIENT, MPCI_TCP_ACK, 101 + i, 101 + i, 1);
        say(B, SERVER, MPCI_TCP_ACK, 101 + i, 102 + i, 1);
        sync_carry(&net);
    }
    ck_assert_uint_eq(carried_flow(A)->dir[CLIENT].end, c.x + 105);
    say(A, CLIENT, MPCI_TCP_RST, 105, 0, 0);
    ck_assert_uint_eq(carried_state(A), MPCONN_FLOW_RESET);
}
END_TEST

/* Half of it ends at B, which tells so; the client has sent so many bytes there. */
static void end_half_at_b(uint32_t at)
{
    say(B, SERVER, MPCI_TCP_ACK | MPCI_TCP_FIN, at, at, 0);
    say(B, CLIENT, MPCI_TCP_ACK, at, at + 1, 0);
    sync_carry(&net);
    ck_assert_uint_eq(carried_state(A), MPCONN_FLOW_SERVER_DONE);
}

/* What is told moves neither what is near (0) nor what was seen here not long ago (1). */
START_TEST(R10_told_numbers_count_for_who_lost_sight_alone)
{
    uint32_t at, before;

    begin(A);
    at = go_on_at(B, 200, _i == 0 ? 300 : 4 * (uint32_t)WINDOW);
    sync_pass(&net, 11 * MPCONN_SECOND);
    if (_i == 1)
        say(A, CLIENT, MPCI_TCP_ACK, 101, 101, 100);
    sync_pass(&net, 3 * MPCONN_SECOND);
    before = carried_flow(A)->dir[CLIENT].end;
    end_half_at_b(at);
    ck_assert_uint_eq(carried_flow(A)->dir[CLIENT].end, before);
}
END_TEST

/* Both have lost sight of it, and B earlier: its answer says so. */
START_TEST(R10_numbers_of_who_lost_sight_earlier_do_not_count)
{
    uint64_t told;

    begin((unsigned)_i);
    go_on_at(B, 200, 4 * (uint32_t)WINDOW);
    sync_pass(&net, 5 * MPCONN_SECOND);
    say(A, CLIENT, MPCI_TCP_ACK, 101, 101, 100);
    told = carried_said(B, MPCI_RECORD_DELTA);
    sync_pass(&net, 11 * MPCONN_SECOND);
    say(A, CLIENT, MPCI_TCP_ACK, 0x40000000, 101, 100);
    sync_carry(&net);
    ck_assert_uint_gt(carried_said(B, MPCI_RECORD_DELTA), told);
    ck_assert_uint_eq(carried_flow(A)->dir[CLIENT].end, c.x + 201);
}
END_TEST

/* Who was told while it was sure has heard the time, and did not take the numbers: when it asks
 * later, nobody has seen more since. */
START_TEST(R6_numbers_are_taken_later_than_they_were_told_first)
{
    uint32_t at;

    begin((unsigned)_i);
    at = go_on_at(B, 200, 4 * (uint32_t)WINDOW);
    sync_pass(&net, 3 * MPCONN_SECOND);
    end_half_at_b(at);
    ck_assert_uint_ne(carried_flow(A)->dir[CLIENT].end, c.x + at);
    sync_pass(&net, 11 * MPCONN_SECOND);
    say(A, CLIENT, MPCI_TCP_ACK, at, at + 1, 100);
    sync_carry(&net);
    say(A, CLIENT, MPCI_TCP_ACK, at + 100, at + 1, 100);
    ck_assert_uint_eq(carried_flow(A)->dir[CLIENT].end, c.x + at + 200);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("gone_on");
    TCase *tc = tcase_create("gone_on");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, R6_stream_that_comes_back_from_elsewhere_counts_again, 0, 2);
    tcase_add_loop_test(tc, R6_stream_that_comes_back_from_elsewhere_outlives_its_timeout, 0, 2);
    tcase_add_loop_test(tc, R6_stream_of_a_carrier_that_is_gone_counts_again, 0, 2);
    tcase_add_loop_test(tc, V18b_flow_that_another_member_sees_is_kept, 0, 2);
    tcase_add_loop_test(tc, E20_segments_outside_draw_one_question, 0, 2);
    tcase_add_loop_test(tc, E20_segments_outside_of_a_flow_that_is_seen_draw_no_question, 0, 2);
    tcase_add_loop_test(tc, E16_numbers_that_a_forger_moved_are_put_right, 0, 2);
    tcase_add_loop_test(tc, R10_told_numbers_count_for_who_lost_sight_alone, 0, 2);
    tcase_add_loop_test(tc, R10_numbers_of_who_lost_sight_earlier_do_not_count, 0, 2);
    tcase_add_loop_test(tc, R6_numbers_are_taken_later_than_they_were_told_first, 0, 2);
    suite_add_tcase(s, tc);
    return check_run(s);
}
