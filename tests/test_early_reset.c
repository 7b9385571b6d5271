/* SPDX-License-Identifier: BSD-2-Clause */
/* RST of a server that accepted and gave up at once, where the commit is not known yet: no refusal
 * of a SYN, but the end of a connection. The client has to hear it, in its own numbers. */
#include "carried.h"
#include "check_main.h"

/* What was held comes again, and leaves as the client can take it. */
static void expect_exact_reset_at(unsigned member, mpconn_pkt held)
{
    mpci_view v;

    ck_assert_uint_eq(m[member]->n_released, 1);
    bed_in_again(m[member], &held);
    ck_assert_int_eq(held.verdict, MPCONN_VERDICT_FORWARD);
    m[member]->pkt = held;
    bed_view(m[member], &v, NULL);
    ck_assert_uint_eq(v.flags, MPCI_TCP_RST | MPCI_TCP_ACK);
    ck_assert_uint_eq(v.seq, c.y + 1);
    ck_assert_uint_eq(carried_state(member), MPCONN_FLOW_RESET);
}

static void reset_at(unsigned member)
{
    say(member, SERVER, MPCI_TCP_RST | MPCI_TCP_ACK, 1, 1, 0);
    ck_assert_int_eq(m[member]->pkt.verdict, MPCONN_VERDICT_HOLD);
}

START_TEST(V5_reset_before_the_commit_came_is_held_and_translated)
{
    start((unsigned)_i);
    bed_syn(m[A], &c);
    bed_proof(m[A], &c);
    bed_syn_ack(m[B], &c);
    reset_at(B);
    sync_carry(&net);
    expect_exact_reset_at(B, m[B]->pkt);
    sync_carry(&net);
    ck_assert_uint_eq(carried_state(A), MPCONN_FLOW_RESET);
}
END_TEST

/* The SYN|ACK came to the driver, which told of its SYN but not of the commit yet. */
START_TEST(V5_reset_where_the_answer_is_expected_is_held_and_translated)
{
    start(A);
    carried_handshake(); /* A knows the way */
    next_port(A);
    m[B]->n_released = 0;
    bed_syn(m[A], &c);
    bed_proof(m[A], &c);
    sync_carry(&net);
    bed_syn_ack(m[A], &c);
    reset_at(B);
    sync_carry(&net);
    expect_exact_reset_at(B, m[B]->pkt);
}
END_TEST

/* Nobody was told of it, and the way back has changed. */
START_TEST(V8_reset_of_a_connection_that_another_member_knows_is_asked_about)
{
    start((unsigned)_i);
    bed_settle(m[A], &c);
    reset_at(B);
    sync_carry(&net);
    expect_exact_reset_at(B, m[B]->pkt);
}
END_TEST

/* Who does not listen has no number: that is told at once. */
START_TEST(V5_refusal_is_no_end_of_a_connection)
{
    bed_segment rst;

    start((unsigned)_i);
    bed_syn(m[A], &c);
    bed_proof(m[A], &c);
    m[A]->n_out = 0;
    rst = bed_seg(&c.tuple, CLIENT, MPCI_TCP_RST | MPCI_TCP_ACK, 0, c.x + 1);
    bed_in(m[B], SERVER, &rst);
    ck_assert_int_ne(m[B]->pkt.verdict, MPCONN_VERDICT_HOLD);
    sync_carry(&net);
    ck_assert_uint_eq(m[A]->n_out, 1);
    ck_assert_uint_eq(m[A]->out[0].view.seq, c.y + 1);
    ck_assert_uint_eq(m[A]->out[0].pkt.side, CLIENT);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("early_reset");
    TCase *tc = tcase_create("early_reset");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, V5_reset_before_the_commit_came_is_held_and_translated, 0, 2);
    tcase_add_test(tc, V5_reset_where_the_answer_is_expected_is_held_and_translated);
    tcase_add_loop_test(tc, V8_reset_of_a_connection_that_another_member_knows_is_asked_about, 0,
                        2);
    tcase_add_loop_test(tc, V5_refusal_is_no_end_of_a_connection, 0, 2);
    suite_add_tcase(s, tc);
    return check_run(s);
}
