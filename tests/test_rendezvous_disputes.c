/* SPDX-License-Identifier: BSD-2-Clause */
/* Terminations that several sources call, once both of a session are called. */
#include "check_main.h"

#include "meeting.h"

static meeting m;
static meeting_client a, b, rival;

static void begin(void)
{
    meeting_open_default(&m);
    a = meeting_client_of(&m, 0, 1, 40001);
    b = meeting_client_of(&m, 1, 1, 40002);
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

int main(void)
{
    return CHECK_MAIN("rendezvous_disputes",
                      R05_rival_that_never_had_the_termination_gives_up_and_both_are_joined,
                      R05_dispute_of_a_session_that_waits_ends_with_the_rival);
}
