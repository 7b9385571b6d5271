/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets in fragments, and put together again. */
#ifndef TESTS_FRAGMENTING_H
#define TESTS_FRAGMENTING_H

#include <check.h>

#include "packets.h"

enum { FRAGMENT_ID = 0x1234, FRAGMENTS_MAX = 32 };

static inline void fragment_seal_ip(raw *r)
{
    if (r->bytes[0] >> 4 != 4)
        return;
    poke16(r->bytes + 10, 0);
    poke16(r->bytes + 10, ~slow_sum(0, r->bytes, (r->bytes[0] & 15u) * 4) & 0xffff);
}

/* The piece of `whole` that begins `at` bytes behind its IP header. */
static inline raw fragment_of(const raw *whole, uint32_t at, uint32_t len, int more)
{
    uint8_t header[8] = {whole->bytes[6], 0, 0, 0, 0, 0, FRAGMENT_ID >> 8, FRAGMENT_ID & 0xff};
    raw r = {.len = whole->l4, .l4 = whole->l4};

    memcpy(r.bytes, whole->bytes, whole->l4);
    if (r.bytes[0] >> 4 == 4) {
        poke16(r.bytes + 4, FRAGMENT_ID);
        poke16(r.bytes + 6, (more ? 0x2000 : 0) | at / 8);
    } else {
        poke16(header + 2, at | (unsigned)more);
        r.bytes[6] = 44;
        r.l4 += 8;
        raw_add(&r, header, sizeof header);
    }
    raw_add(&r, whole->bytes + whole->l4 + at, len);
    fragment_seal_ip(&r);
    return r;
}

/* Cut it into pieces of `piece` bytes, a multiple of 8; returns how many there are. */
static inline unsigned fragment_cut(raw *parts, const raw *whole, uint32_t piece)
{
    uint32_t len = whole->len - whole->l4;
    unsigned n = 0;

    for (uint32_t at = 0; at < len; at += piece) {
        ck_assert_uint_lt(n, FRAGMENTS_MAX);
        parts[n++] = fragment_of(whole, at, len - at < piece ? len - at : piece, at + piece < len);
    }
    return n;
}

/* Put them together, as they are now, in any order. */
static inline raw fragment_join(const raw *parts, unsigned n)
{
    int is_v4 = parts[0].bytes[0] >> 4 == 4;
    raw whole = {.l4 = is_v4 ? 20 : 40};

    memcpy(whole.bytes, parts[0].bytes, whole.l4);
    for (unsigned i = 0; i < n; i++) {
        const uint8_t *ip = parts[i].bytes;
        uint32_t at = is_v4 ? (peek16(ip + 6) & 0x1fff) * 8 : peek16(ip + 42) & 0xfff8;
        uint32_t len = parts[i].len - parts[i].l4;

        memcpy(whole.bytes + whole.l4 + at, ip + parts[i].l4, len);
        if (whole.len < whole.l4 + at + len)
            whole.len = whole.l4 + at + len;
    }
    if (is_v4) {
        poke16(whole.bytes + 2, whole.len);
        poke16(whole.bytes + 4, 0);
        poke16(whole.bytes + 6, 0x4000);
    } else {
        poke16(whole.bytes + 4, whole.len - 40);
        whole.bytes[6] = parts[0].bytes[40];
    }
    fragment_seal_ip(&whole);
    return whole;
}

#endif
