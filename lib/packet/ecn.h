/* SPDX-License-Identifier: BSD-2-Clause */
/* The ECN field of an IP header (RFC 3168 5): the low two bits of the IPv4 TOS byte or of the IPv6
 * traffic class. */
#ifndef MPCI_PACKET_ECN_H
#define MPCI_PACKET_ECN_H

#include "packet/checksum.h"

enum { MPCI_ECN_NOT_ECT = 0, MPCI_ECN_CE = 3 };

/* The traffic class lies across the first two bytes of an IPv6 header. */
static inline unsigned mpci_ecn_of(const uint8_t *ip)
{
    return ip[0] >> 4 == 4 ? ip[1] & 3u : ip[1] >> 4 & 3u;
}

static inline void mpci_ecn_clear(uint8_t *ip)
{
    mpci_csum_change change = {0};

    if (ip[0] >> 4 != 4) {
        ip[1] &= 0xcf;
        return;
    }
    mpci_csum_set16(&change, ip, 0, (uint16_t)(mpci_load16(ip) & ~3u));
    mpci_csum_apply(&change, ip + 10);
}

#endif
