/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses and ports no connection between two hosts can have. That is a rule of those who stand
 * between hosts, and no part of what makes a packet readable. */
#ifndef MPCI_PACKET_ENDPOINTS_H
#define MPCI_PACKET_ENDPOINTS_H

#include "packet/view.h"

/* Whether this can be one end of a connection. */
int mpci_endpoints_is_possible(unsigned family, const uint8_t *addr, unsigned port);

/* Whether two endpoints can be those of a connection: 0, or the reason why not. */
unsigned mpci_endpoints_check(unsigned family, const uint8_t *src, unsigned sport,
                              const uint8_t *dst, unsigned dport);

/* Make a TCP segment MPCI_KIND_BAD that claims to be of such a connection (E25), whatever else may
 * be wrong with it. */
void mpci_endpoints_judge(mpci_view *v);

#endif
