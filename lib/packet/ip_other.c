/* SPDX-License-Identifier: BSD-2-Clause */
#include "packet/ip_other.h"

#include "base/byteorder.h"
#include "packet/checksum.h"
#include "packet/ip.h"

enum { OPTION_END = 0, OPTION_NOP = 1, LOOSE_ROUTE = 131, STRICT_ROUTE = 137 };

/* RFC 7915 5.1: what may be as long as 1,280 bytes of IPv6 has to pass links of less, too. */
enum { ALWAYS_PASSES = 1260, ID_BYTES = 8 };

/* The identification is one's complement sum of ports and sequence number, so that each member, and
 * each repetition, has the same one for the same bytes, and neighbours differ. */
mpci_ip_header mpci_ip_other(unsigned family, const uint8_t *ip, const uint8_t *payload,
                             uint32_t payload_len, uint32_t piece_len)
{
    int is_v4 = family == MPCONN_FAMILY_IPV4;

    return (mpci_ip_header){
        .family = (uint8_t)mpci_ip_other_family(family),
        .traffic_class = is_v4 ? ip[1] : (uint8_t)(mpci_load16(ip) >> 4),
        .hop_limit = is_v4 ? ip[8] : ip[7],
        .may_be_fragmented = piece_len <= ALWAYS_PASSES - MPCI_IPV4_HEADER_LEN,
        .id = mpci_csum_fold(mpci_csum_add(0, payload, ID_BYTES)),
        .payload_len = payload_len,
    };
}

uint64_t mpci_ip_other_sum(unsigned family, const uint8_t *ip, const mpci_ip_header *h)
{
    uint16_t old = mpci_csum_fold(
        mpci_csum_pseudo(family, mpci_ip_src(family, ip), mpci_ip_dst(family, ip), 0, 0));

    return (uint16_t)~old + mpci_csum_pseudo(h->family, h->src, h->dst, 0, 0);
}

uint32_t mpci_ip_other_fragment_id(const uint8_t *ipv4)
{
    uint32_t source = mpci_csum_fold(mpci_csum_add(0, mpci_ip_src(MPCONN_FAMILY_IPV4, ipv4), 4));

    return source << 16 | mpci_load16(ipv4 + 4);
}

int mpci_ip_is_routed(const uint8_t *ip, unsigned len)
{
    unsigned at = MPCI_IPV4_HEADER_LEN, option;

    for (; at < len && ip[at] != OPTION_END; at += option) {
        option = 1;
        if (ip[at] == OPTION_NOP)
            continue;
        if (len - at < 3 || ip[at + 1] < 2)
            return 0;
        option = ip[at + 1];
        if (ip[at] == LOOSE_ROUTE || ip[at] == STRICT_ROUTE)
            return ip[at + 2] <= option;
    }
    return 0;
}
