/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Links: the numbers by which the engine remembers where a packet came from.
 *
 * A link is a port and the link-layer header that sends a packet out there: the header of a
 * received frame, reversed. On the other side the same link leads onward, with the header as it
 * was received. Links are numbered from 1. The engine keeps the numbers in its flows, so a number
 * is given to another link only when all 65,534 are given and by this one nothing has come or gone
 * for longer than a flow lives on which nothing is said: then no flow has it any more. Until there
 * is such a one, further headers share the last number, by which packets go where packets to their
 * address went last.
 */
#ifndef HOST_LINKS_H
#define HOST_LINKS_H

#include "host/frame.h"

/* The port is not known: every port of the side. */
#define LINK_PORT_ALL UINT16_MAX

/* Who shares this number says nothing of the header; the other ones each have one. */
#define LINK_BY_ADDRESS MPCONN_LINK_MAX
#define LINKS_MAX (MPCONN_LINK_MAX - 1)
/* How long a link keeps its number though it is not used: longer than any timeout of an engine with
 * the default ones (mpconn_timeouts). */
#define LINK_LIFE_SECONDS 10800
/* How long a station is taken to be where it was seen: as long as bridges do (IEEE 802.1Q). */
#define STATION_LIFE_SECONDS 300

typedef struct link_entry {
    l2_header l2;
    uint16_t port;
    uint8_t side;
} link_entry;

typedef struct links links;

links *links_new(void);
void links_del(links *l);
/* What time it is, from now on. */
void links_tell_time(links *l, mpconn_time now);
/* How many have a number. */
uint32_t links_count(const links *l);

/* Whether the engine may remember the link of this frame: it may hold TCP, or ICMP. Anybody can
 * make frames of as many stations as there are numbers, so no other frame takes one. */
bool links_may_be_kept(const frame *f);
/* The number of this link, a new one if need be; LINK_BY_ADDRESS when there are too many. */
uint32_t links_number(links *l, uint8_t side, uint16_t port, const l2_header *l2);
/* The link of that number, which is used; NULL for LINK_BY_ADDRESS and what was never given. */
const link_entry *links_use(links *l, uint32_t number);
/* How a packet with this link leaves on that side: back to where the link is from, or onward. False
 * for LINK_BY_ADDRESS and a number that was never given. */
bool links_out(links *l, uint32_t number, uint8_t side, link_entry *out);

/* Remember the header with which a packet of this frame's destination goes out, and find it again.
 * A cache: an entry may give way to another. */
void links_learn_way(links *l, const frame *f, uint16_t out_port);
/* To an address the same way as to another one, where none of its own is known. */
void links_learn_like(links *l, uint16_t zone, uint8_t side, const mpconn_addr *to,
                      const mpconn_addr *other);
const link_entry *links_find_way(const links *l, const mpconn_pkt *pkt);

/* Which port the station was seen at lately that a header leads to; LINK_PORT_ALL when at none. */
void links_learn_station(links *l, const frame *f);
/* Nothing is reached by this port any more: its stations may be elsewhere. */
void links_forget_stations(links *l, uint16_t port);
uint16_t links_find_station(const links *l, const l2_header *to);

#endif
