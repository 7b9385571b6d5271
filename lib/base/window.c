/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/window.h"

#include "base/seq.h"

#include <string.h>

static uint64_t *word_of(mpci_window *w, uint64_t n)
{
    return &w->seen[n % MPCI_WINDOW_WIDTH / 64];
}

static uint64_t bit_of(uint64_t n)
{
    return UINT64_C(1) << (n % 64);
}

void mpci_window_begin_after(mpci_window *w, uint64_t n)
{
    w->highest = n;
    memset(w->seen, 0xff, sizeof w->seen);
}

void mpci_window_begin_with(mpci_window *w, uint64_t n)
{
    w->highest = n;
    memset(w->seen, 0, sizeof w->seen);
    *word_of(w, n) |= bit_of(n);
}

int mpci_window_is_new(const mpci_window *w, uint64_t n)
{
    if (n > w->highest)
        return 1;
    return w->highest - n < MPCI_WINDOW_WIDTH &&
           (w->seen[n % MPCI_WINDOW_WIDTH / 64] & bit_of(n)) == 0;
}

/* The places of the numbers between were used by older ones. */
static void move_up(mpci_window *w, uint64_t n)
{
    if (n - w->highest >= MPCI_WINDOW_WIDTH) {
        memset(w->seen, 0, sizeof w->seen);
        w->highest = n;
    }
    while (w->highest != n) {
        w->highest++;
        *word_of(w, w->highest) &= ~bit_of(w->highest);
    }
}

void mpci_window_take(mpci_window *w, uint64_t n)
{
    if (n > w->highest)
        move_up(w, n);
    *word_of(w, n) |= bit_of(n);
}

uint64_t mpci_window_widen(const mpci_window *w, uint32_t low)
{
    return w->highest + (uint64_t)(int64_t)mpci_seq_diff(low, (uint32_t)w->highest);
}
