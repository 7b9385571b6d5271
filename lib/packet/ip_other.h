/* SPDX-License-Identifier: BSD-2-Clause */
/* The IP header that a packet has in the other version (RFC 7915 4.1, 5.1). Options and extension
 * headers are left out. Hop limits are copied: a member is no router. */
#ifndef MPCI_PACKET_IP_OTHER_H
#define MPCI_PACKET_IP_OTHER_H

#include "packet/ip_build.h"

/* What a packet grows by at most. */
enum { MPCI_IP_OTHER_GROWTH = 20 };

/* The header for the other version than `family`, whose header is at `ip`, with all but protocol
 * and addresses. Of the `payload_len` bytes from `payload` on at least 8 can be read; they leave as
 * packets of at most `piece_len` each. */
mpci_ip_header mpci_ip_other(unsigned family, const uint8_t *ip, const uint8_t *payload,
                             uint32_t payload_len, uint32_t piece_len);

/* What the sum of a pseudo-header changes by when `h` takes the place of the header at `ip`. */
uint64_t mpci_ip_other_sum(unsigned family, const uint8_t *ip, const mpci_ip_header *h);

/* What the fragments of an IPv4 packet have in common as those of an IPv6 one. RFC 7915 4.1 has
 * zeros before the identification, of one address for each source; behind one address for all of
 * them two could choose the same, so that theirs stands there. */
uint32_t mpci_ip_other_fragment_id(const uint8_t *ipv4);

static inline unsigned mpci_ip_other_family(unsigned family)
{
    return family == MPCONN_FAMILY_IPV4 ? MPCONN_FAMILY_IPV6 : MPCONN_FAMILY_IPV4;
}

/* Does an IPv4 header of `len` bytes have a source route that is not at its end? The other version
 * cannot follow it (RFC 7915 4.1). */
int mpci_ip_is_routed(const uint8_t *ip, unsigned len);

#endif
