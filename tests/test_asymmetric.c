/* SPDX-License-Identifier: BSD-2-Clause */
/* A connection whose two directions pass through different members: A sees what the client says, B
 * what the server says (protocol 2a). */
#include "carried.h"
#include "check_main.h"

static const bed_out *expect(unsigned member, unsigned side, unsigned flags, uint32_t seq,
                             uint32_t ack)
{
    const bed_out *out = bed_take(m[member]);

    ck_assert_uint_eq(out->pkt.side, side);
    ck_assert_uint_eq(out->view.flags, flags);
    ck_assert_uint_eq(out->view.seq, seq);
    ck_assert_uint_eq(out->view.ack, ack);
    return out;
}

static void syn_ack_at(unsigned member)
{
    bed_segment seg = bed_syn_ack_seg(&c);

    bed_in(m[member], SERVER, &seg);
    ck_assert_int_ge(m[member]->pkt.verdict, MPCONN_VERDICT_HOLD); /* not passed on */
}

static void data(unsigned member, unsigned from, uint32_t seq, uint32_t ack, uint32_t n)
{
    say(member, from, MPCI_TCP_ACK, seq, ack, n);
}

static void expect_translated(unsigned member, unsigned from)
{
    mpci_view v;

    ck_assert_msg(m[member]->pkt.reason == MPCONN_REASON_TRANSLATED, "%s",
                  mpconn_reason_name(m[member]->pkt.reason));
    bed_view(m[member], &v, NULL);
    if (from == CLIENT)
        ck_assert_uint_eq(v.ack, c.z + 1);
    else
        ck_assert_uint_eq(v.seq, c.y + 1);
}

static void handshake(void)
{
    bed_syn(m[A], &c);
    bed_proof(m[A], &c);
    expect(A, SERVER, MPCI_TCP_SYN, c.x, 0);
    sync_carry(&net); /* if A told anybody */
    syn_ack_at(B);
    ck_assert_uint_eq(m[B]->n_out, 0); /* rule R1: nothing before the commit */
    sync_carry(&net);
    expect(A, SERVER, MPCI_TCP_ACK, c.x + 1, c.z + 1);
    expect(B, CLIENT, MPCI_TCP_ACK, c.y + 1, c.x + 1);
    ck_assert_uint_eq(m[A]->n_out, 0);
    ck_assert_uint_eq(m[B]->n_out, 0);
}

START_TEST(R1_R1b_registrar_commits_an_answer_elsewhere_and_both_translate)
{
    start((unsigned)_i);
    handshake();
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_uint_eq(m[i]->n_events, 1);
        ck_assert_uint_eq(m[i]->events[0].type, MPCONN_EVENT_SETTLED);
        ck_assert_uint_eq(m[i]->deltas[0].seq[SERVER], c.z - c.y);
        ck_assert_uint_eq(m[i]->deltas[0].ts[SERVER], c.server_ts - c.proxy_ts);
    }
    ck_assert_mem_eq(&m[A]->deltas[0], &m[B]->deltas[0], sizeof(mpconn_delta));
    data(A, CLIENT, 1, 1, 100);
    expect_translated(A, CLIENT);
    data(B, SERVER, 1, 101, 500);
    expect_translated(B, SERVER);
}
END_TEST

/* The next handshake of that path is announced with the SYN to the server: one hop less. */
START_TEST(principle_5_second_connection_of_a_path_is_announced_at_once)
{
    start((unsigned)_i);
    handshake();
    next_port((unsigned)_i);
    bed_syn(m[A], &c);
    bed_proof(m[A], &c);
    expect(A, SERVER, MPCI_TCP_SYN, c.x, 0);
    ck_assert_uint_eq(net.n_queue, 1);
    sync_carry(&net);
    syn_ack_at(B);
    if (_i == B) /* the registrar has all it needs */
        expect(B, CLIENT, MPCI_TCP_ACK, c.y + 1, c.x + 1);
    sync_carry(&net);
    expect(A, SERVER, MPCI_TCP_ACK, c.x + 1, c.z + 1);
    if (_i == A)
        expect(B, CLIENT, MPCI_TCP_ACK, c.y + 1, c.x + 1);
}
END_TEST

/* ... and as soon as the answers come here again, nobody is told any more. */
START_TEST(principle_5_path_that_becomes_symmetric_is_told_once)
{
    bed_segment seg;

    start((unsigned)_i);
    handshake();
    for (unsigned i = 0; i < 2; i++) {
        next_port((unsigned)_i);
        bed_syn(m[A], &c);
        bed_proof(m[A], &c);
        ck_assert_uint_eq(net.n_queue, i == 0 ? 1 : 0);
        seg = bed_syn_ack_seg(&c);
        bed_in(m[A], SERVER, &seg);
        sync_carry(&net);
        m[A]->n_out = 0;
    }
}
END_TEST

START_TEST(principle_5_symmetric_connection_tells_nobody)
{
    start((unsigned)_i);
    bed_settle(m[A], &c);
    data(A, CLIENT, 1, 1, 100);
    data(A, SERVER, 1, 101, 100);
    ck_assert_uint_eq(net.n_queue, 0);
    ck_assert_uint_eq(m[A]->events[0].type, MPCONN_EVENT_SETTLED);
}
END_TEST

/* What comes before its commit waits for it. */
START_TEST(R1_data_of_the_server_waits_for_the_commit)
{
    start((unsigned)_i);
    bed_syn(m[A], &c);
    bed_proof(m[A], &c);
    syn_ack_at(B);
    data(B, SERVER, 1, 1, 500);
    ck_assert_int_eq(m[B]->pkt.verdict, MPCONN_VERDICT_HOLD);
    sync_carry(&net);
    ck_assert_uint_eq(m[B]->n_released, 1);
    bed_in_again(m[B], &m[B]->pkt);
    expect_translated(B, SERVER);
}
END_TEST

/* What the server says while it waits says nothing of the client: neither its link
 * nor its clock. */
START_TEST(R1_held_data_of_the_server_changes_nothing_of_the_client)
{
    const bed_out *out;

    start((unsigned)_i);
    c.server_ts = c.client_ts + 1000000;
    bed_syn(m[A], &c);
    bed_proof(m[A], &c);
    syn_ack_at(B);
    data(B, SERVER, 1, 1, 500);
    ck_assert_int_eq(m[B]->pkt.verdict, MPCONN_VERDICT_HOLD);
    sync_carry(&net);
    out = expect(B, CLIENT, MPCI_TCP_ACK, c.y + 1, c.x + 1);
    ck_assert_uint_eq(out->pkt.link, MPCONN_LINK_NONE);
    ck_assert_uint_le(out->view.tsecr - c.client_ts, 1000);
}
END_TEST

/* The server may speak after the client was heard: that settles it, and passes. */
START_TEST(R1c_server_heard_last_is_passed_on)
{
    start((unsigned)_i);
    bed_settle(m[A], &c);
    data(A, CLIENT, 1, 1, 100);
    data(A, SERVER, 1, 101, 100);
    ck_assert_int_eq(m[A]->pkt.verdict, MPCONN_VERDICT_FORWARD);
    expect_translated(A, SERVER);
}
END_TEST

/* The server's refusal becomes the exact RST of the client, and its driver hears of it. */
START_TEST(V5_refusal_seen_elsewhere_ends_the_handshake)
{
    bed_segment rst;

    start((unsigned)_i);
    bed_syn(m[A], &c);
    bed_proof(m[A], &c);
    m[A]->n_out = 0;
    rst = bed_seg(&c.tuple, CLIENT, MPCI_TCP_RST | MPCI_TCP_ACK, 0, c.x + 1);
    bed_in(m[B], SERVER, &rst);
    sync_carry(&net);
    sync_pass(&net, 100 * MPCONN_MILLISECOND);
    expect(A, CLIENT, MPCI_TCP_RST | MPCI_TCP_ACK, c.y + 1, c.x + 1);
    sync_pass(&net, 60 * MPCONN_SECOND);
    ck_assert_uint_eq(m[A]->n_out, 0);
}
END_TEST

/* V8: the way back moves to the other member in mid-flow. */
START_TEST(V8_way_that_moves_is_asked_about_and_goes_on)
{
    start((unsigned)_i);
    bed_settle(m[A], &c);
    data(A, CLIENT, 1, 1, 100);
    data(A, SERVER, 1, 101, 100);
    data(B, SERVER, 101, 101, 200);
    ck_assert_int_eq(m[B]->pkt.verdict, MPCONN_VERDICT_HOLD);
    sync_carry(&net);
    ck_assert_uint_eq(m[B]->n_released, 1);
    bed_in_again(m[B], &m[B]->pkt);
    ck_assert_int_eq(m[B]->pkt.reason, MPCONN_REASON_TRANSLATED);
    data(A, CLIENT, 101, 301, 10);
    ck_assert_int_eq(m[A]->pkt.reason, MPCONN_REASON_TRANSLATED);
}
END_TEST

START_TEST(R9_connection_nobody_knows_is_dropped)
{
    start((unsigned)_i);
    c.y = 5;
    data(B, SERVER, 101, 101, 200);
    ck_assert_int_eq(m[B]->pkt.verdict, MPCONN_VERDICT_HOLD);
    sync_carry(&net);
    ck_assert_uint_eq(m[B]->n_released, 1);
    bed_in_again(m[B], &m[B]->pkt);
    ck_assert_int_eq(m[B]->pkt.verdict, MPCONN_VERDICT_DROP);
    ck_assert_uint_eq(m[B]->eng->core.handshakes.used, 0);
}
END_TEST

/* V2, V21: the client's first data comes to a member that knows nothing. No second SYN goes out.
 * While A still waits to hear the endpoints (_i & 2) B gets the commit, and acknowledges the
 * SYN|ACK as whoever drives does: A's own may have been lost. Once A has heard them B gets a copy,
 * and nobody says anything to the server. */
START_TEST(V2_first_request_through_another_member_drives_nothing_again)
{
    bed_segment seg;
    int confirming = (_i & 2) != 0;

    start((unsigned)_i & 1);
    bed_settle(m[A], &c); /* symmetric at A, told to nobody */
    if (!confirming) {
        data(A, CLIENT, 1, 1, 10);
        data(A, SERVER, 1, 11, 10);
    }
    seg = bed_data(&c, CLIENT, 1, 1, 50);
    seg.s.tsecr = c.proxy_ts;
    bed_in(m[B], CLIENT, &seg);
    ck_assert_int_eq(m[B]->pkt.verdict, MPCONN_VERDICT_HOLD);
    ck_assert_uint_eq(m[B]->n_out, 0);
    sync_carry(&net);
    if (confirming)
        expect(B, SERVER, MPCI_TCP_ACK, c.x + 1, c.z + 1);
    ck_assert_uint_eq(m[A]->n_out, 0);
    ck_assert_uint_eq(m[B]->n_out, 0);
    bed_in_again(m[B], &m[B]->pkt);
    expect_translated(B, CLIENT);
}
END_TEST

START_TEST(V2_first_request_where_the_commit_is_known_passes)
{
    start((unsigned)_i);
    handshake();
    data(B, CLIENT, 1, 1, 50);
    expect_translated(B, CLIENT);
    ck_assert_uint_eq(m[A]->n_out + m[B]->n_out, 0);
}
END_TEST

/* One segment of either end, in its own numbers as far as it sees them. */
static void fin(unsigned member, unsigned from, uint32_t seq, uint32_t ack)
{
    say(member, from, MPCI_TCP_ACK | MPCI_TCP_FIN, seq, ack, 0);
}

static unsigned state_at(unsigned member)
{
    mpconn_flow_cursor cursor = {0};
    mpconn_flow flow;

    MPCONN_STRUCT_INIT(&flow);
    ck_assert_int_eq(mpconn_engine_flow_next(m[member]->eng, &cursor, &flow), MPCONN_OK);
    return flow.state;
}

/* Frames may be slower than all of an orderly end. */
static void close_both(void)
{
    fin(B, SERVER, 1, 1);
    fin(A, CLIENT, 1, 2);
    data(B, SERVER, 2, 2, 0);
    ck_assert_uint_ne(state_at(A), MPCONN_FLOW_CLOSED);
    ck_assert_uint_ne(state_at(B), MPCONN_FLOW_CLOSED);
}

START_TEST(V18_end_is_known_to_both_when_the_frames_come_last)
{
    start((unsigned)_i);
    handshake();
    close_both();
    sync_carry(&net);
    sync_carry(&net);
    ck_assert_uint_eq(state_at(A), MPCONN_FLOW_CLOSED);
    ck_assert_uint_eq(state_at(B), MPCONN_FLOW_CLOSED);
    ck_assert_uint_eq(m[A]->eng->core.handshakes.used, 0);
    ck_assert_uint_eq(m[B]->eng->core.handshakes.used, 0);
}
END_TEST

/* ... and slower than the next beginning from the same port. */
/* The server's answer comes before any frame. */
static void begin_anew(void)
{
    c.x += 100000;
    c.z += 100000;
    c.server_ts += 10;
    bed_syn(m[A], &c);
    bed_proof(m[A], &c);
    expect(A, SERVER, MPCI_TCP_SYN, c.x, 0);
    syn_ack_at(B);
    sync_carry(&net);
    expect(A, SERVER, MPCI_TCP_ACK, c.x + 1, c.z + 1);
    expect(B, CLIENT, MPCI_TCP_ACK, c.y + 1, c.x + 1);
}

START_TEST(V12_port_is_used_again_before_the_end_is_known)
{
    start((unsigned)_i);
    handshake();
    close_both();
    begin_anew();
    ck_assert_uint_eq(m[A]->n_events, 3); /* settled, ended, settled */
    data(A, CLIENT, 1, 1, 100);
    expect_translated(A, CLIENT);
    data(B, SERVER, 1, 101, 500);
    expect_translated(B, SERVER);
}
END_TEST

/* What a bad channel brings late. */
START_TEST(S22_late_drive_does_not_bring_back_what_is_over)
{
    const sync_letter *late;

    start((unsigned)_i);
    bed_syn(m[A], &c);
    bed_proof(m[A], &c);
    m[A]->n_out = 0;
    net.loss = 100;
    sync_pass(&net, MPCONN_SECOND); /* the answer is missed: A tells, and B does not hear */
    net.loss = 0;
    late = sync_last(&net, A);
    m[A]->n_out = 0;
    syn_ack_at(B);
    sync_carry(&net);
    close_both();
    sync_carry(&net);
    ck_assert_uint_eq(state_at(B), MPCONN_FLOW_CLOSED);
    ck_assert_uint_eq(sync_input(&net, B, late->bytes, late->len), MPCONN_SYNC_TAKEN);
    sync_carry(&net);
    ck_assert_uint_eq(m[B]->eng->core.handshakes.used, 0);
}
END_TEST

/* An abort goes past the other member altogether. */
START_TEST(V12_port_is_used_again_before_the_abort_is_known)
{
    start((unsigned)_i);
    handshake();
    data(B, SERVER, 1, 1, 100);
    say(A, CLIENT, MPCI_TCP_RST, 1, 101, 0);
    ck_assert_uint_eq(state_at(A), MPCONN_FLOW_RESET);
    begin_anew();
    data(B, SERVER, 1, 1, 500);
    expect_translated(B, SERVER);
}
END_TEST

/* It is about the life before the last one. */
START_TEST(S08_late_delta_does_not_end_a_handshake)
{
    sync_letter late;

    start((unsigned)_i);
    handshake();
    fin(A, CLIENT, 1, 1);
    late = sync_take(&net, A, B);
    fin(B, SERVER, 1, 2);
    begin_anew();
    fin(A, CLIENT, 1, 1);
    fin(B, SERVER, 1, 2);
    sync_carry(&net);
    c.x += 100000;
    c.z += 100000;
    bed_syn(m[A], &c);
    bed_proof(m[A], &c);
    m[A]->n_out = 0;
    sync_lose(&net);
    syn_ack_at(B);
    sync_lose(&net); /* what B asks is lost once */
    ck_assert_uint_eq(sync_input(&net, B, late.bytes, late.len), MPCONN_SYNC_TAKEN);
    sync_carry(&net);
    ck_assert_uint_eq(m[B]->eng->core.handshakes.used, 1);
    data(B, SERVER, 1, 1, 100);
    ck_assert_int_eq(m[B]->pkt.verdict, MPCONN_VERDICT_HOLD);
}
END_TEST

/* V12: the client came back and its SYN passed; that the server knows nothing either shows at B. */
START_TEST(V12_client_and_server_that_forgot_begin_anew)
{
    bed_segment syn;

    start((unsigned)_i);
    handshake();
    data(B, SERVER, 1, 1, 100);
    c.x += 100000;
    c.z += 100000;
    syn = bed_syn_seg(&c);
    bed_in(m[A], CLIENT, &syn);
    ck_assert_int_eq(m[A]->pkt.reason, MPCONN_REASON_SYN_REPEATED);
    syn_ack_at(B);
    sync_carry(&net);
    expect(B, SERVER, MPCI_TCP_RST, c.x + 1, 0);
    begin_anew();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("asymmetric");
    TCase *tc = tcase_create("asymmetric");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, R1_R1b_registrar_commits_an_answer_elsewhere_and_both_translate, 0,
                        2);
    tcase_add_loop_test(tc, principle_5_second_connection_of_a_path_is_announced_at_once, 0, 2);
    tcase_add_loop_test(tc, principle_5_symmetric_connection_tells_nobody, 0, 2);
    tcase_add_loop_test(tc, principle_5_path_that_becomes_symmetric_is_told_once, 0, 2);
    tcase_add_loop_test(tc, R1_data_of_the_server_waits_for_the_commit, 0, 2);
    tcase_add_loop_test(tc, R1_held_data_of_the_server_changes_nothing_of_the_client, 0, 2);
    tcase_add_loop_test(tc, R1c_server_heard_last_is_passed_on, 0, 2);
    tcase_add_loop_test(tc, V5_refusal_seen_elsewhere_ends_the_handshake, 0, 2);
    tcase_add_loop_test(tc, V8_way_that_moves_is_asked_about_and_goes_on, 0, 2);
    tcase_add_loop_test(tc, R9_connection_nobody_knows_is_dropped, 0, 2);
    tcase_add_loop_test(tc, V2_first_request_through_another_member_drives_nothing_again, 0, 4);
    tcase_add_loop_test(tc, V2_first_request_where_the_commit_is_known_passes, 0, 2);
    tcase_add_loop_test(tc, V18_end_is_known_to_both_when_the_frames_come_last, 0, 2);
    tcase_add_loop_test(tc, V12_port_is_used_again_before_the_end_is_known, 0, 2);
    tcase_add_loop_test(tc, V12_port_is_used_again_before_the_abort_is_known, 0, 2);
    tcase_add_loop_test(tc, V12_client_and_server_that_forgot_begin_anew, 0, 2);
    tcase_add_loop_test(tc, S22_late_drive_does_not_bring_back_what_is_over, 0, 2);
    tcase_add_loop_test(tc, S08_late_delta_does_not_end_a_handshake, 0, 2);
    suite_add_tcase(s, tc);
    return check_run(s);
}
