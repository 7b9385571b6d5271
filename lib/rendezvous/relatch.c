/* SPDX-License-Identifier: BSD-2-Clause */
#include "rendezvous/relatch.h"

#include "base/seq.h"
#include "rendezvous/latch.h"
#include "rendezvous/moved.h"
#include "rendezvous/pair.h"
#include "rendezvous/role.h"
#include "split/bind.h"
#include "split/incarnation.h"
#include "split/machine.h"

/* Numbers that are guessed fit in the end, where windows are wide: so few guesses are looked at in
 * a second. A client that comes from elsewhere guesses right. */
enum { TRIES_A_SECOND = 8 };

/* --- whether --- */

/* Of a first fragment not even the checksum can be verified, and a RST proves nothing: it has no
 * acknowledgment that counts. Where the other client has not answered it has no number that only
 * its caller can know. */
static int may_move(const mpci_visit *v)
{
    const mpci_view *view = v->st->view;

    return v->s->state == MPCONN_SESSION_ESTABLISHED && !mpci_role_is_unanswered(v->s, v->side) &&
           v->s->config.termination[v->side].latch == MPCONN_LATCH_RELATCH &&
           (view->flags & (MPCI_TCP_SYN | MPCI_TCP_RST | MPCI_TCP_ACK)) == MPCI_TCP_ACK &&
           !view->first_fragment && !mpci_latch_is_from(&v->s->request[v->side], view);
}

static int is_silent(const mpci_rendezvous *rz, const mpci_visit *v)
{
    return rz->core->now - v->s->request[v->side].last >=
           v->s->config.relatch_ms * MPCONN_MILLISECOND;
}

/* As a segment of the client itself would: what half view allows is too much for somebody
 * unknown. */
static int fits_what_was_seen(const mpci_settled *e, const mpci_visit *v)
{
    mpci_track t;

    mpci_settled_track_load(e, &t);
    return mpci_track_segment(&t, v->st->view, v->side, 0, 0, MPCI_TRACK_FULL) ==
           MPCI_TRACK_IN_WINDOW;
}

/* The greatest window that this side can grant (RFC 7323 2.2). */
static int32_t widest(const mpci_session *s, unsigned side)
{
    unsigned scale = s->joint.wscale[side];

    return INT32_C(65536) << (scale != MPCONN_WSCALE_NONE ? scale : 0);
}

/* Where each direction may pass another member, what one endpoint allows is not known, and then it
 * counts what it can allow at most. A client that is not heard repeats what was not acknowledged:
 * one segment beyond what was seen of it is enough. */
static int fits_what_may_be(const mpci_settled *e, const mpci_visit *v)
{
    const mpci_direction *own = &e->dir[v->side], *other = &e->dir[v->side ^ 1];
    const mpci_view *view = v->st->view;
    uint32_t end = view->seq + mpci_view_seq_len(view);

    return mpci_seq_diff(end, mpci_seq_max(own->end, own->max_end)) <= UINT16_MAX &&
           mpci_seq_diff(end, own->end) >= -widest(v->s, v->side ^ 1) &&
           mpci_seq_leq(view->ack, mpci_seq_max(other->end, other->max_end)) &&
           mpci_seq_diff(view->ack, other->end) >= -widest(v->s, v->side);
}

static int is_in_window(const mpci_rendezvous *rz, const mpci_visit *v)
{
    const mpci_settled *e = mpci_pair_flow(rz, v->s);

    return (mpci_settled_flags(e) & MPCI_SETTLED_SHARED) != 0 ? fits_what_may_be(e, v)
                                                              : fits_what_was_seen(e, v);
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

/* The streams go on elsewhere, too: what was not seen for long is no measure. */
static int is_up_to_date(const mpci_rendezvous *rz, const mpci_visit *v)
{
    return mpci_incarnation_is_sure(rz->split, mpci_pair_flow(rz, v->s));
}

int mpci_relatch_fits(mpci_rendezvous *rz, mpci_visit *v)
{
    int fits;

    if (!may_move(v))
        return 0;
    v->reason = MPCONN_REASON_RELATCH_REFUSED;
    fits = is_in_window(rz, v);
    v->misfits = !fits && is_up_to_date(rz, v);
    if (!is_silent(rz, v))
        return 0;
    begin_second(rz, v->s);
    if (v->s->tries == TRIES_A_SECOND)
        return 0;
    if (!fits)
        note_wrong(rz, v);
    return fits;
}

/* --- the move --- */

mpci_legs mpci_legs_of(const mpci_core *core, const mpconn_tuple *key, const mpconn_tuple *leg)
{
    return (mpci_legs){
        .key = *key,
        .leg = *leg,
        .key_hash = mpci_tuple_hash(&core->table_key, key),
        .leg_hash = mpci_tuple_hash(&core->table_key, leg),
    };
}

mpci_legs mpci_legs_of_flow(const mpci_core *core, uint32_t slot)
{
    mpconn_delta d;

    mpci_core_delta(core, slot, &d);
    return mpci_legs_of(core, &d.tuple[MPCONN_SIDE_CLIENT], &d.tuple[MPCONN_SIDE_SERVER]);
}

uint32_t mpci_legs_slot(const mpci_core *core, const mpci_legs *l)
{
    uint32_t slot = mpci_settled_find(&core->settled, l->key_hash, &l->key);
    mpci_binding_number n = mpci_binding_find(&core->bindings, l->leg_hash, &l->leg);
    const mpci_binding *b;

    if (slot != MPCI_SLOT_NONE || n == 0)
        return slot;
    b = mpci_binding_at(&core->bindings, n);
    return mpci_settled_find(&core->settled, b->client_hash, &b->client_leg);
}

static mpci_legs legs_of_session(const mpci_rendezvous *rz, const mpci_session *s)
{
    mpconn_tuple key, leg;

    mpci_session_leg(s, MPCONN_SIDE_CLIENT, &key);
    mpci_session_leg(s, MPCONN_SIDE_SERVER, &leg);
    return mpci_legs_of(rz->core, &key, &leg);
}

static int is_free(mpci_rendezvous *rz, uint64_t hash, const mpconn_tuple *tuple)
{
    return mpci_settled_find(&rz->core->settled, hash, tuple) == MPCI_SLOT_NONE &&
           !mpci_bind_is_taken(rz->split, hash, tuple);
}

static int are_free(mpci_rendezvous *rz, const mpci_legs *from, const mpci_legs *to)
{
    return (mpci_tuple_equal(&from->key, &to->key) || is_free(rz, to->key_hash, &to->key)) &&
           (mpci_tuple_equal(&from->leg, &to->leg) || is_free(rz, to->leg_hash, &to->leg));
}

/* What comes late and goes by the old name must not make another flow of it. */
static int change_key(mpci_core *core, uint32_t slot, const mpci_legs *from, const mpci_legs *to)
{
    if (mpci_tuple_equal(&from->key, &to->key))
        return 1;
    if (mpci_settled_rename(&core->settled, from->key_hash, slot, to->key_hash, &to->key) !=
        MPCONN_OK)
        return 0;
    mpci_core_bury(core, from->key_hash, mpci_settled_at(&core->settled, slot)->client_isn,
                   MPCI_TOMBSTONE_FOUND);
    return 1;
}

static int change_legs(mpci_rendezvous *rz, uint32_t slot, const mpci_legs *from,
                       const mpci_legs *to)
{
    mpci_core *core = rz->core;
    mpci_binding_number n = mpci_settled_binding(&core->settled, slot);

    if (!are_free(rz, from, to) ||
        mpci_binding_change(&core->bindings, n, to->leg_hash, &to->leg, to->key_hash, &to->key) !=
            MPCONN_OK)
        return 0;
    if (change_key(core, slot, from, to))
        return 1;
    (void)mpci_binding_change(&core->bindings, n, from->leg_hash, &from->leg, from->key_hash,
                              &from->key); /* where it was there is room */
    return 0;
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

/* What came from there was held while others were asked about it. */
static void release_waiting(mpci_rendezvous *rz, uint64_t hash, const mpconn_tuple *tuple)
{
    mpci_step st = {.h = mpci_handshake_find(&rz->core->handshakes, hash, tuple)};

    if (st.h == NULL || st.h->state != MPCI_ST_ASKING)
        return;
    mpci_core_release(rz->core, st.h, MPCONN_REASON_RELEASED);
    mpci_split_run(rz->split, &st, MPCI_EV_EVICTED);
}

int mpci_relatch_move(mpci_rendezvous *rz, uint32_t slot, const mpci_legs *to)
{
    mpci_core *core = rz->core;
    mpci_legs from = mpci_legs_of_flow(core, slot);
    mpconn_event ended, settled;
    mpconn_delta before, after;

    /* To a host that keeps what a flow's legs show the old flow is gone and there is a new one; but
     * its id stays, and no number of it has changed. */
    fill_event(core, slot, MPCONN_EVENT_ENDED, &ended, &before);
    if (!change_legs(rz, slot, &from, to))
        return 0;
    core->changes++;
    mpci_count(&core->counters, MPCONN_REASON_SESSION_RELATCHED);
    release_waiting(rz, to->key_hash, &to->key);
    release_waiting(rz, to->leg_hash, &to->leg);
    if (core->callbacks.event == NULL)
        return 1;
    fill_event(core, slot, MPCONN_EVENT_SETTLED, &settled, &after);
    core->callbacks.event(core->user, &ended);
    core->callbacks.event(core->user, &settled);
    return 1;
}

static void take_source(mpci_request *r, const mpci_rendezvous *rz, const mpci_visit *v)
{
    mpconn_tuple t;

    mpci_view_tuple(&t, v->st->view, MPCONN_SIDE_CLIENT, 0);
    r->remote = t.client;
    r->port = t.client_port;
    r->link = (uint16_t)v->st->pkt->link;
    r->mark = v->st->pkt->mark;
    r->member = rz->sync->members.self;
}

int mpci_relatch_take(mpci_rendezvous *rz, mpci_visit *v)
{
    mpci_request *r = &v->s->request[v->side], before = *r;
    uint32_t slot = mpci_pair_slot(rz, v->s);
    mpci_settled *e;
    mpci_legs to;

    if (slot == MPCI_SLOT_NONE)
        return 0;
    mpci_relatch_pause(rz, v->s);
    take_source(r, rz, v);
    to = legs_of_session(rz, v->s);
    if (!mpci_relatch_move(rz, slot, &to)) {
        *r = before;
        return 0;
    }
    e = mpci_settled_at(&rz->core->settled, slot);
    e->generation = mpci_generation_after(e->generation);
    v->s->stats[v->side].relatched++;
    mpci_moved_tell(rz, slot);
    mpci_rendezvous_report(rz, v->n, MPCONN_SESSION_EVENT_RELATCHED, v->side,
                           MPCONN_REASON_SESSION_RELATCHED, r);
    return 1;
}

void mpci_relatch_pause(mpci_rendezvous *rz, mpci_session *s)
{
    s->tries = TRIES_A_SECOND;
    s->since = rz->core->now;
}
