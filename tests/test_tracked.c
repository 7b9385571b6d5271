/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections that are tracked but not split. */
#include <check.h>

#include "check_main.h"
#include "engine_support.h"

enum { CLIENT = MPCONN_SIDE_CLIENT, SERVER = MPCONN_SIDE_SERVER };

static bed b;
static mpconn_tuple t;
static bed_conn c;

/* Opened by a side, numbers 0x1000 and 0x90000000; two segments have passed. */
static void begin(unsigned opener)
{
    mpconn_engine_config cfg;
    mpconn_callbacks cb;

    bed_config(&cfg, &cb);
    cfg.split_mode = MPCONN_SPLIT_NEVER;
    bed_open(&b, &cfg, &cb);
    t = bed_tuple(4, 1, 40000);
    c = bed_conn_of(&t, 0x1000, 0x90000000);
    bed_plain(&b, &c, opener, 2);
}

/* From opener (1) or answerer (0); numbers relative, 1 is the first byte. */
static void say(unsigned opener, unsigned by_opener, unsigned flags, uint32_t seq, uint32_t ack,
                uint32_t payload)
{
    unsigned from = by_opener ? opener : opener ^ 1;
    bed_segment seg = bed_seg(&t, from ^ 1, flags, (by_opener ? c.x : c.z) + seq,
                              (by_opener ? c.z : c.x) + ack);

    seg.payload = payload;
    bed_in(&b, from, &seg);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_TRACKED);
}

START_TEST(flow_whose_third_segment_has_data_is_tracked)
{
    unsigned opener = (unsigned)_i;
    mpconn_flow f;

    begin(opener);
    say(opener, 1, MPCI_TCP_ACK, 1, 1, 500);
    f = bed_flow(&b, &t);
    ck_assert_uint_eq(b.pkt.flow, f.id);
    ck_assert_uint_eq(f.next_seq[opener], c.x + 501);
    for (unsigned minute = 0; minute < 150; minute++) {
        uint32_t next = 1 + minute * 1000;

        bed_pass(&b, 60 * MPCONN_SECOND);
        say(opener, 0, MPCI_TCP_ACK, next, 501, 1000);
        say(opener, 1, MPCI_TCP_ACK, 501, next + 1000, 0);
        ck_assert_uint_eq(bed_n_flows(&b), 1);
    }
    f = bed_flow(&b, &t);
    ck_assert_uint_eq(f.next_seq[opener ^ 1], c.z + 150001);
    bed_close(&b);
}
END_TEST

START_TEST(flow_whose_third_segment_has_data_and_fin_closes)
{
    unsigned opener = (unsigned)_i;

    begin(opener);
    say(opener, 1, MPCI_TCP_ACK | MPCI_TCP_FIN, 1, 1, 500);
    say(opener, 0, MPCI_TCP_ACK | MPCI_TCP_FIN, 1, 502, 1000);
    say(opener, 1, MPCI_TCP_ACK, 502, 1002, 0);
    ck_assert_uint_eq(bed_flow(&b, &t).state, MPCONN_FLOW_CLOSED);
    bed_close(&b);
}
END_TEST

/* Both options of the SYNs are answered, or one is not. */
START_TEST(legs_of_a_tracked_flow_are_those_of_its_endpoints)
{
    unsigned opener = (unsigned)_i & 1, odd = (unsigned)_i >> 1;
    mpconn_engine_config cfg;
    mpconn_callbacks cb;
    mpconn_delta computed;
    const mpconn_leg *leg = &b.legs[0][0];

    bed_config(&cfg, &cb);
    cfg.split_mode = MPCONN_SPLIT_NEVER;
    bed_open(&b, &cfg, &cb);
    t = bed_tuple(4, 1, 40000);
    c = bed_conn_of(&t, 0x1000, 0x90000000);
    c.client_mss = 1401;
    c.server_mss = 905;
    if (odd)
        c.server_wscale = MPCONN_WSCALE_NONE;
    bed_plain(&b, &c, opener, 3);
    ck_assert_uint_eq(b.n_events, 1);
    ck_assert_uint_eq(b.events[0].type, MPCONN_EVENT_SETTLED);
    ck_assert_mem_eq(&b.legs[0][0], &b.legs[0][1], sizeof(*leg));
    ck_assert_uint_eq(leg->client_isn, opener == CLIENT ? c.x : c.z);
    ck_assert_uint_eq(leg->server_isn, opener == CLIENT ? c.z : c.x);
    ck_assert_uint_eq(leg->client_ts, opener == CLIENT ? c.client_ts : c.server_ts);
    ck_assert_uint_eq(leg->server_ts, opener == CLIENT ? c.server_ts : c.client_ts);
    ck_assert_uint_eq(leg->client_mss, opener == CLIENT ? 1401 : 905);
    ck_assert_uint_eq(leg->server_mss, opener == CLIENT ? 905 : 1401);
    ck_assert_uint_eq(leg->client_wscale,
                      odd ? MPCONN_WSCALE_NONE : opener == CLIENT ? 8 : 9);
    ck_assert_uint_eq(leg->server_wscale,
                      odd ? MPCONN_WSCALE_NONE : opener == CLIENT ? 9 : 8);
    ck_assert_uint_eq(leg->flags, MPCONN_LEG_F_SACK | MPCONN_LEG_F_TIMESTAMPS);
    ck_assert_int_eq(mpconn_delta_compute(&computed, leg, leg), MPCONN_OK);
    ck_assert_uint_eq(b.deltas[0].client_isn, computed.client_isn);
    ck_assert_uint_eq(b.deltas[0].flags, computed.flags);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_uint_eq(b.deltas[0].seq[i], computed.seq[i]);
        ck_assert_uint_eq(b.deltas[0].ts[i], computed.ts[i]);
    }
    bed_close(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("tracked connections");
    TCase *tc = tcase_create("all");

    tcase_add_loop_test(tc, flow_whose_third_segment_has_data_is_tracked, 0, 2);
    tcase_add_loop_test(tc, flow_whose_third_segment_has_data_and_fin_closes, 0, 2);
    tcase_add_loop_test(tc, legs_of_a_tracked_flow_are_those_of_its_endpoints, 0, 4);
    suite_add_tcase(s, tc);
    return check_run(s);
}
