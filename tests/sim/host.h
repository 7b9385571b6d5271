/* SPDX-License-Identifier: BSD-2-Clause */
/* A host: one node that owns addresses, listens, and keeps TCP connections. */
#ifndef SIM_HOST_H
#define SIM_HOST_H

#include "sim/tcp.h"

#define SIM_HOST_BUCKETS 1024
#define SIM_HOST_PREFIXES 4
#define SIM_HOST_LISTENERS 8

struct sim_host;

typedef struct sim_listener {
    uint16_t port;
    bool silent;       /* never answers */
    unsigned backlog;  /* connections in SYN-RECEIVED at most; 0 = any number */
    unsigned half_open;
    sim_tcp_config cfg;
    /* Finds the application of a connection: sets app, ops and keys. False: nobody knows it. */
    bool (*accept)(void *arg, sim_tcp *c);
    void *arg;
} sim_listener;

typedef struct sim_host {
    sim_node node;
    struct {
        sim_addr addr;
        unsigned bits;
    } prefixes[SIM_HOST_PREFIXES];
    unsigned n_prefixes;
    sim_listener listeners[SIM_HOST_LISTENERS];
    unsigned n_listeners;
    sim_tcp *buckets[SIM_HOST_BUCKETS];
    sim_tcp *graves;
    sim_timer reaper;
    unsigned connections;
    uint64_t secret;
    uint64_t counters[SIM_COUNTERS];
    bool pinged; /* pings are nothing special to it; to others nobody sends any */
    bool mute;   /* but it answers none */
    /* Which port of the node leads to an address; NULL = port 0. */
    unsigned (*route)(void *arg, const sim_segment *seg);
    void *route_arg;
} sim_host;

sim_host *sim_host_new(struct sim_world *w, const char *name);
void sim_host_own(sim_host *h, const sim_addr *addr, unsigned bits);
sim_listener *sim_host_listen(sim_host *h, uint16_t port, const sim_tcp_config *cfg,
                              bool (*accept)(void *arg, sim_tcp *c), void *arg);

sim_tcp *sim_host_find(sim_host *h, const sim_addr *local, uint16_t lport,
                       const sim_addr *remote, uint16_t rport);
sim_listener *sim_host_listener(sim_host *h, uint16_t port);
void sim_host_insert(sim_host *h, sim_tcp *c);
/* Takes it out of the table; it is freed when the current event is over. */
void sim_host_bury(sim_host *h, sim_tcp *c);
void sim_host_send(sim_host *h, const sim_segment *seg);
void sim_host_count(sim_host *h, enum sim_counter counter, const sim_segment *seg,
                    const char *detail);
uint64_t sim_host_hash(const sim_host *h, const sim_addr *local, uint16_t lport,
                       const sim_addr *remote, uint16_t rport);

#endif
