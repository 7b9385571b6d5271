/* SPDX-License-Identifier: BSD-2-Clause */
/* Several sources that call one termination: who gets it, and what the controller is told. */
#include "check_main.h"

#include "engine/engine.h"
#include "meeting.h"

static meeting m;
static meeting_client a, b, rival;

static void begin_with(mpconn_session_config *config)
{
    meeting_open(&m, config);
    a = meeting_client_of(&m, 0, 1, 40001);
    b = meeting_client_of(&m, 1, 1, 40002);
    rival = meeting_client_of(&m, 0, 9, 40009);
}

static void begin(void)
{
    mpconn_session_config config;

    meeting_config(&config, MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV4);
    begin_with(&config);
}

/* Clients of termination 0 are 192.0.2.x. */
static void expect(mpconn_session_config *config, unsigned last, unsigned prefix, uint16_t port)
{
    mpconn_termination *t = &config->termination[0];

    memcpy(t->expect.bytes, "\xc0\x00\x02", 3);
    t->expect.bytes[3] = (uint8_t)last;
    t->expect_prefix = (uint8_t)prefix;
    t->expect_port = port;
}

static void begin_expecting(unsigned last, unsigned prefix, uint16_t port)
{
    mpconn_session_config config;

    meeting_config(&config, MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV4);
    expect(&config, last, prefix, port);
    begin_with(&config);
}

START_TEST(R05_two_sources_and_no_word_about_them_answer_nobody)
{
    const mpconn_session_event *ev;

    begin();
    meeting_syn(&m, &a);
    (void)meeting_event(&m, MPCONN_SESSION_EVENT_LATCHED, MPCONN_REASON_SESSION_WAITING);
    meeting_syn(&m, &rival);
    meeting_silent(&m, MPCONN_VERDICT_CONSUMED, MPCONN_REASON_SESSION_CONFLICT);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_CONFLICT);
    ck_assert_uint_eq(meeting_session(&m).candidates[0], 1);
    ev = meeting_event(&m, MPCONN_SESSION_EVENT_CONFLICT, MPCONN_REASON_SESSION_CONFLICT);
    ck_assert_uint_eq(ev->remote_port, 40009);
    ck_assert_uint_eq(ev->termination, 0);
    meeting_syn(&m, &b);
    meeting_silent(&m, MPCONN_VERDICT_CONSUMED, MPCONN_REASON_SESSION_WAITING);
    for (unsigned i = 0; i < 3; i++) {
        meeting_syn(&m, &a);
        meeting_syn(&m, &rival);
        meeting_syn(&m, &b);
    }
    ck_assert_uint_eq(m.b.n_out, 0);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_CONFLICT);
    ck_assert_uint_eq(m.n_events, 1); /* b has its termination; the rest is known */
    meeting_close(&m);
}
END_TEST

START_TEST(R05_word_of_the_controller_decides_at_once)
{
    mpconn_session_config config;

    begin();
    meeting_syn(&m, &rival);
    meeting_syn(&m, &a);
    bed_pass(&m.b, MPCONN_MILLISECOND);
    meeting_syn(&m, &b);
    config = m.config;
    expect(&config, 2, 32, 0);
    ck_assert_int_eq(mpconn_session_modify(m.b.eng, &config, m.b.now), MPCONN_OK);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_ANSWERED);
    (void)meeting_answer(&m, &b, &a);
    (void)meeting_answer(&m, &a, &b);
    meeting_syn(&m, &rival);
    meeting_silent(&m, MPCONN_VERDICT_DROP, MPCONN_REASON_SESSION_STRANGER);
    meeting_ack(&m, &a, &b);
    meeting_ack(&m, &b, &a);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_ESTABLISHED);
    meeting_close(&m);
}
END_TEST

START_TEST(R05_word_that_fits_nobody_waits_for_who_is_meant)
{
    mpconn_session_config config;

    begin();
    meeting_syn(&m, &rival);
    meeting_syn(&m, &a);
    config = m.config;
    expect(&config, 77, 32, 0);
    ck_assert_int_eq(mpconn_session_modify(m.b.eng, &config, m.b.now), MPCONN_OK);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_IDLE);
    ck_assert_uint_eq(meeting_session(&m).candidates[0], 0);
    meeting_close(&m);
}
END_TEST

START_TEST(R05_conflict_ends_when_one_of_them_calls_no_more)
{
    begin();
    meeting_syn(&m, &rival);
    meeting_syn(&m, &a);
    meeting_syn(&m, &b);
    for (unsigned i = 0; i < 4; i++) {
        ck_assert_uint_eq(m.b.n_out, 0);
        bed_pass(&m.b, 1001 * MPCONN_MILLISECOND);
        meeting_syn(&m, &a);
        meeting_syn(&m, &b);
    }
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_ANSWERED);
    (void)bed_take(&m.b);
    (void)bed_take(&m.b);
    meeting_ack(&m, &a, &b);
    meeting_ack(&m, &b, &a);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_ESTABLISHED);
    meeting_close(&m);
}
END_TEST

START_TEST(R21_stranger_before_and_after_the_right_client_gets_nothing)
{
    begin_expecting(2, 32, 0);
    meeting_syn(&m, &rival);
    meeting_silent(&m, MPCONN_VERDICT_DROP, MPCONN_REASON_SESSION_STRANGER);
    meeting_syn(&m, &b);
    meeting_syn(&m, &rival);
    meeting_silent(&m, MPCONN_VERDICT_DROP, MPCONN_REASON_SESSION_STRANGER);
    meeting_syn(&m, &a);
    (void)meeting_answer(&m, &a, &b);
    (void)meeting_answer(&m, &b, &a);
    meeting_send(&m, &rival, MPCI_TCP_ACK, a.isn + 1, b.isn + 1, 10);
    meeting_silent(&m, MPCONN_VERDICT_DROP, MPCONN_REASON_SESSION_STRANGER);
    meeting_ack(&m, &a, &b);
    meeting_ack(&m, &b, &a);
    meeting_send(&m, &rival, MPCI_TCP_ACK, a.isn + 1, b.isn + 1, 10);
    meeting_silent(&m, MPCONN_VERDICT_DROP, MPCONN_REASON_SESSION_STRANGER);
    ck_assert_uint_eq(meeting_session(&m).stats[0].refused, 4);
    ck_assert_uint_eq(meeting_session(&m).candidates[0], 0);
    meeting_carry(&m, &b, &a, 1, 1, 10);
    meeting_close(&m);
}
END_TEST

/* Nobody said who is expected: a third address is a stranger once the pair stands. */
START_TEST(R21_segment_of_a_third_address_is_refused)
{
    begin();
    meeting_join(&m, &a, &b);
    meeting_send(&m, &rival, MPCI_TCP_ACK, a.isn + 1, b.isn + 1, 10);
    meeting_silent(&m, MPCONN_VERDICT_DROP, MPCONN_REASON_SESSION_STRANGER);
    meeting_syn(&m, &rival);
    meeting_silent(&m, MPCONN_VERDICT_DROP, MPCONN_REASON_SESSION_STRANGER);
    meeting_carry(&m, &a, &b, 1, 1, 10);
    meeting_close(&m);
}
END_TEST

START_TEST(expected_prefix_and_port_are_compared_as_far_as_they_go)
{
    static const struct {
        unsigned last, prefix;
        uint16_t port;
        int may;
    } rows[] = {
        {2, 32, 0, 1},  {3, 32, 0, 0},    {3, 31, 0, 1},  {4, 31, 0, 0},
        {99, 24, 0, 1}, {2, 32, 40001, 1}, {2, 32, 4000, 0}, {2, 1, 0, 1},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin_expecting(rows[i].last, rows[i].prefix, rows[i].port);
        meeting_syn(&m, &a);
        ck_assert_msg((meeting_state(&m) == MPCONN_SESSION_WAITING) == rows[i].may, "row %zu", i);
        meeting_close(&m);
    }
}
END_TEST

/* Both may: who calls more often comes first, else who called first. */
START_TEST(of_two_in_the_expected_prefix_who_calls_more_often_is_answered)
{
    begin_expecting(0, 24, 0);
    meeting_syn(&m, &rival);
    for (unsigned i = 0; i < 9; i++) { /* a burst is one call */
        meeting_syn(&m, &a);
        meeting_silent(&m, MPCONN_VERDICT_DROP, MPCONN_REASON_SESSION_STRANGER);
        bed_pass(&m.b, 400 * MPCONN_MILLISECOND);
    }
    ck_assert_uint_eq(meeting_session(&m).remote_port[0], 40009);
    bed_pass(&m.b, 100 * MPCONN_MILLISECOND);
    meeting_syn(&m, &a);
    ck_assert_uint_eq(meeting_session(&m).remote_port[0], 40001);
    ck_assert_uint_eq(meeting_session(&m).candidates[0], 1);
    meeting_syn(&m, &b);
    (void)meeting_answer(&m, &b, &a);
    (void)meeting_answer(&m, &a, &b);
    meeting_close(&m);
}
END_TEST

START_TEST(next_in_the_expected_prefix_follows_who_gave_up)
{
    begin_expecting(0, 24, 0);
    meeting_syn(&m, &rival);
    meeting_syn(&m, &a);
    meeting_send(&m, &rival, MPCI_TCP_RST, rival.isn + 1, 0, 0);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_WAITING);
    ck_assert_uint_eq(meeting_session(&m).remote_port[0], 40001);
    meeting_syn(&m, &b);
    (void)meeting_answer(&m, &b, &a);
    meeting_close(&m);
}
END_TEST

/* The same where neither has the termination: who called before is not worth more for it. */
START_TEST(who_called_more_often_follows_who_gave_up)
{
    meeting_client seldom;

    begin_expecting(0, 24, 0);
    seldom = meeting_client_of(&m, 0, 7, 40007);
    meeting_syn(&m, &rival);
    meeting_syn(&m, &seldom);
    for (unsigned i = 0; i < 5; i++) {
        meeting_syn(&m, &rival);
        meeting_syn(&m, &a);
        bed_pass(&m.b, MPCONN_SECOND);
        if (i == 1)
            meeting_syn(&m, &seldom);
    }
    ck_assert_uint_eq(meeting_session(&m).remote_port[0], 40009);
    ck_assert_uint_eq(meeting_session(&m).candidates[0], 2);
    meeting_send(&m, &rival, MPCI_TCP_RST, rival.isn + 1, 0, 0);
    ck_assert_uint_eq(meeting_session(&m).remote_port[0], 40001);
    meeting_close(&m);
}
END_TEST

/* The controller learns who has it then, and who wanted it. */
START_TEST(host_is_told_who_follows_a_client_that_gave_up)
{
    begin_expecting(0, 24, 0);
    meeting_syn(&m, &rival);
    meeting_syn(&m, &a);
    m.n_events = 0;
    meeting_send(&m, &rival, MPCI_TCP_RST, rival.isn + 1, 0, 0);
    ck_assert_uint_eq(meeting_event(&m, MPCONN_SESSION_EVENT_IDLE,
                                    MPCONN_REASON_SESSION_RESET)->remote_port, 40009);
    ck_assert_uint_eq(meeting_event(&m, MPCONN_SESSION_EVENT_LATCHED,
                                    MPCONN_REASON_SESSION_CONFLICT)->remote_port, 40001);
    ck_assert_uint_eq(m.n_events, 0);
    meeting_close(&m);
}
END_TEST

START_TEST(R21_host_is_told_of_strangers_once_in_each_state)
{
    begin_expecting(2, 32, 0);
    meeting_syn(&m, &a);
    m.n_events = 0;
    for (unsigned i = 0; i < 3; i++)
        meeting_syn(&m, &rival);
    ck_assert_uint_eq(meeting_event(&m, MPCONN_SESSION_EVENT_REFUSED,
                                    MPCONN_REASON_SESSION_STRANGER)->remote_port, 40009);
    ck_assert_uint_eq(m.n_events, 0);
    meeting_syn(&m, &b);
    meeting_ack(&m, &a, &b);
    meeting_ack(&m, &b, &a);
    m.n_events = 0;
    for (unsigned i = 0; i < 3; i++)
        meeting_syn(&m, &rival);
    (void)meeting_event(&m, MPCONN_SESSION_EVENT_REFUSED, MPCONN_REASON_SESSION_STRANGER);
    ck_assert_uint_eq(m.n_events, 0);
    meeting_close(&m);
}
END_TEST

START_TEST(R15_connection_that_stands_has_no_candidates)
{
    begin();
    meeting_join(&m, &a, &b);
    for (unsigned i = 0; i < 5; i++) {
        rival = meeting_client_of(&m, 0, 9, (uint16_t)(50000 + i));
        meeting_syn(&m, &rival);
        meeting_silent(&m, MPCONN_VERDICT_DROP, MPCONN_REASON_SESSION_STRANGER);
    }
    ck_assert_uint_eq(meeting_session(&m).candidates[0], 0);
    ck_assert_uint_eq(meeting_session(&m).stats[0].refused, 5);
    ck_assert(!mpci_sessions_wait(&m.b.eng->rendezvous.sessions)); /* nothing is walked for them */
    (void)meeting_event(&m, MPCONN_SESSION_EVENT_REFUSED, MPCONN_REASON_SESSION_STRANGER);
    ck_assert_uint_eq(m.n_events, 0);
    meeting_close(&m);
}
END_TEST

START_TEST(R15_candidates_beyond_their_number_are_counted_and_nothing_else)
{
    mpconn_session_config config;

    meeting_config(&config, MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV4);
    config.candidates = 2;
    begin_with(&config);
    meeting_syn(&m, &a);
    for (unsigned i = 0; i < 10; i++) {
        rival = meeting_client_of(&m, 0, 9, (uint16_t)(50000 + i));
        meeting_syn(&m, &rival);
        meeting_silent(&m, i < 2 ? MPCONN_VERDICT_CONSUMED : MPCONN_VERDICT_DROP,
                       i < 2 ? MPCONN_REASON_SESSION_CONFLICT : MPCONN_REASON_SESSION_CANDIDATES);
    }
    ck_assert_uint_eq(meeting_session(&m).candidates[0], 2);
    meeting_close(&m);
}
END_TEST

START_TEST(R04_client_that_calls_both_terminations_is_refused)
{
    begin();
    meeting_syn(&m, &a);
    (void)meeting_event(&m, MPCONN_SESSION_EVENT_LATCHED, MPCONN_REASON_SESSION_WAITING);
    b.leg.server = a.leg.client;
    b.leg.server_port = a.leg.client_port;
    meeting_syn(&m, &b);
    meeting_silent(&m, MPCONN_VERDICT_DROP, MPCONN_REASON_SESSION_SELF);
    ck_assert_uint_eq(meeting_event(&m, MPCONN_SESSION_EVENT_REFUSED,
                                    MPCONN_REASON_SESSION_SELF)->termination, 1);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_WAITING);
    b.leg.server_port++; /* two programs of one host are two clients */
    meeting_syn(&m, &b);
    (void)meeting_answer(&m, &b, &a);
    meeting_close(&m);
}
END_TEST

/* R17: the SYN comes from another port than was expected. */
START_TEST(R17_port_that_a_nat_changed_is_not_answered)
{
    begin_expecting(2, 32, 40001);
    a.leg.client_port = 51111;
    meeting_syn(&m, &a);
    meeting_silent(&m, MPCONN_VERDICT_DROP, MPCONN_REASON_SESSION_STRANGER);
    ck_assert_uint_eq(meeting_session(&m).stats[0].refused, 1);
    meeting_close(&m);
}
END_TEST

int main(void)
{
    return CHECK_MAIN("rendezvous_latch", R05_two_sources_and_no_word_about_them_answer_nobody,
                      R05_word_of_the_controller_decides_at_once,
                      R05_word_that_fits_nobody_waits_for_who_is_meant,
                      R05_conflict_ends_when_one_of_them_calls_no_more,
                      R21_stranger_before_and_after_the_right_client_gets_nothing,
                      R21_segment_of_a_third_address_is_refused,
                      expected_prefix_and_port_are_compared_as_far_as_they_go,
                      of_two_in_the_expected_prefix_who_calls_more_often_is_answered,
                      next_in_the_expected_prefix_follows_who_gave_up,
                      who_called_more_often_follows_who_gave_up,
                      host_is_told_who_follows_a_client_that_gave_up,
                      R21_host_is_told_of_strangers_once_in_each_state,
                      R15_connection_that_stands_has_no_candidates,
                      R15_candidates_beyond_their_number_are_counted_and_nothing_else,
                      R04_client_that_calls_both_terminations_is_refused,
                      R17_port_that_a_nat_changed_is_not_answered);
}
