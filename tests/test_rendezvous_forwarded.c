/* SPDX-License-Identifier: BSD-2-Clause */
/* A SYN that one member lets pass (MPCONN_ROLE_FORWARD), and what the client that is called says
 * comes to another. Each test runs for either client as the caller, and each member as the one that
 * decides about the session, which here changes nothing. */
#include "meeting_called.h"

enum { FORWARDED = 2 * 3 };

static void open_forward(int variant)
{
    open_role(MPCONN_ROLE_FORWARD, (unsigned)variant & 1, (unsigned)variant >> 1);
    call(caller_at, &a);
    ck_assert_uint_eq(net.at[caller_at].b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    sync_carry(&net);
}

/* What was held there comes again, as its host was told. */
static void come_again(void)
{
    bed *m = &net.at[called_at].b;
    uint8_t bytes[BED_ROOM];
    mpconn_pkt held = m->pkt;
    size_t before = m->n_released;

    ck_assert_uint_eq(held.verdict, MPCONN_VERDICT_HOLD);
    held.data = memcpy(bytes, m->bytes, sizeof bytes);
    sync_carry(&net);
    ck_assert_uint_eq(m->n_released, before + 1);
    bed_in_again(m, &held);
    sync_carry(&net);
    ck_assert_msg(held.verdict == MPCONN_VERDICT_FORWARD, "%s", mpconn_reason_name(held.reason));
    ck_assert_msg(mpci_settled_by_id(&engine(called_at)->core.settled, held.flow) !=
                      MPCI_SLOT_NONE, "no flow has number %#llx", (unsigned long long)held.flow);
}

static void say(unsigned at, const meeting_client *from, const meeting_client *to, unsigned flags,
                uint32_t said, uint32_t heard)
{
    bed_segment seg = bed_seg(&from->leg, from->side ^ 1, flags, from->isn + said,
                              to->isn + heard);

    hand_in(at, from, &seg);
    ck_assert_uint_eq(net.at[at].b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    sync_carry(&net);
}

static void call_again(void)
{
    call(caller_at, &a);
    ck_assert_uint_eq(net.at[caller_at].b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    sync_carry(&net);
}

/* From another port, as a client does. */
static void call_anew(void)
{
    meeting m;

    m.config = config;
    a = meeting_client_of(&m, a.side, 1, 40777);
    a.isn += 100000;
    b.isn += 100000;
    call_again();
}

static void pass_handshake(void)
{
    bed_segment seg = answer_of_called();

    hand_in(called_at, &b, &seg);
    come_again();
    acknowledge(caller_at, &a, &b);
    ck_assert(carries(caller_at, &a, &b));
    ck_assert(carries(called_at, &b, &a));
    assert_silent();
}

START_TEST(forwarded_answer_that_comes_elsewhere_goes_on)
{
    open_forward(_i);
    pass_handshake();
    ck_assert_uint_eq(told_of(MPCONN_SESSION_EVENT_ESTABLISHED), 1);
    sync_bed_close(&net);
}
END_TEST

START_TEST(forwarded_connection_whose_answer_went_elsewhere_stands)
{
    meeting m;
    meeting_client other;

    open_forward(_i);
    pass_handshake();
    m.config = config;
    other = meeting_client_of(&m, a.side, 3, 40009);
    call(caller_at, &other);
    ck_assert_uint_eq(net.at[caller_at].b.pkt.reason, MPCONN_REASON_SESSION_STRANGER);
    ck_assert(carries(caller_at, &a, &b));
    sync_bed_close(&net);
}
END_TEST

START_TEST(forwarded_connection_that_two_members_see_is_seen_to_close)
{
    open_forward(_i);
    pass_handshake();
    say(caller_at, &a, &b, MPCI_TCP_ACK | MPCI_TCP_FIN, 11, 11);
    say(called_at, &b, &a, MPCI_TCP_ACK | MPCI_TCP_FIN, 11, 12);
    ck_assert_uint_eq(told_of(MPCONN_SESSION_EVENT_CLOSED), 0);
    say(caller_at, &a, &b, MPCI_TCP_ACK, 12, 12);
    ck_assert_uint_eq(told_of(MPCONN_SESSION_EVENT_CLOSED), 1);
    call_anew();
    if ((_i & 2) == 0) {
        pass_handshake();
    } else {
        refuse(0, a.isn + 1);
        come_again();
        ck_assert_uint_eq(told_of(MPCONN_SESSION_EVENT_CLOSED), 2);
    }
    sync_bed_close(&net);
}
END_TEST

/* One segment of somebody who is not the caller must not say which number that heard. */
START_TEST(R21_forwarded_caller_in_doubt_is_no_sign_of_an_answer)
{
    bed_segment seg;
    meeting m;
    meeting_client other;

    open_forward(_i);
    seg = bed_seg(&a.leg, a.side ^ 1, MPCI_TCP_ACK, a.isn + 0x10000 + a.window, 0x77777777);
    hand_in(caller_at, &a, &seg);
    m.config = config;
    other = meeting_client_of(&m, a.side, 3, 40009);
    call(caller_at, &other);
    ck_assert_uint_eq(net.at[caller_at].b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    sync_bed_close(&net);
}
END_TEST

/* RFC 5961 4: it has a connection of which its caller knows nothing, and which that one resets. */
START_TEST(forwarded_challenge_that_comes_elsewhere_goes_on)
{
    bed_segment seg;

    open_forward(_i);
    seg = bed_seg(&b.leg, b.side ^ 1, MPCI_TCP_ACK, b.isn + 7000, a.isn + 9000);
    hand_in(called_at, &b, &seg);
    come_again();
    assert_silent();
    sync_bed_close(&net);
}
END_TEST

START_TEST(forwarded_refusal_that_comes_elsewhere_goes_on)
{
    open_forward(_i);
    refuse(0, a.isn + 1);
    come_again();
    ck_assert_uint_eq(told_of(MPCONN_SESSION_EVENT_CLOSED), 1);
    assert_silent();
    call_anew();
    pass_handshake();
    sync_bed_close(&net);
}
END_TEST

/* What it said was lost behind us: its caller goes on with the number that was refused. */
START_TEST(forwarded_refusal_that_was_lost_does_not_bury_the_caller)
{
    open_forward(_i);
    refuse(0, a.isn + 1);
    come_again();
    call_again();
    refuse(0, a.isn + 1);
    come_again();
    ck_assert_uint_eq(told_of(MPCONN_SESSION_EVENT_CLOSED), 2);
    call_again();
    pass_handshake();
    sync_bed_close(&net);
}
END_TEST

/* Or it has called before, and who was called has a connection of which it knows nothing. */
START_TEST(forwarded_challenge_after_a_lost_refusal_goes_on)
{
    bed_segment seg;

    open_forward(_i);
    refuse(0, a.isn + 1);
    come_again();
    call_again();
    seg = bed_seg(&b.leg, b.side ^ 1, MPCI_TCP_ACK, b.isn + 7000, a.isn + 9000);
    hand_in(called_at, &b, &seg);
    come_again();
    assert_silent();
    sync_bed_close(&net);
}
END_TEST

START_TEST(forwarded_caller_comes_back_with_its_number)
{
    meeting m;
    meeting_client caller, other;

    open_forward(_i);
    m.config = config;
    caller = a;
    other = meeting_client_of(&m, a.side, 3, 40009);
    a = other;
    call_again();
    a = caller;
    call_again();
    pass_handshake();
    sync_bed_close(&net);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        forwarded_answer_that_comes_elsewhere_goes_on,
        forwarded_connection_whose_answer_went_elsewhere_stands,
        forwarded_connection_that_two_members_see_is_seen_to_close,
        R21_forwarded_caller_in_doubt_is_no_sign_of_an_answer,
        forwarded_challenge_that_comes_elsewhere_goes_on,
        forwarded_refusal_that_comes_elsewhere_goes_on,
        forwarded_refusal_that_was_lost_does_not_bury_the_caller,
        forwarded_challenge_after_a_lost_refusal_goes_on,
        forwarded_caller_comes_back_with_its_number,
    };
    Suite *s = suite_create("rendezvous_forwarded");
    TCase *tc = tcase_create("rendezvous_forwarded");

    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
        tcase_add_loop_test(tc, tests[i], 0, FORWARDED);
    suite_add_tcase(s, tc);
    return check_run(s);
}
