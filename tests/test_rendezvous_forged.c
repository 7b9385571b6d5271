/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets that somebody else may have sent in a client's name, and what they must not lead to. */
#include "check_main.h"

#include "icmp_about.h"
#include "meeting.h"

enum { ACK = MPCI_TCP_ACK, RST = MPCI_TCP_RST };

static meeting m;
static meeting_client a, b;

static void begin(void)
{
    meeting_begin(&m, &a, &b);
}

/* What a passed is lost beyond us: no word of ours may say that b has it. */
START_TEST(R03_forged_syn_acknowledges_nothing_in_the_name_of_the_other_client)
{
    meeting_client forged;

    begin();
    meeting_join(&m, &a, &b);
    meeting_carry(&m, &a, &b, 1, 1, 100);
    forged = a;
    forged.isn += 1000000;
    meeting_syn(&m, &forged);
    meeting_silent(&m, MPCONN_VERDICT_DROP, MPCONN_REASON_SESSION_SYN_LATE);
    meeting_carry(&m, &a, &b, 1, 1, 100);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_ESTABLISHED);
    meeting_close(&m);
}
END_TEST

START_TEST(R04_syn_of_a_termination_to_a_termination_is_refused)
{
    begin();
    a.leg.client = m.config.termination[1].local;
    a.leg.client_port = m.config.termination[1].local_port;
    meeting_syn(&m, &a);
    meeting_silent(&m, MPCONN_VERDICT_DROP, MPCONN_REASON_SESSION_SELF);
    b.leg.server = m.config.termination[0].local;
    b.leg.server_port = m.config.termination[0].local_port;
    meeting_syn(&m, &b);
    meeting_silent(&m, MPCONN_VERDICT_DROP, MPCONN_REASON_SESSION_SELF);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_IDLE);
    a.leg.client_port++; /* a program of this host, on a port that is no termination */
    meeting_syn(&m, &a);
    meeting_silent(&m, MPCONN_VERDICT_CONSUMED, MPCONN_REASON_SESSION_WAITING);
    meeting_close(&m);
}
END_TEST

/* The other client's word becomes a termination's when that is made: what was stored is refused. */
START_TEST(R04_session_that_makes_a_client_a_termination_joins_nothing_to_itself)
{
    mpconn_session_config config;

    begin();
    a.leg.client = m.config.termination[1].local;
    a.leg.client_port = 6001;
    meeting_syn(&m, &a);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_WAITING);
    config = m.config;
    memcpy(config.name, "other", 6);
    config.termination[0].local = m.config.termination[1].local;
    config.termination[0].local_port = 6001;
    config.termination[1].local_port = 6002;
    ck_assert_int_eq(mpconn_session_add(m.b.eng, &config, m.b.now), MPCONN_OK);
    meeting_syn(&m, &a);
    meeting_silent(&m, MPCONN_VERDICT_DROP, MPCONN_REASON_SESSION_SELF);
    meeting_close(&m);
}
END_TEST

/* A router complains about a segment of `from`, to its termination. */
static void complain(const meeting_client *from, const meeting_client *to)
{
    bed_segment seg = bed_seg(&to->leg, to->side, ACK, from->isn + 1, to->isn + 1);
    icmp_about e = icmp_about_segment(&seg, 3, 1, 500);

    bed_bytes(&m.b, to->side, e.bytes, e.len, NULL, NULL);
}

START_TEST(R13_icmp_error_does_not_reach_a_client_that_has_not_acknowledged)
{
    begin();
    meeting_pair(&m, &a, &b);
    complain(&a, &b);
    meeting_silent(&m, MPCONN_VERDICT_DROP, MPCONN_REASON_SESSION_EARLY);
    meeting_ack(&m, &b, &a);
    complain(&a, &b);
    meeting_silent(&m, MPCONN_VERDICT_DROP, MPCONN_REASON_SESSION_EARLY);
    meeting_ack(&m, &a, &b);
    meeting_carry(&m, &a, &b, 1, 1, 100);
    complain(&a, &b);
    ck_assert_uint_eq(m.b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    meeting_close(&m);
}
END_TEST

/* Who resets in the name of a client that never acknowledged is not relayed for, and whoever goes
 * on afterwards speaks to us alone. */
START_TEST(R13_nothing_reaches_a_client_that_reset_and_never_acknowledged)
{
    begin();
    meeting_pair(&m, &a, &b);
    meeting_ack(&m, &b, &a);
    meeting_send(&m, &a, RST, a.isn + 1, 0, 0);
    ck_assert_uint_eq(m.b.pkt.verdict, MPCONN_VERDICT_CONSUMED);
    meeting_reset(&m, &b, a.isn + 1, b.isn + 1);
    meeting_send(&m, &b, ACK, b.isn + 1, a.isn + 1, 100);
    ck_assert_uint_eq(m.b.pkt.verdict, MPCONN_VERDICT_DROP);
    (void)bed_take(&m.b); /* told again, as it goes on */
    complain(&a, &b);
    meeting_silent(&m, MPCONN_VERDICT_DROP, MPCONN_REASON_DEAD_FLOW);
    meeting_close(&m);
}
END_TEST

/* A RST that was exact here and was not where it went: its connection goes on. */
static void revive(void)
{
    begin();
    meeting_join(&m, &a, &b);
    meeting_send(&m, &a, RST, a.isn + 1, 0, 0);
    (void)meeting_event(&m, MPCONN_SESSION_EVENT_CLOSED, MPCONN_REASON_FLOW_RESET);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_CLOSING);
    meeting_carry(&m, &a, &b, 1, 1, 100);
    meeting_carry(&m, &b, &a, 1, 101, 100);
}

START_TEST(R14_client_that_goes_on_after_a_reset_is_established_again)
{
    revive();
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_ESTABLISHED);
    (void)meeting_event(&m, MPCONN_SESSION_EVENT_ESTABLISHED, MPCONN_REASON_NONE);
    meeting_syn(&m, &a);
    meeting_silent(&m, MPCONN_VERDICT_DROP, MPCONN_REASON_SESSION_SYN_LATE);
    meeting_carry(&m, &a, &b, 101, 101, 100);
    meeting_close(&m);
}
END_TEST

START_TEST(R14_removal_ends_a_connection_that_went_on_after_a_reset)
{
    revive();
    ck_assert_int_eq(mpconn_session_remove(m.b.eng, "m", m.b.now), MPCONN_OK);
    meeting_reset(&m, &a, b.isn + 101, a.isn + 101);
    meeting_reset(&m, &b, a.isn + 101, b.isn + 101);
    meeting_close(&m);
}
END_TEST

int main(void)
{
    return CHECK_MAIN("rendezvous_forged",
                      R03_forged_syn_acknowledges_nothing_in_the_name_of_the_other_client,
                      R04_syn_of_a_termination_to_a_termination_is_refused,
                      R04_session_that_makes_a_client_a_termination_joins_nothing_to_itself,
                      R13_icmp_error_does_not_reach_a_client_that_has_not_acknowledged,
                      R13_nothing_reaches_a_client_that_reset_and_never_acknowledged,
                      R14_client_that_goes_on_after_a_reset_is_established_again,
                      R14_removal_ends_a_connection_that_went_on_after_a_reset);
}
