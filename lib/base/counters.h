/* SPDX-License-Identifier: BSD-2-Clause */
/* One counter for each reason. */
#ifndef MPCI_BASE_COUNTERS_H
#define MPCI_BASE_COUNTERS_H

#include <mpconn/reason.h>

typedef struct mpci_counters {
    uint64_t n[MPCONN_REASON_LIMIT];
} mpci_counters;

static inline void mpci_count(mpci_counters *c, unsigned reason)
{
    c->n[reason & (MPCONN_REASON_LIMIT - 1)]++;
}

#endif
