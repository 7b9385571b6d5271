/* SPDX-License-Identifier: BSD-2-Clause */
/* Sessions of which one client calls and the other one is called. Each test runs for either of them
 * as the caller, and for all pairs of IP versions. */
#include "check_main.h"

#include "meeting.h"

static meeting m;
static meeting_client a, b; /* who calls, and who is called */

enum { BOTH_WAYS = 8 };

static void expect(mpconn_session_config *config, const meeting_client *c)
{
    mpconn_termination *t = &config->termination[c->side];

    t->expect = c->side == 0 ? c->leg.client : c->leg.server;
    t->expect_port = c->side == 0 ? c->leg.client_port : c->leg.server_port;
    t->expect_prefix = t->family == MPCONN_FAMILY_IPV4 ? 32 : 128;
}

/* Bit 0 of the variant says who calls, bits 1 and 2 are the families of the terminations. */
static mpconn_session_config begin(unsigned role, unsigned variant)
{
    static const unsigned family[2] = {MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV6};
    mpconn_session_config config;

    meeting_config(&config, family[variant >> 1 & 1], family[variant >> 2 & 1]);
    config.role = (uint8_t)role;
    m.config = config;
    a = meeting_client_of(&m, variant & 1, 1, 40001);
    b = meeting_client_of(&m, (variant & 1) ^ 1, 1, 40002);
    expect(&config, &b);
    return config;
}

static void open_session(unsigned role, unsigned variant)
{
    mpconn_session_config config = begin(role, variant);

    meeting_open(&m, &config);
}

/* The oldest packet in the box is a SYN for `to` in the name of `from`. */
static const bed_out *called(const meeting_client *from, const meeting_client *to)
{
    const bed_out *o = bed_take(&m.b);

    meeting_leads_to(to, &o->view);
    ck_assert_uint_eq(o->view.flags | MPCI_TCP_ECE | MPCI_TCP_CWR,
                      MPCI_TCP_SYN | MPCI_TCP_ECE | MPCI_TCP_CWR);
    ck_assert_uint_eq(o->view.seq, from->isn);
    ck_assert_uint_eq(o->view.window, from->window);
    ck_assert_uint_eq(o->pkt.side, to->side);
    ck_assert_uint_eq(o->pkt.link, MPCONN_LINK_NONE);
    ck_assert_uint_eq(o->pkt.reason, MPCONN_REASON_SESSION_CALLED);
    return o;
}

static void call(void)
{
    meeting_syn(&m, &a);
    ck_assert_uint_eq(m.b.pkt.verdict, MPCONN_VERDICT_CONSUMED);
    (void)called(&a, &b);
    ck_assert_uint_eq(m.b.n_out, 0);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_WAITING);
}

static void acknowledged(void)
{
    const bed_out *o = bed_take(&m.b);

    meeting_leads_to(&b, &o->view);
    ck_assert_uint_eq(o->view.flags, MPCI_TCP_ACK);
    ck_assert_uint_eq(o->view.seq, a.isn + 1);
    ck_assert_uint_eq(o->view.ack, b.isn + 1);
    ck_assert_uint_eq(o->view.window, (unsigned)a.window >> a.wscale);
    ck_assert_uint_ne(o->view.ts_offset, 0);
    ck_assert_uint_eq(o->view.tsval, a.tsval);
    ck_assert_uint_eq(o->view.tsecr, b.tsval);
}

/* The one that is called answers; both hear of it as the role has it. */
static void accept(unsigned role)
{
    meeting_accept(&m, &b, &a);
    ck_assert_uint_eq(m.b.pkt.verdict, MPCONN_VERDICT_CONSUMED);
    ck_assert_uint_eq(m.b.pkt.reason, MPCONN_REASON_SESSION_ACCEPTED);
    (void)meeting_answer(&m, &a, &b);
    if (role == MPCONN_ROLE_REVERSE)
        acknowledged();
    ck_assert_uint_eq(m.b.n_out, 0);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_HALF);
}

static void establish(unsigned role)
{
    call();
    accept(role);
    meeting_ack(&m, &a, &b);
    ck_assert_uint_eq(m.b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_ESTABLISHED);
    m.n_events = 0;
}

static void carry_some(void)
{
    for (unsigned i = 0; i < 3; i++) {
        meeting_carry(&m, &a, &b, 1 + 100 * i, 1 + 200 * i, 100);
        meeting_carry(&m, &b, &a, 1 + 200 * i, 101 + 100 * i, 200);
    }
}

static unsigned role_of(int i)
{
    return i < BOTH_WAYS ? MPCONN_ROLE_TRACK : MPCONN_ROLE_REVERSE;
}

static void open_either(int i)
{
    open_session(role_of(i), (unsigned)i % BOTH_WAYS);
}

/* --- TRACK and REVERSE --- */

START_TEST(client_that_calls_reaches_the_other_one)
{
    open_either(_i);
    establish(role_of(_i));
    carry_some();
    meeting_close(&m);
}
END_TEST

START_TEST(host_is_told_of_the_call_and_of_the_connection)
{
    open_either(_i);
    call();
    ck_assert_uint_eq(meeting_event(&m, MPCONN_SESSION_EVENT_LATCHED,
                                    MPCONN_REASON_SESSION_WAITING)->termination, a.side);
    accept(role_of(_i));
    ck_assert_uint_eq(m.n_events, 0);
    meeting_ack(&m, &a, &b);
    (void)meeting_event(&m, MPCONN_SESSION_EVENT_ESTABLISHED, MPCONN_REASON_NONE);
    ck_assert_uint_eq(meeting_session(&m).remote_port[b.side], 40002);
    meeting_close(&m);
}
END_TEST

START_TEST(call_offers_what_the_caller_can_and_no_more)
{
    unsigned wide;
    const bed_out *o;

    open_either(_i);
    wide = a.leg.family == MPCONN_FAMILY_IPV6 || b.leg.family == MPCONN_FAMILY_IPV6;
    a.sack = 0;
    a.ecn = 1;
    a.mss = a.leg.family == MPCONN_FAMILY_IPV4 ? 1400 : 1380;
    meeting_syn(&m, &a);
    o = called(&a, &b);
    ck_assert_uint_eq(o->options.mss, wide ? 1380 : 1400);
    ck_assert_uint_eq(o->options.wscale, a.wscale);
    ck_assert_uint_eq(o->options.sack_permitted, 0);
    ck_assert_uint_eq(o->options.timestamps, 1);
    ck_assert_uint_eq(o->options.tsval, a.tsval);
    ck_assert_uint_eq(o->view.flags, MPCI_TCP_SYN | MPCI_TCP_ECE | MPCI_TCP_CWR);
    meeting_close(&m);
}
END_TEST

START_TEST(caller_is_told_what_the_other_one_agreed_to)
{
    const bed_out *o;

    open_either(_i);
    call();
    bed_pass(&m.b, 400 * MPCONN_MILLISECOND); /* a round trip is no age */
    b.sack = 0;
    b.mss = 1000;
    meeting_accept(&m, &b, &a);
    o = meeting_answer(&m, &a, &b);
    ck_assert_uint_eq(o->options.sack_permitted, 0);
    ck_assert_uint_eq(o->options.wscale, b.wscale);
    ck_assert_uint_eq(o->options.timestamps, 1);
    ck_assert_uint_eq(o->options.tsval, b.tsval);
    ck_assert_uint_eq(o->options.tsecr, a.tsval);
    ck_assert_uint_le(o->options.mss, 1000);
    ck_assert_uint_ge(o->options.mss, 980);
    meeting_close(&m);
}
END_TEST

START_TEST(caller_gets_the_timestamp_back_that_was_answered)
{
    meeting_client seen;

    open_either(_i);
    call();
    seen = a;
    bed_pass(&m.b, MPCONN_SECOND);
    a.tsval += 1000;
    call();
    meeting_accept(&m, &b, &seen);
    ck_assert_uint_eq(meeting_answer(&m, &a, &b)->options.tsecr, seen.tsval);
    meeting_close(&m);
}
END_TEST

START_TEST(each_syn_of_the_caller_is_one_to_the_other_and_time_sends_none)
{
    open_either(_i);
    for (unsigned i = 0; i < 4; i++) {
        call();
        bed_pass(&m.b, 900 * MPCONN_MILLISECOND);
        ck_assert_uint_eq(m.b.n_out, 0);
    }
    a.isn += 77777; /* anew */
    meeting_syn(&m, &a);
    ck_assert_uint_eq(m.b.n_out, 0); /* or somebody else is */
    bed_pass(&m.b, MPCONN_SECOND);
    meeting_syn(&m, &a);
    (void)called(&a, &b);
    bed_pass(&m.b, 10 * MPCONN_SECOND);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_IDLE);
    ck_assert_uint_eq(m.b.n_out, 0);
    meeting_close(&m);
}
END_TEST

START_TEST(lost_answer_comes_again_with_the_syn_and_with_the_answer)
{
    open_either(_i);
    call();
    accept(role_of(_i));
    meeting_syn(&m, &a);
    (void)meeting_answer(&m, &a, &b);
    ck_assert_uint_eq(m.b.n_out, 0);
    meeting_accept(&m, &b, &a); /* it has not heard the ACK */
    if (role_of(_i) == MPCONN_ROLE_TRACK)
        (void)meeting_answer(&m, &a, &b);
    else
        acknowledged();
    ck_assert_uint_eq(m.b.n_out, 0);
    meeting_ack(&m, &a, &b);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_ESTABLISHED);
    meeting_accept(&m, &b, &a); /* that was lost behind us */
    acknowledged();
    ck_assert_uint_eq(m.b.n_out, 0);
    carry_some();
    meeting_close(&m);
}
END_TEST

START_TEST(reset_of_the_called_one_reaches_the_caller)
{
    open_either(_i);
    call();
    m.n_events = 0;
    meeting_send(&m, &b, MPCI_TCP_RST | MPCI_TCP_ACK, 0, a.isn, 0);
    ck_assert_uint_eq(m.b.pkt.verdict, MPCONN_VERDICT_DROP);
    meeting_send(&m, &b, MPCI_TCP_RST, a.isn + 1, 0, 0); /* acknowledges nothing */
    ck_assert_uint_eq(m.b.pkt.verdict, MPCONN_VERDICT_DROP);
    ck_assert_uint_eq(m.b.n_out, 0);
    meeting_send(&m, &b, MPCI_TCP_RST | MPCI_TCP_ACK, 0, a.isn + 1, 0);
    ck_assert_uint_eq(m.b.pkt.reason, MPCONN_REASON_SESSION_REJECTED);
    meeting_reset(&m, &a, 0, a.isn + 1);
    ck_assert_uint_eq(m.b.n_out, 0);
    ck_assert_uint_eq(meeting_event(&m, MPCONN_SESSION_EVENT_CLOSED,
                                    MPCONN_REASON_SESSION_REJECTED)->termination, b.side);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_IDLE);
    a.isn += 1000;
    establish(role_of(_i));
    meeting_close(&m);
}
END_TEST

START_TEST(answer_to_another_call_is_reset)
{
    open_either(_i);
    call();
    a.isn += 5;
    meeting_accept(&m, &b, &a);
    ck_assert_uint_eq(m.b.pkt.verdict, MPCONN_VERDICT_DROP);
    ck_assert_uint_eq(bed_take(&m.b)->view.seq, a.isn + 1);
    ck_assert_uint_eq(m.b.n_out, 0);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_WAITING);
    a.isn -= 5;
    accept(role_of(_i));
    meeting_close(&m);
}
END_TEST

START_TEST(caller_that_does_not_acknowledge_has_the_other_one_reset)
{
    open_either(_i);
    call();
    accept(role_of(_i));
    bed_pass(&m.b, 12 * MPCONN_SECOND);
    meeting_reset(&m, &b, a.isn + 1, b.isn + 1);
    ck_assert_uint_eq(m.b.n_out, 0);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_CLOSING);
    meeting_close(&m);
}
END_TEST

START_TEST(caller_that_resets_its_answer_resets_the_other_one)
{
    open_either(_i);
    call();
    accept(role_of(_i));
    meeting_send(&m, &a, MPCI_TCP_RST, a.isn + 1, 0, 0);
    ck_assert_uint_eq(m.b.pkt.verdict, MPCONN_VERDICT_CONSUMED);
    meeting_reset(&m, &b, a.isn + 1, b.isn + 1);
    ck_assert_uint_eq(m.b.n_out, 0);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_CLOSING);
    meeting_close(&m);
}
END_TEST

START_TEST(connection_of_a_removed_session_is_reset)
{
    open_either(_i);
    establish(role_of(_i));
    meeting_carry(&m, &a, &b, 1, 1, 100);
    ck_assert_int_eq(mpconn_session_remove(m.b.eng, "m", m.b.now), MPCONN_OK);
    for (unsigned side = 0; side < 2; side++) {
        if (a.side == side)
            meeting_reset(&m, &a, b.isn + 1, a.isn + 101);
        else
            meeting_reset(&m, &b, a.isn + 101, b.isn + 1);
    }
    ck_assert_uint_eq(m.b.n_out, 0);
    meeting_close(&m);
}
END_TEST

START_TEST(both_may_call_and_are_joined)
{
    mpconn_session_config config = begin(role_of(_i), (unsigned)_i % BOTH_WAYS);

    expect(&config, &a);
    meeting_open(&m, &config);
    call();
    meeting_syn(&m, &b);
    (void)meeting_answer(&m, &b, &a);
    (void)meeting_answer(&m, &a, &b);
    ck_assert_uint_eq(m.b.n_out, 0);
    meeting_ack(&m, &a, &b);
    meeting_ack(&m, &b, &a);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_ESTABLISHED);
    carry_some();
    meeting_close(&m);
}
END_TEST

START_TEST(client_whose_other_one_is_not_known_waits)
{
    open_either(_i);
    meeting_syn(&m, &b);
    meeting_silent(&m, MPCONN_VERDICT_CONSUMED, MPCONN_REASON_SESSION_WAITING);
    meeting_syn(&m, &a);
    (void)meeting_answer(&m, &a, &b);
    (void)meeting_answer(&m, &b, &a);
    meeting_close(&m);
}
END_TEST

START_TEST(answer_of_a_stranger_is_dropped)
{
    meeting_client c;

    open_either(_i);
    c = meeting_client_of(&m, b.side, 9, 40002);
    call();
    meeting_accept(&m, &c, &a);
    meeting_silent(&m, MPCONN_VERDICT_DROP, MPCONN_REASON_SESSION_STRANGER);
    accept(role_of(_i));
    meeting_close(&m);
}
END_TEST

/* --- FORWARD --- */

/* The packet handed in last has gone on to a client as it was. */
static void passed(const meeting_client *to, const bed_segment *seg)
{
    mpci_view v;
    mpci_syn_options o;

    ck_assert_msg(m.b.pkt.verdict == MPCONN_VERDICT_FORWARD, "%s",
                  mpconn_reason_name(m.b.pkt.reason));
    ck_assert_uint_eq(m.b.n_out, 0);
    bed_view(&m.b, &v, &o);
    meeting_leads_to(to, &v);
    ck_assert_uint_eq(v.flags, seg->s.flags);
    ck_assert_uint_eq(v.seq, seg->s.seq);
    ck_assert_uint_eq(v.ack, seg->s.ack);
    ck_assert_uint_eq(v.window, seg->s.window);
    ck_assert_uint_eq(v.payload_len, seg->payload);
    if ((v.flags & MPCI_TCP_SYN) == 0)
        return;
    ck_assert_uint_eq(o.mss, seg->s.mss);
    ck_assert_uint_eq(o.wscale, seg->s.wscale);
    ck_assert_uint_eq(o.sack_permitted, seg->s.sack_permitted);
    ck_assert_uint_eq(o.tsval, seg->s.tsval);
    ck_assert_uint_eq(o.tsecr, seg->s.tsecr);
}

static void pass(const meeting_client *from, const meeting_client *to, const bed_segment *seg)
{
    bed_in(&m.b, from->side, seg);
    passed(to, seg);
}

static void pass_syn(const meeting_client *from, const meeting_client *to)
{
    bed_segment seg = meeting_syn_of(from);

    pass(from, to, &seg);
}

static void pass_handshake(void)
{
    bed_segment answer = meeting_accept_of(&b, &a);

    pass_syn(&a, &b);
    pass(&b, &a, &answer);
    meeting_ack(&m, &a, &b);
    ck_assert_uint_eq(m.b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_ESTABLISHED);
}

START_TEST(forwarded_connection_is_carried_from_the_syn_on)
{
    open_session(MPCONN_ROLE_FORWARD, (unsigned)_i);
    pass_syn(&a, &b);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_ESTABLISHED);
    ck_assert_uint_ne(meeting_session(&m).flow, 0);
    ck_assert_uint_eq(meeting_session(&m).stats[a.side].packets_in, 1);
    ck_assert_uint_eq(meeting_session(&m).stats[a.side].syns, 1);
    pass_handshake();
    carry_some();
    meeting_close(&m);
}
END_TEST

START_TEST(forwarded_segments_are_not_checked)
{
    bed_segment seg;

    open_session(MPCONN_ROLE_FORWARD, (unsigned)_i);
    seg = meeting_syn_of(&a);
    seg.payload = 33;
    pass(&a, &b, &seg);
    seg = bed_seg(&b.leg, a.side, MPCI_TCP_RST | MPCI_TCP_ACK, 0, a.isn + 1);
    pass(&b, &a, &seg);
    seg = bed_seg(&a.leg, b.side, MPCI_TCP_ACK, 99, 0x77777777);
    pass(&a, &b, &seg);
    meeting_close(&m);
}
END_TEST

START_TEST(forwarded_connection_that_ends_gives_way_to_another_one)
{
    open_session(MPCONN_ROLE_FORWARD, (unsigned)_i);
    pass_handshake();
    m.n_events = 0;
    meeting_send(&m, &a, MPCI_TCP_RST, a.isn + 1, 0, 0);
    ck_assert_uint_eq(m.b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    (void)meeting_event(&m, MPCONN_SESSION_EVENT_CLOSED, MPCONN_REASON_FLOW_RESET);
    a = meeting_client_of(&m, a.side, 2, 40009);
    b.isn += 1000;
    pass_handshake();
    carry_some();
    meeting_close(&m);
}
END_TEST

START_TEST(forwarded_call_without_answer_gives_way_to_another_one)
{
    meeting_client old;

    open_session(MPCONN_ROLE_FORWARD, (unsigned)_i);
    pass_syn(&a, &b);
    old = a;
    a = meeting_client_of(&m, a.side, 2, 40009);
    pass_handshake();
    carry_some();
    meeting_syn(&m, &old); /* now it is too late */
    meeting_silent(&m, MPCONN_VERDICT_DROP, MPCONN_REASON_SESSION_STRANGER);
    meeting_close(&m);
}
END_TEST

START_TEST(forwarded_caller_that_calls_anew_is_carried)
{
    open_session(MPCONN_ROLE_FORWARD, (unsigned)_i);
    pass_handshake();
    a.isn += 0x40000000;
    b.isn += 0x40000000;
    pass_handshake();
    carry_some();
    ck_assert_uint_eq(meeting_session(&m).pairs, 1);
    m.n_events = 0;
    meeting_send(&m, &b, MPCI_TCP_RST, b.isn + 601, 0, 0); /* tracked by the later numbers */
    ck_assert_uint_eq(m.b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    (void)meeting_event(&m, MPCONN_SESSION_EVENT_CLOSED, MPCONN_REASON_FLOW_RESET);
    meeting_close(&m);
}
END_TEST

/* --- the controller --- */

START_TEST(session_of_which_nobody_can_be_called_is_refused)
{
    mpconn_session_config config = begin((unsigned)_i, 0);

    meeting_open_default(&m);
    ck_assert_int_eq(mpconn_session_modify(m.b.eng, &config, m.b.now), MPCONN_OK);
    config.termination[b.side].expect_port = 0;
    ck_assert_int_eq(mpconn_session_modify(m.b.eng, &config, m.b.now), MPCONN_ERR_EXPECT);
    config.termination[b.side].expect_port = 1;
    config.termination[b.side].expect_prefix = 31;
    ck_assert_int_eq(mpconn_session_modify(m.b.eng, &config, m.b.now), MPCONN_ERR_EXPECT);
    ck_assert_int_eq(mpconn_session_remove(m.b.eng, "m", m.b.now), MPCONN_OK);
    ck_assert_int_eq(mpconn_session_add(m.b.eng, &config, m.b.now), MPCONN_ERR_EXPECT);
    meeting_close(&m);
}
END_TEST

/* What the roles differ in: with MERGE the other one hears nothing of a call. */
START_TEST(nobody_is_called_where_both_have_to_call)
{
    open_session(MPCONN_ROLE_MERGE, (unsigned)_i);
    meeting_syn(&m, &a);
    meeting_silent(&m, MPCONN_VERDICT_CONSUMED, MPCONN_REASON_SESSION_WAITING);
    meeting_accept(&m, &b, &a);
    meeting_silent(&m, MPCONN_VERDICT_DROP, MPCONN_REASON_SESSION_EARLY);
    meeting_close(&m);
}
END_TEST

int main(void)
{
    const TTest *const either[] = {
        client_that_calls_reaches_the_other_one,
        host_is_told_of_the_call_and_of_the_connection,
        call_offers_what_the_caller_can_and_no_more,
        caller_is_told_what_the_other_one_agreed_to,
        caller_gets_the_timestamp_back_that_was_answered,
        each_syn_of_the_caller_is_one_to_the_other_and_time_sends_none,
        lost_answer_comes_again_with_the_syn_and_with_the_answer,
        reset_of_the_called_one_reaches_the_caller,
        answer_to_another_call_is_reset,
        caller_that_does_not_acknowledge_has_the_other_one_reset,
        caller_that_resets_its_answer_resets_the_other_one,
        connection_of_a_removed_session_is_reset,
        both_may_call_and_are_joined,
        client_whose_other_one_is_not_known_waits,
        answer_of_a_stranger_is_dropped,
    };

    const TTest *const forward[] = {
        forwarded_connection_is_carried_from_the_syn_on,
        forwarded_segments_are_not_checked,
        forwarded_connection_that_ends_gives_way_to_another_one,
        forwarded_call_without_answer_gives_way_to_another_one,
        forwarded_caller_that_calls_anew_is_carried,
        nobody_is_called_where_both_have_to_call,
    };
    Suite *s = suite_create("rendezvous_roles");
    TCase *tc = tcase_create("rendezvous_roles");

    for (size_t i = 0; i < sizeof either / sizeof either[0]; i++)
        tcase_add_loop_test(tc, either[i], 0, 2 * BOTH_WAYS);
    for (size_t i = 0; i < sizeof forward / sizeof forward[0]; i++)
        tcase_add_loop_test(tc, forward[i], 0, BOTH_WAYS);
    tcase_add_loop_test(tc, session_of_which_nobody_can_be_called_is_refused,
                        MPCONN_ROLE_FORWARD, MPCONN_ROLE_REVERSE + 1);
    suite_add_tcase(s, tc);
    return check_run(s);
}
