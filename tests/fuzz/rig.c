/* SPDX-License-Identifier: BSD-2-Clause */
#include "fuzz/rig.h"

#include <stdio.h>
#include <stdlib.h>

static const uint8_t first_key[16] = "the first secret";

void rig_fail(const char *what, const char *file, int line)
{
    fflush(stdout);
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
    abort();
}

static void *take(size_t size)
{
    void *p = malloc(size > 0 ? size : 1);

    RIG_HOLDS(p != NULL);
    return p;
}

static void log_bytes(rig_log *l, const void *bytes, size_t len)
{
    if (l->cap - l->len < len) {
        l->cap = 2 * l->cap + len;
        l->bytes = realloc(l->bytes, l->cap);
        RIG_HOLDS(l->bytes != NULL);
    }
    memcpy(l->bytes + l->len, bytes, len);
    l->len += len;
}

static void log_number(rig_log *l, uint64_t n)
{
    log_bytes(l, &n, sizeof(n));
}

/* ---- hooks ---- */

static void *on_alloc(void *user, size_t size)
{
    rig *r = user;

    RIG_HOLDS(r->making);
    r->allocations++;
    return malloc(size);
}

static void on_free(void *user, void *p)
{
    rig *r = user;

    RIG_HOLDS(r->making && p != NULL);
    r->allocations--;
    free(p);
}

/* From inside a hook no call may change the engine. */
static void call_back(const rig_member *m)
{
    mpconn_pkt *none[1] = {NULL};
    mpconn_stats s;

    RIG_HOLDS(mpconn_engine_input(m->eng, none, 0, m->rig->now) == MPCONN_ERR_REENTRANT);
    RIG_HOLDS(mpconn_engine_expire(m->eng, 0, NULL, m->rig->now) == MPCONN_ERR_REENTRANT);
    RIG_HOLDS(mpconn_engine_del(m->eng) == MPCONN_ERR_REENTRANT);
    MPCONN_STRUCT_INIT(&s);
    RIG_HOLDS(mpconn_engine_stats(m->eng, &s) == MPCONN_OK);
}

static int on_send(void *user, const mpconn_pkt *const *pkts, size_t n)
{
    rig_member *m = user;

    RIG_HOLDS(n > 0);
    call_back(m);
    for (size_t i = 0; i < n; i++) {
        rig_check_made(pkts[i]);
        log_number(&m->sent, (uint64_t)pkts[i]->side << 32 | pkts[i]->link);
        log_number(&m->sent, pkts[i]->mark);
        log_bytes(&m->sent, pkts[i]->data, pkts[i]->len);
    }
    m->made += n;
    if (!m->rig->send_fails)
        return (int)n;
    m->lost += n;
    return -1;
}

static int on_random(void *user, uint8_t *dst, size_t len)
{
    rig_member *m = user;

    while (len-- > 0) {
        m->random = m->random * UINT64_C(6364136223846793005) + 1442695040888963407;
        *dst++ = (uint8_t)(m->random >> 56);
    }
    return 0;
}

static int on_admit(void *user, const mpconn_admit_request *request)
{
    rig_member *m = user;

    call_back(m);
    RIG_HOLDS(request->suggestion == MPCONN_ADMIT_SPLIT ||
              request->suggestion == MPCONN_ADMIT_TRACK);
    log_bytes(&m->told, &request->tuple, sizeof(request->tuple));
    log_number(&m->told, (uint64_t)request->isn << 32 | request->unproved);
    return (int)m->rig->admit;
}

/* A packet may be held and set free in one call, before the host has seen its verdict. */
static void on_release(void *user, uint64_t hold, unsigned reason)
{
    rig_member *m = user;
    unsigned n = 0;

    call_back(m);
    for (unsigned i = 0; i < m->n_held; i++) {
        if (m->held[i].pkt.flow == hold && !m->held[i].released) {
            m->held[i].released = 1;
            n++;
        }
    }
    for (unsigned i = 0; i < m->n_flight; i++) {
        if (m->flight[i]->verdict == MPCONN_VERDICT_HOLD && m->flight[i]->flow == hold) {
            m->flight_released |= UINT64_C(1) << i;
            n++;
        }
    }
    RIG_HOLDS(n > 0);
    log_number(&m->told, hold);
    log_number(&m->told, reason);
}

static void on_event(void *user, const mpconn_event *e)
{
    rig_member *m = user;

    call_back(m);
    m->settled += e->type == MPCONN_EVENT_SETTLED;
    m->ended += e->type == MPCONN_EVENT_ENDED;
    RIG_HOLDS((e->type == MPCONN_EVENT_REFUSED) == (e->flow == 0));
    RIG_HOLDS(mpconn_reason_name(e->reason) != NULL);
    log_number(&m->told, (uint64_t)e->type << 32 | e->reason);
    log_number(&m->told, e->flow);
    log_bytes(&m->told, &e->tuple, sizeof(e->tuple));
    if (e->client != NULL)
        log_bytes(&m->told, e->client, sizeof(*e->client));
    if (e->server != NULL)
        log_bytes(&m->told, e->server, sizeof(*e->server));
    if (e->delta != NULL)
        log_bytes(&m->told, e->delta, sizeof(*e->delta));
}

/* ---- life ---- */

void rig_init(rig *r)
{
    memset(r, 0, sizeof(*r));
    r->now = 1000 * MPCONN_SECOND;
    r->batch = 1;
    MPCONN_STRUCT_INIT(&r->cfg);
    r->cfg.key = first_key;
    r->cfg.key_len = sizeof(first_key);
    r->cfg.allocator.alloc = on_alloc;
    r->cfg.allocator.release = on_free;
    r->cfg.allocator.user = r;
    MPCONN_STRUCT_INIT(&r->cb);
    r->cb.send_packets = on_send;
    r->cb.random = on_random;
    r->cb.admit = on_admit;
    r->cb.release = on_release;
    r->cb.event = on_event;
}

void rig_start(rig *r)
{
    r->making = 1;
    for (unsigned i = 0; i < 2; i++) {
        rig_member *m = &r->member[i];

        m->rig = r;
        RIG_HOLDS(mpconn_engine_new(&m->eng, &r->cfg, &r->cb, m, r->now) == MPCONN_OK);
    }
    r->making = 0;
}

void rig_stop(rig *r)
{
    rig_flush(r);
    r->making = 1;
    for (unsigned i = 0; i < 2; i++) {
        rig_member *m = &r->member[i];

        RIG_HOLDS(mpconn_engine_del(m->eng) == MPCONN_OK);
        for (unsigned k = 0; k < m->n_held; k++)
            free(m->held[k].pkt.data);
        free(m->sent.bytes);
        free(m->told.bytes);
    }
    RIG_HOLDS(r->allocations == 0);
}

/* ---- calls ---- */

static void check_all(rig *r)
{
    for (unsigned i = 0; i < 2; i++)
        rig_check_member(&r->member[i]);
    rig_check_alike(r);
    for (unsigned i = 0; i < 2; i++)
        r->member[i].sent.len = r->member[i].told.len = 0;
}

void rig_queue(rig *r, const uint8_t *bytes, size_t len, const rig_meta *meta, int tag)
{
    rig_packet *p = &r->queue[r->n_queue++];

    RIG_HOLDS(len <= RIG_PACKET);
    memcpy(p->bytes, bytes, len);
    p->len = (uint32_t)len;
    p->meta = *meta;
    p->tag = tag;
    if (r->n_queue >= r->batch)
        rig_flush(r);
}

/* One member's own copy of a queued packet, in a buffer of just its size: what reads or writes
 * beyond it is caught by the address sanitizer. */
static void hand_in(const rig_packet *p, mpconn_pkt *pkt, mpconn_pkt_ext *ext)
{
    uint32_t len = p->len - (p->meta.cut < p->len ? p->meta.cut : p->len);
    uint32_t cap = len + p->meta.cap;

    memset(pkt, 0, sizeof(*pkt));
    pkt->data = take(cap);
    memset(pkt->data, 0xa5, cap);
    memcpy(pkt->data, p->bytes, len);
    pkt->len = len;
    pkt->cap = cap;
    pkt->flags = p->meta.flags;
    pkt->link = p->meta.link;
    pkt->zone = p->meta.zone;
    pkt->side = p->meta.side;
    pkt->mark = 7;
    *ext = p->meta.ext;
    pkt->ext = p->meta.has_ext ? ext : NULL;
}

/* Packets the host will not hand in again make room. */
static void give_up_released(rig_member *m)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < m->n_held; i++) {
        if (m->held[i].released)
            free(m->held[i].pkt.data);
        else
            m->held[kept++] = m->held[i];
    }
    m->n_held = kept;
}

/* Keep what is held, free the rest. */
static void put_away(rig_member *m, const mpconn_pkt *pkt, const mpconn_pkt_ext *ext, int released)
{
    rig_held *h;

    if (pkt->verdict != MPCONN_VERDICT_HOLD) {
        free(pkt->data);
        return;
    }
    if (m->n_held == RIG_HELD)
        give_up_released(m);
    RIG_HOLDS(m->n_held < RIG_HELD);
    h = &m->held[m->n_held++];
    h->pkt = *pkt;
    h->ext = *ext;
    h->released = released;
}

static void input(rig *r, rig_member *m, mpconn_pkt *const *list, unsigned n)
{
    /* no verdict yet: on_release() tells by it how far the call has come */
    for (unsigned i = 0; i < n; i++)
        list[i]->verdict = UINT8_MAX;
    m->flight = list;
    m->n_flight = n;
    m->flight_released = 0;
    RIG_HOLDS(mpconn_engine_input(m->eng, list, n, r->now) == MPCONN_OK);
    m->n_flight = 0;
}

/* Has the packet been handled as both its bytes and what the engine did with it ask for? */
static void check_single(rig *r, rig_member *m, mpconn_pkt *pkt)
{
    mpconn_pkt handed = *pkt, *list[1] = {pkt};
    mpconn_pkt_ext ext;
    uint8_t *before = take(pkt->len);
    size_t sent = m->sent.len, told = m->told.len;

    memcpy(before, pkt->data, pkt->len);
    handed.data = before;
    if (pkt->ext != NULL) {
        ext = *pkt->ext;
        handed.ext = &ext;
    }
    input(r, m, list, 1);
    rig_check_packet(m, &handed, pkt, m->sent.len - sent, m->told.len - told);
    free(before);
}

static void compare(const mpconn_pkt *a, const mpconn_pkt *b)
{
    RIG_HOLDS(a->verdict == b->verdict && a->reason == b->reason && a->flow == b->flow);
    RIG_HOLDS(a->side == b->side && a->link == b->link && a->flags == b->flags);
    RIG_HOLDS(a->len == b->len && a->cap == b->cap && a->mark == b->mark);
    RIG_HOLDS(memcmp(a->data, b->data, a->cap) == 0);
}

void rig_flush(rig *r)
{
    mpconn_pkt pkt[2][RIG_QUEUE], *list[RIG_QUEUE];
    mpconn_pkt_ext ext[2][RIG_QUEUE];
    unsigned n = r->n_queue;

    if (n == 0)
        return;
    r->n_queue = 0;
    for (unsigned i = 0; i < n; i++) {
        hand_in(&r->queue[i], &pkt[0][i], &ext[0][i]);
        hand_in(&r->queue[i], &pkt[1][i], &ext[1][i]);
        list[i] = &pkt[0][i];
    }
    input(r, &r->member[0], list, n);
    for (unsigned i = 0; i < n; i++) {
        check_single(r, &r->member[1], &pkt[1][i]);
        compare(&pkt[0][i], &pkt[1][i]);
        if (r->after != NULL)
            r->after(r->arg, r->queue[i].tag, &pkt[1][i]);
        put_away(&r->member[0], &pkt[0][i], &ext[0][i],
                 (int)(r->member[0].flight_released >> i & 1));
        put_away(&r->member[1], &pkt[1][i], &ext[1][i], 0);
    }
    check_all(r);
}

/* Hand in what a member was given free, oldest first, and leave it out of its list. */
static unsigned take_released(rig_member *m, rig_held *out)
{
    unsigned n = 0, kept = 0;

    for (unsigned i = 0; i < m->n_held; i++) {
        if (m->held[i].released && n < RIG_QUEUE)
            out[n++] = m->held[i];
        else
            m->held[kept++] = m->held[i];
    }
    m->n_held = kept;
    for (unsigned i = 0; i < n; i++)
        if (out[i].pkt.ext != NULL)
            out[i].pkt.ext = &out[i].ext;
    return n;
}

void rig_resubmit(rig *r)
{
    rig_held out[2][RIG_QUEUE];
    mpconn_pkt *list[RIG_QUEUE];
    unsigned n;

    rig_flush(r);
    n = take_released(&r->member[0], out[0]);
    RIG_HOLDS(take_released(&r->member[1], out[1]) == n);
    for (unsigned i = 0; i < n; i++)
        list[i] = &out[0][i].pkt;
    input(r, &r->member[0], list, n);
    for (unsigned i = 0; i < n; i++) {
        check_single(r, &r->member[1], &out[1][i].pkt);
        compare(&out[0][i].pkt, &out[1][i].pkt);
        RIG_HOLDS(out[0][i].pkt.verdict != MPCONN_VERDICT_HOLD);
        free(out[0][i].pkt.data);
        free(out[1][i].pkt.data);
    }
    check_all(r);
}

void rig_wait(rig *r, uint64_t ns, uint32_t budget)
{
    rig_flush(r);
    /* the last reading there is comes before MPCONN_TIME_NEVER */
    r->now = ns < MPCONN_TIME_NEVER - 1 - r->now ? r->now + ns : MPCONN_TIME_NEVER - 1;
    for (unsigned i = 0; i < 2; i++) {
        uint32_t done;
        mpconn_engine *eng = r->member[i].eng;

        RIG_HOLDS(mpconn_engine_expire(eng, budget, &done, r->now) == MPCONN_OK);
        if (budget == 0)
            RIG_HOLDS(mpconn_engine_next_expiry(eng) > r->now);
    }
    check_all(r);
}

void rig_kill(rig *r, const mpconn_flow_filter *filter)
{
    size_t killed[2];

    rig_flush(r);
    for (unsigned i = 0; i < 2; i++)
        RIG_HOLDS(mpconn_engine_kill(r->member[i].eng, filter, &killed[i], r->now) == MPCONN_OK);
    RIG_HOLDS(killed[0] == killed[1]);
    check_all(r);
}

void rig_set_key(rig *r, const uint8_t *key, size_t len)
{
    rig_flush(r);
    for (unsigned i = 0; i < 2; i++)
        RIG_HOLDS(mpconn_engine_set_key(r->member[i].eng, key, len, r->now) == MPCONN_OK);
    check_all(r);
}

void rig_set_timeouts(rig *r, const mpconn_timeouts *t)
{
    rig_flush(r);
    for (unsigned i = 0; i < 2; i++)
        RIG_HOLDS(mpconn_engine_set_timeouts(r->member[i].eng, t, r->now) == MPCONN_OK);
    check_all(r);
}

void rig_set_batch(rig *r, unsigned n)
{
    rig_flush(r);
    r->batch = n < 1 ? 1 : n > RIG_QUEUE ? RIG_QUEUE : n;
}
