/* SPDX-License-Identifier: BSD-2-Clause */
/* What must hold of every packet to a client that called. */
#include <string.h>

#include "sim/meeting.h"
#include "sim/util.h"
#include "sim/world.h"

/* When the other client, which is there, speaks to one that was answered and not heard since. */
enum { REPEATS = 2 };

static bool shows(const sim_addr *a, uint16_t port, const sim_addr *b, uint16_t other_port)
{
    return port == other_port && sim_addr_equal(a, b);
}

/* Whose termination that is. */
static sim_place *place_of(sim_meeting *mt, unsigned side, const sim_addr *called, uint16_t port)
{
    for (unsigned i = 0; i < mt->n; i++) {
        const sim_leg *leg = &mt->place[i].leg[side];

        if (side == SIM_CLIENT ? shows(&leg->server, leg->sport, called, port)
                               : shows(&leg->client, leg->cport, called, port))
            return &mt->place[i];
    }
    return NULL;
}

static bool is_caller(const sim_leg *leg, unsigned side, const sim_addr *addr, uint16_t port)
{
    return side == SIM_CLIENT ? shows(&leg->client, leg->cport, addr, port)
                              : shows(&leg->server, leg->sport, addr, port);
}

sim_leg sim_meeting_server_leg(const sim_meeting *mt, const sim_leg *client_leg)
{
    for (unsigned i = 0; i < mt->n; i++) {
        const sim_leg *leg = &mt->place[i].leg[0];

        if (is_caller(leg, SIM_CLIENT, &client_leg->client, client_leg->cport))
            return mt->place[i].leg[1];
    }
    return *client_leg;
}

sim_leg sim_meeting_client_leg(const sim_meeting *mt, const sim_leg *server_leg)
{
    for (unsigned i = 0; i < mt->n; i++) {
        const sim_leg *leg = &mt->place[i].leg[1];

        if (is_caller(leg, SIM_SERVER, &server_leg->server, server_leg->sport))
            return mt->place[i].leg[0];
    }
    return *server_leg;
}

void sim_meeting_note_input(sim_member *m, const sim_segment *seg, unsigned side)
{
    sim_place *p = place_of(m->node.world->meeting, side, &seg->dst, seg->dport);
    sim_ledger *l;

    if (p == NULL || !is_caller(&p->leg[side], side, &seg->src, seg->sport))
        return;
    l = &p->ledger[side];
    l->in++;
    if ((seg->flags & SIM_SYN) != 0) {
        l->syns++;
        l->isn = seg->seq;
    }
    if ((seg->flags & (SIM_ACK | SIM_RST)) == SIM_ACK && p->ledger[side ^ 1].syns > 0 &&
        sim_before(p->ledger[side ^ 1].isn, seg->ack))
        l->confirmed = true;
}

/* Where one is called in the other one's name, whatever either says may be a reason to say one
 * thing to either of them. */
static sim_ledger reasons_for(const sim_place *p, unsigned side)
{
    sim_ledger l = p->ledger[side];
    const sim_ledger *other = &p->ledger[side ^ 1];

    if (p->config.role != MPCONN_ROLE_MERGE) {
        l.syns += other->syns;
        l.in += other->in;
    }
    if (other->confirmed) {
        l.syns += REPEATS;
        l.in += REPEATS;
    }
    return l;
}

void sim_meeting_check_output(sim_member *m, const sim_segment *seg, unsigned side,
                              unsigned reason)
{
    struct sim_world *w = m->node.world;
    sim_place *p = place_of(w->meeting, side, &seg->src, seg->sport);
    sim_ledger *l, most;

    if (p == NULL || !is_caller(&p->leg[side], side, &seg->dst, seg->dport)) {
        sim_fail(w, "%s: sent to somebody who may not have the termination: port %u, %s",
                 m->node.name, seg->dport, mpconn_reason_name(reason));
        return;
    }
    l = &p->ledger[side];
    most = reasons_for(p, side);
    l->out++;
    l->answers += (seg->flags & SIM_SYN) != 0;
    if (p->ledger[side ^ 1].syns == 0)
        sim_fail(w, "%s: port %u is answered, and nobody called it", m->node.name, seg->dport);
    if (l->answers > most.syns)
        sim_fail(w, "%s: port %u got %u answers to %u SYNs", m->node.name, seg->dport, l->answers,
                 most.syns);
    if (!l->confirmed && seg->n_payload > 0)
        sim_fail(w, "%s: port %u, which has not acknowledged, got data: %s", m->node.name,
                 seg->dport, mpconn_reason_name(reason));
    if (!l->confirmed && l->out > most.in)
        sim_fail(w, "%s: port %u, which has not acknowledged, got %u packets for %u: %s",
                 m->node.name, seg->dport, l->out, most.in, mpconn_reason_name(reason));
}

static bool has_flow(const sim_member *m, const mpconn_session *s)
{
    mpconn_flow_cursor cursor = {0};
    mpconn_flow f;

    MPCONN_STRUCT_INIT(&f);
    while (mpconn_engine_flow_next(m->engine[0].eng, &cursor, &f) == MPCONN_OK) {
        if (f.id == s->flow)
            return true;
    }
    return false;
}

void sim_meeting_check_idle(const sim_member *m, bool may_outlive)
{
    mpconn_session_cursor cursor = {0};
    mpconn_session s;
    unsigned n = 0;

    MPCONN_STRUCT_INIT(&s);
    for (; mpconn_session_next(m->engine[0].eng, &cursor, &s) == MPCONN_OK; n++) {
        if (may_outlive && s.state == MPCONN_SESSION_ESTABLISHED && has_flow(m, &s))
            continue;
        if (s.state != MPCONN_SESSION_IDLE || s.flow != 0 || s.remote_port[0] != 0 ||
            s.remote_port[1] != 0 || s.candidates[0] != 0 || s.candidates[1] != 0)
            sim_fail(m->node.world, "%s: long after the end session %s is %s, ports %u, %u",
                     m->node.name, s.config.name, mpconn_session_state_name(s.state),
                     s.remote_port[0], s.remote_port[1]);
    }
    if (n != m->node.world->meeting->n)
        sim_fail(m->node.world, "%s has %u sessions of %u", m->node.name, n,
                 m->node.world->meeting->n);
}
