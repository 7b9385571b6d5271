/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/channel.h"

#include "host/ether.h"

#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A burst of handshakes is told of in as many datagrams. */
#define CHANNEL_BUFFER (1 << 20)

/* getaddrinfo() takes 65536 for 0. */
static bool is_port(const char *text)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    return isdigit((unsigned char)*text) && !*end && n > 0 && n <= UINT16_MAX;
}

const char *channel_parse_address(channel_address *out, const char *text)
{
    const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                                    .ai_socktype = SOCK_DGRAM };
    const char *wrong = "expected ADDR:PORT, an IPv6 address in brackets";
    struct addrinfo *found;
    char host[128];
    const char *colon = strrchr(text, ':');
    size_t len = colon ? (size_t)(colon - text) : 0;
    bool brackets = len > 2 && text[0] == '[' && text[len - 1] == ']';

    if (len == 0 || len >= sizeof(host) || !is_port(colon + 1))
        return wrong;
    if (!brackets && memchr(text, ':', len))
        return wrong;
    memcpy(host, text, len);
    host[len - brackets] = '\0';
    if (getaddrinfo(host + brackets, colon + 1, &hints, &found) != 0)
        return wrong;
    memcpy(&out->at, found->ai_addr, found->ai_addrlen);
    out->len = found->ai_addrlen;
    freeaddrinfo(found);
    return brackets == (out->at.ss_family == AF_INET6) ? NULL : wrong;
}

static bool is_multicast(const channel_address *a)
{
    if (a->at.ss_family == AF_INET6)
        return IN6_IS_ADDR_MULTICAST(&((const struct sockaddr_in6 *)&a->at)->sin6_addr);
    return IN_MULTICAST(ntohl(((const struct sockaddr_in *)&a->at)->sin_addr.s_addr));
}

/* "ADDR:PORT@IFACE" */
static const char *parse_group(channel_config *out, const char *text)
{
    char address[160];
    const char *at = strrchr(text, '@');
    size_t len = at ? (size_t)(at - text) : 0;

    if (!at || len >= sizeof(address) || strlen(at + 1) >= sizeof(out->interface))
        return "expected ADDR:PORT@IFACE";
    memcpy(address, text, len);
    address[len] = '\0';
    strcpy(out->interface, at + 1);
    if (if_nametoindex(out->interface) == 0)
        return "no such interface";
    return channel_parse_address(&out->address, address);
}

const char *channel_parse(channel_config *out, const char *text)
{
    static const struct {
        const char *prefix;
        channel_kind kind;
    } kinds[] = { { "udp:", CHANNEL_UDP },
                  { "multicast:", CHANNEL_MULTICAST },
                  { "broadcast:", CHANNEL_BROADCAST } };

    memset(out, 0, sizeof(*out));
    if (strncmp(text, "ether:", 6) == 0) {
        out->kind = CHANNEL_ETHER;
        return ether_parse(out, text + 6);
    }
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        size_t len = strlen(kinds[i].prefix);
        if (strncmp(text, kinds[i].prefix, len) != 0)
            continue;
        out->kind = kinds[i].kind;
        const char *wrong = out->kind == CHANNEL_UDP
                                ? channel_parse_address(&out->address, text + len)
                                                     : parse_group(out, text + len);
        if (!wrong && (out->kind == CHANNEL_MULTICAST) != is_multicast(&out->address))
            wrong = out->kind == CHANNEL_MULTICAST ? "not an address of a group"
                                                   : "the address of a group";
        if (!wrong && out->kind == CHANNEL_BROADCAST && out->address.at.ss_family != AF_INET)
            wrong = "only IPv4 has broadcasts";
        return wrong;
    }
    return "expected udp:ADDR:PORT, multicast: or broadcast:ADDR:PORT@IFACE, or ether:IFACE";
}

static bool set(int fd, int level, int name, const void *value, socklen_t len)
{
    return setsockopt(fd, level, name, value, len) == 0;
}

/* Own datagrams do not come back, and nobody beyond the wire gets them. */
static const char *join4(int fd, const struct sockaddr_in *group, int ifindex)
{
    const struct ip_mreqn membership = { .imr_multiaddr = group->sin_addr, .imr_ifindex = ifindex };
    const int off = 0;

    if (!set(fd, IPPROTO_IP, IP_MULTICAST_IF, &membership, sizeof(membership)) ||
        !set(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &off, sizeof(off)))
        return "interface";
    return set(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &membership, sizeof(membership)) ? NULL : "join";
}

static const char *join6(int fd, const struct sockaddr_in6 *group, int ifindex)
{
    const struct ipv6_mreq membership = { .ipv6mr_multiaddr = group->sin6_addr,
                                          .ipv6mr_interface = (unsigned)ifindex };
    const int off = 0;

    if (!set(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &ifindex, sizeof(ifindex)) ||
        !set(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, &off, sizeof(off)))
        return "interface";
    return set(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &membership, sizeof(membership)) ? NULL : "join";
}

static const char *join(const channel *c)
{
    const channel_address *a = &c->config.address;
    const int ifindex = (int)if_nametoindex(c->config.interface), on = 1;

    if (c->config.kind == CHANNEL_UDP)
        return NULL;
    if (!set(c->fd, SOL_SOCKET, SO_BINDTODEVICE, c->config.interface,
             (socklen_t)strlen(c->config.interface)))
        return "interface";
    if (c->config.kind == CHANNEL_BROADCAST)
        return set(c->fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)) ? NULL : "broadcast";
    if (a->at.ss_family == AF_INET6)
        return join6(c->fd, (const struct sockaddr_in6 *)&a->at, ifindex);
    return join4(c->fd, (const struct sockaddr_in *)&a->at, ifindex);
}

static bool is_ether(const channel *c)
{
    return c->config.kind == CHANNEL_ETHER || c->config.kind == CHANNEL_ETHER_ALL;
}

const char *channel_open(channel *c, const channel_config *config)
{
    const channel_address *a = &config->address;
    const int room = CHANNEL_BUFFER;

    memset(c, 0, sizeof(*c));
    c->fd = -1;
    c->config = *config;
    if (config->kind == CHANNEL_NONE)
        return NULL;
    c->fd = socket(a->at.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (c->fd < 0)
        return "socket";
    set(c->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)); /* as much as the system allows */
    if (is_ether(c))
        return ether_open(c);
    const char *failed = join(c);
    if (failed)
        return failed;
    return bind(c->fd, (const struct sockaddr *)&a->at, a->len) == 0 ? NULL : "bind";
}

void channel_close(channel *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

static int udp_send(channel *c, const channel_address *to, const uint8_t *bytes, size_t len)
{
    const struct sockaddr *at = (const struct sockaddr *)&to->at;
    return sendto(c->fd, bytes, len, MSG_NOSIGNAL, at, to->len) < 0 ? -1 : 0;
}

static ptrdiff_t udp_receive(channel *c, uint8_t *bytes, size_t cap, channel_address *from)
{
    from->len = sizeof(from->at);
    return recvfrom(c->fd, bytes, cap, 0, (struct sockaddr *)&from->at, &from->len);
}

int channel_send(channel *c, const channel_address *to, const uint8_t *bytes, size_t len)
{
    int status = is_ether(c) ? ether_send(c, to, bytes, len) : udp_send(c, to, bytes, len);

    c->datagrams_out += status == 0;
    c->failed_out += status != 0;
    return status;
}

ptrdiff_t channel_receive(channel *c, uint8_t *bytes, size_t cap, channel_address *from)
{
    ptrdiff_t n;

    do {
        n = is_ether(c) ? ether_receive(c, bytes, cap, from) : udp_receive(c, bytes, cap, from);
    } while (n < 0 && errno == EINTR);
    c->datagrams_in += n >= 0;
    return n;
}
