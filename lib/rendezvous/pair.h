/* SPDX-License-Identifier: BSD-2-Clause */
/* The flow of two clients that are joined. */
#ifndef MPCI_RENDEZVOUS_PAIR_H
#define MPCI_RENDEZVOUS_PAIR_H

#include "rendezvous/machine.h"

/* The flow of the present pair; SLOT_NONE or NULL: there is none. */
uint32_t mpci_pair_slot(const mpci_rendezvous *rz, const mpci_session *s);
mpci_settled *mpci_pair_flow(const mpci_rendezvous *rz, const mpci_session *s);

/* Decide what both have, and make the flow: 0, or why that cannot be. Where both called at one time
 * `latest` is who called last. */
unsigned mpci_pair_make(mpci_rendezvous *rz, mpci_session *s, unsigned latest);

/* Make the flow of a pair that was joined elsewhere; the session has what was told of it. */
unsigned mpci_pair_adopt(mpci_rendezvous *rz, mpci_session *s);

/* Its flow is another one's now, or nobody's: it leaves the table, and nobody is told. */
void mpci_pair_drop(mpci_rendezvous *rz, mpci_session *s);

/* The same, and all members are told. */
void mpci_pair_close(mpci_rendezvous *rz, mpci_session *s);

/* A client of MPCONN_ROLE_FORWARD has said something new of itself: the flow goes by that. */
void mpci_pair_follow(mpci_rendezvous *rz, mpci_session *s);

/* That number is the one of a side's client, by what the other one acknowledges. */
void mpci_pair_hear(mpci_rendezvous *rz, mpci_session *s, unsigned side, uint32_t isn);

/* The same of a flow whose SYN another member passed on, by the SYN|ACK, which came here. */
void mpci_pair_learn(mpci_rendezvous *rz, uint32_t slot, const mpci_step *st);

/* End its flow: clients in `told`, a bit each by side, get an exact RST, and whoever goes on does
 * for each segment. */
void mpci_pair_kill(mpci_rendezvous *rz, mpci_session *s, unsigned told);

/* The session has no pair any more, nor anybody who called. */
void mpci_pair_forget(mpci_rendezvous *rz, mpci_session *s);

#endif
