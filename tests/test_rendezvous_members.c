/* SPDX-License-Identifier: BSD-2-Clause */
/* Sessions of several members: clients that call different ones are joined, once, whatever the
 * channel does and whoever goes. */
#include "meeting_members.h"

START_TEST(session_of_one_member_is_known_to_all)
{
    open_members(3);
    add_at(0);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_uint_eq(state_at(i), MPCONN_SESSION_IDLE);
    config.max_mss = 1000;
    ck_assert_int_eq(mpconn_session_modify(engine(1), &config, net.now), MPCONN_OK);
    sync_carry(&net);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_uint_eq(session_at(i)->config.max_mss, 1000);
    ck_assert_int_eq(mpconn_session_remove(engine(2), config.name, net.now), MPCONN_OK);
    sync_carry(&net);
    for (unsigned i = 0; i < 3; i++)
        ck_assert(!is_known_at(i));
    sync_bed_close(&net);
}
END_TEST

START_TEST(clients_at_two_members_are_joined_whoever_is_registrar)
{
    for (unsigned who = 0; who < 3; who++) {
        open_members(3);
        choose_registrar(who);
        add_at(2);
        ck_assert_uint_eq(registrar(), who);
        assert_joined(0, 1);
        sync_bed_close(&net);
    }
    for (unsigned who = 0; who < 2; who++) {
        open_members(2);
        choose_registrar(who);
        add_at(0);
        assert_joined(0, 1);
        sync_bed_close(&net);
    }
}
END_TEST

/* A controller that tells all members the same. */
START_TEST(session_that_all_hosts_give_alike_is_one_session)
{
    open_members(2);
    for (unsigned i = 0; i < 2; i++)
        ck_assert_int_eq(mpconn_session_add(engine(i), &config, net.now), MPCONN_OK);
    sync_carry(&net);
    for (unsigned i = 0; i < 2; i++)
        ck_assert_uint_eq(count(i, MPCONN_REASON_SESSION_DIFFERS), 0);
    assert_joined(0, 1);
    sync_bed_close(&net);
}
END_TEST

START_TEST(session_that_two_hosts_give_differently_is_counted_and_one_stands)
{
    open_members(2);
    for (unsigned i = 0; i < 2; i++) {
        config.max_mss = (uint16_t)(1000 + i);
        ck_assert_int_eq(mpconn_session_add(engine(i), &config, net.now), MPCONN_OK);
    }
    sync_carry(&net);
    ck_assert_uint_eq(count(0, MPCONN_REASON_SESSION_DIFFERS), 1);
    ck_assert_uint_eq(count(1, MPCONN_REASON_SESSION_DIFFERS), 1);
    for (unsigned i = 0; i < 2; i++)
        ck_assert_uint_eq(session_at(i)->config.max_mss, 1001);
    assert_joined(0, 1);
    sync_bed_close(&net);
}
END_TEST

START_TEST(both_call_at_the_same_moment_at_two_members_and_are_joined_once)
{
    for (unsigned who = 0; who < 2; who++) {
        meeting_client a, b;

        open_answered(who, &a, &b);
        ck_assert_uint_eq(session_at(0)->pairs, 1);
        ck_assert_uint_eq(session_at(1)->pairs, 1);
        sync_bed_close(&net);
    }
}
END_TEST

START_TEST(R22_member_dies_between_the_two_calls_and_the_registrar_answers_for_it)
{
    for (unsigned who = 0; who < 2; who++) {
        meeting_client a, b;

        open_members(2);
        choose_registrar(who);
        add_at(0);
        a = client_of(0);
        b = client_of(1);
        call(0, &a);
        sync_carry(&net);
        sync_end(&net, 0);
        sync_pass(&net, 5 * MPCONN_SECOND); /* the other one is taken for dead */
        call(1, &a); /* again, by a new way */
        call(1, &b);
        ck_assert_uint_eq(net.at[1].b.n_out, 2);
        ck_assert_uint_eq(session_at(1)->answered, 3);
        sync_bed_close(&net);
    }
}
END_TEST

/* Its client has not called again: the answer goes wherever the route leads. */
START_TEST(R22_call_that_came_to_a_dead_member_is_answered_without_a_link)
{
    meeting_client a, b;
    const bed_out *o;

    open_members(2);
    choose_registrar(0);
    config.stale = MPCONN_STALE_STRIP;
    add_at(0);
    a = client_of(0);
    b = client_of(1);
    a.timestamps = b.timestamps = 0;
    call(0, &a);
    call(0, &a);
    sync_carry(&net);
    sync_end(&net, 0);
    sync_pass(&net, 1500 * MPCONN_MILLISECOND);
    net.at[1].b.eng->sync.members.list[0].up = 0;
    call(1, &b);
    ck_assert_uint_eq(net.at[1].b.n_out, 2);
    o = bed_take(&net.at[1].b);
    ck_assert_uint_eq(o->pkt.side, 1);
    ck_assert_uint_eq(o->pkt.link, 22);
    o = bed_take(&net.at[1].b);
    ck_assert_uint_eq(o->pkt.side, 0);
    ck_assert_uint_eq(o->pkt.link, MPCONN_LINK_NONE);
    ck_assert_uint_eq(o->view.seq, b.isn);
    acknowledge(1, &a, &b);
    acknowledge(1, &b, &a);
    ck_assert_uint_eq(state_at(1), MPCONN_SESSION_ESTABLISHED);
    sync_bed_close(&net);
}
END_TEST

START_TEST(lost_word_of_an_acknowledgment_is_said_again)
{
    meeting_client a, b;

    open_answered(0, &a, &b);
    acknowledge(0, &a, &b);
    acknowledge(1, &b, &a);
    sync_lose(&net);
    ck_assert_uint_eq(state_at(0), MPCONN_SESSION_HALF);
    ck_assert_uint_eq(state_at(1), MPCONN_SESSION_HALF);
    sync_pass(&net, 3 * MPCONN_SECOND);
    ck_assert_uint_eq(state_at(0), MPCONN_SESSION_ESTABLISHED);
    ck_assert_uint_eq(state_at(1), MPCONN_SESSION_ESTABLISHED);
    sync_bed_close(&net);
}
END_TEST

START_TEST(established_pair_outlives_either_member)
{
    for (unsigned dies = 0; dies < 2; dies++) {
        meeting_client a, b;

        open_members(2);
        add_at(0);
        assert_joined(0, 1);
        a = client_of(0);
        b = client_of(1);
        sync_end(&net, dies);
        sync_pass(&net, 5 * MPCONN_SECOND);
        ck_assert(carries(!dies, &a, &b));
        ck_assert(carries(!dies, &b, &a));
        sync_bed_close(&net);
    }
}
END_TEST

START_TEST(client_that_calls_again_elsewhere_gets_the_same_answer_there)
{
    meeting_client a, b;

    open_members(3);
    choose_registrar(1);
    add_at(0);
    a = client_of(0);
    b = client_of(1);
    call(0, &a);
    sync_carry(&net);
    call(1, &b);
    sync_carry(&net);
    assert_answer(0, &a, &b, 1);
    assert_answer(1, &b, &a, 1);
    call(2, &a); /* its answer was lost, and so is its way */
    sync_carry(&net);
    assert_answer(2, &a, &b, 1);
    assert_silent();
    acknowledge(2, &a, &b);
    sync_carry(&net);
    acknowledge(1, &b, &a);
    sync_carry(&net);
    ck_assert_uint_eq(state_at(2), MPCONN_SESSION_ESTABLISHED);
    ck_assert_uint_eq(told_of(MPCONN_SESSION_EVENT_ESTABLISHED), 1);
    sync_bed_close(&net);
}
END_TEST

START_TEST(R03_client_that_calls_anew_elsewhere_ends_the_pair_at_all_members)
{
    meeting_client a, b, anew;

    open_members(3);
    choose_registrar(2);
    add_at(0);
    a = client_of(0);
    b = client_of(1);
    call(0, &a);
    call(1, &b);
    sync_carry(&net);
    assert_answer(0, &a, &b, 1);
    assert_answer(1, &b, &a, 1);
    anew = a;
    anew.isn += 1000;
    call(1, &anew);
    sync_pass(&net, MPCONN_SECOND);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_uint_eq(state_at(i), MPCONN_SESSION_ANSWERED);
    call(1, &anew); /* and it has not called as before */
    sync_carry(&net);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_msg(state_at(i) != MPCONN_SESSION_ANSWERED, "member %u keeps the pair", i);
    net.at[0].b.n_out = net.at[1].b.n_out = net.at[2].b.n_out = 0;
    b.isn += 7;
    call(1, &b);
    sync_carry(&net);
    ck_assert_uint_eq(state_at(2), MPCONN_SESSION_ANSWERED);
    ck_assert_uint_eq(session_at(2)->pairs, 2);
    ck_assert_uint_eq(session_at(1)->pairs, 2);
    sync_bed_close(&net);
}
END_TEST

START_TEST(member_that_was_started_anew_learns_sessions_and_pairs)
{
    meeting_client a, b;

    open_members(2);
    add_at(0);
    assert_joined(0, 1);
    a = client_of(0);
    b = client_of(1);
    net.strict = 0; /* its boot of before is known, and the new one is not yet */
    sync_boot(&net, 1);
    sync_pass(&net, 3 * MPCONN_SECOND);
    ck_assert(is_known_at(1));
    (void)carries(1, &b, &a); /* held, while the other one is asked */
    sync_carry(&net);
    ck_assert(carries(1, &b, &a));
    sync_bed_close(&net);
}
END_TEST

START_TEST(session_that_is_removed_does_not_come_back_with_a_member_that_missed_it)
{
    open_members(2);
    add_at(0);
    ck_assert_int_eq(mpconn_session_remove(engine(0), config.name, net.now), MPCONN_OK);
    sync_lose(&net);
    ck_assert(is_known_at(1));
    net.at[0].b.eng->sync.members.list[0].up = 0; /* a partition, and its end */
    net.at[1].b.eng->sync.members.list[0].up = 0;
    sync_pass(&net, 3 * MPCONN_SECOND);
    ck_assert(!is_known_at(0));
    ck_assert(!is_known_at(1));
    add_at(0); /* the same name is another session now */
    ck_assert(is_known_at(1));
    sync_bed_close(&net);
}
END_TEST

/* Whatever is lost, repeated or late: clients that call as clients do are joined once. */
START_TEST(S10_pair_is_made_once_on_a_channel_that_loses_repeats_and_reorders)
{
    for (unsigned round = 0; round < 60; round++) {
        meeting_client a, b;
        unsigned tries = 0;

        open_members(3);
        for (unsigned i = 0; i < round; i++)
            (void)seed_u32(&net.rng);
        choose_registrar(round % 3);
        add_at(0);
        net.strict = 0;
        net.loss = 30;
        net.repeat = 30;
        net.reorder = 50;
        a = client_of(0);
        b = client_of(1);
        for (; tries < 30; tries++) {
            if (tries < 20 && (session_at(0)->confirmed & 1) == 0)
                call(0, &a);
            if (tries < 20 && (session_at(1)->confirmed & 2) == 0)
                call(1, &b);
            sync_carry(&net);
            sync_pass(&net, MPCONN_SECOND);
            if (session_at(0)->answered & 1)
                acknowledge(0, &a, &b);
            if (session_at(1)->answered & 2)
                acknowledge(1, &b, &a);
            net.at[0].b.n_out = net.at[1].b.n_out = net.at[2].b.n_out = 0;
            sync_carry(&net);
            if (state_at(0) == MPCONN_SESSION_ESTABLISHED &&
                state_at(1) == MPCONN_SESSION_ESTABLISHED)
                break;
        }
        ck_assert_msg(tries < 30, "round %u: %u, %u, %u", round, state_at(0), state_at(1),
                      state_at(2));
        for (unsigned i = 0; i < 2; i++)
            ck_assert_uint_eq(session_at(i)->pairs, 1);
        ck_assert(carries(0, &a, &b));
        ck_assert(carries(1, &b, &a));
        sync_bed_close(&net);
    }
}
END_TEST

int main(void)
{
    return CHECK_MAIN(
        "rendezvous_members", session_of_one_member_is_known_to_all,
        clients_at_two_members_are_joined_whoever_is_registrar,
        session_that_all_hosts_give_alike_is_one_session,
        session_that_two_hosts_give_differently_is_counted_and_one_stands,
        both_call_at_the_same_moment_at_two_members_and_are_joined_once,
        R22_member_dies_between_the_two_calls_and_the_registrar_answers_for_it,
        R22_call_that_came_to_a_dead_member_is_answered_without_a_link,
        lost_word_of_an_acknowledgment_is_said_again,
        established_pair_outlives_either_member,
        client_that_calls_again_elsewhere_gets_the_same_answer_there,
        R03_client_that_calls_anew_elsewhere_ends_the_pair_at_all_members,
        member_that_was_started_anew_learns_sessions_and_pairs,
        session_that_is_removed_does_not_come_back_with_a_member_that_missed_it,
        S10_pair_is_made_once_on_a_channel_that_loses_repeats_and_reorders);
}
