/* SPDX-License-Identifier: BSD-2-Clause */
/* A client that may send before its server has answered: what it is told, what is held of what it
 * sends, and what becomes of that. */
#include <check.h>

#include "check_main.h"
#include "engine_support.h"

enum { CLIENT = MPCONN_SIDE_CLIENT, SERVER = MPCONN_SIDE_SERVER };
enum { PAYLOAD = 1000, SMALL = 2920, OPEN = 65535, MOST = 16 };

static bed b;
static mpconn_engine_config cfg;
static mpconn_callbacks cb;
static bed_conn c;

static void setup(void)
{
    mpconn_tuple t = bed_tuple(MPCONN_FAMILY_IPV4, 1, 40000);

    bed_config(&cfg, &cb);
    cfg.client_window = OPEN;
    c = bed_conn_of(&t, 0xffffff00u, 0x77000000u);
}

static void answer(void)
{
    bed_open(&b, &cfg, &cb);
    bed_syn(&b, &c);
}

/* Until our SYN is on its way to the server. */
static void prove(void)
{
    answer();
    bed_proof(&b, &c);
    b.n_out = 0;
}

/* A segment of the client before its server leg stands; numbers from 1, the first byte. It is said
 * so many ticks of the client's clock after its proof. */
static bed_segment early(uint32_t seq, uint32_t n, uint32_t later)
{
    bed_segment seg = bed_data(&c, CLIENT, seq, 1, n);

    seg.s.tsval = c.client_ts + 1 + later;
    seg.s.tsecr = c.proxy_ts;
    return seg;
}

static void say(const bed_segment *seg, unsigned verdict, unsigned reason)
{
    bed_in(&b, CLIENT, seg);
    ck_assert_msg(b.pkt.verdict == verdict && b.pkt.reason == reason, "verdict %u, %s",
                  b.pkt.verdict, mpconn_reason_name(b.pkt.reason));
}

static void hold(uint32_t seq, uint32_t n)
{
    bed_segment seg = early(seq, n, 0);

    say(&seg, MPCONN_VERDICT_HOLD, MPCONN_REASON_HELD);
}

static void repeat(uint32_t seq, uint32_t n)
{
    bed_segment seg = early(seq, n, 0);

    say(&seg, MPCONN_VERDICT_CONSUMED, MPCONN_REASON_CLIENT_WAITS);
}

static void put_hold(mpconn_pkt *pkt, void *user)
{
    pkt->flow = *(const uint64_t *)user;
}

/* As a host does after `release`. */
static void submit(const bed_segment *seg, unsigned verdict, unsigned reason)
{
    uint8_t bytes[BED_ROOM];
    size_t len = bed_build(bytes, sizeof(bytes), seg);

    ck_assert_uint_gt(b.n_released, 0);
    bed_bytes(&b, CLIENT, bytes, len, put_hold, &b.released[b.n_released - 1]);
    ck_assert_msg(b.pkt.verdict == verdict && b.pkt.reason == reason, "verdict %u, %s",
                  b.pkt.verdict, mpconn_reason_name(b.pkt.reason));
}

static void pass(uint32_t seq, uint32_t n)
{
    bed_segment seg = early(seq, n, 0);

    submit(&seg, MPCONN_VERDICT_FORWARD, MPCONN_REASON_TRANSLATED);
}

static void server_answers(uint16_t window)
{
    bed_segment seg = bed_syn_ack_seg(&c);

    seg.s.window = window;
    bed_in(&b, SERVER, &seg);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_ANSWERED);
}

static const bed_out *made(unsigned side, unsigned flags)
{
    const bed_out *out = bed_take(&b);

    ck_assert_uint_eq(out->pkt.side, side);
    ck_assert_uint_eq(out->view.flags, flags);
    return out;
}

/* --- what the client is told --- */

static const uint16_t policies[] = {0, 1, SMALL, OPEN};

START_TEST(syn_ack_announces_the_window_and_so_does_its_repeat)
{
    mpconn_tuple t = bed_tuple(_i % 2 ? MPCONN_FAMILY_IPV6 : MPCONN_FAMILY_IPV4, 1, 40000);
    mpci_view v;

    c = bed_conn_of(&t, 0xffffff00u, 0x77000000u);
    cfg.client_window = policies[_i / 2];
    answer();
    bed_view(&b, &v, NULL);
    ck_assert_uint_eq(v.window, policies[_i / 2]);
    bed_pass(&b, MPCONN_SECOND);
    ck_assert_uint_eq(made(CLIENT, MPCI_TCP_SYN | MPCI_TCP_ACK)->view.window, policies[_i / 2]);
    bed_close(&b);
}
END_TEST

START_TEST(R5_cookie_does_not_depend_on_the_window)
{
    uint32_t y, ts;

    answer();
    y = c.y;
    ts = c.proxy_ts;
    bed_close(&b);
    cfg.client_window = 0;
    answer();
    ck_assert_uint_eq(c.y, y);
    ck_assert_uint_eq(c.proxy_ts, ts);
    bed_close(&b);
}
END_TEST

/* RFC 9293 3.8.6: whatever the scale rounds away. */
START_TEST(right_edge_of_the_window_does_not_move_left)
{
    static const uint16_t of_server[] = {0, 1, 1000, SMALL, 30000, 65535};
    static const uint8_t scales[] = {7, 14};
    uint16_t window = of_server[_i % 6];
    unsigned scale = scales[_i / 6 % 2];
    uint32_t told, rounded = (uint32_t)(window >> scale) << scale;
    uint32_t least = policies[_i / 12] > window ? policies[_i / 12] : rounded;

    cfg.client_window = policies[_i / 12];
    cfg.wscale = (uint8_t)scale;
    prove();
    server_answers(window);
    made(SERVER, MPCI_TCP_ACK);
    told = (uint32_t)made(CLIENT, MPCI_TCP_ACK)->view.window << scale;
    ck_assert_msg(told >= least, "%u after %u and %u", told, cfg.client_window, window);
    ck_assert_uint_lt(told, (least | window) + (2u << scale));
    bed_close(&b);
}
END_TEST

START_TEST(client_that_does_not_scale_is_told_bytes)
{
    c.client_wscale = MPCONN_WSCALE_NONE;
    cfg.client_window = SMALL;
    prove();
    server_answers(1000);
    made(SERVER, MPCI_TCP_ACK);
    ck_assert_uint_eq(made(CLIENT, MPCI_TCP_ACK)->view.window, SMALL);
    bed_close(&b);
}
END_TEST

/* --- what is held --- */

START_TEST(early_data_comes_to_the_server_in_order_behind_the_handshake)
{
    prove();
    for (uint32_t i = 0; i < MOST; i++)
        hold(1 + i * PAYLOAD, PAYLOAD);
    ck_assert_uint_eq(b.n_out, 0);
    server_answers(65160);
    made(SERVER, MPCI_TCP_ACK);
    made(CLIENT, MPCI_TCP_ACK);
    ck_assert_uint_eq(b.n_released, 1);
    ck_assert_int_eq(b.release_reason, MPCONN_REASON_RELEASED);
    for (uint32_t i = 0; i < MOST; i++)
        pass(1 + i * PAYLOAD, PAYLOAD);
    ck_assert_uint_eq(bed_flow(&b, &c.tuple).next_seq[CLIENT], c.x + 1 + MOST * PAYLOAD);
    bed_close(&b);
}
END_TEST

/* What was announced is passed on, though the server has no room for it: that is the server's to
 * say. Nothing else may be. */
START_TEST(what_was_announced_passes_though_the_server_announces_less)
{
    bed_segment seg;

    cfg.client_window = SMALL;
    prove();
    hold(1, 1460);
    hold(1461, 1460);
    hold(1 + SMALL + 200, 100);
    server_answers(100);
    pass(1, 1460);
    pass(1461, 1460);
    seg = early(1 + SMALL + 200, 100, 0);
    submit(&seg, MPCONN_VERDICT_DROP, MPCONN_REASON_HOLD_EXPIRED);
    bed_close(&b);
}
END_TEST

/* The client's ACK was lost, and nothing is kept of its SYN. */
START_TEST(first_data_may_be_the_proof)
{
    bed_segment seg;

    cfg.max_handshakes = 1; /* no entry for clients that proved nothing */
    answer();
    ck_assert_uint_eq(bed_stats(&b).handshakes, 0);
    hold(1, PAYLOAD);
    made(SERVER, MPCI_TCP_SYN);
    hold(1 + PAYLOAD, PAYLOAD);
    server_answers(65160);
    pass(1, PAYLOAD);
    pass(1 + PAYLOAD, PAYLOAD);
    seg = early(1 + 2 * PAYLOAD, PAYLOAD, 9);
    say(&seg, MPCONN_VERDICT_FORWARD, MPCONN_REASON_TRANSLATED);
    bed_close(&b);
}
END_TEST

START_TEST(data_that_overtook_is_held_too)
{
    answer();
    hold(1 + PAYLOAD, PAYLOAD);
    made(SERVER, MPCI_TCP_SYN);
    hold(1, PAYLOAD);
    server_answers(65160);
    pass(1 + PAYLOAD, PAYLOAD);
    pass(1, PAYLOAD);
    ck_assert_uint_eq(bed_flow(&b, &c.tuple).next_seq[CLIENT], c.x + 1 + 2 * PAYLOAD);
    bed_close(&b);
}
END_TEST

/* A client that hears nothing repeats the first segment again and again, and the last one once. */
START_TEST(repeats_do_not_take_the_room_of_what_follows)
{
    prove();
    hold(1, PAYLOAD);
    hold(1 + PAYLOAD, PAYLOAD);
    for (unsigned i = 0; i < 2 * MOST; i++) {
        repeat(1, PAYLOAD);
        repeat(1 + PAYLOAD, PAYLOAD);
        repeat(1, 2 * PAYLOAD - 100);
    }
    ck_assert_uint_eq(bed_stats(&b).held_packets, 2);
    hold(1 + PAYLOAD, PAYLOAD + 1); /* a byte more than is held */
    repeat(1, 2 * PAYLOAD - 100);
    for (uint32_t i = 0; i < MOST - 3; i++)
        hold(2 + (2 + i) * PAYLOAD, PAYLOAD);
    ck_assert_uint_eq(bed_stats(&b).held_packets, MOST);
    bed_close(&b);
}
END_TEST

START_TEST(what_was_given_up_is_held_anew_when_it_is_repeated)
{
    bed_segment seg;

    bed_timeouts.hold_ns = 300 * MPCONN_MILLISECOND;
    prove();
    hold(1, PAYLOAD);
    bed_pass(&b, bed_timeouts.hold_ns);
    ck_assert_int_eq(b.release_reason, MPCONN_REASON_HOLD_EXPIRED);
    seg = early(1, PAYLOAD, 0);
    submit(&seg, MPCONN_VERDICT_DROP, MPCONN_REASON_HOLD_EXPIRED);
    hold(1, PAYLOAD);
    server_answers(65160);
    ck_assert_int_eq(b.release_reason, MPCONN_REASON_RELEASED);
    pass(1, PAYLOAD);
    bed_close(&b);
}
END_TEST

START_TEST(more_than_16_packets_are_the_clients_to_repeat)
{
    bed_segment seg;

    prove();
    for (uint32_t i = 0; i < MOST; i++)
        hold(1 + i * PAYLOAD, PAYLOAD);
    seg = early(1 + MOST * PAYLOAD, PAYLOAD, 0);
    say(&seg, MPCONN_VERDICT_DROP, MPCONN_REASON_HOLD_FULL);
    repeat(1 + (MOST - 1) * PAYLOAD, PAYLOAD); /* that one is held, and needs no room */
    bed_close(&b);
}
END_TEST

START_TEST(who_cannot_hold_drops)
{
    bed_segment seg;

    cb.release = NULL;
    prove();
    seg = early(1, PAYLOAD, 0);
    say(&seg, MPCONN_VERDICT_DROP, MPCONN_REASON_HOLD_FULL);
    say(&seg, MPCONN_VERDICT_DROP, MPCONN_REASON_HOLD_FULL);
    server_answers(65160);
    seg = early(1, PAYLOAD, 0);
    say(&seg, MPCONN_VERDICT_FORWARD, MPCONN_REASON_TRANSLATED);
    bed_close(&b);
}
END_TEST

/* --- nothing for strangers --- */

START_TEST(principle_7_nothing_is_held_of_a_client_that_proved_nothing)
{
    bed_segment seg;

    answer();
    seg = early(1, PAYLOAD, 0);
    seg.s.ack++;
    say(&seg, MPCONN_VERDICT_DROP, MPCONN_REASON_COOKIE_REFUSED);
    ck_assert_uint_eq(bed_stats(&b).held_packets, 0);
    ck_assert_uint_eq(b.n_out, 0);
    bed_close(&b);
}
END_TEST

START_TEST(data_of_a_syn_is_not_taken)
{
    bed_segment seg = bed_syn_seg(&c);
    mpci_view v;

    bed_open(&b, &cfg, &cb);
    seg.payload = 100;
    bed_in(&b, CLIENT, &seg);
    bed_view(&b, &v, NULL);
    ck_assert_uint_eq(v.ack, c.x + 1);
    ck_assert_uint_eq(v.payload_len, 0);
    ck_assert_uint_eq(bed_stats(&b).held_packets, 0);
    bed_close(&b);
}
END_TEST

/* --- how it may end --- */

START_TEST(client_that_has_said_all_is_not_cut_short)
{
    bed_segment seg;

    prove();
    hold(1, PAYLOAD);
    seg = early(1 + PAYLOAD, 0, 0);
    seg.s.flags |= MPCI_TCP_FIN;
    say(&seg, MPCONN_VERDICT_HOLD, MPCONN_REASON_HELD);
    say(&seg, MPCONN_VERDICT_CONSUMED, MPCONN_REASON_CLIENT_WAITS);
    server_answers(65160);
    pass(1, PAYLOAD);
    seg = early(1 + PAYLOAD, 0, 0);
    seg.s.flags |= MPCI_TCP_FIN;
    submit(&seg, MPCONN_VERDICT_FORWARD, MPCONN_REASON_TRANSLATED);
    ck_assert_uint_eq(bed_flow(&b, &c.tuple).next_seq[CLIENT], c.x + 2 + PAYLOAD);
    bed_close(&b);
}
END_TEST

START_TEST(R11_reset_behind_all_that_was_said_ends_it)
{
    bed_segment seg;

    prove();
    hold(1, PAYLOAD);
    hold(1 + PAYLOAD, PAYLOAD);
    seg = early(1 + PAYLOAD, 0, 0);
    seg.s.flags = MPCI_TCP_RST;
    say(&seg, MPCONN_VERDICT_DROP, MPCONN_REASON_RST_NOT_EXACT);
    seg = early(1 + 2 * PAYLOAD, 0, 0);
    seg.s.flags = MPCI_TCP_RST;
    say(&seg, MPCONN_VERDICT_CONSUMED, MPCONN_REASON_CLIENT_ABORTED);
    ck_assert_uint_eq(made(SERVER, MPCI_TCP_RST)->view.seq, c.x + 1);
    ck_assert_int_eq(b.release_reason, MPCONN_REASON_CLIENT_ABORTED);
    seg = early(1, PAYLOAD, 0);
    submit(&seg, MPCONN_VERDICT_DROP, MPCONN_REASON_DEAD_FLOW);
    ck_assert_uint_eq(b.n_out, 0);
    bed_close(&b);
}
END_TEST

START_TEST(V5_refusal_of_the_server_ends_what_is_held)
{
    bed_segment seg = bed_seg(&c.tuple, CLIENT, MPCI_TCP_RST | MPCI_TCP_ACK, 0, c.x + 1);
    const bed_out *out;

    prove();
    hold(1, PAYLOAD);
    bed_in(&b, SERVER, &seg);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_REFUSED);
    out = made(CLIENT, MPCI_TCP_RST | MPCI_TCP_ACK);
    ck_assert_uint_eq(out->view.seq, c.y + 1);
    ck_assert_uint_eq(out->view.ack, c.x + 1);
    ck_assert_int_eq(b.release_reason, MPCONN_REASON_SERVER_REFUSED);
    seg = early(1, PAYLOAD, 0);
    submit(&seg, MPCONN_VERDICT_DROP, MPCONN_REASON_DEAD_FLOW);
    ck_assert_uint_eq(bed_stats(&b).held_packets, 0);
    bed_close(&b);
}
END_TEST

/* --- clocks --- */

/* RFC 7323 5.3: a server drops what is older than what it heard, and our own segments come to it
 * before what is held. */
START_TEST(clock_of_our_segments_does_not_run_ahead_of_what_is_held)
{
    bed_segment seg;

    prove();
    hold(1, PAYLOAD);
    seg = early(1, PAYLOAD, 500);
    say(&seg, MPCONN_VERDICT_CONSUMED, MPCONN_REASON_CLIENT_WAITS);
    seg = early(1 + PAYLOAD, PAYLOAD, 600);
    say(&seg, MPCONN_VERDICT_HOLD, MPCONN_REASON_HELD);
    seg = early(1 + 2 * PAYLOAD, 0, 700);
    say(&seg, MPCONN_VERDICT_CONSUMED, MPCONN_REASON_CLIENT_WAITS);
    bed_pass(&b, MPCONN_SECOND); /* our SYN again */
    ck_assert_uint_eq(b.n_out, 1);
    ck_assert_uint_eq(b.out[0].options.tsval, c.client_ts + 1);
    b.n_out = 0;
    server_answers(65160);
    ck_assert_uint_eq(b.out[0].pkt.side, SERVER);
    ck_assert_uint_eq(b.out[0].view.tsval, c.client_ts + 1);
    bed_close(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("client_window");
    TCase *told = tcase_create("told"), *held = tcase_create("held"), *ends = tcase_create("ends");

    tcase_add_checked_fixture(told, setup, NULL);
    tcase_add_loop_test(told, syn_ack_announces_the_window_and_so_does_its_repeat, 0, 8);
    tcase_add_test(told, R5_cookie_does_not_depend_on_the_window);
    tcase_add_loop_test(told, right_edge_of_the_window_does_not_move_left, 0, 48);
    tcase_add_test(told, client_that_does_not_scale_is_told_bytes);
    suite_add_tcase(s, told);
    tcase_add_checked_fixture(held, setup, NULL);
    tcase_add_test(held, early_data_comes_to_the_server_in_order_behind_the_handshake);
    tcase_add_test(held, what_was_announced_passes_though_the_server_announces_less);
    tcase_add_test(held, first_data_may_be_the_proof);
    tcase_add_test(held, data_that_overtook_is_held_too);
    tcase_add_test(held, repeats_do_not_take_the_room_of_what_follows);
    tcase_add_test(held, what_was_given_up_is_held_anew_when_it_is_repeated);
    tcase_add_test(held, more_than_16_packets_are_the_clients_to_repeat);
    tcase_add_test(held, who_cannot_hold_drops);
    tcase_add_test(held, principle_7_nothing_is_held_of_a_client_that_proved_nothing);
    tcase_add_test(held, data_of_a_syn_is_not_taken);
    suite_add_tcase(s, held);
    tcase_add_checked_fixture(ends, setup, NULL);
    tcase_add_test(ends, client_that_has_said_all_is_not_cut_short);
    tcase_add_test(ends, R11_reset_behind_all_that_was_said_ends_it);
    tcase_add_test(ends, V5_refusal_of_the_server_ends_what_is_held);
    tcase_add_test(ends, clock_of_our_segments_does_not_run_ahead_of_what_is_held);
    suite_add_tcase(s, ends);
    return check_run(s);
}
