/* SPDX-License-Identifier: BSD-2-Clause */
/* Words about sessions that cannot be true, or contradict what is known: each is counted, and what
 * is known stands. */
#include "meeting_members.h"

static mpci_record word_of(unsigned type)
{
    mpci_record r = {.type = (uint8_t)type};
    meeting_client a = client_of(0), b = client_of(1);

    memcpy(r.session.name, config.name, sizeof config.name);
    r.session.remote[0] = a.leg.client;
    r.session.port[0] = a.leg.client_port;
    r.session.isn[0] = a.isn;
    if (type == MPCI_RECORD_REQUEST)
        return r;
    r.session.remote[1] = b.leg.server;
    r.session.port[1] = b.leg.server_port;
    r.session.isn[1] = b.isn;
    r.session.generation = 1;
    r.session.joint_mss = 1460;
    r.session.wscale[0] = r.session.wscale[1] = MPCONN_WSCALE_NONE;
    return r;
}

static void say(unsigned from, unsigned to, const mpci_record *r)
{
    sync_put(&net, from, net.at[to].id, r);
    sync_flush(&net, from);
    sync_carry(&net);
}

START_TEST(S33_word_about_a_session_that_nobody_knows_is_counted)
{
    mpci_record r;

    open_members(2);
    add_at(0);
    r = word_of(MPCI_RECORD_REQUEST);
    memcpy(r.session.name, "other", 6);
    say(1, 0, &r);
    ck_assert_uint_eq(count(0, MPCONN_REASON_SESSION_UNKNOWN), 1);
    ck_assert_uint_eq(state_at(0), MPCONN_SESSION_IDLE);
    sync_bed_close(&net);
}
END_TEST

START_TEST(S33_pair_of_a_member_that_does_not_decide_is_counted_and_changes_nothing)
{
    unsigned stranger;
    uint32_t ids[MPCI_DIRECTORS];
    const mpci_members *m;
    mpci_record r;

    open_members(3);
    add_at(0);
    m = &engine(0)->sync.members;
    (void)mpci_members_directors(m, mpci_members_session_key(m, config.name), ids);
    for (stranger = 0; net.at[stranger].id == ids[0] || net.at[stranger].id == ids[1];)
        stranger++;
    r = word_of(MPCI_RECORD_PAIR);
    say(stranger, !stranger, &r);
    ck_assert_uint_eq(count(!stranger, MPCONN_REASON_SESSION_NOT_DIRECTOR), 1);
    ck_assert_uint_eq(state_at(!stranger), MPCONN_SESSION_IDLE);
    sync_bed_close(&net);
}
END_TEST

START_TEST(S33_pair_of_a_client_that_is_not_expected_is_counted_and_changes_nothing)
{
    mpci_record r;

    open_members(2);
    memcpy(config.termination[0].expect.bytes, "\x0a\x01\x01\x01", 4);
    config.termination[0].expect_prefix = 32;
    add_at(0);
    r = word_of(MPCI_RECORD_PAIR);
    say(1, 0, &r);
    ck_assert_uint_eq(count(0, MPCONN_REASON_SESSION_WORD), 1);
    r = word_of(MPCI_RECORD_REQUEST);
    say(1, 0, &r);
    ck_assert_uint_eq(count(0, MPCONN_REASON_SESSION_STRANGER), 1);
    ck_assert_uint_eq(state_at(0), MPCONN_SESSION_IDLE);
    sync_bed_close(&net);
}
END_TEST

/* Either client would be the other one's termination: what it is sent would go round for ever. */
START_TEST(R04_pair_of_two_terminations_that_call_one_another_is_not_made)
{
    mpci_record r;

    open_members(2);
    add_at(0);
    r = word_of(MPCI_RECORD_PAIR);
    for (unsigned side = 0; side < 2; side++) {
        r.session.remote[side] = config.termination[side ^ 1].local;
        r.session.port[side] = config.termination[side ^ 1].local_port;
    }
    say(1, 0, &r);
    ck_assert_uint_eq(count(0, MPCONN_REASON_SESSION_SELF), 1);
    ck_assert_uint_eq(state_at(0), MPCONN_SESSION_IDLE);
    ck_assert_uint_eq(session_at(0)->flow, 0);
    sync_bed_close(&net);
}
END_TEST

START_TEST(S08_pair_with_an_older_generation_is_counted_and_its_maker_told)
{
    mpci_record r;
    uint64_t flow;

    open_members(2);
    add_at(0);
    r = word_of(MPCI_RECORD_PAIR);
    r.session.generation = 5;
    say(1, 0, &r);
    ck_assert_uint_eq(session_at(0)->pairs, 5);
    flow = session_at(0)->flow;
    ck_assert_uint_ne(flow, 0);
    r.session.generation = 4;
    r.session.isn[0]++;
    say(1, 0, &r);
    ck_assert_uint_eq(count(0, MPCONN_REASON_SESSION_OLD), 1);
    ck_assert_uint_eq(session_at(0)->flow, flow);
    ck_assert_uint_eq(session_at(1)->pairs, 4); /* that is over, it was told */
    sync_bed_close(&net);
}
END_TEST

START_TEST(S21_two_pairs_of_one_generation_become_one)
{
    mpci_record r;

    open_members(2);
    add_at(0);
    for (unsigned i = 0; i < 2; i++) {
        r = word_of(MPCI_RECORD_PAIR);
        r.session.isn[0] += i;
        sync_put(&net, i, net.at[!i].id, &r);
        sync_flush(&net, i);
    }
    sync_carry(&net); /* each has the other's now */
    ck_assert_uint_ne(session_at(0)->request[0].isn, session_at(1)->request[0].isn);
    r = word_of(MPCI_RECORD_PAIR);
    r.session.isn[0] = session_at(1)->request[0].isn;
    say(1, 0, &r);
    ck_assert_uint_eq(count(0, MPCONN_REASON_SESSION_DIFFERS) +
                          count(1, MPCONN_REASON_SESSION_DIFFERS) > 0, 1);
    ck_assert_uint_eq(session_at(0)->request[0].isn, session_at(1)->request[0].isn);
    ck_assert_uint_eq(session_at(0)->request[0].isn, client_of(0).isn + 1);
    sync_bed_close(&net);
}
END_TEST

int main(void)
{
    return CHECK_MAIN(
        "rendezvous_words", S33_word_about_a_session_that_nobody_knows_is_counted,
        S33_pair_of_a_member_that_does_not_decide_is_counted_and_changes_nothing,
        S33_pair_of_a_client_that_is_not_expected_is_counted_and_changes_nothing,
        R04_pair_of_two_terminations_that_call_one_another_is_not_made,
        S08_pair_with_an_older_generation_is_counted_and_its_maker_told,
        S21_two_pairs_of_one_generation_become_one);
}
