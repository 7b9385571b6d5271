/* SPDX-License-Identifier: BSD-2-Clause */
/* One connection between ends of every kind: a client that insists on what it was promised, and
 * measures by it, and a server that may have none of that. The seed is the cell. */
#include "sim/cluster.h"
#include "sim/matrix.h"

#define SIZE (UINT32_C(1) << 20)
#define DELAY (10 * SIM_MS) /* of each of the two links, each way */
#define PER_BYTE SIM_US       /* 8 Mbit/s: what is under way fills the path all the time */
#define BUFFER (UINT32_C(1) << 17)
#define DELAYED_ACK (40 * SIM_MS)
#define ROUND_TRIP_MOST (4 * DELAY + BUFFER * PER_BYTE + DELAYED_ACK)
#define LOSE_EVERY 400 /* on either link, each way */
#define WSCALE 7

enum kind { ALL, NO_SACK, NO_TIMESTAMPS, NO_WSCALE, SMALL_MSS, ECN };

static sim_tcp_config config_of(enum kind kind, enum sim_matrix_path path)
{
    sim_tcp_config cfg;

    sim_tcp_config_default(&cfg);
    cfg.shift = WSCALE;
    cfg.receive_buffer = BUFFER;
    cfg.delayed_ack = true;
    cfg.rto_min = 200 * SIM_MS;
    cfg.sack = kind != NO_SACK;
    cfg.timestamps = kind != NO_TIMESTAMPS;
    cfg.wscale = kind != NO_WSCALE;
    cfg.ecn = kind == ECN;
    cfg.mss = kind == SMALL_MSS ? 536 : path >= SIM_IPV6_ONE ? 1440 : 1460;
    cfg.rtt_by_echo = true;
    /* an echo may be older than the round trip by another one */
    cfg.srtt_most = 2 * ROUND_TRIP_MOST;
    return cfg;
}

/* Times are compared, so the hosts of members take none. */
static void set_members(sim_world *w, const sim_tcp_config *server)
{
    sim_member_config *m = &w->member_config;

    m->gather = m->late = 0;
    m->budget = 0;
    m->engine.wscale = WSCALE;
    m->engine.mss_ipv4 = m->engine.mss_ipv6 = server->mss;
}

/* The same segments of each direction are lost whoever forwards them: by their number among those
 * with data, and among those without. SYNs are spared: who repeats one has waited for a second. */
static void lose_some(sim_link *link)
{
    for (unsigned i = 0; i < 4; i++) {
        sim_rule rule = {.mask = SIM_SYN, .every = LOSE_EVERY, .action = SIM_DROP};

        rule.min_payload = i < 2;
        rule.bare = i >= 2;
        sim_pipe_add_rule(&link->pipe[i % 2], &rule);
    }
}

static void check_loss(sim_world *w)
{
    const sim_link *links[] = {w->client_link, w->server_link};

    for (unsigned i = 0; i < 4; i++) {
        const sim_pipe *p = &links[i / 2]->pipe[i % 2];

        if (p->lost == 0)
            sim_fail(w, "nothing was lost from %s", p->name);
    }
}

void sim_matrix_setup(sim_world *w)
{
    unsigned cell = (unsigned)(w->seed % SIM_MATRIX_CELLS);
    enum sim_matrix_path path = sim_matrix_path(cell);
    unsigned family = path >= SIM_IPV6_ONE ? 6 : 4;
    sim_tcp_config server = config_of((enum kind)sim_matrix_server(cell), path);
    sim_quality q = {.delay = DELAY, .per_byte = PER_BYTE};
    sim_plan plan;

    set_members(w, &server);
    if (!server.wscale)
        server.overrun = 1u << WSCALE; /* a window that is less than a step of the scale told */
    if (path == SIM_IPV4_TWO || path == SIM_IPV6_TWO) {
        sim_cluster_new(w, SIM_WAY_A, SIM_WAY_B)->oob_quality.delay = SIM_MS;
        sim_cluster_build(w->cluster, &q, &q);
    } else {
        sim_world_in_row(w, &q, &q);
    }
    lose_some(w->client_link);
    lose_some(w->server_link);
    sim_host_listen(w->server, 80, &server, sim_session_accept, w);
    sim_plan_random(w, &plan, 0);
    plan.client = sim_world_client_addr(family, 0);
    plan.server = sim_world_server_addr(family, 0);
    plan.cfg = config_of((enum kind)sim_matrix_client(cell), path);
    plan.start = 2 * SIM_SECOND; /* by then members have met */
    plan.bytes[SIM_CLIENT] = plan.bytes[SIM_SERVER] = SIZE;
    plan.rounds = 1;
    plan.first = SIM_CLIENT;
    plan.closer = SIM_CLIENT;
    plan.think = 0;
    sim_session_new(w, &plan);
    w->check = check_loss;
}

const sim_scenario sim_scenarios_matrix[] = {
    {"matrix", "1 MiB each way, ends of every kind: the seed is one of 144 cells", sim_matrix_setup,
     12, 12, 12},
    {0},
};
