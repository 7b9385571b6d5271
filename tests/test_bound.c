/* SPDX-License-Identifier: BSD-2-Clause */
/* A host with NAT: the server leg shows other addresses and ports than the client leg. */
#include <check.h>

#include "bound.h"
#include "check_main.h"
#include "engine_support.h"

static mpconn_engine_config cfg;
static mpconn_callbacks cb;
static bed b;
static bound_conn c;

static void setup(void)
{
    bed_config(&cfg, &cb);
    cb.bind = bed_bind;
    cfg.max_bindings = 8;
    bed_open(&b, &cfg, &cb);
    bound_lead(&b, MPCONN_FAMILY_IPV4);
    c = bound_conn_of(MPCONN_FAMILY_IPV4, 1, 4001, MPCONN_FAMILY_IPV4);
}

static void teardown(void)
{
    bound_end(&b);
}

static void assert_leg(const mpconn_tuple *t, const mpconn_tuple *is)
{
    ck_assert_mem_eq(t, is, sizeof(*t));
}

START_TEST(handshake_bound_shows_each_endpoint_its_own_leg)
{
    const bed_out *o;

    bed_syn(&b, &c.client);
    ck_assert_uint_eq(b.n_bind, 0); /* nobody is asked before the proof */
    ck_assert_uint_eq(bed_stats(&b).bindings, 0);
    bed_proof(&b, &c.client);
    ck_assert_uint_eq(b.n_bind, 1);
    assert_leg(&b.bound, &c.client.tuple);
    ck_assert_uint_eq(bed_stats(&b).bindings, 1);
    o = bed_take(&b);
    bound_assert_shows(&c, &o->view, MPCONN_SIDE_SERVER);
    ck_assert_uint_eq(o->view.flags, MPCI_TCP_SYN);
    ck_assert_uint_eq(o->view.seq, c.client.x);
    bound_syn_ack(&b, &c);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_ANSWERED);
    o = bed_take(&b);
    ck_assert_uint_eq(o->pkt.side, MPCONN_SIDE_SERVER);
    bound_assert_shows(&c, &o->view, MPCONN_SIDE_SERVER);
    ck_assert_uint_eq(o->view.ack, c.client.z + 1);
    o = bed_take(&b);
    ck_assert_uint_eq(o->pkt.side, MPCONN_SIDE_CLIENT);
    bound_assert_shows(&c, &o->view, MPCONN_SIDE_CLIENT);
    ck_assert_uint_eq(b.n_bind, 1);
}
END_TEST

START_TEST(segments_of_a_bound_flow_show_the_leg_they_go_to)
{
    bound_settle(&b, &c);
    bound_carry(&b, &c, MPCONN_SIDE_CLIENT, 1, 1, 100);
    bound_carry(&b, &c, MPCONN_SIDE_SERVER, 1, 101, 700);
    bound_carry(&b, &c, MPCONN_SIDE_CLIENT, 101, 701, 0);
    ck_assert_uint_eq(bed_stats(&b).wide_flows, 1);
}
END_TEST

START_TEST(host_is_told_what_both_legs_show)
{
    mpconn_flow f;

    bound_settle(&b, &c);
    f = bed_flow(&b, &c.client.tuple);
    ck_assert_uint_eq(f.delta.flags & MPCONN_DELTA_F_TUPLE, MPCONN_DELTA_F_TUPLE);
    assert_leg(&f.delta.tuple[MPCONN_SIDE_CLIENT], &c.client.tuple);
    assert_leg(&f.delta.tuple[MPCONN_SIDE_SERVER], &c.server.tuple);
    ck_assert_uint_eq(b.n_events, 1);
    assert_leg(&b.legs[0][MPCONN_SIDE_CLIENT].tuple, &c.client.tuple);
    assert_leg(&b.legs[0][MPCONN_SIDE_SERVER].tuple, &c.server.tuple);
    ck_assert_mem_eq(&b.deltas[0], &f.delta, sizeof(f.delta));
    bed_pass(&b, 8000 * MPCONN_SECOND);
    ck_assert_uint_eq(b.events[1].type, MPCONN_EVENT_ENDED);
    assert_leg(&b.deltas[1].tuple[MPCONN_SIDE_SERVER], &c.server.tuple);
}
END_TEST

/* 0, and 1 with what the client leg shows. */
START_TEST(legs_that_are_alike_take_no_binding)
{
    b.bind = _i;
    if (_i == 1)
        memset(&b.leg, 0, sizeof(b.leg));
    c.server.tuple = c.client.tuple;
    bound_settle(&b, &c);
    ck_assert_uint_eq(b.n_bind, 1);
    ck_assert_uint_eq(bed_stats(&b).bindings, 0);
    ck_assert_uint_eq(bed_stats(&b).flows, 1);
    bound_carry(&b, &c, MPCONN_SIDE_CLIENT, 1, 1, 100);
    ck_assert_uint_eq(bed_flow(&b, NULL).delta.flags & MPCONN_DELTA_F_TUPLE, 0);
}
END_TEST

START_TEST(repeated_syn_to_the_server_keeps_its_binding)
{
    bound_open(&b, &c);
    for (unsigned i = 0; i < 5; i++) {
        const bed_out *o = bed_take(&b);

        bound_assert_shows(&c, &o->view, MPCONN_SIDE_SERVER);
        ck_assert_uint_eq(o->view.flags, MPCI_TCP_SYN);
        if (i < 4)
            bed_pass(&b, (UINT64_C(1) << i) * MPCONN_SECOND);
    }
    ck_assert_uint_eq(b.n_bind, 1);
}
END_TEST

START_TEST(segment_of_the_server_that_shows_the_client_leg_is_of_no_flow)
{
    bed_conn other = c.server;
    bed_segment seg;

    other.tuple = c.client.tuple;
    bound_open(&b, &c);
    b.n_out = 0;
    bed_syn_ack(&b, &other);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_DROP);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_NO_FLOW);
    bound_syn_ack(&b, &c);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_ANSWERED);
    b.n_out = 0;
    seg = bed_data(&other, MPCONN_SIDE_SERVER, 1, 1, 10);
    bed_in(&b, MPCONN_SIDE_SERVER, &seg);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_NO_FLOW);
    bed_syn_ack(&b, &other);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_NO_FLOW);
    ck_assert_uint_eq(b.n_out, 0);
}
END_TEST

START_TEST(segment_of_the_client_that_shows_the_server_leg_is_of_no_flow)
{
    bed_conn other = c.client;
    bed_segment seg;

    bound_settle(&b, &c);
    other.tuple = c.server.tuple;
    seg = bed_data(&other, MPCONN_SIDE_CLIENT, 1, 1, 10);
    bed_in(&b, MPCONN_SIDE_CLIENT, &seg);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_COOKIE_REFUSED);
}
END_TEST

/* Which of the batch come is the same as if they came one by one: the flow comes about between
 * its segments, and so does its binding. */
START_TEST(batch_with_the_handshake_in_it_is_read_as_its_packets_would_be)
{
    static uint8_t bytes[3][BED_ROOM];
    mpconn_pkt pkts[3], *list[3];
    bed_segment seg[3];
    mpci_view v;

    bed_syn(&b, &c.client);
    seg[0] = bed_proof_seg(&c.client);
    seg[1] = bed_syn_ack_seg(&c.server);
    seg[2] = bed_data(&c.server, MPCONN_SIDE_SERVER, 1, 1, 33);
    for (unsigned i = 0; i < 3; i++) {
        memset(&pkts[i], 0, sizeof(pkts[i]));
        pkts[i].data = bytes[i];
        pkts[i].cap = BED_ROOM;
        pkts[i].len = (uint32_t)bed_build(bytes[i], BED_ROOM, &seg[i]);
        pkts[i].side = i == 0 ? MPCONN_SIDE_CLIENT : MPCONN_SIDE_SERVER;
        pkts[i].link = 7;
        list[i] = &pkts[i];
    }
    ck_assert_int_eq(mpconn_engine_input(b.eng, list, 3, b.now), MPCONN_OK);
    ck_assert_int_eq(pkts[0].reason, MPCONN_REASON_CLIENT_PROVED);
    ck_assert_int_eq(pkts[1].reason, MPCONN_REASON_SERVER_ANSWERED);
    ck_assert_int_eq(pkts[2].reason, MPCONN_REASON_TRANSLATED);
    mpci_view_parse(&v, &pkts[2]);
    bound_assert_shows(&c, &v, MPCONN_SIDE_CLIENT);
}
END_TEST

START_TEST(kill_tells_each_endpoint_on_its_own_leg)
{
    mpconn_flow_filter f;
    size_t n = 0;
    bed_segment seg;

    bound_settle(&b, &c);
    MPCONN_STRUCT_INIT(&f);
    f.family = MPCONN_FAMILY_IPV4;
    f.server = c.server.tuple.server; /* of the server leg: matches nothing */
    f.server_prefix = 32;
    ck_assert_int_eq(mpconn_engine_kill(b.eng, &f, &n, b.now), MPCONN_OK);
    ck_assert_uint_eq(n, 0);
    f.server = c.client.tuple.server;
    ck_assert_int_eq(mpconn_engine_kill(b.eng, &f, &n, b.now), MPCONN_OK);
    ck_assert_uint_eq(n, 1);
    ck_assert_uint_eq(b.n_out, 2);
    bound_assert_shows(&c, &bed_take(&b)->view, MPCONN_SIDE_CLIENT);
    bound_assert_shows(&c, &bed_take(&b)->view, MPCONN_SIDE_SERVER);
    seg = bed_data(&c.server, MPCONN_SIDE_SERVER, 1, 1, 10); /* who goes on is told again */
    bed_in(&b, MPCONN_SIDE_SERVER, &seg);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_DEAD_FLOW);
    bound_assert_shows(&c, &bed_take(&b)->view, MPCONN_SIDE_SERVER);
}
END_TEST

static void leave_room(mpconn_pkt *pkt, void *user)
{
    pkt->cap = pkt->len + *(const uint32_t *)user;
    pkt->headroom = 0;
}

/* A segment of the server that becomes 20 bytes longer, and by 12 for timestamps if there is room
 * for both. */
START_TEST(segment_takes_the_other_header_where_there_is_room)
{
    static const uint32_t rooms[] = {0, 19, 20, 31, 32};
    uint32_t room = rooms[_i];
    uint8_t bytes[BED_ROOM];
    bed_segment seg;
    mpci_view v;

    c = bound_conn_of(MPCONN_FAMILY_IPV6, 1, 4001, MPCONN_FAMILY_IPV4);
    bound_open(&b, &c);
    c.server.timestamps = 0;
    bound_syn_ack(&b, &c);
    b.n_out = 0;
    seg = bed_data(&c.server, MPCONN_SIDE_SERVER, 1, 1, 50);
    bed_bytes(&b, MPCONN_SIDE_SERVER, bytes, bed_build(bytes, sizeof(bytes), &seg), leave_room,
              &room);
    if (room < 20) {
        ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_DROP);
        ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_NO_SPACE);
        return;
    }
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_TRANSLATED);
    bed_view(&b, &v, NULL);
    bound_assert_shows(&c, &v, MPCONN_SIDE_CLIENT);
    ck_assert_uint_eq(v.payload_len, 50);
    ck_assert_int_eq(v.ts_offset != 0, room >= 32);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_SEGMENT_UNSTAMPED), room < 32);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *s = suite_create("bound");
    TCase *t = tcase_create("one member");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, handshake_bound_shows_each_endpoint_its_own_leg);
    tcase_add_test(t, segments_of_a_bound_flow_show_the_leg_they_go_to);
    tcase_add_test(t, host_is_told_what_both_legs_show);
    tcase_add_loop_test(t, legs_that_are_alike_take_no_binding, 0, 2);
    tcase_add_test(t, repeated_syn_to_the_server_keeps_its_binding);
    tcase_add_test(t, segment_of_the_server_that_shows_the_client_leg_is_of_no_flow);
    tcase_add_test(t, segment_of_the_client_that_shows_the_server_leg_is_of_no_flow);
    tcase_add_test(t, batch_with_the_handshake_in_it_is_read_as_its_packets_would_be);
    tcase_add_loop_test(t, segment_takes_the_other_header_where_there_is_room, 0, 5);
    tcase_add_test(t, kill_tells_each_endpoint_on_its_own_leg);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    return check_run(make_suite());
}
