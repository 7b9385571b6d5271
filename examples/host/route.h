/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's routes and neighbours: for packets whose way no frame has taught.
 *
 * What is found is kept for a second: a route may change. Where the neighbour is not known yet the
 * kernel is given the packet itself, by a raw socket, and finds out.
 */
#ifndef HOST_ROUTE_H
#define HOST_ROUTE_H

#include "host/frame.h"

#include <mpconn/base.h>

#define ROUTE_SLOTS 256

typedef struct route_entry {
    mpconn_addr to;
    uint8_t family;     /* mpconn_family; 0: the slot is empty */
    int ifindex;        /* where packets leave */
    l2_header l2;       /* with this header */
    mpconn_time until;
} route_entry;

typedef struct routes {
    int netlink, raw4, raw6; /* -1 = not open */
    uint32_t asked;          /* number of the last question to the kernel */
    route_entry known[ROUTE_SLOTS];
} routes;

/* NULL, or what failed; errno says why. */
const char *routes_open(routes *r);
void routes_close(routes *r);

/* Interface and header for the packet's destination; NULL when the kernel knows none. */
const route_entry *routes_find(routes *r, const mpconn_pkt *pkt, mpconn_time now);
/* Let the kernel route the packet. False when it does not, or when the packet is of a kind that a
 * raw socket does not take: a super-segment. */
bool routes_send(routes *r, const frame *f);

#endif
