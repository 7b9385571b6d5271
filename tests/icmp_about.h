/* SPDX-License-Identifier: BSD-2-Clause */
/* ICMP errors of a router about a segment. */
#ifndef TESTS_ICMP_ABOUT_H
#define TESTS_ICMP_ABOUT_H

#include "bed.h"
#include "engine_support.h"
#include "packet/ip.h"

typedef struct icmp_about {
    uint8_t bytes[BED_ROOM];
    size_t len;
    uint32_t l4;               /* where the ICMP header begins; the quote is 8 bytes further on */
} icmp_about;

/* Quotes `quoted` bytes of the segment, or as many as there are; a router of its own address sends
 * it to the segment's source. */
static inline icmp_about icmp_about_segment(const bed_segment *seg, unsigned type, unsigned code,
                                            size_t quoted)
{
    const mpconn_tuple *t = seg->s.tuple;
    int to_server = seg->s.to == MPCONN_SIDE_SERVER;
    uint8_t segment[BED_ROOM];
    size_t len = bed_build(segment, sizeof segment, seg);
    icmp_about e;
    mpci_icmp error = {
        .src = to_server ? t->server : t->client,
        .dst = to_server ? t->client : t->server,
        .family = t->family,
        .hop_limit = 64,
        .type = (uint8_t)type,
        .code = (uint8_t)code,
        .body = segment,
        .body_len = quoted < len ? quoted : len,
    };

    error.src.bytes[t->family == MPCONN_FAMILY_IPV4 ? 3 : 15] ^= 0x55;
    e.len = mpci_build_icmp(e.bytes, sizeof e.bytes, &error);
    e.l4 = t->family == MPCONN_FAMILY_IPV4 ? MPCI_IPV4_HEADER_LEN : MPCI_IPV6_HEADER_LEN;
    return e;
}

/* After a change of its bytes. */
static inline void icmp_about_seal(icmp_about *e)
{
    raw r = {.len = (uint32_t)e->len, .l4 = e->l4};

    memcpy(r.bytes, e->bytes, e->len);
    raw_seal(&r);
    memcpy(e->bytes, r.bytes, e->len);
}

#endif
