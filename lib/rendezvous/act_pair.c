/* SPDX-License-Identifier: BSD-2-Clause */
/* Actions that make a pair, answer its clients, and see whether they are there. */
#include "rendezvous/actions.h"

#include "rendezvous/answer.h"
#include "rendezvous/hold.h"
#include "rendezvous/latch.h"
#include "rendezvous/pair.h"
#include "rendezvous/relatch.h"
#include "rendezvous/told.h"

enum mpci_meet_event mpci_meet_join(mpci_rendezvous *rz, mpci_visit *v)
{
    v->reason = v->told != NULL ? mpci_pair_adopt(rz, v->s)
                                : mpci_pair_make(rz, v->s, v->side);
    if (v->reason != 0)
        return MPCI_MEET_UNJOINED;
    if (v->told == NULL)
        mpci_told_pair(rz, v->s, MPCONN_MEMBER_ALL);
    mpci_answer_pair(rz, v->s);
    return MPCI_MEET_NOTHING;
}

/* Nobody was answered: both go on calling, and are a pair again when the second one does. */
enum mpci_meet_event mpci_meet_unjoin(mpci_rendezvous *rz, mpci_visit *v)
{
    mpci_count(&rz->core->counters, v->reason);
    mpci_rendezvous_report(rz, v->n, MPCONN_SESSION_EVENT_REFUSED, MPCONN_TERMINATION_NONE,
                           v->reason, NULL);
    mpci_pair_forget(rz, v->s);
    return MPCI_MEET_NOTHING;
}

enum mpci_meet_event mpci_meet_answer(mpci_rendezvous *rz, mpci_visit *v)
{
    mpci_request *r = &v->s->request[v->side];

    mpci_request_touch(r, v->options, rz->core->now);
    r->link = (uint16_t)v->st->pkt->link;
    r->mark = v->st->pkt->mark;
    r->member = v->member;
    mpci_latch_heard(rz, v->s, v->side);
    v->s->postponed &= (uint8_t)~(1u << v->side);
    v->s->stats[v->side].syns++;
    mpci_consume(rz->core, v->st->pkt, MPCONN_REASON_SESSION_WAITING);
    mpci_answer_client(rz, v->s, v->side);
    return MPCI_MEET_NOTHING;
}

static void confirm(mpci_rendezvous *rz, const mpci_visit *v)
{
    v->s->confirmed |= (uint8_t)(1u << v->side);
    mpci_latch_heard(rz, v->s, v->side);
    mpci_told_pair(rz, v->s, v->told != NULL ? rz->teller : MPCONN_MEMBER_ALL);
}

/* Its flow has not seen that: the other client has got nothing of it. But a RST comes behind it. It
 * may send what fits the window that it was told. */
static void note_early(const mpci_visit *v)
{
    mpci_request *r = &v->s->request[v->side];
    uint32_t reach = v->st->view->seq + mpci_view_seq_len(v->st->view) - (r->isn + 1);

    if (reach > r->early && reach <= v->s->request[v->side ^ 1].window)
        r->early = (uint16_t)reach;
}

/* A bare acknowledgment has served. */
static void keep_early(mpci_rendezvous *rz, const mpci_visit *v)
{
    if (v->st == NULL) /* it came to another member */
        return;
    note_early(v);
    if (mpci_view_seq_len(v->st->view) == 0)
        mpci_consume(rz->core, v->st->pkt, MPCONN_REASON_SESSION_EARLY);
    else
        mpci_hold_packet(rz, v->s, v->st->pkt);
}

/* It came from where it was answered. What it says is for a client that may not be there, and may
 * be sent nothing yet; the other one is answered now if it waited for that. */
enum mpci_meet_event mpci_meet_prove(mpci_rendezvous *rz, mpci_visit *v)
{
    confirm(rz, v);
    mpci_answer_waiting(rz, v->s, v->side ^ 1);
    keep_early(rz, v);
    return MPCI_MEET_NOTHING;
}

enum mpci_meet_event mpci_meet_accept(mpci_rendezvous *rz, mpci_visit *v)
{
    mpci_request *r = &v->s->request[v->side];

    if (v->st->view->ts_offset != 0)
        r->tsval = v->st->view->tsval;
    confirm(rz, v);
    mpci_consume(rz->core, v->st->pkt, MPCONN_REASON_SESSION_WAITING);
    mpci_answer_waiting(rz, v->s, v->side ^ 1);
    return MPCI_MEET_NOTHING;
}

enum mpci_meet_event mpci_meet_establish(mpci_rendezvous *rz, mpci_visit *v)
{
    mpci_settled *e = mpci_pair_flow(rz, v->s);

    if (e != NULL)
        mpci_settled_begin_use(e);
    confirm(rz, v);
    mpci_latch_clear(rz, v->s);
    mpci_hold_release(rz, v->s, MPCONN_REASON_RELEASED);
    mpci_rendezvous_report(rz, v->n, MPCONN_SESSION_EVENT_ESTABLISHED, MPCONN_TERMINATION_NONE,
                           MPCONN_REASON_NONE, NULL);
    return mpci_meet_pass(rz, v);
}

/* Perhaps another member knows that the other one is there. */
enum mpci_meet_event mpci_meet_early(mpci_rendezvous *rz, mpci_visit *v)
{
    mpci_told_pair(rz, v->s, MPCONN_MEMBER_ALL);
    keep_early(rz, v);
    mpci_answer_listener(rz, v->s, v->side ^ 1);
    return MPCI_MEET_NOTHING;
}

enum mpci_meet_event mpci_meet_listen(mpci_rendezvous *rz, mpci_visit *v)
{
    mpci_consume(rz->core, v->st->pkt, MPCONN_REASON_SESSION_WAITING);
    mpci_answer_listener(rz, v->s, v->side ^ 1);
    return MPCI_MEET_NOTHING;
}

enum mpci_meet_event mpci_meet_misfit(mpci_rendezvous *rz, mpci_visit *v)
{
    v->s->marks |= (uint8_t)(MPCI_MARK_MISFIT << v->side);
    mpci_drop(rz->core, v->st->pkt, MPCONN_REASON_SESSION_MISFIT);
    return MPCI_MEET_NOTHING;
}

enum mpci_meet_event mpci_meet_pass(mpci_rendezvous *rz, mpci_visit *v)
{
    (void)rz;
    v->goes_on = 1;
    return MPCI_MEET_NOTHING;
}

enum mpci_meet_event mpci_meet_relatch(mpci_rendezvous *rz, mpci_visit *v)
{
    return mpci_relatch_take(rz, v) ? mpci_meet_pass(rz, v) : mpci_meet_stray(rz, v);
}
