/* SPDX-License-Identifier: BSD-2-Clause */
/* A client that is to be answered when it calls again, whose next SYN is lost. */
#include "check_main.h"

#include "meeting.h"

static meeting m;
static meeting_client a, b;

/* SYNs of the first client at 0, 1 and 3 s, and a second that is there one second later. */
static void begin(void)
{
    mpconn_session_config config;

    meeting_config(&config, MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV4);
    config.stale = MPCONN_STALE_STRICT;
    meeting_open(&m, &config);
    a = meeting_client_of(&m, 0, 1, 40001);
    b = meeting_client_of(&m, 1, 1, 40002);
    meeting_syn(&m, &a);
    bed_pass(&m.b, MPCONN_SECOND);
    meeting_syn(&m, &a);
    bed_pass(&m.b, 2 * MPCONN_SECOND);
    meeting_syn(&m, &a);
    bed_pass(&m.b, MPCONN_SECOND);
    meeting_syn(&m, &b);
    (void)meeting_answer(&m, &b, &a);
    ck_assert_uint_eq(m.b.n_out, 0);
    meeting_ack(&m, &b, &a);
}

/* That of 7 s is lost, and the next comes at 15 s (RFC 6298 5.5). */
START_TEST(client_that_was_not_answered_may_lose_a_syn)
{
    begin();
    bed_pass(&m.b, 11 * MPCONN_SECOND);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_HALF);
    meeting_syn(&m, &a);
    (void)meeting_answer(&m, &a, &b);
    meeting_ack(&m, &a, &b);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_ESTABLISHED);
    meeting_close(&m);
}
END_TEST

START_TEST(client_that_was_not_answered_and_stops_is_given_up)
{
    begin();
    bed_pass(&m.b, 19 * MPCONN_SECOND);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_CLOSING);
    meeting_reset(&m, &b, a.isn + 1, b.isn + 1);
    ck_assert_uint_eq(m.b.n_out, 0);
    meeting_close(&m);
}
END_TEST

int main(void)
{
    return CHECK_MAIN("rendezvous_unanswered",
                      client_that_was_not_answered_may_lose_a_syn,
                      client_that_was_not_answered_and_stops_is_given_up);
}
