/* SPDX-License-Identifier: BSD-2-Clause */
/* Members that are bridges (doc/bridges.md): what such a host can do, and what an engine must not
 * ask of it. A frame has a header, which here is its family, its server, and the side that it came
 * from; what is sent leaves under the header of a frame that came from the other side, for the same
 * server, in this life of the member. */
#ifndef SIM_BRIDGE_H
#define SIM_BRIDGE_H

#include <mpconn/mpconn.h>

#include "sim/net.h"

#define SIM_BRIDGE_HEADERS 8u /* of either side: two families, four servers */

/* Whether hosts tell one another of headers, and whether they use what they are told. */
enum sim_bridge_hooks { SIM_BRIDGE_SILENT, SIM_BRIDGE_TELLS, SIM_BRIDGE_TURNS };

/* A leaky bucket, in billionths of an echo. */
typedef struct sim_bucket {
    uint64_t level;
    sim_time at;
} sim_bucket;

/* Of one life of a member. */
typedef struct sim_bridge {
    bool known[2][SIM_BRIDGE_HEADERS];  /* a frame came under it, from that side */
    bool turned[SIM_BRIDGE_HEADERS];    /* another member told of it, it was turned round */
    uint64_t syns, echoes, learned;
    sim_bucket all, server[SIM_BRIDGE_HEADERS];
} sim_bridge;

struct sim_member;
struct sim_parcel;

/* A new life, before its engines are made. */
void sim_bridge_start(struct sim_member *m);
/* The link that stands for the header of a frame that came from a side. */
uint32_t sim_bridge_link(unsigned from, const sim_frame *f);
void sim_bridge_note_input(struct sim_member *m, const sim_frame *f, unsigned from);
/* What leaves for a side, made, or in the buffer of what came: false when there is no header for
 * it, and it is lost. */
bool sim_bridge_can_send(struct sim_member *m, const sim_frame *f, unsigned to, uint32_t link,
                         const struct sim_parcel *in);
/* What leaves and is no TCP segment. */
void sim_bridge_check_output(struct sim_member *m, const sim_frame *f, unsigned to,
                             unsigned reason, bool made);
/* How much of a packet is the same however packets are cut into batches: of an echo not what it has
 * sealed, which is the number of a frame to other members, too. */
uint32_t sim_bridge_compared(const mpconn_pkt *pkt);
void sim_bridge_hooks(const struct sim_member *m, mpconn_callbacks *cb);

#endif
