/* SPDX-License-Identifier: BSD-2-Clause */
/* What became of a flow of which nothing passes here any more (V18b): who carries part of it asks.
 * And who knows that others carry part of it. */
#include "carried.h"
#include "check_main.h"

static void pass_seconds(unsigned n)
{
    sync_pass(&net, n * (uint64_t)MPCONN_SECOND);
}

/* Who knows the end forgets it after a few epochs: one question in a minute, two, four may be lost
 * once too often. */
START_TEST(V18b_unanswered_question_is_asked_again_in_each_round)
{
    uint64_t asked;

    start((unsigned)_i);
    carried_handshake();
    say(A, CLIENT, MPCI_TCP_ACK, 1, 1, 100);
    say(B, SERVER, MPCI_TCP_ACK, 1, 101, 100);
    sync_carry(&net);
    carried_deafen(B, 1);
    pass_seconds(58);
    asked = carried_said(A, MPCI_RECORD_QUERY);
    pass_seconds(30);
    ck_assert_uint_ge(carried_said(A, MPCI_RECORD_QUERY), asked + 2);
    carried_deafen(B, 0);
    pass_seconds(10);
    asked = carried_said(A, MPCI_RECORD_QUERY);
    pass_seconds(18); /* an answered one is not */
    ck_assert_uint_eq(carried_said(A, MPCI_RECORD_QUERY), asked);
}
END_TEST

/* The flow speaks for itself, and "nothing is known here" is an answer, too. */
START_TEST(V18b_question_that_is_of_no_use_any_more_is_not_asked_again)
{
    uint64_t asked;

    start(A);
    carried_handshake();
    sync_carry(&net);
    carried_deafen(B, 1);
    pass_seconds(70);
    asked = carried_said(A, MPCI_RECORD_QUERY);
    ck_assert_uint_ge(asked, 1);
    if (_i == 0) {
        say(A, CLIENT, MPCI_TCP_ACK, 1, 1, 100);
    } else {
        mpci_record no = {.type = MPCI_RECORD_REPLY, .code = 1, .tuple = c.tuple,
                          .client_isn = c.x};

        sync_put(&net, B, 1, &no);
        sync_flush(&net, B);
        sync_carry(&net);
    }
    pass_seconds(40);
    ck_assert_uint_eq(carried_said(A, MPCI_RECORD_QUERY), asked);
}
END_TEST

/* A driver that comes late is told the commit, and carries part of it from then on: what it carries
 * is known from acknowledgments here. */
START_TEST(R6_who_was_told_a_commit_carries_part_of_the_flow)
{
    bed_segment proof;

    start((unsigned)_i);
    bed_settle(m[A], &c);
    proof = bed_proof_seg(&c);
    proof.payload = 100;
    bed_in(m[B], CLIENT, &proof);
    sync_carry(&net);
    ck_assert(carried_flow(B) != NULL);
    say(A, SERVER, MPCI_TCP_ACK, 1, 101, 50);
    ck_assert_uint_eq(carried_flow(A)->dir[CLIENT].end, c.x + 101);
    ck_assert_uint_eq(carried_flow(A)->dir[SERVER].end, c.z + 51);
}
END_TEST

static uint64_t flows_told(void)
{
    return carried_said(A, MPCI_RECORD_DELTA) + carried_said(B, MPCI_RECORD_DELTA);
}

/* A RST that nobody sent, or that was not exact for whom it was meant: the two go on. What one
 * member takes back must not be brought back by the other with every segment. */
START_TEST(E14_forged_reset_makes_no_word_for_each_segment)
{
    enum { ROUNDS = 100 };
    uint64_t before;

    start((unsigned)_i);
    carried_handshake();
    say(A, CLIENT, MPCI_TCP_ACK, 1, 1, 100);
    say(B, SERVER, MPCI_TCP_ACK, 1, 101, 100);
    sync_carry(&net);
    say(A, CLIENT, MPCI_TCP_RST, 101, 0, 0);
    sync_carry(&net);
    ck_assert_uint_eq(carried_state(B), MPCONN_FLOW_RESET);
    before = flows_told();
    for (unsigned i = 0; i < ROUNDS; i++) {
        say(A, CLIENT, MPCI_TCP_ACK, 101 + i, 101 + 10 * i, 1);
        say(B, SERVER, MPCI_TCP_ACK, 101 + 10 * i, 102 + i, 10);
        sync_carry(&net);
        sync_pass(&net, 100 * MPCONN_MILLISECOND);
    }
    ck_assert_uint_le(flows_told() - before, 10);
    ck_assert_uint_eq(carried_state(A), MPCONN_FLOW_OPEN);
    ck_assert_uint_eq(carried_state(B), MPCONN_FLOW_OPEN);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("question");
    TCase *tc = tcase_create("question");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, V18b_unanswered_question_is_asked_again_in_each_round, 0, 2);
    tcase_add_loop_test(tc, V18b_question_that_is_of_no_use_any_more_is_not_asked_again, 0, 2);
    tcase_add_loop_test(tc, R6_who_was_told_a_commit_carries_part_of_the_flow, 0, 2);
    tcase_add_loop_test(tc, E14_forged_reset_makes_no_word_for_each_segment, 0, 2);
    suite_add_tcase(s, tc);
    return check_run(s);
}
