/* SPDX-License-Identifier: BSD-2-Clause */
#include "table/binding.h"

#include <mpconn/error.h>

int mpci_binding_init(mpci_bindings *t, mpci_alloc *a, uint32_t capacity, const mpci_sipkey *key)
{
    memset(t, 0, sizeof(*t));
    if (capacity == 0)
        return MPCONN_OK;
    t->entries = mpci_alloc_array(a, capacity, sizeof(*t->entries), sizeof(uint64_t));
    if (t->entries == NULL || mpci_index_init(&t->index, a, capacity) != 0 ||
        mpci_pairs_init(&t->pairs, a, capacity, key) != 0) {
        mpci_binding_fini(t, a);
        return MPCONN_ERR_NOMEM;
    }
    t->capacity = capacity;
    for (uint32_t n = capacity; n > 0; n--) {
        t->entries[n - 1].next_free = t->free_head;
        t->free_head = n;
    }
    return MPCONN_OK;
}

void mpci_binding_fini(mpci_bindings *t, mpci_alloc *a)
{
    mpci_pairs_fini(&t->pairs, a);
    mpci_index_fini(&t->index, a);
    mpci_alloc_free(a, t->entries);
    memset(t, 0, sizeof(*t));
}

mpci_binding_number mpci_binding_find(const mpci_bindings *t, uint64_t hash,
                                      const mpconn_tuple *server_leg)
{
    uint32_t slots[MPCI_INDEX_CANDIDATES];
    unsigned n;

    if (t->used == 0)
        return 0;
    n = mpci_index_find(&t->index, hash, slots);
    for (unsigned i = 0; i < n; i++) {
        const mpci_binding *b = &t->entries[slots[i]];

        if (b->hash == hash && mpci_tuple_equal(&b->server_leg, server_leg))
            return slots[i] + 1;
    }
    return 0;
}

/* Where only ports differ a packet without ports is the same on both legs. */
static int has_pairs(const mpci_binding *b)
{
    const mpconn_tuple *c = &b->client_leg, *s = &b->server_leg;

    return c->family != s->family || memcmp(&c->client, &s->client, sizeof(c->client)) != 0 ||
           memcmp(&c->server, &s->server, sizeof(c->server)) != 0;
}

static void add_pairs(mpci_bindings *t, mpci_binding_number n)
{
    const mpci_binding *b = &t->entries[n - 1];
    const mpconn_tuple legs[2] = {b->client_leg, b->server_leg};

    if (has_pairs(b))
        mpci_pairs_add(&t->pairs, n - 1, legs);
}

static void remove_pairs(mpci_bindings *t, mpci_binding_number n)
{
    if (has_pairs(&t->entries[n - 1]))
        mpci_pairs_remove(&t->pairs, n - 1);
}

int mpci_binding_shows(const mpci_bindings *t, const mpconn_tuple *leg, unsigned side)
{
    return t->used != 0 && mpci_pairs_has(&t->pairs, leg, side);
}

mpci_binding_number mpci_binding_add(mpci_bindings *t, uint64_t hash,
                                     const mpconn_tuple *server_leg, uint64_t client_hash,
                                     const mpconn_tuple *client_leg)
{
    mpci_binding_number n = t->free_head;
    mpci_binding *b;

    if (n == 0 || mpci_index_insert(&t->index, hash, n - 1) != 0)
        return 0;
    b = &t->entries[n - 1];
    t->free_head = b->next_free;
    t->used++;
    *b = (mpci_binding){
        .server_leg = *server_leg,
        .client_leg = *client_leg,
        .hash = hash,
        .client_hash = client_hash,
        .holders = 1,
    };
    add_pairs(t, n);
    return n;
}

int mpci_binding_change(mpci_bindings *t, mpci_binding_number n, uint64_t hash,
                        const mpconn_tuple *server_leg, uint64_t client_hash,
                        const mpconn_tuple *client_leg)
{
    mpci_binding *b = &t->entries[n - 1];

    if (b->hash != hash) {
        if (mpci_index_insert(&t->index, hash, n - 1) != 0)
            return MPCONN_ERR_LIMIT;
        (void)mpci_index_remove(&t->index, b->hash, n - 1);
    }
    remove_pairs(t, n);
    b->server_leg = *server_leg;
    b->client_leg = *client_leg;
    b->hash = hash;
    b->client_hash = client_hash;
    add_pairs(t, n);
    return MPCONN_OK;
}

mpci_binding_number mpci_binding_take(mpci_bindings *t, mpci_binding_number n)
{
    if (n != 0)
        t->entries[n - 1].holders++;
    return n;
}

int mpci_binding_drop(mpci_bindings *t, mpci_binding_number n)
{
    mpci_binding *b;

    if (n == 0)
        return 0;
    b = &t->entries[n - 1];
    if (--b->holders > 0)
        return 0;
    (void)mpci_index_remove(&t->index, b->hash, n - 1);
    remove_pairs(t, n);
    memset(b, 0, sizeof(*b));
    b->next_free = t->free_head;
    t->free_head = n;
    t->used--;
    return 1;
}
