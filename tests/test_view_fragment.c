/* SPDX-License-Identifier: BSD-2-Clause */
/* Fragments of TCP segments: which of them can be carried, and why the others are not. */
#include "check_main.h"
#include "fragmenting.h"
#include "seed.h"
#include "view_expect.h"

enum { FIRST = MPCI_KIND_TCP, LATER = MPCI_KIND_FRAGMENT, REFUSED = MPCI_KIND_BAD };

/* One fragment of a segment with 12 bytes of options: `len` bytes of it from `at`. */
typedef struct part {
    const char *what;
    uint32_t at, len;
    int more;
    int kind;
    unsigned reason;
} part;

static const part parts[] = {
    {"E27 whole header and data", 0, 48, 1, FIRST, 0},
    {"E27 just the header", 0, 32, 1, FIRST, 0},
    {"E27 RFC 1858 header goes on in the next", 0, 24, 1, REFUSED, MPCONN_REASON_FRAGMENT_TINY},
    {"E27 RFC 1858 tiny", 0, 8, 1, REFUSED, MPCONN_REASON_FRAGMENT_TINY},
    {"E27 first one that leaves a hole", 0, 50, 1, REFUSED, MPCONN_REASON_BAD_FRAGMENT},
    {"E27 RFC 3128 overwrites the flags", 8, 48, 1, REFUSED, MPCONN_REASON_FRAGMENT_OVERLAP},
    {"E27 RFC 3128 the same, and the last", 8, 41, 0, REFUSED, MPCONN_REASON_FRAGMENT_OVERLAP},
    {"E27 overwrites options", 24, 48, 1, REFUSED, MPCONN_REASON_FRAGMENT_OVERLAP},
    {"E27 may overwrite options", 56, 48, 1, REFUSED, MPCONN_REASON_FRAGMENT_OVERLAP},
    {"E27 behind the longest header", 64, 48, 1, LATER, 0},
    {"E27 last one", 64, 41, 0, LATER, 0},
    {"E27 one byte", 64, 1, 0, LATER, 0},
    {"E27 later one that leaves a hole", 64, 41, 1, REFUSED, MPCONN_REASON_BAD_FRAGMENT},
    {"E27 empty", 64, 0, 0, REFUSED, MPCONN_REASON_BAD_FRAGMENT},
    {"E27 up to the end", 65528, 7, 0, LATER, 0},
    {"E27 beyond any packet", 65528, 8, 0, REFUSED, MPCONN_REASON_BAD_FRAGMENT},
    {"E27 far beyond any packet", 65528, 48, 0, REFUSED, MPCONN_REASON_BAD_FRAGMENT},
};
enum { N_PARTS = sizeof parts / sizeof parts[0] };

static const uint8_t timestamps[12] = {1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8};

static raw segment_of(unsigned family, unsigned flags, size_t payload)
{
    raw r;

    raw_tcp(&r, family, flags, timestamps, sizeof timestamps, payload);
    return r;
}

/* Any piece, wherever it is said to be. */
static raw piece_at(const raw *whole, uint32_t at, uint32_t len, int more)
{
    raw r = fragment_of(whole, 0, len, more);

    if (r.bytes[0] >> 4 == 4)
        poke16(r.bytes + 6, (more ? 0x2000 : 0) | at / 8);
    else
        poke16(r.bytes + 42, at | (unsigned)more);
    fragment_seal_ip(&r);
    return r;
}

START_TEST(E27_fragment_is_carried_or_refused_for_its_reason)
{
    const part *x = &parts[_i / 2];
    raw whole = segment_of(families[_i & 1], MPCI_TCP_ACK, 100);
    raw r = piece_at(&whole, x->at, x->len, x->more);
    mpconn_pkt pkt = raw_pkt(&r);
    mpci_view v = view_pkt(&pkt);

    ck_assert_msg(v.kind == x->kind && v.reason == x->reason, "%s: kind %u, %s", x->what, v.kind,
                  mpconn_reason_name(v.reason));
    ck_assert_uint_eq(v.first_fragment && v.kind != REFUSED, x->kind == FIRST);
}
END_TEST

START_TEST(E27_first_fragment_is_read_as_far_as_it_goes)
{
    raw whole = segment_of(families[_i], MPCI_TCP_ACK | MPCI_TCP_FIN, 100);
    raw r = fragment_of(&whole, 0, 48, 1);
    mpconn_pkt pkt = raw_pkt(&r);
    mpci_view v = view_pkt(&pkt);

    ck_assert_uint_eq(v.payload_len, 16);
    ck_assert_uint_eq(mpci_view_seq_len(&v), 16 + 1 + 1); /* what follows is a byte, or more */
    ck_assert_uint_eq(v.ts_offset, 22);
    ck_assert_uint_eq(v.seq, 0x01020304);
    ck_assert_uint_eq(v.total_len, r.len);
}
END_TEST

/* The sum is that of the whole segment. */
START_TEST(E30_of_a_first_fragment_only_the_ip_header_is_verified)
{
    raw whole = segment_of(families[_i], MPCI_TCP_ACK, 100);
    raw r = fragment_of(&whole, 0, 48, 1);
    mpconn_pkt pkt = raw_pkt(&r);
    mpci_view v = view_pkt(&pkt);

    ck_assert_uint_eq(mpci_view_verify(&v, &pkt), 0);
    r.bytes[r.l4 + 40] ^= 1;
    ck_assert_uint_eq(mpci_view_verify(&v, &pkt), 0);
    r.bytes[8] ^= 1;
    ck_assert_uint_eq(mpci_view_verify(&v, &pkt),
                      families[_i] == MPCONN_FAMILY_IPV4 ? MPCONN_REASON_BAD_IP_CHECKSUM : 0);
}
END_TEST

START_TEST(E27_syn_or_reset_in_fragments_is_refused)
{
    static const unsigned flags[] = {MPCI_TCP_SYN, MPCI_TCP_SYN | MPCI_TCP_ACK, MPCI_TCP_RST,
                                     MPCI_TCP_RST | MPCI_TCP_ACK};

    for (unsigned i = 0; i < 4; i++) {
        raw whole = segment_of(families[_i], flags[i], 100);
        raw r = fragment_of(&whole, 0, 48, 1);

        expect_bad(&r, MPCONN_REASON_FRAGMENT_CONTROL);
        r = fragment_of(&whole, 64, 48, 1); /* what it is a part of cannot be seen */
        expect_kind(&r, MPCI_KIND_FRAGMENT);
    }
}
END_TEST

/* What the hardware is to do it does to whole segments. */
START_TEST(E30_offloads_and_fragments_exclude_one_another)
{
    raw whole = segment_of(families[_i], MPCI_TCP_ACK, 100);
    raw r = fragment_of(&whole, 0, 48, 1);
    mpconn_pkt pkt = raw_pkt(&r);
    mpconn_pkt_ext ext = {.struct_size = sizeof ext, .gso_size = 20};

    pkt.flags = MPCONN_PKT_F_CSUM_PARTIAL;
    expect(&pkt, MPCI_KIND_BAD, MPCONN_REASON_BAD_METADATA);
    pkt.flags = 0;
    pkt.ext = &ext;
    expect(&pkt, MPCI_KIND_BAD, MPCONN_REASON_BAD_METADATA);
    ext.gso_size = 0;
    expect(&pkt, MPCI_KIND_TCP, 0);
    ext.total_len = pkt.len;
    pkt.len = r.l4 + 32; /* its header only */
    pkt.flags = MPCONN_PKT_F_HEAD_ONLY;
    expect(&pkt, MPCI_KIND_TCP, 0);
    pkt.len--;
    expect(&pkt, MPCI_KIND_BAD, MPCONN_REASON_TRUNCATED);
}
END_TEST

/* Extension headers before the TCP header take their part of the offset, which is unknown. */
START_TEST(E28_later_fragment_of_unknown_headers_must_not_begin_among_them)
{
    raw whole = segment_of(MPCONN_FAMILY_IPV6, MPCI_TCP_ACK, 100);

    for (uint32_t at = 8; at <= 128; at += 8) {
        raw r = piece_at(&whole, at, 48, 1);

        r.bytes[40] = 60;
        if (at < 60)
            expect_bad(&r, MPCONN_REASON_FRAGMENT_OVERLAP);
        else
            expect_kind(&r, MPCI_KIND_FRAGMENT);
    }
}
END_TEST

START_TEST(E27_fragments_of_other_protocols_are_not_judged)
{
    raw whole = segment_of(families[_i], MPCI_TCP_ACK, 100);

    for (unsigned n = 0; n < N_PARTS; n++) {
        raw r = piece_at(&whole, parts[n].at, parts[n].len, parts[n].more);

        r.bytes[families[_i] == MPCONN_FAMILY_IPV4 ? 9 : 40] = 17;
        fragment_seal_ip(&r);
        expect_kind(&r, parts[n].at == 0 ? MPCI_KIND_OTHER : MPCI_KIND_FRAGMENT);
    }
}
END_TEST

/* Whatever offset and length: no part that passes can reach into the header of the first. */
START_TEST(E27_nothing_that_passes_can_overwrite_a_header)
{
    seed_rng rng = seed_start();

    for (unsigned n = 0; n < 20000; n++) {
        raw whole = segment_of(families[n & 1], MPCI_TCP_ACK, 200);
        uint32_t at = seed_below(&rng, 20) * 8, len = seed_below(&rng, 200);
        raw r = piece_at(&whole, at, len, (int)seed_below(&rng, 2));
        mpconn_pkt pkt = raw_pkt(&r);
        mpci_view v = view_pkt(&pkt);

        if (v.kind == MPCI_KIND_FRAGMENT)
            ck_assert_uint_ge(at, 60);
        if (v.kind == MPCI_KIND_TCP)
            ck_assert_uint_le(v.l4_offset + v.tcp_hlen, r.len);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("view_fragment");
    TCase *both = tcase_create("both families"), *once = tcase_create("once");

    tcase_add_loop_test(both, E27_fragment_is_carried_or_refused_for_its_reason, 0, 2 * N_PARTS);
    tcase_add_loop_test(both, E27_first_fragment_is_read_as_far_as_it_goes, 0, 2);
    tcase_add_loop_test(both, E30_of_a_first_fragment_only_the_ip_header_is_verified, 0, 2);
    tcase_add_loop_test(both, E27_syn_or_reset_in_fragments_is_refused, 0, 2);
    tcase_add_loop_test(both, E30_offloads_and_fragments_exclude_one_another, 0, 2);
    tcase_add_test(once, E28_later_fragment_of_unknown_headers_must_not_begin_among_them);
    tcase_add_loop_test(both, E27_fragments_of_other_protocols_are_not_judged, 0, 2);
    tcase_add_test(once, E27_nothing_that_passes_can_overwrite_a_header);
    suite_add_tcase(suite, both);
    suite_add_tcase(suite, once);
    return check_run(suite);
}
