/* SPDX-License-Identifier: BSD-2-Clause */
/* What link-layer members spend, and on whom: echoes, tries of servers that do not answer, and SYNs
 * that pass unsplit. */
#include "one_way_bed.h"

#include <stdlib.h>

/* Members that may spend one of everything at a moment. */
static void start_poor(unsigned n)
{
    start(n);
    at(A)->eng->echo.rate = 4;
    at(A)->eng->echo.rate_server = 4;
}

/* A client's SYN at A, in a buffer that has no room for more than so much. */
static void syn_in_room(const bed_conn *c, uint32_t more)
{
    bed_segment seg = bed_syn_seg(c);
    bed *b = at(A);

    memset(&b->pkt, 0, sizeof b->pkt);
    b->pkt.data = b->bytes;
    b->pkt.len = (uint32_t)mpci_build_tcp(b->bytes, sizeof b->bytes, &seg.s);
    b->pkt.cap = b->pkt.len + more;
    b->pkt.side = CLIENT;
    b->pkt.link = LINK_ONWARD_TO_SERVER;
    bed_in_again(b, &b->pkt);
}

/* The server of this connection has left three echoes unanswered. */
static void make_mute(const bed_conn *c)
{
    for (unsigned i = 0; i < 3; i++) {
        (void)echo_of(c);
        sync_pass(&net, MPCONN_SECOND / 2 + 1);
    }
}

/* And the others were asked for a way from it, in vain: what comes now passes unsplit. */
static void make_lost(const bed_conn *c)
{
    make_mute(c);
    syn(A, c);
    expect(A, MPCONN_VERDICT_CONSUMED, MPCONN_REASON_RETURN_ASKED);
    (void)bed_take(at(A));
    sync_carry(&net);
    sync_pass(&net, MPCONN_SECOND);
}

/* --- echoes --- */

START_TEST(echo_that_finds_no_room_costs_nothing)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);

    start_poor(2);
    for (unsigned i = 0; i < 10; i++) {
        syn_in_room(&c, MPCI_ECHO_ROOM / 4);
        expect(A, MPCONN_VERDICT_DROP, MPCONN_REASON_NO_SPACE);
    }
    syn_in_room(&c, MPCI_ECHO_ROOM);
    expect(A, MPCONN_VERDICT_FORWARD, MPCONN_REASON_ECHO_SENT);
    ck_assert_uint_eq(at(A)->eng->echo.number, 1);
    sync_bed_close(&net);
}
END_TEST

START_TEST(echo_that_finds_no_room_makes_no_server_mute)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);

    start(2);
    for (unsigned i = 0; i < 10; i++) {
        syn_in_room(&c, MPCI_ECHO_ROOM / 4);
        sync_pass(&net, MPCONN_SECOND / 2);
    }
    (void)echo_of(&c);
    sync_bed_close(&net);
}
END_TEST

/* --- SYNs that pass unsplit --- */

START_TEST(syn_that_the_host_refuses_does_not_count_as_unsplit)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);

    start(2);
    make_lost(&c);
    at(A)->eng->echo.rate = 4; /* one at a moment */
    at(A)->admit = MPCONN_ADMIT_REFUSE;
    for (unsigned i = 0; i < 10; i++) {
        syn(A, &c);
        expect(A, MPCONN_VERDICT_DROP, MPCONN_REASON_ADMIT_REFUSED);
        ck_assert_uint_eq(at(A)->request.suggestion, MPCONN_ADMIT_TRACK);
    }
    ck_assert_uint_eq(counted(A, MPCONN_REASON_RETURN_UNSPLIT), 0);
    at(A)->admit = MPCONN_ADMIT_DEFAULT;
    syn(A, &c);
    expect(A, MPCONN_VERDICT_FORWARD, MPCONN_REASON_SYN_TRACKED);
    ck_assert_uint_eq(counted(A, MPCONN_REASON_RETURN_UNSPLIT), 1);
    c.tuple.client_port++;
    syn(A, &c);
    expect(A, MPCONN_VERDICT_DROP, MPCONN_REASON_ADMIT_REFUSED);
    sync_bed_close(&net);
}
END_TEST

/* Nobody answers for the server, and of ten that may pass at a moment half have; the last SYN of
 * this flood was refused. */
static void flood_of_lost(bed_conn *c)
{
    start(2);
    make_lost(c);
    at(A)->eng->echo.rate = 40;
    for (unsigned i = 0; i < 20; i++) {
        c->tuple.client_port++;
        syn(A, c);
    }
}

/* Who comes again is more likely to be a client than the first SYN of a flood. */
START_TEST(half_of_what_passes_unsplit_is_kept_for_who_comes_again)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);

    flood_of_lost(&c);
    ck_assert_uint_eq(counted(A, MPCONN_REASON_RETURN_UNSPLIT), 5);
    syn(A, &c); /* the last one again */
    expect(A, MPCONN_VERDICT_FORWARD, MPCONN_REASON_SYN_TRACKED);
    sync_bed_close(&net);
}
END_TEST

static void forget_all(void)
{
    mpconn_flow_filter all;

    MPCONN_STRUCT_INIT(&all);
    ck_assert_int_eq(mpconn_engine_kill(at(A)->eng, &all, NULL, at(A)->now), MPCONN_OK);
}

/* One that was refused gets what is kept once, and not again and again. */
START_TEST(syn_that_has_gone_first_goes_first_no_more)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);

    flood_of_lost(&c);
    syn(A, &c);
    expect(A, MPCONN_VERDICT_FORWARD, MPCONN_REASON_SYN_TRACKED);
    forget_all();
    syn(A, &c);
    expect(A, MPCONN_VERDICT_DROP, MPCONN_REASON_ADMIT_REFUSED);
    sync_bed_close(&net);
}
END_TEST

/* That no echo left beside it is no reason to pass before others. */
START_TEST(syn_that_passed_without_a_try_was_not_refused)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);

    start(2);
    make_lost(&c);
    at(A)->eng->echo.rate = 40; /* ten at a moment */
    for (unsigned i = 0; i < 5; i++) {
        c.tuple.client_port++;
        syn(A, &c);
        expect(A, MPCONN_VERDICT_FORWARD, MPCONN_REASON_SYN_TRACKED);
    }
    forget_all();
    syn(A, &c);
    expect(A, MPCONN_VERDICT_DROP, MPCONN_REASON_ADMIT_REFUSED);
    sync_bed_close(&net);
}
END_TEST

START_TEST(syn_that_is_dropped_does_not_count_as_unsplit)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000), d = conn_of(MPCONN_FAMILY_IPV4, 4001);

    start(2);
    make_lost(&c);
    at(A)->eng->echo.rate = 4; /* one at a moment */
    mpci_tombstones_add(&at(A)->eng->core.tombstones,
                        mpci_tuple_hash(&at(A)->eng->core.table_key, &c.tuple), c.x,
                        MPCI_TOMBSTONE_KILLED);
    syn(A, &c);
    expect(A, MPCONN_VERDICT_DROP, MPCONN_REASON_DEAD_FLOW);
    ck_assert_uint_eq(counted(A, MPCONN_REASON_RETURN_UNSPLIT), 0);
    syn(A, &d);
    expect(A, MPCONN_VERDICT_FORWARD, MPCONN_REASON_SYN_TRACKED);
    ck_assert_uint_eq(counted(A, MPCONN_REASON_RETURN_UNSPLIT), 1);
    sync_bed_close(&net);
}
END_TEST

/* --- a server that is mute is asked all the same --- */

/* The reply to the echo that left beside a SYN. */
static letter reply_to_try(void)
{
    const bed_out *o = bed_take(at(A));

    ck_assert_uint_eq(o->pkt.reason, MPCONN_REASON_ECHO_SENT);
    ck_assert_uint_eq(o->pkt.side, SERVER);
    ck_assert_uint_eq(o->pkt.link, LINK_ONWARD_TO_SERVER);
    ck_assert_uint_eq(at(A)->n_out, 0);
    return reply_to_packet(&o->pkt);
}

/* A mute server is tried beside what becomes of the SYN, and nobody is answered by the reply. */
static void try_beside(const bed_conn *c, unsigned verdict, unsigned reason)
{
    letter l;

    syn(A, c);
    expect(A, verdict, reason);
    l = reply_to_try();
    give(B, SERVER, &l, LINK_OF_REPLY);
    expect(B, MPCONN_VERDICT_CONSUMED, MPCONN_REASON_ECHO_LEARNED);
}

START_TEST(F1_server_that_answers_one_try_is_mute_no_more)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000), d = conn_of(MPCONN_FAMILY_IPV4, 4001);
    letter l;

    start(2);
    make_lost(&c);
    try_beside(&c, MPCONN_VERDICT_FORWARD, MPCONN_REASON_SYN_TRACKED);
    sync_carry(&net);
    l = echo_of(&d);
    answered_at(B, &d, &l);
    sync_bed_close(&net);
}
END_TEST

/* Pings may have been filtered for a while only: it is asked again, for the client's sake. */
START_TEST(F1_mute_server_is_unknown_when_nobody_has_asked_it_for_a_minute)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    letter l;

    start(2);
    make_lost(&c);
    sync_pass(&net, 50 * MPCONN_SECOND);
    ck_assert_int_ne(way_of(A, &c), MPCI_WAY_ECHO);
    sync_pass(&net, 15 * MPCONN_SECOND);
    l = echo_of(&c);
    answered_at(B, &c, &l);
    sync_bed_close(&net);
}
END_TEST

/* It is asked beside what else is done: nobody waits for it. */
START_TEST(F1_server_is_tried_while_others_are_asked)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);

    start(2);
    make_mute(&c);
    try_beside(&c, MPCONN_VERDICT_CONSUMED, MPCONN_REASON_RETURN_ASKED);
    sync_bed_close(&net);
}
END_TEST

/* SYNs of a hundred networks; how many tries. */
static unsigned tries_of_flood(bed_conn c)
{
    unsigned before = counted(A, MPCONN_REASON_ECHO_SENT);

    for (unsigned i = 0; i < 100; i++) {
        c.tuple.client.bytes[2] = (uint8_t)i;
        syn(A, &c);
    }
    return counted(A, MPCONN_REASON_ECHO_SENT) - before;
}

START_TEST(F1_mute_server_is_tried_once_a_second_and_once_by_who_comes_again)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);

    start(2);
    make_lost(&c);
    ck_assert_uint_eq(tries_of_flood(c), 1);
    ck_assert_uint_eq(tries_of_flood(c), 1); /* those that come again */
    ck_assert_uint_eq(tries_of_flood(c), 0);
    sync_pass(&net, MPCONN_SECOND);
    c.tuple.client_port++;
    ck_assert_uint_eq(tries_of_flood(c), 1);
    sync_bed_close(&net);
}
END_TEST

/* Who comes again is worth more than a flood at another server. */
START_TEST(F1_mute_server_is_tried_by_who_comes_again_while_another_is_flooded)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000), d = conn_of(MPCONN_FAMILY_IPV4, 4001);

    start(2);
    make_lost(&c);
    at(A)->n_out = 0;
    at(A)->eng->echo.rate = 40; /* ten at a moment */
    d.tuple.server.bytes[3] ^= 1;
    ck_assert_uint_eq(tries_of_flood(d), 5);
    syn(A, &c);
    expect(A, MPCONN_VERDICT_FORWARD, MPCONN_REASON_SYN_TRACKED);
    ck_assert_uint_eq(at(A)->n_out, 0);
    syn(A, &c);
    expect(A, MPCONN_VERDICT_FORWARD, MPCONN_REASON_TRACKED);
    (void)reply_to_try();
    sync_bed_close(&net);
}
END_TEST

/* A client's SYN at A, by a link, with its host's mark. */
static void marked_syn(const bed_conn *c, uint32_t link, uint32_t mark)
{
    bed_segment seg = bed_syn_seg(c);
    bed *b = at(A);

    memset(&b->pkt, 0, sizeof b->pkt);
    b->pkt.data = b->bytes;
    b->pkt.len = (uint32_t)mpci_build_tcp(b->bytes, sizeof b->bytes, &seg.s);
    b->pkt.cap = sizeof b->bytes;
    b->pkt.side = CLIENT;
    b->pkt.link = link;
    b->pkt.mark = mark;
    bed_in_again(b, &b->pkt);
}

START_TEST(F1_try_bears_the_mark_of_its_syn)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);

    start(2);
    make_lost(&c);
    marked_syn(&c, LINK_ONWARD_TO_SERVER, 7);
    expect(A, MPCONN_VERDICT_FORWARD, MPCONN_REASON_SYN_TRACKED);
    ck_assert_uint_eq(bed_take(at(A))->pkt.mark, 7);
    sync_bed_close(&net);
}
END_TEST

/* It could not leave, and is not paid for. */
START_TEST(F1_syn_that_came_by_no_link_tries_nothing)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000), d = conn_of(MPCONN_FAMILY_IPV4, 4001);

    start(2);
    make_lost(&c);
    marked_syn(&c, MPCONN_LINK_NONE, 0);
    ck_assert_uint_eq(at(A)->n_out, 0);
    syn(A, &d);
    (void)reply_to_try();
    sync_bed_close(&net);
}
END_TEST

/* The client was not answered by this link: that it proves itself says nothing of it. */
START_TEST(F0_reply_to_a_try_shows_a_way_that_its_client_does_not_prove)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    mpci_echo *e;
    letter l;

    start(2);
    make_lost(&c);
    syn(A, &c);
    l = reply_to_try();
    give(B, SERVER, &l, LINK_OF_REPLY);
    e = &at(B)->eng->echo;
    mpci_echo_proved(e, &c.tuple, c.x);
    ck_assert_ptr_null(mpci_returns_find(&e->returns, &c.tuple, e->core->now));
    sync_bed_close(&net);
}
END_TEST

/* --- one network and another --- */

static unsigned echoes_of_network(bed_conn c, unsigned network, unsigned n)
{
    unsigned before = counted(A, MPCONN_REASON_ECHO_SENT);

    c.tuple.client.bytes[2] = (uint8_t)network;
    for (unsigned i = 0; i < n; i++) {
        c.tuple.client_port = (uint16_t)(1 + i);
        syn(A, &c);
    }
    return counted(A, MPCONN_REASON_ECHO_SENT) - before;
}

/* While an echo for a network is out it will find the way for all of it. */
START_TEST(F3_flood_of_one_network_leaves_echoes_for_others)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);

    start(2);
    ck_assert_uint_eq(echoes_of_network(c, 1, 1000), 250 / 4);
    ck_assert_uint_eq(echoes_of_network(c, 2, 1000), 1);
    ck_assert_uint_eq(echoes_of_network(c, 3, 1), 1);
    ck_assert_uint_eq(echoes_of_network(c, 1, 1000), 250 - 64); /* they come again, and go first */
    sync_bed_close(&net);
}
END_TEST

int main(void)
{
    return CHECK_MAIN("one way budgets", echo_that_finds_no_room_costs_nothing,
                      echo_that_finds_no_room_makes_no_server_mute,
                      syn_that_the_host_refuses_does_not_count_as_unsplit,
                      half_of_what_passes_unsplit_is_kept_for_who_comes_again,
                      syn_that_has_gone_first_goes_first_no_more,
                      syn_that_passed_without_a_try_was_not_refused,
                      syn_that_is_dropped_does_not_count_as_unsplit,
                      F1_server_that_answers_one_try_is_mute_no_more,
                      F1_mute_server_is_tried_by_who_comes_again_while_another_is_flooded,
                      F1_mute_server_is_unknown_when_nobody_has_asked_it_for_a_minute,
                      F1_try_bears_the_mark_of_its_syn, F1_syn_that_came_by_no_link_tries_nothing,
                      F1_server_is_tried_while_others_are_asked,
                      F1_mute_server_is_tried_once_a_second_and_once_by_who_comes_again,
                      F0_reply_to_a_try_shows_a_way_that_its_client_does_not_prove,
                      F3_flood_of_one_network_leaves_echoes_for_others);
}
