/* SPDX-License-Identifier: BSD-2-Clause */
/* Records about sessions: what goes in comes out, and there is one way only to write it. */
#include "sync/session_record.h"

#include "check_main.h"
#include "record_bytes.h"
#include "record_support.h"
#include "session_record_support.h"

static mpci_record sent;

static void encode(const mpci_record *r)
{
    mpci_writer w = mpci_writer_of(frame, RECORD_BYTES);
    mpci_record_context c = {0};

    sent = *r;
    ck_assert_int_eq(mpci_record_encode(&w, &c, r), 1);
    ck_assert_uint_eq(c.tuple.family, MPCONN_FAMILY_NONE); /* nothing refers to it */
    frame_len = (size_t)(w.at - frame);
}

static void assert_taken(const char *what)
{
    outcome o = decode_frame();

    ck_assert_msg(o.n[MPCI_RECORD_OK] == 1 && o.n[MPCI_RECORD_MALFORMED] == 0, "refused: %s", what);
    ck_assert_msg(session_record_same(&o.last, &sent), "changed: %s", what);
}

static void assert_malformed(const char *what)
{
    ck_assert_msg(decode_frame().n[MPCI_RECORD_MALFORMED] == 1, "accepted: %s", what);
}

/* With a change the encoder would write, and the decoder must not take. */
static void refuses(const mpci_record *r, const char *what)
{
    encode(r);
    assert_malformed(what);
}

static mpci_record of_type(unsigned type)
{
    unsigned k = 0;

    while (session_vector_record(k).type != type)
        k++;
    return session_vector_record(k);
}

START_TEST(random_session_records_come_back_as_they_were)
{
    seed_rng rng = seed_start();
    unsigned kinds = 0;

    for (unsigned round = 0; round < 20000; round++) {
        mpci_record r = session_record_random(&rng);

        encode(&r);
        assert_taken("a random record");
        HOLDS(frame_len <= MPCI_RECORD_ROOM);
        kinds |= 1u << (r.type - MPCI_RECORD_SESSION);
    }
    ck_assert_uint_eq(kinds, (1u << SESSION_TYPES) - 1);
}
END_TEST

START_TEST(S24_session_record_that_is_accepted_is_what_the_encoder_writes)
{
    seed_rng rng = seed_start();
    unsigned long accepted = 0;

    for (unsigned round = 0; round < 60000; round++) {
        mpci_record r = session_record_random(&rng);
        uint8_t again[MPCI_RECORD_ROOM];
        mpci_writer w = mpci_writer_of(again, sizeof again);
        mpci_record_context c = {0};
        outcome o;

        encode(&r);
        for (unsigned n = 1 + seed_below(&rng, 2); n > 0; n--)
            frame[2 + seed_below(&rng, (unsigned)frame_len - 2)] ^=
                (uint8_t)(seed_below(&rng, 2) ? 1u << seed_below(&rng, 8) : seed_u8(&rng));
        o = decode_frame();
        if (o.n[MPCI_RECORD_OK] != 1)
            continue;
        HOLDS(mpci_record_encode(&w, &c, &o.last));
        HOLDS((size_t)(w.at - again) <= frame_len);
        HOLDS(memcmp(again + 2, frame + 2, (size_t)(w.at - again) - 2) == 0);
        accepted++;
    }
    ck_assert_uint_gt(accepted, 1000);
}
END_TEST

START_TEST(S05_session_record_cut_anywhere_is_refused)
{
    for (unsigned k = 0; k < SESSION_VECTOR_RECORDS; k++) {
        mpci_record r = session_vector_record(k);
        size_t whole;

        encode(&r);
        assert_taken("a vector");
        whole = frame_len;
        for (frame_len = 2; frame_len < whole; frame_len++) {
            frame[1] = (uint8_t)(frame_len - 2);
            assert_malformed("less than the mask says");
        }
    }
}
END_TEST

START_TEST(S24_mask_of_a_session_record_with_a_bit_too_many_is_refused)
{
    mpci_record r = of_type(MPCI_RECORD_SESSION_END);

    encode(&r);
    frame[2 + 1 + frame[2]] |= 1u << 3;
    frame[frame_len++] = 1;
    frame[1]++;
    assert_malformed("a fourth field");
}
END_TEST

START_TEST(S24_zero_field_of_a_session_record_is_refused)
{
    mpci_record r = of_type(MPCI_RECORD_SESSION_END);

    encode(&r);
    memset(frame + frame_len - 2, 0, 2);
    assert_malformed("a reason that is there and zero");
    r = of_type(MPCI_RECORD_REQUEST);
    r.session.families = 0;
    memset(&r.session.remote[0], 0, sizeof r.session.remote[0]);
    refuses(&r, "no address");
}
END_TEST

START_TEST(S30_name_that_no_session_has_is_refused)
{
    mpci_record r = of_type(MPCI_RECORD_SESSION_END);

    memset(r.session.name, 0, sizeof r.session.name);
    refuses(&r, "no name");
    strcpy(r.session.name, "ab");
    encode(&r);
    assert_taken("a name of two letters");
    frame[3] = 0;
    assert_malformed("a name with a zero in it");
    r = of_type(MPCI_RECORD_SESSION);
    encode(&r);
    frame[2] = MPCONN_SESSION_NAME_MAX + 1;
    assert_malformed("a name that is too long");
}
END_TEST

typedef void (*damage)(mpci_session_record *s);

static void no_local_port(mpci_session_record *s) { s->local_port[1] = 0; }
static void local_on_the_loopback(mpci_session_record *s) { s->local[0].bytes[0] = 127; }
static void mapped_local(mpci_session_record *s)
{
    memset(&s->local[1], 0, sizeof s->local[1]);
    memcpy(s->local[1].bytes + 10, "\xff\xff\xc0\0\2\1", 6);
}
static void prefix_beyond_ipv4(mpci_session_record *s) { s->prefix[0] = 33; }
static void prefix_beyond_ipv6(mpci_session_record *s) { s->prefix[1] = 129; }
static void no_version(mpci_session_record *s) { s->version = 0; }
static void third_family(mpci_session_record *s) { s->families |= 4; }
static void no_remote_port(mpci_session_record *s) { s->port[0] = 0; }
static void remote_to_many(mpci_session_record *s) { s->remote[0].bytes[0] = 0xe0; }
static void scale_beyond_none(mpci_session_record *s) { s->wscale[0] = 16; }
static void family_of_nobody(mpci_session_record *s) { s->families = 2; }
static void word_of_the_other_side(mpci_session_record *s) { s->tries[1] = 1; }
static void number_of_who_is_not_answered(mpci_session_record *s)
{
    s->why = 0;
    s->isn[1] = 1;
}
static void echo_of_who_is_not_answered(mpci_session_record *s)
{
    s->why = 0;
    s->tsval[1] = 1;
}
static void both_sides(mpci_session_record *s)
{
    s->remote[1] = s->remote[0];
    s->port[1] = 9;
}
static void neither_side(mpci_session_record *s)
{
    s->remote[0] = s->remote[1];
    memset(s->remote, 0, sizeof s->remote);
    memset(s->port, 0, sizeof s->port);
}
static void no_generation(mpci_session_record *s) { s->generation = 0; }
static void third_client(mpci_session_record *s) { s->confirmed = 4; }
static void no_other_client(mpci_session_record *s) { s->port[1] = 0; }
static void nothing_ended(mpci_session_record *s) { s->version = 0; }
static void level_below_all(mpci_session_record *s) { s->level = 3; }
static void place_beyond_level(mpci_session_record *s) { s->level = 0; }
static void sums_of_one_session(mpci_session_record *s) { s->name[0] = 'a'; }
static void session_without_name(mpci_session_record *s) { memset(s->name, 0, sizeof s->name); }
static void both_ended(mpci_session_record *s) { s->generation = s->version = 1; }

START_TEST(S30_session_record_that_no_member_writes_is_refused)
{
    static const struct {
        unsigned type;
        const char *what;
        damage damage;
    } wrong[] = {
        {MPCI_RECORD_SESSION, "nobody's port", no_local_port},
        {MPCI_RECORD_SESSION, "called on the loopback", local_on_the_loopback},
        {MPCI_RECORD_SESSION, "IPv4-mapped address", mapped_local},
        {MPCI_RECORD_SESSION, "33 bits of IPv4", prefix_beyond_ipv4},
        {MPCI_RECORD_SESSION, "129 bits of IPv6", prefix_beyond_ipv6},
        {MPCI_RECORD_SESSION, "no version", no_version},
        {MPCI_RECORD_SESSION, "a third family", third_family},
        {MPCI_RECORD_REQUEST, "port 0", no_remote_port},
        {MPCI_RECORD_REQUEST, "called by many", remote_to_many},
        {MPCI_RECORD_REQUEST, "window scale 16", scale_beyond_none},
        {MPCI_RECORD_REQUEST, "a family of who did not call", family_of_nobody},
        {MPCI_RECORD_REQUEST, "a word about who did not call", word_of_the_other_side},
        {MPCI_RECORD_REQUEST, "a number of nobody", number_of_who_is_not_answered},
        {MPCI_RECORD_REQUEST, "a timestamp of nobody", echo_of_who_is_not_answered},
        {MPCI_RECORD_REQUEST, "two callers", both_sides},
        {MPCI_RECORD_REQUEST, "no caller", neither_side},
        {MPCI_RECORD_PAIR, "no generation", no_generation},
        {MPCI_RECORD_PAIR, "a third client", third_client},
        {MPCI_RECORD_PAIR, "one client", no_other_client},
        {MPCI_RECORD_SESSION_END, "nothing that ended", nothing_ended},
        {MPCI_RECORD_SESSION_END, "two things that ended", both_ended},
        {MPCI_RECORD_SESSION_END, "an end of nothing", session_without_name},
        {MPCI_RECORD_SESSION_SUMS, "a level too deep", level_below_all},
        {MPCI_RECORD_SESSION_SUMS, "a place that its level has not", place_beyond_level},
        {MPCI_RECORD_SESSION_SUMS, "sums that have a name", sums_of_one_session},
    };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        mpci_record r = of_type(wrong[i].type);

        encode(&r);
        assert_taken(wrong[i].what); /* before it was changed */
        wrong[i].damage(&r.session);
        refuses(&r, wrong[i].what);
    }
}
END_TEST

START_TEST(answer_bears_number_and_timestamp_of_its_caller)
{
    mpci_record r = of_type(MPCI_RECORD_REQUEST);

    ck_assert_uint_ne(r.session.why, 0);
    r.session.isn[1] = 0x01020304;
    r.session.tsval[1] = 0x05060708;
    encode(&r);
    assert_taken("an answer");
    r.session.window[1] = 1;
    refuses(&r, "an answer with a word about its caller");
}
END_TEST

START_TEST(S03_later_extension_of_a_session_record_is_skipped_and_a_critical_one_refused)
{
    mpci_record r = of_type(MPCI_RECORD_PAIR);

    encode(&r);
    append_bytes("\x05\x01\xaa", 3);
    frame[1] = (uint8_t)(frame[1] + 3);
    assert_taken("with an extension");
    frame[frame_len - 3] = 0x85;
    ck_assert_uint_eq(decode_frame().n[MPCI_RECORD_REFUSED], 1);
    frame[frame_len - 3] = MPCI_EXTENSION_BINDING;
    assert_malformed("a server leg of a session");
}
END_TEST

START_TEST(session_record_between_two_others_changes_no_reference)
{
    seed_rng rng = seed_start();
    mpci_record share = {.type = MPCI_RECORD_SHARE}, end = of_type(MPCI_RECORD_SESSION_END);
    mpci_writer w = mpci_writer_of(frame, RECORD_BYTES);
    mpci_record_context c = {0};
    outcome o;

    share.tuple = record_random_tuple(&rng);
    ck_assert_int_eq(mpci_record_encode(&w, &c, &share), 1);
    ck_assert_int_eq(mpci_record_encode(&w, &c, &end), 1);
    ck_assert_int_eq(mpci_record_encode(&w, &c, &share), 1);
    frame_len = (size_t)(w.at - frame);
    ck_assert_uint_eq(frame[frame_len - 2] & 2, 2); /* all as before */
    o = decode_frame();
    ck_assert_uint_eq(o.n[MPCI_RECORD_OK], 3);
    ck_assert(record_same(&o.last, &share));
}
END_TEST

START_TEST(S26_session_record_without_room_leaves_nothing)
{
    for (unsigned k = 0; k < SESSION_VECTOR_RECORDS; k++) {
        mpci_record r = session_vector_record(k);
        size_t len;

        encode(&r);
        len = frame_len;
        ck_assert_uint_le(len, MPCI_RECORD_ROOM);
        for (size_t room = 0; room < len; room++) {
            uint8_t *exact = malloc(room > 0 ? room : 1);
            mpci_writer w = mpci_writer_of(exact, room);
            mpci_record_context c = {0};

            ck_assert_int_eq(mpci_record_encode(&w, &c, &r), 0);
            ck_assert_ptr_eq(w.at, exact);
            free(exact);
        }
    }
}
END_TEST

START_TEST(names_of_session_types_are_those_of_the_list)
{
    for (unsigned t = 0; t < SESSION_TYPES; t++)
        ck_assert_str_eq(mpci_record_name(session_types[t].number), session_types[t].name);
}
END_TEST

int main(void)
{
    return CHECK_MAIN("session_record", random_session_records_come_back_as_they_were,
                      S24_session_record_that_is_accepted_is_what_the_encoder_writes,
                      S05_session_record_cut_anywhere_is_refused,
                      S24_mask_of_a_session_record_with_a_bit_too_many_is_refused,
                      S24_zero_field_of_a_session_record_is_refused,
                      S30_name_that_no_session_has_is_refused,
                      S30_session_record_that_no_member_writes_is_refused,
                      answer_bears_number_and_timestamp_of_its_caller,
                      S03_later_extension_of_a_session_record_is_skipped_and_a_critical_one_refused,
                      session_record_between_two_others_changes_no_reference,
                      S26_session_record_without_room_leaves_nothing,
                      names_of_session_types_are_those_of_the_list);
}
