/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of mpconn-rendezvous. */
#ifndef RENDEZVOUS_OPTIONS_H
#define RENDEZVOUS_OPTIONS_H

#include "host/cli.h"
#include "host/runner.h"

#define PROGRAM "mpconn-rendezvous"

typedef struct options {
    uint32_t id;
    cli_key key;
    const char *interfaces[RUNNER_PORTS];
    size_t n_interfaces;
    const char *sessions, *control, *record;
    uint32_t max_sessions;
    impair_config impair;
    sync_config sync;
    bool no_vnet_hdr;
} options;

/* Fills `o`, or ends the program: 0 after --help and --version, EXIT_USAGE with one line on
 * standard error when something is wrong. */
void options_parse(options *o, int argc, char **argv);

#endif
