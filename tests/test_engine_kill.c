/* SPDX-License-Identifier: BSD-2-Clause */
/* Ending flows and handshakes by order of the host. */
#include <check.h>

#include "check_main.h"
#include "engine_support.h"

enum { CLIENT = MPCONN_SIDE_CLIENT, SERVER = MPCONN_SIDE_SERVER };
enum { V4 = MPCONN_FAMILY_IPV4, V6 = MPCONN_FAMILY_IPV6 };

static bed b;
static mpconn_engine_config cfg;
static mpconn_callbacks cb;
static mpconn_flow_filter filter;
static snapshot before, after;

static void setup(void)
{
    bed_config(&cfg, &cb);
    MPCONN_STRUCT_INIT(&filter);
}

static size_t kill_them(void)
{
    size_t killed = 12345;

    ck_assert_int_eq(mpconn_engine_kill(b.eng, &filter, &killed, b.now), MPCONN_OK);
    return killed;
}

static bed_conn settle(unsigned family, unsigned client, uint16_t port)
{
    mpconn_tuple t = bed_tuple(family, client, port);
    bed_conn c = bed_conn_of(&t, 0xfffffff0 + client, 0x10);

    bed_settle(&b, &c);
    return c;
}

static void send_from(const bed_conn *c, unsigned from, unsigned flags, uint32_t seq, uint32_t ack,
                      uint32_t payload)
{
    bed_segment seg = bed_data(c, from, seq, ack, payload);

    seg.s.flags = (uint16_t)flags;
    bed_in(&b, from, &seg);
}

static void talk(const bed_conn *c)
{
    send_from(c, CLIENT, MPCI_TCP_ACK, 1, 1, 100);
    send_from(c, SERVER, MPCI_TCP_ACK, 1, 101, 1000);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_TRANSLATED);
}

/* An RST with `flags` and these numbers; ack counts only with the flag. */
static void assert_reset(unsigned side, uint32_t link, uint32_t seq, unsigned flags, uint32_t ack)
{
    const bed_out *o = bed_take(&b);

    ck_assert_uint_eq(o->pkt.side, side);
    ck_assert_uint_eq(o->pkt.link, link);
    ck_assert_uint_eq(o->pkt.reason, side == CLIENT ? MPCONN_REASON_RST_TO_CLIENT
                                                    : MPCONN_REASON_RST_TO_SERVER);
    ck_assert_uint_eq(o->view.flags, MPCI_TCP_RST | flags);
    ck_assert_uint_eq(o->view.seq, seq);
    if (flags & MPCI_TCP_ACK)
        ck_assert_uint_eq(o->view.ack, ack);
    ck_assert_uint_eq(o->view.payload_len, 0);
    ck_assert_uint_eq(o->view.tcp_hlen, 20);
}

START_TEST(kill_resets_both_endpoints_with_the_next_number_of_their_own_leg)
{
    mpconn_tuple t = bed_tuple(_i ? V6 : V4, 1, 40000);
    bed_conn c = bed_conn_of(&t, 0xfffffff0, 0x10);
    mpconn_flow f;

    bed_open(&b, &cfg, &cb);
    bed_settle(&b, &c);
    talk(&c); /* client next x+101, server next z+1001, both over the top of the numbers */
    f = bed_flow(&b, NULL);
    b.n_events = 0;
    ck_assert_uint_eq(kill_them(), 1);
    ck_assert_uint_eq(b.n_out, 2);
    assert_reset(CLIENT, 11, c.y + 1001, MPCI_TCP_ACK, c.x + 101);
    assert_reset(SERVER, 22, c.x + 101, MPCI_TCP_ACK, c.z + 1001);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_KILLED), 1);
    ck_assert_uint_eq(bed_flow(&b, NULL).id, f.id); /* the tombstone */
    ck_assert_uint_eq(bed_flow(&b, NULL).state, MPCONN_FLOW_RESET);
    ck_assert_uint_eq(b.n_events, 0);
    ck_assert_uint_eq(kill_them(), 0); /* nothing left to kill */
    ck_assert_uint_eq(b.n_out, 0);
    bed_close(&b);
}
END_TEST

START_TEST(kill_counts_a_fin_among_the_numbers)
{
    bed_conn c;

    bed_open(&b, &cfg, &cb);
    c = settle(V4, 1, 40000);
    talk(&c);
    send_from(&c, SERVER, MPCI_TCP_ACK | MPCI_TCP_FIN, 1001, 101, 5);
    ck_assert_uint_eq(kill_them(), 1);
    assert_reset(CLIENT, 11, c.y + 1007, MPCI_TCP_ACK, c.x + 101);
    assert_reset(SERVER, 22, c.x + 101, MPCI_TCP_ACK, c.z + 1007);
    bed_close(&b);
}
END_TEST

/* What one endpoint sent outside every window does not move what the other is told. */
START_TEST(E16_kill_is_exact_after_forged_segments)
{
    bed_conn c;

    bed_open(&b, &cfg, &cb);
    c = settle(V4, 1, 40000);
    talk(&c);
    send_from(&c, SERVER, MPCI_TCP_ACK, 0x10000000, 101, 500);
    send_from(&c, CLIENT, MPCI_TCP_ACK, 101, 0x20000000, 500);
    send_from(&c, SERVER, MPCI_TCP_RST, 5, 0, 0);
    ck_assert_uint_eq(kill_them(), 1);
    assert_reset(CLIENT, 11, c.y + 1001, MPCI_TCP_ACK, c.x + 101);
    assert_reset(SERVER, 22, c.x + 101, MPCI_TCP_ACK, c.z + 1001);
    bed_close(&b);
}
END_TEST

START_TEST(silent_kill_says_nothing)
{
    bed_conn c;

    bed_open(&b, &cfg, &cb);
    c = settle(V4, 1, 40000);
    talk(&c);
    filter.flags = MPCONN_KILL_F_SILENT;
    ck_assert_uint_eq(kill_them(), 1);
    ck_assert_uint_eq(b.n_out, 0);
    send_from(&c, CLIENT, MPCI_TCP_ACK, 101, 1001, 10);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_DEAD_FLOW);
    ck_assert_uint_eq(b.n_out, 0);
    bed_close(&b);
}
END_TEST

START_TEST(killed_flow_lets_nothing_pass_any_more)
{
    static const unsigned flags[] = {MPCI_TCP_ACK, MPCI_TCP_ACK | MPCI_TCP_FIN,
                                     MPCI_TCP_RST, MPCI_TCP_RST | MPCI_TCP_ACK};
    bed_segment syn;
    bed_conn c;

    bed_open(&b, &cfg, &cb);
    c = settle(V4, 1, 40000);
    talk(&c);
    kill_them();
    b.n_out = 0;
    snapshot_take(&before, b.eng);
    for (unsigned i = 0; i < 4; i++) {
        for (unsigned from = 0; from < 2; from++) {
            send_from(&c, from, flags[i], from == CLIENT ? 101 : 1001, from == CLIENT ? 1001 : 101,
                      i == 0 ? 10 : 0);
            ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_DROP);
            ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_DEAD_FLOW);
            ck_assert_uint_eq(b.pkt.flow, 0);
        }
    }
    /* Its cookie and its SYN are dead with it. */
    send_from(&c, CLIENT, MPCI_TCP_ACK, 1, 1, 0);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_DEAD_FLOW);
    syn = bed_seg(&c.tuple, SERVER, MPCI_TCP_SYN, c.x, 0);
    bed_in(&b, CLIENT, &syn);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_DEAD_FLOW);
    bed_syn_ack(&b, &c);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_DEAD_FLOW);
    ck_assert_uint_eq(b.n_out, 6); /* what bore an ACK and no RST is answered */
    snapshot_take(&after, b.eng);
    snapshot_assert_same_state(&before, &after);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_DEAD_FLOW), 11);
    bed_close(&b);
}
END_TEST

START_TEST(tombstone_of_a_killed_flow_ends_after_its_time)
{
    uint64_t id;

    bed_timeouts.reset_ns = 10 * MPCONN_SECOND;
    bed_open(&b, &cfg, &cb);
    settle(V4, 1, 40000);
    b.now += 5 * MPCONN_SECOND;
    id = bed_flow(&b, NULL).id;
    kill_them();
    b.n_events = 0;
    bed_pass(&b, 10 * MPCONN_SECOND - 1);
    ck_assert_uint_eq(b.n_events, 0);
    bed_pass(&b, 3 * MPCONN_SECOND);
    ck_assert_uint_eq(b.n_events, 1);
    ck_assert_uint_eq(b.events[0].type, MPCONN_EVENT_ENDED);
    ck_assert_uint_eq(b.events[0].reason, MPCONN_REASON_KILLED);
    ck_assert_uint_eq(b.events[0].flow, id);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_KILLED), 1);
    ck_assert_uint_eq(bed_n_flows(&b), 0);
    ck_assert_uint_eq(bed_stats(&b).flows_ended, 1);
    bed_close(&b);
}
END_TEST

START_TEST(next_incarnation_takes_the_place_of_a_killed_flow)
{
    bed_conn c, next;
    mpconn_flow f;

    bed_open(&b, &cfg, &cb);
    c = settle(_i ? V6 : V4, 1, 40000);
    talk(&c);
    f = bed_flow(&b, NULL);
    kill_them();
    b.n_out = b.n_events = 0;
    next = bed_conn_of(&c.tuple, c.x + 5000, c.z + 99999);
    bed_settle(&b, &next);
    ck_assert_uint_eq(b.n_events, 2);
    ck_assert_uint_eq(b.events[0].type, MPCONN_EVENT_ENDED);
    ck_assert_uint_eq(b.events[0].reason, MPCONN_REASON_KILLED);
    ck_assert_uint_eq(b.events[0].flow, f.id);
    ck_assert_uint_eq(b.events[1].type, MPCONN_EVENT_SETTLED);
    ck_assert_uint_ne(b.events[1].flow, f.id);
    ck_assert_uint_eq(bed_flow(&b, NULL).delta.generation, f.delta.generation + 1);
    ck_assert_uint_eq(bed_flow(&b, NULL).state, MPCONN_FLOW_OPEN);
    talk(&next);
    send_from(&c, SERVER, MPCI_TCP_ACK, 1001, 101, 10); /* of the old one: no window fits */
    ck_assert_uint_eq(bed_flow(&b, NULL).next_seq[SERVER], next.z + 1001);
    bed_close(&b);
}
END_TEST

/* Nine flows and which of them each filter matches, as bits. */
typedef struct filter_case {
    const char *name;
    mpconn_flow_filter f;
    unsigned matched;
} filter_case;

static const filter_case filter_cases[] = {
    {"everything", {0}, 0x1ff},
    {"family 4", {.family = V4}, 0x03f},
    {"family 6", {.family = V6}, 0x1c0},
    {"address without prefix", {.family = V4, .client = {{192, 0, 2, 1}}}, 0x03f},
    {"client /32", {.family = V4, .client = {{192, 0, 2, 1}}, .client_prefix = 32}, 0x003},
    {"client /31", {.family = V4, .client = {{192, 0, 2, 3}}, .client_prefix = 31}, 0x00c},
    {"client /30", {.family = V4, .client = {{192, 0, 2, 0}}, .client_prefix = 30}, 0x00f},
    {"client /24", {.family = V4, .client = {{192, 0, 2, 99}}, .client_prefix = 24}, 0x03f},
    {"client /1", {.family = V4, .client = {{128}}, .client_prefix = 1}, 0x03f},
    {"other /24", {.family = V4, .client = {{192, 0, 3, 1}}, .client_prefix = 24}, 0},
    {"server /32", {.family = V4, .server = {{198, 51, 100, 7}}, .server_prefix = 32}, 0x03f},
    {"other server", {.family = V4, .server = {{198, 51, 100, 6}}, .server_prefix = 32}, 0},
    {"client port", {.client_port = 40001}, 0x052},
    {"server port", {.server_port = 80}, 0x1ff},
    {"other server port", {.server_port = 81}, 0},
    {"zone not asked for", {.zone = 5}, 0x1ff},
    {"zone 5", {.zone = 5, .match_zone = 1}, 0x020},
    {"zone 0", {.match_zone = 255}, 0x1df},
    {"v6 /128", {.family = V6, .client = {{0x20, 1, 0xd, 0xb8, [15] = 2}}, .client_prefix = 128},
     0x0c0},
    {"v6 /127", {.family = V6, .client = {{0x20, 1, 0xd, 0xb8, [15] = 3}}, .client_prefix = 127},
     0x1c0},
    {"v6 /64", {.family = V6, .client = {{0x20, 1, 0xd, 0xb8}}, .client_prefix = 64}, 0x1c0},
    {"family and port", {.family = V6, .client_port = 40001}, 0x040},
    {"all of it", {.family = V4, .client = {{192, 0, 2, 3}}, .client_prefix = 32,
                   .server = {{198, 51, 100, 7}}, .server_prefix = 32, .client_port = 40000,
                   .server_port = 80, .match_zone = 1}, 0x004},
};
enum { N_FILTERS = sizeof(filter_cases) / sizeof(filter_cases[0]) };

START_TEST(filter_ends_what_it_matches_and_nothing_else)
{
    static const struct {
        uint8_t family, client, zone;
        uint16_t port;
    } flows[9] = {{V4, 0, 0, 40000}, {V4, 0, 0, 40001}, {V4, 2, 0, 40000}, {V4, 1, 0, 40000},
                  {V4, 7, 0, 40001}, {V4, 7, 5, 40000}, {V6, 1, 0, 40001}, {V6, 1, 0, 40000},
                  {V6, 2, 0, 40000}};
    const filter_case *fc = &filter_cases[_i];
    bed_conn c[9];
    size_t expected = 0;

    bed_open(&b, &cfg, &cb);
    for (unsigned i = 0; i < 9; i++) {
        mpconn_tuple t = bed_tuple(flows[i].family, flows[i].client, flows[i].port);

        t.zone = flows[i].zone;
        c[i] = bed_conn_of(&t, i * 1000, i * 77777);
        bed_settle(&b, &c[i]);
        expected += fc->matched >> i & 1;
    }
    filter = fc->f;
    filter.struct_size = sizeof(filter);
    ck_assert_msg(kill_them() == expected, "%s", fc->name);
    ck_assert_uint_eq(b.n_out, 2 * expected);
    for (unsigned i = 0; i < 9; i++) {
        send_from(&c[i], CLIENT, MPCI_TCP_ACK, 1, 1, 10);
        ck_assert_msg((b.pkt.reason == MPCONN_REASON_DEAD_FLOW) == (fc->matched >> i & 1),
                      "%s: flow %u got %s", fc->name, i, mpconn_reason_name(b.pkt.reason));
    }
    bed_close(&b);
}
END_TEST

START_TEST(id_ends_one_flow_and_no_handshake)
{
    mpconn_tuple t = bed_tuple(V4, 3, 40000);
    bed_conn c, half = bed_conn_of(&t, 1, 2);
    uint64_t id;

    bed_open(&b, &cfg, &cb);
    c = settle(V4, 1, 40000);
    settle(V4, 2, 40000);
    bed_syn(&b, &half);
    id = bed_flow(&b, &c.tuple).id;
    for (uint64_t wrong = 1; wrong < 4; wrong++) {
        filter.id = wrong == 1 ? id + 1000 : wrong == 2 ? id + (UINT64_C(1) << 32) : UINT64_MAX;
        ck_assert_uint_eq(kill_them(), 0);
    }
    filter.id = id;
    filter.client_port = 1; /* all members count */
    ck_assert_uint_eq(kill_them(), 0);
    filter.client_port = 0;
    ck_assert_uint_eq(kill_them(), 1);
    ck_assert_uint_eq(bed_flow(&b, &c.tuple).state, MPCONN_FLOW_RESET);
    ck_assert_uint_eq(bed_stats(&b).unproved, 1);
    bed_close(&b);
}
END_TEST

START_TEST(impossible_filter_is_refused_and_ends_nothing)
{
    static const mpconn_flow_filter wrong[] = {
        {.client_prefix = 1},
        {.server_prefix = 1},
        {.family = V4, .client_prefix = 33},
        {.family = V4, .server_prefix = 33},
        {.family = V6, .client_prefix = 129},
        {.family = V6, .server_prefix = 129},
        {.family = V6, .server_prefix = 255},
        {.family = 5},
        {.flags = 2},
        {.flags = UINT32_MAX},
        {.reserved = 1},
    };
    size_t killed = 17;

    bed_open(&b, &cfg, &cb);
    settle(V4, 1, 40000);
    filter = wrong[_i];
    filter.struct_size = sizeof(filter);
    ck_assert_int_eq(mpconn_engine_kill(b.eng, &filter, &killed, b.now), MPCONN_ERR_INVAL);
    ck_assert_uint_eq(killed, 17);
    ck_assert_uint_eq(bed_flow(&b, NULL).state, MPCONN_FLOW_OPEN);
    ck_assert_uint_eq(b.n_out, 0);
    bed_close(&b);
}
END_TEST

START_TEST(more_resets_than_the_outbox_holds_all_leave)
{
    enum { N = 100 };

    bed_open(&b, &cfg, &cb);
    for (unsigned i = 0; i < N; i++) {
        bed_conn c = settle(V6, i, 40000);

        talk(&c);
    }
    ck_assert_uint_eq(kill_them(), N);
    ck_assert_uint_eq(b.n_out, 2 * N);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_RST_TO_CLIENT), N);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_RST_TO_SERVER), N);
    bed_close(&b);
}
END_TEST

START_TEST(resets_the_host_cannot_send_are_counted)
{
    bed_conn c;

    bed_open(&b, &cfg, &cb);
    c = settle(V4, 1, 40000);
    b.send_fails = 1;
    ck_assert_uint_eq(kill_them(), 1);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_OUTPUT_FULL), 2);
    send_from(&c, CLIENT, MPCI_TCP_ACK, 1, 1, 10);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_DEAD_FLOW);
    bed_close(&b);
}
END_TEST

/* Kill the one handshake there is; it was alive, and the host is told once. */
static void kill_one(unsigned resets)
{
    b.n_out = b.n_events = 0;
    ck_assert_uint_eq(kill_them(), 1);
    ck_assert_uint_eq(b.n_out, filter.flags ? 0 : resets);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_KILLED), 1);
    ck_assert_uint_eq(b.n_events, 1);
    ck_assert_uint_eq(b.events[0].type, MPCONN_EVENT_REFUSED);
    ck_assert_uint_eq(b.events[0].reason, MPCONN_REASON_KILLED);
    ck_assert_uint_eq(bed_stats(&b).unproved, 0);
    ck_assert_uint_eq(bed_stats(&b).held_packets, 0);
    ck_assert_uint_eq(bed_stats(&b).held_bytes, 0);
}

START_TEST(killed_handshake_of_an_unproved_client_is_dead)
{
    mpconn_tuple t = bed_tuple(V4, 1, 40000);
    bed_conn c = bed_conn_of(&t, 0xffffffff, 2);
    bed_segment seg;

    filter.flags = _i ? MPCONN_KILL_F_SILENT : 0;
    bed_open(&b, &cfg, &cb);
    bed_syn(&b, &c);
    kill_one(1);
    if (!_i)
        assert_reset(CLIENT, 11, c.y + 1, MPCI_TCP_ACK, c.x + 1);
    seg = bed_proof_seg(&c); /* the cookie is still good, but not for this */
    bed_in(&b, CLIENT, &seg);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_DEAD_FLOW);
    if (!_i) /* the first one may be lost */
        assert_reset(CLIENT, 11, c.y + 1, 0, 0);
    ck_assert_uint_eq(kill_them(), 0);
    /* nor does its SYN open the way again, whatever the host says by now */
    b.admit = MPCONN_ADMIT_TRACK;
    seg = bed_syn_seg(&c);
    bed_in(&b, CLIENT, &seg);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_DEAD_FLOW);
    ck_assert_uint_eq(b.n_out, 0);
    bed_close(&b);
}
END_TEST

START_TEST(killed_handshake_of_a_proved_client_releases_what_it_held)
{
    mpconn_tuple t = bed_tuple(V4, 1, 40000);
    bed_conn c = bed_conn_of(&t, 0xffffffff, 2);
    bed_segment seg;
    uint64_t hold;

    filter.flags = _i ? MPCONN_KILL_F_SILENT : 0;
    bed_open(&b, &cfg, &cb);
    bed_syn(&b, &c);
    bed_proof(&b, &c);
    seg = bed_data(&c, CLIENT, 1, 1, 50);
    seg.s.tsecr = c.proxy_ts;
    bed_in(&b, CLIENT, &seg);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_HOLD);
    hold = b.pkt.flow;
    kill_one(2);
    if (!_i) {
        assert_reset(CLIENT, 11, c.y + 1, MPCI_TCP_ACK, c.x + 1);
        assert_reset(SERVER, MPCONN_LINK_NONE, c.x + 1, 0, 0);
    }
    ck_assert_uint_eq(b.n_released, 1);
    ck_assert_uint_eq(b.released[0], hold);
    ck_assert_uint_eq(b.release_reason, MPCONN_REASON_KILLED);
    bed_in_again(&b, &b.pkt);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_DEAD_FLOW);
    ck_assert_uint_eq(b.pkt.flow, 0);
    ck_assert_uint_eq(b.n_out, 0);
    bed_in_again(&b, &b.pkt); /* now it is the client who sends it again */
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_DEAD_FLOW);
    if (!_i)
        assert_reset(CLIENT, 11, c.y + 1, 0, 0);
    ck_assert_uint_eq(b.n_out, 0);
    bed_syn_ack(&b, &c); /* comes too late */
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_DEAD_FLOW);
    if (!_i)
        assert_reset(SERVER, 22, c.x + 1, 0, 0);
    ck_assert_uint_eq(b.n_out, 0);
    ck_assert_uint_eq(bed_n_flows(&b), 0);
    bed_close(&b);
}
END_TEST

START_TEST(flow_killed_before_its_endpoints_were_heard_ends_its_handshake)
{
    bed_open(&b, &cfg, &cb);
    settle(V4, 1, 40000);
    ck_assert_uint_eq(bed_stats(&b).handshakes, 1);
    ck_assert_uint_eq(kill_them(), 1); /* not twice: as flow and as handshake */
    ck_assert_uint_eq(b.n_out, 2);
    ck_assert_uint_eq(bed_stats(&b).handshakes, 0);
    b.n_out = 0;
    bed_pass(&b, 60 * MPCONN_SECOND);
    ck_assert_uint_eq(b.n_out, 0); /* no repeats */
    bed_close(&b);
}
END_TEST

/* RST that is exact for both, whoever opened: the opener knows of x+1, and of z+1 once answered. */
START_TEST(killed_plain_handshake_resets_both_endpoints)
{
    unsigned opener = _i & 1 ? SERVER : CLIENT, steps = _i & 2 ? 2 : 1;
    mpconn_tuple t = bed_tuple(V4, 1, 40000);
    bed_conn c = bed_conn_of(&t, 0xffffffff, 0x7fffffff);

    filter.flags = _i & 4 ? MPCONN_KILL_F_SILENT : 0;
    cfg.split_mode = MPCONN_SPLIT_NEVER;
    bed_open(&b, &cfg, &cb);
    bed_plain(&b, &c, opener, steps);
    kill_one(2);
    ck_assert_uint_eq(bed_stats(&b).handshakes, 0);
    if (filter.flags == 0) {
        uint32_t opener_link = opener == CLIENT ? 11 : 22;
        uint32_t answerer_link = steps == 1 ? MPCONN_LINK_NONE : opener == CLIENT ? 22 : 11;

        assert_reset(opener, opener_link, steps == 1 ? 0 : c.z + 1, MPCI_TCP_ACK, c.x + 1);
        assert_reset(opener ^ 1, answerer_link, c.x + 1, 0, 0);
    }
    ck_assert_uint_eq(kill_them(), 0);
    bed_close(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("engine: kill");
    TCase *flows = tcase_create("flows"), *handshakes = tcase_create("handshakes");

    tcase_add_checked_fixture(flows, setup, NULL);
    tcase_add_loop_test(flows, kill_resets_both_endpoints_with_the_next_number_of_their_own_leg,
                        0, 2);
    tcase_add_test(flows, kill_counts_a_fin_among_the_numbers);
    tcase_add_test(flows, E16_kill_is_exact_after_forged_segments);
    tcase_add_test(flows, silent_kill_says_nothing);
    tcase_add_test(flows, killed_flow_lets_nothing_pass_any_more);
    tcase_add_test(flows, tombstone_of_a_killed_flow_ends_after_its_time);
    tcase_add_loop_test(flows, next_incarnation_takes_the_place_of_a_killed_flow, 0, 2);
    tcase_add_loop_test(flows, filter_ends_what_it_matches_and_nothing_else, 0, N_FILTERS);
    tcase_add_test(flows, id_ends_one_flow_and_no_handshake);
    tcase_add_loop_test(flows, impossible_filter_is_refused_and_ends_nothing, 0, 11);
    tcase_add_test(flows, more_resets_than_the_outbox_holds_all_leave);
    tcase_add_test(flows, resets_the_host_cannot_send_are_counted);
    suite_add_tcase(s, flows);
    tcase_add_checked_fixture(handshakes, setup, NULL);
    tcase_add_loop_test(handshakes, killed_handshake_of_an_unproved_client_is_dead, 0, 2);
    tcase_add_loop_test(handshakes, killed_handshake_of_a_proved_client_releases_what_it_held,
                        0, 2);
    tcase_add_test(handshakes, flow_killed_before_its_endpoints_were_heard_ends_its_handshake);
    tcase_add_loop_test(handshakes, killed_plain_handshake_resets_both_endpoints, 0, 8);
    suite_add_tcase(s, handshakes);
    return check_run(s);
}
