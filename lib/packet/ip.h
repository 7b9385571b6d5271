/* SPDX-License-Identifier: BSD-2-Clause */
/* The IP header and what stands between it and the transport header. Shared by packets and by the
 * quotes of ICMP errors, so nothing here compares the header's length with that of the packet. */
#ifndef MPCI_PACKET_IP_H
#define MPCI_PACKET_IP_H

#include <mpconn/packet.h>
#include <mpconn/reason.h>

enum { MPCI_IPV4_HEADER_LEN = 20, MPCI_IPV6_HEADER_LEN = 40 };

enum { MPCI_PROTO_ICMP = 1, MPCI_PROTO_TCP = 6, MPCI_PROTO_ICMPV6 = 58 };

/* IPv6 extension headers that may stand before what is judged (E28). */
enum { MPCI_IP_EXTENSIONS_MAX = 8 };

enum mpci_ip_fragment {
    MPCI_IP_WHOLE = 0,
    MPCI_IP_FIRST, /* offset 0, more follow */
    MPCI_IP_LATER
};

typedef struct mpci_ip {
    uint32_t claimed_len;    /* of the packet, by its header */
    uint16_t l4_offset;
    uint16_t fragment_bytes; /* offset of the fragment */
    uint32_t fragment_id;    /* what its parts have in common; 0 when it is whole */
    uint8_t length_unset;    /* 1 when the length field is 0: the length is for the host to tell */
    uint8_t family;          /* mpconn_family */
    uint8_t proto;           /* of what begins at l4_offset */
    uint8_t fragment;        /* mpci_ip_fragment */
    uint8_t more_follow;     /* 1 when it is not the last one */
} mpci_ip;

/* Read the header from `avail` bytes. 0, or the reason; then `fragment` and `family` tell how far
 * it came. */
unsigned mpci_ip_parse(mpci_ip *ip, const uint8_t *data, uint32_t avail);

/* Does an extension header begin at l4_offset? Only of a fragment that is not the first. */
int mpci_ip_has_more_headers(const mpci_ip *ip);

/* May routers cut the packet into fragments? */
int mpci_ip_may_be_cut(unsigned family, const uint8_t *ip);

/* Source and destination, network order, 4 or 16 bytes. */
static inline const uint8_t *mpci_ip_src(unsigned family, const uint8_t *ip)
{
    return ip + (family == MPCONN_FAMILY_IPV4 ? 12 : 8);
}

static inline const uint8_t *mpci_ip_dst(unsigned family, const uint8_t *ip)
{
    return ip + (family == MPCONN_FAMILY_IPV4 ? 16 : 24);
}

/* The field that tells the length: of the packet, or of what follows an IPv6 header. */
static inline uint8_t *mpci_ip_length_field(unsigned family, uint8_t *ip)
{
    return ip + (family == MPCONN_FAMILY_IPV4 ? 2 : 4);
}

static inline unsigned mpci_ip_addr_len(unsigned family)
{
    return family == MPCONN_FAMILY_IPV4 ? 4 : 16;
}

#endif
