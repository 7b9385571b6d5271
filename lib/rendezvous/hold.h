/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets that wait for the client they go to: it may be sent nothing before it has acknowledged.
 * They are held under the number of their flow. */
#ifndef MPCI_RENDEZVOUS_HOLD_H
#define MPCI_RENDEZVOUS_HOLD_H

#include "rendezvous/rendezvous.h"

void mpci_hold_packet(mpci_rendezvous *rz, mpci_session *s, mpconn_pkt *pkt);

/* Give all back: `reason` is RELEASED when they may go on. */
void mpci_hold_release(mpci_rendezvous *rz, mpci_session *s, unsigned reason);

/* The same when the client has had its time: the hold time since the pair came so far. */
void mpci_hold_expire(mpci_rendezvous *rz, mpci_session *s);

#endif
