/* SPDX-License-Identifier: BSD-2-Clause */
#include "rendezvous/pair.h"

#include "rendezvous/latch.h"
#include "rendezvous/role.h"
#include "split/actions.h"
#include "split/bind.h"
#include "split/incarnation.h"
#include "split/kill.h"
#include "split/share.h"

uint32_t mpci_pair_slot(const mpci_rendezvous *rz, const mpci_session *s)
{
    return s->flow != 0 ? mpci_settled_by_id(&rz->core->settled, s->flow) : MPCI_SLOT_NONE;
}

mpci_settled *mpci_pair_flow(const mpci_rendezvous *rz, const mpci_session *s)
{
    uint32_t slot = mpci_pair_slot(rz, s);

    return slot != MPCI_SLOT_NONE ? mpci_settled_at(&rz->core->settled, slot) : NULL;
}

/* --- what both have --- */

/* Who is not to be answered before it calls again. Timestamps harm where one side's would; without
 * any, a client that called only once takes the age of its SYN for the round trip all the same. */
static void decide_options(mpci_rendezvous *rz, mpci_session *s, unsigned latest)
{
    const mpci_request *r = s->request;
    int stamped = (r[0].flags & r[1].flags & MPCI_REQUEST_TIMESTAMPS) != 0, harm = 0;
    int waited = mpci_role_of(s) == MPCONN_ROLE_MERGE; /* else the age of a SYN is the round trip */

    s->first = (uint8_t)(r[latest].last < r[latest ^ 1].last ? latest : latest ^ 1);
    s->postponed = 0;
    for (unsigned side = 0; side < 2 && waited; side++) {
        switch (mpci_join_stamps(&r[side], s->config.stale,
                                 s->config.fresh_ms * MPCONN_MILLISECOND, rz->core->now)) {
        case MPCI_JOIN_WITH_STAMPS:
            break;
        case MPCI_JOIN_WITHOUT_STAMPS:
            harm = stamped;
            break;
        case MPCI_JOIN_ON_NEXT_SYN:
            s->postponed |= (uint8_t)(1 << side);
            break;
        }
    }
    mpci_join(&s->joint, r, s->config.max_mss, !harm);
}

/* --- the flow --- */

/* Next numbers after the handshake; the windows of SYNs are not scaled (RFC 7323 2.2). */
static void start_track(mpci_settled *e, const mpci_request r[2])
{
    e->state = 0;
    for (unsigned side = 0; side < 2; side++) {
        e->max_window[side] = 0;
        e->dir[side].end = r[side].isn + 1;
        e->dir[side].max_end = r[side].isn + 1 + r[side ^ 1].window;
    }
}

/* What goes on as it is has one name from the SYN on, before the other client has a number. */
static unsigned named_by(const mpci_session *s)
{
    return mpci_role_of(s) == MPCONN_ROLE_FORWARD ? s->first : MPCONN_SIDE_CLIENT;
}

static void begin_flow(mpci_settled *e, const mpci_session *s)
{
    mpci_join_offers(&e->hs, &e->server_options, s->request, &s->joint);
    e->client_isn = s->request[named_by(s)].isn;
    e->link[0] = s->request[0].link;
    e->link[1] = s->request[1].link;
    start_track(e, s->request);
}

static mpconn_leg leg_of(const mpci_session *s, const mpconn_tuple *tuple)
{
    const mpci_request *r = s->request;
    int stamped = (s->joint.flags & MPCI_JOINT_TIMESTAMPS) != 0;

    return (mpconn_leg){
        .tuple = *tuple,
        .client_isn = r[0].isn,
        .server_isn = r[1].isn,
        .client_ts = stamped ? r[0].tsval : 0,
        .server_ts = stamped ? r[1].tsval : 0,
        .client_mss = s->joint.mss,
        .server_mss = s->joint.mss,
        .client_wscale = s->joint.wscale[0],
        .server_wscale = s->joint.wscale[1],
        .flags = (uint8_t)(((s->joint.flags & MPCI_JOINT_SACK) != 0 ? MPCONN_LEG_F_SACK : 0) |
                           (stamped ? MPCONN_LEG_F_TIMESTAMPS : 0) |
                           ((s->joint.flags & MPCI_JOINT_ECN) != 0 ? MPCONN_LEG_F_ECN : 0)),
    };
}

static void tell_settled(mpci_rendezvous *rz, const mpci_session *s, uint32_t slot)
{
    mpci_core *core = rz->core;
    mpconn_delta delta = {0};
    mpconn_leg client, server;
    mpconn_event ev;

    if (core->callbacks.event == NULL)
        return;
    MPCONN_STRUCT_INIT(&ev);
    mpci_core_delta(core, slot, &delta);
    client = leg_of(s, &delta.tuple[MPCONN_SIDE_CLIENT]);
    server = leg_of(s, &delta.tuple[MPCONN_SIDE_SERVER]);
    ev.type = MPCONN_EVENT_SETTLED;
    ev.flow = s->flow;
    ev.tuple = client.tuple;
    ev.client = &client;
    ev.server = &server;
    ev.delta = &delta;
    core->callbacks.event(core->user, &ev);
}

/* Another member may have told of the flow before the pair is told of: then more is known of it
 * than the pair says. */
static int is_told_already(const mpci_rendezvous *rz, const mpci_session *s, uint32_t slot,
                           const mpconn_tuple *leg)
{
    const mpci_settled_table *t = &rz->core->settled;
    const mpci_settled *e = slot != MPCI_SLOT_NONE ? mpci_settled_at(t, slot) : NULL;
    uint16_t generation = (uint16_t)(s->pairs + 1);
    mpci_binding_number n;

    if (e == NULL || (mpci_settled_flags(e) & MPCI_SETTLED_RENDEZVOUS) == 0 ||
        e->client_isn != s->request[MPCONN_SIDE_CLIENT].isn ||
        mpci_is_later(generation, e->generation))
        return 0;
    if (mpci_settled_is_unused(e) && !mpci_incarnation_is_alive(e)) /* of a pair that failed */
        return 0;
    n = mpci_settled_binding(t, slot);
    return n != 0 && mpci_tuple_equal(&mpci_binding_at(&rz->core->bindings, n)->server_leg, leg);
}

/* All members that hear of the pair count the same, whatever each has of those before it. */
static void count_generation(mpci_settled *e, const mpci_session *s, int is_first)
{
    uint16_t generation = (uint16_t)(s->pairs + 1);

    if (generation != 0 && (is_first || mpci_is_later(generation, e->generation)))
        e->generation = generation;
}

/* The flow goes by the leg of termination 0, and the binding leads there from that of 1. */
static unsigned place_flow(mpci_rendezvous *rz, mpci_session *s, const mpconn_tuple *key,
                           const mpconn_tuple *leg, uint32_t *slot)
{
    mpci_core *core = rz->core;
    uint64_t hash = mpci_tuple_hash(&core->table_key, key);
    int is_first = *slot == MPCI_SLOT_NONE;
    mpci_binding_number n;
    mpci_settled *e;
    unsigned refusal;

    mpci_bind_settle_question(rz->split, hash, key);
    refusal = mpci_bind_hold(rz->split, hash, key, leg, &n);
    if (refusal != 0)
        return refusal;
    e = mpci_split_place(rz->split, hash, key, MPCI_LINES_TWO, slot);
    if (e == NULL) {
        mpci_core_unbind(core, n);
        return MPCONN_REASON_SESSION_FULL;
    }
    mpci_settled_more_at(&core->settled, *slot)->binding = n;
    begin_flow(e, s);
    count_generation(e, s, is_first);
    e->use |= MPCI_SETTLED_SPLIT | MPCI_SETTLED_RENDEZVOUS;
    if (mpci_sync_has_members(rz->sync))
        e->use |= MPCI_SETTLED_SHARED; /* they learn of its pair, and of its end */
    s->flow = mpci_settled_id(&core->settled, *slot);
    tell_settled(rz, s, *slot);
    return 0;
}

static unsigned make_flow(mpci_rendezvous *rz, mpci_session *s)
{
    mpci_core *core = rz->core;
    mpconn_tuple key, leg;
    uint32_t slot;

    mpci_session_leg(s, MPCONN_SIDE_CLIENT, &key);
    mpci_session_leg(s, MPCONN_SIDE_SERVER, &leg);
    if (memcmp(&key, &leg, sizeof key) == 0) /* two terminations that call one another */
        return MPCONN_REASON_SESSION_SELF;
    slot = mpci_settled_find(&core->settled, mpci_tuple_hash(&core->table_key, &key), &key);
    if (!is_told_already(rz, s, slot, &leg))
        return place_flow(rz, s, &key, &leg, &slot);
    s->flow = mpci_settled_id(&core->settled, slot);
    return 0;
}

unsigned mpci_pair_make(mpci_rendezvous *rz, mpci_session *s, unsigned latest)
{
    decide_options(rz, s, latest);
    return mpci_pair_adopt(rz, s);
}

/* What the controller wants meanwhile is for the next pair. */
static void freeze_policy(mpci_session *s)
{
    s->marks = (uint8_t)(s->config.answer << MPCI_MARKS_ANSWER |
                         (s->config.stale == MPCONN_STALE_STRICT ? MPCI_MARK_STRICT : 0));
    s->joint.confirm_s = (uint8_t)((s->config.confirm_ms + 999) / 1000);
}

unsigned mpci_pair_adopt(mpci_rendezvous *rz, mpci_session *s)
{
    unsigned refusal;

    s->flow = 0;
    s->answered = s->confirmed = 0;
    freeze_policy(s);
    s->since = rz->core->now;
    refusal = make_flow(rz, s);
    s->pairs += refusal == 0;
    return refusal;
}

void mpci_pair_follow(mpci_rendezvous *rz, mpci_session *s)
{
    mpci_settled *e = mpci_pair_flow(rz, s);

    mpci_join(&s->joint, s->request, s->config.max_mss, 1);
    freeze_policy(s);
    if (e != NULL)
        begin_flow(e, s);
}

void mpci_pair_hear(mpci_rendezvous *rz, mpci_session *s, unsigned side, uint32_t isn)
{
    s->request[side].isn = isn;
    s->request[side].tries = 1;
    mpci_pair_follow(rz, s);
}

/* One that has not been heard is where expect_answer() puts it. */
void mpci_pair_learn(mpci_rendezvous *rz, uint32_t slot, const mpci_step *st)
{
    mpci_settled *e = mpci_settled_at(&rz->core->settled, slot);
    const mpci_view *v = st->view;
    mpci_direction *own = &e->dir[st->from], *other = &e->dir[st->from ^ 1];
    uint32_t room = own->max_end - own->end;

    if (own->end != 0 || v->ack != other->end)
        return;
    own->end = v->seq + 1;
    own->max_end = own->end + room;
    other->max_end = v->ack + v->window;
}

/* --- its end --- */

void mpci_pair_kill(mpci_rendezvous *rz, mpci_session *s, unsigned told)
{
    uint32_t slot = mpci_pair_slot(rz, s);

    if (slot != MPCI_SLOT_NONE)
        mpci_split_kill_flow(rz->split, slot, told, 0);
}

void mpci_pair_drop(mpci_rendezvous *rz, mpci_session *s)
{
    uint32_t slot = mpci_pair_slot(rz, s);

    s->flow = 0; /* so that its end is not that of the pair */
    if (slot != MPCI_SLOT_NONE)
        mpci_core_end_flow(rz->core, slot, MPCONN_REASON_SESSION_OLD);
}

void mpci_pair_close(mpci_rendezvous *rz, mpci_session *s)
{
    const mpci_settled *e = mpci_pair_flow(rz, s);

    if (e == NULL)
        return;
    mpci_share_close(rz->split, mpci_pair_slot(rz, s), MPCONN_MEMBER_ALL,
                     mpci_settled_is_unused(e) ? MPCONN_REASON_SESSION_OLD
                                               : MPCONN_REASON_SESSION_RESTARTED);
    mpci_pair_drop(rz, s);
}

void mpci_pair_forget(mpci_rendezvous *rz, mpci_session *s)
{
    mpci_latch_clear(rz, s);
    memset(s->request, 0, sizeof s->request);
    memset(&s->joint, 0, sizeof s->joint);
    s->flow = 0;
    s->answered = s->confirmed = s->postponed = s->marks = 0;
}
