/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The translator against known vectors, against a slow model of itself on
 * random segments, and against its own inverse.
 */
#include "check_main.h"
#include "seed.h"
#include "slow_translate.h"

#include "conn/translate.h"

#include <mpconn/error.h>

enum { C = MPCONN_SIDE_CLIENT, S = MPCONN_SIDE_SERVER };
enum { ROUNDS = 20000 };

/* One vector of tests/vectors/translate.hex. */
typedef struct vector {
    char name[80];
    mpconn_delta delta;
    unsigned from, pkt_flags;
    raw in, out;
} vector;

static unsigned unhex(uint8_t *bytes, const char *text)
{
    unsigned n = 0, byte;

    for (; sscanf(text, "%2x", &byte) == 1; text += 2)
        bytes[n++] = (uint8_t)byte;
    return n;
}

static void read_leg(mpconn_delta *d, const char *line)
{
    char side[8], client[40], server[40];
    unsigned cport, sport;
    mpconn_tuple *t;

    ck_assert_int_eq(sscanf(line, "leg %7s %39s %x %39s %x", side, client, &cport, server, &sport),
                     5);
    t = &d->tuple[strcmp(side, "client") == 0 ? C : S];
    t->family = unhex(t->client.bytes, client) == 4 ? MPCONN_FAMILY_IPV4 : MPCONN_FAMILY_IPV6;
    unhex(t->server.bytes, server);
    t->client_port = (uint16_t)cport;
    t->server_port = (uint16_t)sport;
}

static void read_line(vector *v, const char *line)
{
    unsigned n[4];

    if (sscanf(line, "name %79[^\n]", v->name) == 1)
        return;
    if (sscanf(line, "seq %x %x", &n[0], &n[1]) == 2) {
        v->delta.seq[0] = n[0];
        v->delta.seq[1] = n[1];
    } else if (sscanf(line, "ts %x %x", &n[0], &n[1]) == 2) {
        v->delta.ts[0] = n[0];
        v->delta.ts[1] = n[1];
    } else if (sscanf(line, "win %x %x %x %x", &n[0], &n[1], &n[2], &n[3]) == 4) {
        for (unsigned i = 0; i < 2; i++) {
            v->delta.wscale_in[i] = (uint8_t)n[i];
            v->delta.wscale_out[i] = (uint8_t)n[2 + i];
        }
    } else if (sscanf(line, "flags %x", &n[0]) == 1) {
        v->delta.flags = (uint8_t)n[0];
    } else if (sscanf(line, "pkt %x", &n[0]) == 1) {
        v->pkt_flags = n[0];
    } else if (strncmp(line, "leg ", 4) == 0) {
        read_leg(&v->delta, line);
    } else if (strncmp(line, "from ", 5) == 0) {
        v->from = strncmp(line + 5, "client", 6) == 0 ? C : S;
    } else if (strncmp(line, "in  ", 4) == 0) {
        v->in.len = unhex(v->in.bytes, line + 4);
    } else if (strncmp(line, "out ", 4) == 0) {
        v->out.len = unhex(v->out.bytes, line + 4);
    } else {
        ck_assert_msg(line[0] == '#', "vector file: %s", line);
    }
}

static FILE *open_vectors(void)
{
    const char *src = getenv("MPCONN_SRC");
    char path[4096];
    FILE *file;

    snprintf(path, sizeof path, "%s/tests/vectors/translate.hex", src != NULL ? src : ".");
    file = fopen(path, "r");
    ck_assert_msg(file != NULL, "%s cannot be read; set MPCONN_SRC to the source tree", path);
    return file;
}

/* The next vector of the file; 0 at its end. */
static int next_vector(vector *v, FILE *file)
{
    char line[4096];

    memset(v, 0, sizeof *v);
    v->delta.known = MPCONN_DELTA_K_ALL;
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "end", 3) == 0)
            return 1;
        read_line(v, line);
    }
    return 0;
}

/* Translate `in` in a buffer of its own that begins `shift` bytes off an aligned address and has
 * not a byte to spare. */
static void run(const vector *v, size_t shift, mpconn_pkt pkt)
{
    uint8_t *room = malloc(shift + pkt.len);
    mpci_view view;

    memcpy(room + shift, v->in.bytes, pkt.len);
    pkt.data = room + shift;
    pkt.cap = pkt.len;
    mpci_view_parse(&view, &pkt);
    ck_assert_msg(view.kind == MPCI_KIND_TCP, "%s: reason %u", v->name, view.reason);
    mpci_translate(&view, &v->delta, v->from, &pkt);
    for (uint32_t i = 0; i < pkt.len; i++)
        if (room[shift + i] != v->out.bytes[i])
            ck_abort_msg("%s, address + %zu: byte %u is %02x, not %02x", v->name, shift, i,
                         room[shift + i], v->out.bytes[i]);
    free(room);
}

START_TEST(E18_E33_vectors_come_out_bit_for_bit_at_any_address)
{
    FILE *file = open_vectors();
    unsigned n = 0;
    vector v;

    for (; next_vector(&v, file); n++) {
        ck_assert_uint_eq(v.in.len, v.out.len);
        for (size_t shift = 0; shift < 8; shift++)
            run(&v, shift, (mpconn_pkt){.len = v.in.len, .flags = v.pkt_flags});
    }
    fclose(file);
    ck_assert_uint_ge(n, 80);
}
END_TEST

static uint32_t headers_of(const uint8_t *bytes)
{
    uint32_t l4 = bytes[0] >> 4 == 4 ? 20 : bytes[6] == 60 ? 48 : 40;

    return l4 + (bytes[l4 + 12] >> 4) * 4u;
}

START_TEST(vectors_come_out_the_same_when_only_headers_are_there)
{
    FILE *file = open_vectors();
    vector v;

    while (next_vector(&v, file)) {
        mpconn_pkt_ext ext;

        MPCONN_STRUCT_INIT(&ext);
        ext.total_len = v.in.len;
        run(&v, 1, (mpconn_pkt){.len = headers_of(v.in.bytes), .ext = &ext,
                                .flags = v.pkt_flags | MPCONN_PKT_F_HEAD_ONLY});
    }
    fclose(file);
}
END_TEST

/* Its IP header has no room for the length and its checksum is that of the pseudo-header. */
START_TEST(super_segment_is_translated_by_its_headers)
{
    FILE *file = open_vectors();
    vector v;

    while (next_vector(&v, file)) {
        mpconn_pkt_ext ext;

        if (v.in.bytes[0] >> 4 != 6 || v.in.bytes[6] != 6 || v.pkt_flags != 0)
            continue;
        MPCONN_STRUCT_INIT(&ext);
        ext.total_len = 200000;
        ext.gso_size = 1400;
        poke16(v.in.bytes + 4, 0);
        poke16(v.out.bytes + 4, 0);
        run(&v, 3, (mpconn_pkt){.len = headers_of(v.in.bytes), .ext = &ext,
                                .flags = MPCONN_PKT_F_HEAD_ONLY});
    }
    fclose(file);
}
END_TEST

static uint32_t number_from(seed_rng *rng)
{
    static const uint32_t corners[] = {0, 1, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff};

    return seed_below(rng, 3) == 0 ? corners[seed_below(rng, 7)] : seed_u32(rng);
}

static mpconn_delta any_delta(seed_rng *rng, unsigned family)
{
    mpconn_delta d;

    memset(&d, 0, sizeof d);
    d.known = (uint8_t)(seed_below(rng, 2) ? MPCONN_DELTA_K_ALL : seed_below(rng, 16));
    d.flags = seed_below(rng, 2) ? 0 : (uint8_t)seed_below(rng, 128);
    for (unsigned i = 0; i < 2; i++) {
        d.seq[i] = number_from(rng);
        d.ts[i] = number_from(rng);
        d.wscale_in[i] = (uint8_t)seed_below(rng, 15);
        d.wscale_out[i] = (uint8_t)seed_below(rng, 15);
        d.tuple[i].family = (uint8_t)family;
        d.tuple[i].client_port = (uint16_t)seed_u32(rng);
        d.tuple[i].server_port = (uint16_t)seed_u32(rng);
        seed_fill(rng, d.tuple[i].client.bytes, family == MPCONN_FAMILY_IPV4 ? 4 : 16);
        seed_fill(rng, d.tuple[i].server.bytes, family == MPCONN_FAMILY_IPV4 ? 4 : 16);
    }
    return d;
}

/* Options in any order behind any number of NOPs; returns the length, a multiple of 4. */
static size_t any_options(seed_rng *rng, uint8_t *options)
{
    size_t at = 0, order = seed_below(rng, 3);

    for (unsigned i = 0; i < 3; i++) {
        unsigned kind = (unsigned)((order + i) % 3);
        size_t len = kind == 0 ? 10 : kind == 1 ? 2 + 8u * (1 + seed_below(rng, 4)) : 6;
        size_t nops = seed_below(rng, 4);

        if (seed_below(rng, 2) || at + nops + len > 40)
            continue;
        memset(options + at, 1, nops);
        at += nops;
        seed_fill(rng, options + at, len);
        options[at] = kind == 0 ? 8 : kind == 1 ? 5 : 253;
        options[at + 1] = (uint8_t)len;
        at += len;
    }
    while (at % 4 != 0)
        options[at++] = 1;
    return at;
}

static void any_segment(seed_rng *rng, raw *r, unsigned family)
{
    static const unsigned flags[] = {0x10, 0x18, 0x11, 0x04, 0x14, 0x30, 0xd0};
    unsigned ecn = seed_below(rng, 4);
    uint8_t options[40], *tcp;
    size_t len = any_options(rng, options);

    raw_tcp(r, family, flags[seed_below(rng, 7)], options, len, seed_below(rng, 40));
    tcp = r->bytes + r->l4;
    poke32(tcp + 4, number_from(rng));
    poke32(tcp + 8, number_from(rng));
    poke16(tcp + 14, seed_below(rng, 3) ? seed_u32(rng) : seed_below(rng, 4));
    poke16(tcp + 18, seed_u32(rng));
    r->bytes[1] |= (uint8_t)(family == MPCONN_FAMILY_IPV4 ? ecn : ecn << 4);
}

static void assert_same(const raw *got, const raw *want, unsigned round)
{
    for (uint32_t i = 0; i < want->len; i++)
        if (got->bytes[i] != want->bytes[i])
            ck_abort_msg("round %u: byte %u (of TCP: %d) is %02x, not %02x", round, i,
                         (int)(i - want->l4), got->bytes[i], want->bytes[i]);
}

START_TEST(random_segments_come_out_as_the_slow_model_says)
{
    seed_rng rng = seed_start();

    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned family = seed_below(&rng, 2) ? MPCONN_FAMILY_IPV4 : MPCONN_FAMILY_IPV6;
        unsigned from = seed_below(&rng, 2);
        int is_partial = seed_below(&rng, 4) == 0;
        mpconn_delta d = any_delta(&rng, family);
        raw got, want;
        mpconn_pkt pkt;
        mpci_view v, before;

        any_segment(&rng, &got, family);
        if (is_partial)
            slow_seal_partial(&got);
        else
            raw_seal(&got);
        want = got;
        slow_translate(&want, &d, from, is_partial);
        pkt = raw_pkt(&got);
        pkt.flags = is_partial ? MPCONN_PKT_F_CSUM_PARTIAL : 0;
        mpci_view_parse(&v, &pkt);
        HOLDS(v.kind == MPCI_KIND_TCP);
        before = v;
        mpci_translate(&v, &d, from, &pkt);
        assert_same(&got, &want, round);
        HOLDS(memcmp(&v, &before, sizeof v) == 0);
    }
}
END_TEST

static mpconn_delta inverse_of(const mpconn_delta *d)
{
    mpconn_delta inverse = *d;

    for (unsigned i = 0; i < 2; i++) {
        inverse.seq[i] = 0 - d->seq[i];
        inverse.ts[i] = 0 - d->ts[i];
        inverse.wscale_in[i] = d->wscale_out[i];
        inverse.wscale_out[i] = d->wscale_in[i];
        inverse.tuple[i] = d->tuple[1 - i];
    }
    return inverse;
}

/* Of a window that comes back no bit may be lost on the way. */
static unsigned window_that_fits(seed_rng *rng, const mpconn_delta *d, unsigned from)
{
    unsigned in = d->wscale_in[from], out = d->wscale_out[from], window = seed_u32(rng) & 0xffff;

    return in > out ? window >> (in - out) : window >> (out - in) << (out - in);
}

START_TEST(random_segments_come_back_by_the_inverse)
{
    seed_rng rng = seed_start();
    unsigned skipped = 0;

    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned family = seed_below(&rng, 2) ? MPCONN_FAMILY_IPV4 : MPCONN_FAMILY_IPV6;
        unsigned from = seed_below(&rng, 2);
        mpconn_delta d = any_delta(&rng, family), inverse;
        raw got, want;
        mpconn_pkt pkt;
        int there, back;

        d.flags &= MPCONN_DELTA_F_TUPLE;
        inverse = inverse_of(&d);
        any_segment(&rng, &got, family);
        poke16(got.bytes + got.l4 + 14, window_that_fits(&rng, &d, from));
        slow_tuple(&got, &inverse, from); /* begin with what the way back will put there */
        poke16(got.bytes + got.l4 + 16, seed_u32(&rng)); /* a wrong sum has to come back as well */
        if (got.bytes[got.l4 + 16] == 0xff && got.bytes[got.l4 + 17] == 0xff)
            got.bytes[got.l4 + 17] = 0;
        if (family == MPCONN_FAMILY_IPV4) {
            poke16(got.bytes + 10, 0);
            poke16(got.bytes + 10, ~slow_sum(0, got.bytes, 20) & 0xffff);
        }
        want = got;
        pkt = raw_pkt(&got);
        there = mpconn_delta_apply(&d, (int)from, &pkt);
        back = mpconn_delta_apply(&inverse, (int)from, &pkt);
        if (there != MPCONN_OK || back != MPCONN_OK) {
            skipped++; /* no connection has an address like this */
            continue;
        }
        assert_same(&got, &want, round);
    }
    ck_assert_uint_lt(skipped, ROUNDS / 10);
}
END_TEST

START_TEST(window_is_the_clipped_quotient_and_never_closes)
{
    static const unsigned windows[] = {0, 1, 2, 3, 127, 128, 255, 256, 4095, 32767, 32768, 65534,
                                       65535};

    for (unsigned in = 0; in <= 14; in++) {
        for (unsigned out = 0; out <= 14; out++) {
            for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++) {
                uint64_t bytes = (uint64_t)windows[i] << in, want = bytes >> out;

                want = want > 65535 ? 65535 : want == 0 && windows[i] > 0 ? 1 : want;
                ck_assert_uint_eq(mpci_translate_window((uint16_t)windows[i], in, out), want);
            }
        }
    }
}
END_TEST

START_TEST(window_shift_beyond_reason_is_no_undefined_shift)
{
    for (unsigned shift = 15; shift < 300; shift++) {
        mpci_translate_window(0xffff, shift, 0);
        mpci_translate_window(0xffff, 0, shift);
        mpci_translate_window(0xffff, shift, shift);
    }
}
END_TEST

/* A segment C->S with numbers told from a corner, and what must have become of them. */
START_TEST(E18_every_number_moves_by_exactly_the_offset)
{
    static const uint32_t offsets[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff};
    static const uint32_t numbers[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff};

    for (size_t i = 0; i < 25; i++) {
        uint32_t offset = offsets[i / 5], number = numbers[i % 5];
        mpconn_delta d = {.known = MPCONN_DELTA_K_ALL, .seq = {0, offset}, .ts = {0, offset}};
        uint8_t options[40] = {1, 1, 8, 10, [12] = 1, 1, 5, 26};
        raw r;
        mpconn_pkt pkt;
        uint8_t *tcp;

        raw_tcp(&r, MPCONN_FAMILY_IPV4, 0x10, options, 40, 3);
        tcp = r.bytes + r.l4;
        poke32(tcp + 8, number);
        poke32(tcp + 20 + 4, number);
        poke32(tcp + 20 + 8, number);
        for (size_t edge = 0; edge < 6; edge++)
            poke32(tcp + 20 + 16 + 4 * edge, number + (uint32_t)edge);
        raw_seal(&r);
        pkt = raw_pkt(&r);
        ck_assert_int_eq(mpconn_delta_apply(&d, C, &pkt), MPCONN_OK);
        ck_assert_uint_eq(peek32(tcp + 4), 0x01020304);
        ck_assert_uint_eq(peek32(tcp + 8), (uint32_t)(number + offset));
        ck_assert_uint_eq(peek32(tcp + 20 + 4), number);
        ck_assert_uint_eq(peek32(tcp + 20 + 8), (uint32_t)(number + offset));
        for (size_t edge = 0; edge < 6; edge++)
            ck_assert_uint_eq(peek32(tcp + 20 + 16 + 4 * edge),
                              (uint32_t)(number + offset + edge));
    }
}
END_TEST

START_TEST(E33_timestamps_of_a_flow_that_did_not_negotiate_them_stay)
{
    mpconn_leg client = {.tuple = {.family = 4}, .client_wscale = 15, .server_wscale = 15,
                         .client_ts = 5, .server_ts = 6};
    mpconn_leg server = client;
    mpconn_delta d;
    raw r, before;
    mpconn_pkt pkt;

    server.client_ts = 500;
    server.server_ts = 600;
    ck_assert_int_eq(mpconn_delta_compute(&d, &client, &server), MPCONN_OK);
    raw_tcp(&r, MPCONN_FAMILY_IPV4, 0x10, "\1\1\10\12abcdefgh", 12, 1);
    before = r;
    for (int from = C; from <= S; from++) {
        pkt = raw_pkt(&r);
        ck_assert_int_eq(mpconn_delta_apply(&d, from, &pkt), MPCONN_OK);
        ck_assert_mem_eq(r.bytes, before.bytes, before.len);
    }
}
END_TEST

START_TEST(offset_is_added_toward_the_server_and_taken_off_toward_the_client)
{
    static const uint32_t offset[2] = {3, 0xfffffff0};

    ck_assert_uint_eq(mpci_translate_offset(offset, C, C), 3);
    ck_assert_uint_eq(mpci_translate_offset(offset, C, S), 0xfffffff0);
    ck_assert_uint_eq(mpci_translate_offset(offset, S, C), 0xfffffffd);
    ck_assert_uint_eq(mpci_translate_offset(offset, S, S), 0x10);
}
END_TEST

int main(void)
{
    return CHECK_MAIN("translate", E18_E33_vectors_come_out_bit_for_bit_at_any_address,
                      vectors_come_out_the_same_when_only_headers_are_there,
                      super_segment_is_translated_by_its_headers,
                      random_segments_come_out_as_the_slow_model_says,
                      random_segments_come_back_by_the_inverse,
                      window_is_the_clipped_quotient_and_never_closes,
                      window_shift_beyond_reason_is_no_undefined_shift,
                      E18_every_number_moves_by_exactly_the_offset,
                      E33_timestamps_of_a_flow_that_did_not_negotiate_them_stay,
                      offset_is_added_toward_the_server_and_taken_off_toward_the_client);
}
