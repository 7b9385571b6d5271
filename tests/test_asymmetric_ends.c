/* SPDX-License-Identifier: BSD-2-Clause */
/* What two members keep of handshakes and flows that ended, or went another way than they were
 * told: found by the simulator. */
#include "check_main.h"
#include "engine/engine.h"
#include "pair.h"

enum { CLIENT = MPCONN_SIDE_CLIENT, SERVER = MPCONN_SIDE_SERVER };
enum { A, B };

static mpconn_engine_config cfg;
static mpconn_callbacks cb;
static bed_conn c;

static void next_port(unsigned registrar)
{
    do
        c.tuple.client_port++;
    while (mpci_members_registrar(&p.m[A].eng->sync.members, &c.tuple) != registrar);
}

static void set_up(void)
{
    bed_config(&cfg, &cb);
}

static void syn_ack_at(unsigned member)
{
    bed_segment seg = bed_syn_ack_seg(&c);

    bed_in(&p.m[member], SERVER, &seg);
}

static void segment(unsigned member, unsigned from, unsigned flags, uint32_t seq, uint32_t ack,
                    uint32_t n)
{
    bed_segment seg = bed_data(&c, from, seq, ack, n);

    seg.s.flags = (uint16_t)flags;
    bed_in(&p.m[member], from, &seg);
}

/* The client proves itself at A, which announces it to B: the server's answers come there. */
static void prove(void)
{
    bed_syn(&p.m[A], &c);
    bed_proof(&p.m[A], &c);
}

static void handshake(void)
{
    prove();
    pair_deliver();
    syn_ack_at(B);
    pair_deliver();
    p.m[A].n_out = p.m[B].n_out = 0;
}

static void open_pair(unsigned registrar)
{
    mpconn_tuple t = bed_tuple(4, 1, 40000);

    pair_open(&cfg, &cb);
    c = bed_conn_of(&t, 0x11111111, 0x10);
    next_port(registrar);
}

/* A first connection has shown A the way. */
static void begin(unsigned registrar)
{
    open_pair(registrar);
    handshake();
}

static uint32_t flows_at(unsigned member)
{
    return p.m[member].eng->core.settled.pool[0].used;
}

static mpci_settled *flow_at(unsigned member)
{
    mpconn_engine *eng = p.m[member].eng;
    uint64_t hash = mpci_tuple_hash(&eng->core.table_key, &c.tuple);
    uint32_t slot = mpci_settled_find(&eng->core.settled, hash, &c.tuple);

    ck_assert_uint_ne(slot, MPCI_SLOT_NONE);
    return mpci_settled_at(&eng->core.settled, slot);
}

static int is_over_at(unsigned member)
{
    mpci_track t;

    mpci_settled_track_load(flow_at(member), &t);
    return mpci_track_is_over(&t);
}

/* The client gives up after others were told, and before they decide. */
START_TEST(V10_commit_of_what_the_client_gave_up_is_taken_back)
{
    bed_segment rst;

    begin(B);
    next_port(B);
    prove();
    rst = bed_seg(&c.tuple, SERVER, MPCI_TCP_RST, c.x + 1, 0);
    if (_i == 1) { /* the end is told, but lost; the commit draws it again */
        pair_deliver();
        bed_in(&p.m[A], CLIENT, &rst);
        pair_lose();
    } else {
        bed_in(&p.m[A], CLIENT, &rst);
    }
    syn_ack_at(B);
    pair_deliver();
    ck_assert_uint_eq(flows_at(A), 1);
    ck_assert_uint_eq(flows_at(B), 1);
    ck_assert_uint_eq(p.m[B].eng->core.handshakes.used, 1); /* of the first */
    pair_close();
}
END_TEST

/* What waited for the server to be heard goes on when that is waited for no more. */
START_TEST(R2_held_while_unheard_is_released_in_the_end)
{
    begin((unsigned)_i);
    segment(B, SERVER, MPCI_TCP_ACK, 3000000, 1, 100);
    ck_assert_int_eq(p.m[B].pkt.verdict, MPCONN_VERDICT_HOLD);
    p.m[B].n_released = 0;
    segment(B, SERVER, MPCI_TCP_ACK, 1, 1, 100);
    ck_assert_int_eq(p.m[B].pkt.verdict, MPCONN_VERDICT_FORWARD);
    segment(B, CLIENT, MPCI_TCP_ACK, 1, 101, 100);
    ck_assert_uint_eq(p.m[B].eng->core.handshakes.used, 0);
    ck_assert_uint_eq(p.m[B].n_released, 1);
    pair_close();
}
END_TEST

/* Nobody asks about what ends at that moment. */
START_TEST(V18b_what_ends_does_not_come_back)
{
    begin((unsigned)_i);
    segment(A, CLIENT, MPCI_TCP_ACK, 1, 1, 100);
    pair_deliver();
    for (unsigned i = 0; i < 7600; i += 10) {
        bed_pass(&p.m[A], 10 * MPCONN_SECOND);
        if (i < 7400)
            bed_pass(&p.m[B], 10 * MPCONN_SECOND);
        pair_deliver();
    }
    ck_assert_uint_eq(flows_at(B), 1); /* its time has not come */
    ck_assert_uint_eq(flows_at(A), 0);
    pair_close();
}
END_TEST

/* A RST counts at both in the end, whatever was still on its way when it was told. */
START_TEST(R11_reset_is_told_again)
{
    begin((unsigned)_i);
    segment(B, SERVER, MPCI_TCP_ACK, 1, 1, 100);
    pair_deliver();
    segment(A, CLIENT, MPCI_TCP_RST, 1, 0, 0);
    pair_deliver();
    ck_assert(is_over_at(B));
    segment(B, SERVER, MPCI_TCP_ACK, 101, 1, 100); /* sent before the RST came there */
    ck_assert(!is_over_at(B));
    pair_deliver();
    segment(A, CLIENT, MPCI_TCP_RST, 1, 0, 0); /* the client's answer to that */
    pair_deliver();
    ck_assert(is_over_at(A));
    ck_assert(is_over_at(B));
    pair_close();
}
END_TEST

/* The next incarnation is driven elsewhere, while the last one still stands here. */
START_TEST(R6_answer_to_a_driver_elsewhere_passes_an_older_flow)
{
    begin((unsigned)_i);
    segment(A, CLIENT, MPCI_TCP_ACK, 1, 1, 100);
    segment(B, SERVER, MPCI_TCP_ACK, 1, 101, 100);
    pair_deliver();
    segment(A, CLIENT, MPCI_TCP_ACK, 101, 101, 100);
    ck_assert_uint_eq(p.m[A].eng->core.handshakes.used, 0);
    flow_at(A)->use |= MPCI_SETTLED_FORGOTTEN;
    c.x += 100000;
    c.z += 100000;
    prove();
    pair_deliver();
    p.m[A].n_out = p.m[B].n_out = 0;
    syn_ack_at(B);
    ck_assert_uint_ne(p.m[B].pkt.reason, MPCONN_REASON_SERVER_STALE);
    pair_deliver();
    ck_assert_uint_eq(flow_at(A)->client_isn, c.x);
    ck_assert_uint_eq(flow_at(B)->client_isn, c.x);
    pair_close();
}
END_TEST

/* The driver's next number counts, not the one it left. */
START_TEST(R3_expected_number_is_the_last_that_was_told)
{
    bed_segment proof;

    begin((unsigned)_i);
    next_port((unsigned)_i);
    prove();
    pair_deliver();
    c.x += 100000; /* the client begins anew, and its proof shows that */
    bed_syn(&p.m[A], &c);
    proof = bed_proof_seg(&c);
    bed_in(&p.m[A], CLIENT, &proof);
    pair_deliver();
    p.m[A].n_out = p.m[B].n_out = 0;
    syn_ack_at(B);
    pair_deliver();
    ck_assert_uint_eq(flow_at(A)->client_isn, c.x);
    ck_assert_uint_eq(flow_at(B)->client_isn, c.x);
    pair_close();
}
END_TEST

/* Who was told of the SYN is told that its answer came elsewhere. */
START_TEST(R1a_lone_commit_ends_what_others_expect)
{
    begin(A);
    next_port(A);
    prove();
    pair_deliver();
    ck_assert_uint_eq(p.m[B].eng->core.handshakes.used, 2);
    syn_ack_at(A);
    pair_deliver();
    ck_assert_uint_eq(p.m[B].eng->core.handshakes.used, 1);
    ck_assert_uint_eq(flow_at(B)->client_isn, c.x);
    pair_close();
}
END_TEST

/* What is over is not told as being driven: who hears that might drive it when this member falls
 * silent. */
START_TEST(R3_question_about_what_is_over_is_answered_so)
{
    uint32_t before;

    open_pair((unsigned)_i);
    bed_settle(&p.m[A], &c);
    segment(A, CLIENT, MPCI_TCP_ACK, 1, 1, 100);
    segment(A, SERVER, MPCI_TCP_ACK, 1, 101, 100);
    segment(A, CLIENT, MPCI_TCP_RST, 101, 0, 0);
    ck_assert(is_over_at(A));
    pair_lose();
    before = p.m[B].eng->core.handshakes.used;
    segment(B, SERVER, MPCI_TCP_ACK, 101, 101, 100);
    ck_assert_int_eq(p.m[B].pkt.verdict, MPCONN_VERDICT_HOLD);
    pair_deliver();
    ck_assert_uint_eq(p.m[B].eng->core.handshakes.used, before);
    pair_close();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("asymmetric_ends");
    TCase *tc = tcase_create("asymmetric_ends");

    tcase_add_checked_fixture(tc, set_up, NULL);
    tcase_add_loop_test(tc, V10_commit_of_what_the_client_gave_up_is_taken_back, 0, 2);
    tcase_add_loop_test(tc, R2_held_while_unheard_is_released_in_the_end, 0, 2);
    tcase_add_loop_test(tc, V18b_what_ends_does_not_come_back, 0, 2);
    tcase_add_loop_test(tc, R11_reset_is_told_again, 0, 2);
    tcase_add_loop_test(tc, R6_answer_to_a_driver_elsewhere_passes_an_older_flow, 0, 2);
    tcase_add_loop_test(tc, R3_expected_number_is_the_last_that_was_told, 0, 2);
    tcase_add_loop_test(tc, R3_question_about_what_is_over_is_answered_so, 0, 2);
    tcase_add_test(tc, R1a_lone_commit_ends_what_others_expect);
    suite_add_tcase(s, tc);
    return check_run(s);
}
