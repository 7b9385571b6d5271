/* SPDX-License-Identifier: BSD-2-Clause */
/* What comes instead of an echo reply of ours. */
#include "check_main.h"
#include "echo/carrier.h"
#include "echo_hostile.h"
#include "seed.h"

enum { V4 = MPCONN_FAMILY_IPV4, V6 = MPCONN_FAMILY_IPV6, ROUNDS = 20000 };

static const unsigned families[] = {V4, V6};

static raw reply_of(unsigned family)
{
    mpconn_echo e = echo_of(MPCONN_ECHO_ANSWER);

    return hostile_reply(family, &e);
}

static int taken(const raw *r)
{
    mpconn_echo got;

    return hostile_take(&got, r);
}

static void put_length(raw *r)
{
    if (r->bytes[0] >> 4 == 4)
        poke16(r->bytes + 2, r->len);
    else
        poke16(r->bytes + 4, r->len - 40);
}

/* A ping with `n` bytes of `fill`. */
static raw ping_of(unsigned family, unsigned type, unsigned n, unsigned fill)
{
    uint8_t icmp[8] = {(uint8_t)type, 0, 0, 0, 0, 1, 0, 1};
    raw r;

    raw_ip(&r, family, family == V4 ? 1 : 58);
    raw_add(&r, icmp, sizeof icmp);
    for (unsigned i = 0; i < n; i++)
        raw_add(&r, &(uint8_t){(uint8_t)(fill + i)}, 1);
    raw_seal(&r);
    return r;
}

START_TEST(I01_less_than_a_header_is_truncated)
{
    for (unsigned f = 0; f < 2; f++) {
        raw whole = ping_of(families[f], f == 0 ? 0 : 129, 0, 0);

        for (uint32_t len = 1; len < whole.len; len++) {
            raw r = whole;

            r.len = len;
            ck_assert_int_eq(taken(&r), MPCONN_ERR_TRUNCATED); /* by its buffer */
            if (len < whole.l4)
                continue;
            put_length(&r);
            if (len > whole.l4 || f == 0)
                ck_assert_int_eq(taken(&r), MPCONN_ERR_TRUNCATED); /* by its header */
        }
    }
    ck_assert_int_eq(taken(&(raw){.len = 0}), MPCONN_ERR_TRUNCATED);
}
END_TEST

START_TEST(I02_other_messages_are_not_ours)
{
    for (unsigned f = 0; f < 2; f++) {
        unsigned reply = f == 0 ? 0 : 129, request = f == 0 ? 8 : 128;

        for (unsigned type = 0; type < 256; type++)
            for (unsigned code = 0; code < 3; code++) {
                raw r = reply_of(families[f]);
                int want = MPCONN_ERR_NOT_MINE;

                r.bytes[r.l4] = (uint8_t)type;
                r.bytes[r.l4 + 1] = (uint8_t)code;
                raw_seal(&r);
                if (code == 0 && type == reply)
                    want = MPCONN_OK;
                if (code == 0 && type == request)
                    want = MPCONN_ERR_REFLECTED;
                ck_assert_int_eq(taken(&r), want);
            }
    }
}
END_TEST

/* The ICMP header is where the IP header ends, whatever is between. */
START_TEST(I03_ip_options_before_the_message_are_stepped_over)
{
    raw plain = reply_of(V4);

    for (unsigned ihl = 0; ihl < 16; ihl++) {
        raw r = plain;
        uint32_t more = ihl > 5 ? (ihl - 5) * 4 : 0;

        memmove(r.bytes + 20 + more, plain.bytes + 20, plain.len - 20);
        memset(r.bytes + 20, 1, more);
        r.bytes[0] = (uint8_t)(0x40 | ihl);
        r.len = plain.len + more;
        r.l4 = 20 + more;
        put_length(&r);
        raw_seal(&r);
        ck_assert_int_eq(taken(&r), ihl < 5 ? MPCONN_ERR_MALFORMED : MPCONN_OK);
    }
    plain.bytes[0] = 0x4f; /* a header of 60 bytes in a packet of 40 */
    plain.len = 40;
    put_length(&plain);
    ck_assert_int_eq(taken(&plain), MPCONN_ERR_TRUNCATED);
}
END_TEST

START_TEST(I04_wrong_checksum_is_refused)
{
    for (unsigned f = 0; f < 2; f++) {
        raw r = reply_of(families[f]);
        uint8_t *field = r.bytes + r.l4 + 2;
        unsigned right = peek16(field);

        ck_assert_uint_ne(right, 0);
        for (unsigned wrong = 0; wrong < 0x10000; wrong += 0x1111) {
            poke16(field, wrong);
            ck_assert_int_eq(taken(&r), wrong == right ? MPCONN_OK : MPCONN_ERR_CHECKSUM);
        }
        poke16(field, right);
        if (f == 0) {
            r.bytes[1] ^= 4; /* the sum of the IP header */
        } else {
            poke16(field, 0); /* the sum without a pseudo-header (RFC 4443 2.3) */
            poke16(field, ~slow_sum(0, r.bytes + r.l4, r.len - r.l4) & 0xffff);
        }
        ck_assert_int_eq(taken(&r), MPCONN_ERR_CHECKSUM);
    }
}
END_TEST

START_TEST(I05_pings_of_others_are_not_ours)
{
    for (unsigned f = 0; f < 2; f++)
        for (unsigned n = 0; n < 300; n++) {
            raw reply = ping_of(families[f], f == 0 ? 0 : 129, n, n * 3);
            raw request = ping_of(families[f], f == 0 ? 8 : 128, n, n * 5);

            HOLDS(taken(&reply) == MPCONN_ERR_NOT_MINE);
            HOLDS(taken(&request) == MPCONN_ERR_NOT_MINE);
            if (n >= 4) /* our magic, and too short for anything else */
                memcpy(reply.bytes + reply.l4 + 8, "MPEC", 4);
            raw_seal(&reply);
            HOLDS(n >= 26 || taken(&reply) == MPCONN_ERR_NOT_MINE);
        }
}
END_TEST

START_TEST(I06_length_that_is_not_that_of_the_payload_is_refused)
{
    for (unsigned f = 0; f < 2; f++) {
        raw whole = reply_of(families[f]);

        for (uint32_t len = whole.l4 + 8 + MPCI_ECHO_AROUND; len < whole.len + 20; len++) {
            raw r = whole;

            r.len = len;
            put_length(&r);
            raw_seal(&r);
            ck_assert_int_eq(taken(&r), len < whole.len   ? MPCONN_ERR_TRUNCATED
                                        : len > whole.len ? MPCONN_ERR_MALFORMED
                                                          : MPCONN_OK);
            if (len == whole.len)
                continue;
            poke16(echo_payload(&r) + 8, len - whole.l4 - 8 - MPCI_ECHO_AROUND);
            raw_seal(&r); /* a length that fits, and is not the one that was sealed */
            ck_assert_int_eq(taken(&r), MPCONN_ERR_FORGED);
        }
    }
}
END_TEST

/* An error is no reply, however much of our echo it quotes, and nothing is read beyond its end. */
START_TEST(I07_error_about_an_echo_is_not_ours)
{
    for (unsigned f = 0; f < 2; f++)
        for (unsigned type = 1; type < 13; type++) {
            raw quoted = reply_of(families[f]), r = ping_of(families[f], type, 0, 0);

            raw_add(&r, quoted.bytes, quoted.len);
            for (uint32_t len = r.len; len >= r.l4 + 8; len--) {
                r.len = len;
                put_length(&r);
                raw_seal(&r);
                HOLDS(taken(&r) == MPCONN_ERR_NOT_MINE);
            }
        }
}
END_TEST

START_TEST(I08_nothing_is_taken_without_the_key)
{
    mpconn_echo e = echo_of(MPCONN_ECHO_ANSWER), got;
    mpconn_echo_key other = echo_key(1);
    raw r = reply_of(V4);
    const uint8_t *inner;
    size_t len;

    for (uint32_t at = 6; at < r.len - r.l4 - 8; at++) { /* before: magic, version, form */
        raw changed = r;

        if (at >= 7 && at < 10)
            continue; /* reserved and length, see I06 */
        echo_payload(&changed)[at] ^= 1;
        raw_seal(&changed);
        ck_assert_int_eq(taken(&changed), MPCONN_ERR_FORGED);
    }
    got = (mpconn_echo){.struct_size = sizeof got, .epoch = e.epoch};
    ck_assert_int_eq(mpconn_echo_unencapsulate(&got, &inner, &len, &other, r.bytes, r.len),
                     MPCONN_ERR_FORGED);
    ck_assert_int_eq(taken(&r), MPCONN_OK);
}
END_TEST

/* tests/test_echo_untagged.c has what happens otherwise. */
START_TEST(I08_echo_that_was_changed_on_the_way_is_refused)
{
    mpconn_echo got;

    ck_assert_int_eq(hostile_changed(&got), MPCONN_ERR_FORGED);
}
END_TEST

/* As a member that does not know what it does would make them. */
static int sealed_as(uint32_t flags, void (*spoil)(uint8_t *fields), unsigned family)
{
    mpconn_echo e = echo_of(MPCONN_ECHO_ANSWER);
    mpconn_echo_key key = echo_key(0);
    mpci_sipkey root = {{key.opaque[0], key.opaque[1]}};
    mpci_echo_keys keys;
    uint8_t *payload;
    size_t len;
    raw r;

    e.flags = flags;
    r = hostile_reply(family, &e);
    payload = echo_payload(&r);
    len = r.len - r.l4 - 8 - MPCI_ECHO_TAG;
    mpci_echo_keys_init(&keys, &root, 0x21222324);
    ck_assert(mpci_echo_open(&keys, payload, len));
    spoil(payload + MPCI_ECHO_CLEAR);
    mpci_echo_seal(&keys, payload, len);
    raw_seal(&r);
    return taken(&r);
}

static int sealed_with(void (*spoil)(uint8_t *fields), unsigned family)
{
    return sealed_as(0, spoil, family);
}

static void spoil_nothing(uint8_t *fields)
{
    (void)fields;
}

static void spoil_kind(uint8_t *fields)
{
    fields[0] = 4;
}

static void spoil_link_len(uint8_t *fields)
{
    fields[1] = 33;
}

static void spoil_less_packet(uint8_t *fields)
{
    fields[1] = 1;
}

static void spoil_protocol(uint8_t *fields)
{
    fields[MPCI_ECHO_FIELDS + 9] = 1; /* ICMP inside */
}

static void spoil_length(uint8_t *fields)
{
    fields[MPCI_ECHO_FIELDS + 3]++;
}

static void spoil_cut_length(uint8_t *fields)
{
    fields[19]++;
}

START_TEST(I09_authentic_nonsense_in_the_short_form_is_refused)
{
    const uint32_t s = MPCONN_ECHO_F_SHORT;

    ck_assert_int_eq(sealed_as(s, spoil_nothing, V4), MPCONN_OK);
    ck_assert_int_eq(sealed_as(s, spoil_less_packet, V4), MPCONN_ERR_MALFORMED);
    ck_assert_int_eq(sealed_as(s, spoil_cut_length, V4), MPCONN_ERR_MALFORMED);
}
END_TEST

START_TEST(I09_authentic_nonsense_is_refused)
{
    ck_assert_int_eq(sealed_with(spoil_nothing, V4), MPCONN_OK);
    ck_assert_int_eq(sealed_with(spoil_kind, V4), MPCONN_ERR_MALFORMED);
    ck_assert_int_eq(sealed_with(spoil_link_len, V4), MPCONN_ERR_MALFORMED);
    ck_assert_int_eq(sealed_with(spoil_less_packet, V4), MPCONN_ERR_MALFORMED);
    ck_assert_int_eq(sealed_with(spoil_protocol, V4), MPCONN_ERR_MALFORMED);
    ck_assert_int_eq(sealed_with(spoil_length, V4), MPCONN_ERR_MALFORMED);
    ck_assert_int_eq(sealed_with(spoil_kind, V6), MPCONN_ERR_MALFORMED);
}
END_TEST

/* What tells one reply from another is inside: nobody can change it, and the caller knows it. */
START_TEST(I10_replies_are_told_apart_by_what_is_sealed)
{
    mpconn_echo e = echo_of(MPCONN_ECHO_ANSWER), got;
    raw first = hostile_reply(V4, &e), again;

    e.number++;
    again = hostile_reply(V4, &e);
    poke16(first.bytes + first.l4 + 6, 0xffff); /* another sequence number */
    raw_seal(&first);
    ck_assert_int_eq(hostile_take(&got, &first), MPCONN_OK);
    ck_assert_uint_eq(got.number, e.number - 1);
    ck_assert_uint_eq(got.boot, e.boot);
    ck_assert_int_eq(hostile_take(&got, &again), MPCONN_OK);
    ck_assert_uint_eq(got.number, e.number);
}
END_TEST

START_TEST(I11_identification_that_was_changed_does_not_matter)
{
    mpconn_echo got;

    for (unsigned f = 0; f < 2; f++) {
        raw r = reply_of(families[f]);

        poke16(r.bytes + r.l4 + 4, 59612);
        raw_seal(&r);
        ck_assert_int_eq(hostile_take(&got, &r), MPCONN_OK);
        ck_assert_uint_eq(got.id, 59612);
    }
}
END_TEST

START_TEST(I12_own_request_that_comes_back_is_no_reply)
{
    for (unsigned f = 0; f < 2; f++) {
        raw r = reply_of(families[f]);

        r.bytes[r.l4] = f == 0 ? 8 : 128;
        raw_seal(&r);
        ck_assert_int_eq(taken(&r), MPCONN_ERR_REFLECTED);
        echo_turn(&r); /* between its endpoints as it was sent */
        r.bytes[r.l4] = f == 0 ? 8 : 128;
        raw_seal(&r);
        ck_assert_int_eq(taken(&r), MPCONN_ERR_REFLECTED);
    }
}
END_TEST

START_TEST(I14_fragments_are_refused)
{
    static const unsigned marks[] = {0x2000, 0x2010, 0x0010, 0x1fff};

    for (unsigned i = 0; i < 4; i++) {
        raw r = reply_of(V4);

        poke16(r.bytes + 6, marks[i]);
        raw_seal(&r);
        ck_assert_int_eq(taken(&r), MPCONN_ERR_FRAGMENT);
    }
}
END_TEST

/* A fragment header in front of all of the message (RFC 6946) is none. */
START_TEST(I14_fragments_of_ipv6_are_refused)
{
    for (unsigned mark = 0; mark < 3; mark++) {
        raw plain = reply_of(V6), r = plain;
        uint8_t header[8] = {58, 0, 0, 0, 1, 2, 3, 4};

        poke16(header + 2, mark == 0 ? 0 : mark == 1 ? 1 : 0x80);
        memcpy(r.bytes + 40, header, 8);
        memcpy(r.bytes + 48, plain.bytes + 40, plain.len - 40);
        r.bytes[6] = 44;
        r.len += 8;
        put_length(&r);
        ck_assert_int_eq(taken(&r), mark == 0 ? MPCONN_OK : MPCONN_ERR_FRAGMENT);
    }
}
END_TEST

/* Nothing is counted, repeated or waited for: the same call gives the same echo, in any order. */
START_TEST(I15_codec_keeps_nothing)
{
    mpconn_echo e = echo_of(MPCONN_ECHO_ANSWER);
    raw first = hostile_reply(V4, &e), between, again;

    for (unsigned i = 0; i < 100; i++) {
        e.number++;
        between = hostile_reply(V6, &e);
        ck_assert_int_eq(taken(&between), MPCONN_OK);
    }
    e.number -= 100;
    again = hostile_reply(V4, &e);
    ck_assert_uint_eq(again.len, first.len);
    ck_assert_mem_eq(again.bytes, first.bytes, first.len);
    ck_assert_int_eq(taken(&first), MPCONN_OK);
    ck_assert_int_eq(taken(&first), MPCONN_OK);
}
END_TEST

/* Behind one translator the outside of their echoes is the same. */
START_TEST(I17_two_clients_with_one_identification_are_told_apart)
{
    mpconn_echo e = echo_of(MPCONN_ECHO_ANSWER), got;
    mpconn_echo_key key = echo_key(0);

    for (unsigned client = 1; client < 3; client++) {
        raw packet, r;
        size_t len;

        raw_tcp(&packet, V4, 2, NULL, 0, 0);
        packet.bytes[15] = (uint8_t)client;
        raw_seal(&packet);
        e.number = client;
        ck_assert_int_eq(mpconn_echo_encapsulate(r.bytes, sizeof r.bytes, &len, &e, &key,
                                                 packet.bytes, packet.len), MPCONN_OK);
        r.len = (uint32_t)len;
        r.l4 = 20;
        echo_turn(&r);
        ck_assert_int_eq(hostile_take(&got, &r), MPCONN_OK);
        ck_assert_uint_eq(got.client.bytes[3], client);
        ck_assert_uint_eq(got.number, client);
        r.bytes[19] = 77; /* the translator's, where there is one: F6 of the design */
        raw_seal(&r);
        ck_assert_int_eq(hostile_take(&got, &r), MPCONN_ERR_REWRITTEN);
    }
}
END_TEST

/* Nor can an authentic reply be used for other endpoints. */
START_TEST(I17_reply_between_others_is_refused)
{
    for (unsigned f = 0; f < 2; f++)
        for (unsigned at = f == 0 ? 12 : 8; at < (f == 0 ? 20u : 40u); at++) {
            raw r = reply_of(families[f]);

            r.bytes[at] ^= 0x10;
            raw_seal(&r);
            ck_assert_int_eq(taken(&r), MPCONN_ERR_REWRITTEN);
        }
}
END_TEST

START_TEST(I18_types_of_the_other_version_are_not_ours)
{
    raw r = reply_of(V4);

    r.bytes[r.l4] = 129;
    raw_seal(&r);
    ck_assert_int_eq(taken(&r), MPCONN_ERR_NOT_MINE);
    r = reply_of(V4);
    r.bytes[9] = 58;
    raw_seal(&r);
    ck_assert_int_eq(taken(&r), MPCONN_ERR_NOT_MINE);
    r = reply_of(V6);
    r.bytes[6] = 1;
    raw_seal(&r);
    ck_assert_int_eq(taken(&r), MPCONN_ERR_NOT_MINE);
}
END_TEST

START_TEST(later_versions_are_told_from_nonsense)
{
    for (unsigned at = 4; at < 8; at += at == 5 ? 2 : 1) {
        raw r = reply_of(V4);

        echo_payload(&r)[at] ^= at == 5 ? 2 : 3;
        raw_seal(&r);
        ck_assert_int_eq(taken(&r), MPCONN_ERR_UNSUPPORTED);
    }
}
END_TEST

/* A whole echo is not a short one whose form somebody changed. */
START_TEST(form_is_sealed_too)
{
    raw r = reply_of(V4);

    echo_payload(&r)[5] ^= 1;
    raw_seal(&r);
    ck_assert_int_eq(taken(&r), MPCONN_ERR_FORGED);
}
END_TEST

/* Any bytes with our magic in front, and any bit of an echo turned over. */
START_TEST(no_stranger_ever_gets_in)
{
    seed_rng rng = seed_start();
    raw whole = reply_of(V4);

    for (unsigned i = 0; i < ROUNDS; i++) {
        raw r = i % 2 ? whole : ping_of(families[i / 2 % 2], i / 2 % 2 ? 129 : 0,
                                        26 + seed_below(&rng, 200), 0);
        uint8_t *payload = echo_payload(&r);
        uint32_t len = r.len - r.l4 - 8;

        if (i % 2) {
            payload[seed_below(&rng, len)] ^= (uint8_t)(1 + seed_below(&rng, 255));
        } else {
            seed_fill(&rng, payload, len);
            memcpy(payload, "MPEC\1\0\x24", 8);
            poke16(payload + 8, len - MPCI_ECHO_AROUND);
        }
        raw_seal(&r);
        HOLDS(taken(&r) != MPCONN_OK);
    }
}
END_TEST

int main(void)
{
    return CHECK_MAIN("echo_hostile", I01_less_than_a_header_is_truncated,
                      I02_other_messages_are_not_ours,
                      I03_ip_options_before_the_message_are_stepped_over,
                      I04_wrong_checksum_is_refused, I05_pings_of_others_are_not_ours,
                      I06_length_that_is_not_that_of_the_payload_is_refused,
                      I07_error_about_an_echo_is_not_ours, I08_nothing_is_taken_without_the_key,
                      I08_echo_that_was_changed_on_the_way_is_refused,
                      I09_authentic_nonsense_is_refused,
                      I09_authentic_nonsense_in_the_short_form_is_refused,
                      I10_replies_are_told_apart_by_what_is_sealed,
                      I11_identification_that_was_changed_does_not_matter,
                      I12_own_request_that_comes_back_is_no_reply, I14_fragments_are_refused,
                      I14_fragments_of_ipv6_are_refused, I15_codec_keeps_nothing,
                      I17_two_clients_with_one_identification_are_told_apart,
                      I17_reply_between_others_is_refused,
                      I18_types_of_the_other_version_are_not_ours,
                      later_versions_are_told_from_nonsense, form_is_sealed_too,
                      no_stranger_ever_gets_in);
}
