/* SPDX-License-Identifier: BSD-2-Clause */
/* Handshakes of two members that end without a flow: by the client, by the server's silence, by the
 * host. Who decides that, who hears of it, and what is said to those who come too late. */
#include <check.h>

#include "carried.h"
#include "check_main.h"
#include "split/machine.h"

static void open_at_a(unsigned registrar)
{
    start(registrar);
    bed_syn(m[A], &c);
    bed_proof(m[A], &c);
}

/* B hears of our SYN when that has to be repeated. */
static void open_and_tell(unsigned registrar)
{
    open_at_a(registrar);
    sync_pass(&net, MPCONN_SECOND);
    ck_assert_uint_eq(carried_entry(B)->state, MPCI_ST_EXPECTED);
    m[A]->n_out = m[B]->n_out = 0;
}

static void syn_ack_at_b(void)
{
    bed_segment answer = bed_syn_ack_seg(&c);

    bed_in(m[B], SERVER, &answer);
}

/* What is dead at B draws a RST and nothing else. */
static void expect_dead_at_b(void)
{
    syn_ack_at_b();
    ck_assert_int_eq(m[B]->pkt.verdict, MPCONN_VERDICT_DROP);
    ck_assert_int_eq(m[B]->pkt.reason, MPCONN_REASON_DEAD_FLOW);
}

static unsigned resets_to_client(const bed *b)
{
    unsigned n = 0;

    for (unsigned i = 0; i < b->n_out; i++)
        n += b->out[i].pkt.side == CLIENT && (b->out[i].view.flags & MPCI_TCP_RST) != 0;
    return n;
}

/* --- V6: the server is silent --- */

/* B has committed, and every word of it is lost until A would give up. */
START_TEST(V6_commit_of_another_member_is_found_before_the_client_is_reset)
{
    open_at_a(B);
    sync_pass(&net, 2 * MPCONN_SECOND);
    syn_ack_at_b();
    sync_lose(&net);
    ck_assert_uint_eq(flows_at(B), 1);
    say(B, SERVER, MPCI_TCP_ACK, 1, 1, 0); /* all are heard: B does not repeat its commit */
    ck_assert_ptr_null(carried_entry(B));
    carried_deafen(A, 1);
    sync_pass(&net, 28 * MPCONN_SECOND);
    carried_deafen(A, 0);
    ck_assert_uint_eq(carried_entry(A)->state, MPCI_ST_OPENING);
    m[A]->n_out = 0;
    sync_pass(&net, 5 * MPCONN_SECOND);
    ck_assert_uint_eq(resets_to_client(m[A]), 0);
    ck_assert_uint_eq(flows_at(A), 1);
    ck_assert_uint_eq(carried_flow(A)->seq_offset, carried_flow(B)->seq_offset);
}
END_TEST

START_TEST(V6_others_do_not_expect_what_was_given_up)
{
    open_and_tell((unsigned)_i);
    sync_pass(&net, 31 * MPCONN_SECOND);
    ck_assert_uint_eq(resets_to_client(m[A]), 1);
    ck_assert_ptr_null(carried_entry(A));
    ck_assert_ptr_null(carried_entry(B));
    expect_dead_at_b();
    ck_assert_uint_eq(m[B]->n_out, 1);
    ck_assert_uint_eq(m[B]->out[0].view.flags, MPCI_TCP_RST);
    ck_assert_uint_eq(m[B]->out[0].view.seq, c.x + 1);
}
END_TEST

/* --- V10: the client gives up --- */

START_TEST(V10_abort_is_told_to_who_expects_it)
{
    open_and_tell((unsigned)_i);
    say(A, CLIENT, MPCI_TCP_RST, 1, 0, 0);
    ck_assert_int_eq(m[A]->pkt.reason, MPCONN_REASON_CLIENT_ABORTED);
    ck_assert_uint_eq(carried_said(A, MPCI_RECORD_CLOSE), 1);
    sync_carry(&net);
    ck_assert_ptr_null(carried_entry(B));
    expect_dead_at_b();
}
END_TEST

START_TEST(V10_abort_that_nobody_expects_is_told_to_nobody)
{
    open_at_a((unsigned)_i);
    say(A, CLIENT, MPCI_TCP_RST, 1, 0, 0);
    ck_assert_int_eq(m[A]->pkt.reason, MPCONN_REASON_CLIENT_ABORTED);
    ck_assert_uint_eq(carried_said(A, MPCI_RECORD_CLOSE), 0);
}
END_TEST

/* --- R3: a number that is over stays so --- */

START_TEST(R3_end_of_a_flow_unknown_here_is_remembered)
{
    mpci_record end = {.type = MPCI_RECORD_CLOSE};

    start((unsigned)_i);
    end.tuple = c.tuple;
    end.client_isn = c.x;
    sync_put(&net, A, 2, &end);
    sync_flush(&net, A);
    sync_carry(&net);
    expect_dead_at_b();
    ck_assert_uint_eq(flows_at(B), 0);
}
END_TEST

/* --- by the host --- */

static void kill_at_a(uint32_t flags)
{
    mpconn_flow_filter filter;

    MPCONN_STRUCT_INIT(&filter);
    filter.flags = flags;
    ck_assert_int_eq(mpconn_engine_kill(m[A]->eng, &filter, NULL, m[A]->now), MPCONN_OK);
}

static unsigned outputs_for_a_late_answer(uint32_t flags)
{
    bed_segment answer;

    open_at_a(A);
    kill_at_a(flags);
    ck_assert_ptr_null(carried_entry(A));
    m[A]->n_out = 0;
    answer = bed_syn_ack_seg(&c);
    bed_in(m[A], SERVER, &answer);
    ck_assert_int_eq(m[A]->pkt.reason, MPCONN_REASON_DEAD_FLOW);
    return m[A]->n_out;
}

START_TEST(late_answer_to_a_handshake_that_was_killed_is_reset)
{
    ck_assert_uint_eq(outputs_for_a_late_answer(0), 1);
}
END_TEST

START_TEST(late_answer_to_a_handshake_that_was_killed_silently_is_not)
{
    ck_assert_uint_eq(outputs_for_a_late_answer(MPCONN_KILL_F_SILENT), 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("given_up");
    TCase *tc = tcase_create("given_up");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, V6_commit_of_another_member_is_found_before_the_client_is_reset);
    tcase_add_loop_test(tc, V6_others_do_not_expect_what_was_given_up, 0, 2);
    tcase_add_loop_test(tc, V10_abort_is_told_to_who_expects_it, 0, 2);
    tcase_add_loop_test(tc, V10_abort_that_nobody_expects_is_told_to_nobody, 0, 2);
    tcase_add_loop_test(tc, R3_end_of_a_flow_unknown_here_is_remembered, 0, 2);
    tcase_add_test(tc, late_answer_to_a_handshake_that_was_killed_is_reset);
    tcase_add_test(tc, late_answer_to_a_handshake_that_was_killed_silently_is_not);
    suite_add_tcase(s, tc);
    return check_run(s);
}
