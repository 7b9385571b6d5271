/* SPDX-License-Identifier: BSD-2-Clause */
/* Actions of sessions whose second client is called. Nothing is sent but in return for a packet,
 * one for each: a SYN of the caller brings about one to the other client, whose answer brings about
 * the caller's. */
#include "rendezvous/actions.h"

#include "rendezvous/answer.h"
#include "rendezvous/latch.h"
#include "rendezvous/pair.h"
#include "rendezvous/relatch.h"
#include "rendezvous/role.h"
#include "rendezvous/told.h"
#include "split/incarnation.h"
#include "table/reset.h"

/* Where it is expected, nobody has said anything yet. */
static void leg_to_expected(const mpci_session *s, unsigned side, mpconn_tuple *leg)
{
    const mpconn_termination *t = &s->config.termination[side];

    mpci_session_leg(s, side, leg);
    if (side == MPCONN_SIDE_CLIENT) {
        leg->client = t->expect;
        leg->client_port = t->expect_port;
    } else {
        leg->server = t->expect;
        leg->server_port = t->expect_port;
    }
}

enum mpci_meet_event mpci_meet_call(mpci_rendezvous *rz, mpci_visit *v)
{
    const mpci_request *caller = &v->s->request[v->side];
    unsigned to = v->side ^ 1;
    mpconn_tuple leg;
    mpci_segment syn;

    if (v->options == NULL || v->member != rz->sync->members.self ||
        !mpci_role_calls(v->s, v->side))
        return MPCI_MEET_NOTHING;
    if (mpci_role_passes(v->s, v->side))
        return MPCI_MEET_THROUGH;
    leg_to_expected(v->s, to, &leg);
    syn = mpci_join_call(to, caller, v->s->config.max_mss, &leg, rz->core->hop_limit);
    mpci_outbox_put(&rz->core->outbox, &syn, MPCONN_LINK_NONE, caller->mark,
                    MPCONN_REASON_SESSION_CALLED);
    return MPCI_MEET_NOTHING;
}

/* --- what the client says that was called --- */

/* It has acknowledged the caller's number, which only who is there can know. The caller gets its
 * own reading back, by which it measures the round trip. */
enum mpci_meet_event mpci_meet_hear_answer(mpci_rendezvous *rz, mpci_visit *v)
{
    mpci_session *s = v->s;
    unsigned caller = v->side ^ 1;

    mpci_latch_take(rz, v);
    if (v->options->timestamps)
        s->request[caller].tsval = v->options->tsecr;
    s->request[v->side].called = s->config.role;
    mpci_consume(rz->core, v->st->pkt, MPCONN_REASON_SESSION_ACCEPTED);
    v->reason = mpci_pair_make(rz, s, v->side);
    if (v->reason != 0)
        return MPCI_MEET_UNJOINED;
    s->confirmed = (uint8_t)(1u << v->side);
    mpci_told_pair(rz, s, MPCONN_MEMBER_ALL);
    mpci_answer_pair(rz, s);
    return MPCI_MEET_NOTHING;
}

/* It has not heard the ACK: whose that is has not heard the SYN|ACK, or it was lost behind us. */
enum mpci_meet_event mpci_meet_hear_again(mpci_rendezvous *rz, mpci_visit *v)
{
    mpci_request *r = &v->s->request[v->side];

    r->link = (uint16_t)v->st->pkt->link;
    r->mark = v->st->pkt->mark;
    if (r->called != MPCONN_ROLE_TRACK || v->s->state != MPCONN_SESSION_HALF)
        mpci_answer_called(rz, v->s, v->side);
    else if (mpci_told_is_ours(rz, v->s, v->side ^ 1))
        mpci_answer_again(rz, v->s, v->side ^ 1);
    mpci_consume(rz->core, v->st->pkt, MPCONN_REASON_SESSION_ACCEPTED);
    return MPCI_MEET_NOTHING;
}

/* RFC 9293 3.10.7.3: a RST|ACK that acknowledges its SYN ends the caller's attempt. */
enum mpci_meet_event mpci_meet_reject(mpci_rendezvous *rz, mpci_visit *v)
{
    unsigned caller = v->side ^ 1;
    const mpci_request *r = &v->s->request[caller];
    mpconn_tuple leg;
    mpci_segment s;

    mpci_session_leg(v->s, caller, &leg);
    s = mpci_reset_ack(rz->core, &leg, caller, 0, r->isn + 1);
    if (mpci_told_is_ours(rz, v->s, caller))
        mpci_reset_put(rz->core, &s, r->link, r->mark);
    mpci_told_refused(rz, v);
    mpci_consume(rz->core, v->st->pkt, MPCONN_REASON_SESSION_REJECTED);
    mpci_rendezvous_report(rz, v->n, MPCONN_SESSION_EVENT_CLOSED, v->side,
                           MPCONN_REASON_SESSION_REJECTED, NULL);
    mpci_pair_forget(rz, v->s);
    return MPCI_MEET_NOTHING;
}

/* What stands between those addresses and ports is of another caller. */
static int is_of_living_flow(const mpci_rendezvous *rz, const mpci_step *st)
{
    mpci_legs l = mpci_legs_of(rz->core, st->leg, st->leg);
    uint32_t slot = mpci_legs_slot(rz->core, &l);

    return slot != MPCI_SLOT_NONE &&
           mpci_incarnation_is_alive(mpci_settled_at(&rz->core->settled, slot));
}

/* RFC 9293 3.10.7.3: it has a connection that its caller knows nothing of, and gets rid of it. */
enum mpci_meet_event mpci_meet_disown(mpci_rendezvous *rz, mpci_visit *v)
{
    if (!is_of_living_flow(rz, v->st))
        mpci_reset_answer(rz->core, v->st);
    mpci_drop(rz->core, v->st->pkt, MPCONN_REASON_SESSION_EARLY);
    return MPCI_MEET_NOTHING;
}

/* --- MPCONN_ROLE_FORWARD --- */

/* Until it says something itself it is taken to be able to do what its caller can. */
static void expect_answer(const mpci_rendezvous *rz, mpci_session *s, unsigned side)
{
    const mpconn_termination *t = &s->config.termination[side];
    mpci_request *r = &s->request[side];

    *r = s->request[side ^ 1];
    r->remote = t->expect;
    r->port = t->expect_port;
    r->family = t->family;
    r->link = MPCONN_LINK_NONE;
    r->called = MPCONN_ROLE_FORWARD;
    r->isn = UINT32_MAX; /* RFC 9293 3.10.7.1: who refuses says 0 next */
    r->tries = 0;
    r->last = rz->core->now;
}

enum mpci_meet_event mpci_meet_let_through(mpci_rendezvous *rz, mpci_visit *v)
{
    expect_answer(rz, v->s, v->side ^ 1);
    v->reason = mpci_pair_make(rz, v->s, v->side ^ 1);
    if (v->reason != 0) {
        mpci_drop(rz->core, v->st->pkt, v->reason);
        return MPCI_MEET_UNJOINED;
    }
    mpci_latch_clear(rz, v->s);
    mpci_rendezvous_report(rz, v->n, MPCONN_SESSION_EVENT_ESTABLISHED, MPCONN_TERMINATION_NONE,
                           MPCONN_REASON_NONE, NULL);
    v->goes_on = 1;
    return MPCI_MEET_NOTHING;
}

enum mpci_meet_event mpci_meet_follow(mpci_rendezvous *rz, mpci_visit *v)
{
    uint8_t called = v->s->request[v->side].called;

    mpci_latch_take(rz, v);
    v->s->request[v->side].called = called;
    mpci_pair_follow(rz, v->s);
    v->s->stats[v->side].syns++;
    v->goes_on = 1;
    return MPCI_MEET_NOTHING;
}

/* Who was called may have refused, which nobody here looks for. */
enum mpci_meet_event mpci_meet_supplant(mpci_rendezvous *rz, mpci_visit *v)
{
    mpci_pair_kill(rz, v->s, 0);
    return mpci_meet_begin_anew(rz, v);
}
