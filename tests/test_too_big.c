/* SPDX-License-Identifier: BSD-2-Clause */
/* A server that takes less than its client was told: the client learns of it by an ICMP error that
 * quotes what it sent, as from a router. */
#include "carried.h"
#include "check_main.h"
#include "engine_support.h"

static mpconn_engine_config cfg;
static mpconn_callbacks cb;
static bed b;
static mpconn_pkt_ext ext;
static uint8_t sent[BED_ROOM]; /* the segment as the client sent it */

static const struct {
    unsigned family;
    uint32_t headers;  /* of IP and TCP */
    uint32_t longest;  /* ICMP error */
    uint32_t least;    /* MTU that can be told */
    uint8_t type, code;
} cases[] = {{MPCONN_FAMILY_IPV4, 40, 576, 552, 3, 4}, {MPCONN_FAMILY_IPV6, 60, 1280, 1280, 2, 0}};

/* A settled connection of a server with this MSS. */
static void settled(int i, uint16_t mss)
{
    mpconn_tuple t = bed_tuple(cases[i].family, 1, 40000);

    bed_config(&cfg, &cb);
    bed_open(&b, &cfg, &cb);
    c = bed_conn_of(&t, 0x11111111, 0x10);
    c.server_mss = mss;
    bed_settle(&b, &c);
}

static uint64_t count(unsigned reason)
{
    return bed_count(&b, reason);
}

/* Payload of a segment that is so long on the wire; there are 12 bytes of options. */
static uint32_t payload_of(int i, uint32_t length)
{
    return length - cases[i].headers - 12;
}

static void send_length(int i, unsigned from, unsigned flags, uint32_t length)
{
    bed_segment seg = bed_data(&c, from, 1, 1, payload_of(i, length));

    seg.s.flags = (uint16_t)flags;
    ck_assert_uint_eq(bed_build(sent, sizeof(sent), &seg), length);
    bed_in(&b, from, &seg);
}

static void expect_passed(void)
{
    ck_assert_uint_eq(b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    ck_assert_uint_eq(b.n_out, 0);
    ck_assert_uint_eq(count(MPCONN_REASON_TOO_BIG_SENT), 0);
}

static void expect_quote(int i, const bed_out *o, uint32_t mtu, uint32_t length)
{
    uint32_t ip_len = cases[i].family == MPCONN_FAMILY_IPV4 ? 20 : 40;
    uint32_t quoted = cases[i].longest - ip_len - 8;
    const uint8_t *icmp = o->bytes + ip_len;

    if (quoted > length)
        quoted = length;
    ck_assert_uint_eq(o->view.kind, MPCI_KIND_ICMP_ERROR);
    ck_assert_int_eq(mpci_view_icmp_is_right(&o->view, &o->pkt), 1);
    ck_assert_uint_eq(o->pkt.len, ip_len + 8 + quoted);
    ck_assert_uint_eq(icmp[0], cases[i].type);
    ck_assert_uint_eq(icmp[1], cases[i].code);
    ck_assert_uint_eq(peek32(icmp + 4), mtu);
    ck_assert_mem_eq(icmp + 8, sent, quoted);
}

static void expect_told(int i, uint32_t mtu, uint32_t length)
{
    uint32_t address = cases[i].family == MPCONN_FAMILY_IPV4 ? 4 : 16;
    uint32_t src = cases[i].family == MPCONN_FAMILY_IPV4 ? 12 : 8;
    const bed_out *o;

    ck_assert_uint_eq(b.pkt.verdict, MPCONN_VERDICT_DROP);
    ck_assert_uint_eq(b.pkt.reason, MPCONN_REASON_SEGMENT_TOO_BIG);
    ck_assert_uint_eq(b.n_out, 1);
    o = bed_take(&b);
    ck_assert_uint_eq(o->pkt.side, CLIENT);
    ck_assert_uint_eq(o->pkt.link, 11);
    ck_assert_uint_eq(o->pkt.mark, 77);
    ck_assert_uint_eq(o->pkt.reason, MPCONN_REASON_TOO_BIG_SENT);
    ck_assert_uint_eq(o->bytes[cases[i].family == MPCONN_FAMILY_IPV4 ? 8 : 7], 64);
    ck_assert_mem_eq(o->bytes + src, c.tuple.server.bytes, address);
    ck_assert_mem_eq(o->bytes + src + address, c.tuple.client.bytes, address);
    expect_quote(i, o, mtu, length);
}

/* The MSS is a limit of payload and options together (RFC 6691). */
START_TEST(segment_beyond_the_servers_mss_is_dropped_and_its_sender_told)
{
    uint32_t mtu = 1300 + cases[_i].headers;

    settled(_i, 1300);
    send_length(_i, CLIENT, MPCI_TCP_ACK, mtu);
    expect_passed();
    send_length(_i, CLIENT, MPCI_TCP_ACK | MPCI_TCP_PSH, mtu + 1);
    expect_told(_i, mtu, mtu + 1);
    bed_close(&b);
}
END_TEST

START_TEST(only_data_of_the_client_is_kept_to_the_limit)
{
    settled(_i, 1300);
    send_length(_i, SERVER, MPCI_TCP_ACK, 1500);
    expect_passed();
    send_length(_i, CLIENT, MPCI_TCP_RST | MPCI_TCP_ACK, 1500);
    expect_passed();
    bed_close(&b);
}
END_TEST

/* MSS told by default: 1460 and 1440. */
START_TEST(server_that_takes_what_was_told_has_no_limit)
{
    settled(_i, _i == 0 ? 1460 : 1440);
    send_length(_i, CLIENT, MPCI_TCP_ACK, 1700);
    expect_passed();
    ck_assert_uint_eq(b.eng->core.settled.pool[1].used, (unsigned)_i);
    bed_close(&b);
}
END_TEST

START_TEST(client_that_cannot_be_told_so_little_is_told_the_least)
{
    settled(_i, 400);
    send_length(_i, CLIENT, MPCI_TCP_ACK, cases[_i].least);
    expect_passed();
    ck_assert_uint_eq(count(MPCONN_REASON_OVER_MSS), 1);
    send_length(_i, CLIENT, MPCI_TCP_ACK, cases[_i].least + 1);
    expect_told(_i, cases[_i].least, cases[_i].least + 1);
    ck_assert_uint_eq(count(MPCONN_REASON_OVER_MSS), 1);
    bed_close(&b);
}
END_TEST

/* No router says of a packet that it may cut that it is too big (RFC 1191 4), and who sent it does
 * not listen. */
START_TEST(segment_that_routers_may_cut_passes_at_any_length)
{
    bed_segment seg;
    raw r = {.l4 = 20};

    settled(0, 1300);
    seg = bed_data(&c, CLIENT, 1, 1, payload_of(0, 1500));
    r.len = (uint32_t)bed_build(r.bytes, sizeof(r.bytes), &seg);
    r.bytes[6] = 0;
    raw_seal(&r);
    bed_raw(&b, CLIENT, &r);
    expect_passed();
    ck_assert_uint_eq(b.pkt.reason, MPCONN_REASON_TRANSLATED);
    ck_assert_uint_eq(count(MPCONN_REASON_OVER_MSS), 1);
    ck_assert_uint_eq(b.pkt.data[6], 0);
    r.bytes[6] = 0x40;
    raw_seal(&r);
    bed_raw(&b, CLIENT, &r);
    ck_assert_uint_eq(b.pkt.reason, MPCONN_REASON_SEGMENT_TOO_BIG);
    bed_close(&b);
}
END_TEST

START_TEST(burst_draws_one_message)
{
    settled(_i, 1300);
    for (unsigned n = 0; n < 10; n++)
        send_length(_i, CLIENT, MPCI_TCP_ACK, 1500);
    ck_assert_uint_eq(b.n_out, 1);
    expect_told(_i, 1300 + cases[_i].headers, 1500);
    ck_assert_uint_eq(count(MPCONN_REASON_SEGMENT_TOO_BIG), 10);
    b.now += 17 * MPCONN_MILLISECOND;
    send_length(_i, CLIENT, MPCI_TCP_ACK, 1500);
    expect_told(_i, 1300 + cases[_i].headers, 1500);
    bed_close(&b);
}
END_TEST

START_TEST(damaged_segment_draws_none)
{
    bed_segment seg;
    size_t len;

    settled(_i, 1300);
    seg = bed_data(&c, CLIENT, 1, 1, 1400);
    len = bed_build(sent, sizeof(sent), &seg);
    sent[900] ^= 1;
    bed_bytes(&b, CLIENT, sent, len, NULL, NULL);
    ck_assert_uint_eq(b.pkt.reason, MPCONN_REASON_BAD_TCP_CHECKSUM);
    ck_assert_uint_eq(b.n_out, 0);
    bed_close(&b);
}
END_TEST

/* 1800 bytes of payload in pieces. */
static void make_super(mpconn_pkt *pkt, void *user)
{
    ext.gso_size = *(const uint16_t *)user;
    ext.total_len = pkt->len;
    pkt->ext = &ext;
    pkt->flags = MPCONN_PKT_F_CSUM_PARTIAL;
}

static void send_super(uint16_t piece)
{
    bed_segment seg = bed_data(&c, CLIENT, 1, 1, 1800);
    size_t len = bed_build(sent, sizeof(sent), &seg);

    MPCONN_STRUCT_INIT(&ext);
    bed_bytes(&b, CLIENT, sent, len, make_super, &piece);
}

START_TEST(super_segment_counts_by_its_pieces)
{
    settled(_i, 1300);
    send_super(1300 - 12);
    expect_passed();
    send_super(1300 - 11);
    expect_told(_i, 1300 + cases[_i].headers, 1812 + cases[_i].headers);
    bed_close(&b);
}
END_TEST

static void make_head(mpconn_pkt *pkt, void *user)
{
    ext.total_len = pkt->len;
    pkt->ext = &ext;
    pkt->len = *(const uint32_t *)user;
    pkt->flags = MPCONN_PKT_F_HEAD_ONLY;
}

START_TEST(head_is_quoted_as_far_as_it_is_there)
{
    bed_segment seg;
    uint32_t head = cases[_i].headers + 12;
    size_t len;

    settled(_i, 1300);
    seg = bed_data(&c, CLIENT, 1, 1, 1400);
    len = bed_build(sent, sizeof(sent), &seg);
    MPCONN_STRUCT_INIT(&ext);
    bed_bytes(&b, CLIENT, sent, len, make_head, &head);
    expect_told(_i, 1300 + cases[_i].headers, head);
    bed_close(&b);
}
END_TEST

/* Of four wide lines half are for IPv6. */
START_TEST(flow_without_room_for_the_limit_does_without)
{
    bed_config(&cfg, &cb);
    cfg.max_wide_flows = 4;
    bed_open(&b, &cfg, &cb);
    for (unsigned n = 0; n < 3; n++) {
        mpconn_tuple t = bed_tuple(4, 1, (uint16_t)(40000 + n));

        c = bed_conn_of(&t, 0x11111111, 0x10);
        c.server_mss = 1300;
        bed_settle(&b, &c);
        ck_assert_uint_eq(count(MPCONN_REASON_SECOND_LINE_FULL), n == 2);
    }
    ck_assert_uint_eq(b.eng->core.settled.pool[0].used, 1);
    ck_assert_uint_eq(b.eng->core.settled.pool[1].used, 2);
    send_length(0, CLIENT, MPCI_TCP_ACK, 1500);
    expect_passed();
    bed_close(&b);
}
END_TEST

/* --- two members --- */

static void expect_limit_at(unsigned member)
{
    say(member, CLIENT, MPCI_TCP_ACK, 1, 1, 1288);
    ck_assert_uint_eq(m[member]->pkt.verdict, MPCONN_VERDICT_FORWARD);
    say(member, CLIENT, MPCI_TCP_ACK, 1, 1, 1289);
    ck_assert_uint_eq(m[member]->pkt.reason, MPCONN_REASON_SEGMENT_TOO_BIG);
    ck_assert_uint_eq(m[member]->n_out, 1);
}

/* The server's SYN|ACK came to B only; either may decide. */
START_TEST(limit_is_known_where_the_clients_segments_pass)
{
    start((unsigned)_i);
    c.server_mss = 1300;
    carried_handshake();
    expect_limit_at(A);
}
END_TEST

/* Settled at A alone, told to B when it has lived for some time, and then the way changes. */
START_TEST(limit_is_known_to_a_copy)
{
    start((unsigned)_i);
    c.server_mss = 1300;
    bed_settle(m[A], &c);
    say(A, CLIENT, MPCI_TCP_ACK, 1, 1, 0);
    say(A, SERVER, MPCI_TCP_ACK, 1, 1, 100);
    sync_pass(&net, 30 * MPCONN_SECOND);
    ck_assert_uint_gt(carried_said(A, MPCI_RECORD_DELTA), 0);
    expect_limit_at(B);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("too_big");
    TCase *one = tcase_create("one member"), *two = tcase_create("two members");

    tcase_add_loop_test(one, segment_beyond_the_servers_mss_is_dropped_and_its_sender_told, 0, 2);
    tcase_add_loop_test(one, only_data_of_the_client_is_kept_to_the_limit, 0, 2);
    tcase_add_loop_test(one, server_that_takes_what_was_told_has_no_limit, 0, 2);
    tcase_add_loop_test(one, client_that_cannot_be_told_so_little_is_told_the_least, 0, 2);
    tcase_add_test(one, segment_that_routers_may_cut_passes_at_any_length);
    tcase_add_loop_test(one, burst_draws_one_message, 0, 2);
    tcase_add_loop_test(one, damaged_segment_draws_none, 0, 2);
    tcase_add_loop_test(one, super_segment_counts_by_its_pieces, 0, 2);
    tcase_add_loop_test(one, head_is_quoted_as_far_as_it_is_there, 0, 2);
    tcase_add_test(one, flow_without_room_for_the_limit_does_without);
    suite_add_tcase(s, one);
    tcase_add_checked_fixture(two, set_up, tear_down);
    tcase_add_loop_test(two, limit_is_known_where_the_clients_segments_pass, 0, 2);
    tcase_add_loop_test(two, limit_is_known_to_a_copy, 0, 2);
    suite_add_tcase(s, two);
    return check_run(s);
}
