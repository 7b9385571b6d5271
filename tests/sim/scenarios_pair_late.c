/* SPDX-License-Identifier: BSD-2-Clause */
/* What comes late, and by the other way: a second copy of the client's proof, while its connection
 * lives and long after that, and an answer to its SYN. The seed counts through all cases. */
#include "sim/cluster.h"
#include "sim/scenario.h"

/* While it lives, in the time of its cookie (three epochs of 64 s at most), and after that. */
static const unsigned late_s[] = {1, 5, 30, 60, 100, 150, 200, 300};

enum { LATE = SIM_COUNT(late_s), LATE_CASES = LATE * 8 };

/* One SYN to the server, and no connection but the client's own (V2, V21). */
static void check_one_syn(sim_world *w)
{
    uint64_t syns = 0;

    for (unsigned i = 0; i < w->cluster->n; i++)
        syns += mpconn_engine_count(w->cluster->member[i]->engine[0].eng,
                                    MPCONN_REASON_SERVER_SYN_SENT);
    if (syns != 1 || w->server->counters[SIM_C_NO_SESSION] != 0)
        sim_fail(w, "%llu SYNs to the server for one connection", (unsigned long long)syns);
    if (w->client_link->pipe[0].rules[0].matched == 0)
        sim_fail(w, "there was no proof to come late");
}

static void setup_late_proof(sim_world *w)
{
    unsigned n = (unsigned)(w->seed % LATE_CASES), late = late_s[n % LATE];
    enum sim_way back = n / LATE & 1 ? SIM_WAY_B : SIM_WAY_A;
    sim_rule proof = {.mask = SIM_SYN | SIM_ACK | SIM_RST | SIM_FIN, .flags = SIM_ACK, .count = 1,
                      .action = SIM_DUPLICATE, .delay = late * SIM_SECOND};
    sim_quality q = {.delay = sim_rng_between(&w->rng, 0, 25) * SIM_MS};
    sim_cluster *c = sim_cluster_new(w, SIM_WAY_A, back);
    sim_step *s;
    sim_plan plan;

    if (n / LATE & 2)
        w->member_config.engine.announce = MPCONN_ANNOUNCE_EARLY;
    w->check = check_one_syn;
    sim_row(w, &q, &q);
    sim_pipe_add_rule(&w->client_link->pipe[0], &proof);
    sim_plan_random(w, &plan, 0);
    plan.start = 2 * SIM_SECOND;
    plan.think = n % LATE < 2 ? 2 * SIM_SECOND : 0; /* lives when it comes */
    sim_session_new(w, &plan);
    s = sim_cluster_at(c, plan.start + late * SIM_SECOND, SIM_STEP_MOVE);
    s->way[SIM_CLIENT] = n / LATE & 4 ? SIM_WAY_A : SIM_WAY_B;
    s->way[SIM_SERVER] = back;
}

/* V1: A's answer is on its way for more than an epoch. Of the SYNs that the client repeats the last
 * one gets through, to B, whose answer has another number and comes first. */
enum { LAST_SYN_S = 127 };

static void check_two_numbers(sim_world *w)
{
    check_one_syn(w);
    if (!w->failed && sim_member_numbers(w->cluster->member[SIM_A]) != 2)
        sim_fail(w, "%u numbers shown to the client, not 2",
                 sim_member_numbers(w->cluster->member[SIM_A]));
}

static void setup_late_answer(sim_world *w)
{
    sim_rule answer = {.mask = SIM_SYN | SIM_ACK, .flags = SIM_SYN | SIM_ACK, .count = 1,
                       .action = SIM_DELAY, .delay = (LAST_SYN_S + 1) * SIM_SECOND};
    sim_rule syns = {.mask = SIM_SYN | SIM_ACK, .flags = SIM_SYN, .skip = 1, .count = 6,
                     .action = SIM_DROP};
    sim_quality q = {.delay = sim_rng_between(&w->rng, 0, 25) * SIM_MS};
    sim_cluster *c = sim_cluster_new(w, SIM_WAY_A, w->seed & 1 ? SIM_WAY_B : SIM_WAY_A);
    sim_step *s;
    sim_plan plan;

    w->member_config.timeouts.syn_ack_repeats = MPCONN_NO_REPEATS;
    if (w->seed & 2)
        w->member_config.engine.announce = MPCONN_ANNOUNCE_EARLY;
    w->check = check_two_numbers;
    sim_row(w, &q, &q);
    sim_pipe_add_rule(&w->client_link->pipe[1], &answer);
    sim_pipe_add_rule(&w->client_link->pipe[0], &syns);
    sim_plan_random(w, &plan, 0);
    plan.start = 2 * SIM_SECOND;
    plan.think = 2 * SIM_SECOND; /* still there when A's answer comes */
    plan.rounds = 4;
    plan.cfg.syn_tries = 8;
    sim_session_new(w, &plan);
    s = sim_cluster_at(c, plan.start + SIM_SECOND / 2, SIM_STEP_MOVE);
    s->way[SIM_CLIENT] = SIM_WAY_B;
    s->way[SIM_SERVER] = c->way[SIM_SERVER];
}

const sim_scenario sim_scenarios_pair_late[] = {
    {"pair-late-proof", "the client's proof comes again, late and elsewhere", setup_late_proof,
     LATE_CASES, 5 * LATE_CASES, 0},
    {"pair-late-answer", "the answers of two members, with two numbers", setup_late_answer, 8, 200,
     0},
    {0},
};
