/* SPDX-License-Identifier: BSD-2-Clause */
/* Which flow the later fragments of a packet belong to: they have no ports, but the source, the
 * destination, the protocol and the identification of the first one (RFC 791 3.2, RFC 8200 4.5).
 * Needed only where addresses change: what is not known here does not get where it is meant to. A
 * table of fixed size in buckets, in each of which the oldest gives way. */
#ifndef MPCI_TABLE_FRAGMENTS_H
#define MPCI_TABLE_FRAGMENTS_H

#include "base/alloc.h"
#include "base/siphash.h"
#include "packet/ip.h"

enum { MPCI_FRAGMENTS_WAYS = 4 };

/* How long a first fragment is remembered: the timer that RFC 791 3.2 begins with. A receiver waits
 * for up to 60 seconds (RFC 8200 4.5), but identifications of IPv4 come again sooner (RFC 4963),
 * and parts that are further apart than this did not take one way. */
#define MPCI_FRAGMENTS_LIFE_NS (UINT64_C(15) * MPCONN_SECOND)

/* What the fragments of one packet have in common, in one direction. Without gaps. */
typedef struct mpci_fragment_key {
    uint8_t src[16], dst[16]; /* IPv4: 4 bytes, zeros */
    uint32_t id;
    uint16_t zone;
    uint8_t family;
    uint8_t proto;            /* IPv4 only: an id of IPv6 is one of its addresses */
} mpci_fragment_key;

typedef struct mpci_fragment {
    mpci_fragment_key key;
    mpconn_time since;
    uint64_t flow;            /* mpci_settled_id(), of a flow that may be gone by now; 0 = empty */
    uint64_t reserved;
} mpci_fragment;

_Static_assert(sizeof(mpci_fragment_key) == 40, "keys are compared and hashed as bytes");
_Static_assert(sizeof(mpci_fragment) == 64, "a fragment is one cache line");

typedef struct mpci_fragments {
    mpci_fragment *table;     /* bucket by bucket */
    uint32_t mask;            /* number of buckets - 1 */
} mpci_fragments;

/* Room for `capacity` packets or up to twice as many; 0 is a table that remembers nothing. */
int mpci_fragments_init(mpci_fragments *t, mpci_alloc *a, uint32_t capacity);
void mpci_fragments_fini(mpci_fragments *t, mpci_alloc *a);

/* The key of a fragment, whose header `ip` was read from `data`. */
void mpci_fragments_key(mpci_fragment_key *key, const mpci_ip *ip, const uint8_t *data,
                        uint32_t zone);

/* Remember the flow of a first fragment; one with the same key is replaced. 1 when another packet
 * that still lived had to give way. */
int mpci_fragments_add(mpci_fragments *t, const mpci_sipkey *sipkey, const mpci_fragment_key *key,
                       uint64_t flow, mpconn_time now);

/* The flow of a later one; 0 when the first one did not come yet, or came too long ago. */
uint64_t mpci_fragments_find(const mpci_fragments *t, const mpci_sipkey *sipkey,
                             const mpci_fragment_key *key, mpconn_time now);

#endif
