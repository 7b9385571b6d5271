/* SPDX-License-Identifier: BSD-2-Clause */
/* What must hold of members together. */
#include "sim/cluster.h"
#include "sim/meeting.h"
#include "sim/util.h"
#include "sim/world.h"

#include <string.h>

/* How long anything may be left of connections that are over: the transitory timeout, after which
 * others are asked about what was heard of them last, and 2 MSL from there; each with a round of
 * the sweep and the delays of the host. */
#define LEFT_FOR (540 * SIM_SECOND)

uint64_t sim_cluster_repeats(const sim_cluster *c)
{
    uint64_t sent = 0, due = 0;

    for (unsigned i = 0; i < c->n; i++) {
        const mpconn_engine *eng = c->member[i]->engine[0].eng;

        sent += mpconn_engine_count(eng, MPCONN_REASON_SERVER_ACK_SENT) +
                mpconn_engine_count(eng, MPCONN_REASON_WINDOW_OPENED);
    }
    for (const sim_session *s = c->world->sessions; s != NULL; s = s->next)
        due += s->end[SIM_SERVER].established ? 2 : 0;
    return sent > due ? sent - due : 0;
}

uint64_t sim_cluster_records(const sim_cluster *c)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < c->n; i++) {
        for (unsigned type = 2; type < SIM_RECORDS; type++)
            n += c->member[i]->records[type];
    }
    return n;
}

static bool same_tuple(const mpconn_tuple *a, const mpconn_tuple *b)
{
    return a->family == b->family && a->client_port == b->client_port &&
           a->server_port == b->server_port &&
           memcmp(a->client.bytes, b->client.bytes, sizeof(a->client.bytes)) == 0 &&
           memcmp(a->server.bytes, b->server.bytes, sizeof(a->server.bytes)) == 0;
}

/* What the endpoints of that incarnation believed. */
static void check_truth(const sim_member *m, const mpconn_flow *f)
{
    struct sim_world *w = m->node.world;
    sim_addr client = {.family = f->tuple.family};
    const sim_session *s;
    uint32_t d;

    memcpy(client.bytes, f->tuple.client.bytes, sizeof(client.bytes));
    s = sim_session_find(w, &client, f->tuple.client_port, f->tuple.server_port,
                         f->delta.client_isn);
    if (s == NULL || !s->end[SIM_CLIENT].established || !s->end[SIM_SERVER].established)
        return;
    d = s->end[SIM_SERVER].iss - s->end[SIM_CLIENT].irs;
    if (d != f->delta.seq[MPCONN_SIDE_SERVER])
        sim_fail(w, "%s has D %08x of client port %u, its endpoints had %08x", m->node.name,
                 (unsigned)f->delta.seq[MPCONN_SIDE_SERVER], f->tuple.client_port, (unsigned)d);
}

/* That it is over is a fact that may still be on its way. */
static bool same_delta(const mpconn_delta *a, const mpconn_delta *b)
{
    mpconn_delta x = *a, y = *b;

    x.flags &= (uint8_t)~MPCONN_DELTA_F_CLOSED;
    y.flags &= (uint8_t)~MPCONN_DELTA_F_CLOSED;
    return memcmp(&x, &y, sizeof(x)) == 0;
}

static void check_agreement(const sim_cluster *c, const mpconn_flow *f, const sim_member *b)
{
    mpconn_flow_cursor cursor = {0};
    mpconn_flow g;

    MPCONN_STRUCT_INIT(&g);
    while (!b->dead && mpconn_engine_flow_next(b->engine[0].eng, &cursor, &g) == MPCONN_OK) {
        if (!same_tuple(&f->tuple, &g.tuple) || f->delta.client_isn != g.delta.client_isn)
            continue;
        if (!same_delta(&f->delta, &g.delta))
            sim_fail(c->world, "in the end members differ: client port %u, D %08x, %08x, "
                     "generation %u, %u", f->tuple.client_port,
                     (unsigned)f->delta.seq[MPCONN_SIDE_SERVER],
                     (unsigned)g.delta.seq[MPCONN_SIDE_SERVER], f->delta.generation,
                     g.delta.generation);
    }
}

static void check_flows(const sim_cluster *c)
{
    mpconn_flow f;

    MPCONN_STRUCT_INIT(&f);
    for (unsigned i = 0; i < c->n; i++) {
        mpconn_flow_cursor cursor = {0};

        while (!c->member[i]->dead &&
               mpconn_engine_flow_next(c->member[i]->engine[0].eng, &cursor, &f) == MPCONN_OK) {
            check_truth(c->member[i], &f);
            for (unsigned j = i + 1; j < c->n; j++)
                check_agreement(c, &f, c->member[j]);
        }
    }
}

static void let_time_pass(struct sim_world *w, sim_time ns)
{
    sim_time until = w->schedule.now + ns;

    while (!w->failed && sim_schedule_next(&w->schedule) <= until)
        (void)sim_schedule_step(&w->schedule);
}

static void check_nothing_left(const sim_cluster *c)
{
    mpconn_stats st;
    mpconn_flow f;

    MPCONN_STRUCT_INIT(&st);
    MPCONN_STRUCT_INIT(&f);
    for (unsigned i = 0; i < c->n; i++) {
        const sim_member *m = c->member[i];
        mpconn_flow_cursor cursor = {0};

        if (m->dead)
            continue;
        (void)mpconn_engine_stats(m->engine[0].eng, &st);
        if (c->world->meeting != NULL)
            sim_meeting_check_idle(m, c->may_outlive);
        if (st.handshakes != 0 || st.held_packets != 0)
            sim_fail(c->world, "%s: long after the end %u handshakes and %u held packets are left",
                     m->node.name, st.handshakes, st.held_packets);
        if (!c->may_outlive && st.bindings != 0)
            sim_fail(c->world, "%s: long after the end %u bindings are left", m->node.name,
                     st.bindings);
        if (!c->may_outlive &&
            mpconn_engine_flow_next(m->engine[0].eng, &cursor, &f) == MPCONN_OK)
            sim_fail(c->world, "%s: long after the end %u flows are left, first client port %u, %s",
                     m->node.name, st.flows + st.wide_flows, f.tuple.client_port,
                     mpconn_flow_state_name(f.state));
    }
}

void sim_cluster_check(sim_cluster *c)
{
    check_flows(c);
    if (!c->world->failed)
        let_time_pass(c->world, LEFT_FOR);
    if (!c->world->failed)
        check_nothing_left(c);
}

void sim_cluster_drain(sim_cluster *c)
{
    for (unsigned i = 0; i < c->n; i++) {
        if (!c->member[i]->dead && !c->world->failed)
            sim_member_drain(c->member[i]);
    }
}
