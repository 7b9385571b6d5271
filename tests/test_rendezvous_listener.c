/* SPDX-License-Identifier: BSD-2-Clause */
/* Clients that are there and are not heard: their acknowledgment was lost, or SYNs are rare. */
#include "check_main.h"

#include "meeting.h"

static meeting m;
static meeting_client a, b;

static void begin(void)
{
    meeting_begin(&m, &a, &b);
}

static void speak(void)
{
    meeting_send(&m, &b, MPCI_TCP_ACK, b.isn + 1, a.isn + 1, 100);
    ck_assert_uint_eq(m.b.pkt.verdict, MPCONN_VERDICT_HOLD);
}

/* What it gets makes it acknowledge once more (RFC 9293 3.10.7.4), which nothing else would. */
START_TEST(R13_client_that_only_listens_is_answered_again_twice)
{
    begin();
    meeting_pair(&m, &a, &b);
    meeting_ack(&m, &b, &a);
    speak();
    ck_assert_uint_eq(m.b.n_out, 0); /* its acknowledgment may be on its way */
    bed_pass(&m.b, 250 * MPCONN_MILLISECOND);
    ck_assert_uint_eq(m.b.n_out, 0); /* none by the clock */
    speak();
    (void)meeting_answer(&m, &a, &b);
    speak();
    ck_assert_uint_eq(m.b.n_out, 0);
    bed_pass(&m.b, MPCONN_SECOND);
    speak();
    (void)meeting_answer(&m, &a, &b);
    bed_pass(&m.b, 5 * MPCONN_SECOND);
    speak();
    ck_assert_uint_eq(m.b.n_out, 0);
    meeting_ack(&m, &a, &b);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_ESTABLISHED);
    meeting_close(&m);
}
END_TEST

/* Its SYNs are 6 s apart, and it lost the first answer: it is waited for, and no longer. */
START_TEST(client_that_still_calls_is_not_given_up)
{
    for (unsigned comes = 0; comes < 2; comes++) {
        begin();
        meeting_syn(&m, &a);
        bed_pass(&m.b, 3 * MPCONN_SECOND);
        meeting_syn(&m, &a);
        bed_pass(&m.b, 6 * MPCONN_SECOND);
        meeting_syn(&m, &a);
        meeting_syn(&m, &b);
        (void)meeting_answer(&m, &b, &a);
        (void)meeting_answer(&m, &a, &b);
        meeting_ack(&m, &b, &a);
        bed_pass(&m.b, 12 * MPCONN_SECOND);
        ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_HALF);
        if (comes) {
            meeting_syn(&m, &a);
            (void)meeting_answer(&m, &a, &b);
            meeting_ack(&m, &a, &b);
        } else {
            bed_pass(&m.b, 4 * MPCONN_SECOND);
        }
        ck_assert_uint_eq(meeting_state(&m),
                          comes ? MPCONN_SESSION_ESTABLISHED : MPCONN_SESSION_CLOSING);
        meeting_close(&m);
    }
}
END_TEST

/* --- the limit of all sessions --- */

enum { SESSIONS = 100, LIMIT = 64 };

static void open_many(void)
{
    mpconn_engine_config cfg;
    mpconn_callbacks cb;

    memset(&m, 0, sizeof m);
    bed_config(&cfg, &cb);
    cfg.max_sessions = SESSIONS;
    bed_open(&m.b, &cfg, &cb);
    meeting_config(&m.config, MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV4);
}

static void choose_session(unsigned i)
{
    memcpy(m.config.name, (char[]){'s', (char)('a' + i / 26), (char)('a' + i % 26), '\0'}, 4);
    m.config.termination[0].local_port = (uint16_t)(6000 + 2 * i);
    m.config.termination[1].local_port = (uint16_t)(6001 + 2 * i);
    a = meeting_client_of(&m, 0, 1, 40001);
    b = meeting_client_of(&m, 1, 1, 40002);
}

/* Each second client has acknowledged, and each first one only listens. */
static void pair_many(void)
{
    for (unsigned i = 0; i < SESSIONS; i++) {
        choose_session(i);
        ck_assert_int_eq(mpconn_session_add(m.b.eng, &m.config, m.b.now), MPCONN_OK);
        meeting_pair(&m, &a, &b);
        meeting_ack(&m, &b, &a);
    }
}

static unsigned answers_when_all_speak(void)
{
    unsigned n = 0;

    for (unsigned i = 0; i < SESSIONS; i++) {
        choose_session(i);
        meeting_ack(&m, &b, &a);
        for (; m.b.n_out > 0; n++)
            (void)meeting_answer(&m, &a, &b);
    }
    return n;
}

START_TEST(R13_clients_that_only_listen_are_answered_again_so_often_in_a_second)
{
    open_many();
    pair_many();
    bed_pass(&m.b, 250 * MPCONN_MILLISECOND);
    ck_assert_uint_eq(answers_when_all_speak(), LIMIT);
    bed_pass(&m.b, 700 * MPCONN_MILLISECOND);
    ck_assert_uint_eq(answers_when_all_speak(), 0);
    bed_pass(&m.b, 300 * MPCONN_MILLISECOND);
    ck_assert_uint_eq(answers_when_all_speak(), LIMIT);
    bed_close(&m.b);
}
END_TEST

int main(void)
{
    return CHECK_MAIN("rendezvous_listener",
                      R13_client_that_only_listens_is_answered_again_twice,
                      client_that_still_calls_is_not_given_up,
                      R13_clients_that_only_listen_are_answered_again_so_often_in_a_second);
}
