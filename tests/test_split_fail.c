/* SPDX-License-Identifier: BSD-2-Clause */
/* Handshakes that end without a connection: each endpoint is told with a RST it must believe, that
 * is, one with exactly its next number (RFC 9293 3.10.7.4, RFC 5961 3). */
#include "bed.h"
#include "check_main.h"

static bed b;
static mpconn_tuple t;
static bed_conn c;

static void open_server_leg(void)
{
    t = bed_tuple(4, 1, 40000);
    c = bed_conn_of(&t, 0xffffffff, 0x1000);
    bed_open_default(&b);
    bed_syn(&b, &c);
    bed_proof(&b, &c);
    b.n_out = 0;
}

static void expect_reset_to_client(void)
{
    const bed_out *out = bed_take(&b);

    ck_assert_uint_eq(out->pkt.side, MPCONN_SIDE_CLIENT);
    ck_assert_uint_eq(out->pkt.link, 11);
    ck_assert_uint_eq(out->view.flags, MPCI_TCP_RST | MPCI_TCP_ACK);
    ck_assert_uint_eq(out->view.seq, c.y + 1);
    ck_assert_uint_eq(out->view.ack, c.x + 1);
}

/* To a client that asks again: the number it acknowledged. */
static void expect_reset_again(void)
{
    const bed_out *out = bed_take(&b);

    ck_assert_uint_eq(out->pkt.side, MPCONN_SIDE_CLIENT);
    ck_assert_uint_eq(out->view.flags, MPCI_TCP_RST);
    ck_assert_uint_eq(out->view.seq, c.y + 1);
}

static void expect_reset_to_server(uint32_t seq)
{
    const bed_out *out = bed_take(&b);

    ck_assert_uint_eq(out->pkt.side, MPCONN_SIDE_SERVER);
    ck_assert_uint_eq(out->view.flags, MPCI_TCP_RST);
    ck_assert_uint_eq(out->view.seq, seq);
}

static void from_server(unsigned flags, uint32_t seq, uint32_t ack)
{
    bed_segment seg = bed_seg(&t, MPCONN_SIDE_CLIENT, flags, seq, ack);

    bed_in(&b, MPCONN_SIDE_SERVER, &seg);
}

static void from_client(unsigned flags, uint32_t seq, uint32_t ack)
{
    bed_segment seg = bed_seg(&t, MPCONN_SIDE_SERVER, flags, seq, ack);

    bed_in(&b, MPCONN_SIDE_CLIENT, &seg);
}

/* The answer to a SYN comes from where the SYN went, whoever claims to give it. */
START_TEST(E35_syn_ack_from_the_side_of_the_client_answers_nothing)
{
    open_server_leg();
    from_client(MPCI_TCP_SYN | MPCI_TCP_ACK, 0x7777, c.x + 1);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_DROP);
    from_client(MPCI_TCP_SYN | MPCI_TCP_ACK, 0x7777, c.x + 2);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_DROP);
    ck_assert_uint_eq(b.n_out, 0);
    ck_assert_uint_eq(b.n_events, 0);
    bed_syn_ack(&b, &c);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_ANSWERED);
    ck_assert_uint_eq(bed_take(&b)->pkt.link, 22);
    bed_close(&b);
}
END_TEST

START_TEST(V5_refusal_reaches_client_as_exact_reset)
{
    open_server_leg();
    from_server(MPCI_TCP_RST | MPCI_TCP_ACK, 0, c.x + 1);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_CONSUMED);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_REFUSED);
    expect_reset_to_client();
    ck_assert_uint_eq(b.events[0].type, MPCONN_EVENT_REFUSED);
    ck_assert_uint_eq(b.events[0].reason, MPCONN_REASON_SERVER_REFUSED);
    bed_pass(&b, 100 * MPCONN_SECOND); /* and #5 is not repeated */
    ck_assert_uint_eq(b.n_out, 0);
    bed_close(&b);
}
END_TEST

START_TEST(refusal_with_another_number_changes_nothing)
{
    open_server_leg();
    from_server(MPCI_TCP_RST | MPCI_TCP_ACK, 0, c.x + 2);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_DROP);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_RST_NOT_EXACT);
    from_server(MPCI_TCP_RST, c.x + 1, 0);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_RST_NOT_EXACT);
    ck_assert_uint_eq(b.n_out, 0);
    bed_syn_ack(&b, &c);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_ANSWERED);
    bed_close(&b);
}
END_TEST

START_TEST(V6_silence_ends_after_five_tries)
{
    static const unsigned seconds[] = {1, 2, 4, 8};

    open_server_leg();
    for (unsigned i = 0; i < 4; i++) {
        bed_pass(&b, seconds[i] * MPCONN_SECOND - 1);
        ck_assert_uint_eq(b.n_out, 0);
        bed_pass(&b, 1);
        ck_assert_uint_eq(b.n_out, 1);
        ck_assert_uint_eq(bed_take(&b)->view.flags, MPCI_TCP_SYN);
    }
    bed_pass(&b, 16 * MPCONN_SECOND);
    expect_reset_to_client();
    ck_assert_uint_eq(b.n_out, 0);
    ck_assert_uint_eq(b.events[0].reason, MPCONN_REASON_SERVER_SILENT);
    bed_syn_ack(&b, &c); /* a SYN|ACK later than that */
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_DEAD_FLOW);
    expect_reset_to_server(c.x + 1);
    bed_close(&b);
}
END_TEST

START_TEST(V10_client_abort_reaches_the_server)
{
    open_server_leg();
    from_client(MPCI_TCP_RST, c.x + 1, 0);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_CLIENT_ABORTED);
    expect_reset_to_server(c.x + 1);
    ck_assert_uint_eq(b.n_out, 0);
    bed_pass(&b, 60 * MPCONN_SECOND);
    ck_assert_uint_eq(b.n_out, 0);
    bed_close(&b);
}
END_TEST

START_TEST(client_abort_with_another_number_changes_nothing)
{
    open_server_leg();
    from_client(MPCI_TCP_RST, c.x + 2, 0);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_RST_NOT_EXACT);
    ck_assert_uint_eq(b.n_out, 0);
    bed_syn_ack(&b, &c);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_ANSWERED);
    bed_close(&b);
}
END_TEST

START_TEST(client_abort_before_the_proof_is_forgotten)
{
    mpconn_stats s;

    t = bed_tuple(4, 1, 40000);
    c = bed_conn_of(&t, 5, 0x1000);
    bed_open_default(&b);
    bed_syn(&b, &c);
    from_client(MPCI_TCP_RST, c.x + 1, 0);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_CLIENT_ABORTED);
    ck_assert_uint_eq(b.n_out, 0);
    MPCONN_STRUCT_INIT(&s);
    ck_assert_int_eq(mpconn_engine_stats(b.eng, &s), MPCONN_OK);
    ck_assert_uint_eq(s.handshakes, 0);
    ck_assert_uint_eq(s.unproved, 0);
    bed_close(&b);
}
END_TEST

/* Neither of its probes opens anything: each is told again what the first RST, maybe lost, said. */
START_TEST(V21_late_proof_of_a_dead_number_opens_nothing)
{
    open_server_leg();
    from_server(MPCI_TCP_RST | MPCI_TCP_ACK, 0, c.x + 1);
    expect_reset_to_client();
    for (unsigned i = 0; i < 2; i++) {
        bed_segment seg =
            bed_seg(&c.tuple, MPCONN_SIDE_SERVER, MPCI_TCP_ACK, c.x + 1 - i, c.y + 1);

        seg.s.timestamps = 1;
        seg.s.tsval = c.client_ts + 9;
        seg.s.tsecr = c.proxy_ts;
        bed_in(&b, MPCONN_SIDE_CLIENT, &seg);
        ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_DROP);
        ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_DEAD_FLOW);
        ck_assert_uint_eq(b.n_out, 1);
        expect_reset_again();
    }
    bed_close(&b);
}
END_TEST

START_TEST(dead_number_passes_unsplit)
{
    bed_segment seg;

    open_server_leg();
    from_server(MPCI_TCP_RST | MPCI_TCP_ACK, 0, c.x + 1);
    b.n_out = 0;
    seg = bed_seg(&t, MPCONN_SIDE_SERVER, MPCI_TCP_SYN, c.x, 0);
    bed_in(&b, MPCONN_SIDE_CLIENT, &seg);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SYN_TRACKED);
    ck_assert_int_eq(b.pkt.side, MPCONN_SIDE_SERVER);
    bed_close(&b);
}
END_TEST

START_TEST(V12b_server_with_an_older_incarnation_is_told_to_reset_it)
{
    const bed_out *out;

    open_server_leg();
    from_server(MPCI_TCP_ACK, 0x777, 0x70000888); /* its challenge ACK */
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_CONSUMED);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_STALE);
    expect_reset_to_server(0x70000888);
    out = bed_take(&b); /* and #5 again at once */
    ck_assert_uint_eq(out->view.flags, MPCI_TCP_SYN);
    ck_assert_uint_eq(out->view.seq, c.x);
    bed_syn_ack(&b, &c);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_ANSWERED);
    bed_close(&b);
}
END_TEST

/* The server has this very incarnation: whoever knew how its legs differ is gone. */
START_TEST(V9_lost_incarnation_is_reset_at_both_ends)
{
    open_server_leg();
    from_server(MPCI_TCP_ACK, 0x777, c.x + 2);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_STALE);
    expect_reset_to_server(c.x + 2);
    expect_reset_to_client();
    ck_assert_uint_eq(b.n_out, 0);
    bed_pass(&b, 60 * MPCONN_SECOND);
    ck_assert_uint_eq(b.n_out, 0);
    bed_close(&b);
}
END_TEST

START_TEST(client_that_came_back_with_another_number_replaces_the_attempt)
{
    bed_conn again;

    open_server_leg();
    again = bed_conn_of(&t, c.x + 5000, 0x2000);
    bed_syn(&b, &again); /* answered without a word about the first attempt */
    ck_assert_uint_ne(again.y, c.y);
    {
        bed_segment seg =
            bed_seg(&t, MPCONN_SIDE_SERVER, MPCI_TCP_ACK, again.x + 1, again.y + 1);

        seg.s.timestamps = 1;
        seg.s.tsval = 1;
        seg.s.tsecr = again.proxy_ts;
        bed_in(&b, MPCONN_SIDE_CLIENT, &seg);
    }
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_CLIENT_PROVED);
    expect_reset_to_server(c.x + 1);
    ck_assert_uint_eq(bed_take(&b)->view.seq, again.x);
    bed_syn_ack(&b, &again);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_ANSWERED);
    ck_assert_uint_eq(b.events[0].type, MPCONN_EVENT_REFUSED);
    ck_assert_uint_eq(b.deltas[1].client_isn, again.x);
    bed_close(&b);
}
END_TEST

START_TEST(full_table_is_told_to_both)
{
    mpconn_engine_config cfg;
    mpconn_callbacks cb;
    mpconn_tuple other = bed_tuple(4, 2, 1);
    bed_conn first = bed_conn_of(&other, 9, 9);

    bed_config(&cfg, &cb);
    cfg.max_flows = 1;
    cfg.max_wide_flows = 2;
    bed_open(&b, &cfg, &cb);
    bed_settle(&b, &first);
    other.client_port++;
    first = bed_conn_of(&other, 9, 9);
    bed_settle(&b, &first);
    t = bed_tuple(4, 3, 40000);
    c = bed_conn_of(&t, 1, 0x1000);
    bed_syn(&b, &c);
    bed_proof(&b, &c);
    b.n_out = 0;
    bed_syn_ack(&b, &c);
    expect_reset_to_client();
    expect_reset_to_server(c.x + 1);
    ck_assert_uint_eq(mpconn_engine_count(b.eng, MPCONN_REASON_TABLE_FULL), 1);
    bed_close(&b);
}
END_TEST

/* A service that is down must not fill the table for the others. */
START_TEST(E22_refused_connections_take_no_place)
{
    mpconn_engine_config cfg;
    mpconn_callbacks cb;
    mpconn_stats s;
    bed_segment late;

    bed_config(&cfg, &cb);
    cfg.max_handshakes = 8;
    bed_open(&b, &cfg, &cb);
    for (uint16_t i = 0; i < 100; i++) {
        t = bed_tuple(4, 1, (uint16_t)(40000 + i));
        c = bed_conn_of(&t, 1, 0x1000);
        bed_syn(&b, &c);
        bed_proof(&b, &c);
        from_server(MPCI_TCP_RST | MPCI_TCP_ACK, 0, c.x + 1);
        ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_REFUSED);
        b.n_out = b.n_events = 0;
    }
    MPCONN_STRUCT_INIT(&s);
    ck_assert_int_eq(mpconn_engine_stats(b.eng, &s), MPCONN_OK);
    ck_assert_uint_eq(s.handshakes, 0);
    late = bed_proof_seg(&c);
    bed_in(&b, MPCONN_SIDE_CLIENT, &late); /* and yet it is not forgotten */
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_DEAD_FLOW);
    bed_close(&b);
}
END_TEST

START_TEST(guessed_proof_is_refused)
{
    t = bed_tuple(4, 1, 40000);
    c = bed_conn_of(&t, 5, 0x1000);
    bed_open_default(&b);
    if (_i)
        bed_syn(&b, &c); /* with an entry, and without */
    from_client(MPCI_TCP_ACK, c.x + 1, 0x12345678);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_DROP);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_COOKIE_REFUSED);
    ck_assert_uint_eq(b.n_out, 0);
    bed_close(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("split_fail");
    TCase *tc = tcase_create("split_fail");

    tcase_add_test(tc, E35_syn_ack_from_the_side_of_the_client_answers_nothing);
    tcase_add_test(tc, V5_refusal_reaches_client_as_exact_reset);
    tcase_add_test(tc, refusal_with_another_number_changes_nothing);
    tcase_add_test(tc, V6_silence_ends_after_five_tries);
    tcase_add_test(tc, V10_client_abort_reaches_the_server);
    tcase_add_test(tc, client_abort_with_another_number_changes_nothing);
    tcase_add_test(tc, client_abort_before_the_proof_is_forgotten);
    tcase_add_test(tc, V21_late_proof_of_a_dead_number_opens_nothing);
    tcase_add_test(tc, dead_number_passes_unsplit);
    tcase_add_test(tc, V12b_server_with_an_older_incarnation_is_told_to_reset_it);
    tcase_add_test(tc, V9_lost_incarnation_is_reset_at_both_ends);
    tcase_add_test(tc, client_that_came_back_with_another_number_replaces_the_attempt);
    tcase_add_test(tc, full_table_is_told_to_both);
    tcase_add_test(tc, E22_refused_connections_take_no_place);
    tcase_add_loop_test(tc, guessed_proof_is_refused, 0, 2);
    suite_add_tcase(s, tc);
    return check_run(s);
}
