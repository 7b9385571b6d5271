/* SPDX-License-Identifier: BSD-2-Clause */
#include "conn/translate.h"

#include "base/byteorder.h"
#include "packet/checksum.h"
#include "packet/ip_build.h"

enum {
    TCP_SEQ_AT = 4,
    TCP_ACK_AT = 8,
    TCP_FLAGS_AT = 12,
    TCP_WINDOW_AT = 14,
    TCP_CHECKSUM_AT = 16,
    TS_OPTION_LEN = 10
};

#define EIGHT_NOPS 1, 1, 1, 1, 1, 1, 1, 1

/* Enough for the longest option that is ever blanked, SACK with four blocks. */
static const uint8_t nops[40] = {EIGHT_NOPS, EIGHT_NOPS, EIGHT_NOPS, EIGHT_NOPS, EIGHT_NOPS};

uint16_t mpci_translate_window(uint16_t window, unsigned shift_in, unsigned shift_out)
{
    uint32_t scaled = ((uint32_t)window << (shift_in & 15)) >> (shift_out & 15);

    if (scaled > UINT16_MAX)
        return UINT16_MAX;
    /* A window that is open stays open: nobody would announce the byte that rounding took away,
     * and the sender would go into persist for nothing (RFC 7323 2.4). */
    return scaled == 0 && window != 0 ? 1 : (uint16_t)scaled;
}

/* Blanking is rare; a sum of its own leaves that of the caller in a register. */
static uint64_t blank_option(const mpci_view *v, size_t offset, size_t len)
{
    mpci_csum_change change = {0};

    mpci_csum_set_bytes(&change, v->l4, offset, nops, len);
    return change.sum;
}

static inline void carry_numbers(mpci_csum_change *change, const mpci_view *v,
                                 const mpconn_delta *delta, unsigned from)
{
    uint32_t own = mpci_translate_offset(delta->seq, from, from);
    uint32_t other = mpci_translate_offset(delta->seq, from, from ^ 1);

    if (own != 0)
        mpci_csum_set32(change, v->l4, TCP_SEQ_AT, v->seq + own);
    /* RFC 9293 3.1: without the flag the field means nothing; a bare RST has only its SEQ. */
    if (other != 0 && (v->flags & MPCI_TCP_ACK) != 0)
        mpci_csum_set32(change, v->l4, TCP_ACK_AT, v->ack + other);
}

/* RFC 2018 3, RFC 2883 4: all edges, those of a D-SACK too, are numbers of the stream that the
 * segment acknowledges. */
static inline void carry_sack(mpci_csum_change *change, const mpci_view *v,
                              const mpconn_delta *delta, unsigned from, unsigned flags)
{
    unsigned strip = from == MPCONN_SIDE_CLIENT ? MPCONN_DELTA_F_STRIP_SACK_TO_SERVER
                                                : MPCONN_DELTA_F_STRIP_SACK_TO_CLIENT;
    uint32_t offset = mpci_translate_offset(delta->seq, from, from ^ 1);
    size_t edge = v->sack_offset + 2u;
    size_t end = edge + 8u * v->sack_blocks;

    if ((flags & strip) != 0) {
        change->sum += blank_option(v, v->sack_offset, end - v->sack_offset);
        return;
    }
    if (offset == 0 || (delta->known & MPCONN_DELTA_K_SEQ) == 0)
        return;
    for (; edge < end; edge += 4)
        mpci_csum_set32(change, v->l4, edge, mpci_load32(v->l4 + edge) + offset);
}

static inline void carry_timestamps(mpci_csum_change *change, const mpci_view *v,
                                    const mpconn_delta *delta, unsigned from, unsigned flags)
{
    unsigned strip = from == MPCONN_SIDE_CLIENT ? MPCONN_DELTA_F_STRIP_TS_TO_SERVER
                                                : MPCONN_DELTA_F_STRIP_TS_TO_CLIENT;
    uint32_t own = mpci_translate_offset(delta->ts, from, from);
    uint32_t other = mpci_translate_offset(delta->ts, from, from ^ 1);

    if ((flags & strip) != 0) {
        change->sum += blank_option(v, v->ts_offset, TS_OPTION_LEN);
        return;
    }
    if ((delta->known & MPCONN_DELTA_K_TS) == 0)
        return;
    if (own != 0)
        mpci_csum_set32(change, v->l4, v->ts_offset + 2u, v->tsval + own);
    /* RFC 7323 3.2: TSecr is valid with ACK alone, and zero is then a reading like any other. */
    if (other != 0 && (v->flags & MPCI_TCP_ACK) != 0)
        mpci_csum_set32(change, v->l4, v->ts_offset + 6u, v->tsecr + other);
}

static inline void carry_window(mpci_csum_change *change, const mpci_view *v,
                                const mpconn_delta *delta, unsigned from)
{
    unsigned in = delta->wscale_in[from], out = delta->wscale_out[from];

    /* RFC 7323 2.2: the window of a SYN is never scaled. */
    if (in != out && (v->flags & MPCI_TCP_SYN) == 0)
        mpci_csum_set16(change, v->l4, TCP_WINDOW_AT, mpci_translate_window(v->window, in, out));
}

/* The other leg has no ECN. Segments must not say that they can be marked, or a queue would mark
 * them instead of dropping them, and nobody would hear of it (RFC 3168 6.1.1). A SYN is the
 * endpoints'. Fragments have to agree in it, or they are not put together (RFC 3168 5.3). */
static uint64_t hide_ecn(const mpci_view *v)
{
    mpci_csum_change change = {0};
    uint16_t flags = mpci_load16(v->l4 + TCP_FLAGS_AT);

    if ((v->flags & MPCI_TCP_SYN) == 0) {
        mpci_csum_set16(&change, v->l4, TCP_FLAGS_AT,
                        (uint16_t)(flags & ~(MPCI_TCP_ECE | MPCI_TCP_CWR | MPCI_TCP_AE)));
        if (!v->first_fragment)
            mpci_ecn_clear(v->ip);
    }
    return change.sum;
}

/* Addresses count in the pseudo-header and in an IPv4 header; ports, which are returned apart, only
 * in the TCP header. */
static uint64_t carry_tuple(uint64_t *pseudo_sum, const mpci_view *v, const mpconn_tuple *to,
                            unsigned from)
{
    const uint8_t *client = to->client.bytes, *server = to->server.bytes;
    int to_server = from == MPCONN_SIDE_CLIENT;
    mpci_csum_change ports = {0};

    *pseudo_sum = mpci_ip_set_addresses(v->family, v->ip, to_server ? client : server,
                                        to_server ? server : client);
    mpci_csum_set16(&ports, v->l4, to_server ? 0 : 2, to->client_port);
    mpci_csum_set16(&ports, v->l4, to_server ? 2 : 0, to->server_port);
    return ports.sum;
}

void mpci_translate(const mpci_view *v, const mpconn_delta *delta, unsigned from,
                    const mpconn_pkt *pkt)
{
    unsigned known = delta->known;
    unsigned flags = known & MPCONN_DELTA_K_OPTIONS ? delta->flags : 0;
    mpci_csum_change change = {0};
    uint64_t pseudo = 0;

    if ((known & MPCONN_DELTA_K_SEQ) != 0)
        carry_numbers(&change, v, delta, from);
    if (v->ts_offset != 0)
        carry_timestamps(&change, v, delta, from, flags);
    if ((known & MPCONN_DELTA_K_OPTIONS) != 0)
        carry_window(&change, v, delta, from);
    if (v->sack_offset != 0)
        carry_sack(&change, v, delta, from, flags);
    if ((flags & MPCONN_DELTA_F_STRIP_ECN_TO_SERVER) != 0 && from == MPCONN_SIDE_CLIENT)
        change.sum += hide_ecn(v);
    if ((known & MPCONN_DELTA_K_TUPLE) != 0 && (delta->flags & MPCONN_DELTA_F_TUPLE) != 0 &&
        delta->tuple[from ^ 1].family == v->family)
        change.sum += carry_tuple(&pseudo, v, &delta->tuple[from ^ 1], from);

    if ((pkt->flags & MPCONN_PKT_F_CSUM_PARTIAL) != 0) {
        change.sum = pseudo;
        mpci_csum_apply_partial(&change, v->l4 + TCP_CHECKSUM_AT);
    } else {
        change.sum += pseudo;
        mpci_csum_apply(&change, v->l4 + TCP_CHECKSUM_AT);
    }
}
