/* SPDX-License-Identifier: BSD-2-Clause */
#include "table/settled.h"

#include <mpconn/error.h>

#include "base/byteorder.h"
#include "conn/offers.h"

enum { NARROW = 0, WIDE = 1 };

static mpci_settled_pool *pool_of(mpci_settled_table *t, uint32_t slot)
{
    return &t->pool[slot & MPCI_SLOT_WIDE ? WIDE : NARROW];
}

/* A line that is not in use keeps its use count, and here the slot that was freed after it. */
static uint32_t *next_free(mpci_settled *e)
{
    return &e->client_isn;
}

static void append_free(mpci_settled_table *t, uint32_t slot)
{
    mpci_settled_pool *pool = pool_of(t, slot);
    *next_free(mpci_settled_at(t, slot)) = MPCI_SLOT_NONE;
    if (pool->free_head == MPCI_SLOT_NONE)
        pool->free_head = slot;
    else
        *next_free(mpci_settled_at(t, pool->free_tail)) = slot;
    pool->free_tail = slot;
}

static void init_pool(mpci_settled_table *t, unsigned which, uint32_t capacity)
{
    mpci_settled_pool *pool = &t->pool[which];
    pool->capacity = capacity;
    pool->used = 0;
    pool->free_head = MPCI_SLOT_NONE;
    pool->free_tail = MPCI_SLOT_NONE;
    for (uint32_t i = 0; i < capacity; i++)
        append_free(t, which == WIDE ? i | MPCI_SLOT_WIDE : i);
}

int mpci_settled_init(mpci_settled_table *t, mpci_alloc *a, uint32_t narrow, uint32_t wide)
{
    memset(t, 0, sizeof(*t));
    if (narrow >= MPCI_SLOT_WIDE || wide >= MPCI_SLOT_WIDE)
        return MPCONN_ERR_INVAL;
    if (narrow != 0)
        t->narrow = mpci_alloc_array(a, narrow, sizeof(*t->narrow), sizeof(*t->narrow));
    if (wide != 0)
        t->wide = mpci_alloc_array(a, wide, sizeof(*t->wide), sizeof(*t->wide));
    if ((narrow != 0 && t->narrow == NULL) || (wide != 0 && t->wide == NULL) ||
        mpci_index_init(&t->index, a, narrow + wide) != 0) {
        mpci_settled_fini(t, a);
        return MPCONN_ERR_NOMEM;
    }
    init_pool(t, NARROW, narrow);
    init_pool(t, WIDE, wide);
    return 0;
}

void mpci_settled_fini(mpci_settled_table *t, mpci_alloc *a)
{
    mpci_index_fini(&t->index, a);
    mpci_alloc_free(a, t->wide);
    mpci_alloc_free(a, t->narrow);
    memset(t, 0, sizeof(*t));
}

static int is_wide_match(const mpci_settled_table *t, uint32_t slot, uint64_t hash,
                         const mpconn_tuple *tuple)
{
    const mpci_settled *e = mpci_settled_at(t, slot);
    if (!(e->use & MPCI_SETTLED_IPV6) || mpci_load32(e->addr) != (uint32_t)hash)
        return 0;
    const mpci_settled_more *more = mpci_settled_more_at(t, slot);
    return memcmp(more->client, tuple->client.bytes, sizeof(more->client)) == 0 &&
           memcmp(more->server, tuple->server.bytes, sizeof(more->server)) == 0;
}

static inline int is_match(const mpci_settled_table *t, uint32_t slot, uint64_t hash,
                           const mpconn_tuple *tuple)
{
    const mpci_settled *e = mpci_settled_at(t, slot);
    if (e->client_port != tuple->client_port || e->server_port != tuple->server_port ||
        e->zone != tuple->zone)
        return 0;
    if (tuple->family != MPCONN_FAMILY_IPV4)
        return is_wide_match(t, slot, hash, tuple);
    return !(e->use & MPCI_SETTLED_IPV6) && memcmp(e->addr, tuple->client.bytes, 4) == 0 &&
           memcmp(e->addr + 4, tuple->server.bytes, 4) == 0;
}

uint32_t mpci_settled_pick(const mpci_settled_table *t, const uint32_t *slots, unsigned n,
                           uint64_t hash, const mpconn_tuple *tuple)
{
    for (unsigned i = 0; i < n; i++) {
        if (is_match(t, slots[i], hash, tuple))
            return slots[i];
    }
    return MPCI_SLOT_NONE;
}

static uint32_t find_spilled(const mpci_settled_table *t, uint64_t hash, const mpconn_tuple *tuple)
{
    uint32_t slots[MPCI_BUCKET_EQUAL_TAGS];
    unsigned n = mpci_index_find_spilled(&t->index, hash, slots);
    return mpci_settled_pick(t, slots, n, hash, tuple);
}

/* Compares while it looks, without a list of candidates: most packets end at the first. */
uint32_t mpci_settled_find(const mpci_settled_table *t, uint64_t hash, const mpconn_tuple *tuple)
{
    const mpci_bucket *b = &t->index.buckets[mpci_index_primary(&t->index, hash)];
    uint64_t set = mpci_bucket_match(b, mpci_index_tag(hash));
    for (; set != 0; set &= set - 1) {
        uint32_t slot = b->slot[mpci_bucket_place(set)];
        if (is_match(t, slot, hash, tuple))
            return slot;
    }
    return b->spilled != 0 ? find_spilled(t, hash, tuple) : MPCI_SLOT_NONE;
}

unsigned mpci_settled_candidates(const mpci_settled_table *t, uint64_t hash,
                                 uint32_t slots[MPCI_INDEX_CANDIDATES])
{
    unsigned n = mpci_index_find(&t->index, hash, slots);
    for (unsigned i = 0; i < n; i++) {
        __builtin_prefetch(mpci_settled_at(t, slots[i]));
        if (slots[i] & MPCI_SLOT_WIDE)
            __builtin_prefetch(mpci_settled_more_at(t, slots[i]));
    }
    return n;
}

static void write_key(mpci_settled_table *t, uint32_t slot, uint64_t hash,
                      const mpconn_tuple *tuple)
{
    mpci_settled *e = mpci_settled_at(t, slot);
    e->client_port = tuple->client_port;
    e->server_port = tuple->server_port;
    e->zone = tuple->zone;
    if (tuple->family == MPCONN_FAMILY_IPV4) {
        memcpy(e->addr, tuple->client.bytes, 4);
        memcpy(e->addr + 4, tuple->server.bytes, 4);
        return;
    }
    mpci_settled_more *more = mpci_settled_more_at(t, slot);
    mpci_store32(e->addr, (uint32_t)hash);
    e->use |= MPCI_SETTLED_IPV6;
    memcpy(more->client, tuple->client.bytes, sizeof(more->client));
    memcpy(more->server, tuple->server.bytes, sizeof(more->server));
}

static mpci_settled_pool *choose_pool(mpci_settled_table *t, unsigned family,
                                      enum mpci_lines lines)
{
    mpci_settled_pool *narrow = &t->pool[NARROW], *wide = &t->pool[WIDE];
    if (family != MPCONN_FAMILY_IPV4 || lines == MPCI_LINES_TWO)
        return wide;
    if (wide->used >= wide->capacity / 2 || wide->free_head == MPCI_SLOT_NONE)
        return narrow;
    return lines != MPCI_LINES_ONE || narrow->free_head == MPCI_SLOT_NONE ? wide : narrow;
}

int mpci_settled_add(mpci_settled_table *t, uint64_t hash, const mpconn_tuple *tuple,
                     enum mpci_lines lines, uint32_t *slot)
{
    mpci_settled_pool *pool = choose_pool(t, tuple->family, lines);
    uint32_t taken = pool->free_head;
    if (taken == MPCI_SLOT_NONE || mpci_index_insert(&t->index, hash, taken) != 0)
        return MPCONN_ERR_LIMIT;
    mpci_settled *e = mpci_settled_at(t, taken);
    uint32_t uses = e->use >> MPCI_SETTLED_USE_SHIFT;
    pool->free_head = *next_free(e);
    pool->used++;
    memset(e, 0, sizeof(*e));
    if (taken & MPCI_SLOT_WIDE)
        memset(mpci_settled_more_at(t, taken), 0, sizeof(mpci_settled_more));
    e->use = (uses + 1) << MPCI_SETTLED_USE_SHIFT | MPCI_SETTLED_IN_USE;
    write_key(t, taken, hash, tuple);
    *slot = taken;
    return 0;
}

void mpci_settled_remove(mpci_settled_table *t, uint64_t hash, uint32_t slot)
{
    mpci_settled *e = mpci_settled_at(t, slot);
    uint32_t uses = e->use >> MPCI_SETTLED_USE_SHIFT;
    if (!(e->use & MPCI_SETTLED_IN_USE) || mpci_index_remove(&t->index, hash, slot) != 0)
        return;
    pool_of(t, slot)->used--;
    memset(e, 0, sizeof(*e));
    e->use = uses << MPCI_SETTLED_USE_SHIFT;
    if (uses < MPCI_SETTLED_LAST_USE)
        append_free(t, slot);
}

int mpci_settled_rename(mpci_settled_table *t, uint64_t old_hash, uint32_t slot, uint64_t hash,
                        const mpconn_tuple *tuple)
{
    if (mpci_index_insert(&t->index, hash, slot) != 0)
        return MPCONN_ERR_LIMIT;
    (void)mpci_index_remove(&t->index, old_hash, slot);
    write_key(t, slot, hash, tuple);
    return MPCONN_OK;
}

void mpci_settled_tuple(const mpci_settled_table *t, uint32_t slot, mpconn_tuple *out)
{
    const mpci_settled *e = mpci_settled_at(t, slot);
    memset(out, 0, sizeof(*out));
    out->client_port = e->client_port;
    out->server_port = e->server_port;
    out->zone = e->zone;
    if (!(e->use & MPCI_SETTLED_IPV6)) {
        out->family = MPCONN_FAMILY_IPV4;
        memcpy(out->client.bytes, e->addr, 4);
        memcpy(out->server.bytes, e->addr + 4, 4);
        return;
    }
    const mpci_settled_more *more = mpci_settled_more_at(t, slot);
    out->family = MPCONN_FAMILY_IPV6;
    memcpy(out->client.bytes, more->client, sizeof(more->client));
    memcpy(out->server.bytes, more->server, sizeof(more->server));
}

void mpci_settled_delta(const mpci_settled *e, mpconn_delta *out)
{
    out->client_isn = e->client_isn;
    out->generation = e->generation;
    out->known = MPCONN_DELTA_K_ALL;
    out->flags = (e->state & 3) == MPCONN_FLOW_CLOSED ? MPCONN_DELTA_F_CLOSED : 0;
    out->seq[MPCONN_SIDE_CLIENT] = 0;
    out->seq[MPCONN_SIDE_SERVER] = e->seq_offset;
    out->ts[MPCONN_SIDE_CLIENT] = 0;
    out->ts[MPCONN_SIDE_SERVER] = e->ts_offset;
    memset(out->reserved, 0, sizeof(out->reserved));
    memset(out->wscale_in, 0, sizeof(out->wscale_in));
    memset(out->wscale_out, 0, sizeof(out->wscale_out));
    if (e->use & MPCI_SETTLED_SPLIT) /* else the endpoints agreed between themselves */
        mpci_offers_delta(out, e->hs, e->server_options);
}

uint64_t mpci_settled_id(const mpci_settled_table *t, uint32_t slot)
{
    return (uint64_t)(mpci_settled_at(t, slot)->use >> MPCI_SETTLED_USE_SHIFT) << 32 | slot;
}

static int is_slot(const mpci_settled_table *t, uint32_t slot)
{
    const mpci_settled_pool *pool = &t->pool[slot & MPCI_SLOT_WIDE ? WIDE : NARROW];
    return (slot & ~MPCI_SLOT_WIDE) < pool->capacity;
}

uint32_t mpci_settled_by_id(const mpci_settled_table *t, uint64_t id)
{
    uint32_t slot = (uint32_t)id;
    if (!is_slot(t, slot) || !(mpci_settled_at(t, slot)->use & MPCI_SETTLED_IN_USE) ||
        mpci_settled_id(t, slot) != id)
        return MPCI_SLOT_NONE;
    return slot;
}

mpci_line_range mpci_settled_lines_for(const mpci_settled_table *t, int wide)
{
    uint32_t narrow = t->pool[NARROW].capacity;
    if (!wide)
        return (mpci_line_range){0, narrow};
    return (mpci_line_range){narrow, t->pool[WIDE].capacity};
}

uint32_t mpci_settled_lines(const mpci_settled_table *t)
{
    return t->pool[NARROW].capacity + t->pool[WIDE].capacity;
}

uint32_t mpci_settled_line(const mpci_settled_table *t, uint32_t line)
{
    uint32_t narrow = t->pool[NARROW].capacity;
    uint32_t slot = line < narrow ? line : (line - narrow) | MPCI_SLOT_WIDE;
    if (!is_slot(t, slot) || !(mpci_settled_at(t, slot)->use & MPCI_SETTLED_IN_USE))
        return MPCI_SLOT_NONE;
    return slot;
}
