/* SPDX-License-Identifier: BSD-2-Clause */
/* ICMP errors about segments of a host with NAT: they quote what the leg showed where a segment met
 * its end. */
#include <check.h>

#include "bound.h"
#include "check_main.h"
#include "icmp_about.h"
#include "packet/quote.h"
#include "table/key.h"

enum { SENT = 1000 };

static const unsigned families[] = {MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV6};
static mpconn_engine_config cfg;
static mpconn_callbacks cb;
static bed b;
static bound_conn c;

static void begin(unsigned from, unsigned to)
{
    bed_config(&cfg, &cb);
    cb.bind = bed_bind;
    bed_open(&b, &cfg, &cb);
    bound_lead(&b, to);
    c = bound_conn_of(from, 1, 4001, to);
}

/* As it was on the leg of that side: numbers of the other endpoint's stream are that leg's. */
static bed_segment on_leg(unsigned leg, unsigned sender, uint32_t seq)
{
    const bed_conn *l = leg == MPCONN_SIDE_CLIENT ? &c.client : &c.server;
    uint32_t server_isn = leg == MPCONN_SIDE_CLIENT ? c.client.y : c.client.z;
    int client = sender == MPCONN_SIDE_CLIENT;
    bed_segment seg = bed_seg(&l->tuple, sender ^ 1, MPCI_TCP_ACK,
                              (client ? c.client.x : server_isn) + seq,
                              (client ? server_isn : c.client.x) + 1);

    seg.payload = 100;
    return seg;
}

static void error_about(unsigned from, const bed_segment *seg, unsigned code_ipv4,
                        unsigned code_ipv6)
{
    int is_ipv4 = seg->s.tuple->family == MPCONN_FAMILY_IPV4;
    icmp_about e = icmp_about_segment(seg, is_ipv4 ? 3 : 1, is_ipv4 ? code_ipv4 : code_ipv6, 500);

    bed_bytes(&b, from, e.bytes, e.len, NULL, NULL);
}

/* The host is unreachable for now, of either version. */
static void soft_error(unsigned from, const bed_segment *seg)
{
    error_about(from, seg, 1, 0);
}

/* Between any two versions, about a segment of either side. */
START_TEST(error_quotes_its_senders_own_leg_again)
{
    unsigned sender = (unsigned)_i & 1;
    const bed_conn *own = sender == MPCONN_SIDE_CLIENT ? &c.client : &c.server;
    bed_segment seg, sent;
    mpci_quoted_tcp segment;
    mpci_quote quote;
    mpconn_tuple t;
    mpci_view v;

    begin(families[_i >> 1 & 1], families[_i >> 2 & 1]);
    bound_settle(&b, &c);
    bound_carry(&b, &c, MPCONN_SIDE_CLIENT, 1, 1, SENT);
    bound_carry(&b, &c, MPCONN_SIDE_SERVER, 1, 1, SENT);
    seg = on_leg(sender ^ 1, sender, 1);
    sent = on_leg(sender, sender, 1);
    soft_error(sender ^ 1, &seg);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_ERROR_TRANSLATED);
    mpci_view_parse(&v, &b.pkt);
    ck_assert_int_eq(v.kind, MPCI_KIND_ICMP_ERROR);
    ck_assert_uint_eq(v.family, own->tuple.family);
    ck_assert_int_eq(mpci_view_icmp_is_right(&v, &b.pkt), 1);
    ck_assert_uint_eq(mpci_quote_read(&quote, &segment, &v, &b.pkt), 0);
    mpci_quote_tuple(&t, &quote, &segment, v.l4, sender, 0);
    ck_assert_int_eq(mpci_tuple_equal(&t, &own->tuple), 1);
    ck_assert_uint_eq(segment.seq, sent.s.seq);
    ck_assert_mem_eq(mpci_ip_dst(v.family, v.ip),
                     sender == MPCONN_SIDE_CLIENT ? own->tuple.client.bytes
                                                  : own->tuple.server.bytes,
                     mpci_ip_addr_len(v.family));
    bed_close(&b);
}
END_TEST

/* One that names the connection as the other leg does is about nothing that went there. */
START_TEST(error_that_quotes_the_wrong_leg_is_refused)
{
    unsigned sender = (unsigned)_i;
    bed_segment seg;

    begin(MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV4);
    bound_settle(&b, &c);
    bound_carry(&b, &c, MPCONN_SIDE_CLIENT, 1, 1, SENT);
    bound_carry(&b, &c, MPCONN_SIDE_SERVER, 1, 1, SENT);
    seg = on_leg(sender, sender, 1);
    soft_error(sender ^ 1, &seg);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_DROP);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_ERROR_NO_FLOW);
    bed_close(&b);
}
END_TEST

/* V7: our SYN bears the server leg's name. Hard errors end the handshake and its binding; what may
 * pass tells a client nothing that it could understand. */
START_TEST(errors_about_our_syn_are_known_by_the_server_leg)
{
    bed_segment seg;

    begin(MPCONN_FAMILY_IPV4, families[_i]);
    bound_open(&b, &c);
    seg = bed_seg(&c.server.tuple, MPCONN_SIDE_SERVER, MPCI_TCP_SYN, c.client.x, 0);
    soft_error(MPCONN_SIDE_SERVER, &seg);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_CONSUMED);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_OPENING_ERROR);
    error_about(MPCONN_SIDE_SERVER, &seg, 3, 4);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_OPENING_ERROR);
    bed_pass(&b, MPCONN_SECOND);
    b.n_out = 0;
    ck_assert_uint_eq(bed_stats(&b).bindings, 1);
    error_about(MPCONN_SIDE_SERVER, &seg, 3, 4);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_SERVER_UNREACHABLE), 1);
    bound_assert_shows(&c, &bed_take(&b)->view, MPCONN_SIDE_CLIENT);
    ck_assert_uint_eq(bed_stats(&b).bindings, 0);
    bed_close(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("bound errors");
    TCase *t = tcase_create("errors");

    tcase_add_loop_test(t, error_quotes_its_senders_own_leg_again, 0, 8);
    tcase_add_loop_test(t, error_that_quotes_the_wrong_leg_is_refused, 0, 2);
    tcase_add_loop_test(t, errors_about_our_syn_are_known_by_the_server_leg, 0, 2);
    suite_add_tcase(s, t);
    return check_run(s);
}
