/* SPDX-License-Identifier: BSD-2-Clause */
/* Ending a settled flow that would go on. */
#ifndef MPCI_SPLIT_KILL_H
#define MPCI_SPLIT_KILL_H

#include "split/split.h"

/* The entry stays as a tombstone: a late segment must not find the way open. Endpoints whose bit
 * (1 << mpconn_side) is in `told` get an exact RST; unless it is to be `silent`, so does either for
 * each segment that it still sends. Other members are told. */
void mpci_split_kill_flow(mpci_split *sp, uint32_t slot, unsigned told, int silent);

/* Say again that a flow was killed here. */
void mpci_split_tell_kill(mpci_split *sp, uint32_t slot, uint32_t to);

/* Another member did so with a flow of two clients that called: its session has ended, and whoever
 * of them goes on here gets a RST here. */
void mpci_split_told_killed(mpci_split *sp, uint32_t slot);

enum { MPCI_KILL_TELLS_NOBODY = 0, MPCI_KILL_TELLS_BOTH = 3 };

#endif
