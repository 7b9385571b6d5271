/* SPDX-License-Identifier: BSD-2-Clause */
/* Words about sessions that are lost: as soon as the channel is whole again all members have the
 * same sessions, and none that was removed. */
#include "meeting_members.h"

enum { MEMBERS = 3, SESSIONS = 40, ROUNDS = 20 };

static void open_wide(unsigned capacity)
{
    sync_bed_open(&net, MEMBERS);
    n_told = 0;
    for (unsigned i = 0; i < MEMBERS; i++)
        net.at[i].cfg.max_sessions = capacity;
    sync_start(&net);
}

static mpconn_session_config numbered(unsigned n)
{
    mpconn_session_config c;

    meeting_config(&c, MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV4);
    c.name[0] = 's';
    c.name[1] = (char)('a' + n / 26);
    c.name[2] = (char)('a' + n % 26);
    c.termination[0].local_port = (uint16_t)(6000 + 2 * n);
    c.termination[1].local_port = (uint16_t)(6001 + 2 * n);
    return c;
}

static const mpci_session *find_at(unsigned member, const char *name)
{
    const mpci_sessions *t = &engine(member)->rendezvous.sessions;
    mpci_session_number n = mpci_sessions_named(t, name);

    return n != 0 ? mpci_session_at(t, n) : NULL;
}

static const mpci_session *known_at(unsigned member, const char *name)
{
    const mpci_session *s = find_at(member, name);

    if (s == NULL)
        ck_abort_msg("member %u does not know %s", member, name);
    return s;
}

static void assert_same(unsigned round)
{
    const mpci_sessions *t = &engine(0)->rendezvous.sessions;

    for (unsigned i = 1; i < MEMBERS; i++)
        ck_assert_msg(engine(i)->rendezvous.sessions.used == t->used,
                      "round %u: member %u has %u sessions and not %u", round, i,
                      engine(i)->rendezvous.sessions.used, t->used);
    for (uint32_t k = 0; k < t->capacity; k++) {
        const mpci_session *s = &t->entries[k];

        for (unsigned i = 1; i < MEMBERS && s->config.name[0] != '\0'; i++) {
            const mpci_session *other = find_at(i, s->config.name);

            ck_assert_msg(other != NULL && other->version == s->version &&
                              memcmp(&other->config, &s->config, sizeof s->config) == 0,
                          "round %u: member %u has not the same %s", round, i, s->config.name);
        }
    }
}

/* Somebody adds, changes or removes a session, as it is known there. */
static void do_something(unsigned member)
{
    mpconn_session_config c = numbered(seed_below(&net.rng, SESSIONS));

    if (find_at(member, c.name) == NULL) {
        (void)mpconn_session_add(engine(member), &c, net.now);
    } else if (seed_below(&net.rng, 2) == 0) {
        c.max_mss = (uint16_t)(500 + seed_below(&net.rng, 900));
        ck_assert_int_eq(mpconn_session_modify(engine(member), &c, net.now), MPCONN_OK);
    } else {
        ck_assert_int_eq(mpconn_session_remove(engine(member), c.name, net.now), MPCONN_OK);
    }
}

START_TEST(members_have_the_same_sessions_whatever_was_lost)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        open_wide(SESSIONS);
        for (unsigned i = 0; i < round; i++)
            (void)seed_u32(&net.rng);
        net.strict = 0;
        net.loss = 30;
        net.repeat = 20;
        net.reorder = 50;
        for (unsigned i = 0; i < 200; i++) {
            do_something(seed_below(&net.rng, MEMBERS));
            sync_carry(&net);
            if (seed_below(&net.rng, 10) == 0)
                sync_pass(&net, 100 * MPCONN_MILLISECOND);
        }
        net.loss = net.repeat = net.reorder = 0;
        sync_pass(&net, 4 * MPCONN_SECOND);
        assert_same(round);
        ck_assert_uint_gt(engine(0)->rendezvous.sessions.used, 0);
        sync_bed_close(&net);
    }
}
END_TEST

START_TEST(word_that_all_others_missed_reaches_them_within_two_greetings)
{
    mpconn_session_config c = numbered(1);

    open_wide(8);
    ck_assert_int_eq(mpconn_session_add(engine(0), &c, net.now), MPCONN_OK);
    sync_lose(&net);
    sync_pass(&net, 2 * MPCONN_SECOND);
    ck_assert_ptr_nonnull(find_at(1, c.name));
    c.max_mss = 999;
    ck_assert_int_eq(mpconn_session_modify(engine(1), &c, net.now), MPCONN_OK);
    sync_lose(&net);
    sync_pass(&net, 2 * MPCONN_SECOND);
    ck_assert_uint_eq(known_at(2, c.name)->config.max_mss, 999);
    ck_assert_int_eq(mpconn_session_remove(engine(2), c.name, net.now), MPCONN_OK);
    sync_lose(&net);
    sync_pass(&net, 2 * MPCONN_SECOND);
    for (unsigned i = 0; i < MEMBERS; i++)
        ck_assert_ptr_null(find_at(i, c.name));
    sync_bed_close(&net);
}
END_TEST

/* Each version that there was comes again when the session is gone. */
START_TEST(removed_session_is_not_brought_back_by_a_late_word)
{
    mpconn_session_config c = numbered(1);
    sync_letter late[5];

    open_wide(8);
    for (unsigned k = 0; k < 5; k++) {
        c.max_mss = (uint16_t)(1000 + k);
        ck_assert_int_eq(k == 0 ? mpconn_session_add(engine(0), &c, net.now)
                                : mpconn_session_modify(engine(0), &c, net.now), MPCONN_OK);
        late[k] = sync_take(&net, 0, 1);
        sync_carry(&net);
    }
    ck_assert_int_eq(mpconn_session_remove(engine(0), c.name, net.now), MPCONN_OK);
    sync_carry(&net);
    for (unsigned k = 0; k < 5; k++) {
        ck_assert_uint_eq(sync_input(&net, 1, late[k].bytes, late[k].len), MPCONN_SYNC_TAKEN);
        ck_assert_msg(find_at(1, c.name) == NULL, "version %u is back", k + 1);
    }
    sync_lose(&net);
    ck_assert_int_eq(mpconn_session_add(engine(1), &c, net.now), MPCONN_OK);
    ck_assert_uint_eq(known_at(1, c.name)->version, 6);
    sync_carry(&net);
    ck_assert_ptr_nonnull(find_at(0, c.name));
    sync_bed_close(&net);
}
END_TEST

/* The others missed that it was removed, and added for other clients. */
START_TEST(session_of_the_same_name_for_other_terminations_takes_its_place)
{
    mpconn_session_config c = numbered(1), other = numbered(2);

    open_wide(8);
    ck_assert_int_eq(mpconn_session_add(engine(0), &c, net.now), MPCONN_OK);
    sync_carry(&net);
    ck_assert_int_eq(mpconn_session_remove(engine(0), c.name, net.now), MPCONN_OK);
    memcpy(other.name, c.name, sizeof c.name);
    ck_assert_int_eq(mpconn_session_add(engine(0), &other, net.now), MPCONN_OK);
    sync_lose(&net);
    sync_pass(&net, 2 * MPCONN_SECOND);
    assert_same(0);
    ck_assert_uint_eq(known_at(1, c.name)->config.termination[0].local_port,
                      other.termination[0].local_port);
    sync_bed_close(&net);
}
END_TEST

/* Who has no room for all is told of the rest each second, and of no more than that. */
START_TEST(member_without_room_is_told_of_little)
{
    uint64_t before;

    sync_bed_open(&net, MEMBERS);
    for (unsigned i = 0; i < MEMBERS; i++)
        net.at[i].cfg.max_sessions = i == 2 ? SESSIONS - 1 : SESSIONS;
    sync_start(&net);
    for (unsigned n = 0; n < SESSIONS; n++) {
        mpconn_session_config c = numbered(n);

        ck_assert_int_eq(mpconn_session_add(engine(0), &c, net.now), MPCONN_OK);
        sync_carry(&net);
    }
    sync_pass(&net, 2 * MPCONN_SECOND); /* all are told of all when they meet */
    before = engine(0)->sync.records_out[MPCI_RECORD_SESSION];
    sync_pass(&net, 10 * MPCONN_SECOND);
    ck_assert_uint_le(engine(0)->sync.records_out[MPCI_RECORD_SESSION] - before, 20);
    sync_bed_close(&net);
}
END_TEST

/* The other one says of every place that it has something else there. */
static void say_all_differs(mpci_rendezvous *rz)
{
    rz->teller = net.at[1].id;
    for (unsigned place = 0; place < MPCI_DIGEST_LEAVES / MPCI_DIGEST_FAN; place++) {
        mpci_session_record r = {.level = MPCI_DIGEST_LEVELS - 1, .place = (uint16_t)place};

        mpci_digest_sums(&rz->digest, r.level, place, r.sums);
        for (unsigned i = 0; i < MPCI_DIGEST_FAN; i++)
            r.sums[i] ^= 1;
        mpci_told_take_sums(rz, &r);
    }
    rz->teller = MPCONN_MEMBER_ALL;
}

START_TEST(member_that_asks_while_it_is_being_told_is_told_once)
{
    mpci_rendezvous *rz;
    uint64_t before;

    open_wide(SESSIONS);
    for (unsigned n = 0; n < SESSIONS; n++) {
        mpconn_session_config c = numbered(n);

        ck_assert_int_eq(mpconn_session_add(engine(0), &c, net.now), MPCONN_OK);
        sync_carry(&net);
    }
    sync_pass(&net, MPCONN_SECOND); /* all are told of all when they meet */
    rz = &engine(0)->rendezvous;
    before = engine(0)->sync.records_out[MPCI_RECORD_SESSION];
    say_all_differs(rz);
    sync_pass(&net, MPCONN_MILLISECOND);
    ck_assert_uint_gt(rz->repair.left, 0);
    ck_assert_uint_lt(rz->repair.left, SESSIONS);
    say_all_differs(rz);
    sync_pass(&net, 100 * MPCONN_MILLISECOND);
    ck_assert_uint_eq(rz->repair.left, 0);
    ck_assert_uint_eq(engine(0)->sync.records_out[MPCI_RECORD_SESSION] - before, SESSIONS);
    sync_bed_close(&net);
}
END_TEST

START_TEST(members_that_have_the_same_say_one_word_a_greeting)
{
    uint64_t words, sessions;

    open_wide(8);
    for (unsigned n = 0; n < 8; n++) {
        mpconn_session_config c = numbered(n);

        ck_assert_int_eq(mpconn_session_add(engine(n % MEMBERS), &c, net.now), MPCONN_OK);
        sync_carry(&net);
    }
    sync_pass(&net, MPCONN_SECOND); /* all are told of all when they meet */
    words = engine(0)->sync.records_out[MPCI_RECORD_SESSION_SUMS];
    sessions = engine(0)->sync.records_out[MPCI_RECORD_SESSION];
    sync_pass(&net, 10 * MPCONN_SECOND);
    ck_assert_uint_eq(engine(0)->sync.records_out[MPCI_RECORD_SESSION_SUMS] - words, 10);
    ck_assert_uint_eq(engine(0)->sync.records_out[MPCI_RECORD_SESSION], sessions);
    sync_bed_close(&net);
}
END_TEST

int main(void)
{
    return CHECK_MAIN("rendezvous_lost", members_have_the_same_sessions_whatever_was_lost,
                      word_that_all_others_missed_reaches_them_within_two_greetings,
                      removed_session_is_not_brought_back_by_a_late_word,
                      session_of_the_same_name_for_other_terminations_takes_its_place,
                      member_without_room_is_told_of_little,
                      member_that_asks_while_it_is_being_told_is_told_once,
                      members_that_have_the_same_say_one_word_a_greeting);
}
