/* SPDX-License-Identifier: BSD-2-Clause */
#include "table/handshake.h"

#include <mpconn/error.h>

#include "table/heap.h"

#define ID_BIT (UINT64_C(1) << 63)

enum { LINE = 64 };

static uint32_t slot_of(const mpci_handshake_table *t, const mpci_handshake *h)
{
    return (uint32_t)(h - t->entries);
}

static mpci_handshake *entry_or_null(const mpci_handshake_table *t, uint32_t slot)
{
    return slot == MPCI_SLOT_NONE ? NULL : &t->entries[slot];
}

static void push_free(mpci_handshake_table *t, uint32_t slot)
{
    t->entries[slot].newer = t->free_head;
    t->free_head = slot;
}

int mpci_handshake_init(mpci_handshake_table *t, mpci_alloc *a, uint32_t capacity)
{
    memset(t, 0, sizeof(*t));
    if (capacity == 0 || capacity == MPCI_SLOT_NONE)
        return MPCONN_ERR_INVAL;
    t->entries = mpci_alloc_array(a, capacity, sizeof(*t->entries), LINE);
    t->heap = mpci_alloc_array(a, capacity, sizeof(*t->heap), sizeof(*t->heap));
    if (t->entries == NULL || t->heap == NULL || mpci_index_init(&t->index, a, capacity) != 0) {
        mpci_handshake_fini(t, a);
        return MPCONN_ERR_NOMEM;
    }
    t->capacity = capacity;
    t->newest = t->oldest = t->free_head = MPCI_SLOT_NONE;
    for (uint32_t slot = capacity; slot-- > 0;)
        push_free(t, slot);
    return 0;
}

void mpci_handshake_fini(mpci_handshake_table *t, mpci_alloc *a)
{
    mpci_index_fini(&t->index, a);
    mpci_alloc_free(a, t->heap);
    mpci_alloc_free(a, t->entries);
    memset(t, 0, sizeof(*t));
}

mpci_handshake *mpci_handshake_find(const mpci_handshake_table *t, uint64_t hash,
                                    const mpconn_tuple *tuple)
{
    uint32_t slots[MPCI_INDEX_CANDIDATES];
    unsigned n = mpci_index_find(&t->index, hash, slots);
    for (unsigned i = 0; i < n; i++) {
        mpci_handshake *h = &t->entries[slots[i]];
        if (h->hash == hash && mpci_tuple_equal(&h->tuple, tuple))
            return h;
    }
    return NULL;
}

static void link_unproved(mpci_handshake_table *t, mpci_handshake *h)
{
    uint32_t slot = slot_of(t, h);
    h->flags |= MPCI_HANDSHAKE_UNPROVED;
    h->newer = MPCI_SLOT_NONE;
    h->older = t->newest;
    if (t->newest != MPCI_SLOT_NONE)
        t->entries[t->newest].newer = slot;
    else
        t->oldest = slot;
    t->newest = slot;
    t->unproved++;
}

void mpci_handshake_unproved(mpci_handshake_table *t, mpci_handshake *h)
{
    if (!(h->flags & MPCI_HANDSHAKE_UNPROVED))
        link_unproved(t, h);
}

void mpci_handshake_proved(mpci_handshake_table *t, mpci_handshake *h)
{
    if (!(h->flags & MPCI_HANDSHAKE_UNPROVED))
        return;
    h->flags = (uint8_t)(h->flags & ~MPCI_HANDSHAKE_UNPROVED);
    *(h->newer != MPCI_SLOT_NONE ? &t->entries[h->newer].older : &t->newest) = h->older;
    *(h->older != MPCI_SLOT_NONE ? &t->entries[h->older].newer : &t->oldest) = h->newer;
    h->newer = h->older = MPCI_SLOT_NONE;
    t->unproved--;
}

mpci_handshake *mpci_handshake_add(mpci_handshake_table *t, uint64_t hash,
                                   const mpconn_tuple *tuple)
{
    uint32_t slot = t->free_head;
    if (slot == MPCI_SLOT_NONE || mpci_index_insert(&t->index, hash, slot) != 0)
        return NULL;
    mpci_handshake *h = &t->entries[slot];
    t->free_head = h->newer;
    t->used++;
    memset(h, 0, sizeof(*h));
    h->tuple = *tuple;
    h->hash = hash;
    h->serial = ++t->serial;
    h->timer_due = h->hold_due = MPCONN_TIME_NEVER;
    h->heap_at = h->settled = MPCI_SLOT_NONE;
    h->driver = h->answerer = MPCI_NOBODY;
    h->flags = MPCI_HANDSHAKE_IN_USE;
    link_unproved(t, h);
    return h;
}

void mpci_handshake_remove(mpci_handshake_table *t, mpci_handshake *h)
{
    uint32_t slot = slot_of(t, h);
    if (!(h->flags & MPCI_HANDSHAKE_IN_USE) || mpci_index_remove(&t->index, h->hash, slot) != 0)
        return;
    mpci_handshake_proved(t, h);
    mpci_heap_remove(t, h);
    memset(h, 0, sizeof(*h));
    push_free(t, slot);
    t->used--;
}

mpci_handshake *mpci_handshake_oldest_unproved(const mpci_handshake_table *t)
{
    return entry_or_null(t, t->oldest);
}

void mpci_handshake_set_timer(mpci_handshake_table *t, mpci_handshake *h, mpconn_time due)
{
    h->timer_due = due;
    mpci_heap_update(t, h);
}

void mpci_handshake_set_hold(mpci_handshake_table *t, mpci_handshake *h, mpconn_time due)
{
    h->hold_due = due;
    mpci_heap_update(t, h);
}

mpconn_time mpci_handshake_next_due(const mpci_handshake_table *t)
{
    return t->timed == 0 ? MPCONN_TIME_NEVER : mpci_heap_deadline(&t->entries[t->heap[0]]);
}

mpci_handshake *mpci_handshake_due(const mpci_handshake_table *t, mpconn_time now)
{
    if (t->timed == 0 || mpci_heap_deadline(&t->entries[t->heap[0]]) > now)
        return NULL;
    return &t->entries[t->heap[0]];
}

uint64_t mpci_handshake_id(const mpci_handshake_table *t, const mpci_handshake *h)
{
    (void)t;
    return ID_BIT | h->serial;
}

mpci_handshake *mpci_handshake_at(const mpci_handshake_table *t, uint32_t slot)
{
    if (slot >= t->capacity || !(t->entries[slot].flags & MPCI_HANDSHAKE_IN_USE))
        return NULL;
    return &t->entries[slot];
}
