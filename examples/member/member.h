/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A member as a host program. How the pieces fit together:
 *
 *   loop.c     waits for frames, signals, control connections and the next deadline
 *   forward.c  takes frames to the engine and does what its verdicts say
 *   report.c   tells what the engine knows, as JSON
 *
 * and in examples/host: ports (AF_PACKET), frames, links, held and impaired frames, the way to the
 * other members, the control socket, captures, recording.
 */
#ifndef MEMBER_MEMBER_H
#define MEMBER_MEMBER_H

#include "host/hold.h"
#include "host/impair.h"
#include "host/links.h"
#include "host/pcapng.h"
#include "host/port.h"
#include "host/recorder.h"
#include "host/sync.h"
#include "member/options.h"

#include <mpconn/mpconn.h>

typedef struct member {
    options options;
    recorder engine;       /* records nothing without --record */
    port ports[2 * SIDE_PORTS];
    size_t n_ports;
    uint16_t only_port[2]; /* by side; LINK_PORT_ALL when there are several */
    frame_pool pool;
    links *links;
    hold hold;
    impair impair;
    sync_io sync;
    frame_list made;       /* what the engine made, until the verdicts are carried out */
    pcapng pcap;           /* file is NULL when nothing is recorded */
    FILE *trace;           /* or NULL */
    uint64_t bridged;      /* frames that are not IP */
    uint64_t no_way;       /* packets nobody knows where to send */
    uint64_t lost;         /* by --lose */
    bool stop;
} member;

/* forward.c */
extern const mpconn_callbacks member_callbacks;
void member_receive(member *m, port *p);
/* Write a frame to the record, if there is one: the ports come first, then the other members. */
void member_record(member *m, size_t interface, bool outbound, const l2_header *l2, const frame *f);
/* For sync_open(). */
void member_record_sync(void *user, bool outbound, const frame *f);
void member_expire(member *m, mpconn_time now);
/* Send what the engine made, and submit what it wants again: after every call that
 * may do either. */
void member_carry_out(member *m);

/* loop.c: until a signal or the control socket says quit. Returns the exit status. */
int member_loop(member *m);

#endif
