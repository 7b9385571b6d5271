/* SPDX-License-Identifier: BSD-2-Clause */
/* A client of a connection that stands comes from another source: a NAT between has made a new
 * binding. Nothing but its numbers says that it is the client still. */
#ifndef MPCI_RENDEZVOUS_RELATCH_H
#define MPCI_RENDEZVOUS_RELATCH_H

#include "rendezvous/machine.h"

/* May the source of the packet, which may have the termination and has it not, take the client's
 * place? 0: not; what has failed because of its numbers counts, and the visit says why. */
int mpci_relatch_fits(mpci_rendezvous *rz, mpci_visit *v);

/* The connection is that source's now: 1; 0 when it cannot be, and nothing has changed. */
int mpci_relatch_take(mpci_rendezvous *rz, mpci_visit *v);

#endif
