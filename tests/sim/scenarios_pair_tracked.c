/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections that are tracked but not split, carried by two members together (rule R8). */
#include "sim/cluster.h"
#include "sim/scenario.h"

static void listen_badly(sim_cluster *c)
{
    sim_quality *q = &c->oob_quality;

    q->loss_ppm = sim_rng_below(&c->rng, 300000);
    q->duplicate_ppm = sim_rng_below(&c->rng, 100000);
    q->reorder_ppm = sim_rng_below(&c->rng, 300000);
    q->reorder = sim_rng_between(&c->rng, 0, 100) * SIM_MS;
}

static void check_never(sim_world *w)
{
    for (unsigned i = 0; i < w->cluster->n; i++)
        if (w->cluster->member[i]->split_flows != 0)
            sim_fail(w, "%llu flows split though never to be",
                     (unsigned long long)w->cluster->member[i]->split_flows);
}

/* Two members in one mode, and sessions that begin when they have met; some are opened from the
 * server's side. */
static void setup_mode(sim_world *w, enum mpconn_split_mode mode, enum sim_way way,
                       bool lossy, bool one_splits)
{
    sim_quality q = lossy ? sim_quality_lossy(&w->rng) : sim_quality_clean(&w->rng);
    sim_cluster *c = sim_cluster_new(w, way, way == SIM_WAY_A ? SIM_WAY_B : way);
    sim_tcp_config cfg;
    sim_plan plan;

    c->one_splits = one_splits;
    if (sim_rng_coin(&w->rng))
        w->member_config.engine.announce = MPCONN_ANNOUNCE_EARLY;
    w->member_config.engine.split_mode = mode;
    w->clean = !lossy && way != SIM_WAY_SPRAY;
    c->may_outlive = !w->clean; /* a FIN was overtaken, or all words about it were lost */
    q.delay /= 4;
    if (lossy)
        listen_badly(c);
    sim_row(w, &q, &q);
    sim_config_random(&w->rng, &cfg);
    sim_host_listen(w->client, 80, &cfg, sim_session_accept, w);
    for (unsigned i = 0; i < 8; i++) {
        sim_plan_random(w, &plan, i);
        plan.start += 2 * SIM_SECOND;
        if (sim_rng_chance(&w->rng, 250000)) {
            sim_addr turn = plan.client;

            plan.client = plan.server;
            plan.server = turn;
            plan.reverse = true;
        }
        sim_session_new(w, &plan);
    }
}

static void setup_never(sim_world *w)
{
    setup_mode(w, MPCONN_SPLIT_NEVER, sim_rng_coin(&w->rng) ? SIM_WAY_A : SIM_WAY_FLOW, false,
               false);
    w->check = check_never;
}

static void setup_never_lossy(sim_world *w)
{
    setup_mode(w, MPCONN_SPLIT_NEVER, SIM_WAY_FLOW, true, false);
    w->check = check_never;
}

static void setup_never_sprayed(sim_world *w)
{
    setup_mode(w, MPCONN_SPLIT_NEVER, SIM_WAY_SPRAY, sim_rng_coin(&w->rng), false);
    w->check = check_never;
}

static void setup_adaptive(sim_world *w)
{
    w->member_config.engine.adaptive_threshold = 1 + sim_rng_below(&w->rng, 4);
    setup_mode(w, MPCONN_SPLIT_ADAPTIVE, SIM_WAY_FLOW, sim_rng_coin(&w->rng), false);
}

/* Members that were not told the same. */
static void setup_modes(sim_world *w)
{
    static const enum sim_way ways[] = {SIM_WAY_A, SIM_WAY_FLOW, SIM_WAY_SPRAY};

    setup_mode(w, MPCONN_SPLIT_NEVER, ways[sim_rng_below(&w->rng, (unsigned)SIM_COUNT(ways))],
               sim_rng_coin(&w->rng), true);
}

static void setup_refused(sim_world *w)
{
    w->member_config.engine.split_mode = MPCONN_SPLIT_NEVER;
    sim_pair_refused(w);
}

const sim_scenario sim_scenarios_pair_tracked[] = {
    {"pair-never", "tracked, never split", setup_never, 10, 200, 0},
    {"pair-never-lossy", "tracked, members that hear one another badly", setup_never_lossy, 10, 200,
     0},
    {"pair-never-sprayed", "tracked, packets by either way", setup_never_sprayed, 10, 200, 0},
    {"pair-never-refused", "tracked, nobody listens", setup_refused, 5, 100, 0},
    {"pair-adaptive", "split above a threshold", setup_adaptive, 10, 200, 0},
    {"pair-modes", "one member splits, the other does not", setup_modes, 10, 200, 0},
    {0},
};
