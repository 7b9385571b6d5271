/* SPDX-License-Identifier: BSD-2-Clause */
/* What a link-layer member makes and has no link for: other members send it. */
#ifndef MPCI_ENGINE_ELSEWHERE_H
#define MPCI_ENGINE_ELSEWHERE_H

#include "echo/echo.h"

struct mpconn_engine;

/* How a segment of a connection gets to this endpoint. */
mpci_way mpci_elsewhere_way(struct mpconn_engine *eng, const mpconn_tuple *leg, unsigned to);

/* Have a packet of ours sent by that member, or by whoever can; flags of the record SAY. 1 when it
 * was said; what cannot be said so is lost. */
int mpci_elsewhere_say(struct mpconn_engine *eng, const mpconn_pkt *pkt, uint32_t to,
                       unsigned flags);

/* A packet that was made, and has no link: 1 when it may be sent, by the link it has now. */
int mpci_elsewhere_made(void *engine, mpconn_pkt *pkt);

/* SAY and PATH of another member. */
void mpci_elsewhere_told(struct mpconn_engine *eng, const mpci_record *r, uint32_t from);

#endif
