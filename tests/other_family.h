/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of a packet in the other IP version, written byte by byte from RFC 7915 4.1 and 5.1,
 * sums anew. It shares nothing with the library. */
#ifndef MPCONN_TESTS_OTHER_FAMILY_H
#define MPCONN_TESTS_OTHER_FAMILY_H

#include "packets.h"

/* The other header before the `len` bytes at `payload`. Without DF it needs an identification: a
 * function of the payload's first 8 bytes, so that all members use the same one. */
static inline raw other_header(const uint8_t *ip, const mpconn_addr *src, const mpconn_addr *dst,
                               unsigned proto, const uint8_t *payload, uint32_t len)
{
    int to_v4 = ip[0] >> 4 == 6;
    unsigned traffic_class = to_v4 ? (peek16(ip) >> 4) & 0xff : ip[1];
    raw r;

    memset(&r, 0, sizeof r);
    r.l4 = r.len = to_v4 ? 20 : 40;
    if (to_v4) {
        poke16(r.bytes, 0x4500 | traffic_class);
        if (20 + len > 1260)
            poke16(r.bytes + 6, 0x4000);
        else
            poke16(r.bytes + 4, slow_sum(0, payload, 8));
        r.bytes[8] = ip[7];
        r.bytes[9] = (uint8_t)proto;
        memcpy(r.bytes + 12, src->bytes, 4);
        memcpy(r.bytes + 16, dst->bytes, 4);
    } else {
        poke32(r.bytes, UINT32_C(6) << 28 | (uint32_t)traffic_class << 20);
        r.bytes[6] = (uint8_t)proto;
        r.bytes[7] = ip[8];
        memcpy(r.bytes + 8, src->bytes, 16);
        memcpy(r.bytes + 24, dst->bytes, 16);
    }
    raw_add(&r, payload, len);
    if (to_v4)
        poke16(r.bytes + 10, ~slow_sum(0, r.bytes, 20) & 0xffff);
    return r;
}

static inline raw other_tcp(const raw *in, const mpconn_tuple *to, unsigned from)
{
    int to_server = from == MPCONN_SIDE_CLIENT;
    raw r = other_header(in->bytes, to_server ? &to->client : &to->server,
                         to_server ? &to->server : &to->client, 6, in->bytes + in->l4,
                         in->len - in->l4);

    poke16(r.bytes + r.l4, to_server ? to->client_port : to->server_port);
    poke16(r.bytes + r.l4 + 2, to_server ? to->server_port : to->client_port);
    raw_seal(&r);
    return r;
}

/* A header with more in it than the addresses: `extra` is IPv4 options, or the extension headers
 * that begin with `first`. The sum of TCP knows nothing of them. */
static inline void raw_insert_headers(raw *r, const uint8_t *extra, uint32_t len, uint8_t first)
{
    memmove(r->bytes + r->l4 + len, r->bytes + r->l4, r->len - r->l4);
    memcpy(r->bytes + r->l4, extra, len);
    if (r->bytes[0] >> 4 == 4)
        r->bytes[0] = (uint8_t)(r->bytes[0] + len / 4);
    else
        r->bytes[6] = first;
    r->l4 += len;
    r->len += len;
    if (r->bytes[0] >> 4 == 4) {
        poke16(r->bytes + 2, r->len);
        poke16(r->bytes + 10, 0);
        poke16(r->bytes + 10, ~slow_sum(0, r->bytes, r->l4) & 0xffff);
    } else {
        poke16(r->bytes + 4, r->len - 40);
    }
}

#endif
