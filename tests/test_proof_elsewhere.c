/* SPDX-License-Identifier: BSD-2-Clause */
/* What a client says to a member that did not answer its SYN: what proves it, and what an entry
 * that stood there for another reason has to do with it. */
#include "carried.h"
#include "check_main.h"
#include "split/machine.h"

/* A segment of the client by its own numbers, which no member gave it. */
static void client_says(unsigned member, uint32_t seq, uint32_t ack)
{
    bed_segment seg = bed_seg(&c.tuple, SERVER, MPCI_TCP_ACK, seq, ack);

    bed_in(m[member], CLIENT, &seg);
}

static void proof_at(unsigned member)
{
    bed_segment proof = bed_proof_seg(&c);

    bed_in(m[member], CLIENT, &proof);
}

static void syn_ack_at(unsigned member)
{
    bed_segment answer = bed_syn_ack_seg(&c);

    bed_in(m[member], SERVER, &answer);
}

static void next_incarnation(void)
{
    c.x += 1000000;
    c.z += 1000000;
}

static void expect_next_syn(void)
{
    const bed_out *out = bed_take(m[B]);

    ck_assert_uint_eq(out->view.flags, MPCI_TCP_SYN);
    ck_assert_uint_eq(out->view.seq, c.x);
    ck_assert_uint_eq(m[B]->n_out, 0);
}

static void expect_no_open(void)
{
    sync_carry(&net);
    sync_pass(&net, 2 * MPCONN_SECOND);
    ck_assert_uint_eq(m[A]->n_out + m[B]->n_out, 0);
    ck_assert_uint_eq(carried_said(B, MPCI_RECORD_DRIVE), 0);
    ck_assert_uint_eq(flows_at(A) + flows_at(B), 0);
}

/* --- without a cookie nothing is proved (principle 7) --- */

/* B was told that A answered, but not with which number. */
START_TEST(E12_answer_elsewhere_does_not_let_a_client_prove_itself_by_the_number_one)
{
    net.at[A].cfg.announce = MPCONN_ANNOUNCE_EARLY;
    start(B);
    bed_syn(m[A], &c);
    sync_carry(&net);
    ck_assert_uint_eq(carried_entry(B)->state, MPCI_ST_EXPECTED);
    m[A]->n_out = 0;
    client_says(B, c.x + 1, 1);
    ck_assert_int_eq(m[B]->pkt.verdict, MPCONN_VERDICT_DROP);
    ck_assert_int_eq(m[B]->pkt.reason, MPCONN_REASON_COOKIE_REFUSED);
    ck_assert_uint_eq(carried_said(B, MPCI_RECORD_DRIVE), 0);
}
END_TEST

START_TEST(E12_proof_with_a_cookie_counts_where_the_answer_is_expected)
{
    net.at[A].cfg.announce = MPCONN_ANNOUNCE_EARLY;
    start(B);
    bed_syn(m[A], &c);
    sync_carry(&net);
    proof_at(B);
    ck_assert_int_eq(m[B]->pkt.reason, MPCONN_REASON_CLIENT_PROVED);
    sync_carry(&net);
    expect_next_syn();
}
END_TEST

START_TEST(E12_question_about_a_stranger_does_not_let_a_client_prove_itself)
{
    start((unsigned)_i);
    say(B, SERVER, MPCI_TCP_ACK, 1, 1, 100);
    ck_assert_uint_eq(carried_entry(B)->state, MPCI_ST_ASKING);
    client_says(B, 1, 1);
    expect_no_open();
}
END_TEST

START_TEST(E35_stray_syn_ack_does_not_let_a_client_prove_itself)
{
    start((unsigned)_i);
    syn_ack_at(B);
    ck_assert_uint_eq(carried_entry(B)->state, MPCI_ST_ANSWERING);
    client_says(B, c.x + 1, 1);
    expect_no_open();
}
END_TEST

/* --- what others did for another number does not count for this one --- */

/* A SYN|ACK for an older number waits at B. When the first SYN of the new one is lost, it is sent
 * again: the server has not answered it. */
START_TEST(R3_syn_ack_of_another_number_does_not_answer_the_next_one)
{
    start(B);
    syn_ack_at(B);
    sync_lose(&net);
    next_incarnation();
    bed_syn(m[A], &c);
    proof_at(B);
    ck_assert_uint_eq(carried_entry(B)->state, MPCI_ST_CLAIMING);
    sync_carry(&net);
    expect_next_syn();
    sync_pass(&net, MPCONN_SECOND);
    ck_assert_uint_eq(flows_at(B), 0);
    expect_next_syn();
}
END_TEST

/* The same where the next SYN is answered at B as well. */
START_TEST(R3_syn_ack_before_the_syn_does_not_answer_it)
{
    start(B);
    syn_ack_at(B);
    sync_lose(&net);
    next_incarnation();
    bed_syn(m[B], &c);
    bed_proof(m[B], &c);
    expect_next_syn();
    sync_pass(&net, MPCONN_SECOND);
    ck_assert_uint_eq(flows_at(B), 0);
    expect_next_syn();
}
END_TEST

/* A drives the old number, and has no part in the new one. */
START_TEST(R3_driver_of_another_number_is_owed_no_commit)
{
    start(B);
    bed_syn(m[A], &c);
    bed_proof(m[A], &c);
    sync_pass(&net, MPCONN_SECOND); /* it tells B of a SYN that stays unanswered */
    ck_assert_uint_eq(carried_entry(B)->driver, 1);
    next_incarnation();
    bed_syn(m[A], &c);
    proof_at(B);
    ck_assert_uint_eq(carried_entry(B)->state, MPCI_ST_CLAIMING);
    ck_assert_uint_eq(carried_entry(B)->driver, MPCI_NOBODY);
    sync_carry(&net);
    m[B]->n_out = 0;
    syn_ack_at(B);
    sync_carry(&net);
    ck_assert_uint_eq(flows_at(B), 1);
    ck_assert_uint_eq(carried_said(B, MPCI_RECORD_COMMIT), 0);
}
END_TEST

/* The server's SYN|ACK and the proof come to A, while B answered the SYN and decides. */
START_TEST(V2_proof_where_the_syn_ack_waits_is_told_to_the_registrar)
{
    start(B);
    bed_syn(m[B], &c);
    syn_ack_at(A);
    sync_lose(&net); /* B does not hear of it */
    proof_at(A);
    ck_assert_int_eq(m[A]->pkt.reason, MPCONN_REASON_CLIENT_WAITS);
    ck_assert_uint_eq(carried_said(A, MPCI_RECORD_DRIVE), 1);
    ck_assert_uint_eq(sync_waiting(&net, A, B), 1);
    sync_carry(&net);
    ck_assert_uint_eq(carried_entry(B)->state, MPCI_ST_EXPECTED);
    ck_assert_uint_eq(carried_entry(B)->driver, 1);
    sync_pass(&net, MPCONN_SECOND);
    ck_assert_uint_eq(flows_at(A), 1);
    ck_assert_uint_eq(flows_at(B), 1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("proof_elsewhere");
    TCase *tc = tcase_create("proof_elsewhere");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, E12_answer_elsewhere_does_not_let_a_client_prove_itself_by_the_number_one);
    tcase_add_test(tc, E12_proof_with_a_cookie_counts_where_the_answer_is_expected);
    tcase_add_loop_test(tc, E12_question_about_a_stranger_does_not_let_a_client_prove_itself, 0, 2);
    tcase_add_loop_test(tc, E35_stray_syn_ack_does_not_let_a_client_prove_itself, 0, 2);
    tcase_add_test(tc, R3_syn_ack_of_another_number_does_not_answer_the_next_one);
    tcase_add_test(tc, R3_syn_ack_before_the_syn_does_not_answer_it);
    tcase_add_test(tc, R3_driver_of_another_number_is_owed_no_commit);
    tcase_add_test(tc, V2_proof_where_the_syn_ack_waits_is_told_to_the_registrar);
    suite_add_tcase(s, tc);
    return check_run(s);
}
