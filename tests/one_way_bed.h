/* SPDX-License-Identifier: BSD-2-Clause */
/* Link-layer members: A sees what clients say, B and C what servers say, and none of them can send
 * anything back (claims A13 to A20). The server's pings are in the test's hand. */
#ifndef TESTS_ONE_WAY_BED_H
#define TESTS_ONE_WAY_BED_H

#include "check_main.h"
#include "sync_bed.h"

enum { A, B, C, CLIENT = MPCONN_SIDE_CLIENT, SERVER = MPCONN_SIDE_SERVER };

/* The links that the bed gives to what clients and servers say, and that of an echo. */
enum { LINK_ONWARD_TO_SERVER = 11, LINK_ONWARD_TO_CLIENT = 22, LINK_OF_REPLY = 33 };

extern sync_bed net;

typedef struct letter {
    uint8_t bytes[BED_ROOM];
    uint32_t len;
} letter;

bed *at(unsigned i);
/* So many members, which have heard of each other for a while; that began so long ago; and: with
 * clocks that begin then. */
void start(unsigned n);
void start_since(unsigned n, uint64_t since);
void start_at(unsigned n, mpconn_time now);
bed_conn conn_of(unsigned family, uint16_t port);
/* Hand in a client's SYN. */
void syn(unsigned i, const bed_conn *c);
unsigned counted(unsigned i, unsigned reason);
/* How it would answer the SYN of a client, and by which hash it knows the connection. */
enum mpci_way_kind way_of(unsigned i, const bed_conn *c);
uint64_t hash_of(unsigned i, const bed_conn *c);
/* The reply to the request that the last packet of a member has become. */
letter reply_to(const bed *b);
letter reply_to_packet(const mpconn_pkt *request);
/* Hand in a packet as it is. */
void give(unsigned i, unsigned from, const letter *l, uint32_t link);
void expect(unsigned i, unsigned verdict, unsigned reason);
/* A SYN at A becomes an echo, whose reply this is. */
letter echo_of(const bed_conn *c);
/* The reply at a member is the answer to the client; y is known then. */
void answered_at(unsigned i, bed_conn *c, const letter *l);
void proof(bed_conn *c);
/* The server's SYN|ACK at a member; ends with both endpoints told. */
void settle(unsigned i, bed_conn *c);
/* All of that: a client whose answers come by a member, from its SYN to the settled flow. */
void connect_by(unsigned i, bed_conn *c);
void carried(unsigned i, unsigned from, const bed_conn *c);

#endif
