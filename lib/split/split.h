/* SPDX-License-Identifier: BSD-2-Clause */
/* Split connections: what the engine calls. Where to look:
 *
 *   a segment comes    split.c; classify.c says what event it is, whose.c whether it is of a flow
 *                      or of the next incarnation, admit.c whether a SYN may be
 *   a record comes     told.c; incarnation.c says which of two incarnations stands
 *   the machine        machine.def, rows_*.c; entry.c asks and fills its entries
 *   what it does       act_*.c, listed in actions.h
 *   what it says       send.c and cookie.c to endpoints, share.c to members; announce.c, peers.c
 *                      and path.c: when, how often, to whom
 *   a settled flow     commit.c from a handshake, copy.c from a record; place.c finds its line,
 *                      defer.c says when others are told of it
 *   addresses          bind.c: what a server leg shows, where the host says so */
#ifndef MPCI_SPLIT_SPLIT_H
#define MPCI_SPLIT_SPLIT_H

#include "split/cookie.h"
#include "echo/echo.h"
#include "sync/sync.h"
#include "table/core.h"

/* So many are remembered until what was held for them comes again. */
enum { MPCI_UNKNOWN = 64 };

typedef struct mpci_split {
    mpci_core *core;
    mpci_sync *sync;
    mpci_echo *echo;
    mpci_profile profile;
    uint32_t opening_hand;       /* where the search for one that may give way goes on */
    uint32_t binding_hand;       /* and that for a binding whose flow is over */
    uint32_t half_open;          /* handshakes whose opener has not proved itself */
    uint32_t adaptive_threshold;
    uint32_t mode;               /* mpconn_split_mode */
    uint32_t unknown_policy;     /* DROP or PASS */
    uint32_t announce;           /* mpconn_announce */
    uint16_t client_window;      /* of a SYN|ACK: what may be sent before the server leg stands */
    mpci_paths paths;
    mpconn_time asked_until;     /* the budget of questions is the time since */
    mpci_budget signed_syns;     /* of clients, that pass without peace */
    uint64_t unknown[MPCI_UNKNOWN]; /* hashes of connections that all others said no to, by hash */
} mpci_split;

/* Entries for clients that proved nothing are a luxury of peace: V15 repairs a lost ACK with them,
 * but the cookie carries all that is needed without (principle 7). */
static inline int mpci_split_in_peace(const mpci_split *sp)
{
    return sp->half_open < sp->core->handshakes.capacity / 2;
}

/* A segment that belongs to no live settled flow. Gives the packet its verdict. */
void mpci_split_input(mpci_split *sp, mpci_step *st);

/* A SYN that came inside of an echo: answered in the buffer of that, and nothing is kept. */
void mpci_split_answer_carried(mpci_split *sp, mpci_step *st);

/* A segment of the server that names a settled flow, but by another server leg than that has: it
 * may be of the handshake for the next incarnation. */
void mpci_split_input_beside(mpci_split *sp, mpci_step *st);

/* A segment between the ports of a settled flow that is over, or one outside every window of a flow
 * that lives: 1 when a handshake for the next incarnation took it, 0 when it belongs to the flow.
 * Of one that lives only the client's proof of another number is taken, which ends it. */
int mpci_split_input_next(mpci_split *sp, mpci_step *st, mpci_settled *flow, int over);

/* SYN|ACK of the server of a settled split flow: never passed on. One that answers another SYN than
 * that of the flow, which was passed on, shows that the server forgot the flow: that ends it. */
void mpci_split_syn_ack_again(mpci_split *sp, mpci_step *st, mpci_settled *flow);

/* The server's first segment since the commit is not where that says: held, and the others are
 * asked. 0 when there is nothing wrong. */
int mpci_split_unheard(mpci_split *sp, mpci_step *st, const mpci_settled *e);

/* A segment outside every window of a flow that seemed to be carried here alone: other members may
 * carry part of it, and say so when they are asked (rule R6). */
void mpci_split_outside(mpci_split *sp, const mpci_step *st, uint32_t slot);

/* An ICMP error of the server's side says that a SYN of the client with this number does not get
 * there: 1 when there is a handshake of that number, and the packet has its verdict; 0 when it is
 * nothing to this member, and is to pass. */
int mpci_split_unreachable(mpci_split *sp, mpci_step *st, uint32_t client_isn);

/* Any other ICMP error about a segment with this number of a connection that is not settled here:
 * gives the packet its verdict. It may be held while other members are asked, as a segment would
 * be, if it is worth that. */
void mpci_split_error(mpci_split *sp, mpci_step *st, uint32_t seq, int is_worth_asking);

/* A segment of what only another member can have carried so far, whatever its flags: it is held,
 * and the others are asked. */
void mpci_split_ask(mpci_split *sp, mpci_step *st);

/* The others were asked about a connection last, and all said that they do not know it: unless they
 * did that is not known, nor for ever. By the hash of its tuple. */
int mpci_split_is_unknown(const mpci_split *sp, uint64_t hash);

/* A segment of a settled flow that is still MPCI_SETTLED_CONFIRMING was forwarded. */
void mpci_split_forwarded(mpci_split *sp, mpci_step *st);

/* An entry's deadline has come. */
void mpci_split_expire(mpci_split *sp, mpci_handshake *h);

/* Other members are told of a flow that is carried here alone when it has lived for `defer_ns`. */
void mpci_split_defer(mpci_split *sp, uint32_t slot);
/* When the next one has; MPCONN_TIME_NEVER when none waits. */
mpconn_time mpci_split_next_to_tell(const mpci_split *sp);
/* Tell of one that has, or let it wait once more if it is in doubt, or forget one that is over; 0
 * when none of them is first in the queue. */
int mpci_split_tell_due(mpci_split *sp);

/* End a handshake by order of the host; exact RSTs unless silent. */
void mpci_split_kill(mpci_split *sp, mpci_handshake *h, int silent);

/* A record of another member. */
void mpci_split_told(void *split, const mpci_record *r, uint32_t from);

/* A settled flow is about to leave its table: forget the handshake that waits for it. */
void mpci_split_flow_ends(mpci_split *sp, uint32_t slot);

#endif
