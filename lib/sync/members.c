/* SPDX-License-Identifier: BSD-2-Clause */
#include "sync/members.h"

#include "base/cursor.h"

mpci_member *mpci_members_find(const mpci_members *m, uint32_t id)
{
    uint32_t low = 0, high = m->n;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (m->list[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < m->n && m->list[low].id == id ? &m->list[low] : NULL;
}

uint64_t mpci_member_challenge(const mpci_members *m, const mpci_member *p)
{
    uint8_t bytes[10];

    mpci_store16(bytes, p->id);
    mpci_store64(bytes + 2, p->changes);
    return mpci_siphash24(&m->challenge_key, bytes, sizeof bytes) | 1;
}

unsigned mpci_member_greeted(const mpci_members *m, uint64_t answer, mpconn_time now)
{
    uint8_t bytes[16];

    mpci_store64(bytes, answer);
    mpci_store64(bytes + 8, now / MPCONN_SECOND);
    return (unsigned)mpci_siphash24(&m->challenge_key, bytes, sizeof bytes) % MPCI_GREETED;
}

void mpci_member_begin(mpci_member *p, uint64_t boot, uint64_t sequence)
{
    p->boot_before = p->boot;
    p->boot = boot;
    p->changes++;
    p->differs = 0;
    mpci_window_begin_after(&p->taken, sequence);
}

/* By a key of the cluster and in one byte order, unlike the hash of the table, which is each
 * engine's own. */
static uint64_t connection_hash(const mpci_members *m, const mpconn_tuple *t)
{
    uint8_t bytes[2 * sizeof(mpconn_addr) + 7];
    mpci_writer w = mpci_writer_of(bytes, sizeof bytes);

    mpci_write_number(&w, t->family, 1);
    mpci_write_number(&w, t->zone, 2);
    mpci_write_bytes(&w, t->client.bytes, sizeof t->client.bytes);
    mpci_write_bytes(&w, t->server.bytes, sizeof t->server.bytes);
    mpci_write_number(&w, t->client_port, 2);
    mpci_write_number(&w, t->server_port, 2);
    return mpci_siphash13(&m->order_key, bytes, sizeof bytes);
}

uint64_t mpci_members_session_key(const mpci_members *m,
                                  const char name[MPCONN_SESSION_NAME_MAX + 1])
{
    return mpci_siphash13(&m->order_key, (const uint8_t *)name, MPCONN_SESSION_NAME_MAX + 1);
}

static uint64_t rank(const mpci_members *m, uint64_t key, uint32_t id)
{
    uint8_t bytes[10];

    mpci_store64(bytes, key);
    mpci_store16(bytes + 8, (uint16_t)id);
    return mpci_siphash13(&m->order_key, bytes, sizeof bytes);
}

typedef struct ranking {
    uint64_t rank[MPCI_DIRECTORS];
    uint32_t id[MPCI_DIRECTORS];
    unsigned n;
} ranking;

static void stand(ranking *r, uint64_t rank, uint32_t id)
{
    unsigned at = r->n;

    while (at > 0 && (rank > r->rank[at - 1] || (rank == r->rank[at - 1] && id < r->id[at - 1])))
        at--;
    if (at == MPCI_DIRECTORS)
        return;
    if (r->n < MPCI_DIRECTORS)
        r->n++;
    for (unsigned i = r->n - 1; i > at; i--) {
        r->rank[i] = r->rank[i - 1];
        r->id[i] = r->id[i - 1];
    }
    r->rank[at] = rank;
    r->id[at] = id;
}

unsigned mpci_members_directors(const mpci_members *m, uint64_t key, uint32_t ids[MPCI_DIRECTORS])
{
    ranking r = {{0}, {0}, 0};

    stand(&r, rank(m, key, m->self), m->self);
    for (uint32_t i = 0; i < m->n; i++)
        if (m->list[i].up)
            stand(&r, rank(m, key, m->list[i].id), m->list[i].id);
    memcpy(ids, r.id, sizeof r.id);
    return r.n;
}

uint32_t mpci_members_registrar(const mpci_members *m, const mpconn_tuple *tuple)
{
    uint32_t ids[MPCI_DIRECTORS];

    (void)mpci_members_directors(m, connection_hash(m, tuple), ids);
    return ids[0];
}
