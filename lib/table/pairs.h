/* SPDX-License-Identifier: BSD-2-Clause */
/* Which pairs of addresses the legs of bindings have: a fragment without ports shows no more than
 * that. Each binding has a place for either leg. */
#ifndef MPCI_TABLE_PAIRS_H
#define MPCI_TABLE_PAIRS_H

#include "base/alloc.h"
#include "table/key.h"

/* Of a chain so much is looked at. Many connections between the same two are found at once; a chain
 * that is longer has them before others, which then count as there. */
enum { MPCI_PAIRS_LOOK = 64 };

typedef struct mpci_pair {
    uint64_t hash;        /* keyed, of addresses and side; meaningless outside of a chain */
    uint32_t next, prev;  /* place + 1; 0 = the end */
} mpci_pair;

typedef struct mpci_pairs {
    mpci_pair *places;
    uint32_t *chains;     /* first place + 1 */
    uint32_t mask;        /* number of chains - 1 */
    const mpci_sipkey *key;
} mpci_pairs;

int mpci_pairs_init(mpci_pairs *t, mpci_alloc *a, uint32_t capacity, const mpci_sipkey *key);
void mpci_pairs_fini(mpci_pairs *t, mpci_alloc *a);

/* The legs of entry `i`: as the client's side, and as the server's side shows it. */
void mpci_pairs_add(mpci_pairs *t, uint32_t i, const mpconn_tuple leg[2]);
void mpci_pairs_remove(mpci_pairs *t, uint32_t i);

/* Has a leg on this side the addresses of that tuple, whose ports do not matter? */
int mpci_pairs_has(const mpci_pairs *t, const mpconn_tuple *leg, unsigned side);

#endif
