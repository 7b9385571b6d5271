/* SPDX-License-Identifier: BSD-2-Clause */
/* An IPv4 client that leaves it to routers to cut its segments, and an IPv6 server that takes less
 * than the client was told: no router of IPv6 cuts anything, so it is done here (RFC 7915 4). */
#include "bound.h"
#include "check_main.h"
#include "engine_support.h"
#include "fragmenting.h"
#include "slow_translate.h"

enum { C = MPCONN_SIDE_CLIENT, S = MPCONN_SIDE_SERVER };
enum { MSS = 1440, HEADERS = 40 + 8, PIECE = 1280 - HEADERS, ID = 0x4321 };

static bed b;
static bound_conn c;
static mpconn_pkt_ext ext;

static void settled(uint16_t mss)
{
    mpconn_engine_config cfg;
    mpconn_callbacks cb;

    bed_config(&cfg, &cb);
    cb.bind = bed_bind;
    bed_open(&b, &cfg, &cb);
    bound_lead(&b, MPCONN_FAMILY_IPV6);
    c = bound_conn_of(MPCONN_FAMILY_IPV4, 1, 4001, MPCONN_FAMILY_IPV6);
    c.server.server_mss = mss;
    bound_settle(&b, &c);
}

/* One of the client that is so long on the wire, and may be cut. */
static raw segment_of(uint32_t length)
{
    bed_segment seg = bed_data(&c.client, C, 1, 1, length - 52);
    raw r = {.l4 = 20};

    r.len = (uint32_t)bed_build(r.bytes, sizeof r.bytes, &seg);
    ck_assert_uint_eq(r.len, length);
    poke16(r.bytes + 4, ID);
    poke16(r.bytes + 6, 0);
    raw_seal(&r);
    return r;
}

static raw piece_of(const mpconn_pkt *pkt)
{
    raw r = {.len = pkt->len, .l4 = HEADERS};

    memcpy(r.bytes, pkt->data, pkt->len);
    return r;
}

/* RFC 7915 4.1, and the source where that has zeros. */
static void assert_header(const raw *r, uint32_t at, unsigned more)
{
    uint32_t source = slow_sum(0, c.client.tuple.client.bytes, 4);

    ck_assert_uint_eq(r->bytes[0] >> 4, 6);
    ck_assert_uint_eq(peek16(r->bytes + 4), r->len - 40);
    ck_assert_uint_eq(r->bytes[6], 44);
    ck_assert_uint_eq(peek16(r->bytes + 40), 6 << 8);
    ck_assert_uint_eq(peek16(r->bytes + 42), at | more);
    ck_assert_uint_eq(peek32(r->bytes + 44), source << 16 | ID);
}

/* What the server makes of both. */
static void assert_joined(const raw *parts, const raw *sent)
{
    raw whole = fragment_join(parts, 2);
    mpconn_pkt pkt = raw_pkt(&whole);
    mpci_view v;

    mpci_view_parse(&v, &pkt);
    ck_assert_int_eq(v.kind, MPCI_KIND_TCP);
    ck_assert_uint_eq(mpci_view_verify(&v, &pkt), 0);
    bound_assert_shows(&c, &v, S);
    ck_assert_uint_eq(v.seq, c.client.x + 1);
    ck_assert_uint_eq(v.ack, c.client.z + 1);
    ck_assert_uint_eq(v.payload_len, sent->len - 52);
    ck_assert_mem_eq(v.l4 + v.tcp_hlen, sent->bytes + 52, sent->len - 52);
}

static void expect_cut(const raw *sent)
{
    const bed_out *o;
    raw parts[2];

    ck_assert_uint_eq(b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    ck_assert_uint_eq(b.pkt.reason, MPCONN_REASON_TRANSLATED);
    ck_assert_uint_eq(b.n_out, 1);
    o = bed_take(&b);
    ck_assert_uint_eq(o->pkt.reason, MPCONN_REASON_FRAGMENT_MADE);
    ck_assert_uint_eq(o->pkt.side, S);
    ck_assert_uint_eq(o->pkt.link, 22);
    ck_assert_uint_eq(o->pkt.mark, 77);
    ck_assert_uint_eq(o->pkt.len, 1280);
    ck_assert_uint_eq(b.pkt.flags & MPCONN_PKT_F_CSUM_PARTIAL, 0);
    parts[0] = piece_of(&o->pkt);
    parts[1] = piece_of(&b.pkt);
    assert_header(&parts[0], 0, 1);
    assert_header(&parts[1], PIECE, 0);
    assert_joined(parts, sent);
}

START_TEST(segment_beyond_the_servers_mss_is_cut)
{
    raw sent;

    settled(MSS);
    sent = segment_of(MSS + 41);
    bed_raw(&b, C, &sent);
    expect_cut(&sent);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_OVER_MSS), 1);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_FRAGMENT_MADE), 1);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_TOO_BIG_SENT), 0);
    bed_close(&b);
}
END_TEST

START_TEST(segment_that_the_server_takes_is_not)
{
    raw sent;

    settled(MSS);
    sent = segment_of(MSS + 40);
    bed_raw(&b, C, &sent);
    ck_assert_uint_eq(b.pkt.reason, MPCONN_REASON_TRANSLATED);
    ck_assert_uint_eq(b.n_out, 0);
    ck_assert_uint_eq(b.pkt.len, sent.len + 20);
    ck_assert_uint_eq(b.pkt.data[6], 6);
    bed_close(&b);
}
END_TEST

/* Whatever the server says. */
START_TEST(what_every_path_of_ipv6_takes_is_not_cut)
{
    raw sent;

    settled(600);
    sent = segment_of(1260);
    bed_raw(&b, C, &sent);
    ck_assert_uint_eq(b.pkt.reason, MPCONN_REASON_TRANSLATED);
    ck_assert_uint_eq(b.n_out, 0);
    ck_assert_uint_eq(b.pkt.len, 1280);
    sent = segment_of(1261);
    bed_raw(&b, C, &sent);
    expect_cut(&sent);
    bed_close(&b);
}
END_TEST

START_TEST(segment_that_may_not_be_cut_is_not)
{
    raw sent;

    settled(MSS);
    sent = segment_of(MSS + 41);
    sent.bytes[6] = 0x40;
    raw_seal(&sent);
    bed_raw(&b, C, &sent);
    ck_assert_uint_eq(b.pkt.reason, MPCONN_REASON_SEGMENT_TOO_BIG);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_TOO_BIG_SENT), 1);
    bed_close(&b);
}
END_TEST

static void be_partial(mpconn_pkt *pkt, void *user)
{
    (void)user;
    pkt->flags = MPCONN_PKT_F_CSUM_PARTIAL;
    ext.l4_offset = 20;
    ext.gso_size = UINT16_MAX; /* as a host may say of one that is a single piece */
    pkt->ext = &ext;
}

/* The host cannot complete the sum of what is in two packets. */
START_TEST(sum_is_complete_in_pieces)
{
    raw sent;

    settled(MSS);
    sent = segment_of(1500);
    slow_seal_partial(&sent);
    MPCONN_STRUCT_INIT(&ext);
    bed_bytes(&b, C, sent.bytes, sent.len, be_partial, NULL);
    expect_cut(&sent);
    ck_assert_uint_eq(ext.gso_size, 0);
    ck_assert_uint_eq(ext.l4_offset, 0);
    bed_close(&b);
}
END_TEST

static void take_room(mpconn_pkt *pkt, void *user)
{
    pkt->cap = pkt->len + *(const uint32_t *)user;
}

START_TEST(segment_needs_room_for_both_headers)
{
    uint32_t room = 27;
    raw sent;

    settled(MSS);
    sent = segment_of(1500);
    bed_bytes(&b, C, sent.bytes, sent.len, take_room, &room);
    ck_assert_uint_eq(b.pkt.verdict, MPCONN_VERDICT_DROP);
    ck_assert_uint_eq(b.pkt.reason, MPCONN_REASON_NO_SPACE);
    room = 28;
    bed_bytes(&b, C, sent.bytes, sent.len, take_room, &room);
    expect_cut(&sent);
    bed_close(&b);
}
END_TEST

static void be_head(mpconn_pkt *pkt, void *user)
{
    (void)user;
    ext.total_len = pkt->len;
    pkt->ext = &ext;
    pkt->len = 60;
    pkt->flags = MPCONN_PKT_F_HEAD_ONLY;
}

START_TEST(segment_of_which_there_is_only_the_head_cannot_be_cut)
{
    raw sent;

    settled(MSS);
    sent = segment_of(1500);
    MPCONN_STRUCT_INIT(&ext);
    bed_bytes(&b, C, sent.bytes, sent.len, be_head, NULL);
    ck_assert_uint_eq(b.pkt.verdict, MPCONN_VERDICT_DROP);
    ck_assert_uint_eq(b.pkt.reason, MPCONN_REASON_SEGMENT_TOO_BIG);
    ck_assert_uint_eq(b.n_out, 0);
    bed_close(&b);
}
END_TEST

static void be_super(mpconn_pkt *pkt, void *user)
{
    ext.gso_size = *(const uint16_t *)user;
    ext.total_len = pkt->len;
    ext.l4_offset = 20;
    pkt->ext = &ext;
    pkt->flags = MPCONN_PKT_F_CSUM_PARTIAL;
}

START_TEST(pieces_of_a_super_segment_are_as_long_as_the_server_takes)
{
    static const struct {
        uint16_t mss, piece, becomes;
    } cases[] = {{1440, 1448, 1428}, {1440, 1428, 1428}, {1240, 1448, 1228}, {600, 1448, 1208}};
    uint16_t piece = cases[_i].piece;
    raw sent;

    settled(cases[_i].mss);
    sent = segment_of(1900);
    slow_seal_partial(&sent);
    MPCONN_STRUCT_INIT(&ext);
    bed_bytes(&b, C, sent.bytes, sent.len, be_super, &piece);
    ck_assert_uint_eq(b.pkt.reason, MPCONN_REASON_TRANSLATED);
    ck_assert_uint_eq(b.n_out, 0);
    ck_assert_uint_eq(b.pkt.len, 1920);
    ck_assert_uint_eq(ext.gso_size, cases[_i].becomes);
    ck_assert_uint_eq(b.pkt.flags & MPCONN_PKT_F_CSUM_PARTIAL, MPCONN_PKT_F_CSUM_PARTIAL);
    bed_close(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("bound cut");
    TCase *t = tcase_create("bound cut");

    tcase_add_test(t, segment_beyond_the_servers_mss_is_cut);
    tcase_add_test(t, segment_that_the_server_takes_is_not);
    tcase_add_test(t, what_every_path_of_ipv6_takes_is_not_cut);
    tcase_add_test(t, segment_that_may_not_be_cut_is_not);
    tcase_add_test(t, sum_is_complete_in_pieces);
    tcase_add_test(t, segment_needs_room_for_both_headers);
    tcase_add_test(t, segment_of_which_there_is_only_the_head_cannot_be_cut);
    tcase_add_loop_test(t, pieces_of_a_super_segment_are_as_long_as_the_server_takes, 0, 4);
    suite_add_tcase(s, t);
    return check_run(s);
}
