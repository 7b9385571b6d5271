/* SPDX-License-Identifier: BSD-2-Clause */
/* Terminations that several sources call, once both of a session are called. */
#include "check_main.h"

#include "meeting.h"

static meeting m;
static meeting_client a, b, rival;

static void begin(void)
{
    meeting_begin(&m, &a, &b);
    rival = meeting_client_of(&m, 0, 9, 40009);
}

/* They go on calling until the rival is stale, and time alone finds that out: each is answered
 * once. */
static void outlast_the_rival(void)
{
    for (unsigned i = 0; i < 3; i++) {
        bed_pass(&m.b, 1001 * MPCONN_MILLISECOND);
        meeting_syn(&m, &a);
        meeting_syn(&m, &b);
        ck_assert_uint_eq(m.b.n_out, 0);
    }
    bed_pass(&m.b, 2 * MPCONN_SECOND);
    ck_assert_uint_eq(m.b.n_out, 2);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_ANSWERED);
    (void)meeting_answer(&m, &a, &b);
    (void)meeting_answer(&m, &b, &a);
}

/* The one that has the termination is not the one that goes: what time decides is about both. */
START_TEST(R05_rival_that_never_had_the_termination_gives_up_and_both_are_joined)
{
    begin();
    meeting_syn(&m, &a);
    meeting_syn(&m, &rival);
    meeting_syn(&m, &b);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_CONFLICT);
    outlast_the_rival();
    ck_assert_uint_eq(m.b.legs[0][0].client_isn, a.isn);
    ck_assert_uint_eq(m.b.legs[0][0].server_isn, b.isn);
    meeting_ack(&m, &a, &b);
    meeting_ack(&m, &b, &a);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_ESTABLISHED);
    meeting_close(&m);
}
END_TEST

static void modify(unsigned prefix)
{
    mpconn_session_config config = m.config;
    mpconn_termination *t = &config.termination[0];

    memcpy(t->expect.bytes, "\xc0\x00\x02", prefix != 0 ? 3 : 0);
    t->expect_prefix = (uint8_t)prefix;
    ck_assert_int_eq(mpconn_session_modify(m.b.eng, &config, m.b.now), MPCONN_OK);
}

/* The controller takes its word back: in dispute again, though nobody called since. */
START_TEST(R05_dispute_of_a_session_that_waits_ends_with_the_rival)
{
    begin();
    meeting_syn(&m, &a);
    meeting_syn(&m, &rival);
    modify(24);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_WAITING);
    modify(0);
    meeting_syn(&m, &b);
    ck_assert_uint_eq(m.b.n_out, 0);
    outlast_the_rival();
    meeting_close(&m);
}
END_TEST

/* --- candidates that there is no room for --- */

/* There is one for all sessions, and another one has it. */
static void begin_without_room(void)
{
    mpconn_session_config config, other;
    meeting_client c;

    meeting_config(&config, MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV4);
    meeting_open_with_room(&m, &config, 1);
    a = meeting_client_of(&m, 0, 1, 40001);
    b = meeting_client_of(&m, 1, 1, 40002);
    rival = meeting_client_of(&m, 0, 9, 40009);
    other = config;
    other.name[0] = 'o';
    other.termination[0].local_port = 6001;
    other.termination[1].local_port = 6002;
    ck_assert_int_eq(mpconn_session_add(m.b.eng, &other, m.b.now), MPCONN_OK);
    for (uint16_t i = 0; i < 2; i++) {
        c = meeting_client_of(&m, 0, 20, (uint16_t)(50000 + i));
        c.leg.server_port = 6001;
        meeting_syn(&m, &c);
    }
    ck_assert_uint_eq(m.b.pkt.reason, MPCONN_REASON_SESSION_CONFLICT);
    m.n_events = 0;
}

static void call_without_room(const meeting_client *c)
{
    meeting_syn(&m, c);
    meeting_silent(&m, MPCONN_VERDICT_DROP, MPCONN_REASON_SESSION_CANDIDATES);
}

START_TEST(R15_rival_that_cannot_be_kept_opens_a_dispute_all_the_same)
{
    begin_without_room();
    meeting_syn(&m, &a);
    (void)meeting_event(&m, MPCONN_SESSION_EVENT_LATCHED, MPCONN_REASON_SESSION_WAITING);
    for (unsigned i = 0; i < 3; i++)
        call_without_room(&rival);
    ck_assert_uint_eq(meeting_event(&m, MPCONN_SESSION_EVENT_CONFLICT,
                                    MPCONN_REASON_SESSION_CANDIDATES)->remote_port, 40009);
    ck_assert_uint_eq(m.n_events, 0); /* the rest is known */
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_CONFLICT);
    meeting_syn(&m, &b);
    meeting_syn(&m, &a);
    ck_assert_uint_eq(m.b.n_out, 0);
    for (unsigned i = 0; i < 3; i++) {
        bed_pass(&m.b, MPCONN_SECOND);
        meeting_syn(&m, &a);
        meeting_syn(&m, &b);
        ck_assert_uint_eq(m.b.n_out, 0);
    }
    bed_pass(&m.b, 2 * MPCONN_SECOND); /* as long as a SYN counts that was kept */
    ck_assert_uint_eq(m.b.n_out, 2);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_ANSWERED);
    meeting_close(&m);
}
END_TEST

START_TEST(R15_number_that_cannot_be_kept_is_in_doubt_all_the_same)
{
    meeting_client anew;

    begin_without_room();
    meeting_syn(&m, &a);
    anew = a;
    anew.isn += 1000;
    call_without_room(&anew);
    meeting_syn(&m, &b);
    ck_assert_uint_eq(m.b.n_out, 0);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_WAITING);
    meeting_close(&m);
}
END_TEST

START_TEST(R15_word_of_the_controller_ends_a_dispute_with_somebody_who_was_not_kept)
{
    begin_without_room();
    meeting_syn(&m, &a);
    call_without_room(&rival);
    meeting_syn(&m, &b);
    ck_assert_uint_eq(m.b.n_out, 0);
    modify(24);
    ck_assert_uint_eq(m.b.n_out, 2);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_ANSWERED);
    meeting_close(&m);
}
END_TEST

int main(void)
{
    return CHECK_MAIN("rendezvous_disputes",
                      R05_rival_that_never_had_the_termination_gives_up_and_both_are_joined,
                      R05_dispute_of_a_session_that_waits_ends_with_the_rival,
                      R15_rival_that_cannot_be_kept_opens_a_dispute_all_the_same,
                      R15_number_that_cannot_be_kept_is_in_doubt_all_the_same,
                      R15_word_of_the_controller_ends_a_dispute_with_somebody_who_was_not_kept);
}
