/* SPDX-License-Identifier: BSD-2-Clause */
#include "table/pairs.h"

#include <mpconn/error.h>

int mpci_pairs_init(mpci_pairs *t, mpci_alloc *a, uint32_t capacity, const mpci_sipkey *key)
{
    size_t n = 1;

    *t = (mpci_pairs){.key = key};
    while (n < 2 * (size_t)capacity)
        n *= 2;
    t->mask = (uint32_t)(n - 1);
    t->chains = mpci_alloc_array(a, n, sizeof(*t->chains), sizeof(uint64_t));
    t->places = mpci_alloc_array(a, 2 * (size_t)capacity, sizeof(*t->places), sizeof(uint64_t));
    return t->chains != NULL && t->places != NULL ? MPCONN_OK : MPCONN_ERR_NOMEM;
}

void mpci_pairs_fini(mpci_pairs *t, mpci_alloc *a)
{
    mpci_alloc_free(a, t->places);
    mpci_alloc_free(a, t->chains);
    *t = (mpci_pairs){0};
}

/* Ports do not count, and the side takes the place of one. */
static uint64_t hash_of(const mpci_pairs *t, const mpconn_tuple *leg, unsigned side)
{
    mpconn_tuple pair = *leg;

    pair.client_port = (uint16_t)(1 + side);
    pair.server_port = 0;
    return mpci_tuple_hash(t->key, &pair);
}

static uint32_t *chain_of(const mpci_pairs *t, uint64_t hash)
{
    return &t->chains[(uint32_t)hash & t->mask];
}

static void add(mpci_pairs *t, uint32_t place, uint64_t hash)
{
    uint32_t *first = chain_of(t, hash);

    t->places[place] = (mpci_pair){.hash = hash, .next = *first};
    if (*first != 0)
        t->places[*first - 1].prev = place + 1;
    *first = place + 1;
}

static void take_out(mpci_pairs *t, uint32_t place)
{
    const mpci_pair *p = &t->places[place];

    if (p->prev != 0)
        t->places[p->prev - 1].next = p->next;
    else
        *chain_of(t, p->hash) = p->next;
    if (p->next != 0)
        t->places[p->next - 1].prev = p->prev;
}

void mpci_pairs_add(mpci_pairs *t, uint32_t i, const mpconn_tuple leg[2])
{
    for (unsigned side = 0; side < 2; side++)
        add(t, 2 * i + side, hash_of(t, &leg[side], side));
}

void mpci_pairs_remove(mpci_pairs *t, uint32_t i)
{
    take_out(t, 2 * i);
    take_out(t, 2 * i + 1);
}

int mpci_pairs_has(const mpci_pairs *t, const mpconn_tuple *leg, unsigned side)
{
    uint64_t hash = hash_of(t, leg, side);
    uint32_t at = *chain_of(t, hash);
    unsigned n = 0;

    while (at != 0 && t->places[at - 1].hash != hash && n++ < MPCI_PAIRS_LOOK)
        at = t->places[at - 1].next;
    return at != 0;
}
