/* SPDX-License-Identifier: BSD-2-Clause */
/* A handshake that waits to hear an endpoint, while its client went on elsewhere: it must not stand
 * in the way of the next one. */
#include "carried.h"
#include "check_main.h"
#include "split/machine.h"

/* The flow ended at A, which B never heard: there it lives, and its handshake is not confirmed. */
static void end_at_one(unsigned registrar)
{
    start(registrar);
    carried_handshake();
    say(A, CLIENT, MPCI_TCP_RST, 1, 0, 0);
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

/* The server's answer to a number that nobody drives, and what it says next, come where an older
 * flow of the same ports lives. */
START_TEST(R6_held_for_another_number_is_not_translated_by_an_older_flow)
{
    uint32_t far = _i == 0 ? 0x50000000 : 101; /* 101 is where the older flow goes on */
    bed_segment syn_ack;
    mpconn_pkt held;

    start(A);
    carried_handshake();
    say(A, CLIENT, MPCI_TCP_ACK, 1, 1, 100);
    say(B, SERVER, MPCI_TCP_ACK, 1, 101, 100);
    sync_carry(&net);
    syn_ack = bed_seg(&c.tuple, CLIENT, MPCI_TCP_SYN | MPCI_TCP_ACK, c.z + 0x50000000 - 1,
                      c.x + 0x30000001);
    bed_in(m[B], SERVER, &syn_ack);
    ck_assert_uint_eq(carried_entry(B)->state, MPCI_ST_ANSWERING);
    say(B, SERVER, MPCI_TCP_ACK, far, 101, 50);
    ck_assert_int_eq(m[B]->pkt.verdict, MPCONN_VERDICT_HOLD);
    held = m[B]->pkt;
    m[B]->n_released = 0;
    sync_carry(&net);
    ck_assert_uint_eq(m[B]->n_released, 1);
    bed_in_again(m[B], &held);
    ck_assert_int_eq(held.verdict, _i == 0 ? MPCONN_VERDICT_DROP : MPCONN_VERDICT_FORWARD);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("left_behind");
    TCase *tc = tcase_create("left_behind");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, R3_driver_elsewhere_shows_that_the_client_went_on, 0, 2);
    tcase_add_test(tc, R3_commit_of_the_next_shows_it_too);
    tcase_add_test(tc, handshake_of_a_flow_that_is_over_elsewhere_is_done);
    tcase_add_loop_test(tc, R6_held_for_another_number_is_not_translated_by_an_older_flow, 0, 2);
    suite_add_tcase(s, tc);
    return check_run(s);
}
