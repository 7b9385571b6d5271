/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets as network cards and kernels hand them over: checksums left to others, super-segments,
 * heads without bodies, odd addresses, and what is no TCP at all. */
#include <check.h>

#include "check_main.h"
#include "engine_support.h"

enum { CLIENT = MPCONN_SIDE_CLIENT, SERVER = MPCONN_SIDE_SERVER, BIG = 65535 };

static bed b, other;
static mpconn_engine_config cfg;
static mpconn_callbacks cb;
static bed_conn c;
static mpconn_pkt_ext ext;
static uint8_t big[BIG];
static mpconn_pkt pkt;

static void setup(void)
{
    bed_config(&cfg, &cb);
    MPCONN_STRUCT_INIT(&ext);
}

static void open_family(unsigned family)
{
    mpconn_tuple t = bed_tuple(family, 1, 40000);

    c = bed_conn_of(&t, 0xfffffff0, 0x77000000);
    bed_open(&b, &cfg, &cb);
}

static unsigned family_of(int i)
{
    return i ? MPCONN_FAMILY_IPV6 : MPCONN_FAMILY_IPV4;
}

static void raw_of(raw *r, const bed_segment *seg)
{
    memset(r, 0, sizeof(*r));
    r->len = (uint32_t)bed_build(r->bytes, sizeof(r->bytes), seg);
    r->l4 = r->bytes[0] >> 4 == 4 ? 20 : 40;
}

/* Sum of the pseudo-header, as transmit checksum offload leaves it in the field. */
static uint32_t pseudo_sum(const uint8_t *ip, uint32_t l4, uint32_t l4_len)
{
    uint8_t tail[8] = {0};
    uint32_t sum = l4 == 20 ? slow_sum(0, ip + 12, 8) : slow_sum(0, ip + 8, 32);

    poke32(tail, l4_len);
    tail[7] = 6;
    return slow_sum(sum, tail, 8);
}

static void make_partial(raw *r)
{
    poke16(r->bytes + r->l4 + 16, pseudo_sum(r->bytes, r->l4, r->len - r->l4));
}

/* What the card does that sends it. */
static void complete(uint8_t *l4, uint32_t len)
{
    poke16(l4 + 16, ~slow_sum(0, l4, len) & 0xffff);
}

static void set_flags(mpconn_pkt *p, void *user)
{
    p->flags = *(uint32_t *)user;
}

static void send_flagged(unsigned from, const raw *r, uint32_t flags)
{
    bed_bytes(&b, from, r->bytes, r->len, set_flags, &flags);
}

/* --- partial checksums --- */

START_TEST(E30_partial_checksum_of_a_settled_flow_stays_partial_and_right)
{
    uint32_t flags = MPCONN_PKT_F_CSUM_PARTIAL | (_i & 2 ? MPCONN_PKT_F_CSUM_OK : 0);
    mpci_view v;

    open_family(family_of(_i & 1));
    bed_settle(&b, &c);
    for (unsigned from = CLIENT; from <= SERVER; from++) {
        bed_segment seg = bed_data(&c, from, 1, from == CLIENT ? 1 : 41, 40);
        raw r;

        raw_of(&r, &seg);
        make_partial(&r);
        send_flagged(from, &r, flags);
        ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_TRANSLATED);
        ck_assert_uint_eq(b.pkt.flags, flags);
        ck_assert_uint_eq(peek16(b.bytes + r.l4 + 16), peek16(r.bytes + r.l4 + 16));
        complete(b.bytes + r.l4, r.len - r.l4);
        b.pkt.flags = 0;
        bed_view(&b, &v, NULL); /* verifies */
        if (from == CLIENT)
            ck_assert_uint_eq(v.ack, c.z + 1);
        else
            ck_assert_uint_eq(v.seq, c.y + 1);
    }
    bed_close(&b);
}
END_TEST

START_TEST(E30_syn_with_a_partial_checksum_gets_an_answer_with_a_whole_one)
{
    raw r;
    bed_segment seg;

    open_family(family_of(_i));
    b.admit = _i & 2 ? MPCONN_ADMIT_RESET : MPCONN_ADMIT_SPLIT;
    seg = bed_syn_seg(&c);
    raw_of(&r, &seg);
    make_partial(&r);
    send_flagged(CLIENT, &r, MPCONN_PKT_F_CSUM_PARTIAL);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    ck_assert_uint_eq(b.pkt.side, CLIENT);
    ck_assert_uint_eq(b.pkt.flags, 0);
    bed_view(&b, &(mpci_view){0}, NULL);
    bed_close(&b);
}
END_TEST

START_TEST(E30_handshake_with_partial_checksums_goes_through)
{
    raw r;
    bed_segment seg;
    uint64_t hold;

    open_family(family_of(_i));
    bed_syn(&b, &c);
    seg = bed_proof_seg(&c);
    seg.payload = 30;
    raw_of(&r, &seg);
    make_partial(&r);
    send_flagged(CLIENT, &r, MPCONN_PKT_F_CSUM_PARTIAL);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_HOLD);
    ck_assert_uint_eq(b.pkt.flags, MPCONN_PKT_F_CSUM_PARTIAL);
    hold = b.pkt.flow;
    seg = bed_syn_ack_seg(&c);
    raw_of(&r, &seg);
    make_partial(&r);
    send_flagged(SERVER, &r, MPCONN_PKT_F_CSUM_PARTIAL);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_ANSWERED);
    ck_assert_uint_eq(b.n_released, 1);
    ck_assert_uint_eq(b.released[0], hold);
    bed_close(&b);
}
END_TEST

/* --- super-segments and heads --- */

/* A segment of the settled flow whose payload is `payload` bytes, all of them in `big` or not. */
static void send_big(unsigned from, uint32_t payload, uint32_t flags, int length_in_header)
{
    bed_segment seg = bed_data(&c, from, 1, 1, 0);
    mpconn_pkt *list[1] = {&pkt};
    uint32_t headers, l4;

    memset(big, 0x5a, sizeof(big));
    headers = (uint32_t)bed_build(big, sizeof(big), &seg);
    l4 = big[0] >> 4 == 4 ? 20 : 40;
    if (l4 == 20)
        poke16(big + 2, length_in_header ? headers + payload : 0);
    else
        poke16(big + 4, length_in_header ? headers + payload - 40 : 0);
    poke16(big + l4 + 16, pseudo_sum(big, l4, headers + payload - l4));
    memset(&pkt, 0, sizeof(pkt));
    pkt.data = big;
    pkt.len = flags & MPCONN_PKT_F_HEAD_ONLY ? headers : headers + payload;
    pkt.cap = sizeof(big);
    pkt.side = (uint8_t)from;
    pkt.flags = flags;
    pkt.ext = &ext;
    ext.gso_size = 1400;
    ext.gso_type = 7;
    ext.l4_offset = l4;
    ext.total_len = headers + payload;
    ck_assert_int_eq(mpconn_engine_input(b.eng, list, 1, b.now), MPCONN_OK);
}

static void assert_big_translated(unsigned from, uint32_t payload, uint32_t flags)
{
    uint32_t l4 = big[0] >> 4 == 4 ? 20 : 40, first = from == CLIENT ? c.x : c.z;

    ck_assert_msg(pkt.reason == MPCONN_REASON_TRANSLATED, "%s", mpconn_reason_name(pkt.reason));
    ck_assert_uint_eq(pkt.flags, flags);
    ck_assert_uint_eq(ext.gso_size, 1400);
    ck_assert_uint_eq(ext.gso_type, 7);
    ck_assert_uint_eq(ext.l4_offset, l4);
    ck_assert_uint_eq(peek32(big + l4 + 4), from == CLIENT ? c.x + 1 : c.y + 1);
    ck_assert_uint_eq(peek32(big + l4 + 8), from == CLIENT ? c.z + 1 : c.x + 1);
    ck_assert_uint_eq(bed_flow(&b, &c.tuple).next_seq[from], first + 1 + payload);
}

START_TEST(super_segment_is_translated_and_counts_in_full)
{
    uint32_t flags = MPCONN_PKT_F_CSUM_PARTIAL;

    for (unsigned from = CLIENT; from <= SERVER; from++) {
        open_family(family_of(_i));
        bed_settle(&b, &c);
        send_big(from, 30000, flags, 1);
        assert_big_translated(from, 30000, flags);
        bed_close(&b);
    }
}
END_TEST

START_TEST(super_segment_whose_header_does_not_tell_its_length_is_as_long_as_the_host_says)
{
    uint32_t flags = MPCONN_PKT_F_CSUM_PARTIAL | MPCONN_PKT_F_HEAD_ONLY;

    for (unsigned from = CLIENT; from <= SERVER; from++) {
        open_family(family_of(_i));
        bed_settle(&b, &c);
        send_big(from, 60000, flags, 0);
        assert_big_translated(from, 60000, flags);
        bed_close(&b);
    }
}
END_TEST

/* What was built anew is no super-segment, is all there, and may have a shorter header. */
START_TEST(answer_in_the_buffer_of_a_syn_has_extras_of_its_own)
{
    bed_segment seg;
    raw r;
    static const uint8_t router_alert[4] = {148, 4, 0, 0};
    uint32_t flags = MPCONN_PKT_F_HEAD_ONLY;
    mpconn_pkt *list[1] = {&pkt};

    open_family(MPCONN_FAMILY_IPV4);
    b.admit = _i ? MPCONN_ADMIT_RESET : MPCONN_ADMIT_SPLIT;
    seg = bed_syn_seg(&c);
    raw_of(&r, &seg);
    memmove(r.bytes + 24, r.bytes + 20, r.len - 20);
    memcpy(r.bytes + 20, router_alert, 4);
    r.bytes[0] = 0x46;
    r.l4 = 24;
    r.len += 4;
    poke16(r.bytes + 2, r.len + 1000);
    ext.total_len = r.len + 1000; /* payload that is not shown */
    ext.l4_offset = 24;
    ext.gso_size = 500;
    ext.gso_type = 1;
    pkt = raw_pkt(&r);
    pkt.flags = flags;
    pkt.ext = &ext;
    ck_assert_int_eq(mpconn_engine_input(b.eng, list, 1, b.now), MPCONN_OK);
    ck_assert_int_eq(pkt.verdict, MPCONN_VERDICT_FORWARD);
    ck_assert_int_eq(pkt.reason,
                     _i ? MPCONN_REASON_ADMIT_RESET : MPCONN_REASON_SYN_ANSWERED);
    ck_assert_uint_eq(pkt.flags, 0);
    ck_assert_uint_eq(pkt.len, peek16(r.bytes + 2));
    ck_assert_uint_eq(r.bytes[0], 0x45);
    ck_assert_uint_eq(ext.total_len, 0);
    ck_assert_uint_eq(ext.gso_size, 0);
    ck_assert_uint_eq(ext.gso_type, 0);
    ck_assert_uint_eq(ext.l4_offset, 20);
    /* a RST acknowledges what the SYN carried, an answer does not (V16) */
    ck_assert_uint_eq(peek32(r.bytes + 28), c.x + 1 + (_i ? 1000 : 0));
    bed_close(&b);
}
END_TEST

/* --- addresses of any alignment --- */

static unsigned shift;
static uint8_t shifted[BED_ROOM + 8];

static void move(mpconn_pkt *p, void *user)
{
    (void)user;
    memcpy(shifted + shift, p->data, p->len);
    p->data = shifted + shift;
}

/* Submit to both, at an aligned address and at an odd one. */
static void send_both(unsigned from, const bed_segment *seg)
{
    uint8_t bytes[256];
    size_t len = bed_build(bytes, sizeof(bytes), seg);
    uint8_t first[256];

    bed_bytes(&b, from, bytes, len, NULL, NULL);
    memcpy(first, b.bytes, b.pkt.len);
    bed_bytes(&other, from, bytes, len, move, NULL);
    ck_assert_int_eq(b.pkt.reason, other.pkt.reason);
    ck_assert_uint_eq(b.pkt.len, other.pkt.len);
    ck_assert_mem_eq(first, shifted + shift, b.pkt.len);
}

START_TEST(E41_packets_at_any_address_are_handled_alike)
{
    bed_segment seg;
    bed_conn answer;

    shift = (unsigned)_i / 2;
    open_family(family_of(_i & 1));
    bed_open(&other, &cfg, &cb);
    answer = c;
    bed_syn(&b, &answer);
    c.y = answer.y;
    c.proxy_ts = answer.proxy_ts;
    seg = bed_syn_seg(&c);
    send_both(CLIENT, &seg);
    seg = bed_proof_seg(&c);
    send_both(CLIENT, &seg);
    seg = bed_syn_ack_seg(&c);
    send_both(SERVER, &seg);
    for (unsigned from = CLIENT; from <= SERVER; from++) {
        seg = bed_data(&c, from, 1, from == CLIENT ? 1 : 32, 31);
        send_both(from, &seg);
        ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_TRANSLATED);
    }
    bed_close(&b);
    bed_close(&other);
}
END_TEST

/* --- SYNs with things in them that we do not speak --- */

static void send_syn_with(const uint8_t *options, size_t len, size_t payload)
{
    raw r;

    raw_tcp(&r, MPCONN_FAMILY_IPV4, MPCI_TCP_SYN, options, len, payload);
    bed_raw(&b, CLIENT, &r);
}

START_TEST(E24_options_that_are_not_ours_to_offer_are_not_answered)
{
    static const uint8_t lists[3][20] = {
        {2, 4, 5, 180, 34, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1}, /* fast open, with a cookie */
        {2, 4, 5, 180, 30, 12, 0, 0x81, 1, 2, 3, 4, 5, 6, 7, 8}, /* multipath capable */
        {2, 4, 5, 180, 253, 4, 0xf9, 0x89, 254, 4, 0xf9, 0x89, 1, 1, 1, 1}, /* experiments */
    };
    mpci_view v;
    mpci_syn_options o;

    bed_open(&b, &cfg, &cb);
    send_syn_with(lists[_i], 16, 1400);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SYN_ANSWERED);
    bed_view(&b, &v, &o);
    ck_assert_uint_eq(v.ack, 0x01020305); /* of the SYN alone: the data comes again */
    ck_assert_uint_eq(v.tcp_hlen, 24);    /* an MSS and nothing else */
    ck_assert_uint_eq(o.mss, 1460);
    ck_assert_uint_eq(v.payload_len, 0);
    ck_assert_uint_eq(b.n_out, 0);
    bed_close(&b);
}
END_TEST

START_TEST(E07_E08_E09_odd_options_are_put_right_and_counted)
{
    static const struct {
        uint8_t list[12];
        unsigned reason;
    } odd[] = {
        {{2, 4, 5, 180, 2, 4, 2, 24, 1, 1, 1, 1}, MPCONN_REASON_OPTION_DUPLICATE}, /* E07 */
        {{2, 4, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1}, MPCONN_REASON_OPTION_CLAMPED},      /* E08 */
        {{2, 4, 5, 180, 3, 3, 15, 1, 1, 1, 1, 1}, MPCONN_REASON_OPTION_CLAMPED},   /* E09 */
        {{2, 4, 5, 180, 3, 3, 255, 1, 1, 1, 1, 1}, MPCONN_REASON_OPTION_CLAMPED},  /* E09 */
    };

    bed_open(&b, &cfg, &cb);
    send_syn_with(odd[_i].list, 12, 0);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SYN_ANSWERED);
    ck_assert_uint_eq(bed_count(&b, odd[_i].reason), 1);
    bed_close(&b);
}
END_TEST

/* --- what is no segment --- */

static void foreign(raw *r, unsigned which)
{
    static const uint8_t frag_needed[8] = {3, 4, 0, 0, 0, 0, 0, 0}, echo[8] = {8};
    static const uint8_t datagram[8] = {0x9c, 0x40, 0, 53, 0, 8};

    switch (which) {
    case 0: /* E26, E31: frag needed with MTU 0, quoting a segment */
        raw_ip(r, MPCONN_FAMILY_IPV4, 1);
        raw_add(r, frag_needed, 8);
        raw_add(r, r->bytes, 28);
        break;
    case 1:
        raw_ip(r, MPCONN_FAMILY_IPV4, 1);
        raw_add(r, echo, 8);
        break;
    case 2:
        raw_ip(r, MPCONN_FAMILY_IPV4, 17);
        raw_add(r, datagram, 8);
        break;
    default: /* E27: looks like a SYN, but is the middle of something */
        raw_tcp(r, MPCONN_FAMILY_IPV4, MPCI_TCP_SYN, NULL, 0, 20);
        poke16(r->bytes + 6, 0x2010);
    }
    if (which < 3)
        raw_seal(r);
    poke16(r->bytes + 10, 0);
    poke16(r->bytes + 10, ~slow_sum(0, r->bytes, 20) & 0xffff);
}

static const unsigned foreign_reasons[] = {MPCONN_REASON_ICMP_ERROR, MPCONN_REASON_NOT_TCP,
                                           MPCONN_REASON_NOT_TCP, MPCONN_REASON_FRAGMENT_LATER};

START_TEST(E26_E27_what_is_no_segment_passes_untouched_and_leaves_no_trace)
{
    static snapshot before, after;
    raw r;

    open_family(MPCONN_FAMILY_IPV4);
    bed_settle(&b, &c);
    foreign(&r, (unsigned)_i);
    for (unsigned from = CLIENT; from <= SERVER; from++) {
        snapshot_take(&before, b.eng);
        bed_raw(&b, from, &r);
        snapshot_take(&after, b.eng);
        ck_assert_uint_eq(b.pkt.reason, foreign_reasons[_i]);
        ck_assert_uint_eq(b.pkt.side, from ^ 1);
        ck_assert_uint_eq(b.pkt.link, MPCONN_LINK_NONE);
        ck_assert_uint_eq(b.pkt.flow, 0);
        ck_assert_mem_eq(b.bytes, r.bytes, r.len);
        before.counts[foreign_reasons[_i]]++;
        before.stats.packets_in++;
        before.stats.packets_forwarded++;
        snapshot_assert_equal(&before, &after);
        ck_assert_uint_eq(b.n_admit, 1);
    }
    bed_close(&b);
}
END_TEST

START_TEST(E30_ip_checksum_of_what_is_no_segment_is_verified_where_it_is_asked_for)
{
    raw r;

    cfg.flags = _i & 4 ? MPCONN_ENGINE_F_VERIFY_CHECKSUMS : 0;
    bed_open(&b, &cfg, &cb);
    foreign(&r, (unsigned)_i & 3);
    r.bytes[10] ^= 1;
    send_flagged(CLIENT, &r, MPCONN_PKT_F_CSUM_OK);
    ck_assert_uint_eq(b.pkt.reason, foreign_reasons[_i & 3]);
    send_flagged(CLIENT, &r, _i & 4 ? 0 : MPCONN_PKT_F_CSUM_VERIFY);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_DROP);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_BAD_IP_CHECKSUM);
    bed_close(&b);
}
END_TEST

START_TEST(E29_padding_behind_a_segment_goes_along_and_is_no_payload)
{
    bed_segment seg;
    raw r;

    open_family(family_of(_i));
    bed_settle(&b, &c);
    seg = bed_data(&c, CLIENT, 1, 1, 3);
    raw_of(&r, &seg);
    r.len += 7;
    bed_raw(&b, CLIENT, &r);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_TRANSLATED);
    ck_assert_uint_eq(b.pkt.len, r.len);
    bed_view(&b, &(mpci_view){0}, NULL);
    ck_assert_uint_eq(bed_flow(&b, &c.tuple).next_seq[CLIENT], c.x + 4);
    bed_close(&b);
}
END_TEST

static void add_offload(Suite *s)
{
    TCase *tc = tcase_create("offload");

    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_loop_test(tc, E30_partial_checksum_of_a_settled_flow_stays_partial_and_right, 0, 4);
    tcase_add_loop_test(tc, E30_syn_with_a_partial_checksum_gets_an_answer_with_a_whole_one, 0, 4);
    tcase_add_loop_test(tc, E30_handshake_with_partial_checksums_goes_through, 0, 2);
    tcase_add_loop_test(tc, super_segment_is_translated_and_counts_in_full, 0, 2);
    tcase_add_loop_test(
        tc, super_segment_whose_header_does_not_tell_its_length_is_as_long_as_the_host_says, 0, 2);
    tcase_add_loop_test(tc, answer_in_the_buffer_of_a_syn_has_extras_of_its_own, 0, 2);
    tcase_add_loop_test(tc, E41_packets_at_any_address_are_handled_alike, 0, 16);
    suite_add_tcase(s, tc);
}

static void add_foreign(Suite *s)
{
    TCase *tc = tcase_create("foreign");

    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_loop_test(tc, E24_options_that_are_not_ours_to_offer_are_not_answered, 0, 3);
    tcase_add_loop_test(tc, E07_E08_E09_odd_options_are_put_right_and_counted, 0, 4);
    tcase_add_loop_test(tc, E26_E27_what_is_no_segment_passes_untouched_and_leaves_no_trace, 0, 4);
    tcase_add_loop_test(
        tc, E30_ip_checksum_of_what_is_no_segment_is_verified_where_it_is_asked_for, 0, 8);
    tcase_add_loop_test(tc, E29_padding_behind_a_segment_goes_along_and_is_no_payload, 0, 2);
    suite_add_tcase(s, tc);
}

int main(void)
{
    Suite *s = suite_create("engine: offload");

    add_offload(s);
    add_foreign(s);
    return check_run(s);
}
