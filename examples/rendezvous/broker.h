/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A broker as a host program. How the pieces fit together:
 *
 *   main.c     sets up, and takes down
 *   forward.c  says which way a packet goes
 *   session.c  reads a session from JSON
 *   control.c  the sessions file, and the lines of the control socket
 *   report.c   tells what the engine knows, as JSON
 *
 * and in examples/host what it shares with other programs.
 */
#ifndef RENDEZVOUS_BROKER_H
#define RENDEZVOUS_BROKER_H

#include "host/route.h"
#include "host/runner.h"
#include "rendezvous/options.h"

#include <mpconn/rendezvous.h>

typedef struct broker {
    options options;
    runner run;
    routes routes;
    uint64_t by_link;   /* packets that went where a frame came from */
    uint64_t by_route;  /* as the kernel's routes and neighbours say */
    uint64_t by_kernel; /* given to the kernel */
    uint64_t no_way;    /* packets nobody knows where to send */
    uint64_t too_far;   /* that had no hop left */
} broker;

/* forward.c */
void broker_learn(void *user, frame *f);
void broker_send(void *user, frame *f);    /* what the engine made */
void broker_forward(void *user, frame *f); /* what came, a hop further */
void broker_bridge(void *user, frame *f);

/* control.c */
/* The sessions file, before anything else happens. The program ends when something is wrong. */
void broker_load(broker *b);
bool broker_answer(void *user, FILE *out, const char *question);
/* The callback session_event. */
void broker_session_event(void *user, const mpconn_session_event *event);

#endif
