/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections whose server leg shows other addresses and ports: DNAT from 198.51.100.7:80 to
 * 10.8.0.8:8080, SNAT to 10.8.0.1; clients keep their ports. */
#ifndef TESTS_BOUND_H
#define TESTS_BOUND_H

#include "bed.h"

/* A connection as its client and as its server sees it; of the second only what that sends is
 * used. */
typedef struct bound_conn {
    bed_conn client, server;
} bound_conn;

/* Let the hook of a bed lead there, to IPv4 or to IPv6. */
void bound_lead(bed *b, unsigned family);
/* The server leg that it then gives. */
mpconn_tuple bound_leg(const mpconn_tuple *client_leg, unsigned family);

/* From 192.0.2.`client`, or its like of IPv6, to a server of the second family. */
bound_conn bound_conn_of(unsigned from, unsigned client, uint16_t port, unsigned to);

/* The whole handshake. */
void bound_settle(bed *b, bound_conn *c);
/* As far as our SYN to the server, which is left in the box. */
void bound_open(bed *b, bound_conn *c);
void bound_syn_ack(bed *b, const bound_conn *c);
/* The client's proof alone. */
void bound_proof(bed *b, const bound_conn *c);
/* Both say that they have no more to say, and the client acknowledges it. */
void bound_close(bed *b, const bound_conn *c);

/* Close the bed, once its tables and counters agree. */
void bound_end(bed *b);

/* Hand in a segment of one side, and see that it goes on as the other leg must show it. */
void bound_carry(bed *b, const bound_conn *c, unsigned from, uint32_t seq, uint32_t ack,
                 uint32_t payload);
/* See that a packet shows the leg of the side that it goes to. */
void bound_assert_shows(const bound_conn *c, const mpci_view *v, unsigned to);

#endif
