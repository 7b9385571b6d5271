/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of segments that an endpoint would refuse (doc/validation.md): they go on to it,
 * translated, and tell nothing here. Of flows that are split (0, 1) or tracked (2, 3), in full view
 * (0, 2) or half view (1, 3). */
#include "check_main.h"
#include "engine/engine.h"
#include "icmp_about.h"

enum { CLIENT = MPCONN_SIDE_CLIENT, SERVER = MPCONN_SIDE_SERVER, KINDS = 4 };
enum { FIN = MPCI_TCP_FIN, SYN = MPCI_TCP_SYN, RST = MPCI_TCP_RST, ACK = MPCI_TCP_ACK };
enum { SAID = 400, WSCALE = 8 }; /* bytes of each so far; the scale of the windows */

static bed b;
static bed_conn c;

static int is_split(int kind)
{
    return kind < 2;
}

static int is_half(int kind)
{
    return kind & 1;
}

static mpci_settled *flow(void)
{
    const mpci_core *core = &b.eng->core;
    uint32_t slot = mpci_settled_find(&core->settled,
                                      mpci_tuple_hash(&core->table_key, &c.tuple), &c.tuple);

    return slot == MPCI_SLOT_NONE ? NULL : mpci_settled_at(&core->settled, slot);
}

/* Numbers count from the first byte, 1; segments go on to the other endpoint. */
static void say(int kind, unsigned from, unsigned flags, uint32_t seq, uint32_t ack, uint32_t n)
{
    bed_segment seg = bed_data(&c, from, seq, ack, n);
    uint32_t d = from == CLIENT ? 0 : c.z - c.y;
    mpci_view v;

    seg.s.flags = (uint16_t)flags;
    bed_in(&b, from, &seg);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    ck_assert_uint_eq(b.pkt.reason, is_split(kind) ? MPCONN_REASON_TRANSLATED
                                                   : MPCONN_REASON_TRACKED);
    bed_view(&b, &v, NULL);
    ck_assert_uint_eq(v.seq, seg.s.seq - d);
    if ((flags & ACK) != 0)
        ck_assert_uint_eq(v.ack, from == CLIENT ? seg.s.ack + c.z - c.y : seg.s.ack);
}

static void begin(int kind)
{
    mpconn_tuple t = bed_tuple(4, 1, 40000);
    mpconn_engine_config cfg;
    mpconn_callbacks cb;

    c = bed_conn_of(&t, 0xfffffffe, 0x1000);
    bed_config(&cfg, &cb);
    if (is_split(kind)) {
        c.server_wscale = WSCALE;
        bed_open(&b, &cfg, &cb);
        bed_settle(&b, &c);
    } else {
        c.y = c.z;
        c.server_wscale = 7;
        cfg.split_mode = MPCONN_SPLIT_NEVER;
        bed_open(&b, &cfg, &cb);
        bed_plain(&b, &c, CLIENT, 2);
    }
    say(kind, CLIENT, ACK, 1, 1, SAID);
    say(kind, SERVER, ACK, 1, 1 + SAID, SAID);
    say(kind, CLIENT, ACK, 1 + SAID, 1 + SAID, 0);
    if (is_half(kind))
        flow()->use |= MPCI_SETTLED_SHARED;
}

/* Passes, changes not a bit of the flow, and draws nothing from us: no challenge of our own that
 * a stranger could count (RFC 5961 7, E21). */
static void goes_by(int kind, unsigned from, unsigned flags, uint32_t seq, uint32_t ack, uint32_t n)
{
    mpci_settled before = *flow();

    b.now += MPCONN_SECOND / 4; /* within ten seconds of what counted */
    say(kind, from, flags, seq, ack, n);
    ck_assert_mem_eq(flow(), &before, sizeof before);
    ck_assert_uint_eq(b.n_out, 0);
}

START_TEST(E14_E15_E16_E21_segments_outside_pass_and_tell_nothing)
{
    const uint32_t next = 1 + SAID, far = (UINT32_C(65536) << WSCALE) + 2 * SAID;

    begin(_i);
    for (unsigned from = 0; from < 2; from++) {
        goes_by(_i, from, ACK, next + far, next, 10);     /* beyond every window */
        goes_by(_i, from, ACK, next - far, next, 10);     /* too old */
        goes_by(_i, from, ACK, next, next + far, 0);      /* acknowledges what nobody sent */
        goes_by(_i, from, ACK, next, next - far, 0);      /* or what was long ago */
        goes_by(_i, from, ACK, next, next - far, 10);     /* blind data, RFC 5961 5 */
        goes_by(_i, from, RST, next + 1, 0, 0);           /* in the window and not exact */
        goes_by(_i, from, RST | ACK, next - 1, next, 0);
        goes_by(_i, from, RST, next + far, 0, 0);
        goes_by(_i, from, FIN | ACK, next + far, next, 0);
    }
    bed_close(&b);
}
END_TEST

/* No state is asked: there is no connection in which an endpoint would take one. */
START_TEST(E10_segment_without_ack_is_dropped)
{
    static const uint16_t flags[] = {0, MPCI_TCP_PSH, FIN, FIN | MPCI_TCP_PSH | MPCI_TCP_URG};

    begin(_i);
    for (size_t i = 0; i < 2 * sizeof flags / sizeof flags[0]; i++) {
        bed_segment seg = bed_data(&c, i & 1, 1 + SAID, 1 + SAID, 10);
        mpci_settled before = *flow();

        seg.s.flags = flags[i / 2];
        bed_in(&b, i & 1, &seg);
        ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_DROP);
        ck_assert_uint_eq(b.pkt.reason, MPCONN_REASON_BAD_FLAGS);
        ck_assert_mem_eq(flow(), &before, sizeof before);
    }
    bed_close(&b);
}
END_TEST

START_TEST(E16_ack_beyond_what_was_sent_tells_nothing_in_full_view)
{
    begin(_i);
    for (unsigned from = 0; from < 2; from++)
        goes_by(_i, from, ACK, 1 + SAID, 2 + SAID, 10);
    bed_close(&b);
}
END_TEST

/* RFC 5961 4: the endpoint answers a SYN by a challenge ACK, which its peer has to get. */
START_TEST(E15_syn_in_a_flow_passes_and_the_challenge_comes_back)
{
    bed_segment syn;
    mpci_settled before;

    begin(_i);
    before = *flow();
    syn = bed_seg(&c.tuple, SERVER, SYN, c.x + 50000, 0);
    bed_in(&b, CLIENT, &syn);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    ck_assert_uint_eq(b.pkt.reason, MPCONN_REASON_SYN_REPEATED);
    ck_assert_mem_eq(flow(), &before, sizeof before);
    say(_i, SERVER, ACK, 1 + SAID, 1 + SAID, 0);
    ck_assert_uint_eq(b.n_out, 0);
    bed_close(&b);
}
END_TEST

/* RFC 5961 3: so it does a RST that is not exact; and the ACK shows that the flow lives. */
START_TEST(E14_challenge_of_a_reset_passes_and_renews_the_flow)
{
    begin(_i);
    for (unsigned from = 0; from < 2; from++) {
        goes_by(_i, from, RST, 1 + SAID + 5, 0, 0);
        b.now += 10 * MPCONN_SECOND;
        say(_i, from ^ 1, ACK, 1 + SAID, 1 + SAID, 0);
        ck_assert_uint_eq(flow()->last_seen, mpci_tick(b.now));
        ck_assert_uint_eq(bed_flow(&b, &c.tuple).state, MPCONN_FLOW_OPEN);
    }
    bed_close(&b);
}
END_TEST

/* An exact one counts, and shortens the time to that of a flow that is over; a challenge that comes
 * later than what may have crossed it takes that back. */
START_TEST(E14_exact_reset_counts_until_an_endpoint_speaks)
{
    begin(_i);
    say(_i, CLIENT, RST, 1 + SAID, 0, 0);
    ck_assert_uint_eq(bed_flow(&b, &c.tuple).state, MPCONN_FLOW_RESET);
    say(_i, SERVER, ACK, 1 + SAID, 1 + SAID, 0);
    ck_assert_uint_eq(bed_flow(&b, &c.tuple).state, MPCONN_FLOW_RESET);
    b.now += 2 * MPCONN_SECOND;
    say(_i, SERVER, ACK, 1 + SAID, 1 + SAID, 0);
    ck_assert_uint_eq(bed_flow(&b, &c.tuple).state, MPCONN_FLOW_OPEN);
    bed_close(&b);
}
END_TEST

/* PAWS (RFC 7323 5) is for the endpoint, who knows TS.Recent: an old timestamp in a window counts
 * here, and goes on. */
START_TEST(E33_old_timestamp_is_the_endpoints_to_refuse)
{
    begin(_i);
    for (unsigned from = 0; from < 2; from++) {
        bed_segment seg = bed_data(&c, from, 1 + SAID, 1 + SAID, 10);
        const uint32_t old = seg.s.tsval - 100000;
        mpci_view v;

        seg.s.tsval = old;
        b.now += MPCONN_SECOND;
        bed_in(&b, from, &seg);
        ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_FORWARD);
        bed_view(&b, &v, NULL);
        ck_assert_uint_ne(v.ts_offset, 0);
        ck_assert_uint_eq(v.tsval, old - (is_split(_i) && from == SERVER
                                              ? c.server_ts - c.proxy_ts
                                              : 0));
        ck_assert_uint_eq(flow()->dir[from].end - (from == CLIENT ? c.x : c.z), 11 + SAID);
    }
    bed_close(&b);
}
END_TEST

/* An ACK of the client with one block, which takes just the place of timestamps. */
static raw with_sack(uint32_t left, uint32_t right)
{
    static const uint8_t head[] = {1, 1, 5, 10};
    bed_segment seg = bed_data(&c, CLIENT, 1 + SAID, 1 + SAID, 0);
    raw r = {.l4 = MPCI_IPV4_HEADER_LEN};
    uint8_t *options = r.bytes + r.l4 + 20;

    r.len = (uint32_t)bed_build(r.bytes, sizeof r.bytes, &seg);
    memcpy(options, head, sizeof head);
    poke32(options + 4, left);
    poke32(options + 8, right);
    raw_seal(&r);
    return r;
}

/* SACK edges are advice to the sender, who judges them (RFC 2018 8): whatever they say, they are
 * carried over, and nothing is learned from them. */
START_TEST(E18_sack_edges_outside_are_carried_and_tell_nothing)
{
    static const uint32_t edges[] = {0, 1, 0x40000000, 0x80000000, 0xffffffff};

    begin(_i);
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        mpci_direction before = flow()->dir[SERVER];
        raw r = with_sack(c.y + edges[i], c.y + edges[i] + 100);
        mpci_view v;

        bed_raw(&b, CLIENT, &r);
        ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_FORWARD);
        bed_view(&b, &v, NULL);
        ck_assert_uint_ne(v.sack_offset, 0);
        ck_assert_uint_eq(peek32(v.l4 + v.sack_offset + 2), c.z + edges[i]);
        ck_assert_uint_eq(peek32(v.l4 + v.sack_offset + 6), c.z + edges[i] + 100);
        ck_assert_mem_eq(&flow()->dir[SERVER], &before, sizeof before);
    }
    bed_close(&b);
}
END_TEST

/* The number that an error quotes: RFC 5927 4.1, as near as half view asks of segments. */
START_TEST(E26_half_view_refuses_errors_further_than_a_window)
{
    const uint32_t reach = UINT32_C(65536) << WSCALE;
    const struct {
        uint32_t seq;
        int passes;
    } rows[] = {{1 + SAID, 1}, {1 + SAID + reach, 1}, {2 + SAID + reach, 0},
                {1 + SAID - reach, 1}, {SAID - reach, 0}, {0x80000000, 0}};

    begin(_i);
    if (!is_half(_i))
        flow()->use |= MPCI_SETTLED_SHARED;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bed_segment seg = bed_data(&c, CLIENT, rows[i].seq, 1, 100);
        icmp_about e = icmp_about_segment(&seg, 3, 3, 28); /* a hard one, E31 */
        mpci_settled before = *flow();

        bed_bytes(&b, SERVER, e.bytes, e.len, NULL, NULL);
        ck_assert_uint_eq(b.pkt.reason, !rows[i].passes ? MPCONN_REASON_ERROR_OUTSIDE
                                        : is_split(_i)  ? MPCONN_REASON_ERROR_TRANSLATED
                                                        : MPCONN_REASON_ERROR_TRACKED);
        ck_assert_mem_eq(flow(), &before, sizeof before);
    }
    bed_close(&b);
}
END_TEST

int main(void)
{
    const TTest *const all[] = {
        E14_E15_E16_E21_segments_outside_pass_and_tell_nothing,
        E10_segment_without_ack_is_dropped,
        E15_syn_in_a_flow_passes_and_the_challenge_comes_back,
        E14_challenge_of_a_reset_passes_and_renews_the_flow,
        E14_exact_reset_counts_until_an_endpoint_speaks,
        E33_old_timestamp_is_the_endpoints_to_refuse,
        E18_sack_edges_outside_are_carried_and_tell_nothing,
        E26_half_view_refuses_errors_further_than_a_window,
    };
    Suite *s = suite_create("outside");
    TCase *tc = tcase_create("split and tracked, full view and half view");

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        tcase_add_loop_test(tc, all[i], 0, KINDS);
    tcase_add_loop_test(tc, E16_ack_beyond_what_was_sent_tells_nothing_in_full_view, 0, 1);
    tcase_add_loop_test(tc, E16_ack_beyond_what_was_sent_tells_nothing_in_full_view, 2, 3);
    suite_add_tcase(s, tc);
    return check_run(s);
}
