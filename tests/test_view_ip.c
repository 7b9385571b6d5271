/* SPDX-License-Identifier: BSD-2-Clause */
/* The view below TCP: lengths, fragments, extension headers. */
#include "check_main.h"
#include "view_expect.h"

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

START_TEST(E27_ipv4_later_fragment_is_only_a_fragment)
{
    static const unsigned fields[] = {0x0008, 0x2008, 0x00b9, 0x1fe0};

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

/* An IPv6 packet with a chain of extension headers before 20 bytes of TCP and data: 5 bytes, in a
 * first fragment 4. */
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
static const link at_64 = {44, {0, 0, 0, 64, 1}, 8};
/* AH of 8 + 4 bytes (its length field counts words, less two) */
static const link ah = {51, {0, 1, 0, 0, 0, 0, 0, 1}, 12};

static void make_chain(raw *r, const link *const *chain, unsigned n, unsigned proto)
{
    raw plain;

    raw_tcp(&plain, MPCONN_FAMILY_IPV6, MPCI_TCP_ACK, NULL, 0, n > 0 && chain[0] == &first ? 4 : 5);
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
    expect_bad(&r, MPCONN_REASON_FRAGMENT_TWICE);
    CHAIN(&r, 6, &atomic, &at_64);
    expect_bad(&r, MPCONN_REASON_FRAGMENT_TWICE);
    CHAIN(&r, 6, &atomic, &dest, &first);
    expect_bad(&r, MPCONN_REASON_FRAGMENT_TWICE);
    CHAIN(&r, 6, &first, &first); /* CVE-2023-4809 */
    expect_bad(&r, MPCONN_REASON_FRAGMENT_TWICE);
}
END_TEST

START_TEST(E28_fragment_header_behind_too_many_others_is_refused)
{
    raw r;

    CHAIN(&r, 6, &dest, &dest, &dest, &dest, &dest, &dest, &dest, &dest, &at_64);
    expect_bad(&r, MPCONN_REASON_BAD_EXTENSION);
    CHAIN(&r, 6, &dest, &dest, &dest, &dest, &dest, &dest, &dest, &dest, &first);
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

/* A firewall judges TCP. What a source routes by segments (RFC 8754), or has many headers, and is
 * none, is as any other packet that is none. */
START_TEST(extension_headers_of_what_is_no_tcp_are_not_judged)
{
    raw r;

    CHAIN(&r, 17, &routing);
    expect_kind(&r, MPCI_KIND_OTHER);
    CHAIN(&r, 41, &hop, &routing, &dest);
    expect_kind(&r, MPCI_KIND_OTHER);
    CHAIN(&r, 17, &dest, &dest, &dest, &dest, &dest, &dest, &dest, &dest, &dest);
    expect_kind(&r, MPCI_KIND_OTHER);
    CHAIN(&r, 17, &dest, &hop);
    expect_kind(&r, MPCI_KIND_OTHER);
    CHAIN(&r, 17, &routing, &first);
    expect_kind(&r, MPCI_KIND_OTHER);
    CHAIN(&r, 6, &routing, &dest);
    expect_bad(&r, MPCONN_REASON_BAD_EXTENSION);
    CHAIN(&r, 58, &routing, &dest); /* ICMPv6, which may be about a connection */
    expect_bad(&r, MPCONN_REASON_BAD_EXTENSION);
}
END_TEST

#define DEST_8 &dest, &dest, &dest, &dest, &dest, &dest, &dest, &dest

START_TEST(E28_so_many_extension_headers_that_nobody_looks_behind_them_are_refused)
{
    raw r;

    CHAIN(&r, 17, DEST_8, DEST_8, DEST_8);
    expect_kind(&r, MPCI_KIND_OTHER);
    CHAIN(&r, 17, DEST_8, DEST_8, DEST_8, &dest);
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

static void expect_first(raw *r)
{
    mpconn_pkt pkt = raw_pkt(r);
    mpci_view v = view_pkt(&pkt);

    ck_assert_int_eq(v.kind, MPCI_KIND_TCP);
    ck_assert_uint_eq(v.first_fragment, 1);
    ck_assert_uint_eq(v.dport, 443);
}

START_TEST(E27_ipv6_fragments_are_told_apart)
{
    raw r;

    CHAIN(&r, 6, &atomic); /* RFC 6946: whole */
    expect_kind(&r, MPCI_KIND_TCP);
    CHAIN(&r, 6, &first);
    expect_first(&r);
    CHAIN(&r, 6, &first, &dest);
    expect_first(&r);
    CHAIN(&r, 6, &at_64);
    expect_kind(&r, MPCI_KIND_FRAGMENT);
    CHAIN(&r, 60, &at_64); /* what looks like a header after it is data */
    expect_kind(&r, MPCI_KIND_FRAGMENT);
    CHAIN(&r, 17, &first);
    expect_kind(&r, MPCI_KIND_OTHER);
}
END_TEST

/* CVE-2019-5597 and its like: the header chain of a first fragment goes on in the second. */
START_TEST(E27_ipv6_first_fragment_without_its_whole_chain_is_refused)
{
    raw r;

    CHAIN(&r, 6, &first, &dest);
    for (r.len = 48; r.len < 56; r.len++) {
        say_length(&r, r.len);
        expect_bad(&r, MPCONN_REASON_FRAGMENT_TINY);
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

int main(void)
{
    Suite *suite = suite_create("view_ip");
    TCase *both = tcase_create("both families"), *once = tcase_create("once");

    tcase_add_loop_test(both, E29_padding_after_the_packet_is_not_payload, 0, 2);
    tcase_add_loop_test(both, E29_ip_length_beyond_the_buffer_is_truncated, 0, 2);
    tcase_add_loop_test(both, E01_ip_length_that_leaves_less_than_a_tcp_header_is_truncated, 0, 2);
    tcase_add_test(once, E29_ipv4_length_below_its_header_contradicts_itself);
    tcase_add_test(once, E29_ipv4_header_length_below_5_contradicts_itself);
    tcase_add_test(once, version_that_is_neither_4_nor_6_contradicts_itself);
    tcase_add_test(once, ipv4_with_options_is_parsed_behind_them);
    tcase_add_test(once, E27_ipv4_later_fragment_is_only_a_fragment);
    tcase_add_test(once, E27_ipv4_fragments_of_other_protocols_pass);
    tcase_add_test(once, E27_ipv4_df_and_reserved_bit_make_no_fragment);
    tcase_add_test(once, ipv6_extension_headers_are_walked);
    tcase_add_test(once, E28_eight_extension_headers_are_walked_and_nine_are_not);
    tcase_add_test(once, E28_hop_by_hop_anywhere_but_first_is_refused);
    tcase_add_test(once, E28_two_fragment_headers_are_refused);
    tcase_add_test(once, E28_fragment_header_behind_too_many_others_is_refused);
    tcase_add_test(once, E28_routing_header_with_segments_left_is_refused);
    tcase_add_test(once, extension_headers_of_what_is_no_tcp_are_not_judged);
    tcase_add_test(once, E28_so_many_extension_headers_that_nobody_looks_behind_them_are_refused);
    tcase_add_test(once, E28_extension_header_longer_than_the_packet_is_refused);
    tcase_add_test(once, E27_ipv6_fragments_are_told_apart);
    tcase_add_test(once, E27_ipv6_first_fragment_without_its_whole_chain_is_refused);
    tcase_add_test(once, ipv6_authenticated_or_empty_packets_are_another_protocol);
    suite_add_tcase(suite, both);
    suite_add_tcase(suite, once);
    return check_run(suite);
}
