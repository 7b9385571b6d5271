/* SPDX-License-Identifier: BSD-2-Clause */
/* The vectors of doc/cookie.md. */
#ifndef MPCONN_TESTS_COOKIE_VECTORS_H
#define MPCONN_TESTS_COOKIE_VECTORS_H

#include "split/cookie.h"

typedef struct cookie_vector {
    unsigned family;
    unsigned timestamps;
    uint32_t y, tsval;
    uint16_t hs;
} cookie_vector;

static const cookie_vector cookie_vectors[] = {
    {4, 0, 0xd709a463, 0, 0x97ac},
    {4, 1, 0xdc2d9ec0, 0xeeefda9e, 0xd7ac},
    {6, 0, 0xae3c2423, 0, 0x97aa},
    {6, 1, 0x2cf68680, 0x9ca4d69e, 0xd7ac},
};

#define COOKIE_VECTORS (sizeof(cookie_vectors) / sizeof(cookie_vectors[0]))

static inline mpconn_tuple cookie_vector_tuple(unsigned family)
{
    mpconn_tuple t;

    memset(&t, 0, sizeof(t));
    t.family = (uint8_t)family;
    t.client_port = 40000;
    t.server_port = 80;
    if (family == 4) {
        memcpy(t.client.bytes, "\xc0\x00\x02\x0a", 4);
        memcpy(t.server.bytes, "\xc6\x33\x64\x14", 4);
    } else {
        memcpy(t.client.bytes, "\x20\x01\x0d\xb8", 4);
        memcpy(t.server.bytes, "\x20\x01\x0d\xb8", 4);
        t.client.bytes[15] = 0x0a;
        t.server.bytes[15] = 0x14;
    }
    return t;
}

/* Make the cookie and check its ACK; 1 when all is as the vector says. */
static inline int cookie_vector_holds(const cookie_vector *vector)
{
    static const uint8_t key[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    static const mpci_profile profile = {{1460, 1440}, 7};
    mpconn_tuple t = cookie_vector_tuple(vector->family);
    mpci_syn_options o;
    mpci_epochs e;
    mpci_cookie c, back;
    mpci_view v;

    memset(&o, 0, sizeof(o));
    o.mss = 1460;
    o.wscale = 10;
    o.sack_permitted = 1;
    o.timestamps = (uint8_t)vector->timestamps;
    mpci_epochs_init(&e, key, sizeof(key), 64 * MPCONN_SECOND, 0);
    mpci_cookie_make(&c, &e, &profile, &t, 0x11111111, &o);
    if (c.isn != vector->y || c.tsval != vector->tsval ||
        mpci_offers_pack(&c.offers) != vector->hs)
        return 0;
    memset(&v, 0, sizeof(v));
    v.seq = 0x11111112;
    v.ack = vector->y + 1;
    v.ts_offset = vector->timestamps ? 22 : 0;
    v.tsecr = vector->tsval;
    return mpci_cookie_check(&back, &e, &profile, &t, &v) &&
           mpci_offers_pack(&back.offers) == vector->hs && back.client_isn == 0x11111111;
}

#endif
