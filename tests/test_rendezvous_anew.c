/* SPDX-License-Identifier: BSD-2-Clause */
/* A SYN of a client's address and port with another number: somebody forged it, or the client was
 * started again. It counts when it comes again and the old number does not. */
#include "check_main.h"

#include "meeting.h"

static meeting m;
static meeting_client a, b, anew;

static void begin(void)
{
    meeting_begin(&m, &a, &b);
    anew = a;
    anew.isn += 1000000;
}

static void call_anew(void)
{
    meeting_syn(&m, &anew);
    meeting_silent(&m, MPCONN_VERDICT_CONSUMED, MPCONN_REASON_SESSION_ANEW);
}

static void call_anew_after_the_answers(void)
{
    begin();
    meeting_pair(&m, &a, &b);
    m.n_events = 0;
    call_anew();
}

static void join_with(const meeting_client *first)
{
    (void)meeting_answer(&m, &b, first);
    (void)meeting_answer(&m, first, &b);
    ck_assert_uint_eq(m.b.n_out, 0);
    meeting_ack(&m, first, &b);
    meeting_ack(&m, &b, first);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_ESTABLISHED);
}

/* --- before there is a pair --- */

START_TEST(R03_forged_syn_before_a_pair_makes_no_false_one)
{
    begin();
    meeting_syn(&m, &a);
    call_anew();
    ck_assert_uint_eq(meeting_session(&m).candidates[0], 1);
    bed_pass(&m.b, 50 * MPCONN_MILLISECOND);
    meeting_syn(&m, &b); /* whose number b is told has to be seen first */
    meeting_silent(&m, MPCONN_VERDICT_CONSUMED, MPCONN_REASON_SESSION_WAITING);
    bed_pass(&m.b, 950 * MPCONN_MILLISECOND);
    ck_assert_uint_eq(m.b.n_out, 0);
    meeting_syn(&m, &a);
    ck_assert_uint_eq(meeting_session(&m).candidates[0], 0);
    ck_assert_uint_eq(m.b.legs[0][0].client_isn, a.isn);
    m.b.n_out = 0; /* which of them waits for its next SYN is another matter */
    meeting_ack(&m, &a, &b);
    meeting_ack(&m, &b, &a);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_ESTABLISHED);
    meeting_carry(&m, &a, &b, 1, 1, 100);
    meeting_close(&m);
}
END_TEST

/* One between any two of the client's, and they never count. */
START_TEST(R03_forged_syns_between_those_of_the_client_never_count)
{
    begin();
    for (unsigned i = 0; i < 5; i++) {
        meeting_syn(&m, &a);
        bed_pass(&m.b, 500 * MPCONN_MILLISECOND);
        call_anew();
        bed_pass(&m.b, 500 * MPCONN_MILLISECOND);
    }
    meeting_syn(&m, &a);
    meeting_syn(&m, &b);
    join_with(&a);
    meeting_close(&m);
}
END_TEST

START_TEST(R03_burst_of_forged_syns_counts_as_one)
{
    begin();
    meeting_syn(&m, &a);
    for (unsigned i = 0; i < 9; i++) {
        call_anew();
        bed_pass(&m.b, 100 * MPCONN_MILLISECOND);
    }
    meeting_syn(&m, &a);
    meeting_syn(&m, &b);
    join_with(&a);
    meeting_close(&m);
}
END_TEST

START_TEST(R03_client_that_calls_anew_before_it_is_answered_has_the_later_number)
{
    begin();
    meeting_syn(&m, &a);
    call_anew();
    bed_pass(&m.b, MPCONN_SECOND);
    meeting_syn(&m, &anew);
    meeting_silent(&m, MPCONN_VERDICT_CONSUMED, MPCONN_REASON_SESSION_RESTARTED);
    ck_assert_uint_eq(meeting_session(&m).candidates[0], 0);
    meeting_syn(&m, &b);
    join_with(&anew);
    meeting_close(&m);
}
END_TEST

/* Its first attempt is forgotten before its next one comes again. */
START_TEST(R03_number_of_a_client_that_calls_no_more_gives_way_to_the_later_one)
{
    begin();
    meeting_syn(&m, &a);
    bed_pass(&m.b, 3500 * MPCONN_MILLISECOND);
    call_anew();
    bed_pass(&m.b, 2 * MPCONN_SECOND);
    ck_assert_uint_eq(meeting_session(&m).candidates[0], 0);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_WAITING);
    meeting_syn(&m, &anew);
    meeting_silent(&m, MPCONN_VERDICT_CONSUMED, MPCONN_REASON_SESSION_WAITING);
    meeting_syn(&m, &b);
    join_with(&anew);
    meeting_close(&m);
}
END_TEST

/* It was one packet, and the client's SYNs are rare. */
START_TEST(R03_forged_syn_that_does_not_come_again_is_forgotten)
{
    begin();
    meeting_syn(&m, &a);
    bed_pass(&m.b, 3 * MPCONN_SECOND);
    meeting_syn(&m, &a);
    call_anew();
    meeting_syn(&m, &b);
    bed_pass(&m.b, 3 * MPCONN_SECOND);
    meeting_syn(&m, &b);
    ck_assert_uint_eq(m.b.n_out, 0);
    bed_pass(&m.b, 3 * MPCONN_SECOND);
    ck_assert_uint_eq(m.b.legs[0][0].client_isn, a.isn);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_ANSWERED);
    meeting_close(&m);
}
END_TEST

/* --- once both were answered --- */

START_TEST(R03_forged_syn_after_the_answers_ends_nothing)
{
    call_anew_after_the_answers();
    ck_assert_uint_eq(m.n_events, 0);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_ANSWERED);
    meeting_ack(&m, &a, &b);
    meeting_ack(&m, &b, &a);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_ESTABLISHED);
    meeting_carry(&m, &a, &b, 1, 1, 100);
    meeting_close(&m);
}
END_TEST

START_TEST(R03_client_that_calls_anew_after_its_answer_ends_the_pair)
{
    call_anew_after_the_answers();
    bed_pass(&m.b, MPCONN_SECOND);
    meeting_syn(&m, &anew);
    meeting_silent(&m, MPCONN_VERDICT_CONSUMED, MPCONN_REASON_SESSION_WAITING);
    (void)meeting_event(&m, MPCONN_SESSION_EVENT_CLOSED, MPCONN_REASON_SESSION_RESTARTED);
    (void)meeting_event(&m, MPCONN_SESSION_EVENT_LATCHED, MPCONN_REASON_SESSION_WAITING);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_WAITING);
    b.isn += 5;
    meeting_syn(&m, &b);
    join_with(&anew);
    meeting_carry(&m, &anew, &b, 1, 1, 10);
    meeting_close(&m);
}
END_TEST

/* Its own SYN comes between the two. */
START_TEST(R03_client_that_still_calls_keeps_its_pair)
{
    call_anew_after_the_answers();
    bed_pass(&m.b, 600 * MPCONN_MILLISECOND);
    meeting_syn(&m, &a);
    (void)meeting_answer(&m, &a, &b);
    bed_pass(&m.b, 600 * MPCONN_MILLISECOND);
    call_anew();
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_ANSWERED);
    meeting_close(&m);
}
END_TEST

/* The other one has acknowledged: it loses a connection, so the client has its whole time. */
START_TEST(R03_pair_that_one_acknowledged_ends_by_a_new_call_when_the_time_is_up)
{
    begin();
    meeting_pair(&m, &a, &b);
    meeting_ack(&m, &b, &a);
    for (unsigned i = 0; i < 5; i++) {
        call_anew();
        bed_pass(&m.b, 1900 * MPCONN_MILLISECOND);
    }
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_HALF);
    m.n_events = 0;
    bed_pass(&m.b, 1900 * MPCONN_MILLISECOND);
    meeting_syn(&m, &anew);
    meeting_reset(&m, &b, a.isn + 1, b.isn + 1);
    ck_assert_uint_eq(m.b.n_out, 0);
    ck_assert_uint_eq(m.events[0].type, MPCONN_SESSION_EVENT_CLOSED);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_WAITING);
    b.isn += 5;
    meeting_syn(&m, &b);
    join_with(&anew);
    meeting_close(&m);
}
END_TEST

/* The same, of one whose SYNs are so rare that it is not given up by then. */
START_TEST(R03_client_in_long_backoff_calls_anew_when_the_time_is_up)
{
    begin();
    meeting_syn(&m, &a);
    bed_pass(&m.b, 3 * MPCONN_SECOND);
    meeting_syn(&m, &a);
    bed_pass(&m.b, 6 * MPCONN_SECOND);
    meeting_syn(&m, &a);
    meeting_syn(&m, &b);
    meeting_ack(&m, &b, &a);
    m.b.n_out = m.n_events = 0;
    bed_pass(&m.b, 9 * MPCONN_SECOND);
    call_anew();
    bed_pass(&m.b, 2 * MPCONN_SECOND);
    meeting_syn(&m, &anew);
    meeting_reset(&m, &a, b.isn + 1, a.isn + 1);
    meeting_reset(&m, &b, a.isn + 1, b.isn + 1);
    (void)meeting_event(&m, MPCONN_SESSION_EVENT_CLOSED, MPCONN_REASON_SESSION_RESTARTED);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_WAITING);
    meeting_close(&m);
}
END_TEST

int main(void)
{
    return CHECK_MAIN("rendezvous_anew", R03_forged_syn_before_a_pair_makes_no_false_one,
                      R03_forged_syns_between_those_of_the_client_never_count,
                      R03_burst_of_forged_syns_counts_as_one,
                      R03_client_that_calls_anew_before_it_is_answered_has_the_later_number,
                      R03_number_of_a_client_that_calls_no_more_gives_way_to_the_later_one,
                      R03_forged_syn_that_does_not_come_again_is_forgotten,
                      R03_forged_syn_after_the_answers_ends_nothing,
                      R03_client_that_calls_anew_after_its_answer_ends_the_pair,
                      R03_client_that_still_calls_keeps_its_pair,
                      R03_pair_that_one_acknowledged_ends_by_a_new_call_when_the_time_is_up,
                      R03_client_in_long_backoff_calls_anew_when_the_time_is_up);
}
