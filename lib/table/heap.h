/* SPDX-License-Identifier: BSD-2-Clause */
/* Binary heap of the deadlines in the handshake table. Each entry knows its place, so that a change
 * of one deadline costs no search. */
#ifndef MPCI_TABLE_HEAP_H
#define MPCI_TABLE_HEAP_H

#include "table/handshake.h"

/* The earlier of the two deadlines of an entry. */
static inline mpconn_time mpci_heap_deadline(const mpci_handshake *h)
{
    return h->timer_due < h->hold_due ? h->timer_due : h->hold_due;
}

/* The deadline of an entry changed: put it in its place. MPCONN_TIME_NEVER takes it out. */
void mpci_heap_update(mpci_handshake_table *t, mpci_handshake *h);

/* Take an entry out, whatever its deadline. */
void mpci_heap_remove(mpci_handshake_table *t, mpci_handshake *h);

#endif
