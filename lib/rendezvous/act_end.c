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

/* Its RST does not go on: that would make the flow one whose segments reach a client that may not
 * be there. */
enum mpci_meet_event mpci_meet_abort(mpci_rendezvous *rz, mpci_visit *v)
{
    mpci_latch_clear(rz, v->s);
    report_end(rz, v, v->side, MPCONN_REASON_SESSION_RESET);
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
    end_pair(rz, v, (v->s->marks & MPCI_MARK_MISFIT << v->side) != 0
                        ? MPCONN_REASON_SESSION_MISFIT
                        : MPCONN_REASON_SESSION_UNCONFIRMED);
    return MPCI_MEET_NOTHING;
}

enum mpci_meet_event mpci_meet_close(mpci_rendezvous *rz, mpci_visit *v)
{
    mpci_latch_clear(rz, v->s);
    report_end(rz, v, MPCONN_TERMINATION_NONE, v->reason);
    return MPCI_MEET_NOTHING;
}

/* A RST that was exact here, and was not where it went. */
enum mpci_meet_event mpci_meet_revive(mpci_rendezvous *rz, mpci_visit *v)
{
    mpci_rendezvous_report(rz, v->n, MPCONN_SESSION_EVENT_ESTABLISHED, MPCONN_TERMINATION_NONE,
                           MPCONN_REASON_NONE, NULL);
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

/* What is left of the old flow ends when its time has come, or gives way to the new one. But who is
 * called answers on the leg that it had then: that would be taken for the old connection's. Where
 * the call came says so once, before it tells of the next one. */
enum mpci_meet_event mpci_meet_begin_anew(mpci_rendezvous *rz, mpci_visit *v)
{
    if (v->s->config.role != MPCONN_ROLE_MERGE && v->member == rz->sync->members.self)
        mpci_pair_close(rz, v->s);
    else if (v->s->config.role != MPCONN_ROLE_MERGE)
        mpci_pair_drop(rz, v->s);
    mpci_pair_forget(rz, v->s);
    return mpci_meet_latch(rz, v);
}

/* A challenge (RFC 5961 4) would have to say what the other client has got, which only that one
 * knows: one forged SYN, and what was lost beyond us would never come again. A client that did lose
 * its connection resets it when the other one speaks. */
enum mpci_meet_event mpci_meet_late_syn(mpci_rendezvous *rz, mpci_visit *v)
{
    mpci_drop(rz->core, v->st->pkt, MPCONN_REASON_SESSION_SYN_LATE);
    return MPCI_MEET_NOTHING;
}

enum mpci_meet_event mpci_meet_absent(mpci_rendezvous *rz, mpci_visit *v)
{
    if (v->st != NULL)
        mpci_drop(rz->core, v->st->pkt, MPCONN_REASON_SESSION_EARLY);
    return MPCI_MEET_NOTHING;
}
