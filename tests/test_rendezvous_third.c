/* SPDX-License-Identifier: BSD-2-Clause */
/* Members that did not answer: an acknowledgment that comes there counts, what they wait for they
 * give up in time, and they hear at once that a connection is over. */
#include "meeting_members.h"
#include "split/share.h"

enum { THIRD = 2 };

static meeting_client a, b;

/* a was answered by the first member, which decides, b by the second. */
static void answer_both(void)
{
    open_members(3);
    choose_directors();
    add_at(0);
    a = client_of(0);
    b = client_of(1);
    call(0, &a);
    sync_carry(&net);
    call(1, &b);
    sync_carry(&net);
    assert_answer(0, &a, &b, 1);
    assert_answer(1, &b, &a, 1);
    ck_assert_uint_eq(state_at(THIRD), MPCONN_SESSION_IDLE);
}

/* What was held there comes again, as its host was told. */
static unsigned come_again(unsigned at)
{
    bed *m = &net.at[at].b;
    uint8_t bytes[BED_ROOM];
    mpconn_pkt held = m->pkt;

    held.data = memcpy(bytes, m->bytes, sizeof bytes);
    sync_carry(&net);
    ck_assert_uint_eq(m->n_released, 1);
    bed_in_again(m, &held);
    sync_carry(&net);
    return held.verdict;
}

START_TEST(first_acknowledgment_that_comes_to_a_third_member_counts)
{
    for (unsigned side = 0; side < 2; side++) {
        answer_both();
        acknowledge(THIRD, side == 0 ? &a : &b, side == 0 ? &b : &a);
        ck_assert_uint_eq(net.at[THIRD].b.pkt.verdict, MPCONN_VERDICT_HOLD);
        ck_assert_uint_eq(come_again(THIRD), MPCONN_VERDICT_CONSUMED);
        for (unsigned i = 0; i < 3; i++)
            ck_assert_msg(session_at(i)->confirmed == 1u << side, "member %u: %u", i,
                          session_at(i)->confirmed);
        acknowledge(side == 0 ? 1 : 0, side == 0 ? &b : &a, side == 0 ? &a : &b);
        sync_carry(&net);
        sync_pass(&net, 2 * MPCONN_SECOND);
        for (unsigned i = 0; i < 3; i++)
            ck_assert_msg(state_at(i) == MPCONN_SESSION_ESTABLISHED, "member %u: %u", i,
                          state_at(i));
        ck_assert(carries(THIRD, &a, &b));
        ck_assert(carries(THIRD, &b, &a));
        sync_bed_close(&net);
    }
}
END_TEST

/* Nobody else says anything that would have the others look. */
START_TEST(reset_that_another_member_saw_closes_the_session_at_once)
{
    bed_segment reset;

    answer_both();
    acknowledge(0, &a, &b);
    sync_carry(&net);
    acknowledge(1, &b, &a);
    sync_carry(&net);
    ck_assert_uint_eq(state_at(1), MPCONN_SESSION_ESTABLISHED);
    reset = bed_seg(&b.leg, b.side ^ 1, MPCI_TCP_RST, b.isn + 1, 0);
    hand_in(1, &b, &reset);
    ck_assert_uint_eq(net.at[1].b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    sync_carry(&net);
    ck_assert_uint_eq(state_at(1), MPCONN_SESSION_CLOSING);
    ck_assert_uint_eq(state_at(0), MPCONN_SESSION_CLOSING);
    ck_assert_uint_eq(told_of(MPCONN_SESSION_EVENT_CLOSED), 1); /* by who decides */
    sync_bed_close(&net);
}
END_TEST

START_TEST(connection_that_another_member_killed_is_over_at_once)
{
    mpconn_flow_filter all;
    size_t killed = 0;

    MPCONN_STRUCT_INIT(&all);
    answer_both();
    acknowledge(0, &a, &b);
    sync_carry(&net);
    acknowledge(1, &b, &a);
    sync_carry(&net);
    ck_assert_int_eq(mpconn_engine_kill(engine(1), &all, &killed, net.now), MPCONN_OK);
    ck_assert_uint_eq(killed, 1);
    sync_carry(&net);
    ck_assert_uint_eq(state_at(1), MPCONN_SESSION_CLOSING);
    ck_assert_uint_eq(state_at(0), MPCONN_SESSION_IDLE);
    ck_assert_uint_eq(told_of(MPCONN_SESSION_EVENT_CLOSED), 1);
    sync_bed_close(&net);
}
END_TEST

/* As who asks about a connection is told by who knows that it is over. */
START_TEST(connection_that_another_member_says_is_over_closes_the_session_at_once)
{
    mpci_record reply;

    answer_both();
    acknowledge(0, &a, &b);
    sync_carry(&net);
    acknowledge(1, &b, &a);
    sync_carry(&net);
    ck_assert_uint_eq(state_at(0), MPCONN_SESSION_ESTABLISHED);
    memset(&reply, 0, sizeof reply);
    reply.type = MPCI_RECORD_REPLY;
    reply.tuple = a.leg;
    reply.client_isn = a.isn;
    reply.code = MPCI_REPLY_DEAD;
    sync_put(&net, THIRD, net.at[0].id, &reply);
    sync_flush(&net, THIRD);
    sync_carry(&net);
    ck_assert_uint_eq(state_at(0), MPCONN_SESSION_CLOSING);
    sync_bed_close(&net);
}
END_TEST

/* Seconds from now until a member has given it up. */
static unsigned patience_of(unsigned at)
{
    unsigned seconds = 0;

    for (; state_at(at) == MPCONN_SESSION_HALF && seconds < 200; seconds++)
        sync_pass(&net, MPCONN_SECOND);
    return seconds;
}

/* b has acknowledged, and a does not. It has called for half a minute: where it calls its next SYN
 * may be on its way for as long again, but where it does not nobody would hear of that. */
START_TEST(client_that_does_not_acknowledge_is_given_up_in_time_where_it_did_not_call)
{
    unsigned seconds;

    open_members(2);
    choose_registrar(1);
    add_at(0);
    a = client_of(0);
    b = client_of(1);
    for (unsigned gap = 1; gap <= 16; gap *= 2) {
        call(0, &a);
        sync_carry(&net);
        sync_pass(&net, gap * MPCONN_SECOND);
    }
    call(0, &a);
    sync_carry(&net);
    call(1, &b);
    sync_carry(&net);
    assert_answer(0, &a, &b, 1);
    assert_answer(1, &b, &a, 1);
    acknowledge(1, &b, &a);
    sync_carry(&net);
    seconds = patience_of(1);
    ck_assert_msg(seconds >= 10 && seconds <= 12, "%u s", seconds);
    ck_assert_uint_ne(state_at(0), MPCONN_SESSION_HALF);
    sync_bed_close(&net);
}
END_TEST

int main(void)
{
    return CHECK_MAIN("rendezvous_third",
                      first_acknowledgment_that_comes_to_a_third_member_counts,
                      reset_that_another_member_saw_closes_the_session_at_once,
                      connection_that_another_member_killed_is_over_at_once,
                      connection_that_another_member_says_is_over_closes_the_session_at_once,
                      client_that_does_not_acknowledge_is_given_up_in_time_where_it_did_not_call);
}
