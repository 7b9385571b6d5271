/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls and pairs that members tell one another of. */
#include "rendezvous/answer.h"
#include "rendezvous/latch.h"
#include "rendezvous/pair.h"
#include "rendezvous/role.h"
#include "rendezvous/told.h"
#include "split/share.h"

/* Nobody here knows who got a SYN. */
enum { NOBODY = MPCONN_MEMBER_ALL };

/* JOINT of a PAIR: the options, and above them who is answered when. */
enum { JOINT_OPTIONS = 7, JOINT_POSTPONED = 4, JOINT_FIRST = 6 };

/* --- who --- */

unsigned mpci_told_directors(const mpci_rendezvous *rz, const mpci_session *s,
                             uint32_t ids[MPCI_DIRECTORS])
{
    const mpci_members *m = &rz->sync->members;

    return mpci_members_directors(m, mpci_members_session_key(m, s->config.name), ids);
}

static uint32_t registrar_of(const mpci_rendezvous *rz, const mpci_session *s)
{
    uint32_t ids[MPCI_DIRECTORS];

    (void)mpci_told_directors(rz, s, ids);
    return ids[0];
}

int mpci_told_is_registrar(const mpci_rendezvous *rz, const mpci_session *s)
{
    return !mpci_sync_has_members(rz->sync) ||
           registrar_of(rz, s) == rz->sync->members.self;
}

static int is_director(const mpci_rendezvous *rz, const mpci_session *s, uint32_t id)
{
    uint32_t ids[MPCI_DIRECTORS];
    unsigned n = mpci_told_directors(rz, s, ids);

    while (n > 0 && ids[n - 1] != id)
        n--;
    return n > 0;
}

static int is_down(const mpci_rendezvous *rz, uint32_t id)
{
    const mpci_member *p = mpci_members_find(&rz->sync->members, id);

    return p != NULL && !p->up;
}

/* Who got the SYN does, and the registrar for one that has gone. */
int mpci_told_is_ours(const mpci_rendezvous *rz, const mpci_session *s, unsigned side)
{
    uint32_t member = s->request[side].member;

    return member == rz->sync->members.self ||
           (is_down(rz, member) && mpci_told_is_registrar(rz, s));
}

/* --- words --- */

static uint32_t in_ms(uint64_t ns)
{
    return (uint32_t)(ns / MPCONN_MILLISECOND);
}

void mpci_told_write_caller(mpci_session_record *to, unsigned side, const mpci_request *r)
{
    if (r->family == MPCONN_FAMILY_IPV6)
        to->families |= (uint8_t)(1u << side);
    to->remote[side] = r->remote;
    to->port[side] = r->port;
    to->isn[side] = r->isn;
    to->tsval[side] = r->tsval;
    to->window[side] = r->window;
    to->mss[side] = r->mss;
}

static mpci_request read_caller(const mpci_rendezvous *rz, const mpci_session_record *r,
                                unsigned side)
{
    mpci_request c;

    memset(&c, 0, sizeof c);
    c.family = (uint8_t)mpci_session_record_family(r, side);
    c.remote = r->remote[side];
    c.port = r->port[side];
    c.isn = r->isn[side];
    c.tsval = r->tsval[side];
    c.window = r->window[side];
    c.mss = r->mss[side];
    c.wscale = r->wscale[side];
    c.flags = r->options[side];
    c.tries = r->tries[side] > 0 ? r->tries[side] : 1;
    c.gap_ms = (uint16_t)(r->gap_ms[side] < UINT16_MAX ? r->gap_ms[side] : UINT16_MAX);
    c.last = rz->core->now;
    c.member = NOBODY;
    return c;
}

static void tell_call(mpci_rendezvous *rz, const mpci_session *s, unsigned side,
                      const mpci_request *r, uint32_t to)
{
    mpci_record record = mpci_told_record(s, MPCI_RECORD_REQUEST);

    mpci_told_write_caller(&record.session, side, r);
    record.session.wscale[side] = r->wscale;
    record.session.options[side] = r->flags;
    record.session.tries[side] = r->tries;
    record.session.age_ms[side] = in_ms(rz->core->now - r->last);
    record.session.gap_ms[side] = r->gap_ms;
    mpci_sync_put(rz->sync, to, &record);
}

static mpci_record write_pair(const mpci_session *s)
{
    mpci_record record = mpci_told_record(s, MPCI_RECORD_PAIR);
    mpci_session_record *to = &record.session;

    to->generation = s->pairs;
    to->joint_mss = s->joint.mss;
    to->joint = (uint8_t)(s->joint.flags | s->postponed << JOINT_POSTPONED |
                          s->first << JOINT_FIRST);
    to->confirmed = s->confirmed;
    to->role = (uint8_t)mpci_role_of(s);
    for (unsigned side = 0; side < 2; side++) {
        mpci_told_write_caller(to, side, &s->request[side]);
        to->wscale[side] = s->joint.wscale[side];
    }
    return record;
}

static void tell_pair(mpci_rendezvous *rz, const mpci_session *s, uint32_t to)
{
    mpci_record r = write_pair(s);

    mpci_sync_put(rz->sync, to, &r);
}

void mpci_told_each(mpci_rendezvous *rz, const uint32_t *to, unsigned n, uint32_t teller,
                    const mpci_record *r)
{
    for (unsigned i = 0; i < n; i++) {
        int again = to[i] == NOBODY || to[i] == teller;

        for (unsigned j = 0; j < i; j++)
            again |= to[i] == to[j];
        if (!again)
            mpci_sync_put(rz->sync, to[i], r);
    }
}

/* A call that waits, or the client's with another number, which all judge alike; which of those
 * that called it is, only the directors may know. */
void mpci_told_call(mpci_rendezvous *rz, const mpci_visit *v)
{
    const mpci_session *s = v->s;
    const mpci_request *r = mpci_latch_call(rz, v);
    uint32_t ids[MPCI_DIRECTORS];
    unsigned n = mpci_sync_has_members(rz->sync) ? mpci_told_directors(rz, s, ids) : 0;

    if (r == NULL || s->state == MPCONN_SESSION_CONFLICT ||
        (s->state != MPCONN_SESSION_WAITING && r == &s->request[v->side]))
        return;
    while (n-- > 0)
        tell_call(rz, s, v->side, r, ids[n]);
}

void mpci_told_calls(mpci_rendezvous *rz, const mpci_session *s, uint32_t to)
{
    for (unsigned side = 0; side < 2 && s->state == MPCONN_SESSION_WAITING; side++)
        if (s->request[side].port != 0 && s->request[side].member == rz->sync->members.self &&
            is_director(rz, s, to))
            tell_call(rz, s, side, &s->request[side], to);
}

void mpci_told_pair_to(mpci_rendezvous *rz, const mpci_session *s, uint32_t to)
{
    if (is_director(rz, s, rz->sync->members.self))
        tell_pair(rz, s, to);
}

void mpci_told_connection_to(mpci_rendezvous *rz, const mpci_session *s, uint32_t to)
{
    uint32_t slot = mpci_pair_slot(rz, s);

    if (slot == MPCI_SLOT_NONE || !is_director(rz, s, rz->sync->members.self))
        return;
    mpci_share_flow(rz->split, slot, to);
    tell_pair(rz, s, to);
}

/* The directors and who got the SYNs, each once. */
void mpci_told_pair(mpci_rendezvous *rz, const mpci_session *s, uint32_t teller)
{
    uint32_t to[MPCI_DIRECTORS + 2];
    unsigned n = mpci_told_directors(rz, s, to);
    mpci_record r = write_pair(s);

    if (!mpci_sync_has_members(rz->sync))
        return;
    to[n++] = s->request[0].member;
    to[n++] = s->request[1].member;
    mpci_told_each(rz, to, n, teller, &r);
}

/* --- calls --- */

static int is_same_source(const mpci_request *r, const mpci_request *other)
{
    return r->port == other->port && r->family == other->family &&
           memcmp(&r->remote, &other->remote, sizeof r->remote) == 0;
}

static int is_same_call(const mpci_request *r, const mpci_request *other)
{
    return is_same_source(r, other) && r->isn == other->isn;
}

/* The registrar may have forgotten, or have just come up. */
static void help_registrar(mpci_rendezvous *rz, const mpci_session *s, unsigned side)
{
    uint32_t registrar = registrar_of(rz, s);

    if (registrar == rz->sync->members.self || registrar == rz->teller ||
        s->state != MPCONN_SESSION_WAITING || s->request[side].port == 0)
        return;
    tell_call(rz, s, side, &s->request[side], registrar);
}

void mpci_told_take_request(mpci_rendezvous *rz, mpci_session_number n,
                            const mpci_session_record *r)
{
    mpci_session *s = mpci_session_at(&rz->sessions, n);
    unsigned side = r->port[0] != 0 ? 0 : 1;
    mpci_request call = read_caller(rz, r, side), *known = &s->request[side];
    uint64_t age = r->age_ms[side] * MPCONN_MILLISECOND;

    if (call.family != s->config.termination[side].family) {
        mpci_count(&rz->core->counters, MPCONN_REASON_SESSION_WORD);
        return;
    }
    call.member = (uint16_t)rz->teller;
    call.last -= age < call.last ? age : call.last;
    if (mpci_told_has_pair(s) && is_same_call(known, &call)) {
        known->member = call.member;
        tell_pair(rz, s, rz->teller);
        return;
    }
    if (r->why != 0) {
        mpci_told_take_answer(rz, n, side, &call, r);
        return;
    }
    mpci_rendezvous_retold(rz, n, side, &call, NULL);
    help_registrar(rz, s, side ^ 1);
}

/* --- pairs --- */

static int is_same_pair(const mpci_session *s, const mpci_session_record *r)
{
    mpci_record ours = write_pair(s);

    for (unsigned side = 0; side < 2; side++) {
        ours.session.tsval[side] = r->tsval[side]; /* these go on */
        if (s->config.termination[side].latch == MPCONN_LATCH_RELATCH) {
            ours.session.remote[side] = r->remote[side]; /* where it is now says its flow */
            ours.session.port[side] = r->port[side];
        }
    }
    ours.session.confirmed = r->confirmed;
    ours.session.joint = (uint8_t)((ours.session.joint & JOINT_OPTIONS) |
                                   (r->joint & ~JOINT_OPTIONS));
    return memcmp(&ours.session, r, sizeof *r) == 0;
}

/* Its numbers are of a client that has called anew since. */
static int is_outdated(const mpci_rendezvous *rz, const mpci_session *s,
                       const mpci_session_record *r)
{
    for (unsigned side = 0; side < 2; side++) {
        const mpci_request *known = &s->request[side];
        mpci_request call = read_caller(rz, r, side);

        if (s->state == MPCONN_SESSION_WAITING && known->member == rz->sync->members.self &&
            is_same_source(known, &call) && known->isn != call.isn)
            return 1;
    }
    return 0;
}

static void take_callers(mpci_rendezvous *rz, mpci_session *s, const mpci_session_record *r)
{
    for (unsigned side = 0; side < 2; side++) {
        mpci_request call = read_caller(rz, r, side);

        if (s->request[side].member != rz->sync->members.self ||
            !is_same_call(&s->request[side], &call))
            s->request[side] = call;
        s->joint.wscale[side] = r->wscale[side];
    }
    s->joint.mss = r->joint_mss;
    s->joint.flags = r->joint & JOINT_OPTIONS;
    s->postponed = (uint8_t)(r->joint >> JOINT_POSTPONED & 3);
    s->first = (uint8_t)(r->joint >> JOINT_FIRST & 1);
    s->request[s->first ^ 1u].called = r->role;
    if (r->role != MPCONN_ROLE_MERGE) /* what was echoed */
        s->request[s->first].tsval = r->tsval[s->first];
}

static void adopt(mpci_rendezvous *rz, mpci_session_number n, const mpci_session_record *r)
{
    mpci_visit v = {.s = mpci_session_at(&rz->sessions, n), .n = n, .told = r};

    mpci_pair_drop(rz, v.s);
    mpci_latch_clear(rz, v.s);
    take_callers(rz, v.s, r);
    v.s->pairs = r->generation - 1;
    mpci_session_enter(&rz->sessions, v.s, MPCONN_SESSION_WAITING, rz->core->now);
    mpci_meet_run(rz, &v, MPCI_MEET_PAIR);
}

/* Who is there waits at another member, and the other client was answered here: its acknowledgment
 * may be lost. */
static void answer_listeners(mpci_rendezvous *rz, mpci_session *s, unsigned waiting)
{
    for (unsigned side = 0; side < 2; side++)
        if ((waiting & 1u << (side ^ 1)) != 0)
            mpci_answer_listener(rz, s, side);
}

/* Bits that are missing here are the same as if the client had acknowledged here. */
static void merge_confirmed(mpci_rendezvous *rz, mpci_session_number n,
                            const mpci_session_record *r)
{
    mpci_visit v = {.s = mpci_session_at(&rz->sessions, n), .n = n, .told = r};
    unsigned said_again = r->confirmed & v.s->confirmed;

    for (v.side = 0; v.side < 2 && mpci_told_has_pair(v.s); v.side++)
        if ((r->confirmed & ~v.s->confirmed & 1u << v.side) != 0)
            mpci_meet_run(rz, &v, MPCI_MEET_PROOF);
    if ((v.s->confirmed & ~r->confirmed) != 0)
        tell_pair(rz, v.s, rz->teller);
    else if (v.s->state == MPCONN_SESSION_HALF)
        answer_listeners(rz, v.s, said_again);
}

static void tell_pair_end(mpci_rendezvous *rz, const mpci_session *s)
{
    mpci_record end = mpci_told_record(s, MPCI_RECORD_SESSION_END);

    end.session.generation = s->pairs - (mpci_told_has_pair(s) ? 1 : 0);
    end.session.why = MPCONN_REASON_SESSION_OLD;
    if (end.session.generation != 0)
        mpci_sync_put(rz->sync, rz->teller, &end);
}

static mpconn_tuple key_of(const mpci_rendezvous *rz, const mpci_session *s,
                           const mpci_session_record *r)
{
    mpci_session theirs = *s;
    mpconn_tuple key;

    theirs.request[MPCONN_SIDE_CLIENT] = read_caller(rz, r, MPCONN_SIDE_CLIENT);
    mpci_session_leg(&theirs, MPCONN_SIDE_CLIENT, &key);
    return key;
}

/* Was that pair a connection here, which is over? Who tells of it missed the end: 1, and it hears
 * of that. Of one that carried nothing the calls may still count, or have made a later pair, whose
 * flow has the same name. */
static int tell_flow_end(mpci_rendezvous *rz, const mpci_session *s, const mpci_session_record *r)
{
    const mpci_core *core = rz->core;
    mpconn_tuple key = key_of(rz, s, r);
    uint64_t hash = mpci_tuple_hash(&core->table_key, &key);
    uint32_t isn = r->isn[MPCONN_SIDE_CLIENT];
    uint32_t slot = mpci_settled_find(&core->settled, hash, &key);
    const mpci_settled *e = slot != MPCI_SLOT_NONE ? mpci_settled_at(&core->settled, slot) : NULL;
    int is_known = e != NULL && e->client_isn == isn;

    if (is_known && (mpci_settled_is_unused(e) ||
                     mpci_is_later(e->generation, (uint16_t)r->generation)))
        return 0;
    if (is_known && (mpci_settled_flags(e) & MPCI_SETTLED_KILLED) == 0)
        mpci_share_flow(rz->split, slot, rz->teller);
    else if (is_known || mpci_tombstones_find(&core->tombstones, hash, isn) != MPCI_TOMBSTONE_NONE)
        mpci_share_word(rz->split, MPCI_RECORD_CLOSE, &key, isn, rz->teller,
                        MPCONN_REASON_KILLED);
    else
        return 0;
    return 1;
}

static int may_be_joined(const mpci_session *s, const mpci_session_record *r)
{
    for (unsigned side = 0; side < 2; side++) {
        const mpconn_termination *t = &s->config.termination[side];

        if (t->family != mpci_session_record_family(r, side) ||
            !mpci_latch_may(t, &r->remote[side], r->port[side]))
            return 0;
    }
    return r->role != MPCONN_ROLE_FORWARD && r->role <= MPCONN_ROLE_REVERSE;
}

static void take_new_pair(mpci_rendezvous *rz, mpci_session_number n,
                          const mpci_session_record *r)
{
    mpci_session *s = mpci_session_at(&rz->sessions, n);

    if (!is_director(rz, s, rz->teller))
        mpci_count(&rz->core->counters, MPCONN_REASON_SESSION_NOT_DIRECTOR);
    else if (!may_be_joined(s, r))
        mpci_count(&rz->core->counters, MPCONN_REASON_SESSION_WORD);
    else if (is_outdated(rz, s, r))
        mpci_told_calls(rz, s, rz->teller);
    else
        adopt(rz, n, r);
}

/* Two that decided at once, in a partition: the greater pair stands, at all members alike. */
static int is_theirs_greater(const mpci_session *s, const mpci_session_record *r)
{
    mpci_record ours = write_pair(s), theirs = {.type = MPCI_RECORD_PAIR, .session = *r};

    for (unsigned side = 0; side < 2; side++)
        ours.session.tsval[side] = theirs.session.tsval[side] = 0;
    ours.session.confirmed = theirs.session.confirmed = 0;
    return mpci_told_is_greater(&theirs, &ours);
}

void mpci_told_take_pair(mpci_rendezvous *rz, mpci_session_number n, const mpci_session_record *r)
{
    mpci_session *s = mpci_session_at(&rz->sessions, n);
    int present = mpci_told_has_pair(s);

    if (r->generation > s->pairs) {
        take_new_pair(rz, n, r);
    } else if (r->generation < s->pairs || !present) {
        mpci_count(&rz->core->counters, MPCONN_REASON_SESSION_OLD);
        if (!tell_flow_end(rz, s, r))
            tell_pair_end(rz, s);
        return;
    } else if (!is_same_pair(s, r)) {
        mpci_count(&rz->core->counters, MPCONN_REASON_SESSION_DIFFERS);
        if (is_theirs_greater(s, r))
            take_new_pair(rz, n, r);
        else
            tell_pair(rz, s, rz->teller);
    }
    if (mpci_told_has_pair(s) && s->pairs == r->generation && is_same_pair(s, r))
        merge_confirmed(rz, n, r);
}

/* Pairs up to that one are over. Who has made one of them, not knowing of the others, makes another
 * from the same calls. */
void mpci_told_take_end(mpci_rendezvous *rz, mpci_session_number n, const mpci_session_record *r)
{
    mpci_session *s = mpci_session_at(&rz->sessions, n);
    mpci_visit v = {.s = s, .n = n};

    if (r->generation < s->pairs || !mpci_told_has_pair(s)) {
        if (r->generation > s->pairs)
            s->pairs = r->generation;
        return;
    }
    mpci_count(&rz->core->counters, MPCONN_REASON_SESSION_OLD);
    mpci_pair_drop(rz, s);
    s->pairs = r->generation;
    mpci_session_enter(&rz->sessions, s, MPCONN_SESSION_WAITING, rz->core->now);
    mpci_meet_run(rz, &v, mpci_latch_outcome(rz, s));
    mpci_told_calls(rz, s, rz->teller); /* who decides may have heard of none of them since */
}
