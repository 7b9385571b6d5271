/* SPDX-License-Identifier: BSD-2-Clause */
#include "rendezvous/relatch.h"

#include "rendezvous/latch.h"
#include "rendezvous/pair.h"
#include "split/bind.h"
#include "split/share.h"

/* Numbers that are guessed fit in the end, where windows are wide: so few guesses are looked at in
 * a second. A client that comes from elsewhere guesses right. */
enum { TRIES_A_SECOND = 8 };

/* --- whether --- */

/* Of a first fragment not even the checksum can be verified, and a RST proves nothing: it has no
 * acknowledgment that counts. */
static int may_move(const mpci_visit *v)
{
    const mpci_view *view = v->st->view;

    return v->s->state == MPCONN_SESSION_ESTABLISHED &&
           v->s->config.termination[v->side].latch == MPCONN_LATCH_RELATCH &&
           (view->flags & (MPCI_TCP_SYN | MPCI_TCP_RST | MPCI_TCP_ACK)) == MPCI_TCP_ACK &&
           !view->first_fragment && !mpci_latch_is_from(&v->s->request[v->side], view);
}

static int is_silent(const mpci_rendezvous *rz, const mpci_visit *v)
{
    return rz->core->now - v->s->request[v->side].last >=
           v->s->config.relatch_ms * MPCONN_MILLISECOND;
}

/* As a segment of the client itself would, at a member that sees all of the connection: what half
 * view allows is too much for somebody unknown. */
static int is_in_window(const mpci_rendezvous *rz, const mpci_visit *v)
{
    mpci_track t;

    mpci_settled_track_load(mpci_pair_flow(rz, v->s), &t);
    return mpci_track_segment(&t, v->st->view, v->side, 0, 0, MPCI_TRACK_FULL) ==
           MPCI_TRACK_IN_WINDOW;
}

static void begin_second(const mpci_rendezvous *rz, mpci_session *s)
{
    if (rz->core->now - s->since < MPCONN_SECOND)
        return;
    s->since = rz->core->now;
    s->tries = 0;
}

static void note_wrong(mpci_rendezvous *rz, const mpci_visit *v)
{
    mpci_request source = {.family = v->st->view->family, .port = v->st->view->sport};
    mpconn_tuple t;

    if (v->s->tries++ > 0)
        return; /* reported in this second */
    mpci_view_tuple(&t, v->st->view, MPCONN_SIDE_CLIENT, 0);
    source.remote = t.client;
    mpci_rendezvous_report(rz, v->n, MPCONN_SESSION_EVENT_REFUSED, v->side,
                           MPCONN_REASON_RELATCH_REFUSED, &source);
}

int mpci_relatch_fits(mpci_rendezvous *rz, mpci_visit *v)
{
    if (!may_move(v))
        return 0;
    v->reason = MPCONN_REASON_RELATCH_REFUSED;
    if (!is_silent(rz, v))
        return 0;
    begin_second(rz, v->s);
    if (v->s->tries == TRIES_A_SECOND)
        return 0;
    if (is_in_window(rz, v))
        return 1;
    note_wrong(rz, v);
    return 0;
}

/* --- the move --- */

typedef struct legs {
    mpconn_tuple key, leg;       /* client leg, server leg */
    uint64_t key_hash, leg_hash;
} legs;

static legs legs_of(const mpci_rendezvous *rz, const mpci_session *s)
{
    const mpci_sipkey *k = &rz->core->table_key;
    legs l;

    mpci_session_leg(s, MPCONN_SIDE_CLIENT, &l.key);
    mpci_session_leg(s, MPCONN_SIDE_SERVER, &l.leg);
    l.key_hash = mpci_tuple_hash(k, &l.key);
    l.leg_hash = mpci_tuple_hash(k, &l.leg);
    return l;
}

static int is_free(mpci_rendezvous *rz, uint64_t hash, const mpconn_tuple *tuple)
{
    return mpci_settled_find(&rz->core->settled, hash, tuple) == MPCI_SLOT_NONE &&
           !mpci_bind_is_taken(rz->split, hash, tuple);
}

static int change_leg(mpci_rendezvous *rz, uint32_t slot, unsigned side, const legs *from,
                      const legs *to)
{
    mpci_core *core = rz->core;

    if (!is_free(rz, side == MPCONN_SIDE_SERVER ? to->leg_hash : to->key_hash,
                 side == MPCONN_SIDE_SERVER ? &to->leg : &to->key))
        return 0;
    if (side == MPCONN_SIDE_CLIENT &&
        mpci_settled_rename(&core->settled, from->key_hash, slot, to->key_hash, &to->key) !=
            MPCONN_OK)
        return 0;
    return mpci_binding_change(&core->bindings, mpci_settled_binding(&core->settled, slot),
                               to->leg_hash, &to->leg, to->key_hash, &to->key) == MPCONN_OK;
}

static void fill_event(const mpci_core *core, uint32_t slot, unsigned type, mpconn_event *ev,
                       mpconn_delta *delta)
{
    MPCONN_STRUCT_INIT(ev);
    memset(delta, 0, sizeof(*delta));
    mpci_core_delta(core, slot, delta);
    ev->type = type;
    ev->reason = MPCONN_REASON_SESSION_RELATCHED;
    ev->flow = mpci_settled_id(&core->settled, slot);
    mpci_settled_tuple(&core->settled, slot, &ev->tuple);
    ev->delta = delta;
}

/* To a host that keeps what a flow's legs show the old flow is gone and there is a new one; but its
 * id stays, and no number of it has changed. */
static int move_flow(mpci_rendezvous *rz, uint32_t slot, unsigned side, const legs *from,
                     const legs *to)
{
    mpci_core *core = rz->core;
    mpci_settled *e = mpci_settled_at(&core->settled, slot);
    mpconn_event ended, settled;
    mpconn_delta before, after;

    fill_event(core, slot, MPCONN_EVENT_ENDED, &ended, &before);
    if (!change_leg(rz, slot, side, from, to))
        return 0;
    core->changes++;
    e->generation = mpci_generation_after(e->generation);
    if ((mpci_settled_flags(e) & MPCI_SETTLED_SHARED) != 0)
        mpci_share_flow(rz->split, slot, MPCONN_MEMBER_ALL);
    if (core->callbacks.event == NULL)
        return 1;
    fill_event(core, slot, MPCONN_EVENT_SETTLED, &settled, &after);
    core->callbacks.event(core->user, &ended);
    core->callbacks.event(core->user, &settled);
    return 1;
}

static int move_client(mpci_rendezvous *rz, mpci_session_number n, unsigned side,
                       const mpci_request *source)
{
    mpci_session *s = mpci_session_at(&rz->sessions, n);
    mpci_request before = s->request[side];
    legs from = legs_of(rz, s), to;
    uint32_t slot = mpci_pair_slot(rz, s);

    s->request[side] = *source;
    to = legs_of(rz, s);
    if (slot == MPCI_SLOT_NONE || !move_flow(rz, slot, side, &from, &to)) {
        s->request[side] = before;
        return 0;
    }
    s->stats[side].relatched++;
    mpci_count(&rz->core->counters, MPCONN_REASON_SESSION_RELATCHED);
    mpci_rendezvous_report(rz, n, MPCONN_SESSION_EVENT_RELATCHED, side,
                           MPCONN_REASON_SESSION_RELATCHED, source);
    return 1;
}

int mpci_relatch_take(mpci_rendezvous *rz, mpci_visit *v)
{
    mpci_request source = v->s->request[v->side];
    mpconn_tuple t;

    mpci_view_tuple(&t, v->st->view, MPCONN_SIDE_CLIENT, 0);
    source.remote = t.client;
    source.port = t.client_port;
    source.link = (uint16_t)v->st->pkt->link;
    source.mark = v->st->pkt->mark;
    v->s->tries = TRIES_A_SECOND; /* one in a second */
    v->s->since = rz->core->now;
    return move_client(rz, v->n, v->side, &source);
}
