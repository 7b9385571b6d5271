/* SPDX-License-Identifier: BSD-2-Clause */
/* Rendezvous: what the engine calls. Two clients that both call are joined to one connection, which
 * is a settled flow like any other from then on: its client leg is that of termination 0, a binding
 * leads there from its server leg, that of termination 1, and no number differs.
 *
 * It stands above lib/split, and uses of it what ends or begins a flow: place.c, bind.c, kill.c,
 * share.c. These are of no lower layer, for whatever has a place or a leg that is wanted may be a
 * handshake, which only its machine ends, and other members have to be asked or told. */
#ifndef MPCI_RENDEZVOUS_RENDEZVOUS_H
#define MPCI_RENDEZVOUS_RENDEZVOUS_H

#include "rendezvous/digest.h"
#include "rendezvous/session.h"
#include "split/split.h"

/* A client has moved here, and not all members have said that they know. */
typedef struct mpci_move {
    uint64_t flow;               /* id */
    uint64_t members;            /* who has not, a bit each by index */
    mpconn_time due;             /* when it is repeated to those */
    uint32_t reminders;          /* so far */
} mpci_move;

enum { MPCI_MOVES = 64 };

/* Sessions that other members lack, or have otherwise, and are being told of. */
typedef struct mpci_repair {
    uint64_t to;                 /* members, a bit each by index */
    uint64_t leaves[MPCI_DIGEST_LEAVES / 64]; /* places of the sessions, a bit each */
    uint32_t next, left;         /* entry that is looked at next, and how many still are */
    mpconn_time due;
} mpci_repair;

/* What the controller is told when the machine has come to rest: it may look at sessions then. One
 * event brings about three at most, and more where its flow takes the place of others. */
typedef struct mpci_reports {
    mpconn_session_event events[8];
    unsigned n;
    unsigned depth;              /* of the runs of the machine */
} mpci_reports;

typedef struct mpci_rendezvous {
    mpci_core *core;
    mpci_sync *sync;
    mpci_split *split;
    mpci_sessions sessions;
    uint64_t tell_to;            /* members that are being told of all sessions, as sync->joined */
    uint32_t tell_next;          /* entry they are told of next */
    uint32_t teller;             /* whose word is being taken; else MPCONN_MEMBER_ALL */
    mpconn_time tell_due;
    mpconn_time hold_expired;    /* when something held was last given up */
    mpci_digest digest;          /* of the sessions, where there are members */
    mpci_repair repair;
    mpconn_time sums_due;        /* when all are told of it */
    mpconn_time sums_since;      /* sums for one member are counted from there */
    uint32_t sums_told;
    mpconn_time excess_since;    /* answers beyond what their clients said are counted from there */
    uint32_t excess;
    uint32_t n_moves;
    mpci_move moves[MPCI_MOVES];
    mpci_reports reports;
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

/* What a client that was called says of its caller. */
typedef struct mpci_answer_told {
    uint32_t acknowledged;       /* that one's number */
    uint32_t echoed;             /* and its timestamp */
    uint16_t flags;              /* ACK, with SYN, with RST, or alone */
} mpci_answer_told;

/* Another member tells of a SYN, or of an answer, which came there: as if it had come here, but
 * that nobody here answers it. `answer` is NULL for a SYN. */
void mpci_rendezvous_retold(mpci_rendezvous *rz, mpci_session_number n, unsigned side,
                            const mpci_request *r, const mpci_answer_told *answer);

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

/* The life of a flow with MPCI_SETTLED_RENDEZVOUS has gone on, here or elsewhere, or it was killed:
 * it may be over. `owner` of this and the next two is the mpci_rendezvous. */
void mpci_rendezvous_moved(void *owner, uint32_t slot);

/* Another member asks about such a flow. While its clients are not both there it gets the pair, of
 * who may tell it: 1. */
int mpci_rendezvous_asked(void *owner, uint32_t slot, uint32_t member);

/* May its clients get what is not of their connection? Both are there. */
int mpci_rendezvous_is_proved(const mpci_rendezvous *rz, uint32_t slot);

/* Such a flow has left the table. */
void mpci_rendezvous_ended(void *owner, uint64_t flow, const mpconn_tuple *key, unsigned reason);

/* report.c: tell the controller, at once or, while the machine runs, when it has come to rest.
 * `termination` is 0, 1 or MPCONN_TERMINATION_NONE; `source` is who
 * it is about, or NULL. */
void mpci_rendezvous_report(mpci_rendezvous *rz, mpci_session_number n, unsigned type,
                            unsigned termination, unsigned reason, const mpci_request *source);

#endif
