/* SPDX-License-Identifier: BSD-2-Clause */
/* Rendezvous: the world's two hosts both call, each a termination of its own, and members join
 * them; or the server's host is called in the name of the client's (mpconn_role). What is sent to
 * either of them is counted against what came from it. */
#ifndef SIM_MEETING_H
#define SIM_MEETING_H

#include "sim/member.h"

/* What was seen of one client, at all members. */
typedef struct sim_ledger {
    uint32_t isn;
    unsigned in, syns, out, answers;
    bool confirmed; /* it acknowledged the other one's number */
} sim_ledger;

/* A session that the members have. */
typedef struct sim_place {
    mpconn_session_config config;
    sim_leg leg[2];        /* of each termination, as its flow has it: client, server */
    sim_ledger ledger[2];
} sim_place;

#define SIM_PLACES 8

typedef struct sim_meeting {
    struct sim_world *world;
    sim_place place[SIM_PLACES];
    unsigned n;
    bool told; /* only the first member was given the sessions, others are told */
} sim_meeting;

sim_meeting *sim_meeting_new(struct sim_world *w);
/* A session for clients of a family each, whose addresses and ports are filled in. */
sim_place *sim_meeting_add(sim_meeting *mt, const unsigned family[2]);
/* For members: at the beginning of each life, and what an engine says. */
void sim_meeting_start(sim_member *m);
void sim_meeting_event(void *engine, const mpconn_session_event *ev);

/* meeting_check.c */
/* What the leg of a client shows on the other side of its pair, and the other way round. */
sim_leg sim_meeting_server_leg(const sim_meeting *mt, const sim_leg *client_leg);
sim_leg sim_meeting_client_leg(const sim_meeting *mt, const sim_leg *server_leg);
void sim_meeting_note_input(sim_member *m, const sim_segment *seg, unsigned side);
void sim_meeting_check_output(sim_member *m, const sim_segment *seg, unsigned side,
                              unsigned reason);
/* When all is over for long: no session of a member remembers anybody; unless flows may outlive
 * their connections, and its own is one of those. */
void sim_meeting_check_idle(const sim_member *m, bool may_outlive);

#endif
