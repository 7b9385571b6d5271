/* SPDX-License-Identifier: BSD-2-Clause */
/* What the host says about a packet besides its bytes: checksums, lengths, metadata. */
#include "check_main.h"
#include "view_expect.h"

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
    Suite *suite = suite_create("view_host");
    TCase *both = tcase_create("both families");

    tcase_add_loop_test(both, E30_checksum_flags_of_the_host_are_obeyed, 0, 2);
    tcase_add_loop_test(both, E30_any_flipped_bit_is_seen_by_verify, 0, 2);
    tcase_add_loop_test(both, E30_verify_leaves_what_it_cannot_know, 0, 2);
    tcase_add_loop_test(both, E41_impossible_metadata_is_refused, 0, 2);
    tcase_add_loop_test(both, E41_impossible_extras_are_refused, 0, 2);
    tcase_add_loop_test(both, E06_head_only_needs_all_headers_and_takes_the_length_told, 0, 2);
    tcase_add_loop_test(both, E06_head_without_the_flag_is_truncated, 0, 2);
    tcase_add_loop_test(both, super_segment_takes_its_length_from_the_host, 0, 2);
    tcase_add_loop_test(both, ip_length_0_without_the_hosts_word_is_refused, 0, 2);
    suite_add_tcase(suite, both);
    return check_run(suite);
}
