/* SPDX-License-Identifier: BSD-2-Clause */
/* Two members that talk to one another: what one says waits in a queue until the test lets it
 * arrive. */
#ifndef TESTS_PAIR_H
#define TESTS_PAIR_H

#include "bed.h"

enum { PAIR_FRAMES = 256, PAIR_FRAME = 1500 };

typedef struct pair_frame {
    unsigned to;
    uint32_t len;
    uint8_t bytes[PAIR_FRAME];
} pair_frame;

typedef struct pair {
    bed m[2];
    pair_frame frames[PAIR_FRAMES]; /* on their way, oldest first */
    unsigned n_frames;
    unsigned lose;                  /* of the next frames, a bit each: 1 = is lost */
} pair;

extern pair p;

/* Both members up, nothing on its way. */
void pair_open(const mpconn_engine_config *cfg, const mpconn_callbacks *cb);
void pair_close(void);
/* Let everything arrive that is on its way, and what that brings about, and so on. */
void pair_deliver(void);
/* Drop what is on its way. */
void pair_lose(void);
/* Let time pass at both. */
void pair_pass(uint64_t ns);

#endif
