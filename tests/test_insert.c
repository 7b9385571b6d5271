/* SPDX-License-Identifier: BSD-2-Clause */
/* Options put into a segment on its way, against a slow model: the headers written anew, and all
 * checksums summed over the whole packet. */
#include "check_main.h"
#include "packets.h"
#include "seed.h"

#include "packet/insert.h"

enum { ROUNDS = 3000, BEFORE = 32, MOST = 24 };

/* Where there is room. */
enum { IN_FRONT, BEHIND, NOWHERE };

static uint8_t buffer[BEFORE + RAW_MAX + BEFORE];
static raw in, want;
static mpconn_pkt pkt;
static mpci_view v;

static uint8_t option[MOST];
static uint32_t added; /* bytes of it, 12 or 24 */

static void set_option(uint32_t n)
{
    added = n;
    for (uint32_t i = 0; i < n; i++)
        option[i] = (uint8_t)(0x11 * i + n);
}

static void set_length(raw *r)
{
    if (r->bytes[0] >> 4 == 4)
        poke16(r->bytes + 2, r->len);
    else
        poke16(r->bytes + 4, r->len - 40);
}

/* Replace `old` bytes by others. */
static void splice(raw *r, uint32_t at, uint32_t old, const uint8_t *bytes, uint32_t n)
{
    memmove(r->bytes + at + n, r->bytes + at + old, r->len - at - old);
    if (n > 0)
        memcpy(r->bytes + at, bytes, n);
    r->len += n - old;
    set_length(r);
}

/* 4 or 8 bytes of IPv4 options, or an IPv6 header with options for the destination. */
static void lengthen_ip(raw *r, unsigned words)
{
    static const uint8_t nops[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    static const uint8_t destination[8] = {6, 0, 1, 4, 0, 0, 0, 0};

    if (words == 0)
        return;
    if (r->bytes[0] >> 4 == 4) {
        splice(r, 20, 0, nops, 4 * words);
        r->bytes[0] = (uint8_t)(0x45 + words);
        r->l4 += 4 * words;
    } else {
        splice(r, 40, 0, destination, 8);
        r->bytes[6] = 60;
        r->l4 += 8;
    }
}

/* Of the sum, what the sender's card adds is missing. */
static void make_partial(raw *r)
{
    uint8_t tail[8] = {0};
    uint32_t sum = r->bytes[0] >> 4 == 4 ? slow_sum(0, r->bytes + 12, 8)
                                         : slow_sum(0, r->bytes + 8, 32);

    poke32(tail, r->len - r->l4);
    tail[7] = 6;
    poke16(r->bytes + r->l4 + 16, slow_sum(sum, tail, 8));
}

/* raw_seal() for any extension header. */
static void seal(raw *r)
{
    uint8_t next = r->bytes[6];
    int is_v6 = r->bytes[0] >> 4 == 6;

    if (is_v6)
        r->bytes[6] = 6;
    raw_seal(r);
    if (is_v6)
        r->bytes[6] = next;
}

/* What should come out: the blocks beyond `keep` cut out of the SACK option, the bytes put in. */
static void model(uint32_t sack_at, unsigned blocks, unsigned keep, int partial)
{
    uint32_t options = in.l4 + 20, cut = 8 * (blocks - keep);

    want = in;
    if (cut > 0) {
        want.bytes[options + sack_at + 1] = (uint8_t)(2 + 8 * keep);
        splice(&want, options + sack_at + 2 + 8 * keep, cut, NULL, 0);
    }
    splice(&want, options, 0, option, added);
    want.bytes[want.l4 + 12] = (uint8_t)(in.bytes[in.l4 + 12] + ((int)added - (int)cut) / 4 * 16);
    seal(&want);
    if (partial)
        make_partial(&want);
}

static void place(unsigned room, uint32_t flags, uint32_t len)
{
    memset(buffer, 0xee, sizeof(buffer));
    memcpy(buffer + BEFORE, in.bytes, in.len);
    pkt = (mpconn_pkt){.data = buffer + BEFORE, .len = len, .cap = len, .flags = flags};
    if (room == IN_FRONT)
        pkt.headroom = added;
    if (room == BEHIND)
        pkt.cap += added;
}

static int insert(void)
{
    mpci_view_parse(&v, &pkt);
    ck_assert_int_eq(v.kind, MPCI_KIND_TCP);
    return mpci_insert_options(&v, &pkt, option, added);
}

static void expect_same(uint32_t len)
{
    ck_assert_uint_eq(pkt.len, len);
    ck_assert_mem_eq(pkt.data, want.bytes, len);
    ck_assert_uint_ge(pkt.cap, pkt.len);
    ck_assert(pkt.data - pkt.headroom >= buffer + BEFORE - added);
}

/* SACK at any place in a list of any length, NOPs around it. */
typedef struct layout {
    uint8_t bytes[40];
    uint32_t len, sack_at;
    unsigned blocks;
} layout;

static layout layout_of(seed_rng *rng, uint32_t len, unsigned blocks)
{
    layout l = {.len = len, .blocks = blocks};
    uint32_t sack = blocks > 0 ? 2 + 8 * blocks : 0;

    memset(l.bytes, 1, sizeof(l.bytes));
    if (blocks == 0)
        return l;
    l.sack_at = seed_below(rng, len - sack + 1);
    l.bytes[l.sack_at] = 5;
    l.bytes[l.sack_at + 1] = (uint8_t)sack;
    for (uint32_t i = 2; i < sack; i++)
        l.bytes[l.sack_at + i] = (uint8_t)seed_below(rng, 256);
    return l;
}

/* Blocks that may stay; more than there are when it cannot be done. */
static unsigned blocks_kept(const layout *l)
{
    unsigned keep = l->blocks;
    uint32_t len = l->len;

    while (len > 40 - added && keep > 1) {
        keep--;
        len -= 8;
    }
    return len <= 40 - added ? keep : l->blocks + 1;
}

static void check_layout(seed_rng *rng, const layout *l)
{
    unsigned family = seed_below(rng, 2) ? MPCONN_FAMILY_IPV4 : MPCONN_FAMILY_IPV6;
    unsigned room = seed_below(rng, 3), partial = seed_below(rng, 2);
    unsigned keep = blocks_kept(l);
    uint32_t cut = 8 * (l->blocks - (keep <= l->blocks ? keep : 0));
    int expected = keep <= l->blocks && (room != NOWHERE || cut >= added);

    raw_tcp(&in, family, MPCI_TCP_ACK, l->bytes, l->len, seed_below(rng, 1400));
    lengthen_ip(&in, seed_below(rng, 3));
    seal(&in);
    if (partial)
        make_partial(&in);
    place(room, partial ? MPCONN_PKT_F_CSUM_PARTIAL : 0, in.len);
    ck_assert_int_eq(insert(), expected);
    if (!expected) {
        ck_assert_mem_eq(pkt.data, in.bytes, in.len);
        ck_assert_uint_eq(pkt.len, in.len);
        return;
    }
    model(l->sack_at, l->blocks, keep, (int)partial);
    expect_same(want.len);
}

/* Every length of the option list with every number of blocks that fits into it. */
START_TEST(options_are_inserted_whatever_the_others_are)
{
    seed_rng rng = seed_start();

    for (unsigned round = 0; round < ROUNDS; round++) {
        uint32_t len = 4 * seed_below(&rng, 11);
        unsigned most = len < 10 ? 0 : (len - 2) / 8;
        layout l = layout_of(&rng, len, seed_below(&rng, (most < 4 ? most : 4) + 1));

        set_option(12 * (1 + seed_below(&rng, 2)));
        check_layout(&rng, &l);
    }
}
END_TEST

static void build(unsigned family, uint32_t payload)
{
    set_option(12);
    raw_tcp(&in, family, MPCI_TCP_ACK, NULL, 0, payload);
}

/* Of a super-segment only the whole length changes, not what a piece of it has. */
START_TEST(super_segment_grows_once)
{
    mpconn_pkt_ext ext;

    MPCONN_STRUCT_INIT(&ext);
    build(_i & 1 ? MPCONN_FAMILY_IPV6 : MPCONN_FAMILY_IPV4, 1500);
    make_partial(&in);
    place(_i & 2 ? BEHIND : IN_FRONT, MPCONN_PKT_F_CSUM_PARTIAL, in.len);
    ext.gso_size = 500;
    ext.total_len = in.len;
    pkt.ext = &ext;
    ck_assert_int_eq(insert(), 1);
    model(0, 0, 0, 1);
    expect_same(want.len);
    ck_assert_uint_eq(ext.total_len, want.len);
    ck_assert_uint_eq(ext.gso_size, 500);
}
END_TEST

/* The checksum is corrected for what is not there, too. */
START_TEST(head_alone_is_enough)
{
    mpconn_pkt_ext ext;
    uint32_t head;

    MPCONN_STRUCT_INIT(&ext);
    build(_i & 1 ? MPCONN_FAMILY_IPV6 : MPCONN_FAMILY_IPV4, 1000);
    head = in.l4 + 20;
    place(_i & 2 ? BEHIND : IN_FRONT, MPCONN_PKT_F_HEAD_ONLY, head);
    ext.total_len = in.len;
    pkt.ext = &ext;
    ck_assert_int_eq(insert(), 1);
    model(0, 0, 0, 0);
    expect_same(head + added);
    ck_assert_uint_eq(ext.total_len, want.len);
}
END_TEST

/* Its length field could not say what comes of it. */
START_TEST(longest_packet_stays_as_it_is)
{
    static uint8_t long_packet[65535 + BEFORE];
    uint32_t len;

    build(MPCONN_FAMILY_IPV4, 0);
    len = 65535 - added + (uint32_t)_i;
    memcpy(long_packet, in.bytes, in.len);
    poke16(long_packet + 2, len);
    pkt = (mpconn_pkt){.data = long_packet, .len = len, .cap = sizeof(long_packet)};
    mpci_view_parse(&v, &pkt);
    ck_assert_int_eq(mpci_insert_options(&v, &pkt, option, added), _i == 0);
    ck_assert_uint_eq(pkt.len, _i == 0 ? 65535 : len);
}
END_TEST

/* The options instead of the first bytes of payload. */
static void model_for_payload(int partial)
{
    uint32_t end = in.l4 + (in.bytes[in.l4 + 12] >> 4) * 4u;

    want = in;
    splice(&want, end, added, NULL, 0);
    splice(&want, in.l4 + 20, 0, option, added);
    want.bytes[want.l4 + 12] = (uint8_t)(in.bytes[in.l4 + 12] + added / 4 * 16);
    poke32(want.bytes + want.l4 + 4, peek32(in.bytes + in.l4 + 4) + added);
    seal(&want);
    if (partial)
        make_partial(&want);
}

static void check_for_payload(seed_rng *rng, uint32_t options, uint32_t payload, unsigned flags)
{
    unsigned family = seed_below(rng, 2) ? MPCONN_FAMILY_IPV4 : MPCONN_FAMILY_IPV6;
    int partial = (int)seed_below(rng, 2);
    layout l = layout_of(rng, options, 0);
    int expected = options + added <= 40 && payload > added && (flags & MPCI_TCP_URG) == 0;
    uint8_t taken[MOST];

    raw_tcp(&in, family, flags, l.bytes, l.len, payload);
    lengthen_ip(&in, seed_below(rng, 3));
    seal(&in);
    if (partial)
        make_partial(&in);
    place(NOWHERE, partial ? MPCONN_PKT_F_CSUM_PARTIAL : 0, in.len);
    mpci_view_parse(&v, &pkt);
    ck_assert_int_eq(mpci_insert_for_payload(&v, &pkt, option, added, taken), expected);
    if (!expected) {
        ck_assert_mem_eq(pkt.data, in.bytes, in.len);
        return;
    }
    ck_assert_mem_eq(taken, in.bytes + in.l4 + v.tcp_hlen, added);
    model_for_payload(partial);
    ck_assert_uint_eq(want.len, in.len);
    expect_same(in.len);
}

START_TEST(options_take_the_place_of_payload)
{
    seed_rng rng = seed_start();

    for (unsigned round = 0; round < ROUNDS; round++) {
        set_option(12 * (1 + seed_below(&rng, 2)));
        check_for_payload(&rng, 4 * seed_below(&rng, 11), seed_below(&rng, 50),
                          MPCI_TCP_ACK | (seed_below(&rng, 8) == 0 ? MPCI_TCP_URG : 0));
    }
}
END_TEST

/* Of a head alone, if they are there. */
START_TEST(payload_that_is_not_there_cannot_be_taken)
{
    mpconn_pkt_ext ext;
    uint8_t taken[MOST];

    MPCONN_STRUCT_INIT(&ext);
    build(MPCONN_FAMILY_IPV6, 1000);
    place(NOWHERE, MPCONN_PKT_F_HEAD_ONLY, in.l4 + 20 + added - 1 + (uint32_t)_i);
    ext.total_len = in.len;
    pkt.ext = &ext;
    mpci_view_parse(&v, &pkt);
    ck_assert_int_eq(mpci_insert_for_payload(&v, &pkt, option, added, taken), _i);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("insert");
    TCase *tc = tcase_create("insert");

    tcase_add_test(tc, options_are_inserted_whatever_the_others_are);
    tcase_add_loop_test(tc, super_segment_grows_once, 0, 4);
    tcase_add_loop_test(tc, head_alone_is_enough, 0, 4);
    tcase_add_loop_test(tc, longest_packet_stays_as_it_is, 0, 2);
    tcase_add_test(tc, options_take_the_place_of_payload);
    tcase_add_loop_test(tc, payload_that_is_not_there_cannot_be_taken, 0, 2);
    suite_add_tcase(s, tc);
    return check_run(s);
}
