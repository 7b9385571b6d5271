/* SPDX-License-Identifier: BSD-2-Clause */
/* A handshake that waits to hear an endpoint, while its client went on elsewhere: it must not stand
 * in the way of the next one. */
#include "carried.h"
#include "check_main.h"
#include "split/machine.h"

/* The flow ended at A, which B never heard: there it lives, and its handshake is not confirmed. */
static void end_at_one(unsigned registrar)
{
    carried_begin(registrar);
    carried_handshake();
    carried_segment(A, CLIENT, MPCI_TCP_RST, 1, 0, 0);
    sync_lose(&net);
    ck_assert_uint_eq(carried_state(A), MPCONN_FLOW_RESET);
    ck_assert_uint_eq(carried_state(B), MPCONN_FLOW_OPEN);
    ck_assert_uint_eq(carried_entry(B)->state, MPCI_ST_CONFIRMING);
}

START_TEST(R3_driver_elsewhere_shows_that_the_client_went_on)
{
    end_at_one((unsigned)_i);
    c.x += 0x10000;
    c.z += 0x20000;
    m[A]->n_out = 0;
    bed_syn(m[A], &c);
    bed_proof(m[A], &c);
    sync_carry(&net);
    ck_assert_ptr_nonnull(carried_entry(B));
    ck_assert_uint_eq(carried_entry(B)->client_isn, c.x);
    bed_syn_ack(m[B], &c);
    ck_assert_int_eq(m[B]->pkt.reason, MPCONN_REASON_SERVER_ANSWERED);
    sync_carry(&net);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_uint_eq(carried_flow(i)->client_isn, c.x);
        ck_assert_uint_eq(carried_flow(i)->seq_offset, c.z - c.y);
    }
}
END_TEST

/* ... and so does its commit. */
START_TEST(R3_commit_of_the_next_shows_it_too)
{
    mpci_record r = {.type = MPCI_RECORD_COMMIT, .generation = 2,
                     .server_isn = 77, .seq_offset = 7};

    end_at_one(A);
    r.tuple = c.tuple;
    r.client_isn = c.x + 0x10000;
    sync_put(&net, A, 2, &r);
    sync_flush(&net, A);
    sync_carry(&net);
    ck_assert_uint_eq(carried_flow(B)->client_isn, c.x + 0x10000);
    ck_assert_uint_eq(carried_flow(B)->seq_offset, 7);
}
END_TEST

/* Who is told that it is over does not go on to ask, and to say what nobody waits for. */
START_TEST(handshake_of_a_flow_that_is_over_elsewhere_is_done)
{
    mpci_record dead = {.type = MPCI_RECORD_REPLY, .code = 2};

    end_at_one(A);
    dead.tuple = c.tuple;
    dead.client_isn = c.x;
    sync_put(&net, A, 2, &dead);
    sync_flush(&net, A);
    sync_carry(&net);
    ck_assert_uint_eq(carried_state(B), MPCONN_FLOW_RESET);
    ck_assert_ptr_null(carried_entry(B));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("left_behind");
    TCase *tc = tcase_create("left_behind");

    tcase_add_checked_fixture(tc, carried_set_up, carried_tear_down);
    tcase_add_loop_test(tc, R3_driver_elsewhere_shows_that_the_client_went_on, 0, 2);
    tcase_add_test(tc, R3_commit_of_the_next_shows_it_too);
    tcase_add_test(tc, handshake_of_a_flow_that_is_over_elsewhere_is_done);
    suite_add_tcase(s, tc);
    return check_run(s);
}
