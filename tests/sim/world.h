/* SPDX-License-Identifier: BSD-2-Clause */
/* One run: the virtual clock, the nodes and links, the sessions, and what was found wrong. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "sim/app.h"
#include "sim/member.h"
#include "sim/trace.h"
#include "sim/util.h"

typedef struct sim_options {
    uint64_t seed;
    bool plain;           /* a wire in the member's place */
    const char *sabotage; /* fault for the member's host to inject; NULL = none */
    enum sim_trace_mode trace;
    const char *record;   /* members record into files that begin like this; NULL = not */
} sim_options;

typedef struct sim_world {
    uint64_t seed;
    bool plain;
    const char *sabotage, *record;
    sim_schedule schedule;
    sim_time started, time_limit;
    sim_trace trace;
    sim_rng rng; /* of the scenario */
    sim_node *nodes;
    sim_link *links;
    sim_session *sessions;
    unsigned n_sessions;
    sim_host *client, *server;
    sim_member_config member_config; /* of the member sim_world_in_row() will make */
    sim_member *member;
    struct sim_cluster *cluster;    /* in its place, or NULL */
    struct sim_meeting *meeting;    /* both hosts call: sim/meeting.h; or NULL */
    sim_link *client_link, *server_link;
    bool guess_wscale;              /* the member does not know its server's */
    bool nat;                       /* hosts translate addresses: sim/nat.h */
    bool clean;                     /* nothing is lost, doubled, late or given up */
    bool tolerated[SIM_COUNTERS];   /* explained by the scenario */
    void (*check)(struct sim_world *w); /* at the end, what only the scenario knows; or NULL */
    bool failed;
    char failure[640];
} sim_world;

/* The first failure of a run is kept, and ends it. */
void sim_fail(sim_world *w, const char *format, ...) SIM_PRINTF(2, 3);

void sim_world_init(sim_world *w, const sim_options *o);
void sim_world_fini(sim_world *w);
/* Adds what both hosts counted. */
void sim_world_add_counters(const sim_world *w, uint64_t counters[SIM_COUNTERS]);
/* Until all sessions are over, then all that is left behind; checks everything. */
void sim_world_run(sim_world *w);

/* Client, member (or wire) and server in a row. */
void sim_world_in_row(sim_world *w, const sim_quality *to_client, const sim_quality *to_server);
void sim_world_add_hosts(sim_world *w);
sim_addr sim_world_client_addr(unsigned family, uint32_t host);
sim_addr sim_world_server_addr(unsigned family, uint32_t host);

#endif
