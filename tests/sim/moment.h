/* SPDX-License-Identifier: BSD-2-Clause */
/* The moment at which one step of a handshake is done: a scenario says which, and what happens to
 * the cluster just then. */
#ifndef SIM_MOMENT_H
#define SIM_MOMENT_H

#include <stdbool.h>

struct sim_cluster;
struct sim_member;

enum sim_moment_kind {
    SIM_MOMENT_NONE,
    SIM_MOMENT_ARRIVES, /* a packet comes to the member: sim_moment_packet() */
    SIM_MOMENT_SENDS,   /* it has sent one: MPCONN_REASON_* */
    SIM_MOMENT_TELLS    /* it tells the other member: MPCI_RECORD_* */
};

#define SIM_MOMENT_DATA 0x100
#define SIM_MOMENT_SERVER 0x200

typedef struct sim_moment {
    unsigned at; /* the member */
    enum sim_moment_kind kind;
    unsigned code;
    bool lost; /* what would be told is not */
} sim_moment;

/* Of a packet that arrives: SYN, ACK, FIN and RST, whether it has data, and whose it is. */
unsigned sim_moment_packet(unsigned flags, bool has_data, bool of_server);

/* For members. The cluster's `strike` is called the first time that its moment comes; the moment is
 * over then, unless it sets another one. */
void sim_moment_came(struct sim_member *m, enum sim_moment_kind kind, unsigned code);
/* A frame is about to be sent, its records are counted: false when it is lost. */
bool sim_moment_frame(struct sim_member *m);

#endif
