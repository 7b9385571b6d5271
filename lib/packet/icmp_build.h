/* SPDX-License-Identifier: BSD-2-Clause */
/* ICMP and ICMPv6 errors about a segment, as a router would send them. */
#ifndef MPCI_PACKET_ICMP_BUILD_H
#define MPCI_PACKET_ICMP_BUILD_H

#include "packet/build.h"

/* Longest message that is made: what any IPv6 path carries (RFC 4443 2.4c). */
enum { MPCI_ICMP_ERROR_MAX = 1280 };

/* "Fragmentation needed" (RFC 792, RFC 1191 4) or "packet too big" (RFC 4443 3.2) for the sender of
 * a segment, in the name of its receiver. The message quotes the segment as it is now, as far as
 * its bytes are there and the message may be long; its body points into the segment. */
mpci_icmp mpci_icmp_too_big(const mpci_view *v, const mpconn_pkt *pkt, uint32_t mtu,
                            uint8_t hop_limit);

/* The smallest a link may have: RFC 791 3.2, RFC 8200 5. */
static inline uint32_t mpci_icmp_least_mtu(unsigned family)
{
    return family == MPCONN_FAMILY_IPV4 ? 68 : 1280;
}

/* The MTU that such a message tells; 0 for any other packet. */
uint32_t mpci_icmp_told_mtu(const mpci_view *v);

#endif
