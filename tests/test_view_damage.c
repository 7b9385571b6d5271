/* SPDX-License-Identifier: BSD-2-Clause */
/* The view of packets that were cut or bent. Every copy ends where its memory ends, so that a
 * sanitizer sees a look past it; what the view claims must hold of the bytes it was given. */
#include "check_main.h"
#include "packets.h"
#include "seed.h"

#include "packet/view.h"

static seed_rng rng;

enum { N_SAMPLES = 12 };

static void icmp_sample(raw *r, unsigned family, const raw *quoted)
{
    raw_ip(r, family, family == MPCONN_FAMILY_IPV4 ? 1 : 58);
    raw_add(r, family == MPCONN_FAMILY_IPV4 ? "\3\4\0\0\0\0\5\170" : "\2\0\0\0\0\0\5\170", 8);
    raw_add(r, quoted->bytes, quoted->len);
    raw_seal(r);
}

/* Between an IPv6 header and its segment: hop-by-hop, destination options, an atomic fragment. */
static void extended_sample(raw *r, const raw *segment, unsigned fragment_field)
{
    uint8_t chain[24] = {60, 0, 1, 4, 0, 0, 0, 0, 44, 0, 1, 4, 0, 0, 0, 0, 6, 0, 0, 0, 1, 2, 3, 4};

    poke16(chain + 18, fragment_field);
    raw_ip(r, MPCONN_FAMILY_IPV6, 0);
    raw_add(r, chain, sizeof chain);
    raw_add(r, segment->bytes + 40, segment->len - 40);
    r->l4 = 64;
}

/* The sample that is one. */
enum { FIRST_FRAGMENT = 10 };

static void sample(raw *r, int n)
{
    static const uint8_t syn[] = {2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7};
    static const uint8_t data[] = {1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8};
    static const uint8_t sack[] = {1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1, 5, 26, 1, 1, 1, 1,
                                   2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 6, 6, 6, 6};
    unsigned family = n & 1 ? MPCONN_FAMILY_IPV6 : MPCONN_FAMILY_IPV4;
    raw inner;

    raw_tcp(&inner, family, MPCI_TCP_ACK, sack, sizeof sack, 10);
    switch (n / 2) {
    case 0:
        raw_tcp(r, family, MPCI_TCP_SYN, syn, sizeof syn, 0);
        break;
    case 1:
        raw_tcp(r, family, MPCI_TCP_ACK | MPCI_TCP_PSH, data, sizeof data, 33);
        break;
    case 2:
        *r = inner;
        break;
    case 3:
        raw_tcp(r, family, MPCI_TCP_SYN | MPCI_TCP_ACK, NULL, 0, 0);
        break;
    case 4:
        icmp_sample(r, family, &inner);
        break;
    default:
        if (n == FIRST_FRAGMENT)
            raw_tcp(&inner, MPCONN_FAMILY_IPV6, MPCI_TCP_ACK, data, sizeof data, 8);
        else
            raw_tcp(&inner, MPCONN_FAMILY_IPV6, MPCI_TCP_SYN, syn, sizeof syn, 5);
        extended_sample(r, &inner, n == FIRST_FRAGMENT);
    }
}

static void check_options(const mpci_view *v)
{
    mpci_syn_options o;

    if (v->ts_offset != 0) {
        HOLDS(v->ts_offset >= 20);
        HOLDS(v->ts_offset + 10u <= v->tcp_hlen);
        HOLDS(v->l4[v->ts_offset] == 8);
        HOLDS(v->l4[v->ts_offset + 1] == 10);
    }
    HOLDS((v->sack_offset != 0) == (v->sack_blocks != 0));
    if (v->sack_offset != 0) {
        HOLDS(v->sack_offset >= 20);
        HOLDS(v->sack_blocks <= 4);
        HOLDS(v->sack_offset + 2u + 8u * v->sack_blocks <= v->tcp_hlen);
        HOLDS(v->l4[v->sack_offset] == 5);
    }
    if (v->flags & MPCI_TCP_SYN)
        HOLDS(mpci_syn_options_parse(&o, v) == 0);
}

static void check_claims(const mpci_view *v, const mpconn_pkt *pkt)
{
    if (v->kind == MPCI_KIND_BAD) {
        HOLDS(mpconn_reason_name(v->reason) != NULL);
        HOLDS(v->reason >= 32);
        HOLDS(v->reason < 64);
        return;
    }
    HOLDS(v->reason == 0);
    HOLDS(v->ip == pkt->data);
    HOLDS(v->l4 == pkt->data + v->l4_offset);
    HOLDS(v->l4_offset >= (v->family == MPCONN_FAMILY_IPV4 ? 20 : 40));
    HOLDS(v->l4_offset <= v->total_len);
    HOLDS(v->total_len <= pkt->len);
    (void)mpci_view_verify(v, pkt);
    if (v->kind != MPCI_KIND_TCP)
        return;
    HOLDS(v->tcp_hlen >= 20);
    HOLDS(v->tcp_hlen <= 60);
    HOLDS(v->l4_offset + v->tcp_hlen + v->payload_len == v->total_len);
    HOLDS(v->sport != 0 && v->dport != 0);
    check_options(v);
}

static mpci_view view_copy(const uint8_t *bytes, uint32_t len)
{
    uint8_t *exact = malloc(len > 0 ? len : 1);
    mpconn_pkt pkt = {.data = exact, .len = len, .cap = len};
    mpci_view v;

    memcpy(exact, bytes, len);
    memset(&v, 0xff, sizeof v);
    mpci_view_parse(&v, &pkt);
    check_claims(&v, &pkt);
    free(exact);
    return v;
}

START_TEST(sample_itself_is_readable)
{
    raw r;
    mpci_view v;

    sample(&r, _i);
    v = view_copy(r.bytes, r.len);
    ck_assert_int_eq(v.kind, _i == 8 || _i == 9 ? MPCI_KIND_ICMP_ERROR : MPCI_KIND_TCP);
    ck_assert_int_eq(v.first_fragment, _i == FIRST_FRAGMENT);
}
END_TEST

START_TEST(E01_packet_cut_anywhere_is_bad)
{
    raw r;

    sample(&r, _i);
    for (uint32_t len = 0; len < r.len; len++) {
        mpci_view v = view_copy(r.bytes, len);

        ck_assert_int_eq(v.kind, MPCI_KIND_BAD);
        if (_i != FIRST_FRAGMENT || v.reason != MPCONN_REASON_FRAGMENT_TINY)
            ck_assert_uint_eq(v.reason, MPCONN_REASON_TRUNCATED);
    }
}
END_TEST

/* The same, but the sender cut it and the IP header knows: short payloads are fine, short headers
 * are not. */
START_TEST(E01_packet_sent_short_is_bad_up_to_its_headers)
{
    raw r;
    unsigned header;

    sample(&r, _i);
    header = r.l4 + (_i == 8 || _i == 9 ? 8u : (r.bytes[r.l4 + 12] >> 4) * 4u);
    for (uint32_t len = r.bytes[0] >> 4 == 4 ? 20 : 40; len <= r.len; len++) {
        mpci_view v;

        if (r.bytes[0] >> 4 == 4)
            poke16(r.bytes + 2, len);
        else
            poke16(r.bytes + 4, len - 40);
        v = view_copy(r.bytes, len);
        ck_assert_int_eq(v.kind == MPCI_KIND_BAD,
                         len < header || (_i == FIRST_FRAGMENT && (len - r.l4) % 8 != 0));
    }
}
END_TEST

static void bend(uint8_t *byte)
{
    if (seed_below(&rng, 2))
        *byte = seed_u8(&rng);
    else
        *byte ^= (uint8_t)(1u << seed_below(&rng, 8));
}

START_TEST(view_of_any_bent_packet_claims_only_what_is_there)
{
    unsigned still_tcp = 0;

    for (int round = 0; round < 20000; round++) {
        uint32_t len;
        raw r;

        sample(&r, _i);
        for (unsigned n = 1 + seed_below(&rng, 4); n > 0; n--) {
            uint32_t at = seed_below(&rng, seed_below(&rng, 2) ? r.l4 + 40 : r.len);

            if (at < r.len)
                bend(&r.bytes[at]);
        }
        len = seed_below(&rng, 4) ? r.len : seed_below(&rng, r.len + 1);
        still_tcp += view_copy(r.bytes, len).kind == MPCI_KIND_TCP;
    }
    if (_i < 8)
        ck_assert_uint_gt(still_tcp, 500); /* the bending leaves something to look at */
}
END_TEST

START_TEST(view_of_noise_claims_only_what_is_there)
{
    for (int round = 0; round < 30000; round++) {
        uint8_t noise[120];
        uint32_t len = seed_below(&rng, sizeof noise + 1);

        seed_fill(&rng, noise, sizeof noise);
        noise[0] = seed_below(&rng, 2) ? 0x45 : 0x60;
        if (seed_below(&rng, 2)) /* lengths that fit, so that the rest gets its turn */
            poke16(noise + (noise[0] == 0x45 ? 2 : 4), noise[0] == 0x45 ? len : len - 40);
        noise[6] = noise[0] == 0x45 ? 0 : (uint8_t)"\0\6\53\54\74\72"[seed_below(&rng, 6)];
        if (noise[0] == 0x45)
            noise[9] = 6;
        view_copy(noise, len);
    }
}
END_TEST

/* With extras at random the view may refuse, but must not look further than `len`. */
START_TEST(view_with_any_extras_reads_only_what_is_there)
{
    for (int round = 0; round < 20000; round++) {
        mpconn_pkt_ext ext = {.struct_size = sizeof ext};
        uint32_t len;
        uint8_t *exact;
        mpconn_pkt pkt;
        mpci_view v;
        raw r;

        sample(&r, _i);
        len = seed_below(&rng, r.len + 1);
        ext.total_len = seed_below(&rng, 3) ? r.len : seed_u32(&rng) >> seed_below(&rng, 32);
        ext.gso_size = (uint16_t)(seed_below(&rng, 2) ? 0 : seed_u32(&rng));
        if (seed_below(&rng, 4) == 0)
            poke16(r.bytes + (r.bytes[0] >> 4 == 4 ? 2 : 4), 0);
        exact = malloc(len > 0 ? len : 1);
        memcpy(exact, r.bytes, len);
        pkt = (mpconn_pkt){.data = exact, .ext = &ext, .len = len, .cap = len};
        pkt.flags = seed_below(&rng, 4) ? MPCONN_PKT_F_HEAD_ONLY : 0;
        mpci_view_parse(&v, &pkt);
        if (v.kind == MPCI_KIND_TCP) {
            HOLDS(v.l4_offset + (uint32_t)v.tcp_hlen <= len);
            HOLDS(v.l4_offset + v.tcp_hlen + v.payload_len == v.total_len);
            check_options(&v);
        }
        if (v.kind != MPCI_KIND_BAD)
            (void)mpci_view_verify(&v, &pkt);
        free(exact);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("view_damage");
    TCase *tc = tcase_create("samples"), *once = tcase_create("noise");

    rng = seed_start();
    tcase_add_loop_test(tc, sample_itself_is_readable, 0, N_SAMPLES);
    tcase_add_loop_test(tc, E01_packet_cut_anywhere_is_bad, 0, N_SAMPLES);
    tcase_add_loop_test(tc, E01_packet_sent_short_is_bad_up_to_its_headers, 0, N_SAMPLES);
    tcase_add_loop_test(tc, view_of_any_bent_packet_claims_only_what_is_there, 0, N_SAMPLES);
    tcase_add_loop_test(tc, view_with_any_extras_reads_only_what_is_there, 0, N_SAMPLES);
    tcase_add_test(once, view_of_noise_claims_only_what_is_there);
    suite_add_tcase(suite, tc);
    suite_add_tcase(suite, once);
    return check_run(suite);
}
