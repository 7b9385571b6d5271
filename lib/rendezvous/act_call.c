/* SPDX-License-Identifier: BSD-2-Clause */
/* Actions before there is a pair: nobody is answered, whatever comes. */
#include "rendezvous/actions.h"

#include "rendezvous/latch.h"
#include "rendezvous/pair.h"
#include "rendezvous/role.h"

static void keep(mpci_rendezvous *rz, mpci_visit *v)
{
    v->s->stats[v->side].syns++;
    if (!mpci_role_passes(v->s, v->side))
        mpci_consume(rz->core, v->st->pkt, MPCONN_REASON_SESSION_WAITING);
}

static void report(mpci_rendezvous *rz, const mpci_visit *v, unsigned type, unsigned reason,
                   const mpci_request *source)
{
    mpci_rendezvous_report(rz, v->n, type, v->side, reason, source);
}

static void take(mpci_rendezvous *rz, mpci_visit *v)
{
    mpci_latch_take(rz, v);
    report(rz, v, MPCONN_SESSION_EVENT_LATCHED, MPCONN_REASON_SESSION_WAITING,
           &v->s->request[v->side]);
    keep(rz, v);
}

enum mpci_meet_event mpci_meet_latch(mpci_rendezvous *rz, mpci_visit *v)
{
    take(rz, v);
    return mpci_latch_outcome(rz, v->s);
}

enum mpci_meet_event mpci_meet_repeat(mpci_rendezvous *rz, mpci_visit *v)
{
    mpci_request *r = &v->s->request[v->side];

    mpci_request_again(r, v->st->view, v->options, rz->core->now);
    r->link = (uint16_t)v->st->pkt->link;
    r->mark = v->st->pkt->mark;
    r->member = v->member;
    mpci_latch_heard(rz, v->s, v->side);
    keep(rz, v);
    return mpci_latch_outcome(rz, v->s); /* who was to join them may be gone */
}

/* One packet that anybody can send must not take the client's number away from it. */
enum mpci_meet_event mpci_meet_doubt(mpci_rendezvous *rz, mpci_visit *v)
{
    v->s->stats[v->side].syns++;
    if (mpci_latch_note(rz, v) != 0) {
        mpci_consume(rz->core, v->st->pkt, MPCONN_REASON_SESSION_ANEW);
        return MPCI_MEET_NOTHING;
    }
    if (v->s->flow == 0)
        mpci_latch_miss(rz, v);
    mpci_drop(rz->core, v->st->pkt, MPCONN_REASON_SESSION_CANDIDATES);
    return MPCI_MEET_NOTHING;
}

enum mpci_meet_event mpci_meet_renew(mpci_rendezvous *rz, mpci_visit *v)
{
    mpci_latch_take(rz, v);
    v->s->stats[v->side].syns++;
    mpci_consume(rz->core, v->st->pkt, MPCONN_REASON_SESSION_RESTARTED);
    return mpci_latch_outcome(rz, v->s);
}

/* One more than there is room for is reported where it is the first. */
static enum mpci_meet_event miss(mpci_rendezvous *rz, mpci_visit *v, int first)
{
    mpci_request r;

    mpci_latch_miss(rz, v);
    mpci_drop(rz->core, v->st->pkt, MPCONN_REASON_SESSION_CANDIDATES);
    if (!first)
        return MPCI_MEET_NOTHING;
    mpci_request_read(&r, v->st->view, v->options, rz->core->now);
    report(rz, v, MPCONN_SESSION_EVENT_CONFLICT, MPCONN_REASON_SESSION_CANDIDATES, &r);
    return MPCI_MEET_NOTHING;
}

enum mpci_meet_event mpci_meet_oppose(mpci_rendezvous *rz, mpci_visit *v)
{
    int disputed = mpci_latch_is_disputed(rz, v->s, v->side);
    int known = mpci_latch_knows(rz, v);
    mpci_candidate_number n = mpci_latch_note(rz, v);

    v->s->stats[v->side].syns++;
    if (n == 0)
        return miss(rz, v, !disputed);
    mpci_consume(rz->core, v->st->pkt, MPCONN_REASON_SESSION_CONFLICT);
    if (!known)
        report(rz, v, MPCONN_SESSION_EVENT_CONFLICT, MPCONN_REASON_SESSION_CONFLICT,
               &mpci_candidate_at(&rz->sessions, n)->request);
    return MPCI_MEET_NOTHING;
}

enum mpci_meet_event mpci_meet_line_up(mpci_rendezvous *rz, mpci_visit *v)
{
    int known = mpci_latch_knows(rz, v);
    mpci_candidate_number n = mpci_latch_note(rz, v);

    v->s->stats[v->side].refused++;
    mpci_drop(rz->core, v->st->pkt, n != 0 ? MPCONN_REASON_SESSION_STRANGER
                                           : MPCONN_REASON_SESSION_CANDIDATES);
    if (n != 0 && !known)
        report(rz, v, MPCONN_SESSION_EVENT_CONFLICT, MPCONN_REASON_SESSION_STRANGER,
               &mpci_candidate_at(&rz->sessions, n)->request);
    return MPCI_MEET_NOTHING;
}

enum mpci_meet_event mpci_meet_prefer(mpci_rendezvous *rz, mpci_visit *v)
{
    mpci_latch_swap(rz, v->s, v->side, mpci_latch_note(rz, v));
    report(rz, v, MPCONN_SESSION_EVENT_LATCHED, MPCONN_REASON_SESSION_CONFLICT,
           &v->s->request[v->side]);
    keep(rz, v);
    return MPCI_MEET_NOTHING;
}

/* Whoever has lost it was reported before. */
static void promote(mpci_rendezvous *rz, mpci_visit *v)
{
    if (mpci_latch_review(rz, v->s, v->side))
        report(rz, v, MPCONN_SESSION_EVENT_LATCHED, MPCONN_REASON_SESSION_CONFLICT,
               &v->s->request[v->side]);
}

/* The next one in line has the termination then. */
static enum mpci_meet_event drop_client(mpci_rendezvous *rz, mpci_visit *v, unsigned reason)
{
    mpci_request gone = v->s->request[v->side];

    memset(&v->s->request[v->side], 0, sizeof gone);
    report(rz, v, MPCONN_SESSION_EVENT_IDLE, reason, &gone);
    promote(rz, v);
    return mpci_latch_outcome(rz, v->s);
}

enum mpci_meet_event mpci_meet_withdraw(mpci_rendezvous *rz, mpci_visit *v)
{
    mpci_consume(rz->core, v->st->pkt, MPCONN_REASON_SESSION_RESET);
    return drop_client(rz, v, MPCONN_REASON_SESSION_RESET);
}

enum mpci_meet_event mpci_meet_forget_call(mpci_rendezvous *rz, mpci_visit *v)
{
    mpci_count(&rz->core->counters, MPCONN_REASON_SESSION_STALE);
    return drop_client(rz, v, MPCONN_REASON_SESSION_STALE);
}

enum mpci_meet_event mpci_meet_decide(mpci_rendezvous *rz, mpci_visit *v)
{
    for (v->side = 0; v->side < 2; v->side++)
        promote(rz, v);
    v->side = MPCONN_SIDE_CLIENT; /* neither has just called */
    return mpci_latch_outcome(rz, v->s);
}

enum mpci_meet_event mpci_meet_wait(mpci_rendezvous *rz, mpci_visit *v)
{
    (void)rz;
    (void)v;
    return MPCI_MEET_NOTHING;
}

enum mpci_meet_event mpci_meet_stray(mpci_rendezvous *rz, mpci_visit *v)
{
    unsigned reason = v->s->flow != 0 ? MPCONN_REASON_SESSION_STRANGER
                                      : MPCONN_REASON_SESSION_EARLY;

    v->s->stats[v->side].refused++;
    mpci_drop(rz->core, v->st->pkt, v->reason != 0 ? v->reason : reason);
    if (v->reason == 0 && reason == MPCONN_REASON_SESSION_STRANGER)
        mpci_rendezvous_report_stranger(rz, v);
    return MPCI_MEET_NOTHING;
}
