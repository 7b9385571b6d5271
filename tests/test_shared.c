/* SPDX-License-Identifier: BSD-2-Clause */
/* What members tell one another of connections that stand: late, early, at their end, and when two
 * commits meet. */
#include "carried.h"
#include "check_main.h"
#include "engine_support.h"

static void expect_reason(unsigned member, unsigned reason)
{
    ck_assert_msg(m[member]->pkt.reason == reason, "%s instead of %s",
                  mpconn_reason_name(m[member]->pkt.reason), mpconn_reason_name(reason));
}

/* Client through A, server through B. */
static void settle_asymmetric(void)
{
    bed_syn(m[A], &c);
    bed_proof(m[A], &c);
    bed_syn_ack(m[B], &c);
    sync_carry(&net);
    ck_assert_uint_eq(flows_at(A), 1);
    ck_assert_uint_eq(flows_at(B), 1);
    m[A]->n_out = m[B]->n_out = 0;
}

START_TEST(A3_short_connection_is_told_to_nobody)
{
    mpconn_stats s;

    sync_start(&net);
    bed_settle(m[A], &c);
    say(A, CLIENT, MPCI_TCP_ACK, 1, 1, 100);
    say(A, SERVER, MPCI_TCP_ACK | MPCI_TCP_FIN, 1, 101, 100);
    say(A, CLIENT, MPCI_TCP_ACK | MPCI_TCP_FIN, 101, 102, 0);
    say(A, SERVER, MPCI_TCP_ACK, 102, 102, 0);
    sync_pass(&net, 301 * MPCONN_SECOND);
    s = bed_stats(m[A]);
    ck_assert_uint_eq(s.records_out, 0);
    ck_assert_uint_eq(s.flows_never_told, 1);
    ck_assert_uint_eq(flows_at(B), 0);
}
END_TEST

START_TEST(A3_connection_that_lives_is_told_when_its_time_has_come)
{
    bed_timeouts.defer_ns = 5 * MPCONN_SECOND;
    sync_start(&net);
    bed_settle(m[A], &c);
    say(A, CLIENT, MPCI_TCP_ACK, 1, 1, 100);
    say(A, SERVER, MPCI_TCP_ACK, 1, 101, 100);
    sync_pass(&net, 5 * MPCONN_SECOND - 1);
    ck_assert_uint_eq(flows_at(B), 0);
    sync_pass(&net, 1);
    ck_assert_uint_eq(flows_at(B), 1);
    say(B, CLIENT, MPCI_TCP_ACK, 101, 101, 10); /* A is gone: B goes on without a question */
    expect_reason(B, MPCONN_REASON_TRANSLATED);
}
END_TEST

START_TEST(A2_request_is_announced_while_the_client_is_answered)
{
    mpconn_stats s;

    net.at[A].cfg.announce = MPCONN_ANNOUNCE_EARLY;
    sync_start(&net);
    bed_syn(m[A], &c);
    s = bed_stats(m[A]);
    ck_assert_uint_eq(s.records_out, 1);
    sync_carry(&net);
    s = bed_stats(m[B]);
    ck_assert_uint_eq(s.records_in, 1);
    ck_assert_uint_eq(s.handshakes, 1);
    bed_proof(m[A], &c);
    s = bed_stats(m[A]);
    ck_assert_uint_eq(s.records_out, 2);
}
END_TEST

/* Each member sees one half of the end. */
START_TEST(V18_fins_seen_by_different_members_close_both_copies)
{
    sync_start(&net);
    settle_asymmetric();
    say(A, CLIENT, MPCI_TCP_ACK | MPCI_TCP_FIN, 1, 1, 100);
    sync_carry(&net);
    say(B, SERVER, MPCI_TCP_ACK | MPCI_TCP_FIN, 1, 102, 50);
    sync_carry(&net);
    say(A, CLIENT, MPCI_TCP_ACK, 102, 52, 0);
    sync_carry(&net);
    for (unsigned i = 0; i < 2; i++) {
        mpconn_flow f;
        mpconn_flow_cursor cursor = {0};

        MPCONN_STRUCT_INIT(&f);
        ck_assert_int_eq(mpconn_engine_flow_next(m[i]->eng, &cursor, &f), MPCONN_OK);
        ck_assert_msg(f.state == MPCONN_FLOW_CLOSED, "member %u: %s", i,
                      mpconn_flow_state_name(f.state));
    }
}
END_TEST

START_TEST(V18_reset_seen_by_one_member_ends_both_copies)
{
    sync_start(&net);
    settle_asymmetric();
    say(A, CLIENT, MPCI_TCP_ACK, 1, 1, 100);
    say(B, SERVER, MPCI_TCP_ACK, 1, 101, 50);
    say(A, CLIENT, MPCI_TCP_ACK | MPCI_TCP_RST, 101, 51, 0);
    sync_carry(&net);
    ck_assert_uint_ne(mpci_settled_at(&m[B]->eng->core.settled, 0)->state >> 3 & MPCI_LIFE_RST,
                      0);
}
END_TEST

START_TEST(killed_flow_is_over_at_the_other_member)
{
    mpconn_flow_filter all;

    sync_start(&net);
    settle_asymmetric();
    MPCONN_STRUCT_INIT(&all);
    ck_assert_int_eq(mpconn_engine_kill(m[A]->eng, &all, NULL, m[A]->now), MPCONN_OK);
    sync_carry(&net);
    ck_assert_uint_eq(flows_at(B), 0);
    ck_assert_uint_eq(m[B]->n_events, 2);
    ck_assert_uint_eq(m[B]->events[1].type, MPCONN_EVENT_ENDED);
    ck_assert_uint_eq(m[B]->events[1].reason, MPCONN_REASON_KILLED);
}
END_TEST

/* A member of a later version may have reasons that are not known here. */
START_TEST(flow_that_is_over_for_a_reason_of_a_later_version_is_over)
{
    static const uint8_t codes[] = {MPCONN_REASON_NONE, 255};
    mpci_record r = {0};

    sync_start(&net);
    settle_asymmetric();
    r.type = MPCI_RECORD_CLOSE;
    r.tuple = c.tuple;
    r.client_isn = c.x;
    r.code = codes[_i];
    sync_put(&net, A, net.at[B].id, &r);
    sync_flush(&net, A);
    sync_carry(&net);
    ck_assert_uint_eq(flows_at(B), 0);
    ck_assert_uint_eq(m[B]->events[1].type, MPCONN_EVENT_ENDED);
    ck_assert_uint_eq(m[B]->events[1].reason, MPCONN_REASON_FLOW_RESET);
}
END_TEST

/* Each member committed alone on a number of its own; returns that of B. */
static bed_conn settle_apart(void)
{
    bed_conn other = c;
    bed_segment syn;

    sync_start(&net);
    bed_settle(m[A], &c);
    other.z = c.z + 0x20000000;
    other.y = c.y;
    other.proxy_ts = c.proxy_ts;
    syn = bed_syn_seg(&other); /* B answered the SYN as well, and sees the other SYN|ACK */
    bed_in(m[B], CLIENT, &syn);
    bed_proof(m[B], &other);
    bed_syn_ack(m[B], &other);
    return other;
}

/* The server's first segment at A, which holds and asks. */
static void server_speaks_at_a(const bed_conn *with)
{
    bed_segment seg = bed_data(with, SERVER, 1, 1, 10);

    bed_in(m[A], SERVER, &seg);
    ck_assert_int_eq(m[A]->pkt.verdict, MPCONN_VERDICT_HOLD);
}

static void expect_corrected_at_a(void)
{
    ck_assert_uint_eq(m[A]->n_released, 1);
    bed_in_again(m[A], &m[A]->pkt);
    expect_reason(A, MPCONN_REASON_TRANSLATED);
    bed_view(m[A], &(mpci_view){0}, NULL); /* and it is whole */
}

/* Rule 4 of doc/model.md: A committed alone on a number that the server did not take. */
START_TEST(R2_number_the_server_names_wins_over_a_commit)
{
    bed_conn other = settle_apart();
    bed_segment seg = bed_data(&other, SERVER, 1, 1, 10);

    bed_in(m[B], SERVER, &seg);
    expect_reason(B, MPCONN_REASON_TRANSLATED);
    sync_lose(&net);
    server_speaks_at_a(&other);
    sync_carry(&net);
    expect_corrected_at_a();
}
END_TEST

/* B was not told by the server that it is right: but its number is the one that A hears. */
START_TEST(R2_number_the_server_names_here_is_that_of_another_s_commit)
{
    bed_conn other = settle_apart();

    sync_lose(&net);
    server_speaks_at_a(&other);
    if (_i == 1) { /* the question is lost, and asked again */
        sync_lose(&net);
        sync_pass(&net, 2 * MPCONN_SECOND);
    }
    sync_carry(&net);
    expect_corrected_at_a();
}
END_TEST

START_TEST(R2_number_that_nobody_committed_is_not_taken)
{
    bed_conn other = settle_apart();

    sync_lose(&net);
    other.z += 0x20000000;
    server_speaks_at_a(&other);
    sync_carry(&net);
    ck_assert_uint_eq(m[A]->n_released, 0);
}
END_TEST

/* V12b where the two ways differ. */
START_TEST(V12b_older_incarnation_is_reset_from_where_it_answers)
{
    bed_segment seg;
    const bed_out *out;

    sync_start(&net);
    bed_syn(m[A], &c);
    bed_proof(m[A], &c);
    m[A]->n_out = 0;
    seg = bed_seg(&c.tuple, CLIENT, MPCI_TCP_ACK, 0x777, 0x888); /* its challenge ACK */
    bed_in(m[B], SERVER, &seg);
    ck_assert_int_eq(m[B]->pkt.verdict, MPCONN_VERDICT_HOLD);
    sync_carry(&net);
    ck_assert_uint_eq(m[B]->n_released, 1);
    bed_in_again(m[B], &m[B]->pkt);
    expect_reason(B, MPCONN_REASON_SERVER_STALE);
    out = bed_take(m[B]);
    ck_assert_uint_eq(out->view.flags, MPCI_TCP_RST);
    ck_assert_uint_eq(out->view.seq, 0x888);
    sync_carry(&net);
    out = bed_take(m[A]); /* our SYN again, at once */
    ck_assert_uint_eq(out->view.flags, MPCI_TCP_SYN);
    ck_assert_uint_eq(out->view.seq, c.x);
}
END_TEST

/* All that B says to the server is of this kind, and there is so much of it. */
static void expect_to_server_at_b(unsigned n, unsigned flags, uint32_t seq, uint32_t ack)
{
    unsigned found = 0;

    while (m[B]->n_out > 0) {
        const bed_out *out = bed_take(m[B]);

        if (out->pkt.side != SERVER)
            continue;
        ck_assert_uint_eq(out->view.flags, flags);
        ck_assert_uint_eq(out->view.seq, seq);
        ck_assert_uint_eq(out->view.ack, ack);
        found++;
    }
    ck_assert_uint_eq(found, n);
}

/* A told B that it drives, and died: after five seconds B takes it for dead. */
static void driver_dies(unsigned registrar, int answered)
{
    net.at[A].cfg.announce = MPCONN_ANNOUNCE_EARLY;
    start(registrar);
    bed_syn(m[A], &c);
    bed_proof(m[A], &c);
    sync_carry(&net);
    if (answered)
        bed_syn_ack(m[B], &c);
    sync_end(&net, A);
    m[B]->n_out = 0;
}

/* B did not see the server's answer: it sends the SYN, and repeats that after one
 * second and two. */
START_TEST(R1d_driver_that_died_unanswered_is_replaced)
{
    driver_dies((unsigned)_i, 0);
    sync_pass(&net, 8 * MPCONN_SECOND);
    expect_to_server_at_b(3, MPCI_TCP_SYN, c.x, 0);
    bed_syn_ack(m[B], &c);
    ck_assert_uint_eq(flows_at(B), 1);
    expect_to_server_at_b(1, MPCI_TCP_ACK, c.x + 1, c.z + 1);
}
END_TEST

/* B saw it, and nothing more has to come: it sends the final ACK. Where A was to decide (_i == 0),
 * it decides, and repeats that after one second and two; where it has decided, the next of its own
 * repetitions, after seven seconds, is that. */
START_TEST(R1d_driver_that_died_answered_is_replaced)
{
    driver_dies((unsigned)_i, 1);
    sync_pass(&net, 8 * MPCONN_SECOND);
    ck_assert_uint_eq(flows_at(B), 1);
    expect_to_server_at_b(_i == A ? 3 : 1, MPCI_TCP_ACK, c.x + 1, c.z + 1);
}
END_TEST

/* R2: A has all there is to know, and B, who is to decide, died a moment ago. */
START_TEST(R2_registrar_that_died_is_waited_for_and_replaced)
{
    const bed_out *out;

    net.at[A].cfg.announce = MPCONN_ANNOUNCE_EARLY;
    sync_start(&net);
    while (sync_registrar(&net, &c.tuple) != B)
        c.tuple.client_port++;
    sync_end(&net, B);
    bed_syn(m[A], &c);
    bed_proof(m[A], &c);
    m[A]->n_out = 0;
    bed_syn_ack(m[A], &c);
    sync_pass(&net, 8 * MPCONN_SECOND);
    out = bed_take(m[A]); /* no SYN again, and no RST: the server did answer */
    ck_assert_uint_eq(out->view.flags, MPCI_TCP_ACK);
    ck_assert_uint_eq(out->view.ack, c.z + 1);
    ck_assert_uint_eq(flows_at(A), 1);
}
END_TEST

/* A flood of strangers at one member is not a flood between members (principle 7). */
START_TEST(R12_questions_about_strangers_have_a_budget)
{
    bed_segment seg;
    mpconn_stats s;

    net.at[A].cfg.max_handshakes = 8192;
    sync_start(&net);
    for (unsigned i = 0; i < 2000; i++) {
        mpconn_tuple t = bed_tuple(4, i, (uint16_t)(1024 + i));

        seg = bed_seg(&t, SERVER, MPCI_TCP_ACK, 1, 1);
        bed_in(m[A], CLIENT, &seg);
        sync_lose(&net);
    }
    s = bed_stats(m[A]);
    ck_assert_uint_eq(s.records_out, 500);
    ck_assert_uint_eq(bed_count(m[A], MPCONN_REASON_ASK_BUDGET), 1500);
    bed_syn_ack(m[A], &c); /* what comes from the server's side is asked all the same */
    s = bed_stats(m[A]);
    ck_assert_uint_eq(s.records_out, 501);
    sync_lose(&net);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("shared");
    TCase *tc = tcase_create("shared");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, A3_short_connection_is_told_to_nobody);
    tcase_add_test(tc, A3_connection_that_lives_is_told_when_its_time_has_come);
    tcase_add_test(tc, A2_request_is_announced_while_the_client_is_answered);
    tcase_add_test(tc, V18_fins_seen_by_different_members_close_both_copies);
    tcase_add_test(tc, V18_reset_seen_by_one_member_ends_both_copies);
    tcase_add_test(tc, killed_flow_is_over_at_the_other_member);
    tcase_add_loop_test(tc, flow_that_is_over_for_a_reason_of_a_later_version_is_over, 0, 2);
    tcase_add_test(tc, R2_number_the_server_names_wins_over_a_commit);
    tcase_add_loop_test(tc, R2_number_the_server_names_here_is_that_of_another_s_commit, 0, 2);
    tcase_add_test(tc, R2_number_that_nobody_committed_is_not_taken);
    tcase_add_test(tc, V12b_older_incarnation_is_reset_from_where_it_answers);
    tcase_add_loop_test(tc, R1d_driver_that_died_unanswered_is_replaced, 0, 2);
    tcase_add_loop_test(tc, R1d_driver_that_died_answered_is_replaced, 0, 2);
    tcase_add_test(tc, R2_registrar_that_died_is_waited_for_and_replaced);
    tcase_add_test(tc, R12_questions_about_strangers_have_a_budget);
    suite_add_tcase(s, tc);
    return check_run(s);
}
