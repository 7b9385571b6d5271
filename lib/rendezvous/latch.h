/* SPDX-License-Identifier: BSD-2-Clause */
/* Who may have a termination, and who comes first. Candidates are those that called and do not
 * have it. */
#ifndef MPCI_RENDEZVOUS_LATCH_H
#define MPCI_RENDEZVOUS_LATCH_H

#include "rendezvous/machine.h"

/* Did the controller say who is expected? */
static inline int mpci_latch_is_told(const mpconn_termination *t)
{
    return t->expect_prefix != 0;
}

/* May this source have the termination? */
int mpci_latch_may(const mpconn_termination *t, const mpconn_addr *remote, uint16_t port);

/* Is it the client of that request? */
int mpci_latch_is_from(const mpci_request *r, const mpci_view *v);

/* Is the candidate whose SYN this is before the client that has the termination? Who calls more
 * often is; of those who call as often, who was first. */
int mpci_latch_is_better(const mpci_rendezvous *rz, const mpci_visit *v);

/* The client of this SYN has the termination now. */
void mpci_latch_take(mpci_rendezvous *rz, mpci_visit *v);

/* The SYN of the visit counts for a candidate: 0 when there is no room for one. */
mpci_candidate_number mpci_latch_note(mpci_rendezvous *rz, const mpci_visit *v);

/* That candidate has the termination, and who had it is a candidate. */
void mpci_latch_swap(mpci_rendezvous *rz, mpci_session *s, unsigned side, mpci_candidate_number n);

/* After the controller's word: nobody has it who may not. */
void mpci_latch_review(mpci_rendezvous *rz, mpci_session *s, unsigned side);

/* Candidates that have not called for too long go, or all of them. */
void mpci_latch_expire(mpci_rendezvous *rz, mpci_session *s);
void mpci_latch_clear(mpci_rendezvous *rz, mpci_session *s);

/* Who has what now: PAIR, ALONE or EMPTY; NOTHING while that is in dispute. Two are as good as one
 * where another member joins them. */
enum mpci_meet_event mpci_latch_outcome(const mpci_rendezvous *rz, const mpci_session *s);

#endif
