/* SPDX-License-Identifier: BSD-2-Clause */
/* ICMP errors about our SYN to the server, where two members carry the connection (V7). A drives;
 * the errors come to where the server's segments do, which is B, or the other way round. */
#include "carried.h"
#include "check_main.h"
#include "icmp_about.h"
#include "split/machine.h"
#include "split/share.h"

static void open_server_leg(void)
{
    bed_syn(m[A], &c);
    bed_proof(m[A], &c);
    sync_carry(&net);
    m[A]->n_out = m[B]->n_out = m[A]->n_events = 0;
}

/* A knows that the server's segments come to B, and so tells B of its SYN at once. */
static void open_on_a_known_way(unsigned registrar)
{
    start(registrar);
    carried_handshake();
    say(A, CLIENT, MPCI_TCP_ACK, 1, 1, 100);
    say(B, SERVER, MPCI_TCP_ACK, 1, 101, 100);
    sync_carry(&net);
    next_port(registrar);
    open_server_leg();
    ck_assert_uint_eq(carried_entry(B)->state, MPCI_ST_EXPECTED);
}

static void error_at(unsigned member)
{
    bed_segment syn = bed_seg(&c.tuple, SERVER, MPCI_TCP_SYN, c.x, 0);
    icmp_about e = icmp_about_segment(&syn, 3, 13, 28);

    bed_bytes(m[member], SERVER, e.bytes, e.len, NULL, NULL);
}

static void expect_consumed_at(unsigned member)
{
    ck_assert_int_eq(m[member]->pkt.verdict, MPCONN_VERDICT_CONSUMED);
    ck_assert_int_eq(m[member]->pkt.reason, MPCONN_REASON_OPENING_ERROR);
}

static void expect_next_syn(uint64_t after)
{
    const bed_out *out;

    sync_pass(&net, after);
    out = bed_take(m[A]);
    ck_assert_uint_eq(out->view.flags, MPCI_TCP_SYN);
    ck_assert_uint_eq(out->view.seq, c.x);
    ck_assert_uint_eq(m[A]->n_out, 0);
}

static void expect_client_told(void)
{
    const bed_out *out = bed_take(m[A]);

    ck_assert_uint_eq(out->pkt.side, CLIENT);
    ck_assert_uint_eq(out->view.flags, MPCI_TCP_RST | MPCI_TCP_ACK);
    ck_assert_uint_eq(out->view.seq, c.y + 1);
    ck_assert_uint_eq(out->view.ack, c.x + 1);
    ck_assert_uint_eq(m[A]->events[m[A]->n_events - 1].reason, MPCONN_REASON_SERVER_UNREACHABLE);
    sync_pass(&net, 60 * MPCONN_SECOND);
    ck_assert_uint_eq(m[A]->n_out, 0);
    ck_assert_ptr_null(carried_entry(A));
    ck_assert_ptr_null(carried_entry(B));
}

static void expect_unharmed(void)
{
    ck_assert_uint_eq(m[A]->n_out, 0);
    ck_assert_uint_eq(m[A]->n_events, 0);
    bed_syn_ack(m[B], &c);
    sync_carry(&net);
    ck_assert(carried_flow(A) != NULL && carried_flow(B) != NULL);
}

START_TEST(V7_errors_where_the_answer_is_expected_end_the_handshake)
{
    open_on_a_known_way((unsigned)_i);
    error_at(B);
    expect_consumed_at(B);
    sync_carry(&net);
    expect_next_syn(MPCONN_SECOND);
    error_at(B);
    expect_consumed_at(B);
    ck_assert_uint_eq(carried_said(B, MPCI_RECORD_RST_SEEN), 2);
    sync_carry(&net);
    expect_client_told();
}
END_TEST

/* Many about one SYN are one, wherever they come. */
START_TEST(V7_errors_for_one_syn_at_both_members_are_one)
{
    open_on_a_known_way((unsigned)_i);
    for (unsigned i = 0; i < 5; i++) {
        error_at(A);
        expect_consumed_at(A);
        error_at(B);
        sync_carry(&net);
    }
    expect_unharmed();
}
END_TEST

START_TEST(V7_errors_for_two_syns_may_come_to_two_members)
{
    unsigned first = (unsigned)_i / 2;

    open_on_a_known_way((unsigned)_i % 2);
    error_at(first);
    sync_carry(&net);
    expect_next_syn(MPCONN_SECOND);
    error_at(first ^ 1);
    sync_carry(&net);
    expect_client_told();
}
END_TEST

/* The first error comes to a member that has not heard of the handshake: the driver may have. */
START_TEST(V7_member_that_knows_nothing_of_it_tells_all)
{
    start((unsigned)_i);
    open_server_leg();
    ck_assert_ptr_null(carried_entry(B));
    error_at(B);
    ck_assert_int_eq(m[B]->pkt.verdict, MPCONN_VERDICT_DROP);
    ck_assert_int_eq(m[B]->pkt.reason, MPCONN_REASON_ERROR_NO_FLOW);
    ck_assert_uint_eq(carried_said(B, MPCI_RECORD_RST_SEEN), 1);
    sync_carry(&net);
    expect_next_syn(MPCONN_SECOND);
    error_at(B);
    expect_consumed_at(B);
    sync_carry(&net);
    expect_client_told();
}
END_TEST

/* What is settled here needs no other member's word; what is nobody's handshake harms nobody. */
START_TEST(V7_error_about_a_settled_flow_is_told_to_nobody)
{
    start((unsigned)_i);
    carried_handshake();
    sync_pass(&net, 60 * MPCONN_SECOND);
    ck_assert(carried_flow(B) != NULL && carried_entry(B) == NULL);
    error_at(B);
    ck_assert_int_eq(m[B]->pkt.reason, MPCONN_REASON_ERROR_TRANSLATED);
    ck_assert_uint_eq(carried_said(B, MPCI_RECORD_RST_SEEN), 0);
    next_port((unsigned)_i);
    for (unsigned i = 0; i < 3; i++) {
        error_at(B);
        sync_carry(&net);
        sync_pass(&net, MPCONN_SECOND);
    }
    ck_assert_uint_eq(carried_said(B, MPCI_RECORD_RST_SEEN), 3);
    ck_assert_ptr_null(carried_entry(A));
    for (unsigned i = 0; i < m[A]->n_out; i++)
        ck_assert_uint_eq(m[A]->out[i].view.flags & MPCI_TCP_RST, 0);
}
END_TEST

/* A stranger's errors have the budget of his segments: the channel does not carry their flood. */
START_TEST(V7_flood_of_unknown_errors_is_no_flood_of_records)
{
    start((unsigned)_i);
    for (unsigned i = 0; i < 3000; i++) {
        c.x++;
        error_at(B);
        ck_assert_int_eq(m[B]->pkt.reason, MPCONN_REASON_ERROR_NO_FLOW);
        sync_lose(&net);
    }
    ck_assert_uint_gt(carried_said(B, MPCI_RECORD_RST_SEEN), 0);
    ck_assert_uint_le(carried_said(B, MPCI_RECORD_RST_SEEN), 1000);
}
END_TEST

/* Who has the number can send any number of them: the channel does not carry that flood. */
START_TEST(V7_flood_of_errors_is_no_flood_of_records)
{
    open_on_a_known_way((unsigned)_i);
    for (unsigned i = 0; i < 3000; i++) {
        error_at(B);
        sync_carry(&net);
    }
    ck_assert_int_eq(m[B]->pkt.verdict, MPCONN_VERDICT_DROP);
    ck_assert_int_eq(m[B]->pkt.reason, MPCONN_REASON_ASK_BUDGET);
    ck_assert_uint_le(carried_said(B, MPCI_RECORD_RST_SEEN), 1000);
    expect_unharmed();
}
END_TEST

/* B has seen the server's SYN|ACK, and waits for A's commit. */
START_TEST(V7_error_where_the_server_has_answered_is_told_to_nobody)
{
    open_on_a_known_way(A);
    bed_syn_ack(m[B], &c);
    ck_assert_uint_eq(carried_entry(B)->state, MPCI_ST_ANSWERING);
    error_at(B);
    expect_consumed_at(B);
    ck_assert_uint_eq(carried_said(B, MPCI_RECORD_RST_SEEN), 0);
    sync_carry(&net);
    ck_assert(carried_flow(A) != NULL && carried_flow(B) != NULL);
}
END_TEST

/* A has seen it, too, but B decides. */
START_TEST(V7_driver_that_has_the_answer_counts_no_errors)
{
    open_on_a_known_way(B);
    error_at(A);
    expect_next_syn(MPCONN_SECOND);
    bed_syn_ack(m[A], &c);
    m[A]->n_out = 0;
    error_at(A);
    expect_consumed_at(A);
    ck_assert_uint_eq(carried_entry(A)->state, MPCI_ST_OPENING);
    sync_carry(&net);
    ck_assert(carried_flow(A) != NULL && carried_flow(B) != NULL);
}
END_TEST

/* That a server cannot be reached is a decision like that of its silence: B has committed, and A
 * has only not heard of it yet. */
START_TEST(V7_commit_of_another_member_stands_against_errors)
{
    open_on_a_known_way(B);
    bed_syn_ack(m[B], &c);
    ck_assert(carried_flow(B) != NULL);
    sync_lose(&net);
    error_at(A);
    carried_deafen(A, 1);
    expect_next_syn(MPCONN_SECOND);
    error_at(A);
    ck_assert_ptr_nonnull(carried_entry(A));
    ck_assert_uint_eq(carried_entry(A)->state, MPCI_ST_QUITTING);
    error_at(A);
    expect_consumed_at(A);
    ck_assert_uint_eq(m[A]->n_out, 0);
    carried_deafen(A, 0);
    sync_pass(&net, MPCONN_SECOND);
    ck_assert(carried_flow(A) != NULL);
    ck_assert_uint_eq(carried_flow(A)->seq_offset, c.z - c.y);
    for (unsigned i = 0; i < m[A]->n_out; i++)
        ck_assert_uint_eq(m[A]->out[i].view.flags & MPCI_TCP_RST, 0);
}
END_TEST

static void say_refused(unsigned flags)
{
    mpci_record r = {0};

    r.type = MPCI_RECORD_RST_SEEN;
    r.tuple = c.tuple;
    r.client_isn = c.x;
    r.flags = (uint8_t)flags;
    sync_put(&net, B, 1, &r);
    sync_flush(&net, B);
    sync_carry(&net);
}

/* Flags of a later version say nothing here, and take nothing away. */
START_TEST(V7_flags_that_are_unknown_do_not_count)
{
    open_on_a_known_way((unsigned)_i);
    say_refused(0xfe | MPCI_RST_UNREACHABLE);
    ck_assert_ptr_nonnull(carried_entry(A));
    ck_assert_uint_eq(carried_entry(A)->state, MPCI_ST_OPENING);
    say_refused(0xfe);
    ck_assert_ptr_null(carried_entry(A));
    ck_assert_uint_eq(bed_take(m[A])->view.seq, c.y + 1);
    ck_assert_uint_eq(m[A]->events[0].reason, MPCONN_REASON_SERVER_REFUSED);
}
END_TEST

/* B carried the last incarnation, and is not told of the next one before an answer is late. */
START_TEST(V7_error_where_the_last_incarnation_is_over_reaches_the_driver)
{
    start((unsigned)_i);
    bed_settle(m[B], &c);
    say(B, SERVER, MPCI_TCP_RST, 1, 0, 0);
    c.x += 1000000;
    open_server_leg();
    ck_assert_ptr_null(carried_entry(B));
    error_at(B);
    ck_assert_uint_eq(carried_said(B, MPCI_RECORD_RST_SEEN), 1);
    sync_carry(&net);
    ck_assert_uint_eq(carried_entry(A)->errors, 1);
}
END_TEST

START_TEST(V7_error_where_another_incarnation_lives_is_told_to_nobody)
{
    start((unsigned)_i);
    bed_settle(m[B], &c);
    c.x += 1000000;
    error_at(B);
    ck_assert_uint_eq(carried_said(B, MPCI_RECORD_RST_SEEN), 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("unreachable_pair");
    TCase *tc = tcase_create("unreachable_pair");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, V7_errors_where_the_answer_is_expected_end_the_handshake, 0, 2);
    tcase_add_loop_test(tc, V7_errors_for_one_syn_at_both_members_are_one, 0, 2);
    tcase_add_loop_test(tc, V7_errors_for_two_syns_may_come_to_two_members, 0, 4);
    tcase_add_loop_test(tc, V7_member_that_knows_nothing_of_it_tells_all, 0, 2);
    tcase_add_loop_test(tc, V7_error_about_a_settled_flow_is_told_to_nobody, 0, 2);
    tcase_add_loop_test(tc, V7_flood_of_unknown_errors_is_no_flood_of_records, 0, 2);
    tcase_add_loop_test(tc, V7_flood_of_errors_is_no_flood_of_records, 0, 2);
    tcase_add_test(tc, V7_error_where_the_server_has_answered_is_told_to_nobody);
    tcase_add_test(tc, V7_driver_that_has_the_answer_counts_no_errors);
    tcase_add_test(tc, V7_commit_of_another_member_stands_against_errors);
    tcase_add_loop_test(tc, V7_flags_that_are_unknown_do_not_count, 0, 2);
    tcase_add_loop_test(tc, V7_error_where_the_last_incarnation_is_over_reaches_the_driver, 0, 2);
    tcase_add_loop_test(tc, V7_error_where_another_incarnation_lives_is_told_to_nobody, 0, 2);
    suite_add_tcase(s, tc);
    return check_run(s);
}
