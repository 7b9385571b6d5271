/* SPDX-License-Identifier: BSD-2-Clause */
/* mpconn-rendezvous: two clients behind firewalls, both of which call, joined to one connection. */
#include "rendezvous/broker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What is over is remembered for some minutes, beside what came after it. */
#define FLOWS_A_SESSION 2

static const runner_hooks hooks = { .learn = broker_learn,
                                    .forward = broker_forward,
                                    .emit = broker_send,
                                    .bridge = broker_bridge,
                                    .answer = broker_answer };

static const mpconn_callbacks callbacks = { .struct_size = sizeof(mpconn_callbacks),
                                            .session_event = broker_session_event };

static void open_ports(broker *b)
{
    const options *o = &b->options;

    for (size_t i = 0; i < o->n_interfaces; i++) {
        const char *failed = runner_open_port(&b->run, o->interfaces[i], MPCONN_SIDE_CLIENT,
                                              PORT_HOST, !o->no_vnet_hdr);
        if (failed)
            die(EXIT_FAILURE, "--if %s: %s: %s", o->interfaces[i], failed, strerror(errno));
    }
}

static void make_engine(broker *b)
{
    const options *o = &b->options;
    mpconn_engine_config cfg;
    uint16_t members[SYNC_PEERS];

    MPCONN_STRUCT_INIT(&cfg);
    cfg.key = o->key.bytes;
    cfg.key_len = o->key.len;
    cfg.member_id = o->id;
    cfg.flags = MPCONN_ENGINE_F_SESSIONS_ONLY;
    cfg.max_sessions = o->max_sessions;
    cfg.max_wide_flows = FLOWS_A_SESSION * o->max_sessions;
    cfg.max_bindings = FLOWS_A_SESSION * o->max_sessions;
    cfg.max_held_packets = HOLD_MAX;
    sync_members(&o->sync, members);
    cfg.members = members;
    cfg.n_members = (uint32_t)o->sync.n_peers;
    runner_start(&b->run, &cfg, &callbacks);
}

int main(int argc, char **argv)
{
    broker *b = calloc(1, sizeof(*b));
    const char *failed;

    if (!b)
        die(EXIT_FAILURE, "out of memory");
    options_parse(&b->options, argc, argv);
    runner_init(&b->run, &hooks, b, &b->options.impair);
    if (b->options.record && !recorder_open(&b->run.engine, b->options.record))
        die(EXIT_FAILURE, "--record %s: %s", b->options.record, strerror(errno));
    failed = sync_open(&b->run.sync, &b->options.sync, &b->run.engine, NULL, NULL);
    if (failed)
        die(EXIT_FAILURE, "--sync %s: %s: %s", b->run.sync.failed, failed, strerror(errno));
    make_engine(b);
    broker_load(b);
    open_ports(b);
    failed = routes_open(&b->routes);
    if (failed)
        die(EXIT_FAILURE, "%s: %s", failed, strerror(errno));

    int status = runner_loop(&b->run, b->options.control);
    runner_fini(&b->run);
    if (b->options.record && !recorder_close(&b->run.engine)) {
        fprintf(stderr, PROGRAM ": --record %s: not all of it could be written\n",
                b->options.record);
        status = EXIT_FAILURE;
    }
    routes_close(&b->routes);
    free(b);
    return status;
}
