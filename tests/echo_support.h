/* SPDX-License-Identifier: BSD-2-Clause */
/* Echoes for tests, without any test library: what goes with the packets of doc/echo.md's vectors,
 * and what a server makes of a request. */
#ifndef MPCONN_TESTS_ECHO_SUPPORT_H
#define MPCONN_TESTS_ECHO_SUPPORT_H

#include <mpconn/echo.h>
#include <mpconn/error.h>
#include <stdio.h>

#include "echo_vectors.h"
#include "packets.h"

enum {
    ECHO_VECTORS = sizeof(echo_vectors) / sizeof(echo_vectors[0]),
    ECHO_SEALED_AT = 10, /* from the payload's beginning */
    ECHO_TAG_LEN = 16
};

static inline mpconn_echo_key echo_key(uint8_t first)
{
    uint8_t secret[16];
    mpconn_echo_key key;

    for (unsigned i = 0; i < sizeof secret; i++)
        secret[i] = (uint8_t)(first + i);
    if (mpconn_echo_key_init(&key, secret, sizeof secret) != MPCONN_OK)
        abort();
    return key;
}

/* All that travels with a whole packet, but a link-layer header. */
static inline mpconn_echo echo_of(unsigned kind)
{
    mpconn_echo e = {.struct_size = sizeof e, .epoch = 0x21222324, .boot = 0x11121314,
                     .heard = 0x15161718, .number = 0x191a1b1c, .id = 0x0506, .sequence = 0x0708,
                     .origin = 0x0102, .origin_link = 0x0304};

    e.kind = (uint8_t)kind;
    return e;
}

static inline mpconn_echo echo_of_vector(unsigned i)
{
    static const uint8_t kinds[] = {MPCONN_ECHO_ANSWER, MPCONN_ECHO_REFUSE, MPCONN_ECHO_ANSWER,
                                    MPCONN_ECHO_LEARN};
    static const uint8_t plain[] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 3, 4};
    static const uint8_t tagged[] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x81, 0, 0, 7, 0x8a};
    mpconn_echo e = echo_of(kinds[i]);

    if (i < 2) {
        e.link_header_len = i == 0 ? sizeof plain : sizeof tagged;
        memcpy(e.link_header, i == 0 ? plain : tagged, e.link_header_len);
    }
    if (i == 2) {
        e.flags = MPCONN_ECHO_F_SHORT;
        e.offers = 0x31323334;
        e.client_ts = 0x41424344;
    }
    return e;
}

static inline raw echo_unhex(const char *text)
{
    raw r = {.len = 0};
    unsigned byte;

    for (; sscanf(text, "%2x", &byte) == 1; text += 2)
        r.bytes[r.len++] = (uint8_t)byte;
    r.l4 = r.bytes[0] >> 4 == 4 ? 20 : 40;
    return r;
}

/* What comes back: addresses change places, and the type is that of a reply. */
static inline void echo_turn(raw *r)
{
    unsigned is_v4 = r->bytes[0] >> 4 == 4, n = is_v4 ? 4 : 16;
    uint8_t *src = r->bytes + (is_v4 ? 12 : 8), other[16];

    memcpy(other, src, n);
    memcpy(src, src + n, n);
    memcpy(src + n, other, n);
    r->bytes[r->l4] = is_v4 ? 0 : 129;
    raw_seal(r);
}

static inline uint8_t *echo_payload(raw *r)
{
    return r->bytes + r->l4 + 8;
}

/* The same of what the caller can set, with the epoch of the echo and all that comes out. */
static inline int echo_same(const mpconn_echo *got, const mpconn_echo *want)
{
    return got->kind == want->kind && got->epoch == want->epoch && got->boot == want->boot &&
           got->heard == want->heard && got->number == want->number &&
           got->offers == want->offers && got->client_ts == want->client_ts &&
           got->flags == want->flags && got->id == want->id && got->sequence == want->sequence &&
           got->origin == want->origin && got->origin_link == want->origin_link &&
           got->link_header_len == want->link_header_len &&
           memcmp(got->link_header, want->link_header, sizeof got->link_header) == 0;
}

/* What is made is what the page says, and what the page says is read back. */
static inline int echo_vector_holds(unsigned i)
{
    raw packet = echo_unhex(echo_vectors[i].packet), known = echo_unhex(echo_vectors[i].request);
    mpconn_echo e = echo_of_vector(i), got = {.struct_size = sizeof got, .epoch = e.epoch};
    size_t carried = e.flags & MPCONN_ECHO_F_SHORT ? 40 : packet.len, len;
    mpconn_echo_key key = echo_key(0);
    const uint8_t *inner;
    raw made;

    if (mpconn_echo_encapsulate(made.bytes, sizeof made.bytes, &len, &e, &key, packet.bytes,
                                packet.len) != MPCONN_OK ||
        len != known.len || memcmp(made.bytes, known.bytes, len) != 0)
        return 0;
    echo_turn(&known);
    return mpconn_echo_unencapsulate(&got, &inner, &len, &key, known.bytes, known.len) ==
               MPCONN_OK &&
           echo_same(&got, &e) && len == carried && memcmp(inner, packet.bytes, len) == 0;
}

#endif
