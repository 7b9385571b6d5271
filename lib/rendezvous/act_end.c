/* SPDX-License-Identifier: BSD-2-Clause */
/* Actions that end a pair, or find it ended. Whoever was answered is told by a RST with exactly its
 * next number, at once where that is allowed, else when it acknowledges. */
#include "rendezvous/actions.h"

#include "rendezvous/answer.h"
#include "rendezvous/hold.h"
#include "rendezvous/latch.h"
#include "rendezvous/pair.h"

static void report_end(mpci_rendezvous *rz, const mpci_visit *v, unsigned termination,
                       unsigned reason)
{
    mpci_hold_release(rz, v->s, reason);
    mpci_rendezvous_report(rz, v->n, MPCONN_SESSION_EVENT_CLOSED, termination, reason,
                           termination < 2 ? &v->s->request[termination] : NULL);
}

/* To a client that has acknowledged its RST goes as it is: it is exact. */
enum mpci_meet_event mpci_meet_abort(mpci_rendezvous *rz, mpci_visit *v)
{
    mpci_latch_clear(rz, v->s);
    report_end(rz, v, v->side, MPCONN_REASON_SESSION_RESET);
    if ((v->s->confirmed & 1 << (v->side ^ 1)) != 0)
        return mpci_meet_pass(rz, v);
    mpci_pair_kill(rz, v->s, mpci_answer_audience(v->s) & 1u << (v->side ^ 1));
    mpci_consume(rz->core, v->st->pkt, MPCONN_REASON_SESSION_RESET);
    return MPCI_MEET_NOTHING;
}

static void end_pair(mpci_rendezvous *rz, mpci_visit *v, unsigned reason)
{
    mpci_count(&rz->core->counters, reason);
    report_end(rz, v, v->side, reason);
    mpci_pair_kill(rz, v->s, mpci_answer_audience(v->s));
}

enum mpci_meet_event mpci_meet_restart(mpci_rendezvous *rz, mpci_visit *v)
{
    end_pair(rz, v, MPCONN_REASON_SESSION_RESTARTED);
    return mpci_meet_begin_anew(rz, v);
}

/* A client whose segments came, but never fitted, is behind something that changes numbers. */
enum mpci_meet_event mpci_meet_give_up(mpci_rendezvous *rz, mpci_visit *v)
{
    mpci_latch_clear(rz, v->s);
    end_pair(rz, v, (v->s->misfits & 1 << v->side) != 0 ? MPCONN_REASON_SESSION_MISFIT
                                                        : MPCONN_REASON_SESSION_UNCONFIRMED);
    return MPCI_MEET_NOTHING;
}

enum mpci_meet_event mpci_meet_close(mpci_rendezvous *rz, mpci_visit *v)
{
    mpci_latch_clear(rz, v->s);
    report_end(rz, v, MPCONN_TERMINATION_NONE, v->reason);
    return MPCI_MEET_NOTHING;
}

enum mpci_meet_event mpci_meet_lose(mpci_rendezvous *rz, mpci_visit *v)
{
    report_end(rz, v, MPCONN_TERMINATION_NONE, v->reason);
    return mpci_meet_release(rz, v);
}

enum mpci_meet_event mpci_meet_release(mpci_rendezvous *rz, mpci_visit *v)
{
    mpci_pair_forget(rz, v->s);
    return MPCI_MEET_NOTHING;
}

/* What is left of the old flow ends when its time has come, or gives way to the new one. */
enum mpci_meet_event mpci_meet_begin_anew(mpci_rendezvous *rz, mpci_visit *v)
{
    mpci_pair_forget(rz, v->s);
    return mpci_meet_latch(rz, v);
}

/* RFC 5961 4: a client that lost its connection answers this with a RST that is exact, and may call
 * then; one that did not takes it for a duplicate, the end of its window being where it was. */
static void challenge(mpci_rendezvous *rz, const mpci_visit *v, const mpci_settled *e)
{
    const mpci_direction *own = &e->dir[v->side], *other = &e->dir[v->side ^ 1];
    uint8_t shift = v->s->joint.wscale[v->side ^ 1];
    uint32_t window = (own->max_end - own->end) >> (shift == MPCONN_WSCALE_NONE ? 0 : shift);
    mpci_segment s = {
        .tuple = v->st->leg,
        .to = (uint8_t)v->side,
        .hop_limit = rz->core->hop_limit,
        .flags = MPCI_TCP_ACK,
        .seq = other->end,
        .ack = own->end,
        .window = (uint16_t)(window < UINT16_MAX ? window : UINT16_MAX),
        .wscale = MPCONN_WSCALE_NONE,
    };

    mpci_outbox_put(&rz->core->outbox, &s, v->st->pkt->link, v->st->pkt->mark,
                    MPCONN_REASON_SESSION_SYN_LATE);
}

enum mpci_meet_event mpci_meet_late_syn(mpci_rendezvous *rz, mpci_visit *v)
{
    const mpci_settled *e = mpci_pair_flow(rz, v->s);

    if (v->s->state != MPCONN_SESSION_CLOSING && e != NULL &&
        v->st->view->seq != v->s->request[v->side].isn)
        challenge(rz, v, e);
    mpci_drop(rz->core, v->st->pkt, MPCONN_REASON_SESSION_SYN_LATE);
    return MPCI_MEET_NOTHING;
}

enum mpci_meet_event mpci_meet_absent(mpci_rendezvous *rz, mpci_visit *v)
{
    if (v->st != NULL)
        mpci_drop(rz->core, v->st->pkt, MPCONN_REASON_SESSION_EARLY);
    return MPCI_MEET_NOTHING;
}
