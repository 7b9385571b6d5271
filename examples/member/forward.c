/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A packet that goes on to the other side keeps the link-layer header it came with: the member is
 * a bump in the wire. A packet that turns back, and one that the engine made or gave another link,
 * leaves by its link, or, without one, the way that packets to the same address went last.
 */
#include "host/report.h"
#include "host/wait.h"
#include "member/member.h"
#include "member/report.h"

#include <net/ethernet.h>
#include <string.h>
#include <time.h>

static uint64_t now_since_1970(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * MPCONN_SECOND + (uint64_t)t.tv_nsec;
}

static void record(member *m, size_t interface, bool outbound, const l2_header *l2, const frame *f)
{
    if (m->pcap.file)
        pcapng_write(&m->pcap, (uint32_t)interface, outbound, now_since_1970(), l2, &f->pkt);
}

void member_record_sync(void *user, bool outbound, const frame *f)
{
    member *m = user;
    record(m, m->run.n_ports, outbound, &f->l2, f);
}

/* Ways out */

static void send_to(member *m, uint8_t side, uint16_t number, const l2_header *l2, const frame *f)
{
    for (size_t i = 0; i < m->run.n_ports; i++) {
        port *p = &m->run.ports[i];
        if (number == LINK_PORT_ALL ? p->side == side : p->number == number) {
            record(m, p->number, true, l2, f);
            port_queue(p, l2, f);
        }
    }
}

/* The port of a side where a station is; all of them when it was not seen on that side. */
static uint16_t port_on(const member *m, uint8_t side, uint16_t station)
{
    if (m->only_port[side] != LINK_PORT_ALL)
        return m->only_port[side];
    if (station != LINK_PORT_ALL && m->run.ports[station].side != side)
        return LINK_PORT_ALL;
    return station;
}

/* The port that leads to a frame's destination on the other side. */
static uint16_t port_across(const member *m, const frame *f)
{
    return port_on(m, !f->in_side, links_find_station(m->run.links, &f->l2));
}

static void send_across(member *m, const frame *f)
{
    send_to(m, !f->in_side, port_across(m, f), &f->l2, f);
}

/* Back to where the frame came from: for that it needs no link. */
static void send_back(member *m, const frame *f)
{
    l2_header back;

    l2_reverse(&back, &f->l2);
    send_to(m, f->in_side, f->in_port, &back, f);
}

static void send_by_link(member *m, const frame *f)
{
    link_entry way;
    const link_entry *last;

    if (links_out(m->run.links, f->pkt.link, f->pkt.side, &way))
        send_to(m, way.side, port_on(m, way.side, way.port), &way.l2, f);
    else if ((last = links_find_way(m->run.links, &f->pkt)))
        send_to(m, last->side, last->port, &last->l2, f);
    else
        m->no_way++;
}

/* Tests ask what happens without a certain packet. */
static bool is_lost(member *m, const mpconn_pkt *pkt)
{
    uint32_t *left = &m->options.lose[pkt->reason % MPCONN_REASON_LIMIT];
    if (*left == 0)
        return false;
    if (*left != UINT32_MAX)
        --*left;
    m->lost++;
    return true;
}

/* Callbacks */

/* The frames of both legs have the same stations: who sends to one address sends to the other. */
static int bind_leg(void *user, const mpconn_tuple *client_leg, mpconn_tuple *server_leg)
{
    member *m = ((runner *)user)->user;
    int bound = bind_apply(m->options.binds, m->options.n_binds, client_leg, server_leg);
    if (bound)
        links_learn_like(m->run.links, client_leg->zone, MPCONN_SIDE_SERVER, &server_leg->server,
                         &client_leg->server);
    return bound;
}

/* What the engine makes for an endpoint that was not seen here has the header of what was. */
static void learn_legs(member *m, const mpconn_event *event)
{
    const mpconn_delta *d = event->delta;
    if (event->type != MPCONN_EVENT_SETTLED || !(d->flags & MPCONN_DELTA_F_TUPLE))
        return;
    const mpconn_tuple *client_leg = &d->tuple[MPCONN_SIDE_CLIENT];
    const mpconn_tuple *server_leg = &d->tuple[MPCONN_SIDE_SERVER];
    links_learn_like(m->run.links, event->tuple.zone, MPCONN_SIDE_SERVER, &server_leg->server,
                     &client_leg->server);
    links_learn_like(m->run.links, event->tuple.zone, MPCONN_SIDE_CLIENT, &client_leg->client,
                     &server_leg->client);
}

/* What a SYN came with, for a member on the way back. */
static int tell_header(void *user, const mpconn_pkt *pkt, uint8_t *header)
{
    const frame *f = pkt->user;

    (void)user;
    memcpy(header, f->l2.bytes, f->l2.len);
    return f->l2.len;
}

/* The station that the header leads to, if it was seen on that side; else LINK_PORT_ALL. */
static uint16_t station_on(const member *m, uint8_t side, const l2_header *to)
{
    const uint16_t station = links_find_station(m->run.links, to);
    return station != LINK_PORT_ALL && m->run.ports[station].side == side ? station
                                                                          : LINK_PORT_ALL;
}

/* Stations as in the SYN's header, turned round, behind the tags of a frame on this way: those of
 * the SYN may be others. */
static bool turn_round(l2_header *back, const mpconn_return_request *request, const l2_header *here)
{
    if (request->link_header_len < L2_MIN || request->link_header_len > L2_MAX)
        return false;
    *back = *here;
    memcpy(back->bytes, request->link_header + ETH_ALEN, ETH_ALEN);
    memcpy(back->bytes + ETH_ALEN, request->link_header, ETH_ALEN);
    return true;
}

/* What is for everybody, or for a station where it came from, does not say who is next on the way
 * to the client. Then the SYN's header does, turned round, if its station is on this way, too. */
static uint32_t choose_link(void *user, const mpconn_return_request *request)
{
    member *m = ((runner *)user)->user;
    const frame *f = request->pkt->user;
    l2_header back;
    uint16_t station;

    if (!(f->l2.bytes[0] & 1) && station_on(m, f->in_side, &f->l2) == LINK_PORT_ALL)
        return MPCONN_LINK_NONE;
    if (!turn_round(&back, request, &f->l2))
        return MPCONN_LINK_NONE;
    station = station_on(m, request->pkt->side ^ 1, &back);
    return station == LINK_PORT_ALL
               ? MPCONN_LINK_NONE
               : links_number(m->run.links, request->pkt->side ^ 1, station, &back);
}

static void trace_event(void *user, const mpconn_event *event)
{
    member *m = ((runner *)user)->user;
    learn_legs(m, event);
    if (m->trace)
        report_event(m->trace, event, host_now());
}

const mpconn_callbacks member_callbacks = {
    .struct_size = sizeof(mpconn_callbacks),
    .event = trace_event,
    .bind = bind_leg,
    .link_header = tell_header,
    .return_link = choose_link,
};

/* What the runner asks */

static bool has_other_link(const frame *f)
{
    return f->pkt.link != MPCONN_LINK_NONE && f->pkt.link != f->in_link;
}

/* To which nothing can be sent back. */
static bool is_bridge(const member *m)
{
    return m->options.return_path == MPCONN_RETURN_ECHO;
}

static void forward(void *user, frame *f)
{
    member *m = user;

    if (is_lost(m, &f->pkt))
        return;
    bool turns_back = f->pkt.side == f->in_side;
    if (has_other_link(f) || (turns_back && is_bridge(m)))
        send_by_link(m, f);
    else if (turns_back)
        send_back(m, f);
    else
        send_across(m, f);
}

static void emit(void *user, frame *f)
{
    member *m = user;

    if (!is_lost(m, &f->pkt))
        send_by_link(m, f);
}

static void bridge(void *user, frame *f)
{
    member *m = user;

    m->bridged++;
    send_across(m, f);
}

static void learn(void *user, frame *f)
{
    member *m = user;
    l2_header back;

    f->zone = m->options.zones.of[f->vlan];
    f->pkt.zone = f->zone;
    l2_reverse(&back, &f->l2);
    if (links_may_be_kept(f))
        f->in_link = links_number(m->run.links, f->in_side, f->in_port, &back);
    f->pkt.link = f->in_link;
    links_learn_station(m->run.links, f);
    if (frame_is_ip(f))
        links_learn_way(m->run.links, f, port_across(m, f));
    record(m, f->in_port, false, &f->l2, f);
}

static bool answer(void *user, FILE *out, const char *question)
{
    member *m = user;

    if (strcmp(question, "stats") == 0) {
        report_stats(out, m);
    } else if (strcmp(question, "flows") == 0) {
        report_flows(out, m);
    } else if (strcmp(question, "members") == 0) {
        report_members(out, &m->run.engine, m->options.id);
    } else if (strcmp(question, "paths") == 0) {
        report_paths(out, m);
    } else if (strcmp(question, "quit") == 0) {
        fputs("{\"ok\":true}\n", out);
        m->run.stop = true;
    } else {
        fputs("{\"error\":\"known are stats, flows, members, paths and quit\"}\n", out);
    }
    return false;
}

const runner_hooks member_hooks = { .learn = learn,
                                    .forward = forward,
                                    .emit = emit,
                                    .bridge = bridge,
                                    .answer = answer };
