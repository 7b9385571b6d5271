/* SPDX-License-Identifier: BSD-2-Clause */
/* What the server leg of a connection shows, when it is not what the client leg shows. No tuple
 * names two connections that live: neither two server legs, nor the server leg of one and the
 * client leg of another, for a segment of the server and a word of another member bear only one of
 * them. */
#ifndef MPCI_SPLIT_BIND_H
#define MPCI_SPLIT_BIND_H

#include "split/split.h"
#include "sync/record.h"

/* The host's word on the server leg that is about to be opened: the entry holds what it gives. 0,
 * or why there can be none. */
unsigned mpci_bind_ask(mpci_split *sp, mpci_handshake *h);

/* The binding of a connection of this host's to that server leg, a new one or the one that an
 * incarnation of it has already; the caller holds it. 0, or why there can be none. */
unsigned mpci_bind_hold(mpci_split *sp, uint64_t client_hash, const mpconn_tuple *client_leg,
                        const mpconn_tuple *leg, mpci_binding_number *n);

/* What a record names is held for the step, until it is told that all has been done; 0 when the
 * record cannot be true here. */
int mpci_bind_hear(mpci_split *sp, mpci_step *st);
void mpci_bind_heard(mpci_split *sp, const mpci_step *st);

/* Who knows no more than the server leg's tuple asks by that: 1, and the step gets the key, which
 * is put into `key`. */
int mpci_bind_rename(const mpci_split *sp, mpci_step *st, mpconn_tuple *key);
/* The same of an ANSWER that cannot be true here: what the server said is of the connection that
 * has this server leg now, and its teller has not heard of that. */
int mpci_bind_rename_refused(const mpci_split *sp, mpci_step *st, mpconn_tuple *key);

/* The entry holds this binding, or none, instead of the one before. */
void mpci_bind_entry(mpci_split *sp, mpci_handshake *h, mpci_binding_number n);
/* The same of what the record of the step says. */
void mpci_bind_note(mpci_split *sp, mpci_handshake *h, const mpci_step *st);

/* A question about such a tuple, whose segment waits for the answer, is settled: both are. */
void mpci_bind_settle_question(mpci_split *sp, uint64_t hash, const mpconn_tuple *tuple);

/* Is a tuple that a connection is to go by the server leg of another one? One that is over makes
 * room. */
int mpci_bind_is_taken(mpci_split *sp, uint64_t hash, const mpconn_tuple *tuple);

/* Does a segment of the server bear another name than the server leg of this entry, as far as that
 * is known? */
int mpci_bind_is_strange(const mpci_step *st, const mpci_handshake *h);

#endif
