/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine of a session: a table of state x event -> next state and action.
 *
 * Base flow, by the numbers of the protocol (2d); n1, n2 call, T1, T2 are called:
 *   1 n1->T1  SYN i1           SYN: latch, stay silent
 *   2 n1->T1  SYN i1           SYN_AGAIN: its latest timestamp counts
 *   3 n2->T2  SYN i2           SYN, and PAIR: a flow is made, and
 *   4 T2->n2  SYN|ACK i2+1     seq=i1, what n1 said
 *   5 T1->n1  SYN|ACK i1+1     seq=i2, what n2 said
 *   6 n1, n2  ACK              PROOF: what follows is relayed as any flow is
 *
 * Of two clients one of which is called (mpconn_role), n1 calls:
 *   1 n1->T1  SYN i1           SYN, ALONE: T2->n2 SYN i1
 *   2 n2->T2  SYN|ACK i1+1     ACCEPT: a flow is made, and T1->n1 SYN|ACK i1+1
 *   3 n1      ACK              PROOF
 * or the SYN goes on with its flow at once: THROUGH.
 *
 * RFC 9293 3.10.7.3 (either client is in SYN-SENT), 5961, 7323. */
#ifndef MPCI_RENDEZVOUS_MACHINE_H
#define MPCI_RENDEZVOUS_MACHINE_H

#include "rendezvous/machine.def"
#include "rendezvous/rendezvous.h"

enum { MPCI_MEET_STATE_COUNT = MPCONN_SESSION_CLOSING + 1 };

enum mpci_meet_event {
#define MPCI_MEET_EVENT_ENUM(name, meaning) MPCI_MEET_##name,
    MPCI_MEET_EVENTS(MPCI_MEET_EVENT_ENUM)
#undef MPCI_MEET_EVENT_ENUM
    MPCI_MEET_EVENT_COUNT
};

/* One packet, or (with st NULL) what time and the controller bring, on its way through. */
typedef struct mpci_visit {
    mpci_session *s;
    mpci_session_number n;
    mpci_step *st;
    const mpci_syn_options *options; /* of a SYN */
    const mpci_session_record *told; /* a pair that was made elsewhere */
    unsigned side;                   /* of the termination it is about */
    unsigned reason;                 /* why a pair is over, or a stray packet is not its client's */
    int moved;                       /* of another source than the client's, which has moved */
    int misfits;                     /* it has not, whatever other members know */
    uint16_t member;                 /* that got the packet */
    int goes_on;                     /* the packet is for its flow */
} mpci_visit;

/* An action does its work and names the event that follows from it at once. */
typedef enum mpci_meet_event (*mpci_meet_action)(mpci_rendezvous *rz, mpci_visit *v);

typedef struct mpci_meet_cell {
    enum mpconn_session_state next;
    mpci_meet_action action;
    const char *action_name;
} mpci_meet_cell;

/* report.c: what is reported between these two is told at the end of the outermost. */
void mpci_rendezvous_begin_run(mpci_rendezvous *rz);
void mpci_rendezvous_end_run(mpci_rendezvous *rz);

/* report.c: somebody who may not have the termination sent this. Once a session and state: that
 * somebody tries is all that can be said of packets whose source may be forged. */
void mpci_rendezvous_report_stranger(mpci_rendezvous *rz, const mpci_visit *v);

/* The cell, for the machine, the tests and the documentation. */
const mpci_meet_cell *mpci_meet_cell_at(unsigned state, unsigned event);
const char *mpci_meet_event_name(unsigned event);

/* Take an event, and what follows from it, through the table. */
void mpci_meet_run(mpci_rendezvous *rz, mpci_visit *v, enum mpci_meet_event event);

#endif
