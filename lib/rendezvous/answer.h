/* SPDX-License-Identifier: BSD-2-Clause */
/* What is said to clients that have not acknowledged anything: no more than they said, but for two
 * packets (mpci_answer_listener), for they may be others than they seem. */
#ifndef MPCI_RENDEZVOUS_ANSWER_H
#define MPCI_RENDEZVOUS_ANSWER_H

#include "rendezvous/machine.h"

/* SYN|ACK for a client, or the other one's SYN, if it is its turn, and if it has called more often
 * than it was answered. */
void mpci_answer_client(mpci_rendezvous *rz, mpci_session *s, unsigned side);
/* The same, unless it was answered already: the other one has acknowledged, and it may have waited
 * for that. What it was told may be on its way still. */
void mpci_answer_waiting(mpci_rendezvous *rz, mpci_session *s, unsigned side);
/* SYN|ACK again, because another client that has proved itself said what it said again. */
void mpci_answer_again(mpci_rendezvous *rz, mpci_session *s, unsigned side);
/* The ACK for a client that was called, and answered. */
void mpci_answer_called(mpci_rendezvous *rz, const mpci_session *s, unsigned side);

/* Both of a pair that was made just now. Who was called gets its ACK, if its role has that, where
 * its caller's SYN came: there it was called. */
void mpci_answer_pair(mpci_rendezvous *rz, mpci_session *s);

/* Who was to be answered on its next SYN, which does not come, is answered on that it sent. */
void mpci_answer_postponed(mpci_rendezvous *rz, mpci_session *s);

/* The other one is there, and has something to say. A client that only listens, and whose
 * acknowledgment was lost, says nothing more unless it is answered again: twice at most, also if
 * that is more than it said. */
void mpci_answer_listener(mpci_rendezvous *rz, mpci_session *s, unsigned side);

/* The clients to tell of the end of their pair, a bit each by side: who has acknowledged, and who
 * was answered and said less to than it said. Those count as told. Who was not answered knows of no
 * pair, and goes on calling. */
unsigned mpci_answer_audience(mpci_session *s);

#endif
