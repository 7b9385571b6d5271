/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets that are held: how many, how long, and how they come back. */
#include <check.h>

#include "check_main.h"
#include "engine_support.h"
#include "seed.h"

enum { CLIENT = MPCONN_SIDE_CLIENT, SERVER = MPCONN_SIDE_SERVER };
enum { PER_FLOW = 16, PAYLOAD = 30, LEN = 20 + 32 + PAYLOAD };

static bed b;
static mpconn_engine_config cfg;
static mpconn_callbacks cb;
static bed_conn c;

static bed_conn conn_at_port(uint16_t port)
{
    mpconn_tuple t = bed_tuple(MPCONN_FAMILY_IPV4, 1, port);

    return bed_conn_of(&t, 0xffffff00u + port, 0x77000000u + port);
}

static void setup(void)
{
    bed_config(&cfg, &cb);
    c = conn_at_port(40000);
}

static void open_with(bed_conn *conn)
{
    bed_open(&b, &cfg, &cb);
    bed_syn(&b, conn);
    bed_proof(&b, conn);
    b.n_out = 0;
}

/* The nth segment of the client's stream, before it heard of the server's timestamps. */
static bed_segment nth_data(const bed_conn *conn, unsigned n)
{
    bed_segment seg = bed_data(conn, CLIENT, 1 + n * PAYLOAD, 1, PAYLOAD);

    seg.s.tsecr = conn->proxy_ts;
    return seg;
}

static void send_nth(const bed_conn *conn, unsigned n)
{
    bed_segment seg = nth_data(conn, n);

    bed_in(&b, CLIENT, &seg);
}

static uint64_t hold_nth(const bed_conn *conn, unsigned n)
{
    send_nth(conn, n);
    ck_assert_msg(b.pkt.verdict == MPCONN_VERDICT_HOLD, "%s", mpconn_reason_name(b.pkt.reason));
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_HELD);
    ck_assert_uint_ne(b.pkt.flow, 0);
    return b.pkt.flow;
}

static void assert_not_held(void)
{
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_DROP);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_HOLD_FULL);
    ck_assert_uint_eq(b.pkt.flow, 0);
}

static void assert_gauges(unsigned packets, uint64_t bytes)
{
    mpconn_stats s = bed_stats(&b);

    ck_assert_uint_eq(s.held_packets, packets);
    ck_assert_uint_eq(s.held_bytes, bytes);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_HELD) - bed_count(&b, MPCONN_REASON_RELEASED),
                      packets);
}

static void set_flow(mpconn_pkt *pkt, void *user)
{
    pkt->flow = *(uint64_t *)user;
}

/* As a host does after `release`. */
static void submit_nth(const bed_conn *conn, unsigned n, uint64_t hold)
{
    bed_segment seg = nth_data(conn, n);
    uint8_t bytes[256];
    size_t len = bed_build(bytes, sizeof(bytes), &seg);

    bed_bytes(&b, CLIENT, bytes, len, set_flow, &hold);
}

START_TEST(held_packets_come_back_in_order_and_the_stream_goes_on)
{
    uint64_t hold;

    open_with(&c);
    hold = hold_nth(&c, 0);
    ck_assert_uint_eq(hold_nth(&c, 1), hold); /* behind the first, or it would overtake */
    ck_assert_uint_eq(hold_nth(&c, 2), hold);
    assert_gauges(3, 3 * LEN);
    bed_syn_ack(&b, &c);
    ck_assert_uint_eq(b.n_released, 1);
    ck_assert_uint_eq(b.released[0], hold);
    ck_assert_uint_eq(b.release_reason, MPCONN_REASON_RELEASED);
    assert_gauges(0, 0);
    for (unsigned n = 0; n < 3; n++) {
        submit_nth(&c, n, hold);
        ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_TRANSLATED);
        ck_assert_uint_eq(b.pkt.flow, bed_flow(&b, &c.tuple).id);
        ck_assert_uint_eq(bed_flow(&b, &c.tuple).next_seq[CLIENT], c.x + 1 + (n + 1) * PAYLOAD);
    }
    send_nth(&c, 3);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_TRANSLATED);
    ck_assert_uint_eq(b.n_released, 1);
    bed_close(&b);
}
END_TEST

START_TEST(ack_without_data_is_absorbed_and_not_held)
{
    bed_segment seg = bed_proof_seg(&c);

    open_with(&c);
    hold_nth(&c, 0);
    seg = bed_proof_seg(&c);
    bed_in(&b, CLIENT, &seg);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_CONSUMED);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_CLIENT_WAITS);
    assert_gauges(1, LEN);
    bed_close(&b);
}
END_TEST

START_TEST(proof_with_data_opens_the_leg_though_there_is_no_room_to_hold_it)
{
    bed_segment seg;

    cfg.max_held_bytes = 1;
    bed_open(&b, &cfg, &cb);
    bed_syn(&b, &c);
    seg = bed_proof_seg(&c);
    seg.payload = PAYLOAD;
    bed_in(&b, CLIENT, &seg);
    assert_not_held();
    ck_assert_uint_eq(b.n_out, 1);
    ck_assert_uint_eq(bed_take(&b)->view.flags, MPCI_TCP_SYN);
    bed_syn_ack(&b, &c);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_ANSWERED);
    ck_assert_uint_eq(b.n_released, 0);
    bed_close(&b);
}
END_TEST

/* --- bounds --- */

START_TEST(R12_flow_holds_16_packets_at_most)
{
    open_with(&c);
    for (unsigned n = 0; n < PER_FLOW; n++)
        hold_nth(&c, n);
    send_nth(&c, PER_FLOW);
    assert_not_held();
    assert_gauges(PER_FLOW, PER_FLOW * LEN);
    bed_syn_ack(&b, &c);
    ck_assert_uint_eq(b.n_released, 1);
    assert_gauges(0, 0);
    bed_close(&b);
}
END_TEST

START_TEST(engine_holds_as_many_packets_as_configured_and_again_after_a_release)
{
    bed_conn other = conn_at_port(40001);

    cfg.max_held_packets = 3;
    open_with(&c);
    bed_syn(&b, &other);
    bed_proof(&b, &other);
    ck_assert_uint_ne(hold_nth(&c, 0), hold_nth(&other, 0));
    hold_nth(&c, 1);
    send_nth(&other, 1);
    assert_not_held();
    bed_syn_ack(&b, &c);
    ck_assert_uint_eq(b.n_released, 1);
    assert_gauges(1, LEN);
    hold_nth(&other, 1);
    hold_nth(&other, 2);
    send_nth(&other, 3);
    assert_not_held();
    bed_close(&b);
}
END_TEST

START_TEST(engine_holds_as_many_bytes_as_configured_and_not_one_more)
{
    cfg.max_held_bytes = 3 * LEN - 1 + (uint64_t)_i;
    open_with(&c);
    hold_nth(&c, 0);
    hold_nth(&c, 1);
    send_nth(&c, 2);
    if (_i == 0)
        assert_not_held();
    else
        ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_HOLD);
    bed_close(&b);
}
END_TEST

static void head_only(mpconn_pkt *pkt, void *user)
{
    pkt->ext = user;
    pkt->flags = MPCONN_PKT_F_HEAD_ONLY;
    pkt->len = LEN - PAYLOAD;
}

/* The host keeps all of it, not only the headers that it shows. */
START_TEST(packet_of_which_the_head_is_shown_counts_whole)
{
    bed_segment seg;
    uint8_t bytes[256];
    mpconn_pkt_ext ext;
    size_t len;

    cfg.max_held_bytes = 2 * LEN - 1;
    open_with(&c);
    for (unsigned n = 0; n < 2; n++) {
        MPCONN_STRUCT_INIT(&ext);
        ext.total_len = LEN;
        seg = nth_data(&c, n);
        len = bed_build(bytes, sizeof(bytes), &seg);
        bed_bytes(&b, CLIENT, bytes, len, head_only, &ext);
        if (n == 0)
            ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_HOLD);
        else
            assert_not_held();
        assert_gauges(1, LEN);
    }
    bed_syn_ack(&b, &c);
    assert_gauges(0, 0);
    bed_close(&b);
}
END_TEST

START_TEST(books_bear_packets_of_gigabytes)
{
    bed_segment seg;
    uint8_t bytes[256];
    mpconn_pkt_ext ext;
    uint64_t sum = 0;
    unsigned n;

    cfg.max_held_bytes = UINT64_MAX;
    open_with(&c);
    for (n = 0; n < 3; n++) {
        MPCONN_STRUCT_INIT(&ext);
        ext.total_len = UINT32_C(3) << 30;
        ext.gso_size = 1400;
        seg = nth_data(&c, 0);
        bed_build(bytes, sizeof(bytes), &seg);
        bed_bytes(&b, CLIENT, bytes, LEN, head_only, &ext);
        sum += b.pkt.verdict == MPCONN_VERDICT_HOLD ? ext.total_len : 0;
    }
    ck_assert_uint_gt(sum, 0);
    ck_assert_uint_eq(bed_stats(&b).held_bytes, sum);
    bed_syn_ack(&b, &c);
    assert_gauges(0, 0);
    bed_close(&b);
}
END_TEST

START_TEST(nothing_is_held_for_a_host_without_the_hook)
{
    cb.release = NULL;
    open_with(&c);
    send_nth(&c, 0);
    assert_not_held();
    assert_gauges(0, 0);
    bed_syn_ack(&b, &c);
    send_nth(&c, 0);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_TRANSLATED);
    bed_close(&b);
}
END_TEST

/* --- time --- */

START_TEST(hold_ends_after_its_time_and_not_before)
{
    uint64_t hold;
    mpconn_time end;

    bed_timeouts.hold_ns = 300 * MPCONN_MILLISECOND; /* before our SYN is repeated */
    open_with(&c);
    hold = hold_nth(&c, 0);
    end = b.now + bed_timeouts.hold_ns;
    bed_pass(&b, 200 * MPCONN_MILLISECOND);
    hold_nth(&c, 1); /* the first one's deadline is that of all */
    ck_assert_uint_eq(mpconn_engine_next_expiry(b.eng), end);
    bed_pass(&b, end - 1 - b.now);
    ck_assert_uint_eq(b.n_released, 0);
    bed_pass(&b, 1);
    ck_assert_uint_eq(b.n_released, 1);
    ck_assert_uint_eq(b.released[0], hold);
    ck_assert_uint_eq(b.release_reason, MPCONN_REASON_HOLD_EXPIRED);
    assert_gauges(0, 0);
    for (unsigned n = 0; n < 2; n++) { /* final, though the server may yet answer */
        submit_nth(&c, n, hold);
        ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_DROP);
        ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_HOLD_EXPIRED);
        ck_assert_uint_eq(b.pkt.flow, 0);
    }
    ck_assert_uint_eq(b.n_out, 0); /* the handshake went on undisturbed */
    hold_nth(&c, 0); /* what the client sends again has a time of its own */
    end = b.now + bed_timeouts.hold_ns;
    bed_pass(&b, bed_timeouts.hold_ns - 1);
    ck_assert_uint_eq(b.n_released, 1);
    bed_pass(&b, 1);
    ck_assert_uint_eq(b.n_released, 2);
    bed_close(&b);
}
END_TEST

/* --- each end of a handshake releases, once --- */

enum { ENDS = 6 };

typedef struct ending {
    unsigned released, verdict, again;
} ending;

/* Why the host is asked for its packets, and what becomes of them. */
static const ending endings[ENDS] = {
    {MPCONN_REASON_RELEASED, MPCONN_VERDICT_FORWARD, MPCONN_REASON_TRANSLATED},
    {MPCONN_REASON_SERVER_REFUSED, MPCONN_VERDICT_DROP, MPCONN_REASON_DEAD_FLOW},
    {MPCONN_REASON_CLIENT_ABORTED, MPCONN_VERDICT_DROP, MPCONN_REASON_DEAD_FLOW},
    {MPCONN_REASON_CLIENT_ABORTED, MPCONN_VERDICT_DROP, MPCONN_REASON_COOKIE_REFUSED},
    {MPCONN_REASON_TABLE_FULL, MPCONN_VERDICT_DROP, MPCONN_REASON_DEAD_FLOW},
    {MPCONN_REASON_SERVER_SILENT, MPCONN_VERDICT_DROP, MPCONN_REASON_DEAD_FLOW},
};

static void fill_tables(void)
{
    for (uint16_t i = 0; i < 2; i++) {
        bed_conn other = conn_at_port((uint16_t)(50000 + i));

        bed_settle(&b, &other);
    }
}

static void end_handshake(unsigned how)
{
    bed_segment seg;
    bed_conn next = c;

    switch (how) {
    case 0:
    case 4:
        bed_syn_ack(&b, &c);
        break;
    case 1:
        seg = bed_seg(&c.tuple, CLIENT, MPCI_TCP_RST | MPCI_TCP_ACK, 0, c.x + 1);
        bed_in(&b, SERVER, &seg);
        break;
    case 2:
        seg = bed_seg(&c.tuple, SERVER, MPCI_TCP_RST, c.x + 1, 0);
        bed_in(&b, CLIENT, &seg);
        break;
    case 3: /* the client comes back with another number */
        next.x += 0x20000000;
        bed_syn(&b, &next);
        ck_assert_uint_eq(b.n_released, 0);
        seg = bed_proof_seg(&next);
        bed_in(&b, CLIENT, &seg);
        break;
    default:
        bed_pass(&b, 40 * MPCONN_SECOND);
    }
}

START_TEST(each_end_of_a_handshake_releases_what_it_held_exactly_once)
{
    const ending *e = &endings[_i];
    uint64_t hold;

    cfg.max_flows = 1;
    cfg.max_wide_flows = 2;
    bed_timeouts.hold_ns = 100 * MPCONN_SECOND; /* what ends it is not the time to hold */
    bed_open(&b, &cfg, &cb);
    if (_i == 4)
        fill_tables();
    bed_syn(&b, &c);
    bed_proof(&b, &c);
    hold = hold_nth(&c, 0);
    hold_nth(&c, 1);
    end_handshake((unsigned)_i);
    ck_assert_uint_eq(b.n_released, 1);
    ck_assert_uint_eq(b.released[0], hold);
    ck_assert_msg(b.release_reason == e->released, "%s", mpconn_reason_name(b.release_reason));
    assert_gauges(0, 0);
    b.n_out = 0;
    for (unsigned n = 0; n < 2; n++) {
        submit_nth(&c, n, hold);
        ck_assert_msg(b.pkt.reason == e->again, "%s", mpconn_reason_name(b.pkt.reason));
        ck_assert_int_eq(b.pkt.verdict, e->verdict);
        ck_assert_uint_ne(b.pkt.flow, hold);
        ck_assert_uint_eq(b.n_out, 0); /* whoever was to be told was told at the end */
    }
    bed_pass(&b, 500 * MPCONN_SECOND);
    ck_assert_uint_eq(b.n_released, 1);
    assert_gauges(0, 0);
    bed_close(&b);
}
END_TEST

/* The host may be slow: by then the client's next number has been answered by the server. */
START_TEST(packet_of_a_number_the_client_left_does_not_take_its_place_back)
{
    bed_conn next = c;
    bed_segment seg;
    uint64_t hold;

    open_with(&c);
    hold = hold_nth(&c, 0);
    next.x += 0x20000000;
    bed_syn(&b, &next);
    seg = bed_proof_seg(&next);
    bed_in(&b, CLIENT, &seg);
    ck_assert_uint_eq(b.n_released, 1);
    bed_syn_ack(&b, &next);
    seg = bed_data(&next, CLIENT, 1, 1, PAYLOAD);
    bed_in(&b, CLIENT, &seg);
    b.n_out = 0;
    submit_nth(&c, 0, hold);
    ck_assert_uint_eq(b.n_out, 0);
    ck_assert_uint_eq(bed_flow(&b, &c.tuple).state, MPCONN_FLOW_OPEN);
    ck_assert_uint_eq(bed_flow(&b, &c.tuple).next_seq[CLIENT], next.x + 1 + PAYLOAD);
    bed_pass(&b, 30 * MPCONN_SECOND);
    seg = bed_data(&next, SERVER, 1, 1 + PAYLOAD, PAYLOAD);
    bed_in(&b, SERVER, &seg);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_TRANSLATED);
    bed_close(&b);
}
END_TEST

/* --- books kept over random traffic --- */

enum { CONNS = 6, QUEUE = 64 };

static struct {
    bed_conn conns[CONNS];
    uint64_t queue[QUEUE], bytes[QUEUE];
    unsigned n;
} host;

static void model_release(void *user, uint64_t hold, unsigned reason)
{
    bed *bd = user;
    unsigned kept = 0;

    for (unsigned i = 0; i < host.n; i++) {
        if (host.queue[i] != hold) {
            host.queue[kept] = host.queue[i];
            host.bytes[kept++] = host.bytes[i];
        }
    }
    HOLDS(kept < host.n); /* never a number under which nothing is held */
    HOLDS(mpconn_reason_name(reason) != NULL && reason != MPCONN_REASON_NONE);
    host.n = kept;
    bd->n_released++;
}

static void keep_if_held(void)
{
    if (b.pkt.verdict != MPCONN_VERDICT_HOLD)
        return;
    HOLDS(host.n < QUEUE);
    host.queue[host.n] = b.pkt.flow;
    host.bytes[host.n++] = b.pkt.len;
}

static void one_event(seed_rng *rng)
{
    bed_conn *k = &host.conns[seed_below(rng, CONNS)];
    bed_segment seg = bed_syn_seg(k);

    switch (seed_below(rng, 12)) {
    case 0:
        k->x += 100000;
        k->z += 100000;
        seg.s.seq = k->x;
        bed_in(&b, CLIENT, &seg);
        if (b.pkt.reason == MPCONN_REASON_SYN_ANSWERED) {
            mpci_view v;
            mpci_syn_options o;

            bed_view(&b, &v, &o);
            k->y = v.seq;
            k->proxy_ts = o.tsval;
        }
        break;
    case 1:
        seg = bed_syn_ack_seg(k);
        bed_in(&b, SERVER, &seg);
        break;
    case 2:
        seg = bed_seg(&k->tuple, CLIENT, MPCI_TCP_RST | MPCI_TCP_ACK, 0, k->x + 1);
        bed_in(&b, SERVER, &seg);
        break;
    case 3:
        seg = bed_seg(&k->tuple, SERVER, MPCI_TCP_RST, k->x + 1, 0);
        bed_in(&b, CLIENT, &seg);
        break;
    case 4:
        bed_pass(&b, seed_below(rng, 900) * MPCONN_MILLISECOND);
        break;
    default:
        send_nth(k, seed_below(rng, 20));
        keep_if_held();
    }
    b.n_out = 0;
}

START_TEST(books_of_the_held_balance_whatever_happens)
{
    seed_rng rng = seed_start();

    rng.state += (uint64_t)_i << 32;
    cb.release = model_release;
    cfg.max_held_packets = 40;
    cfg.max_held_bytes = 40 * LEN;
    cfg.max_flows = cfg.max_wide_flows = 2;
    bed_timeouts.established_ns = bed_timeouts.closed_ns = bed_timeouts.reset_ns = MPCONN_SECOND;
    bed_timeouts.hold_ns = 700 * MPCONN_MILLISECOND;
    bed_open(&b, &cfg, &cb);
    for (uint16_t i = 0; i < CONNS; i++)
        host.conns[i] = conn_at_port((uint16_t)(40000 + i));
    for (unsigned i = 0; i < 3000; i++) {
        mpconn_stats s;
        uint64_t bytes = 0;

        one_event(&rng);
        s = bed_stats(&b);
        for (unsigned j = 0; j < host.n; j++)
            bytes += host.bytes[j];
        HOLDS(s.held_packets == host.n && s.held_bytes == bytes);
        HOLDS(s.held_packets <= 40);
    }
    ck_assert_uint_gt(bed_count(&b, MPCONN_REASON_HELD), 100);
    ck_assert_uint_gt(b.n_released, 50);
    bed_pass(&b, 1000 * MPCONN_SECOND);
    ck_assert_uint_eq(host.n, 0);
    assert_gauges(0, 0);
    bed_close(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("engine: hold");
    TCase *tc = tcase_create("hold");

    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, held_packets_come_back_in_order_and_the_stream_goes_on);
    tcase_add_test(tc, ack_without_data_is_absorbed_and_not_held);
    tcase_add_test(tc, proof_with_data_opens_the_leg_though_there_is_no_room_to_hold_it);
    tcase_add_test(tc, R12_flow_holds_16_packets_at_most);
    tcase_add_test(tc, engine_holds_as_many_packets_as_configured_and_again_after_a_release);
    tcase_add_loop_test(tc, engine_holds_as_many_bytes_as_configured_and_not_one_more, 0, 2);
    tcase_add_test(tc, packet_of_which_the_head_is_shown_counts_whole);
    tcase_add_test(tc, books_bear_packets_of_gigabytes);
    tcase_add_test(tc, packet_of_a_number_the_client_left_does_not_take_its_place_back);
    tcase_add_test(tc, nothing_is_held_for_a_host_without_the_hook);
    tcase_add_test(tc, hold_ends_after_its_time_and_not_before);
    tcase_add_loop_test(tc, each_end_of_a_handshake_releases_what_it_held_exactly_once, 0, ENDS);
    tcase_add_loop_test(tc, books_of_the_held_balance_whatever_happens, 0, 4);
    suite_add_tcase(s, tc);
    return check_run(s);
}
