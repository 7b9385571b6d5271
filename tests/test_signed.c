/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections that are signed by TCP-MD5 (RFC 2385) or TCP-AO (RFC 5925) where all others are split
 * (E24): a signature covers the numbers that a split changes, so that not a byte of them may be
 * touched, by one member or by two of which each sees one direction. */
#include "carried.h"
#include "check_main.h"
#include "engine_support.h"

enum { SYN = MPCI_TCP_SYN, ACK = MPCI_TCP_ACK, PSH = MPCI_TCP_PSH, FIN = MPCI_TCP_FIN };
enum { X = 0x11111111, Z = 0xfffffff0 }; /* initial numbers */

/* What both ends put on every segment: the digest is for them to check. On a SYN other options
 * come before it. */
typedef struct scheme {
    uint8_t kind, len;
} scheme;

static const scheme schemes[] = {{19, 18}, {29, 16}, {29, 20}};
enum { N_SCHEMES = sizeof schemes / sizeof schemes[0] };

static const uint8_t on_syns[] = {2, 4, 5, 180, 1, 3, 3, 7, 4, 2, 1, 1};

static size_t put_options(uint8_t *out, const scheme *s, unsigned flags)
{
    size_t n = 0;

    if ((flags & SYN) != 0) {
        memcpy(out, on_syns, sizeof on_syns);
        n = sizeof on_syns;
    }
    out[n] = s->kind;
    out[n + 1] = s->len;
    for (unsigned i = 2; i < s->len; i++)
        out[n + i] = (uint8_t)(0xa5 ^ (i * 29));
    for (n += s->len; n % 4 != 0; n++)
        out[n] = 1;
    return n;
}

static void swap(uint8_t *a, uint8_t *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t kept = a[i];

        a[i] = b[i];
        b[i] = kept;
    }
}

/* Numbers count from the initial ones. */
static raw segment(const scheme *s, unsigned family, unsigned from, unsigned flags, uint32_t seq,
                   uint32_t ack, size_t payload)
{
    uint8_t options[40];
    size_t addresses = family == MPCONN_FAMILY_IPV4 ? 4 : 16;
    raw r;

    raw_tcp(&r, family, flags, options, put_options(options, s, flags), payload);
    if (from == SERVER) {
        uint8_t *src = r.bytes + r.l4 - 2 * addresses;

        swap(src, src + addresses, addresses);
        swap(r.bytes + r.l4, r.bytes + r.l4 + 2, 2);
    }
    poke32(r.bytes + r.l4 + 4, (from == CLIENT ? X : Z) + seq);
    poke32(r.bytes + r.l4 + 8, (flags & ACK) != 0 ? (from == CLIENT ? Z : X) + ack : 0);
    raw_seal(&r);
    return r;
}

/* What passes bears the bytes that came, be it held until the other member has said what it is. */
static void passes(bed *at, const raw *r, unsigned from)
{
    bed_raw(at, from, r);
    if (at->pkt.verdict == MPCONN_VERDICT_HOLD) {
        sync_carry(&net);
        ck_assert_uint_eq(at->release_reason, MPCONN_REASON_RELEASED);
        bed_in_again(at, &at->pkt);
    }
    ck_assert_int_eq(at->pkt.verdict, MPCONN_VERDICT_FORWARD);
    ck_assert_uint_eq(at->pkt.len, r->len);
    ck_assert_mem_eq(at->pkt.data, r->bytes, r->len);
    ck_assert_uint_eq(at->n_out, 0);
}

/* From the SYN to the last ACK, with a RST that is late. */
static void whole_connection(bed *const at[2], const scheme *s, unsigned family)
{
    static const struct {
        uint8_t from;
        uint16_t flags;
        uint32_t seq, ack;
        size_t payload;
    } lines[] = {
        {CLIENT, SYN, 0, 0, 0},
        {SERVER, SYN | ACK, 0, 1, 0},
        {CLIENT, ACK, 1, 1, 0},
        {CLIENT, PSH | ACK, 1, 1, 400},
        {SERVER, PSH | ACK, 1, 401, 500},
        {CLIENT, FIN | ACK, 401, 501, 0},
        {SERVER, FIN | ACK, 501, 402, 0},
        {CLIENT, ACK, 402, 502, 0},
        {SERVER, MPCI_TCP_RST | ACK, 502, 402, 0},
    };

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        raw r = segment(s, family, lines[i].from, lines[i].flags, lines[i].seq, lines[i].ack,
                        lines[i].payload);

        passes(at[lines[i].from], &r, lines[i].from);
        sync_carry(&net);
    }
}

START_TEST(E24_signed_connection_passes_one_member_byte_by_byte)
{
    bed *const at[2] = {m[A], m[A]};

    sync_start(&net);
    whole_connection(at, &schemes[_i % N_SCHEMES], _i / N_SCHEMES ? 6 : 4);
    ck_assert_uint_eq(bed_count(m[A], MPCONN_REASON_SYN_TRACKED), 1);
    ck_assert_uint_eq(bed_count(m[A], MPCONN_REASON_TRANSLATED), 0);
}
END_TEST

START_TEST(E24_signed_connection_passes_two_members_byte_by_byte)
{
    bed *const at[2] = {m[A], m[B]};

    sync_start(&net);
    whole_connection(at, &schemes[_i % N_SCHEMES], _i / N_SCHEMES ? 6 : 4);
    ck_assert_uint_eq(bed_count(m[A], MPCONN_REASON_TRANSLATED), 0);
    ck_assert_uint_eq(bed_count(m[B], MPCONN_REASON_TRANSLATED), 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("signed");
    TCase *tc = tcase_create("signed");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, E24_signed_connection_passes_one_member_byte_by_byte, 0,
                        2 * N_SCHEMES);
    tcase_add_loop_test(tc, E24_signed_connection_passes_two_members_byte_by_byte, 0,
                        2 * N_SCHEMES);
    suite_add_tcase(s, tc);
    return check_run(s);
}
