/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections that two members carry together, both alive and able to talk. */
#include "sim/cluster.h"
#include "sim/scenario.h"

static void listen_to_loss(sim_cluster *c)
{
    sim_quality *q = &c->oob_quality;

    q->loss_ppm = sim_rng_below(&c->rng, 300000);
    q->duplicate_ppm = sim_rng_below(&c->rng, 100000);
    q->reorder_ppm = sim_rng_below(&c->rng, 300000);
    q->reorder = sim_rng_between(&c->rng, 0, 100) * SIM_MS;
    q->jitter = sim_rng_between(&c->rng, 0, 5000) * SIM_US;
}

/* The members have met before anybody connects. */
static void add_sessions_after(sim_world *w, unsigned n, sim_time meeting)
{
    sim_plan plan;

    for (unsigned i = 0; i < n; i++) {
        sim_plan_random(w, &plan, i);
        plan.start += meeting;
        sim_session_new(w, &plan);
    }
}

static void setup_ways(sim_world *w, enum sim_way from_client, enum sim_way from_server)
{
    sim_quality q = sim_quality_near(&w->rng);

    sim_cluster_new(w, from_client, from_server);
    w->clean = true;
    sim_row(w, &q, &q);
    add_sessions_after(w, sim_rng_below(&w->rng, 8) + 1, 2 * SIM_SECOND);
}

static void setup_asymmetric(sim_world *w)
{
    setup_ways(w, SIM_WAY_A, SIM_WAY_B);
}

static void setup_mirrored(sim_world *w)
{
    setup_ways(w, SIM_WAY_B, SIM_WAY_A);
}

/* Each direction of each connection has a way of its own. */
static void setup_mixed(sim_world *w)
{
    setup_ways(w, SIM_WAY_FLOW, SIM_WAY_FLOW);
}

/* What the client says is announced with its SYN already. */
static void setup_early(sim_world *w)
{
    w->member_config.engine.announce = MPCONN_ANNOUNCE_EARLY;
    setup_ways(w, SIM_WAY_FLOW, SIM_WAY_FLOW);
}

static void setup_lossy(sim_world *w)
{
    sim_quality q = sim_rng_coin(&w->rng) ? sim_quality_near(&w->rng) : sim_quality_lossy(&w->rng);
    sim_cluster *c = sim_cluster_new(w, SIM_WAY_FLOW, SIM_WAY_FLOW);

    listen_to_loss(c);
    sim_row(w, &q, &q);
    add_sessions_after(w, sim_rng_below(&w->rng, 6) + 1, 2 * SIM_SECOND);
}

/* Short-lived ones are of no interest to anybody else (principle 5). */
static void check_silence(sim_world *w)
{
    if (w->cluster->n != 0 && sim_cluster_records(w->cluster) != 0)
        sim_fail(w, "%llu records about symmetric connections that did not last",
                 (unsigned long long)sim_cluster_records(w->cluster));
}

static void setup_symmetric(sim_world *w)
{
    enum sim_way way = sim_rng_coin(&w->rng) ? SIM_WAY_A : SIM_WAY_B;
    bool brief = sim_rng_coin(&w->rng);
    sim_quality q = sim_quality_near(&w->rng);
    sim_plan plan;

    sim_cluster_new(w, way, way);
    w->clean = true;
    if (brief) {
        w->check = check_silence;
        q.delay /= 2;
    }
    sim_row(w, &q, &q);
    for (unsigned i = 0; i < 6; i++) {
        sim_plan_random(w, &plan, i);
        plan.start += 2 * SIM_SECOND;
        if (brief) {
            plan.bytes[0] %= 3000;
            plan.bytes[1] %= 3000;
            plan.rounds = 1;
            plan.think = 0;
        }
        sim_session_new(w, &plan);
    }
}

/* Packets of one direction, or of both, go by either way as it happens. */
static void setup_sprayed(sim_world *w)
{
    static const enum sim_way ways[][2] = {{SIM_WAY_SPRAY, SIM_WAY_SPRAY},
                                           {SIM_WAY_SPRAY, SIM_WAY_B},
                                           {SIM_WAY_A, SIM_WAY_SPRAY}};
    unsigned kind = sim_rng_below(&w->rng, 3);
    sim_quality q = sim_quality_near(&w->rng);
    sim_cluster *c = sim_cluster_new(w, ways[kind][0], ways[kind][1]);

    if (sim_rng_coin(&w->rng))
        listen_to_loss(c);
    sim_row(w, &q, &q);
    add_sessions_after(w, sim_rng_below(&w->rng, 6) + 1, 2 * SIM_SECOND);
}

/* Routes change while connections live, and while they come up. */
static void setup_moves(sim_world *w)
{
    sim_quality q = sim_quality_near(&w->rng);
    sim_cluster *c = sim_cluster_new(w, SIM_WAY_A, SIM_WAY_A);
    sim_plan plan;

    if (sim_rng_coin(&w->rng))
        listen_to_loss(c);
    sim_row(w, &q, &q);
    for (unsigned i = 0; i < SIM_STEPS - 1; i++) {
        sim_step *s = sim_cluster_at(c, sim_rng_between(&c->rng, 2000, 8000) * SIM_MS,
                                     SIM_STEP_MOVE);

        for (unsigned side = 0; side < 2; side++)
            s->way[side] = sim_rng_coin(&c->rng) ? SIM_WAY_A : SIM_WAY_B;
    }
    for (unsigned i = 0; i < 6; i++) {
        sim_plan_random(w, &plan, i);
        plan.start += 2 * SIM_SECOND;
        plan.rounds = 8;
        plan.think = sim_rng_below(&w->rng, 3) * SIM_SECOND;
        sim_session_new(w, &plan);
    }
}

void sim_pair_refused(sim_world *w)
{
    sim_quality q = sim_quality_near(&w->rng);
    sim_plan plan;

    sim_cluster_new(w, SIM_WAY_FLOW, SIM_WAY_FLOW);
    w->clean = true;
    sim_tolerate(w, sim_told_by_rst);
    sim_row(w, &q, &q);
    for (unsigned i = 0; i < 4; i++) {
        sim_plan_random(w, &plan, i);
        plan.start += 2 * SIM_SECOND;
        plan.sport = 81;
        plan.expect = SIM_EXPECT_REFUSED;
        sim_session_new(w, &plan);
    }
}

static void setup_silent(sim_world *w)
{
    sim_quality q = sim_quality_near(&w->rng);
    sim_tcp_config cfg;
    sim_plan plan;

    sim_cluster_new(w, SIM_WAY_FLOW, SIM_WAY_FLOW);
    sim_row(w, &q, &q);
    sim_tcp_config_default(&cfg);
    sim_host_listen(w->server, 82, &cfg, sim_session_accept, w)->silent = true;
    for (unsigned i = 0; i < 4; i++) {
        sim_plan_random(w, &plan, i);
        plan.start += 2 * SIM_SECOND;
        plan.sport = 82;
        plan.expect = SIM_EXPECT_SILENCE;
        sim_session_new(w, &plan);
    }
}

static void setup_aborts(sim_world *w)
{
    static const enum sim_tcp_state states[] = {
        SIM_SYN_SENT,   SIM_ESTABLISHED, SIM_FIN_WAIT_1, SIM_FIN_WAIT_2,
        SIM_CLOSE_WAIT, SIM_CLOSING,     SIM_LAST_ACK};
    sim_quality q = sim_quality_near(&w->rng);
    sim_listener *l;
    sim_plan plan;

    sim_cluster_new(w, SIM_WAY_FLOW, SIM_WAY_FLOW);
    w->clean = true;
    sim_tolerate(w, sim_told_by_rst);
    l = sim_row(w, &q, &q);
    l->cfg.keepalive = 20 * SIM_SECOND;
    for (unsigned i = 0; i < 6; i++) {
        sim_plan_random(w, &plan, i);
        plan.cfg.keepalive = 20 * SIM_SECOND;
        plan.start += 2 * SIM_SECOND;
        plan.aborter = sim_rng_below(&w->rng, 2);
        plan.abort_state = states[sim_rng_below(&w->rng, SIM_COUNT(states))];
        plan.abort_delay = sim_rng_below(&w->rng, 3) * sim_rng_between(&w->rng, 0, 500) * SIM_MS;
        plan.expect = SIM_EXPECT_ABORT;
        sim_session_new(w, &plan);
    }
}

/* One connection after another on the same ports, by whatever way. */
static void setup_reuse(sim_world *w)
{
    sim_quality q = sim_quality_near(&w->rng);
    sim_cluster *c = sim_cluster_new(w, SIM_WAY_A, SIM_WAY_B);
    sim_plan plan;

    w->clean = sim_rng_coin(&w->rng);
    if (!w->clean)
        listen_to_loss(c);
    sim_row(w, &q, &q);
    sim_plan_random(w, &plan, 0);
    plan.cfg.fixed_isn = false;
    plan.start = 2 * SIM_SECOND;
    for (unsigned i = 0; i < 6; i++) {
        sim_step *s = sim_cluster_at(c, plan.start - SIM_MS, SIM_STEP_MOVE);

        for (unsigned side = 0; side < 2; side++) {
            s->way[side] = sim_rng_coin(&c->rng) ? SIM_WAY_A : SIM_WAY_B;
            plan.bytes[side] = sim_rng_below(&w->rng, 8000);
        }
        plan.closer = sim_rng_below(&w->rng, 3);
        plan.first = sim_rng_below(&w->rng, 3);
        sim_session_new(w, &plan);
        plan.start += sim_rng_between(&w->rng, 10, 40) * SIM_SECOND;
    }
}

/* A server that keeps no state for its SYN|ACK, and gives each SYN another number. */
static void setup_cookie_server(sim_world *w)
{
    enum sim_way from_client = sim_rng_coin(&w->rng) ? SIM_WAY_SPRAY : SIM_WAY_FLOW;
    enum sim_way from_server = sim_rng_coin(&w->rng) ? SIM_WAY_SPRAY : SIM_WAY_FLOW;
    sim_quality q = sim_quality_near(&w->rng);
    sim_quality to_server = q;
    sim_cluster *c = sim_cluster_new(w, from_client, from_server);
    sim_listener *l;

    if (sim_rng_coin(&w->rng))
        to_server.delay = sim_rng_between(&w->rng, 400, 900) * SIM_MS;
    if (sim_rng_coin(&w->rng))
        listen_to_loss(c);
    l = sim_row(w, &q, &to_server);
    l->cfg.cookies = true;
    add_sessions_after(w, 4, 2 * SIM_SECOND);
}

const sim_scenario sim_scenarios_pair[] = {
    {"pair-asymmetric", "out through A, back through B", setup_asymmetric, 10, 200, 0},
    {"pair-mirrored", "out through B, back through A", setup_mirrored, 5, 100, 0},
    {"pair-mixed", "every connection and direction by a way of its own", setup_mixed, 5, 200, 0},
    {"pair-early", "the same, announced with the SYN", setup_early, 5, 100, 0},
    {"pair-lossy", "members that hear one another badly", setup_lossy, 10, 200, 0},
    {"pair-symmetric", "both ways through one of two members", setup_symmetric, 5, 100, 0},
    {"pair-sprayed", "packets by either way", setup_sprayed, 10, 200, 0},
    {"pair-moves", "routes that change in mid-flow", setup_moves, 10, 200, 0},
    {"pair-refused", "nobody listens", sim_pair_refused, 5, 100, 0},
    {"pair-silent", "the server never answers", setup_silent, 5, 50, 0},
    {"pair-aborts", "either side gives up in every state", setup_aborts, 5, 200, 0},
    {"pair-reuse", "the same ports again, by other ways", setup_reuse, 5, 100, 0},
    {"pair-cookie-server", "a server that gives each SYN another number", setup_cookie_server, 10,
     200, 0},
    {0},
};
