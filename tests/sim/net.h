/* SPDX-License-Identifier: BSD-2-Clause */
/* Nodes, and the links between them. A link is two pipes; a pipe loses, doubles, delays and damages
 * frames as its own stream of random numbers says, and as the rules of a directed test say. */
#ifndef SIM_NET_H
#define SIM_NET_H

#include "sim/rng.h"
#include "sim/schedule.h"
#include "sim/segment.h"

struct sim_world;
typedef struct sim_node sim_node;
typedef struct sim_link sim_link;
typedef struct sim_pipe sim_pipe;

/* A packet on the wire, from its IP header on. Owned by whoever holds it. */
typedef struct sim_frame {
    uint32_t len;
    uint8_t data[];
} sim_frame;

sim_frame *sim_frame_new(const uint8_t *data, size_t len);
sim_frame *sim_frame_of(const sim_segment *seg);
void sim_frame_del(sim_frame *f);

typedef struct sim_node_ops {
    /* Takes the frame. */
    void (*receive)(sim_node *node, unsigned port, sim_frame *frame);
    void (*destroy)(sim_node *node);
} sim_node_ops;

#define SIM_PORTS 4

/* First member of every kind of node. */
struct sim_node {
    const sim_node_ops *ops;
    struct sim_world *world;
    const char *name;
    sim_pipe *out[SIM_PORTS];
    sim_node *next;
};

/* Makes the node part of the world, which will destroy it. */
void sim_node_init(sim_node *node, struct sim_world *w, const char *name, const sim_node_ops *ops);
/* Takes the frame; one sent to a port without a link is lost. */
void sim_node_send(sim_node *node, unsigned port, sim_frame *frame);

/* Probabilities are in a million. */
typedef struct sim_quality {
    uint32_t loss_ppm, duplicate_ppm, reorder_ppm, corrupt_ppm;
    sim_time delay;   /* of every frame */
    sim_time jitter;  /* at most this much more; does not change the order */
    sim_time reorder; /* at most this much more for one that is overtaken */
    sim_time per_byte; /* how long each byte takes; others wait meanwhile, as many as there are */
} sim_quality;

enum sim_action { SIM_DROP, SIM_DUPLICATE, SIM_DELAY };

/* What happens to chosen frames, whatever the dice say. */
typedef struct sim_rule {
    uint8_t mask, flags;     /* TCP flags & mask == flags */
    uint32_t min_payload;    /* at least so many bytes of data */
    uint32_t max_payload;    /* at most; 0 = any number */
    bool bare;               /* without data only */
    unsigned skip, count;    /* leaves out the first `skip`, then acts on `count` */
    unsigned every;          /* then on each so many, without end; 0 = as above */
    enum sim_action action;
    sim_time delay;          /* of the frame, or of its duplicate */
    unsigned matched;
} sim_rule;

#define SIM_RULES 8

struct sim_pipe {
    struct sim_world *world;
    sim_link *link;
    const char *name;
    sim_node *to;
    unsigned to_port;
    sim_quality quality;
    sim_rng rng;
    sim_time last_due;
    sim_rule rules[SIM_RULES];
    unsigned n_rules;
    struct sim_delivery *in_flight;
    uint64_t sent, lost, duplicated, reordered, corrupted, delivered;
    uint64_t digest; /* of all bytes put in */
};

struct sim_link {
    char names[2][48];
    sim_pipe pipe[2]; /* [0] from a to b */
    sim_link *next;
};

sim_link *sim_link_new(struct sim_world *w, sim_node *a, unsigned a_port, sim_node *b,
                       unsigned b_port, const sim_quality *q);
void sim_link_del(sim_link *link);
void sim_pipe_send(sim_pipe *p, sim_frame *f);
/* The rule is copied. */
void sim_pipe_add_rule(sim_pipe *p, const sim_rule *rule);

/* A node that passes frames on by their destination. `route` returns a port or -1 to lose it. */
typedef int (*sim_route)(const sim_addr *dst, void *arg);
sim_node *sim_router_new(struct sim_world *w, const char *name, sim_route route, void *arg);

/* A node with two ports that passes on everything: what a member is compared with. */
sim_node *sim_wire_new(struct sim_world *w, const char *name);

#endif
