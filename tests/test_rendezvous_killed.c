/* SPDX-License-Identifier: BSD-2-Clause */
/* A pair that is over at several members: whoever of its clients goes on hears of it where it
 * speaks. */
#include "meeting_members.h"

static meeting_client a, b;

/* The second client has acknowledged. */
static void begin(unsigned who)
{
    open_answered(who, &a, &b);
    acknowledge(1, &b, &a);
    sync_carry(&net);
    ck_assert_uint_eq(state_at(0), MPCONN_SESSION_HALF);
}

static void forget_what_was_sent(void)
{
    for (unsigned i = 0; i < 2; i++)
        while (net.at[i].b.n_out > 0)
            (void)bed_take(&net.at[i].b);
}

static void kill_at(unsigned at, uint32_t flags)
{
    mpconn_flow_filter all;

    MPCONN_STRUCT_INIT(&all);
    all.flags = flags;
    ck_assert_int_eq(mpconn_engine_kill(engine(at), &all, NULL, net.now), MPCONN_OK);
    sync_carry(&net);
    for (unsigned i = 0; i < 2; i++)
        ck_assert(state_at(i) == MPCONN_SESSION_IDLE || state_at(i) == MPCONN_SESSION_CLOSING);
    forget_what_was_sent();
}

static void assert_reset(unsigned at, const meeting_client *c, const meeting_client *other)
{
    const bed_out *o;

    acknowledge(at, c, other);
    ck_assert_msg(net.at[at].b.n_out == 1, "client %u heard %u packets", c->side,
                  net.at[at].b.n_out);
    o = bed_take(&net.at[at].b);
    ck_assert_uint_eq(o->view.flags, MPCI_TCP_RST);
    ck_assert_uint_eq(o->view.seq, other->isn + 1);
    ck_assert_uint_eq(o->pkt.side, c->side);
}

/* Both members give up by themselves, and tell one another. */
START_TEST(R13_who_acknowledges_after_the_end_is_told)
{
    for (unsigned who = 0; who < 2; who++) {
        begin(who);
        sync_pass(&net, 12 * MPCONN_SECOND);
        ck_assert_uint_ne(state_at(0), MPCONN_SESSION_HALF);
        ck_assert_uint_ne(state_at(1), MPCONN_SESSION_HALF);
        forget_what_was_sent();
        assert_reset(0, &a, &b);
        assert_reset(1, &b, &a);
        sync_bed_close(&net);
    }
}
END_TEST

START_TEST(who_goes_on_at_another_member_than_the_one_that_killed_is_told)
{
    for (unsigned at = 0; at < 2; at++) {
        begin(0);
        kill_at(at, 0);
        assert_reset(0, &a, &b);
        assert_reset(1, &b, &a);
        sync_bed_close(&net);
    }
}
END_TEST

START_TEST(nobody_is_told_where_the_host_wants_silence)
{
    for (unsigned at = 0; at < 2; at++) {
        begin(0);
        kill_at(at, MPCONN_KILL_F_SILENT);
        acknowledge(0, &a, &b);
        acknowledge(1, &b, &a);
        sync_carry(&net);
        assert_silent();
        sync_bed_close(&net);
    }
}
END_TEST

/* They are joined again, and the word of it is lost: what does not fit the old numbers may be of
 * the new ones. */
START_TEST(new_connection_is_not_reset_for_the_old_one)
{
    begin(0);
    kill_at(0, 0);
    a.isn += 0x40000000;
    b.isn += 0x40000000;
    call(0, &a);
    call(0, &b);
    sync_lose(&net);
    forget_what_was_sent();
    acknowledge(1, &b, &a);
    assert_silent();
    sync_carry(&net);
    assert_silent();
    sync_bed_close(&net);
}
END_TEST

START_TEST(R19_reset_of_a_new_call_is_not_of_the_old_connection)
{
    bed_segment seg;

    begin(0);
    kill_at(0, 0);
    a.isn += 0x40000000;
    call(0, &a);
    ck_assert_uint_eq(state_at(0), MPCONN_SESSION_WAITING);
    seg = bed_seg(&a.leg, a.side ^ 1, MPCI_TCP_RST, a.isn + 1, 0);
    hand_in(0, &a, &seg);
    ck_assert_uint_eq(net.at[0].b.pkt.reason, MPCONN_REASON_SESSION_RESET);
    ck_assert_uint_eq(state_at(0), MPCONN_SESSION_IDLE);
    sync_bed_close(&net);
}
END_TEST

/* The first two decide; b calls the second of them, a the third. The first carries nothing, and the
 * last knows nothing of it. */
static void join_beside_the_first(void)
{
    open_members(4);
    choose_directors();
    add_at(0);
    assert_joined(2, 1);
    a = client_of(0);
    b = client_of(1);
    ck_assert_uint_eq(state_at(0), MPCONN_SESSION_ESTABLISHED);
    ck_assert_uint_eq(state_at(3), MPCONN_SESSION_IDLE);
}

static void kill_all_at(unsigned at)
{
    mpconn_flow_filter all;
    size_t killed = 0;

    MPCONN_STRUCT_INIT(&all);
    ck_assert_int_eq(mpconn_engine_kill(engine(at), &all, &killed, net.now), MPCONN_OK);
    ck_assert_uint_eq(killed, 1);
}

/* That the life of a flow has gone on is told to all. */
static void end_of_a(unsigned at)
{
    bed_segment fin = bed_seg(&a.leg, a.side ^ 1, MPCI_TCP_FIN | MPCI_TCP_ACK, a.isn + 11,
                              b.isn + 11);

    hand_in(at, &a, &fin);
    ck_assert_uint_eq(net.at[at].b.pkt.verdict, MPCONN_VERDICT_FORWARD);
}

/* Where a went on the word of the end was lost. */
START_TEST(connection_that_ended_where_it_was_not_carried_does_not_come_back)
{
    for (unsigned removes = 0; removes < 2; removes++) {
        join_beside_the_first();
        if (removes)
            ck_assert_int_eq(mpconn_session_remove(engine(0), config.name, net.now), MPCONN_OK);
        else
            kill_all_at(0);
        (void)sync_take(&net, 0, 2);
        sync_carry(&net);
        forget_what_was_sent();
        end_of_a(2);
        sync_carry(&net);
        ck_assert_uint_eq(count(3, MPCONN_REASON_FLOW_COPIED), 0);
        ck_assert(!carries(3, &a, &b));
        ck_assert(!carries(2, &a, &b)); /* the others have said it again */
        sync_bed_close(&net);
    }
}
END_TEST

int main(void)
{
    return CHECK_MAIN("rendezvous_killed", R13_who_acknowledges_after_the_end_is_told,
                      who_goes_on_at_another_member_than_the_one_that_killed_is_told,
                      nobody_is_told_where_the_host_wants_silence,
                      new_connection_is_not_reset_for_the_old_one,
                      R19_reset_of_a_new_call_is_not_of_the_old_connection,
                      connection_that_ended_where_it_was_not_carried_does_not_come_back);
}
