/* SPDX-License-Identifier: BSD-2-Clause */
/* The IP header: what passes keeps its own, what a member makes itself has one that tells nothing
 * of what came before. */
#include "check_main.h"
#include "engine_support.h"

enum { CLIENT = MPCONN_SIDE_CLIENT, SERVER = MPCONN_SIDE_SERVER };
enum { HOPS = 77 };

static const unsigned families[] = {MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV6};
static mpconn_engine_config cfg;
static mpconn_callbacks cb;
static bed b;
static bed_conn c;

static void open_bed(unsigned family)
{
    mpconn_tuple t = bed_tuple(family, 1, 40000);

    bed_config(&cfg, &cb);
    cfg.hop_limit = HOPS;
    bed_open(&b, &cfg, &cb);
    c = bed_conn_of(&t, 0x11111111, 0x10);
    c.server_mss = 1300;
}

/* The segment with a header of its own: DSCP, identification or flow label, no DF, hop limit. */
static raw marked(const bed_segment *seg)
{
    raw r = {.l4 = seg->s.tuple->family == MPCONN_FAMILY_IPV4 ? 20 : 40};

    r.len = (uint32_t)bed_build(r.bytes, sizeof r.bytes, seg);
    if (seg->s.tuple->family == MPCONN_FAMILY_IPV4) {
        r.bytes[1] = 46 << 2;
        poke16(r.bytes + 4, 0x1234);
        poke16(r.bytes + 6, 0);
        r.bytes[8] = 3;
    } else {
        poke32(r.bytes, UINT32_C(0x6b812345));
        r.bytes[7] = 3;
    }
    raw_seal(&r);
    return r;
}

static void send_marked(unsigned from, const bed_segment *seg)
{
    raw r = marked(seg);

    bed_raw(&b, from, &r);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_FORWARD);
}

static void expect_ours(const uint8_t *ip)
{
    if (ip[0] >> 4 == 4) {
        ck_assert_uint_eq(ip[0], 0x45);
        ck_assert_uint_eq(ip[1], 0);
        ck_assert_uint_eq(peek16(ip + 4), 0);
        ck_assert_uint_eq(peek16(ip + 6), 0x4000); /* DF */
        ck_assert_uint_eq(ip[8], HOPS);
    } else {
        ck_assert_uint_eq(peek32(ip), UINT32_C(0x60000000)); /* no class, no flow label */
        ck_assert_uint_eq(ip[7], HOPS);
    }
}

static void expect_all_ours(unsigned at_least)
{
    ck_assert_uint_ge(b.n_out, at_least);
    for (unsigned i = 0; i < b.n_out; i++)
        expect_ours(b.out[i].bytes);
    b.n_out = 0;
}

/* SYN|ACK, SYN, its ACK and the window, "too big", RST: whatever the segments look like that bring
 * them about. */
START_TEST(what_a_member_makes_has_a_header_of_its_own)
{
    mpconn_flow_filter all;
    bed_segment seg;
    mpci_syn_options o;
    mpci_view v;
    size_t killed;

    MPCONN_STRUCT_INIT(&all);
    open_bed(families[_i]);
    seg = bed_syn_seg(&c);
    send_marked(CLIENT, &seg);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SYN_ANSWERED);
    expect_ours(b.pkt.data);
    bed_view(&b, &v, &o);
    c.y = v.seq;
    c.proxy_ts = o.tsval;
    seg = bed_proof_seg(&c);
    bed_in(&b, CLIENT, &seg);
    expect_all_ours(1);
    seg = bed_syn_ack_seg(&c);
    bed_in(&b, SERVER, &seg);
    expect_all_ours(2);
    seg = bed_data(&c, CLIENT, 1, 1, 1400);
    bed_in(&b, CLIENT, &seg);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SEGMENT_TOO_BIG);
    expect_all_ours(1);
    ck_assert_int_eq(mpconn_engine_kill(b.eng, &all, &killed, b.now), MPCONN_OK);
    expect_all_ours(2);
    bed_close(&b);
}
END_TEST

/* DSCP, hop limit, identification, DF and flow label belong to the sender and the way; a host that
 * routes counts the hop itself. */
START_TEST(what_passes_keeps_its_header)
{
    open_bed(families[_i]);
    bed_settle(&b, &c);
    for (unsigned from = CLIENT; from <= SERVER; from++) {
        bed_segment seg = bed_data(&c, from, 1, 1, 100);
        raw before = marked(&seg);

        send_marked(from, &seg);
        ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_TRANSLATED);
        ck_assert_mem_eq(b.pkt.data, before.bytes, before.l4);
        /* the segment did change */
        ck_assert_mem_ne(b.pkt.data + before.l4, before.bytes + before.l4, 20);
    }
    bed_close(&b);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ip_layer");
    TCase *tc = tcase_create("both families");

    tcase_add_loop_test(tc, what_a_member_makes_has_a_header_of_its_own, 0, 2);
    tcase_add_loop_test(tc, what_passes_keeps_its_header, 0, 2);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
