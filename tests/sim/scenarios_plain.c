/* SPDX-License-Identifier: BSD-2-Clause */
/* The endpoints alone: what holds here must hold with a member in between. */
#include "sim/scenario.h"

static void setup_clean(sim_world *w)
{
    sim_quality q = sim_quality_clean(&w->rng);

    w->plain = true;
    w->clean = true;
    sim_row(w, &q, &q);
    sim_add_sessions(w, sim_rng_below(&w->rng, 8) + 1);
}

static void setup_lossy(sim_world *w)
{
    sim_quality q = sim_quality_lossy(&w->rng);

    w->plain = true;
    sim_row(w, &q, &q);
    sim_add_sessions(w, sim_rng_below(&w->rng, 8) + 1);
}

const sim_scenario sim_scenarios_plain[] = {
    {"plain", "no member, clean links", setup_clean, 20, 200, 0},
    {"plain-lossy", "no member, 2% loss, 1% duplicates, 5% out of order", setup_lossy, 20, 200, 0},
    {0},
};
