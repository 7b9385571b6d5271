/* SPDX-License-Identifier: BSD-2-Clause */
/* Segments between IPv4 and IPv6. */
#include "check_main.h"
#include "conn/translate_family.h"
#include "other_family.h"
#include "seed.h"
#include "slow_translate.h"

enum { C = MPCONN_SIDE_CLIENT, S = MPCONN_SIDE_SERVER, ROUNDS = 20000 };
enum { BEFORE = 64, BUFFER = RAW_MAX + 2 * BEFORE, FILLER = 0xee };

static uint8_t buffer[BUFFER];
static mpconn_pkt pkt;

static mpconn_tuple leg(unsigned family)
{
    static const uint8_t v6[2][16] = {{0, 0x64, 0xff, 0x9b, [12] = 203, 0, 113, 7},
                                      {0x20, 1, 0xd, 0xb8, 0, 3, [15] = 0x33}};
    mpconn_tuple t = {.client_port = 50001, .server_port = 8443, .family = (uint8_t)family};

    if (family == MPCONN_FAMILY_IPV4) {
        memcpy(t.client.bytes, "\313\0\161\7", 4);
        memcpy(t.server.bytes, "\300\0\2\116", 4);
    } else {
        memcpy(t.client.bytes, v6[0], 16);
        memcpy(t.server.bytes, v6[1], 16);
    }
    return t;
}

static unsigned other(unsigned family)
{
    return family == MPCONN_FAMILY_IPV4 ? MPCONN_FAMILY_IPV6 : MPCONN_FAMILY_IPV4;
}

static unsigned family_of(const raw *r)
{
    return r->bytes[0] >> 4;
}

/* With that much room before and behind it, and marks around. */
static void place(const raw *r, uint32_t before, uint32_t behind)
{
    memset(buffer, FILLER, sizeof buffer);
    memcpy(buffer + BEFORE, r->bytes, r->len);
    pkt = (mpconn_pkt){.data = buffer + BEFORE, .len = r->len, .cap = r->len + behind,
                       .headroom = before};
}

static unsigned fits(void)
{
    mpci_view v;

    mpci_view_parse(&v, &pkt);
    HOLDS(v.kind == MPCI_KIND_TCP);
    return mpci_translate_family_fits(&v, &pkt);
}

/* The packet is the wanted one, in the same room as before, and nothing around it was written. */
static void expect(const raw *want, uint32_t before, uint32_t end)
{
    uint32_t first = (uint32_t)(pkt.data - buffer);

    HOLDS(pkt.len == want->len);
    for (uint32_t i = 0; i < want->len; i++)
        if (pkt.data[i] != want->bytes[i])
            ck_abort_msg("byte %u is %02x, not %02x", i, pkt.data[i], want->bytes[i]);
    HOLDS(first - pkt.headroom == BEFORE - before);
    HOLDS(first + pkt.cap == end);
    for (uint32_t i = 0; i < BEFORE - before; i++)
        HOLDS(buffer[i] == FILLER);
    for (uint32_t i = end; i < BUFFER; i++)
        HOLDS(buffer[i] == FILLER);
}

static raw unhex(const char *text)
{
    raw r = {.len = 0};
    unsigned byte;

    for (; sscanf(text, "%2x", &byte) == 1; text += 2)
        r.bytes[r.len++] = (uint8_t)byte;
    r.l4 = r.bytes[0] >> 4 == 4 ? (r.bytes[0] & 15u) * 4 : 40;
    return r;
}

/* --- golden vectors --- */

static const struct {
    const char *name;
    unsigned from;
    const char *in, *out;
} vectors[] = {
    {"RFC 7915 4.1: TOS, TTL and payload go on, identification and DF do not", C,
     "452a002d1234400039064336c0000201c63364029c4001bb01020304a0b0c0d0501802007a3b00006865"
     "6c6c6f",
     "62a00000001906390064ff9b0000000000000000cb00710720010db8000300000000000000000033c351"
     "20fb01020304a0b0c0d050180200b62a000068656c6c6f"},
    {"RFC 7915 4.1: options are ignored", S,
     "4700003f00070000400673b2c6336402c0000201070708c00002090001bb9c40fffffff0000000018010"
     "ffff192e00000101080a00000001000000026f6464",
     "600000000023064020010db80003000000000000000000330064ff9b0000000000000000cb00710720fb"
     "c351fffffff0000000018010ffff551d00000101080a00000001000000026f6464"},
    {"RFC 7915 5.1: traffic class and hop limit go on, what is short may be fragmented", C,
     "6b9123450019060320010db800010000000000000000001120010db80002000000000000000000229c40"
     "01bb01020304a0b0c0d0501802000acb000068656c6c6f",
     "45b9002da2010000030616bbcb007107c000024ec35120fb01020304a0b0c0d05018020021cb00006865"
     "6c6c6f"},
    {"RFC 7915 5.1: hop-by-hop and destination options are skipped", S,
     "600000000033004020010db800020000000000000000002220010db80001000000000000000000113c00"
     "010400000000060001040000000001bb9c40fffffff0000000018010ffffa9bd00000101080a00000001"
     "000000026f6464",
     "450000379dec00004006de7ec000024ecb00710720fbc351fffffff0000000018010ffffc0bd00000101"
     "080a00000001000000026f6464"},
};

START_TEST(vectors_come_out_bit_for_bit)
{
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        raw in = unhex(vectors[i].in), want = unhex(vectors[i].out);
        mpconn_tuple to = leg(family_of(&want));

        place(&in, 20, 0);
        ck_assert_uint_eq(fits(), 0);
        mpci_translate_family(&pkt, &to, vectors[i].from);
        expect(&want, 20, BEFORE + in.len);
    }
}
END_TEST

/* --- against the model --- */

static mpconn_tuple any_leg(seed_rng *rng, unsigned family)
{
    mpconn_tuple t = {.family = (uint8_t)family};

    seed_fill(rng, t.client.bytes, family == MPCONN_FAMILY_IPV4 ? 4 : 16);
    seed_fill(rng, t.server.bytes, family == MPCONN_FAMILY_IPV4 ? 4 : 16);
    t.client_port = (uint16_t)seed_u32(rng);
    t.server_port = (uint16_t)seed_u32(rng);
    return t;
}

/* IPv4: NOPs and a timestamp. IPv6: hop-by-hop, routing that is over, atomic fragment,
 * destination. */
static void add_headers(seed_rng *rng, raw *r)
{
    static const uint8_t v4[40] = {1, 68, 12, 5, [12] = 1, 1, 1};
    static const uint8_t v6[] = {43, 0, 1, 4, 0,    0,    0, 0, 44, 0, 0, 0, 0, 0, 0, 0,
                                 60, 0, 0, 0, 0xab, 0xcd, 1, 2, 6,  0, 1, 4, 0, 0, 0, 0};

    if (seed_below(rng, 2))
        return;
    if (family_of(r) == MPCONN_FAMILY_IPV4)
        raw_insert_headers(r, v4, 4 * (1 + seed_below(rng, 10)), 0);
    else
        raw_insert_headers(r, v6, sizeof v6, 0);
}

static raw any_segment(seed_rng *rng, unsigned family)
{
    static const uint8_t options[] = {1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8};
    raw r;

    raw_tcp(&r, family, 0x18, options, seed_below(rng, 2) ? sizeof options : 0,
            seed_below(rng, 1500));
    seed_fill(rng, r.bytes + r.l4 + 4, 8);
    if (family == MPCONN_FAMILY_IPV4) {
        r.bytes[1] = seed_u8(rng);
        poke16(r.bytes + 4, seed_below(rng, 0x10000));
        r.bytes[6] = seed_below(rng, 2) ? 0x40 : 0;
        r.bytes[8] = seed_u8(rng);
    } else {
        poke32(r.bytes, (seed_u32(rng) & 0x0fffffff) | UINT32_C(6) << 28);
        r.bytes[7] = seed_u8(rng);
    }
    raw_seal(&r);
    return r;
}

static void add_to_sum(raw *r, unsigned by)
{
    uint32_t sum = peek16(r->bytes + r->l4 + 16);

    poke16(r->bytes + r->l4 + 16, slow_sum(sum, (uint8_t[]){(uint8_t)(by >> 8), (uint8_t)by}, 2));
}

START_TEST(any_segment_becomes_what_the_rfc_says)
{
    seed_rng rng = seed_start();

    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned family = seed_below(&rng, 2) ? MPCONN_FAMILY_IPV4 : MPCONN_FAMILY_IPV6;
        unsigned from = seed_below(&rng, 2), behind = seed_below(&rng, 2);
        unsigned is_partial = seed_below(&rng, 3) == 0;
        unsigned wrong = is_partial ? 0 : seed_below(&rng, 2) * seed_below(&rng, 0xffff);
        mpconn_tuple to = any_leg(&rng, other(family));
        raw in = any_segment(&rng, family), want = other_tcp(&in, &to, from);

        if (is_partial) {
            slow_seal_partial(&in);
            slow_seal_partial(&want);
        }
        add_to_sum(&in, wrong);
        add_to_sum(&want, wrong);
        add_headers(&rng, &in);
        place(&in, behind ? 0 : 20, behind ? 20 : 0);
        pkt.flags = is_partial ? MPCONN_PKT_F_CSUM_PARTIAL : 0;
        HOLDS(fits() == 0);
        mpci_translate_family(&pkt, &to, from);
        expect(&want, behind ? 0 : 20, BEFORE + in.len + (behind ? 20 : 0));
    }
}
END_TEST

/* The segment with the addresses and ports of a tuple. */
static raw slow_turn(const raw *r, const mpconn_tuple *t, unsigned from)
{
    mpconn_delta d = {.known = MPCONN_DELTA_K_TUPLE, .flags = MPCONN_DELTA_F_TUPLE};
    raw turned = *r;

    d.tuple[from ^ 1] = *t;
    slow_translate(&turned, &d, from, 0);
    return turned;
}

/* Nothing is lost of an IPv6 segment without flow label and extension headers, nor of an IPv4 one
 * without options that is long and has DF. */
START_TEST(any_segment_comes_back_as_it_was)
{
    seed_rng rng = seed_start();

    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned family = seed_below(&rng, 2) ? MPCONN_FAMILY_IPV4 : MPCONN_FAMILY_IPV6;
        unsigned from = seed_below(&rng, 2);
        mpconn_tuple there = any_leg(&rng, other(family)), back = any_leg(&rng, family);
        raw in;

        raw_tcp(&in, family, 0x10, NULL, 0,
                family == MPCONN_FAMILY_IPV4 ? 1221 + seed_below(&rng, 500)
                                             : seed_below(&rng, 1500));
        in = slow_turn(&in, &back, from);
        add_to_sum(&in, seed_below(&rng, 0xffff));
        place(&in, 20, 0);
        mpci_translate_family(&pkt, &there, from);
        HOLDS(fits() == 0);
        mpci_translate_family(&pkt, &back, from);
        expect(&in, 20, BEFORE + in.len);
    }
}
END_TEST

/* --- what the length of a packet decides --- */

START_TEST(only_what_ipv6_carries_everywhere_may_be_fragmented)
{
    static const struct {
        uint32_t payload;
        uint16_t gso_size;
        int has_df;
    } cases[] = {{1220, 0, 0}, {1221, 0, 1}, {1500, 1220, 0}, {1500, 1221, 1}};
    mpconn_tuple to = leg(MPCONN_FAMILY_IPV4);

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mpconn_pkt_ext ext;
        raw in;

        MPCONN_STRUCT_INIT(&ext);
        ext.gso_size = cases[i].gso_size;
        raw_tcp(&in, MPCONN_FAMILY_IPV6, 0x10, NULL, 0, cases[i].payload);
        place(&in, 0, 0);
        pkt.ext = &ext;
        mpci_translate_family(&pkt, &to, C);
        ck_assert_int_eq(pkt.data[6] == 0x40, cases[i].has_df);
        ck_assert_int_eq(peek16(pkt.data + 4) == 0, cases[i].has_df);
    }
}
END_TEST

START_TEST(segment_without_room_does_not_fit)
{
    raw in;

    raw_tcp(&in, MPCONN_FAMILY_IPV4, 0x10, NULL, 0, 100);
    place(&in, 19, 19);
    ck_assert_uint_eq(fits(), MPCONN_REASON_NO_SPACE);
    raw_insert_headers(&in, (const uint8_t *)"\1\1\1\0", 4, 0);
    place(&in, 15, 15);
    ck_assert_uint_eq(fits(), MPCONN_REASON_NO_SPACE);
    place(&in, 16, 0);
    ck_assert_uint_eq(fits(), 0);
    raw_tcp(&in, MPCONN_FAMILY_IPV6, 0x10, NULL, 0, 100);
    place(&in, 0, 0);
    ck_assert_uint_eq(fits(), 0);
}
END_TEST

/* RFC 7915 4.1: an unexpired one only. */
START_TEST(source_route_has_no_counterpart)
{
    static const struct {
        const char *options;
        uint32_t len;
        unsigned reason;
    } cases[] = {
        {"\203\7\4abcd", 8, MPCONN_REASON_NO_COUNTERPART}, /* loose */
        {"\211\7\4abcd", 8, MPCONN_REASON_NO_COUNTERPART}, /* strict */
        {"\1\1\1\1\203\7\7abcd", 12, MPCONN_REASON_NO_COUNTERPART},
        {"\7\3\4\203\7\4abcd\1", 12, MPCONN_REASON_NO_COUNTERPART}, /* behind another */
        {"\203\7\10abcd", 8, 0},   /* at its end */
        {"\7\7\4abcd\1", 8, 0},    /* record route */
        {"\0\203\7\4abcd", 8, 0}, /* behind the end of the list */
        {"\7\0\4\203\7\4ab", 8, 0},
        {"\1\1\203\7", 4, 0},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t options[12] = {0};
        raw in;

        memcpy(options, cases[i].options, cases[i].len);
        raw_tcp(&in, MPCONN_FAMILY_IPV4, 0x10, NULL, 0, 9);
        raw_insert_headers(&in, options, cases[i].len, 0);
        place(&in, 20, 0);
        ck_assert_msg(fits() == cases[i].reason, "case %zu: %u", i, fits());
    }
}
END_TEST

/* --- what a host says beside the bytes --- */

START_TEST(host_of_a_super_segment_is_told_its_new_lengths)
{
    for (unsigned family = 4; family <= 6; family += 2)
        for (unsigned unset = 0; unset < 2; unset++) {
            mpconn_tuple to = leg(other(family));
            uint32_t grow = family == 4 ? 20 : (uint32_t)-20;
            mpconn_pkt_ext ext;
            raw in, want;

            MPCONN_STRUCT_INIT(&ext);
            raw_tcp(&in, family, 0x10, NULL, 0, 1800);
            want = other_tcp(&in, &to, C);
            if (family == 6) /* its pieces are short */
                poke32(want.bytes + 4, slow_sum(0, in.bytes + in.l4, 8) << 16);
            if (unset) {
                poke16(in.bytes + (family == 4 ? 2 : 4), 0);
                poke16(want.bytes + (family == 4 ? 4 : 2), 0);
            }
            slow_seal_partial(&in);
            slow_seal_partial(&want);
            ext.total_len = in.len;
            ext.l4_offset = in.l4;
            ext.gso_size = 600;
            ext.gso_type = 9;
            place(&in, 20, 0);
            pkt.ext = &ext;
            pkt.flags = MPCONN_PKT_F_CSUM_PARTIAL;
            ck_assert_uint_eq(fits(), 0);
            mpci_translate_family(&pkt, &to, C);
            expect(&want, 20, BEFORE + in.len);
            ck_assert_uint_eq(ext.total_len, in.len + grow);
            ck_assert_uint_eq(ext.l4_offset, in.l4 + grow);
            ck_assert_uint_eq(ext.gso_size, 600);
            ck_assert_uint_eq(ext.gso_type, 9);
        }
}
END_TEST

/* An IPv6 header can tell 20 bytes more. */
START_TEST(length_beyond_an_ipv4_header_is_for_the_host_to_tell)
{
    mpconn_tuple to = leg(MPCONN_FAMILY_IPV4);
    mpconn_pkt_ext ext;
    raw in;

    MPCONN_STRUCT_INIT(&ext);
    raw_tcp(&in, MPCONN_FAMILY_IPV6, 0x10, NULL, 0, 0);
    ext.total_len = 40 + 65516;
    poke16(in.bytes + 4, 65516);
    place(&in, 0, 0);
    pkt.ext = &ext;
    pkt.flags = MPCONN_PKT_F_HEAD_ONLY;
    ck_assert_uint_eq(fits(), MPCONN_REASON_NO_COUNTERPART);
    ext.gso_size = 1200;
    ck_assert_uint_eq(fits(), 0);
    mpci_translate_family(&pkt, &to, C);
    ck_assert_uint_eq(peek16(pkt.data + 2), 0);
    ck_assert_uint_eq(ext.total_len, 20 + 65516);
    ck_assert_uint_eq(ext.l4_offset, 0);
}
END_TEST

START_TEST(of_a_packet_only_the_headers_need_be_there)
{
    mpconn_tuple to = leg(MPCONN_FAMILY_IPV6);
    mpconn_pkt_ext ext;
    raw in, want;

    MPCONN_STRUCT_INIT(&ext);
    raw_tcp(&in, MPCONN_FAMILY_IPV4, 0x18, NULL, 0, 777);
    want = other_tcp(&in, &to, S);
    ext.total_len = in.len;
    in.len = 40;
    want.len = 60;
    for (unsigned behind = 0; behind < 2; behind++) {
        ext.total_len = 40 + 777;
        place(&in, behind ? 0 : 20, behind ? 20 : 0);
        pkt.ext = &ext;
        pkt.flags = MPCONN_PKT_F_HEAD_ONLY;
        ck_assert_uint_eq(fits(), 0);
        mpci_translate_family(&pkt, &to, S);
        expect(&want, behind ? 0 : 20, BEFORE + 40 + (behind ? 20 : 0));
        ck_assert_uint_eq(ext.total_len, 60 + 777);
    }
}
END_TEST

int main(void)
{
    return CHECK_MAIN("translate_family", vectors_come_out_bit_for_bit,
                      any_segment_becomes_what_the_rfc_says, any_segment_comes_back_as_it_was,
                      only_what_ipv6_carries_everywhere_may_be_fragmented,
                      segment_without_room_does_not_fit, source_route_has_no_counterpart,
                      host_of_a_super_segment_is_told_its_new_lengths,
                      length_beyond_an_ipv4_header_is_for_the_host_to_tell,
                      of_a_packet_only_the_headers_need_be_there);
}
