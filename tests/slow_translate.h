/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a translation should have done, the slow and plain way: options are
 * walked byte by byte, every field is rewritten where the delta says so, and
 * the checksums are summed anew over the whole packet. It shares nothing with
 * the library but the delta.
 */
#ifndef MPCONN_TESTS_SLOW_TRANSLATE_H
#define MPCONN_TESTS_SLOW_TRANSLATE_H

#include "packets.h"

/* Add an offset to the number at p: toward the server as it is, back again negated. */
static inline void slow_move(uint8_t *p, uint32_t offset, unsigned from)
{
    poke32(p, from == MPCONN_SIDE_CLIENT ? peek32(p) + offset : peek32(p) - offset);
}

static inline void slow_option(uint8_t *o, const mpconn_delta *d, unsigned from, int has_ack)
{
    unsigned other = from == MPCONN_SIDE_CLIENT ? MPCONN_SIDE_SERVER : MPCONN_SIDE_CLIENT;
    unsigned flags = d->known & MPCONN_DELTA_K_OPTIONS ? d->flags : 0;
    unsigned len = o[1];

    if (o[0] == 8 && len == 10) {
        if (flags & (from == MPCONN_SIDE_CLIENT ? MPCONN_DELTA_F_STRIP_TS_TO_SERVER
                                                : MPCONN_DELTA_F_STRIP_TS_TO_CLIENT)) {
            memset(o, 1, len);
        } else if (d->known & MPCONN_DELTA_K_TS) {
            slow_move(o + 2, d->ts[from], from);
            if (has_ack)
                slow_move(o + 6, d->ts[other], from);
        }
    } else if (o[0] == 5 && (len == 10 || len == 18 || len == 26 || len == 34)) {
        if (flags & (from == MPCONN_SIDE_CLIENT ? MPCONN_DELTA_F_STRIP_SACK_TO_SERVER
                                                : MPCONN_DELTA_F_STRIP_SACK_TO_CLIENT))
            memset(o, 1, len);
        else if (d->known & MPCONN_DELTA_K_SEQ)
            for (unsigned at = 2; at < len; at += 4)
                slow_move(o + at, d->seq[other], from);
    }
}

static inline void slow_options(uint8_t *tcp, const mpconn_delta *d, unsigned from)
{
    unsigned end = (tcp[12] >> 4) * 4u, at = 20;

    while (at < end && tcp[at] != 0) {
        unsigned len = tcp[at] == 1 ? 1 : at + 1 < end ? tcp[at + 1] : 0;

        if (len == 0 || (tcp[at] != 1 && len < 2) || at + len > end)
            return;
        if (tcp[at] != 1)
            slow_option(tcp + at, d, from, (tcp[13] & 0x10) != 0);
        at += len;
    }
}

static inline void slow_window(uint8_t *tcp, const mpconn_delta *d, unsigned from)
{
    uint64_t window = (uint64_t)tcp[14] << 8 | tcp[15], out;

    if ((tcp[13] & 0x02) != 0 || (d->known & MPCONN_DELTA_K_OPTIONS) == 0)
        return;
    out = window;
    for (unsigned i = 0; i < d->wscale_in[from]; i++)
        out *= 2;
    for (unsigned i = 0; i < d->wscale_out[from]; i++)
        out /= 2;
    if (out > 65535)
        out = 65535;
    if (out == 0 && window > 0)
        out = 1;
    poke16(tcp + 14, (unsigned)out);
}

/* RFC 3168 5: the low two bits of the traffic class. */
static inline void slow_ecn(raw *r, const mpconn_delta *d, unsigned from)
{
    uint8_t *tcp = r->bytes + r->l4;

    if (from != MPCONN_SIDE_CLIENT || (tcp[13] & 0x02) != 0 ||
        (d->known & MPCONN_DELTA_K_OPTIONS) == 0 ||
        (d->flags & MPCONN_DELTA_F_STRIP_ECN_TO_SERVER) == 0)
        return;
    tcp[12] &= 0xfe;
    tcp[13] &= 0x3f;
    r->bytes[1] &= r->bytes[0] >> 4 == 4 ? 0xfc : 0xcf;
}

static inline void slow_tuple(raw *r, const mpconn_delta *d, unsigned from)
{
    const mpconn_tuple *t = from == MPCONN_SIDE_CLIENT ? &d->tuple[MPCONN_SIDE_SERVER]
                                                       : &d->tuple[MPCONN_SIDE_CLIENT];
    const mpconn_addr *src = from == MPCONN_SIDE_CLIENT ? &t->client : &t->server;
    const mpconn_addr *dst = from == MPCONN_SIDE_CLIENT ? &t->server : &t->client;
    uint8_t *tcp = r->bytes + r->l4;

    if ((d->known & MPCONN_DELTA_K_TUPLE) == 0 || (d->flags & MPCONN_DELTA_F_TUPLE) == 0)
        return;
    if (r->bytes[0] >> 4 == 4) {
        memcpy(r->bytes + 12, src->bytes, 4);
        memcpy(r->bytes + 16, dst->bytes, 4);
    } else {
        memcpy(r->bytes + 8, src->bytes, 16);
        memcpy(r->bytes + 24, dst->bytes, 16);
    }
    poke16(tcp, from == MPCONN_SIDE_CLIENT ? t->client_port : t->server_port);
    poke16(tcp + 2, from == MPCONN_SIDE_CLIENT ? t->server_port : t->client_port);
}

/* The field of a packet whose checksum the hardware will complete. */
static inline void slow_seal_partial(raw *r)
{
    uint8_t copy[20] = {0}, *tcp = r->bytes + r->l4;
    uint32_t n = r->len - r->l4, sum;

    raw_seal(r);
    sum = r->bytes[0] >> 4 == 4 ? slow_sum(0, r->bytes + 12, 8) : slow_sum(0, r->bytes + 8, 32);
    poke32(copy, n);
    copy[7] = 6;
    poke16(tcp + 16, slow_sum(sum, copy, 8));
}

static inline void slow_translate(raw *r, const mpconn_delta *d, unsigned from, int is_partial)
{
    uint8_t *tcp = r->bytes + r->l4;
    unsigned other = from == MPCONN_SIDE_CLIENT ? MPCONN_SIDE_SERVER : MPCONN_SIDE_CLIENT;

    if (d->known & MPCONN_DELTA_K_SEQ) {
        slow_move(tcp + 4, d->seq[from], from);
        if (tcp[13] & 0x10)
            slow_move(tcp + 8, d->seq[other], from);
    }
    slow_options(tcp, d, from);
    slow_window(tcp, d, from);
    slow_ecn(r, d, from);
    slow_tuple(r, d, from);
    if (is_partial)
        slow_seal_partial(r);
    else
        raw_seal(r);
}

#endif
