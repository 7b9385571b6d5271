/* SPDX-License-Identifier: BSD-2-Clause */
/* What a session is told to do: whom to answer when, timestamps of SYNs that are not fresh, options
 * that cannot be joined, addresses of two families. */
#include "check_main.h"

#include "meeting.h"

static meeting m;
static meeting_client a, b;
static mpconn_session_config config;

static void prepare(void)
{
    meeting_config(&config, MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV4);
}

static void begin(void)
{
    meeting_open(&m, &config);
    a = meeting_client_of(&m, 0, 1, 40001);
    b = meeting_client_of(&m, 1, 1, 40002);
}

/* --- whom to answer --- */

START_TEST(second_is_answered_first_where_the_first_has_to_wait_for_its_word)
{
    prepare();
    config.answer = MPCONN_ANSWER_SECOND;
    begin();
    meeting_syn(&m, &a);
    meeting_syn(&m, &b);
    (void)meeting_answer(&m, &b, &a);
    ck_assert_uint_eq(m.b.n_out, 0);
    meeting_syn(&m, &a); /* not yet */
    ck_assert_uint_eq(m.b.n_out, 0);
    meeting_ack(&m, &b, &a);
    (void)meeting_answer(&m, &a, &b);
    ck_assert_uint_eq(m.b.n_out, 0);
    meeting_ack(&m, &a, &b);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_ESTABLISHED);
    meeting_carry(&m, &b, &a, 1, 1, 10);
    meeting_close(&m);
}
END_TEST

START_TEST(first_is_not_answered_for_a_second_that_is_dead)
{
    prepare();
    config.answer = MPCONN_ANSWER_SECOND;
    begin();
    meeting_syn(&m, &a);
    meeting_syn(&m, &b);
    (void)meeting_answer(&m, &b, &a);
    for (unsigned i = 0; i < 12; i++) {
        bed_pass(&m.b, MPCONN_SECOND);
        meeting_syn(&m, &a);
    }
    ck_assert_uint_eq(m.b.n_out, 0);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_WAITING); /* it is the first one again */
    meeting_close(&m);
}
END_TEST

/* Simultaneous open, RFC 9293 3.5. */
START_TEST(first_gets_the_syn_of_the_second_where_that_is_to_be_forwarded)
{
    const bed_out *o;
    bed_segment seg;

    prepare();
    config.answer = MPCONN_ANSWER_FORWARD;
    begin();
    meeting_syn(&m, &a);
    meeting_syn(&m, &b);
    o = bed_take(&m.b);
    ck_assert_uint_eq(o->view.flags, MPCI_TCP_SYN);
    ck_assert_uint_eq(o->view.dport, 40001);
    ck_assert_uint_eq(o->view.seq, b.isn);
    ck_assert_uint_eq(o->view.window, b.window);
    ck_assert_uint_eq(o->options.wscale, b.wscale);
    ck_assert_uint_eq(o->options.tsval, b.tsval);
    ck_assert_uint_eq(o->options.tsecr, 0);
    meeting_syn(&m, &b); /* not before the first one has answered */
    ck_assert_uint_eq(m.b.n_out, 0);
    meeting_send(&m, &a, MPCI_TCP_SYN | MPCI_TCP_ACK, a.isn, b.isn + 2, 0);
    meeting_silent(&m, MPCONN_VERDICT_DROP, MPCONN_REASON_SESSION_MISFIT);
    a.tsval += 30;
    seg = meeting_syn_of(&a);
    seg.s.flags |= MPCI_TCP_ACK;
    seg.s.ack = b.isn + 1;
    seg.s.tsecr = b.tsval;
    bed_in(&m.b, 0, &seg);
    ck_assert_uint_eq(m.b.pkt.verdict, MPCONN_VERDICT_CONSUMED);
    o = meeting_answer(&m, &b, &a);
    ck_assert_uint_eq(o->options.tsval, a.tsval);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_HALF);
    meeting_ack(&m, &b, &a);
    ck_assert_uint_eq(m.b.pkt.verdict, MPCONN_VERDICT_FORWARD); /* the first waits for it */
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_ESTABLISHED);
    meeting_carry(&m, &a, &b, 1, 1, 10);
    meeting_close(&m);
}
END_TEST

/* The acknowledgment that ends a simultaneous open goes on, and is lost: whoever waits for it says
 * its SYN|ACK again, and the other one's stack has the answer (RFC 9293 3.10.7.4). */
START_TEST(first_whose_handshake_was_not_ended_has_its_answer_carried)
{
    mpci_view v;
    mpci_syn_options o;

    for (unsigned answer = MPCONN_ANSWER_BOTH; answer <= MPCONN_ANSWER_FORWARD; answer++) {
        prepare();
        config.answer = (uint8_t)answer;
        begin();
        meeting_syn(&m, &a);
        meeting_syn(&m, &b);
        if (answer == MPCONN_ANSWER_FORWARD)
            meeting_send(&m, &a, MPCI_TCP_SYN | MPCI_TCP_ACK, a.isn, b.isn + 1, 0);
        meeting_ack(&m, &b, &a);
        meeting_ack(&m, &a, &b);
        ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_ESTABLISHED);
        m.b.n_out = 0;
        meeting_send(&m, &a, MPCI_TCP_SYN | MPCI_TCP_ACK, a.isn, b.isn + 2, 0);
        meeting_silent(&m, MPCONN_VERDICT_DROP, MPCONN_REASON_SESSION_SYN_LATE);
        meeting_send(&m, &a, MPCI_TCP_SYN | MPCI_TCP_ACK, a.isn, b.isn + 1, 0);
        if (answer != MPCONN_ANSWER_FORWARD) {
            meeting_silent(&m, MPCONN_VERDICT_DROP, MPCONN_REASON_SESSION_SYN_LATE);
            meeting_close(&m);
            continue;
        }
        ck_assert_uint_eq(m.b.pkt.verdict, MPCONN_VERDICT_FORWARD);
        ck_assert_uint_eq(m.b.n_out, 0);
        bed_view(&m.b, &v, &o);
        meeting_leads_to(&b, &v);
        ck_assert_uint_eq(v.flags, MPCI_TCP_SYN | MPCI_TCP_ACK);
        ck_assert_uint_eq(v.seq, a.isn);
        ck_assert_uint_eq(v.ack, b.isn + 1);
        ck_assert_uint_eq(mpci_view_verify(&v, &m.b.pkt), 0);
        meeting_carry(&m, &b, &a, 1, 1, 0);
        meeting_close(&m);
    }
}
END_TEST

/* The acknowledgment was lost before us, and the second one only listens. */
START_TEST(second_whose_acknowledgment_was_lost_is_answered_again_for_a_first_that_waits)
{
    prepare();
    config.answer = MPCONN_ANSWER_FORWARD;
    begin();
    meeting_syn(&m, &a);
    meeting_syn(&m, &b);
    meeting_send(&m, &a, MPCI_TCP_SYN | MPCI_TCP_ACK, a.isn, b.isn + 1, 0);
    m.b.n_out = 0;
    bed_pass(&m.b, MPCONN_SECOND);
    meeting_send(&m, &a, MPCI_TCP_SYN | MPCI_TCP_ACK, a.isn, b.isn + 1, 0);
    (void)meeting_answer(&m, &b, &a);
    ck_assert_uint_eq(m.b.n_out, 0);
    meeting_ack(&m, &b, &a);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_ESTABLISHED);
    meeting_close(&m);
}
END_TEST

static void modify(void)
{
    ck_assert_int_eq(mpconn_session_modify(m.b.eng, &config, m.b.now), MPCONN_OK);
}

/* What the controller says meanwhile is for the next pair. */
START_TEST(whom_to_answer_is_decided_when_the_pair_is_made)
{
    prepare();
    config.answer = MPCONN_ANSWER_SECOND;
    begin();
    meeting_syn(&m, &a);
    meeting_syn(&m, &b);
    (void)meeting_answer(&m, &b, &a);
    config.answer = MPCONN_ANSWER_BOTH;
    modify();
    meeting_syn(&m, &a);
    ck_assert_uint_eq(m.b.n_out, 0);
    meeting_ack(&m, &b, &a);
    (void)meeting_answer(&m, &a, &b);
    meeting_close(&m);
}
END_TEST

START_TEST(time_to_acknowledge_is_decided_when_the_pair_is_made)
{
    for (unsigned modified = 0; modified < 2; modified++) {
        prepare();
        config.confirm_ms = modified ? 10000 : 1000;
        begin();
        meeting_pair(&m, &a, &b);
        config.confirm_ms = 1000;
        modify();
        bed_pass(&m.b, 7 * MPCONN_SECOND);
        ck_assert_uint_eq(meeting_state(&m), modified ? MPCONN_SESSION_ANSWERED
                                                      : MPCONN_SESSION_CLOSING);
        meeting_close(&m);
    }
}
END_TEST

START_TEST(who_is_answered_late_is_decided_when_the_pair_is_made)
{
    static const uint8_t policies[] = {MPCONN_STALE_WAIT, MPCONN_STALE_STRICT};

    for (unsigned i = 0; i < 2; i++) {
        prepare();
        config.stale = policies[i];
        begin();
        meeting_syn(&m, &a);
        bed_pass(&m.b, MPCONN_SECOND);
        meeting_syn(&m, &b);
        (void)meeting_answer(&m, &b, &a);
        config.stale = policies[i ^ 1];
        modify();
        meeting_ack(&m, &b, &a);
        bed_pass(&m.b, 3 * MPCONN_SECOND);
        ck_assert_uint_eq(m.b.n_out, policies[i] == MPCONN_STALE_WAIT); /* by the clock */
        meeting_close(&m);
    }
}
END_TEST

/* --- timestamps --- */

typedef struct age_row {
    unsigned stale, tries, age_ms;
    unsigned answered;
    int stamped;
} age_row;

static const age_row ages[] = {
    {MPCONN_STALE_WAIT, 1, 100, 1, 1},   {MPCONN_STALE_WAIT, 1, 300, 0, 1},
    {MPCONN_STALE_WAIT, 3, 300, 1, 0},   {MPCONN_STALE_WAIT, 3, 100, 1, 1},
    {MPCONN_STALE_STRIP, 1, 300, 1, 0},  {MPCONN_STALE_STRIP, 1, 100, 1, 1},
    {MPCONN_STALE_STRICT, 1, 300, 0, 1}, {MPCONN_STALE_STRICT, 3, 300, 0, 1},
    {MPCONN_STALE_PASS, 1, 300, 1, 1},   {MPCONN_STALE_PASS, 3, 3000, 1, 1},
};

/* The second one is answered at once, whatever becomes of the first. */
START_TEST(timestamps_of_a_syn_that_is_not_fresh_are_treated_as_told)
{
    const age_row *row = &ages[_i];
    const bed_out *o;

    prepare();
    config.stale = (uint8_t)row->stale;
    begin();
    for (unsigned i = 0; i < row->tries; i++) {
        bed_pass(&m.b, MPCONN_SECOND);
        a.tsval += 1000;
        meeting_syn(&m, &a);
    }
    bed_pass(&m.b, row->age_ms * MPCONN_MILLISECOND);
    meeting_syn(&m, &b);
    o = meeting_answer(&m, &b, &a);
    ck_assert_int_eq(o->options.timestamps, row->stamped);
    ck_assert_uint_eq(m.b.n_out, row->answered);
    if (!row->answered) {
        a.tsval += 700;
        meeting_syn(&m, &a);
    }
    o = meeting_answer(&m, &a, &b);
    ck_assert_int_eq(o->options.timestamps, row->stamped);
    if (row->stamped)
        ck_assert_uint_eq(o->options.tsecr, a.tsval);
    meeting_ack(&m, &a, &b);
    meeting_ack(&m, &b, &a);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_ESTABLISHED);
    meeting_close(&m);
}
END_TEST

/* Its one SYN would be what it measures by (RFC 6298 3 leaves out those that were repeated). */
START_TEST(first_that_called_once_is_answered_on_its_next_syn_without_timestamps_too)
{
    for (unsigned tries = 1; tries < 3; tries++) {
        prepare();
        begin();
        a.timestamps = b.timestamps = 0;
        for (unsigned i = 0; i < tries; i++) {
            bed_pass(&m.b, MPCONN_SECOND);
            meeting_syn(&m, &a);
        }
        bed_pass(&m.b, 300 * MPCONN_MILLISECOND);
        meeting_syn(&m, &b);
        (void)meeting_answer(&m, &b, &a);
        ck_assert_uint_eq(m.b.n_out, tries - 1);
        meeting_close(&m);
    }
}
END_TEST

/* It is answered by what it said once, and has as long to acknowledge as anybody. */
START_TEST(first_that_never_calls_again_ends_the_pair)
{
    prepare();
    begin();
    meeting_syn(&m, &a);
    bed_pass(&m.b, 300 * MPCONN_MILLISECOND);
    meeting_syn(&m, &b);
    (void)meeting_answer(&m, &b, &a);
    meeting_ack(&m, &b, &a);
    m.n_events = 0;
    bed_pass(&m.b, MPCONN_SECOND);
    ck_assert_uint_eq(m.b.n_out, 0);
    bed_pass(&m.b, 2 * MPCONN_SECOND);
    (void)meeting_answer(&m, &a, &b);
    bed_pass(&m.b, 9 * MPCONN_SECOND);
    ck_assert_uint_eq(m.n_events, 0);
    ck_assert_uint_eq(m.b.n_out, 0);
    bed_pass(&m.b, 3 * MPCONN_SECOND);
    ck_assert_uint_eq(meeting_event(&m, MPCONN_SESSION_EVENT_CLOSED,
                                    MPCONN_REASON_SESSION_UNCONFIRMED)->termination, 0);
    meeting_reset(&m, &b, a.isn + 1, b.isn + 1);
    meeting_close(&m);
}
END_TEST

/* --- what cannot be joined --- */

/* The builder has no option for it: MD5 goes where SACK-permitted and NOPs would be. */
static void signed_syn(void)
{
    static const uint8_t md5[20] = {19, 18};
    bed_segment seg = meeting_syn_of(&a);
    uint8_t *p = m.b.bytes;

    seg.s.mss = 0;
    seg.s.wscale = MPCONN_WSCALE_NONE;
    seg.s.sack_permitted = seg.s.timestamps = 0;
    ck_assert_uint_eq(mpci_build_tcp(p, sizeof(m.b.bytes), &seg.s), 40);
    memcpy(p + 40, md5, sizeof(md5));
    p[58] = p[59] = 1;
    p[3] = 60;
    p[32] = 10 << 4;
    memset(&m.b.pkt, 0, sizeof(m.b.pkt));
    m.b.pkt.data = p;
    m.b.pkt.len = 60;
    m.b.pkt.cap = sizeof(m.b.bytes);
    m.b.pkt.flags = MPCONN_PKT_F_CSUM_OK;
    bed_in_again(&m.b, &m.b.pkt);
}

START_TEST(attack_R12_signed_syn_is_refused_by_a_reset)
{
    prepare();
    begin();
    signed_syn();
    ck_assert_uint_eq(m.b.pkt.verdict, MPCONN_VERDICT_DROP);
    ck_assert_uint_eq(m.b.pkt.reason, MPCONN_REASON_SESSION_SIGNED);
    meeting_reset(&m, &a, 0, a.isn + 1);
    (void)meeting_event(&m, MPCONN_SESSION_EVENT_REFUSED, MPCONN_REASON_SESSION_SIGNED);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_IDLE);
    meeting_close(&m);
}
END_TEST

START_TEST(attack_R12_signed_syn_is_refused_in_silence_where_that_is_wanted)
{
    prepare();
    config.flags = MPCONN_SESSION_F_SIGNED_SILENT;
    begin();
    signed_syn();
    meeting_silent(&m, MPCONN_VERDICT_DROP, MPCONN_REASON_SESSION_SIGNED);
    meeting_close(&m);
}
END_TEST

START_TEST(attack_R12_data_in_a_syn_is_not_acknowledged)
{
    bed_segment seg;

    prepare();
    begin();
    seg = meeting_syn_of(&a);
    seg.payload = 100;
    bed_in(&m.b, 0, &seg);
    meeting_syn(&m, &b);
    (void)meeting_answer(&m, &b, &a);
    (void)meeting_answer(&m, &a, &b); /* acknowledges the SYN alone */
    meeting_ack(&m, &a, &b);
    meeting_ack(&m, &b, &a);
    meeting_carry(&m, &a, &b, 1, 1, 100); /* and it comes again */
    meeting_close(&m);
}
END_TEST

START_TEST(attack_R12_ecn_is_joined_when_both_ask_for_it)
{
    for (unsigned asks = 0; asks < 4; asks++) {
        const bed_out *o;

        prepare();
        begin();
        a.ecn = asks & 1;
        b.ecn = asks >> 1 & 1;
        meeting_syn(&m, &a);
        meeting_syn(&m, &b);
        for (unsigned i = 0; i < 2; i++) {
            o = bed_take(&m.b);
            ck_assert_uint_eq((o->view.flags & MPCI_TCP_ECE) != 0, asks == 3);
            ck_assert_uint_eq(o->view.flags & MPCI_TCP_CWR, 0);
        }
        meeting_close(&m);
    }
}
END_TEST

/* --- families, and sizes --- */

START_TEST(R24_addresses_of_two_families_are_joined_when_the_session_says_so)
{
    static const unsigned rows[][2] = {{MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV6},
                                       {MPCONN_FAMILY_IPV6, MPCONN_FAMILY_IPV4},
                                       {MPCONN_FAMILY_IPV6, MPCONN_FAMILY_IPV6}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const bed_out *o;

        meeting_config(&config, rows[i][0], rows[i][1]);
        begin();
        meeting_syn(&m, &a);
        meeting_syn(&m, &b);
        o = meeting_answer(&m, &b, &a);
        ck_assert_uint_eq(o->options.mss, 1440); /* packets of 1500 bytes on either leg */
        o = meeting_answer(&m, &a, &b);
        ck_assert_uint_eq(o->options.mss, 1440);
        meeting_ack(&m, &a, &b);
        meeting_ack(&m, &b, &a);
        meeting_carry(&m, &a, &b, 1, 1, 100);
        meeting_carry(&m, &b, &a, 1, 101, 200);
        meeting_close(&m);
    }
}
END_TEST

START_TEST(R09_mss_is_no_more_than_the_controller_allows)
{
    prepare();
    config.max_mss = 1200;
    begin();
    meeting_syn(&m, &a);
    meeting_syn(&m, &b);
    ck_assert_uint_eq(meeting_answer(&m, &b, &a)->options.mss, 1200);
    ck_assert_uint_eq(meeting_answer(&m, &a, &b)->options.mss, 1200);
    meeting_close(&m);
}
END_TEST

START_TEST(R08_malformed_options_are_no_call)
{
    prepare();
    begin();
    signed_syn();
    (void)bed_take(&m.b);
    m.b.bytes[41] = 40; /* longer than the header */
    m.b.pkt.flags = MPCONN_PKT_F_CSUM_OK;
    bed_in_again(&m.b, &m.b.pkt);
    meeting_silent(&m, MPCONN_VERDICT_DROP, MPCONN_REASON_BAD_OPTIONS);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_IDLE);
    meeting_close(&m);
}
END_TEST

START_TEST(R23_numbers_that_are_equal_or_wrap_around_are_joined)
{
    prepare();
    begin();
    a.isn = b.isn = UINT32_MAX;
    meeting_join(&m, &a, &b);
    meeting_carry(&m, &a, &b, 1, 1, 100);
    meeting_carry(&m, &b, &a, 1, 101, 100);
    meeting_close(&m);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("rendezvous_policy");
    TCase *tc = tcase_create("rendezvous_policy");

    tcase_add_test(tc, second_is_answered_first_where_the_first_has_to_wait_for_its_word);
    tcase_add_test(tc, first_is_not_answered_for_a_second_that_is_dead);
    tcase_add_test(tc, first_gets_the_syn_of_the_second_where_that_is_to_be_forwarded);
    tcase_add_test(tc, first_whose_handshake_was_not_ended_has_its_answer_carried);
    tcase_add_test(
        tc, second_whose_acknowledgment_was_lost_is_answered_again_for_a_first_that_waits);
    tcase_add_test(tc, whom_to_answer_is_decided_when_the_pair_is_made);
    tcase_add_test(tc, time_to_acknowledge_is_decided_when_the_pair_is_made);
    tcase_add_test(tc, who_is_answered_late_is_decided_when_the_pair_is_made);
    tcase_add_loop_test(tc, timestamps_of_a_syn_that_is_not_fresh_are_treated_as_told, 0,
                        (int)(sizeof ages / sizeof ages[0]));
    tcase_add_test(tc,
                   first_that_called_once_is_answered_on_its_next_syn_without_timestamps_too);
    tcase_add_test(tc, first_that_never_calls_again_ends_the_pair);
    tcase_add_test(tc, attack_R12_signed_syn_is_refused_by_a_reset);
    tcase_add_test(tc, attack_R12_signed_syn_is_refused_in_silence_where_that_is_wanted);
    tcase_add_test(tc, attack_R12_data_in_a_syn_is_not_acknowledged);
    tcase_add_test(tc, attack_R12_ecn_is_joined_when_both_ask_for_it);
    tcase_add_test(tc, R24_addresses_of_two_families_are_joined_when_the_session_says_so);
    tcase_add_test(tc, R09_mss_is_no_more_than_the_controller_allows);
    tcase_add_test(tc, R08_malformed_options_are_no_call);
    tcase_add_test(tc, R23_numbers_that_are_equal_or_wrap_around_are_joined);
    suite_add_tcase(s, tc);
    return check_run(s);
}
