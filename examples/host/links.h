/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Links: the numbers by which the engine remembers where a packet came from.
 *
 * A link is a port and the link-layer header that sends a packet out there: the header of a
 * received frame, reversed. On the other side the same link leads onward, with the header as it
 * was received. Links are numbered from 1 and never change or go away, because the engine keeps
 * the numbers in its flows. When all 65,535 are used, further headers get MPCONN_LINK_NONE, and
 * packets without a link go where packets to that address went last.
 */
#ifndef HOST_LINKS_H
#define HOST_LINKS_H

#include "host/frame.h"

/* The port is not known: every port of the side. */
#define LINK_PORT_ALL UINT16_MAX

typedef struct link_entry {
    l2_header l2;
    uint16_t port;
    uint8_t side;
} link_entry;

typedef struct links links;

links *links_new(void);
void links_del(links *l);

/* The number of this link, a new one if need be; MPCONN_LINK_NONE when there are too many. */
uint32_t links_number(links *l, uint8_t side, uint16_t port, const l2_header *l2);
/* NULL for a number that was never given. */
const link_entry *links_find(const links *l, uint32_t number);
/* How a packet with this link leaves on that side: back to where the link is from, or onward. False
 * for a number that was never given. */
bool links_out(const links *l, uint32_t number, uint8_t side, link_entry *out);

/* Remember the header with which a packet of this frame's destination goes out, and find it again.
 * A cache: an entry may give way to another. */
void links_learn_way(links *l, const frame *f, uint16_t out_port);
/* To an address the same way as to another one, where none of its own is known. */
void links_learn_like(links *l, uint16_t zone, uint8_t side, const mpconn_addr *to,
                      const mpconn_addr *other);
const link_entry *links_find_way(const links *l, const mpconn_pkt *pkt);

/* Which port the station was seen at that a header leads to; LINK_PORT_ALL when it was not. */
void links_learn_station(links *l, const frame *f);
uint16_t links_find_station(const links *l, const l2_header *to);

#endif
