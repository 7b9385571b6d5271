/* SPDX-License-Identifier: BSD-2-Clause */
/* A client begins anew on a tuple whose settled flow does not look over. */
#include <check.h>

#include "bed.h"
#include "check_main.h"

static bed b;

static uint64_t count(unsigned reason)
{
    return mpconn_engine_count(b.eng, reason);
}

/* A bare segment between the endpoints of a connection, as the sender's own leg shows it. */
static void send_bare(const bed_conn *c, unsigned from, unsigned flags, uint32_t seq, uint32_t ack)
{
    bed_segment seg = bed_seg(&c->tuple, from ^ 1, flags, seq, ack);

    seg.s.window = 500;
    bed_in(&b, from, &seg);
}

/* Met between two kernels: the client aborts and begins anew at once, while a FIN of the server is
 * still on its way. The FIN revives the old flow (rule R11) after the new SYN was answered; the
 * client's proof of the new number must not be carried as a segment of the old flow, whose server
 * would answer it with a RST. */
START_TEST(V12_proof_of_next_incarnation_is_not_of_the_flow_a_late_segment_revived)
{
    mpconn_tuple t = bed_tuple(_i ? 6 : 4, 1, 40000);
    bed_conn old = bed_conn_of(&t, 0x11111111, 0x10);
    bed_conn next = bed_conn_of(&t, old.x + 8000, 0x20002000); /* inside the old flow's window */
    const bed_out *out;

    bed_open_default(&b);
    bed_settle(&b, &old);
    send_bare(&old, MPCONN_SIDE_CLIENT, MPCI_TCP_RST | MPCI_TCP_ACK, old.x + 1, old.y + 1);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_TRANSLATED);
    bed_syn(&b, &next);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SYN_ANSWERED);
    send_bare(&old, MPCONN_SIDE_SERVER, MPCI_TCP_FIN | MPCI_TCP_ACK, old.z + 1, old.x + 1);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_TRANSLATED);

    bed_proof(&b, &next);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_CLIENT_PROVED);
    out = bed_take(&b);
    ck_assert_uint_eq(out->view.flags, MPCI_TCP_SYN);
    ck_assert_uint_eq(out->view.seq, next.x);

    /* What the server still says of the old one answers our SYN, and is not for the client. */
    send_bare(&old, MPCONN_SIDE_SERVER, MPCI_TCP_ACK, old.z + 2, old.x + 1);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_CONSUMED);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_STALE);
    out = bed_take(&b);
    ck_assert_uint_eq(out->view.flags, MPCI_TCP_RST);
    ck_assert_uint_eq(out->view.seq, old.x + 1);
    ck_assert_uint_eq(bed_take(&b)->view.flags, MPCI_TCP_SYN);

    bed_syn_ack(&b, &next);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_ANSWERED);
    ck_assert_uint_eq(count(MPCONN_REASON_FLOW_REPLACED), 1);
    bed_close(&b);
}
END_TEST

/* The proof of the flow's own number, late or again, stays with the flow. */
START_TEST(V2_proof_of_the_same_incarnation_outside_its_window_is_carried)
{
    mpconn_tuple t = bed_tuple(4, 1, 40000);
    bed_conn c = bed_conn_of(&t, 0x11111111, 0x10);
    bed_segment seg;

    bed_open_default(&b);
    bed_settle(&b, &c);
    for (unsigned i = 0; i < 400; i++) { /* on to where its beginning is far outside */
        seg = bed_data(&c, MPCONN_SIDE_SERVER, 1 + i * 1000, 1, 1000);
        bed_in(&b, MPCONN_SIDE_SERVER, &seg);
        seg = bed_data(&c, MPCONN_SIDE_CLIENT, 1, 1001 + i * 1000, 0);
        bed_in(&b, MPCONN_SIDE_CLIENT, &seg);
    }
    seg = bed_seg(&t, MPCONN_SIDE_SERVER, MPCI_TCP_ACK, c.x + 1, c.y + 1);
    seg.s.timestamps = 1;
    seg.s.tsval = c.client_ts + 1;
    seg.s.tsecr = c.proxy_ts;
    bed_in(&b, MPCONN_SIDE_CLIENT, &seg);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_TRANSLATED);
    ck_assert_uint_eq(b.n_out, 0);
    bed_close(&b);
}
END_TEST

/* Both endpoints lost the connection without a word (power, a link that was down), only the member
 * remembers. The client's new SYN is passed on for the server to judge; the server's SYN|ACK shows
 * that it has nothing to challenge with, so the old flow is over and the next SYN is answered. */
START_TEST(V12_server_that_answers_a_passed_syn_ends_the_old_flow)
{
    mpconn_tuple t = bed_tuple(_i ? 6 : 4, 1, 40000);
    bed_conn old = bed_conn_of(&t, 0x11111111, 0x10);
    bed_conn next = bed_conn_of(&t, 0x77777777, 0x20002000);
    const bed_out *out;

    bed_open_default(&b);
    bed_settle(&b, &old);
    bed_pass(&b, 100 * MPCONN_SECOND);
    b.n_out = 0; /* repeats to a client that says nothing */
    send_bare(&next, MPCONN_SIDE_CLIENT, MPCI_TCP_SYN, next.x, 0);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    ck_assert_int_eq(b.pkt.side, MPCONN_SIDE_SERVER);
    send_bare(&next, MPCONN_SIDE_SERVER, MPCI_TCP_SYN | MPCI_TCP_ACK, next.z, next.x + 1);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_CONSUMED);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_STALE);
    out = bed_take(&b);
    ck_assert_uint_eq(out->pkt.side, MPCONN_SIDE_SERVER);
    ck_assert_uint_eq(out->view.flags, MPCI_TCP_RST);
    ck_assert_uint_eq(out->view.seq, next.x + 1);

    bed_settle(&b, &next);
    ck_assert_uint_eq(count(MPCONN_REASON_FLOW_REPLACED), 1);
    bed_close(&b);
}
END_TEST

/* The server's own SYN|ACK again is no sign of that, and neither is one while the flow is new. */
START_TEST(V11_syn_ack_of_the_flow_itself_ends_nothing)
{
    mpconn_tuple t = bed_tuple(4, 1, 40000);
    bed_conn c = bed_conn_of(&t, 0x11111111, 0x10);
    mpconn_flow_cursor cursor = {0};
    mpconn_flow flow;

    bed_open_default(&b);
    bed_settle(&b, &c);
    send_bare(&c, MPCONN_SIDE_SERVER, MPCI_TCP_SYN | MPCI_TCP_ACK, 0x999, c.x + 0x100);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_REPEATED);
    bed_pass(&b, 100 * MPCONN_SECOND);
    b.n_out = 0;
    send_bare(&c, MPCONN_SIDE_SERVER, MPCI_TCP_SYN | MPCI_TCP_ACK, c.z, c.x + 1);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_REPEATED);
    ck_assert_uint_eq(b.n_out, 0);
    MPCONN_STRUCT_INIT(&flow);
    ck_assert_int_eq(mpconn_engine_flow_next(b.eng, &cursor, &flow), MPCONN_OK);
    ck_assert_uint_eq(flow.state, MPCONN_FLOW_OPEN);
    bed_close(&b);
}
END_TEST

/* A forged SYN|ACK needs no number at all, so it must not cost the flow anything: not its time, and
 * not the server's connection by a RST with the right number. */
START_TEST(E15_forged_syn_ack_does_not_shorten_the_life_of_a_flow)
{
    mpconn_tuple t = bed_tuple(4, 1, 40000);
    bed_conn c = bed_conn_of(&t, 0x11111111, 0x10);
    mpconn_flow_cursor cursor = {0};
    mpconn_flow flow;
    bed_segment seg;

    bed_open_default(&b);
    bed_settle(&b, &c);
    seg = bed_data(&c, MPCONN_SIDE_CLIENT, 1, 1, 500);
    bed_in(&b, MPCONN_SIDE_CLIENT, &seg);
    seg = bed_data(&c, MPCONN_SIDE_SERVER, 1, 501, 500);
    bed_in(&b, MPCONN_SIDE_SERVER, &seg);
    send_bare(&c, MPCONN_SIDE_SERVER, MPCI_TCP_SYN | MPCI_TCP_ACK, 0x999, c.x + 501);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_REPEATED);
    ck_assert_uint_eq(b.n_out, 0);
    send_bare(&c, MPCONN_SIDE_SERVER, MPCI_TCP_SYN | MPCI_TCP_ACK, 0x999, 0x777);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_STALE);
    b.n_out = 0;
    bed_pass(&b, 7000 * MPCONN_SECOND);
    MPCONN_STRUCT_INIT(&flow);
    ck_assert_int_eq(mpconn_engine_flow_next(b.eng, &cursor, &flow), MPCONN_OK);
    ck_assert_uint_eq(flow.state, MPCONN_FLOW_OPEN);
    seg = bed_data(&c, MPCONN_SIDE_CLIENT, 501, 501, 10);
    bed_in(&b, MPCONN_SIDE_CLIENT, &seg);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_TRANSLATED);
    seg = bed_seg(&t, MPCONN_SIDE_SERVER, MPCI_TCP_SYN, 0x123456, 0); /* the mark is gone again */
    bed_in(&b, MPCONN_SIDE_CLIENT, &seg);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SYN_REPEATED);
    bed_close(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("next incarnation");
    TCase *tc = tcase_create("next incarnation");

    tcase_add_loop_test(tc, V12_proof_of_next_incarnation_is_not_of_the_flow_a_late_segment_revived,
                        0, 2);
    tcase_add_test(tc, V2_proof_of_the_same_incarnation_outside_its_window_is_carried);
    tcase_add_loop_test(tc, V12_server_that_answers_a_passed_syn_ends_the_old_flow, 0, 2);
    tcase_add_test(tc, V11_syn_ack_of_the_flow_itself_ends_nothing);
    tcase_add_test(tc, E15_forged_syn_ack_does_not_shorten_the_life_of_a_flow);
    suite_add_tcase(s, tc);
    return check_run(s);
}
