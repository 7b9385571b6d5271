/* SPDX-License-Identifier: BSD-2-Clause */
/* Sessions removed by their controller, or whose flow the host kills: who is told what. */
#include "check_main.h"
#include "meeting.h"

enum { ACK = MPCI_TCP_ACK, CLOSED = MPCONN_SESSION_EVENT_CLOSED };

static meeting m;
static meeting_client a, b;

static void setup(void)
{
    meeting_open_default(&m);
    a = meeting_client_of(&m, 0, 1, 40001);
    b = meeting_client_of(&m, 1, 1, 40002);
}

static void teardown(void)
{
    meeting_close(&m);
}

static void remove_it(void)
{
    ck_assert_int_eq(mpconn_session_remove(m.b.eng, "m", m.b.now), MPCONN_OK);
}

/* Whatever side the host says. */
static void send_from(const meeting_client *c, unsigned side, uint32_t seq, uint32_t ack)
{
    bed_segment seg = bed_seg(&c->leg, c->side ^ 1, ACK, seq, ack);

    seg.payload = 5;
    bed_in(&m.b, side, &seg);
}

START_TEST(both_clients_of_a_removed_session_get_an_exact_rst)
{
    const mpconn_session_event *ev;

    meeting_join(&m, &a, &b);
    meeting_carry(&m, &a, &b, 1, 1, 100);
    meeting_carry(&m, &b, &a, 1, 101, 50);
    remove_it();
    meeting_reset(&m, &a, b.isn + 51, a.isn + 101);
    meeting_reset(&m, &b, a.isn + 101, b.isn + 51);
    ck_assert_uint_eq(m.b.n_out, 0);
    ev = meeting_event(&m, CLOSED, MPCONN_REASON_SESSION_REMOVED);
    ck_assert_uint_ne(ev->flow, 0);
    ck_assert_uint_eq(ev->stats[0].packets_in, 2); /* its ACK and its data */
    ck_assert_uint_eq(ev->stats[1].packets_in, 1);
    ck_assert_uint_eq(m.n_events, 0);
}
END_TEST

START_TEST(client_of_a_removed_session_that_goes_on_gets_an_exact_rst_each_time)
{
    meeting_join(&m, &a, &b);
    remove_it();
    m.b.n_out = 0;
    for (unsigned side = 0; side < 2; side++) {
        send_from(&a, side, a.isn + 1, b.isn + 1);
        ck_assert_uint_eq(m.b.pkt.reason, MPCONN_REASON_DEAD_FLOW);
        ck_assert_uint_eq(bed_take(&m.b)->view.seq, b.isn + 1);
        send_from(&b, side, b.isn + 1, a.isn + 1);
        ck_assert_uint_eq(m.b.pkt.reason, MPCONN_REASON_DEAD_FLOW);
        ck_assert_uint_eq(bed_take(&m.b)->view.seq, a.isn + 1);
    }
    ck_assert_uint_eq(m.b.n_out, 0);
}
END_TEST

START_TEST(session_that_takes_the_place_of_a_removed_one_joins_the_same_clients)
{
    meeting_join(&m, &a, &b);
    remove_it();
    m.b.n_out = 0;
    m.n_events = 0;
    ck_assert_int_eq(mpconn_session_add(m.b.eng, &m.config, m.b.now), MPCONN_OK);
    a.isn += 77;
    b.isn += 99;
    meeting_join(&m, &a, &b);
    meeting_carry(&m, &a, &b, 1, 1, 100);
    meeting_carry(&m, &b, &a, 1, 101, 50);
    ck_assert_uint_eq(meeting_session(&m).pairs, 1);
    ck_assert_uint_eq(m.n_events, 0); /* what ended was no flow of this one */
}
END_TEST

/* Its RST passes here and is lost behind us: the other client goes on, and so would it. */
START_TEST(connection_that_a_reset_may_not_have_ended_is_over_with_its_session)
{
    meeting_join(&m, &a, &b);
    meeting_send(&m, &a, MPCI_TCP_RST, a.isn + 1, 0, 0);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_CLOSING);
    m.b.n_out = 0;
    remove_it();
    meeting_reset(&m, &a, b.isn + 1, a.isn + 1);
    meeting_reset(&m, &b, a.isn + 1, b.isn + 1);
    send_from(&b, b.side, b.isn + 1, a.isn + 1);
    ck_assert_uint_eq(m.b.pkt.reason, MPCONN_REASON_DEAD_FLOW);
    ck_assert_uint_eq(bed_take(&m.b)->view.seq, a.isn + 1);
}
END_TEST

START_TEST(nobody_is_told_of_a_removed_session_whose_clients_have_said_good_bye)
{
    meeting_join(&m, &a, &b);
    meeting_send(&m, &a, MPCI_TCP_FIN | ACK, a.isn + 1, b.isn + 1, 0);
    meeting_send(&m, &b, MPCI_TCP_FIN | ACK, b.isn + 1, a.isn + 2, 0);
    meeting_send(&m, &a, ACK, a.isn + 2, b.isn + 2, 0);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_CLOSING);
    m.b.n_out = 0;
    remove_it();
    ck_assert_uint_eq(m.b.n_out, 0);
}
END_TEST

START_TEST(nobody_is_told_of_a_removed_session_that_was_not_joined)
{
    meeting_syn(&m, &a);
    m.n_events = 0;
    remove_it();
    ck_assert_uint_eq(m.b.n_out, 0);
    ck_assert_uint_eq(m.n_events, 0);
    ck_assert_uint_eq(mpconn_engine_count(m.b.eng, MPCONN_REASON_KILLED), 0);
}
END_TEST

/* R13: they may be others than they seem, and were answered already. */
START_TEST(R13_client_that_proved_nothing_is_told_no_more_than_it_said)
{
    mpconn_flow_filter all;

    meeting_pair(&m, &a, &b);
    if (_i == 0) {
        remove_it();
    } else {
        MPCONN_STRUCT_INIT(&all);
        ck_assert_int_eq(mpconn_engine_kill(m.b.eng, &all, NULL, m.b.now), MPCONN_OK);
    }
    ck_assert_uint_eq(m.b.n_out, 0);
    send_from(&b, MPCONN_SIDE_SERVER, b.isn + 1, a.isn + 1); /* who says more, is told more */
    ck_assert_uint_eq(bed_take(&m.b)->view.flags & MPCI_TCP_RST, MPCI_TCP_RST);
}
END_TEST

START_TEST(client_that_acknowledged_is_told_and_the_other_one_is_not)
{
    meeting_pair(&m, &a, &b);
    meeting_ack(&m, &b, &a);
    remove_it();
    meeting_reset(&m, &b, a.isn + 1, b.isn + 1);
    ck_assert_uint_eq(m.b.n_out, 0);
}
END_TEST

START_TEST(killed_flow_of_a_session_closes_it_and_tells_both)
{
    mpconn_flow_filter all;
    size_t killed = 0;

    meeting_join(&m, &a, &b);
    MPCONN_STRUCT_INIT(&all);
    ck_assert_int_eq(mpconn_engine_kill(m.b.eng, &all, &killed, m.b.now), MPCONN_OK);
    ck_assert_uint_eq(killed, 1);
    meeting_reset(&m, &a, b.isn + 1, a.isn + 1);
    meeting_reset(&m, &b, a.isn + 1, b.isn + 1);
    (void)meeting_event(&m, CLOSED, MPCONN_REASON_KILLED);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_CLOSING);
    m.b.n_out = 0;
    remove_it(); /* is told once */
    ck_assert_uint_eq(m.b.n_out, 0);
    ck_assert_uint_eq(m.n_events, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("session_removed");
    TCase *tc = tcase_create("session_removed");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, both_clients_of_a_removed_session_get_an_exact_rst);
    tcase_add_test(tc, client_of_a_removed_session_that_goes_on_gets_an_exact_rst_each_time);
    tcase_add_test(tc, session_that_takes_the_place_of_a_removed_one_joins_the_same_clients);
    tcase_add_test(tc, connection_that_a_reset_may_not_have_ended_is_over_with_its_session);
    tcase_add_test(tc, nobody_is_told_of_a_removed_session_whose_clients_have_said_good_bye);
    tcase_add_test(tc, nobody_is_told_of_a_removed_session_that_was_not_joined);
    tcase_add_loop_test(tc, R13_client_that_proved_nothing_is_told_no_more_than_it_said, 0, 2);
    tcase_add_test(tc, client_that_acknowledged_is_told_and_the_other_one_is_not);
    tcase_add_test(tc, killed_flow_of_a_session_closes_it_and_tells_both);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
