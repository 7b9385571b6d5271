/* SPDX-License-Identifier: BSD-2-Clause */
/* What is different at a link-layer member: nothing can be sent back to where it came from. */
#ifndef MPCI_ENGINE_ONE_WAY_H
#define MPCI_ENGINE_ONE_WAY_H

#include "echo/echo.h"

/* By how much an echo is longer than the SYN inside: IP, ICMP, and what is carried with it. */
#define MPCI_ECHO_ROOM 160

/* A SYN, kept while it is answered in its own buffer. */
typedef struct mpci_kept_syn {
    uint32_t len;           /* 0 = none */
    uint32_t isn;
    uint32_t link;          /* of the packet at hand, be it a SYN or not, */
    unsigned from;          /* and its side */
    uint8_t bytes[MPCI_KEPT_SYN];
} mpci_kept_syn;

struct mpconn_engine;

/* Before a packet is handled: 1 when it was an echo that came back, or one on its way, and has its
 * verdict. */
int mpci_one_way_before(struct mpconn_engine *eng, mpconn_pkt *pkt, const mpci_view *v);

/* After it, the batch's i-th: what is to go back where it came from leaves by another way, or not
 * at all. */
void mpci_one_way_after(struct mpconn_engine *eng, mpconn_pkt *pkt, size_t i);

#endif
