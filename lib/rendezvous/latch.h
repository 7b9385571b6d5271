/* SPDX-License-Identifier: BSD-2-Clause */
/* Who may have a termination, and who comes first. Candidates are those that called and do not
 * have it: other sources, and the client's own address and port with another number. That is the
 * client, started again, or somebody else in its name, and which of the two is seen by what comes
 * again: the number it had, or the other one. */
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

/* Has the client's other number, which this SYN has, been called with before, and its own not
 * since? */
int mpci_latch_is_repeated(const mpci_rendezvous *rz, const mpci_visit *v);

/* The client was heard with the number that it has: nobody needs the other one. */
void mpci_latch_heard(mpci_rendezvous *rz, mpci_session *s, unsigned side);

/* What is known of the SYN of the visit as of its client's: of the number it has, or the other one;
 * NULL when it is another source's. */
const mpci_request *mpci_latch_call(const mpci_rendezvous *rz, const mpci_visit *v);

/* Is its source a candidate? */
int mpci_latch_knows(const mpci_rendezvous *rz, const mpci_visit *v);

/* The client of this SYN has the termination now. */
void mpci_latch_take(mpci_rendezvous *rz, mpci_visit *v);

/* The SYN of the visit counts for a candidate: 0 when there is no room for one. */
mpci_candidate_number mpci_latch_note(mpci_rendezvous *rz, const mpci_visit *v);

/* The SYN of the visit could not be kept: for as long as it would have counted the termination is
 * as much in dispute as if it had been. */
void mpci_latch_miss(mpci_rendezvous *rz, const mpci_visit *v);

/* That candidate has the termination, and who had it is a candidate. */
void mpci_latch_swap(mpci_rendezvous *rz, mpci_session *s, unsigned side, mpci_candidate_number n);

/* Nobody has it who may not, and if nobody has, the first candidate takes it: 1. */
int mpci_latch_review(mpci_rendezvous *rz, mpci_session *s, unsigned side);

/* Candidates that have not called for too long go, or all of them. */
void mpci_latch_expire(mpci_rendezvous *rz, mpci_session *s);
void mpci_latch_clear(mpci_rendezvous *rz, mpci_session *s);

/* Is it open who of those that called the termination is to have it? Where the controller said who
 * is expected, it is while a number of its client is in doubt. */
int mpci_latch_is_disputed(const mpci_rendezvous *rz, const mpci_session *s, unsigned side);

/* Who has what now: PAIR, ALONE or EMPTY; NOTHING while that is in dispute. Two are as good as one
 * where another member joins them. */
enum mpci_meet_event mpci_latch_outcome(const mpci_rendezvous *rz, const mpci_session *s);

#endif
