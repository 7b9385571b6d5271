/* SPDX-License-Identifier: BSD-2-Clause */
/* A host with NAT, and two members: the client's segments come to A, the server's to B, where they
 * bear addresses that B cannot name before it is told. */
#include <check.h>

#include "bound.h"
#include "check_main.h"
#include "sync_bed.h"

enum { A, B };

static sync_bed net;
static bed *const m[2] = {&net.at[A].b, &net.at[B].b};
static bound_conn c;
static unsigned families[2];

static void set_up(void)
{
    sync_bed_open(&net, 2);
    for (unsigned i = 0; i < 2; i++) {
        net.at[i].cb.bind = i == A ? bed_bind : NULL;
        net.at[i].cfg.max_bindings = 8;
    }
}

static void tear_down(void)
{
    sync_bed_close(&net);
}

/* A connection about which that member decides. */
static void start_between(unsigned registrar, unsigned from, unsigned to)
{
    uint16_t port = 40000;

    families[0] = from;
    families[1] = to;
    sync_start(&net);
    bound_lead(m[A], to);
    do
        c = bound_conn_of(from, 1, port++, to);
    while (sync_registrar(&net, &c.client.tuple) != registrar);
}

static void start(unsigned registrar)
{
    start_between(registrar, MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV4);
}

static uint32_t bindings(unsigned member)
{
    return m[member]->eng->core.bindings.used;
}

static uint64_t count(unsigned member, unsigned reason)
{
    return mpconn_engine_count(m[member]->eng, reason);
}

/* What B was made to keep comes to it again. */
static void submit_again(mpconn_pkt *kept)
{
    ck_assert_uint_gt(m[B]->n_released, 0);
    ck_assert_uint_eq(m[B]->released[m[B]->n_released - 1], kept->flow);
    bed_in_again(m[B], kept);
}

/* The server's SYN|ACK comes to B, which keeps it, asks, and is told. */
static void answer_at_b(void)
{
    static uint8_t bytes[BED_ROOM];
    mpconn_pkt kept;

    bound_syn_ack(m[B], &c);
    if (m[B]->pkt.verdict != MPCONN_VERDICT_HOLD) {
        sync_carry(&net);
        return;
    }
    kept = m[B]->pkt;
    memcpy(bytes, kept.data, kept.len);
    kept.data = bytes;
    sync_carry(&net);
    submit_again(&kept);
    sync_carry(&net);
}

static void handshake(void)
{
    bound_open(m[A], &c);
    sync_carry(&net);
    answer_at_b();
}

/* What B sent to the client: the update that opens its window. */
static void assert_window_opened_at_b(void)
{
    const bed_out *o;

    ck_assert_uint_eq(m[B]->n_out, 1);
    o = bed_take(m[B]);
    ck_assert_uint_eq(o->pkt.side, MPCONN_SIDE_CLIENT);
    bound_assert_shows(&c, &o->view, MPCONN_SIDE_CLIENT);
    ck_assert_uint_eq(o->view.seq, c.client.y + 1);
    ck_assert_uint_gt(o->view.window, 0);
}

static void assert_final_ack_at_a(void)
{
    const bed_out *o = bed_take(m[A]);

    ck_assert_uint_eq(o->view.flags, MPCI_TCP_ACK);
    bound_assert_shows(&c, &o->view, MPCONN_SIDE_SERVER);
    ck_assert_uint_eq(o->view.ack, c.client.z + 1);
}

/* Whoever decides, and whatever the IP versions. */
START_TEST(answer_at_a_member_that_knows_nothing_finds_its_connection)
{
    start_between((unsigned)_i & 1, _i & 2 ? MPCONN_FAMILY_IPV6 : MPCONN_FAMILY_IPV4,
                  _i & 4 ? MPCONN_FAMILY_IPV6 : MPCONN_FAMILY_IPV4);
    handshake();
    bed_take(m[A]); /* our SYN */
    assert_final_ack_at_a();
    assert_window_opened_at_b();
    ck_assert_uint_eq(bindings(A), 1);
    ck_assert_uint_eq(bindings(B), 1);
    bound_carry(m[A], &c, MPCONN_SIDE_CLIENT, 1, 1, 100);
    bound_carry(m[B], &c, MPCONN_SIDE_SERVER, 1, 101, 700);
    bound_carry(m[A], &c, MPCONN_SIDE_CLIENT, 101, 701, 0);
    ck_assert_uint_eq(m[B]->eng->core.handshakes.used, 0);
    ck_assert_uint_eq(m[A]->eng->core.held_packets + m[B]->eng->core.held_packets, 0);
}
END_TEST

/* The path is known by now: B is told before the answer comes. */
START_TEST(second_connection_is_told_before_its_answer_comes)
{
    start((unsigned)_i);
    handshake();
    c = bound_conn_of(families[0], 1, (uint16_t)(c.client.tuple.client_port + 1), families[1]);
    m[A]->n_out = m[B]->n_out = 0;
    bound_open(m[A], &c);
    sync_carry(&net);
    ck_assert_uint_eq(bindings(B), 2);
    bound_syn_ack(m[B], &c);
    ck_assert_int_eq(m[B]->pkt.verdict, MPCONN_VERDICT_CONSUMED);
    sync_carry(&net);
    bed_take(m[A]);
    assert_final_ack_at_a();
    assert_window_opened_at_b();
}
END_TEST

/* A segment in the middle of a connection, at a member that was started anew. */
START_TEST(segment_at_a_member_that_forgot_is_asked_about_by_its_server_leg)
{
    static uint8_t bytes[BED_ROOM];
    bed_segment seg;
    mpconn_pkt kept;
    mpci_view v;

    start((unsigned)_i);
    handshake();
    bound_carry(m[A], &c, MPCONN_SIDE_CLIENT, 1, 1, 100);
    net.strict = 0;
    sync_boot(&net, B);
    sync_pass(&net, 2 * MPCONN_SECOND);
    seg = bed_data(&c.server, MPCONN_SIDE_SERVER, 1, 101, 500);
    bed_in(m[B], MPCONN_SIDE_SERVER, &seg);
    ck_assert_int_eq(m[B]->pkt.verdict, MPCONN_VERDICT_HOLD);
    kept = m[B]->pkt;
    memcpy(bytes, kept.data, kept.len);
    kept.data = bytes;
    sync_carry(&net);
    ck_assert_uint_eq(bindings(B), 1);
    submit_again(&kept);
    ck_assert_int_eq(kept.reason, MPCONN_REASON_TRANSLATED);
    mpci_view_parse(&v, &kept);
    bound_assert_shows(&c, &v, MPCONN_SIDE_CLIENT);
    ck_assert_uint_eq(v.seq, c.client.y + 1);
}
END_TEST

/* The server refuses, elsewhere than where it was asked. */
START_TEST(refusal_at_a_member_that_knows_nothing_ends_the_handshake)
{
    bed_segment seg;
    const bed_out *o;

    start((unsigned)_i);
    bound_open(m[A], &c);
    sync_carry(&net);
    m[A]->n_out = 0;
    seg = bed_seg(&c.server.tuple, MPCONN_SIDE_CLIENT, MPCI_TCP_RST | MPCI_TCP_ACK, 0,
                  c.client.x + 1);
    bed_in(m[B], MPCONN_SIDE_SERVER, &seg);
    sync_carry(&net);
    o = bed_take(m[A]);
    ck_assert_uint_eq(o->view.flags & MPCI_TCP_RST, MPCI_TCP_RST);
    ck_assert_uint_eq(o->pkt.side, MPCONN_SIDE_CLIENT);
    bound_assert_shows(&c, &o->view, MPCONN_SIDE_CLIENT);
    ck_assert_uint_eq(o->view.seq, c.client.y + 1);
    ck_assert_uint_eq(bindings(A) + bindings(B), 0);
}
END_TEST

/* Frames are lost, repeated and reordered: what is repeated by timers repairs it. */
START_TEST(bindings_survive_a_channel_that_harms)
{
    start((unsigned)_i & 1);
    net.strict = 0;
    net.loss = 30;
    net.repeat = 20;
    net.reorder = 30;
    bound_open(m[A], &c);
    for (unsigned i = 0; i < 5; i++) { /* its server repeats it; what is held is lost */
        bound_syn_ack(m[B], &c);
        sync_pass(&net, (UINT64_C(1) << i) * MPCONN_SECOND);
    }
    ck_assert_uint_eq(bindings(A), 1);
    ck_assert_uint_eq(bindings(B), 1);
    bound_carry(m[A], &c, MPCONN_SIDE_CLIENT, 1, 1, 100);
    bound_carry(m[B], &c, MPCONN_SIDE_SERVER, 1, 101, 700);
}
END_TEST

/* What is over at one is over at the other, and so is its binding. */
START_TEST(bindings_of_copies_end_with_them)
{
    mpconn_flow_filter f;

    start((unsigned)_i);
    handshake();
    MPCONN_STRUCT_INIT(&f);
    ck_assert_int_eq(mpconn_engine_kill(m[A]->eng, &f, NULL, m[A]->now), MPCONN_OK);
    sync_carry(&net);
    sync_pass(&net, 300 * MPCONN_SECOND);
    ck_assert_uint_eq(bindings(A), 0);
    ck_assert_uint_eq(bindings(B), 0);
}
END_TEST

/* --- words that cannot be true here --- */

static mpci_record drive_of(const bound_conn *of)
{
    mpci_record r = {0};

    r.type = MPCI_RECORD_DRIVE;
    r.tuple = of->client.tuple;
    r.client_isn = of->client.x;
    r.proxy_isn = 7;
    r.server_leg = of->server.tuple;
    return r;
}

static void tell_b(const mpci_record *r)
{
    sync_put(&net, A, net.at[B].id, r);
    sync_flush(&net, A);
    sync_carry(&net);
}

START_TEST(binding_that_another_connection_has_is_not_believed)
{
    bound_conn other = bound_conn_of(MPCONN_FAMILY_IPV4, 9, 999, MPCONN_FAMILY_IPV4);
    mpci_record r;

    start(B);
    handshake();
    if (_i == 0) {          /* a server leg twice */
        other.server.tuple = c.server.tuple;
    } else if (_i == 1) {   /* a server leg that is a client leg */
        other.server.tuple = c.client.tuple;
    } else {                /* a client leg that is a server leg */
        other.client.tuple = c.server.tuple;
    }
    r = drive_of(&other);
    if (_i == 3)
        memset(&r.server_leg, 0, sizeof(r.server_leg));
    tell_b(&r);
    ck_assert_uint_eq(count(B, MPCONN_REASON_BINDING_TAKEN), 1);
    ck_assert_uint_eq(bindings(B), 1);
    bound_carry(m[B], &c, MPCONN_SIDE_SERVER, 1, 1, 100);
}
END_TEST

START_TEST(binding_that_there_is_no_room_for_is_not_kept)
{
    mpci_record r;

    net.at[B].cfg.max_bindings = 0;
    start(A);
    r = drive_of(&c);
    tell_b(&r);
    ck_assert_uint_eq(count(B, MPCONN_REASON_BINDING_FULL), 1);
    ck_assert_uint_eq(m[B]->eng->core.handshakes.used, 0);
}
END_TEST

/* The same of a commit, while its handshake still waits to hear the endpoints. */
START_TEST(commit_with_another_binding_is_a_conflict)
{
    mpci_record r = {0};

    start(A);
    handshake();
    r.type = MPCI_RECORD_COMMIT;
    r.tuple = c.client.tuple;
    r.client_isn = c.client.x;
    r.server_isn = c.client.z;
    r.generation = 1;
    r.server_leg = c.server.tuple;
    r.server_leg.server_port = 9;
    tell_b(&r);
    ck_assert_uint_eq(count(B, MPCONN_REASON_COMMIT_CONFLICT), 1);
    ck_assert_uint_eq(bindings(B), 1);
}
END_TEST

/* Two bindings for one incarnation: the one that is carried stays. */
START_TEST(second_binding_of_an_incarnation_is_a_conflict)
{
    mpci_record r = {0};
    uint64_t before;

    start(A);
    handshake();
    sync_pass(&net, MPCONN_SECOND);
    bound_carry(m[B], &c, MPCONN_SIDE_SERVER, 1, 1, 100);
    before = count(B, MPCONN_REASON_COMMIT_CONFLICT);
    r.type = MPCI_RECORD_DELTA;
    r.flags = 1; /* split */
    r.tuple = c.client.tuple;
    r.client_isn = c.client.x;
    r.seq_offset = c.client.z - c.client.y;
    r.ts_offset = c.client.server_ts - c.client.proxy_ts;
    r.generation = 1;
    r.server_leg = c.server.tuple;
    r.server_leg.server_port = 9;
    tell_b(&r);
    ck_assert_uint_eq(count(B, MPCONN_REASON_COMMIT_CONFLICT), before + 1);
    ck_assert_uint_eq(bindings(B), 1);
    bound_carry(m[B], &c, MPCONN_SIDE_SERVER, 101, 1, 100);
}
END_TEST

static TCase *make_case(void)
{
    TCase *t = tcase_create("two members");

    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_loop_test(t, answer_at_a_member_that_knows_nothing_finds_its_connection, 0, 8);
    tcase_add_loop_test(t, second_connection_is_told_before_its_answer_comes, 0, 2);
    tcase_add_loop_test(t, segment_at_a_member_that_forgot_is_asked_about_by_its_server_leg, 0, 2);
    tcase_add_loop_test(t, refusal_at_a_member_that_knows_nothing_ends_the_handshake, 0, 2);
    tcase_add_loop_test(t, bindings_survive_a_channel_that_harms, 0, 2);
    tcase_add_loop_test(t, bindings_of_copies_end_with_them, 0, 2);
    tcase_add_loop_test(t, binding_that_another_connection_has_is_not_believed, 0, 4);
    tcase_add_test(t, binding_that_there_is_no_room_for_is_not_kept);
    tcase_add_test(t, commit_with_another_binding_is_a_conflict);
    tcase_add_test(t, second_binding_of_an_incarnation_is_a_conflict);
    return t;
}

int main(void)
{
    Suite *s = suite_create("bound pair");

    suite_add_tcase(s, make_case());
    return check_run(s);
}
