/* SPDX-License-Identifier: BSD-2-Clause */
#include "table/fragments.h"

#include <mpconn/error.h>

int mpci_fragments_init(mpci_fragments *t, mpci_alloc *a, uint32_t capacity)
{
    uint32_t n = 1;

    *t = (mpci_fragments){0};
    if (capacity == 0)
        return MPCONN_OK;
    while (n < capacity / MPCI_FRAGMENTS_WAYS + (capacity % MPCI_FRAGMENTS_WAYS != 0))
        n *= 2;
    t->table = mpci_alloc_array(a, (size_t)n * MPCI_FRAGMENTS_WAYS, sizeof *t->table,
                                sizeof *t->table);
    t->mask = n - 1;
    return t->table != NULL ? MPCONN_OK : MPCONN_ERR_NOMEM;
}

void mpci_fragments_fini(mpci_fragments *t, mpci_alloc *a)
{
    mpci_alloc_free(a, t->table);
    t->table = NULL;
}

void mpci_fragments_key(mpci_fragment_key *key, const mpci_ip *ip, const uint8_t *data,
                        uint32_t zone)
{
    unsigned n = mpci_ip_addr_len(ip->family);

    memset(key, 0, sizeof *key);
    memcpy(key->src, mpci_ip_src(ip->family, data), n);
    memcpy(key->dst, mpci_ip_dst(ip->family, data), n);
    key->id = ip->fragment_id;
    key->zone = (uint16_t)zone;
    key->family = ip->family;
    key->proto = ip->family == MPCONN_FAMILY_IPV4 ? ip->proto : 0;
}

/* Keyed: nobody can choose packets that share a bucket. */
static mpci_fragment *bucket_of(const mpci_fragments *t, const mpci_sipkey *sipkey,
                                const mpci_fragment_key *key)
{
    uint64_t hash = mpci_siphash13(sipkey, (const uint8_t *)key, sizeof *key);

    return t->table + (size_t)((uint32_t)hash & t->mask) * MPCI_FRAGMENTS_WAYS;
}

static int is_alive(const mpci_fragment *f, mpconn_time now)
{
    return f->flow != 0 && now - f->since < MPCI_FRAGMENTS_LIFE_NS;
}

static int is_of(const mpci_fragment *f, const mpci_fragment_key *key)
{
    return memcmp(&f->key, key, sizeof *key) == 0;
}

/* Its own place if it has one, else that of the oldest; an empty one was never used. */
static mpci_fragment *place_for(mpci_fragment *bucket, const mpci_fragment_key *key)
{
    mpci_fragment *oldest = bucket;

    for (unsigned i = 0; i < MPCI_FRAGMENTS_WAYS; i++) {
        if (is_of(&bucket[i], key))
            return &bucket[i];
        if (bucket[i].since < oldest->since)
            oldest = &bucket[i];
    }
    return oldest;
}

int mpci_fragments_add(mpci_fragments *t, const mpci_sipkey *sipkey, const mpci_fragment_key *key,
                       uint64_t flow, mpconn_time now)
{
    mpci_fragment *f;
    int displaced;

    if (t->table == NULL)
        return 0;
    f = place_for(bucket_of(t, sipkey, key), key);
    displaced = is_alive(f, now) && !is_of(f, key);
    *f = (mpci_fragment){.key = *key, .since = now, .flow = flow};
    return displaced;
}

uint64_t mpci_fragments_find(const mpci_fragments *t, const mpci_sipkey *sipkey,
                             const mpci_fragment_key *key, mpconn_time now)
{
    const mpci_fragment *bucket;

    if (t->table == NULL)
        return 0;
    bucket = bucket_of(t, sipkey, key);
    for (unsigned i = 0; i < MPCI_FRAGMENTS_WAYS; i++)
        if (is_of(&bucket[i], key) && is_alive(&bucket[i], now))
            return bucket[i].flow;
    return 0;
}
