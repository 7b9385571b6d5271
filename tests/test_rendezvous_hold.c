/* SPDX-License-Identifier: BSD-2-Clause */
/* Data for a client that has not acknowledged yet: how long it waits, and whose it is then. */
#include "check_main.h"

#include "meeting.h"

static meeting m;
static meeting_client a, b;

static void begin(void)
{
    meeting_begin(&m, &a, &b);
    meeting_pair(&m, &a, &b);
}

static void speak(void)
{
    meeting_send(&m, &b, MPCI_TCP_ACK, b.isn + 1, a.isn + 1, 100);
    meeting_silent(&m, MPCONN_VERDICT_HOLD, MPCONN_REASON_HELD);
}

START_TEST(held_packet_goes_on_with_the_number_of_its_flow)
{
    uint8_t bytes[BED_ROOM];
    uint64_t flow;
    mpconn_pkt held;

    begin();
    flow = meeting_session(&m).flow;
    speak();
    held = m.b.pkt;
    held.data = memcpy(bytes, m.b.bytes, sizeof bytes);
    held.side = MPCONN_SIDE_SERVER;
    meeting_ack(&m, &a, &b);
    ck_assert_uint_eq(m.b.n_released, 1);
    bed_in_again(&m.b, &held);
    ck_assert_uint_eq(held.verdict, MPCONN_VERDICT_FORWARD);
    ck_assert_uint_eq(held.flow, flow);
    meeting_close(&m);
}
END_TEST

START_TEST(held_packet_that_comes_again_too_late_has_no_number)
{
    uint8_t bytes[BED_ROOM];
    mpconn_pkt held;

    begin();
    speak();
    held = m.b.pkt;
    held.data = memcpy(bytes, m.b.bytes, sizeof bytes);
    held.side = MPCONN_SIDE_SERVER;
    bed_in_again(&m.b, &held); /* still for nobody */
    ck_assert_uint_eq(held.verdict, MPCONN_VERDICT_DROP);
    ck_assert_uint_eq(held.flow, 0);
    meeting_close(&m);
}
END_TEST

/* A client that says something late is held for as long as one that does so at once. */
START_TEST(age_of_what_is_held_counts_from_when_it_came)
{
    begin();
    meeting_ack(&m, &b, &a);
    bed_pass(&m.b, 5 * MPCONN_SECOND);
    meeting_send(&m, &b, MPCI_TCP_ACK, b.isn + 1, a.isn + 1, 100);
    ck_assert_uint_eq(m.b.pkt.verdict, MPCONN_VERDICT_HOLD);
    bed_pass(&m.b, 1800 * MPCONN_MILLISECOND);
    ck_assert_uint_eq(m.b.n_released, 0);
    bed_pass(&m.b, 1500 * MPCONN_MILLISECOND);
    ck_assert_uint_eq(m.b.n_released, 1);
    ck_assert_uint_eq(m.b.release_reason, MPCONN_REASON_HOLD_EXPIRED);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_HALF);
    meeting_close(&m);
}
END_TEST

/* The host may have yet to read the verdicts of the call that released them. */
START_TEST(number_given_back_holds_nothing_more_in_the_same_call)
{
    begin();
    meeting_ack(&m, &b, &a);
    speak();
    m.b.now += 3 * MPCONN_SECOND;
    meeting_send(&m, &b, MPCI_TCP_ACK, b.isn + 1, a.isn + 1, 100);
    ck_assert_uint_eq(m.b.n_released, 1);
    ck_assert_uint_eq(m.b.pkt.verdict, MPCONN_VERDICT_DROP);
    ck_assert_uint_eq(m.b.pkt.reason, MPCONN_REASON_HOLD_EXPIRED);
    m.b.now += MPCONN_MILLISECOND;
    meeting_send(&m, &b, MPCI_TCP_ACK, b.isn + 1, a.isn + 1, 100);
    ck_assert_uint_eq(m.b.pkt.verdict, MPCONN_VERDICT_HOLD);
    meeting_close(&m);
}
END_TEST

int main(void)
{
    return CHECK_MAIN("rendezvous_hold", held_packet_goes_on_with_the_number_of_its_flow,
                      held_packet_that_comes_again_too_late_has_no_number,
                      age_of_what_is_held_counts_from_when_it_came,
                      number_given_back_holds_nothing_more_in_the_same_call);
}
