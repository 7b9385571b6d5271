/* SPDX-License-Identifier: BSD-2-Clause */
#include "rendezvous/digest.h"

#include <mpconn/error.h>

int mpci_digest_init(mpci_digest *d, mpci_alloc *a, uint32_t capacity)
{
    memset(d, 0, sizeof(*d));
    if (capacity == 0)
        return MPCONN_OK;
    d->numbers = mpci_alloc_array(a, capacity, sizeof(*d->numbers), 64);
    d->leaves = mpci_alloc_array(a, MPCI_DIGEST_LEAVES, sizeof(*d->leaves), 64);
    if (d->numbers != NULL && d->leaves != NULL)
        return MPCONN_OK;
    mpci_digest_fini(d, a);
    return MPCONN_ERR_NOMEM;
}

void mpci_digest_fini(mpci_digest *d, mpci_alloc *a)
{
    mpci_alloc_free(a, d->leaves);
    mpci_alloc_free(a, d->numbers);
    memset(d, 0, sizeof(*d));
}

void mpci_digest_set(mpci_digest *d, uint32_t n, uint64_t number)
{
    uint64_t *known = &d->numbers[n - 1];

    d->leaves[mpci_digest_leaf(*known)] ^= (uint32_t)*known;
    d->leaves[mpci_digest_leaf(number)] ^= (uint32_t)number;
    *known = number;
}

void mpci_digest_sums(const mpci_digest *d, unsigned level, unsigned place,
                      uint32_t sums[MPCI_DIGEST_FAN])
{
    unsigned width = 1;

    for (unsigned l = level + 1; l < MPCI_DIGEST_LEVELS; l++)
        width *= MPCI_DIGEST_FAN;
    for (unsigned i = 0; i < MPCI_DIGEST_FAN; i++) {
        const uint32_t *leaf = &d->leaves[(place * MPCI_DIGEST_FAN + i) * width];

        sums[i] = 0;
        for (unsigned k = 0; k < width; k++)
            sums[i] ^= leaf[k];
    }
}
