/* SPDX-License-Identifier: BSD-2-Clause */
/* A cache of fixed size: what is learned again when it is missed. Sets of four; what was used
 * longest ago gives way. */
#ifndef MPCI_ECHO_CACHE_H
#define MPCI_ECHO_CACHE_H

#include <mpconn/base.h>

#include "base/alloc.h"

enum { MPCI_CACHE_WAYS = 4 };

/* What every entry begins with. */
typedef struct mpci_cache_key {
    uint64_t hash;     /* keyed: nobody outside can find two alike; 0 = empty */
    mpconn_time used;
} mpci_cache_key;

typedef struct mpci_cache {
    uint8_t *entries;
    size_t size;       /* of one */
    uint32_t n_sets;   /* a power of two */
} mpci_cache;

/* Room for at least so many entries of that size; MPCONN_OK or MPCONN_ERR_NOMEM. */
int mpci_cache_init(mpci_cache *c, mpci_alloc *a, uint32_t entries, size_t size);
void mpci_cache_fini(mpci_cache *c, mpci_alloc *a);

static inline uint32_t mpci_cache_capacity(const mpci_cache *c)
{
    return c->n_sets * MPCI_CACHE_WAYS;
}

/* The entry at a place below the capacity, NULL when that is empty. */
void *mpci_cache_at(const mpci_cache *c, uint32_t place);

/* The entry of this hash, or NULL. */
void *mpci_cache_find(const mpci_cache *c, uint64_t hash);

/* The entry that a new one of this hash would take the place of; its hash is 0 if it is empty. */
mpci_cache_key *mpci_cache_oldest(const mpci_cache *c, uint64_t hash);

/* The entry of this hash, or a new one with nothing but its key; used now. */
void *mpci_cache_take(mpci_cache *c, uint64_t hash, mpconn_time now);

#endif
