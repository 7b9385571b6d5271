/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/route.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define KEPT_FOR MPCONN_SECOND
#define ADDRESS_MOST 16
#define TCP_CHECKSUM_AT 16

/* A question of one attribute, and room for it. */
typedef struct question {
    struct nlmsghdr header;
    union {
        struct rtmsg route;
        struct ndmsg neighbour;
    } body;
    uint8_t attribute[RTA_SPACE(ADDRESS_MOST)];
} question;

typedef union answer {
    struct nlmsghdr header;
    uint8_t bytes[8192];
} answer;

static size_t address_len(uint8_t family)
{
    return family == MPCONN_FAMILY_IPV6 ? 16 : 4;
}

static uint8_t system_family(uint8_t family)
{
    return family == MPCONN_FAMILY_IPV6 ? AF_INET6 : AF_INET;
}

const char *routes_open(routes *r)
{
    const int on = 1;

    memset(r, 0, sizeof(*r));
    r->netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    r->raw4 = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);
    r->raw6 = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);
    if (r->netlink < 0)
        return "netlink socket";
    if (r->raw4 < 0 || setsockopt(r->raw4, IPPROTO_IP, IP_HDRINCL, &on, sizeof(on)) != 0)
        return "raw socket";
    return r->raw6 < 0 && errno != EAFNOSUPPORT ? "raw socket of IPv6" : NULL;
}

void routes_close(routes *r)
{
    const int fds[] = { r->netlink, r->raw4, r->raw6 };
    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
}

/* Questions */

/* The kernel answers at once. Returns the bytes of the answer's body, or -1. */
static ptrdiff_t ask(routes *r, question *q, uint16_t type, size_t body_len, uint16_t attribute,
                     const mpconn_addr *value, size_t value_len, answer *a)
{
    struct rtattr *at = (struct rtattr *)((uint8_t *)&q->body + body_len);

    at->rta_type = attribute;
    at->rta_len = (uint16_t)RTA_LENGTH(value_len);
    memcpy(RTA_DATA(at), value->bytes, value_len);
    q->header.nlmsg_type = type;
    q->header.nlmsg_flags = NLM_F_REQUEST;
    q->header.nlmsg_seq = ++r->asked;
    q->header.nlmsg_len = (uint32_t)(NLMSG_LENGTH(body_len) + RTA_SPACE(value_len));
    if (send(r->netlink, q, q->header.nlmsg_len, 0) < 0)
        return -1;
    for (;;) {
        ssize_t n = recv(r->netlink, a->bytes, sizeof(a->bytes), 0);
        if (n < 0 || !NLMSG_OK(&a->header, (size_t)n))
            return -1;
        if (a->header.nlmsg_seq != r->asked)
            continue; /* of a question given up before */
        if (a->header.nlmsg_type == NLMSG_ERROR)
            return -1;
        return (ptrdiff_t)NLMSG_PAYLOAD(&a->header, body_len);
    }
}

static const struct rtattr *find_attribute(const struct rtattr *at, ptrdiff_t len, uint16_t type)
{
    for (; RTA_OK(at, len); at = RTA_NEXT(at, len)) {
        if (at->rta_type == type)
            return at;
    }
    return NULL;
}

/* Which interface leads to an address, and who is next on the way: `hop`, which may be the
 * address itself. */
static bool find_route(routes *r, uint8_t family, const mpconn_addr *to, int *ifindex,
                       mpconn_addr *hop)
{
    const size_t len = address_len(family);
    question q = { .body.route = { .rtm_family = system_family(family),
                                   .rtm_dst_len = (uint8_t)(8 * len) } };
    answer a;
    ptrdiff_t left = ask(r, &q, RTM_GETROUTE, sizeof(q.body.route), RTA_DST, to, len, &a);
    const struct rtmsg *route = NLMSG_DATA(&a.header);

    if (left < 0 || route->rtm_type != RTN_UNICAST)
        return false;
    const struct rtattr *out = find_attribute(RTM_RTA(route), left, RTA_OIF);
    const struct rtattr *gateway = find_attribute(RTM_RTA(route), left, RTA_GATEWAY);
    if (!out)
        return false;
    memcpy(ifindex, RTA_DATA(out), sizeof(*ifindex));
    *hop = *to;
    if (gateway)
        memcpy(hop->bytes, RTA_DATA(gateway), len);
    return true;
}

/* The station of a neighbour, if the kernel knows it. */
static bool find_station(routes *r, uint8_t family, int ifindex, const mpconn_addr *hop,
                         uint8_t station[ETH_ALEN])
{
    question q = { .body.neighbour = { .ndm_family = system_family(family),
                                       .ndm_ifindex = ifindex } };
    answer a;
    ptrdiff_t left = ask(r, &q, RTM_GETNEIGH, sizeof(q.body.neighbour), NDA_DST, hop,
                         address_len(family), &a);
    const struct ndmsg *neighbour = NLMSG_DATA(&a.header);

    if (left < 0 || (neighbour->ndm_state & (NUD_INCOMPLETE | NUD_FAILED | NUD_NOARP)))
        return false;
    const uint8_t *first = (const uint8_t *)neighbour + NLMSG_ALIGN(sizeof(*neighbour));
    const struct rtattr *at = find_attribute((const struct rtattr *)(const void *)first, left,
                                             NDA_LLADDR);
    if (!at || RTA_PAYLOAD(at) != ETH_ALEN)
        return false;
    memcpy(station, RTA_DATA(at), ETH_ALEN);
    return true;
}

/* The interface's own station. */
static bool find_self(const routes *r, int ifindex, uint8_t station[ETH_ALEN])
{
    struct ifreq query = { 0 };

    if (!if_indextoname((unsigned)ifindex, query.ifr_name) ||
        ioctl(r->raw4, SIOCGIFHWADDR, &query) != 0)
        return false;
    memcpy(station, query.ifr_hwaddr.sa_data, ETH_ALEN);
    return true;
}

/* The type is set for every packet that leaves. */
static bool look_up(routes *r, route_entry *e)
{
    mpconn_addr hop;

    e->l2.len = ETH_HLEN;
    return find_route(r, e->family, &e->to, &e->ifindex, &hop) &&
           find_station(r, e->family, e->ifindex, &hop, e->l2.bytes) &&
           find_self(r, e->ifindex, e->l2.bytes + ETH_ALEN);
}

/* Packets */

/* Where a packet goes. */
static uint8_t destination(mpconn_addr *to, const mpconn_pkt *pkt)
{
    memset(to, 0, sizeof(*to));
    if (pkt->data[0] >> 4 == 4) {
        memcpy(to->bytes, pkt->data + offsetof(struct iphdr, daddr), 4);
        return MPCONN_FAMILY_IPV4;
    }
    memcpy(to->bytes, pkt->data + offsetof(struct ip6_hdr, ip6_dst), 16);
    return MPCONN_FAMILY_IPV6;
}

static route_entry *slot(routes *r, const mpconn_addr *to)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < sizeof(to->bytes); i++)
        h = (h ^ to->bytes[i]) * 16777619u;
    return &r->known[h % ROUTE_SLOTS];
}

const route_entry *routes_find(routes *r, const mpconn_pkt *pkt, mpconn_time now)
{
    mpconn_addr to;
    uint8_t family = destination(&to, pkt);
    route_entry *e = slot(r, &to);

    if (e->family == family && memcmp(&e->to, &to, sizeof(to)) == 0 && now < e->until)
        return e;
    *e = (route_entry){ .to = to, .family = family, .until = now + KEPT_FOR };
    if (look_up(r, e))
        return e;
    e->family = 0;
    return NULL;
}

/* Its sum so far is that of the pseudo header (RFC 9293 3.1). */
static void finish_checksum(uint8_t *tcp, size_t len)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < len; i++)
        sum += i % 2 ? tcp[i] : (uint32_t)tcp[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    tcp[TCP_CHECKSUM_AT] = (uint8_t)(~sum >> 8);
    tcp[TCP_CHECKSUM_AT + 1] = (uint8_t)~sum;
}

bool routes_send(routes *r, const frame *f)
{
    const mpconn_pkt *pkt = &f->pkt;
    struct sockaddr_in to4 = { .sin_family = AF_INET };
    struct sockaddr_in6 to6 = { .sin6_family = AF_INET6 };
    mpconn_addr to;

    if (f->ext.gso_size)
        return false;
    if (pkt->flags & MPCONN_PKT_F_CSUM_PARTIAL)
        finish_checksum(pkt->data + f->ext.l4_offset, pkt->len - f->ext.l4_offset);
    if (destination(&to, pkt) == MPCONN_FAMILY_IPV4) {
        memcpy(&to4.sin_addr, to.bytes, 4);
        return sendto(r->raw4, pkt->data, pkt->len, MSG_DONTWAIT, (const struct sockaddr *)&to4,
                      sizeof(to4)) >= 0;
    }
    memcpy(&to6.sin6_addr, to.bytes, 16);
    return sendto(r->raw6, pkt->data, pkt->len, MSG_DONTWAIT, (const struct sockaddr *)&to6,
                  sizeof(to6)) >= 0;
}
