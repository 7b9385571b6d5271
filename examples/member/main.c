/* SPDX-License-Identifier: BSD-2-Clause */
/* mpconn-member: a member of the cluster on Linux, between two or more network interfaces. */
#include "member/member.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void open_side(member *m, uint8_t side)
{
    static const char *const option[] = { "--client-if", "--server-if" };
    const options *o = &m->options;

    m->only_port[side] = o->n_interfaces[side] == 1 ? (uint16_t)m->run.n_ports : LINK_PORT_ALL;
    for (size_t i = 0; i < o->n_interfaces[side]; i++) {
        const char *name = o->interfaces[side][i];
        const char *failed = runner_open_port(&m->run, name, side, PORT_ALL,
                                              !o->no_vnet_hdr);
        if (failed)
            die(EXIT_FAILURE, "%s %s: %s: %s", option[side], name, failed, strerror(errno));
        if (m->pcap.file)
            pcapng_add_interface(&m->pcap, name,
                                 side == MPCONN_SIDE_CLIENT ? "client" : "server");
    }
}

static void open_files(member *m)
{
    const options *o = &m->options;

    if (o->pcap && !pcapng_open(&m->pcap, o->pcap, o->snap_len))
        die(EXIT_FAILURE, "--pcap %s: %s", o->pcap, strerror(errno));
    if (o->trace && !(m->trace = fopen(o->trace, "we")))
        die(EXIT_FAILURE, "--trace %s: %s", o->trace, strerror(errno));
    if (o->record && !recorder_open(&m->run.engine, o->record))
        die(EXIT_FAILURE, "--record %s: %s", o->record, strerror(errno));
}

static void make_engine(member *m)
{
    const options *o = &m->options;
    mpconn_engine_config cfg;
    mpconn_timeouts timeouts;
    uint16_t members[SYNC_PEERS];

    MPCONN_STRUCT_INIT(&cfg);
    cfg.key = o->key.bytes;
    cfg.key_len = o->key.len;
    cfg.member_id = o->id;
    cfg.split_mode = o->split_mode;
    cfg.adaptive_threshold = o->adaptive_from;
    cfg.unknown_policy = o->unknown_policy;
    cfg.max_flows = o->max_flows;
    cfg.max_wide_flows = o->max_flows;
    cfg.max_held_packets = HOLD_MAX;
    MPCONN_STRUCT_INIT(&timeouts);
    timeouts.syn_rto_ns = o->syn_rto_ns;
    timeouts.syn_tries = o->syn_tries;
    timeouts.defer_ns = o->defer_ns;
    cfg.timeouts = &timeouts;
    cfg.announce = o->announce;
    cfg.client_window = (uint16_t)o->client_window;
    cfg.return_path = o->return_path;
    cfg.echo_rate = o->echo_rate;
    cfg.echo_rate_server = o->echo_rate_server;
    sync_members(&o->sync, members);
    cfg.members = members;
    cfg.n_members = (uint32_t)o->sync.n_peers;
    mpconn_callbacks callbacks = member_callbacks;
    if (o->n_binds == 0)
        callbacks.bind = NULL;
    runner_start(&m->run, &cfg, &callbacks);
}

static int close_files(member *m)
{
    int status = EXIT_SUCCESS;
    if (m->pcap.file && !pcapng_close(&m->pcap)) {
        fprintf(stderr, PROGRAM ": --pcap %s: not all of it could be written\n", m->options.pcap);
        status = EXIT_FAILURE;
    }
    if (m->trace && fclose(m->trace) != 0) {
        fprintf(stderr, PROGRAM ": --trace %s: not all of it could be written\n",
                m->options.trace);
        status = EXIT_FAILURE;
    }
    if (m->options.record && !recorder_close(&m->run.engine)) {
        fprintf(stderr, PROGRAM ": --record %s: not all of it could be written\n",
                m->options.record);
        status = EXIT_FAILURE;
    }
    return status;
}

int main(int argc, char **argv)
{
    member *m = calloc(1, sizeof(*m));
    if (!m)
        die(EXIT_FAILURE, "out of memory");
    options_parse(&m->options, argc, argv);
    runner_init(&m->run, &member_hooks, m, &m->options.impair);
    open_files(m);
    open_side(m, MPCONN_SIDE_CLIENT);
    open_side(m, MPCONN_SIDE_SERVER);
    const char *failed = sync_open(&m->run.sync, &m->options.sync, &m->run.engine,
                                   m->pcap.file ? member_record_sync : NULL, m);
    if (m->pcap.file && m->options.sync.n_peers)
        pcapng_add_interface(&m->pcap, "sync", "members");
    if (failed)
        die(EXIT_FAILURE, "--sync %s: %s: %s", m->run.sync.failed, failed, strerror(errno));
    make_engine(m);

    int status = runner_loop(&m->run, m->options.control);
    runner_fini(&m->run);
    if (close_files(m) != EXIT_SUCCESS)
        status = EXIT_FAILURE;
    free(m);
    return status;
}
