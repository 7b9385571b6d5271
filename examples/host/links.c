/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/links.h"

#include <net/ethernet.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <stdlib.h>
#include <string.h>

#define INDEX_SLOTS (1u << 16)
#define CACHE_SLOTS (1u << 14)
/* So many links are looked at for one that is old enough, each time that one is wanted. */
#define LINKS_LOOKED_AT 16

typedef struct known_link {
    link_entry entry;
    uint32_t used; /* when, in seconds */
    uint16_t next; /* with this hash; 0: none */
} known_link;

/* An address and the header to use for it: its own copy, so that it needs no number. */
typedef struct way {
    mpconn_addr to;
    uint16_t zone;
    link_entry entry; /* of no length: the slot is empty */
} way;

typedef struct station {
    uint8_t address[ETH_ALEN];
    uint16_t vlan;
    uint16_t port;
    uint32_t seen; /* when, in seconds */
    bool used;
} station;

struct links {
    uint32_t now; /* in seconds */
    uint32_t n;
    uint32_t hand; /* the link that was looked at last for one that is old enough */
    known_link known[LINKS_MAX + 1]; /* [0] is not used */
    uint16_t index[INDEX_SLOTS];           /* by hash, the first; 0: none */
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

void links_tell_time(links *l, mpconn_time now)
{
    l->now = (uint32_t)(now / MPCONN_SECOND);
}

uint32_t links_count(const links *l)
{
    return l->n;
}

static bool holds_tcp_or_icmp_v4(const mpconn_pkt *pkt)
{
    const uint8_t protocol = pkt->data[offsetof(struct iphdr, protocol)];
    return protocol == IPPROTO_TCP || protocol == IPPROTO_ICMP;
}

/* Extension headers may have either behind them. */
static bool holds_tcp_or_icmp_v6(const mpconn_pkt *pkt)
{
    switch (pkt->data[offsetof(struct ip6_hdr, ip6_nxt)]) {
    case IPPROTO_TCP:
    case IPPROTO_ICMPV6:
    case IPPROTO_HOPOPTS:
    case IPPROTO_ROUTING:
    case IPPROTO_FRAGMENT:
    case IPPROTO_AH:
    case IPPROTO_DSTOPTS:
        return true;
    default:
        return false;
    }
}

bool links_may_be_kept(const frame *f)
{
    const mpconn_pkt *pkt = &f->pkt;

    if (!frame_is_ip(f))
        return false;
    if (pkt->len >= sizeof(struct iphdr) && pkt->data[0] >> 4 == 4)
        return holds_tcp_or_icmp_v4(pkt);
    return pkt->len >= sizeof(struct ip6_hdr) && pkt->data[0] >> 4 == 6 &&
           holds_tcp_or_icmp_v6(pkt);
}

static uint16_t *chain_of(links *l, uint16_t port, const l2_header *l2)
{
    uint32_t h = hash_bytes(HASH_START, l2->bytes, l2->len);
    return &l->index[hash_bytes(h, &port, sizeof(port)) % INDEX_SLOTS];
}

static void unlink_number(links *l, uint32_t number)
{
    const known_link *k = &l->known[number];
    uint16_t *at = chain_of(l, k->entry.port, &k->entry.l2);

    while (*at != number)
        at = &l->known[*at].next;
    *at = k->next;
}

/* A number that was never given, or one that no flow can have any more; else 0. */
static uint32_t free_number(links *l)
{
    if (l->n < LINKS_MAX)
        return ++l->n;
    for (unsigned i = 0; i < LINKS_LOOKED_AT; i++) {
        l->hand = l->hand % LINKS_MAX + 1;
        if (l->now - l->known[l->hand].used > LINK_LIFE_SECONDS) {
            unlink_number(l, l->hand);
            return l->hand;
        }
    }
    return 0;
}

uint32_t links_number(links *l, uint8_t side, uint16_t port, const l2_header *l2)
{
    uint16_t *chain = chain_of(l, port, l2);
    uint32_t number = *chain;

    while (number && !same_link(&l->known[number].entry, side, port, l2))
        number = l->known[number].next;
    if (!number && (number = free_number(l))) {
        /* the chain may have lost one to this */
        l->known[number] = (known_link){ .entry = { *l2, port, side }, .next = *chain };
        *chain = (uint16_t)number;
    }
    if (!number)
        return LINK_BY_ADDRESS;
    l->known[number].used = l->now;
    return number;
}

const link_entry *links_use(links *l, uint32_t number)
{
    if (number == MPCONN_LINK_NONE || number > l->n)
        return NULL;
    l->known[number].used = l->now;
    return &l->known[number].entry;
}

bool links_out(links *l, uint32_t number, uint8_t side, link_entry *out)
{
    const link_entry *from = links_use(l, number);

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
    l->ways[way_slot(&to, f->zone, side)] = (way){ to, f->zone, { f->l2, out_port, side } };
}

/* NULL when there is none. */
static const way *find_way(const links *l, const mpconn_addr *to, uint16_t zone, uint8_t side)
{
    const way *w = &l->ways[way_slot(to, zone, side)];
    return w->entry.l2.len && w->zone == zone && w->entry.side == side &&
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
    l->ways[way_slot(to, zone, side)] = (way){ *to, zone, from->entry };
}

const link_entry *links_find_way(const links *l, const mpconn_pkt *pkt)
{
    mpconn_addr to;
    const way *w =
        destination(&to, pkt) ? find_way(l, &to, (uint16_t)pkt->zone, pkt->side) : NULL;
    return w ? &w->entry : NULL;
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
    s->seen = l->now;
    s->used = true;
}

void links_forget_stations(links *l, uint16_t port)
{
    for (size_t i = 0; i < CACHE_SLOTS; i++) {
        if (l->stations[i].port == port)
            l->stations[i].used = false;
    }
}

uint16_t links_find_station(const links *l, const l2_header *to)
{
    const uint16_t vlan = l2_vlan(to);
    const station *s = &l->stations[station_slot(to->bytes, vlan)];
    if (!s->used || l->now - s->seen > STATION_LIFE_SECONDS || s->vlan != vlan ||
        memcmp(s->address, to->bytes, ETH_ALEN) != 0)
        return LINK_PORT_ALL;
    return s->port;
}
