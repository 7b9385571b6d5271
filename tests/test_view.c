/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_main.h"
#include "packets.h"

#include "packet/endpoints.h"
#include "packet/view.h"

static const uint8_t syn_options[] = {2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 1,
                                      0, 0, 0, 0,   1, 3, 3, 7};
static const uint8_t data_options[] = {1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8};

static mpci_view view_pkt(const mpconn_pkt *pkt)
{
    mpci_view v;

    memset(&v, 0xff, sizeof v);
    mpci_view_parse(&v, pkt);
    ck_assert_int_eq(v.kind == MPCI_KIND_BAD, v.reason != 0);
    return v;
}

/* Parse a copy that ends where its memory ends. */
static mpci_view view_bytes(const uint8_t *bytes, uint32_t len)
{
    uint8_t *exact = malloc(len > 0 ? len : 1);
    mpconn_pkt pkt = {.data = exact, .len = len, .cap = len};
    mpci_view v;

    memcpy(exact, bytes, len);
    v = view_pkt(&pkt);
    free(exact);
    return v;
}

static mpci_view view_raw(const raw *r)
{
    return view_bytes(r->bytes, r->len);
}

static void expect_bad(const raw *r, unsigned reason)
{
    mpci_view v = view_raw(r);

    ck_assert_int_eq(v.kind, MPCI_KIND_BAD);
    ck_assert_str_eq(mpconn_reason_name(v.reason), mpconn_reason_name(reason));
}

static void expect_kind(const raw *r, int kind)
{
    mpci_view v = view_raw(r);

    ck_assert_int_eq(v.kind, kind);
}

/* The segment can be read; whether it can be of a connection is asked next: `reason` or 0. */
static void expect_judged(raw *r, unsigned reason)
{
    mpconn_pkt pkt = raw_pkt(r);
    mpci_view v = view_pkt(&pkt);

    ck_assert_int_eq(v.kind, MPCI_KIND_TCP);
    mpci_endpoints_judge(&v);
    ck_assert_int_eq(v.kind, reason == 0 ? MPCI_KIND_TCP : MPCI_KIND_BAD);
    ck_assert_uint_eq(v.reason, reason);
}

static const unsigned families[] = {MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV6};

START_TEST(view_of_a_segment_has_its_numbers)
{
    raw r;
    mpci_view v;

    raw_tcp(&r, families[_i], MPCI_TCP_ACK | MPCI_TCP_PSH | MPCI_TCP_AE, data_options,
            sizeof data_options, 100);
    v = view_raw(&r);
    ck_assert_int_eq(v.kind, MPCI_KIND_TCP);
    ck_assert_uint_eq(v.family, families[_i]);
    ck_assert_uint_eq(v.proto, MPCI_PROTO_TCP);
    ck_assert_uint_eq(v.total_len, r.len);
    ck_assert_uint_eq(v.l4_offset, r.l4);
    ck_assert_uint_eq(v.sport, 40000);
    ck_assert_uint_eq(v.dport, 443);
    ck_assert_uint_eq(v.seq, 0x01020304);
    ck_assert_uint_eq(v.ack, 0xa0b0c0d0);
    ck_assert_uint_eq(v.window, 512);
    ck_assert_uint_eq(v.flags, MPCI_TCP_ACK | MPCI_TCP_PSH | MPCI_TCP_AE);
    ck_assert_uint_eq(v.tcp_hlen, 32);
    ck_assert_uint_eq(v.payload_len, 100);
    ck_assert_uint_eq(v.ts_offset, 22);
    ck_assert_uint_eq(v.tsval, 0x01020304);
    ck_assert_uint_eq(v.tsecr, 0x05060708);
    ck_assert_uint_eq(v.sack_offset, 0);
    ck_assert_uint_eq(mpci_view_seq_len(&v), 100);
}
END_TEST

START_TEST(view_tuple_is_the_same_from_both_sides)
{
    mpconn_pkt pkt;
    mpconn_tuple there, back;
    mpci_view v;
    raw r, answer;

    raw_tcp(&r, families[_i], MPCI_TCP_ACK, NULL, 0, 0);
    answer = r;
    if (families[_i] == MPCONN_FAMILY_IPV4) {
        memcpy(answer.bytes + 12, r.bytes + 16, 4);
        memcpy(answer.bytes + 16, r.bytes + 12, 4);
    } else {
        memcpy(answer.bytes + 8, r.bytes + 24, 16);
        memcpy(answer.bytes + 24, r.bytes + 8, 16);
    }
    poke16(answer.bytes + r.l4, 443);
    poke16(answer.bytes + r.l4 + 2, 40000);
    pkt = raw_pkt(&r);
    v = view_pkt(&pkt);
    memset(&there, 0x11, sizeof there);
    memset(&back, 0x22, sizeof back);
    mpci_view_tuple(&there, &v, MPCONN_SIDE_CLIENT, 65535);
    pkt = raw_pkt(&answer);
    v = view_pkt(&pkt);
    mpci_view_tuple(&back, &v, MPCONN_SIDE_SERVER, 65535);
    ck_assert_mem_eq(&there, &back, sizeof there);
    ck_assert_uint_eq(there.client_port, 40000);
    ck_assert_uint_eq(there.server_port, 443);
    ck_assert_uint_eq(there.zone, 65535);
    ck_assert_uint_eq(there.family, families[_i]);
}
END_TEST

START_TEST(view_seq_len_counts_syn_and_fin)
{
    mpci_view v = {.payload_len = 5, .flags = MPCI_TCP_ACK};

    ck_assert_uint_eq(mpci_view_seq_len(&v), 5);
    v.flags = MPCI_TCP_SYN;
    ck_assert_uint_eq(mpci_view_seq_len(&v), 6);
    v.flags = MPCI_TCP_FIN | MPCI_TCP_ACK;
    ck_assert_uint_eq(mpci_view_seq_len(&v), 6);
}
END_TEST

/* Wire data may lie anywhere. */
START_TEST(E41_view_at_any_address_is_the_same)
{
    uint8_t *room = malloc(RAW_MAX + 8);
    raw r;

    raw_tcp(&r, families[_i], MPCI_TCP_SYN, syn_options, sizeof syn_options, 3);
    for (unsigned shift = 0; shift < 8; shift++) {
        mpconn_pkt pkt = {.data = room + shift, .len = r.len, .cap = r.len};
        mpci_view v;

        memcpy(room + shift, r.bytes, r.len);
        v = view_pkt(&pkt);
        ck_assert_int_eq(v.kind, MPCI_KIND_TCP);
        ck_assert_uint_eq(v.seq, 0x01020304);
        ck_assert_uint_eq(v.tsval, 1);
        ck_assert_uint_eq(mpci_view_verify(&v, &pkt), 0);
    }
    free(room);
}
END_TEST

START_TEST(E02_data_offset_below_5_is_malformed)
{
    for (unsigned doff = 0; doff < 5; doff++) {
        raw r;

        raw_tcp(&r, families[_i], MPCI_TCP_ACK, NULL, 0, 30);
        poke16(r.bytes + r.l4 + 12, doff << 12 | MPCI_TCP_ACK);
        expect_bad(&r, MPCONN_REASON_BAD_TCP);
    }
}
END_TEST

START_TEST(E02_data_offset_past_the_segment_is_malformed)
{
    for (unsigned doff = 5; doff <= 15; doff++) {
        for (unsigned more = 0; more <= 40; more++) {
            raw r;

            raw_tcp(&r, families[_i], MPCI_TCP_ACK, NULL, 0, more);
            poke16(r.bytes + r.l4 + 12, doff << 12 | MPCI_TCP_ACK);
            if (doff * 4 > 20 + more) {
                expect_bad(&r, MPCONN_REASON_BAD_TCP);
            } else {
                mpci_view v = view_raw(&r);

                ck_assert_int_eq(v.kind, MPCI_KIND_TCP);
                ck_assert_uint_eq(v.payload_len, 20 + more - doff * 4);
            }
        }
    }
}
END_TEST

/* The combinations a TCP sends, written out: of SYN, FIN, RST and ACK. The rest of the 512 is
 * PSH, URG and the ECN bits in any company. */
static int may_be_sent(unsigned flags)
{
    int syn = (flags & MPCI_TCP_SYN) != 0, fin = (flags & MPCI_TCP_FIN) != 0;
    int rst = (flags & MPCI_TCP_RST) != 0, ack = (flags & MPCI_TCP_ACK) != 0;

    if (syn + fin + rst > 1)
        return 0;
    return syn || rst || ack;
}

START_TEST(E10_each_of_512_flag_combinations_is_judged)
{
    for (unsigned flags = 0; flags < 512; flags++) {
        raw r;

        raw_tcp(&r, families[_i], flags, NULL, 0, 0);
        if (may_be_sent(flags)) {
            mpci_view v = view_raw(&r);

            ck_assert_int_eq(v.kind, MPCI_KIND_TCP);
            ck_assert_uint_eq(v.flags, flags);
        } else {
            expect_bad(&r, MPCONN_REASON_BAD_FLAGS);
        }
    }
}
END_TEST

START_TEST(E10_known_scans_are_refused)
{
    static const unsigned scans[] = {
        0,                                                 /* null */
        0x1ff,                                             /* all */
        MPCI_TCP_FIN | MPCI_TCP_PSH | MPCI_TCP_URG,        /* Xmas */
        MPCI_TCP_FIN,
        MPCI_TCP_SYN | MPCI_TCP_FIN,
        MPCI_TCP_SYN | MPCI_TCP_FIN | MPCI_TCP_ACK,
        MPCI_TCP_SYN | MPCI_TCP_RST,
        MPCI_TCP_FIN | MPCI_TCP_RST | MPCI_TCP_ACK,
        MPCI_TCP_PSH,
        MPCI_TCP_URG,
    };

    for (size_t i = 0; i < sizeof scans / sizeof scans[0]; i++) {
        raw r;

        raw_tcp(&r, families[_i], scans[i], NULL, 0, 0);
        expect_bad(&r, MPCONN_REASON_BAD_FLAGS);
    }
}
END_TEST

START_TEST(E10_syn_for_ecn_and_accurate_ecn_and_bare_rst_are_taken)
{
    static const unsigned legal[] = {
        MPCI_TCP_SYN | MPCI_TCP_ECE | MPCI_TCP_CWR,
        MPCI_TCP_SYN | MPCI_TCP_ECE | MPCI_TCP_CWR | MPCI_TCP_AE,
        MPCI_TCP_SYN | MPCI_TCP_ACK | MPCI_TCP_ECE,
        MPCI_TCP_SYN | MPCI_TCP_ACK | MPCI_TCP_AE,
        MPCI_TCP_RST,
    };

    for (size_t i = 0; i < sizeof legal / sizeof legal[0]; i++) {
        raw r;

        raw_tcp(&r, families[_i], legal[i], NULL, 0, 0);
        expect_kind(&r, MPCI_KIND_TCP);
    }
}
END_TEST

/* E10 asks to refuse an urgent pointer beyond the data of any segment. RFC 9293 3.8.5 (MUST-31)
 * has a receiver take urgent data of any length, so that the pointer of all its segments but the
 * last lies beyond their data, and a segment without data may announce it. Refusing those would
 * stall a correct sender. A SYN has no stream before it to be urgent about: there the line holds.
 */
START_TEST(E10_urgent_pointer_beyond_the_data_is_refused_on_a_syn_only)
{
    static const struct {
        unsigned flags, pointer, payload;
        int taken;
    } cases[] = {
        {MPCI_TCP_SYN | MPCI_TCP_URG, 1, 0, 0},
        {MPCI_TCP_SYN | MPCI_TCP_URG, 11, 10, 0},
        {MPCI_TCP_SYN | MPCI_TCP_URG, 10, 10, 1},
        {MPCI_TCP_SYN | MPCI_TCP_ACK | MPCI_TCP_URG, 65535, 0, 0},
        {MPCI_TCP_SYN, 65535, 0, 1}, /* means nothing without URG */
        {MPCI_TCP_ACK | MPCI_TCP_URG, 65535, 0, 1},
        {MPCI_TCP_ACK | MPCI_TCP_URG, 2000, 1000, 1},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        raw r;

        raw_tcp(&r, families[_i], cases[i].flags, NULL, 0, cases[i].payload);
        poke16(r.bytes + r.l4 + 18, cases[i].pointer);
        if (cases[i].taken)
            expect_kind(&r, MPCI_KIND_TCP);
        else
            expect_bad(&r, MPCONN_REASON_BAD_FLAGS);
    }
}
END_TEST

START_TEST(E24_syn_with_1400_bytes_shows_them)
{
    mpci_view v;
    raw r;

    raw_tcp(&r, families[_i], MPCI_TCP_SYN, syn_options, sizeof syn_options, 1400);
    v = view_raw(&r);
    ck_assert_int_eq(v.kind, MPCI_KIND_TCP);
    ck_assert_uint_eq(v.payload_len, 1400);
    ck_assert_uint_eq(mpci_view_seq_len(&v), 1401);
}
END_TEST

START_TEST(E25_port_0_is_refused)
{
    for (unsigned field = 0; field <= 2; field += 2) {
        raw r;

        raw_tcp(&r, families[_i], MPCI_TCP_SYN, NULL, 0, 0);
        poke16(r.bytes + r.l4 + field, 0);
        expect_judged(&r, MPCONN_REASON_BAD_PORT);
    }
}
END_TEST

START_TEST(E25_ipv4_address_no_endpoint_has_is_refused)
{
    static const struct {
        uint32_t addr;
        int taken;
    } cases[] = {
        {0x00000000, 0}, {0x7f000001, 0}, {0x7fffffff, 0}, {0xe0000001, 0}, {0xefffffff, 0},
        {0xffffffff, 0}, {0x7effffff, 1}, {0x80000000, 1}, {0xdfffffff, 1}, {0x0a000001, 1},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (unsigned at = 12; at <= 16; at += 4) {
            raw r;

            raw_tcp(&r, MPCONN_FAMILY_IPV4, MPCI_TCP_SYN, NULL, 0, 0);
            poke32(r.bytes + at, cases[i].addr);
            if (cases[i].taken)
                expect_judged(&r, 0);
            else
                expect_judged(&r, MPCONN_REASON_BAD_ADDRESS);
        }
    }
}
END_TEST

START_TEST(E25_ipv6_address_no_endpoint_has_is_refused)
{
    static const struct {
        uint8_t addr[16];
        int taken;
    } cases[] = {
        {{0}, 0},                                                        /* :: */
        {{[15] = 1}, 0},                                                 /* ::1 */
        {{0xff, 2, [15] = 1}, 0},                                        /* ff02::1 */
        {{0xff, 0x0e, [15] = 9}, 0},                                     /* ff0e::9 */
        {{[10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 9}, 0}, /* ::ffff:192.0.2.9 */
        {{[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1}, 0},           /* ::ffff:127.0.0.1 */
        {{0xfe, 0x80, [15] = 1}, 1},                                     /* fe80::1 */
        {{0, 0x64, 0xff, 0x9b, [12] = 192, [14] = 2, [15] = 9}, 1},      /* 64:ff9b::192.0.2.9 */
        {{[0] = 0, [1] = 1, [15] = 1}, 1},
        {{[7] = 1}, 1},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (unsigned at = 8; at <= 24; at += 16) {
            raw r;

            raw_tcp(&r, MPCONN_FAMILY_IPV6, MPCI_TCP_SYN, NULL, 0, 0);
            memcpy(r.bytes + at, cases[i].addr, 16);
            if (cases[i].taken)
                expect_judged(&r, 0);
            else
                expect_judged(&r, MPCONN_REASON_BAD_ADDRESS);
        }
    }
}
END_TEST

START_TEST(E25_land_is_refused_but_two_ports_of_a_host_are_not)
{
    unsigned n = families[_i] == MPCONN_FAMILY_IPV4 ? 4 : 16;
    uint8_t *addrs;
    raw r;

    raw_tcp(&r, families[_i], MPCI_TCP_SYN, NULL, 0, 0);
    addrs = r.bytes + (n == 4 ? 12 : 8);
    memcpy(addrs + n, addrs, n);
    expect_judged(&r, 0);
    poke16(r.bytes + r.l4 + 2, 40000);
    expect_judged(&r, MPCONN_REASON_BAD_ADDRESS);
    addrs[n - 1] ^= 1;
    expect_judged(&r, 0);
}
END_TEST

START_TEST(E25_addresses_of_other_protocols_are_not_judged)
{
    raw r;
    mpconn_pkt pkt;
    mpci_view v;

    raw_ip(&r, MPCONN_FAMILY_IPV4, 17);
    raw_add(&r, "\0\0\0\0\0\0\0\0", 8);
    poke32(r.bytes + 16, 0xe0000001);
    pkt = raw_pkt(&r);
    v = view_pkt(&pkt);
    mpci_endpoints_judge(&v);
    ck_assert_int_eq(v.kind, MPCI_KIND_OTHER);
}
END_TEST

static void make_icmp(raw *r, unsigned family, unsigned type, size_t body)
{
    uint8_t message[8] = {(uint8_t)type};

    raw_ip(r, family, family == MPCONN_FAMILY_IPV4 ? 1 : 58);
    raw_add(r, message, sizeof message);
    for (size_t i = 0; i < body; i++)
        raw_add(r, &(uint8_t){6}, 1);
}

START_TEST(E26_icmp_of_each_type_is_error_or_not_and_never_tcp)
{
    for (unsigned type = 0; type < 256; type++) {
        int is_error = type < 128;
        mpci_view v;
        raw r;

        if (families[_i] == MPCONN_FAMILY_IPV4)
            is_error = type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
        make_icmp(&r, families[_i], type, 60);
        v = view_raw(&r);
        ck_assert_int_eq(v.kind, is_error ? MPCI_KIND_ICMP_ERROR : MPCI_KIND_ICMP_OTHER);
        ck_assert_uint_eq(v.l4_offset, r.l4);
        ck_assert_uint_eq(v.flags | v.sport | v.dport | v.tcp_hlen | v.payload_len, 0);
    }
}
END_TEST

START_TEST(E26_icmp_of_the_other_family_is_just_another_protocol)
{
    raw r;

    raw_ip(&r, MPCONN_FAMILY_IPV4, 58);
    raw_add(&r, "\1\0\0\0\0\0\0\0", 8);
    expect_kind(&r, MPCI_KIND_OTHER);
    raw_ip(&r, MPCONN_FAMILY_IPV6, 1);
    raw_add(&r, "\3\0\0\0\0\0\0\0", 8);
    expect_kind(&r, MPCI_KIND_OTHER);
}
END_TEST

START_TEST(E26_icmp_shorter_than_its_header_is_truncated)
{
    for (unsigned n = 0; n < 8; n++) {
        raw r;

        raw_ip(&r, families[_i], families[_i] == MPCONN_FAMILY_IPV4 ? 1 : 58);
        raw_add(&r, "\3\4\0\0\0\0\0", n);
        expect_bad(&r, MPCONN_REASON_TRUNCATED);
    }
}
END_TEST

/* What an MTU means is for those who know the flow; no value makes the packet anything else. */
START_TEST(E31_frag_needed_with_any_mtu_is_an_icmp_error)
{
    for (unsigned mtu = 0; mtu <= 68; mtu++) {
        raw r;

        make_icmp(&r, MPCONN_FAMILY_IPV4, 3, 28);
        r.bytes[r.l4 + 1] = 4;
        poke16(r.bytes + r.l4 + 6, mtu);
        expect_kind(&r, MPCI_KIND_ICMP_ERROR);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("view");
    TCase *both = tcase_create("both families"), *once = tcase_create("once");

    tcase_add_loop_test(both, view_of_a_segment_has_its_numbers, 0, 2);
    tcase_add_loop_test(both, view_tuple_is_the_same_from_both_sides, 0, 2);
    tcase_add_loop_test(both, E41_view_at_any_address_is_the_same, 0, 2);
    tcase_add_loop_test(both, E02_data_offset_below_5_is_malformed, 0, 2);
    tcase_add_loop_test(both, E02_data_offset_past_the_segment_is_malformed, 0, 2);
    tcase_add_loop_test(both, E10_each_of_512_flag_combinations_is_judged, 0, 2);
    tcase_add_loop_test(both, E10_known_scans_are_refused, 0, 2);
    tcase_add_loop_test(both, E10_syn_for_ecn_and_accurate_ecn_and_bare_rst_are_taken, 0, 2);
    tcase_add_loop_test(both, E10_urgent_pointer_beyond_the_data_is_refused_on_a_syn_only, 0, 2);
    tcase_add_loop_test(both, E24_syn_with_1400_bytes_shows_them, 0, 2);
    tcase_add_loop_test(both, E25_port_0_is_refused, 0, 2);
    tcase_add_loop_test(both, E25_land_is_refused_but_two_ports_of_a_host_are_not, 0, 2);
    tcase_add_loop_test(both, E26_icmp_of_each_type_is_error_or_not_and_never_tcp, 0, 2);
    tcase_add_loop_test(both, E26_icmp_shorter_than_its_header_is_truncated, 0, 2);
    tcase_add_test(once, view_seq_len_counts_syn_and_fin);
    tcase_add_test(once, E25_ipv4_address_no_endpoint_has_is_refused);
    tcase_add_test(once, E25_ipv6_address_no_endpoint_has_is_refused);
    tcase_add_test(once, E25_addresses_of_other_protocols_are_not_judged);
    tcase_add_test(once, E26_icmp_of_the_other_family_is_just_another_protocol);
    tcase_add_test(once, E31_frag_needed_with_any_mtu_is_an_icmp_error);
    suite_add_tcase(suite, both);
    suite_add_tcase(suite, once);
    return check_run(suite);
}
