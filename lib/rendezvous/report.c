/* SPDX-License-Identifier: BSD-2-Clause */
#include "rendezvous/rendezvous.h"

#include "rendezvous/told.h"

/* All members see the same happen. A client is reported where it called, and what becomes of it by
 * who decides that. */
static int is_reported_elsewhere(const mpci_rendezvous *rz, const mpci_session *s, unsigned type)
{
    switch (type) {
    case MPCONN_SESSION_EVENT_LATCHED:
        return rz->teller != MPCONN_MEMBER_ALL;
    case MPCONN_SESSION_EVENT_ESTABLISHED:
    case MPCONN_SESSION_EVENT_CLOSED:
    case MPCONN_SESSION_EVENT_IDLE:
        return !mpci_told_is_registrar(rz, s);
    default:
        return 0;
    }
}

void mpci_rendezvous_report(mpci_rendezvous *rz, mpci_session_number n, unsigned type,
                            unsigned termination, unsigned reason, const mpci_request *source)
{
    const mpci_session *s = mpci_session_at(&rz->sessions, n);
    mpconn_session_event ev;

    if (rz->core->callbacks.session_event == NULL || is_reported_elsewhere(rz, s, type))
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
    rz->core->callbacks.session_event(rz->core->user, &ev);
}
