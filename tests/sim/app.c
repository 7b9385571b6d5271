/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/app.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/meeting.h"
#include "sim/util.h"
#include "sim/world.h"

static sim_schedule *schedule_of(const sim_end *e)
{
    return &e->session->world->schedule;
}

static uint32_t size_of(const sim_end *e, unsigned side)
{
    return e->session->plan.bytes[side];
}

/* Bytes of a side's stream up to the end of a turn. */
static uint64_t turn_end(const sim_end *e, unsigned side, unsigned turn)
{
    return (uint64_t)size_of(e, side) * turn / e->session->plan.rounds;
}

/* Has this side heard what it answers in its next turn? */
static bool may_speak(const sim_end *e)
{
    const sim_plan *p = &e->session->plan;
    unsigned heard = p->first == e->side ? e->turn : e->turn + 1;

    if (p->first == SIM_NOBODY)
        return true;
    return e->received >= turn_end(e, e->side ^ 1, heard);
}

static bool heard_all(const sim_end *e)
{
    return e->received >= size_of(e, e->side ^ 1);
}

static void finish_if_due(sim_end *e)
{
    const sim_plan *p = &e->session->plan;
    bool said_all = e->turn == p->rounds;

    if (!said_all || e->finished || e->closed || !e->established)
        return;
    if (p->closer == SIM_NOBODY || (p->closer == e->side && heard_all(e)) || e->peer_finished) {
        e->finished = true;
        sim_tcp_finish(e->conn);
    }
}

static void proceed(sim_end *e)
{
    const sim_plan *p = &e->session->plan;
    sim_schedule *s = schedule_of(e);

    if (e->closed || !e->established)
        return;
    if (e->turn < p->rounds && may_speak(e) && !e->turn_due) {
        sim_time wait = p->think == 0 ? 0 : sim_rng_between(&e->session->world->rng, 0, p->think);

        e->turn_due = true;
        sim_timer_set(s, &e->think, s->now + wait);
    }
    finish_if_due(e);
}

static void think_fired(void *arg)
{
    sim_end *e = arg;
    uint64_t n = turn_end(e, e->side, e->turn + 1) - turn_end(e, e->side, e->turn);

    e->turn_due = false;
    e->turn++;
    if (n > 0) {
        e->written += n;
        sim_tcp_write(e->conn, n);
    }
    if (!e->closed)
        proceed(e);
}

static void read_fired(void *arg)
{
    sim_end *e = arg;
    sim_schedule *s = schedule_of(e);
    uint64_t piece = e->session->plan.read_rate[e->side] / 10 + 1;
    uint64_t left;

    if (e->closed)
        return;
    left = e->conn->received - e->conn->consumed;
    sim_tcp_consume(e->conn, left < piece ? left : piece);
    if (left > piece)
        sim_timer_set(s, &e->read, s->now + 100 * SIM_MS);
}

static void abort_fired(void *arg)
{
    sim_end *e = arg;

    if (!e->closed && e->conn != NULL)
        sim_tcp_abort(e->conn);
}

static void on_established(void *app)
{
    sim_end *e = app;

    if (e->established)
        sim_fail(e->session->world, "session %u: side %u established twice", e->session->number,
                 e->side);
    e->established = true;
    e->irs = e->conn->irs;
    e->iss = e->conn->iss;
    e->ts_on = e->conn->ts_on;
    e->ts_recent = e->conn->ts_recent;
    proceed(e);
}

static void on_received(void *app, uint32_t n)
{
    sim_end *e = app;
    sim_schedule *s = schedule_of(e);

    e->received += n;
    e->received_at = s->now;
    if (e->session->plan.read_rate[e->side] == 0)
        sim_tcp_consume(e->conn, n);
    else if (!sim_timer_is_set(&e->read))
        sim_timer_set(s, &e->read, s->now + 100 * SIM_MS);
    if (e->received > size_of(e, e->side ^ 1))
        sim_fail(e->session->world, "session %u: side %u got more than was sent",
                 e->session->number, e->side);
    proceed(e);
}

static void on_acknowledged(void *app)
{
    (void)app;
}

static void on_peer_finished(void *app)
{
    sim_end *e = app;

    e->peer_finished = true;
    proceed(e);
}

/* Whatever happens on the way, nobody is allowed more than the other side offered. */
static void on_allowed(void *app, uint32_t position)
{
    sim_end *e = app;
    const sim_tcp *peer = e->session->end[e->side ^ 1].conn;
    uint32_t offered;

    if (peer == NULL || !sim_tcp_synchronised(peer))
        return;
    offered = peer->rcv_adv - peer->irs - 1;
    if (peer->cfg.overrun > 1)
        offered += peer->cfg.overrun;
    if (sim_before(offered, position))
        sim_fail(e->session->world, "session %u: side %u may send up to %u, was offered %u",
                 e->session->number, e->side, (unsigned)position, (unsigned)offered);
}

static void on_entered(void *app, enum sim_tcp_state state)
{
    sim_end *e = app;
    sim_schedule *s = schedule_of(e);
    const sim_plan *p = &e->session->plan;

    if (p->aborter == e->side && p->abort_state == state && state != SIM_CLOSED)
        sim_timer_set(s, &e->abort, s->now + p->abort_delay);
}

static void on_closed(void *app, enum sim_tcp_error error)
{
    sim_end *e = app;
    sim_schedule *s = schedule_of(e);

    sim_note(e->session->world, "app", "session %u: %s closed: %s", e->session->number,
             e->side == SIM_CLIENT ? "client" : "server", sim_tcp_error_name(error));
    e->closed = true;
    e->closed_at = schedule_of(e)->now;
    e->error = error;
    e->conn = NULL;
    sim_timer_cancel(s, &e->think);
    sim_timer_cancel(s, &e->read);
    sim_timer_cancel(s, &e->abort);
}

static const sim_tcp_ops app_ops = {on_established,   on_received, on_acknowledged,
                                    on_peer_finished, on_allowed,  on_entered,
                                    on_closed};

static void start_session(void *arg)
{
    sim_session *s = arg;
    sim_end *e = &s->end[SIM_CLIENT];
    const sim_plan *p = &s->plan;
    sim_host *host = p->reverse ? s->world->server : s->world->client;
    sim_tcp *old = sim_host_find(host, &p->client, p->cport, &p->server, p->sport);

    if (old != NULL)
        /* from TIME-WAIT a port may be used again; from any other state only by one who forgot */
        sim_tcp_close(old, old->state == SIM_TIME_WAIT ? SIM_E_NONE : SIM_E_ABORTED);
    s->started = true;
    e->conn = sim_tcp_connect(host, &p->cfg, &p->client, p->cport, &p->server,
                              p->sport, s->key[SIM_CLIENT], s->key[SIM_SERVER], &app_ops, e);
    s->isn = e->conn->iss;
}

static void start_second(void *arg)
{
    sim_session *s = arg;
    sim_end *e = &s->end[SIM_SERVER];
    const sim_leg *leg = &s->plan.second;

    e->conn = sim_tcp_connect(s->world->server, &s->plan.second_cfg, &leg->server, leg->sport,
                              &leg->client, leg->cport, s->key[SIM_SERVER], s->key[SIM_CLIENT],
                              &app_ops, e);
}

sim_session *sim_session_find(struct sim_world *w, const sim_addr *client, uint16_t cport,
                              uint16_t sport, uint32_t isn)
{
    for (sim_session *s = w->sessions; s != NULL; s = s->next) {
        if (s->started && s->isn == isn && s->plan.cport == cport && s->plan.sport == sport &&
            sim_addr_equal(&s->plan.client, client))
            return s;
    }
    return NULL;
}

bool sim_session_accept(void *world, sim_tcp *c)
{
    struct sim_world *w = world;
    sim_leg leg = {c->remote, c->local, c->rport, c->lport};
    sim_session *s;
    sim_end *e;

    if (w->nat)
        leg = sim_nat_client_leg(&leg);
    if (w->meeting != NULL)
        leg = sim_meeting_client_leg(w->meeting, &leg);
    s = sim_session_find(w, &leg.client, leg.cport, leg.sport, c->irs);
    if (s == NULL)
        return false;
    e = &s->end[SIM_SERVER];
    if (e->established)
        sim_fail(world, "session %u: accepted twice", s->number);
    e->conn = c;
    c->app = e;
    c->ops = &app_ops;
    c->tx_key = s->key[SIM_SERVER];
    c->rx_key = s->key[SIM_CLIENT];
    on_entered(e, SIM_ESTABLISHED);
    return true;
}

sim_session *sim_session_new(struct sim_world *w, const sim_plan *plan)
{
    sim_session *s = sim_alloc(sizeof(*s));

    s->world = w;
    s->plan = *plan;
    s->number = w->n_sessions++;
    for (unsigned side = 0; side < 2; side++) {
        sim_end *e = &s->end[side];

        s->key[side] = sim_mix(w->seed, 2 * s->number + side);
        e->session = s;
        e->side = side;
        sim_timer_init(&e->think, think_fired, e);
        sim_timer_init(&e->read, read_fired, e);
        sim_timer_init(&e->abort, abort_fired, e);
    }
    sim_timer_init(&s->starter, start_session, s);
    sim_timer_set(&w->schedule, &s->starter, w->schedule.now + plan->start);
    sim_timer_init(&s->second_starter, start_second, s);
    if (plan->meets)
        sim_timer_set(&w->schedule, &s->second_starter,
                      w->schedule.now + plan->start + plan->later);
    s->next = w->sessions;
    w->sessions = s;
    return s;
}

void sim_session_del(sim_session *s)
{
    for (unsigned side = 0; side < 2; side++) {
        sim_end *e = &s->end[side];

        sim_timer_cancel(&s->world->schedule, &e->think);
        sim_timer_cancel(&s->world->schedule, &e->read);
        sim_timer_cancel(&s->world->schedule, &e->abort);
    }
    sim_timer_cancel(&s->world->schedule, &s->starter);
    sim_timer_cancel(&s->world->schedule, &s->second_starter);
    free(s);
}

bool sim_session_over(const sim_session *s)
{
    const sim_end *server = &s->end[SIM_SERVER];

    return s->started && s->end[SIM_CLIENT].closed &&
           (server->closed || (!s->plan.meets && !server->established));
}

static const char *end_text(const sim_end *e, char *dst, size_t cap)
{
    snprintf(dst, cap, "%s, wrote %llu of %u, got %llu of %u, %s",
             e->conn != NULL ? sim_tcp_state_name(e->conn->state)
             : e->closed     ? sim_tcp_error_name(e->error)
                             : "never there",
             (unsigned long long)e->written, size_of(e, e->side), (unsigned long long)e->received,
             size_of(e, e->side ^ 1), e->peer_finished ? "FIN seen" : "no FIN seen");
    return dst;
}

static void fail_session(sim_session *s, const char *why)
{
    char a[128], b[128];

    sim_fail(s->world, "session %u (client port %u): %s [client: %s; server: %s]", s->number,
             s->plan.cport, why, end_text(&s->end[0], a, sizeof(a)),
             end_text(&s->end[1], b, sizeof(b)));
}

static bool complete(const sim_session *s)
{
    for (unsigned side = 0; side < 2; side++) {
        const sim_end *e = &s->end[side];

        if (!e->closed || e->error != SIM_E_NONE || !heard_all(e) || e->written != size_of(e, side))
            return false;
    }
    return true;
}

static bool refused(const sim_session *s)
{
    const sim_end *client = &s->end[SIM_CLIENT];

    return !s->end[SIM_SERVER].established &&
           client->error == (client->established ? SIM_E_RESET : SIM_E_REFUSED);
}

/* Who gave up is gone, and the other side, if it was ever there, knows. */
static bool aborted(const sim_session *s)
{
    const sim_end *e = &s->end[s->plan.aborter], *peer = &s->end[s->plan.aborter ^ 1];

    if (complete(s))
        return true;
    return e->closed && e->error != SIM_E_NONE &&
           (!peer->established || (peer->closed && peer->error != SIM_E_ABORTED));
}

/* Both ends were told by a RST they took, or were done. One whose handshake was cut off early may
 * never have been there, or be refused. */
static bool killed(const sim_session *s)
{
    const sim_end *client = &s->end[SIM_CLIENT], *server = &s->end[SIM_SERVER];

    return complete(s) || refused(s) ||
           (client->closed && client->error != SIM_E_TIMEOUT &&
            (!server->established || (server->closed && server->error != SIM_E_TIMEOUT)));
}

/* By a client that hears of its end when it acknowledges: it asks by keepalive. */
#define JOINED_FOR (300 * SIM_SECOND)

static bool joined(const sim_session *s)
{
    if (complete(s))
        return true;
    for (unsigned side = 0; side < 2; side++) {
        const sim_end *e = &s->end[side];

        if (!e->closed || (e->established && e->error == SIM_E_TIMEOUT) ||
            e->closed_at > s->world->started + s->plan.start + JOINED_FOR)
            return false;
    }
    return true;
}

void sim_session_check(sim_session *s)
{
    const sim_end *client = &s->end[SIM_CLIENT], *server = &s->end[SIM_SERVER];

    if (!sim_session_over(s) && s->plan.expect != SIM_EXPECT_ANY) {
        fail_session(s, "never came to an end");
        return;
    }
    switch (s->plan.expect) {
    case SIM_EXPECT_COMPLETE:
        if (!complete(s))
            fail_session(s, "did not complete");
        break;
    case SIM_EXPECT_REFUSED:
        if (!refused(s))
            fail_session(s, "was not refused");
        break;
    case SIM_EXPECT_EITHER:
        if (!complete(s) && !refused(s))
            fail_session(s, "neither completed nor was refused");
        break;
    case SIM_EXPECT_REFUSED_OR_LOST:
        if (!refused(s) && (client->established || client->error != SIM_E_TIMEOUT))
            fail_session(s, "was neither refused nor cut off");
        break;
    case SIM_EXPECT_UNREACHABLE:
        if (client->established || client->error != SIM_E_TIMEOUT)
            fail_session(s, "client reached somebody");
        break;
    case SIM_EXPECT_SILENCE:
        if (server->established || client->error != (s->world->plain ? SIM_E_TIMEOUT : SIM_E_RESET))
            fail_session(s, "client was not told of the server's silence");
        break;
    case SIM_EXPECT_KILLED:
        if (!killed(s))
            fail_session(s, "was killed, and one end was not told");
        break;
    case SIM_EXPECT_ENDED: /* that it is over was seen above */
        break;
    case SIM_EXPECT_ABORT:
        if (!aborted(s))
            fail_session(s, "one side does not know that the other gave up");
        break;
    case SIM_EXPECT_JOINED:
        if (!joined(s))
            fail_session(s, "neither was it completed nor was every client told");
        break;
    case SIM_EXPECT_ANY:
        break;
    }
}
