/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/host.h"

#include <stdlib.h>
#include <string.h>

#include "sim/ping.h"
#include "sim/util.h"
#include "sim/world.h"

static bool in_prefix(const sim_addr *a, const sim_addr *prefix, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;

    if (a->family != prefix->family || memcmp(a->bytes, prefix->bytes, whole) != 0)
        return false;
    return rest == 0 || (a->bytes[whole] ^ prefix->bytes[whole]) >> (8 - rest) == 0;
}

static bool owns(const sim_host *h, const sim_addr *a)
{
    for (unsigned i = 0; i < h->n_prefixes; i++) {
        if (in_prefix(a, &h->prefixes[i].addr, h->prefixes[i].bits))
            return true;
    }
    return false;
}

static uint64_t hash_addr(uint64_t h, const sim_addr *a)
{
    uint64_t w[2] = {0, 0};

    for (unsigned i = 0; i < 8; i++) {
        w[0] = w[0] << 8 | a->bytes[i];
        w[1] = w[1] << 8 | a->bytes[8 + i];
    }
    return sim_mix(sim_mix(h, w[0]), w[1]);
}

uint64_t sim_host_hash(const sim_host *h, const sim_addr *local, uint16_t lport,
                       const sim_addr *remote, uint16_t rport)
{
    uint64_t ports = (uint64_t)lport << 16 | rport;

    return sim_mix(hash_addr(hash_addr(h->secret, local), remote), ports);
}

static sim_tcp **bucket_of(sim_host *h, const sim_addr *local, uint16_t lport,
                           const sim_addr *remote, uint16_t rport)
{
    return &h->buckets[sim_host_hash(h, local, lport, remote, rport) % SIM_HOST_BUCKETS];
}

sim_tcp *sim_host_find(sim_host *h, const sim_addr *local, uint16_t lport,
                       const sim_addr *remote, uint16_t rport)
{
    sim_tcp *c = *bucket_of(h, local, lport, remote, rport);

    while (c != NULL && !(c->lport == lport && c->rport == rport &&
                          sim_addr_equal(&c->local, local) && sim_addr_equal(&c->remote, remote)))
        c = c->next;
    return c;
}

void sim_host_insert(sim_host *h, sim_tcp *c)
{
    sim_tcp **head = bucket_of(h, &c->local, c->lport, &c->remote, c->rport);

    c->next = *head;
    *head = c;
    h->connections++;
}

static void reap(void *arg)
{
    sim_host *h = arg;

    while (h->graves != NULL) {
        sim_tcp *c = h->graves;

        h->graves = c->next;
        sim_tcp_free(c);
    }
}

void sim_host_bury(sim_host *h, sim_tcp *c)
{
    sim_tcp **at = bucket_of(h, &c->local, c->lport, &c->remote, c->rport);

    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    h->connections--;
    c->next = h->graves;
    h->graves = c;
    sim_timer_set(&h->node.world->schedule, &h->reaper, h->node.world->schedule.now);
}

sim_listener *sim_host_listener(sim_host *h, uint16_t port)
{
    for (unsigned i = 0; i < h->n_listeners; i++) {
        if (h->listeners[i].port == port)
            return &h->listeners[i];
    }
    return NULL;
}

void sim_host_count(sim_host *h, enum sim_counter counter, const sim_segment *seg,
                    const char *detail)
{
    h->counters[counter]++;
    if (sim_counter_class(counter) != SIM_INFO)
        sim_note(h->node.world, h->node.name, ":%u: %s %s", seg == NULL ? 0u : seg->dport,
                 sim_counter_name(counter), detail);
}

void sim_host_send(sim_host *h, const sim_segment *seg)
{
    unsigned port = h->route == NULL ? 0 : h->route(h->route_arg, seg);

    sim_node_send(&h->node, port, sim_frame_of(seg));
}

/* RFC 9293 3.10.7.1 */
static void refuse(sim_host *h, const sim_segment *seg)
{
    sim_segment rst;

    sim_host_count(h, SIM_C_NO_CONNECTION, seg, "");
    if ((seg->flags & SIM_RST) != 0)
        return;
    memset(&rst, 0, sizeof(rst));
    rst.src = seg->dst;
    rst.dst = seg->src;
    rst.sport = seg->dport;
    rst.dport = seg->sport;
    rst.ttl = 64;
    rst.flags = SIM_RST;
    if ((seg->flags & SIM_ACK) != 0) {
        rst.seq = seg->ack;
    } else {
        rst.flags |= SIM_ACK;
        rst.ack = seg->seq + sim_segment_length(seg);
    }
    h->counters[SIM_C_RST_SENT]++;
    sim_host_send(h, &rst);
}

static void listen_input(sim_host *h, sim_listener *l, const sim_segment *seg)
{
    sim_tcp *c;

    if (l->silent) {
        sim_host_count(h, SIM_C_SYN_IGNORED, seg, "silent");
        return;
    }
    if ((seg->flags & SIM_RST) != 0)
        return;
    if ((seg->flags & SIM_ACK) != 0) {
        refuse(h, seg);
        return;
    }
    if ((seg->flags & SIM_SYN) == 0)
        return;
    if (l->backlog != 0 && l->half_open >= l->backlog) {
        sim_host_count(h, SIM_C_SYN_IGNORED, seg, "backlog full");
        return;
    }
    c = sim_tcp_new(h, &l->cfg, &seg->dst, seg->dport, &seg->src, seg->sport);
    c->passive = true;
    sim_tcp_accept(c, seg);
}

/* RFC 6191 2: a new incarnation if its timestamp, or else its number, is beyond the old one. */
static bool may_reuse(const sim_tcp *c, const sim_segment *seg)
{
    if (c->ts_on && seg->has_ts && seg->tsval != c->ts_recent)
        return sim_before(c->ts_recent, seg->tsval);
    return sim_before(c->rcv_nxt, seg->seq);
}

/* A reply to a ping that this host has not sent is as wrong as anything else here. */
static void ping_input(sim_host *h, const sim_frame *frame)
{
    sim_ping ping;

    if (!h->pinged || !sim_ping_parse(&ping, frame->data, frame->len) || !ping.request ||
        !owns(h, &ping.dst)) {
        sim_host_count(h, SIM_C_NOT_TCP, NULL, "");
        return;
    }
    sim_host_count(h, SIM_C_PINGED, NULL, "");
    if (!h->mute)
        sim_node_send(&h->node, 0, sim_ping_reply(frame));
}

static void host_receive(sim_node *node, unsigned port, sim_frame *frame)
{
    sim_host *h = (sim_host *)node;
    sim_segment seg;
    enum sim_parse result = sim_segment_parse(&seg, frame->data, frame->len);
    sim_listener *l;
    sim_tcp *c;

    (void)port;
    if (result == SIM_PARSE_NOT_TCP) {
        ping_input(h, frame);
    } else if (result == SIM_PARSE_MALFORMED) {
        sim_host_count(h, SIM_C_MALFORMED, NULL, "");
    } else if (result == SIM_PARSE_CHECKSUM) {
        sim_host_count(h, SIM_C_CHECKSUM, &seg, "");
    } else if (!owns(h, &seg.dst)) {
        sim_host_count(h, SIM_C_STRAY_ADDRESS, &seg, "");
    } else {
        c = sim_host_find(h, &seg.dst, seg.dport, &seg.src, seg.sport);
        l = sim_host_listener(h, seg.dport);
        if (c != NULL && c->state == SIM_TIME_WAIT && l != NULL &&
            (seg.flags & (SIM_SYN | SIM_ACK | SIM_RST)) == SIM_SYN && may_reuse(c, &seg)) {
            sim_tcp_close(c, SIM_E_NONE);
            c = NULL;
        }
        if (c != NULL)
            sim_tcp_input(c, &seg);
        else if (l != NULL)
            listen_input(h, l, &seg);
        else
            refuse(h, &seg);
    }
    sim_frame_del(frame);
}

static void host_destroy(sim_node *node)
{
    sim_host *h = (sim_host *)node;

    reap(h);
    for (unsigned i = 0; i < SIM_HOST_BUCKETS; i++) {
        while (h->buckets[i] != NULL) {
            sim_tcp *c = h->buckets[i];

            h->buckets[i] = c->next;
            sim_tcp_free(c);
        }
    }
    sim_timer_cancel(&node->world->schedule, &h->reaper);
    free(h);
}

sim_host *sim_host_new(struct sim_world *w, const char *name)
{
    static const sim_node_ops ops = {host_receive, host_destroy};
    sim_host *h = sim_alloc(sizeof(*h));
    sim_rng rng;

    sim_node_init(&h->node, w, name, &ops);
    sim_rng_init(&rng, w->seed, name, 0);
    h->secret = sim_rng_next(&rng);
    sim_timer_init(&h->reaper, reap, h);
    return h;
}

void sim_host_own(sim_host *h, const sim_addr *addr, unsigned bits)
{
    h->prefixes[h->n_prefixes].addr = *addr;
    h->prefixes[h->n_prefixes++].bits = bits;
}

sim_listener *sim_host_listen(sim_host *h, uint16_t port, const sim_tcp_config *cfg,
                              bool (*accept)(void *arg, sim_tcp *c), void *arg)
{
    sim_listener *l = &h->listeners[h->n_listeners++];

    l->port = port;
    l->cfg = *cfg;
    l->accept = accept;
    l->arg = arg;
    return l;
}
