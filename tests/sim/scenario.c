/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of scenarios, and the parts they are made of. */
#include "sim/scenario.h"

#include <string.h>

#include "sim/cluster.h"

static const sim_scenario *const lists[] = {sim_scenarios_plain, sim_scenarios_split,
                                            sim_scenarios_end, sim_scenarios_stress,
                                            sim_scenarios_host, sim_scenarios_early,
                                            sim_scenarios_pair, sim_scenarios_pair_fault,
                                            sim_scenarios_pair_late, sim_scenarios_pair_step,
                                            sim_scenarios_pair_tracked,
                                            sim_scenarios_pair_bound, sim_scenarios_meet,
                                            sim_scenarios_bridge,
                                            sim_scenarios_matrix};

bool sim_scenario_each(bool (*each)(const sim_scenario *s, void *arg), void *arg)
{
    for (size_t i = 0; i < SIM_COUNT(lists); i++) {
        for (const sim_scenario *s = lists[i]; s->name != NULL; s++) {
            if (!each(s, arg))
                return false;
        }
    }
    return true;
}

const sim_scenario *sim_scenario_find(const char *name)
{
    for (size_t i = 0; i < SIM_COUNT(lists); i++) {
        for (const sim_scenario *s = lists[i]; s->name != NULL; s++) {
            if (strcmp(s->name, name) == 0)
                return s;
        }
    }
    return NULL;
}

/* Numbers near the ends of their range, where arithmetic goes wrong first. */
static void random_isn(sim_rng *rng, sim_tcp_config *cfg)
{
    static const uint32_t edges[] = {0, UINT32_MAX, 0x7fffffff, 0x80000000, 0xfffffff0};

    cfg->fixed_isn = sim_rng_chance(rng, 200000);
    if (cfg->fixed_isn)
        cfg->isn = edges[sim_rng_below(rng, SIM_COUNT(edges))] - sim_rng_below(rng, 3000);
}

void sim_config_random(sim_rng *rng, sim_tcp_config *cfg)
{
    static const uint16_t sizes[] = {1460, 1440, 1400, 1220, 536};

    sim_tcp_config_default(cfg);
    cfg->sack = sim_rng_chance(rng, 750000);
    cfg->timestamps = sim_rng_chance(rng, 750000);
    cfg->wscale = sim_rng_chance(rng, 750000);
    cfg->ecn = sim_rng_chance(rng, 250000);
    cfg->shift = (uint8_t)sim_rng_below(rng, 15);
    cfg->mss = sizes[sim_rng_below(rng, SIM_COUNT(sizes))];
    cfg->receive_buffer = 1u << sim_rng_between(rng, 13, 20);
    cfg->delayed_ack = sim_rng_coin(rng);
    cfg->nagle = sim_rng_coin(rng);
    cfg->probe_old = sim_rng_coin(rng);
    cfg->keepalive_byte = sim_rng_coin(rng);
    cfg->ts_tick = sim_rng_coin(rng) ? SIM_MS : 10 * SIM_MS;
    cfg->ttl = (uint8_t)sim_rng_between(rng, 2, 255);
    random_isn(rng, cfg);
}

sim_quality sim_quality_clean(sim_rng *rng)
{
    sim_quality q = {0};

    q.delay = sim_rng_between(rng, 0, 100) * SIM_MS;
    q.jitter = sim_rng_between(rng, 0, 5) * SIM_MS;
    return q;
}

sim_quality sim_quality_near(sim_rng *rng)
{
    sim_quality q = sim_quality_clean(rng);

    q.delay /= 4;
    return q;
}

sim_quality sim_quality_lossy(sim_rng *rng)
{
    sim_quality q = sim_quality_clean(rng);

    q.loss_ppm = 20000;
    q.duplicate_ppm = 10000;
    q.reorder_ppm = 50000;
    q.reorder = 100 * SIM_MS;
    return q;
}

void sim_plan_random(struct sim_world *w, sim_plan *plan, unsigned number)
{
    sim_rng *rng = &w->rng;
    unsigned family = sim_rng_coin(rng) ? 4 : 6;

    memset(plan, 0, sizeof(*plan));
    plan->client = sim_world_client_addr(family, sim_rng_below(rng, 4));
    plan->server = sim_world_server_addr(family, sim_rng_below(rng, 4));
    plan->cport = (uint16_t)(1024 + number);
    plan->sport = 80;
    plan->start = sim_rng_between(rng, 0, 2000) * SIM_MS;
    sim_config_random(rng, &plan->cfg);
    for (unsigned side = 0; side < 2; side++)
        plan->bytes[side] = sim_rng_below(rng, UINT32_C(1) << sim_rng_between(rng, 0, 17));
    plan->rounds = 1 + sim_rng_below(rng, 4);
    plan->first = sim_rng_below(rng, 3);
    plan->closer = sim_rng_below(rng, 3);
    plan->think = sim_rng_below(rng, 3) * 300 * SIM_MS;
    plan->aborter = SIM_NOBODY;
    plan->expect = SIM_EXPECT_COMPLETE;
}

sim_listener *sim_row(sim_world *w, const sim_quality *to_client, const sim_quality *to_server)
{
    mpconn_engine_config *e = &w->member_config.engine;
    sim_tcp_config cfg;

    sim_config_random(&w->rng, &cfg);
    /* as protocol.md 2b advises: what the member tells clients is what it knows of its servers */
    e->mss_ipv4 = e->mss_ipv6 = cfg.mss;
    if (!w->guess_wscale)
        e->wscale = cfg.wscale && cfg.shift > 0 ? cfg.shift : 1;
    /* a small window is told as 1 rather than 0, and that is a step of the scale told; windows of
     * SYNs, which are not scaled, and those of servers with a finer scale are small
     * in that sense */
    if (!w->plain && (e->wscale > (cfg.wscale ? cfg.shift : 0) || e->wscale > 12))
        cfg.overrun = UINT32_C(1) << e->wscale;
    if (w->cluster != NULL)
        sim_cluster_build(w->cluster, to_client, to_server);
    else
        sim_world_in_row(w, to_client, to_server);
    return sim_host_listen(w->server, 80, &cfg, sim_session_accept, w);
}

void sim_add_sessions(sim_world *w, unsigned n)
{
    sim_plan plan;

    for (unsigned i = 0; i < n; i++) {
        sim_plan_random(w, &plan, i);
        sim_session_new(w, &plan);
    }
}

const enum sim_counter sim_told_by_rst[] = {SIM_C_RST_SENT, SIM_C_RST_TAKEN, SIM_C_NO_CONNECTION,
                                            SIM_COUNTERS};

void sim_tolerate(sim_world *w, const enum sim_counter *list)
{
    for (; *list != SIM_COUNTERS; list++)
        w->tolerated[*list] = true;
}
