/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A member as a host program. How the pieces fit together:
 *
 *   main.c     sets up, and takes down
 *   forward.c  says which way a packet goes
 *   report.c   tells what the engine knows, as JSON
 *
 * and in examples/host: the loop (runner), ports (AF_PACKET), frames, links, held and impaired
 * frames, the way to the other members, the control socket, captures, recording.
 */
#ifndef MEMBER_MEMBER_H
#define MEMBER_MEMBER_H

#include "host/pcapng.h"
#include "host/runner.h"
#include "member/options.h"

#include <mpconn/mpconn.h>

typedef struct member {
    options options;
    runner run;
    uint16_t only_port[2]; /* by side; LINK_PORT_ALL when there are several */
    pcapng pcap;           /* file is NULL when nothing is recorded */
    FILE *trace;           /* or NULL */
    uint64_t bridged;      /* frames that are not IP */
    uint64_t no_way;       /* packets nobody knows where to send */
    uint64_t lost;         /* by --lose */
} member;

/* forward.c */
extern const runner_hooks member_hooks;
extern const mpconn_callbacks member_callbacks;
/* Write a datagram of the members to the record, behind the ports' frames; for sync_open(). */
void member_record_sync(void *user, bool outbound, const frame *f);

#endif
