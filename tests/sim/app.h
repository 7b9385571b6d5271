/* SPDX-License-Identifier: BSD-2-Clause */
/* What two applications do with one connection, and what is expected to come of it. */
#ifndef SIM_APP_H
#define SIM_APP_H

#include "sim/host.h"
#include "sim/nat.h"

enum { SIM_CLIENT = 0, SIM_SERVER = 1, SIM_NOBODY = 2 };

enum sim_expect {
    SIM_EXPECT_COMPLETE, /* every byte both ways, FIN both ways */
    SIM_EXPECT_REFUSED,  /* the client is told by RST */
    SIM_EXPECT_REFUSED_OR_LOST, /* that, or loss ate all of its SYNs; but it comes to an end */
    SIM_EXPECT_UNREACHABLE, /* the client gives up by itself */
    SIM_EXPECT_SILENCE,  /* the client is told by an exact RST of the member, or times out */
    SIM_EXPECT_ABORT,    /* one side gives up, the other gets to know */
    SIM_EXPECT_KILLED,   /* COMPLETE, or both are told by RST */
    SIM_EXPECT_EITHER,   /* COMPLETE or REFUSED */
    SIM_EXPECT_ENDED,    /* COMPLETE, or both know that it failed, by RST or by their own time */
    SIM_EXPECT_JOINED,   /* COMPLETE, or who was answered is told by RST, and soon */
    SIM_EXPECT_ANY
};

typedef struct sim_plan {
    sim_addr client, server;
    uint16_t cport, sport;
    sim_time start;
    sim_tcp_config cfg;     /* of the client; the server's is that of its listener */
    uint32_t bytes[2];      /* that each side sends */
    unsigned rounds;        /* in so many turns, at least 1 */
    unsigned first;         /* who speaks first; SIM_NOBODY = both at once */
    unsigned closer;        /* who closes first; SIM_NOBODY = each when it has sent all */
    sim_time think;         /* before each turn, at most */
    uint32_t read_rate[2];  /* bytes a second each side reads; 0 = at once */
    unsigned aborter;       /* who gives up; SIM_NOBODY = nobody */
    enum sim_tcp_state abort_state; /* after entering this state */
    sim_time abort_delay;   /* so much later */
    bool reverse;           /* "client" is a port of the server's host, and the other way round */
    bool meets;             /* the "server" calls, too */
    sim_leg second;         /* what its leg shows: itself as the server */
    sim_tcp_config second_cfg;
    sim_time later;         /* than the client */
    enum sim_expect expect;
} sim_plan;

typedef struct sim_end {
    struct sim_session *session;
    unsigned side;
    sim_tcp *conn;
    uint64_t written, received;
    unsigned turn;
    bool established, peer_finished, finished, closed, turn_due;
    enum sim_tcp_error error;
    sim_time closed_at;
    sim_time received_at; /* the last byte so far */
    uint32_t irs, iss; /* once established */
    bool ts_on;
    uint32_t ts_recent;
    sim_timer think, read, abort;
} sim_end;

typedef struct sim_session {
    struct sim_world *world;
    sim_plan plan;
    unsigned number;
    uint64_t key[2]; /* of each side's stream */
    uint32_t isn;    /* of the client */
    bool started;
    sim_timer starter, second_starter;
    sim_end end[2];
    struct sim_session *next;
} sim_session;

sim_session *sim_session_new(struct sim_world *w, const sim_plan *plan);
void sim_session_del(sim_session *s);
/* Nothing more will come of it. */
bool sim_session_over(const sim_session *s);
/* Compare with what was expected; fails the world. */
void sim_session_check(sim_session *s);
/* For listeners: finds the session that a client opened. */
bool sim_session_accept(void *world, sim_tcp *c);
sim_session *sim_session_find(struct sim_world *w, const sim_addr *client, uint16_t cport,
                              uint16_t sport, uint32_t isn);

#endif
