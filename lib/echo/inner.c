/* SPDX-License-Identifier: BSD-2-Clause */
#include "echo/inner.h"

#include <mpconn/error.h>

#include "base/byteorder.h"
#include "packet/endpoints.h"
#include "packet/ip.h"
#include "packet/options.h"

enum { LONGEST_PACKET = MPCI_IPV6_HEADER_LEN + UINT16_MAX };

#define FLOW_LABEL UINT32_C(0xfffff)

int mpci_echo_error_of(unsigned reason)
{
    switch (reason) {
    case 0:
        return MPCONN_OK;
    case MPCONN_REASON_TRUNCATED:
        return MPCONN_ERR_TRUNCATED;
    case MPCONN_REASON_BAD_EXTENSION:
    case MPCONN_REASON_FRAGMENT_TWICE:
        return MPCONN_ERR_UNSUPPORTED;
    default:
        return MPCONN_ERR_MALFORMED;
    }
}

/* Depth 1: an echo inside an echo is no session packet. */
static int check_ip(const mpci_ip *ip)
{
    if (ip->fragment != MPCI_IP_WHOLE)
        return MPCONN_ERR_FRAGMENT;
    if (ip->proto != MPCI_PROTO_TCP)
        return MPCONN_ERR_UNSUPPORTED;
    if (ip->length_unset)
        return MPCONN_ERR_MALFORMED;
    /* of IPv6, and longer than any echo, or than one can say of what it has cut */
    return ip->claimed_len > UINT16_MAX ? MPCONN_ERR_UNSUPPORTED : MPCONN_OK;
}

static int check_tcp(const mpci_ip *ip, const uint8_t *packet, size_t avail)
{
    const uint8_t *tcp = packet + ip->l4_offset;
    uint32_t header;

    if (ip->claimed_len < ip->l4_offset + (uint32_t)MPCI_TCP_HEADER_LEN)
        return MPCONN_ERR_MALFORMED;
    if (avail < ip->l4_offset + (size_t)MPCI_TCP_HEADER_LEN)
        return MPCONN_ERR_TRUNCATED;
    header = (tcp[12] >> 4) * 4u;
    if (header < MPCI_TCP_HEADER_LEN || ip->claimed_len < ip->l4_offset + header)
        return MPCONN_ERR_MALFORMED;
    return mpci_echo_error_of(mpci_endpoints_check(ip->family, mpci_ip_src(ip->family, packet),
                                                   mpci_load16(tcp),
                                                   mpci_ip_dst(ip->family, packet),
                                                   mpci_load16(tcp + 2)));
}

int mpci_echo_inner_read(mpci_echo_inner *in, const uint8_t *packet, size_t avail)
{
    mpci_ip ip;
    int rc;

    avail = avail < LONGEST_PACKET ? avail : LONGEST_PACKET;
    rc = mpci_echo_error_of(mpci_ip_parse(&ip, packet, (uint32_t)avail));
    if (rc == MPCONN_OK)
        rc = check_ip(&ip);
    if (rc == MPCONN_OK)
        rc = check_tcp(&ip, packet, avail);
    if (rc != MPCONN_OK)
        return rc;
    in->family = ip.family;
    in->src = mpci_ip_src(ip.family, packet);
    in->dst = mpci_ip_dst(ip.family, packet);
    in->flow_label = ip.family == MPCONN_FAMILY_IPV6 ? mpci_load32(packet) & FLOW_LABEL : 0;
    in->len = ip.claimed_len;
    in->short_len = ip.l4_offset + (size_t)MPCI_TCP_HEADER_LEN;
    return MPCONN_OK;
}
