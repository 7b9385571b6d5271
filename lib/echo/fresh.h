/* SPDX-License-Identifier: BSD-2-Clause */
/* Is an echo that comes back a fresh one, and does it come for the first time? Members' clocks
 * agree on nothing, but each hears the others' frames: an echo names the last frame its origin had
 * sent, and who heard a later one some seconds ago knows that the echo is older than that. */
#ifndef MPCI_ECHO_FRESH_H
#define MPCI_ECHO_FRESH_H

#include "sync/members.h"

enum { MPCI_FRESH_SAMPLES = 8 };

/* The most that an echo may have taken; twice that where a member is heard once a second. */
#define MPCI_ECHO_AGE_NS (4 * MPCONN_SECOND)

typedef struct mpci_fresh {
    uint64_t boot;             /* whose samples these are */
    mpconn_time at[MPCI_FRESH_SAMPLES]; /* when ... */
    uint32_t heard[MPCI_FRESH_SAMPLES]; /* ... frames up to this one had been heard */
    uint32_t n;                /* samples taken */
    uint32_t any;              /* the number of an echo was taken */
    mpci_window taken;         /* those that were */
} mpci_fresh;

/* 32 bits of a boot, for what strangers carry. */
uint32_t mpci_fresh_boot(uint64_t boot);

/* A member's frames up to this one have been heard by now. */
void mpci_fresh_sample(mpci_fresh *f, uint64_t boot, uint64_t heard, mpconn_time now);

/* Neither too old, nor of another boot than the one that is heard. */
int mpci_fresh_is_young(const mpci_fresh *f, uint32_t boot, uint32_t heard, mpconn_time now);

/* Take the number of an echo; 0 when it was taken before, or is too far behind to know. */
int mpci_fresh_take(mpci_fresh *f, uint32_t number);

#endif
