/* SPDX-License-Identifier: BSD-2-Clause */
/* Who decides resets what its called client says of a call that nobody knows. Two members carry a
 * connection of that client; two others come up, of which one decides now and has heard nothing of
 * it: what a forged call brings about there must not end that connection. */
#include "meeting_called.h"

enum { NEW = 2, FAR = 3 };

static meeting_client forger;

static void open_late(unsigned role, unsigned caller)
{
    meeting m;

    open_members(4);
    config.role = (uint8_t)role;
    a = client_of(caller);
    b = client_of(caller ^ 1);
    expect(&b);
    choose_registrar(NEW);
    for (unsigned i = NEW; i <= FAR; i++)
        sync_end(&net, i);
    sync_pass(&net, 6 * MPCONN_SECOND);
    add_at(0);
    m.config = config;
    forger = meeting_client_of(&m, a.side, 9, 45000);
    forger.isn = a.isn + 0x20000000;
}

static void forget_packets(void)
{
    for (unsigned i = 0; i < net.n; i++)
        if (engine(i) != NULL)
            while (net.at[i].b.n_out > 0)
                (void)bed_take(&net.at[i].b);
}

static void connect_both(void)
{
    bed_segment seg = answer_of_called();

    call(0, &a);
    sync_carry(&net);
    hand_in(1, &b, &seg);
    sync_carry(&net);
    acknowledge(0, &a, &b);
    sync_carry(&net);
    ck_assert_uint_eq(state_at(0), MPCONN_SESSION_ESTABLISHED);
    ck_assert_uint_eq(state_at(1), MPCONN_SESSION_ESTABLISHED);
    forget_packets();
}

static void come_up(void)
{
    net.strict = 0; /* frames for their boots before */
    for (unsigned i = NEW; i <= FAR; i++)
        sync_boot(&net, i);
    sync_pass(&net, 2 * MPCONN_SECOND);
    ck_assert_uint_eq(registrar(), NEW);
    ck_assert_uint_eq(state_at(NEW), MPCONN_SESSION_IDLE);
    ck_assert_uint_eq(state_at(FAR), MPCONN_SESSION_IDLE);
    assert_silent();
}

static void forge_call(void)
{
    call(NEW, &forger);
    sync_carry(&net);
    ck_assert_uint_eq(bed_take(&net.at[NEW].b)->view.flags, MPCI_TCP_SYN);
    ck_assert_uint_eq(state_at(NEW), MPCONN_SESSION_WAITING);
    assert_silent();
}

/* What the called client says of its connection; it comes again where it was held. */
static unsigned say(unsigned at, uint16_t payload)
{
    bed *m = &net.at[at].b;
    bed_segment seg = bed_seg(&b.leg, b.side ^ 1, MPCI_TCP_ACK, b.isn + 1, a.isn + 1);
    uint8_t bytes[BED_ROOM];
    mpconn_pkt held;

    seg.payload = payload;
    hand_in(at, &b, &seg);
    if (m->pkt.verdict != MPCONN_VERDICT_HOLD) {
        sync_carry(&net);
        return m->pkt.verdict;
    }
    held = m->pkt;
    held.data = memcpy(bytes, m->bytes, sizeof bytes);
    sync_carry(&net);
    ck_assert_uint_eq(m->n_released, 1);
    m->n_released = 0;
    bed_in_again(m, &held);
    sync_carry(&net);
    return held.verdict;
}

static void open_variant(int variant)
{
    open_late(variant & 1 ? MPCONN_ROLE_TRACK : MPCONN_ROLE_REVERSE, (unsigned)variant >> 1 & 1);
}

START_TEST(R13_forged_call_at_a_new_registrar_resets_no_living_connection)
{
    for (uint16_t payload = 0; payload <= 10; payload += 10) {
        open_variant(_i);
        connect_both();
        come_up();
        forge_call();
        ck_assert_uint_eq(say(NEW, payload), MPCONN_VERDICT_FORWARD);
        assert_silent();
        sync_bed_close(&net);
    }
}
END_TEST

START_TEST(R13_nor_one_that_it_has_a_copy_of)
{
    open_variant(_i);
    connect_both();
    come_up();
    ck_assert_uint_eq(say(NEW, 0), MPCONN_VERDICT_FORWARD);
    forge_call();
    for (uint16_t payload = 0; payload <= 10; payload += 10) {
        ck_assert_uint_eq(say(NEW, payload), MPCONN_VERDICT_FORWARD);
        assert_silent();
    }
    sync_bed_close(&net);
}
END_TEST

START_TEST(R13_nor_one_whose_segment_comes_to_another_new_member)
{
    open_variant(_i);
    connect_both();
    come_up();
    forge_call();
    ck_assert_uint_eq(say(FAR, 0), MPCONN_VERDICT_FORWARD);
    assert_silent();
    ck_assert_uint_eq(state_at(NEW), MPCONN_SESSION_WAITING);
    sync_bed_close(&net);
}
END_TEST

/* Of a member that has asked nobody, or before there was a copy. */
static void tell_early(unsigned from)
{
    mpci_record r = mpci_told_record(session_at(NEW), MPCI_RECORD_REQUEST);

    r.session.remote[b.side] = b.side == 0 ? b.leg.client : b.leg.server;
    r.session.port[b.side] = b.side == 0 ? b.leg.client_port : b.leg.server_port;
    r.session.isn[b.side] = b.isn + 1;
    r.session.isn[a.side] = a.isn;
    r.session.why = MPCONN_REASON_SESSION_EARLY;
    sync_put(&net, from, net.at[NEW].id, &r);
    sync_flush(&net, from);
    sync_carry(&net);
}

START_TEST(R13_nor_one_that_another_member_tells_of)
{
    open_variant(_i);
    connect_both();
    come_up();
    ck_assert_uint_eq(say(NEW, 0), MPCONN_VERDICT_FORWARD);
    forge_call();
    tell_early(FAR);
    assert_silent();
    sync_bed_close(&net);
}
END_TEST

/* The controls: what nobody knows is reset, wherever it comes, once all have been asked. */
START_TEST(connection_that_nobody_knows_is_reset_after_a_question)
{
    for (unsigned at = NEW; at <= FAR; at++) {
        open_variant(_i);
        come_up();
        forge_call();
        ck_assert_uint_eq(say(at, 0), MPCONN_VERDICT_DROP);
        ck_assert_uint_eq(net.at[NEW].b.n_out, 1);
        ck_assert_uint_eq(bed_take(&net.at[NEW].b)->view.flags, MPCI_TCP_RST);
        assert_silent();
        tell_early(FAR);
        ck_assert_uint_eq(bed_take(&net.at[NEW].b)->view.flags, MPCI_TCP_RST);
        sync_bed_close(&net);
    }
}
END_TEST

/* What it says comes again when its time is over, which no answer came in. */
static void say_unanswered(unsigned at)
{
    bed *m = &net.at[at].b;
    bed_segment seg = bed_seg(&b.leg, b.side ^ 1, MPCI_TCP_ACK, b.isn + 1, a.isn + 1);
    uint8_t bytes[BED_ROOM];
    mpconn_pkt held;

    m->n_released = 0;
    hand_in(at, &b, &seg);
    ck_assert_uint_eq(m->pkt.verdict, MPCONN_VERDICT_HOLD);
    held = m->pkt;
    held.data = memcpy(bytes, m->bytes, sizeof bytes);
    net.loss = 100;
    while (m->n_released == 0)
        sync_pass(&net, 100 * MPCONN_MILLISECOND);
    ck_assert_uint_eq(m->release_reason, MPCONN_REASON_HOLD_EXPIRED);
    net.loss = 0;
    bed_in_again(m, &held);
    ck_assert_uint_eq(held.verdict, MPCONN_VERDICT_DROP);
}

/* The second time the questions themselves come to their end. */
START_TEST(R13_who_is_not_answered_resets_nothing)
{
    for (unsigned at = NEW; at <= FAR; at++) {
        open_variant(_i);
        connect_both();
        come_up();
        forge_call();
        for (unsigned i = 0; i < 2; i++) {
            say_unanswered(at);
            assert_silent();
            sync_lose(&net);
        }
        sync_bed_close(&net);
    }
}
END_TEST

/* As soon as they answer. */
START_TEST(connection_that_nobody_knows_is_reset_after_a_question_that_was_lost)
{
    for (unsigned at = NEW; at <= FAR; at++) {
        open_variant(_i);
        come_up();
        forge_call();
        say_unanswered(at);
        sync_pass(&net, 4 * MPCONN_SECOND); /* the others are asked again, and then no more */
        assert_silent();
        forge_call();
        net.at[at].b.n_released = 0;
        ck_assert_uint_eq(say(at, 0), MPCONN_VERDICT_DROP);
        ck_assert_uint_eq(bed_take(&net.at[NEW].b)->view.flags, MPCI_TCP_RST);
        assert_silent();
        sync_bed_close(&net);
    }
}
END_TEST

/* Nobody has called: words about answers have a budget. */
START_TEST(R13_answers_to_nobody_are_told_within_the_budget)
{
    enum { FLOOD = 4000 };
    bed_segment seg;
    unsigned told_words = 0;

    open_variant(_i);
    come_up();
    for (unsigned i = 0; i < FLOOD; i++) {
        seg = answer_of_called();
        hand_in(FAR, &b, &seg);
        if (net.at[FAR].b.pkt.reason == MPCONN_REASON_SESSION_ACCEPTED)
            told_words++;
        else
            ck_assert_uint_eq(net.at[FAR].b.pkt.reason, MPCONN_REASON_ASK_BUDGET);
        sync_carry(&net);
    }
    ck_assert_uint_ge(told_words, 400);
    ck_assert_uint_le(told_words, 1100);
    sync_pass(&net, 2 * MPCONN_SECOND);
    hand_in(FAR, &b, &seg);
    ck_assert_uint_eq(net.at[FAR].b.pkt.reason, MPCONN_REASON_SESSION_ACCEPTED);
    sync_bed_close(&net);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("rendezvous_disown");
    TCase *tc = tcase_create("rendezvous_disown");

    tcase_add_loop_test(tc, R13_forged_call_at_a_new_registrar_resets_no_living_connection, 0, 4);
    tcase_add_loop_test(tc, R13_nor_one_that_it_has_a_copy_of, 0, 4);
    tcase_add_loop_test(tc, R13_nor_one_whose_segment_comes_to_another_new_member, 0, 4);
    tcase_add_loop_test(tc, R13_nor_one_that_another_member_tells_of, 0, 4);
    tcase_add_loop_test(tc, connection_that_nobody_knows_is_reset_after_a_question, 0, 4);
    tcase_add_loop_test(tc, R13_who_is_not_answered_resets_nothing, 0, 4);
    tcase_add_loop_test(tc, connection_that_nobody_knows_is_reset_after_a_question_that_was_lost,
                        0, 4);
    tcase_add_loop_test(tc, R13_answers_to_nobody_are_told_within_the_budget, 0, 4);
    suite_add_tcase(s, tc);
    return check_run(s);
}
