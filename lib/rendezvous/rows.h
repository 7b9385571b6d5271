/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of the machine, a row for each state. */
#ifndef MPCI_RENDEZVOUS_ROWS_H
#define MPCI_RENDEZVOUS_ROWS_H

#include "rendezvous/machine.h"

#define MPCI_MEET_ROW(name, meaning) \
    extern const mpci_meet_cell mpci_meet_row_##name[MPCI_MEET_EVENT_COUNT];
MPCI_MEET_STATES(MPCI_MEET_ROW)
#undef MPCI_MEET_ROW

#endif
