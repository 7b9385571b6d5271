/* SPDX-License-Identifier: BSD-2-Clause */
/* ICMP errors that a host carries from one leg to the other without an engine. */
#include <mpconn/mpconn.h>

#include "check_main.h"
#include "error_vectors.h"
#include "family_vectors.h"
#include "packets.h"
#include "seed.h"

enum { C = MPCONN_SIDE_CLIENT, S = MPCONN_SIDE_SERVER, ROUNDS = 20000, ICMP_HEADER = 8 };

static const mpconn_delta moved = {.known = MPCONN_DELTA_K_ALL, .seq = {0, 0x20},
                                   .ts = {0, 0x7fff2000}};

static raw unhex(const char *text)
{
    raw r = {.len = 0};
    unsigned byte;

    for (; sscanf(text, "%2x", &byte) == 1; text += 2)
        r.bytes[r.len++] = (uint8_t)byte;
    r.l4 = r.bytes[0] >> 4 == 4 ? 20 : 40;
    return r;
}

static void assert_same(const raw *got, const raw *want, const char *what)
{
    for (uint32_t i = 0; i < want->len; i++)
        if (got->bytes[i] != want->bytes[i])
            ck_abort_msg("%s: byte %u is %02x, not %02x", what, i, got->bytes[i], want->bytes[i]);
}

START_TEST(E26_vectors_come_out_bit_for_bit)
{
    for (size_t i = 0; i < sizeof error_vectors / sizeof error_vectors[0]; i++) {
        raw got = unhex(error_vectors[i].in), want = unhex(error_vectors[i].out);
        mpconn_pkt pkt = raw_pkt(&got);

        ck_assert_int_eq(mpconn_delta_apply_error(&moved, C, &pkt), MPCONN_OK);
        assert_same(&got, &want, error_vectors[i].name);
    }
}
END_TEST

START_TEST(E26_vectors_of_two_ip_versions_come_out_bit_for_bit)
{
    static const mpconn_tuple v4 = {{{192, 0, 2, 1}}, {{198, 51, 100, 2}}, 40000, 443, 0, 4, 0};
    static const mpconn_tuple v6 = {{{0, 0x64, 0xff, 0x9b, [12] = 203, 0, 113, 7}},
                                    {{0x20, 1, 0xd, 0xb8, 0, 3, [15] = 0x33}},
                                    50001, 8443, 0, 6, 0};

    for (size_t i = 0; i < sizeof family_vectors / sizeof family_vectors[0]; i++) {
        raw in = unhex(family_vectors[i].in), want = unhex(family_vectors[i].out), got;
        int is_v4 = family_vectors[i].family == MPCONN_FAMILY_IPV4;
        mpconn_delta d = {.known = MPCONN_DELTA_K_ALL, .flags = MPCONN_DELTA_F_TUPLE};
        mpconn_pkt pkt = raw_pkt(&in);

        d.tuple[C] = is_v4 ? v6 : v4;
        d.tuple[S] = is_v4 ? v4 : v6;
        ck_assert_int_eq(mpconn_delta_apply_error(&d, S, &pkt), MPCONN_OK);
        ck_assert_uint_eq(pkt.len, want.len);
        memcpy(got.bytes, pkt.data, pkt.len);
        assert_same(&got, &want, family_vectors[i].name);
    }
}
END_TEST

static mpconn_delta any_delta(seed_rng *rng)
{
    mpconn_delta d;

    memset(&d, 0, sizeof d);
    d.known = (uint8_t)(seed_below(rng, 2) ? MPCONN_DELTA_K_ALL : seed_below(rng, 16));
    for (unsigned i = 0; i < 2; i++) {
        d.seq[i] = seed_u32(rng);
        d.ts[i] = seed_u32(rng);
    }
    return d;
}

static mpconn_delta inverse_of(const mpconn_delta *d)
{
    mpconn_delta inverse = *d;

    for (unsigned i = 0; i < 2; i++) {
        inverse.seq[i] = 0 - d->seq[i];
        inverse.ts[i] = 0 - d->ts[i];
    }
    return inverse;
}

/* About a segment that `sender` sent: `quoted` bytes of it. */
static raw error_about(const raw *segment, unsigned family, uint32_t quoted)
{
    uint8_t header[ICMP_HEADER] = {family == MPCONN_FAMILY_IPV4 ? 3 : 1, 1};
    raw r;

    raw_ip(&r, family, family == MPCONN_FAMILY_IPV4 ? 1 : 58);
    raw_add(&r, header, sizeof header);
    raw_add(&r, segment->bytes, quoted < segment->len ? quoted : segment->len);
    raw_seal(&r);
    return r;
}

static raw any_segment(seed_rng *rng, unsigned family)
{
    uint8_t options[36] = {1, 1, 8, 10, [12] = 1, 1, 5, 18, [32] = 1, 1, 1, 1};
    raw r;

    seed_fill(rng, options + 4, 8);
    seed_fill(rng, options + 16, 16);
    raw_tcp(&r, family, 0x10, options, seed_below(rng, 2) ? 36 : 0, seed_below(rng, 64));
    poke32(r.bytes + r.l4 + 4, seed_u32(rng));
    poke32(r.bytes + r.l4 + 8, seed_u32(rng));
    raw_seal(&r);
    return r;
}

/* What the translator does to a segment, and then a router quotes, comes back as it was: whole, or
 * as far as the header goes. The sum of the error has to be that of its bytes. */
START_TEST(E26_quote_of_a_translated_segment_comes_back_as_it_was_sent)
{
    seed_rng rng = seed_start();

    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned family = seed_below(&rng, 2) ? MPCONN_FAMILY_IPV4 : MPCONN_FAMILY_IPV6;
        unsigned sender = seed_below(&rng, 2);
        mpconn_delta d = any_delta(&rng);
        raw segment = any_segment(&rng, family), there = segment, got, want;
        uint32_t header = segment.l4 + (segment.bytes[segment.l4 + 12] >> 4) * 4u;
        uint32_t quoted = seed_below(&rng, 4) == 0 ? segment.l4 + 8 : header + seed_below(&rng, 70);
        mpconn_pkt pkt = raw_pkt(&there);

        ck_assert_int_eq(mpconn_delta_apply(&d, (int)sender, &pkt), MPCONN_OK);
        got = error_about(&there, family, quoted);
        want = error_about(&segment, family, quoted);
        pkt = raw_pkt(&got);
        ck_assert_int_eq(mpconn_delta_apply_error(&d, (int)(sender ^ 1), &pkt), MPCONN_OK);
        assert_same(&got, &want, "there and back");
    }
}
END_TEST

/* Of any length, and with a sum that is wrong: over and back again it is the same. */
START_TEST(E26_error_that_is_carried_over_and_back_is_the_same)
{
    seed_rng rng = seed_start();

    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned family = seed_below(&rng, 2) ? MPCONN_FAMILY_IPV4 : MPCONN_FAMILY_IPV6;
        mpconn_delta d = any_delta(&rng), inverse = inverse_of(&d);
        raw segment = any_segment(&rng, family), got, want;
        int from = (int)seed_below(&rng, 2);
        mpconn_pkt pkt;

        got = error_about(&segment, family, segment.l4 + 8 + seed_below(&rng, 120));
        poke16(got.bytes + got.l4 + 2, seed_below(&rng, 0xffff));
        want = got;
        pkt = raw_pkt(&got);
        ck_assert_int_eq(mpconn_delta_apply_error(&d, from, &pkt), MPCONN_OK);
        ck_assert_int_eq(mpconn_delta_apply_error(&inverse, from, &pkt), MPCONN_OK);
        assert_same(&got, &want, "over and back");
    }
}
END_TEST

static void expect(const mpconn_delta *d, int from, const raw *r, int rc)
{
    raw got = *r;
    mpconn_pkt pkt = raw_pkt(&got);

    ck_assert_int_eq(mpconn_delta_apply_error(d, from, &pkt), rc);
    ck_assert_mem_eq(got.bytes, r->bytes, r->len);
}

START_TEST(what_cannot_be_carried_is_refused_and_untouched)
{
    raw good = unhex(error_vectors[1].in), r;
    mpconn_delta d = moved;
    mpconn_pkt pkt = raw_pkt(&good);

    ck_assert_int_eq(mpconn_delta_apply_error(NULL, C, &pkt), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_delta_apply_error(&d, C, NULL), MPCONN_ERR_INVAL);
    expect(&d, 2, &good, MPCONN_ERR_INVAL);
    d.wscale_in[0] = 15;
    expect(&d, C, &good, MPCONN_ERR_INVAL);
    d = moved;
    d.flags = MPCONN_DELTA_F_TUPLE;
    expect(&d, C, &good, MPCONN_ERR_UNSUPPORTED);
    d = moved;
    raw_tcp(&r, MPCONN_FAMILY_IPV4, 0x10, NULL, 0, 8);
    expect(&d, C, &r, MPCONN_ERR_UNSUPPORTED); /* not an error */
    r = good;
    r.bytes[20] = 8;
    expect(&d, C, &r, MPCONN_ERR_UNSUPPORTED); /* an echo request */
    r = good;
    r.bytes[28 + 9] = 17;
    expect(&d, C, &r, MPCONN_ERR_UNSUPPORTED); /* about UDP */
    r = good;
    r.bytes[28 + 20 + 12] = 0x40;
    expect(&d, C, &r, MPCONN_ERR_MALFORMED); /* a header of 16 bytes */
    r = good;
    r.bytes[28] = 0x65;
    expect(&d, C, &r, MPCONN_ERR_MALFORMED); /* about the other IP version */
    r = good;
    r.bytes[25] = 6;
    expect(&d, C, &r, MPCONN_ERR_MALFORMED); /* of which 24 bytes are quoted, by RFC 4884 */
    r = good;
    r.len = 24;
    expect(&d, C, &r, MPCONN_ERR_TRUNCATED);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("delta_error");
    TCase *tc = tcase_create("delta_error");

    tcase_add_test(tc, E26_vectors_come_out_bit_for_bit);
    tcase_add_test(tc, E26_vectors_of_two_ip_versions_come_out_bit_for_bit);
    tcase_add_test(tc, E26_quote_of_a_translated_segment_comes_back_as_it_was_sent);
    tcase_add_test(tc, E26_error_that_is_carried_over_and_back_is_the_same);
    tcase_add_test(tc, what_cannot_be_carried_is_refused_and_untouched);
    suite_add_tcase(s, tc);
    return check_run(s);
}
