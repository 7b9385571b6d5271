/* SPDX-License-Identifier: BSD-2-Clause */
/* A client that proves itself at two members, neither of which can be sure that the other does not
 * carry it already: each asks, and each is asked. */
#include "carried.h"
#include "check_main.h"
#include "split/machine.h"

/* Both wait for the other's word: B's question was answered "no", but the answer was lost, and then
 * the client proves itself at A, too. */
static void claim_at_both(unsigned registrar)
{
    bed_segment proof;

    start(registrar);
    bed_syn(m[A], &c);
    proof = bed_proof_seg(&c);
    bed_in(m[B], CLIENT, &proof);
    ck_assert_uint_eq(sync_deliver(&net, B, A), 1);
    sync_lose(&net);
    bed_in(m[A], CLIENT, &proof);
    ck_assert_uint_eq(carried_entry(A)->state, MPCI_ST_CLAIMING);
    ck_assert_uint_eq(carried_entry(B)->state, MPCI_ST_CLAIMING);
}

static unsigned syns_to_server(const bed *b)
{
    unsigned n = 0;

    for (unsigned i = 0; i < b->n_out; i++)
        n += b->out[i].view.flags == MPCI_TCP_SYN && b->out[i].pkt.side == SERVER;
    return n;
}

START_TEST(V3_of_two_that_claim_the_registrar_opens)
{
    unsigned other = (unsigned)_i ^ 1;

    claim_at_both((unsigned)_i);
    sync_carry(&net);
    sync_pass(&net, MPCONN_SECOND / 2);
    ck_assert_uint_eq(syns_to_server(m[_i]), 1);
    ck_assert_uint_eq(syns_to_server(m[other]), 0);
    ck_assert_uint_eq(carried_entry(other)->state, MPCI_ST_CLAIMING);
    bed_syn_ack(m[B], &c);
    sync_pass(&net, 2 * MPCONN_SECOND);
    ck_assert(carried_flow(A) != NULL && carried_flow(B) != NULL);
    ck_assert_uint_eq(carried_flow(A)->seq_offset, c.z - c.y);
    ck_assert_uint_eq(carried_flow(B)->seq_offset, c.z - c.y);
}
END_TEST

/* Whatever of their questions and answers is lost, it goes on. */
START_TEST(V3_two_that_claim_go_on_over_a_bad_channel)
{
    for (int i = 0; i < _i; i++)
        (void)seed_next(&net.rng);
    claim_at_both((unsigned)_i % 2);
    net.strict = 0; /* what comes late or twice is refused */
    net.loss = net.repeat = net.reorder = 30;
    for (unsigned i = 0; i < 30 && syns_to_server(m[A]) + syns_to_server(m[B]) == 0; i++)
        sync_pass(&net, MPCONN_SECOND);
    ck_assert_uint_ge(syns_to_server(m[A]) + syns_to_server(m[B]), 1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("claims_meet");
    TCase *tc = tcase_create("claims_meet");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, V3_of_two_that_claim_the_registrar_opens, 0, 2);
    tcase_add_loop_test(tc, V3_two_that_claim_go_on_over_a_bad_channel, 0, 20);
    suite_add_tcase(s, tc);
    return check_run(s);
}
