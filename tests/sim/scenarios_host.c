/* SPDX-License-Identifier: BSD-2-Clause */
/* What the host decides, connections from the other side, and somebody who knows the numbers. */
#include <stdlib.h>
#include <string.h>

#include "sim/scenario.h"

static void plan_for(sim_world *w, sim_plan *plan, unsigned number)
{

    sim_plan_random(w, plan, number);
}

/* The host's rule: the last digit of the server's port is the decision. */
static void setup_admit(sim_world *w)
{
    static const enum sim_counter told[] = {SIM_C_RST_TAKEN, SIM_C_RETRANSMISSION, SIM_C_TIMEOUT,
                                            SIM_COUNTERS};
    static const enum mpconn_admit decisions[] = {MPCONN_ADMIT_DEFAULT, MPCONN_ADMIT_SPLIT,
                                                  MPCONN_ADMIT_TRACK,   MPCONN_ADMIT_BYPASS,
                                                  MPCONN_ADMIT_RESET,   MPCONN_ADMIT_REFUSE};
    sim_quality q = sim_quality_clean(&w->rng);
    sim_plan plan;

    w->clean = true;
    sim_tolerate(w, told);
    w->member_config.admit = true;
    w->member_config.engine.unknown_policy = MPCONN_UNKNOWN_PASS;
    sim_row(w, &q, &q);
    for (unsigned i = 0; i < SIM_COUNT(decisions); i++) {
        sim_tcp_config cfg = sim_host_listener(w->server, 80)->cfg;

        if (i > 0)
            sim_host_listen(w->server, (uint16_t)(80 + i), &cfg, sim_session_accept, w);
    }
    for (unsigned i = 0; i < 12; i++) {
        plan_for(w, &plan, i);
        plan.sport = (uint16_t)(80 + i % 6);
        if (i % 6 == MPCONN_ADMIT_RESET)
            plan.expect = SIM_EXPECT_REFUSED;
        else if (i % 6 == MPCONN_ADMIT_REFUSE)
            plan.expect = SIM_EXPECT_UNREACHABLE;
        sim_session_new(w, &plan);
    }
}

static void setup_kill(sim_world *w)
{
    static const enum sim_counter told[] = {SIM_C_RST_TAKEN, SIM_C_RST_SENT, SIM_C_NO_CONNECTION,
                                            SIM_C_KEEPALIVE, SIM_COUNTERS};
    sim_quality q = sim_quality_clean(&w->rng);
    sim_plan plan;

    w->clean = true;
    sim_tolerate(w, told);
    w->member_config.kill = sim_rng_between(&w->rng, 100, 4000) * SIM_MS;
    sim_row(w, &q, &q);
    for (unsigned i = 0; i < 8; i++) {
        plan_for(w, &plan, i);
        plan.think = 500 * SIM_MS;
        plan.expect = SIM_EXPECT_KILLED;
        sim_session_new(w, &plan);
    }
}

/* Connections the server's side opens (V17), beside those of the client's. */
static void setup_reverse(sim_world *w)
{
    sim_quality q = sim_rng_coin(&w->rng) ? sim_quality_clean(&w->rng) : sim_quality_lossy(&w->rng);
    sim_row(w, &q, &q);
    sim_tcp_config cfg;
    sim_plan plan;
    sim_addr turn;

    sim_config_random(&w->rng, &cfg);
    sim_host_listen(w->client, 80, &cfg, sim_session_accept, w);
    for (unsigned i = 0; i < 6; i++) {
        sim_plan_random(w, &plan, i);
        if (i % 2 == 0) {
            turn = plan.client;
            plan.client = plan.server;
            plan.server = turn;
            plan.reverse = true;
        }
        sim_session_new(w, &plan);
    }
}

/* Somebody beside the client who knows its numbers, and uses them not quite exactly. */
typedef struct attacker {
    sim_node node;
    sim_rng rng;
    sim_timer timer;
    unsigned left;
} attacker;

static void attack_session(attacker *a, const sim_session *s)
{
    const sim_tcp *c = s->end[SIM_CLIENT].conn;
    static const uint8_t kinds[] = {SIM_RST, SIM_RST | SIM_ACK, SIM_SYN, SIM_ACK,
                                    SIM_SYN | SIM_ACK};
    sim_segment seg;

    if (c == NULL || !sim_tcp_synchronised(c))
        return;
    memset(&seg, 0, sizeof(seg));
    seg.src = c->local;
    seg.dst = c->remote;
    seg.sport = c->lport;
    seg.dport = c->rport;
    seg.ttl = 60;
    seg.flags = kinds[sim_rng_below(&a->rng, SIM_COUNT(kinds))];
    /* further ahead than anything the client may have on the way */
    seg.seq = c->max + 3 * c->max_wnd / 4 + 2 + sim_rng_below(&a->rng, c->max_wnd / 4 + 1);
    if ((seg.flags & SIM_ACK) != 0)
        seg.ack = sim_rng_coin(&a->rng) ? c->rcv_nxt : sim_rng_u32(&a->rng);
    if (seg.flags == SIM_ACK) /* a bare one that fits, TCP must believe: nobody can help there */
        seg.ack = c->rcv_nxt + (1u << 30);
    seg.window = (uint16_t)sim_rng_u32(&a->rng);
    sim_node_send(&a->node, 0, sim_frame_of(&seg));
}

static void attack(void *arg)
{
    attacker *a = arg;
    sim_schedule *s = &a->node.world->schedule;

    for (const sim_session *i = a->node.world->sessions; i != NULL; i = i->next)
        attack_session(a, i);
    if (--a->left > 0)
        sim_timer_set(s, &a->timer, s->now + sim_rng_between(&a->rng, 0, 100) * SIM_MS);
}

static void attacker_receive(sim_node *node, unsigned port, sim_frame *frame)
{
    /* stands in the client's line: what is for the client passes */
    sim_node_send(node, port ^ 1, frame);
}

static void attacker_destroy(sim_node *node)
{
    attacker *a = (attacker *)node;

    sim_timer_cancel(&node->world->schedule, &a->timer);
    free(a);
}

static void setup_attacker(sim_world *w)
{
    static const sim_node_ops ops = {attacker_receive, attacker_destroy};
    sim_quality q = sim_quality_clean(&w->rng), none = {0};
    attacker *a = sim_alloc(sizeof(*a));

    w->tolerated[SIM_C_TS_MISSING] = true;
    w->tolerated[SIM_C_ACK_UNSENT] = true;
    w->tolerated[SIM_C_TS_UNEXPECTED] = true;
    w->tolerated[SIM_C_SACK_UNSENT] = true;
    sim_row(w, &q, &q);
    sim_node_init(&a->node, w, "attacker", &ops);
    sim_rng_init(&a->rng, w->seed, "attacker", 0);
    a->left = 60;
    sim_timer_init(&a->timer, attack, a);
    sim_timer_set(&w->schedule, &a->timer, w->schedule.now + SIM_SECOND);
    sim_link_new(w, &a->node, 0, w->client_link->pipe[0].to, 0, &q);
    sim_link_new(w, &a->node, 1, &w->client->node, 0, &none);
    sim_add_sessions(w, 6);
}

const sim_scenario sim_scenarios_host[] = {
    {"admit", "the host's rule decides about each SYN", setup_admit, 5, 100, 0},
    {"kill", "the host ends all flows", setup_kill, 10, 200, 0},
    {"reverse", "connections opened from the server's side", setup_reverse, 10, 200, 50},
    {"attacker", "RST, SYN and ACK in the window but not exact", setup_attacker, 10, 100, 20},
    {0},
};
