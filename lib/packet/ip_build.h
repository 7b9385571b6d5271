/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing an IP header in front of what was built. */
#ifndef MPCI_PACKET_IP_BUILD_H
#define MPCI_PACKET_IP_BUILD_H

#include <mpconn/base.h>

typedef struct mpci_ip_header {
    const uint8_t *src, *dst; /* network order, 4 or 16 bytes */
    uint8_t family;           /* mpconn_family */
    uint8_t proto;
    uint8_t hop_limit;
    uint8_t traffic_class;
    uint8_t length_unset;     /* 1: the length field is 0, the host tells the length */
    uint8_t may_be_fragmented; /* IPv4: 1 = without DF, and `id` counts */
    uint16_t id;
    uint32_t flow_label;      /* of IPv6 */
    uint32_t payload_len;
} mpci_ip_header;

/* Length of the header; 0 when the family is unknown or the payload longer than it can say. */
size_t mpci_ip_build_len(const mpci_ip_header *h);

/* Write it, checksum and all. There must be room for mpci_ip_build_len(). */
void mpci_ip_build(uint8_t *dst, const mpci_ip_header *h);

/* Put other addresses into a header that is there, and correct its own checksum. What the sum of
 * a pseudo-header changes by. */
uint64_t mpci_ip_set_addresses(unsigned family, uint8_t *ip, const uint8_t *src,
                               const uint8_t *dst);

#endif
