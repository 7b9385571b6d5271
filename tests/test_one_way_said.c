/* SPDX-License-Identifier: BSD-2-Clause */
/* What link-layer members have each other send: how much of it, who answers, and what is not sent
 * for anybody. */
#include "one_way_bed.h"

#include "echo/say.h"

/* --- budgets --- */

/* A client is known whose answers come by B; ten of everything at a moment. */
static bed_conn start_with_way_at_b(void)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);

    start(2);
    connect_by(B, &c);
    sync_pass(&net, MPCONN_SECOND);
    at(A)->eng->echo.rate = 40;
    return c;
}

/* SYNs of clients of that network; how many of them B is to answer. */
static unsigned asked_of_flood(bed_conn *c)
{
    unsigned before = counted(A, MPCONN_REASON_RETURN_ASKED);

    for (unsigned i = 0; i < 100; i++) {
        c->tuple.client_port++;
        syn(A, c);
    }
    expect(A, MPCONN_VERDICT_DROP, MPCONN_REASON_ECHO_BUDGET);
    return counted(A, MPCONN_REASON_RETURN_ASKED) - before;
}

START_TEST(F3_flood_of_what_another_member_answers_leaves_echoes)
{
    bed_conn c = start_with_way_at_b(), d = conn_of(MPCONN_FAMILY_IPV4, 4001);

    (void)asked_of_flood(&c);
    (void)asked_of_flood(&c);
    d.tuple.client.bytes[2] ^= 1;
    d.tuple.server.bytes[3] ^= 1;
    (void)echo_of(&d);
    sync_bed_close(&net);
}
END_TEST

START_TEST(half_of_what_another_member_answers_is_kept_for_who_comes_again)
{
    bed_conn c = start_with_way_at_b();

    ck_assert_uint_eq(asked_of_flood(&c), 5);
    syn(A, &c); /* the last one again */
    expect(A, MPCONN_VERDICT_CONSUMED, MPCONN_REASON_RETURN_ASKED);
    syn(A, &c); /* it was refused once, and has gone first once */
    expect(A, MPCONN_VERDICT_DROP, MPCONN_REASON_ECHO_BUDGET);
    sync_bed_close(&net);
}
END_TEST

/* --- who answers --- */

/* An ACK for a client that a member has made. */
static void made_for_client(unsigned i, const bed_conn *c)
{
    bed_segment seg = bed_seg(&c->tuple, CLIENT, MPCI_TCP_ACK, 1, 1);
    mpconn_pkt pkt = {.data = at(i)->bytes, .cap = sizeof at(i)->bytes, .side = CLIENT};

    pkt.len = (uint32_t)mpci_build_tcp(pkt.data, sizeof at(i)->bytes, &seg.s);
    ck_assert_int_eq(mpci_elsewhere_made(at(i)->eng, &pkt), 0);
    mpci_sync_flush(&at(i)->eng->sync);
}

START_TEST(who_was_not_alone_asked_and_knows_no_way_says_nothing)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);

    start(3);
    made_for_client(A, &c);
    ck_assert_uint_gt(sync_deliver(&net, A, B), 0);
    ck_assert_uint_gt(sync_deliver(&net, A, C), 0);
    ck_assert_uint_eq(counted(B, MPCONN_REASON_RETURN_UNKNOWN), 1);
    ck_assert_uint_eq(counted(C, MPCONN_REASON_RETURN_UNKNOWN), 1);
    ck_assert_uint_eq(sync_waiting(&net, B, A), 0);
    ck_assert_uint_eq(sync_waiting(&net, C, A), 0);
    sync_bed_close(&net);
}
END_TEST

START_TEST(who_alone_was_asked_in_vain_says_so)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    mpci_echo *e;

    start(3);
    e = &at(A)->eng->echo;
    mpci_path_learn(e->paths, &e->core->table_key, &c.tuple, net.at[B].id, e->core->now);
    ck_assert_int_eq(way_of(A, &c), MPCI_WAY_MEMBER);
    made_for_client(A, &c);
    ck_assert_uint_gt(sync_deliver(&net, A, B), 0);
    ck_assert_uint_eq(counted(B, MPCONN_REASON_RETURN_UNKNOWN), 1);
    ck_assert_uint_gt(sync_deliver(&net, B, A), 0);
    ck_assert_int_eq(way_of(A, &c), MPCI_WAY_ECHO);
    sync_bed_close(&net);
}
END_TEST

/* --- to the server --- */

/* An ACK for a server that B has made. */
static void made_for_server(const bed_conn *c)
{
    bed_segment seg = bed_seg(&c->tuple, SERVER, MPCI_TCP_ACK, 1, 1);
    mpconn_pkt pkt = {.data = at(B)->bytes, .cap = sizeof at(B)->bytes, .side = SERVER};

    pkt.len = (uint32_t)mpci_build_tcp(pkt.data, sizeof at(B)->bytes, &seg.s);
    ck_assert_int_eq(mpci_elsewhere_made(at(B)->eng, &pkt), 0);
    mpci_sync_flush(&at(B)->eng->sync);
}

/* Of one network two clients, whose answers come by B, are heard at A and at C, and the latter
 * last. */
static bed_conn two_clients_of_a_network(void)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000), d = conn_of(MPCONN_FAMILY_IPV4, 4001);
    bed_segment seg;
    letter l;

    start(3);
    d.tuple.client.bytes[3] ^= 1;
    connect_by(B, &c);
    sync_pass(&net, 61 * MPCONN_SECOND); /* the way has to be learned anew */
    carried(A, CLIENT, &c);
    syn(C, &d);
    expect(C, MPCONN_VERDICT_FORWARD, MPCONN_REASON_ECHO_SENT);
    l = reply_to(at(C));
    answered_at(B, &d, &l);
    seg = bed_proof_seg(&d);
    bed_in(at(C), CLIENT, &seg);
    sync_carry(&net);
    carried(B, SERVER, &c);
    for (unsigned i = 0; i < 3; i++)
        at(i)->n_out = 0;
    return c;
}

START_TEST(server_is_reached_by_the_origin_of_its_connection_and_not_of_its_network)
{
    bed_conn c = two_clients_of_a_network();
    const bed_out *o;

    made_for_server(&c);
    sync_carry(&net);
    o = bed_take(at(A));
    ck_assert_uint_eq(o->pkt.side, SERVER);
    ck_assert_uint_eq(o->pkt.link, LINK_ONWARD_TO_SERVER);
    ck_assert_uint_eq(at(C)->n_out, 0);
    sync_bed_close(&net);
}
END_TEST

/* While it is opened B knows who drives it. */
static bed_conn driven_from_a(void)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    const mpci_handshake *h;
    letter l;

    start(3);
    l = echo_of(&c);
    answered_at(B, &c, &l);
    proof(&c);
    h = mpci_handshake_find(&at(B)->eng->core.handshakes, hash_of(B, &c), &c.tuple);
    ck_assert_ptr_nonnull(h);
    ck_assert_uint_eq(h->driver, net.at[A].id);
    return c;
}

START_TEST(who_drives_a_connection_alone_is_asked_for_its_server)
{
    bed_conn c = driven_from_a();

    made_for_server(&c);
    ck_assert_uint_eq(sync_waiting(&net, B, C), 0);
    ck_assert_uint_gt(sync_deliver(&net, B, A), 0);
    ck_assert_uint_eq(bed_take(at(A))->pkt.link, LINK_ONWARD_TO_SERVER);
    ck_assert_uint_eq(sync_waiting(&net, A, B), 0);
    sync_bed_close(&net);
}
END_TEST

START_TEST(all_are_asked_for_a_server_when_who_drove_says_that_it_knows_none)
{
    bed_conn c = driven_from_a();
    mpci_handshake *h = mpci_handshake_find(&at(A)->eng->core.handshakes, hash_of(A, &c),
                                            &c.tuple);

    mpci_handshake_remove(&at(A)->eng->core.handshakes, h);
    made_for_server(&c);
    ck_assert_uint_eq(sync_waiting(&net, B, C), 0);
    ck_assert_uint_gt(sync_deliver(&net, B, A), 0);
    ck_assert_uint_eq(counted(A, MPCONN_REASON_RETURN_UNKNOWN), 1);
    ck_assert_uint_gt(sync_deliver(&net, A, B), 0);
    made_for_server(&c);
    ck_assert_uint_gt(sync_waiting(&net, B, A), 0);
    ck_assert_uint_gt(sync_waiting(&net, B, C), 0);
    sync_bed_close(&net);
}
END_TEST

/* --- third members --- */

static unsigned heard(unsigned i, unsigned type)
{
    return (unsigned)at(i)->eng->sync.records_in[type];
}

/* Who neither sees nor decides hears of the end of a connection only. */
START_TEST(third_member_hears_of_a_connection_if_it_decides_about_it)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, (uint16_t)(4000 + _i));
    bed_segment fin;
    unsigned decides;

    start(3);
    decides = sync_registrar(&net, &c.tuple) == C;
    connect_by(B, &c);
    carried(A, CLIENT, &c);
    carried(B, SERVER, &c);
    sync_carry(&net);
    ck_assert_uint_eq(heard(C, MPCI_RECORD_DRIVE), decides);
    ck_assert_uint_eq(heard(C, MPCI_RECORD_ANSWER), decides);
    ck_assert_uint_eq(heard(C, MPCI_RECORD_COMMIT), 0);
    ck_assert_uint_eq(heard(C, MPCI_RECORD_DELTA), 0);
    ck_assert_uint_eq(heard(C, MPCI_RECORD_PATH), 0);
    ck_assert_uint_eq(heard(C, MPCI_RECORD_SAY), 0);
    fin = bed_data(&c, SERVER, 101, 101, 0);
    fin.s.flags |= MPCI_TCP_FIN;
    bed_in(at(B), SERVER, &fin);
    sync_carry(&net);
    ck_assert_uint_eq(heard(C, MPCI_RECORD_DELTA), 1);
    sync_bed_close(&net);
}
END_TEST

/* --- what is not sent --- */

/* B, which knows a way to the client, is told that by A; does it send it? */
static int is_sent(const bed_conn *c, unsigned flags, unsigned mss)
{
    mpci_record r = {.type = MPCI_RECORD_SAY, .tuple = c->tuple, .flags = (uint8_t)flags,
                     .control = MPCI_TCP_ACK, .window = 1500, .mss = (uint16_t)mss};
    unsigned sent = counted(B, MPCONN_REASON_RETURN_SENT);
    unsigned unknown = counted(B, MPCONN_REASON_RETURN_UNKNOWN);
    int is;

    sync_put(&net, A, net.at[B].id, &r);
    sync_flush(&net, A);
    sync_carry(&net);
    is = counted(B, MPCONN_REASON_RETURN_SENT) == sent + 1;
    ck_assert_int_eq(counted(B, MPCONN_REASON_RETURN_UNKNOWN) == unknown + 1, !is);
    return is;
}

static void errors_of_impossible_mtu(unsigned family, unsigned least)
{
    bed_conn c = conn_of(family, 4000);

    start(2);
    connect_by(B, &c);
    ck_assert_int_eq(is_sent(&c, MPCI_SAY_TOO_BIG, least), 1);
    ck_assert_int_eq(is_sent(&c, MPCI_SAY_TOO_BIG, least - 1), 0);
    ck_assert_int_eq(is_sent(&c, MPCI_SAY_TOO_BIG, 0), 0);
    sync_bed_close(&net);
}

/* Nobody is to believe that a path is so narrow, and a host may (RFC 791, RFC 8200 5). */
START_TEST(error_with_an_impossible_mtu_is_not_sent_IPv4)
{
    errors_of_impossible_mtu(MPCONN_FAMILY_IPV4, 68);
}
END_TEST

START_TEST(error_with_an_impossible_mtu_is_not_sent_IPv6)
{
    errors_of_impossible_mtu(MPCONN_FAMILY_IPV6, 1280);
}
END_TEST

START_TEST(what_is_said_with_flags_that_nobody_knows_is_not_sent)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);

    start(2);
    connect_by(B, &c);
    ck_assert_int_eq(is_sent(&c, 0, 0), 1);
    ck_assert_int_eq(is_sent(&c, 1 << 6, 0), 0);
    ck_assert_int_eq(is_sent(&c, 1 << 7, 0), 0);
    sync_bed_close(&net);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("one way said");
    TCase *tc = tcase_create("all");

    tcase_add_test(tc, F3_flood_of_what_another_member_answers_leaves_echoes);
    tcase_add_test(tc, half_of_what_another_member_answers_is_kept_for_who_comes_again);
    tcase_add_test(tc, who_was_not_alone_asked_and_knows_no_way_says_nothing);
    tcase_add_test(tc, who_alone_was_asked_in_vain_says_so);
    tcase_add_test(tc, server_is_reached_by_the_origin_of_its_connection_and_not_of_its_network);
    tcase_add_test(tc, who_drives_a_connection_alone_is_asked_for_its_server);
    tcase_add_test(tc, all_are_asked_for_a_server_when_who_drove_says_that_it_knows_none);
    tcase_add_loop_test(tc, third_member_hears_of_a_connection_if_it_decides_about_it, 0, 8);
    tcase_add_test(tc, error_with_an_impossible_mtu_is_not_sent_IPv4);
    tcase_add_test(tc, error_with_an_impossible_mtu_is_not_sent_IPv6);
    tcase_add_test(tc, what_is_said_with_flags_that_nobody_knows_is_not_sent);
    suite_add_tcase(s, tc);
    return check_run(s);
}
