/* SPDX-License-Identifier: BSD-2-Clause */
/* Clients that may send before their servers have answered, and do. */
#include "sim/cluster.h"
#include "sim/scenario.h"

/* A policy by chance; returns the listener. */
static sim_listener *row_with_window(sim_world *w, const sim_quality *to_client,
                                     const sim_quality *to_server)
{
    uint16_t window = sim_rng_coin(&w->rng) ? 2920 : 65535;
    sim_listener *l;

    w->member_config.engine.client_window = window;
    l = sim_row(w, to_client, to_server);
    /* what is announced for a server is passed on to it, whatever it announces itself */
    if (!w->plain && l->cfg.overrun < window)
        l->cfg.overrun = window;
    return l;
}

static void add_clients(sim_world *w, unsigned n, sim_time after)
{
    sim_plan plan;

    for (unsigned i = 0; i < n; i++) {
        sim_plan_random(w, &plan, i);
        plan.start += after;
        plan.first = SIM_CLIENT;
        plan.bytes[SIM_CLIENT] += plan.rounds; /* in the first one, too */
        plan.think = 0;
        sim_session_new(w, &plan);
    }
}

static uint64_t held(const sim_world *w)
{
    uint64_t n = w->member != NULL ? w->member->engine[0].by_reason[MPCONN_REASON_HELD] : 0;

    for (unsigned i = 0; w->cluster != NULL && i < w->cluster->n; i++)
        n += w->cluster->member[i]->engine[0].by_reason[MPCONN_REASON_HELD];
    return n;
}

static void check_held(sim_world *w)
{
    if (!w->plain && held(w) == 0)
        sim_fail(w, "nothing was held of clients that spoke first");
    /* of the largest there is, scaling rounds a little away with the server's own segments */
    if (w->member_config.engine.client_window < 65535 &&
        w->client->counters[SIM_C_WINDOW_SHRUNK] != 0)
        sim_fail(w, "a window that was announced to a client was taken back");
}

/* Nothing is lost, and the server has room for all: then nothing is late or said twice. But what
 * waits in one batch with the server's answer overtakes what is held. */
static void setup_clean(sim_world *w, sim_time after)
{
    sim_quality q = sim_quality_near(&w->rng);

    w->clean = true;
    w->check = check_held;
    w->member_config.gather = 0;
    row_with_window(w, &q, &q)->cfg.receive_buffer = 1 << 20;
    add_clients(w, 1 + sim_rng_below(&w->rng, 8), after);
}

static void setup_early(sim_world *w)
{
    setup_clean(w, 0);
}

static void setup_lossy(sim_world *w)
{
    sim_quality q = sim_quality_lossy(&w->rng);

    row_with_window(w, &q, &q);
    add_clients(w, 1 + sim_rng_below(&w->rng, 8), 0);
}

static void check_clock(sim_world *w)
{
    if (w->server->counters[SIM_C_PAWS] + w->server->counters[SIM_C_PAWS_NEW_DATA] != 0)
        sim_fail(w, "a segment that was held came to the server behind a later clock");
}

/* Clients repeat what is held, and some of it is held for too long. */
static void setup_slow(sim_world *w)
{
    sim_quality to_client = sim_quality_near(&w->rng), to_server = to_client;

    to_server.delay = sim_rng_between(&w->rng, 200, 900) * SIM_MS;
    w->check = check_clock;
    row_with_window(w, &to_client, &to_server);
    add_clients(w, 4, 0);
}

static void setup_pair(sim_world *w)
{
    sim_cluster_new(w, SIM_WAY_FLOW, SIM_WAY_FLOW);
    setup_clean(w, 2 * SIM_SECOND);
}

/* Each segment of a client comes to another member, as it happens. */
static void setup_sprayed(sim_world *w)
{
    sim_quality q = sim_rng_coin(&w->rng) ? sim_quality_near(&w->rng) : sim_quality_lossy(&w->rng);

    sim_cluster_new(w, SIM_WAY_SPRAY, sim_rng_coin(&w->rng) ? SIM_WAY_A : SIM_WAY_SPRAY);
    row_with_window(w, &q, &q);
    add_clients(w, 1 + sim_rng_below(&w->rng, 6), 2 * SIM_SECOND);
}

const sim_scenario sim_scenarios_early[] = {
    {"early-data", "clients speak before the server has answered", setup_early, 20, 300, 50},
    {"early-data-lossy", "the same with loss", setup_lossy, 20, 300, 20},
    {"early-data-slow", "the same, server leg slower than the client's timer", setup_slow, 20, 200,
     0},
    {"pair-early-data", "the same through two members", setup_pair, 20, 300, 20},
    {"pair-early-data-sprayed", "the client's segments come to either member", setup_sprayed, 20,
     300, 20},
    {0},
};
