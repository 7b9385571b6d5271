/* SPDX-License-Identifier: BSD-2-Clause */
/* What members compare to find out whether they have the same sessions: each session has a number
 * that is made of all that is told of it, and sums of these (exclusive or) stand in a tree. Its
 * leaves are counted on the way; what is above them is added up when somebody asks. */
#ifndef MPCI_RENDEZVOUS_DIGEST_H
#define MPCI_RENDEZVOUS_DIGEST_H

#include "base/alloc.h"

enum {
    MPCI_DIGEST_FAN = 16,       /* sums told at once: those of a place below which there are more */
    MPCI_DIGEST_LEVELS = 3,     /* the sums of the last level are the leaves */
    MPCI_DIGEST_LEAVES = 16 * 16 * 16
};

typedef struct mpci_digest {
    uint64_t *numbers;          /* of session n is number n - 1; 0 = there is none */
    uint32_t *leaves;
} mpci_digest;

/* Room for the numbers of `capacity` sessions; of none it takes no memory. */
int mpci_digest_init(mpci_digest *d, mpci_alloc *a, uint32_t capacity);
void mpci_digest_fini(mpci_digest *d, mpci_alloc *a);

/* Session n has this number now, or none. */
void mpci_digest_set(mpci_digest *d, uint32_t n, uint64_t number);

static inline unsigned mpci_digest_leaf(uint64_t number)
{
    return (unsigned)(number >> 52);
}

/* The sums below a place: 0 of level 0 is all, and place p of one level has places 16 p to 16 p +
 * 15 of the next one below it. */
void mpci_digest_sums(const mpci_digest *d, unsigned level, unsigned place,
                      uint32_t sums[MPCI_DIGEST_FAN]);

#endif
