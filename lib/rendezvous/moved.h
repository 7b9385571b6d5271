/* SPDX-License-Identifier: BSD-2-Clause */
/* Clients that have moved, as members tell one another. The word is DELTA, with the legs that the
 * flow goes by now and a generation more; everybody answers it by what is known there, and it is
 * repeated to who does not.
 *
 * Of two words about a flow the one of the later generation counts. Two members that let clients
 * move at once count the same: then the greater legs do, at all members alike, and a client that
 * lost its place by that takes it again. */
#ifndef MPCI_RENDEZVOUS_MOVED_H
#define MPCI_RENDEZVOUS_MOVED_H

#include "rendezvous/rendezvous.h"

/* Tell all members what the flow goes by now, until they answer. */
void mpci_moved_tell(mpci_rendezvous *rz, uint32_t slot);

/* A member that comes up may have missed what was told of a session whose clients moved. */
void mpci_moved_tell_anew(mpci_rendezvous *rz, const mpci_session *s, uint32_t to);

/* Repeat that to who has not answered, if it is due: 1 when it was. */
int mpci_moved_next(mpci_rendezvous *rz);
mpconn_time mpci_moved_due(const mpci_rendezvous *rz);

/* A record of another member about a connection, which goes on to mpci_split_told(): by the name
 * that it has here, and not where it says that a flow goes by legs that are not its any more, or
 * cannot be. */
void mpci_moved_told(void *rendezvous, const mpci_record *r, uint32_t from);

#endif
