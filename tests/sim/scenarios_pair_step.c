/* SPDX-License-Identifier: BSD-2-Clause */
/* Something happens to two members between each pair of steps of a handshake. The client's packets
 * go through A, which drives, the server's through B. The seed counts through all cases: which step
 * was the last, who is registrar, whether the server uses SYN cookies, who speaks first. */
#include <string.h>

#include "engine/engine.h"
#include "sim/cluster.h"
#include "sim/scenario.h"
#include "sync/record.h"

#define ARRIVES(member, packet) {member, SIM_MOMENT_ARRIVES, packet, false}
#define SENT(member, reason) {member, SIM_MOMENT_SENDS, MPCONN_REASON_##reason, false}
#define TOLD(member, record) {member, SIM_MOMENT_TELLS, MPCI_RECORD_##record, false}
#define LOST(member, record) {member, SIM_MOMENT_TELLS, MPCI_RECORD_##record, true}

enum { EITHER = -1 };

/* A step of doc/members.md, "Who dies, and when", by the same number. */
typedef struct step {
    const char *name;
    int registrar;     /* where only one of them takes this step, or EITHER */
    sim_moment moment; /* it is done */
    unsigned idle_s;   /* what a silent client waits for when the driver dies then */
    sim_moment first;  /* before that, if any */
} step;

/* A silent client is found by its keepalive where nobody knows of it, else by who takes over. */
enum { KEEPALIVE_S = 20, FOUND_S = KEEPALIVE_S + 2, TAKEN_OVER_S = 9 };

static const step steps[] = {
    {"1, the SYN is at A", EITHER, ARRIVES(SIM_A, SIM_SYN), TAKEN_OVER_S, {0}},
    {"2, A told of the SYN", EITHER, TOLD(SIM_A, SHARE), TAKEN_OVER_S, {0}},
    {"3, A answered", EITHER, SENT(SIM_A, SYN_ANSWERED), FOUND_S, {0}},
    {"4, the proof is at A", EITHER, ARRIVES(SIM_A, SIM_ACK), FOUND_S, {0}},
    {"5, A told that it drives", EITHER, TOLD(SIM_A, DRIVE), TAKEN_OVER_S, {0}},
    {"5, A sent its SYN", EITHER, SENT(SIM_A, SERVER_SYN_SENT), TAKEN_OVER_S, {0}},
    {"5, A sent its SYN, its word was lost", EITHER, SENT(SIM_A, SERVER_SYN_SENT), FOUND_S,
     LOST(SIM_A, DRIVE)},
    {"6, the answer is at B", EITHER,
     ARRIVES(SIM_B, SIM_SYN | SIM_ACK | SIM_MOMENT_SERVER), TAKEN_OVER_S, {0}},
    {"6, B told of the answer", SIM_A, TOLD(SIM_B, ANSWER), TAKEN_OVER_S, {0}},
    {"7, A told the commit", SIM_A, TOLD(SIM_A, COMMIT), TAKEN_OVER_S, {0}},
    {"7, A decided, its word was lost", SIM_A, LOST(SIM_A, COMMIT), TAKEN_OVER_S, {0}},
    {"7, B told the commit", SIM_B, TOLD(SIM_B, COMMIT), TAKEN_OVER_S, {0}},
    {"8, A sent the final ACK", EITHER, SENT(SIM_A, SERVER_ACK_SENT), TAKEN_OVER_S, {0}},
    {"8, A sent the final ACK, its word was lost", SIM_A, SENT(SIM_A, SERVER_ACK_SENT),
     TAKEN_OVER_S, LOST(SIM_A, COMMIT)},
    {"9, B opened the window", EITHER, SENT(SIM_B, WINDOW_OPENED), TAKEN_OVER_S, {0}},
    {"10, the first request is at A", EITHER, ARRIVES(SIM_A, SIM_ACK | SIM_MOMENT_DATA),
     TAKEN_OVER_S, {0}},
};

enum { STEPS = SIM_COUNT(steps), CASES = STEPS * 2 * 2 * 2 };

typedef struct step_case {
    const step *step;
    unsigned registrar;
    bool cookies, server_first;
} step_case;

static step_case case_of(const sim_world *w)
{
    unsigned n = (unsigned)(w->seed % CASES);
    step_case c = {.step = &steps[n % STEPS]};

    n /= STEPS;
    c.registrar = c.step->registrar != EITHER ? (unsigned)c.step->registrar : n & 1;
    c.cookies = n >> 1 & 1;
    c.server_first = n >> 2 & 1;
    return c;
}

/* Both moments of the step came. */
static bool is_over(const sim_cluster *c)
{
    return c->moments > (case_of(c->world).step->first.kind != SIM_MOMENT_NONE);
}

/* Who will decide about it once the members know each other. */
static unsigned registrar_of(const sim_cluster *c, const sim_plan *plan)
{
    mpci_members members = c->member[SIM_A]->engine[0].eng->sync.members;
    mpci_member other = members.list[0];
    mpconn_tuple t = {0};

    other.up = true;
    members.list = &other;
    t.family = plan->client.family;
    memcpy(t.client.bytes, plan->client.bytes, sizeof(plan->client.bytes));
    memcpy(t.server.bytes, plan->server.bytes, sizeof(plan->server.bytes));
    t.client_port = plan->cport;
    t.server_port = plan->sport;
    return mpci_members_registrar(&members, &t) == c->id[SIM_A] ? SIM_A : SIM_B;
}

/* One connection, about which that member will decide. */
static void add_session(sim_world *w, const step_case *of, const sim_listener *l)
{
    sim_plan plan;

    sim_plan_random(w, &plan, 0);
    plan.cfg.keepalive = l->cfg.keepalive;
    plan.start = 2 * SIM_SECOND;
    plan.rounds = 1;
    plan.think = 0;
    plan.first = of->server_first ? SIM_SERVER : SIM_CLIENT;
    plan.closer = SIM_SERVER;
    for (unsigned side = 0; side < 2; side++)
        plan.bytes[side] = 1 + sim_rng_below(&w->rng, 20000);
    while (registrar_of(w->cluster, &plan) != of->registrar)
        plan.cport++;
    sim_session_new(w, &plan);
}

static void check_step(sim_world *w, unsigned limit_s)
{
    step_case of = case_of(w);
    const sim_session *s = w->sessions;
    sim_time took = 0;

    for (unsigned side = 0; side < 2; side++) {
        if (s->end[side].closed_at - w->started > took)
            took = s->end[side].closed_at - w->started;
    }
    took -= s->plan.start;
    if (!is_over(w->cluster))
        sim_fail(w, "never came: %s", of.step->name);
    else if (took > limit_s * SIM_SECOND)
        sim_fail(w, "%s: took %llu ms, %s decides%s%s", of.step->name,
                 (unsigned long long)(took / SIM_MS), of.registrar == SIM_A ? "A" : "B",
                 of.cookies ? ", cookies" : "", of.server_first ? ", client silent" : "");
}

static void setup_step(sim_world *w, void (*strike)(sim_cluster *c))
{
    step_case of = case_of(w);
    sim_quality q = {.delay = sim_rng_between(&w->rng, 0, 25) * SIM_MS};
    sim_cluster *c = sim_cluster_new(w, SIM_WAY_A, SIM_WAY_B);
    sim_listener *l;

    w->member_config.engine.announce = MPCONN_ANNOUNCE_EARLY;
    c->strike = strike;
    c->may_disagree = true;
    c->moment = of.step->first.kind != SIM_MOMENT_NONE ? of.step->first : of.step->moment;
    l = sim_row(w, &q, &q);
    l->cfg.cookies = of.cookies;
    l->cfg.keepalive = KEEPALIVE_S * SIM_SECOND;
    add_session(w, &of, l);
}

/* Their packets go through the other member, as soon as routes have followed. */
static void dies(sim_cluster *c, unsigned member)
{
    sim_step *s;

    if (!is_over(c)) {
        c->moment = case_of(c->world).step->moment;
        return;
    }
    sim_member_crash(c->member[member]);
    s = sim_cluster_at(c, sim_rng_below(&c->rng, 4) * 500 * SIM_MS, SIM_STEP_MOVE);
    s->way[SIM_CLIENT] = s->way[SIM_SERVER] = member == SIM_A ? SIM_WAY_B : SIM_WAY_A;
}

static void driver_dies(sim_cluster *c)
{
    dies(c, SIM_A);
}

static void check_driver_dies(sim_world *w)
{
    step_case of = case_of(w);

    check_step(w, of.server_first ? of.step->idle_s : TAKEN_OVER_S);
}

static void setup_driver_dies(sim_world *w)
{
    w->check = check_driver_dies;
    setup_step(w, driver_dies);
}

static void answerer_dies(sim_cluster *c)
{
    dies(c, SIM_B);
}

static void check_answerer_dies(sim_world *w)
{
    check_step(w, TAKEN_OVER_S);
}

static void setup_answerer_dies(sim_world *w)
{
    w->check = check_answerer_dies;
    setup_step(w, answerer_dies);
}

/* The client's way, the server's way, or both. */
static void ways_change(sim_cluster *c)
{
    unsigned which = 1 + (unsigned)(c->world->seed / CASES % 3);

    if (!is_over(c)) {
        c->moment = case_of(c->world).step->moment;
        return;
    }
    if (which & 1)
        c->way[SIM_CLIENT] = SIM_WAY_B;
    if (which & 2)
        c->way[SIM_SERVER] = SIM_WAY_A;
    sim_note(c->world, "routes", "client %u, server %u", c->way[SIM_CLIENT], c->way[SIM_SERVER]);
}

/* Nobody has to wait for anything but packets and words. */
static void check_ways_change(sim_world *w)
{
    check_step(w, 2);
}

static void setup_ways_change(sim_world *w)
{
    w->check = check_ways_change;
    setup_step(w, ways_change);
}

const sim_scenario sim_scenarios_pair_step[] = {
    {"pair-driver-dies", "the driver stops after each step", setup_driver_dies, CASES, 10 * CASES,
     0},
    {"pair-answerer-dies", "the answerer stops after each step", setup_answerer_dies, CASES,
     10 * CASES, 0},
    {"pair-ways-change", "routes change after each step", setup_ways_change, 3 * CASES,
     12 * CASES, 0},
    {0},
};
