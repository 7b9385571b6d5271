/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_main.h"
#include "packets.h"

#include "packet/build.h"

static mpconn_tuple tuple_of(unsigned family)
{
    mpconn_tuple t = {.client_port = 40000, .server_port = 443, .zone = 3};

    t.family = (uint8_t)family;
    for (unsigned i = 0; i < (family == MPCONN_FAMILY_IPV4 ? 4u : 16u); i++) {
        t.client.bytes[i] = (uint8_t)(10 + i);
        t.server.bytes[i] = (uint8_t)(50 + i);
    }
    return t;
}

static mpconn_pkt pkt_of(uint8_t *bytes, size_t len)
{
    return (mpconn_pkt){.data = bytes, .len = (uint32_t)len, .cap = (uint32_t)len};
}

/* Every combination of options, family and side, numbered. */
static mpci_segment segment_of(const mpconn_tuple *t, int n)
{
    return (mpci_segment){
        .tuple = t,
        .to = n & 1,
        .hop_limit = 64,
        .flags = MPCI_TCP_SYN | (n & 2 ? MPCI_TCP_ACK : 0) | (n & 4 ? MPCI_TCP_ECE : 0),
        .seq = 0xfffffff0,
        .ack = n & 2 ? 0x80000001 : 0,
        .window = 4321,
        .mss = n & 8 ? 1460 : 0,
        .wscale = n & 16 ? 7 : MPCONN_WSCALE_NONE,
        .sack_permitted = n & 32 ? 1 : 0,
        .timestamps = n & 64 ? 1 : 0,
        .tsval = 0x11223344,
        .tsecr = 0x55667788,
    };
}

static void check_round_trip(const mpci_segment *s)
{
    uint8_t *bytes;
    uint8_t room[MPCI_BUILD_MAX];
    size_t len = mpci_build_tcp(room, sizeof room, s);
    mpci_syn_options o;
    mpconn_tuple t;
    mpconn_pkt pkt;
    mpci_view v;

    ck_assert_uint_gt(len, 0);
    bytes = malloc(len);
    ck_assert_uint_eq(mpci_build_tcp(bytes, len - 1, s), 0); /* E41: one byte short */
    ck_assert_uint_eq(mpci_build_tcp(bytes, len, s), len);
    ck_assert_mem_eq(bytes, room, len);
    pkt = pkt_of(bytes, len);
    mpci_view_parse(&v, &pkt);
    ck_assert_int_eq(v.kind, MPCI_KIND_TCP);
    ck_assert_uint_eq(mpci_view_verify(&v, &pkt), 0);
    ck_assert_uint_eq(v.total_len, len);
    ck_assert_uint_eq(v.payload_len, 0);
    ck_assert_uint_eq(v.flags, s->flags);
    ck_assert_uint_eq(v.seq, s->seq);
    ck_assert_uint_eq(v.ack, s->ack);
    ck_assert_uint_eq(v.window, s->window);
    mpci_view_tuple(&t, &v, !s->to, 3);
    ck_assert_mem_eq(&t, s->tuple, sizeof t);
    ck_assert_uint_eq(mpci_syn_options_parse(&o, &v), 0);
    ck_assert_uint_eq(o.mss, s->mss != 0 ? s->mss : t.family == 4 ? 536 : 1220);
    ck_assert_uint_eq(o.wscale, s->wscale);
    ck_assert_uint_eq(o.sack_permitted, s->sack_permitted);
    ck_assert_uint_eq(o.timestamps, s->timestamps);
    ck_assert_uint_eq(o.tsval, s->timestamps ? s->tsval : 0);
    ck_assert_uint_eq(o.tsecr, s->timestamps ? s->tsecr : 0);
    ck_assert_uint_eq(o.duplicate | o.clamped | o.signature | o.multipath | o.fast_open, 0);
    free(bytes);
}

START_TEST(build_tcp_with_any_options_is_parsed_back)
{
    mpconn_tuple v4 = tuple_of(MPCONN_FAMILY_IPV4), v6 = tuple_of(MPCONN_FAMILY_IPV6);
    mpci_segment s = segment_of(&v4, _i);

    check_round_trip(&s);
    s.tuple = &v6;
    check_round_trip(&s);
}
END_TEST

START_TEST(build_tcp_with_timestamps_alone_takes_the_common_layout)
{
    static const uint8_t common[] = {1, 1, 8, 10, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88};
    mpconn_tuple t = tuple_of(MPCONN_FAMILY_IPV4);
    mpci_segment s = segment_of(&t, 64);
    uint8_t room[MPCI_BUILD_MAX];

    ck_assert_uint_eq(mpci_build_tcp(room, sizeof room, &s), 52);
    ck_assert_mem_eq(room + 40, common, sizeof common);
}
END_TEST

START_TEST(build_tcp_with_all_options_takes_the_documented_order)
{
    static const uint8_t order[] = {2, 4, 5, 180, 4, 2, 8, 10, 0x11, 0x22, 0x33, 0x44,
                                    0x55, 0x66, 0x77, 0x88, 1, 3, 3, 7};
    mpconn_tuple t = tuple_of(MPCONN_FAMILY_IPV6);
    mpci_segment s = segment_of(&t, 127);
    uint8_t room[MPCI_BUILD_MAX];

    ck_assert_uint_eq(mpci_build_tcp(room, sizeof room, &s), 80);
    ck_assert_mem_eq(room + 60, order, sizeof order);
}
END_TEST

START_TEST(build_tcp_ipv4_header_has_df_and_no_id)
{
    mpconn_tuple t = tuple_of(MPCONN_FAMILY_IPV4);
    mpci_segment s = segment_of(&t, 0);
    uint8_t room[MPCI_BUILD_MAX];

    memset(room, 0xee, sizeof room);
    s.hop_limit = 77;
    ck_assert_uint_eq(mpci_build_tcp(room, sizeof room, &s), 40);
    ck_assert_mem_eq(room, "\x45\x00\x00\x28\x00\x00\x40\x00\x4d\x06", 10);
    ck_assert_uint_eq(slow_sum(0, room, 20), 0xffff);
}
END_TEST

START_TEST(build_tcp_of_no_family_is_refused)
{
    mpconn_tuple t = tuple_of(MPCONN_FAMILY_IPV4);
    mpci_segment s = segment_of(&t, 0);
    uint8_t room[MPCI_BUILD_MAX];

    t.family = MPCONN_FAMILY_NONE;
    ck_assert_uint_eq(mpci_build_tcp(room, sizeof room, &s), 0);
}
END_TEST

static mpci_icmp icmp_of(unsigned family, const uint8_t *body, size_t len)
{
    mpconn_tuple t = tuple_of(family);

    return (mpci_icmp){.src = t.client, .dst = t.server, .family = (uint8_t)family,
                       .hop_limit = 9, .type = family == MPCONN_FAMILY_IPV4 ? 8 : 128, .code = 0,
                       .rest = 0x12345678, .body = body, .body_len = len};
}

START_TEST(build_icmp_of_any_length_has_the_right_checksum)
{
    static const unsigned families[] = {MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV6};
    uint8_t body[300];

    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (uint8_t)(i * 7 + 1);
    for (unsigned f = 0; f < 2; f++) {
        for (size_t n = 0; n <= sizeof body; n++) {
            mpci_icmp m = icmp_of(families[f], n > 0 ? body : NULL, n);
            size_t ip = f == 0 ? 20 : 40, len = ip + 8 + n;
            uint8_t *bytes = malloc(len);
            raw r = {.len = (uint32_t)len, .l4 = (uint32_t)ip};
            mpconn_pkt pkt = pkt_of(bytes, len);
            mpci_view v;

            ck_assert_uint_eq(mpci_build_icmp(bytes, len - 1, &m), 0);
            ck_assert_uint_eq(mpci_build_icmp(bytes, len, &m), len);
            mpci_view_parse(&v, &pkt);
            ck_assert_int_eq(v.kind, MPCI_KIND_ICMP_OTHER);
            ck_assert_uint_eq(v.total_len, len);
            memcpy(r.bytes, bytes, len);
            raw_seal(&r);
            ck_assert_mem_eq(r.bytes, bytes, len);
            ck_assert_mem_eq(bytes + ip + 4, "\x12\x34\x56\x78", 4);
            ck_assert(n == 0 || memcmp(bytes + ip + 8, body, n) == 0);
            free(bytes);
        }
    }
}
END_TEST

START_TEST(build_icmp_longer_than_ip_can_say_is_refused)
{
    size_t cap = 70000;
    uint8_t *dst = malloc(cap), *body = calloc(1, cap);
    mpci_icmp v4 = icmp_of(MPCONN_FAMILY_IPV4, body, 65535 - 28);
    mpci_icmp v6 = icmp_of(MPCONN_FAMILY_IPV6, body, 65535 - 8);

    ck_assert_uint_eq(mpci_build_icmp(dst, cap, &v4), 65535);
    ck_assert_uint_eq(mpci_build_icmp(dst, cap, &v6), 65575);
    v4.body_len++;
    v6.body_len++;
    ck_assert_uint_eq(mpci_build_icmp(dst, cap, &v4), 0);
    ck_assert_uint_eq(mpci_build_icmp(dst, cap, &v6), 0);
    v4.body_len = v6.body_len = SIZE_MAX;
    ck_assert_uint_eq(mpci_build_icmp(dst, cap, &v4), 0);
    ck_assert_uint_eq(mpci_build_icmp(dst, cap, &v6), 0);
    free(dst);
    free(body);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("build");
    TCase *tc = tcase_create("build");

    tcase_add_loop_test(tc, build_tcp_with_any_options_is_parsed_back, 0, 128);
    tcase_add_test(tc, build_tcp_with_timestamps_alone_takes_the_common_layout);
    tcase_add_test(tc, build_tcp_with_all_options_takes_the_documented_order);
    tcase_add_test(tc, build_tcp_ipv4_header_has_df_and_no_id);
    tcase_add_test(tc, build_tcp_of_no_family_is_refused);
    tcase_add_test(tc, build_icmp_of_any_length_has_the_right_checksum);
    tcase_add_test(tc, build_icmp_longer_than_ip_can_say_is_refused);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
