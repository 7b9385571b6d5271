/* SPDX-License-Identifier: BSD-2-Clause */
/* The TCP header: numbers, flags, and the options every segment may carry. */
#ifndef MPCI_PACKET_TCP_H
#define MPCI_PACKET_TCP_H

#include "packet/view.h"

/* Fill in the TCP part of a view whose IP part is complete. The packet has `l4_len` bytes from
 * l4 on, `avail` of them can be read. 0, or the reason. */
unsigned mpci_tcp_parse(mpci_view *v, uint32_t avail, uint32_t l4_len);

#endif
