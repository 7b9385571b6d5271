/* SPDX-License-Identifier: BSD-2-Clause */
/* ICMP echo (RFC 792, RFC 4443 4.1 and 4.2) as the simulator's hosts read and answer it. Shares no
 * code with the library, for the same reason as segment.h. */
#ifndef SIM_PING_H
#define SIM_PING_H

#include "sim/net.h"

typedef struct sim_ping {
    sim_addr src, dst;
    bool request; /* or a reply */
    const uint8_t *payload; /* after identifier and sequence number */
    uint32_t n_payload;
} sim_ping;

/* Strict, as sim_segment_parse() is. False for whatever is no echo, or not a right one. */
bool sim_ping_parse(sim_ping *p, const uint8_t *data, size_t len);

/* The reply to a request that was parsed. */
sim_frame *sim_ping_reply(const sim_frame *request);

#endif
