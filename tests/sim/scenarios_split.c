/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections that are to complete through one member. */
#include "sim/scenario.h"

static void setup_split(sim_world *w)
{
    sim_quality q = sim_quality_clean(&w->rng);

    w->clean = true;
    sim_row(w, &q, &q);
    sim_add_sessions(w, sim_rng_below(&w->rng, 8) + 1);
}

static void setup_lossy(sim_world *w)
{
    sim_quality q = sim_quality_lossy(&w->rng);

    sim_row(w, &q, &q);
    sim_add_sessions(w, sim_rng_below(&w->rng, 8) + 1);
}

/* The client has little or nothing to say before the server has spoken. */
static void setup_server_first(sim_world *w)
{
    sim_quality q = sim_quality_clean(&w->rng);
    sim_plan plan;

    w->clean = true;
    sim_row(w, &q, &q);
    for (unsigned i = 0; i < 4; i++) {
        sim_plan_random(w, &plan, i);
        plan.first = SIM_SERVER;
        plan.bytes[SIM_CLIENT] = sim_rng_below(&w->rng, 2) * sim_rng_below(&w->rng, 200);
        sim_session_new(w, &plan);
    }
}

/* Every combination of options and habits; the member's own window scale is no better than a
 * guess. */
static void setup_options(sim_world *w)
{
    sim_quality to_client = sim_rng_coin(&w->rng) ? sim_quality_clean(&w->rng)
                                                  : sim_quality_lossy(&w->rng);
    sim_quality to_server = sim_quality_clean(&w->rng);
    sim_listener *l;
    sim_plan plan;

    w->guess_wscale = true;
    l = sim_row(w, &to_client, &to_server);
    for (unsigned i = 0; i < 6; i++) {
        sim_plan_random(w, &plan, i);
        plan.cfg.fast_open = sim_rng_coin(&w->rng);
        plan.cfg.mptcp = sim_rng_chance(&w->rng, 250000);
        plan.cfg.eager_fin = sim_rng_coin(&w->rng);
        plan.cfg.keepalive = sim_rng_below(&w->rng, 2) * 2 * SIM_SECOND;
        plan.think = sim_rng_below(&w->rng, 6) * SIM_SECOND;
        plan.read_rate[SIM_CLIENT] = sim_rng_coin(&w->rng) ? 20000 : 0;
        plan.read_rate[SIM_SERVER] = sim_rng_coin(&w->rng) ? 20000 : 0;
        sim_session_new(w, &plan);
    }
    l->cfg.keepalive = sim_rng_below(&w->rng, 2) * 3 * SIM_SECOND;
    l->cfg.eager_fin = sim_rng_coin(&w->rng);
}

/* Clients that insist on the timestamps they were promised, and a server that has none. */
static void setup_unstamped(sim_world *w)
{
    sim_quality to_client = sim_quality_lossy(&w->rng);
    sim_quality to_server = sim_rng_coin(&w->rng) ? to_client : sim_quality_clean(&w->rng);
    sim_listener *l = sim_row(w, &to_client, &to_server);
    sim_plan plan;

    l->cfg.timestamps = false;
    for (unsigned i = 0; i < 4; i++) {
        sim_plan_random(w, &plan, i);
        plan.cfg.timestamps = true;
        sim_session_new(w, &plan);
    }
}

/* The server leg takes longer than the client's patience with a closed window. */
static void setup_slow_server(sim_world *w)
{
    sim_quality to_client = sim_quality_clean(&w->rng);
    sim_quality to_server = to_client;

    to_server.delay = sim_rng_between(&w->rng, 400, 2500) * SIM_MS;
    sim_row(w, &to_client, &to_server);
    sim_add_sessions(w, 4);
}

/* Clients that probe a closed window with a byte of data, which has to be held. */
static void setup_probe_data(sim_world *w)
{
    sim_quality to_client = sim_quality_clean(&w->rng);
    sim_quality to_server = to_client;
    sim_plan plan;

    to_server.delay = sim_rng_between(&w->rng, 500, 900) * SIM_MS;
    sim_row(w, &to_client, &to_server);
    for (unsigned i = 0; i < 4; i++) {
        sim_plan_random(w, &plan, i);
        plan.cfg.probe_old = false;
        plan.first = SIM_CLIENT;
        plan.bytes[SIM_CLIENT] += 1;
        sim_session_new(w, &plan);
    }
}

/* A server that keeps no state for its SYN|ACK: never repeats it, answers each SYN anew. */
static void setup_cookie_server(sim_world *w)
{
    sim_quality q = sim_quality_clean(&w->rng);
    sim_quality to_server = q;
    sim_listener *l;

    if (sim_rng_coin(&w->rng))
        to_server.delay = sim_rng_between(&w->rng, 400, 900) * SIM_MS;
    l = sim_row(w, &q, &to_server);
    l->cfg.cookies = true;
    sim_add_sessions(w, 4);
}

/* The client's ACK that proves it: lost, late, or twice. */
static void setup_late_ack(sim_world *w)
{
    sim_quality q = sim_quality_clean(&w->rng);
    sim_rule rule = {.mask = SIM_SYN | SIM_ACK | SIM_RST | SIM_FIN, .flags = SIM_ACK};

    sim_row(w, &q, &q);
    rule.skip = sim_rng_below(&w->rng, 2);
    rule.count = 1 + sim_rng_below(&w->rng, 3);
    rule.action = (enum sim_action)sim_rng_below(&w->rng, 3);
    rule.delay = sim_rng_between(&w->rng, 0, 8000) * SIM_MS;
    sim_pipe_add_rule(&w->client_link->pipe[0], &rule);
    sim_add_sessions(w, 1 + sim_rng_below(&w->rng, 3));
}

/* One kind of packet of the handshake is lost a few times, everything else arrives. */
static void setup_drop_one(sim_world *w)
{
    static const uint8_t kinds[] = {SIM_SYN, SIM_SYN | SIM_ACK, SIM_ACK};
    sim_quality q = sim_quality_clean(&w->rng);
    sim_link *link;
    sim_rule rule = {.mask = SIM_SYN | SIM_ACK | SIM_RST, .action = SIM_DROP};

    sim_row(w, &q, &q);
    link = sim_rng_coin(&w->rng) ? w->client_link : w->server_link;
    rule.flags = kinds[sim_rng_below(&w->rng, SIM_COUNT(kinds))];
    rule.skip = sim_rng_below(&w->rng, 3);
    rule.count = 1 + sim_rng_below(&w->rng, 3);
    sim_pipe_add_rule(&link->pipe[sim_rng_below(&w->rng, 2)], &rule);
    sim_add_sessions(w, 1);
}

static void setup_mode(sim_world *w, uint32_t mode)
{
    sim_quality q = sim_quality_clean(&w->rng);

    w->member_config.engine.split_mode = mode;
    w->clean = true;
    sim_row(w, &q, &q);
    sim_add_sessions(w, 4 + sim_rng_below(&w->rng, 20));
}

static void check_never(sim_world *w)
{
    if (w->member != NULL && w->member->split_flows != 0)
        sim_fail(w, "%llu flows split though never to be",
                 (unsigned long long)w->member->split_flows);
}

static void setup_never(sim_world *w)
{
    setup_mode(w, MPCONN_SPLIT_NEVER);
    w->check = check_never;
}

static void setup_adaptive(sim_world *w)
{
    w->member_config.engine.adaptive_threshold = 1 + sim_rng_below(&w->rng, 4);
    setup_mode(w, MPCONN_SPLIT_ADAPTIVE);
}

static void setup_never_lossy(sim_world *w)
{
    w->member_config.engine.split_mode = MPCONN_SPLIT_NEVER;
    setup_lossy(w);
    w->check = check_never;
}

static void setup_adaptive_lossy(sim_world *w)
{
    w->member_config.engine.split_mode = MPCONN_SPLIT_ADAPTIVE;
    w->member_config.engine.adaptive_threshold = 1 + sim_rng_below(&w->rng, 4);
    setup_lossy(w);
}

const sim_scenario sim_scenarios_split[] = {
    {"split", "clean links", setup_split, 20, 300, 50},
    {"split-lossy", "2% loss, 1% duplicates, 5% out of order", setup_lossy, 20, 400, 50},
    {"server-first", "the server speaks first", setup_server_first, 10, 200, 50},
    {"options", "options and habits of both ends at random", setup_options, 20, 400, 50},
    {"unstamped", "timestamps on the client leg only", setup_unstamped, 10, 200, 0},
    {"slow-server", "server leg slower than timers", setup_slow_server, 10, 200, 50},
    {"probe-data", "probes with data while the server leg opens", setup_probe_data, 10, 100, 20},
    {"cookie-server", "server with SYN cookies", setup_cookie_server, 10, 200, 0},
    {"late-ack", "the client's proof lost, late or twice", setup_late_ack, 10, 300, 50},
    {"drop-one", "one packet of the handshake lost", setup_drop_one, 20, 400, 50},
    {"never", "tracked, never split", setup_never, 10, 100, 0},
    {"never-lossy", "tracked, with loss", setup_never_lossy, 10, 100, 0},
    {"adaptive", "split above a threshold", setup_adaptive, 10, 100, 0},
    {"adaptive-lossy", "split above a threshold, with loss", setup_adaptive_lossy, 10, 100, 0},
    {0},
};
