/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of incarnations that are over: their cookies may still be valid, and neither a late packet
 * nor a late fact may revive them (rule R3). A name is a fingerprint of 30 bits, made from the
 * keyed hash of the connection; it lasts
 * three ages (epochs of cookies) and then makes room by itself. In a full bucket the oldest gives
 * way. */
#ifndef MPCI_TABLE_TOMBSTONE_H
#define MPCI_TABLE_TOMBSTONE_H

#include "base/alloc.h"

enum { MPCI_TOMBSTONE_AGES = 3, MPCI_TOMBSTONE_WAYS = 12 };

/* What is known of a name; the two flags only together with FOUND. */
enum {
    MPCI_TOMBSTONE_NONE = 0,
    MPCI_TOMBSTONE_FOUND = 1 << 0,
    MPCI_TOMBSTONE_KILLED = 1 << 1, /* by the host: its SYN does not pass either */
    MPCI_TOMBSTONE_QUIET = 1 << 2   /* and the endpoints are not to be told */
};

/* One cache line. */
typedef struct mpci_tombstone_bucket {
    uint32_t print[MPCI_TOMBSTONE_WAYS]; /* bits 31-2 fingerprint, 1-0 the two flags; 0 = empty */
    uint8_t age[MPCI_TOMBSTONE_WAYS];    /* low bits of the age it was made in */
    uint8_t reserved[4];
} mpci_tombstone_bucket;

_Static_assert(sizeof(mpci_tombstone_bucket) == 64, "a bucket of tombstones is one cache line");

typedef struct mpci_tombstones {
    mpci_tombstone_bucket *buckets;
    uint32_t mask;          /* number of buckets - 1 */
    uint64_t age;           /* the present one */
} mpci_tombstones;

/* Room for about `capacity` names. */
int mpci_tombstones_init(mpci_tombstones *t, mpci_alloc *a, uint32_t capacity);
void mpci_tombstones_fini(mpci_tombstones *t, mpci_alloc *a);

/* Remember that incarnation `isn` of the connection with this hash is over; `kind` is FOUND and
 * flags. Returns 1 when a living name had to give way. */
int mpci_tombstones_add(mpci_tombstones *t, uint64_t hash, uint32_t isn, unsigned kind);

/* What is known of it. */
unsigned mpci_tombstones_find(const mpci_tombstones *t, uint64_t hash, uint32_t isn);

#endif
