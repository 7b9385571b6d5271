/* SPDX-License-Identifier: BSD-2-Clause */
/* Two clients that both call, or one of which is called, joined by one member, two or three. Either
 * client's packets have a way of their own. */
#include "sim/cluster.h"
#include "sim/meeting.h"
#include "sim/scenario.h"

#include <string.h>

/* The members have met before anybody calls. */
#define MEETING (2 * SIM_SECOND)

static void random_policy(sim_rng *rng, mpconn_session_config *config)
{
    config->answer = (uint8_t)sim_rng_below(rng, 3);
    config->stale = (uint8_t)sim_rng_below(rng, 4);
    if (sim_rng_coin(rng))
        config->fresh_ms = 1 + sim_rng_below(rng, 500);
}

/* The controller knows who will call. */
static void expect_both(sim_place *p)
{
    const sim_leg *a = &p->leg[0], *b = &p->leg[1];
    mpconn_termination *t = p->config.termination;

    memcpy(t[0].expect.bytes, a->client.bytes, sizeof(t[0].expect.bytes));
    memcpy(t[1].expect.bytes, b->server.bytes, sizeof(t[1].expect.bytes));
    t[0].expect_port = a->cport;
    t[1].expect_port = b->sport;
    for (unsigned side = 0; side < 2; side++)
        t[side].expect_prefix = t[side].family == MPCONN_FAMILY_IPV4 ? 32 : 128;
}

static sim_place *add_place(sim_world *w)
{
    unsigned family[2];

    for (unsigned side = 0; side < 2; side++)
        family[side] = sim_rng_coin(&w->rng) ? 4 : 6;
    return sim_meeting_add(w->meeting, family);
}

/* Each calls its termination, the second at most that much after the first. */
static sim_plan plan_of(sim_world *w, const sim_place *p, sim_time apart)
{
    sim_plan plan;

    sim_plan_random(w, &plan, 0);
    plan.client = p->leg[0].client;
    plan.server = p->leg[0].server;
    plan.cport = p->leg[0].cport;
    plan.sport = p->leg[0].sport;
    plan.meets = true;
    plan.second = p->leg[1];
    sim_config_random(&w->rng, &plan.second_cfg);
    plan.start += MEETING;
    plan.cfg.keepalive = plan.second_cfg.keepalive = 20 * SIM_SECOND;
    plan.later = sim_rng_between(&w->rng, 0, apart / SIM_US) * SIM_US;
    if (sim_rng_coin(&w->rng))
        plan.later = 0;
    return plan;
}

/* Sessions first, as the members are given them when they begin; then members, then calls. */
typedef struct meetings {
    unsigned n;
    sim_plan plan[SIM_PLACES];
} meetings;

/* The second one listens where it is expected, and is called when the first one calls. */
static void let_call(sim_world *w, sim_place *p, sim_plan *plan)
{
    p->config.role = (uint8_t)(MPCONN_ROLE_FORWARD + sim_rng_below(&w->rng, 3));
    expect_both(p);
    plan->meets = false;
}

static void plan_meetings(sim_world *w, meetings *all, unsigned n, sim_time apart)
{
    (void)sim_meeting_new(w);
    all->n = n;
    for (unsigned i = 0; i < n; i++) {
        sim_place *p = add_place(w);

        random_policy(&w->rng, &p->config);
        if (sim_rng_coin(&w->rng))
            expect_both(p);
        all->plan[i] = plan_of(w, p, apart);
    }
}

static void begin(sim_world *w, const meetings *all, const sim_quality *q)
{
    if (w->cluster != NULL)
        sim_cluster_build(w->cluster, q, q);
    else
        sim_world_in_row(w, q, q);
    for (unsigned i = 0; i < all->n; i++) {
        const sim_plan *p = &all->plan[i];

        if (!p->meets)
            sim_host_listen(w->server, p->second.sport, &p->second_cfg, sim_session_accept, w);
        sim_session_new(w, p);
    }
}

static void setup_one(sim_world *w)
{
    sim_quality q = sim_quality_near(&w->rng);
    meetings all;

    plan_meetings(w, &all, 1 + sim_rng_below(&w->rng, 4), 10 * SIM_SECOND);
    begin(w, &all, &q);
}

/* Where the first client is to be answered when the second one has acknowledged, that may be lost,
 * and a second that only listens says it once: then both have to call anew. */
static void expect_losses(const sim_world *w, meetings *all)
{
    for (unsigned i = 0; i < all->n; i++) {
        if (w->meeting->place[i].config.answer != MPCONN_ANSWER_BOTH)
            all->plan[i].expect = SIM_EXPECT_JOINED;
    }
}

static void setup_lossy(sim_world *w)
{
    sim_quality q = sim_quality_lossy(&w->rng);
    meetings all;

    plan_meetings(w, &all, 1 + sim_rng_below(&w->rng, 4), 10 * SIM_SECOND);
    expect_losses(w, &all);
    begin(w, &all, &q);
}

/* Two or three, and either client's packets come to one of them. */
static sim_cluster *draw_members(sim_world *w)
{
    sim_cluster *c = sim_cluster_new(w, SIM_WAY_FLOW, SIM_WAY_FLOW);

    if (sim_rng_coin(&c->rng))
        sim_cluster_grow(c);
    if (sim_rng_coin(&c->rng)) {
        c->way[SIM_CLIENT] = SIM_WAY_A;
        c->way[SIM_SERVER] = c->size == 3 && sim_rng_coin(&c->rng) ? SIM_WAY_C : SIM_WAY_B;
    }
    return c;
}

static void setup_members(sim_world *w)
{
    sim_quality q = sim_quality_near(&w->rng);
    meetings all;

    (void)draw_members(w);
    plan_meetings(w, &all, 1 + sim_rng_below(&w->rng, 4), 10 * SIM_SECOND);
    w->meeting->told = sim_rng_coin(&w->rng);
    begin(w, &all, &q);
}

static void make_channel_lossy(sim_cluster *c)
{
    c->oob_quality.loss_ppm = sim_rng_below(&c->rng, 300000);
    c->oob_quality.duplicate_ppm = sim_rng_below(&c->rng, 100000);
    c->oob_quality.reorder_ppm = sim_rng_below(&c->rng, 300000);
    c->oob_quality.reorder = sim_rng_between(&c->rng, 0, 100) * SIM_MS;
}

/* Whatever is said may be lost, among members too. */
static void setup_members_lossy(sim_world *w)
{
    sim_quality q = sim_rng_coin(&w->rng) ? sim_quality_near(&w->rng) : sim_quality_lossy(&w->rng);
    meetings all;

    make_channel_lossy(draw_members(w));
    plan_meetings(w, &all, 1 + sim_rng_below(&w->rng, 4), 5 * SIM_SECOND);
    for (unsigned i = 0; i < all.n; i++)
        all.plan[i].expect = SIM_EXPECT_JOINED;
    begin(w, &all, &q);
}

static void plan_calls(sim_world *w, meetings *all)
{
    plan_meetings(w, all, 1 + sim_rng_below(&w->rng, 4), 0);
    for (unsigned i = 0; i < all->n; i++)
        let_call(w, &w->meeting->place[i], &all->plan[i]);
}

static void setup_roles(sim_world *w)
{
    sim_quality q = sim_quality_near(&w->rng);
    meetings all;

    plan_calls(w, &all);
    begin(w, &all, &q);
}

static void setup_roles_members(sim_world *w)
{
    sim_quality q = sim_quality_near(&w->rng);
    meetings all;

    (void)draw_members(w);
    plan_calls(w, &all);
    w->meeting->told = sim_rng_coin(&w->rng);
    begin(w, &all, &q);
}

static void setup_roles_lossy(sim_world *w)
{
    sim_quality q = sim_rng_coin(&w->rng) ? sim_quality_near(&w->rng) : sim_quality_lossy(&w->rng);
    meetings all;

    make_channel_lossy(draw_members(w));
    plan_calls(w, &all);
    for (unsigned i = 0; i < all.n; i++)
        all.plan[i].expect = SIM_EXPECT_JOINED;
    begin(w, &all, &q);
}

/* A member stops between the calls, or while data flow, and its clients come to another one. */
static void begin_crash(sim_world *w, sim_cluster *c, meetings *all)
{
    sim_quality q = sim_quality_near(&w->rng);
    unsigned gone = sim_rng_below(&c->rng, 2), other = gone ^ 1;
    sim_time when = MEETING + sim_rng_below(&c->rng, 5000) * SIM_MS;
    sim_step *s;

    c->may_disagree = true;
    c->may_outlive = true; /* where the windows that were seen before it stopped are left behind */
    for (unsigned i = 0; i < all->n; i++) {
        all->plan[i].rounds = 8;
        all->plan[i].expect = SIM_EXPECT_JOINED;
    }
    begin(w, all, &q);
    sim_cluster_at(c, when, SIM_STEP_CRASH)->arg = gone;
    s = sim_cluster_at(c, when + sim_rng_below(&c->rng, 3000) * SIM_MS, SIM_STEP_MOVE);
    s->way[0] = s->way[1] = other == SIM_A ? SIM_WAY_A : SIM_WAY_B;
}

static void setup_crash(sim_world *w)
{
    sim_cluster *c = draw_members(w);
    meetings all;

    plan_meetings(w, &all, 1 + sim_rng_below(&w->rng, 4), 4 * SIM_SECOND);
    begin_crash(w, c, &all);
}

static void setup_roles_crash(sim_world *w)
{
    sim_cluster *c = draw_members(w);
    meetings all;

    plan_calls(w, &all);
    for (unsigned i = 0; i < all.n; i++) /* what is passed on ends with the member that does it */
        if (w->meeting->place[i].config.role == MPCONN_ROLE_FORWARD)
            w->meeting->place[i].config.role = MPCONN_ROLE_TRACK;
    begin_crash(w, c, &all);
}

/* Either client gives up in any state: the other one hears of it. */
static void setup_aborts(sim_world *w)
{
    static const enum sim_tcp_state states[] = {
        SIM_SYN_SENT,   SIM_ESTABLISHED, SIM_FIN_WAIT_1, SIM_FIN_WAIT_2,
        SIM_CLOSE_WAIT, SIM_CLOSING,     SIM_LAST_ACK};
    sim_quality q = sim_quality_near(&w->rng);
    meetings all;

    if (sim_rng_coin(&w->rng))
        (void)draw_members(w);
    plan_meetings(w, &all, 1 + sim_rng_below(&w->rng, 4), 5 * SIM_SECOND);
    for (unsigned i = 0; i < all.n; i++) {
        sim_plan *p = &all.plan[i];

        p->aborter = sim_rng_below(&w->rng, 2);
        p->abort_state = states[sim_rng_below(&w->rng, SIM_COUNT(states))];
        p->abort_delay = sim_rng_below(&w->rng, 3) * sim_rng_between(&w->rng, 0, 500) * SIM_MS;
        p->expect = SIM_EXPECT_ABORT;
    }
    begin(w, &all, &q);
}

/* Others call the same terminations, before and after: nobody hears them. */
static void setup_strangers(sim_world *w)
{
    sim_quality q = sim_rng_coin(&w->rng) ? sim_quality_near(&w->rng) : sim_quality_lossy(&w->rng);
    meetings all;
    sim_plan plan;

    if (sim_rng_coin(&w->rng))
        (void)draw_members(w);
    plan_meetings(w, &all, 1 + sim_rng_below(&w->rng, 4), 5 * SIM_SECOND);
    for (unsigned i = 0; i < all.n; i++)
        expect_both(&w->meeting->place[i]);
    for (unsigned i = 0; i < all.n && (w->cluster != NULL || q.loss_ppm > 0); i++)
        all.plan[i].expect = SIM_EXPECT_JOINED;
    begin(w, &all, &q);
    for (unsigned i = 0; i < all.n; i++) {
        plan = all.plan[i];
        plan.meets = false;
        plan.cport ^= 0x4000;
        plan.start = MEETING + sim_rng_below(&w->rng, 5000) * SIM_MS;
        plan.expect = SIM_EXPECT_UNREACHABLE;
        sim_session_new(w, &plan);
    }
}

const sim_scenario sim_scenarios_meet[] = {
    {"meet", "two clients that both call one member", setup_one, 10, 200, 0},
    {"meet-lossy", "the same, and packets are lost", setup_lossy, 10, 200, 0},
    {"meet-members", "they call two or three members", setup_members, 10, 100, 0},
    {"meet-members-lossy", "the same, and whatever is said may be lost", setup_members_lossy, 10,
     60, 0},
    {"meet-roles", "one client calls the other one, by one member", setup_roles, 10, 200, 0},
    {"meet-roles-members", "the same, by two or three", setup_roles_members, 10, 100, 0},
    {"meet-roles-lossy", "the same, and whatever is said may be lost", setup_roles_lossy, 10, 60,
     0},
    {"meet-crash", "a member stops, routes move to another one", setup_crash, 10, 100, 0},
    {"meet-roles-crash", "the same, where one client calls the other one", setup_roles_crash, 10,
     100, 0},
    {"meet-aborts", "either client gives up in every state", setup_aborts, 10, 100, 0},
    {"meet-strangers", "others call the same terminations", setup_strangers, 5, 100, 0},
    {0},
};
