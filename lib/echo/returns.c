/* SPDX-License-Identifier: BSD-2-Clause */
#include "echo/returns.h"

#include "base/cursor.h"
#include "sync/sync.h"

#include <string.h>

int mpci_returns_init(mpci_returns *r, mpci_alloc *a, const mpci_sipkey *key, uint32_t capacity)
{
    r->hash_key = key;
    return mpci_cache_init(&r->cache, a, capacity, sizeof(mpci_return));
}

void mpci_returns_fini(mpci_returns *r, mpci_alloc *a)
{
    mpci_cache_fini(&r->cache, a);
}

static mpconn_addr network_of(const mpconn_tuple *t)
{
    mpconn_addr n = {{0}};

    memcpy(n.bytes, t->client.bytes, t->family == MPCONN_FAMILY_IPV6 ? 7 : 3);
    return n;
}

static uint64_t hash_of(const mpci_returns *r, const mpconn_tuple *t)
{
    mpconn_addr network = network_of(t);
    uint8_t bytes[2 * sizeof(mpconn_addr) + 3];
    mpci_writer w = mpci_writer_of(bytes, sizeof bytes);

    mpci_write_bytes(&w, network.bytes, sizeof network.bytes);
    mpci_write_bytes(&w, t->server.bytes, sizeof t->server.bytes);
    mpci_write_number(&w, t->family, 1);
    mpci_write_number(&w, t->zone, 2);
    return mpci_siphash13(r->hash_key, bytes, sizeof bytes);
}

static int is_young(const mpci_return *e, mpconn_time now)
{
    return e->key.hash != 0 && now - e->learned < MPCI_RETURN_LASTS_NS;
}

/* What nobody has proved pushes out nothing that somebody has: a flood brings plenty of it. */
static int has_room(const mpci_returns *r, uint64_t hash, mpconn_time now)
{
    const mpci_return *oldest;

    if (mpci_cache_find(&r->cache, hash) != NULL)
        return 1;
    oldest = (const mpci_return *)(const void *)mpci_cache_oldest(&r->cache, hash);
    return !is_young(oldest, now) || !oldest->proved;
}

static mpci_return *take(mpci_returns *r, const mpconn_tuple *t, uint32_t link, mpconn_time now)
{
    mpci_return *e = mpci_cache_take(&r->cache, hash_of(r, t), now);

    if (e->family == MPCONN_FAMILY_NONE)
        e->origin = (uint16_t)MPCONN_MEMBER_ALL;
    if (e->link != link) {
        e->proved = 0;
        e->answered = 0;
        e->caller = 0;
    }
    e->client = network_of(t);
    e->server = t->server;
    e->family = t->family;
    e->zone = t->zone;
    e->link = (uint16_t)link;
    e->learned = now;
    return e;
}

/* Of a client, and of its SYN. */
static uint64_t caller_of(const mpci_returns *r, const mpconn_tuple *t)
{
    uint8_t bytes[sizeof(mpconn_addr) + 4];
    mpci_writer w = mpci_writer_of(bytes, sizeof bytes);

    mpci_write_bytes(&w, t->client.bytes, sizeof t->client.bytes);
    mpci_write_number(&w, t->client_port, 2);
    mpci_write_number(&w, t->server_port, 2);
    return mpci_siphash13(r->hash_key, bytes, sizeof bytes);
}

static uint64_t print_of(const mpci_returns *r, const mpconn_tuple *t, uint32_t isn)
{
    uint8_t bytes[12];
    mpci_writer w = mpci_writer_of(bytes, sizeof bytes);

    mpci_write_number(&w, caller_of(r, t), 8);
    mpci_write_number(&w, isn, 4);
    return mpci_siphash13(r->hash_key, bytes, sizeof bytes);
}

mpci_return *mpci_returns_show(mpci_returns *r, const mpconn_tuple *t, uint32_t link,
                               uint32_t origin, mpconn_time now)
{
    mpci_return *e;

    if (!has_room(r, hash_of(r, t), now))
        return NULL;
    e = take(r, t, link, now);
    if (e->origin != origin)
        e->told = 0;
    e->origin = (uint16_t)origin;
    return e;
}

mpci_return *mpci_returns_learn(mpci_returns *r, const mpconn_tuple *t, uint32_t isn, uint32_t link,
                                uint32_t origin, mpconn_time now)
{
    mpci_return *e = mpci_returns_show(r, t, link, origin, now);

    if (e != NULL) {
        e->answered = print_of(r, t, isn);
        e->caller = caller_of(r, t);
    }
    return e;
}

void mpci_returns_saw(mpci_returns *r, const mpconn_tuple *t, uint32_t link, mpconn_time now)
{
    take(r, t, link, now)->proved = 1;
}

void mpci_returns_prove(mpci_returns *r, const mpconn_tuple *t, uint32_t isn)
{
    mpci_return *e = mpci_cache_find(&r->cache, hash_of(r, t));

    if (e != NULL && e->answered == print_of(r, t, isn))
        e->proved = 1;
}

const mpci_return *mpci_returns_find(const mpci_returns *r, const mpconn_tuple *t, mpconn_time now)
{
    const mpci_return *e = mpci_cache_find(&r->cache, hash_of(r, t));

    return e != NULL && e->proved && is_young(e, now) ? e : NULL;
}

const mpci_return *mpci_returns_find_caller(const mpci_returns *r, const mpconn_tuple *t,
                                            mpconn_time now)
{
    const mpci_return *e = mpci_cache_find(&r->cache, hash_of(r, t));

    return e != NULL && is_young(e, now) && (e->proved || e->caller == caller_of(r, t)) ? e : NULL;
}
