/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of a connection and the next one on the same ports (V12, V18, rule R3). */
#include "bed.h"
#include "check_main.h"

static bed b;
static mpconn_tuple t;
static bed_conn c;

static void settle(void)
{
    t = bed_tuple(4, 1, 40000);
    c = bed_conn_of(&t, 0x1000, 0x90000000);
    bed_open_default(&b);
    bed_settle(&b, &c);
}

static void pass(unsigned from, unsigned flags, uint32_t seq, uint32_t ack)
{
    bed_segment seg = bed_data(&c, from, seq, ack, 0);

    seg.s.flags = (uint16_t)flags;
    bed_in(&b, from, &seg);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_FORWARD);
}

static unsigned state_now(void)
{
    mpconn_flow_cursor cursor = {0};
    mpconn_flow f;

    MPCONN_STRUCT_INIT(&f);
    ck_assert_int_eq(mpconn_engine_flow_next(b.eng, &cursor, &f), MPCONN_OK);
    return f.state;
}

static void close_both(void)
{
    pass(MPCONN_SIDE_CLIENT, MPCI_TCP_FIN | MPCI_TCP_ACK, 1, 1);
    pass(MPCONN_SIDE_SERVER, MPCI_TCP_FIN | MPCI_TCP_ACK, 1, 2);
    pass(MPCONN_SIDE_CLIENT, MPCI_TCP_ACK, 2, 2);
}

START_TEST(V18_two_fins_close_the_flow)
{
    settle();
    pass(MPCONN_SIDE_CLIENT, MPCI_TCP_FIN | MPCI_TCP_ACK, 1, 1);
    ck_assert_uint_eq(state_now(), MPCONN_FLOW_OPEN);
    pass(MPCONN_SIDE_SERVER, MPCI_TCP_ACK, 1, 2);
    ck_assert_uint_eq(state_now(), MPCONN_FLOW_CLIENT_DONE);
    pass(MPCONN_SIDE_SERVER, MPCI_TCP_FIN | MPCI_TCP_ACK, 1, 2);
    pass(MPCONN_SIDE_CLIENT, MPCI_TCP_ACK, 2, 2);
    ck_assert_uint_eq(state_now(), MPCONN_FLOW_CLOSED);
    bed_pass(&b, 300 * MPCONN_SECOND);
    ck_assert_uint_eq(b.events[b.n_events - 1].type, MPCONN_EVENT_ENDED);
    bed_close(&b);
}
END_TEST

START_TEST(R11_reset_away_from_the_next_number_ends_nothing)
{
    settle();
    pass(MPCONN_SIDE_CLIENT, MPCI_TCP_RST | MPCI_TCP_ACK, 2, 1);
    ck_assert_uint_eq(state_now(), MPCONN_FLOW_OPEN);
    pass(MPCONN_SIDE_SERVER, MPCI_TCP_RST | MPCI_TCP_ACK, 0, 1);
    ck_assert_uint_eq(state_now(), MPCONN_FLOW_OPEN);
    pass(MPCONN_SIDE_CLIENT, MPCI_TCP_RST | MPCI_TCP_ACK, 1, 1);
    ck_assert_uint_eq(state_now(), MPCONN_FLOW_RESET);
    pass(MPCONN_SIDE_SERVER, MPCI_TCP_ACK, 1, 1); /* was on its way */
    ck_assert_uint_eq(state_now(), MPCONN_FLOW_RESET);
    bed_pass(&b, 2 * MPCONN_SECOND);
    pass(MPCONN_SIDE_SERVER, MPCI_TCP_ACK, 1, 1); /* it did not believe it */
    ck_assert_uint_eq(state_now(), MPCONN_FLOW_OPEN);
    bed_close(&b);
}
END_TEST

/* While data flows an abort crosses what the other side has on its way; only its sender takes it
 * back at once. */
static void abort_while_data_flows(unsigned aborter)
{
    settle();
    pass(aborter, MPCI_TCP_RST | MPCI_TCP_ACK, 1, 1);
    for (unsigned i = 0; i < 5; i++) {
        bed_pass(&b, 900 * MPCONN_MILLISECOND);
        pass(aborter ^ 1, MPCI_TCP_ACK | (i == 4 ? MPCI_TCP_FIN : 0), 1, 1);
        ck_assert_uint_eq(state_now(), MPCONN_FLOW_RESET);
    }
    pass(aborter, MPCI_TCP_ACK, 1, 1);
    ck_assert_uint_eq(state_now(), MPCONN_FLOW_OPEN);
    bed_close(&b);
}

START_TEST(R11_reset_outlives_what_crosses_it)
{
    abort_while_data_flows(MPCONN_SIDE_CLIENT);
    abort_while_data_flows(MPCONN_SIDE_SERVER);
}
END_TEST

START_TEST(V12_new_number_after_close_is_a_new_incarnation)
{
    bed_conn next;
    mpconn_flow_cursor cursor = {0};
    mpconn_flow f;

    settle();
    close_both();
    next = bed_conn_of(&t, c.x + 77777, 0x1234);
    bed_settle(&b, &next);
    MPCONN_STRUCT_INIT(&f);
    ck_assert_int_eq(mpconn_engine_flow_next(b.eng, &cursor, &f), MPCONN_OK);
    ck_assert_uint_eq(f.delta.client_isn, next.x);
    ck_assert_uint_eq(f.delta.generation, 2);
    ck_assert_uint_eq(f.delta.seq[MPCONN_SIDE_SERVER], next.z - next.y);
    ck_assert_int_eq(mpconn_engine_flow_next(b.eng, &cursor, &f), MPCONN_ERR_NOTFOUND);
    ck_assert_uint_eq(mpconn_engine_count(b.eng, MPCONN_REASON_FLOW_REPLACED), 1);
    c = next;
    pass(MPCONN_SIDE_CLIENT, MPCI_TCP_ACK, 1, 1);
    bed_close(&b);
}
END_TEST

/* Without an entry for the SYN (a flood is on) the cookie alone must tell the two apart. */
START_TEST(V12_new_incarnation_is_told_from_the_old_by_its_cookie)
{
    bed_conn next;

    settle();
    close_both();
    next = bed_conn_of(&t, c.x + 77777, 0x1234);
    bed_syn(&b, &next);
    bed_pass(&b, 30 * MPCONN_SECOND); /* the SYN's entry is gone, the closed flow is not */
    b.n_out = 0;
    pass(MPCONN_SIDE_CLIENT, MPCI_TCP_ACK, 2, 2); /* of the old one */
    bed_proof(&b, &next);
    b.n_out = 0;
    bed_syn_ack(&b, &next);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_ANSWERED);
    bed_close(&b);
}
END_TEST

START_TEST(closed_flow_still_carries_its_last_segments_while_the_next_one_begins)
{
    bed_conn next;
    mpci_view v;

    settle();
    close_both();
    next = bed_conn_of(&t, c.x + 77777, 0x1234);
    bed_syn(&b, &next);
    pass(MPCONN_SIDE_SERVER, MPCI_TCP_FIN | MPCI_TCP_ACK, 1, 2); /* repeated by the old server */
    bed_view(&b, &v, NULL);
    ck_assert_uint_eq(v.seq, c.y + 1);
    bed_close(&b);
}
END_TEST

START_TEST(V12b_server_in_time_wait_is_not_heard_by_the_client)
{
    bed_conn next;
    bed_segment seg;

    settle();
    close_both();
    next = bed_conn_of(&t, c.x + 77777, 0x1234);
    bed_syn(&b, &next);
    bed_proof(&b, &next);
    b.n_out = 0;
    seg = bed_data(&c, MPCONN_SIDE_SERVER, 2, 2, 0); /* its ACK for the connection that is over */
    bed_in(&b, MPCONN_SIDE_SERVER, &seg);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_CONSUMED);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_STALE);
    ck_assert_uint_eq(b.n_out, 2);
    ck_assert_uint_eq(bed_take(&b)->view.flags, MPCI_TCP_RST);
    ck_assert_uint_eq(bed_take(&b)->view.flags, MPCI_TCP_SYN);
    bed_close(&b);
}
END_TEST

START_TEST(V12_new_number_in_an_open_flow_is_left_to_the_endpoints)
{
    bed_segment seg;
    mpci_view v;

    settle();
    seg = bed_seg(&t, MPCONN_SIDE_SERVER, MPCI_TCP_SYN, c.x + 99, 0);
    bed_in(&b, MPCONN_SIDE_CLIENT, &seg);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SYN_REPEATED);
    ck_assert_uint_eq(b.pkt.side, MPCONN_SIDE_SERVER);
    bed_view(&b, &v, NULL);
    ck_assert_uint_eq(v.seq, c.x + 99);
    ck_assert_uint_eq(state_now(), MPCONN_FLOW_OPEN);
    pass(MPCONN_SIDE_SERVER, MPCI_TCP_ACK, 1, 1);                  /* challenge */
    pass(MPCONN_SIDE_CLIENT, MPCI_TCP_RST, 1, 0);                  /* the client never had it */
    ck_assert_uint_eq(state_now(), MPCONN_FLOW_RESET);
    bed_in(&b, MPCONN_SIDE_CLIENT, &seg);                          /* and tries again */
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SYN_ANSWERED);
    bed_close(&b);
}
END_TEST

/* A client that forgot its first SYN sends another while the server leg of the first still opens;
 * the commit of the first then comes before the proof of the second. */
START_TEST(V12_proof_of_a_new_number_after_the_commit_of_the_old_is_driven)
{
    bed_conn next;
    const bed_out *o;

    t = bed_tuple(4, 1, 40000);
    c = bed_conn_of(&t, 0x1000, 0x90000000);
    next = bed_conn_of(&t, c.x + 77777, 0x1234);
    bed_open_default(&b);
    bed_syn(&b, &c);
    bed_proof(&b, &c);
    bed_syn(&b, &next);
    bed_syn_ack(&b, &c);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_ANSWERED);
    b.n_out = 0;
    bed_proof(&b, &next);
    o = bed_take(&b);
    ck_assert_uint_eq(o->view.flags, MPCI_TCP_SYN);
    ck_assert_uint_eq(o->view.seq, next.x);
    bed_syn_ack(&b, &next);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_ANSWERED);
    bed_close(&b);
}
END_TEST

START_TEST(R3_dead_number_is_not_driven_again)
{
    bed_segment seg;

    settle();
    close_both();
    seg = bed_seg(&t, MPCONN_SIDE_SERVER, MPCI_TCP_SYN, c.x, 0);
    bed_in(&b, MPCONN_SIDE_CLIENT, &seg);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SYN_REPEATED);
    ck_assert_uint_eq(b.n_out, 0);
    /* A late copy of the proof: the old flow's, whatever its cookie says (V21). */
    pass(MPCONN_SIDE_CLIENT, MPCI_TCP_ACK, 1, 1);
    ck_assert_uint_eq(b.n_out, 0);
    bed_close(&b);
}
END_TEST

int main(void)
{
    return CHECK_MAIN("split_reuse", V18_two_fins_close_the_flow,
                      R11_reset_away_from_the_next_number_ends_nothing,
                      R11_reset_outlives_what_crosses_it,
                      V12_new_number_after_close_is_a_new_incarnation,
                      V12_new_incarnation_is_told_from_the_old_by_its_cookie,
                      closed_flow_still_carries_its_last_segments_while_the_next_one_begins,
                      V12b_server_in_time_wait_is_not_heard_by_the_client,
                      V12_new_number_in_an_open_flow_is_left_to_the_endpoints,
                      V12_proof_of_a_new_number_after_the_commit_of_the_old_is_driven,
                      R3_dead_number_is_not_driven_again);
}
