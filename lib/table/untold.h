/* SPDX-License-Identifier: BSD-2-Clause */
/* Flows that other members are told of when they have lived for a while. Each waits equally long,
 * so that the first that came is the first whose time comes: a queue, and no timers. */
#ifndef MPCI_TABLE_UNTOLD_H
#define MPCI_TABLE_UNTOLD_H

#include <mpconn/base.h>

#include "base/alloc.h"

typedef struct mpci_untold_flow {
    uint64_t id;       /* of the settled flow, which may be gone by now */
    mpconn_time since;
} mpci_untold_flow;

typedef struct mpci_untold {
    mpci_untold_flow *ring;
    uint32_t capacity, used;
    uint32_t head;     /* place of the first */
} mpci_untold;

/* A queue for `capacity` flows; 0 is one that is always empty and full. */
int mpci_untold_init(mpci_untold *q, mpci_alloc *a, uint32_t capacity);
void mpci_untold_fini(mpci_untold *q, mpci_alloc *a);

/* The one that waits for longest; NULL when there is none. */
static inline const mpci_untold_flow *mpci_untold_first(const mpci_untold *q)
{
    return q->used > 0 ? &q->ring[q->head] : NULL;
}

static inline int mpci_untold_is_full(const mpci_untold *q)
{
    return q->used == q->capacity;
}

/* Put one behind the others; there is room. */
void mpci_untold_add(mpci_untold *q, uint64_t id, mpconn_time since);
/* Take the first one out; there is one. */
void mpci_untold_drop_first(mpci_untold *q);

#endif
