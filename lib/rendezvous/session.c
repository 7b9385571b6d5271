/* SPDX-License-Identifier: BSD-2-Clause */
#include "rendezvous/session.h"

#include "packet/ip.h"

int mpci_sessions_init(mpci_sessions *t, mpci_alloc *a, const mpci_sipkey *key, uint32_t capacity,
                       uint32_t candidates)
{
    memset(t, 0, sizeof(*t));
    t->key = key;
    if (capacity == 0)
        return MPCONN_OK;
    t->entries = mpci_alloc_array(a, capacity, sizeof(*t->entries), 64);
    t->candidates = mpci_alloc_array(a, candidates, sizeof(*t->candidates), 64);
    if (t->entries == NULL || t->candidates == NULL ||
        mpci_index_init(&t->by_name, a, capacity) != MPCONN_OK ||
        mpci_index_init(&t->by_termination, a, 2 * capacity) != MPCONN_OK) {
        mpci_sessions_fini(t, a);
        return MPCONN_ERR_NOMEM;
    }
    t->capacity = capacity;
    t->n_candidates = candidates;
    for (uint32_t n = capacity; n > 0; n--) {
        t->entries[n - 1].candidates[0] = t->free_head;
        t->free_head = n;
    }
    for (uint32_t n = candidates; n > 0; n--) {
        t->candidates[n - 1].next = t->free_candidate;
        t->free_candidate = n;
    }
    return MPCONN_OK;
}

void mpci_sessions_fini(mpci_sessions *t, mpci_alloc *a)
{
    mpci_index_fini(&t->by_name, a);
    mpci_index_fini(&t->by_termination, a);
    mpci_alloc_free(a, t->candidates);
    mpci_alloc_free(a, t->entries);
    memset(t, 0, sizeof(*t));
}

/* --- finding --- */

static uint64_t hash_of_name(const mpci_sessions *t, const char *name)
{
    return mpci_siphash13(t->key, (const uint8_t *)name, MPCI_SESSION_NAME);
}

/* What is called is hashed as a connection to it would be, from nowhere. */
static uint64_t hash_of_called(const mpci_sessions *t, unsigned family, const uint8_t *addr,
                               uint16_t port, uint16_t zone)
{
    mpconn_tuple called = {.server_port = port, .zone = zone, .family = (uint8_t)family};

    memcpy(called.server.bytes, addr, mpci_ip_addr_len(family));
    return mpci_tuple_hash(t->key, &called);
}

static uint64_t hash_of_termination(const mpci_sessions *t, const mpconn_session_config *c,
                                    unsigned side)
{
    const mpconn_termination *at = &c->termination[side];

    return hash_of_called(t, at->family, at->local.bytes, at->local_port, c->zone);
}

mpci_termination_number mpci_sessions_called(const mpci_sessions *t, unsigned family,
                                             const uint8_t *addr, uint16_t port, uint16_t zone)
{
    uint32_t found[MPCI_INDEX_CANDIDATES];
    unsigned n;

    if (t->used == 0)
        return 0;
    n = mpci_index_find(&t->by_termination, hash_of_called(t, family, addr, port, zone), found);
    for (unsigned i = 0; i < n; i++) {
        const mpconn_session_config *c =
            &mpci_session_at(t, mpci_termination_session(found[i]))->config;
        const mpconn_termination *at = &c->termination[mpci_termination_side(found[i])];

        if (at->local_port == port && c->zone == zone && at->family == family &&
            memcmp(at->local.bytes, addr, mpci_ip_addr_len(family)) == 0)
            return found[i];
    }
    return 0;
}

mpci_session_number mpci_sessions_named(const mpci_sessions *t, const char *name)
{
    uint32_t found[MPCI_INDEX_CANDIDATES];
    unsigned n;

    if (t->used == 0)
        return 0;
    n = mpci_index_find(&t->by_name, hash_of_name(t, name), found);
    for (unsigned i = 0; i < n; i++)
        if (memcmp(mpci_session_at(t, found[i])->config.name, name, MPCI_SESSION_NAME) == 0)
            return found[i];
    return 0;
}

void mpci_session_leg(const mpci_session *s, unsigned side, mpconn_tuple *out)
{
    const mpconn_termination *at = &s->config.termination[side];
    const mpci_request *r = &s->request[side];
    int is_server = side == MPCONN_SIDE_SERVER;

    *out = (mpconn_tuple){
        .client = is_server ? at->local : r->remote,
        .server = is_server ? r->remote : at->local,
        .client_port = is_server ? at->local_port : r->port,
        .server_port = is_server ? r->port : at->local_port,
        .zone = s->config.zone,
        .family = at->family,
    };
}

/* --- coming and going --- */

static int is_called(const mpci_sessions *t, const mpconn_session_config *c, unsigned side)
{
    const mpconn_termination *at = &c->termination[side];

    return mpci_sessions_called(t, at->family, at->local.bytes, at->local_port, c->zone) != 0;
}

/* All that lead to it, or none. */
static int make_known(mpci_sessions *t, const mpconn_session_config *c, mpci_session_number n)
{
    uint64_t name = hash_of_name(t, c->name);
    uint64_t called[2] = {hash_of_termination(t, c, 0), hash_of_termination(t, c, 1)};

    if (mpci_index_insert(&t->by_name, name, n) != MPCONN_OK)
        return MPCONN_ERR_LIMIT;
    for (unsigned side = 0; side < 2; side++) {
        if (mpci_index_insert(&t->by_termination, called[side], mpci_termination_of(n, side)) ==
            MPCONN_OK)
            continue;
        if (side > 0)
            (void)mpci_index_remove(&t->by_termination, called[0], mpci_termination_of(n, 0));
        (void)mpci_index_remove(&t->by_name, name, n);
        return MPCONN_ERR_LIMIT;
    }
    return MPCONN_OK;
}

int mpci_sessions_add(mpci_sessions *t, const mpconn_session_config *config,
                      mpci_session_number *n)
{
    mpci_session *s;

    if (mpci_sessions_named(t, config->name) != 0 || is_called(t, config, 0) ||
        is_called(t, config, 1))
        return MPCONN_ERR_EXISTS;
    *n = t->free_head;
    if (*n == 0 || make_known(t, config, *n) != MPCONN_OK)
        return MPCONN_ERR_LIMIT;
    s = mpci_session_at(t, *n);
    t->free_head = s->candidates[0];
    t->used++;
    memset(s, 0, sizeof(*s));
    s->config = *config;
    s->version = 1;
    return MPCONN_OK;
}

/* Clients that wait give up, and those that were answered acknowledge or do not. What becomes of a
 * connection is its flow's business. */
static int is_waiting(unsigned state)
{
    return state != MPCONN_SESSION_IDLE && state != MPCONN_SESSION_ESTABLISHED &&
           state != MPCONN_SESSION_CLOSING;
}

void mpci_session_enter(mpci_sessions *t, mpci_session *s, unsigned state, mpconn_time now)
{
    if (!mpci_sessions_wait(t))
        t->waits_since = now;
    t->waiting += (uint32_t)is_waiting(state) - (uint32_t)is_waiting(s->state);
    s->state = (uint8_t)state;
    s->marks &= (uint8_t)~MPCI_MARK_STRANGER;
    s->since = now;
}

void mpci_sessions_remove(mpci_sessions *t, mpci_session_number n)
{
    mpci_session *s = mpci_session_at(t, n);

    t->waiting -= (uint32_t)is_waiting(s->state);
    (void)mpci_index_remove(&t->by_name, hash_of_name(t, s->config.name), n);
    for (unsigned side = 0; side < 2; side++) {
        (void)mpci_index_remove(&t->by_termination, hash_of_termination(t, &s->config, side),
                                mpci_termination_of(n, side));
        while (s->candidates[side] != 0)
            mpci_candidate_remove(t, s, side, s->candidates[side]);
    }
    memset(s, 0, sizeof(*s));
    s->candidates[0] = t->free_head;
    t->free_head = n;
    t->used--;
}

/* --- candidates --- */

unsigned mpci_candidate_count(const mpci_sessions *t, const mpci_session *s, unsigned side)
{
    unsigned n = 0;

    for (mpci_candidate_number c = s->candidates[side]; c != 0; c = mpci_candidate_at(t, c)->next)
        n++;
    return n;
}

mpci_candidate_number mpci_candidate_add(mpci_sessions *t, mpci_session *s, unsigned side,
                                         const mpci_request *request)
{
    mpci_candidate_number n = t->free_candidate, *last = &s->candidates[side];
    unsigned before = 0;

    for (; *last != 0; before++)
        last = &mpci_candidate_at(t, *last)->next;
    if (n == 0 || before >= s->config.candidates)
        return 0;
    if (!mpci_sessions_wait(t))
        t->waits_since = request->last;
    t->free_candidate = mpci_candidate_at(t, n)->next;
    t->used_candidates++;
    *mpci_candidate_at(t, n) = (mpci_candidate){.request = *request};
    *last = n;
    return n;
}

void mpci_candidate_remove(mpci_sessions *t, mpci_session *s, unsigned side,
                           mpci_candidate_number n)
{
    mpci_candidate_number *at = &s->candidates[side];

    while (*at != n)
        at = &mpci_candidate_at(t, *at)->next;
    *at = mpci_candidate_at(t, n)->next;
    mpci_candidate_at(t, n)->next = t->free_candidate;
    t->free_candidate = n;
    t->used_candidates--;
}
