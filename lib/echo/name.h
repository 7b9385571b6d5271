/* SPDX-License-Identifier: BSD-2-Clause */
/* Which echo requests are of members of this cluster, of what little of one a router quotes or the
 * first of several fragments shows: RFC 792 has errors quote no more than the identifier and the
 * sequence number. So the second is made of the first, of both addresses and of the cluster's key.
 * It has 16 bits and proves nothing: who is taken for ours by mistake is not told of an error. */
#ifndef MPCI_ECHO_NAME_H
#define MPCI_ECHO_NAME_H

#include "base/siphash.h"

/* Sequence number of the echo with this identifier from a client to a server. */
uint16_t mpci_echo_name(const mpci_sipkey *root, unsigned family, const uint8_t *client,
                        const uint8_t *server, uint16_t id);

#endif
