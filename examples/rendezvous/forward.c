/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A packet leaves by its link: back to where frames of that client came from, which may be another
 * router than this host would choose. A client that called another member has no link here; then
 * the kernel's routes and neighbours say where to send, or the kernel itself does.
 */
#include "host/wait.h"
#include "rendezvous/broker.h"

#include <net/if.h>

void broker_learn(void *user, frame *f)
{
    broker *b = user;
    l2_header back;

    l2_reverse(&back, &f->l2);
    if (links_may_be_kept(f))
        f->in_link = links_number(b->run.links, f->in_side, f->in_port, &back);
    f->pkt.link = f->in_link;
}

static port *port_of(broker *b, int ifindex)
{
    for (size_t i = 0; i < b->run.n_ports; i++) {
        if (b->run.ports[i].ifindex == ifindex)
            return &b->run.ports[i];
    }
    return NULL;
}

static bool send_by_route(broker *b, const frame *f)
{
    const route_entry *route = routes_find(&b->routes, &f->pkt, host_now());
    port *p = route ? port_of(b, route->ifindex) : NULL;

    if (!p)
        return false;
    port_queue(p, &route->l2, f);
    return true;
}

void broker_send(void *user, frame *f)
{
    broker *b = user;
    const link_entry *way = links_use(b->run.links, f->pkt.link);

    if (way) {
        port_queue(&b->run.ports[way->port], &way->l2, f);
        b->by_link++;
    } else if (send_by_route(b, f)) {
        b->by_route++;
    } else if (routes_send(&b->routes, f)) {
        b->by_kernel++;
    } else {
        b->no_way++;
    }
}

/* RFC 1624 (eqn. 3), where the upper byte of a word loses one. */
static void decrement_ttl(uint8_t *ip)
{
    uint32_t sum = (uint32_t)(ip[10] << 8 | ip[11]) + 0x0100;

    sum += sum >> 16;
    ip[8]--;
    ip[10] = (uint8_t)(sum >> 8);
    ip[11] = (uint8_t)sum;
}

/* Whoever is the next hop of an address counts as a router does (RFC 1812 5.3.1, RFC 8200 3): two
 * brokers whose terminations call one another must not hand a segment to and fro for ever. */
static bool count_hop(mpconn_pkt *p)
{
    bool is_ipv4 = p->data[0] >> 4 == 4;

    if (p->data[is_ipv4 ? 8 : 7] <= 1)
        return false;
    if (is_ipv4)
        decrement_ttl(p->data);
    else
        p->data[7]--;
    return true;
}

void broker_forward(void *user, frame *f)
{
    if (count_hop(&f->pkt))
        broker_send(user, f);
    else
        ((broker *)user)->too_far++;
}

void broker_bridge(void *user, frame *f)
{
    (void)user;
    (void)f; /* not even heard */
}
