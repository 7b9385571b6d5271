/* SPDX-License-Identifier: BSD-2-Clause */
/* Epoch keys: K_e = KDF(cluster key, e) (rule R7). Three are valid at a time: what was offered one
 * epoch ago is still accepted, and what a member one epoch ahead offers is accepted already. A new
 * cluster key begins a new epoch, so a rotation breaks no handshake and never makes a fourth key
 * valid. */
#ifndef MPCI_SPLIT_EPOCH_H
#define MPCI_SPLIT_EPOCH_H

#include <mpconn/base.h>

#include "base/siphash.h"

enum { MPCI_EPOCH_CURRENT = 0, MPCI_EPOCH_PREVIOUS = 1, MPCI_EPOCH_NEXT = 2, MPCI_EPOCHS = 3 };

typedef struct mpci_epochs {
    mpci_sipkey root;
    mpci_sipkey key[MPCI_EPOCHS];
    uint64_t number;     /* of MPCI_EPOCH_CURRENT */
    uint64_t age;        /* how often a key went out of use: a jump over many is one */
    mpconn_time started;
} mpci_epochs;

/* Start at the epoch the host's clock says: a member that restarts alone finds the same keys. */
void mpci_epochs_init(mpci_epochs *e, const uint8_t *secret, size_t len, uint64_t epoch_ns,
                      mpconn_time now);

/* Move on as far as the time asks for. */
void mpci_epochs_advance(mpci_epochs *e, uint64_t epoch_ns, mpconn_time now);

/* Another member is at the epoch with these low bits: follow it when it is ahead (the highest that
 * anybody has seen holds for all). On a jump what was offered in the present epoch stays valid. */
void mpci_epochs_adopt(mpci_epochs *e, uint32_t number, mpconn_time now);

/* Begin a new epoch under another cluster key. */
void mpci_epochs_rekey(mpci_epochs *e, const uint8_t *secret, size_t len, mpconn_time now);

/* Begin the present epoch anew, from when on epochs have another length: its key stays. Counting
 * from the old beginning in new lengths would leap over any number of epochs, and void every cookie
 * at once. */
void mpci_epochs_restart(mpci_epochs *e, mpconn_time now);

/* Number of the epoch in a place of `key`. */
static inline uint64_t mpci_epochs_number(const mpci_epochs *e, unsigned place)
{
    return place == MPCI_EPOCH_NEXT ? e->number + 1 : e->number - (place == MPCI_EPOCH_PREVIOUS);
}

#endif
