/* SPDX-License-Identifier: BSD-2-Clause */
#include "packet/icmp_build.h"

#include "base/byteorder.h"
#include "packet/ip.h"

enum {
    TYPE_UNREACHABLE = 3, CODE_FRAGMENTATION_NEEDED = 4, /* RFC 792 */
    TYPE_TOO_BIG_IPV6 = 2,                               /* RFC 4443 3.2 */
    ICMP_HEADER_LEN = 8,
    LONGEST_IPV4 = 576 /* RFC 1812 4.3.2.3 */
};

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t quote_len(const mpci_view *v, const mpconn_pkt *pkt)
{
    uint32_t room = v->family == MPCONN_FAMILY_IPV4
                        ? LONGEST_IPV4 - MPCI_IPV4_HEADER_LEN - ICMP_HEADER_LEN
                        : MPCI_ICMP_ERROR_MAX - MPCI_IPV6_HEADER_LEN - ICMP_HEADER_LEN;

    return least(room, least(v->total_len, pkt->len));
}

mpci_icmp mpci_icmp_too_big(const mpci_view *v, const mpconn_pkt *pkt, uint32_t mtu,
                            uint8_t hop_limit)
{
    int is_v6 = v->family == MPCONN_FAMILY_IPV6;
    mpci_icmp m = {
        .family = v->family,
        .hop_limit = hop_limit,
        .type = is_v6 ? TYPE_TOO_BIG_IPV6 : TYPE_UNREACHABLE,
        .code = is_v6 ? 0 : CODE_FRAGMENTATION_NEEDED,
        .rest = is_v6 ? mtu : least(mtu, UINT16_MAX), /* RFC 1191 4: the lower half of the word */
        .body = v->ip,
        .body_len = quote_len(v, pkt),
    };

    memcpy(m.src.bytes, mpci_ip_dst(v->family, v->ip), mpci_ip_addr_len(v->family));
    memcpy(m.dst.bytes, mpci_ip_src(v->family, v->ip), mpci_ip_addr_len(v->family));
    return m;
}

uint32_t mpci_icmp_told_mtu(const mpci_view *v)
{
    int is_v6 = v->family == MPCONN_FAMILY_IPV6;

    if (v->kind != MPCI_KIND_ICMP_ERROR ||
        v->l4[0] != (is_v6 ? TYPE_TOO_BIG_IPV6 : TYPE_UNREACHABLE) ||
        v->l4[1] != (is_v6 ? 0 : CODE_FRAGMENTATION_NEEDED))
        return 0;
    return is_v6 ? mpci_load32(v->l4 + 4) : mpci_load16(v->l4 + 6);
}
