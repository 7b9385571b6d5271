/* SPDX-License-Identifier: BSD-2-Clause */
/* What the channel refuses: each frame has one fate and counts once, changes nothing, and is not
 * answered, but for the greeting, which has a budget.
 *
 * S02 asks that a peer of another version be told our range: every greeting carries our version in
 * its header, so it is told once per interval without an answer to a frame that proves nothing.
 * S31 asks about bitmaps of acknowledgments: there are none. */
#include "check_main.h"
#include "sync_refuse.h"

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
    mpci_record r = sync_record(1000);
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
    tcase_add_test(tc, S05_nothing_of_a_frame_counts_when_one_record_is_broken);
    tcase_add_test(tc, S03_S04_records_of_a_later_version_are_counted_and_the_others_taken);
    tcase_add_test(tc, greeting_cut_inside_an_entry_is_refused);
    tcase_add_test(tc, greeting_that_answers_a_wrong_challenge_proves_nothing);
    tcase_add_test(tc, calls_with_wrong_arguments_are_refused);
    tcase_add_test(tc, frame_handed_in_from_a_hook_is_refused);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
