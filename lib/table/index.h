/* SPDX-License-Identifier: BSD-2-Clause */
/* Hash index: keyed hash -> slot number. One cache line a bucket, ten slots in it; each entry has
 * two possible buckets. The index stores a tag of the hash, never the key: who finds a candidate
 * compares.
 *
 *   bucket = tag[10] x 16 bit | slot[10] x 32 bit | secondary:10, spilled:16
 *
 * An entry stands in its primary bucket while there is room, else in its secondary one; then the
 * primary counts it in `spilled`, so that a look-up reads the second line only where it must. When
 * both are full, an entry of either that has room in its other bucket moves there.
 *
 * The primary bucket comes from the low 32 bits of the hash, the tag from the high 16. The other
 * bucket is K(tag) - bucket modulo the number of buckets, which leads back when taken twice. That
 * number is even and K odd, so the two are never the same, and it need not be a power of two: a
 * table costs what its capacity asks for, not up to twice that.
 *
 * A bucket takes at most two entries of one tag, so that a look-up, which reads two buckets at
 * most, has room for all it finds, and insertion need not read the second line to know it.
 */
#ifndef MPCI_TABLE_INDEX_H
#define MPCI_TABLE_INDEX_H

#include "base/alloc.h"

enum {
    MPCI_BUCKET_SLOTS = 10,
    MPCI_BUCKET_EQUAL_TAGS = 2,
    MPCI_INDEX_CANDIDATES = 2 * MPCI_BUCKET_EQUAL_TAGS
};

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
    uint32_t n_buckets;               /* even */
    uint32_t used;                    /* entries */
} mpci_index;

/* Room for `capacity` entries at a load of 0.6 or less. MPCONN_ERR_NOMEM when there is none. */
int mpci_index_init(mpci_index *ix, mpci_alloc *a, uint32_t capacity);
void mpci_index_fini(mpci_index *ix, mpci_alloc *a);

/* 0, or MPCONN_ERR_LIMIT when neither bucket can take it. The entry must not be there already. */
int mpci_index_insert(mpci_index *ix, uint64_t hash, uint32_t slot);

/* 0, or MPCONN_ERR_NOTFOUND. */
int mpci_index_remove(mpci_index *ix, uint64_t hash, uint32_t slot);

/* What follows is on the path of every packet. */

static inline uint16_t mpci_index_tag(uint64_t hash)
{
    uint16_t tag = (uint16_t)(hash >> 48);
    return (uint16_t)(tag + (tag == 0));
}

static inline uint32_t mpci_index_primary(const mpci_index *ix, uint64_t hash)
{
    return (uint32_t)((hash & UINT32_MAX) * ix->n_buckets >> 32);
}

static inline uint32_t mpci_index_other(const mpci_index *ix, uint32_t bucket, uint16_t tag)
{
    /* Tags are dense, so they are spread over the buckets by Fibonacci hashing. */
    uint32_t spread = tag * UINT32_C(0x9e3779b1);
    uint32_t k = (uint32_t)((uint64_t)spread * ix->n_buckets >> 32) | 1;
    return k >= bucket ? k - bucket : k + ix->n_buckets - bucket;
}

/* Four tags in one word, the first in the low bits on any machine. */
static inline uint64_t mpci_bucket_lanes(const uint16_t *tag)
{
    return (uint64_t)tag[0] | (uint64_t)tag[1] << 16 | (uint64_t)tag[2] << 32 |
           (uint64_t)tag[3] << 48;
}

/* Clears the top bit of each 16-bit lane that is zero and sets it in the others; exact, no carry
 * crosses a lane. The lower bits mean nothing. */
static inline uint64_t mpci_bucket_busy_lanes(uint64_t lanes)
{
    const uint64_t low = UINT64_C(0x7fff7fff7fff7fff);
    return ((lanes & low) + low) | lanes;
}

/* The places that hold `tag` (0: the empty ones), as a set of bits; 0 = none. */
static inline uint64_t mpci_bucket_match(const mpci_bucket *b, uint16_t tag)
{
    const uint64_t top = UINT64_C(0x8000800080008000), top_two = UINT64_C(0x80008000);
    uint64_t wanted = tag * UINT64_C(0x0001000100010001);
    uint64_t last = (uint64_t)b->tag[8] | (uint64_t)b->tag[9] << 16;
    uint64_t busy0 = mpci_bucket_busy_lanes(mpci_bucket_lanes(b->tag) ^ wanted) & top;
    uint64_t busy1 = mpci_bucket_busy_lanes(mpci_bucket_lanes(b->tag + 4) ^ wanted) & top;
    uint64_t busy2 = mpci_bucket_busy_lanes(last ^ wanted) & top_two;
    return (busy0 >> 2 | busy1 >> 1 | busy2) ^ (top >> 2 | top >> 1 | top_two);
}

/* Place of the lowest bit of a set that is not empty: lanes lie 16 bits apart, the first word in
 * bit 13 of each, the last in bit 15. */
static inline unsigned mpci_bucket_place(uint64_t set)
{
    unsigned bit = (unsigned)__builtin_ctzll(set);
    return (bit & 15) * 4 + (bit >> 4) - 13 * 4;
}

static inline unsigned mpci_bucket_collect(const mpci_bucket *b, uint16_t tag, uint32_t *slots)
{
    unsigned n = 0;
    for (uint64_t set = mpci_bucket_match(b, tag); set != 0 && n < MPCI_BUCKET_EQUAL_TAGS;
         set &= set - 1)
        slots[n++] = b->slot[mpci_bucket_place(set)];
    return n;
}

/* Start loading the line a look-up of `hash` will read. */
static inline void mpci_index_prefetch(const mpci_index *ix, uint64_t hash)
{
    __builtin_prefetch(&ix->buckets[mpci_index_primary(ix, hash)]);
}

/* The rest of a look-up whose primary bucket has spilled; `slots` has room for two more. */
unsigned mpci_index_find_spilled(const mpci_index *ix, uint64_t hash, uint32_t *slots);

/* Slots whose tag fits; usually none or one. Returns how many were written. */
static inline unsigned mpci_index_find(const mpci_index *ix, uint64_t hash,
                                       uint32_t slots[MPCI_INDEX_CANDIDATES])
{
    const mpci_bucket *b = &ix->buckets[mpci_index_primary(ix, hash)];
    unsigned n = mpci_bucket_collect(b, mpci_index_tag(hash), slots);
    if (b->spilled != 0)
        n += mpci_index_find_spilled(ix, hash, slots + n);
    return n;
}

#endif
