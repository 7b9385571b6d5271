/* SPDX-License-Identifier: BSD-2-Clause */
#include "rendezvous/moved.h"

#include "rendezvous/latch.h"
#include "rendezvous/pair.h"
#include "rendezvous/relatch.h"
#include "rendezvous/told.h"
#include "split/share.h"

/* The first repetition, and how often there is one; each waits twice as long. */
#define REMIND_NS (50 * MPCONN_MILLISECOND)
enum { REMINDERS = 8 };

/* --- who has moved here --- */

static void forget(mpci_rendezvous *rz, mpci_move *m)
{
    *m = rz->moves[--rz->n_moves];
}

static mpci_move *find(mpci_rendezvous *rz, uint64_t flow)
{
    uint32_t i = 0;

    while (i < rz->n_moves && rz->moves[i].flow != flow)
        i++;
    return i < rz->n_moves ? &rz->moves[i] : NULL;
}

/* Who is told now may answer before any other: without room the one that waits for the next
 * repetition for longest is not repeated. */
static mpci_move *place(mpci_rendezvous *rz, uint64_t flow)
{
    mpci_move *m = find(rz, flow);

    if (m != NULL)
        return m;
    if (rz->n_moves < MPCI_MOVES)
        return &rz->moves[rz->n_moves++];
    m = &rz->moves[0];
    for (uint32_t i = 1; i < MPCI_MOVES; i++)
        if (rz->moves[i].due > m->due)
            m = &rz->moves[i];
    return m;
}

void mpci_moved_tell(mpci_rendezvous *rz, uint32_t slot)
{
    uint64_t flow = mpci_settled_id(&rz->core->settled, slot);
    uint32_t n = rz->sync->members.n;

    if (n == 0)
        return;
    *place(rz, flow) = (mpci_move){
        .flow = flow,
        .members = UINT64_MAX >> (64 - n),
        .due = mpci_later(rz->core->now, REMIND_NS),
    };
    mpci_share_moved(rz->split, slot, MPCONN_MEMBER_ALL);
}

void mpci_moved_tell_anew(mpci_rendezvous *rz, const mpci_session *s, uint32_t to)
{
    uint32_t slot = mpci_pair_slot(rz, s);

    if (slot != MPCI_SLOT_NONE && s->stats[0].relatched + s->stats[1].relatched > 0)
        mpci_share_flow(rz->split, slot, to);
}

mpconn_time mpci_moved_due(const mpci_rendezvous *rz)
{
    mpconn_time due = MPCONN_TIME_NEVER;

    for (uint32_t i = 0; i < rz->n_moves; i++)
        if (rz->moves[i].due < due)
            due = rz->moves[i].due;
    return due;
}

static void remind(mpci_rendezvous *rz, mpci_move *m)
{
    const mpci_members *all = &rz->sync->members;
    uint32_t slot = mpci_settled_by_id(&rz->core->settled, m->flow);

    if (slot == MPCI_SLOT_NONE || m->reminders == REMINDERS) {
        forget(rz, m);
        return;
    }
    for (uint32_t i = 0; i < all->n; i++)
        if ((m->members >> i & 1) != 0)
            mpci_share_moved(rz->split, slot, all->list[i].id);
    m->due = mpci_later(rz->core->now, REMIND_NS << ++m->reminders);
}

int mpci_moved_next(mpci_rendezvous *rz)
{
    for (uint32_t i = 0; i < rz->n_moves; i++)
        if (rz->moves[i].due <= rz->core->now) {
            remind(rz, &rz->moves[i]);
            return 1;
        }
    return 0;
}

/* That member knows. */
static void note_answer(mpci_rendezvous *rz, uint64_t flow, uint32_t from)
{
    const mpci_members *all = &rz->sync->members;
    mpci_move *m = find(rz, flow);

    if (m == NULL)
        return;
    m->members &= ~(UINT64_C(1) << (mpci_members_find(all, from) - all->list));
    if (m->members == 0)
        forget(rz, m);
}

/* --- who has moved elsewhere --- */

static int order_of(const mpconn_addr *a, uint16_t a_port, const mpconn_addr *b, uint16_t b_port)
{
    int order = memcmp(a, b, sizeof *a);

    return order != 0 ? order : a_port - b_port;
}

/* By what a client can change, in an order that does not go by how a host keeps numbers. */
static int is_greater(const mpci_legs *a, const mpci_legs *b)
{
    int order = order_of(&a->key.client, a->key.client_port, &b->key.client, b->key.client_port);

    return (order != 0 ? order : order_of(&a->leg.server, a->leg.server_port, &b->leg.server,
                                          b->leg.server_port)) > 0;
}

/* The session that is called by a leg of that side; 0 when none is. */
static mpci_session_number session_of(const mpci_rendezvous *rz, const mpconn_tuple *leg,
                                      unsigned side)
{
    const mpconn_addr *called = side == MPCONN_SIDE_CLIENT ? &leg->server : &leg->client;
    uint16_t port = side == MPCONN_SIDE_CLIENT ? leg->server_port : leg->client_port;

    return mpci_termination_session(mpci_sessions_called(&rz->sessions, leg->family, called->bytes,
                                                         port, (uint16_t)leg->zone));
}

static uint32_t slot_of_session(const mpci_rendezvous *rz, mpci_session_number n)
{
    return n != 0 ? mpci_pair_slot(rz, mpci_session_at(&rz->sessions, n)) : MPCI_SLOT_NONE;
}

static int is_incarnation(const mpci_core *core, uint32_t slot, uint32_t isn)
{
    return slot != MPCI_SLOT_NONE && mpci_settled_binding(&core->settled, slot) != 0 &&
           mpci_settled_at(&core->settled, slot)->client_isn == isn;
}

/* The flow that the record is about, whatever it goes by here. */
static uint32_t flow_of(const mpci_rendezvous *rz, const mpci_record *r, const mpci_legs *told)
{
    uint32_t slot = slot_of_session(rz, session_of(rz, &told->key, MPCONN_SIDE_CLIENT));

    if (!is_incarnation(rz->core, slot, r->client_isn))
        slot = mpci_legs_slot(rz->core, told);
    return is_incarnation(rz->core, slot, r->client_isn) ? slot : MPCI_SLOT_NONE;
}

static int is_later(const mpci_record *r, const mpci_settled *e, const mpci_legs *told,
                    const mpci_legs *known)
{
    return r->generation != e->generation ? mpci_is_later(r->generation, e->generation)
                                          : is_greater(told, known);
}

/* The sides whose client is elsewhere, a bit each. */
static unsigned sides_of(const mpci_legs *a, const mpci_legs *b)
{
    return (mpci_tuple_equal(&a->key, &b->key) ? 0u : 1u << MPCONN_SIDE_CLIENT) |
           (mpci_tuple_equal(&a->leg, &b->leg) ? 0u : 1u << MPCONN_SIDE_SERVER);
}

static mpci_request source_of(const mpci_legs *l, unsigned side)
{
    return (mpci_request){
        .remote = side == MPCONN_SIDE_CLIENT ? l->key.client : l->leg.server,
        .port = side == MPCONN_SIDE_CLIENT ? l->key.client_port : l->leg.server_port,
    };
}

/* Of a session that is not known here its flow is told of like any other. */
static int may_move(const mpci_rendezvous *rz, mpci_session_number n, const mpci_legs *told,
                    unsigned sides)
{
    const mpci_session *s = n != 0 ? mpci_session_at(&rz->sessions, n) : NULL;

    for (unsigned side = 0; side < 2 && s != NULL; side++) {
        const mpconn_termination *t = &s->config.termination[side];
        mpci_request source = source_of(told, side);

        if ((sides & 1u << side) != 0 && (t->latch != MPCONN_LATCH_RELATCH ||
                                          !mpci_latch_may(t, &source.remote, source.port)))
            return 0;
    }
    return 1;
}

/* Its session goes with it. By which link the client is to be reached is not known here. */
static void follow(mpci_rendezvous *rz, mpci_session_number n, const mpci_legs *told,
                   unsigned sides, uint32_t from)
{
    mpci_session *s = mpci_session_at(&rz->sessions, n);

    for (unsigned side = 0; side < 2; side++) {
        mpci_request source = source_of(told, side), *r = &s->request[side];

        if ((sides & 1u << side) == 0)
            continue;
        r->remote = source.remote;
        r->port = source.port;
        r->link = MPCONN_LINK_NONE;
        r->member = (uint16_t)from;
        r->last = rz->core->now;
    }
    if (s->state == MPCONN_SESSION_ESTABLISHED)
        mpci_relatch_pause(rz, s);
}

static int move(mpci_rendezvous *rz, uint32_t slot, const mpci_legs *told, unsigned sides,
                const mpci_record *r, uint32_t from)
{
    mpci_session_number n = session_of(rz, &told->key, MPCONN_SIDE_CLIENT);
    mpci_settled *e = mpci_settled_at(&rz->core->settled, slot);
    mpci_move *own = find(rz, mpci_settled_id(&rz->core->settled, slot));

    if (!may_move(rz, n, told, sides)) {
        mpci_count(&rz->core->counters, MPCONN_REASON_RELATCH_REFUSED);
        return 0;
    }
    if (!mpci_relatch_move(rz, slot, told)) {
        mpci_count(&rz->core->counters, MPCONN_REASON_BINDING_TAKEN);
        return 0;
    }
    e->generation = r->generation;
    for (unsigned side = 0; side < 2; side++)
        if ((sides & 1u << side) != 0)
            e->link[side] = MPCONN_LINK_NONE;
    if (own != NULL) /* whose word this is repeats it */
        forget(rz, own);
    if (slot_of_session(rz, n) == slot)
        follow(rz, n, told, sides, from);
    return 1;
}

/* A flow of clients that both called, and by what it goes. 0: the record says nothing more. */
static int take_legs(mpci_rendezvous *rz, const mpci_record *r, uint32_t from)
{
    mpci_legs told = mpci_legs_of(rz->core, &r->tuple, &r->server_leg), known;
    uint32_t slot = flow_of(rz, r, &told);
    unsigned sides;

    if (slot == MPCI_SLOT_NONE)
        return 1;
    known = mpci_legs_of_flow(rz->core, slot);
    sides = sides_of(&known, &told);
    if (sides == 0) {
        note_answer(rz, mpci_settled_id(&rz->core->settled, slot), from);
        return 1;
    }
    if (is_later(r, mpci_settled_at(&rz->core->settled, slot), &told, &known))
        return move(rz, slot, &told, sides, r, from);
    mpci_count(&rz->core->counters, MPCONN_REASON_SESSION_OLD);
    mpci_share_flow(rz->split, slot, from);
    return 0;
}

static int is_about_legs(const mpci_record *r)
{
    return r->type == MPCI_RECORD_DELTA && (r->flags & MPCI_FLOW_RENDEZVOUS) != 0 &&
           r->server_leg.family != MPCONN_FAMILY_NONE;
}

static void answer(mpci_rendezvous *rz, const mpci_record *r, uint32_t from)
{
    uint64_t hash = mpci_tuple_hash(&rz->core->table_key, &r->tuple);
    uint32_t slot = mpci_settled_find(&rz->core->settled, hash, &r->tuple);

    if (is_incarnation(rz->core, slot, r->client_isn))
        mpci_share_flow(rz->split, slot, from);
}

/* --- everything else that is said of a flow --- */

/* Who has not heard of a move speaks of the flow by what it went by before: what it goes by here;
 * or 0. */
static int is_renamed(const mpci_rendezvous *rz, const mpci_record *r, mpconn_tuple *key)
{
    for (unsigned side = 0; side < 2 && rz->sessions.used > 0; side++) {
        uint32_t slot = slot_of_session(rz, session_of(rz, &r->tuple, side));

        if (r->client_isn != 0 && is_incarnation(rz->core, slot, r->client_isn)) {
            mpci_settled_tuple(&rz->core->settled, slot, key);
            return 1;
        }
    }
    return 0;
}

/* Who asks about a source that has no flow may know nothing of the pair. Where it may be a client
 * that has moved, the asker is told what it takes to judge that, by what comes again. */
static void answer_question(mpci_rendezvous *rz, const mpci_record *r, uint32_t from)
{
    mpci_legs asked = {.key = r->tuple, .leg = r->tuple};

    for (unsigned side = 0; side < 2 && rz->sessions.used > 0; side++) {
        mpci_session_number n = session_of(rz, &r->tuple, side);
        const mpci_session *s = n != 0 ? mpci_session_at(&rz->sessions, n) : NULL;
        mpci_request source = source_of(&asked, side);

        if (s != NULL && s->state == MPCONN_SESSION_ESTABLISHED &&
            (s->request[side].port != source.port ||
             memcmp(&s->request[side].remote, &source.remote, sizeof source.remote) != 0) &&
            may_move(rz, n, &asked, 1u << side))
            mpci_told_connection_to(rz, s, from);
    }
}

void mpci_moved_told(void *rendezvous, const mpci_record *r, uint32_t from)
{
    mpci_rendezvous *rz = rendezvous;
    mpci_record renamed = *r;

    if (!is_about_legs(r)) {
        (void)is_renamed(rz, r, &renamed.tuple);
        if (r->type == MPCI_RECORD_QUERY)
            answer_question(rz, r, from);
        mpci_split_told(rz->split, &renamed, from);
    } else if (take_legs(rz, r, from)) {
        mpci_split_told(rz->split, r, from);
        if ((r->flags & MPCI_FLOW_MOVED) != 0)
            answer(rz, r, from);
    }
}
