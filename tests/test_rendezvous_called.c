/* SPDX-License-Identifier: BSD-2-Clause */
/* One client calls the other one, and what the two say comes to different members. Each test runs
 * for both roles that answer for the caller, either client as the caller, and each member as the
 * one that decides. */
#include "meeting_called.h"

enum { VARIANTS = 2 * 2 * 3 };

static unsigned role_of(int variant)
{
    return variant & 1 ? MPCONN_ROLE_TRACK : MPCONN_ROLE_REVERSE;
}

static void open_variant(int variant)
{
    open_role(role_of(variant), (unsigned)variant >> 1 & 1, (unsigned)variant >> 2);
}

/* --- what is said --- */

static const bed_out *taken(unsigned at, const meeting_client *to, unsigned flags, uint32_t seq)
{
    const bed_out *o;

    ck_assert_msg(net.at[at].b.n_out > 0, "member %u is silent", at);
    o = bed_take(&net.at[at].b);
    meeting_leads_to(to, &o->view);
    ck_assert_uint_eq(o->view.flags, flags);
    ck_assert_uint_eq(o->view.seq, seq);
    return o;
}

static void call_other(void)
{
    call(caller_at, &a);
    sync_carry(&net);
    (void)taken(caller_at, &b, MPCI_TCP_SYN, a.isn);
    assert_silent();
}

static void answer(void)
{
    bed_segment seg = answer_of_called();

    hand_in(called_at, &b, &seg);
    ck_assert_uint_eq(net.at[called_at].b.pkt.verdict, MPCONN_VERDICT_CONSUMED);
    ck_assert_uint_eq(net.at[called_at].b.pkt.reason, MPCONN_REASON_SESSION_ACCEPTED);
}

static void accept(void)
{
    answer();
    sync_carry(&net);
}

/* The caller has its answer at that member, and the other one its ACK where it gets one. */
static void assert_answered(unsigned at)
{
    const bed_out *o = taken(at, &a, MPCI_TCP_SYN | MPCI_TCP_ACK, b.isn);

    ck_assert_uint_eq(o->view.ack, a.isn + 1);
    ck_assert_uint_eq(o->options.tsval, b.tsval);
    ck_assert_uint_eq(o->options.tsecr, a.tsval);
    if (config.role == MPCONN_ROLE_REVERSE)
        ck_assert_uint_eq(taken(at, &b, MPCI_TCP_ACK, a.isn + 1)->view.ack, b.isn + 1);
    assert_silent();
}

static void assert_half(void)
{
    ck_assert_uint_eq(state_at(caller_at), MPCONN_SESSION_HALF);
    ck_assert_uint_eq(state_at(called_at), MPCONN_SESSION_HALF);
}

static void assert_established(void)
{
    acknowledge(caller_at, &a, &b);
    ck_assert_uint_eq(net.at[caller_at].b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    sync_carry(&net);
    ck_assert_uint_eq(state_at(caller_at), MPCONN_SESSION_ESTABLISHED);
    ck_assert_uint_eq(state_at(called_at), MPCONN_SESSION_ESTABLISHED);
    ck_assert(carries(caller_at, &a, &b));
    ck_assert(carries(called_at, &b, &a));
    assert_silent();
}

static void assert_all_idle(void)
{
    for (unsigned i = 0; i < net.n; i++)
        ck_assert_msg(state_at(i) == MPCONN_SESSION_IDLE, "member %u: %u", i, state_at(i));
}

/* What was held there comes again, when nobody knows it. */
static void come_again(void)
{
    bed *m = &net.at[called_at].b;
    uint8_t bytes[BED_ROOM];
    mpconn_pkt held = m->pkt;

    ck_assert_uint_eq(held.verdict, MPCONN_VERDICT_HOLD);
    held.data = memcpy(bytes, m->bytes, sizeof bytes);
    sync_carry(&net);
    assert_silent();
    ck_assert_uint_eq(m->release_reason, MPCONN_REASON_NO_FLOW);
    bed_in_again(m, &held);
    ck_assert_uint_eq(held.verdict, MPCONN_VERDICT_DROP);
}

/* --- TRACK and REVERSE --- */

START_TEST(called_client_that_answers_elsewhere_is_joined_to_its_caller)
{
    open_variant(_i);
    call_other();
    accept();
    assert_answered(caller_at);
    assert_half();
    assert_established();
    ck_assert_uint_eq(told_of(MPCONN_SESSION_EVENT_ESTABLISHED), 1);
    sync_bed_close(&net);
}
END_TEST

START_TEST(call_after_the_connection_before_is_joined_as_well)
{
    bed_segment reset;

    open_variant(_i);
    call_other();
    accept();
    assert_answered(caller_at);
    assert_established();
    reset = bed_seg(&a.leg, a.side ^ 1, MPCI_TCP_RST, a.isn + 11, 0);
    hand_in(caller_at, &a, &reset);
    sync_carry(&net);
    ck_assert_uint_eq(state_at(called_at), MPCONN_SESSION_CLOSING);
    a.isn += 100000;
    b.isn += 100000;
    call_other();
    ck_assert_uint_ne(state_at(called_at), MPCONN_SESSION_CLOSING); /* it was told */
    accept();
    assert_answered(caller_at);
    assert_half();
    assert_established();
    sync_bed_close(&net);
}
END_TEST

START_TEST(lost_word_of_an_answer_comes_with_the_answer_again)
{
    open_variant(_i);
    if (decides != called_at) {
        call_other();
        answer();
        sync_lose(&net);
        ck_assert_uint_eq(state_at(decides), MPCONN_SESSION_WAITING);
        accept();
        assert_answered(caller_at);
        assert_established();
    }
    sync_bed_close(&net);
}
END_TEST

/* Nobody knows what is answered, until the caller says it again. */
START_TEST(lost_word_of_a_call_comes_with_the_call_again)
{
    bed_segment seg;

    open_variant(_i);
    if (decides != caller_at) {
        call(caller_at, &a);
        sync_lose(&net);
        (void)taken(caller_at, &b, MPCI_TCP_SYN, a.isn);
        seg = answer_of_called();
        hand_in(called_at, &b, &seg);
        sync_carry(&net);
        assert_silent();
        ck_assert_uint_eq(state_at(called_at), MPCONN_SESSION_IDLE);
        call_other();
        accept();
        assert_answered(caller_at);
        assert_established();
    }
    sync_bed_close(&net);
}
END_TEST

START_TEST(lost_word_of_the_pair_comes_with_the_call_again)
{
    open_variant(_i);
    if (decides != caller_at) {
        call_other();
        answer();
        (void)sync_deliver(&net, called_at, decides);
        sync_lose(&net);
        ck_assert_uint_eq(state_at(decides), MPCONN_SESSION_HALF);
        ck_assert_uint_eq(state_at(caller_at), MPCONN_SESSION_WAITING);
        call(caller_at, &a);
        sync_carry(&net);
        (void)taken(caller_at, &b, MPCI_TCP_SYN, a.isn);
        assert_answered(caller_at);
        if (decides != called_at)
            accept(); /* again, which draws the pair */
        assert_half();
        assert_established();
    }
    sync_bed_close(&net);
}
END_TEST

START_TEST(answer_again_at_a_third_member_draws_the_pair)
{
    open_variant(_i);
    call_other();
    accept();
    assert_answered(caller_at);
    called_at = 2;
    if (decides != called_at) {
        if (state_at(called_at) == MPCONN_SESSION_IDLE) { /* it is no director */
            accept();
            assert_silent();
        }
        assert_half();
        answer(); /* it has not heard the ACK */
        if (config.role == MPCONN_ROLE_REVERSE)
            (void)taken(called_at, &b, MPCI_TCP_ACK, a.isn + 1);
        assert_silent();
        assert_established();
    }
    sync_bed_close(&net);
}
END_TEST

/* --- refused --- */

START_TEST(called_client_that_refuses_elsewhere_has_its_caller_told)
{
    open_variant(_i);
    call_other();
    refuse(0, a.isn + 1);
    ck_assert_uint_eq(net.at[called_at].b.pkt.reason, MPCONN_REASON_SESSION_REJECTED);
    sync_carry(&net);
    ck_assert_uint_eq(taken(caller_at, &a, MPCI_TCP_RST | MPCI_TCP_ACK, 0)->view.ack, a.isn + 1);
    assert_silent();
    assert_all_idle();
    ck_assert_uint_eq(told_of(MPCONN_SESSION_EVENT_CLOSED), 1);
    a.isn += 5000;
    call_other();
    accept();
    assert_answered(caller_at);
    sync_bed_close(&net);
}
END_TEST

START_TEST(lost_word_of_a_refusal_comes_with_the_refusal_again)
{
    open_variant(_i);
    call_other();
    refuse(0, a.isn + 1);
    sync_lose(&net);
    if (decides == called_at) /* which has forgotten */
        ck_assert_uint_eq(state_at(decides), MPCONN_SESSION_IDLE);
    call_other();
    refuse(0, a.isn + 1);
    sync_carry(&net);
    (void)taken(caller_at, &a, MPCI_TCP_RST | MPCI_TCP_ACK, 0);
    assert_silent();
    assert_all_idle();
    sync_bed_close(&net);
}
END_TEST

/* --- forged --- */

START_TEST(R19_refusal_of_another_call_or_of_a_connection_changes_nothing)
{
    open_variant(_i);
    call_other();
    refuse(0, a.isn + 2);
    sync_carry(&net);
    refuse(0, a.isn);
    sync_carry(&net);
    assert_silent();
    if (decides != called_at) { /* it looks no further than the number */
        refuse(b.isn + 1, a.isn + 1);
        ck_assert_uint_ne(net.at[called_at].b.pkt.reason, MPCONN_REASON_SESSION_REJECTED);
        sync_pass(&net, 100 * MPCONN_MILLISECOND);
        assert_silent();
    }
    ck_assert_uint_eq(state_at(caller_at), MPCONN_SESSION_WAITING);
    accept();
    assert_answered(caller_at);
    sync_bed_close(&net);
}
END_TEST

START_TEST(R13_answer_to_another_call_is_reset_once_by_who_decides)
{
    bed_segment seg;

    open_variant(_i);
    call_other();
    seg = answer_of_called();
    seg.s.ack += 77;
    hand_in(called_at, &b, &seg);
    sync_carry(&net);
    (void)taken(decides, &b, MPCI_TCP_RST, a.isn + 78);
    assert_silent();
    ck_assert_uint_eq(state_at(caller_at), MPCONN_SESSION_WAITING);
    accept();
    assert_answered(caller_at);
    sync_bed_close(&net);
}
END_TEST

/* RFC 5961 4: it has a connection of which its caller knows nothing. */
START_TEST(challenge_that_nobody_knows_is_reset_by_who_decides)
{
    bed_segment seg;

    open_variant(_i);
    call_other();
    seg = bed_seg(&b.leg, b.side ^ 1, MPCI_TCP_ACK, b.isn + 7000, a.isn + 9000);
    hand_in(called_at, &b, &seg);
    come_again();
    sync_carry(&net);
    (void)taken(decides, &b, MPCI_TCP_RST, a.isn + 9000);
    assert_silent();
    ck_assert_uint_eq(state_at(caller_at), MPCONN_SESSION_WAITING);
    accept();
    assert_answered(caller_at);
    assert_established();
    called_at = 2; /* now it is of that connection, whatever is known there */
    hand_in(called_at, &b, &seg);
    sync_carry(&net);
    assert_silent();
    sync_bed_close(&net);
}
END_TEST

START_TEST(R21_answer_of_a_stranger_is_told_nobody)
{
    meeting_client known;
    bed_segment seg;
    meeting m;

    open_variant(_i);
    m.config = config;
    known = b;
    call_other();
    b = meeting_client_of(&m, known.side, 9, 40002);
    seg = answer_of_called();
    hand_in(called_at, &b, &seg);
    ck_assert_uint_eq(net.at[called_at].b.pkt.reason, MPCONN_REASON_SESSION_STRANGER);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_uint_eq(sync_waiting(&net, called_at, i), 0);
    b = known;
    accept();
    assert_answered(caller_at);
    sync_bed_close(&net);
}
END_TEST

/* As it would have to be, if such a thing could be told. */
START_TEST(pair_of_a_role_that_makes_none_is_refused)
{
    for (unsigned role = 0; role < 6; role++) {
        mpci_record r;
        int makes_one = role == MPCONN_ROLE_MERGE || role == MPCONN_ROLE_TRACK ||
                        role == MPCONN_ROLE_REVERSE;

        open_role(MPCONN_ROLE_TRACK, 0, 2);
        memset(&r, 0, sizeof r);
        r.type = MPCI_RECORD_PAIR;
        memcpy(r.session.name, config.name, sizeof config.name[0] + 1);
        r.session.generation = 1;
        r.session.role = (uint8_t)role;
        r.session.remote[a.side] = a.leg.client;
        r.session.port[a.side] = a.leg.client_port;
        r.session.remote[b.side] = b.leg.server;
        r.session.port[b.side] = b.leg.server_port;
        sync_put(&net, decides, net.at[called_at].id, &r);
        sync_flush(&net, decides);
        sync_carry(&net);
        ck_assert_msg(mpci_told_has_pair(session_at(called_at)) == makes_one, "role %u", role);
        ck_assert_uint_eq(count(called_at, MPCONN_REASON_SESSION_WORD), !makes_one);
        sync_bed_close(&net);
    }
}
END_TEST

/* --- who dies --- */

static void take_for_dead(unsigned dead)
{
    sync_end(&net, dead);
    for (unsigned i = 0; i < net.n; i++)
        if (i != dead)
            mpci_members_find(&engine(i)->sync.members, net.at[dead].id)->up = 0;
}

START_TEST(R22_caller_whose_member_is_gone_is_answered_by_who_decides)
{
    open_variant(_i);
    if (decides != caller_at) {
        call_other();
        take_for_dead(caller_at);
        accept();
        ck_assert_uint_eq(net.at[decides].b.out[0].pkt.link, MPCONN_LINK_NONE);
        assert_answered(decides);
        caller_at = 2;
        acknowledge(caller_at, &a, &b);
        sync_carry(&net);
        ck_assert_uint_eq(state_at(called_at), MPCONN_SESSION_ESTABLISHED);
    }
    sync_bed_close(&net);
}
END_TEST

START_TEST(R22_call_goes_on_at_another_member_when_its_own_dies)
{
    open_variant(_i);
    call_other();
    sync_end(&net, caller_at);
    sync_pass(&net, 6 * MPCONN_SECOND);
    caller_at = 1;
    called_at = 2;
    call_other();
    accept();
    assert_answered(caller_at);
    assert_half();
    assert_established();
    sync_bed_close(&net);
}
END_TEST

START_TEST(R22_answer_counts_when_its_member_dies_after_its_word)
{
    open_variant(_i);
    if (decides != called_at) {
        call_other();
        answer();
        (void)sync_deliver(&net, called_at, decides);
        take_for_dead(called_at);
        sync_carry(&net);
        assert_answered(caller_at);
        called_at = 2;
        acknowledge(caller_at, &a, &b);
        sync_carry(&net);
        ck_assert_uint_eq(state_at(caller_at), MPCONN_SESSION_ESTABLISHED);
        ck_assert_uint_eq(told_of(MPCONN_SESSION_EVENT_ESTABLISHED), 1);
    }
    sync_bed_close(&net);
}
END_TEST

START_TEST(R22_next_director_decides_when_the_registrar_is_gone)
{
    open_variant(_i);
    if (decides == 2) {
        call_other();
        take_for_dead(decides);
        accept();
        assert_answered(caller_at);
        assert_half();
        assert_established();
    }
    sync_bed_close(&net);
}
END_TEST

int main(void)
{
    const TTest *const either[] = {
        called_client_that_answers_elsewhere_is_joined_to_its_caller,
        call_after_the_connection_before_is_joined_as_well,
        lost_word_of_an_answer_comes_with_the_answer_again,
        lost_word_of_a_call_comes_with_the_call_again,
        lost_word_of_the_pair_comes_with_the_call_again,
        answer_again_at_a_third_member_draws_the_pair,
        called_client_that_refuses_elsewhere_has_its_caller_told,
        lost_word_of_a_refusal_comes_with_the_refusal_again,
        R19_refusal_of_another_call_or_of_a_connection_changes_nothing,
        R13_answer_to_another_call_is_reset_once_by_who_decides,
        challenge_that_nobody_knows_is_reset_by_who_decides,
        R21_answer_of_a_stranger_is_told_nobody,
        R22_caller_whose_member_is_gone_is_answered_by_who_decides,
        R22_call_goes_on_at_another_member_when_its_own_dies,
        R22_answer_counts_when_its_member_dies_after_its_word,
        R22_next_director_decides_when_the_registrar_is_gone,
    };
    Suite *s = suite_create("rendezvous_called");
    TCase *tc = tcase_create("rendezvous_called");

    for (size_t i = 0; i < sizeof either / sizeof either[0]; i++)
        tcase_add_loop_test(tc, either[i], 0, VARIANTS);
    tcase_add_test(tc, pair_of_a_role_that_makes_none_is_refused);
    suite_add_tcase(s, tc);
    return check_run(s);
}
