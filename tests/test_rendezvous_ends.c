/* SPDX-License-Identifier: BSD-2-Clause */
/* Clients of a session that give up, come back or go, and what the other one is told. */
#include "check_main.h"

#include "meeting.h"

static meeting m;
static meeting_client a, b;

static void begin(void)
{
    meeting_begin(&m, &a, &b);
}

/* --- before there is a pair --- */

START_TEST(R01_call_that_is_not_repeated_is_forgotten)
{
    begin();
    meeting_syn(&m, &a);
    (void)meeting_event(&m, MPCONN_SESSION_EVENT_LATCHED, MPCONN_REASON_SESSION_WAITING);
    bed_pass(&m.b, 3900 * MPCONN_MILLISECOND);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_WAITING);
    bed_pass(&m.b, 1200 * MPCONN_MILLISECOND);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_IDLE);
    (void)meeting_event(&m, MPCONN_SESSION_EVENT_IDLE, MPCONN_REASON_SESSION_STALE);
    ck_assert_uint_eq(m.b.n_out, 0);
    meeting_syn(&m, &b); /* nobody is there for it */
    meeting_silent(&m, MPCONN_VERDICT_CONSUMED, MPCONN_REASON_SESSION_WAITING);
    meeting_close(&m);
}
END_TEST

/* The times of a Linux client. */
START_TEST(R01_client_that_goes_on_calling_is_waited_for)
{
    static const unsigned gaps_ms[] = {1000, 1000, 1000, 1000, 1000, 2100, 4100, 8200, 16000,
                                       32000, 64000};

    begin();
    meeting_syn(&m, &a);
    for (size_t i = 0; i < sizeof gaps_ms / sizeof gaps_ms[0]; i++) {
        bed_pass(&m.b, gaps_ms[i] * MPCONN_MILLISECOND);
        ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_WAITING);
        meeting_syn(&m, &a);
    }
    bed_pass(&m.b, 126 * MPCONN_SECOND);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_WAITING);
    bed_pass(&m.b, 3 * MPCONN_SECOND);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_IDLE);
    meeting_close(&m);
}
END_TEST

START_TEST(R02_repeated_syn_answers_with_the_latest_timestamp)
{
    const bed_out *o;

    begin();
    meeting_syn(&m, &a);
    bed_pass(&m.b, MPCONN_SECOND);
    a.tsval += 1000;
    meeting_syn(&m, &a);
    bed_pass(&m.b, 50 * MPCONN_MILLISECOND);
    meeting_syn(&m, &b);
    o = meeting_answer(&m, &b, &a);
    ck_assert_uint_eq(o->options.tsval, a.tsval);
    o = meeting_answer(&m, &a, &b);
    ck_assert_uint_eq(o->options.tsecr, a.tsval);
    meeting_close(&m);
}
END_TEST

START_TEST(R02_lost_answer_is_repeated_with_the_syn)
{
    const bed_out *o;

    begin();
    meeting_pair(&m, &a, &b);
    bed_pass(&m.b, MPCONN_SECOND);
    a.tsval += 1000;
    meeting_syn(&m, &a);
    o = meeting_answer(&m, &a, &b);
    ck_assert_uint_eq(o->options.tsecr, a.tsval);
    ck_assert_uint_eq(o->options.tsval, b.tsval);
    ck_assert_uint_eq(m.b.n_out, 0);
    meeting_ack(&m, &a, &b);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_HALF);
    meeting_syn(&m, &a); /* late: it has been acknowledged */
    meeting_silent(&m, MPCONN_VERDICT_DROP, MPCONN_REASON_SESSION_SYN_LATE);
    meeting_close(&m);
}
END_TEST

START_TEST(R19_exact_reset_of_a_client_that_waits_takes_its_call_back)
{
    begin();
    meeting_syn(&m, &a);
    (void)meeting_event(&m, MPCONN_SESSION_EVENT_LATCHED, MPCONN_REASON_SESSION_WAITING);
    meeting_send(&m, &a, MPCI_TCP_RST, a.isn, 0, 0);
    meeting_silent(&m, MPCONN_VERDICT_DROP, MPCONN_REASON_SESSION_EARLY);
    meeting_send(&m, &a, MPCI_TCP_RST, a.isn + 2, 0, 0);
    meeting_silent(&m, MPCONN_VERDICT_DROP, MPCONN_REASON_SESSION_EARLY);
    meeting_send(&m, &a, MPCI_TCP_FIN | MPCI_TCP_ACK, a.isn + 1, 1, 0);
    meeting_silent(&m, MPCONN_VERDICT_DROP, MPCONN_REASON_SESSION_EARLY);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_WAITING);
    meeting_send(&m, &a, MPCI_TCP_RST, a.isn + 1, 0, 0);
    meeting_silent(&m, MPCONN_VERDICT_CONSUMED, MPCONN_REASON_SESSION_RESET);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_IDLE);
    (void)meeting_event(&m, MPCONN_SESSION_EVENT_IDLE, MPCONN_REASON_SESSION_RESET);
    meeting_close(&m);
}
END_TEST

START_TEST(R20_acknowledgment_and_data_before_a_pair_are_dropped)
{
    begin();
    meeting_send(&m, &a, MPCI_TCP_ACK, 1, 1, 0);
    meeting_silent(&m, MPCONN_VERDICT_DROP, MPCONN_REASON_SESSION_EARLY);
    meeting_syn(&m, &a);
    meeting_send(&m, &a, MPCI_TCP_ACK, a.isn + 1, b.isn + 1, 100);
    meeting_silent(&m, MPCONN_VERDICT_DROP, MPCONN_REASON_SESSION_EARLY);
    meeting_send(&m, &b, MPCI_TCP_SYN | MPCI_TCP_ACK, b.isn, a.isn + 1, 0);
    meeting_silent(&m, MPCONN_VERDICT_DROP, MPCONN_REASON_SESSION_EARLY);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_WAITING);
    meeting_close(&m);
}
END_TEST

/* --- answered, and not acknowledged --- */

START_TEST(R14_client_that_resets_its_answer_ends_the_pair_and_the_other_one_is_told)
{
    begin();
    meeting_pair(&m, &a, &b);
    m.n_events = 0;
    meeting_send(&m, &a, MPCI_TCP_RST, a.isn + 1, 0, 0);
    meeting_silent(&m, MPCONN_VERDICT_CONSUMED, MPCONN_REASON_SESSION_RESET);
    ck_assert_uint_eq(meeting_event(&m, MPCONN_SESSION_EVENT_CLOSED,
                                    MPCONN_REASON_SESSION_RESET)->termination, 0);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_CLOSING);
    meeting_ack(&m, &b, &a); /* that is when it may be told */
    ck_assert_uint_eq(m.b.pkt.verdict, MPCONN_VERDICT_DROP);
    ck_assert_uint_eq(bed_take(&m.b)->view.seq, a.isn + 1);
    meeting_close(&m);
}
END_TEST

START_TEST(R14_other_client_that_called_twice_is_told_at_once)
{
    begin();
    meeting_syn(&m, &b);
    bed_pass(&m.b, MPCONN_SECOND);
    meeting_syn(&m, &b);
    meeting_syn(&m, &a);
    (void)meeting_answer(&m, &a, &b);
    (void)meeting_answer(&m, &b, &a);
    meeting_send(&m, &a, MPCI_TCP_RST, a.isn + 1, 0, 0);
    meeting_reset(&m, &b, a.isn + 1, b.isn + 1);
    ck_assert_uint_eq(m.b.n_out, 0);
    meeting_close(&m);
}
END_TEST

START_TEST(R14_other_client_that_acknowledged_is_told_at_once)
{
    begin();
    meeting_pair(&m, &a, &b);
    meeting_ack(&m, &b, &a);
    meeting_send(&m, &a, MPCI_TCP_RST, a.isn + 1, 0, 0);
    ck_assert_uint_eq(m.b.pkt.verdict, MPCONN_VERDICT_CONSUMED);
    meeting_reset(&m, &b, a.isn + 1, b.isn + 1);
    ck_assert_uint_eq(m.b.n_out, 0);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_CLOSING);
    meeting_close(&m);
}
END_TEST

START_TEST(client_that_does_not_acknowledge_ends_the_pair)
{
    begin();
    meeting_pair(&m, &a, &b);
    meeting_ack(&m, &b, &a);
    m.n_events = 0;
    bed_pass(&m.b, 9 * MPCONN_SECOND);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_HALF);
    bed_pass(&m.b, 3 * MPCONN_SECOND);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_CLOSING);
    meeting_reset(&m, &b, a.isn + 1, b.isn + 1);
    ck_assert_uint_eq(m.b.n_out, 0);
    ck_assert_uint_eq(meeting_event(&m, MPCONN_SESSION_EVENT_CLOSED,
                                    MPCONN_REASON_SESSION_UNCONFIRMED)->termination, 0);
    meeting_close(&m);
}
END_TEST

START_TEST(data_for_a_client_that_has_not_acknowledged_waits_for_that)
{
    uint8_t bytes[BED_ROOM];
    mpconn_pkt held;

    begin();
    meeting_pair(&m, &a, &b);
    meeting_ack(&m, &b, &a);
    meeting_send(&m, &b, MPCI_TCP_ACK, b.isn + 1, a.isn + 1, 100);
    meeting_silent(&m, MPCONN_VERDICT_HOLD, MPCONN_REASON_HELD);
    held = m.b.pkt;
    held.data = memcpy(bytes, m.b.bytes, sizeof(bytes));
    ck_assert_uint_eq(held.flow, meeting_session(&m).flow);
    ck_assert_uint_eq(m.b.n_released, 0);
    meeting_ack(&m, &a, &b);
    ck_assert_uint_eq(m.b.n_released, 1);
    ck_assert_uint_eq(m.b.released[0], held.flow);
    ck_assert_uint_eq(m.b.release_reason, MPCONN_REASON_RELEASED);
    held.side = MPCONN_SIDE_SERVER; /* as it was handed in */
    bed_in_again(&m.b, &held);
    ck_assert_uint_eq(held.verdict, MPCONN_VERDICT_FORWARD);
    meeting_carry(&m, &b, &a, 101, 1, 10);
    meeting_close(&m);
}
END_TEST

START_TEST(data_that_waits_in_vain_is_given_back)
{
    for (unsigned how = 0; how < 3; how++) {
        begin();
        meeting_pair(&m, &a, &b);
        meeting_send(&m, &b, MPCI_TCP_ACK, b.isn + 1, a.isn + 1, 100); /* proof and data in one */
        meeting_silent(&m, MPCONN_VERDICT_HOLD, MPCONN_REASON_HELD);
        if (how == 0)
            bed_pass(&m.b, 4 * MPCONN_SECOND);
        else if (how == 1)
            meeting_send(&m, &a, MPCI_TCP_RST, a.isn + 1, 0, 0);
        else
            ck_assert_int_eq(mpconn_session_remove(m.b.eng, "m", m.b.now), MPCONN_OK);
        ck_assert_uint_eq(m.b.n_released, 1);
        ck_assert_uint_eq(m.b.release_reason, how == 0   ? MPCONN_REASON_HOLD_EXPIRED
                                              : how == 1 ? MPCONN_REASON_SESSION_RESET
                                                         : MPCONN_REASON_SESSION_REMOVED);
        meeting_close(&m);
    }
}
END_TEST

START_TEST(R18_client_whose_numbers_change_on_the_way_is_not_left_hanging)
{
    begin();
    meeting_pair(&m, &a, &b);
    meeting_ack(&m, &b, &a);
    m.n_events = 0;
    meeting_send(&m, &a, MPCI_TCP_ACK, a.isn + 1000000, b.isn + 1, 0);
    meeting_silent(&m, MPCONN_VERDICT_DROP, MPCONN_REASON_SESSION_MISFIT);
    meeting_send(&m, &a, MPCI_TCP_ACK, a.isn + 1, b.isn + 2, 0);
    meeting_silent(&m, MPCONN_VERDICT_DROP, MPCONN_REASON_SESSION_MISFIT);
    meeting_send(&m, &a, MPCI_TCP_ACK, a.isn + 1, b.isn, 0);
    meeting_silent(&m, MPCONN_VERDICT_DROP, MPCONN_REASON_SESSION_MISFIT);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_HALF);
    bed_pass(&m.b, 12 * MPCONN_SECOND);
    (void)meeting_event(&m, MPCONN_SESSION_EVENT_CLOSED, MPCONN_REASON_SESSION_MISFIT);
    meeting_reset(&m, &b, a.isn + 1, b.isn + 1);
    meeting_close(&m);
}
END_TEST

/* --- established --- */

START_TEST(connection_that_both_close_is_reported_and_the_session_joins_another_one)
{
    begin();
    meeting_join(&m, &a, &b);
    meeting_send(&m, &a, MPCI_TCP_FIN | MPCI_TCP_ACK, a.isn + 1, b.isn + 1, 0);
    meeting_send(&m, &b, MPCI_TCP_FIN | MPCI_TCP_ACK, b.isn + 1, a.isn + 2, 0);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_ESTABLISHED);
    meeting_send(&m, &a, MPCI_TCP_ACK, a.isn + 2, b.isn + 2, 0);
    ck_assert_uint_eq(m.b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    (void)meeting_event(&m, MPCONN_SESSION_EVENT_CLOSED, MPCONN_REASON_FLOW_CLOSED);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_CLOSING);
    meeting_send(&m, &b, MPCI_TCP_FIN | MPCI_TCP_ACK, b.isn + 1, a.isn + 2, 0);
    ck_assert_uint_eq(m.b.pkt.verdict, MPCONN_VERDICT_FORWARD); /* its last words are carried */
    a.isn += 1000000;
    b.isn += 1000000;
    meeting_join(&m, &a, &b);
    meeting_carry(&m, &b, &a, 1, 1, 10);
    ck_assert_uint_eq(meeting_session(&m).pairs, 2);
    meeting_close(&m);
}
END_TEST

START_TEST(reset_of_a_client_is_carried_and_reported)
{
    begin();
    meeting_join(&m, &a, &b);
    meeting_send(&m, &a, MPCI_TCP_RST, a.isn + 2, 0, 0);
    ck_assert_uint_eq(m.n_events, 0); /* not its next number */
    meeting_send(&m, &a, MPCI_TCP_RST, a.isn + 1, 0, 0);
    ck_assert_uint_eq(m.b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    (void)meeting_event(&m, MPCONN_SESSION_EVENT_CLOSED, MPCONN_REASON_FLOW_RESET);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_CLOSING);
    meeting_close(&m);
}
END_TEST

/* What the other one says is answered by a RST with what that one expects (RFC 9293 3.10.7.3). */
START_TEST(R03_client_that_lost_its_connection_may_call_anew_when_the_other_one_spoke)
{
    meeting_client anew;

    begin();
    meeting_join(&m, &a, &b);
    meeting_carry(&m, &a, &b, 1, 1, 100);
    anew = a;
    anew.isn += 1000000;
    meeting_syn(&m, &anew);
    meeting_silent(&m, MPCONN_VERDICT_DROP, MPCONN_REASON_SESSION_SYN_LATE);
    meeting_carry(&m, &b, &a, 1, 101, 200);
    meeting_send(&m, &anew, MPCI_TCP_RST, a.isn + 101, 0, 0);
    ck_assert_uint_eq(m.b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    (void)meeting_event(&m, MPCONN_SESSION_EVENT_CLOSED, MPCONN_REASON_FLOW_RESET);
    meeting_syn(&m, &anew);
    meeting_silent(&m, MPCONN_VERDICT_CONSUMED, MPCONN_REASON_SESSION_WAITING);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_WAITING);
    meeting_close(&m);
}
END_TEST

START_TEST(idle_connection_ends_with_its_flow)
{
    begin();
    meeting_join(&m, &a, &b);
    bed_pass(&m.b, 7440 * MPCONN_SECOND);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_ESTABLISHED);
    bed_pass(&m.b, 20 * MPCONN_SECOND);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_IDLE);
    (void)meeting_event(&m, MPCONN_SESSION_EVENT_CLOSED, MPCONN_REASON_EXPIRED);
    ck_assert_uint_eq(m.n_events, 0);
    meeting_join(&m, &a, &b);
    meeting_close(&m);
}
END_TEST

START_TEST(controller_that_removes_a_session_ends_its_connection)
{
    begin();
    meeting_join(&m, &a, &b);
    meeting_carry(&m, &a, &b, 1, 1, 100);
    ck_assert_int_eq(mpconn_session_remove(m.b.eng, "m", m.b.now), MPCONN_OK);
    meeting_reset(&m, &a, b.isn + 1, a.isn + 101);
    meeting_reset(&m, &b, a.isn + 101, b.isn + 1);
    ck_assert_uint_eq(m.b.n_out, 0);
    ck_assert_int_eq(mpconn_session_add(m.b.eng, &m.config, m.b.now), MPCONN_OK);
    meeting_send(&m, &a, MPCI_TCP_ACK, a.isn + 101, b.isn + 1, 10); /* of the old one */
    ck_assert_uint_eq(m.b.pkt.verdict, MPCONN_VERDICT_DROP);
    ck_assert_uint_eq(bed_take(&m.b)->view.flags, MPCI_TCP_RST);
    a.isn += 1000;
    b.isn += 1000;
    meeting_join(&m, &a, &b);
    meeting_close(&m);
}
END_TEST

START_TEST(host_that_kills_the_flow_ends_the_connection)
{
    mpconn_flow_filter f;
    size_t n;

    begin();
    meeting_join(&m, &a, &b);
    MPCONN_STRUCT_INIT(&f);
    f.id = meeting_session(&m).flow;
    ck_assert_int_eq(mpconn_engine_kill(m.b.eng, &f, &n, m.b.now), MPCONN_OK);
    ck_assert_uint_eq(n, 1);
    meeting_reset(&m, &a, b.isn + 1, a.isn + 1);
    meeting_reset(&m, &b, a.isn + 1, b.isn + 1);
    (void)meeting_event(&m, MPCONN_SESSION_EVENT_CLOSED, MPCONN_REASON_KILLED);
    a.isn += 1000;
    b.isn += 1000;
    meeting_join(&m, &b, &a);
    meeting_close(&m);
}
END_TEST

int main(void)
{
    return CHECK_MAIN("rendezvous_ends", R01_call_that_is_not_repeated_is_forgotten,
                      R01_client_that_goes_on_calling_is_waited_for,
                      R02_repeated_syn_answers_with_the_latest_timestamp,
                      R02_lost_answer_is_repeated_with_the_syn,
                      R19_exact_reset_of_a_client_that_waits_takes_its_call_back,
                      R20_acknowledgment_and_data_before_a_pair_are_dropped,
                      R14_client_that_resets_its_answer_ends_the_pair_and_the_other_one_is_told,
                      R14_other_client_that_called_twice_is_told_at_once,
                      R14_other_client_that_acknowledged_is_told_at_once,
                      client_that_does_not_acknowledge_ends_the_pair,
                      data_for_a_client_that_has_not_acknowledged_waits_for_that,
                      data_that_waits_in_vain_is_given_back,
                      R18_client_whose_numbers_change_on_the_way_is_not_left_hanging,
                      connection_that_both_close_is_reported_and_the_session_joins_another_one,
                      reset_of_a_client_is_carried_and_reported,
                      R03_client_that_lost_its_connection_may_call_anew_when_the_other_one_spoke,
                      idle_connection_ends_with_its_flow,
                      controller_that_removes_a_session_ends_its_connection,
                      host_that_kills_the_flow_ends_the_connection);
}
