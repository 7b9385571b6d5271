/* SPDX-License-Identifier: BSD-2-Clause */
/* When sessions that wait are looked at next: a function of the packets and their times, not of how
 * many of them a call has. */
#include "check_main.h"

#include "meeting.h"

static meeting m;
static meeting_client a, b, later;

/* One session is about to be ESTABLISHED, and nothing else waits; another one is there. */
static void begin(void)
{
    mpconn_session_config other;

    meeting_open_default(&m);
    a = meeting_client_of(&m, 0, 1, 40001);
    b = meeting_client_of(&m, 1, 1, 40002);
    other = m.config;
    memcpy(other.name, "n", 2);
    other.termination[0].local_port = 6001;
    other.termination[1].local_port = 6002;
    ck_assert_int_eq(mpconn_session_add(m.b.eng, &other, m.b.now), MPCONN_OK);
    later = meeting_client_of(&m, 0, 2, 40003);
    later.leg.server_port = 6001;
    meeting_pair(&m, &a, &b);
    meeting_ack(&m, &b, &a);
    m.b.now += 40 * MPCONN_MILLISECOND;
}

static mpconn_pkt packet_of(uint8_t bytes[MPCI_BUILD_MAX], const meeting_client *from,
                            const bed_segment *seg)
{
    mpconn_pkt pkt = {.data = bytes, .cap = MPCI_BUILD_MAX, .side = (uint8_t)from->side};

    pkt.len = (uint32_t)mpci_build_tcp(bytes, MPCI_BUILD_MAX, &seg->s);
    return pkt;
}

/* The last acknowledgment of one session, then the first SYN of another: in so many calls. How long
 * it takes until the SYN is forgotten, in milliseconds. */
static unsigned time_to_forget(unsigned calls)
{
    uint8_t bytes[2][MPCI_BUILD_MAX];
    bed_segment ack, syn;
    mpconn_pkt pkts[2], *list[2] = {&pkts[0], &pkts[1]};
    unsigned ms = 0;

    begin();
    ack = bed_seg(&a.leg, MPCONN_SIDE_SERVER, MPCI_TCP_ACK, a.isn + 1, b.isn + 1);
    pkts[0] = packet_of(bytes[0], &a, &ack);
    syn = meeting_syn_of(&later);
    pkts[1] = packet_of(bytes[1], &later, &syn);
    for (unsigned i = 0; i < calls; i++)
        ck_assert_int_eq(mpconn_engine_input(m.b.eng, &list[i], 2 / calls, m.b.now), MPCONN_OK);
    ck_assert_uint_eq(pkts[0].verdict, MPCONN_VERDICT_FORWARD);
    ck_assert_uint_eq(pkts[1].reason, MPCONN_REASON_SESSION_WAITING);
    while (mpconn_engine_count(m.b.eng, MPCONN_REASON_SESSION_STALE) == 0 && ms++ < 10000)
        bed_pass(&m.b, MPCONN_MILLISECOND);
    meeting_close(&m);
    return ms;
}

START_TEST(session_is_looked_at_at_the_same_time_however_packets_are_grouped)
{
    ck_assert_uint_eq(time_to_forget(1), time_to_forget(2));
}
END_TEST

/* A round is a second. */
START_TEST(call_that_is_too_old_is_forgotten_in_time)
{
    begin();
    meeting_ack(&m, &a, &b);
    meeting_syn(&m, &later);
    bed_pass(&m.b, 6 * MPCONN_SECOND); /* a call counts for four */
    ck_assert_uint_eq(mpconn_engine_count(m.b.eng, MPCONN_REASON_SESSION_STALE), 1);
    meeting_close(&m);
}
END_TEST

int main(void)
{
    return CHECK_MAIN("session_sweep",
                      session_is_looked_at_at_the_same_time_however_packets_are_grouped,
                      call_that_is_too_old_is_forgotten_in_time);
}
