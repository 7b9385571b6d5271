/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SIM_SCENARIO_H
#define SIM_SCENARIO_H

#include "sim/world.h"

typedef struct sim_scenario {
    const char *name, *text;
    void (*setup)(sim_world *w);
    unsigned quick, full; /* runs with a member */
    unsigned control;     /* runs with a wire in its place, in a full check */
} sim_scenario;

/* Every list ends with a row without name. */
extern const sim_scenario sim_scenarios_plain[];
extern const sim_scenario sim_scenarios_split[];
extern const sim_scenario sim_scenarios_end[];
extern const sim_scenario sim_scenarios_stress[];
extern const sim_scenario sim_scenarios_host[];
extern const sim_scenario sim_scenarios_early[];
extern const sim_scenario sim_scenarios_pair[];
extern const sim_scenario sim_scenarios_pair_bound[];
extern const sim_scenario sim_scenarios_pair_fault[];
extern const sim_scenario sim_scenarios_pair_late[];
extern const sim_scenario sim_scenarios_pair_step[];
extern const sim_scenario sim_scenarios_pair_tracked[];

extern const sim_scenario sim_scenarios_meet[];
extern const sim_scenario sim_scenarios_bridge[];
extern const sim_scenario sim_scenarios_matrix[];

const sim_scenario *sim_scenario_find(const char *name);
/* Calls `each` for all of them, as long as it returns true. */
bool sim_scenario_each(bool (*each)(const sim_scenario *s, void *arg), void *arg);

/* Parts scenarios are made of. */
void sim_config_random(sim_rng *rng, sim_tcp_config *cfg);
/* An ordinary connection between the world's hosts, sizes and order by chance. */
void sim_plan_random(sim_world *w, sim_plan *plan, unsigned number);
sim_quality sim_quality_clean(sim_rng *rng);
sim_quality sim_quality_near(sim_rng *rng); /* clean, and a quarter of the way */
sim_quality sim_quality_lossy(sim_rng *rng);
/* A row with a listener on port 80 whose options the member has been told. */
sim_listener *sim_row(sim_world *w, const sim_quality *to_client, const sim_quality *to_server);
/* Sessions of sim_plan_random(), all to complete. */
void sim_add_sessions(sim_world *w, unsigned n);
/* Counters the scenario explains; ends with SIM_COUNTERS. */
void sim_tolerate(sim_world *w, const enum sim_counter *list);
extern const enum sim_counter sim_told_by_rst[];
/* scenarios_pair.c: two members, and sessions to a port on which nobody listens. */
void sim_pair_refused(sim_world *w);

#endif
