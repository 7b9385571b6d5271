/* SPDX-License-Identifier: BSD-2-Clause */
/* Which numbers were taken (RFC 4303 3.4.3): each counts once. What is further behind the highest
 * than the window is wide counts as taken. */
#ifndef MPCI_BASE_WINDOW_H
#define MPCI_BASE_WINDOW_H

#include <stdint.h>

enum { MPCI_WINDOW_WORDS = 16, MPCI_WINDOW_WIDTH = 64 * MPCI_WINDOW_WORDS };

/* All zeros: 0 is the highest, and what is above it is new. */
typedef struct mpci_window {
    uint64_t highest;          /* that was taken */
    uint64_t seen[MPCI_WINDOW_WORDS]; /* bit n % WIDTH: n was taken */
} mpci_window;

/* Nothing up to this number is taken any more; or: only this number was taken yet. */
void mpci_window_begin_after(mpci_window *w, uint64_t n);
void mpci_window_begin_with(mpci_window *w, uint64_t n);

int mpci_window_is_new(const mpci_window *w, uint64_t n);
void mpci_window_take(mpci_window *w, uint64_t n);

/* The number with these low bits that is next to the highest. */
uint64_t mpci_window_widen(const mpci_window *w, uint32_t low);

#endif
