/* SPDX-License-Identifier: BSD-2-Clause */
#include "table/tombstone.h"

#include <mpconn/error.h>

enum { FLAGS = 3 };

int mpci_tombstones_init(mpci_tombstones *t, mpci_alloc *a, uint32_t capacity)
{
    uint32_t n = 1;

    while (n < capacity / MPCI_TOMBSTONE_WAYS)
        n *= 2;
    t->buckets = mpci_alloc_array(a, n, sizeof *t->buckets, sizeof *t->buckets);
    t->mask = n - 1;
    return t->buckets != NULL ? MPCONN_OK : MPCONN_ERR_NOMEM;
}

void mpci_tombstones_fini(mpci_tombstones *t, mpci_alloc *a)
{
    mpci_alloc_free(a, t->buckets);
}

/* The hash is keyed, so nobody can choose two connections with one name; of one connection no two
 * numbers that differ in 30 bits share a name, because the factor is odd. */
static uint64_t name_of(uint64_t hash, uint32_t isn)
{
    return hash ^ isn * UINT64_C(0x9e3779b97f4a7c15);
}

/* Never 0, whatever the flags are. */
static uint32_t print_of(uint64_t name)
{
    return (uint32_t)name << 2 != 0 ? (uint32_t)name << 2 : UINT32_C(1) << 2;
}

static mpci_tombstone_bucket *bucket_of(const mpci_tombstones *t, uint64_t name)
{
    return &t->buckets[(uint32_t)(name >> 32) & t->mask];
}

/* Ages it has lived, modulo 256: one that nobody looked at for so long only seems young. */
static unsigned lived(const mpci_tombstones *t, const mpci_tombstone_bucket *b, unsigned way)
{
    return (uint8_t)(t->age - b->age[way]);
}

static int is_alive(const mpci_tombstones *t, const mpci_tombstone_bucket *b, unsigned way)
{
    return b->print[way] != 0 && lived(t, b, way) <= MPCI_TOMBSTONE_AGES;
}

/* Its own place if it has one, else one that is free, else that of the oldest. */
static unsigned place_for(const mpci_tombstones *t, const mpci_tombstone_bucket *b, uint32_t print)
{
    unsigned best = 0;

    for (unsigned i = 0; i < MPCI_TOMBSTONE_WAYS; i++)
        if ((b->print[i] & ~(uint32_t)FLAGS) == print)
            return i;
    for (unsigned i = 0; i < MPCI_TOMBSTONE_WAYS; i++) {
        if (!is_alive(t, b, i))
            return i;
        if (lived(t, b, i) > lived(t, b, best))
            best = i;
    }
    return best;
}

int mpci_tombstones_add(mpci_tombstones *t, uint64_t hash, uint32_t isn, unsigned kind)
{
    uint64_t name = name_of(hash, isn);
    uint32_t print = print_of(name);
    mpci_tombstone_bucket *b = bucket_of(t, name);
    unsigned way = place_for(t, b, print);
    int displaced = is_alive(t, b, way) && (b->print[way] & ~(uint32_t)FLAGS) != print;

    b->print[way] = print | (kind >> 1 & FLAGS);
    b->age[way] = (uint8_t)t->age;
    return displaced;
}

unsigned mpci_tombstones_find(const mpci_tombstones *t, uint64_t hash, uint32_t isn)
{
    uint64_t name = name_of(hash, isn);
    uint32_t print = print_of(name);
    const mpci_tombstone_bucket *b = bucket_of(t, name);

    unsigned same = 0;

    for (unsigned i = 0; i < MPCI_TOMBSTONE_WAYS; i++)
        same |= (unsigned)((b->print[i] & ~(uint32_t)FLAGS) == print) << i;
    for (unsigned i = 0; same != 0; same >>= 1, i++)
        if ((same & 1) != 0 && is_alive(t, b, i))
            return MPCI_TOMBSTONE_FOUND | (b->print[i] & FLAGS) << 1;
    return MPCI_TOMBSTONE_NONE;
}
