/* SPDX-License-Identifier: BSD-2-Clause */
/* Two members and one connection between them: A is where the client's segments pass, B where the
 * server's do, unless a test lets them pass elsewhere. */
#ifndef TESTS_TWO_WAYS_H
#define TESTS_TWO_WAYS_H

#include <check.h>

#include "sync_bed.h"

enum { CLIENT = MPCONN_SIDE_CLIENT, SERVER = MPCONN_SIDE_SERVER };
enum { A, B };

static sync_bed net;
static bed *const m[] = {&net.at[A].b, &net.at[B].b};
static bed_conn c;

/* The members are not started: a test may change their configurations before. */
static inline void set_up(void)
{
    mpconn_tuple t = bed_tuple(MPCONN_FAMILY_IPV4, 1, 40000);

    sync_bed_open(&net, 2);
    c = bed_conn_of(&t, 0x11111111, 0x10);
}

static inline void tear_down(void)
{
    sync_bed_close(&net);
}

/* Go on to a connection about which this member decides. */
static inline void next_port(unsigned registrar)
{
    do
        c.tuple.client_port++;
    while (sync_registrar(&net, &c.tuple) != registrar);
}

static inline void start(unsigned registrar)
{
    sync_start(&net);
    next_port(registrar);
}

/* A segment of either end at this member; numbers as in bed_data(). */
static inline void say(unsigned member, unsigned from, unsigned flags, uint32_t seq, uint32_t ack,
                       uint32_t n)
{
    bed_segment seg = bed_data(&c, from, seq, ack, n);

    seg.s.flags = (uint16_t)flags;
    bed_in(m[member], from, &seg);
}

/* Settled flows of IPv4. */
static inline uint32_t flows_at(unsigned member)
{
    return m[member]->eng->core.settled.pool[0].used;
}

#endif
