/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From frame to engine and out again.
 *
 * A packet that goes on to the other side keeps the link-layer header it came with: the member is
 * a bump in the wire. A packet that turns back, and one that the engine made, leaves by its link,
 * or, without one, the way that packets to the same address went last.
 *
 * The engine makes packets while it looks at a batch. They are kept until the verdicts of the
 * batch are carried out, or they would overtake what they follow.
 */
#include "host/wait.h"
#include "member/member.h"
#include "member/report.h"

#include <string.h>
#include <sys/random.h>
#include <time.h>

/* Timers and table lines in one go, so that packets do not wait for a big sweep. */
#define EXPIRE_BUDGET 512

static uint64_t now_since_1970(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * MPCONN_SECOND + (uint64_t)t.tv_nsec;
}

void member_record(member *m, size_t interface, bool outbound, const l2_header *l2, const frame *f)
{
    if (m->pcap.file)
        pcapng_write(&m->pcap, (uint32_t)interface, outbound, now_since_1970(), l2, &f->pkt);
}

void member_record_sync(void *user, bool outbound, const frame *f)
{
    member *m = user;
    member_record(m, m->n_ports, outbound, &f->l2, f);
}

/* Ways out */

static void send_to(member *m, uint8_t side, uint16_t number, const l2_header *l2, const frame *f)
{
    for (size_t i = 0; i < m->n_ports; i++) {
        port *p = &m->ports[i];
        if (number == LINK_PORT_ALL ? p->side == side : p->number == number) {
            member_record(m, p->number, true, l2, f);
            port_queue(p, l2, f);
        }
    }
}

/* The port that leads to a frame's destination on the other side. */
static uint16_t port_across(const member *m, const frame *f)
{
    uint16_t number = m->only_port[!f->in_side];
    if (number != LINK_PORT_ALL)
        return number;
    number = links_find_station(m->links, f);
    return number != LINK_PORT_ALL && m->ports[number].side != f->in_side ? number : LINK_PORT_ALL;
}

static void send_across(member *m, const frame *f)
{
    send_to(m, !f->in_side, port_across(m, f), &f->l2, f);
}

static void send_by_link(member *m, const frame *f)
{
    const link_entry *way = links_find(m->links, f->pkt.link);
    if (!way || way->side != f->pkt.side)
        way = links_find_way(m->links, &f->pkt);
    if (way)
        send_to(m, way->side, way->port, &way->l2, f);
    else
        m->no_way++;
}

static void flush_ports(member *m)
{
    for (size_t i = 0; i < m->n_ports; i++)
        port_flush(&m->ports[i]);
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

static int keep_made(void *user, const mpconn_pkt *const *pkts, size_t n_pkts)
{
    member *m = user;

    for (size_t i = 0; i < n_pkts; i++) {
        frame *f = pkts[i]->len <= FRAME_BYTES ? frame_new(&m->pool) : NULL;
        if (!f)
            return (int)i;
        memcpy(f->pkt.data, pkts[i]->data, pkts[i]->len);
        f->pkt.len = pkts[i]->len;
        f->pkt.flags = pkts[i]->flags;
        f->pkt.link = pkts[i]->link;
        f->pkt.zone = pkts[i]->zone;
        f->pkt.side = pkts[i]->side;
        f->pkt.reason = pkts[i]->reason;
        frame_list_add(&m->made, f);
    }
    return (int)n_pkts;
}

static int fill_random(void *user, uint8_t *dst, size_t len)
{
    (void)user;
    return getrandom(dst, len, 0) == (ssize_t)len ? 0 : -1;
}

static void note_release(void *user, uint64_t number, unsigned reason)
{
    (void)reason;
    hold_release(&((member *)user)->hold, number);
}

static int send_frame(void *user, uint32_t to, const uint8_t *bytes, size_t len)
{
    return sync_send(&((member *)user)->sync, to, bytes, len);
}

/* The frames of both legs have the same stations: who sends to one address sends to the other. */
static int bind_leg(void *user, const mpconn_tuple *client_leg, mpconn_tuple *server_leg)
{
    member *m = user;
    int bound = bind_apply(m->options.binds, m->options.n_binds, client_leg, server_leg);
    if (bound)
        links_learn_like(m->links, client_leg->zone, MPCONN_SIDE_SERVER, &server_leg->server,
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
    links_learn_like(m->links, event->tuple.zone, MPCONN_SIDE_SERVER, &server_leg->server,
                     &client_leg->server);
    links_learn_like(m->links, event->tuple.zone, MPCONN_SIDE_CLIENT, &client_leg->client,
                     &server_leg->client);
}

static void trace_event(void *user, const mpconn_event *event)
{
    member *m = user;
    learn_legs(m, event);
    if (m->trace)
        report_event(m->trace, event, host_now());
}

const mpconn_callbacks member_callbacks = {
    .struct_size = sizeof(mpconn_callbacks),
    .send_packets = keep_made,
    .random = fill_random,
    .release = note_release,
    .event = trace_event,
    .send_frame = send_frame,
    .bind = bind_leg,
};

/* Verdicts */

/* Whether the frame is kept. */
static bool act_on(member *m, frame *f)
{
    switch (f->pkt.verdict) {
    case MPCONN_VERDICT_FORWARD:
        if (is_lost(m, &f->pkt))
            return false;
        if (f->pkt.side == f->in_side)
            send_by_link(m, f);
        else
            send_across(m, f);
        return false;
    case MPCONN_VERDICT_HOLD:
        hold_keep(&m->hold, f);
        return true;
    default: /* DROP and CONSUMED */
        return false;
    }
}

static void send_made(member *m, frame_list *done)
{
    frame *f;
    while ((f = frame_list_take(&m->made))) {
        if (!is_lost(m, &f->pkt))
            send_by_link(m, f);
        frame_list_add(done, f);
    }
}

static void handle_batch(member *m, frame *const *frames, size_t n)
{
    mpconn_pkt *pkts[PORT_BATCH];
    size_t n_pkts = 0;
    frame_list done; /* ports hold on to the bytes until they are flushed */

    frame_list_init(&done);
    for (size_t i = 0; i < n; i++) {
        if (frame_is_ip(frames[i]))
            pkts[n_pkts++] = &frames[i]->pkt;
    }
    recorder_input(&m->engine, pkts, n_pkts, host_now());
    for (size_t i = 0; i < n; i++) {
        if (!frame_is_ip(frames[i])) {
            m->bridged++;
            send_across(m, frames[i]);
            frame_list_add(&done, frames[i]);
        } else if (!act_on(m, frames[i])) {
            frame_list_add(&done, frames[i]);
        }
    }
    send_made(m, &done);
    flush_ports(m);
    frame_list_clear(&done, &m->pool);
}

static void handle_list(member *m, frame_list *list)
{
    while (list->n) {
        frame *frames[PORT_BATCH];
        size_t n = 0;
        while (n < PORT_BATCH && list->n)
            frames[n++] = frame_list_take(list);
        handle_batch(m, frames, n);
    }
}

/* Held frames that the engine wants again go before all newer ones. */
static void submit_released(member *m)
{
    frame_list again;

    frame_list_init(&again);
    while (hold_take(&m->hold, &again), again.n) {
        for (frame *f = again.head; f; f = f->next)
            frame_prepare(f);
        handle_list(m, &again);
    }
}

/* What a received frame teaches, before anything happens to it. */
static void learn(member *m, frame *f)
{
    l2_header back;

    l2_reverse(&back, &f->l2);
    f->in_link = links_number(m->links, f->in_side, f->in_port, &back);
    f->pkt.link = f->in_link;
    links_learn_station(m->links, f);
    if (frame_is_ip(f))
        links_learn_way(m->links, f, port_across(m, f));
}

/* Also called without anything received, for impaired frames that are due. */
static void handle_impaired(member *m, frame *const *frames, size_t n, mpconn_time now)
{
    frame_list due;
    frame *f;

    frame_list_init(&due);
    for (size_t i = 0; i < n; i++) {
        if (frame_is_ip(frames[i]))
            impair_put(&m->impair, frames[i], &m->pool, now);
        else
            frame_list_add(&due, frames[i]);
    }
    while ((f = impair_take(&m->impair, now)))
        frame_list_add(&due, f);
    handle_list(m, &due);
}

void member_receive(member *m, port *p)
{
    frame *frames[PORT_BATCH];
    size_t n = port_receive(p, frames, &m->pool);

    for (size_t i = 0; i < n; i++) {
        learn(m, frames[i]);
        member_record(m, p->number, false, &frames[i]->l2, frames[i]);
    }
    if (impair_active(&m->impair))
        handle_impaired(m, frames, n, host_now());
    else if (n)
        handle_batch(m, frames, n);
    submit_released(m);
}

void member_carry_out(member *m)
{
    frame_list done;

    frame_list_init(&done);
    send_made(m, &done);
    flush_ports(m);
    frame_list_clear(&done, &m->pool);
    submit_released(m);
}

void member_expire(member *m, mpconn_time now)
{
    handle_impaired(m, NULL, 0, now);
    now = host_now(); /* frames took their time, and the engine's must not go back */
    if (mpconn_engine_next_expiry(m->engine.engine) <= now)
        recorder_expire(&m->engine, EXPIRE_BUDGET, NULL, now);
    member_carry_out(m);
}
