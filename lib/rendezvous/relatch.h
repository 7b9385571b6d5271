/* SPDX-License-Identifier: BSD-2-Clause */
/* A client of a connection that stands comes from another source: a NAT between has made a new
 * binding. Nothing but its numbers says that it is the client still. */
#ifndef MPCI_RENDEZVOUS_RELATCH_H
#define MPCI_RENDEZVOUS_RELATCH_H

#include "rendezvous/machine.h"

/* What the two legs of a flow show, by which it goes. */
typedef struct mpci_legs {
    mpconn_tuple key, leg;       /* client leg, server leg */
    uint64_t key_hash, leg_hash;
} mpci_legs;

mpci_legs mpci_legs_of(const mpci_core *core, const mpconn_tuple *key, const mpconn_tuple *leg);
/* The flow has a binding. */
mpci_legs mpci_legs_of_flow(const mpci_core *core, uint32_t slot);
/* The flow that goes by either of them; SLOT_NONE: there is none. */
uint32_t mpci_legs_slot(const mpci_core *core, const mpci_legs *l);

/* May the source of the packet, which may have the termination and has it not, take the client's
 * place? 0: not; what has failed because of its numbers counts, and the visit says why, and whether
 * the numbers say so beyond doubt. */
int mpci_relatch_fits(mpci_rendezvous *rz, mpci_visit *v);

/* The connection is that source's now: 1; 0 when it cannot be, and nothing has changed. */
int mpci_relatch_take(mpci_rendezvous *rz, mpci_visit *v);

/* A flow goes by these legs from now on: 1; 0 when another one has them, or there is no room, and
 * nothing has changed. Its host is told. */
int mpci_relatch_move(mpci_rendezvous *rz, uint32_t slot, const mpci_legs *to);

/* A client of the session has moved: none does for a second. */
void mpci_relatch_pause(mpci_rendezvous *rz, mpci_session *s);

#endif
