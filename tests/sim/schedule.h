/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtual time: what happens next, and when. Timers due at the same instant fire in the order in
 * which they were set, so that a run is a function of its seed. */
#ifndef SIM_SCHEDULE_H
#define SIM_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t sim_time; /* nanoseconds */

#define SIM_NEVER UINT64_MAX
#define SIM_SECOND UINT64_C(1000000000)
#define SIM_MS UINT64_C(1000000)
#define SIM_US UINT64_C(1000)

typedef struct sim_timer {
    sim_time due;
    uint64_t order;
    size_t heap_at; /* place in the heap plus one; 0 = not set */
    void (*fire)(void *arg);
    void *arg;
} sim_timer;

typedef struct sim_schedule {
    sim_time now;
    uint64_t order;
    sim_timer **heap;
    size_t used, cap;
} sim_schedule;

void sim_schedule_init(sim_schedule *s, sim_time now);
void sim_schedule_fini(sim_schedule *s);

void sim_timer_init(sim_timer *t, void (*fire)(void *arg), void *arg);
/* Set, or set anew; a time that has passed means now. */
void sim_timer_set(sim_schedule *s, sim_timer *t, sim_time due);
void sim_timer_cancel(sim_schedule *s, sim_timer *t);
bool sim_timer_is_set(const sim_timer *t);

/* When the next timer is due; SIM_NEVER when none is set. */
sim_time sim_schedule_next(const sim_schedule *s);
/* Go to that time and fire one timer; false when there is none. */
bool sim_schedule_step(sim_schedule *s);

#endif
