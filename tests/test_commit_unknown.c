/* SPDX-License-Identifier: BSD-2-Clause */
/* A commit that comes to a member which knows nothing of it any more: it was started anew, or had
 * no room when it heard of the handshake. */
#include "carried.h"
#include "check_main.h"
#include "split/machine.h"

/* A drives, B decides; A is started anew before the commit comes there. */
static void forget_at_driver(void)
{
    start(B);
    bed_syn(m[A], &c);
    bed_proof(m[A], &c);
    bed_syn_ack(m[B], &c); /* B asks who drives */
    (void)sync_deliver(&net, B, A);
    (void)sync_deliver(&net, A, B); /* and decides */
    sync_lose(&net);
    ck_assert_ptr_nonnull(carried_flow(B));
    sync_boot(&net, A);
    sync_meet(&net);
    ck_assert_ptr_null(carried_entry(A));
}

/* The committer says it again until it is acknowledged. */
START_TEST(V20_restarted_driver_takes_the_commit)
{
    forget_at_driver();
    sync_pass(&net, MPCONN_SECOND);
    ck_assert_ptr_nonnull(carried_flow(A));
    ck_assert_uint_eq(carried_flow(A)->seq_offset, c.z - c.y);
    ck_assert_uint_eq(carried_flow(A)->ts_offset, c.server_ts - c.proxy_ts);
    ck_assert_uint_eq(carried_entry(B)->roles & MPCI_ROLE_OWES_DRIVER, 0);
    say(A, CLIENT, MPCI_TCP_ACK, 1, 1, 100);
    ck_assert_int_eq(m[A]->pkt.reason, MPCONN_REASON_TRANSLATED);
}
END_TEST

/* The server has not heard the driver: it repeats its SYN|ACK, and the new life of the driver can
 * say what that waits for. */
START_TEST(V11_restarted_driver_acknowledges_for_its_former_life)
{
    const bed_out *out;

    forget_at_driver();
    sync_pass(&net, MPCONN_SECOND / 2);
    m[A]->n_out = 0;
    bed_syn_ack(m[B], &c);
    sync_carry(&net);
    out = bed_take(m[A]);
    ck_assert_uint_eq(out->pkt.side, SERVER);
    ck_assert_uint_eq(out->view.flags, MPCI_TCP_ACK);
    ck_assert_uint_eq(out->view.seq, c.x + 1);
    ck_assert_uint_eq(out->view.ack, c.z + 1);
}
END_TEST

/* The same for one that has no room for handshakes but some for flows. */
START_TEST(commit_without_room_for_an_entry_is_kept_as_a_copy)
{
    mpconn_engine *eng;

    forget_at_driver();
    eng = m[A]->eng;
    eng->split.half_open = eng->core.handshakes.capacity;
    sync_pass(&net, MPCONN_SECOND);
    ck_assert_ptr_null(carried_entry(A));
    ck_assert_ptr_nonnull(carried_flow(A));
    ck_assert_uint_eq(mpci_settled_flags(carried_flow(A)) &
                          (MPCI_SETTLED_CONFIRMING | MPCI_SETTLED_SHARED | MPCI_SETTLED_SPLIT),
                      MPCI_SETTLED_SHARED | MPCI_SETTLED_SPLIT);
    ck_assert_uint_eq(carried_entry(B)->roles & MPCI_ROLE_OWES_DRIVER, 0);
    eng->split.half_open = 0;
}
END_TEST

static void say_commit_again(void)
{
    mpci_record r = {.type = MPCI_RECORD_COMMIT, .tuple = c.tuple, .client_isn = c.x,
                     .generation = 1, .server_isn = c.z, .seq_offset = c.z - c.y};

    sync_put(&net, B, 1, &r);
    sync_flush(&net, B);
    sync_carry(&net);
}

/* One that comes late does not revive what is over, here or in the memory of the dead. */
START_TEST(R3_commit_of_what_is_over_is_answered_so)
{
    uint64_t closes;

    start(B);
    carried_handshake();
    say(A, CLIENT, MPCI_TCP_RST, 1, 0, 0);
    sync_carry(&net);
    ck_assert_uint_eq(carried_state(A), MPCONN_FLOW_RESET);
    if (_i == 1) {
        sync_pass(&net, 300 * MPCONN_SECOND);
        ck_assert_ptr_null(carried_flow(A));
        mpci_core_bury(&m[A]->eng->core,
                       mpci_tuple_hash(&m[A]->eng->core.table_key, &c.tuple), c.x,
                       MPCI_TOMBSTONE_FOUND);
    }
    closes = carried_said(A, MPCI_RECORD_CLOSE);
    say_commit_again();
    ck_assert_uint_eq(carried_said(A, MPCI_RECORD_CLOSE), closes + 1);
    ck_assert(carried_flow(A) == NULL || carried_state(A) == MPCONN_FLOW_RESET);
    ck_assert_ptr_null(carried_entry(A));
}
END_TEST

/* Nor does it take the place of a later incarnation. */
START_TEST(R3_commit_of_an_older_incarnation_replaces_nothing)
{
    uint32_t x;

    start(B);
    carried_handshake();
    x = c.x;
    sync_pass(&net, 5 * MPCONN_SECOND);
    mpci_handshake_remove(&m[A]->eng->core.handshakes, carried_entry(A));
    c.x -= 1000;
    say_commit_again();
    ck_assert_uint_eq(carried_flow(A)->client_isn, x);
    ck_assert_ptr_null(carried_entry(A));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("commit_unknown");
    TCase *tc = tcase_create("commit_unknown");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, V20_restarted_driver_takes_the_commit);
    tcase_add_test(tc, V11_restarted_driver_acknowledges_for_its_former_life);
    tcase_add_test(tc, commit_without_room_for_an_entry_is_kept_as_a_copy);
    tcase_add_loop_test(tc, R3_commit_of_what_is_over_is_answered_so, 0, 2);
    tcase_add_test(tc, R3_commit_of_an_older_incarnation_replaces_nothing);
    suite_add_tcase(s, tc);
    return check_run(s);
}
