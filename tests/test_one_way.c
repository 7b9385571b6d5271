/* SPDX-License-Identifier: BSD-2-Clause */
/* What link-layer members carry, and by which ways. */
#include "one_way_bed.h"

#include <stdlib.h>

static void whole_connection(unsigned family)
{
    bed_conn c = conn_of(family, 4000);
    letter l;

    start(2);
    l = echo_of(&c);
    answered_at(B, &c, &l);
    ck_assert_uint_eq(counted(B, MPCONN_REASON_RETURN_UNKNOWN), 0);
    proof(&c);
    settle(B, &c);
    carried(A, CLIENT, &c);
    carried(B, SERVER, &c);
    ck_assert_uint_eq(counted(A, MPCONN_REASON_RETURN_SAID), 0);
    ck_assert_uint_eq(counted(B, MPCONN_REASON_RETURN_SAID), 0);
    sync_bed_close(&net);
}

START_TEST(A13_reply_is_answered_where_it_comes_by_IPv4)
{
    whole_connection(MPCONN_FAMILY_IPV4);
}
END_TEST

START_TEST(A13_reply_is_answered_where_it_comes_by_IPv6)
{
    whole_connection(MPCONN_FAMILY_IPV6);
}
END_TEST

/* The number is the one that any member gives for that SYN. */
/* Whoever has heard the other one for a moment only takes what that says of its frames for new:
 * what went out with the last tick is in it. */
START_TEST(echo_of_members_that_have_just_met_counts)
{
    for (unsigned i = 1; i <= 40; i++) {
        bed_conn c = conn_of(4, 4000);
        letter l;

        start_since(2, i * 50 * MPCONN_MILLISECOND);
        l = echo_of(&c);
        answered_at(B, &c, &l);
        sync_bed_close(&net);
    }
}
END_TEST

START_TEST(A13_answer_is_the_one_of_a_routed_member)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000), routed = c;
    static bed lone;
    letter l;

    start(2);
    l = echo_of(&c);
    answered_at(B, &c, &l);
    bed_open_default(&lone);
    lone.eng->sync.epochs = at(B)->eng->sync.epochs;
    lone.now = net.now;
    bed_syn(&lone, &routed);
    ck_assert_uint_eq(routed.y, c.y);
    ck_assert_uint_eq(routed.proxy_ts, c.proxy_ts);
    bed_close(&lone);
    sync_bed_close(&net);
}
END_TEST

START_TEST(lone_member_answers_where_the_reply_comes_by)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000), d = conn_of(MPCONN_FAMILY_IPV4, 4001);

    start(1);
    connect_by(A, &c);
    /* the way is known now, and proved */
    syn(A, &d);
    expect(A, MPCONN_VERDICT_FORWARD, MPCONN_REASON_SYN_ANSWERED);
    ck_assert_uint_eq(at(A)->pkt.side, CLIENT);
    ck_assert_uint_eq(at(A)->pkt.link, LINK_ONWARD_TO_CLIENT);
    sync_bed_close(&net);
}
END_TEST

/* Any packet can be carried: of a segment from the middle of a connection only the way is learned,
 * and its origin is told. */
START_TEST(A13_segment_of_an_adopted_connection_shows_the_way)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    bed_segment seg = bed_seg(&c.tuple, SERVER, MPCI_TCP_ACK, c.x + 5000, 77);
    const mpci_sync *s;
    mpconn_return_path_cursor cursor = {0};
    mpconn_return_path path;
    mpconn_echo_key key;
    mpconn_echo echo;
    letter l;
    size_t len;

    start(2);
    s = &at(A)->eng->sync;
    ck_assert_int_eq(mpconn_echo_key_init(&key, bed_key, sizeof bed_key), MPCONN_OK);
    MPCONN_STRUCT_INIT(&echo);
    echo.kind = MPCONN_ECHO_LEARN;
    echo.origin = net.at[A].id;
    echo.epoch = (uint32_t)s->epochs.number;
    echo.boot = mpci_fresh_boot(s->members.boot);
    echo.heard = (uint32_t)s->sequence;
    echo.number = 1;
    seg.payload = 300;
    bed_in(at(A), CLIENT, &seg); /* held, while it is asked about: its bytes are as they were */
    ck_assert_int_eq(mpconn_echo_encapsulate(at(A)->bytes, sizeof at(A)->bytes, &len, &echo, &key,
                                             at(A)->bytes, at(A)->pkt.len),
                     MPCONN_OK);
    at(A)->pkt.len = (uint32_t)len;
    l = reply_to(at(A));
    give(B, SERVER, &l, LINK_OF_REPLY);
    expect(B, MPCONN_VERDICT_CONSUMED, MPCONN_REASON_ECHO_LEARNED);
    MPCONN_STRUCT_INIT(&path);
    ck_assert_int_eq(mpconn_engine_return_path_next(at(B)->eng, &cursor, &path), MPCONN_OK);
    ck_assert_uint_eq(path.link, LINK_OF_REPLY);
    ck_assert_uint_eq(path.origin, net.at[A].id);
    ck_assert_uint_eq(path.flags & MPCONN_RETURN_PATH_F_PROVED, 0);
    ck_assert_int_eq(mpconn_engine_return_path_next(at(B)->eng, &cursor, &path),
                     MPCONN_ERR_NOTFOUND);
    sync_bed_close(&net);
}
END_TEST

/* --- known ways --- */

START_TEST(way_that_a_client_proved_is_used_without_an_echo)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000), d = conn_of(MPCONN_FAMILY_IPV4, 4001);
    const bed_out *o;

    start(2);
    connect_by(B, &c);
    syn(A, &d);
    expect(A, MPCONN_VERDICT_CONSUMED, MPCONN_REASON_RETURN_ASKED);
    sync_carry(&net);
    o = bed_take(at(B));
    ck_assert_uint_eq(o->pkt.link, LINK_ONWARD_TO_CLIENT);
    ck_assert_uint_eq(o->pkt.side, CLIENT);
    ck_assert_uint_eq(o->view.flags, MPCI_TCP_SYN | MPCI_TCP_ACK);
    d.y = o->view.seq;
    d.proxy_ts = o->view.tsval;
    proof(&d);
    settle(B, &d);
    sync_bed_close(&net);
}
END_TEST

/* Until a client has answered what left by a way, it is a guess: an echo is sent for each SYN. */
START_TEST(F0_way_is_not_used_before_it_is_proved)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000), d = conn_of(MPCONN_FAMILY_IPV4, 4001);
    letter l;

    start(2);
    l = echo_of(&c);
    answered_at(B, &c, &l);
    l = echo_of(&d);
    answered_at(B, &d, &l);
    ck_assert_uint_eq(counted(B, MPCONN_REASON_RETURN_UNKNOWN), 0);
    sync_bed_close(&net);
}
END_TEST

/* --- a server that does not answer pings --- */

START_TEST(F1_syn_passes_unsplit_when_nothing_else_is_left)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    bed_segment seg = bed_syn_ack_seg(&c);

    start(2);
    for (unsigned i = 0; i < 3; i++) {
        (void)echo_of(&c);
        sync_pass(&net, MPCONN_SECOND / 2 + 1);
    }
    syn(A, &c); /* the others are asked */
    expect(A, MPCONN_VERDICT_CONSUMED, MPCONN_REASON_RETURN_ASKED);
    sync_carry(&net);
    ck_assert_uint_eq(counted(B, MPCONN_REASON_RETURN_UNKNOWN), 1);
    sync_pass(&net, MPCONN_SECOND);
    syn(A, &c);
    ck_assert_uint_eq(at(A)->pkt.verdict, MPCONN_VERDICT_FORWARD);
    ck_assert_uint_eq(at(A)->pkt.side, SERVER);
    ck_assert_uint_eq(counted(A, MPCONN_REASON_RETURN_UNSPLIT), 1);
    bed_in(at(B), SERVER, &seg); /* held, until A has said that it passed it on */
    sync_carry(&net);
    ck_assert_uint_gt(at(B)->n_released, 0);
    bed_in_again(at(B), &at(B)->pkt);
    ck_assert_uint_eq(at(B)->pkt.verdict, MPCONN_VERDICT_FORWARD);
    ck_assert_uint_eq(at(B)->pkt.side, CLIENT);
    sync_bed_close(&net);
}
END_TEST

/* Each of its SYNs comes twice as late as the one before: by then the others may be asked again. */
START_TEST(F1_lone_client_of_a_mute_server_is_asked_for_once)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    const mpconn_time waits[] = {1, 2, 4, 8};

    start(2);
    for (unsigned i = 0; i < 3; i++) {
        (void)echo_of(&c);
        sync_pass(&net, waits[i] * MPCONN_SECOND);
    }
    syn(A, &c);
    expect(A, MPCONN_VERDICT_CONSUMED, MPCONN_REASON_RETURN_ASKED);
    sync_carry(&net);
    sync_pass(&net, waits[3] * MPCONN_SECOND);
    syn(A, &c);
    expect(A, MPCONN_VERDICT_FORWARD, MPCONN_REASON_SYN_TRACKED);
    ck_assert_uint_eq(at(A)->pkt.side, SERVER);
    sync_bed_close(&net);
}
END_TEST

START_TEST(F1_short_form_is_tried_when_the_long_one_is_not_answered)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    uint32_t whole;
    letter l;

    start(2);
    whole = echo_of(&c).len;
    (void)echo_of(&c);
    l = echo_of(&c);
    ck_assert_uint_lt(l.len, whole);
    answered_at(B, &c, &l);
    proof(&c);
    settle(B, &c);
    sync_bed_close(&net);
}
END_TEST

/* --- what the cluster says --- */

static int refuse(void *user, const mpconn_admit_request *request)
{
    (void)user;
    (void)request;
    return MPCONN_ADMIT_RESET;
}

START_TEST(denied_request_gets_an_exact_RST_at_the_return_path)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    mpci_view v;
    letter l;

    start(2);
    net.at[A].cb.admit = refuse;
    sync_boot(&net, A);
    sync_meet(&net);
    sync_pass(&net, 5 * MPCONN_SECOND);
    l = echo_of(&c);
    give(B, SERVER, &l, LINK_OF_REPLY);
    expect(B, MPCONN_VERDICT_FORWARD, MPCONN_REASON_ECHO_REFUSED);
    ck_assert_uint_eq(at(B)->pkt.side, CLIENT);
    bed_view(at(B), &v, NULL);
    ck_assert_uint_eq(v.flags, MPCI_TCP_RST | MPCI_TCP_ACK);
    ck_assert_uint_eq(v.ack, c.x + 1);
    sync_bed_close(&net);
}
END_TEST

START_TEST(each_endpoint_is_told_of_a_kill_where_its_traffic_flows)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    mpconn_flow_filter all;
    const bed_out *o;

    start(2);
    connect_by(B, &c);
    MPCONN_STRUCT_INIT(&all);
    ck_assert_int_eq(mpconn_engine_kill(at(A)->eng, &all, NULL, net.now), MPCONN_OK);
    sync_carry(&net);
    o = bed_take(at(A));
    ck_assert_uint_eq(o->pkt.side, SERVER);
    ck_assert_uint_eq(o->pkt.link, LINK_ONWARD_TO_SERVER);
    ck_assert_uint_ne(o->view.flags & MPCI_TCP_RST, 0);
    o = bed_take(at(B));
    ck_assert_uint_eq(o->pkt.side, CLIENT);
    ck_assert_uint_eq(o->pkt.link, LINK_ONWARD_TO_CLIENT);
    ck_assert_uint_ne(o->view.flags & MPCI_TCP_RST, 0);
    ck_assert_uint_eq(o->view.seq, c.y + 1);
    sync_bed_close(&net);
}
END_TEST

/* --- budgets --- */

START_TEST(F3_flood_gets_no_more_echoes_than_the_budget_and_who_comes_again_goes_first)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 1);
    unsigned sent;

    start(2);
    for (unsigned i = 0; i < 1000; i++) { /* at one moment: half of a quarter of a second's */
        c.tuple.client.bytes[1] = (uint8_t)(i >> 8);
        c.tuple.client.bytes[2] = (uint8_t)i;
        syn(A, &c);
    }
    sent = counted(A, MPCONN_REASON_ECHO_SENT);
    ck_assert_uint_ge(sent, 124);
    ck_assert_uint_le(sent, 126);
    expect(A, MPCONN_VERDICT_DROP, MPCONN_REASON_ECHO_BUDGET);
    syn(A, &c); /* the last one again */
    expect(A, MPCONN_VERDICT_FORWARD, MPCONN_REASON_ECHO_SENT);
    sync_bed_close(&net);
}
END_TEST

int main(void)
{
    return CHECK_MAIN(
        "one way", A13_reply_is_answered_where_it_comes_by_IPv4,
        A13_reply_is_answered_where_it_comes_by_IPv6, echo_of_members_that_have_just_met_counts,
        A13_answer_is_the_one_of_a_routed_member,
        lone_member_answers_where_the_reply_comes_by,
        A13_segment_of_an_adopted_connection_shows_the_way,
        way_that_a_client_proved_is_used_without_an_echo, F0_way_is_not_used_before_it_is_proved,
        F1_syn_passes_unsplit_when_nothing_else_is_left,
        F1_lone_client_of_a_mute_server_is_asked_for_once,
        F1_short_form_is_tried_when_the_long_one_is_not_answered,
        denied_request_gets_an_exact_RST_at_the_return_path,
        each_endpoint_is_told_of_a_kill_where_its_traffic_flows,
        F3_flood_gets_no_more_echoes_than_the_budget_and_who_comes_again_goes_first);
}
