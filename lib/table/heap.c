/* SPDX-License-Identifier: BSD-2-Clause */
#include "table/heap.h"

static mpconn_time deadline_at(const mpci_handshake_table *t, uint32_t place)
{
    return mpci_heap_deadline(&t->entries[t->heap[place]]);
}

static void put_at(mpci_handshake_table *t, uint32_t place, uint32_t slot)
{
    t->heap[place] = slot;
    t->entries[slot].heap_at = place;
}

/* Find the place of `slot` from the hole at `place` toward the root. */
static uint32_t rise(mpci_handshake_table *t, uint32_t place, mpconn_time due)
{
    while (place > 0) {
        uint32_t parent = (place - 1) / 2;
        if (deadline_at(t, parent) <= due)
            break;
        put_at(t, place, t->heap[parent]);
        place = parent;
    }
    return place;
}

/* The same toward the leaves. */
static uint32_t sink(mpci_handshake_table *t, uint32_t place, mpconn_time due)
{
    for (;;) {
        uint32_t child = 2 * place + 1;
        if (child >= t->timed)
            break;
        if (child + 1 < t->timed && deadline_at(t, child + 1) < deadline_at(t, child))
            child++;
        if (due <= deadline_at(t, child))
            break;
        put_at(t, place, t->heap[child]);
        place = child;
    }
    return place;
}

static void settle(mpci_handshake_table *t, uint32_t place, uint32_t slot)
{
    mpconn_time due = mpci_heap_deadline(&t->entries[slot]);
    uint32_t higher = rise(t, place, due);
    put_at(t, higher == place ? sink(t, place, due) : higher, slot);
}

void mpci_heap_remove(mpci_handshake_table *t, mpci_handshake *h)
{
    uint32_t place = h->heap_at;
    if (place == MPCI_SLOT_NONE)
        return;
    h->heap_at = MPCI_SLOT_NONE;
    t->timed--;
    if (place != t->timed)
        settle(t, place, t->heap[t->timed]);
}

void mpci_heap_update(mpci_handshake_table *t, mpci_handshake *h)
{
    if (mpci_heap_deadline(h) == MPCONN_TIME_NEVER) {
        mpci_heap_remove(t, h);
        return;
    }
    uint32_t place = h->heap_at != MPCI_SLOT_NONE ? h->heap_at : t->timed++;
    settle(t, place, (uint32_t)(h - t->entries));
}
