/* SPDX-License-Identifier: BSD-2-Clause */
/* Sessions of which one client calls and the other one is called (mpconn_role but MERGE): who is
 * which. Nobody is called who has called itself: the two are joined then. */
#ifndef MPCI_RENDEZVOUS_ROLE_H
#define MPCI_RENDEZVOUS_ROLE_H

#include "rendezvous/session.h"

/* The mpconn_role of the present pair: MERGE where both called. */
static inline unsigned mpci_role_of(const mpci_session *s)
{
    return s->request[0].called | s->request[1].called;
}

/* Is the other client called, when that of a side calls? */
static inline int mpci_role_calls(const mpci_session *s, unsigned side)
{
    return s->config.role != MPCONN_ROLE_MERGE && s->request[side ^ 1].port == 0 &&
           mpci_termination_is_known(&s->config.termination[side ^ 1]);
}

/* Is that side's client one that is called, and answered for here? */
static inline int mpci_role_is_called(const mpci_session *s, unsigned side)
{
    return (s->config.role == MPCONN_ROLE_TRACK || s->config.role == MPCONN_ROLE_REVERSE) &&
           mpci_termination_is_known(&s->config.termination[side]);
}

/* And that by the SYN as it came? */
static inline int mpci_role_passes(const mpci_session *s, unsigned side)
{
    return s->config.role == MPCONN_ROLE_FORWARD && mpci_role_calls(s, side);
}

/* Is an answer of that side's client awaited, which is called in the other one's name? */
static inline int mpci_role_awaits(const mpci_session *s, unsigned side)
{
    return s->state == MPCONN_SESSION_WAITING && s->request[side ^ 1].port != 0 &&
           s->config.role != MPCONN_ROLE_FORWARD && mpci_role_calls(s, side ^ 1) &&
           s->request[side].port == 0;
}

/* Are the SYNs of the present pair carried as they are? */
static inline int mpci_role_is_through(const mpci_session *s)
{
    return s->state == MPCONN_SESSION_ESTABLISHED && mpci_role_of(s) == MPCONN_ROLE_FORWARD;
}

/* Or will they be? Then nothing in them is looked at. */
static inline int mpci_role_is_blind(const mpci_session *s)
{
    int has_pair = s->state == MPCONN_SESSION_ANSWERED || s->state == MPCONN_SESSION_HALF ||
                   s->state == MPCONN_SESSION_ESTABLISHED;

    return (has_pair ? mpci_role_of(s) : s->config.role) == MPCONN_ROLE_FORWARD;
}

/* Does it answer a SYN? RFC 9293 3.10.7.1: who refuses one has no number of its own, so that a RST
 * with another number is of a connection. */
static inline int mpci_role_is_answer(const mpci_view *v)
{
    unsigned flags = v->flags & (MPCI_TCP_SYN | MPCI_TCP_RST | MPCI_TCP_ACK);

    return flags == (MPCI_TCP_SYN | MPCI_TCP_ACK) ||
           (flags == (MPCI_TCP_RST | MPCI_TCP_ACK) && v->seq == 0);
}

/* Of the present pair. */
static inline int mpci_role_was_called(const mpci_session *s, unsigned side)
{
    return s->request[side].called != 0;
}

/* Has the client of that side called by a SYN that went on, and nothing has come back? */
static inline int mpci_role_is_unanswered(const mpci_session *s, unsigned side)
{
    return mpci_role_of(s) == MPCONN_ROLE_FORWARD && side == s->first &&
           s->request[side ^ 1].tries == 0;
}

#endif
