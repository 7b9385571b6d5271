/* SPDX-License-Identifier: BSD-2-Clause */
/* Records: what goes in comes out, and there is one way only to write it.
 *
 * Of the catalogue, S24 asks about varints: there are none, numbers have the width of their field;
 * what is left of it is that no second form of a number, name or record is accepted. S06 asks about
 * a record count: there is none, a frame ends where its last record does. */
#include "sync/record.h"

#include "check_main.h"
#include "record_bytes.h"
#include "record_support.h"
#include "sync/hello.h"

enum { MANY = 400 };

static mpci_record sent[MANY];
static unsigned n_sent;

/* Every record into one frame, until it is full. */
static void encode_all(size_t room)
{
    mpci_writer w = mpci_writer_of(frame, room);
    mpci_record_context c = {0};

    for (unsigned i = 0; i < n_sent; i++)
        if (!mpci_record_encode(&w, &c, &sent[i]))
            n_sent = i;
    frame_len = (size_t)(w.at - frame);
}

static void assert_malformed(const char *what)
{
    ck_assert_msg(decode_frame().n[MPCI_RECORD_MALFORMED] == 1, "accepted: %s", what);
}

static void assert_taken(unsigned n)
{
    outcome o = decode_frame();

    ck_assert_uint_eq(o.n[MPCI_RECORD_OK], n);
    ck_assert_uint_eq(o.n[MPCI_RECORD_MALFORMED], 0);
}

/* A record whose fields are all there, of an IPv6 connection in a zone: the longest of its type. */
static mpci_record longest(const record_type *t)
{
    mpci_record r;

    memset(&r, 0, sizeof r);
    r.type = (uint8_t)t->number;
    r.tuple.family = MPCONN_FAMILY_IPV6;
    memset(r.tuple.client.bytes, 0x11, 16);
    memset(r.tuple.server.bytes, 0x22, 16);
    r.tuple.client_port = r.tuple.server_port = r.tuple.zone = 0xffff;
    r.client_isn = UINT32_MAX;
    for (unsigned i = 0; i < t->n_fields; i++)
        record_set(&r, t->fields[i], record_most(t->fields[i]));
    return r;
}

/* The same with what its server leg shows, of a type that can say so. */
static mpci_record longest_with_leg(const record_type *t)
{
    mpci_record r = longest(t);

    if (!mpci_record_has_leg(r.type))
        return r;
    r.server_leg = r.tuple;
    r.server_leg.client_port = 1;
    return r;
}

START_TEST(random_records_come_back_as_they_were)
{
    seed_rng rng = seed_start();
    unsigned kinds = 0;

    for (unsigned round = 0; round < 200; round++) {
        mpci_record_context c = {0};
        mpci_reader r, body;

        n_sent = 1 + seed_below(&rng, MANY);
        for (unsigned i = 0; i < n_sent; i++)
            sent[i] = record_random(&rng);
        encode_all(round % 2 ? RECORD_BYTES : 1352);
        r = mpci_reader_of(frame, frame_len);
        for (unsigned i = 0; i < n_sent; i++) {
            mpci_record back;

            HOLDS(mpci_record_decode(&r, &c, &back, &body) == MPCI_RECORD_OK);
            HOLDS(record_same(&back, &sent[i]));
            kinds |= 1u << back.type;
        }
        HOLDS(mpci_reader_left(&r) == 0);
    }
    for (unsigned i = 0; i < RECORD_TYPES; i++)
        ck_assert(kinds & 1u << record_types[i].number);
}
END_TEST

/* Whatever is changed: what is still accepted is what the encoder writes for it, so no two byte
 * strings mean the same. Unknown extensions alone may follow. */
START_TEST(S24_what_is_accepted_is_what_the_encoder_writes)
{
    seed_rng rng = seed_start();
    unsigned long accepted = 0;

    for (unsigned round = 0; round < 30000; round++) {
        mpci_record_context before = {0}, c = {0};
        mpci_reader r, body;

        n_sent = 1 + seed_below(&rng, 4);
        for (unsigned i = 0; i < n_sent; i++)
            sent[i] = record_random(&rng);
        encode_all(RECORD_BYTES);
        for (unsigned n = 1 + seed_below(&rng, 3); n > 0; n--)
            frame[seed_below(&rng, (unsigned)frame_len)] ^=
                (uint8_t)(seed_below(&rng, 2) ? 1u << seed_below(&rng, 8) : seed_u8(&rng));
        r = mpci_reader_of(frame, frame_len);
        while (mpci_reader_left(&r) > 0) {
            const uint8_t *start = r.at;
            uint8_t again[MPCI_RECORD_ROOM];
            mpci_writer w = mpci_writer_of(again, sizeof again);
            mpci_record record;
            size_t len;
            enum mpci_record_result result = mpci_record_decode(&r, &c, &record, &body);

            if (result == MPCI_RECORD_MALFORMED)
                break;
            if (result != MPCI_RECORD_OK || record.type == MPCI_RECORD_HELLO) {
                before = c;
                continue;
            }
            HOLDS(mpci_record_encode(&w, &before, &record));
            len = (size_t)(w.at - again);
            HOLDS(len <= (size_t)(r.at - start));
            HOLDS(again[0] == start[0]);
            HOLDS(memcmp(again + 2, start + 2, len - 2) == 0);
            HOLDS(again[1] == start[1] || start[1] >= again[1] + 2);
            accepted++;
        }
    }
    ck_assert_uint_gt(accepted, 1000);
}
END_TEST

START_TEST(S24_field_that_is_zero_but_present_is_refused)
{
    for (unsigned t = 0; t < RECORD_TYPES; t++) {
        const record_type *type = &record_types[t];

        for (unsigned i = 0; i < type->n_fields; i++) {
            unsigned width = record_fields[type->fields[i]].width;

            n_sent = 1;
            sent[0] = longest(type);
            for (unsigned j = 0; j < type->n_fields; j++)
                record_set(&sent[0], type->fields[j], i == j);
            encode_all(RECORD_BYTES);
            assert_taken(1);
            ck_assert_uint_eq(frame[frame_len - 1], 1);
            memset(frame + frame_len - width, 0, width);
            assert_malformed(type->name);
        }
    }
}
END_TEST

START_TEST(mask_that_names_more_fields_than_the_type_has_is_refused)
{
    for (unsigned t = 0; t < RECORD_TYPES; t++) {
        const record_type *type = &record_types[t];
        size_t mask_len = type->n_fields > 8 ? 2 : 1;

        for (unsigned bit = type->n_fields; bit < 8 * mask_len; bit++) {
            n_sent = 1;
            sent[0] = longest(type);
            for (unsigned j = 0; j < type->n_fields; j++)
                record_set(&sent[0], type->fields[j], 0);
            encode_all(RECORD_BYTES);
            assert_taken(1);
            frame[frame_len - 1 - bit / 8] |= (uint8_t)(1u << bit % 8);
            memset(frame + frame_len, 1, 4); /* the field it speaks of is there */
            frame[1] = (uint8_t)(frame[1] + 4);
            frame_len += 4;
            assert_malformed(type->name);
        }
    }
}
END_TEST

START_TEST(S07_first_record_that_refers_to_one_before_is_refused)
{
    static const by_hand names[] = {
        {2, -1, NULL, -1, NULL, -1, 0},
        {4, -1, ipv4_a, 40000, NULL, -1, 1},
        {8, -1, NULL, 40000, ipv4_b, 80, 1},
        {12, -1, NULL, 40000, NULL, -1, 1},
        {3, -1, NULL, -1, NULL, -1, 0},
    };

    frame_len = 0;
    append_by_hand(&first);
    assert_taken(1);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        frame_len = 0;
        append_by_hand(&names[i]);
        assert_malformed("a reference to nothing");
    }
}
END_TEST

START_TEST(S24_name_in_any_but_its_shortest_form_is_refused)
{
    static const struct {
        const char *what;
        by_hand name;
        int right;
    } seconds[] = {
        {"all as before", {2, -1, NULL, -1, NULL, -1, 0}, 1},
        {"all as before, spelt out", {0, -1, ipv4_a, 40000, ipv4_b, 80, 1}, 0},
        {"all as before, parts referred to", {12, -1, NULL, 40000, NULL, -1, 1}, 0},
        {"another port, endpoints referred to", {12, -1, NULL, 40001, NULL, -1, 1}, 1},
        {"another port, server spelt out", {8, -1, NULL, 40001, ipv4_b, 80, 1}, 0},
        {"another port, client spelt out", {4, -1, ipv4_a, 40001, NULL, -1, 1}, 0},
        {"another server", {8, -1, NULL, 40000, ipv4_a, 80, 1}, 1},
        {"another server port", {8, -1, NULL, 40000, ipv4_b, 81, 1}, 1},
        {"another server, client spelt out", {0, -1, ipv4_a, 40000, ipv4_a, 80, 1}, 0},
        {"another client", {4, -1, ipv4_b, 40000, NULL, -1, 1}, 1},
        {"another client, server spelt out", {0, -1, ipv4_b, 40000, ipv4_b, 80, 1}, 0},
        {"a zone", {12 | 16, 9, NULL, 40000, NULL, -1, 1}, 1},
        {"zone 0 spelt out", {12 | 16, 0, NULL, 40001, NULL, -1, 1}, 0},
        {"all as before, with a part", {6, -1, NULL, -1, NULL, -1, 0}, 0},
        {"all as before, with both parts", {14, -1, NULL, -1, NULL, -1, 0}, 0},
        {"all as before, with a zone", {18, -1, NULL, -1, NULL, -1, 0}, 0},
        {"all as before, another family", {3, -1, NULL, -1, NULL, -1, 0}, 0},
        {"server as before, another family", {5, -1, ipv6_a, 40000, NULL, -1, 1}, 0},
        {"client as before, another family", {9, -1, NULL, 40000, ipv6_a, 80, 1}, 0},
        {"unknown bit 5", {2 | 32, -1, NULL, -1, NULL, -1, 0}, 0},
        {"unknown bit 6", {2 | 64, -1, NULL, -1, NULL, -1, 0}, 0},
        {"unknown bit 7", {2 | 128, -1, NULL, -1, NULL, -1, 0}, 0},
        {"nothing but a reference to all", {2, -1, NULL, 40000, NULL, -1, 0}, 0},
    };

    for (size_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++) {
        frame_len = 0;
        append_by_hand(&first);
        append_by_hand(&seconds[i].name);
        if (seconds[i].right) {
            outcome o = decode_frame();

            ck_assert_msg(o.n[MPCI_RECORD_OK] == 2, "refused: %s", seconds[i].what);
        } else {
            assert_malformed(seconds[i].what);
        }
    }
}
END_TEST

/* Endpoints no packet can have. IPv4-mapped addresses are refused here, once, like everything else
 * the packet parser drops: no member can hold such a connection, and none is canonicalised into
 * another's. */
START_TEST(S30_endpoint_that_no_segment_has_is_refused)
{
    static const by_hand names[] = {
        {0, -1, ipv4_a, 0, ipv4_b, 80, 1},
        {0, -1, ipv4_a, 40000, ipv4_b, 0, 1},
        {0, -1, "\0\0\0\0", 40000, ipv4_b, 80, 1},
        {0, -1, ipv4_a, 40000, "\xff\xff\xff\xff", 80, 1},
        {0, -1, "\xe0\0\0\1", 40000, ipv4_b, 80, 1},
        {0, -1, ipv4_a, 40000, "\x7f\0\0\1", 80, 1},
        {0, -1, ipv4_a, 80, ipv4_a, 80, 1}, /* LAND */
        {1, -1, "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\x00\x02\x0a", 40000, ipv6_a, 80, 1},
        {1, -1, ipv6_a, 40000, "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\x00\x02\x0a", 80, 1},
        {1, -1, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 40000, ipv6_a, 80, 1},
        {1, -1, ipv6_a, 40000, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 80, 1},
        {1, -1, "\xff\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 40000, ipv6_a, 80, 1},
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        frame_len = 0;
        append_by_hand(&names[i]);
        ck_assert_msg(decode_frame().n[MPCI_RECORD_MALFORMED] == 1, "accepted: name %zu", i);
    }
    frame_len = 0; /* what a reference puts together counts too */
    append_by_hand(&first);
    append_by_hand(&(by_hand){4, -1, ipv4_b, 80, NULL, -1, 1});
    assert_malformed("an endpoint that talks to itself");
}
END_TEST

START_TEST(S05_frame_cut_anywhere_inside_a_record_is_refused)
{
    seed_rng rng = seed_start();

    for (unsigned round = 0; round < 20; round++) {
        size_t ends[MANY];
        unsigned whole = 0;
        mpci_writer w = mpci_writer_of(frame, 700);
        mpci_record_context c = {0};

        for (n_sent = 0; n_sent < MANY; n_sent++) {
            mpci_record r = record_random(&rng);

            if (!mpci_record_encode(&w, &c, &r))
                break;
            ends[n_sent] = (size_t)(w.at - frame);
        }
        for (size_t len = 0; len < ends[n_sent - 1]; len++) {
            outcome o = decode_bytes(frame, len);

            while (whole < n_sent && ends[whole] <= len)
                whole++;
            HOLDS(o.n[MPCI_RECORD_OK] == whole);
            HOLDS(o.n[MPCI_RECORD_MALFORMED] == (whole == 0 ? len > 0 : len > ends[whole - 1]));
        }
    }
}
END_TEST

/* The length byte says less than the record has: the mask announces what is not there (S25). */
START_TEST(S25_record_with_fewer_fields_than_its_mask_says_is_refused)
{
    for (unsigned t = 0; t < RECORD_TYPES; t++) {
        size_t whole;

        n_sent = 1;
        sent[0] = longest(&record_types[t]);
        encode_all(RECORD_BYTES);
        whole = frame_len;
        assert_taken(1);
        for (frame_len = 2; frame_len < whole; frame_len++) {
            frame[1] = (uint8_t)(frame_len - 2);
            assert_malformed(record_types[t].name);
        }
    }
}
END_TEST

START_TEST(S05_length_byte_that_is_wrong_is_refused)
{
    for (unsigned claimed = 0; claimed < 256; claimed++) {
        size_t true_len;
        outcome o;

        n_sent = 3;
        for (unsigned i = 0; i < n_sent; i++)
            sent[i] = longest(&record_types[0]);
        encode_all(RECORD_BYTES);
        true_len = frame[1];
        frame[1] = (uint8_t)claimed;
        o = decode_frame();
        if (claimed == true_len)
            ck_assert_uint_eq(o.n[MPCI_RECORD_OK], 3);
        else if (claimed < true_len || claimed > frame_len - 2)
            ck_assert_uint_eq(o.n[MPCI_RECORD_OK] + o.n[MPCI_RECORD_REFUSED], 0);
        else /* what it swallowed begins like a critical extension */
            ck_assert_uint_eq(o.n[MPCI_RECORD_MALFORMED] + o.n[MPCI_RECORD_REFUSED], 1);
    }
}
END_TEST

START_TEST(S06_bytes_after_the_last_record_are_refused)
{
    n_sent = 2;
    sent[0] = sent[1] = longest(&record_types[0]);
    encode_all(RECORD_BYTES);
    assert_taken(2);
    frame[frame_len] = MPCI_RECORD_SHARE | MPCI_RECORD_CRITICAL;
    frame_len++;
    assert_malformed("a type without a length");
    frame[frame_len - 1] = 0;
    assert_malformed("a byte of padding");
    frame_len = 0; /* no record at all is all right */
    ck_assert_uint_eq(decode_frame().n[MPCI_RECORD_MALFORMED], 0);
}
END_TEST

/* Bit 7 belongs to a type as its number does: else every record had two forms. */
START_TEST(S24_known_type_without_its_critical_bit_is_refused)
{
    for (unsigned t = 0; t < RECORD_TYPES; t++) {
        n_sent = 1;
        sent[0] = longest(&record_types[t]);
        encode_all(RECORD_BYTES);
        assert_taken(1);
        frame[0] &= 0x7f;
        assert_malformed(record_types[t].name);
    }
    frame_len = 0;
    append_bytes("\x01\x01\x00", 3);
    assert_malformed("HELLO");
}
END_TEST

START_TEST(S26_no_record_is_longer_than_its_room)
{
    for (unsigned t = 0; t < RECORD_TYPES; t++) {
        mpci_record_context fresh = {0};
        mpci_record_context c = {0};
        mpci_writer w;
        size_t len;

        n_sent = 1;
        sent[0] = longest_with_leg(&record_types[t]);
        encode_all(RECORD_BYTES);
        len = frame_len;
        ck_assert_msg(len <= MPCI_RECORD_ROOM, "%s: %zu bytes", record_types[t].name, len);
        for (size_t room = 0; room < len; room++) { /* of a size of its own: no byte too far */
            uint8_t *exact = malloc(room > 0 ? room : 1);

            w = mpci_writer_of(exact, room);
            ck_assert_int_eq(mpci_record_encode(&w, &c, &sent[0]), 0);
            ck_assert_ptr_eq(w.at, exact);
            ck_assert_int_eq(w.failed, 0);
            ck_assert_mem_eq(&c, &fresh, sizeof c);
            free(exact);
        }
        w = mpci_writer_of(frame, len);
        ck_assert_int_eq(mpci_record_encode(&w, &c, &sent[0]), 1);
        ck_assert_uint_eq(mpci_writer_left(&w), 0);
    }
}
END_TEST

/* What a frame can make of itself: no more records than a quarter of its bytes, each handed on
 * before the next is read. */
START_TEST(S32_frame_holds_no_more_records_than_the_bound_says)
{
    static const by_hand same = {2, -1, NULL, -1, NULL, -1, 0};
    unsigned n = 1;

    frame_len = 0;
    append_by_hand(&first);
    while (frame_len + MPCI_RECORD_SHORTEST <= 1352) {
        size_t before = frame_len;

        append_by_hand(&same);
        ck_assert_uint_eq(frame_len - before, MPCI_RECORD_SHORTEST);
        n++;
    }
    assert_taken(n);
    ck_assert_uint_le(n, 1352 / MPCI_RECORD_SHORTEST);
    for (unsigned ref = 0; ref < 256; ref++) { /* and there is no shorter one */
        char tiny[3] = {(char)(MPCI_RECORD_SHARE | MPCI_RECORD_CRITICAL), 1, (char)ref};

        frame_len = 0;
        append_by_hand(&first);
        append_bytes(tiny, 3);
        assert_malformed("three bytes");
    }
}
END_TEST

START_TEST(names_of_types_are_those_of_the_list)
{
    ck_assert_str_eq(mpci_record_name(MPCI_RECORD_HELLO), "HELLO");
    for (unsigned t = 0; t < RECORD_TYPES; t++)
        ck_assert_str_eq(mpci_record_name(record_types[t].number), record_types[t].name);
    ck_assert_ptr_null(mpci_record_name(MPCI_RECORD_NONE));
    for (unsigned type = MPCI_RECORD_LIMIT; type < 300; type++)
        ck_assert_ptr_null(mpci_record_name(type));
}
END_TEST

int main(void)
{
    return CHECK_MAIN("record", random_records_come_back_as_they_were,
                      S24_what_is_accepted_is_what_the_encoder_writes,
                      S24_field_that_is_zero_but_present_is_refused,
                      mask_that_names_more_fields_than_the_type_has_is_refused,
                      S07_first_record_that_refers_to_one_before_is_refused,
                      S24_name_in_any_but_its_shortest_form_is_refused,
                      S30_endpoint_that_no_segment_has_is_refused,
                      S05_frame_cut_anywhere_inside_a_record_is_refused,
                      S25_record_with_fewer_fields_than_its_mask_says_is_refused,
                      S05_length_byte_that_is_wrong_is_refused,
                      S06_bytes_after_the_last_record_are_refused,
                      S24_known_type_without_its_critical_bit_is_refused,
                      S26_no_record_is_longer_than_its_room,
                      S32_frame_holds_no_more_records_than_the_bound_says,
                      names_of_types_are_those_of_the_list);
}
