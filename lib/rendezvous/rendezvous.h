/* SPDX-License-Identifier: BSD-2-Clause */
/* Rendezvous: what the engine calls. Two clients that both call are joined to one connection, which
 * is a settled flow like any other from then on: its client leg is that of termination 0, a binding
 * leads there from its server leg, that of termination 1, and no number differs. */
#ifndef MPCI_RENDEZVOUS_RENDEZVOUS_H
#define MPCI_RENDEZVOUS_RENDEZVOUS_H

#include "rendezvous/session.h"
#include "split/split.h"

typedef struct mpci_rendezvous {
    mpci_core *core;
    mpci_sync *sync;
    mpci_split *split;
    mpci_sessions sessions;
    uint64_t tell_to;            /* members that are being told of all sessions, as sync->joined */
    uint32_t tell_next;          /* entry they are told of next */
    uint32_t teller;             /* whose word is being taken; else MPCONN_MEMBER_ALL */
    mpconn_time tell_due;
    mpconn_time excess_since;    /* answers beyond what their clients said are counted from there */
    uint32_t excess;
} mpci_rendezvous;

/* A packet to a termination; `slot` is that of its flow, or MPCI_SLOT_NONE. 1: it has its verdict.
 * 0: it goes on to its flow, as any other, which may have been made for it just now. */
int mpci_rendezvous_input(mpci_rendezvous *rz, mpci_step *st, uint32_t slot,
                          mpci_termination_number t);

/* Do packets to a termination say more than that its connection goes on? */
static inline int mpci_rendezvous_is_open(const mpci_rendezvous *rz, mpci_termination_number t)
{
    return mpci_session_at(&rz->sessions, mpci_termination_session(t))->state !=
           MPCONN_SESSION_ESTABLISHED;
}

/* Another member tells of a SYN, which came there: as if it had come here, but that nobody here
 * answers it. */
void mpci_rendezvous_retold(mpci_rendezvous *rz, mpci_session_number n, unsigned side,
                            const mpci_request *r);

/* What the controller expects of a session has changed. */
void mpci_rendezvous_modified(mpci_rendezvous *rz, mpci_session_number n);

/* The controller removes a session: a connection that lives is ended, and its clients are told.
 * What is left of that belongs to no session any more. */
void mpci_rendezvous_abort(mpci_rendezvous *rz, mpci_session_number n);

/* The clients of a flow with MPCI_SETTLED_RENDEZVOUS that may be told that it is over, a bit each
 * by side. They count as told. */
unsigned mpci_rendezvous_audience(mpci_rendezvous *rz, uint32_t slot);

/* The sweep has come to a session: time may have passed it by. */
void mpci_rendezvous_sweep(mpci_rendezvous *rz, mpci_session_number n);

/* The life of a flow with MPCI_SETTLED_RENDEZVOUS has gone on, or it was killed: it may be over. */
void mpci_rendezvous_moved(mpci_rendezvous *rz, uint32_t slot);

/* May its clients get what is not of their connection? Both are there. */
int mpci_rendezvous_is_proved(const mpci_rendezvous *rz, uint32_t slot);

/* Such a flow has left the table. `owner` is the mpci_rendezvous. */
void mpci_rendezvous_ended(void *owner, uint64_t flow, const mpconn_tuple *key, unsigned reason);

/* report.c: tell the controller. `termination` is 0, 1 or MPCONN_TERMINATION_NONE; `source` is who
 * it is about, or NULL. */
void mpci_rendezvous_report(mpci_rendezvous *rz, mpci_session_number n, unsigned type,
                            unsigned termination, unsigned reason, const mpci_request *source);

#endif
