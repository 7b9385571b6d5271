/* SPDX-License-Identifier: BSD-2-Clause */
/* What the channel refuses: each frame has one fate and counts once, changes nothing, and is not
 * answered, but for the greeting, which has a budget.
 *
 * S02 asks that a peer of another version be told our range: every greeting carries our version in
 * its header, so it is told once per interval without an answer to a frame that proves nothing.
 * S31 asks about bitmaps of acknowledgments: there are none. */
#include "sync/sync.h"

#include <mpconn/error.h>

#include "check_main.h"
#include "sync_bed.h"

static sync_bed s;

/* All that a frame could have changed. */
typedef struct state {
    mpci_member list[SYNC_MEMBERS];
    mpci_epochs epochs;
    uint64_t sequence, counts[MPCONN_SYNC_LIMIT];
    unsigned n_events, n_tape, n_taken;
} state;

static state state_of(unsigned at)
{
    const mpci_sync *sync = &s.at[at].b.eng->sync;
    state now;

    memset(&now, 0, sizeof now);
    memcpy(now.list, sync->members.list, sync->members.n * sizeof *now.list);
    now.epochs = sync->epochs;
    now.sequence = sync->sequence;
    memcpy(now.counts, sync->counts, sizeof now.counts);
    now.n_events = s.at[at].b.n_events;
    now.n_tape = s.n_tape;
    now.n_taken = s.at[at].n_taken;
    return now;
}

static void assert_counted(const state *before, const state *after, unsigned reason)
{
    for (unsigned i = 0; i < MPCONN_SYNC_LIMIT; i++)
        if (after->counts[i] != before->counts[i] + (i == reason))
            ck_abort_msg("%s: %lu then %lu", mpconn_sync_reason_name(i),
                         (unsigned long)before->counts[i], (unsigned long)after->counts[i]);
}

/* The frame meets this fate, and nothing else is other than before. */
static void refuse(unsigned at, const uint8_t *bytes, size_t len, unsigned reason)
{
    state before = state_of(at), after;
    unsigned got = sync_input(&s, at, bytes, len);

    if (got != reason)
        ck_abort_msg("%s, not %s", mpconn_sync_reason_name(got), mpconn_sync_reason_name(reason));
    after = state_of(at);
    assert_counted(&before, &after, reason);
    memcpy(after.counts, before.counts, sizeof after.counts);
    if (memcmp(&before, &after, sizeof after) != 0)
        ck_abort_msg("%s: something changed", mpconn_sync_reason_name(reason));
}

/* The same, but a greeting may go out. */
static void refuse_or_greet(unsigned at, const uint8_t *bytes, size_t len, unsigned reason)
{
    state before = state_of(at), after;
    unsigned got = sync_input(&s, at, bytes, len);

    if (got != reason)
        ck_abort_msg("%s, not %s", mpconn_sync_reason_name(got), mpconn_sync_reason_name(reason));
    after = state_of(at);
    assert_counted(&before, &after, reason);
    ck_assert_uint_le(after.n_tape, before.n_tape + 1);
    for (unsigned i = 0; i < SYNC_MEMBERS; i++)
        memcpy(after.list[i].greeted, before.list[i].greeted, sizeof after.list[i].greeted);
    after.n_tape = before.n_tape;
    after.sequence = before.sequence;
    memcpy(after.counts, before.counts, sizeof after.counts);
    if (memcmp(&before, &after, sizeof after) != 0)
        ck_abort_msg("%s: something changed", mpconn_sync_reason_name(reason));
}

static uint8_t bytes[SYNC_BYTES], records[SYNC_BYTES];
static size_t n_records;

static mpci_record some_record(unsigned port)
{
    mpci_record r;

    memset(&r, 0, sizeof r);
    r.type = MPCI_RECORD_COMMIT;
    r.tuple = bed_tuple(MPCONN_FAMILY_IPV4, 1, (uint16_t)port);
    r.client_isn = port;
    r.generation = 1;
    return r;
}

/* Two records to be forged into a frame. */
static void make_records(void)
{
    mpci_writer w = mpci_writer_of(records, sizeof records);
    mpci_record_context c = {0};
    mpci_record r = some_record(1000);

    ck_assert_int_eq(mpci_record_encode(&w, &c, &r), 1);
    ck_assert_int_eq(mpci_record_encode(&w, &c, &r), 1);
    n_records = (size_t)(w.at - records);
}

/* Members that hear each other. */
static void meet(unsigned n)
{
    sync_bed_open(&s, n);
    s.catch_records = 1;
    sync_boot_all(&s);
    sync_meet(&s);
    make_records();
}

static size_t forge(const mpci_frame *f)
{
    return sync_forge(bytes, f, records, n_records, bed_key);
}

/* HELLO: flags (1), entries of id (2), challenge (8), answer (8). */
static size_t forge_hello(const mpci_frame *f, unsigned n_bytes, const char *body)
{
    records[0] = MPCI_RECORD_HELLO | MPCI_RECORD_CRITICAL;
    records[1] = (uint8_t)n_bytes;
    memcpy(records + 2, body, n_bytes);
    n_records = 2 + n_bytes;
    return forge(f);
}

static void assert_taken(const mpci_frame *f)
{
    ck_assert_uint_eq(sync_input(&s, 1, bytes, forge(f)), MPCONN_SYNC_TAKEN);
}

START_TEST(forged_by_hand_as_it_should_be_a_frame_is_taken)
{
    mpci_frame f;

    meet(2);
    f = sync_header(&s, 0, 2);
    assert_taken(&f);
    ck_assert_uint_eq(s.at[1].n_taken, 2);
    f.destination = MPCONN_MEMBER_ALL;
    f.sequence++;
    assert_taken(&f);
    f.flags = 0x0e; /* that we need not know */
    f.sequence++;
    assert_taken(&f);
    sync_bed_close(&s);
}
END_TEST

START_TEST(S01_piece_of_a_frame_is_refused)
{
    mpci_frame f;
    uint32_t reason;
    size_t len;

    meet(2);
    f = sync_header(&s, 0, 2);
    len = forge(&f);
    for (size_t n = 0; n < len; n++)
        refuse(1, bytes, n, n < MPCI_FRAME_HEADER + MPCI_FRAME_TAG ? MPCONN_SYNC_TRUNCATED
                                                                    : MPCONN_SYNC_BAD_TAG);
    ck_assert_int_eq(mpconn_engine_sync_input(s.at[1].b.eng, NULL, 0, &reason, s.now), MPCONN_OK);
    ck_assert_uint_eq(reason, MPCONN_SYNC_TRUNCATED);
    assert_taken(&f);
    sync_bed_close(&s);
}
END_TEST

START_TEST(S02_frame_of_another_protocol_version_or_kind_is_refused)
{
    mpci_frame f;
    size_t len;

    meet(2);
    f = sync_header(&s, 0, 2);
    len = forge(&f);
    bytes[0] ^= 1;
    refuse(1, bytes, len, MPCONN_SYNC_BAD_MAGIC);
    bytes[0] ^= 1;
    bytes[2] = 0x20;
    refuse(1, bytes, len, MPCONN_SYNC_BAD_VERSION);
    for (unsigned bit = 4; bit < 8; bit++) {
        f.flags = (uint8_t)(1u << bit);
        refuse(1, bytes, forge(&f), MPCONN_SYNC_BAD_FLAGS);
    }
    f.flags = 0;
    f.cluster ^= 1;
    refuse(1, bytes, forge(&f), MPCONN_SYNC_OTHER_CLUSTER);
    sync_bed_close(&s);
}
END_TEST

START_TEST(S14_own_frame_that_comes_back_is_known)
{
    meet(3);
    for (unsigned i = 0; i < s.n_tape; i++)
        refuse(s.tape[i].from, s.tape[i].bytes, s.tape[i].len, MPCONN_SYNC_OWN);
    sync_bed_close(&s);
}
END_TEST

START_TEST(frame_for_another_member_is_left_alone)
{
    mpci_frame f;

    meet(3);
    f = sync_header(&s, 0, 3);
    refuse(1, bytes, forge(&f), MPCONN_SYNC_NOT_FOR_US);
    f.destination = 77;
    refuse(1, bytes, forge(&f), MPCONN_SYNC_NOT_FOR_US);
    sync_bed_close(&s);
}
END_TEST

static unsigned n_opened;

static int counting_open(void *user, const uint8_t *header, size_t header_len, uint8_t *text,
                         size_t len, const uint8_t *tag)
{
    (void)user, (void)header, (void)header_len, (void)text, (void)len, (void)tag;
    n_opened++;
    return 0; /* it believes anything */
}

START_TEST(S16_stranger_is_refused_before_anything_is_opened)
{
    mpci_frame f;

    meet(2);
    f = sync_header(&s, 0, 2);
    f.sender = 9; /* right key and all */
    refuse(1, bytes, forge(&f), MPCONN_SYNC_UNKNOWN_MEMBER);
    s.at[1].b.eng->core.callbacks.open = counting_open;
    f.flags = MPCI_FRAME_SEALED;
    refuse(1, bytes, forge(&f), MPCONN_SYNC_UNKNOWN_MEMBER);
    f.sender = 1;
    f.destination = 3;
    refuse(1, bytes, forge(&f), MPCONN_SYNC_NOT_FOR_US);
    ck_assert_uint_eq(n_opened, 0);
    f.destination = 2;
    (void)sync_input(&s, 1, bytes, forge(&f));
    ck_assert_uint_eq(n_opened, 1);
    sync_bed_close(&s);
}
END_TEST

START_TEST(S16_member_whose_key_is_another_is_refused)
{
    static const uint8_t other_key[16] = "not their key ..";
    mpci_frame f;
    size_t len;

    meet(2);
    f = sync_header(&s, 0, 2);
    len = sync_forge(bytes, &f, records, n_records, other_key);
    refuse(1, bytes, len, MPCONN_SYNC_BAD_TAG);
    f.sender = 2; /* nor does it speak for the receiver itself */
    len = sync_forge(bytes, &f, records, n_records, other_key);
    refuse(1, bytes, len, MPCONN_SYNC_BAD_TAG);
    sync_bed_close(&s);
}
END_TEST

/* S15, and what may be a replay of the receiver's life before: a number, and no alarm. */
START_TEST(S15_frame_under_our_own_id_is_counted)
{
    mpci_frame f;

    meet(2);
    f = sync_header(&s, 1, 2);
    f.boot ^= 2;
    refuse(1, bytes, forge(&f), MPCONN_SYNC_CONFLICT);
    sync_bed_close(&s);
}
END_TEST

/* With the built-in tag, and with a cipher of the host. */
START_TEST(S18_no_bit_of_a_frame_can_be_changed)
{
    mpci_record r = some_record(1000);
    const sync_letter *l;
    unsigned reason;

    sync_bed_open(&s, 2);
    s.catch_records = 1;
    for (unsigned i = 0; i < 2 && _i == 1; i++)
        sync_with_cipher(&s, i);
    sync_boot_all(&s);
    sync_meet(&s);
    sync_put(&s, 0, 2, &r);
    sync_flush(&s, 0);
    l = sync_last(&s, 0);
    for (size_t bit = 0; bit < 8 * l->len; bit++) {
        state before = state_of(1), after;

        memcpy(bytes, l->bytes, l->len);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        reason = sync_input(&s, 1, bytes, l->len);
        after = state_of(1);
        assert_counted(&before, &after, reason);
        memcpy(after.counts, before.counts, sizeof after.counts);
        HOLDS(memcmp(&before, &after, sizeof after) == 0);
        HOLDS(reason >= 16 || reason == MPCONN_SYNC_NOT_FOR_US);
    }
    ck_assert_uint_eq(s.at[1].n_taken, 0);
    ck_assert_uint_eq(sync_input(&s, 1, l->bytes, l->len), MPCONN_SYNC_TAKEN);
    ck_assert_uint_eq(s.at[1].n_taken, 1);
    sync_bed_close(&s);
}
END_TEST

/* ---- replays ---- */

/* Everything the first member ever said to the second, again, in random order. */
static unsigned replay_all(const sync_letter *tape, unsigned n, unsigned reason_a,
                           unsigned reason_b)
{
    unsigned greetings = s.n_tape;

    for (unsigned i = 0; i < n; i++) {
        const sync_letter *l = &tape[seed_below(&s.rng, n)];
        mpci_frame f;

        if (l->from != 0 || (l->to != 2 && l->to != MPCONN_MEMBER_ALL))
            continue;
        ck_assert_uint_eq(mpci_frame_parse(&f, l->bytes, l->len), MPCONN_SYNC_TAKEN);
        /* a greeting, or another frame */
        refuse_or_greet(1, l->bytes, l->len,
                        l->bytes[MPCI_FRAME_HEADER] == (MPCI_RECORD_HELLO | MPCI_RECORD_CRITICAL)
                            ? reason_a
                            : reason_b);
    }
    return s.n_tape - greetings;
}

/* Members that have talked for a while; their tape is kept. */
static sync_letter tape[SYNC_TAPE];
static unsigned n_taped;

static void talk(void)
{
    meet(2);
    for (unsigned i = 0; i < 40; i++) {
        mpci_record r = some_record(1000 + i);

        sync_put(&s, i % 2, 2 - i % 2, &r);
        sync_flush(&s, i % 2);
        sync_pass(&s, 250 * MPCONN_MILLISECOND);
        sync_carry(&s);
    }
    n_taped = s.n_tape;
    ck_assert_uint_le(n_taped, SYNC_TAPE);
    memcpy(tape, s.tape, sizeof tape);
    s.n_tape = 0;
}

START_TEST(S17_frames_of_the_same_boot_count_once)
{
    talk();
    ck_assert_uint_eq(replay_all(tape, n_taped, MPCONN_SYNC_REPLAYED, MPCONN_SYNC_REPLAYED), 0);
    s.now += 3600 * MPCONN_SECOND;
    (void)sync_input(&s, 1, bytes, 0); /* time has its effects, too */
    ck_assert_uint_eq(replay_all(tape, n_taped, MPCONN_SYNC_REPLAYED, MPCONN_SYNC_REPLAYED), 0);
    sync_bed_close(&s);
}
END_TEST

START_TEST(S17_frames_of_an_older_boot_never_count_again)
{
    unsigned n = 0;

    talk();
    sync_boot(&s, 0);
    sync_meet(&s);
    s.n_tape = 0;
    s.now += MPCONN_SECOND;
    for (unsigned i = 0; i < 50; i++)
        n += replay_all(tape, n_taped, MPCONN_SYNC_GREETED, MPCONN_SYNC_UNKNOWN_BOOT);
    ck_assert_uint_le(n, MPCI_GREETED); /* all in no time */
    ck_assert(sync_knows(&s, 1, 0));
    sync_carry(&s);
    sync_pass(&s, 3 * MPCONN_SECOND);
    ck_assert(sync_knows(&s, 1, 0) && sync_knows(&s, 0, 1));
    ck_assert_uint_eq(sync_events(&s, 1, MPCONN_EVENT_MEMBER_CONFLICT, 1), 0);
    sync_bed_close(&s);
}
END_TEST

/* The receiver has forgotten everything; the sender is gone, or speaks only later. */
START_TEST(S17_frames_from_before_the_receivers_restart_never_count_again)
{
    mpci_member *p;

    talk();
    sync_boot(&s, 1);
    sync_lose(&s);
    (void)replay_all(tape, n_taped, MPCONN_SYNC_GREETED, MPCONN_SYNC_UNKNOWN_BOOT);
    p = mpci_members_find(&s.at[1].b.eng->sync.members, 1);
    ck_assert_uint_eq(p->boot, 0);
    ck_assert_uint_eq(p->up, 0);
    sync_pass(&s, MPCONN_SECOND);
    ck_assert(sync_knows(&s, 1, 0) && sync_knows(&s, 0, 1));
    (void)replay_all(tape, n_taped, MPCONN_SYNC_REPLAYED, MPCONN_SYNC_REPLAYED);
    sync_bed_close(&s);
}
END_TEST

START_TEST(S17_frames_from_before_a_key_change_never_count_again)
{
    static const uint8_t keys[2][16] = {"second key .....", "third key ......"};

    talk();
    for (unsigned k = 0; k < 2; k++) {
        unsigned fate = k == 0 ? MPCONN_SYNC_REPLAYED : MPCONN_SYNC_OTHER_CLUSTER;

        ck_assert_int_eq(mpconn_engine_set_key(s.at[1].b.eng, keys[k], 16, s.at[1].b.now),
                         MPCONN_OK);
        ck_assert_uint_eq(replay_all(tape, n_taped, fate, fate), 0);
    }
    sync_bed_close(&s);
}
END_TEST

/* Who replays old greetings all the time must not keep two members apart. */
START_TEST(S17_replayed_greetings_do_not_stand_between_two_members)
{
    talk();
    sync_boot(&s, 1);
    sync_lose(&s);
    for (unsigned round = 0; round < 40; round++) {
        if (sync_knows(&s, 1, 0) && sync_knows(&s, 0, 1))
            break;
        for (unsigned i = 0; i < n_taped; i++)
            if (tape[i].from == 0)
                (void)sync_input(&s, 1, tape[i].bytes, tape[i].len);
        sync_lose(&s); /* the attacker also eats what they draw */
        sync_pass(&s, 250 * MPCONN_MILLISECOND);
    }
    ck_assert(sync_knows(&s, 1, 0));
    ck_assert(sync_knows(&s, 0, 1));
    sync_bed_close(&s);
}
END_TEST

/* Nor may one who does so at both ends, with what is too old to help, faster than any budget. */
START_TEST(S17_replays_that_eat_the_budget_do_not_stand_between_two_members)
{
    unsigned rounds = 0;

    talk();
    for (unsigned i = 0; i < 2; i++) {
        sync_pass(&s, MPCONN_SECOND / 10);
        sync_boot(&s, i);
        sync_meet(&s);
    }
    s.rng.state += (uint64_t)_i << 32;
    sync_pass(&s, MPCONN_SECOND / 10);
    sync_boot(&s, 1);
    while (!(sync_knows(&s, 1, 0) && sync_knows(&s, 0, 1)) && rounds < 10000) {
        rounds++;
        for (unsigned i = 0; i < 20; i++) {
            const sync_letter *l = &tape[seed_below(&s.rng, n_taped)];

            (void)sync_input(&s, !l->from, l->bytes, l->len);
        }
        sync_pass(&s, MPCONN_MILLISECOND * 7 / 10); /* in step with nothing */
    }
    ck_assert_uint_lt(rounds, 10000); /* seven seconds */
    sync_bed_close(&s);
}
END_TEST

/* S19 for the channel: whatever arrives, what goes out is bounded by time and not by that. */
START_TEST(S19_greetings_drawn_by_strange_boots_have_a_budget)
{
    mpci_frame f;

    meet(2);
    s.n_tape = 0;
    f = sync_header(&s, 0, 2);
    for (unsigned i = 0; i < 10000; i++) { /* one second */
        f.boot = 1000 + i;
        refuse_or_greet(1, bytes, forge(&f), MPCONN_SYNC_UNKNOWN_BOOT);
        s.now += MPCONN_SECOND / 10000;
    }
    ck_assert_uint_ge(s.n_tape, 8);
    ck_assert_uint_le(s.n_tape, 12);
    s.n_tape = 0; /* and the most there can be: each greeting asks for another answer */
    for (unsigned i = 0; i < 10000; i++) {
        char body[19] = {0, 0, 2};

        mpci_store32((uint8_t *)body + 7, i + 1);
        f.boot = 1000 + i;
        refuse_or_greet(1, bytes, forge_hello(&f, 19, body), MPCONN_SYNC_GREETED);
        s.now += MPCONN_SECOND / 10000;
        sync_lose(&s);
    }
    ck_assert_uint_le(s.n_tape, 12 * MPCI_GREETED);
    sync_bed_close(&s);
}
END_TEST

/* ---- records ---- */

START_TEST(S05_nothing_of_a_frame_counts_when_one_record_is_broken)
{
    mpci_frame f;

    meet(2);
    f = sync_header(&s, 0, 2);
    for (unsigned i = 0; i < 4; i++) {
        static const char *const broken[] = {"\x82", "\x82\xff", "\x81\x02\x00\x01", "\x05\x00"};
        static const size_t len[] = {1, 2, 4, 2};
        size_t whole = n_records;

        memcpy(records + n_records, broken[i], len[i]);
        n_records += len[i];
        refuse(1, bytes, forge(&f), MPCONN_SYNC_MALFORMED);
        n_records = whole;
    }
    assert_taken(&f); /* its number was not used up */
    sync_bed_close(&s);
}
END_TEST

START_TEST(S03_S04_records_of_a_later_version_are_counted_and_the_others_taken)
{
    mpci_frame f;
    state before, after;

    meet(2);
    f = sync_header(&s, 0, 2);
    memcpy(records + n_records, "\x40\x01x\xc0\x01x\xc1\x00", 8);
    n_records += 8;
    before = state_of(1);
    assert_taken(&f);
    after = state_of(1);
    ck_assert_uint_eq(after.n_taken, 2);
    ck_assert_uint_eq(after.counts[MPCONN_SYNC_RECORD_SKIPPED], 1);
    ck_assert_uint_eq(after.counts[MPCONN_SYNC_RECORD_REFUSED], 2);
    ck_assert_uint_eq(after.counts[MPCONN_SYNC_TAKEN], before.counts[MPCONN_SYNC_TAKEN] + 1);
    sync_bed_close(&s);
}
END_TEST

START_TEST(greeting_cut_inside_an_entry_is_refused)
{
    mpci_frame f;
    char body[1 + 2 * 18] = {0};

    meet(2);
    f = sync_header(&s, 0, 2);
    for (unsigned n = 0; n <= sizeof body; n++) {
        size_t len = forge_hello(&f, n, body);

        if (n % 18 != 1)
            refuse(1, bytes, len, MPCONN_SYNC_MALFORMED);
    }
    sync_bed_close(&s);
}
END_TEST

START_TEST(greeting_that_answers_a_wrong_challenge_proves_nothing)
{
    mpci_frame f;
    char body[19] = {0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 9};
    uint64_t challenge;

    meet(2);
    f = sync_header(&s, 0, 2);
    f.boot ^= 4;
    f.sequence = 1;
    challenge = mpci_member_challenge(&s.at[1].b.eng->sync.members,
                                      &s.at[1].b.eng->sync.members.list[0]);
    for (unsigned bit = 0; bit < 65; bit++) { /* each bit wrong, then none */
        s.now += 50 * MPCONN_MILLISECOND;
        mpci_store64((uint8_t *)body + 11, bit < 64 ? challenge ^ UINT64_C(1) << bit : challenge);
        if (bit < 64)
            refuse_or_greet(1, bytes, forge_hello(&f, 19, body), MPCONN_SYNC_GREETED);
        else
            ck_assert_uint_eq(sync_input(&s, 1, bytes, forge_hello(&f, 19, body)),
                              MPCONN_SYNC_TAKEN);
    }
    mpci_store64((uint8_t *)body + 11, challenge); /* the same answer for the next boot */
    f.boot ^= 8;
    refuse_or_greet(1, bytes, forge_hello(&f, 19, body), MPCONN_SYNC_GREETED);
    sync_bed_close(&s);
}
END_TEST

/* ---- the calls ---- */

static uint32_t inner_rc;

static int calls_back(void *user, uint32_t member, const uint8_t *frame, size_t len)
{
    sync_station *m = user;
    uint8_t byte = 0;

    (void)member, (void)frame, (void)len;
    inner_rc = (uint32_t)-mpconn_engine_sync_input(m->b.eng, &byte, 1, NULL, m->b.now);
    ck_assert_uint_eq(mpconn_engine_sync_count(m->b.eng, MPCONN_SYNC_TRUNCATED), 0);
    return 0;
}

START_TEST(calls_with_wrong_arguments_are_refused)
{
    mpconn_engine *eng;
    mpconn_member m;
    uint32_t reason = 99;
    uint8_t byte = 0;

    meet(2);
    eng = s.at[0].b.eng;
    ck_assert_int_eq(mpconn_engine_sync_input(NULL, &byte, 1, &reason, s.now), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_engine_sync_input(eng, NULL, 1, &reason, s.now), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_engine_sync_input(eng, &byte, 1, &reason, MPCONN_TIME_NEVER),
                     MPCONN_ERR_INVAL);
    ck_assert_uint_eq(reason, 99);
    ck_assert_int_eq(mpconn_engine_sync_input(eng, &byte, 1, NULL, s.now), MPCONN_OK);
    ck_assert_uint_eq(mpconn_engine_sync_count(eng, MPCONN_SYNC_TRUNCATED), 1);
    ck_assert_uint_eq(mpconn_engine_sync_count(NULL, 0), 0);
    ck_assert_uint_eq(mpconn_engine_sync_count(eng, MPCONN_SYNC_LIMIT), 0);
    ck_assert_uint_eq(mpconn_engine_sync_count(eng, UINT32_MAX), 0);
    ck_assert_ptr_null(mpconn_sync_reason_name(MPCONN_SYNC_LIMIT));
    ck_assert_ptr_null(mpconn_sync_reason_name(15));
    ck_assert_str_eq(mpconn_sync_reason_name(MPCONN_SYNC_REPLAYED), "REPLAYED");
    MPCONN_STRUCT_INIT(&m);
    ck_assert_int_eq(mpconn_engine_member(NULL, 0, &m), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_engine_member(eng, 0, NULL), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_engine_member(eng, 1, &m), MPCONN_ERR_NOTFOUND);
    m.struct_size = 8;
    ck_assert_int_eq(mpconn_engine_member(eng, 0, &m), MPCONN_ERR_VERSION);
    sync_bed_close(&s);
}
END_TEST

START_TEST(frame_handed_in_from_a_hook_is_refused)
{
    sync_bed_open(&s, 2);
    s.at[0].cb.send_frame = calls_back;
    sync_boot(&s, 0);
    sync_pass(&s, 0);
    ck_assert_uint_eq(inner_rc, (uint32_t)-MPCONN_ERR_REENTRANT);
    sync_bed_close(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sync_refuse");
    TCase *tc = tcase_create("sync_refuse");

    tcase_add_test(tc, forged_by_hand_as_it_should_be_a_frame_is_taken);
    tcase_add_test(tc, S01_piece_of_a_frame_is_refused);
    tcase_add_test(tc, S02_frame_of_another_protocol_version_or_kind_is_refused);
    tcase_add_test(tc, S14_own_frame_that_comes_back_is_known);
    tcase_add_test(tc, frame_for_another_member_is_left_alone);
    tcase_add_test(tc, S16_stranger_is_refused_before_anything_is_opened);
    tcase_add_test(tc, S16_member_whose_key_is_another_is_refused);
    tcase_add_test(tc, S15_frame_under_our_own_id_is_counted);
    tcase_add_loop_test(tc, S18_no_bit_of_a_frame_can_be_changed, 0, 2);
    tcase_add_test(tc, S17_frames_of_the_same_boot_count_once);
    tcase_add_test(tc, S17_frames_of_an_older_boot_never_count_again);
    tcase_add_test(tc, S17_frames_from_before_the_receivers_restart_never_count_again);
    tcase_add_test(tc, S17_frames_from_before_a_key_change_never_count_again);
    tcase_add_test(tc, S17_replayed_greetings_do_not_stand_between_two_members);
    tcase_add_loop_test(tc, S17_replays_that_eat_the_budget_do_not_stand_between_two_members, 0,
                        10);
    tcase_add_test(tc, S19_greetings_drawn_by_strange_boots_have_a_budget);
    tcase_add_test(tc, S05_nothing_of_a_frame_counts_when_one_record_is_broken);
    tcase_add_test(tc, S03_S04_records_of_a_later_version_are_counted_and_the_others_taken);
    tcase_add_test(tc, greeting_cut_inside_an_entry_is_refused);
    tcase_add_test(tc, greeting_that_answers_a_wrong_challenge_proves_nothing);
    tcase_add_test(tc, calls_with_wrong_arguments_are_refused);
    tcase_add_test(tc, frame_handed_in_from_a_hook_is_refused);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
