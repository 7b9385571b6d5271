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

/* Both are of one size, so that what follows them stands at one place. */
typedef union body {
    struct rtmsg route;
    struct ndmsg neighbour;
} body;

_Static_assert(sizeof(struct rtmsg) == sizeof(body) && sizeof(struct ndmsg) == sizeof(body),
               "one place for attributes");

/* A question has one attribute. */
typedef struct question {
    struct nlmsghdr header;
    body body;
    struct rtattr attribute;
    uint8_t value[ADDRESS_MOST];
} question;

typedef struct answer {
    struct nlmsghdr header;
    body body;
    uint8_t attributes[8192];
    size_t len; /* of these */
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

/* The kernel answers at once. Whether it knows. */
static bool ask(routes *r, question *q, uint16_t type, uint16_t attribute,
                const mpconn_addr *value, size_t value_len, answer *a)
{
    const size_t head = offsetof(answer, attributes);

    q->attribute.rta_type = attribute;
    q->attribute.rta_len = (uint16_t)(sizeof(q->attribute) + value_len);
    memcpy(q->value, value->bytes, value_len);
    q->header.nlmsg_type = type;
    q->header.nlmsg_flags = NLM_F_REQUEST;
    q->header.nlmsg_seq = ++r->asked;
    q->header.nlmsg_len = (uint32_t)(offsetof(question, value) + value_len);
    if (send(r->netlink, q, q->header.nlmsg_len, 0) < 0)
        return false;
    do { /* an older one is of a question that was given up */
        ssize_t n = recv(r->netlink, a, offsetof(answer, len), 0);
        if (n < (ssize_t)sizeof(a->header))
            return false;
        a->len = (size_t)n > head ? (size_t)n - head : 0;
    } while (a->header.nlmsg_seq != r->asked);
    return a->header.nlmsg_type != NLMSG_ERROR;
}

/* What an attribute says in `len` bytes. False when it is not there, or of another length. */
static bool read_attribute(const answer *a, uint16_t type, void *out, size_t len)
{
    struct rtattr at;

    for (size_t i = 0; i + sizeof(at) <= a->len; i += RTA_ALIGN(at.rta_len)) {
        memcpy(&at, a->attributes + i, sizeof(at));
        if (at.rta_len < sizeof(at) || at.rta_len > a->len - i)
            return false;
        if (at.rta_type != type)
            continue;
        if (at.rta_len != sizeof(at) + len)
            return false;
        memcpy(out, a->attributes + i + sizeof(at), len);
        return true;
    }
    return false;
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

    if (!ask(r, &q, RTM_GETROUTE, RTA_DST, to, len, &a) || a.body.route.rtm_type != RTN_UNICAST)
        return false;
    *hop = *to;
    (void)read_attribute(&a, RTA_GATEWAY, hop->bytes, len);
    return read_attribute(&a, RTA_OIF, ifindex, sizeof(*ifindex));
}

/* The station of a neighbour, if the kernel knows it. */
static bool find_station(routes *r, uint8_t family, int ifindex, const mpconn_addr *hop,
                         uint8_t station[ETH_ALEN])
{
    question q = { .body.neighbour = { .ndm_family = system_family(family),
                                       .ndm_ifindex = ifindex } };
    answer a;

    return ask(r, &q, RTM_GETNEIGH, NDA_DST, hop, address_len(family), &a) &&
           !(a.body.neighbour.ndm_state & (NUD_INCOMPLETE | NUD_FAILED | NUD_NOARP)) &&
           read_attribute(&a, NDA_LLADDR, station, ETH_ALEN);
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
