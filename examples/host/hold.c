/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/hold.h"

void hold_init(hold *h)
{
    frame_list_init(&h->kept);
    h->n_released = 0;
}

void hold_keep(hold *h, frame *f)
{
    frame_list_add(&h->kept, f);
}

void hold_release(hold *h, uint64_t number)
{
    if (h->n_released < HOLD_MAX)
        h->released[h->n_released++] = number;
}

static bool is_released(const hold *h, uint64_t number)
{
    for (size_t i = 0; i < h->n_released; i++) {
        if (h->released[i] == number)
            return true;
    }
    return false;
}

void hold_take(hold *h, frame_list *out)
{
    if (h->n_released == 0)
        return;
    frame_list rest;
    frame *f;
    frame_list_init(&rest);
    while ((f = frame_list_take(&h->kept)))
        frame_list_add(is_released(h, f->pkt.flow) ? out : &rest, f);
    frame_list_move(&h->kept, &rest);
    h->n_released = 0;
}
