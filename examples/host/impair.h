/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A bad network on purpose: loses, doubles, reorders and delays frames before anybody sees them.
 * Everything follows from the seed and the order in which frames come, so a run can be repeated.
 *
 * What `nth` loses does not even depend on other connections: of each direction of a connection it
 * is the same segments, by their number in it, counted from the SYN, which is not lost. Those with
 * data and those without have numbers of their own: how many acknowledgments a receiver makes of
 * what came depends on how it was woken, and must not move the losses of its data. So two ways to
 * forward can be compared: the wire is equally bad to both. Connections are told apart by the last
 * byte of the client's port; those with the same one lose the same.
 */
#ifndef HOST_IMPAIR_H
#define HOST_IMPAIR_H

#include "host/frame.h"

#include <mpconn/base.h>

typedef struct impair_config {
    double loss, dup, reorder, nth; /* probabilities, 0 to 1 */
    uint64_t delay_ns;
    uint64_t seed;
} impair_config;

typedef struct impair {
    impair_config config;
    uint64_t state;
    /* since the SYN, by side, whether they have data, and last byte of the client's port */
    uint32_t segments[2][2][256];
    frame_list straight; /* both ordered by `due` */
    frame_list late;
    uint64_t seen, lost, doubled, reordered;
} impair;

/* Parse "loss=2%,dup=0.01,reorder=5%,nth=1%,delay=10,seed=7". NULL, or what is wrong with it. */
const char *impair_parse(impair_config *config, const char *text);

void impair_init(impair *im, const impair_config *config);
void impair_clear(impair *im, frame_pool *pool);
/* Whether it does anything. */
bool impair_active(const impair *im);
/* Takes the frame. */
void impair_put(impair *im, frame *f, frame_pool *pool, mpconn_time now);
/* The next frame that is due, or NULL. */
frame *impair_take(impair *im, mpconn_time now);
/* When the next one will be, or MPCONN_TIME_NEVER. */
mpconn_time impair_next(const impair *im);

#endif
