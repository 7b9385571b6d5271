/* SPDX-License-Identifier: BSD-2-Clause */
/* Two members, A and B, and one connection that they carry together: the client's segments come to
 * A, the server's to B, unless a test lets them come elsewhere. */
#ifndef TESTS_CARRIED_H
#define TESTS_CARRIED_H

#include "sync_bed.h"

enum { CLIENT = MPCONN_SIDE_CLIENT, SERVER = MPCONN_SIDE_SERVER };
enum { A, B };

extern sync_bed net;
extern bed *const m[2];
extern bed_conn c;

/* Fixture: two members that are not started yet, and a connection. */
void set_up(void);
void tear_down(void);
/* Start them; the connection is one about which this member decides. Another one like it. */
void start(unsigned registrar);
void next_port(unsigned registrar);

/* A segment of the connection as its sender shows it; numbers from 1, the first byte. */
void say(unsigned member, unsigned from, unsigned flags, uint32_t seq, uint32_t ack,
         uint32_t n);
/* What the client says comes to A, what the server says to B. Ends with empty boxes. */
void carried_handshake(void);

/* The settled flow; NULL when there is none. */
mpci_settled *carried_flow(unsigned member);
/* Settled flows of IPv4. */
uint32_t flows_at(unsigned member);
/* State of the flow as the public interface shows it. */
unsigned carried_state(unsigned member);
/* The handshake; NULL when there is none. */
mpci_handshake *carried_entry(unsigned member);
/* Records of a type that a member sent. */
uint64_t carried_said(unsigned member, unsigned type);
/* From now on records come to this member, but it takes no notice; or it does again. */
void carried_deafen(unsigned member, int deaf);

#endif
