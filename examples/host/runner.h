/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every host program does: wait for frames, other members, questions, signals and the next
 * deadline; take packets to the engine in batches; do what its verdicts say. Where a packet goes
 * is for the program.
 */
#ifndef HOST_RUNNER_H
#define HOST_RUNNER_H

#include "host/control.h"
#include "host/hold.h"
#include "host/impair.h"
#include "host/links.h"
#include "host/port.h"
#include "host/recorder.h"
#include "host/sync.h"

#define RUNNER_PORTS 16

typedef struct runner_hooks {
    /* What a received frame teaches, before anything happens to it; gives pkt.link. */
    void (*learn)(void *user, frame *f);
    /* Queue at a port: a packet that goes on, one that the engine made, a frame that is none. */
    void (*forward)(void *user, frame *f);
    void (*emit)(void *user, frame *f);
    void (*bridge)(void *user, frame *f);
    /* The answer to a question at the control socket. */
    control_answer *answer;
} runner_hooks;

typedef struct runner {
    const runner_hooks *hooks;
    void *user;             /* of the hooks */
    recorder engine;        /* records nothing if not asked to */
    port ports[RUNNER_PORTS];
    size_t n_ports;
    frame_pool pool;
    links *links;
    hold hold;
    impair impair;
    sync_io sync;
    control control;
    int carrier;            /* tells of interfaces that go down; -1 = not open */
    frame_list made;        /* what the engine made, until the verdicts are carried out */
    bool stop;
} runner;

/* Gives no port, no channel, no control socket and no engine. */
void runner_init(runner *r, const runner_hooks *hooks, void *user, const impair_config *impair);
/* As port_open(), and numbers the port. */
const char *runner_open_port(runner *r, const char *name, uint8_t side, port_ears ears,
                             bool vnet_hdr);
/* Make the engine, whose hooks have the runner for their user. Those that the program leaves open
 * are the runner's own. The program ends when it fails. */
void runner_start(runner *r, const mpconn_engine_config *cfg, const mpconn_callbacks *callbacks);
/* After a call of the engine that may have made packets: send them. */
void runner_carry_out(runner *r);
/* Until a signal or `stop`. Returns the exit status. */
int runner_loop(runner *r, const char *control_path);
void runner_fini(runner *r);

#endif
