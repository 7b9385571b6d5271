/* SPDX-License-Identifier: BSD-2-Clause */
/* A client that forgot a connection which lives here, and whose next SYN another member answered:
 * its proof says so here, but may have come there, too. */
#include "carried.h"
#include "check_main.h"

START_TEST(R1a_next_incarnation_is_not_driven_before_the_others_are_asked)
{
    bed_segment proof;

    start((unsigned)_i);
    bed_settle(m[A], &c);
    c.x += 1000000;
    c.z += 1000000;
    bed_syn(m[B], &c);
    proof = bed_proof_seg(&c);
    bed_in(m[A], CLIENT, &proof);
    ck_assert_int_eq(m[A]->pkt.verdict, MPCONN_VERDICT_CONSUMED);
    ck_assert_uint_eq(m[A]->n_out, 0);
    sync_carry(&net);
    ck_assert_uint_eq(carried_said(A, MPCI_RECORD_DRIVE), 1);
    ck_assert_uint_eq(m[A]->n_out, 1);
    ck_assert_uint_eq(m[A]->out[0].view.flags, MPCI_TCP_SYN);
    ck_assert_uint_eq(m[A]->out[0].view.seq, c.x);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("next_elsewhere");
    TCase *tc = tcase_create("next_elsewhere");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, R1a_next_incarnation_is_not_driven_before_the_others_are_asked, 0, 2);
    suite_add_tcase(s, tc);
    return check_run(s);
}
