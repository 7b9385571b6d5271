/* SPDX-License-Identifier: BSD-2-Clause */
/* A member that was told nothing: because nobody had to know (V13), because nobody expected the
 * answer there (V4), or because it was started anew (V19). */
#include "carried.h"
#include "check_main.h"

static void expect_reason(unsigned member, unsigned reason)
{
    ck_assert_msg(m[member]->pkt.reason == reason, "%s instead of %s",
                  mpconn_reason_name(m[member]->pkt.reason), mpconn_reason_name(reason));
}

/* A drives and tells nobody; what it makes for the endpoints is forgotten. */
static void drive(void)
{
    bed_syn(m[A], &c);
    bed_proof(m[A], &c);
    ck_assert_uint_eq(net.n_queue, 0);
    m[A]->n_out = 0;
}

/* One of each: to the server from A, to the client from B. */
static void expect_confirmed(void)
{
    const bed_out *out = bed_take(m[A]);

    ck_assert_uint_eq(out->pkt.side, SERVER);
    ck_assert_uint_eq(out->view.flags, MPCI_TCP_ACK);
    ck_assert_uint_eq(out->view.ack, c.z + 1);
    out = bed_take(m[B]);
    ck_assert_uint_eq(out->pkt.side, CLIENT);
    ck_assert_uint_eq(out->view.flags, MPCI_TCP_ACK);
    ck_assert_uint_eq(out->view.seq, c.y + 1);
    ck_assert_uint_eq(m[A]->n_out + m[B]->n_out, 0);
}

/* It is held, nobody is answered, and one word to each other member asks; the SYN|ACK itself never
 * reaches the client, and need not come again. */
START_TEST(V4_answer_that_nobody_expects_here_is_held_and_asked_about)
{
    mpconn_pkt held;

    start((unsigned)_i);
    drive();
    bed_syn_ack(m[B], &c);
    held = m[B]->pkt;
    ck_assert_int_eq(held.verdict, MPCONN_VERDICT_HOLD);
    ck_assert_uint_eq(m[B]->n_out, 0);
    ck_assert_uint_eq(sync_waiting(&net, B, A), 1);
    sync_carry(&net);
    expect_confirmed();
    ck_assert_uint_eq(m[B]->n_released, 1);
    bed_in_again(m[B], &held);
    ck_assert_int_eq(held.verdict, MPCONN_VERDICT_CONSUMED);
    ck_assert_uint_eq(m[B]->n_out, 0);
}
END_TEST

/* The question is lost. A server with cookies repeats nothing: B asks again by itself (_i == 0);
 * any other does after a second (1). */
START_TEST(V4_lost_question_is_asked_again)
{
    start(A);
    drive();
    bed_syn_ack(m[B], &c);
    sync_lose(&net);
    if (_i == 1) {
        bed_syn_ack(m[B], &c);
        ck_assert_int_eq(m[B]->pkt.verdict, MPCONN_VERDICT_CONSUMED);
        ck_assert_uint_eq(sync_waiting(&net, B, A), 1);
        sync_carry(&net);
    } else {
        sync_pass(&net, 50 * MPCONN_MILLISECOND);
    }
    expect_confirmed();
}
END_TEST

/* Nothing is told while one member sees both ways; as soon as the client acknowledges what the
 * server said elsewhere, the others are asked, before the deferral is over. */
START_TEST(V13_missed_segment_ends_the_deferral)
{
    bed_timeouts.defer_ns = 600 * MPCONN_SECOND;
    start((unsigned)_i);
    bed_settle(m[A], &c);
    say(A, CLIENT, MPCI_TCP_ACK, 1, 1, 100);
    say(A, SERVER, MPCI_TCP_ACK, 1, 101, 100);
    say(A, CLIENT, MPCI_TCP_ACK, 101, 101, 100);
    ck_assert_uint_eq(sync_waiting(&net, A, B), 0);
    say(A, CLIENT, MPCI_TCP_ACK, 201, 301, 0); /* 200 bytes of the server went past A */
    ck_assert_uint_eq(sync_waiting(&net, A, B), 1);
    ck_assert_uint_eq(m[A]->eng->sync.records_out[MPCI_RECORD_QUERY], 1);
}
END_TEST

/* Who saw both ways decides alone, and the end of what was told to nobody is told to nobody. */
START_TEST(V13_symmetric_connection_is_decided_alone)
{
    start((unsigned)_i);
    bed_settle(m[A], &c);
    ck_assert_uint_eq(flows_at(A), 1);
    say(A, CLIENT, MPCI_TCP_ACK, 1, 1, 100);
    say(A, SERVER, MPCI_TCP_ACK, 1, 101, 100);
    say(A, CLIENT, MPCI_TCP_RST, 101, 0, 0);
    ck_assert_uint_eq(net.n_queue, 0);
    ck_assert_uint_eq(flows_at(B), 0);
}
END_TEST

/* A was started anew: what it says counts from the greeting on that names B's own challenge, and it
 * carries the flow again as soon as it asked. */
START_TEST(V19_restarted_member_is_heard_after_its_greeting_and_carries_on)
{
    mpci_record r = sync_record(c.tuple.client_port);
    sync_letter early;
    mpconn_pkt held;

    start((unsigned)_i);
    drive();
    bed_syn_ack(m[B], &c);
    sync_carry(&net);
    say(B, SERVER, MPCI_TCP_ACK, 1, 1, 100);
    sync_carry(&net);
    sync_boot(&net, A);
    sync_lose(&net);
    r.tuple = c.tuple;
    r.type = MPCI_RECORD_CLOSE;
    r.client_isn = c.x;
    sync_put(&net, A, net.at[B].id, &r);
    sync_flush(&net, A);
    early = sync_take(&net, A, B);
    ck_assert_uint_eq(sync_input(&net, B, early.bytes, early.len), MPCONN_SYNC_UNKNOWN_BOOT);
    ck_assert_uint_eq(flows_at(B), 1);
    sync_pass(&net, 2 * MPCONN_SECOND);
    ck_assert(sync_knows(&net, B, A));
    say(A, CLIENT, MPCI_TCP_ACK, 1, 101, 10);
    held = m[A]->pkt;
    ck_assert_int_eq(held.verdict, MPCONN_VERDICT_HOLD);
    sync_carry(&net);
    bed_in_again(m[A], &held);
    m[A]->pkt = held;
    expect_reason(A, MPCONN_REASON_TRANSLATED);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("not_told");
    TCase *tc = tcase_create("not_told");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, V4_answer_that_nobody_expects_here_is_held_and_asked_about, 0, 2);
    tcase_add_loop_test(tc, V4_lost_question_is_asked_again, 0, 2);
    tcase_add_loop_test(tc, V13_missed_segment_ends_the_deferral, 0, 2);
    tcase_add_loop_test(tc, V13_symmetric_connection_is_decided_alone, 0, 2);
    tcase_add_loop_test(tc, V19_restarted_member_is_heard_after_its_greeting_and_carries_on, 0, 2);
    suite_add_tcase(s, tc);
    return check_run(s);
}
