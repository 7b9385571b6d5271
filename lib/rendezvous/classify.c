/* SPDX-License-Identifier: BSD-2-Clause */
/* From a packet, or from time, to an event of the machine. Nothing is changed here. */
#include "rendezvous/classify.h"

#include "rendezvous/latch.h"
#include "rendezvous/pair.h"
#include "rendezvous/role.h"
#include "rendezvous/told.h"

static int has_pair(const mpci_session *s)
{
    return s->state == MPCONN_SESSION_ANSWERED || s->state == MPCONN_SESSION_HALF ||
           s->state == MPCONN_SESSION_ESTABLISHED;
}

static int is_confirmed(const mpci_visit *v)
{
    return (v->s->confirmed & 1 << v->side) != 0;
}

static int has_passed(mpconn_time now, mpconn_time since, uint64_t ns)
{
    return now - since > ns;
}

static int is_stale(const mpci_rendezvous *rz, const mpci_session *s, unsigned side)
{
    const mpci_request *r = &s->request[side];

    return r->port != 0 &&
           has_passed(rz->core->now, r->last,
                      mpci_request_life(r, s->config.wait_ms * MPCONN_MILLISECOND));
}

/* The number that its pair has is given up for another one: while the other client has acknowledged
 * that one, not before this one has had its time. */
static int is_anew(const mpci_rendezvous *rz, const mpci_visit *v)
{
    const mpci_session *s = v->s;

    if (s->state == MPCONN_SESSION_ESTABLISHED) /* what passes as it is, is nobody's to judge */
        return 0;
    if (s->state == MPCONN_SESSION_HALF &&
        !has_passed(rz->core->now, s->since, s->joint.confirm_s * MPCONN_SECOND))
        return 0;
    return is_stale(rz, s, v->side) || mpci_latch_is_repeated(rz, v);
}

static enum mpci_meet_event another_source(const mpci_rendezvous *rz, const mpci_visit *v)
{
    if (has_pair(v->s))
        return mpci_role_is_unanswered(v->s, v->side) ? MPCI_MEET_SYN_BETTER
                                                      : MPCI_MEET_SYN_LATER;
    if (!mpci_latch_is_told(&v->s->config.termination[v->side]))
        return MPCI_MEET_SYN_RIVAL;
    return mpci_latch_is_better(rz, v) ? MPCI_MEET_SYN_BETTER : MPCI_MEET_SYN_LATER;
}

enum mpci_meet_event mpci_classify_syn(const mpci_rendezvous *rz, const mpci_visit *v)
{
    const mpci_request *r = &v->s->request[v->side];
    int same = mpci_latch_is_from(r, v->st->view);
    int again = r->tries > 0 && r->isn == v->st->view->seq;

    if (v->s->state == MPCONN_SESSION_CLOSING) /* whoever never acknowledged is still calling */
        return same && again && is_confirmed(v) ? MPCI_MEET_SYN_LATE : MPCI_MEET_SYN;
    if (r->port == 0)
        return MPCI_MEET_SYN;
    if (!same)
        return another_source(rz, v);
    if (is_confirmed(v))
        return MPCI_MEET_SYN_LATE;
    if (again)
        return MPCI_MEET_SYN_AGAIN;
    return is_anew(rz, v) ? MPCI_MEET_SYN_ANEW : MPCI_MEET_SYN_NEW;
}

/* Return routability: who sends what it was given at that address is there. RFC 9293 3.10.7.4: what
 * was never sent cannot be acknowledged. */
static int is_proof(const mpci_visit *v, const mpci_settled *e)
{
    const mpci_view *view = v->st->view;
    unsigned other = v->side ^ 1;
    uint32_t own_first = v->s->request[v->side].isn + 1;
    uint32_t other_first = v->s->request[other].isn + 1;

    return (view->flags & MPCI_TCP_ACK) != 0 && !view->first_fragment &&
           view->ack - other_first <= e->dir[other].end - other_first &&
           view->seq - own_first <= e->dir[v->side].max_end - own_first;
}

/* RFC 9293 3.5: who is in SYN-SENT and gets a SYN answers with its own number. */
static int is_answer_to_syn(const mpci_visit *v)
{
    const mpci_session *s = v->s;

    return mpci_session_answer(s) == MPCONN_ANSWER_FORWARD &&
           mpci_role_of(s) == MPCONN_ROLE_MERGE && v->side == s->first &&
           v->st->view->seq == s->request[v->side].isn &&
           v->st->view->ack == s->request[v->side ^ 1].isn + 1;
}

/* RFC 9293 3.10.7.3, for the client that calls: nothing else means anything to it. */
static enum mpci_meet_event of_called(const mpci_visit *v)
{
    const mpci_view *view = v->st->view;
    int resets = (view->flags & MPCI_TCP_RST) != 0;

    if ((view->flags & MPCI_TCP_ACK) == 0)
        return MPCI_MEET_STRAY;
    if (view->ack != v->s->request[v->side ^ 1].isn + 1)
        return resets ? MPCI_MEET_STRAY : MPCI_MEET_OLD_ANSWER;
    if (resets)
        return MPCI_MEET_REJECT;
    return (view->flags & MPCI_TCP_SYN) != 0 ? MPCI_MEET_ACCEPT : MPCI_MEET_STRAY;
}

/* `otherwise` is what it is that answers nothing. */
static enum mpci_meet_event of_syn_ack(const mpci_visit *v, enum mpci_meet_event otherwise)
{
    if (mpci_role_was_called(v->s, v->side) && v->st->view->seq == v->s->request[v->side].isn)
        return MPCI_MEET_ACCEPT_AGAIN;
    if (!is_answer_to_syn(v))
        return otherwise;
    return is_confirmed(v) ? MPCI_MEET_SYN_ACK_AGAIN : MPCI_MEET_SYN_ACK;
}

/* RFC 5961 3. Who answers a stray segment by a RST takes the number from there, and may say one
 * that comes before what it has sent. */
static int is_exact(const mpci_visit *v, const mpci_settled *e)
{
    uint32_t next = e->dir[v->side].end, seq = v->st->view->seq;

    return seq == next || seq == next + v->s->request[v->side].early;
}

static enum mpci_meet_event of_client_in_doubt(const mpci_visit *v, const mpci_settled *e)
{
    unsigned flags = v->st->view->flags;

    if ((flags & MPCI_TCP_RST) != 0)
        return is_exact(v, e) ? MPCI_MEET_RST : MPCI_MEET_SEGMENT;
    if ((flags & MPCI_TCP_SYN) != 0)
        return of_syn_ack(v, is_confirmed(v) ? MPCI_MEET_SYN_ACK : MPCI_MEET_SEGMENT);
    if (is_confirmed(v))
        return MPCI_MEET_EARLY;
    return is_proof(v, e) ? MPCI_MEET_PROOF : MPCI_MEET_SEGMENT;
}

enum mpci_meet_event mpci_classify_segment(const mpci_rendezvous *rz, const mpci_visit *v)
{
    const mpci_request *r = &v->s->request[v->side];
    const mpci_settled *e = mpci_pair_flow(rz, v->s);

    if (mpci_role_awaits(v->s, v->side))
        return of_called(v);
    if (!mpci_latch_is_from(r, v->st->view))
        return v->moved ? MPCI_MEET_MOVED : MPCI_MEET_STRAY;
    if (v->s->state == MPCONN_SESSION_WAITING || v->s->state == MPCONN_SESSION_CONFLICT)
        return (v->st->view->flags & MPCI_TCP_RST) != 0 && v->st->view->seq == r->isn + 1
                   ? MPCI_MEET_RST
                   : MPCI_MEET_STRAY;
    if (e == NULL)
        return MPCI_MEET_STRAY;
    if (v->s->state == MPCONN_SESSION_ANSWERED || v->s->state == MPCONN_SESSION_HALF)
        return of_client_in_doubt(v, e);
    return (v->st->view->flags & MPCI_TCP_SYN) != 0 ? of_syn_ack(v, MPCI_MEET_SYN_ACK)
                                                      : MPCI_MEET_SEGMENT;
}

/* Who still calls is there: it has until its next SYN is overdue. And who is to be answered on that
 * one until the next but one, in case that it is lost: gaps double (RFC 6298 5.5). But none of them
 * would come to who does not answer it. */
static int has_stopped(const mpci_rendezvous *rz, const mpci_session *s, unsigned side)
{
    const mpci_request *r = &s->request[side];
    uint64_t most = s->config.wait_ms * MPCONN_MILLISECOND;
    unsigned lost = (s->answered & 1 << side) == 0 ? 3 : 1;

    if (!mpci_told_is_ours(rz, s, side))
        return 1;
    return r->port != 0 &&
           has_passed(rz->core->now, r->last, lost * mpci_request_life(r, most / lost));
}

static int is_unproved(const mpci_rendezvous *rz, const mpci_session *s, unsigned side)
{
    if ((s->confirmed & 1 << side) != 0 || !has_stopped(rz, s, side))
        return 0;
    return has_passed(rz->core->now, s->since, s->joint.confirm_s * MPCONN_SECOND);
}

/* Why a flow is over; 0 when it is not. */
static unsigned end_of(const mpci_settled *e)
{
    mpci_track t;

    if (e == NULL)
        return MPCONN_REASON_EXPIRED;
    if ((mpci_settled_flags(e) & MPCI_SETTLED_KILLED) != 0)
        return MPCONN_REASON_KILLED;
    mpci_settled_track_load(e, &t);
    if (!mpci_track_is_over(&t))
        return 0;
    return mpci_track_state(&t) == MPCONN_FLOW_RESET ? MPCONN_REASON_FLOW_RESET
                                                     : MPCONN_REASON_FLOW_CLOSED;
}

enum mpci_meet_event mpci_classify_time(const mpci_rendezvous *rz, const mpci_session *s,
                                        unsigned *side, unsigned *reason)
{
    int waits = s->state == MPCONN_SESSION_WAITING || s->state == MPCONN_SESSION_CONFLICT;

    *reason = has_pair(s) ? end_of(mpci_pair_flow(rz, s)) : 0;
    if (*reason != 0)
        return MPCI_MEET_OVER;
    if (s->state == MPCONN_SESSION_CLOSING && end_of(mpci_pair_flow(rz, s)) == 0)
        return MPCI_MEET_REVIVED;
    for (*side = 0; *side < 2; ++*side) {
        if (waits && is_stale(rz, s, *side))
            return MPCI_MEET_STALE;
        if (has_pair(s) && s->state != MPCONN_SESSION_ESTABLISHED && is_unproved(rz, s, *side))
            return MPCI_MEET_UNPROVED;
    }
    return MPCI_MEET_NOTHING;
}
