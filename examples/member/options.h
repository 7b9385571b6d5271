/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of mpconn-member. */
#ifndef MEMBER_OPTIONS_H
#define MEMBER_OPTIONS_H

#include "host/cli.h"
#include "host/impair.h"
#include "host/sync.h"
#include "member/bind.h"
#include "member/zones.h"

#include <mpconn/mpconn.h>
#include <stdbool.h>

#define PROGRAM "mpconn-member"
/* Interfaces a side can have. */
#define SIDE_PORTS 8

typedef struct options {
    uint32_t id;
    cli_key key;
    const char *interfaces[2][SIDE_PORTS]; /* by mpconn_side */
    size_t n_interfaces[2];
    uint32_t split_mode;
    uint32_t unknown_policy;
    uint32_t max_flows;   /* 0 = default, as all below */
    uint32_t adaptive_from;
    uint32_t syn_tries;
    uint64_t syn_rto_ns;
    uint32_t snap_len;
    impair_config impair;
    sync_config sync;
    bind_rule binds[BIND_RULES];
    size_t n_binds;
    uint64_t defer_ns;
    uint32_t announce;
    uint32_t client_window;
    uint32_t return_path;
    zone_map zones;
    const char *zones_rule; /* or NULL */
    uint32_t echo_rate, echo_rate_server;
    const char *control, *pcap, *trace, *record;
    bool no_vnet_hdr;
    uint32_t lose[MPCONN_REASON_LIMIT]; /* packets still to be lost, by reason */
} options;

/* Fills `o`, or ends the program: 0 after --help and --version, EXIT_USAGE with one line on
 * standard error when something is wrong. */
void options_parse(options *o, int argc, char **argv);

#endif
