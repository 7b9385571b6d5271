/* SPDX-License-Identifier: BSD-2-Clause */
/* The endpoints alone: what holds here must hold with a member in between. */
#include "sim/scenario.h"

#include <string.h>

static void add_sessions(sim_world *w, unsigned n)
{
    sim_plan plan;

    for (unsigned i = 0; i < n; i++) {
        sim_plan_random(w, &plan, i);
        sim_session_new(w, &plan);
    }
}

static void listen_random(sim_world *w)
{
    sim_tcp_config cfg;

    sim_config_random(&w->rng, &cfg);
    sim_host_listen(w->server, 80, &cfg, sim_session_accept, w);
}

static void setup_clean(sim_world *w)
{
    sim_quality q = sim_quality_clean(&w->rng);

    w->plain = true;
    w->clean = true;
    sim_world_in_row(w, &q);
    listen_random(w);
    add_sessions(w, sim_rng_below(&w->rng, 8) + 1);
}

static void setup_lossy(sim_world *w)
{
    sim_quality q = sim_quality_lossy(&w->rng);

    w->plain = true;
    sim_world_in_row(w, &q);
    listen_random(w);
    add_sessions(w, sim_rng_below(&w->rng, 8) + 1);
}

const sim_scenario sim_scenarios_plain[] = {
    {"plain", "no member, clean links", setup_clean, 20, 200, 0},
    {"plain-lossy", "no member, 2% loss, 1% duplicates, 5% out of order", setup_lossy, 20, 200, 0},
    {NULL, NULL, NULL, 0, 0, 0},
};
