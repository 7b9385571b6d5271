/* SPDX-License-Identifier: BSD-2-Clause */
/* A pair has one generation at all members that hear of it, whatever they have of pairs before it,
 * and in whatever order they are told of the pair and of its flow. */
#include "meeting_members.h"

enum { REGISTRAR = 0, OTHER = 1, THIRD = 2 };

static meeting_client a, b;

static const mpci_settled *flow_at(unsigned i)
{
    const mpci_session *s = session_at(i);
    const mpci_settled_table *t = &engine(i)->core.settled;
    uint32_t slot = s->flow != 0 ? mpci_settled_by_id(t, s->flow) : MPCI_SLOT_NONE;

    ck_assert_msg(slot != MPCI_SLOT_NONE, "member %u has no flow", i);
    return mpci_settled_at(t, slot);
}

static void begin(unsigned members)
{
    open_members(members);
    if (members > 2)
        choose_directors();
    else
        choose_registrar(REGISTRAR);
    add_at(REGISTRAR);
    a = client_of(0);
    b = client_of(1);
}

static void forget_answers(void)
{
    for (unsigned i = 0; i < net.n; i++)
        net.at[i].b.n_out = 0;
}

/* Both have called the member that decides; what it says of their pair is lost. */
static void pair_unheard(void)
{
    call(REGISTRAR, &a);
    sync_carry(&net);
    call(REGISTRAR, &b);
    sync_lose(&net);
    ck_assert_uint_eq(state_at(REGISTRAR), MPCONN_SESSION_ANSWERED);
    forget_answers();
}

/* Its clients are silent, and what it says of the end is lost as well. */
static void give_up_unheard(void)
{
    net.loss = 100;
    sync_pass(&net, 20 * MPCONN_SECOND);
    net.loss = 0;
    net.strict = 0; /* who was not heard for long is down, and comes up */
    sync_pass(&net, 3 * MPCONN_SECOND);
    ck_assert(!mpci_told_has_pair(session_at(REGISTRAR)));
    forget_answers();
}

START_TEST(pair_after_one_that_others_missed_has_one_generation)
{
    begin(2);
    pair_unheard();
    give_up_unheard();
    call(REGISTRAR, &a); /* with the same number */
    sync_carry(&net);
    call(OTHER, &b);
    sync_carry(&net);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_uint_eq(state_at(i), MPCONN_SESSION_ANSWERED);
        ck_assert_uint_eq(session_at(i)->pairs, 2);
        ck_assert_msg(flow_at(i)->generation == 2, "member %u: generation %u", i,
                      flow_at(i)->generation);
    }
    sync_bed_close(&net);
}
END_TEST

static unsigned life_at(unsigned i)
{
    mpci_track t;

    mpci_settled_track_load(flow_at(i), &t);
    return t.life;
}

/* Its flow is known by then, with more than the pair says. */
START_TEST(flow_that_was_told_before_its_pair_is_kept)
{
    uint64_t changes;
    sync_letter pair;
    bed_segment fin;

    begin(2);
    call(REGISTRAR, &a);
    sync_carry(&net);
    call(REGISTRAR, &b);
    forget_answers();
    pair = sync_take(&net, REGISTRAR, OTHER);
    acknowledge(REGISTRAR, &a, &b);
    acknowledge(REGISTRAR, &b, &a);
    sync_lose(&net);
    ck_assert_uint_eq(state_at(REGISTRAR), MPCONN_SESSION_ESTABLISHED);
    fin = bed_seg(&a.leg, a.side ^ 1, MPCI_TCP_FIN | MPCI_TCP_ACK, a.isn + 1, b.isn + 1);
    hand_in(REGISTRAR, &a, &fin);
    sync_carry(&net);
    ck_assert(!mpci_told_has_pair(session_at(OTHER)));
    ck_assert_uint_eq(count(OTHER, MPCONN_REASON_FLOW_COPIED), 1);
    changes = engine(OTHER)->core.changes;
    ck_assert_uint_eq(sync_input(&net, OTHER, pair.bytes, pair.len), MPCONN_SYNC_TAKEN);
    sync_carry(&net);
    ck_assert(mpci_told_has_pair(session_at(OTHER)));
    ck_assert_uint_eq(engine(OTHER)->core.changes, changes);
    ck_assert_uint_eq(count(OTHER, MPCONN_REASON_FLOW_REPLACED), 0);
    ck_assert_uint_eq(flow_at(OTHER)->generation, flow_at(REGISTRAR)->generation);
    ck_assert_uint_eq(life_at(OTHER), life_at(REGISTRAR));
    sync_bed_close(&net);
}
END_TEST

/* Who hears of neither client asks before it gives them up. */
START_TEST(member_that_missed_the_acknowledgments_ends_nothing)
{
    begin(2);
    call(REGISTRAR, &a);
    sync_carry(&net);
    call(REGISTRAR, &b);
    forget_answers();
    sync_carry(&net);
    ck_assert_uint_eq(state_at(OTHER), MPCONN_SESSION_ANSWERED);
    acknowledge(REGISTRAR, &a, &b);
    acknowledge(REGISTRAR, &b, &a);
    sync_lose(&net);
    ck_assert_uint_eq(state_at(REGISTRAR), MPCONN_SESSION_ESTABLISHED);
    sync_pass(&net, 30 * MPCONN_SECOND);
    ck_assert_uint_eq(state_at(REGISTRAR), MPCONN_SESSION_ESTABLISHED);
    ck_assert_uint_eq(state_at(OTHER), MPCONN_SESSION_ESTABLISHED);
    sync_bed_close(&net);
}
END_TEST

static void end_connection(unsigned at)
{
    unsigned flags = MPCI_TCP_FIN | MPCI_TCP_ACK;
    bed_segment first = bed_seg(&a.leg, a.side ^ 1, flags, a.isn + 1, b.isn + 1);
    bed_segment second = bed_seg(&b.leg, b.side ^ 1, flags, b.isn + 1, a.isn + 2);
    bed_segment last = bed_seg(&a.leg, a.side ^ 1, MPCI_TCP_ACK, a.isn + 2, b.isn + 2);

    hand_in(at, &a, &first);
    hand_in(at, &b, &second);
    hand_in(at, &a, &last);
    ck_assert_uint_eq(net.at[at].b.pkt.verdict, MPCONN_VERDICT_FORWARD);
}

/* Its calls are there still at who decides, which has heard of nothing since. */
static void assert_pair_stays_over(uint64_t later)
{
    begin(2);
    call(OTHER, &a);
    call(OTHER, &b);
    sync_carry(&net);
    forget_answers();
    acknowledge(OTHER, &a, &b);
    acknowledge(OTHER, &b, &a);
    end_connection(OTHER);
    sync_lose(&net);
    ck_assert_uint_eq(state_at(REGISTRAR), MPCONN_SESSION_ANSWERED);
    net.loss = 100;
    sync_pass(&net, later);
    net.loss = 0;
    net.strict = 0;
    sync_pass(&net, 9 * MPCONN_SECOND - later);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_msg(!mpci_told_has_pair(session_at(i)), "member %u: state %u", i, state_at(i));
        ck_assert_uint_eq(session_at(i)->pairs, 1);
    }
    assert_silent();
    sync_bed_close(&net);
}

START_TEST(pair_that_is_over_is_not_made_again_from_its_calls)
{
    assert_pair_stays_over(0);
    assert_pair_stays_over(2 * MPCONN_SECOND);
}
END_TEST

/* Who was not answered in time goes on with the SYN it has said before. */
START_TEST(numbers_of_a_pair_that_failed_serve_the_next_one_at_every_member)
{
    begin(3);
    call(REGISTRAR, &a);
    call(OTHER, &b);
    sync_carry(&net);
    sync_pass(&net, 12 * MPCONN_SECOND);
    for (unsigned i = 0; i < 3; i++)
        ck_assert(!mpci_told_has_pair(session_at(i)));
    forget_answers();
    call(REGISTRAR, &a);
    call(OTHER, &b);
    sync_carry(&net);
    acknowledge(REGISTRAR, &a, &b);
    acknowledge(OTHER, &b, &a);
    sync_carry(&net);
    ck_assert_uint_eq(state_at(REGISTRAR), MPCONN_SESSION_ESTABLISHED);
    (void)carries(THIRD, &a, &b); /* the others are asked */
    sync_carry(&net);
    ck_assert_msg(carries(THIRD, &a, &b), "%s",
                  mpconn_reason_name(net.at[THIRD].b.pkt.reason));
    sync_bed_close(&net);
}
END_TEST

START_TEST(flow_of_the_next_pair_takes_the_place_of_one_that_failed)
{
    bed_segment fin;

    begin(2);
    call(REGISTRAR, &a);
    call(OTHER, &b);
    sync_carry(&net);
    sync_pass(&net, 12 * MPCONN_SECOND);
    forget_answers();
    call(REGISTRAR, &a);
    call(REGISTRAR, &b);
    acknowledge(REGISTRAR, &a, &b);
    acknowledge(REGISTRAR, &b, &a);
    sync_lose(&net);
    ck_assert_uint_eq(state_at(REGISTRAR), MPCONN_SESSION_ESTABLISHED);
    forget_answers();
    fin = bed_seg(&a.leg, a.side ^ 1, MPCI_TCP_FIN | MPCI_TCP_ACK, a.isn + 1, b.isn + 1);
    hand_in(REGISTRAR, &a, &fin);
    sync_carry(&net);
    ck_assert_msg(carries(OTHER, &b, &a), "%s", mpconn_reason_name(net.at[OTHER].b.pkt.reason));
    assert_silent();
    sync_bed_close(&net);
}
END_TEST

/* One client has acknowledged, where the end was missed: its numbers are what the other one is
 * answered with still. */
START_TEST(client_of_a_pair_that_failed_elsewhere_is_joined_again)
{
    open_members(2);
    choose_registrar(OTHER);
    add_at(REGISTRAR);
    a = client_of(0);
    b = client_of(1);
    call(0, &a);
    sync_carry(&net);
    call(1, &b);
    sync_carry(&net);
    forget_answers();
    net.loss = 100;
    sync_pass(&net, 9 * MPCONN_SECOND);
    acknowledge(0, &a, &b);
    sync_pass(&net, 3 * MPCONN_SECOND);
    net.loss = 0;
    net.strict = 0;
    ck_assert_uint_eq(state_at(0), MPCONN_SESSION_HALF);
    ck_assert(!mpci_told_has_pair(session_at(1)));
    sync_pass(&net, 2 * MPCONN_SECOND);
    forget_answers();
    call(1, &b);
    sync_carry(&net);
    assert_answer(1, &b, &a, 1);
    acknowledge(1, &b, &a);
    acknowledge(0, &a, &b);
    sync_carry(&net);
    ck_assert_uint_eq(session_at(0)->pairs, 2);
    ck_assert(carries(0, &a, &b));
    ck_assert(carries(1, &b, &a));
    sync_bed_close(&net);
}
END_TEST

/* Its pair is older than the flow that has the same numbers elsewhere. */
START_TEST(member_that_missed_an_end_does_not_stay_with_the_pair_before)
{
    mpconn_flow_filter all;

    begin(2);
    call(REGISTRAR, &a);
    call(REGISTRAR, &b);
    sync_carry(&net);
    forget_answers();
    ck_assert_uint_eq(state_at(OTHER), MPCONN_SESSION_ANSWERED);
    MPCONN_STRUCT_INIT(&all);
    ck_assert_int_eq(mpconn_engine_kill(engine(REGISTRAR), &all, NULL, net.now), MPCONN_OK);
    forget_answers();
    call(REGISTRAR, &a);
    call(REGISTRAR, &b);
    acknowledge(REGISTRAR, &a, &b);
    acknowledge(REGISTRAR, &b, &a);
    ck_assert(carries(REGISTRAR, &a, &b));
    ck_assert_uint_eq(session_at(REGISTRAR)->pairs, 2);
    sync_lose(&net);
    ck_assert_uint_eq(session_at(OTHER)->pairs, 1);
    sync_pass(&net, 30 * MPCONN_SECOND);
    ck_assert_uint_eq(state_at(REGISTRAR), MPCONN_SESSION_ESTABLISHED);
    ck_assert_msg(session_at(OTHER)->pairs != 1 || !mpci_told_has_pair(session_at(OTHER)),
                  "state %u", state_at(OTHER));
    sync_bed_close(&net);
}
END_TEST

/* Its clients went on by the same numbers, and are a connection when the word comes. */
START_TEST(late_word_that_a_pair_failed_does_not_end_the_next_one)
{
    mpconn_flow_filter all;
    sync_letter late;

    begin(2);
    call(REGISTRAR, &a);
    call(REGISTRAR, &b);
    sync_carry(&net);
    MPCONN_STRUCT_INIT(&all);
    ck_assert_int_eq(mpconn_engine_kill(engine(REGISTRAR), &all, NULL, net.now), MPCONN_OK);
    late = sync_take(&net, REGISTRAR, OTHER);
    forget_answers();
    call(REGISTRAR, &a);
    call(REGISTRAR, &b);
    sync_carry(&net);
    forget_answers();
    acknowledge(REGISTRAR, &a, &b);
    acknowledge(OTHER, &b, &a);
    sync_carry(&net);
    ck_assert(carries(OTHER, &b, &a));
    ck_assert_uint_eq(sync_input(&net, OTHER, late.bytes, late.len), MPCONN_SYNC_TAKEN);
    sync_carry(&net);
    for (unsigned i = 0; i < 2; i++)
        ck_assert_msg(state_at(i) == MPCONN_SESSION_ESTABLISHED, "member %u: state %u", i,
                      state_at(i));
    ck_assert(carries(OTHER, &b, &a));
    assert_silent();
    sync_bed_close(&net);
}
END_TEST

int main(void)
{
    return CHECK_MAIN("rendezvous_generations",
                      pair_after_one_that_others_missed_has_one_generation,
                      flow_that_was_told_before_its_pair_is_kept,
                      member_that_missed_the_acknowledgments_ends_nothing,
                      pair_that_is_over_is_not_made_again_from_its_calls,
                      numbers_of_a_pair_that_failed_serve_the_next_one_at_every_member,
                      flow_of_the_next_pair_takes_the_place_of_one_that_failed,
                      client_of_a_pair_that_failed_elsewhere_is_joined_again,
                      member_that_missed_an_end_does_not_stay_with_the_pair_before,
                      late_word_that_a_pair_failed_does_not_end_the_next_one);
}
