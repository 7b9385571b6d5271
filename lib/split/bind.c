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

/* A flow and a handshake that have a tuple, each if there is one; a handshake that waits for its
 * endpoints goes with its flow. */
typedef struct holders {
    uint32_t slot;
    mpci_handshake *h;
} holders;

static holders holders_of_tuple(const mpci_split *sp, uint64_t hash, const mpconn_tuple *tuple)
{
    holders o = {
        mpci_settled_find(&sp->core->settled, hash, tuple),
        mpci_handshake_find(&sp->core->handshakes, hash, tuple),
    };

    if (o.h != NULL && o.h->settled != MPCI_SLOT_NONE)
        o.h = NULL;
    return o;
}

static holders holders_of_binding(const mpci_split *sp, mpci_binding_number n)
{
    const mpci_binding *b = mpci_binding_at(&sp->core->bindings, n);
    holders o = holders_of_tuple(sp, b->client_hash, &b->client_leg);

    if (o.slot != MPCI_SLOT_NONE && mpci_settled_binding(&sp->core->settled, o.slot) != n)
        o.slot = MPCI_SLOT_NONE;
    if (o.h != NULL && o.h->binding != n)
        o.h = NULL;
    return o;
}

static int is_over(const mpci_split *sp, uint32_t slot)
{
    return !mpci_incarnation_is_alive(mpci_settled_at(&sp->core->settled, slot));
}

/* Does another member speak of a client that has proved itself there? Its host knows which server
 * legs are free. What a server says anybody can forge (E35), and a first SYN as well. */
static int is_of_proved(const mpci_step *told)
{
    return told != NULL && mpci_record_has_leg(told->record->type) &&
           told->record->type != MPCI_RECORD_ANSWER;
}

/* Besides a flow that is over a copy of which that was not heard, as far as can be told. */
static int flow_yields(const mpci_split *sp, uint32_t slot, const mpci_step *told)
{
    return is_over(sp, slot) ||
           (is_of_proved(told) &&
            mpci_incarnation_gives_way(sp, mpci_settled_at(&sp->core->settled, slot),
                                       told->record));
}

/* A handshake whose opener has proved nothing: most likely it waits for an answer to the question
 * whose segment just this is. What it holds comes again and finds its way. And one that its driver
 * has left behind. */
static int entry_yields(const mpci_handshake *h, const mpci_step *told)
{
    if (!mpci_peers_is_driven(h))
        return (h->flags & MPCI_HANDSHAKE_UNPROVED) != 0;
    return is_of_proved(told) && h->driver == told->teller &&
           (h->roles & MPCI_ROLE_DRIVES) == 0;
}

static void end_flow(mpci_split *sp, uint32_t slot, unsigned reason)
{
    mpci_split_flow_ends(sp, slot);
    mpci_core_end_flow(sp->core, slot, reason);
}

static void evict(mpci_split *sp, mpci_handshake *h)
{
    mpci_step st = {.h = h};

    mpci_core_release(sp->core, h, MPCONN_REASON_RELEASED);
    mpci_split_run(sp, &st, MPCI_EV_EVICTED);
}

/* They make room for another connection: 1, or 0 when one of them stands. Of a flow that others
 * carry, too, they are asked then: they may know its end, and what is refused now comes again. */
static int yield_to(mpci_split *sp, holders o, const mpci_step *told)
{
    if (o.slot != MPCI_SLOT_NONE && !flow_yields(sp, o.slot, told)) {
        if (mpci_settled_flags(mpci_settled_at(&sp->core->settled, o.slot)) & MPCI_SETTLED_SHARED)
            mpci_peers_question(sp, o.slot);
        return 0;
    }
    if (o.h != NULL && !entry_yields(o.h, told))
        return 0;
    if (o.h != NULL)
        evict(sp, o.h);
    if (o.slot != MPCI_SLOT_NONE)
        end_flow(sp, o.slot, MPCONN_REASON_FLOW_REPLACED);
    return 1;
}

void mpci_bind_settle_question(mpci_split *sp, uint64_t hash, const mpconn_tuple *tuple)
{
    holders o = holders_of_tuple(sp, hash, tuple);

    if (o.h != NULL && o.h->state == MPCI_ST_ASKING)
        evict(sp, o.h);
}

static int is_taken(mpci_split *sp, uint64_t hash, const mpconn_tuple *tuple,
                    const mpci_step *told)
{
    const mpci_bindings *t = &sp->core->bindings;
    mpci_binding_number n = mpci_binding_find(t, hash, tuple);

    return n != 0 && (!yield_to(sp, holders_of_binding(sp, n), told) ||
                      mpci_binding_find(t, hash, tuple) != 0);
}

int mpci_bind_is_taken(mpci_split *sp, uint64_t hash, const mpconn_tuple *tuple)
{
    return is_taken(sp, hash, tuple, NULL);
}

/* In a full table one of the next few bindings makes room whose flow is over. */
static int make_room(mpci_split *sp)
{
    const mpci_bindings *t = &sp->core->bindings;

    for (uint32_t i = 0; i < RECLAIM_LOOK_AT && i < t->capacity; i++) {
        mpci_binding_number n = sp->binding_hand + 1;
        holders o;

        sp->binding_hand = n < t->capacity ? n : 0;
        if (mpci_binding_at(t, n)->holders == 0)
            continue;
        o = holders_of_binding(sp, n);
        if (o.slot == MPCI_SLOT_NONE || o.h != NULL || !is_over(sp, o.slot))
            continue;
        end_flow(sp, o.slot, MPCONN_REASON_FLOW_RECLAIMED);
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
 * has already; the caller holds it. `told` is NULL where this host says so. 0, or why there can be
 * none. */
static unsigned hold(mpci_split *sp, uint64_t client_hash, const mpconn_tuple *client_leg,
                     const mpconn_tuple *leg, const mpci_step *told, mpci_binding_number *n)
{
    mpci_bindings *t = &sp->core->bindings;
    uint64_t hash = mpci_tuple_hash(&sp->core->table_key, leg);
    mpci_binding_number old;

    *n = 0;
    if (is_taken(sp, client_hash, client_leg, told))
        return MPCONN_REASON_BINDING_TAKEN;
    old = mpci_binding_find(t, hash, leg);
    if (old != 0 && mpci_tuple_equal(&mpci_binding_at(t, old)->client_leg, client_leg)) {
        *n = mpci_binding_take(t, old);
        return 0;
    }
    if (is_taken(sp, hash, leg, told) || !yield_to(sp, holders_of_tuple(sp, hash, leg), told))
        return MPCONN_REASON_BINDING_TAKEN;
    return add(sp, hash, leg, client_hash, client_leg, n);
}

unsigned mpci_bind_hold(mpci_split *sp, uint64_t client_hash, const mpconn_tuple *client_leg,
                        const mpconn_tuple *leg, mpci_binding_number *n)
{
    return hold(sp, client_hash, client_leg, leg, NULL, n);
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
    return hold(sp, h->hash, &h->tuple, &leg, NULL, &h->binding);
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

    if (!mpci_record_has_leg(r->type) && r->type != MPCI_RECORD_PLAIN)
        return 1;
    if (r->type == MPCI_RECORD_DELTA && (r->flags & MPCI_FLOW_SPLIT) == 0 &&
        r->server_leg.family != MPCONN_FAMILY_NONE)
        refusal = MPCONN_REASON_BINDING_REFUSED;
    else if (r->server_leg.family != MPCONN_FAMILY_NONE)
        refusal = hold(sp, st->hash, st->tuple, &r->server_leg, st, &st->binding);
    else if (is_taken(sp, st->hash, st->tuple, st))
        refusal = MPCONN_REASON_BINDING_TAKEN;
    if (refusal != 0)
        mpci_count(&sp->core->counters, refusal);
    return refusal == 0;
}

void mpci_bind_heard(mpci_split *sp, const mpci_step *st)
{
    mpci_core_unbind(sp->core, st->binding);
}

static int rename_by_leg(const mpci_split *sp, mpci_step *st, mpconn_tuple *key)
{
    const mpci_bindings *t = &sp->core->bindings;
    mpci_binding_number n = mpci_binding_find(t, st->hash, st->tuple);

    if (n == 0)
        return 0;
    *key = mpci_binding_at(t, n)->client_leg;
    st->hash = mpci_binding_at(t, n)->client_hash;
    st->tuple = key;
    return 1;
}

int mpci_bind_rename(const mpci_split *sp, mpci_step *st, mpconn_tuple *key)
{
    const mpci_record *r = st->record;

    return (r->type == MPCI_RECORD_QUERY || r->type == MPCI_RECORD_RST_SEEN ||
            (r->type == MPCI_RECORD_ANSWER && r->server_leg.family == MPCONN_FAMILY_NONE)) &&
           rename_by_leg(sp, st, key);
}

int mpci_bind_rename_refused(const mpci_split *sp, mpci_step *st, mpconn_tuple *key)
{
    const mpconn_tuple *leg = &st->record->server_leg;

    if (st->record->type != MPCI_RECORD_ANSWER || leg->family == MPCONN_FAMILY_NONE)
        return 0;
    st->tuple = leg;
    st->hash = mpci_tuple_hash(&sp->core->table_key, leg);
    (void)rename_by_leg(sp, st, key);
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

/* Who was only told that a client was answered, or asks about a segment of its, does not know. */
static int is_known(const mpci_handshake *h)
{
    return h->binding != 0 || mpci_peers_is_driven(h) ||
           (h->state != MPCI_ST_EXPECTED && h->state != MPCI_ST_ASKING);
}

int mpci_bind_is_strange(const mpci_step *st, const mpci_handshake *h)
{
    return st->from == MPCONN_SIDE_SERVER && h->binding != st->binding && is_known(h);
}
