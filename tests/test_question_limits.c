/* SPDX-License-Identifier: BSD-2-Clause */
/* Questions about flows that fell silent: how many there are (principle 7, rule R12), and what is
 * answered to one about an incarnation that the other has gone on from. */
#include "carried.h"
#include "check_main.h"
#include "split/share.h"

enum { FLOWS = 200, BUDGET = 1000 };

/* As after a partition: all of them are shared, and nobody answered the last question. */
static void keep_unanswered(void)
{
    mpci_core *core = &m[A]->eng->core;
    uint32_t slot;

    for (unsigned i = 0; i < FLOWS; i++) {
        next_port(A);
        ck_assert_int_eq(mpci_settled_add(&core->settled,
                                          mpci_tuple_hash(&core->table_key, &c.tuple), &c.tuple,
                                          0, &slot), MPCONN_OK);
        carried_flow(A)->last_seen = mpci_tick(core->now);
        carried_flow(A)->use |= MPCI_SETTLED_SPLIT | MPCI_SETTLED_SHARED | MPCI_SETTLED_ASKED;
    }
}

static void begin_with_unanswered(void)
{
    bed_timeouts.reset_ns = 40 * MPCONN_MILLISECOND; /* a round takes a quarter of that */
    start(A);
    carried_deafen(B, 1);
    keep_unanswered();
}

START_TEST(R12_questions_about_silent_flows_have_a_budget)
{
    uint64_t asked;

    begin_with_unanswered();
    asked = carried_said(A, MPCI_RECORD_QUERY);
    sync_pass(&net, MPCONN_SECOND);
    asked = carried_said(A, MPCI_RECORD_QUERY) - asked;
    ck_assert_uint_le(asked, BUDGET + BUDGET / 2);
    ck_assert_uint_ge(asked, BUDGET / 2);
}
END_TEST

START_TEST(R12_questions_about_silent_flows_leave_some_for_packets)
{
    begin_with_unanswered();
    sync_pass(&net, MPCONN_SECOND);
    for (unsigned i = 0; i < 10; i++) {
        next_port(A);
        say(A, SERVER, MPCI_TCP_ACK, 1, 1, 100);
        ck_assert_int_eq(m[A]->pkt.verdict, MPCONN_VERDICT_HOLD);
    }
}
END_TEST

/* What its ports have come to since was told while the member that asks could not hear it. */
START_TEST(S08_question_about_the_last_incarnation_is_answered_with_the_present_one)
{
    start(A);
    carried_handshake();
    say(A, CLIENT, MPCI_TCP_ACK, 1, 1, 100);
    say(B, SERVER, MPCI_TCP_ACK, 1, 101, 100);
    sync_carry(&net);
    carried_deafen(B, 1);
    say(A, CLIENT, MPCI_TCP_RST, 101, 0, 0);
    c.x += 1000000;
    c.z += 1000000;
    bed_settle(m[A], &c);
    sync_pass(&net, 50 * MPCONN_SECOND);
    ck_assert_uint_eq(carried_flow(A)->client_isn, c.x);
    carried_deafen(B, 0);
    ck_assert_uint_ne(carried_flow(B)->client_isn, c.x);
    sync_pass(&net, 30 * MPCONN_SECOND);
    ck_assert(carried_flow(B) != NULL);
    ck_assert_uint_eq(carried_flow(B)->client_isn, c.x);
    ck_assert_uint_eq(carried_flow(B)->seq_offset, c.z - c.y);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("question_limits");
    TCase *tc = tcase_create("question_limits");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, R12_questions_about_silent_flows_have_a_budget);
    tcase_add_test(tc, R12_questions_about_silent_flows_leave_some_for_packets);
    tcase_add_test(tc, S08_question_about_the_last_incarnation_is_answered_with_the_present_one);
    suite_add_tcase(s, tc);
    return check_run(s);
}
