/* SPDX-License-Identifier: BSD-2-Clause */
#include "packet/ip_build.h"

#include "base/byteorder.h"
#include "packet/checksum.h"
#include "packet/ip.h"

enum { LENGTH_MAX = 65535, DONT_FRAGMENT = 0x4000, IPV4_CHECKSUM_AT = 10 };

size_t mpci_ip_build_len(const mpci_ip_header *h)
{
    uint32_t told = h->length_unset ? 0 : h->payload_len;

    if (h->family == MPCONN_FAMILY_IPV4)
        return told <= LENGTH_MAX - MPCI_IPV4_HEADER_LEN ? MPCI_IPV4_HEADER_LEN : 0;
    if (h->family == MPCONN_FAMILY_IPV6)
        return told <= LENGTH_MAX ? MPCI_IPV6_HEADER_LEN : 0;
    return 0;
}

/* An atomic datagram needs no identification (RFC 6864 4.1), and a constant one tells nothing. */
static void build_ipv4(uint8_t *dst, const mpci_ip_header *h)
{
    memset(dst, 0, MPCI_IPV4_HEADER_LEN);
    dst[0] = 0x45;
    dst[1] = h->traffic_class;
    if (!h->length_unset)
        mpci_store16(dst + 2, (uint16_t)(MPCI_IPV4_HEADER_LEN + h->payload_len));
    if (h->may_be_fragmented)
        mpci_store16(dst + 4, h->id);
    else
        mpci_store16(dst + 6, DONT_FRAGMENT);
    dst[8] = h->hop_limit;
    dst[9] = h->proto;
    memcpy(dst + 12, h->src, 4);
    memcpy(dst + 16, h->dst, 4);
    mpci_store16(dst + IPV4_CHECKSUM_AT,
                 (uint16_t)~mpci_csum_fold(mpci_csum_add(0, dst, MPCI_IPV4_HEADER_LEN)));
}

static void build_ipv6(uint8_t *dst, const mpci_ip_header *h)
{
    mpci_store32(dst, UINT32_C(6) << 28 | (uint32_t)h->traffic_class << 20 | h->flow_label);
    mpci_store16(dst + 4, h->length_unset ? 0 : (uint16_t)h->payload_len);
    dst[6] = h->proto;
    dst[7] = h->hop_limit;
    memcpy(dst + 8, h->src, 16);
    memcpy(dst + 24, h->dst, 16);
}

void mpci_ip_build(uint8_t *dst, const mpci_ip_header *h)
{
    if (h->family == MPCONN_FAMILY_IPV4)
        build_ipv4(dst, h);
    else
        build_ipv6(dst, h);
}

uint64_t mpci_ip_set_addresses(unsigned family, uint8_t *ip, const uint8_t *src, const uint8_t *dst)
{
    size_t len = mpci_ip_addr_len(family), at = family == MPCONN_FAMILY_IPV4 ? 12 : 8;
    mpci_csum_change change = {0};

    mpci_csum_set_bytes(&change, ip, at, src, len);
    mpci_csum_set_bytes(&change, ip, at + len, dst, len);
    if (family == MPCONN_FAMILY_IPV4)
        mpci_csum_apply(&change, ip + IPV4_CHECKSUM_AT);
    return change.sum;
}
