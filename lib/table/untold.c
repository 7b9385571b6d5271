/* SPDX-License-Identifier: BSD-2-Clause */
#include "table/untold.h"

#include <mpconn/error.h>
#include <string.h>

int mpci_untold_init(mpci_untold *q, mpci_alloc *a, uint32_t capacity)
{
    memset(q, 0, sizeof(*q));
    if (capacity == 0)
        return MPCONN_OK;
    q->ring = mpci_alloc_array(a, capacity, sizeof(*q->ring), sizeof(*q->ring));
    if (q->ring == NULL)
        return MPCONN_ERR_NOMEM;
    q->capacity = capacity;
    return MPCONN_OK;
}

void mpci_untold_fini(mpci_untold *q, mpci_alloc *a)
{
    mpci_alloc_free(a, q->ring);
    memset(q, 0, sizeof(*q));
}

/* Both are less than the capacity, which is less than 2^31. */
static uint32_t place_of(const mpci_untold *q, uint32_t n)
{
    uint32_t place = q->head + n;

    return place < q->capacity ? place : place - q->capacity;
}

void mpci_untold_add(mpci_untold *q, uint64_t id, mpconn_time since)
{
    q->ring[place_of(q, q->used)] = (mpci_untold_flow){id, since};
    q->used++;
}

void mpci_untold_drop_first(mpci_untold *q)
{
    q->head = place_of(q, 1);
    q->used--;
}
