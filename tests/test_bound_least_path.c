/* SPDX-License-Identifier: BSD-2-Clause */
/* A client with timestamps and a server of the other IP version without: how much the server is
 * told of the client's path, so that its segments fit with another header and timestamps. */
#include <check.h>

#include "bound.h"
#include "check_main.h"
#include "icmp_about.h"

enum { CLIENT = MPCONN_SIDE_CLIENT, SERVER = MPCONN_SIDE_SERVER, FULL = 1220, STAMP = 12 };

static mpconn_engine_config cfg;
static mpconn_callbacks cb;
static bed b;
static bound_conn c;

/* Whatever the server is going to say, the client has room for it. */
static void open_window(void)
{
    bed_segment seg = bed_data(&c.client, CLIENT, 1, 1, 0);

    seg.s.window = 60000;
    bed_in(&b, CLIENT, &seg);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_FORWARD);
}

static void settled(unsigned from, unsigned to)
{
    bed_config(&cfg, &cb);
    cb.bind = bed_bind;
    bed_open(&b, &cfg, &cb);
    bound_lead(&b, to);
    c = bound_conn_of(from, 1, 4001, to);
    bound_open(&b, &c);
    c.server.timestamps = 0;
    bound_syn_ack(&b, &c);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_ANSWERED);
    b.n_out = 0;
    open_window();
}

/* A full segment of IPv6, or one of IPv4 that is as long behind the other header. */
static void say(uint32_t seq)
{
    bed_segment seg = bed_data(&c.server, SERVER, seq, 1, FULL);

    bed_in(&b, SERVER, &seg);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_FORWARD);
}

/* The MTU in the error that the server gets. */
static uint32_t told(uint32_t mtu)
{
    bed_segment seg = bed_data(&c.client, SERVER, 1, 1, FULL);
    int is_ipv4 = c.client.tuple.family == MPCONN_FAMILY_IPV4;
    icmp_about e;

    seg.s.seq = c.client.y + 1;
    e = icmp_about_segment(&seg, is_ipv4 ? 3 : 2, is_ipv4 ? 4 : 0, 500);
    poke32(e.bytes + e.l4 + 4, mtu);
    icmp_about_seal(&e);
    bed_bytes(&b, CLIENT, e.bytes, e.len, NULL, NULL);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_ERROR_TRANSLATED);
    return peek32(b.pkt.data + (b.pkt.data[0] >> 4 == 4 ? 20 : 40) + 4);
}

START_TEST(ipv4_server_of_an_ipv6_client_is_told_all_there_is)
{
    settled(MPCONN_FAMILY_IPV6, MPCONN_FAMILY_IPV4);
    say(1);
    ck_assert_uint_eq(told(1280), 1280 - 20 - STAMP);
    ck_assert_uint_eq(told(1400), 1400 - 20 - STAMP);
    say(1 + FULL);
    ck_assert_uint_eq(b.n_out, 0);
    bed_close(&b);
}
END_TEST

/* Without DF, so that a link of less takes it in fragments (RFC 7915 5.1). */
static void expect_divided(void)
{
    mpci_view v;

    bed_view(&b, &v, NULL);
    ck_assert_uint_eq(b.n_out, 1);
    ck_assert_uint_eq(bed_take(&b)->view.family, MPCONN_FAMILY_IPV4);
    ck_assert_uint_eq(v.family, MPCONN_FAMILY_IPV4);
    ck_assert_uint_eq(v.total_len, 1260);
    ck_assert_uint_eq(v.ip[6] & 0x40, 0);
    ck_assert_uint_eq(v.seq, c.client.y + 1 + 2 * FULL + STAMP);
    ck_assert_uint_eq(mpci_view_verify(&v, &b.pkt), 0);
}

START_TEST(ipv6_server_of_an_ipv4_client_is_told_no_less_than_there_may_be)
{
    static const uint32_t mtus[] = {68, 1000, 1260, 1271};

    settled(MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV6);
    say(1);
    ck_assert_uint_eq(told(1300), 1300 + 20 - STAMP);
    ck_assert_uint_eq(told(1272), 1280);
    say(1 + FULL);
    ck_assert_uint_eq(b.n_out, 0);
    ck_assert_uint_eq(told(mtus[_i]), 1280);
    say(1 + 2 * FULL);
    expect_divided();
    bed_close(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("bound least path");
    TCase *tc = tcase_create("bound least path");

    tcase_add_test(tc, ipv4_server_of_an_ipv6_client_is_told_all_there_is);
    tcase_add_loop_test(tc, ipv6_server_of_an_ipv4_client_is_told_no_less_than_there_may_be, 0, 4);
    suite_add_tcase(s, tc);
    return check_run(s);
}
