/* SPDX-License-Identifier: BSD-2-Clause */
/* An engine between two hand-made endpoints: what goes in is built here, what comes out is kept. */
#ifndef TESTS_BED_H
#define TESTS_BED_H

#include <mpconn/mpconn.h>

#include "packet/build.h"

enum { BED_OUT = 256, BED_ROOM = 2048 };

/* A packet that came out: generated, or forwarded by verdict. */
typedef struct bed_out {
    uint8_t bytes[BED_ROOM];
    mpconn_pkt pkt;
    mpci_view view;
    mpci_syn_options options;
} bed_out;

typedef struct bed {
    mpconn_engine *eng;
    mpconn_time now;
    bed_out out[BED_OUT];      /* generated packets, oldest first */
    unsigned n_out;
    uint8_t bytes[BED_ROOM];   /* the packet of the last bed_in */
    mpconn_pkt pkt;
    uint64_t released[64];
    unsigned n_released, release_reason;
    mpconn_event events[64];
    mpconn_leg legs[64][2];
    mpconn_delta deltas[64];
    unsigned n_events;
    int admit;                 /* what the admit hook answers */
    unsigned n_admit;
    mpconn_admit_request request;
    int bind;                  /* what bed_bind answers */
    mpconn_tuple leg;          /* and the server leg: what is zero is the client leg's */
    unsigned n_bind;
    mpconn_tuple bound;        /* what it was asked about last */
    int send_fails;
    uint64_t random_state;
} bed;

/* What a segment is made of; the rest of mpci_segment plus payload. */
typedef struct bed_segment {
    mpci_segment s;
    uint32_t payload;          /* bytes of it, patterned */
} bed_segment;

extern const uint8_t bed_key[16];

/* Configuration and hooks the tests start from; its timeouts are bed_timeouts, all defaults. */
extern mpconn_timeouts bed_timeouts;
void bed_config(mpconn_engine_config *cfg, mpconn_callbacks *cb);
void bed_open(bed *b, const mpconn_engine_config *cfg, const mpconn_callbacks *cb);
void bed_open_default(bed *b);
void bed_close(bed *b);

/* A hook that binds, for those who set it. */
int bed_bind(void *user, const mpconn_tuple *client_leg, mpconn_tuple *server_leg);

mpconn_tuple bed_tuple(unsigned family, unsigned client, uint16_t client_port);

/* Hand in one segment from a side; verdict and bytes stay in b->pkt. */
void bed_in(bed *b, unsigned from, const bed_segment *seg);
/* Hand in b->pkt once more, as a host does after a release. */
void bed_in_again(bed *b, mpconn_pkt *pkt);
/* Let time pass and do what is due. */
void bed_pass(bed *b, uint64_t ns);
/* Oldest generated packet not yet taken, or fail the test. */
const bed_out *bed_take(bed *b);
/* Parse the packet of the last bed_in as it is now. */
void bed_view(const bed *b, mpci_view *v, mpci_syn_options *o);

/* A whole split handshake over a tuple. */
typedef struct bed_conn {
    mpconn_tuple tuple;
    uint32_t x, y, z;          /* ISNs of client, proxy, server */
    uint32_t client_ts, proxy_ts, server_ts;
    uint8_t client_wscale, server_wscale;
    uint8_t timestamps, sack;
    uint16_t client_mss, server_mss;
} bed_conn;

bed_conn bed_conn_of(const mpconn_tuple *t, uint32_t x, uint32_t z);
bed_segment bed_seg(const mpconn_tuple *t, unsigned to, unsigned flags, uint32_t seq, uint32_t ack);
/* The three segments of its handshake, those of the client with y known. */
bed_segment bed_syn_seg(const bed_conn *c);
bed_segment bed_proof_seg(const bed_conn *c);
bed_segment bed_syn_ack_seg(const bed_conn *c);
void bed_syn(bed *b, bed_conn *c);      /* ends with c->y known */
void bed_proof(bed *b, bed_conn *c);    /* ends with our SYN to the server taken */
void bed_syn_ack(bed *b, bed_conn *c);  /* ends with final ACK and window update in the box */
void bed_settle(bed *b, bed_conn *c);   /* all three, box emptied */
/* A segment of the settled connection, numbers relative to the ISNs: seq and ack 1 are the first
 * byte. As the sender's own leg shows it. */
bed_segment bed_data(const bed_conn *c, unsigned from, uint32_t seq, uint32_t ack,
                     uint32_t payload);

#endif
