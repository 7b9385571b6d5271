/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/links.h"

#include <net/ethernet.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <stdlib.h>
#include <string.h>

#define INDEX_SLOTS (1u << 17) /* twice the links there can be */
#define CACHE_SLOTS (1u << 14)

/* An address and the link to use for it. */
typedef struct way {
    mpconn_addr to;
    uint16_t zone;
    uint16_t link; /* MPCONN_LINK_NONE: the slot is empty */
    uint8_t side;
} way;

typedef struct station {
    uint8_t address[ETH_ALEN];
    uint16_t vlan;
    uint16_t port;
    bool used;
} station;

struct links {
    uint32_t n;
    link_entry entries[MPCONN_LINK_MAX + 1]; /* [0] is not used */
    uint16_t index[INDEX_SLOTS];             /* by hash, the next slot on collision; 0 = empty */
    way ways[CACHE_SLOTS];
    station stations[CACHE_SLOTS];
};

links *links_new(void)
{
    return calloc(1, sizeof(links));
}

void links_del(links *l)
{
    free(l);
}

/* FNV-1a. Who can send frames on our wires can make collisions; it costs them a longer search. */
static uint32_t hash_bytes(uint32_t h, const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    for (size_t i = 0; i < len; i++)
        h = (h ^ p[i]) * 16777619u;
    return h;
}

#define HASH_START 2166136261u

static bool same_link(const link_entry *e, uint8_t side, uint16_t port, const l2_header *l2)
{
    return e->side == side && e->port == port && e->l2.len == l2->len &&
           memcmp(e->l2.bytes, l2->bytes, l2->len) == 0;
}

uint32_t links_number(links *l, uint8_t side, uint16_t port, const l2_header *l2)
{
    uint32_t at = hash_bytes(HASH_START, l2->bytes, l2->len);
    at = hash_bytes(at, &port, sizeof(port)) % INDEX_SLOTS;
    for (; l->index[at]; at = (at + 1) % INDEX_SLOTS) {
        if (same_link(&l->entries[l->index[at]], side, port, l2))
            return l->index[at];
    }
    if (l->n == MPCONN_LINK_MAX)
        return MPCONN_LINK_NONE;
    l->n++;
    l->index[at] = (uint16_t)l->n;
    l->entries[l->n] = (link_entry){ *l2, port, side };
    return l->n;
}

const link_entry *links_find(const links *l, uint32_t number)
{
    return number > 0 && number <= l->n ? &l->entries[number] : NULL;
}

bool links_out(const links *l, uint32_t number, uint8_t side, link_entry *out)
{
    const link_entry *from = links_find(l, number);

    if (!from)
        return false;
    *out = *from;
    if (side == from->side)
        return true;
    l2_reverse(&out->l2, &from->l2);
    out->side = side;
    out->port = links_find_station(l, &out->l2);
    return true;
}

/* The packet's destination. False when there is none to read. */
static bool destination(mpconn_addr *to, const mpconn_pkt *pkt)
{
    memset(to, 0, sizeof(*to));
    if (pkt->len >= sizeof(struct iphdr) && pkt->data[0] >> 4 == 4)
        memcpy(to->bytes, pkt->data + offsetof(struct iphdr, daddr), 4);
    else if (pkt->len >= sizeof(struct ip6_hdr) && pkt->data[0] >> 4 == 6)
        memcpy(to->bytes, pkt->data + offsetof(struct ip6_hdr, ip6_dst), 16);
    else
        return false;
    return true;
}

static uint32_t way_slot(const mpconn_addr *to, uint16_t zone, uint8_t side)
{
    uint32_t h = hash_bytes(HASH_START, to, sizeof(*to));
    h = hash_bytes(h, &zone, sizeof(zone));
    return hash_bytes(h, &side, 1) % CACHE_SLOTS;
}

void links_learn_way(links *l, const frame *f, uint16_t out_port)
{
    mpconn_addr to;
    uint8_t side = !f->in_side;

    if (!destination(&to, &f->pkt))
        return;
    way *w = &l->ways[way_slot(&to, f->zone, side)];
    w->to = to;
    w->zone = f->zone;
    w->side = side;
    w->link = (uint16_t)links_number(l, side, out_port, &f->l2);
}

/* NULL when there is none. */
static const way *find_way(const links *l, const mpconn_addr *to, uint16_t zone, uint8_t side)
{
    const way *w = &l->ways[way_slot(to, zone, side)];
    return w->link != MPCONN_LINK_NONE && w->zone == zone && w->side == side &&
                   memcmp(&w->to, to, sizeof(*to)) == 0
               ? w
               : NULL;
}

void links_learn_like(links *l, uint16_t zone, uint8_t side, const mpconn_addr *to,
                      const mpconn_addr *other)
{
    const way *from = find_way(l, other, zone, side);
    if (!from || find_way(l, to, zone, side))
        return;
    l->ways[way_slot(to, zone, side)] = (way){ *to, zone, from->link, side };
}

const link_entry *links_find_way(const links *l, const mpconn_pkt *pkt)
{
    mpconn_addr to;
    const way *w =
        destination(&to, pkt) ? find_way(l, &to, (uint16_t)pkt->zone, pkt->side) : NULL;
    return w ? links_find(l, w->link) : NULL;
}

static uint32_t station_slot(const uint8_t *address, uint16_t vlan)
{
    return hash_bytes(hash_bytes(HASH_START, address, ETH_ALEN), &vlan, sizeof(vlan)) % CACHE_SLOTS;
}

void links_learn_station(links *l, const frame *f)
{
    const uint8_t *from = f->l2.bytes + ETH_ALEN;
    if (from[0] & 1) /* a group never sends */
        return;
    station *s = &l->stations[station_slot(from, f->vlan)];
    memcpy(s->address, from, ETH_ALEN);
    s->vlan = f->vlan;
    s->port = f->in_port;
    s->used = true;
}

uint16_t links_find_station(const links *l, const l2_header *to)
{
    const uint16_t vlan = l2_vlan(to);
    const station *s = &l->stations[station_slot(to->bytes, vlan)];
    if (!s->used || s->vlan != vlan || memcmp(s->address, to->bytes, ETH_ALEN) != 0)
        return LINK_PORT_ALL;
    return s->port;
}
