/* SPDX-License-Identifier: BSD-2-Clause */
#include "echo/fresh.h"

#include "base/seq.h"

#include <string.h>

uint32_t mpci_fresh_boot(uint64_t boot)
{
    return (uint32_t)(boot ^ boot >> 32);
}

static unsigned last(const mpci_fresh *f)
{
    return (f->n - 1) % MPCI_FRESH_SAMPLES;
}

void mpci_fresh_sample(mpci_fresh *f, uint64_t boot, uint64_t heard, mpconn_time now)
{
    if (f->boot != boot) {
        memset(f, 0, sizeof *f);
        f->boot = boot;
    }
    /* as many as there are places must reach back further than an echo may be old */
    if (f->n > 0 && now - f->at[last(f)] < 2 * MPCI_ECHO_AGE_NS / MPCI_FRESH_SAMPLES)
        return;
    f->n++;
    f->at[last(f)] = now;
    f->heard[last(f)] = (uint32_t)heard;
}

/* The latest sample that is as old as an echo may be, or the first one there is. */
static unsigned bound_of(const mpci_fresh *f, mpconn_time now)
{
    unsigned kept = f->n < MPCI_FRESH_SAMPLES ? f->n : MPCI_FRESH_SAMPLES, found = last(f);

    for (unsigned i = 0; i < kept; i++) {
        found = (f->n - 1 - i) % MPCI_FRESH_SAMPLES;
        if (now - f->at[found] >= MPCI_ECHO_AGE_NS)
            break;
    }
    return found;
}

int mpci_fresh_is_young(const mpci_fresh *f, uint32_t boot, uint32_t heard, mpconn_time now)
{
    return f->n > 0 && boot == mpci_fresh_boot(f->boot) &&
           !mpci_seq_lt(heard, f->heard[bound_of(f, now)]);
}

int mpci_fresh_take(mpci_fresh *f, uint32_t number)
{
    uint64_t wide;

    if (!f->any) { /* what is behind the first one to come may come yet */
        f->any = 1;
        mpci_window_begin_with(&f->taken, UINT64_C(1) << 32 | number);
        return 1;
    }
    wide = mpci_window_widen(&f->taken, number);
    if (!mpci_window_is_new(&f->taken, wide))
        return 0;
    mpci_window_take(&f->taken, wide);
    return 1;
}
