/* SPDX-License-Identifier: BSD-2-Clause */
#include "table/index.h"

#include <mpconn/error.h>

/* Mean fill of a bucket at capacity: a load of 0.6, 10.7 bytes an entry. */
enum { MEAN_FILL = 6 };

int mpci_index_init(mpci_index *ix, mpci_alloc *a, uint32_t capacity)
{
    uint32_t n = capacity / MEAN_FILL + (capacity % MEAN_FILL != 0);
    n = n < 2 ? 2 : n + (n & 1);
    ix->used = 0;
    ix->n_buckets = 0;
    ix->buckets = mpci_alloc_array(a, n, sizeof(*ix->buckets), sizeof(*ix->buckets));
    if (ix->buckets == NULL)
        return MPCONN_ERR_NOMEM;
    ix->n_buckets = n;
    return 0;
}

void mpci_index_fini(mpci_index *ix, mpci_alloc *a)
{
    mpci_alloc_free(a, ix->buckets);
    ix->buckets = NULL;
    ix->n_buckets = 0;
    ix->used = 0;
}

unsigned mpci_index_find_spilled(const mpci_index *ix, uint64_t hash, uint32_t *slots)
{
    uint16_t tag = mpci_index_tag(hash);
    uint32_t at = mpci_index_other(ix, mpci_index_primary(ix, hash), tag);
    return mpci_bucket_collect(&ix->buckets[at], tag, slots);
}

static int is_full(const mpci_bucket *b)
{
    return mpci_bucket_match(b, 0) == 0;
}

/* Whether one more entry with this tag would leave look-ups room for all of them. */
static int allows_tag(const mpci_bucket *b, uint16_t tag)
{
    uint64_t same = mpci_bucket_match(b, tag);
    _Static_assert(MPCI_BUCKET_EQUAL_TAGS == 2, "the test below is for none or one");
    return (same & (same - 1)) == 0;
}

static int has_room(const mpci_bucket *b, uint16_t tag)
{
    return !is_full(b) && allows_tag(b, tag);
}

static void put_entry(mpci_bucket *b, uint16_t tag, uint32_t slot, int secondary)
{
    unsigned place = mpci_bucket_place(mpci_bucket_match(b, 0));
    b->tag[place] = tag;
    b->slot[place] = slot;
    if (secondary)
        b->secondary = (uint16_t)(b->secondary | 1U << place);
}

static void clear_place(mpci_bucket *b, unsigned place)
{
    b->tag[place] = 0;
    b->slot[place] = 0;
    b->secondary = (uint16_t)(b->secondary & ~(1U << place));
}

/* Move one entry of a full bucket to its other bucket, if one can go. */
static int make_room(mpci_index *ix, uint32_t at)
{
    mpci_bucket *b = &ix->buckets[at];
    for (unsigned place = 0; place < MPCI_BUCKET_SLOTS; place++) {
        uint16_t tag = b->tag[place];
        int was_secondary = b->secondary >> place & 1;
        mpci_bucket *to = &ix->buckets[mpci_index_other(ix, at, tag)];
        if (!has_room(to, tag) || (!was_secondary && b->spilled == UINT16_MAX))
            continue;
        put_entry(to, tag, b->slot[place], !was_secondary);
        clear_place(b, place);
        if (was_secondary)
            to->spilled--;
        else
            b->spilled++;
        return 1;
    }
    return 0;
}

/* Whether the entry can stand in the bucket after one of those there has made room. */
static int displaces(mpci_index *ix, uint32_t at, uint16_t tag)
{
    const mpci_bucket *b = &ix->buckets[at];
    return is_full(b) && allows_tag(b, tag) && make_room(ix, at);
}

int mpci_index_insert(mpci_index *ix, uint64_t hash, uint32_t slot)
{
    uint16_t tag = mpci_index_tag(hash);
    uint32_t at = mpci_index_primary(ix, hash);
    uint32_t other = mpci_index_other(ix, at, tag);
    mpci_bucket *primary = &ix->buckets[at], *secondary = &ix->buckets[other];
    int in_primary = has_room(primary, tag);
    if (!in_primary && !(primary->spilled < UINT16_MAX && has_room(secondary, tag))) {
        in_primary = displaces(ix, at, tag);
        if (!in_primary && !(primary->spilled < UINT16_MAX && displaces(ix, other, tag)))
            return MPCONN_ERR_LIMIT;
    }
    if (in_primary) {
        put_entry(primary, tag, slot, 0);
    } else {
        put_entry(secondary, tag, slot, 1);
        primary->spilled++;
    }
    ix->used++;
    return 0;
}

static int take_entry(mpci_bucket *b, uint16_t tag, uint32_t slot)
{
    for (uint64_t set = mpci_bucket_match(b, tag); set != 0; set &= set - 1) {
        unsigned place = mpci_bucket_place(set);
        if (b->slot[place] == slot) {
            clear_place(b, place);
            return 1;
        }
    }
    return 0;
}

int mpci_index_remove(mpci_index *ix, uint64_t hash, uint32_t slot)
{
    uint16_t tag = mpci_index_tag(hash);
    uint32_t at = mpci_index_primary(ix, hash);
    mpci_bucket *primary = &ix->buckets[at];
    if (!take_entry(primary, tag, slot)) {
        if (primary->spilled == 0 ||
            !take_entry(&ix->buckets[mpci_index_other(ix, at, tag)], tag, slot))
            return MPCONN_ERR_NOTFOUND;
        primary->spilled--;
    }
    ix->used--;
    return 0;
}
