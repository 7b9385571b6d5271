/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections whose server legs show other addresses and ports, carried by two members: what comes
 * from a server bears a name that only one of them may know yet. */
#include "sim/cluster.h"
#include "sim/scenario.h"

/* The servers listen behind the members, or where there is none as their clients name them. */
static sim_listener *row(sim_world *w, const sim_quality *q)
{
    sim_listener *l, *behind;

    w->nat = !w->plain;
    w->member_config.engine.max_bindings = 64;
    l = sim_row(w, q, q);
    for (unsigned family = 4; family <= 6; family += 2) {
        sim_addr addr = sim_nat_server_addr(family);

        sim_host_own(w->server, &addr, family == 4 ? 16 : 32);
    }
    behind = sim_host_listen(w->server, SIM_NAT_PORT, &l->cfg, sim_session_accept, w);
    return w->nat ? behind : l;
}

static void add_sessions(sim_world *w, unsigned n)
{
    sim_plan plan;

    for (unsigned i = 0; i < n; i++) {
        sim_plan_random(w, &plan, i);
        plan.start += 2 * SIM_SECOND; /* the members have met */
        sim_session_new(w, &plan);
    }
}

static void setup_bound(sim_world *w)
{
    sim_quality q = sim_quality_near(&w->rng);

    sim_cluster_new(w, SIM_WAY_FLOW, SIM_WAY_FLOW);
    w->clean = true;
    (void)row(w, &q);
    add_sessions(w, sim_rng_below(&w->rng, 6) + 2);
}

static void setup_lossy(sim_world *w)
{
    sim_quality q = sim_quality_lossy(&w->rng);
    sim_cluster *c = sim_cluster_new(w, SIM_WAY_FLOW, SIM_WAY_FLOW);

    c->oob_quality.loss_ppm = sim_rng_below(&c->rng, 300000);
    c->oob_quality.duplicate_ppm = 50000;
    c->oob_quality.reorder_ppm = 100000;
    c->oob_quality.reorder = 20 * SIM_MS;
    (void)row(w, &q);
    add_sessions(w, sim_rng_below(&w->rng, 4) + 2);
}

/* Who has forgotten a connection has to ask for it by what its server calls it. */
static void setup_restart(sim_world *w)
{
    sim_quality q = sim_quality_near(&w->rng);
    sim_cluster *c = sim_cluster_new(w, SIM_WAY_A, SIM_WAY_B);
    sim_plan plan;

    c->may_disagree = true;
    row(w, &q)->cfg.keepalive = 20 * SIM_SECOND;
    for (unsigned i = 0; i < 4; i++) {
        sim_plan_random(w, &plan, i);
        plan.cfg.keepalive = 20 * SIM_SECOND;
        plan.start += 2 * SIM_SECOND;
        plan.rounds = 8;
        plan.think = 600 * SIM_MS;
        plan.expect = SIM_EXPECT_ENDED;
        sim_session_new(w, &plan);
    }
    sim_cluster_at(c, sim_rng_between(&c->rng, 2500, 6000) * SIM_MS, SIM_STEP_RESTART)->arg = SIM_B;
}

const sim_scenario sim_scenarios_pair_bound[] = {
    {"pair-bound", "server legs show other addresses and ports", setup_bound, 20, 300, 50},
    {"pair-bound-lossy", "the same, and whatever is said may be lost", setup_lossy, 10, 200, 0},
    {"pair-bound-restart", "the same, and who hears the servers forgets all", setup_restart, 10,
     200, 0},
    {0},
};
