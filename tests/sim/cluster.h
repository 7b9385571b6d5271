/* SPDX-License-Identifier: BSD-2-Clause */
/* Two or three members that carry the same connections. A fork before each host decides through
 * which of them a packet goes; a link of their own lets them talk.
 *
 *              +-- A --+
 *   client -- fork  |   fork -- server
 *              +-- B --+
 */
#ifndef SIM_CLUSTER_H
#define SIM_CLUSTER_H

#include "sim/member.h"
#include "sim/moment.h"

enum { SIM_A = 0, SIM_B = 1, SIM_C = 2 };

enum sim_way {
    SIM_WAY_A,
    SIM_WAY_B,
    SIM_WAY_C,
    SIM_WAY_SPRAY, /* each packet by chance */
    SIM_WAY_FLOW   /* each connection by its ports */
};

enum sim_step_kind { SIM_STEP_MOVE, SIM_STEP_CUT, SIM_STEP_MEND, SIM_STEP_RESTART, SIM_STEP_CRASH,
                     SIM_STEP_MUTE };

struct sim_cluster;

/* Something that happens to the cluster in the middle of a run. */
typedef struct sim_step {
    struct sim_cluster *cluster;
    sim_timer timer;
    enum sim_step_kind kind;
    unsigned arg;          /* of a restart or crash: the member; the server is mute, or not */
    enum sim_way way[2];   /* of a move */
} sim_step;

#define SIM_STEPS 8

typedef struct sim_cluster {
    struct sim_world *world;
    sim_member *member[SIM_MEMBERS];
    unsigned n; /* members: none in a plain world */
    unsigned size; /* how many there will be: two, if the scenario does not want three */
    uint16_t id[SIM_MEMBERS];
    uint16_t others[SIM_MEMBERS][SIM_MEMBERS - 1]; /* of each: their ids, in order */
    enum sim_way way[2]; /* of what comes from the client, the server */
    sim_link *oob[SIM_MEMBERS]; /* of members 0 and 1, then of the third with either */
    sim_quality oob_quality;
    sim_rng rng;
    sim_step steps[SIM_STEPS];
    unsigned n_steps;
    sim_moment moment;   /* what is waited for */
    unsigned moments;    /* that came */
    void (*strike)(struct sim_cluster *c);
    sim_time skew;       /* clocks of the others are ahead of A's by less than this */
    bool may_disagree;   /* on what was decided: only the server can tell (doc/model.md, rule 4) */
    bool one_splits;     /* member B splits always, whatever A does */
    bool may_outlive;    /* flows may outlive their connections by more than their 2 MSL */
} sim_cluster;

/* What sim_row() will build in place of one member; `way` of what client and server send. */
sim_cluster *sim_cluster_new(struct sim_world *w, enum sim_way from_client,
                             enum sim_way from_server);
/* A third member. Before it is built. */
void sim_cluster_grow(sim_cluster *c);
void sim_cluster_del(sim_cluster *c);
void sim_cluster_build(sim_cluster *c, const sim_quality *to_client, const sim_quality *to_server);
/* Plan something for a time after the start. Returns the step, to be completed. */
sim_step *sim_cluster_at(sim_cluster *c, sim_time when, enum sim_step_kind kind);

/* For members: before the first engine is made. */
void sim_cluster_join(sim_cluster *c, sim_member *m);
void sim_cluster_note_frame(sim_member *m, const uint8_t *frame, size_t len);
/* To that member, or to all. */
void sim_cluster_send_frame(sim_member *m, uint32_t id, const uint8_t *frame, size_t len);
/* Lives of all members so far. */
unsigned sim_cluster_lives(const sim_cluster *c);
/* A cipher that hides nothing. */
int sim_cluster_seal(void *user, const uint8_t *header, size_t header_len, uint8_t *records,
                     size_t len, uint8_t *tag);
int sim_cluster_open(void *user, const uint8_t *header, size_t header_len, uint8_t *records,
                     size_t len, const uint8_t *tag);
/* The records of a frame as text; empty when it is no frame. */
void sim_cluster_describe(const uint8_t *frame, size_t len, char *dst, size_t cap);

/* cluster_check.c */
uint64_t sim_cluster_repeats(const sim_cluster *c);
/* Records sent about connections. */
uint64_t sim_cluster_records(const sim_cluster *c);
/* Members agree, and after a while nothing is left. */
void sim_cluster_check(sim_cluster *c);
void sim_cluster_drain(sim_cluster *c);

#endif
