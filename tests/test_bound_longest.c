/* SPDX-License-Identifier: BSD-2-Clause */
/* Segments of a server as long as an IPv6 header can say, on their way to a client of IPv4, whose
 * header counts itself: what is inserted must not make them longer than that can say. */
#include <check.h>

#include "bound.h"
#include "check_main.h"
#include "engine_support.h"

#include "base/byteorder.h"
#include "packet/checksum.h"
#include "packet/ip.h"
#include "packet/options.h"

enum {
    LONGEST = 65515,           /* of TCP behind an IPv4 header */
    STAMP = 12,                /* what is inserted */
    IN_FRONT = 64,
    BEHIND = 64,
    CHECKSUM_AT = 16
};

static mpconn_engine_config cfg;
static mpconn_callbacks cb;
static bed b;
static bound_conn c;
static uint8_t bytes[IN_FRONT + MPCI_IPV6_HEADER_LEN + UINT16_MAX + BEHIND];
static mpconn_pkt pkt;
static mpconn_pkt_ext ext;

/* From IPv4 to IPv6, and the server has no timestamps. */
static void setup(void)
{
    bed_config(&cfg, &cb);
    cb.bind = bed_bind;
    cfg.max_bindings = 8;
    bed_open(&b, &cfg, &cb);
    bound_lead(&b, MPCONN_FAMILY_IPV6);
    c = bound_conn_of(MPCONN_FAMILY_IPV4, 1, 4001, MPCONN_FAMILY_IPV6);
    bound_open(&b, &c);
    c.server.timestamps = 0;
    bound_syn_ack(&b, &c);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_ANSWERED);
    b.n_out = 0;
}

static void teardown(void)
{
    bound_end(&b);
}

/* A segment of that many bytes of TCP, most of them zeros. */
static void build(uint32_t len)
{
    bed_segment seg = bed_data(&c.server, MPCONN_SIDE_SERVER, 1, 1, 0);
    uint8_t *ip = bytes + IN_FRONT, *l4 = ip + MPCI_IPV6_HEADER_LEN;
    uint64_t sum;

    memset(bytes, 0, sizeof(bytes));
    bed_build(ip, BED_ROOM, &seg);
    mpci_store16(ip + 4, (uint16_t)len);
    mpci_store16(l4 + CHECKSUM_AT, 0);
    sum = mpci_csum_pseudo(MPCONN_FAMILY_IPV6, mpci_ip_src(MPCONN_FAMILY_IPV6, ip),
                           mpci_ip_dst(MPCONN_FAMILY_IPV6, ip), MPCI_PROTO_TCP, len);
    mpci_store16(l4 + CHECKSUM_AT, (uint16_t)~mpci_csum_fold(mpci_csum_add(sum, l4, len)));
    memset(&pkt, 0, sizeof(pkt));
    pkt.data = ip;
    pkt.headroom = IN_FRONT;
    pkt.len = MPCI_IPV6_HEADER_LEN + len;
    pkt.cap = pkt.len + BEHIND;
    pkt.side = MPCONN_SIDE_SERVER;
}

static void input(void)
{
    mpconn_pkt *list[1] = {&pkt};

    ck_assert_int_eq(mpconn_engine_input(b.eng, list, 1, b.now), MPCONN_OK);
    ck_assert_int_eq(pkt.reason, MPCONN_REASON_TRANSLATED);
}

/* What came out is whole: its lengths and sums are right. */
static mpci_view parsed(void)
{
    mpci_view v;

    mpci_view_parse(&v, &pkt);
    ck_assert_int_eq(v.kind, MPCI_KIND_TCP);
    ck_assert_uint_eq(mpci_view_verify(&v, &pkt), 0);
    bound_assert_shows(&c, &v, MPCONN_SIDE_CLIENT);
    return v;
}

START_TEST(segment_is_stamped_as_far_as_the_other_header_can_tell_its_length)
{
    static const uint32_t lengths[] = {
        LONGEST - STAMP - 1, LONGEST - STAMP, LONGEST - STAMP + 1, LONGEST - 1, LONGEST,
    };
    uint32_t len = lengths[_i];
    int stamped = len + STAMP <= LONGEST;
    mpci_view v;

    build(len);
    input();
    v = parsed();
    ck_assert_uint_eq(v.total_len, MPCI_IPV4_HEADER_LEN + len + (stamped ? STAMP : 0));
    ck_assert_int_eq(v.ts_offset != 0, stamped);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_SEGMENT_UNSTAMPED), !stamped);
}
END_TEST

/* The host tells the length of a super-segment: its pieces are stamped. */
START_TEST(super_segment_is_stamped_however_long_it_is)
{
    mpci_view v;

    build(LONGEST);
    MPCONN_STRUCT_INIT(&ext);
    ext.total_len = pkt.len;
    ext.gso_size = 1000;
    ext.gso_type = 7;
    ext.l4_offset = MPCI_IPV6_HEADER_LEN;
    pkt.ext = &ext;
    input();
    mpci_view_parse(&v, &pkt);
    ck_assert_uint_ne(v.ts_offset, 0);
    ck_assert_uint_eq(ext.total_len, MPCI_IPV4_HEADER_LEN + LONGEST + STAMP);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("bound longest");
    TCase *tc = tcase_create("core");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, segment_is_stamped_as_far_as_the_other_header_can_tell_its_length, 0,
                        5);
    tcase_add_test(tc, super_segment_is_stamped_however_long_it_is);
    suite_add_tcase(s, tc);
    return check_run(s);
}
