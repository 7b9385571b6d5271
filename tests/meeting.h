/* SPDX-License-Identifier: BSD-2-Clause */
/* One session "m" between hand-made clients: those of termination 0 call 198.51.100.7:5001, those
 * of termination 1 call 198.51.100.8:5002, or their like of IPv6. */
#ifndef TESTS_MEETING_H
#define TESTS_MEETING_H

#include "bed.h"

enum { MEETING_EVENTS = 64 };

typedef struct meeting {
    bed b;                       /* first: hooks get it */
    mpconn_session_config config;
    mpconn_session_event events[MEETING_EVENTS];
    unsigned state_then[MEETING_EVENTS]; /* that the host sees when it is told of each */
    unsigned n_events;           /* of that session */
} meeting;

/* A client, or somebody else who sends. */
typedef struct meeting_client {
    mpconn_tuple leg;            /* as the leg of its side shows it */
    unsigned side;
    uint32_t isn, tsval;
    uint16_t window, mss;
    uint8_t wscale, sack, timestamps, ecn;
} meeting_client;

/* A config to change before meeting_open(); families of the two terminations. */
void meeting_config(mpconn_session_config *config, unsigned family0, unsigned family1);
void meeting_open(meeting *m, const mpconn_session_config *config);
/* With so many candidates of all sessions; 0 is the default. */
void meeting_open_with_room(meeting *m, const mpconn_session_config *config, uint32_t candidates);
void meeting_open_default(meeting *m);
/* That, and its two clients. */
void meeting_begin(meeting *m, meeting_client *a, meeting_client *b);
void meeting_close(meeting *m);

/* Client `number` of a side, from that port. */
meeting_client meeting_client_of(const meeting *m, unsigned side, unsigned number, uint16_t port);

bed_segment meeting_syn_of(const meeting_client *c);
/* Each hands in one packet; its verdict is in m->b.pkt. */
void meeting_syn(meeting *m, const meeting_client *c);
/* Numbers as they stand in the packet. */
void meeting_send(meeting *m, const meeting_client *c, unsigned flags, uint32_t seq, uint32_t ack,
                  uint32_t payload);
/* The ACK that ends its handshake with the other one. */
void meeting_ack(meeting *m, const meeting_client *c, const meeting_client *other);
/* The SYN|ACK of a client that was called in the other one's name. */
bed_segment meeting_accept_of(const meeting_client *c, const meeting_client *caller);
void meeting_accept(meeting *m, const meeting_client *c, const meeting_client *caller);
/* See that a packet goes to a client, on the leg that it knows. */
void meeting_leads_to(const meeting_client *c, const mpci_view *v);
/* See that the oldest packet in the box is the SYN|ACK for a client. */
const bed_out *meeting_answer(meeting *m, const meeting_client *c, const meeting_client *other);
/* See that it is a RST for a client, with its next number. */
void meeting_reset(meeting *m, const meeting_client *c, uint32_t seq, uint32_t ack);
/* Both call, and are answered. */
void meeting_pair(meeting *m, const meeting_client *a, const meeting_client *b);
/* And acknowledge. */
void meeting_join(meeting *m, const meeting_client *a, const meeting_client *b);
/* A segment goes on to the other one as it is, but for addresses and ports. */
void meeting_carry(meeting *m, const meeting_client *from, const meeting_client *to, uint32_t seq,
                   uint32_t ack, uint32_t payload);
/* The packet handed in last has that verdict and reason, and nothing is in the box. */
void meeting_silent(meeting *m, unsigned verdict, unsigned reason);

unsigned meeting_state(const meeting *m);
mpconn_session meeting_session(const meeting *m);
/* The oldest event that was not taken yet. */
const mpconn_session_event *meeting_event(meeting *m, unsigned type, unsigned reason);

#endif
