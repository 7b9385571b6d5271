/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the commit and the first word of both endpoints (rules R1c and R1d, V11, V15). */
#include "bed.h"
#include "check_main.h"

static bed b;
static mpconn_tuple t;
static bed_conn c;

static void commit(void)
{
    t = bed_tuple(4, 1, 40000);
    c = bed_conn_of(&t, 0x7fffffff, 0xfffffffe);
    bed_open_default(&b);
    bed_settle(&b, &c);
}

static void data_from(unsigned side, uint32_t payload)
{
    bed_segment seg = bed_data(&c, side, 1, 1, payload);

    bed_in(&b, side, &seg);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_TRANSLATED);
}

static unsigned count_to(unsigned side)
{
    unsigned n = 0;

    while (b.n_out > 0)
        n += bed_take(&b)->pkt.side == side;
    return n;
}

START_TEST(R1d_final_ack_is_repeated_until_the_server_is_heard)
{
    commit();
    data_from(MPCONN_SIDE_CLIENT, 10);
    bed_pass(&b, MPCONN_SECOND);
    ck_assert_uint_eq(b.n_out, 1);
    ck_assert_uint_eq(bed_take(&b)->pkt.side, MPCONN_SIDE_SERVER);
    data_from(MPCONN_SIDE_SERVER, 10);
    bed_pass(&b, 100 * MPCONN_SECOND);
    ck_assert_uint_eq(b.n_out, 0);
    bed_close(&b);
}
END_TEST

START_TEST(R1d_final_ack_goes_out_five_times_at_most)
{
    commit();
    data_from(MPCONN_SIDE_CLIENT, 10);
    bed_pass(&b, 1000 * MPCONN_SECOND);
    ck_assert_uint_eq(count_to(MPCONN_SIDE_SERVER), 4); /* and the first */
    bed_close(&b);
}
END_TEST

START_TEST(R1c_window_update_goes_out_four_times_at_most)
{
    bed_segment seg;

    commit();
    seg = bed_data(&c, MPCONN_SIDE_SERVER, 1, 1, 0);
    seg.s.window = 0; /* heard, but it opens no window */
    bed_in(&b, MPCONN_SIDE_SERVER, &seg);
    bed_pass(&b, 1000 * MPCONN_SECOND);
    ck_assert_uint_eq(count_to(MPCONN_SIDE_CLIENT), 3); /* and the first */
    bed_close(&b);
}
END_TEST

START_TEST(R1c_bare_ack_of_the_client_does_not_stop_the_window_update)
{
    commit();
    data_from(MPCONN_SIDE_CLIENT, 0);
    bed_pass(&b, MPCONN_SECOND);
    ck_assert_uint_eq(count_to(MPCONN_SIDE_CLIENT), 1);
    bed_close(&b);
}
END_TEST

START_TEST(R1c_server_segment_with_a_window_stops_both)
{
    commit();
    data_from(MPCONN_SIDE_SERVER, 0);
    bed_pass(&b, 100 * MPCONN_SECOND);
    ck_assert_uint_eq(b.n_out, 0);
    bed_close(&b);
}
END_TEST

START_TEST(V11_repeated_syn_ack_is_acknowledged_again_and_never_passed)
{
    commit();
    bed_syn_ack(&b, &c);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_CONSUMED);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_REPEATED);
    ck_assert_uint_eq(b.n_out, 1);
    ck_assert_uint_eq(bed_take(&b)->view.ack, c.z + 1);
    data_from(MPCONN_SIDE_SERVER, 10);
    bed_syn_ack(&b, &c); /* both were heard: a copy that was late */
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_CONSUMED);
    ck_assert_uint_eq(b.n_out, 0);
    bed_close(&b);
}
END_TEST

START_TEST(R2_second_number_of_the_server_is_not_taken)
{
    bed_conn second;

    commit();
    second = c;
    second.z += 12448274;
    bed_syn_ack(&b, &second);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_CONSUMED);
    ck_assert_uint_eq(b.n_out, 0);
    ck_assert_uint_eq(b.n_events, 1);
    bed_close(&b);
}
END_TEST

START_TEST(V15_answer_is_repeated_in_peace_and_then_forgotten)
{
    static const unsigned seconds[] = {1, 2, 4};

    t = bed_tuple(4, 1, 40000);
    c = bed_conn_of(&t, 5, 0x1000);
    bed_open_default(&b);
    bed_syn(&b, &c);
    for (unsigned i = 0; i < 3; i++) {
        const bed_out *out;

        bed_pass(&b, seconds[i] * MPCONN_SECOND);
        ck_assert_uint_eq(b.n_out, 1);
        out = bed_take(&b);
        ck_assert_uint_eq(out->view.flags, MPCI_TCP_SYN | MPCI_TCP_ACK);
        ck_assert_uint_eq(out->view.seq, c.y);
        ck_assert_uint_eq(out->view.window, 0);
        ck_assert_uint_eq(out->options.tsval, c.proxy_ts);
        ck_assert_uint_eq(out->options.tsecr, c.client_ts);
    }
    bed_pass(&b, 1000 * MPCONN_SECOND);
    ck_assert_uint_eq(b.n_out, 0);
    ck_assert_uint_eq(b.events[0].reason, MPCONN_REASON_CLIENT_SILENT);
    bed_close(&b);
}
END_TEST

START_TEST(proof_in_the_form_of_a_window_probe_opens_the_server_leg)
{
    bed_segment seg;

    t = bed_tuple(4, 1, 40000);
    c = bed_conn_of(&t, 0, 0x1000);
    c.timestamps = _i & 1;
    bed_open_default(&b);
    bed_syn(&b, &c);
    if (_i & 2)
        bed_pass(&b, 20 * MPCONN_SECOND); /* the entry is gone: the cookie alone */
    b.n_out = 0;
    seg = bed_seg(&t, MPCONN_SIDE_SERVER, MPCI_TCP_ACK, c.x, c.y + 1);
    seg.s.timestamps = c.timestamps;
    seg.s.tsval = c.client_ts + 300;
    seg.s.tsecr = c.proxy_ts;
    bed_in(&b, MPCONN_SIDE_CLIENT, &seg);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_CLIENT_PROVED);
    ck_assert_uint_eq(bed_take(&b)->view.seq, c.x);
    bed_syn_ack(&b, &c);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_ANSWERED);
    ck_assert_uint_eq(b.deltas[b.n_events - 1].seq[MPCONN_SIDE_SERVER], c.z - c.y);
    bed_close(&b);
}
END_TEST

/* The first ACK and a probe with a byte were lost; then the client challenges our repeated SYN|ACK,
 * with a number behind the byte. */
START_TEST(V15_challenge_ack_behind_a_lost_probe_is_a_proof)
{
    bed_segment seg;

    t = bed_tuple(4, 1, 40000);
    c = bed_conn_of(&t, 0xfffffffe, 0x1000);
    c.timestamps = 0;
    bed_open_default(&b);
    bed_syn(&b, &c);
    seg = bed_seg(&t, MPCONN_SIDE_SERVER, MPCI_TCP_ACK, c.x + 0x20000, c.y + 1);
    bed_in(&b, MPCONN_SIDE_CLIENT, &seg);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_COOKIE_REFUSED);
    seg = bed_seg(&t, MPCONN_SIDE_SERVER, MPCI_TCP_ACK, c.x + 2, c.y + 1);
    bed_in(&b, MPCONN_SIDE_CLIENT, &seg);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_CLIENT_PROVED);
    ck_assert_uint_eq(bed_take(&b)->view.seq, c.x);
    bed_close(&b);
}
END_TEST

/* Two ACKs of the client change places. Both SYN and final ACK carry the newer timestamp: a server
 * would drop a final ACK with the older one (RFC 7323 5.3). */
START_TEST(overtaken_proof_does_not_take_the_client_s_clock_back)
{
    bed_segment late;

    t = bed_tuple(4, 1, 40000);
    c = bed_conn_of(&t, 0x1000, 0x90000000);
    bed_open_default(&b);
    bed_syn(&b, &c);
    late = bed_seg(&t, MPCONN_SIDE_SERVER, MPCI_TCP_ACK, c.x + 1, c.y + 1);
    late.s.timestamps = 1;
    late.s.tsval = c.client_ts;
    late.s.tsecr = c.proxy_ts;
    bed_proof(&b, &c);
    ck_assert_uint_eq(bed_take(&b)->options.tsval, c.client_ts + 1);
    bed_in(&b, MPCONN_SIDE_CLIENT, &late);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_CLIENT_WAITS);
    bed_syn_ack(&b, &c);
    ck_assert_uint_eq(bed_take(&b)->view.tsval, c.client_ts + 1);
    bed_close(&b);
}
END_TEST

START_TEST(V1_repeated_syn_gets_the_same_answer)
{
    uint32_t y, ts;

    t = bed_tuple(4, 1, 40000);
    c = bed_conn_of(&t, 5, 0x1000);
    bed_open_default(&b);
    bed_syn(&b, &c);
    y = c.y;
    ts = c.proxy_ts;
    c.client_ts += 1000;
    bed_syn(&b, &c);
    ck_assert_uint_eq(c.y, y);
    ck_assert_uint_eq(c.proxy_ts, ts);
    bed_close(&b);
}
END_TEST

START_TEST(V1_answers_of_two_epochs_are_both_accepted)
{
    bed_conn first;

    t = bed_tuple(4, 1, 40000);
    c = bed_conn_of(&t, 5, 0x1000);
    bed_open_default(&b);
    bed_syn(&b, &c);
    first = c;
    bed_pass(&b, 64 * MPCONN_SECOND);
    b.n_out = 0;
    bed_syn(&b, &c);
    ck_assert_uint_ne(c.y, first.y);
    bed_proof(&b, &first); /* the client took the first one */
    bed_syn_ack(&b, &first);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_ANSWERED);
    ck_assert_uint_eq(b.deltas[b.n_events - 1].seq[MPCONN_SIDE_SERVER], first.z - first.y);
    bed_close(&b);
}
END_TEST

START_TEST(V16_payload_of_a_syn_is_not_acknowledged)
{
    bed_segment seg;
    mpci_view v;

    t = bed_tuple(4, 1, 40000);
    bed_open_default(&b);
    seg = bed_seg(&t, MPCONN_SIDE_SERVER, MPCI_TCP_SYN, 100, 0);
    seg.s.mss = 1460;
    seg.payload = 1400;
    bed_in(&b, MPCONN_SIDE_CLIENT, &seg);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SYN_ANSWERED);
    bed_view(&b, &v, NULL);
    ck_assert_uint_eq(v.ack, 101);
    ck_assert_uint_eq(v.payload_len, 0);
    ck_assert_uint_lt(b.pkt.len, 100);
    bed_close(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("split_confirm");
    TCase *tc = tcase_create("split_confirm");

    tcase_add_test(tc, R1d_final_ack_is_repeated_until_the_server_is_heard);
    tcase_add_test(tc, R1d_final_ack_goes_out_five_times_at_most);
    tcase_add_test(tc, R1c_window_update_goes_out_four_times_at_most);
    tcase_add_test(tc, R1c_bare_ack_of_the_client_does_not_stop_the_window_update);
    tcase_add_test(tc, R1c_server_segment_with_a_window_stops_both);
    tcase_add_test(tc, V11_repeated_syn_ack_is_acknowledged_again_and_never_passed);
    tcase_add_test(tc, R2_second_number_of_the_server_is_not_taken);
    tcase_add_test(tc, V15_answer_is_repeated_in_peace_and_then_forgotten);
    tcase_add_loop_test(tc, proof_in_the_form_of_a_window_probe_opens_the_server_leg, 0, 4);
    tcase_add_test(tc, V15_challenge_ack_behind_a_lost_probe_is_a_proof);
    tcase_add_test(tc, overtaken_proof_does_not_take_the_client_s_clock_back);
    tcase_add_test(tc, V1_repeated_syn_gets_the_same_answer);
    tcase_add_test(tc, V1_answers_of_two_epochs_are_both_accepted);
    tcase_add_test(tc, V16_payload_of_a_syn_is_not_acknowledged);
    suite_add_tcase(s, tc);
    return check_run(s);
}
