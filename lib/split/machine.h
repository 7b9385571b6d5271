/* SPDX-License-Identifier: BSD-2-Clause */
/* The handshake machine: a table of state x event -> next state and action.
 *
 * Split connection, one member (rule R1a), by the numbers of the protocol:
 *   1 C    SYN seq=x                     SYN_SPLIT: answer
 *   3 ->C  SYN|ACK seq=y ack=x+1 win=0   an entry is kept in peace only
 *   4 C    ACK seq=x+1 (or x) ack=y+1    PROOF: open
 *   5 ->S  SYN seq=x                     repeated after 1, 2, 4, 8, 16 s
 *   6 S    SYN|ACK seq=z ack=x+1         SYN_ACK: commit D = z - y and T
 *   8 ->S  ACK seq=x+1 ack=z+1           repeated until S is heard (R1d)
 *   9 ->C  ACK seq=y+1 ack=x+1 win>0     repeated until C is heard (R1c)
 * Failures: the client is told by a RST with exactly its next number (V5, V6), the server by one
 * with seq=x+1 (V10). A flow that is not split passes PLAIN_SYN and PLAIN_ANSWERED.
 *
 * RFC 9293 3.10.7.3 (our leg to the server is in SYN-SENT), 4987, 5961, 7323. */
#ifndef MPCI_SPLIT_MACHINE_H
#define MPCI_SPLIT_MACHINE_H

#include "split/machine.def"
#include "split/split.h"

enum mpci_split_state {
#define MPCI_SPLIT_STATE_ENUM(name, meaning) MPCI_ST_##name,
    MPCI_SPLIT_STATES(MPCI_SPLIT_STATE_ENUM)
#undef MPCI_SPLIT_STATE_ENUM
    MPCI_ST_COUNT
};

enum mpci_split_event {
#define MPCI_SPLIT_EVENT_ENUM(name, meaning) MPCI_EV_##name,
    MPCI_SPLIT_EVENTS(MPCI_SPLIT_EVENT_ENUM)
#undef MPCI_SPLIT_EVENT_ENUM
    MPCI_EV_COUNT
};

/* An action does its work and names the event that follows from it at once. */
typedef enum mpci_split_event (*mpci_split_action)(mpci_split *sp, mpci_step *st);

typedef struct mpci_split_cell {
    enum mpci_split_state next;
    mpci_split_action action;
    const char *action_name;
} mpci_split_cell;

/* The cell, for the machine, the tests and the documentation. */
const mpci_split_cell *mpci_split_cell_at(unsigned state, unsigned event);
const char *mpci_split_state_name(unsigned state);
const char *mpci_split_event_name(unsigned event);

/* Take an event, and what follows from it, through the table. */
void mpci_split_run(mpci_split *sp, mpci_step *st, enum mpci_split_event event);

#endif
