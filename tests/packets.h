/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets for tests of the packet layer: written byte by byte here, so that builder and parser are
 * measured against something that is neither. */
#ifndef MPCONN_TESTS_PACKETS_H
#define MPCONN_TESTS_PACKETS_H

#include <mpconn/delta.h>
#include <mpconn/packet.h>
#include <stdlib.h>
#include <string.h>

enum { RAW_MAX = 2048 };

typedef struct raw {
    uint8_t bytes[RAW_MAX];
    uint32_t len;
    uint32_t l4; /* offset of the transport header */
} raw;

static inline void poke16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static inline void poke32(uint8_t *p, uint32_t v)
{
    poke16(p, v >> 16);
    poke16(p + 2, v & 0xffff);
}

static inline uint32_t peek16(const uint8_t *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}

static inline uint32_t peek32(const uint8_t *p)
{
    return peek16(p) << 16 | peek16(p + 2);
}

/* The textbook sum, byte pair by byte pair (RFC 1071 4.1). */
static inline uint32_t slow_sum(uint32_t sum, const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        sum += (uint32_t)p[i] << (i & 1 ? 0 : 8);
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

/* Bring all checksums of a TCP or ICMP packet up to date. */
static inline void raw_seal(raw *r)
{
    uint8_t *ip = r->bytes, *l4 = ip + r->l4;
    uint32_t n = r->len - r->l4, sum = 0;
    int is_v4 = ip[0] >> 4 == 4;
    unsigned proto = is_v4 ? ip[9] : ip[6];
    uint8_t *field;

    if (is_v4) {
        poke16(ip + 10, 0);
        poke16(ip + 10, ~slow_sum(0, ip, r->l4) & 0xffff);
    }
    if (proto != 1) {
        uint8_t tail[8] = {0};

        sum = is_v4 ? slow_sum(0, ip + 12, 8) : slow_sum(0, ip + 8, 32);
        poke32(tail, n);
        tail[7] = (uint8_t)proto;
        sum = slow_sum(sum, tail, 8);
    }
    field = l4 + (proto == 6 ? 16 : 2);
    poke16(field, 0);
    poke16(field, ~slow_sum(sum, l4, n) & 0xffff);
}

static inline void raw_ip(raw *r, unsigned family, unsigned proto)
{
    static const uint8_t v6[2][16] = {{0x20, 1, 0xd, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x11},
                                      {0x20, 1, 0xd, 0xb8, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x22}};

    memset(r, 0, sizeof *r);
    r->l4 = r->len = family == MPCONN_FAMILY_IPV4 ? 20 : 40;
    if (family == MPCONN_FAMILY_IPV4) {
        r->bytes[0] = 0x45;
        poke16(r->bytes + 2, 20);
        poke16(r->bytes + 6, 0x4000);
        r->bytes[8] = 64;
        r->bytes[9] = (uint8_t)proto;
        poke32(r->bytes + 12, 0xc0000201); /* 192.0.2.1 */
        poke32(r->bytes + 16, 0xc6336402); /* 198.51.100.2 */
    } else {
        r->bytes[0] = 0x60;
        r->bytes[6] = (uint8_t)proto;
        r->bytes[7] = 64;
        memcpy(r->bytes + 8, v6, 32);
    }
}

/* Append to the packet and keep the length field of its IP header. */
static inline void raw_add(raw *r, const void *bytes, size_t n)
{
    memcpy(r->bytes + r->len, bytes, n);
    r->len += (uint32_t)n;
    if (r->bytes[0] >> 4 == 4)
        poke16(r->bytes + 2, r->len);
    else
        poke16(r->bytes + 4, r->len - 40);
}

/* A segment from 192.0.2.1:40000 to 198.51.100.2:443 (or their IPv6 like) with an option list,
 * whose length is a multiple of 4, and payload. */
static inline void raw_tcp(raw *r, unsigned family, unsigned flags, const void *options,
                           size_t options_len, size_t payload)
{
    uint8_t tcp[20] = {0};

    raw_ip(r, family, 6);
    poke16(tcp, 40000);
    poke16(tcp + 2, 443);
    poke32(tcp + 4, 0x01020304);
    poke32(tcp + 8, 0xa0b0c0d0);
    poke16(tcp + 12, (unsigned)((20 + options_len) / 4) << 12 | flags);
    poke16(tcp + 14, 512);
    raw_add(r, tcp, sizeof tcp);
    if (options_len > 0)
        raw_add(r, options, options_len);
    for (size_t i = 0; i < payload; i++)
        raw_add(r, &(uint8_t){(uint8_t)(i * 37 + 5)}, 1);
    raw_seal(r);
}

static inline mpconn_pkt raw_pkt(raw *r)
{
    return (mpconn_pkt){.data = r->bytes, .len = r->len, .cap = sizeof r->bytes};
}

#endif
