/* SPDX-License-Identifier: BSD-2-Clause */
/* What an ICMP error is called in the other IP version (RFC 7915 4.2, 5.2). */
#ifndef MPCI_PACKET_ICMP_OTHER_H
#define MPCI_PACKET_ICMP_OTHER_H

#include <mpconn/base.h>

/* The first words of a message, host order. */
typedef struct mpci_icmp_head {
    uint8_t type, code;
    uint32_t rest; /* MTU or pointer; where RFC 4884 has a length it is 0 */
} mpci_icmp_head;

/* Read the error of version `family` at `icmp`, about a packet of `quoted_len` bytes, into the head
 * that it has in the other one: 1, or 0 when it has no counterpart. */
int mpci_icmp_other(mpci_icmp_head *h, unsigned family, const uint8_t *icmp, uint32_t quoted_len);

#endif
