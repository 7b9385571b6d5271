/* SPDX-License-Identifier: BSD-2-Clause */
#include "rendezvous/machine.h"

#include "rendezvous/role.h"
#include "rendezvous/told.h"

/* All members see the same happen. A client is reported where it called, and what becomes of it by
 * who decides that. */
static int is_reported_elsewhere(const mpci_rendezvous *rz, const mpci_session *s, unsigned type,
                                 const mpci_request *source)
{
    switch (type) {
    case MPCONN_SESSION_EVENT_LATCHED:
        return source->member != rz->sync->members.self;
    case MPCONN_SESSION_EVENT_ESTABLISHED: /* what goes on as it is, is a pair only where it came */
    case MPCONN_SESSION_EVENT_CLOSED:
    case MPCONN_SESSION_EVENT_IDLE:
        return mpci_role_of(s) != MPCONN_ROLE_FORWARD && !mpci_told_is_registrar(rz, s);
    default:
        return 0;
    }
}

static void tell(mpci_rendezvous *rz)
{
    mpci_reports *q = &rz->reports;

    for (unsigned i = 0; i < q->n; i++)
        rz->core->callbacks.session_event(rz->core->user, &q->events[i]);
    q->n = 0;
}

void mpci_rendezvous_begin_run(mpci_rendezvous *rz)
{
    rz->reports.depth++;
}

void mpci_rendezvous_end_run(mpci_rendezvous *rz)
{
    if (--rz->reports.depth == 0)
        tell(rz);
}

void mpci_rendezvous_report(mpci_rendezvous *rz, mpci_session_number n, unsigned type,
                            unsigned termination, unsigned reason, const mpci_request *source)
{
    const mpci_session *s = mpci_session_at(&rz->sessions, n);
    mpconn_session_event ev;

    if (rz->core->callbacks.session_event == NULL || is_reported_elsewhere(rz, s, type, source))
        return;
    MPCONN_STRUCT_INIT(&ev);
    ev.type = type;
    ev.reason = reason;
    ev.name = s->config.name;
    ev.termination = termination;
    ev.flow = s->flow;
    ev.stats[0] = s->stats[0];
    ev.stats[1] = s->stats[1];
    if (source != NULL) {
        ev.remote = source->remote;
        ev.remote_port = source->port;
        ev.family = source->family;
    }
    if (rz->reports.n == sizeof rz->reports.events / sizeof rz->reports.events[0])
        tell(rz);
    rz->reports.events[rz->reports.n++] = ev;
    if (rz->reports.depth == 0)
        tell(rz);
}

void mpci_rendezvous_report_stranger(mpci_rendezvous *rz, const mpci_visit *v)
{
    mpci_request source = {.family = v->st->view->family, .port = v->st->view->sport};
    mpconn_tuple t;

    if ((v->s->marks & MPCI_MARK_STRANGER) != 0)
        return;
    v->s->marks |= MPCI_MARK_STRANGER;
    mpci_view_tuple(&t, v->st->view, MPCONN_SIDE_CLIENT, 0);
    source.remote = t.client;
    mpci_rendezvous_report(rz, v->n, MPCONN_SESSION_EVENT_REFUSED, v->side,
                           MPCONN_REASON_SESSION_STRANGER, &source);
}
