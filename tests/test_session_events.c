/* SPDX-License-Identifier: BSD-2-Clause */
/* What the host sees of a session when it is told of an event: the state that it came into. */
#include "check_main.h"

#include "meeting.h"

static meeting m;
static meeting_client a, b;

static void assert_told(unsigned type, unsigned state)
{
    ck_assert_uint_gt(m.n_events, 0);
    ck_assert_msg(m.events[0].type == type && m.state_then[0] == state, "%s told in %s",
                  mpconn_session_event_name(m.events[0].type),
                  mpconn_session_state_name(m.state_then[0]));
    (void)meeting_event(&m, type, m.events[0].reason);
}

static void assert_all_told(void)
{
    ck_assert_uint_eq(m.n_events, 0);
}

static void establish(void)
{
    meeting_begin(&m, &a, &b);
    meeting_pair(&m, &a, &b);
    meeting_ack(&m, &b, &a);
    meeting_ack(&m, &a, &b);
    assert_told(MPCONN_SESSION_EVENT_LATCHED, MPCONN_SESSION_WAITING);
    assert_told(MPCONN_SESSION_EVENT_LATCHED, MPCONN_SESSION_ANSWERED);
    assert_told(MPCONN_SESSION_EVENT_ESTABLISHED, MPCONN_SESSION_ESTABLISHED);
    assert_all_told();
}

START_TEST(clients_that_are_joined_are_told_in_the_state_they_brought_about)
{
    establish();
    meeting_send(&m, &a, MPCI_TCP_RST, a.isn + 1, 0, 0);
    meeting_syn(&m, &a); /* whatever comes next finds that it is over */
    assert_told(MPCONN_SESSION_EVENT_CLOSED, MPCONN_SESSION_CLOSING);
    meeting_close(&m);
}
END_TEST

START_TEST(call_that_is_forgotten_is_told_when_it_is)
{
    meeting_begin(&m, &a, &b);
    meeting_syn(&m, &a);
    assert_told(MPCONN_SESSION_EVENT_LATCHED, MPCONN_SESSION_WAITING);
    bed_pass(&m.b, 30 * MPCONN_SECOND);
    meeting_syn(&m, &b);
    assert_told(MPCONN_SESSION_EVENT_IDLE, MPCONN_SESSION_IDLE);
    assert_told(MPCONN_SESSION_EVENT_LATCHED, MPCONN_SESSION_WAITING);
    assert_all_told();
    meeting_close(&m);
}
END_TEST

START_TEST(conflict_is_told_when_there_is_one)
{
    meeting_client rival;

    meeting_begin(&m, &a, &b);
    rival = meeting_client_of(&m, 0, 7, 40007);
    meeting_syn(&m, &a);
    meeting_syn(&m, &rival);
    assert_told(MPCONN_SESSION_EVENT_LATCHED, MPCONN_SESSION_WAITING);
    assert_told(MPCONN_SESSION_EVENT_CONFLICT, MPCONN_SESSION_CONFLICT);
    assert_all_told();
    meeting_close(&m);
}
END_TEST

START_TEST(pair_that_fails_is_told_when_it_is_over)
{
    meeting_begin(&m, &a, &b);
    meeting_pair(&m, &a, &b);
    meeting_send(&m, &a, MPCI_TCP_RST, a.isn + 1, 0, 0);
    assert_told(MPCONN_SESSION_EVENT_LATCHED, MPCONN_SESSION_WAITING);
    assert_told(MPCONN_SESSION_EVENT_LATCHED, MPCONN_SESSION_ANSWERED);
    assert_told(MPCONN_SESSION_EVENT_CLOSED, MPCONN_SESSION_CLOSING);
    assert_all_told();
    meeting_close(&m);
}
END_TEST

START_TEST(connection_of_a_session_that_is_removed_is_told_when_it_is_over)
{
    establish();
    ck_assert_int_eq(mpconn_session_remove(m.b.eng, "m", m.b.now), MPCONN_OK);
    assert_told(MPCONN_SESSION_EVENT_CLOSED, MPCONN_SESSION_CLOSING);
    assert_all_told();
    meeting_close(&m);
}
END_TEST

int main(void)
{
    return CHECK_MAIN("session_events",
                      clients_that_are_joined_are_told_in_the_state_they_brought_about,
                      call_that_is_forgotten_is_told_when_it_is,
                      conflict_is_told_when_there_is_one,
                      pair_that_fails_is_told_when_it_is_over,
                      connection_of_a_session_that_is_removed_is_told_when_it_is_over);
}
