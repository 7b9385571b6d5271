/* SPDX-License-Identifier: BSD-2-Clause */
/* Members that are bridges: A sees what clients say, B what servers say, and neither can send
 * anything back. Requests are not announced: A's echoes bring them to B. */
#include "sim/cluster.h"
#include "sim/scenario.h"

/* The members have met before anybody connects. */
#define MEETING (2 * SIM_SECOND)

/* Whose epoch another member does not know yet, its echoes are somebody's pings to that one: so
 * frames are lost as soon as the members have met, and not before. */
static void lose_frames(sim_cluster *c)
{
    sim_quality *q = &c->oob_quality;

    (void)sim_cluster_at(c, MEETING, SIM_STEP_MEND);
    q->loss_ppm = sim_rng_below(&c->rng, 300000);
    q->duplicate_ppm = sim_rng_below(&c->rng, 100000);
    q->reorder_ppm = sim_rng_below(&c->rng, 300000);
    q->reorder = sim_rng_between(&c->rng, 0, 100) * SIM_MS;
    q->jitter = sim_rng_between(&c->rng, 0, 5000) * SIM_US;
}

static sim_cluster *bridges(sim_world *w, enum sim_way from_client, enum sim_way from_server)
{
    sim_cluster *c = sim_cluster_new(w, from_client, from_server);
    mpconn_engine_config *e = &w->member_config.engine;

    w->member_config.bridge = true;
    w->member_config.hooks = (enum sim_bridge_hooks)sim_rng_below(&c->rng, 3);
    e->return_path = MPCONN_RETURN_ECHO;
    e->echo_rate = 1000;
    e->echo_rate_server = 200;
    return c;
}

/* With a server that knows what a ping is. */
static sim_listener *begin(sim_world *w, const sim_quality *to_client,
                           const sim_quality *to_server)
{
    sim_listener *l = sim_row(w, to_client, to_server);

    w->server->pinged = true;
    return l;
}

/* Keepalive, or 0, is the client's. */
static void add_sessions(sim_world *w, unsigned n, sim_time keepalive)
{
    sim_plan plan;

    for (unsigned i = 0; i < n; i++) {
        sim_plan_random(w, &plan, i);
        plan.start += MEETING;
        plan.cfg.keepalive = keepalive;
        sim_session_new(w, &plan);
    }
}

/* What this is all about was done: B was told by replies alone. */
static void check_echoes(sim_world *w)
{
    const sim_cluster *c = w->cluster;

    if (!w->plain && (c->member[SIM_A]->bridge.echoes == 0 ||
                      mpconn_engine_count(c->member[SIM_B]->engine[0].eng,
                                          MPCONN_REASON_ECHO_ANSWERED) == 0))
        sim_fail(w, "nobody was answered by an echo");
}

static void setup_one_way(sim_world *w)
{
    sim_quality q = sim_quality_near(&w->rng);

    (void)bridges(w, SIM_WAY_A, SIM_WAY_B);
    w->clean = true;
    w->check = check_echoes;
    (void)begin(w, &q, &q);
    add_sessions(w, 1 + sim_rng_below(&w->rng, 8), 0);
}

/* Whose ACK is lost may not be answered again, as the members may not hear of one another, and may
 * wait for its server to speak. */
static void setup_lossy(sim_world *w)
{
    sim_quality q = sim_rng_coin(&w->rng) ? sim_quality_near(&w->rng) : sim_quality_lossy(&w->rng);
    sim_cluster *c = bridges(w, SIM_WAY_A, SIM_WAY_B);

    (void)begin(w, &q, &q);
    lose_frames(c);
    add_sessions(w, 1 + sim_rng_below(&w->rng, 6), 20 * SIM_SECOND);
}

/* The client has said all it says for now, and waits for its server. */
static void setup_lost_ack(sim_world *w)
{
    sim_quality q = sim_quality_near(&w->rng);
    sim_rule lose = {.mask = SIM_SYN | SIM_ACK, .flags = SIM_ACK, .count = 1, .action = SIM_DROP};
    sim_plan plan;

    (void)bridges(w, SIM_WAY_A, SIM_WAY_B);
    (void)begin(w, &q, &q);
    sim_pipe_add_rule(&w->client_link->pipe[0], &lose);
    sim_plan_random(w, &plan, 0);
    plan.start += MEETING;
    plan.first = SIM_SERVER;
    plan.bytes[SIM_SERVER]++;
    sim_session_new(w, &plan);
}

static void setup_mute(sim_world *w)
{
    sim_quality q = sim_quality_near(&w->rng);

    (void)bridges(w, SIM_WAY_A, SIM_WAY_B);
    (void)begin(w, &q, &q);
    w->server->mute = true;
    add_sessions(w, 1 + sim_rng_below(&w->rng, 8), 0);
}

/* The server is mute for a while, and what is known of it is wrong twice. */
static void setup_mute_while(sim_world *w)
{
    sim_quality q = sim_quality_near(&w->rng);
    sim_cluster *c = bridges(w, SIM_WAY_A, SIM_WAY_B);
    sim_time when = MEETING + sim_rng_below(&c->rng, 5000) * SIM_MS;
    sim_plan plan;

    (void)begin(w, &q, &q);
    sim_cluster_at(c, when, SIM_STEP_MUTE)->arg = 1;
    when += sim_rng_between(&c->rng, 1000, 100000) * SIM_MS;
    sim_cluster_at(c, when, SIM_STEP_MUTE)->arg = 0;
    for (unsigned i = 0; i < 16; i++) {
        sim_plan_random(w, &plan, i);
        plan.start = MEETING + sim_rng_below(&w->rng, 120000) * SIM_MS;
        plan.cfg.keepalive = 20 * SIM_SECOND;
        sim_session_new(w, &plan);
    }
}

/* Routes change while connections live, and while they come up. */
static void setup_moves(sim_world *w)
{
    sim_quality q = sim_quality_near(&w->rng);
    sim_cluster *c = bridges(w, SIM_WAY_A, SIM_WAY_B);
    sim_plan plan;

    (void)begin(w, &q, &q);
    for (unsigned i = 0; i < SIM_STEPS - 1; i++) {
        sim_step *s = sim_cluster_at(c, sim_rng_between(&c->rng, 2000, 8000) * SIM_MS,
                                     SIM_STEP_MOVE);

        for (unsigned side = 0; side < 2; side++)
            s->way[side] = sim_rng_coin(&c->rng) ? SIM_WAY_A : SIM_WAY_B;
    }
    for (unsigned i = 0; i < 6; i++) {
        sim_plan_random(w, &plan, i);
        plan.start += MEETING;
        plan.rounds = 8;
        plan.think = sim_rng_below(&w->rng, 3) * SIM_SECOND;
        sim_session_new(w, &plan);
    }
}

static void setup_sprayed(sim_world *w)
{
    static const enum sim_way ways[][2] = {{SIM_WAY_SPRAY, SIM_WAY_SPRAY},
                                           {SIM_WAY_SPRAY, SIM_WAY_B},
                                           {SIM_WAY_A, SIM_WAY_SPRAY}};
    unsigned kind = sim_rng_below(&w->rng, 3);
    bool clean = sim_rng_coin(&w->rng);
    sim_quality q = clean ? sim_quality_near(&w->rng) : sim_quality_lossy(&w->rng);
    sim_cluster *c = bridges(w, ways[kind][0], ways[kind][1]);

    (void)begin(w, &q, &q);
    if (!clean)
        lose_frames(c);
    add_sessions(w, 6, clean ? 0 : 20 * SIM_SECOND);
}

/* One connection after another on the same ports. */
static void setup_reuse(sim_world *w)
{
    sim_quality q = sim_quality_near(&w->rng);
    sim_plan plan;

    (void)bridges(w, SIM_WAY_A, SIM_WAY_B);
    (void)begin(w, &q, &q);
    sim_plan_random(w, &plan, 0);
    plan.cfg.fixed_isn = false;
    plan.start = MEETING;
    for (unsigned i = 0; i < 6; i++) {
        for (unsigned side = 0; side < 2; side++)
            plan.bytes[side] = sim_rng_below(&w->rng, 8000);
        plan.closer = sim_rng_below(&w->rng, 3);
        plan.first = sim_rng_below(&w->rng, 3);
        sim_session_new(w, &plan);
        plan.start += sim_rng_between(&w->rng, 10, 40) * SIM_SECOND;
    }
}

/* Many clients of few networks, and few echoes: who is refused comes again. */
static void setup_budget(sim_world *w)
{
    sim_quality q = sim_quality_near(&w->rng);
    mpconn_engine_config *e = &w->member_config.engine;
    sim_plan plan;

    (void)bridges(w, SIM_WAY_A, SIM_WAY_B);
    e->echo_rate = 8 + sim_rng_below(&w->rng, 30);
    e->echo_rate_server = 4 + sim_rng_below(&w->rng, 8);
    /* not the tables are to be short */
    e->max_flows = e->max_wide_flows = e->max_handshakes = 512;
    (void)begin(w, &q, &q);
    for (unsigned i = 0; i < 40; i++) {
        sim_plan_random(w, &plan, i);
        plan.start = plan.start / 4 + MEETING;
        plan.cfg.syn_tries = 8;
        plan.bytes[0] %= 3000;
        plan.bytes[1] %= 3000;
        sim_session_new(w, &plan);
    }
}

static void setup_refused(sim_world *w)
{
    sim_quality q = sim_quality_near(&w->rng);
    sim_plan plan;

    (void)bridges(w, SIM_WAY_A, SIM_WAY_B);
    w->clean = true;
    sim_tolerate(w, sim_told_by_rst);
    (void)begin(w, &q, &q);
    for (unsigned i = 0; i < 4; i++) {
        sim_plan_random(w, &plan, i);
        plan.start += MEETING;
        plan.sport = 81;
        plan.expect = SIM_EXPECT_REFUSED;
        sim_session_new(w, &plan);
    }
}

/* Three of them, and every direction of every connection by a way of its own; pings go by another
 * one than connections. */
static void setup_ways(sim_world *w)
{
    sim_quality q = sim_quality_near(&w->rng);
    sim_cluster *c = bridges(w, SIM_WAY_FLOW, SIM_WAY_FLOW);

    sim_cluster_grow(c);
    (void)begin(w, &q, &q);
    add_sessions(w, 1 + sim_rng_below(&w->rng, 8), 0);
}

static void setup_aborts(sim_world *w)
{
    static const enum sim_tcp_state states[] = {
        SIM_SYN_SENT,   SIM_ESTABLISHED, SIM_FIN_WAIT_1, SIM_FIN_WAIT_2,
        SIM_CLOSE_WAIT, SIM_CLOSING,     SIM_LAST_ACK};
    sim_quality q = sim_quality_near(&w->rng);
    sim_plan plan;

    (void)bridges(w, SIM_WAY_A, SIM_WAY_B);
    begin(w, &q, &q)->cfg.keepalive = 20 * SIM_SECOND;
    for (unsigned i = 0; i < 6; i++) {
        sim_plan_random(w, &plan, i);
        plan.cfg.keepalive = 20 * SIM_SECOND;
        plan.start += MEETING;
        plan.aborter = sim_rng_below(&w->rng, 2);
        plan.abort_state = states[sim_rng_below(&w->rng, SIM_COUNT(states))];
        plan.abort_delay = sim_rng_below(&w->rng, 3) * sim_rng_between(&w->rng, 0, 500) * SIM_MS;
        plan.expect = SIM_EXPECT_ABORT;
        sim_session_new(w, &plan);
    }
}

/* Either loses all it knows, or stops for good and the other one sees everything. */
static sim_cluster *setup_fault(sim_world *w)
{
    sim_quality q = sim_quality_near(&w->rng);
    sim_cluster *c = bridges(w, SIM_WAY_A, SIM_WAY_B);
    sim_plan plan;

    c->may_disagree = true;
    c->skew = SIM_SECOND; /* or who is new could not open the other one's echoes, nor that its */
    begin(w, &q, &q)->cfg.keepalive = 20 * SIM_SECOND;
    for (unsigned i = 0; i < 6; i++) {
        sim_plan_random(w, &plan, i);
        plan.cfg.keepalive = 20 * SIM_SECOND;
        plan.start += MEETING;
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
    sim_cluster *c = setup_fault(w);

    for (unsigned n = sim_rng_below(&c->rng, 2) + 1; n > 0; n--)
        sim_cluster_at(c, moment(c), SIM_STEP_RESTART)->arg = sim_rng_below(&c->rng, 2);
}

static void setup_crash(sim_world *w)
{
    sim_cluster *c = setup_fault(w);
    unsigned gone = sim_rng_below(&c->rng, 2);
    sim_time when = moment(c);
    sim_step *s;

    sim_cluster_at(c, when, SIM_STEP_CRASH)->arg = gone;
    s = sim_cluster_at(c, when + sim_rng_between(&c->rng, 0, 5000) * SIM_MS, SIM_STEP_MOVE);
    s->way[0] = s->way[1] = gone == SIM_A ? SIM_WAY_B : SIM_WAY_A;
}

const sim_scenario sim_scenarios_bridge[] = {
    {"bridge-one-way", "bridges: A sees clients, B servers", setup_one_way, 10, 100, 0},
    {"bridge-lossy", "the same, and whatever is sent may be lost", setup_lossy, 10, 100, 0},
    {"bridge-lost-ack", "the client's ACK is lost, and it says nothing more", setup_lost_ack, 5, 50,
     0},
    {"bridge-mute", "a server that answers no ping", setup_mute, 10, 100, 0},
    {"bridge-budget", "many clients at once, and few echoes", setup_budget, 5, 50, 0},
    {"bridge-mute-while", "one that answers none for a while", setup_mute_while, 5, 50, 0},
    {"bridge-reuse", "the same ports again", setup_reuse, 5, 50, 0},
    {"bridge-moves", "routes that change in mid-flow", setup_moves, 5, 50, 0},
    {"bridge-sprayed", "packets by either way", setup_sprayed, 5, 50, 0},
    {"bridge-refused", "nobody listens", setup_refused, 5, 50, 0},
    {"bridge-aborts", "either side gives up in every state", setup_aborts, 5, 50, 0},
    {"bridge-ways", "three bridges, every direction by a way of its own", setup_ways, 5, 50, 0},
    {"bridge-restart", "a bridge loses all it knows", setup_restart, 5, 100, 0},
    {"bridge-crash", "a bridge stops, routes move to the other", setup_crash, 5, 100, 0},
    {0},
};
