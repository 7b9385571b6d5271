/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory from the host's allocator, accounted for. */
#ifndef MPCI_BASE_ALLOC_H
#define MPCI_BASE_ALLOC_H

#include <mpconn/allocator.h>

typedef struct mpci_alloc {
    mpconn_allocator host; /* both functions set, never NULL */
    uint64_t bytes;        /* taken and not given back */
} mpci_alloc;

void mpci_alloc_init(mpci_alloc *a, const mpconn_allocator *host);

/* Zeroed memory for n elements of `size` bytes, aligned to `align` (a power of two up to 4096).
 * NULL when there is none or n * size overflows. */
void *mpci_alloc_array(mpci_alloc *a, size_t n, size_t size, size_t align);

/* Give back what mpci_alloc_array() returned; NULL does nothing. */
void mpci_alloc_free(mpci_alloc *a, void *ptr);

/* Overwrite a secret so that the compiler cannot drop the store. */
void mpci_wipe(void *ptr, size_t len);

#endif
