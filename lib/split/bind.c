/* SPDX-License-Identifier: BSD-2-Clause */
#include "split/bind.h"

#include "packet/endpoints.h"
#include "split/incarnation.h"
#include "split/machine.h"
#include "split/peers.h"
#include "split/share.h"

/* Bindings that a search for one whose flow is over looks at. */
enum { RECLAIM_LOOK_AT = 64 };

void mpci_bind_entry(mpci_split *sp, mpci_handshake *h, mpci_binding_number n)
{
    mpci_binding_number before = h->binding;

    h->binding = mpci_binding_take(&sp->core->bindings, n);
    mpci_core_unbind(sp->core, before);
}

/* --- what stands in the way --- */

static int is_over(const mpci_split *sp, uint32_t slot)
{
    return slot != MPCI_SLOT_NONE &&
           !mpci_incarnation_is_alive(mpci_settled_at(&sp->core->settled, slot));
}

/* The flow that alone holds a binding, if it is over; else SLOT_NONE. */
static uint32_t flow_to_yield(const mpci_split *sp, mpci_binding_number n)
{
    const mpci_binding *b = mpci_binding_at(&sp->core->bindings, n);
    uint32_t slot = mpci_settled_find(&sp->core->settled, b->client_hash, &b->client_leg);

    return is_over(sp, slot) && b->holders == 1 &&
                   mpci_settled_binding(&sp->core->settled, slot) == n
               ? slot
               : MPCI_SLOT_NONE;
}

static void end_flow(mpci_split *sp, uint32_t slot, unsigned reason)
{
    mpci_split_flow_ends(sp, slot);
    mpci_core_end_flow(sp->core, slot, reason);
}

/* A binding to this server leg of another connection makes room, if that is over. */
static int binding_yields(mpci_split *sp, mpci_binding_number n)
{
    uint32_t slot = flow_to_yield(sp, n);

    if (slot == MPCI_SLOT_NONE)
        return 0;
    end_flow(sp, slot, MPCONN_REASON_FLOW_REPLACED);
    return 1;
}

int mpci_bind_is_taken(mpci_split *sp, uint64_t hash, const mpconn_tuple *tuple)
{
    mpci_binding_number n = mpci_binding_find(&sp->core->bindings, hash, tuple);

    return n != 0 && !binding_yields(sp, n);
}

/* So does a flow that goes by this tuple. */
static int flow_yields(mpci_split *sp, uint64_t hash, const mpconn_tuple *tuple)
{
    uint32_t slot = mpci_settled_find(&sp->core->settled, hash, tuple);

    if (slot == MPCI_SLOT_NONE)
        return 1;
    if (!is_over(sp, slot))
        return 0;
    end_flow(sp, slot, MPCONN_REASON_FLOW_REPLACED);
    return 1;
}

/* And a handshake whose opener has proved nothing: most likely it waits for an answer to the
 * question whose segment just this is. What it holds comes again and finds its way. */
static int entry_yields(mpci_split *sp, uint64_t hash, const mpconn_tuple *tuple)
{
    mpci_step st = {.h = mpci_handshake_find(&sp->core->handshakes, hash, tuple)};

    if (st.h == NULL)
        return 1;
    if ((st.h->flags & MPCI_HANDSHAKE_UNPROVED) == 0 || mpci_peers_is_driven(st.h))
        return 0;
    mpci_core_release(sp->core, st.h, MPCONN_REASON_RELEASED);
    mpci_split_run(sp, &st, MPCI_EV_EVICTED);
    return 1;
}

/* In a full table one of the next few bindings makes room whose flow is over. */
static int make_room(mpci_split *sp)
{
    const mpci_bindings *t = &sp->core->bindings;

    for (uint32_t i = 0; i < RECLAIM_LOOK_AT && i < t->capacity; i++) {
        mpci_binding_number n = sp->binding_hand + 1;
        uint32_t slot;

        sp->binding_hand = n < t->capacity ? n : 0;
        if (mpci_binding_at(t, n)->holders == 0)
            continue;
        slot = flow_to_yield(sp, n);
        if (slot == MPCI_SLOT_NONE)
            continue;
        end_flow(sp, slot, MPCONN_REASON_FLOW_RECLAIMED);
        return 1;
    }
    return 0;
}

/* --- holding one --- */

static unsigned add(mpci_split *sp, uint64_t hash, const mpconn_tuple *leg, uint64_t client_hash,
                    const mpconn_tuple *client_leg, mpci_binding_number *n)
{
    mpci_bindings *t = &sp->core->bindings;

    *n = mpci_binding_add(t, hash, leg, client_hash, client_leg);
    if (*n == 0 && make_room(sp))
        *n = mpci_binding_add(t, hash, leg, client_hash, client_leg);
    if (*n == 0)
        return MPCONN_REASON_BINDING_FULL;
    sp->core->changes++;
    return 0;
}

/* The binding of a connection to that server leg, a new one or the one that an incarnation of it
 * has already; the caller holds it. 0, or why there can be none. */
static unsigned hold(mpci_split *sp, uint64_t client_hash, const mpconn_tuple *client_leg,
                     const mpconn_tuple *leg, mpci_binding_number *n)
{
    mpci_bindings *t = &sp->core->bindings;
    uint64_t hash = mpci_tuple_hash(&sp->core->table_key, leg);
    mpci_binding_number old = mpci_binding_find(t, hash, leg);

    *n = 0;
    if (mpci_bind_is_taken(sp, client_hash, client_leg))
        return MPCONN_REASON_BINDING_TAKEN;
    if (old != 0 && mpci_tuple_equal(&mpci_binding_at(t, old)->client_leg, client_leg)) {
        *n = mpci_binding_take(t, old);
        return 0;
    }
    if ((old != 0 && !binding_yields(sp, old)) || !flow_yields(sp, hash, leg) ||
        !entry_yields(sp, hash, leg))
        return MPCONN_REASON_BINDING_TAKEN;
    return add(sp, hash, leg, client_hash, client_leg, n);
}

/* --- the host's word --- */

/* What the host wrote, without what means nothing in it. */
static mpconn_tuple leg_of(const mpconn_tuple *given)
{
    size_t len = given->family == MPCONN_FAMILY_IPV4 ? 4 : sizeof(given->client.bytes);
    mpconn_tuple leg = {
        .client_port = given->client_port,
        .server_port = given->server_port,
        .zone = given->zone,
        .family = given->family,
    };

    memcpy(leg.client.bytes, given->client.bytes, len);
    memcpy(leg.server.bytes, given->server.bytes, len);
    return leg;
}

static int is_possible(const mpconn_tuple *leg, const mpconn_tuple *client_leg)
{
    return (leg->family == MPCONN_FAMILY_IPV4 || leg->family == MPCONN_FAMILY_IPV6) &&
           leg->zone == client_leg->zone &&
           mpci_endpoints_check(leg->family, leg->client.bytes, leg->client_port,
                                leg->server.bytes, leg->server_port) == 0;
}

static unsigned ask_host(mpci_split *sp, mpci_handshake *h)
{
    mpconn_tuple leg = h->tuple;
    int answer = sp->core->callbacks.bind(sp->core->user, &h->tuple, &leg);

    leg = leg_of(&leg);
    if (answer == 0 || (answer == 1 && mpci_tuple_equal(&leg, &h->tuple)))
        return 0;
    if (answer != 1 || !is_possible(&leg, &h->tuple))
        return MPCONN_REASON_BINDING_REFUSED;
    return hold(sp, h->hash, &h->tuple, &leg, &h->binding);
}

/* A driver that is down has told of its binding: that counts. */
unsigned mpci_bind_ask(mpci_split *sp, mpci_handshake *h)
{
    unsigned refusal = 0;

    if (h->binding == 0 && sp->core->callbacks.bind != NULL)
        refusal = ask_host(sp, h);
    if (refusal == 0 && h->binding == 0 && mpci_bind_is_taken(sp, h->hash, &h->tuple))
        refusal = MPCONN_REASON_BINDING_TAKEN;
    return refusal;
}

/* --- the word of other members --- */

int mpci_bind_hear(mpci_split *sp, mpci_step *st)
{
    const mpci_record *r = st->record;
    unsigned refusal = 0;

    if (!mpci_record_has_leg(r->type))
        return 1;
    if (r->type == MPCI_RECORD_DELTA && (r->flags & MPCI_FLOW_SPLIT) == 0 &&
        r->server_leg.family != MPCONN_FAMILY_NONE)
        refusal = MPCONN_REASON_BINDING_REFUSED;
    else if (r->server_leg.family != MPCONN_FAMILY_NONE)
        refusal = hold(sp, st->hash, st->tuple, &r->server_leg, &st->binding);
    else if (mpci_bind_is_taken(sp, st->hash, st->tuple))
        refusal = MPCONN_REASON_BINDING_TAKEN;
    if (refusal != 0)
        mpci_count(&sp->core->counters, refusal);
    return refusal == 0;
}

void mpci_bind_heard(mpci_split *sp, const mpci_step *st)
{
    mpci_core_unbind(sp->core, st->binding);
}

int mpci_bind_rename(const mpci_split *sp, mpci_step *st, mpconn_tuple *key)
{
    const mpci_bindings *t = &sp->core->bindings;
    unsigned type = st->record->type;
    mpci_binding_number n = 0;

    if (type == MPCI_RECORD_QUERY || type == MPCI_RECORD_ANSWER || type == MPCI_RECORD_RST_SEEN)
        n = mpci_binding_find(t, st->hash, st->tuple);
    if (n == 0)
        return 0;
    *key = mpci_binding_at(t, n)->client_leg;
    st->hash = mpci_binding_at(t, n)->client_hash;
    st->tuple = key;
    return 1;
}

/* A question says nothing of the binding: its host is asked when nobody objects. */
void mpci_bind_note(mpci_split *sp, mpci_handshake *h, const mpci_step *st)
{
    const mpci_record *r = st->record;

    if (st->binding == h->binding ||
        (st->binding == 0 && r->type == MPCI_RECORD_DRIVE && (r->flags & MPCI_DRIVE_ASKS) != 0))
        return;
    if (h->binding != 0 && h->client_isn == r->client_isn)
        mpci_count(&sp->core->counters, MPCONN_REASON_COMMIT_CONFLICT);
    mpci_bind_entry(sp, h, st->binding);
}
