/* SPDX-License-Identifier: BSD-2-Clause */
/* Two members one of which fails, or that lose one another. Not every connection can live through
 * that: but each comes to an end, and no byte of it is wrong. */
#include "sim/cluster.h"
#include "sim/scenario.h"

static const enum sim_way ways[] = {SIM_WAY_A, SIM_WAY_B, SIM_WAY_FLOW};

/* Keepalive, as who cannot reach the other must find out, and sessions some of which are there when
 * it happens. */
static sim_cluster *setup_fault(sim_world *w, bool spray)
{
    sim_quality q = sim_quality_near(&w->rng);
    unsigned n = (unsigned)SIM_COUNT(ways);
    sim_cluster *c;
    sim_listener *l;
    sim_plan plan;

    c = sim_cluster_new(w, ways[sim_rng_below(&w->rng, n)], ways[sim_rng_below(&w->rng, n)]);
    if (spray && sim_rng_chance(&w->rng, 200000))
        c->way[sim_rng_below(&w->rng, 2)] = SIM_WAY_SPRAY;
    c->may_disagree = true;
    l = sim_row(w, &q, &q);
    l->cfg.cookies = sim_rng_chance(&w->rng, 200000);
    l->cfg.keepalive = 20 * SIM_SECOND;
    for (unsigned i = 0; i < 6; i++) {
        sim_plan_random(w, &plan, i);
        plan.cfg.keepalive = 20 * SIM_SECOND;
        plan.start += 2 * SIM_SECOND;
        plan.rounds = 8;
        plan.think = sim_rng_below(&w->rng, 4) * 300 * SIM_MS;
        plan.expect = SIM_EXPECT_ENDED;
        sim_session_new(w, &plan);
    }
    return c;
}

/* Late enough that the members have met, and some handshakes are under way. */
static sim_time moment(sim_cluster *c)
{
    return sim_rng_between(&c->rng, 1900000, 6000000) * SIM_US;
}

static void setup_restart(sim_world *w)
{
    sim_cluster *c = setup_fault(w, true);

    for (unsigned n = sim_rng_below(&c->rng, 2) + 1; n > 0; n--)
        sim_cluster_at(c, moment(c), SIM_STEP_RESTART)->arg = sim_rng_below(&c->rng, 2);
}

static void setup_crash(sim_world *w)
{
    sim_cluster *c = setup_fault(w, true);
    unsigned gone = sim_rng_below(&c->rng, 2);
    sim_time when = moment(c);
    sim_step *s;

    sim_cluster_at(c, when, SIM_STEP_CRASH)->arg = gone;
    s = sim_cluster_at(c, when + sim_rng_between(&c->rng, 0, 5000) * SIM_MS, SIM_STEP_MOVE);
    s->way[0] = s->way[1] = gone == SIM_A ? SIM_WAY_B : SIM_WAY_A;
}

static void setup_split_brain(sim_world *w)
{
    sim_cluster *c = setup_fault(w, true);
    sim_time when = moment(c);

    sim_cluster_at(c, when, SIM_STEP_CUT);
    sim_cluster_at(c, when + sim_rng_between(&c->rng, 100, 30000) * SIM_MS, SIM_STEP_MEND);
}

const sim_scenario sim_scenarios_pair_fault[] = {
    {"pair-restart", "a member loses all it knows", setup_restart, 10, 200, 0},
    {"pair-crash", "a member stops, routes move to the other", setup_crash, 10, 200, 0},
    {"pair-split-brain", "members that cannot talk for a while", setup_split_brain, 10, 200, 0},
    {0},
};
