/* SPDX-License-Identifier: BSD-2-Clause */
/* The view below TCP: lengths, fragments, extension headers, what the host says. */
#include "check_main.h"
#include "packets.h"

#include "packet/view.h"

static const unsigned families[] = {MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV6};

static mpci_view view_pkt(const mpconn_pkt *pkt)
{
    mpci_view v;

    memset(&v, 0xff, sizeof v);
    mpci_view_parse(&v, pkt);
    ck_assert_int_eq(v.kind == MPCI_KIND_BAD, v.reason != 0);
    return v;
}

static void expect(const mpconn_pkt *pkt, int kind, unsigned reason)
{
    mpci_view v = view_pkt(pkt);

    ck_assert_str_eq(mpconn_reason_name(v.reason), mpconn_reason_name(reason));
    ck_assert_int_eq(v.kind, kind);
}

static void expect_bad(raw *r, unsigned reason)
{
    mpconn_pkt pkt = raw_pkt(r);

    expect(&pkt, MPCI_KIND_BAD, reason);
}

static void expect_kind(raw *r, int kind)
{
    mpconn_pkt pkt = raw_pkt(r);

    expect(&pkt, kind, 0);
}

static void say_length(raw *r, unsigned total)
{
    if (r->bytes[0] >> 4 == 4)
        poke16(r->bytes + 2, total);
    else
        poke16(r->bytes + 4, total - 40);
}

START_TEST(E29_padding_after_the_packet_is_not_payload)
{
    for (unsigned padding = 0; padding < 30; padding++) {
        mpconn_pkt pkt;
        mpci_view v;
        raw r;

        raw_tcp(&r, families[_i], MPCI_TCP_ACK, NULL, 0, 1);
        r.len += padding;
        pkt = raw_pkt(&r);
        v = view_pkt(&pkt);
        ck_assert_int_eq(v.kind, MPCI_KIND_TCP);
        ck_assert_uint_eq(v.payload_len, 1);
        ck_assert_uint_eq(v.total_len, r.len - padding);
        ck_assert_uint_eq(mpci_view_verify(&v, &pkt), 0);
    }
}
END_TEST

START_TEST(E29_ip_length_beyond_the_buffer_is_truncated)
{
    raw r;

    raw_tcp(&r, families[_i], MPCI_TCP_ACK, NULL, 0, 10);
    say_length(&r, r.len + 1);
    expect_bad(&r, MPCONN_REASON_TRUNCATED);
    say_length(&r, 65535);
    expect_bad(&r, MPCONN_REASON_TRUNCATED);
}
END_TEST

START_TEST(E29_ipv4_length_below_its_header_contradicts_itself)
{
    for (unsigned total = 0; total < 20; total++) {
        raw r;

        raw_tcp(&r, MPCONN_FAMILY_IPV4, MPCI_TCP_ACK, NULL, 0, 10);
        say_length(&r, total);
        expect_bad(&r, MPCONN_REASON_BAD_IP);
    }
}
END_TEST

START_TEST(E01_ip_length_that_leaves_less_than_a_tcp_header_is_truncated)
{
    for (unsigned l4_len = 0; l4_len < 20; l4_len++) {
        raw r;

        raw_tcp(&r, families[_i], MPCI_TCP_ACK, NULL, 0, 10);
        say_length(&r, r.l4 + l4_len);
        expect_bad(&r, MPCONN_REASON_TRUNCATED);
    }
}
END_TEST

START_TEST(E29_ipv4_header_length_below_5_contradicts_itself)
{
    for (unsigned ihl = 0; ihl < 5; ihl++) {
        raw r;

        raw_tcp(&r, MPCONN_FAMILY_IPV4, MPCI_TCP_ACK, NULL, 0, 10);
        r.bytes[0] = (uint8_t)(0x40 | ihl);
        expect_bad(&r, MPCONN_REASON_BAD_IP);
    }
}
END_TEST

START_TEST(version_that_is_neither_4_nor_6_contradicts_itself)
{
    for (unsigned version = 0; version < 16; version++) {
        raw r;

        raw_tcp(&r, MPCONN_FAMILY_IPV4, MPCI_TCP_ACK, NULL, 0, 10);
        r.bytes[0] = (uint8_t)(version << 4 | 5);
        if (version != 4 && version != 6)
            expect_bad(&r, MPCONN_REASON_BAD_IP);
    }
}
END_TEST

START_TEST(ipv4_with_options_is_parsed_behind_them)
{
    for (unsigned words = 1; words <= 10; words++) {
        uint8_t options[40];
        mpconn_pkt pkt;
        mpci_view v;
        raw plain, r;

        memset(options, 1, sizeof options);
        raw_tcp(&plain, MPCONN_FAMILY_IPV4, MPCI_TCP_ACK, NULL, 0, 3);
        raw_ip(&r, MPCONN_FAMILY_IPV4, 6);
        raw_add(&r, options, words * 4);
        r.bytes[0] = (uint8_t)(0x45 + words);
        r.l4 = r.len;
        raw_add(&r, plain.bytes + 20, plain.len - 20);
        raw_seal(&r);
        pkt = raw_pkt(&r);
        v = view_pkt(&pkt);
        ck_assert_int_eq(v.kind, MPCI_KIND_TCP);
        ck_assert_uint_eq(v.l4_offset, 20 + words * 4);
        ck_assert_uint_eq(v.payload_len, 3);
        ck_assert_uint_eq(mpci_view_verify(&v, &pkt), 0);
    }
}
END_TEST

static void ipv4_fragment(raw *r, unsigned proto, unsigned field, unsigned payload)
{
    raw_tcp(r, MPCONN_FAMILY_IPV4, MPCI_TCP_ACK, NULL, 0, payload);
    r->bytes[9] = (uint8_t)proto;
    poke16(r->bytes + 6, field);
}

START_TEST(E27_ipv4_first_fragment_of_tcp_is_refused)
{
    raw r;

    ipv4_fragment(&r, 6, 0x2000, 100);
    expect_bad(&r, MPCONN_REASON_FRAGMENT_FIRST);
    for (unsigned tiny = 0; tiny < 20; tiny++) { /* the header goes on in the next one */
        ipv4_fragment(&r, 6, 0x2000, 0);
        r.len = 20 + tiny;
        say_length(&r, r.len);
        expect_bad(&r, MPCONN_REASON_FRAGMENT_FIRST);
    }
}
END_TEST

START_TEST(E27_ipv4_fragment_at_offset_1_of_tcp_is_refused)
{
    raw r;

    ipv4_fragment(&r, 6, 0x2001, 100);
    expect_bad(&r, MPCONN_REASON_FRAGMENT_FIRST);
    ipv4_fragment(&r, 6, 0x0001, 100);
    expect_bad(&r, MPCONN_REASON_FRAGMENT_FIRST);
}
END_TEST

START_TEST(E27_ipv4_later_fragment_is_only_a_fragment)
{
    static const unsigned fields[] = {0x0002, 0x2002, 0x00b9, 0x1fff};

    for (unsigned i = 0; i < 4; i++) {
        mpconn_pkt pkt;
        mpci_view v;
        raw r;

        ipv4_fragment(&r, 6, fields[i], 100);
        pkt = raw_pkt(&r);
        v = view_pkt(&pkt);
        ck_assert_int_eq(v.kind, MPCI_KIND_FRAGMENT);
        ck_assert_uint_eq(v.sport | v.dport | v.flags, 0);
    }
}
END_TEST

START_TEST(E27_ipv4_fragments_of_other_protocols_pass)
{
    raw r;

    ipv4_fragment(&r, 17, 0x2000, 100);
    expect_kind(&r, MPCI_KIND_OTHER);
    ipv4_fragment(&r, 1, 0x2000, 100); /* never taken for a whole ICMP error */
    expect_kind(&r, MPCI_KIND_OTHER);
    ipv4_fragment(&r, 17, 0x2001, 100);
    expect_kind(&r, MPCI_KIND_FRAGMENT);
}
END_TEST

START_TEST(E27_ipv4_df_and_reserved_bit_make_no_fragment)
{
    raw r;

    ipv4_fragment(&r, 6, 0xc000, 100);
    expect_kind(&r, MPCI_KIND_TCP);
}
END_TEST

/* An IPv6 packet with a chain of extension headers before 20 bytes of TCP and 5 of data. */
typedef struct link {
    uint8_t kind;
    uint8_t bytes[16];
    unsigned len;
} link;

static const link hop = {0, {0, 0, 1, 4}, 8};
static const link hop_long = {0, {0, 1, 1, 12}, 16};
static const link dest = {60, {0, 0, 1, 4}, 8};
static const link routed = {43, {0, 0, 4, 0}, 8};      /* segments left: 0 */
static const link routing = {43, {0, 0, 4, 1}, 8};     /* segments left: 1 */
static const link atomic = {44, {0, 0, 0, 0, 1}, 8};
static const link first = {44, {0, 0, 0, 1, 1}, 8};
static const link at_8 = {44, {0, 0, 0, 8, 1}, 8};
static const link at_16 = {44, {0, 0, 0, 17, 1}, 8};
/* AH of 8 + 4 bytes (its length field counts words, less two) */
static const link ah = {51, {0, 1, 0, 0, 0, 0, 0, 1}, 12};

static void make_chain(raw *r, const link *const *chain, unsigned n, unsigned proto)
{
    raw plain;

    raw_tcp(&plain, MPCONN_FAMILY_IPV6, MPCI_TCP_ACK, NULL, 0, 5);
    raw_ip(r, MPCONN_FAMILY_IPV6, n > 0 ? chain[0]->kind : proto);
    for (unsigned i = 0; i < n; i++) {
        link l = *chain[i];

        l.bytes[0] = (uint8_t)(i + 1 < n ? chain[i + 1]->kind : proto);
        raw_add(r, l.bytes, l.len);
    }
    r->l4 = r->len;
    raw_add(r, plain.bytes + 40, plain.len - 40);
}

#define CHAIN(r, proto, ...)                                                              \
    make_chain((r), (const link *const[]){__VA_ARGS__},                                   \
               sizeof(const link *const[]){__VA_ARGS__} / sizeof(const link *), (proto))

START_TEST(ipv6_extension_headers_are_walked)
{
    mpconn_pkt pkt;
    mpci_view v;
    raw r;

    CHAIN(&r, 6, &hop, &dest, &routed, &atomic, &dest);
    pkt = raw_pkt(&r);
    v = view_pkt(&pkt);
    ck_assert_int_eq(v.kind, MPCI_KIND_TCP);
    ck_assert_uint_eq(v.l4_offset, 80);
    ck_assert_uint_eq(v.payload_len, 5);
    ck_assert_uint_eq(mpci_view_verify(&v, &pkt), 0);
    CHAIN(&r, 6, &hop_long);
    pkt = raw_pkt(&r);
    ck_assert_uint_eq(view_pkt(&pkt).l4_offset, 56);
    expect_kind(&r, MPCI_KIND_TCP);
}
END_TEST

START_TEST(E28_eight_extension_headers_are_walked_and_nine_are_not)
{
    raw r;

    CHAIN(&r, 6, &dest, &dest, &dest, &dest, &dest, &dest, &dest, &dest);
    expect_kind(&r, MPCI_KIND_TCP);
    CHAIN(&r, 6, &dest, &dest, &dest, &dest, &dest, &dest, &dest, &dest, &dest);
    expect_bad(&r, MPCONN_REASON_BAD_EXTENSION);
}
END_TEST

START_TEST(E28_hop_by_hop_anywhere_but_first_is_refused)
{
    raw r;

    CHAIN(&r, 6, &dest, &hop);
    expect_bad(&r, MPCONN_REASON_BAD_EXTENSION);
    CHAIN(&r, 6, &hop, &hop);
    expect_bad(&r, MPCONN_REASON_BAD_EXTENSION);
}
END_TEST

START_TEST(E28_two_fragment_headers_are_refused)
{
    raw r;

    CHAIN(&r, 6, &atomic, &atomic);
    expect_bad(&r, MPCONN_REASON_BAD_EXTENSION);
    CHAIN(&r, 6, &atomic, &at_16);
    expect_bad(&r, MPCONN_REASON_BAD_EXTENSION);
    CHAIN(&r, 6, &atomic, &dest, &first);
    expect_bad(&r, MPCONN_REASON_BAD_EXTENSION);
}
END_TEST

START_TEST(E28_routing_header_with_segments_left_is_refused)
{
    raw r;

    CHAIN(&r, 6, &routing);
    expect_bad(&r, MPCONN_REASON_BAD_EXTENSION);
}
END_TEST

START_TEST(E28_extension_header_longer_than_the_packet_is_refused)
{
    raw r;

    CHAIN(&r, 6, &dest);
    r.bytes[41] = 255;
    expect_bad(&r, MPCONN_REASON_TRUNCATED);
    /* longer than the packet, but not than its padding */
    r.bytes[41] = 5;
    r.len += 100;
    expect_bad(&r, MPCONN_REASON_BAD_IP);
}
END_TEST

START_TEST(E27_ipv6_fragments_are_told_apart)
{
    raw r;

    CHAIN(&r, 6, &atomic); /* RFC 6946: whole */
    expect_kind(&r, MPCI_KIND_TCP);
    CHAIN(&r, 6, &first);
    expect_bad(&r, MPCONN_REASON_FRAGMENT_FIRST);
    CHAIN(&r, 6, &at_8);
    expect_bad(&r, MPCONN_REASON_FRAGMENT_FIRST);
    CHAIN(&r, 6, &at_16);
    expect_kind(&r, MPCI_KIND_FRAGMENT);
    CHAIN(&r, 60, &at_16); /* what looks like a header after it is data */
    expect_kind(&r, MPCI_KIND_FRAGMENT);
    CHAIN(&r, 17, &first);
    expect_kind(&r, MPCI_KIND_OTHER);
    CHAIN(&r, 6, &first, &dest);
    expect_bad(&r, MPCONN_REASON_FRAGMENT_FIRST);
}
END_TEST

/* CVE-2019-5597 and its like: the header chain of a first fragment goes on in the second. */
START_TEST(E27_ipv6_first_fragment_without_its_whole_chain_is_refused)
{
    raw r;

    CHAIN(&r, 6, &first, &dest);
    for (r.len = 48; r.len < 56; r.len++) {
        say_length(&r, r.len);
        expect_bad(&r, MPCONN_REASON_FRAGMENT_FIRST);
    }
}
END_TEST

START_TEST(ipv6_authenticated_or_empty_packets_are_another_protocol)
{
    raw r;

    CHAIN(&r, 6, &ah);
    expect_kind(&r, MPCI_KIND_OTHER);
    raw_ip(&r, MPCONN_FAMILY_IPV6, 59);
    expect_kind(&r, MPCI_KIND_OTHER);
    raw_ip(&r, MPCONN_FAMILY_IPV6, 50);
    raw_add(&r, "12345678", 8);
    expect_kind(&r, MPCI_KIND_OTHER);
}
END_TEST

START_TEST(E30_checksum_flags_of_the_host_are_obeyed)
{
    mpconn_pkt pkt;
    raw r;

    raw_tcp(&r, families[_i], MPCI_TCP_ACK, NULL, 0, 10);
    pkt = raw_pkt(&r);
    pkt.flags = MPCONN_PKT_F_CSUM_BAD;
    expect(&pkt, MPCI_KIND_BAD, MPCONN_REASON_BAD_TCP_CHECKSUM);
    pkt.flags = MPCONN_PKT_F_CSUM_OK;
    expect(&pkt, MPCI_KIND_TCP, 0);
    pkt.flags = MPCONN_PKT_F_CSUM_PARTIAL;
    expect(&pkt, MPCI_KIND_TCP, 0);
    pkt.flags = MPCONN_PKT_F_CSUM_BAD | MPCONN_PKT_F_CSUM_OK;
    expect(&pkt, MPCI_KIND_BAD, MPCONN_REASON_BAD_METADATA);
}
END_TEST

START_TEST(E30_any_flipped_bit_is_seen_by_verify)
{
    mpconn_pkt pkt;
    raw r;

    raw_tcp(&r, families[_i], MPCI_TCP_ACK, NULL, 0, 11);
    pkt = raw_pkt(&r);
    for (uint32_t bit = 0; bit < r.len * 8; bit++) {
        mpci_view v = view_pkt(&pkt);
        int in_ip = bit / 8 < r.l4, in_v6_class = r.l4 == 40 && bit / 8 < 8;
        unsigned seen;

        r.bytes[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
        seen = mpci_view_verify(&v, &pkt);
        if (r.l4 == 20 && in_ip)
            ck_assert_uint_eq(seen, MPCONN_REASON_BAD_IP_CHECKSUM);
        else if (!in_v6_class) /* nothing covers the first words of an IPv6 header */
            ck_assert_uint_eq(seen, MPCONN_REASON_BAD_TCP_CHECKSUM);
        r.bytes[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
    }
}
END_TEST

START_TEST(E30_verify_leaves_what_it_cannot_know)
{
    mpconn_pkt_ext ext = {.struct_size = sizeof ext, .gso_size = 100};
    mpconn_pkt pkt;
    mpci_view v;
    raw r;

    raw_tcp(&r, families[_i], MPCI_TCP_ACK, NULL, 0, 300);
    r.bytes[r.l4 + 16] ^= 1;
    pkt = raw_pkt(&r);
    v = view_pkt(&pkt);
    ck_assert_uint_eq(mpci_view_verify(&v, &pkt), MPCONN_REASON_BAD_TCP_CHECKSUM);
    pkt.flags = MPCONN_PKT_F_CSUM_PARTIAL;
    ck_assert_uint_eq(mpci_view_verify(&v, &pkt), 0);
    pkt.flags = 0;
    pkt.ext = &ext;
    ck_assert_uint_eq(mpci_view_verify(&v, &pkt), 0);
    ext.gso_size = 0;
    ext.total_len = r.len;
    pkt.len = r.l4 + 20;
    pkt.flags = MPCONN_PKT_F_HEAD_ONLY;
    v = view_pkt(&pkt);
    ck_assert_int_eq(v.kind, MPCI_KIND_TCP);
    ck_assert_uint_eq(mpci_view_verify(&v, &pkt), 0);
    /* even if the flag got lost on the way: what is not there is not read */
    pkt.data = malloc(pkt.len);
    memcpy(pkt.data, r.bytes, pkt.len);
    pkt.flags = MPCONN_PKT_F_HEAD_ONLY;
    v = view_pkt(&pkt);
    pkt.flags = 0;
    ck_assert_uint_eq(mpci_view_verify(&v, &pkt), 0);
    free(pkt.data);
}
END_TEST

START_TEST(E41_impossible_metadata_is_refused)
{
    mpconn_pkt good, pkt;
    raw r;

    raw_tcp(&r, families[_i], MPCI_TCP_ACK, NULL, 0, 10);
    good = raw_pkt(&r);
    good.side = MPCONN_SIDE_SERVER;
    good.link = MPCONN_LINK_MAX;
    good.zone = 65535;
    good.cap = good.len;
    expect(&good, MPCI_KIND_TCP, 0);
#define REFUSED(member, value)                                       \
    do {                                                             \
        pkt = good;                                                  \
        pkt.member = (value);                                        \
        expect(&pkt, MPCI_KIND_BAD, MPCONN_REASON_BAD_METADATA);     \
    } while (0)
    REFUSED(side, 2);
    REFUSED(side, 255);
    REFUSED(link, MPCONN_LINK_MAX + 1);
    REFUSED(zone, 65536);
    REFUSED(zone, UINT32_MAX);
    REFUSED(cap, good.len - 1);
    REFUSED(cap, 0);
    REFUSED(data, NULL);
    REFUSED(flags, UINT32_C(1) << 5);
    REFUSED(flags, UINT32_C(1) << 31);
#undef REFUSED
    pkt = good;
    pkt.data = NULL;
    pkt.len = 0;
    expect(&pkt, MPCI_KIND_BAD, MPCONN_REASON_BAD_METADATA);
    pkt = good;
    pkt.len = 0;
    expect(&pkt, MPCI_KIND_BAD, MPCONN_REASON_TRUNCATED);
}
END_TEST

START_TEST(E41_impossible_extras_are_refused)
{
    struct {
        mpconn_pkt_ext ext;
        uint64_t later;
    } room = {{.struct_size = sizeof room.ext}, 0};
    mpconn_pkt pkt;
    raw r;

    raw_tcp(&r, families[_i], MPCI_TCP_ACK, NULL, 0, 10);
    pkt = raw_pkt(&r);
    pkt.ext = &room.ext;
    expect(&pkt, MPCI_KIND_TCP, 0);
    room.ext.struct_size = 0;
    expect(&pkt, MPCI_KIND_BAD, MPCONN_REASON_BAD_METADATA);
    room.ext.struct_size = sizeof room.ext - 1;
    expect(&pkt, MPCI_KIND_BAD, MPCONN_REASON_BAD_METADATA);
    room.ext.struct_size = sizeof room;
    expect(&pkt, MPCI_KIND_TCP, 0);
    room.later = 1;
    expect(&pkt, MPCI_KIND_BAD, MPCONN_REASON_BAD_METADATA);
    room.later = 0;
    room.ext.l4_offset = r.l4;
    expect(&pkt, MPCI_KIND_TCP, 0);
    room.ext.l4_offset = r.l4 + 4;
    expect(&pkt, MPCI_KIND_BAD, MPCONN_REASON_BAD_METADATA);
    room.ext.l4_offset = 0;
    room.ext.total_len = r.len + 1; /* not all there, and nobody said so */
    expect(&pkt, MPCI_KIND_BAD, MPCONN_REASON_BAD_METADATA);
    room.ext.total_len = r.len;
    expect(&pkt, MPCI_KIND_TCP, 0);
    room.ext.total_len = r.len - 1; /* shorter than its IP header says */
    expect(&pkt, MPCI_KIND_BAD, MPCONN_REASON_TRUNCATED);
}
END_TEST

START_TEST(E06_head_only_needs_all_headers_and_takes_the_length_told)
{
    static const uint8_t options[12] = {1, 1, 8, 10, 0, 0, 0, 9};
    raw r;

    raw_tcp(&r, families[_i], MPCI_TCP_ACK, options, sizeof options, 1000);
    for (uint32_t len = 0; len <= r.len; len++) {
        uint8_t *exact = malloc(len + 1);
        mpconn_pkt_ext ext = {.struct_size = sizeof ext, .total_len = r.len};
        mpconn_pkt pkt = {.data = exact, .ext = &ext, .len = len, .cap = len,
                          .flags = MPCONN_PKT_F_HEAD_ONLY};
        uint8_t *shrunk;
        mpci_view v;

        memcpy(exact, r.bytes, len);
        shrunk = realloc(exact, len > 0 ? len : 1);
        pkt.data = shrunk;
        v = view_pkt(&pkt);
        if (len < r.l4 + 32) {
            ck_assert_uint_eq(v.reason, MPCONN_REASON_TRUNCATED);
        } else {
            ck_assert_int_eq(v.kind, MPCI_KIND_TCP);
            ck_assert_uint_eq(v.payload_len, 1000);
            ck_assert_uint_eq(v.total_len, r.len);
            ck_assert_uint_eq(v.tsval, 9);
        }
        free(shrunk);
    }
}
END_TEST

START_TEST(E06_head_without_the_flag_is_truncated)
{
    raw r;

    raw_tcp(&r, families[_i], MPCI_TCP_ACK, NULL, 0, 1000);
    r.len = r.l4 + 20;
    expect_bad(&r, MPCONN_REASON_TRUNCATED);
}
END_TEST

START_TEST(super_segment_takes_its_length_from_the_host)
{
    mpconn_pkt_ext ext = {.struct_size = sizeof ext, .gso_size = 1448, .total_len = 100000};
    mpconn_pkt pkt;
    mpci_view v;
    raw r;

    raw_tcp(&r, families[_i], MPCI_TCP_ACK, NULL, 0, 1000);
    pkt = raw_pkt(&r);
    pkt.flags = MPCONN_PKT_F_HEAD_ONLY | MPCONN_PKT_F_CSUM_PARTIAL;
    pkt.ext = &ext;
    poke16(r.bytes + (r.l4 == 20 ? 2 : 4), 0); /* too long for the header to say */
    v = view_pkt(&pkt);
    ck_assert_int_eq(v.kind, MPCI_KIND_TCP);
    ck_assert_uint_eq(v.total_len, 100000);
    ck_assert_uint_eq(v.payload_len, 100000 - r.l4 - 20);
    poke16(r.bytes + (r.l4 == 20 ? 2 : 4), 100000 & 0xffff); /* or says it modulo 2^16 */
    v = view_pkt(&pkt);
    ck_assert_uint_eq(v.total_len, 100000);
    ext.gso_size = 0; /* no super-segment: the header's word counts */
    v = view_pkt(&pkt);
    ck_assert_uint_eq(v.total_len, (100000 & 0xffff) + (r.l4 == 20 ? 0 : 40));
}
END_TEST

START_TEST(ip_length_0_without_the_hosts_word_is_refused)
{
    mpconn_pkt_ext ext = {.struct_size = sizeof ext};
    mpconn_pkt pkt;
    raw r;

    raw_tcp(&r, families[_i], MPCI_TCP_ACK, NULL, 0, 1000);
    poke16(r.bytes + (r.l4 == 20 ? 2 : 4), 0);
    pkt = raw_pkt(&r);
    expect(&pkt, MPCI_KIND_BAD,
           r.l4 == 20 ? MPCONN_REASON_BAD_IP : MPCONN_REASON_TRUNCATED);
    pkt.ext = &ext;
    expect(&pkt, MPCI_KIND_BAD,
           r.l4 == 20 ? MPCONN_REASON_BAD_IP : MPCONN_REASON_TRUNCATED);
    ext.gso_size = 500;
    expect(&pkt, MPCI_KIND_TCP, 0);
    ext.gso_size = 0;
    ext.total_len = r.len;
    expect(&pkt, MPCI_KIND_TCP, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("view_ip");
    TCase *both = tcase_create("both families"), *once = tcase_create("once");

    tcase_add_loop_test(both, E29_padding_after_the_packet_is_not_payload, 0, 2);
    tcase_add_loop_test(both, E29_ip_length_beyond_the_buffer_is_truncated, 0, 2);
    tcase_add_loop_test(both, E01_ip_length_that_leaves_less_than_a_tcp_header_is_truncated, 0, 2);
    tcase_add_loop_test(both, E30_checksum_flags_of_the_host_are_obeyed, 0, 2);
    tcase_add_loop_test(both, E30_any_flipped_bit_is_seen_by_verify, 0, 2);
    tcase_add_loop_test(both, E30_verify_leaves_what_it_cannot_know, 0, 2);
    tcase_add_loop_test(both, E41_impossible_metadata_is_refused, 0, 2);
    tcase_add_loop_test(both, E41_impossible_extras_are_refused, 0, 2);
    tcase_add_loop_test(both, E06_head_only_needs_all_headers_and_takes_the_length_told, 0, 2);
    tcase_add_loop_test(both, E06_head_without_the_flag_is_truncated, 0, 2);
    tcase_add_loop_test(both, super_segment_takes_its_length_from_the_host, 0, 2);
    tcase_add_loop_test(both, ip_length_0_without_the_hosts_word_is_refused, 0, 2);
    tcase_add_test(once, E29_ipv4_length_below_its_header_contradicts_itself);
    tcase_add_test(once, E29_ipv4_header_length_below_5_contradicts_itself);
    tcase_add_test(once, version_that_is_neither_4_nor_6_contradicts_itself);
    tcase_add_test(once, ipv4_with_options_is_parsed_behind_them);
    tcase_add_test(once, E27_ipv4_first_fragment_of_tcp_is_refused);
    tcase_add_test(once, E27_ipv4_fragment_at_offset_1_of_tcp_is_refused);
    tcase_add_test(once, E27_ipv4_later_fragment_is_only_a_fragment);
    tcase_add_test(once, E27_ipv4_fragments_of_other_protocols_pass);
    tcase_add_test(once, E27_ipv4_df_and_reserved_bit_make_no_fragment);
    tcase_add_test(once, ipv6_extension_headers_are_walked);
    tcase_add_test(once, E28_eight_extension_headers_are_walked_and_nine_are_not);
    tcase_add_test(once, E28_hop_by_hop_anywhere_but_first_is_refused);
    tcase_add_test(once, E28_two_fragment_headers_are_refused);
    tcase_add_test(once, E28_routing_header_with_segments_left_is_refused);
    tcase_add_test(once, E28_extension_header_longer_than_the_packet_is_refused);
    tcase_add_test(once, E27_ipv6_fragments_are_told_apart);
    tcase_add_test(once, E27_ipv6_first_fragment_without_its_whole_chain_is_refused);
    tcase_add_test(once, ipv6_authenticated_or_empty_packets_are_another_protocol);
    suite_add_tcase(suite, both);
    suite_add_tcase(suite, once);
    return check_run(suite);
}
