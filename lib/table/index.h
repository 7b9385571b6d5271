/* SPDX-License-Identifier: BSD-2-Clause */
/* Hash index: keyed hash -> slot number. One cache line a bucket, ten slots in it; each entry has
 * two possible buckets. The index stores a tag of the hash, never the key: who finds a candidate
 * compares.
 *
 *   bucket = tag[10] x 16 bit | slot[10] x 32 bit | secondary:10, spilled:16
 *
 * An entry stands in its primary bucket while there is room, else in its secondary one; then the
 * primary counts it in `spilled`, so that a look-up reads the second line only where it must. When
 * both are full, an entry of either that has room in its other bucket moves there. The other bucket
 * follows from bucket number and tag alone.
 */
#ifndef MPCI_TABLE_INDEX_H
#define MPCI_TABLE_INDEX_H

#include "base/alloc.h"

enum { MPCI_BUCKET_SLOTS = 10, MPCI_INDEX_CANDIDATES = 4 };

#define MPCI_SLOT_NONE UINT32_MAX

typedef struct mpci_bucket {
    uint16_t tag[MPCI_BUCKET_SLOTS];  /* 0 = empty */
    uint32_t slot[MPCI_BUCKET_SLOTS];
    uint16_t secondary;               /* bit i: entry i is not in its primary bucket */
    uint16_t spilled;                 /* entries of this bucket that stand in their secondary one */
} mpci_bucket;

_Static_assert(sizeof(mpci_bucket) == 64, "a bucket is a cache line");

typedef struct mpci_index {
    mpci_bucket *buckets;
    uint32_t mask;
    uint32_t n;
} mpci_index;

/* Room for `capacity` entries at a load of 0.6 or less. MPCONN_ERR_NOMEM when there is none. */
int mpci_index_init(mpci_index *ix, mpci_alloc *a, uint32_t capacity);
void mpci_index_fini(mpci_index *ix, mpci_alloc *a);

/* Start loading the line a look-up of `hash` will read. */
static inline void mpci_index_prefetch(const mpci_index *ix, uint64_t hash)
{
    __builtin_prefetch(&ix->buckets[(uint32_t)hash & ix->mask]);
}

/* Slots whose tag fits; usually none or one. Returns how many were written. More than
 * MPCI_INDEX_CANDIDATES equal tags in two buckets are refused at insertion, so none is missed. */
unsigned mpci_index_find(const mpci_index *ix, uint64_t hash,
                         uint32_t slots[MPCI_INDEX_CANDIDATES]);

/* 0, or MPCONN_ERR_LIMIT when neither bucket can take it. The entry must not be there already. */
int mpci_index_insert(mpci_index *ix, uint64_t hash, uint32_t slot);

/* 0, or MPCONN_ERR_NOTFOUND. */
int mpci_index_remove(mpci_index *ix, uint64_t hash, uint32_t slot);

#endif
