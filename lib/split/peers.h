/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files about other members share. */
#ifndef MPCI_SPLIT_PEERS_H
#define MPCI_SPLIT_PEERS_H

#include "split/machine.h"

/* A question or a commit is repeated after this, then after twice as long ... */
#define MPCI_ASK_AGAIN_NS (50 * MPCONN_MILLISECOND)

/* ... and so often. */
enum { MPCI_ASK_TRIES = 6 };

/* How long an answer to a SYN that was passed on, or the ACK to it, is awaited where many are:
 * longer than a client's own patience between two SYNs. */
#define MPCI_PLAIN_WAIT_NS (64 * MPCONN_SECOND)

/* peers.c */
int mpci_peers_is_registrar(const mpci_split *sp, const mpci_handshake *h);
/* Whether this is another member, and one that fell silent. */
int mpci_peers_is_down(const mpci_split *sp, uint32_t member);
int mpci_peers_is_driven(const mpci_handshake *h);
/* DECIDE when this member is the registrar and knows both sides, else NOTHING. */
enum mpci_split_event mpci_peers_decide_if_known(const mpci_split *sp, const mpci_handshake *h);
/* The teller of the step knows nothing of a commit; whether now every member has said so that may
 * know one. */
int mpci_peers_all_said_no(const mpci_split *sp, mpci_step *st);
/* The entry of the step, or in peace a new one, of the server leg that its segment or its record
 * names; NULL when there is no room. */
mpci_handshake *mpci_peers_entry(mpci_split *sp, mpci_step *st);
void mpci_peers_set_timer(mpci_split *sp, mpci_handshake *h, uint64_t ns);
/* From now on, for mpconn_timeouts::transitory_ns at most. */
void mpci_peers_await_plain(mpci_split *sp, mpci_handshake *h);
/* Take a question, or a word nobody asked for, about something unproved from their budget (rule
 * R12): 0 when there is none left. What comes from the client's side never takes the last half. */
int mpci_peers_spend(mpci_split *sp, unsigned from);
/* The same for what is asked because of a packet, which is dropped for want of budget. */
int mpci_peers_may_ask(mpci_split *sp, const mpci_step *st);
/* Ask about a settled flow, from the same budget less its last half: what there is none left for,
 * the sweep asks about in its next round. */
void mpci_peers_question(mpci_split *sp, uint32_t slot);
/* Ask again later. */
void mpci_peers_ask_later(mpci_split *sp, mpci_handshake *h);

#endif
