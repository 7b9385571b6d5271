/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of the machine, a row for each state: rows_own.c has those of a member alone,
 * rows_members.c those that only other members bring about. */
#ifndef MPCI_SPLIT_ROWS_H
#define MPCI_SPLIT_ROWS_H

#include "split/machine.h"

#define MPCI_SPLIT_ROW(name, meaning) extern const mpci_split_cell mpci_row_##name[MPCI_EV_COUNT];
MPCI_SPLIT_STATES(MPCI_SPLIT_ROW)
#undef MPCI_SPLIT_ROW

/* How the rows are written: E(event) = C(next state, action). */
#define C(next, action) {MPCI_ST_##next, mpci_act_##action, #action}
#define E(event) [MPCI_EV_##event]

#endif
