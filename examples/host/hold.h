/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The packets that the engine asked to keep (MPCONN_VERDICT_HOLD), until it wants them again.
 *
 * The engine may release a number before the host has seen that packets of the same batch are to
 * be kept under it. So a release is only noted, and carried out after the verdicts.
 */
#ifndef HOST_HOLD_H
#define HOST_HOLD_H

#include "host/frame.h"

/* Give it to the engine as max_held_packets: no more numbers than that can be released at once. */
#define HOLD_MAX 1024

typedef struct hold {
    frame_list kept; /* oldest first; pkt.flow is the number */
    uint64_t released[HOLD_MAX];
    size_t n_released;
} hold;

void hold_init(hold *h);
void hold_keep(hold *h, frame *f);
/* For the callback `release`. */
void hold_release(hold *h, uint64_t number);
/* Move the frames whose number was released to `out`, oldest first. */
void hold_take(hold *h, frame_list *out);

#endif
