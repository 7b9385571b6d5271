/* SPDX-License-Identifier: BSD-2-Clause */
/* A client that moves, and comes to a member that has nothing to do with its pair: neither client
 * called there, and it decides nothing. */
#include "meeting_members.h"

enum { FAR = 2, BYTES = 100 };

static meeting_client client[2], moved;
static uint32_t said[2]; /* bytes that each of them has sent */

static unsigned say(unsigned at, const meeting_client *from, uint32_t ahead)
{
    unsigned side = from->side;
    bed_segment seg = bed_seg(&from->leg, side ^ 1, MPCI_TCP_ACK,
                              from->isn + 1 + said[side] + ahead,
                              client[side ^ 1].isn + 1 + said[side ^ 1]);

    seg.payload = BYTES;
    hand_in(at, from, &seg);
    if (net.at[at].b.pkt.verdict == MPCONN_VERDICT_FORWARD)
        said[side] += BYTES;
    return net.at[at].b.pkt.verdict;
}

/* Client 0 comes to the first member, client 1 to the second, which decide; then one is silent. */
static void begin(unsigned side, unsigned latch)
{
    meeting m;

    open_members(3);
    choose_directors();
    config.termination[0].latch = config.termination[1].latch = (uint8_t)latch;
    add_at(0);
    assert_joined(0, 1);
    for (unsigned i = 0; i < 2; i++) {
        client[i] = client_of(i);
        said[i] = 0;
    }
    for (unsigned i = 0; i < 6; i++) /* from where numbers of the handshake do not reach */
        ck_assert_uint_eq(say(i % 2, &client[i % 2], 0), MPCONN_VERDICT_FORWARD);
    m.config = config;
    moved = meeting_client_of(&m, side, 9, 51234);
    moved.isn = client[side].isn;
    ck_assert_uint_eq(state_at(FAR), MPCONN_SESSION_IDLE);
}

/* It repeats what was not acknowledged. */
static unsigned come_and_wait(uint32_t ahead)
{
    (void)say(FAR, &moved, ahead);
    sync_carry(&net);
    sync_pass(&net, 1100 * MPCONN_MILLISECOND);
    return say(FAR, &moved, ahead);
}

START_TEST(client_that_moves_to_a_member_outside_its_pair_is_followed)
{
    for (unsigned side = 0; side < 2; side++) {
        begin(side, MPCONN_LATCH_RELATCH);
        ck_assert_msg(come_and_wait(0) == MPCONN_VERDICT_FORWARD, "%s",
                      mpconn_reason_name(net.at[FAR].b.pkt.reason));
        sync_carry(&net);
        client[side] = moved;
        for (unsigned i = 0; i < 3; i++) {
            ck_assert_uint_eq(session_at(i)->request[side].port, 51234);
            ck_assert_uint_eq(state_at(i), MPCONN_SESSION_ESTABLISHED);
        }
        ck_assert_uint_eq(say(side ^ 1, &client[side ^ 1], 0), MPCONN_VERDICT_FORWARD);
        ck_assert_uint_eq(say(FAR, &moved, 0), MPCONN_VERDICT_FORWARD);
        ck_assert_uint_eq(told_of(MPCONN_SESSION_EVENT_RELATCHED), 1);
        sync_bed_close(&net);
    }
}
END_TEST

START_TEST(R21_wrong_numbers_do_not_move_a_client_to_such_a_member)
{
    begin(0, MPCONN_LATCH_RELATCH);
    ck_assert_uint_ne(come_and_wait(0x10000000), MPCONN_VERDICT_FORWARD);
    sync_carry(&net);
    ck_assert_uint_eq(state_at(FAR), MPCONN_SESSION_ESTABLISHED); /* it could have judged them */
    for (unsigned i = 0; i < 2; i++)
        ck_assert_uint_eq(session_at(i)->request[0].port, 40000);
    sync_bed_close(&net);
}
END_TEST

/* Nobody is asked about a segment that comes to that member. */
static int is_refused_alone(unsigned at, uint32_t ahead)
{
    uint64_t refused = count(at, MPCONN_REASON_RELATCH_REFUSED);

    ck_assert_uint_ne(say(at, &moved, ahead), MPCONN_VERDICT_FORWARD);
    return count(at, MPCONN_REASON_RELATCH_REFUSED) == refused + 1 &&
           sync_waiting(&net, at, at == 0 ? 1 : 0) == 0;
}

/* More than are looked at in a second, where the client is silent and where it spoke just now. */
START_TEST(R21_wrong_numbers_are_not_asked_about_where_the_right_ones_are_known)
{
    for (unsigned silent = 0; silent < 2; silent++) {
        begin(0, MPCONN_LATCH_RELATCH);
        if (silent)
            sync_pass(&net, 1100 * MPCONN_MILLISECOND);
        for (unsigned i = 0; i < 20; i++)
            ck_assert_msg(is_refused_alone(0, 0x10000000), "segment %u: %s", i,
                          mpconn_reason_name(net.at[0].b.pkt.reason));
        sync_bed_close(&net);
    }
}
END_TEST

/* The streams may have gone on elsewhere. */
START_TEST(wrong_numbers_are_asked_about_where_the_connection_was_not_seen_for_long)
{
    begin(0, MPCONN_LATCH_RELATCH);
    sync_pass(&net, 12 * MPCONN_SECOND);
    ck_assert(!is_refused_alone(0, 0x10000000));
    sync_bed_close(&net);
}
END_TEST

START_TEST(client_that_may_not_move_is_not_looked_for)
{
    begin(0, MPCONN_LATCH_ON);
    ck_assert_uint_ne(come_and_wait(0), MPCONN_VERDICT_FORWARD);
    ck_assert_uint_eq(state_at(FAR), MPCONN_SESSION_IDLE);
    ck_assert_uint_eq(count(FAR, MPCONN_REASON_FLOW_COPIED), 0);
    sync_bed_close(&net);
}
END_TEST

int main(void)
{
    return CHECK_MAIN("relatch_third",
                      client_that_moves_to_a_member_outside_its_pair_is_followed,
                      R21_wrong_numbers_do_not_move_a_client_to_such_a_member,
                      R21_wrong_numbers_are_not_asked_about_where_the_right_ones_are_known,
                      wrong_numbers_are_asked_about_where_the_connection_was_not_seen_for_long,
                      client_that_may_not_move_is_not_looked_for);
}
