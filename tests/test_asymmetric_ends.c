/* SPDX-License-Identifier: BSD-2-Clause */
/* What two members keep of handshakes and flows that ended, or went another way than they were
 * told: found by the simulator. */
#include "carried.h"
#include "check_main.h"

/* The client proves itself at A, which announces it to B: the server's answers come there. */
static void prove(void)
{
    bed_syn(m[A], &c);
    bed_proof(m[A], &c);
}

static void handshake(void)
{
    prove();
    sync_carry(&net);
    bed_syn_ack(m[B], &c);
    sync_carry(&net);
    m[A]->n_out = m[B]->n_out = 0;
}

/* A first connection has shown A the way. */
static void begin(unsigned registrar)
{
    start(registrar);
    handshake();
}

static mpci_settled *flow_at(unsigned member)
{
    mpconn_engine *eng = m[member]->eng;
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
        sync_carry(&net);
        bed_in(m[A], CLIENT, &rst);
        sync_lose(&net);
    } else {
        bed_in(m[A], CLIENT, &rst);
    }
    bed_syn_ack(m[B], &c);
    sync_carry(&net);
    ck_assert_uint_eq(flows_at(A), 1);
    ck_assert_uint_eq(flows_at(B), 1);
    ck_assert_uint_eq(m[B]->eng->core.handshakes.used, 1); /* of the first */
}
END_TEST

/* What waited for the server to be heard goes on when that is waited for no more. */
START_TEST(R2_held_while_unheard_is_released_in_the_end)
{
    begin((unsigned)_i);
    say(B, SERVER, MPCI_TCP_ACK, 3000000, 1, 100);
    ck_assert_int_eq(m[B]->pkt.verdict, MPCONN_VERDICT_HOLD);
    m[B]->n_released = 0;
    say(B, SERVER, MPCI_TCP_ACK, 1, 1, 100);
    ck_assert_int_eq(m[B]->pkt.verdict, MPCONN_VERDICT_FORWARD);
    say(B, CLIENT, MPCI_TCP_ACK, 1, 101, 100);
    ck_assert_uint_eq(m[B]->eng->core.handshakes.used, 0);
    ck_assert_uint_eq(m[B]->n_released, 1);
    ck_assert_uint_eq(m[B]->release_reason, MPCONN_REASON_RELEASED);
}
END_TEST

/* Nobody asks about what ends at that moment. */
START_TEST(V18b_what_ends_does_not_come_back)
{
    begin((unsigned)_i);
    say(A, CLIENT, MPCI_TCP_ACK, 1, 1, 100);
    sync_carry(&net);
    sync_pass(&net, 7400 * MPCONN_SECOND);
    for (unsigned i = 0; i < 20; i++) { /* B's time has not come */
        net.at[A].ahead += 10 * MPCONN_SECOND;
        sync_pass(&net, 0);
    }
    ck_assert_uint_eq(flows_at(B), 1);
    ck_assert_uint_eq(flows_at(A), 0);
}
END_TEST

/* A RST counts at both in the end, whatever was still on its way when it was told. */
START_TEST(R11_reset_is_told_again)
{
    begin((unsigned)_i);
    say(B, SERVER, MPCI_TCP_ACK, 1, 1, 100);
    sync_carry(&net);
    say(A, CLIENT, MPCI_TCP_RST, 1, 0, 0);
    sync_carry(&net);
    ck_assert(is_over_at(B));
    say(B, SERVER, MPCI_TCP_ACK, 101, 1, 100); /* sent before the RST came there */
    ck_assert(is_over_at(B));
    sync_pass(&net, 2 * MPCONN_SECOND);
    say(B, SERVER, MPCI_TCP_ACK, 101, 1, 100); /* it never came there */
    ck_assert(!is_over_at(B));
    sync_carry(&net);
    ck_assert(!is_over_at(A));
    say(A, CLIENT, MPCI_TCP_RST, 1, 0, 0); /* the client's answer to that */
    sync_carry(&net);
    ck_assert(is_over_at(A));
    ck_assert(is_over_at(B));
}
END_TEST

/* The next incarnation is driven elsewhere, while the last one still stands here. */
START_TEST(R6_answer_to_a_driver_elsewhere_passes_an_older_flow)
{
    begin((unsigned)_i);
    say(A, CLIENT, MPCI_TCP_ACK, 1, 1, 100);
    say(B, SERVER, MPCI_TCP_ACK, 1, 101, 100);
    sync_carry(&net);
    say(A, CLIENT, MPCI_TCP_ACK, 101, 101, 100);
    ck_assert_uint_eq(m[A]->eng->core.handshakes.used, 0);
    flow_at(A)->use |= MPCI_SETTLED_FORGOTTEN;
    c.x += 100000;
    c.z += 100000;
    prove();
    sync_carry(&net);
    m[A]->n_out = m[B]->n_out = 0;
    bed_syn_ack(m[B], &c);
    ck_assert_uint_ne(m[B]->pkt.reason, MPCONN_REASON_SERVER_STALE);
    sync_carry(&net);
    ck_assert_uint_eq(flow_at(A)->client_isn, c.x);
    ck_assert_uint_eq(flow_at(B)->client_isn, c.x);
}
END_TEST

/* The driver's next number counts, not the one it left. */
START_TEST(R3_expected_number_is_the_last_that_was_told)
{
    bed_segment proof;

    begin((unsigned)_i);
    next_port((unsigned)_i);
    prove();
    sync_carry(&net);
    c.x += 100000; /* the client begins anew, and its proof shows that */
    bed_syn(m[A], &c);
    proof = bed_proof_seg(&c);
    bed_in(m[A], CLIENT, &proof);
    sync_carry(&net);
    m[A]->n_out = m[B]->n_out = 0;
    bed_syn_ack(m[B], &c);
    sync_carry(&net);
    ck_assert_uint_eq(flow_at(A)->client_isn, c.x);
    ck_assert_uint_eq(flow_at(B)->client_isn, c.x);
}
END_TEST

/* Who was told of the SYN is told that its answer came elsewhere. */
START_TEST(R1a_lone_commit_ends_what_others_expect)
{
    begin(A);
    next_port(A);
    prove();
    sync_carry(&net);
    ck_assert_uint_eq(m[B]->eng->core.handshakes.used, 2);
    bed_syn_ack(m[A], &c);
    sync_carry(&net);
    ck_assert_uint_eq(m[B]->eng->core.handshakes.used, 1);
    ck_assert_uint_eq(flow_at(B)->client_isn, c.x);
}
END_TEST

/* What is over is not told as being driven: who hears that might drive it when this member falls
 * silent. */
START_TEST(R3_question_about_what_is_over_is_answered_so)
{
    uint32_t before;

    start((unsigned)_i);
    bed_settle(m[A], &c);
    say(A, CLIENT, MPCI_TCP_ACK, 1, 1, 100);
    say(A, SERVER, MPCI_TCP_ACK, 1, 101, 100);
    say(A, CLIENT, MPCI_TCP_RST, 101, 0, 0);
    ck_assert(is_over_at(A));
    sync_lose(&net);
    before = m[B]->eng->core.handshakes.used;
    say(B, SERVER, MPCI_TCP_ACK, 101, 101, 100);
    ck_assert_int_eq(m[B]->pkt.verdict, MPCONN_VERDICT_HOLD);
    sync_carry(&net);
    ck_assert_uint_eq(m[B]->eng->core.handshakes.used, before);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("asymmetric_ends");
    TCase *tc = tcase_create("asymmetric_ends");

    tcase_add_checked_fixture(tc, set_up, tear_down);
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
