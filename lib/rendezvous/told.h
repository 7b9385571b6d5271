/* SPDX-License-Identifier: BSD-2-Clause */
/* Sessions of several members. Each has all of them; the first two members in the order of a
 * session's name are its directors, and the first of these its registrar:
 *
 *   SESSION      who is told by its host tells all; who comes up is told of all
 *   REQUEST      who gets a SYN tells the directors; and who gets the answer of a client that
 *                was called (mpconn_role)
 *   PAIR         the registrar joins, once, and tells the other director and who got the SYNs;
 *                each of those answers its own. The same word with other bits in CONFIRMED says
 *                that a client has acknowledged: bits only grow
 *   SESSION_SUMS all compare what sessions they have, and tell what others have otherwise
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
void mpci_told_changed(mpci_rendezvous *rz, mpci_session_number n);
void mpci_told_removed(mpci_rendezvous *rz, mpci_session_number n);

/* Tell members that came up of some more sessions, if that is due: 1 when it was. */
int mpci_told_next(mpci_rendezvous *rz);
mpconn_time mpci_told_due(const mpci_rendezvous *rz);

/* What is told of a session; and to tell it, with the calls that wait, to members: a bit each by
 * index. */
mpci_record mpci_told_config_record(const mpci_session *s);
void mpci_told_session(mpci_rendezvous *rz, mpci_session_number n, uint64_t members);

/* told_digest.c: a session is there, or has changed; it goes. */
void mpci_told_note(mpci_rendezvous *rz, mpci_session_number n);
void mpci_told_forget(mpci_rendezvous *rz, mpci_session_number n);
/* Another member says what it has. */
void mpci_told_take_sums(mpci_rendezvous *rz, const mpci_session_record *r);
/* Say it, or tell of sessions that another one lacks, if that is due: 1 when it was. */
int mpci_told_digest_next(mpci_rendezvous *rz);
mpconn_time mpci_told_digest_due(const mpci_rendezvous *rz);

/* told_pair.c: does this member decide about the session; and does it answer this client? */
int mpci_told_is_registrar(const mpci_rendezvous *rz, const mpci_session *s);
int mpci_told_is_ours(const mpci_rendezvous *rz, const mpci_session *s, unsigned side);

/* Tell the directors of a call that waits; tell who has to do with a pair what is known of it, but
 * not who has just said it. */
void mpci_told_call(mpci_rendezvous *rz, const mpci_visit *v);
void mpci_told_calls(mpci_rendezvous *rz, const mpci_session *s, uint32_t to);
void mpci_told_pair(mpci_rendezvous *rz, const mpci_session *s, uint32_t teller);
/* Tell a member that has not heard of it, which believes none but directors. */
void mpci_told_pair_to(mpci_rendezvous *rz, const mpci_session *s, uint32_t to);

/* The members that decide about a session, the registrar first; how many. */
unsigned mpci_told_directors(const mpci_rendezvous *rz, const mpci_session *s,
                             uint32_t ids[MPCI_DIRECTORS]);
/* What PAIR and REQUEST both say of a client. */
void mpci_told_write_caller(mpci_session_record *to, unsigned side, const mpci_request *r);
/* Tell `n` members, each once, but not `teller`, and nobody for MPCONN_MEMBER_ALL. */
void mpci_told_each(mpci_rendezvous *rz, const uint32_t *to, unsigned n, uint32_t teller,
                    const mpci_record *r);

/* told_answer.c: a client that was called answers, and what that means another member decides, who
 * is told. 1: the packet has its verdict. Who decides that it refuses tells whoever has its
 * caller. */
int mpci_told_answer(mpci_rendezvous *rz, const mpci_visit *v, uint32_t slot);
void mpci_told_refused(mpci_rendezvous *rz, const mpci_visit *v);
/* Was a packet that has no flow here held while others were asked about it, and did they all say
 * no? Or is there nobody to ask? */
int mpci_told_asked_in_vain(const mpci_rendezvous *rz, const mpci_step *st);
/* What another member tells of that, for a client of that side. */
void mpci_told_take_answer(mpci_rendezvous *rz, mpci_session_number n, unsigned side,
                           const mpci_request *r, const mpci_session_record *told);

/* The same of a connection that stands, with its flow before it, by whose numbers one may judge
 * there. */
void mpci_told_connection_to(mpci_rendezvous *rz, const mpci_session *s, uint32_t to);

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
