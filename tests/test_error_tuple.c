/* SPDX-License-Identifier: BSD-2-Clause */
/* ICMP errors between legs that differ in addresses, ports, or the IP version. */
#include <mpconn/mpconn.h>

#include "check_main.h"
#include "other_family.h"
#include "seed.h"
#include "slow_translate.h"

enum { C = MPCONN_SIDE_CLIENT, S = MPCONN_SIDE_SERVER, V4 = 4, V6 = 6, ROUNDS = 20000 };
enum { BEFORE = 64, BUFFER = RAW_MAX + 2 * BEFORE, FILLER = 0xee, ICMP_HEADER = 8 };

/* An error on the leg it comes from, and as it has to be on the other. */
typedef struct errand {
    unsigned from;
    unsigned family, other;   /* of the legs */
    mpconn_delta delta;
    raw own, there;           /* the segment on its sender's leg, and where it met its end */
    raw got, want;
} errand;

static mpconn_tuple any_leg(seed_rng *rng, unsigned family)
{
    mpconn_tuple t = {.family = (uint8_t)family};

    seed_fill(rng, t.client.bytes, family == V4 ? 4 : 16);
    seed_fill(rng, t.server.bytes, family == V4 ? 4 : 16);
    t.client_port = (uint16_t)seed_u32(rng);
    t.server_port = (uint16_t)seed_u32(rng);
    return t;
}

static const mpconn_addr *addr_of(const mpconn_tuple *t, unsigned side)
{
    return side == C ? &t->client : &t->server;
}

static void set_ends(raw *r, const mpconn_addr *src, const mpconn_addr *dst)
{
    unsigned n = r->bytes[0] >> 4 == V4 ? 4 : 16, at = n == 4 ? 12 : 8;

    memcpy(r->bytes + at, src->bytes, n);
    memcpy(r->bytes + at + n, dst->bytes, n);
}

/* The segment of `sender` as both legs show it, all by the slow translation. */
static void make_segment(errand *e, seed_rng *rng, uint32_t payload)
{
    static const uint8_t options[] = {1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8};
    unsigned sender = e->from ^ 1;
    const mpconn_tuple *t = &e->delta.tuple[sender];
    mpconn_delta numbers = e->delta;

    numbers.flags = 0;
    raw_tcp(&e->own, e->other, 0x18, options, sizeof options, payload);
    set_ends(&e->own, addr_of(t, sender), addr_of(t, sender ^ 1));
    poke16(e->own.bytes + e->own.l4, sender == C ? t->client_port : t->server_port);
    poke16(e->own.bytes + e->own.l4 + 2, sender == C ? t->server_port : t->client_port);
    seed_fill(rng, e->own.bytes + e->own.l4 + 4, 8);
    raw_seal(&e->own);
    e->there = e->own;
    if (e->family == e->other) {
        slow_translate(&e->there, &e->delta, sender, 0);
    } else {
        slow_translate(&e->there, &numbers, sender, 0);
        e->there = other_tcp(&e->there, &e->delta.tuple[e->from], sender);
    }
}

static errand any_errand(seed_rng *rng, unsigned family, unsigned other, uint32_t payload)
{
    errand e = {.from = seed_below(rng, 2), .family = family, .other = other};

    e.delta.known = MPCONN_DELTA_K_ALL;
    e.delta.flags = MPCONN_DELTA_F_TUPLE;
    for (unsigned side = 0; side < 2; side++) {
        e.delta.seq[side] = seed_u32(rng);
        e.delta.ts[side] = seed_u32(rng);
        e.delta.tuple[side] = any_leg(rng, side == e.from ? family : other);
    }
    make_segment(&e, rng, payload);
    return e;
}

/* Of a header that is quoted in part only ports, sequence number and sum are put right; half a sum
 * is left alone. */
static void keep_what_a_part_has_not(errand *e, seed_rng *rng, uint32_t tcp)
{
    e->delta.seq[e->from] = e->delta.ts[0] = e->delta.ts[1] = 0;
    make_segment(e, rng, e->own.len - e->own.l4 - 32);
    if (tcp == 17)
        e->own.bytes[e->own.l4 + 16] = e->there.bytes[e->there.l4 + 16];
}

static raw error_of(unsigned family, const mpconn_addr *src, const mpconn_addr *dst,
                    const uint8_t head[ICMP_HEADER], const uint8_t *quote, uint32_t len)
{
    raw r;

    raw_ip(&r, family, family == V4 ? 1 : 58);
    set_ends(&r, src, dst);
    raw_add(&r, head, ICMP_HEADER);
    raw_add(&r, quote, len);
    raw_seal(&r);
    return r;
}

/* From a router, or from the endpoint, on the leg where the segment met its end. */
static void make_got(errand *e, const mpconn_addr *router, const uint8_t *head, uint32_t quoted)
{
    const mpconn_tuple *t = &e->delta.tuple[e->from];
    const mpconn_addr *src = router != NULL ? router : addr_of(t, e->from);

    e->got = error_of(e->family, src, addr_of(t, e->from ^ 1), head, e->there.bytes, quoted);
}

/* In the other version: the quote with its header, of which `quoted` bytes behind the old header,
 * then zeros, then what stood behind the old one. */
static void make_other(errand *e, const uint8_t *head, uint32_t quoted, uint32_t pad,
                       const uint8_t *behind, uint32_t len)
{
    unsigned sender = e->from ^ 1;
    const mpconn_addr *src = addr_of(&e->delta.tuple[sender], sender);
    const mpconn_addr *dst = addr_of(&e->delta.tuple[sender], e->from);
    uint8_t message[RAW_MAX] = {0};
    uint32_t n;
    raw quote = other_header(e->there.bytes, src, dst, 6, e->own.bytes + e->own.l4,
                             e->own.len - e->own.l4);

    n = quote.l4 + quoted;
    memcpy(message, head, ICMP_HEADER);
    memcpy(message + ICMP_HEADER, quote.bytes, n);
    if (len > 0)
        memcpy(message + ICMP_HEADER + n + pad, behind, len);
    e->want = other_header(e->got.bytes, dst, src, e->other == V4 ? 1 : 58, message,
                           ICMP_HEADER + n + pad + len);
    if (e->other == V4 && e->want.bytes[6] == 0)
        poke16(e->want.bytes + 4, slow_sum(0, e->got.bytes + e->got.l4, 8));
    raw_seal(&e->want);
}

static uint8_t buffer[BUFFER];

static mpconn_pkt place(const raw *r, uint32_t before, uint32_t behind)
{
    memset(buffer, FILLER, sizeof buffer);
    memcpy(buffer + BEFORE, r->bytes, r->len);
    return (mpconn_pkt){.data = buffer + BEFORE, .len = r->len, .cap = r->len + behind,
                        .headroom = before};
}

static void expect(const errand *e, const mpconn_pkt *pkt)
{
    if (pkt->len != e->want.len)
        ck_abort_msg("%u bytes, not %u", pkt->len, e->want.len);
    for (uint32_t i = 0; i < e->want.len; i++)
        if (pkt->data[i] != e->want.bytes[i])
            ck_abort_msg("IPv%u to IPv%u, %u bytes, byte %u is %02x, not %02x", e->family, e->other,
                         e->got.len, i, pkt->data[i], e->want.bytes[i]);
    for (uint32_t i = 0; i < BEFORE - 44; i++)
        HOLDS(buffer[i] == FILLER && buffer[BUFFER - 1 - i] == FILLER);
    HOLDS(pkt->cap >= pkt->len);
}

static void carry(const errand *e)
{
    for (unsigned behind = 0; behind < 2; behind++) {
        mpconn_pkt pkt = place(&e->got, behind ? 0 : 44, behind ? 44 : 0);

        HOLDS(mpconn_delta_apply_error(&e->delta, (int)e->from, &pkt) == MPCONN_OK);
        expect(e, &pkt);
    }
}

static void refuse(const errand *e, mpconn_pkt pkt, int rc)
{
    ck_assert_int_eq(mpconn_delta_apply_error(&e->delta, (int)e->from, &pkt), rc);
    ck_assert_mem_eq(buffer + BEFORE, e->got.bytes, e->got.len);
    ck_assert_ptr_eq(pkt.data, buffer + BEFORE);
}

static unsigned any_family(seed_rng *rng)
{
    return seed_below(rng, 2) ? V4 : V6;
}

/* Wrong by as much as before. */
static void add_to_sum(raw *r, unsigned by)
{
    uint8_t *field = r->bytes + r->l4 + 2;

    poke16(field, slow_sum(peek16(field), (uint8_t[]){(uint8_t)(by >> 8), (uint8_t)by}, 2));
}

/* --- one IP version --- */

START_TEST(E26_error_comes_to_the_sender_by_its_own_addresses)
{
    seed_rng rng = seed_start();

    for (unsigned round = 0; round < ROUNDS; round++) {
        static const uint8_t heads[2][ICMP_HEADER] = {{3, 1}, {1, 3}};
        unsigned family = any_family(&rng), wrong = seed_below(&rng, 2) * seed_below(&rng, 0xffff);
        errand e = any_errand(&rng, family, family, seed_below(&rng, 40));
        const mpconn_tuple *back = &e.delta.tuple[e.from ^ 1];
        mpconn_addr router = any_leg(&rng, family).client;
        int is_router = (int)seed_below(&rng, 2);
        uint32_t tcp = seed_below(&rng, 2) ? 32 + seed_below(&rng, 40) : 8 + seed_below(&rng, 24);
        uint32_t quoted = e.there.l4 + tcp;

        if (tcp < 32)
            keep_what_a_part_has_not(&e, &rng, tcp);
        if (quoted > e.there.len)
            quoted = e.there.len;
        make_got(&e, is_router ? &router : NULL, heads[family == V6], quoted);
        e.want = error_of(family, is_router ? &router : addr_of(back, e.from),
                          addr_of(back, e.from ^ 1), heads[family == V6], e.own.bytes, quoted);
        add_to_sum(&e.got, wrong);
        add_to_sum(&e.want, wrong);
        carry(&e);
    }
}
END_TEST

/* --- from one IP version to the other --- */

START_TEST(E26_error_becomes_one_of_the_other_version)
{
    seed_rng rng = seed_start();

    for (unsigned round = 0; round < ROUNDS; round++) {
        static const uint8_t heads[2][ICMP_HEADER] = {{11, 1}, {3, 1}};
        unsigned family = any_family(&rng), wrong = seed_below(&rng, 2) * seed_below(&rng, 0xffff);
        errand e = any_errand(&rng, family, family == V4 ? V6 : V4, seed_below(&rng, 300));
        mpconn_addr router = any_leg(&rng, family).client;
        uint32_t tcp = seed_below(&rng, 2) ? 32 + seed_below(&rng, 200) : 8 + seed_below(&rng, 24);

        if (tcp < 32)
            keep_what_a_part_has_not(&e, &rng, tcp);
        if (e.there.l4 + tcp > e.there.len)
            tcp = e.there.len - e.there.l4;
        make_got(&e, seed_below(&rng, 2) ? &router : NULL, heads[family == V6],
                 e.there.l4 + tcp);
        add_to_sum(&e.got, wrong);
        make_other(&e, heads[family == V4], tcp, 0, NULL, 0);
        add_to_sum(&e.want, wrong);
        carry(&e);
    }
}
END_TEST

/* RFC 7915 4.2 and 5.2, types and codes in the order there. `rest` is what the other one has in
 * bytes 4 to 7. */
static const struct {
    unsigned family;
    uint8_t in[2];
    uint32_t in_rest;
    uint8_t out[2]; /* {0, 0}: none */
    uint32_t out_rest;
} names[] = {
    {V4, {3, 0}, 0, {1, 0}, 0},
    {V4, {3, 1}, 0, {1, 0}, 0},
    {V4, {3, 2}, 0, {4, 1}, 6},
    {V4, {3, 3}, 0, {1, 4}, 0},
    {V4, {3, 4}, 1500, {2, 0}, 1520},
    {V4, {3, 5}, 0, {1, 0}, 0},
    {V4, {3, 6}, 0, {1, 0}, 0},
    {V4, {3, 7}, 0, {1, 0}, 0},
    {V4, {3, 8}, 0, {1, 0}, 0},
    {V4, {3, 9}, 0, {1, 1}, 0},
    {V4, {3, 10}, 0, {1, 1}, 0},
    {V4, {3, 11}, 0, {1, 0}, 0},
    {V4, {3, 12}, 0, {1, 0}, 0},
    {V4, {3, 13}, 0, {1, 1}, 0},
    {V4, {3, 14}, 0, {0, 0}, 0},
    {V4, {3, 15}, 0, {1, 1}, 0},
    {V4, {3, 16}, 0, {0, 0}, 0},
    {V4, {4, 0}, 0, {0, 0}, 0},
    {V4, {5, 1}, 0xc0000201, {0, 0}, 0},
    {V4, {11, 0}, 0, {3, 0}, 0},
    {V4, {11, 1}, 0, {3, 1}, 0},
    {V4, {12, 1}, 0, {0, 0}, 0},
    {V4, {12, 3}, 0, {0, 0}, 0},
    {V4, {12, 2}, 2u << 24, {4, 0}, 4},
    /* MTU: 20 more, 1,280 at least; for 0 the plateau below the quoted length, here 1,440 */
    {V4, {3, 4}, 1260, {2, 0}, 1280},
    {V4, {3, 4}, 1261, {2, 0}, 1281},
    {V4, {3, 4}, 68, {2, 0}, 1280},
    {V4, {3, 4}, 65535, {2, 0}, 65555},
    {V4, {3, 4}, 0, {2, 0}, 1280},
    {V6, {1, 0}, 0, {3, 1}, 0},
    {V6, {1, 1}, 0, {3, 10}, 0},
    {V6, {1, 2}, 0, {3, 1}, 0},
    {V6, {1, 3}, 0, {3, 1}, 0},
    {V6, {1, 4}, 0, {3, 3}, 0},
    {V6, {1, 5}, 0, {0, 0}, 0},
    {V6, {2, 0}, 1500, {3, 4}, 1480},
    {V6, {3, 0}, 0, {11, 0}, 0},
    {V6, {3, 1}, 0, {11, 1}, 0},
    {V6, {4, 1}, 6, {3, 2}, 0},
    {V6, {4, 2}, 48, {0, 0}, 0},
    {V6, {4, 3}, 0, {0, 0}, 0},
    {V6, {100, 0}, 0, {0, 0}, 0},
    {V6, {2, 0}, 1280, {3, 4}, 1260},
    {V6, {2, 0}, 88, {3, 4}, 68},
    {V6, {2, 0}, 0, {3, 4}, 68},
    {V6, {2, 0}, 65555, {3, 4}, 65535},
    {V6, {2, 0}, 0xffffffff, {3, 4}, 65535},
};

static void expect_name(errand *e, const uint8_t in[2], uint32_t in_rest, const uint8_t out[2],
                        uint32_t out_rest)
{
    uint8_t got[ICMP_HEADER] = {in[0], in[1]}, want[ICMP_HEADER] = {out[0], out[1]};

    poke32(got + 4, in_rest);
    poke32(want + 4, out_rest);
    make_got(e, NULL, got, e->there.l4 + 60);
    if (out[0] == 0) {
        refuse(e, place(&e->got, 44, 44), MPCONN_ERR_UNSUPPORTED);
        return;
    }
    make_other(e, want, 60, 0, NULL, 0);
    carry(e);
}

START_TEST(types_codes_and_mtus_are_those_of_the_rfc)
{
    seed_rng rng = seed_start();

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        errand e = any_errand(&rng, names[i].family, names[i].family == V4 ? V6 : V4, 1388);

        expect_name(&e, names[i].in, names[i].in_rest, names[i].out, names[i].out_rest);
    }
}
END_TEST

/* RFC 1191 7.1, of the quoted Total Length. */
START_TEST(mtu_that_is_not_told_is_guessed_from_the_plateaus)
{
    static const uint32_t guesses[][2] = {{65535, 32020}, {17914, 8186}, {9000, 8186},
                                          {1500, 1512},   {1493, 1512},  {1492, 1280}, {576, 1280}};
    seed_rng rng = seed_start();

    for (size_t i = 0; i < sizeof guesses / sizeof guesses[0]; i++) {
        errand e = any_errand(&rng, V4, V6, 600);

        /* of a segment so long that the quote has only its beginning */
        poke16(e.there.bytes + 2, guesses[i][0]);
        make_got(&e, NULL, (const uint8_t[ICMP_HEADER]){3, 4}, e.there.l4 + 60);
        mpconn_pkt pkt = place(&e.got, 44, 0);
        ck_assert_int_eq(mpconn_delta_apply_error(&e.delta, (int)e.from, &pkt), MPCONN_OK);
        ck_assert_uint_eq(pkt.data[40], 2);
        ck_assert_uint_eq(peek32(pkt.data + 44), guesses[i][1]);
        ck_assert_uint_eq(peek16(pkt.data + 48 + 4), guesses[i][0] - 20);
    }
}
END_TEST

/* RFC 7915 figures 3 and 6: ranges of the pointer. */
START_TEST(pointers_are_those_of_the_rfc)
{
    enum { NO = 255 };
    static const struct {
        unsigned family;
        uint8_t first, last, out;
    } pointers[] = {{V4, 0, 0, 0},    {V4, 1, 1, 1},   {V4, 2, 3, 4},    {V4, 4, 7, NO},
                    {V4, 8, 8, 7},    {V4, 9, 9, 6},   {V4, 10, 11, NO}, {V4, 12, 15, 8},
                    {V4, 16, 19, 24}, {V4, 20, 99, NO}, {V6, 0, 0, 0},   {V6, 1, 1, 1},
                    {V6, 2, 3, NO},   {V6, 4, 5, 2},   {V6, 6, 6, 9},    {V6, 7, 7, 8},
                    {V6, 8, 23, 12},  {V6, 24, 39, 16}, {V6, 40, 99, NO}};
    seed_rng rng = seed_start();

    for (size_t i = 0; i < sizeof pointers / sizeof pointers[0]; i++)
        for (uint32_t p = pointers[i].first; p <= pointers[i].last; p++) {
            int is_v4 = pointers[i].family == V4;
            errand e = any_errand(&rng, pointers[i].family, is_v4 ? V6 : V4, 90);
            uint8_t in = is_v4 ? 12 : 4, out = pointers[i].out == NO ? 0 : is_v4 ? 4 : 12;

            expect_name(&e, (uint8_t[]){in, 0}, is_v4 ? p << 24 : p, (uint8_t[]){out, 0},
                        is_v4 ? pointers[i].out : (uint32_t)pointers[i].out << 24);
        }
}
END_TEST

/* --- RFC 4884 --- */

static const uint8_t extension[] = {0x20, 0, 0xaa, 0x55, 0, 8, 1, 1, 0xde, 0xad, 0xbe, 0xef};

/* A quote of `quoted` bytes, as its length says, with an extension behind it. */
static void make_extended(errand *e, const uint8_t type[2], uint32_t quoted)
{
    uint8_t head[ICMP_HEADER] = {type[0], type[1]};

    if (e->family == V4)
        head[5] = (uint8_t)(quoted / 4);
    else
        head[4] = (uint8_t)(quoted / 8);
    make_got(e, NULL, head, quoted);
    raw_add(&e->got, extension, sizeof extension);
    raw_seal(&e->got);
}

START_TEST(extension_is_found_where_the_length_says)
{
    static const struct {
        unsigned family;
        uint8_t in[2], out[2];
        uint32_t quoted, pad;
        uint8_t words; /* 0: the extension is left out */
    } cases[] = {
        {V4, {11, 0}, {3, 0}, 128, 4, 19},  /* 148, so 152 */
        {V4, {11, 0}, {3, 0}, 132, 0, 19},  /* 152 */
        {V4, {3, 1}, {1, 0}, 60, 0, 0},     /* too short for RFC 4884 */
        {V4, {3, 2}, {4, 1}, 128, 0, 0},    /* parameter problem: no place for a length */
        {V4, {3, 4}, {2, 0}, 128, 0, 0},    /* nor in "packet too big" */
        {V6, {3, 0}, {11, 0}, 128, 20, 32}, /* 108, so 128 */
        {V6, {3, 0}, {11, 0}, 136, 12, 32}, /* 116, so 128 */
        {V6, {1, 4}, {3, 3}, 160, 0, 35},   /* 140 */
        {V6, {1, 4}, {3, 3}, 1040, 0, 255}, /* 1020 */
        {V6, {1, 4}, {3, 3}, 1048, 0, 0},   /* 1028 is more than a byte can say */
    };
    seed_rng rng = seed_start();

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        errand e = any_errand(&rng, cases[i].family, cases[i].family == V4 ? V6 : V4, 1100);
        uint8_t head[ICMP_HEADER] = {cases[i].out[0], cases[i].out[1]};

        make_extended(&e, cases[i].in, cases[i].quoted);
        head[cases[i].family == V4 ? 4 : 5] = cases[i].words;
        if (cases[i].out[0] == 4 || cases[i].out[0] == 2)
            poke32(head + 4, cases[i].out[0] == 4 ? 6 : 1280);
        make_other(&e, head, cases[i].quoted - e.there.l4, cases[i].pad, extension,
                   cases[i].words != 0 ? sizeof extension : 0);
        carry(&e);
    }
}
END_TEST

START_TEST(extension_stays_in_one_ip_version)
{
    seed_rng rng = seed_start();

    for (unsigned family = V4; family <= V6; family += 2) {
        errand e = any_errand(&rng, family, family, 300);
        const mpconn_tuple *back = &e.delta.tuple[e.from ^ 1];

        make_extended(&e, family == V4 ? (uint8_t[]){3, 1} : (uint8_t[]){1, 0}, 128);
        e.want = e.got;
        memcpy(e.want.bytes + e.want.l4 + 8, e.own.bytes, 128);
        set_ends(&e.want, addr_of(back, e.from), addr_of(back, e.from ^ 1));
        raw_seal(&e.want);
        carry(&e);
    }
}
END_TEST

/* RFC 4443 2.4 (c) */
START_TEST(error_in_ipv6_is_cut_to_what_every_link_carries)
{
    static const uint32_t lens[][2] = {{1192, 1192}, {1193, 1192}, {1300, 1192}};
    seed_rng rng = seed_start();

    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        errand e = any_errand(&rng, V4, V6, 1400);

        make_got(&e, NULL, (const uint8_t[ICMP_HEADER]){3, 1}, 20 + lens[i][0]);
        make_other(&e, (const uint8_t[ICMP_HEADER]){1, 0}, lens[i][1], 0, NULL, 0);
        carry(&e);
        ck_assert_uint_le(e.want.len, 1280);
    }
}
END_TEST

/* --- what a host says, and what is refused --- */

START_TEST(partial_sum_is_that_of_the_new_addresses)
{
    seed_rng rng = seed_start();

    for (unsigned i = 0; i < 4; i++) {
        errand e = any_errand(&rng, i & 1 ? V6 : V4, i & 2 ? V6 : V4, 50);
        const mpconn_tuple *back = &e.delta.tuple[e.from ^ 1];
        uint8_t head[2][ICMP_HEADER] = {{11, 0}, {3, 0}}, tail[8] = {0};
        raw *packets[] = {&e.got, &e.want};
        mpconn_pkt pkt;

        make_got(&e, NULL, head[e.family == V6], e.there.l4 + 50);
        if (e.family == e.other)
            e.want = error_of(e.family, addr_of(back, e.from), addr_of(back, e.from ^ 1),
                              head[e.family == V6], e.own.bytes, e.there.l4 + 50);
        for (unsigned k = 0; k < 2; k++) {
            raw *r = packets[k];
            uint32_t sum;

            if (k == 1 && e.family != e.other)
                make_other(&e, head[e.other == V6], 50, 0, NULL, 0);
            poke32(tail, r->len - r->l4);
            tail[7] = 58;
            sum = r->bytes[0] >> 4 == V6 ? slow_sum(slow_sum(0, r->bytes + 8, 32), tail, 8) : 0;
            poke16(r->bytes + r->l4 + 2, sum);
        }
        if (e.family != e.other && e.other == V4) /* made from the error as it comes */
            poke16(e.want.bytes + 4, slow_sum(0, e.got.bytes + e.got.l4, 8));
        poke16(e.want.bytes + 10, e.other == V4 ? 0 : peek16(e.want.bytes + 10));
        if (e.other == V4)
            poke16(e.want.bytes + 10, ~slow_sum(0, e.want.bytes, 20) & 0xffff);
        pkt = place(&e.got, 44, 0);
        pkt.flags = MPCONN_PKT_F_CSUM_PARTIAL;
        ck_assert_int_eq(mpconn_delta_apply_error(&e.delta, (int)e.from, &pkt), MPCONN_OK);
        expect(&e, &pkt);
    }
}
END_TEST

START_TEST(what_cannot_become_an_error_of_the_other_version_is_untouched)
{
    seed_rng rng = seed_start();
    errand e = any_errand(&rng, V4, V6, 200);
    mpconn_pkt_ext ext;
    mpconn_pkt pkt;

    make_got(&e, NULL, (const uint8_t[ICMP_HEADER]){3, 1}, 100);
    refuse(&e, place(&e.got, 39, 39), MPCONN_ERR_NOSPACE);
    pkt = place(&e.got, 44, 44);
    pkt.cap = pkt.len - 1;
    refuse(&e, pkt, MPCONN_ERR_INVAL);
    MPCONN_STRUCT_INIT(&ext);
    ext.total_len = e.got.len;
    pkt = place(&e.got, 44, 44);
    pkt.len -= 20;
    pkt.ext = &ext;
    pkt.flags = MPCONN_PKT_F_HEAD_ONLY;
    refuse(&e, pkt, MPCONN_ERR_TRUNCATED);
    ck_assert_uint_eq(ext.total_len, e.got.len);
    e.got.bytes[e.got.l4 + 8 + 32] = 0x40; /* a TCP header of 16 bytes */
    refuse(&e, place(&e.got, 44, 44), MPCONN_ERR_MALFORMED);
    make_got(&e, NULL, (const uint8_t[ICMP_HEADER]){3, 1}, 100);
    raw_insert_headers(&e.got, (const uint8_t *)"\203\7\4abcd", 8, 0); /* a source route */
    refuse(&e, place(&e.got, 44, 44), MPCONN_ERR_UNSUPPORTED);
}
END_TEST

/* Every cut of a packet, in a buffer of just that size, is refused or carried. */
START_TEST(error_that_is_cut_short_is_never_read_beyond_its_end)
{
    seed_rng rng = seed_start();

    for (unsigned i = 0; i < 4; i++) {
        errand e = any_errand(&rng, i & 1 ? V6 : V4, i & 2 ? V6 : V4, 20);

        make_extended(&e, e.family == V4 ? (uint8_t[]){3, 1} : (uint8_t[]){1, 0}, 64);
        for (uint32_t len = 0; len < e.got.len; len++) {
            uint8_t *room = malloc(44 + len);
            mpconn_pkt pkt = {.data = room + 44, .len = len, .cap = len, .headroom = 44};

            memcpy(room + 44, e.got.bytes, len);
            HOLDS(mpconn_delta_apply_error(&e.delta, (int)e.from, &pkt) != MPCONN_OK);
            if (len > e.got.l4 + 8u) {
                poke16(room + 44 + (e.family == V4 ? 2 : 4), len - (e.family == V4 ? 0 : 40));
                (void)mpconn_delta_apply_error(&e.delta, (int)e.from, &pkt);
                HOLDS(pkt.data >= room && pkt.data + pkt.cap <= room + 44 + len);
            }
            free(room);
        }
    }
}
END_TEST

int main(void)
{
    return CHECK_MAIN("error_tuple", E26_error_comes_to_the_sender_by_its_own_addresses,
                      E26_error_becomes_one_of_the_other_version,
                      types_codes_and_mtus_are_those_of_the_rfc,
                      mtu_that_is_not_told_is_guessed_from_the_plateaus,
                      pointers_are_those_of_the_rfc, extension_is_found_where_the_length_says,
                      extension_stays_in_one_ip_version,
                      error_in_ipv6_is_cut_to_what_every_link_carries,
                      partial_sum_is_that_of_the_new_addresses,
                      what_cannot_become_an_error_of_the_other_version_is_untouched,
                      error_that_is_cut_short_is_never_read_beyond_its_end);
}
