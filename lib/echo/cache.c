/* SPDX-License-Identifier: BSD-2-Clause */
#include "echo/cache.h"

#include <mpconn/error.h>
#include <string.h>

int mpci_cache_init(mpci_cache *c, mpci_alloc *a, uint32_t entries, size_t size)
{
    c->n_sets = 1;
    while (c->n_sets < entries / MPCI_CACHE_WAYS)
        c->n_sets *= 2;
    c->size = size;
    c->entries = mpci_alloc_array(a, mpci_cache_capacity(c), size, 64);
    return c->entries != NULL ? MPCONN_OK : MPCONN_ERR_NOMEM;
}

void mpci_cache_fini(mpci_cache *c, mpci_alloc *a)
{
    mpci_alloc_free(a, c->entries);
}

static mpci_cache_key *place(const mpci_cache *c, uint32_t n)
{
    return (mpci_cache_key *)(void *)(c->entries + n * c->size);
}

/* 0 is kept for what is empty. */
static uint64_t name_of(uint64_t hash)
{
    return hash != 0 ? hash : 1;
}

static uint32_t first_of(const mpci_cache *c, uint64_t hash)
{
    return (uint32_t)(hash & (c->n_sets - 1)) * MPCI_CACHE_WAYS;
}

void *mpci_cache_at(const mpci_cache *c, uint32_t n)
{
    mpci_cache_key *k = place(c, n);

    return k->hash != 0 ? k : NULL;
}

void *mpci_cache_find(const mpci_cache *c, uint64_t hash)
{
    uint64_t name = name_of(hash);
    uint32_t first = first_of(c, name);

    for (uint32_t i = 0; i < MPCI_CACHE_WAYS; i++) {
        mpci_cache_key *k = place(c, first + i);

        if (k->hash == name)
            return k;
    }
    return NULL;
}

/* An empty one, or the one that was used longest ago. */
mpci_cache_key *mpci_cache_oldest(const mpci_cache *c, uint64_t hash)
{
    uint32_t first = first_of(c, name_of(hash));
    mpci_cache_key *found = place(c, first);

    for (uint32_t i = 1; i < MPCI_CACHE_WAYS && found->hash != 0; i++) {
        mpci_cache_key *k = place(c, first + i);

        if (k->hash == 0 || k->used < found->used)
            found = k;
    }
    return found;
}

void *mpci_cache_take(mpci_cache *c, uint64_t hash, mpconn_time now)
{
    mpci_cache_key *k = mpci_cache_find(c, hash);

    if (k == NULL) {
        k = mpci_cache_oldest(c, hash);
        memset(k, 0, c->size);
        k->hash = name_of(hash);
    }
    k->used = now;
    return k;
}
