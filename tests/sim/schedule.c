/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/schedule.h"

#include <stdlib.h>

#include "sim/util.h"

static bool earlier(const sim_timer *a, const sim_timer *b)
{
    return a->due != b->due ? a->due < b->due : a->order < b->order;
}

static void place(sim_schedule *s, size_t at, sim_timer *t)
{
    s->heap[at] = t;
    t->heap_at = at + 1;
}

static void sift_up(sim_schedule *s, size_t at, sim_timer *t)
{
    while (at > 0 && earlier(t, s->heap[(at - 1) / 2])) {
        place(s, at, s->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    place(s, at, t);
}

static void sift_down(sim_schedule *s, size_t at, sim_timer *t)
{
    for (;;) {
        size_t child = 2 * at + 1;

        if (child >= s->used)
            break;
        if (child + 1 < s->used && earlier(s->heap[child + 1], s->heap[child]))
            child++;
        if (!earlier(s->heap[child], t))
            break;
        place(s, at, s->heap[child]);
        at = child;
    }
    place(s, at, t);
}

void sim_schedule_init(sim_schedule *s, sim_time now)
{
    s->now = now;
    s->order = 0;
    s->heap = NULL;
    s->used = 0;
    s->cap = 0;
}

void sim_schedule_fini(sim_schedule *s)
{
    free(s->heap);
    s->heap = NULL;
    s->used = 0;
}

void sim_timer_init(sim_timer *t, void (*fire)(void *arg), void *arg)
{
    t->due = SIM_NEVER;
    t->order = 0;
    t->heap_at = 0;
    t->fire = fire;
    t->arg = arg;
}

void sim_timer_set(sim_schedule *s, sim_timer *t, sim_time due)
{
    sim_timer_cancel(s, t);
    t->due = due < s->now ? s->now : due;
    t->order = s->order++;
    if (s->used == s->cap) {
        s->cap = s->cap == 0 ? 64 : 2 * s->cap;
        s->heap = sim_realloc(s->heap, s->cap * sizeof(*s->heap));
    }
    s->used++;
    sift_up(s, s->used - 1, t);
}

void sim_timer_cancel(sim_schedule *s, sim_timer *t)
{
    size_t at;
    sim_timer *last;

    if (t->heap_at == 0)
        return;
    at = t->heap_at - 1;
    t->heap_at = 0;
    last = s->heap[--s->used];
    if (last == t)
        return;
    if (at > 0 && earlier(last, s->heap[(at - 1) / 2]))
        sift_up(s, at, last);
    else
        sift_down(s, at, last);
}

bool sim_timer_is_set(const sim_timer *t)
{
    return t->heap_at != 0;
}

sim_time sim_schedule_next(const sim_schedule *s)
{
    return s->used == 0 ? SIM_NEVER : s->heap[0]->due;
}

bool sim_schedule_step(sim_schedule *s)
{
    sim_timer *t;

    if (s->used == 0)
        return false;
    t = s->heap[0];
    s->now = t->due;
    sim_timer_cancel(s, t);
    t->fire(t->arg);
    return true;
}
