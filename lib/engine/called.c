/* SPDX-License-Identifier: BSD-2-Clause */
/* What is sent to the terminations of sessions. It stands apart from input.c, for engines without
 * sessions are to pay for no more than the question whether there are any. */
#include "engine/engine.h"

/* What is called says which side it is called from, whatever the host said. */
mpci_termination_number mpci_called_look_up(const mpconn_engine *eng, mpconn_pkt *pkt,
                                            unsigned family, const uint8_t *addr, uint16_t port)
{
    mpci_termination_number t = mpci_sessions_called(&eng->rendezvous.sessions, family, addr, port,
                                                     (uint16_t)pkt->zone);

    if (t != 0)
        pkt->side = (uint8_t)mpci_termination_side(t);
    return t;
}

void mpci_called_note(mpconn_engine *eng, mpconn_pkt *pkt, size_t i)
{
    mpci_batch *b = &eng->batch;
    const mpci_view *v = &b->view[i];

    b->called[i] = mpci_called_look_up(eng, pkt, v->family, mpci_ip_dst(v->family, v->ip),
                                       v->dport);
}

/* A flow of a session that is gone: the host does not know which side its clients are on. */
static uint32_t find_left(mpconn_engine *eng, mpci_step *st, size_t i, mpconn_tuple *key)
{
    mpci_batch *b = &eng->batch;
    unsigned side = st->from ^ 1;
    mpci_binding_number n = 0;
    mpconn_tuple leg;
    uint64_t hash;
    uint32_t slot;

    mpci_view_tuple(&leg, st->view, side, st->pkt->zone);
    hash = mpci_tuple_hash(&eng->core.table_key, &leg);
    if (side == MPCONN_SIDE_SERVER)
        n = mpci_input_bound(eng, &leg, &hash);
    *key = n != 0 ? mpci_binding_at(&eng->core.bindings, n)->client_leg : leg;
    slot = mpci_settled_find(&eng->core.settled, hash, key);
    if (slot == MPCI_SLOT_NONE || (mpci_settled_flags(mpci_settled_at(&eng->core.settled, slot)) &
                                   MPCI_SETTLED_RENDEZVOUS) == 0)
        return MPCI_SLOT_NONE;
    st->pkt->side = (uint8_t)side;
    b->tuple[i] = leg;
    b->hash[i] = hash;
    mpci_step_begin(st, st->pkt, st->view, &b->tuple[i]);
    st->tuple = key;
    st->binding = n;
    return slot;
}

/* The flow of a packet may have moved with it, to where that comes from. */
static uint32_t find_moved(mpconn_engine *eng, mpci_step *st, size_t i, mpconn_tuple *key)
{
    mpci_batch *b = &eng->batch;

    b->hash[i] = mpci_tuple_hash(&eng->core.table_key, st->leg);
    st->binding = 0;
    st->tuple = st->leg;
    if (st->from == MPCONN_SIDE_SERVER)
        st->binding = mpci_input_bound(eng, st->leg, &b->hash[i]);
    if (st->binding != 0) {
        *key = mpci_binding_at(&eng->core.bindings, st->binding)->client_leg;
        st->tuple = key;
    }
    return mpci_settled_find(&eng->core.settled, b->hash[i], st->tuple);
}

/* Is nothing to be done about a segment to no termination? What a session that is gone has left to
 * say is done also where sessions are all that matters. */
static int is_ignored(const mpconn_engine *eng, uint32_t slot)
{
    return (eng->flags & MPCONN_ENGINE_F_SESSIONS_ONLY) != 0 &&
           (slot == MPCI_SLOT_NONE || (mpci_settled_flags(mpci_settled_at(&eng->core.settled,
                                                                          slot)) &
                                       MPCI_SETTLED_RENDEZVOUS) == 0);
}

/* Of a session none comes or goes while a batch is handled. What proves that a client is there, or
 * is answered, must be what was sent. */
int mpci_called_step(mpconn_engine *eng, mpci_step *st, size_t i, uint32_t *slot,
                     mpconn_tuple *key)
{
    mpci_batch *b = &eng->batch;
    mpci_termination_number called = eng->rendezvous.sessions.used != 0 ? b->called[i] : 0;
    uint64_t changes = eng->core.changes;

    if (called == 0) {
        if (*slot == MPCI_SLOT_NONE)
            *slot = find_left(eng, st, i, key);
        if (!is_ignored(eng, *slot))
            return 0;
        mpci_drop(&eng->core, st->pkt, MPCONN_REASON_SESSION_NONE);
        return 1;
    }
    if (*slot == MPCI_SLOT_NONE || mpci_rendezvous_is_open(&eng->rendezvous, called)
            ? mpci_input_is_wrong(eng, st->pkt, st->view)
            : mpci_input_is_unwanted(eng, st->pkt, st->view))
        return 1;
    st->hash = b->hash[i];
    if (mpci_rendezvous_input(&eng->rendezvous, st, *slot, called))
        return 1;
    if (eng->core.changes != changes)
        *slot = find_moved(eng, st, i, key);
    return 0;
}
