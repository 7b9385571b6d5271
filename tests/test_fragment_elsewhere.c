/* SPDX-License-Identifier: BSD-2-Clause */
/* First fragments that come to a member which knows nothing of their flow, but another does. */
#include "carried.h"
#include "check_main.h"
#include "engine_support.h"
#include "fragmenting.h"

static raw first_of(const bed_segment *seg)
{
    raw whole = {.l4 = 20};

    whole.len = (uint32_t)bed_build(whole.bytes, sizeof whole.bytes, seg);
    return fragment_of(&whole, 0, 480, 1);
}

static raw first_from(unsigned from)
{
    bed_segment seg = bed_data(&c, from, 1, 1, 1000);

    return first_of(&seg);
}

START_TEST(first_fragment_is_held_until_another_member_has_told_of_its_flow)
{
    raw r;

    start((unsigned)_i & 1);
    bed_settle(m[A], &c);
    sync_carry(&net);
    ck_assert(carried_flow(B) == NULL);
    r = first_from((unsigned)_i >> 1);
    bed_raw(m[B], (unsigned)_i >> 1, &r);
    ck_assert_uint_eq(m[B]->pkt.verdict, MPCONN_VERDICT_HOLD);
    sync_carry(&net);
    ck_assert_uint_eq(m[B]->n_released, 1);
    bed_in_again(m[B], &m[B]->pkt);
    ck_assert_uint_eq(m[B]->pkt.verdict, MPCONN_VERDICT_FORWARD);
    ck_assert_uint_eq(m[B]->pkt.reason, MPCONN_REASON_FRAGMENT_TRANSLATED);
}
END_TEST

START_TEST(first_fragment_that_nobody_knows_is_dropped)
{
    raw r;

    start((unsigned)_i & 1);
    c.y = 77;
    r = first_from((unsigned)_i >> 1);
    bed_raw(m[B], (unsigned)_i >> 1, &r);
    ck_assert_uint_eq(m[B]->pkt.verdict, MPCONN_VERDICT_HOLD);
    sync_carry(&net);
    ck_assert_uint_eq(m[B]->n_released, 1);
    bed_in_again(m[B], &m[B]->pkt);
    ck_assert_uint_eq(m[B]->pkt.verdict, MPCONN_VERDICT_DROP);
    ck_assert_uint_eq(m[B]->pkt.reason, MPCONN_REASON_DEAD_FLOW);
    ck_assert_uint_eq(m[A]->n_out + m[B]->n_out, 0);
}
END_TEST

/* It acknowledges what a member told the client, but whether all of its segment is right nobody can
 * tell: as a proof counts the whole one. */
START_TEST(E27_first_fragment_opens_nothing_at_another_member)
{
    bed_segment proof;
    raw r;

    start((unsigned)_i);
    bed_syn(m[A], &c);
    m[A]->n_out = 0;
    proof = bed_proof_seg(&c);
    proof.payload = 1000;
    r = first_of(&proof);
    bed_raw(m[B], CLIENT, &r);
    ck_assert_uint_eq(m[B]->pkt.verdict, MPCONN_VERDICT_HOLD);
    sync_carry(&net);
    ck_assert_uint_eq(m[A]->n_out + m[B]->n_out, 0);
    bed_in_again(m[B], &m[B]->pkt);
    ck_assert_uint_eq(m[B]->pkt.verdict, MPCONN_VERDICT_DROP);
    ck_assert_uint_eq(m[B]->pkt.reason, MPCONN_REASON_DEAD_FLOW);
    bed_in(m[B], CLIENT, &proof);
    sync_carry(&net);
    ck_assert_uint_eq(m[A]->n_out + m[B]->n_out, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fragment_elsewhere");
    TCase *tc = tcase_create("by registrar and side");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, first_fragment_is_held_until_another_member_has_told_of_its_flow, 0,
                        4);
    tcase_add_loop_test(tc, first_fragment_that_nobody_knows_is_dropped, 0, 4);
    tcase_add_loop_test(tc, E27_first_fragment_opens_nothing_at_another_member, 0, 2);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
