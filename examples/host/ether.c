/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/ether.h"

#include <ctype.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <netinet/ether.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#define MAC_TEXT 17 /* characters of an address */
#define WRONG "expected IFACE or IFACE:TYPE, where TYPE is 0x88b5 or 0x88b6"

static struct sockaddr_ll *link_address(channel_address *a)
{
    return (struct sockaddr_ll *)&a->at;
}

static bool parse_type(uint16_t *type, const char *text)
{
    char *end;
    unsigned long n = strtoul(text, &end, 16);

    *type = (uint16_t)n;
    return strncmp(text, "0x", 2) == 0 && *end == '\0' && (n == ETHER_TYPE || n == ETHER_TYPE + 1);
}

static void begin_address(channel_address *a)
{
    memset(a, 0, sizeof(*a));
    a->len = sizeof(struct sockaddr_ll);
    link_address(a)->sll_family = AF_PACKET;
    link_address(a)->sll_halen = ETH_ALEN;
}

const char *ether_parse(channel_config *out, const char *text)
{
    const size_t len = strcspn(text, ":");
    uint16_t type = ETHER_TYPE;

    if (len == 0 || len >= sizeof(out->interface))
        return WRONG;
    if (text[len] && !parse_type(&type, text + len + 1))
        return WRONG;
    memcpy(out->interface, text, len);
    out->interface[len] = '\0';
    if (if_nametoindex(out->interface) == 0)
        return "no such interface";
    begin_address(&out->address);
    link_address(&out->address)->sll_protocol = htons(type);
    return NULL;
}

/* ether_aton() takes less, and more. */
static bool has_six_pairs(const char *text)
{
    for (size_t i = 0; i < MAC_TEXT; i++) {
        if (i % 3 == 2 ? text[i] != ':' : !isxdigit((unsigned char)text[i]))
            return false;
    }
    return text[MAC_TEXT] == '\0';
}

bool ether_parse_station(channel_address *out, const char *text)
{
    struct ether_addr address;

    if (!has_six_pairs(text) || !ether_aton_r(text, &address) ||
        (address.ether_addr_octet[0] & 1)) /* a group */
        return false;
    begin_address(out);
    memcpy(link_address(out)->sll_addr, &address, ETH_ALEN);
    return true;
}

void ether_make_group(channel_config *config)
{
    config->kind = CHANNEL_ETHER_ALL;
    memset(link_address(&config->address)->sll_addr, 0xff, ETH_ALEN);
}

/* The kernel looks at what a frame was sent to, and each datagram comes in by one channel. What
 * it saw only because somebody listens to the whole wire is for neither, and so are the frames of
 * a VLAN. */
static bool hear_only(int fd, uint8_t packet_type)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, packet_type, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    const struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0;
}

const char *ether_open(channel *c)
{
    const bool to_all = c->config.kind == CHANNEL_ETHER_ALL;
    struct sockaddr_ll *here = link_address(&c->config.address), bound;
    socklen_t len = sizeof(bound);

    if (!hear_only(c->fd, to_all ? PACKET_BROADCAST : PACKET_HOST))
        return "filter";
    here->sll_ifindex = (int)if_nametoindex(c->config.interface);
    if (bind(c->fd, (const struct sockaddr *)here, sizeof(*here)) != 0)
        return "bind";
    if (getsockname(c->fd, (struct sockaddr *)&bound, &len) != 0)
        return "address";
    if (!to_all)
        memcpy(here->sll_addr, bound.sll_addr, ETH_ALEN);
    return NULL;
}

int ether_send(channel *c, const channel_address *to, const uint8_t *bytes, size_t len)
{
    uint8_t length_be[ETHER_LENGTH_BYTES] = { (uint8_t)(len >> 8), (uint8_t)len };
    /* sendmsg() does not write to what it sends */
    struct iovec iov[2] = { { length_be, sizeof(length_be) }, { (void *)(uintptr_t)bytes, len } };
    struct sockaddr_ll at = *link_address(&c->config.address);
    const struct msghdr m = { .msg_name = &at, .msg_namelen = sizeof(at), .msg_iov = iov,
                              .msg_iovlen = 2 };

    memcpy(at.sll_addr, ((const struct sockaddr_ll *)&to->at)->sll_addr, ETH_ALEN);
    return sendmsg(c->fd, &m, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

ptrdiff_t ether_receive(channel *c, uint8_t *bytes, size_t cap, channel_address *from)
{
    uint8_t length_be[ETHER_LENGTH_BYTES];
    struct iovec iov[2] = { { length_be, sizeof(length_be) }, { bytes, cap } };
    struct msghdr m = { .msg_name = &from->at, .msg_namelen = sizeof(from->at), .msg_iov = iov,
                        .msg_iovlen = 2 };
    ssize_t n = recvmsg(c->fd, &m, 0);

    if (n < 0)
        return -1;
    from->len = m.msg_namelen;
    size_t len = (size_t)(length_be[0] << 8 | length_be[1]);
    /* What does not hold what it says is no frame of a member: nothing is left of it. */
    return n >= ETHER_LENGTH_BYTES && len <= (size_t)n - ETHER_LENGTH_BYTES ? (ptrdiff_t)len : 0;
}
