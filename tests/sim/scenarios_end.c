/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections that end before their time, or follow one another on the same ports. */
#include "sim/scenario.h"

/* A plan whose server may be told not to have timestamps. */
static void plan_for(sim_world *w, sim_plan *plan, unsigned number)
{

    sim_plan_random(w, plan, number);
}

static void setup_refused(sim_world *w)
{
    sim_quality q = sim_quality_clean(&w->rng);
    sim_plan plan;

    w->clean = true;
    sim_tolerate(w, sim_told_by_rst);
    sim_row(w, &q, &q);
    for (unsigned i = 0; i < 4; i++) {
        plan_for(w, &plan, i);
        plan.sport = 81;
        plan.expect = SIM_EXPECT_REFUSED;
        sim_session_new(w, &plan);
    }
}

/* With loss the RST that tells the client may be lost, too; its own probes must
 * then draw another. */
static void setup_refused_lossy(sim_world *w)
{
    sim_quality q = sim_quality_lossy(&w->rng);
    sim_plan plan;

    q.loss_ppm = 100000;
    w->time_limit = 180 * SIM_SECOND;
    sim_row(w, &q, &q);
    for (unsigned i = 0; i < 4; i++) {
        plan_for(w, &plan, i);
        plan.sport = 81;
        plan.first = SIM_CLIENT; /* one with nothing to say would never know */
        plan.rounds = 1;
        plan.bytes[SIM_CLIENT] += 1;
        plan.expect = SIM_EXPECT_REFUSED_OR_LOST;
        sim_session_new(w, &plan);
    }
}

static void setup_silent(sim_world *w)
{
    static const enum sim_counter explained[] = {SIM_C_RST_TAKEN, SIM_C_SYN_IGNORED, SIM_C_PROBE,
                                                 SIM_C_RETRANSMISSION, SIM_C_TIMEOUT,
                                                 SIM_C_NO_CONNECTION, SIM_COUNTERS};
    sim_quality q = sim_quality_clean(&w->rng);
    sim_plan plan;
    sim_tcp_config cfg;

    w->clean = true;
    sim_tolerate(w, explained);
    sim_row(w, &q, &q);
    sim_tcp_config_default(&cfg);
    sim_host_listen(w->server, 82, &cfg, sim_session_accept, w)->silent = true;
    for (unsigned i = 0; i < 4; i++) {
        plan_for(w, &plan, i);
        plan.sport = 82;
        plan.expect = SIM_EXPECT_SILENCE;
        sim_session_new(w, &plan);
    }
}

static void add_aborts(sim_world *w, unsigned side, unsigned n)
{
    static const enum sim_tcp_state states[] = {
        SIM_SYN_SENT,   SIM_ESTABLISHED, SIM_FIN_WAIT_1, SIM_FIN_WAIT_2,
        SIM_CLOSE_WAIT, SIM_CLOSING,     SIM_LAST_ACK};
    sim_listener *l = sim_host_listener(w->server, 80);
    sim_plan plan;

    l->cfg.keepalive = 20 * SIM_SECOND;
    for (unsigned i = 0; i < n; i++) {
        plan_for(w, &plan, i);
        plan.cfg.keepalive = 20 * SIM_SECOND;
        plan.aborter = side;
        plan.abort_state = states[sim_rng_below(&w->rng, SIM_COUNT(states))];
        plan.abort_delay = sim_rng_below(&w->rng, 3) * sim_rng_between(&w->rng, 0, 500) * SIM_MS;
        plan.expect = SIM_EXPECT_ABORT;
        sim_session_new(w, &plan);
    }
}

static void setup_client_aborts(sim_world *w)
{
    sim_quality q = sim_quality_clean(&w->rng);

    w->clean = true;
    sim_tolerate(w, sim_told_by_rst);
    sim_row(w, &q, &q);
    add_aborts(w, SIM_CLIENT, 6);
}

static void setup_server_aborts(sim_world *w)
{
    sim_quality q = sim_quality_clean(&w->rng);

    w->clean = true;
    sim_tolerate(w, sim_told_by_rst);
    sim_row(w, &q, &q);
    add_aborts(w, SIM_SERVER, 6);
}

static void setup_aborts_lossy(sim_world *w)
{
    sim_quality q = sim_quality_lossy(&w->rng);

    sim_row(w, &q, &q);
    add_aborts(w, sim_rng_below(&w->rng, 2), 6);
}

/* One connection after another on the same ports; each is over before the next begins. */
static void add_successors(sim_world *w, unsigned n, sim_time apart)
{
    sim_plan plan;

    plan_for(w, &plan, 0);
    plan.cfg.fixed_isn = false;
    plan.start = 0;
    for (unsigned i = 0; i < n; i++) {
        for (unsigned side = 0; side < 2; side++)
            plan.bytes[side] = sim_rng_below(&w->rng, 8000);
        plan.closer = sim_rng_below(&w->rng, 3);
        plan.first = sim_rng_below(&w->rng, 3);
        sim_session_new(w, &plan);
        plan.start += apart + sim_rng_between(&w->rng, 0, 30) * SIM_SECOND;
    }
}

static void setup_reuse(sim_world *w)
{
    sim_quality q = sim_quality_clean(&w->rng);

    w->clean = true;
    sim_row(w, &q, &q);
    add_successors(w, 6, 10 * SIM_SECOND);
}

static void setup_reuse_lossy(sim_world *w)
{
    sim_quality q = sim_quality_lossy(&w->rng);

    /* what an older incarnation left on the way */
    w->tolerated[SIM_C_ACK_UNSENT] = true;
    w->tolerated[SIM_C_TSECR_UNSENT] = true;
    sim_row(w, &q, &q);
    add_successors(w, 6, 120 * SIM_SECOND);
}

/* The client forgets its connection and opens another on the same ports (V12, V12b). */
static void setup_reuse_open(sim_world *w)
{
    sim_quality q = sim_quality_clean(&w->rng);
    sim_listener *l = sim_row(w, &q, &q);
    sim_plan plan;

    /* what an older incarnation left on the way */
    w->tolerated[SIM_C_ACK_UNSENT] = true;
    w->tolerated[SIM_C_TSECR_UNSENT] = true;
    l->cfg.keepalive = 60 * SIM_SECOND;
    plan_for(w, &plan, 0);
    plan.cfg.fixed_isn = false;
    plan.start = 0;
    plan.rounds = 4;
    plan.think = 8 * SIM_SECOND;
    plan.aborter = SIM_CLIENT;
    plan.abort_state = SIM_CLOSED;
    plan.expect = SIM_EXPECT_ABORT;
    sim_session_new(w, &plan);
    plan.start = sim_rng_between(&w->rng, 0, 8000) * SIM_MS;
    plan.aborter = SIM_NOBODY;
    plan.expect = SIM_EXPECT_COMPLETE;
    sim_session_new(w, &plan);
}

const sim_scenario sim_scenarios_end[] = {
    {"refused", "nobody listens", setup_refused, 10, 100, 20},
    {"refused-lossy", "nobody listens, with loss", setup_refused_lossy, 10, 100, 20},
    {"silent", "the server never answers", setup_silent, 10, 100, 20},
    {"client-aborts", "the client gives up in every state", setup_client_aborts, 10, 300, 50},
    {"server-aborts", "the server gives up in every state", setup_server_aborts, 10, 300, 50},
    {"aborts-lossy", "one side gives up, with loss", setup_aborts_lossy, 10, 300, 50},
    {"reuse", "the same ports again, after the end", setup_reuse, 10, 200, 50},
    {"reuse-lossy", "the same ports again, with loss", setup_reuse_lossy, 10, 200, 50},
    {"reuse-open", "the same ports again, the server not knowing", setup_reuse_open, 10, 300, 50},
    {0},
};
