/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/datagram.h"

#include "host/ether.h"

#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <string.h>

enum { ETHERNET = 14, IP4 = 20, IP6 = 40, UDP = 8, MOST = 65507, HOPS = 64 };

static void put16(uint8_t *p, size_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

/* Address and port; zeros for an address that is not known, or of the other family. */
static void put_end(uint8_t *address, uint8_t *port, const channel_address *a, sa_family_t family)
{
    if (a->len == 0 || a->at.ss_family != family)
        return;
    if (family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&a->at;
        memcpy(address, &in6->sin6_addr, 16);
        memcpy(port, &in6->sin6_port, 2);
    } else {
        const struct sockaddr_in *in4 = (const struct sockaddr_in *)&a->at;
        memcpy(address, &in4->sin_addr, 4);
        memcpy(port, &in4->sin_port, 2);
    }
}

static void ether_frame(frame *f, const channel_address *from, const channel_address *to,
                        const uint8_t *bytes, size_t len)
{
    const struct sockaddr_ll *source = (const struct sockaddr_ll *)&from->at;
    const struct sockaddr_ll *target = (const struct sockaddr_ll *)&to->at;

    memset(f->l2.bytes, 0, ETHERNET);
    f->l2.len = ETHERNET;
    memcpy(f->l2.bytes, target->sll_addr, ETH_ALEN);
    if (!(source->sll_addr[0] & 1)) /* the channel to all stations has no address of its own */
        memcpy(f->l2.bytes + ETH_ALEN, source->sll_addr, ETH_ALEN);
    memcpy(f->l2.bytes + 2 * ETH_ALEN, &source->sll_protocol, sizeof(source->sll_protocol));
    put16(f->pkt.data, len);
    memcpy(f->pkt.data + ETHER_LENGTH_BYTES, bytes, len);
    f->pkt.len = (uint32_t)(ETHER_LENGTH_BYTES + len);
}

/* Checksums stay 0, as where an interface is to fill them in. */
void datagram_frame(frame *f, const channel_address *from, const channel_address *to,
                    const uint8_t *bytes, size_t len)
{
    const sa_family_t family = to->at.ss_family;
    const bool is_6 = family == AF_INET6;
    const size_t ip_len = is_6 ? IP6 : IP4, at = is_6 ? 8 : 12, address_len = is_6 ? 16 : 4;
    uint8_t *ip = f->pkt.data, *udp = ip + ip_len;

    if (len > MOST)
        len = MOST;
    if (family == AF_PACKET) {
        ether_frame(f, from, to, bytes, len);
        return;
    }
    memset(ip, 0, ip_len + UDP);
    memset(f->l2.bytes, 0, ETHERNET);
    f->l2.len = ETHERNET;
    put16(f->l2.bytes + 12, is_6 ? 0x86dd : 0x0800);
    if (is_6) {
        ip[0] = 0x60;
        put16(ip + 4, UDP + len);
        ip[6] = IPPROTO_UDP;
        ip[7] = HOPS;
    } else {
        ip[0] = 0x45;
        put16(ip + 2, IP4 + UDP + len);
        ip[8] = HOPS;
        ip[9] = IPPROTO_UDP;
    }
    put_end(ip + at, udp, from, family);
    put_end(ip + at + address_len, udp + 2, to, family);
    put16(udp + 4, UDP + len);
    memcpy(udp + UDP, bytes, len);
    f->pkt.len = (uint32_t)(ip_len + UDP + len);
}
