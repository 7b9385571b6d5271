/* SPDX-License-Identifier: BSD-2-Clause */
/* What comes to a session: packets, time, the controller's word, the end of its flow. */
#include "rendezvous/rendezvous.h"

#include "packet/ip.h"
#include "rendezvous/answer.h"
#include "rendezvous/classify.h"
#include "rendezvous/hold.h"
#include "rendezvous/latch.h"
#include "rendezvous/pair.h"
#include "rendezvous/relatch.h"
#include "rendezvous/role.h"
#include "rendezvous/told.h"
#include "split/incarnation.h"
#include "split/kill.h"
#include "table/reset.h"

/* --- time --- */

static void let_time_pass(mpci_rendezvous *rz, mpci_session_number n)
{
    mpci_visit v = {.s = mpci_session_at(&rz->sessions, n), .n = n};
    enum mpci_meet_event event;

    mpci_hold_expire(rz, v.s);
    mpci_latch_expire(rz, v.s);
    if (v.s->state == MPCONN_SESSION_ANSWERED || v.s->state == MPCONN_SESSION_HALF)
        mpci_answer_postponed(rz, v.s);
    while ((event = mpci_classify_time(rz, v.s, &v.side, &v.reason)) != MPCI_MEET_NOTHING)
        mpci_meet_run(rz, &v, event);
    v.side = MPCONN_SIDE_CLIENT; /* both have called for some time: neither is the latest */
    if (v.s->state == MPCONN_SESSION_WAITING || v.s->state == MPCONN_SESSION_CONFLICT)
        mpci_meet_run(rz, &v, mpci_latch_outcome(rz, v.s));
}

/* The word that a client has acknowledged may have been lost, on its way to others or from them.
 * Who has heard of neither asks before giving them up, which would end what stands elsewhere. */
static int is_word_missing(const mpci_rendezvous *rz, const mpci_session *s)
{
    uint64_t most = s->joint.confirm_s * MPCONN_SECOND;

    return s->state == MPCONN_SESSION_HALF ||
           (s->state == MPCONN_SESSION_ANSWERED && rz->core->now - s->since >= most / 2);
}

void mpci_rendezvous_sweep(mpci_rendezvous *rz, mpci_session_number n)
{
    const mpci_session *s = mpci_session_at(&rz->sessions, n);

    let_time_pass(rz, n);
    if (is_word_missing(rz, s))
        mpci_told_pair(rz, s, MPCONN_MEMBER_ALL);
}

/* --- packets --- */

static void refuse(mpci_rendezvous *rz, const mpci_visit *v, unsigned reason)
{
    v->s->stats[v->side].refused++;
    mpci_drop(rz->core, v->st->pkt, reason);
}

static void report_refused(mpci_rendezvous *rz, const mpci_visit *v, unsigned reason)
{
    mpci_request r;

    mpci_request_read(&r, v->st->view, v->options, rz->core->now);
    mpci_rendezvous_report(rz, v->n, MPCONN_SESSION_EVENT_REFUSED, v->side, reason, &r);
}

/* RST|ACK for a SYN (RFC 9293 3.10.7.1): its sender need not go on. */
static void reset_caller(mpci_rendezvous *rz, const mpci_visit *v)
{
    const mpci_step *st = v->st;
    mpci_segment s = mpci_reset_ack(rz->core, st->leg, v->side, 0,
                                    st->view->seq + mpci_view_seq_len(st->view));

    mpci_reset_put(rz->core, &s, st->pkt->link, st->pkt->mark);
}

/* What is sent from a termination to a termination would come back for ever. */
static int is_from_termination(const mpci_rendezvous *rz, const mpci_visit *v)
{
    const mpci_view *view = v->st->view;

    return mpci_sessions_called(&rz->sessions, view->family, mpci_ip_src(view->family, view->ip),
                                view->sport, v->s->config.zone) != 0;
}

/* Who cannot be served, whatever the session's state: the reason, or 0. The signature of RFC 2385
 * and RFC 5925 is over addresses and ports, which the other client sees others of. */
static unsigned refusal_of(const mpci_rendezvous *rz, const mpci_visit *v)
{
    const mpci_request *other = &v->s->request[v->side ^ 1];

    if (is_from_termination(rz, v))
        return MPCONN_REASON_SESSION_SELF;
    if (v->options->signature && !mpci_role_is_blind(v->s))
        return MPCONN_REASON_SESSION_SIGNED;
    if (v->s->state != MPCONN_SESSION_CLOSING && other->port != 0 &&
        mpci_latch_is_from(other, v->st->view))
        return MPCONN_REASON_SESSION_SELF;
    return 0;
}

static int is_answer(const mpci_visit *v)
{
    return (v->st->view->flags & MPCI_TCP_ACK) != 0 && !mpci_role_is_through(v->s);
}

static void take_syn(mpci_rendezvous *rz, mpci_visit *v)
{
    mpci_syn_options options;
    unsigned reason = mpci_syn_options_parse(&options, v->st->view);

    v->options = &options;
    if (reason != 0 && !mpci_role_is_blind(v->s)) {
        refuse(rz, v, reason);
        return;
    }
    reason = refusal_of(rz, v);
    if (reason == 0) {
        mpci_meet_run(rz, v, is_answer(v) ? mpci_classify_segment(rz, v)
                                          : mpci_classify_syn(rz, v));
        return;
    }
    if (reason == MPCONN_REASON_SESSION_SIGNED && !is_answer(v) &&
        (v->s->config.flags & MPCONN_SESSION_F_SIGNED_SILENT) == 0)
        reset_caller(rz, v);
    refuse(rz, v, reason);
    report_refused(rz, v, reason);
}

/* The engine verified it, but of connections that stand. */
static int is_wrong(mpci_rendezvous *rz, mpci_step *st)
{
    unsigned wrong =
        (st->pkt->flags & MPCONN_PKT_F_CSUM_OK) != 0 ? 0 : mpci_view_verify(st->view, st->pkt);

    if (wrong != 0)
        mpci_drop(rz->core, st->pkt, wrong);
    return wrong != 0;
}

static int is_stranger(const mpci_visit *v)
{
    mpconn_tuple t;

    mpci_view_tuple(&t, v->st->view, MPCONN_SIDE_CLIENT, 0);
    return !mpci_latch_may(&v->s->config.termination[v->side], &t.client, t.client_port);
}

static int is_of_pair(const mpci_rendezvous *rz, const mpci_session *s, uint32_t slot)
{
    return slot != MPCI_SLOT_NONE && s->flow != 0 &&
           mpci_settled_id(&rz->core->settled, slot) == s->flow;
}

static void count_carried(const mpci_rendezvous *rz, mpci_visit *v)
{
    mpconn_termination_stats *stats = &v->s->stats[v->side];

    stats->packets_in++;
    stats->bytes_in += v->st->view->total_len;
    v->s->request[v->side].last = rz->core->now;
}

/* Is it of a connection that is over, or that nobody knows? Who does not know may not have been
 * told of it. */
static int is_of_nothing(const mpci_rendezvous *rz, const mpci_visit *v, uint32_t slot)
{
    if (slot == MPCI_SLOT_NONE)
        return mpci_told_asked_in_vain(rz, v->st);
    return !mpci_incarnation_is_alive(mpci_settled_at(&rz->core->settled, slot));
}

/* Does it end a call that is known here, or is it of no call, as who decides about it knows? Then
 * others need not be asked what it is. */
static int ends_call(const mpci_rendezvous *rz, const mpci_visit *v, uint32_t slot)
{
    enum mpci_meet_event event = mpci_classify_segment(rz, v);

    return event == MPCI_MEET_RST || event == MPCI_MEET_REJECT ||
           (event == MPCI_MEET_OLD_ANSWER && is_of_nothing(rz, v, slot) &&
            mpci_told_is_registrar(rz, v->s));
}

/* Where all goes on as it is, so does a SYN|ACK, whose SYN went on at another member. */
static int is_passed_on(const mpci_visit *v)
{
    return (v->st->view->flags & MPCI_TCP_ACK) != 0 && mpci_role_is_blind(v->s) &&
           !mpci_told_has_pair(v->s);
}

/* Who knows no flow of it asks, but where it has judged itself whether a client has moved. */
static int may_be_known_elsewhere(const mpci_rendezvous *rz, const mpci_visit *v)
{
    return mpci_sync_has_members(rz->sync) && !v->moved && !v->misfits;
}

/* What was joined before, or at another member, goes by its flow. */
static int is_of_another_flow(const mpci_rendezvous *rz, const mpci_visit *v, uint32_t slot)
{
    return ((v->st->view->flags & MPCI_TCP_SYN) == 0 || is_passed_on(v)) &&
           (slot != MPCI_SLOT_NONE || may_be_known_elsewhere(rz, v)) &&
           !is_of_pair(rz, v->s, slot) && !ends_call(rz, v, slot);
}

/* Time passes; what it makes of a session may take the flow of the packet away: 1. */
static int time_takes_flow(mpci_rendezvous *rz, const mpci_visit *v, uint32_t slot)
{
    const mpci_settled_table *t = &rz->core->settled;
    uint64_t flow = slot != MPCI_SLOT_NONE ? mpci_settled_id(t, slot) : 0;

    let_time_pass(rz, v->n);
    return flow != 0 && mpci_settled_by_id(t, flow) != slot;
}

/* Does it say what its sender can do? A SYN|ACK for one that nobody called does not count. */
static int is_of_handshake(const mpci_visit *v)
{
    unsigned flags = v->st->view->flags & (MPCI_TCP_SYN | MPCI_TCP_ACK | MPCI_TCP_RST);

    return flags == MPCI_TCP_SYN ||
           (flags == (MPCI_TCP_SYN | MPCI_TCP_ACK) &&
            (mpci_role_is_through(v->s) || mpci_role_awaits(v->s, v->side)));
}

/* An answer to a call is not of a connection that is over, or was called before. */
static int forget_over(mpci_rendezvous *rz, mpci_step *st, uint32_t slot)
{
    if (!mpci_role_is_answer(st->view) ||
        mpci_incarnation_is_alive(mpci_settled_at(&rz->core->settled, slot)))
        return 0;
    mpci_core_end_flow(rz->core, slot, MPCONN_REASON_SESSION_OLD);
    st->tuple = st->leg;
    st->hash = mpci_tuple_hash(&rz->core->table_key, st->leg);
    st->binding = 0;
    return 1;
}

/* It goes on by a flow that another member made, or that has to be asked for: 1. */
static int follow_elsewhere(mpci_rendezvous *rz, const mpci_visit *v, uint32_t slot)
{
    if (!is_passed_on(v))
        return 0;
    if (slot == MPCI_SLOT_NONE || forget_over(rz, v->st, slot)) {
        mpci_split_ask(rz->split, v->st);
        return 1;
    }
    if ((v->st->view->flags & MPCI_TCP_SYN) != 0)
        mpci_pair_learn(rz, slot, v->st);
    v->st->pkt->flow = 0; /* was held for this flow, whose segments nobody checks */
    return 0;
}

/* The SYN|ACK went past another member: what its caller acknowledges is its number. */
static int is_first_sign(const mpci_visit *v)
{
    const mpci_view *view = v->st->view;

    return mpci_role_is_unanswered(v->s, v->side) && !view->first_fragment &&
           (view->flags & (MPCI_TCP_ACK | MPCI_TCP_RST)) == MPCI_TCP_ACK &&
           view->seq - (v->s->request[v->side].isn + 1) <= v->s->request[v->side].window;
}

/* A packet that is not simply one of a connection that stands. */
static int take_packet(mpci_rendezvous *rz, mpci_visit *v, uint32_t slot)
{
    unsigned flags = v->st->view->flags;

    if (!is_of_pair(rz, v->s, slot) && is_stranger(v)) {
        refuse(rz, v, MPCONN_REASON_SESSION_STRANGER);
        mpci_rendezvous_report_stranger(rz, v);
        return 1;
    }
    if ((flags & MPCI_TCP_SYN) != 0 && is_wrong(rz, v->st))
        return 1;
    if (time_takes_flow(rz, v, slot) && (flags & MPCI_TCP_SYN) == 0) {
        refuse(rz, v, MPCONN_REASON_SESSION_EARLY);
        return 1;
    }
    if (mpci_told_answer(rz, v, slot))
        return 1;
    v->moved = slot == MPCI_SLOT_NONE && mpci_relatch_fits(rz, v);
    if (is_of_another_flow(rz, v, slot))
        return follow_elsewhere(rz, v, slot);
    if (is_of_handshake(v))
        take_syn(rz, v);
    else
        mpci_meet_run(rz, v, mpci_classify_segment(rz, v));
    if (v->options != NULL)
        mpci_told_call(rz, v);
    return !v->goes_on;
}

int mpci_rendezvous_input(mpci_rendezvous *rz, mpci_step *st, uint32_t slot,
                          mpci_termination_number t)
{
    mpci_session_number n = mpci_termination_session(t);
    mpci_visit v = {
        .s = mpci_session_at(&rz->sessions, n),
        .n = n,
        .st = st,
        .side = mpci_termination_side(t),
        .member = rz->sync->members.self,
    };

    if (v.s->state != MPCONN_SESSION_ESTABLISHED || (st->view->flags & MPCI_TCP_SYN) != 0 ||
        !is_of_pair(rz, v.s, slot)) {
        if (take_packet(rz, &v, slot))
            return 1;
        if (slot == MPCI_SLOT_NONE && !v.goes_on) /* others are asked what it is */
            return 0;
    } else if (is_first_sign(&v)) {
        if (is_wrong(rz, st))
            return 1;
        mpci_pair_hear(rz, v.s, v.side ^ 1, st->view->ack - 1);
    }
    count_carried(rz, &v);
    return 0;
}

/* --- another member's packets --- */

/* The SYN as it was there, or the answer to one, but for what nobody needs. */
static size_t rebuild(uint8_t *bytes, size_t cap, const mpconn_tuple *leg, unsigned side,
                      const mpci_request *r, const mpci_answer_told *answer)
{
    unsigned ecn = (r->flags & MPCI_REQUEST_ECN) != 0 ? MPCI_TCP_ECE | MPCI_TCP_CWR : 0;
    mpci_segment s = {
        .tuple = leg,
        .to = (uint8_t)(side ^ 1),
        .hop_limit = 1,
        .flags = (uint16_t)(MPCI_TCP_SYN | ecn),
        .seq = r->isn,
        .window = r->window,
        .mss = r->mss,
        .wscale = r->wscale,
        .sack_permitted = (r->flags & MPCI_REQUEST_SACK) != 0,
        .timestamps = (r->flags & MPCI_REQUEST_TIMESTAMPS) != 0,
        .tsval = r->tsval,
    };

    if (answer != NULL) {
        s.flags = (uint16_t)(answer->flags | (ecn & MPCI_TCP_ECE));
        s.ack = answer->acknowledged + 1;
        s.tsecr = answer->echoed;
    }
    return mpci_build_tcp(bytes, cap, &s);
}

/* Statistics are of what came here. */
void mpci_rendezvous_retold(mpci_rendezvous *rz, mpci_session_number n, unsigned side,
                            const mpci_request *r, const mpci_answer_told *answer)
{
    uint8_t bytes[MPCI_BUILD_MAX];
    mpci_session *s = mpci_session_at(&rz->sessions, n);
    mpci_request *known = &s->request[side], before = *known;
    mpconn_termination_stats stats = s->stats[side];
    mpconn_pkt pkt = {.data = bytes, .cap = sizeof bytes, .side = (uint8_t)side};
    mpci_view view;
    mpci_step st;
    mpconn_tuple leg;
    mpci_visit v = {.s = s, .n = n, .st = &st, .side = side, .member = r->member};

    *known = *r;
    mpci_session_leg(s, side, &leg);
    *known = before;
    pkt.len = (uint32_t)rebuild(bytes, sizeof bytes, &leg, side, r, answer);
    mpci_view_parse(&view, &pkt);
    mpci_step_begin(&st, &pkt, &view, &leg);
    let_time_pass(rz, n);
    if (is_stranger(&v))
        mpci_count(&rz->core->counters, MPCONN_REASON_SESSION_STRANGER);
    else if (answer != NULL && (answer->flags & MPCI_TCP_SYN) == 0)
        mpci_meet_run(rz, &v, mpci_classify_segment(rz, &v));
    else
        take_syn(rz, &v);
    s->stats[side] = stats;
}

/* --- the controller, and the flow --- */

void mpci_rendezvous_modified(mpci_rendezvous *rz, mpci_session_number n)
{
    mpci_visit v = {.s = mpci_session_at(&rz->sessions, n), .n = n};

    mpci_meet_run(rz, &v, MPCI_MEET_DECIDED);
}

/* The session whose present flow it is; 0 = none. */
static mpci_session_number session_of(const mpci_rendezvous *rz, uint64_t flow,
                                      const mpconn_tuple *key)
{
    mpci_termination_number t = mpci_sessions_called(&rz->sessions, key->family,
                                                     key->server.bytes, key->server_port,
                                                     (uint16_t)key->zone);
    mpci_session_number n = mpci_termination_session(t);

    return t != 0 && mpci_session_at(&rz->sessions, n)->flow == flow ? n : 0;
}

static mpci_session_number session_of_slot(const mpci_rendezvous *rz, uint32_t slot)
{
    mpconn_tuple key;

    mpci_settled_tuple(&rz->core->settled, slot, &key);
    return session_of(rz, mpci_settled_id(&rz->core->settled, slot), &key);
}

void mpci_rendezvous_moved(void *owner, uint32_t slot)
{
    mpci_rendezvous *rz = owner;
    mpci_session_number n = session_of_slot(rz, slot);

    if (n != 0)
        let_time_pass(rz, n);
}

int mpci_rendezvous_is_proved(const mpci_rendezvous *rz, uint32_t slot)
{
    mpci_session_number n = session_of_slot(rz, slot);
    unsigned state = n != 0 ? mpci_session_at(&rz->sessions, n)->state
                            : (unsigned)MPCONN_SESSION_ESTABLISHED;

    return state != MPCONN_SESSION_ANSWERED && state != MPCONN_SESSION_HALF;
}

int mpci_rendezvous_asked(void *owner, uint32_t slot, uint32_t member)
{
    mpci_rendezvous *rz = owner;

    if (mpci_rendezvous_is_proved(rz, slot))
        return 0;
    mpci_told_pair_to(rz, mpci_session_at(&rz->sessions, session_of_slot(rz, slot)), member);
    return 1;
}

unsigned mpci_rendezvous_audience(mpci_rendezvous *rz, uint32_t slot)
{
    mpci_session_number n = session_of_slot(rz, slot);

    return n != 0 ? mpci_answer_audience(mpci_session_at(&rz->sessions, n)) : MPCI_KILL_TELLS_BOTH;
}

/* A RST that passed may not have arrived, and then they would go on without a session. Whose FINs
 * are acknowledged have nothing to go on with. */
static void abort_closing(mpci_rendezvous *rz, mpci_session *s)
{
    const mpci_settled *e = mpci_pair_flow(rz, s);
    mpci_track t;

    if (e == NULL || (mpci_settled_flags(e) & MPCI_SETTLED_KILLED) != 0)
        return;
    mpci_settled_track_load(e, &t);
    if (t.state != MPCONN_FLOW_CLOSED)
        mpci_pair_kill(rz, s, mpci_answer_audience(s));
}

void mpci_rendezvous_abort(mpci_rendezvous *rz, mpci_session_number n)
{
    mpci_session *s = mpci_session_at(&rz->sessions, n);

    if (s->state == MPCONN_SESSION_CLOSING)
        abort_closing(rz, s);
    if (s->state != MPCONN_SESSION_ANSWERED && s->state != MPCONN_SESSION_HALF &&
        s->state != MPCONN_SESSION_ESTABLISHED)
        return;
    mpci_hold_release(rz, s, MPCONN_REASON_SESSION_REMOVED);
    mpci_pair_kill(rz, s, mpci_answer_audience(s));
    mpci_session_enter(&rz->sessions, s, MPCONN_SESSION_CLOSING, rz->core->now);
    mpci_rendezvous_report(rz, n, MPCONN_SESSION_EVENT_CLOSED, MPCONN_TERMINATION_NONE,
                           MPCONN_REASON_SESSION_REMOVED, NULL);
}

void mpci_rendezvous_ended(void *owner, uint64_t flow, const mpconn_tuple *key, unsigned reason)
{
    mpci_rendezvous *rz = owner;
    mpci_visit v = {.n = session_of(rz, flow, key), .reason = reason};

    if (v.n == 0)
        return;
    v.s = mpci_session_at(&rz->sessions, v.n);
    mpci_meet_run(rz, &v, MPCI_MEET_ENDED);
}
