/* SPDX-License-Identifier: BSD-2-Clause */
/* Split connections through one engine, segment by segment. */
#include <check.h>

#include "bed.h"
#include "check_main.h"

static bed b;

START_TEST(split_handshake_goes_as_the_protocol_says)
{
    unsigned family = _i ? MPCONN_FAMILY_IPV6 : MPCONN_FAMILY_IPV4;
    mpconn_tuple t = bed_tuple(family, 1, 40000);
    bed_conn c = bed_conn_of(&t, 0x11111111, 0x10);
    mpci_view v;
    mpci_syn_options o;
    const bed_out *out;

    bed_open_default(&b);
    bed_syn(&b, &c); /* 1 and 3 */
    bed_view(&b, &v, &o);
    ck_assert_uint_eq(b.pkt.side, MPCONN_SIDE_CLIENT);
    ck_assert_uint_eq(b.pkt.link, 11);
    ck_assert_uint_eq(v.flags, MPCI_TCP_SYN | MPCI_TCP_ACK);
    ck_assert_uint_eq(v.ack, c.x + 1);
    ck_assert_uint_eq(v.window, 0);
    ck_assert_uint_eq(o.mss, family == 4 ? 1460 : 1440);
    ck_assert_uint_eq(o.wscale, 7);
    ck_assert_uint_eq(o.sack_permitted, 1);
    ck_assert_uint_eq(o.tsecr, c.client_ts);
    ck_assert_uint_eq(b.n_out, 0);

    bed_proof(&b, &c); /* 4 and 5 */
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_CONSUMED);
    out = bed_take(&b);
    ck_assert_uint_eq(out->pkt.side, MPCONN_SIDE_SERVER);
    ck_assert_uint_eq(out->view.flags, MPCI_TCP_SYN);
    ck_assert_uint_eq(out->view.seq, c.x);
    ck_assert_uint_eq(out->options.mss, 1448);
    ck_assert_uint_eq(out->options.wscale, 8);
    ck_assert_uint_eq(out->options.tsval, c.client_ts + 1);
    ck_assert_uint_eq(out->options.tsecr, 0);

    bed_syn_ack(&b, &c); /* 6 */
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_ANSWERED);
    out = bed_take(&b); /* 8 */
    ck_assert_uint_eq(out->pkt.side, MPCONN_SIDE_SERVER);
    ck_assert_uint_eq(out->pkt.link, 22);
    ck_assert_uint_eq(out->view.flags, MPCI_TCP_ACK);
    ck_assert_uint_eq(out->view.seq, c.x + 1);
    ck_assert_uint_eq(out->view.ack, c.z + 1);
    ck_assert_uint_eq(out->view.tsecr, c.server_ts);
    out = bed_take(&b); /* 9 */
    ck_assert_uint_eq(out->pkt.side, MPCONN_SIDE_CLIENT);
    ck_assert_uint_eq(out->pkt.link, 11);
    ck_assert_uint_eq(out->view.seq, c.y + 1);
    ck_assert_uint_eq(out->view.ack, c.x + 1);
    ck_assert_uint_eq(out->view.window, 65160 >> 7);
    ck_assert_uint_eq(out->view.tsval, c.proxy_ts);
    ck_assert_uint_eq(out->view.tsecr, c.client_ts + 1);

    ck_assert_uint_eq(b.n_events, 1);
    ck_assert_uint_eq(b.events[0].type, MPCONN_EVENT_SETTLED);
    ck_assert_uint_eq(b.deltas[0].seq[MPCONN_SIDE_SERVER], c.z - c.y);
    ck_assert_uint_eq(b.deltas[0].ts[MPCONN_SIDE_SERVER], c.server_ts - c.proxy_ts);
    bed_close(&b);
}
END_TEST

START_TEST(settled_flow_translates_both_directions)
{
    mpconn_tuple t = bed_tuple(_i ? 6 : 4, 1, 40000);
    bed_conn c = bed_conn_of(&t, 0xfffffff0, 0x80000000);
    bed_segment seg;
    mpci_view v;

    bed_open_default(&b);
    bed_settle(&b, &c);
    seg = bed_data(&c, MPCONN_SIDE_CLIENT, 1, 1, 100);
    bed_in(&b, MPCONN_SIDE_CLIENT, &seg);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_TRANSLATED);
    ck_assert_uint_eq(b.pkt.side, MPCONN_SIDE_SERVER);
    bed_view(&b, &v, NULL);
    ck_assert_uint_eq(v.seq, c.x + 1);
    ck_assert_uint_eq(v.ack, c.z + 1);
    ck_assert_uint_eq(v.tsecr, c.server_ts + 3);
    seg = bed_data(&c, MPCONN_SIDE_SERVER, 1, 101, 1000);
    bed_in(&b, MPCONN_SIDE_SERVER, &seg);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_TRANSLATED);
    bed_view(&b, &v, NULL);
    ck_assert_uint_eq(v.seq, c.y + 1);
    ck_assert_uint_eq(v.ack, c.x + 101);
    ck_assert_uint_eq(v.tsval, c.proxy_ts + 5);
    bed_close(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("split");
    TCase *tc = tcase_create("split");

    tcase_add_loop_test(tc, split_handshake_goes_as_the_protocol_says, 0, 2);
    tcase_add_loop_test(tc, settled_flow_translates_both_directions, 0, 2);
    suite_add_tcase(s, tc);
    return check_run(s);
}
