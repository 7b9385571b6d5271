/* SPDX-License-Identifier: BSD-2-Clause */
/* Two clients that both call become one connection. */
#include "check_main.h"

#include "meeting.h"

static meeting m;
static meeting_client a, b;

static void begin(void)
{
    meeting_begin(&m, &a, &b);
}

START_TEST(R01_client_alone_is_not_answered)
{
    begin();
    for (unsigned i = 0; i < 4; i++) {
        meeting_syn(&m, &a);
        meeting_silent(&m, MPCONN_VERDICT_CONSUMED, MPCONN_REASON_SESSION_WAITING);
        bed_pass(&m.b, MPCONN_SECOND);
    }
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_WAITING);
    ck_assert_uint_eq(meeting_session(&m).stats[0].syns, 4);
    meeting_close(&m);
}
END_TEST

START_TEST(both_clients_are_answered_with_what_the_other_one_said)
{
    const bed_out *o;

    begin();
    meeting_syn(&m, &a);
    bed_pass(&m.b, 100 * MPCONN_MILLISECOND);
    meeting_syn(&m, &b);
    ck_assert_uint_eq(m.b.pkt.verdict, MPCONN_VERDICT_CONSUMED);
    o = meeting_answer(&m, &b, &a);
    ck_assert_uint_eq(o->options.mss, 1460);
    ck_assert_uint_eq(o->options.wscale, a.wscale);
    ck_assert_uint_eq(o->options.sack_permitted, 1);
    ck_assert_uint_eq(o->options.tsval, a.tsval);
    ck_assert_uint_eq(o->options.tsecr, b.tsval);
    o = meeting_answer(&m, &a, &b);
    ck_assert_uint_eq(o->options.wscale, b.wscale);
    ck_assert_uint_eq(o->options.tsval, b.tsval);
    ck_assert_uint_eq(o->options.tsecr, a.tsval);
    ck_assert_uint_eq(m.b.n_out, 0);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_ANSWERED);
    meeting_close(&m);
}
END_TEST

START_TEST(connection_that_both_acknowledge_is_carried_as_it_is)
{
    begin();
    meeting_pair(&m, &a, &b);
    meeting_ack(&m, &b, &a);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_HALF);
    meeting_ack(&m, &a, &b);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_ESTABLISHED);
    for (unsigned i = 0; i < 10; i++) {
        meeting_carry(&m, &a, &b, 1 + 100 * i, 1 + 200 * i, 100);
        meeting_carry(&m, &b, &a, 1 + 200 * i, 101 + 100 * i, 200);
    }
    ck_assert_uint_eq(meeting_session(&m).stats[0].packets_in, 11);
    ck_assert_uint_eq(meeting_session(&m).stats[1].packets_in, 10);
    ck_assert_uint_eq(meeting_session(&m).stats[1].bytes_in, 10 * 240);
    meeting_close(&m);
}
END_TEST

START_TEST(host_is_told_of_each_step)
{
    const mpconn_session_event *ev;

    begin();
    meeting_syn(&m, &a);
    ev = meeting_event(&m, MPCONN_SESSION_EVENT_LATCHED, MPCONN_REASON_SESSION_WAITING);
    ck_assert_uint_eq(ev->termination, 0);
    ck_assert_uint_eq(ev->remote_port, 40001);
    ck_assert_mem_eq(&ev->remote, &a.leg.client, sizeof(ev->remote));
    meeting_syn(&m, &b);
    ev = meeting_event(&m, MPCONN_SESSION_EVENT_LATCHED, MPCONN_REASON_SESSION_WAITING);
    ck_assert_uint_eq(ev->termination, 1);
    ck_assert_uint_eq(m.b.events[0].type, MPCONN_EVENT_SETTLED);
    ck_assert_mem_eq(&m.b.events[0].tuple, &a.leg, sizeof(a.leg));
    ck_assert_mem_eq(&m.b.legs[0][1].tuple, &b.leg, sizeof(b.leg));
    ck_assert_uint_eq(m.b.deltas[0].flags, MPCONN_DELTA_F_TUPLE);
    meeting_ack(&m, &b, &a);
    ck_assert_uint_eq(m.n_events, 0);
    meeting_ack(&m, &a, &b);
    ev = meeting_event(&m, MPCONN_SESSION_EVENT_ESTABLISHED, MPCONN_REASON_NONE);
    ck_assert_uint_eq(ev->termination, MPCONN_TERMINATION_NONE);
    ck_assert_uint_eq(ev->flow, meeting_session(&m).flow);
    ck_assert_uint_ne(ev->flow, 0);
    meeting_close(&m);
}
END_TEST

int main(void)
{
    return CHECK_MAIN("rendezvous", R01_client_alone_is_not_answered,
                      both_clients_are_answered_with_what_the_other_one_said,
                      connection_that_both_acknowledge_is_carried_as_it_is,
                      host_is_told_of_each_step);
}
