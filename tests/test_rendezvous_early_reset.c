/* SPDX-License-Identifier: BSD-2-Clause */
/* A client that has acknowledged, goes on to send, and gives up before the other one is there. */
#include "check_main.h"

#include "meeting.h"

static meeting m;
static meeting_client a, b;

/* 100 bytes and a FIN of the second client are held. */
static void begin(void)
{
    meeting_begin(&m, &a, &b);
    meeting_pair(&m, &a, &b);
    meeting_send(&m, &b, MPCI_TCP_ACK, b.isn + 1, a.isn + 1, 60);
    ck_assert_uint_eq(m.b.pkt.verdict, MPCONN_VERDICT_HOLD);
    meeting_send(&m, &b, MPCI_TCP_ACK | MPCI_TCP_FIN, b.isn + 61, a.isn + 1, 40);
    ck_assert_uint_eq(m.b.pkt.verdict, MPCONN_VERDICT_HOLD);
    m.n_events = 0;
}

/* The other one has got nothing of that, so its RST has the number before it. */
START_TEST(R14_reset_behind_early_data_is_exact)
{
    const bed_out *o;

    begin();
    meeting_send(&m, &b, MPCI_TCP_RST | MPCI_TCP_ACK, b.isn + 102, a.isn + 1, 0);
    meeting_silent(&m, MPCONN_VERDICT_CONSUMED, MPCONN_REASON_SESSION_RESET);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_CLOSING);
    (void)meeting_event(&m, MPCONN_SESSION_EVENT_CLOSED, MPCONN_REASON_SESSION_RESET);
    meeting_ack(&m, &a, &b);
    o = bed_take(&m.b);
    meeting_leads_to(&a, &o->view);
    ck_assert_uint_eq(o->view.flags, MPCI_TCP_RST);
    ck_assert_uint_eq(o->view.seq, b.isn + 1);
    meeting_close(&m);
}
END_TEST

/* Its answer to a segment that it takes for a stray one. */
START_TEST(R14_reset_before_early_data_is_exact)
{
    begin();
    meeting_send(&m, &b, MPCI_TCP_RST, b.isn + 1, 0, 0);
    meeting_silent(&m, MPCONN_VERDICT_CONSUMED, MPCONN_REASON_SESSION_RESET);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_CLOSING);
    meeting_close(&m);
}
END_TEST

/* What fits no window that it was told moves nothing either. */
START_TEST(R14_reset_elsewhere_is_not_exact)
{
    static const uint32_t wrong[] = {0, 2, 61, 101, 103, 64002};

    begin();
    meeting_send(&m, &b, MPCI_TCP_ACK, b.isn + 64000, a.isn + 1, 2);
    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        meeting_send(&m, &b, MPCI_TCP_RST, b.isn + wrong[i], 0, 0);
        meeting_silent(&m, MPCONN_VERDICT_DROP, MPCONN_REASON_SESSION_MISFIT);
    }
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_HALF);
    meeting_close(&m);
}
END_TEST

int main(void)
{
    return CHECK_MAIN("rendezvous_early_reset", R14_reset_behind_early_data_is_exact,
                      R14_reset_before_early_data_is_exact, R14_reset_elsewhere_is_not_exact);
}
