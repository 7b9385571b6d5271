/* SPDX-License-Identifier: BSD-2-Clause */
/* Sessions of several members. Each has all of them; the first two members in the order of a
 * session's name are its directors, and the first of these its registrar:
 *
 *   SESSION      who is told by its host tells all; who comes up is told of all
 *   REQUEST      who gets a SYN tells the directors
 *   PAIR         the registrar joins, once, and tells the other director and who got the SYNs;
 *                each of those answers its own. The same word with other bits in CONFIRMED says
 *                that a client has acknowledged: bits only grow
 *   SESSION_END  a session was removed; or pairs up to one are over, which who made an older one
 *                is told
 *
 * Who knows more than it was told says so; nobody answers a word that says all it knows. */
#ifndef MPCI_RENDEZVOUS_TOLD_H
#define MPCI_RENDEZVOUS_TOLD_H

#include "rendezvous/machine.h"

/* told.c: a word of another member. */
void mpci_rendezvous_told(void *rendezvous, const mpci_record *r, uint32_t from);

/* By the host's order: a new session, which gets its version; one that changed; one that goes. */
void mpci_told_added(mpci_rendezvous *rz, mpci_session_number n);
void mpci_told_config(mpci_rendezvous *rz, mpci_session_number n, uint32_t to);
void mpci_told_removed(mpci_rendezvous *rz, mpci_session_number n);

/* Tell members that came up of some more sessions, if that is due: 1 when it was. */
int mpci_told_next(mpci_rendezvous *rz);
mpconn_time mpci_told_due(const mpci_rendezvous *rz);

/* told_pair.c: does this member decide about the session; and does it answer this client? */
int mpci_told_is_registrar(const mpci_rendezvous *rz, const mpci_session *s);
int mpci_told_is_ours(const mpci_rendezvous *rz, const mpci_session *s, unsigned side);

/* Tell the directors of a call that waits; tell who has to do with a pair what is known of it, but
 * not who has just said it. */
void mpci_told_call(mpci_rendezvous *rz, const mpci_visit *v);
void mpci_told_calls(mpci_rendezvous *rz, const mpci_session *s, uint32_t to);
void mpci_told_pair(mpci_rendezvous *rz, const mpci_session *s, uint32_t teller);

/* What others say of that. */
void mpci_told_take_request(mpci_rendezvous *rz, mpci_session_number n,
                            const mpci_session_record *r);
void mpci_told_take_pair(mpci_rendezvous *rz, mpci_session_number n, const mpci_session_record *r);
void mpci_told_take_end(mpci_rendezvous *rz, mpci_session_number n, const mpci_session_record *r);

static inline int mpci_told_has_pair(const mpci_session *s)
{
    return s->state == MPCONN_SESSION_ANSWERED || s->state == MPCONN_SESSION_HALF ||
           s->state == MPCONN_SESSION_ESTABLISHED;
}

/* Is this record greater than the other one of its type? All members must find the same, whatever
 * their byte order. */
int mpci_told_is_greater(const mpci_record *r, const mpci_record *other);

static inline mpci_record mpci_told_record(const mpci_session *s, unsigned type)
{
    mpci_record r;

    memset(&r, 0, sizeof r);
    r.type = (uint8_t)type;
    memcpy(r.session.name, s->config.name, sizeof r.session.name);
    return r;
}

#endif
