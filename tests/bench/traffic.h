/* SPDX-License-Identifier: BSD-2-Clause */
/* Traffic for measurements: an engine full of connections that came about by real handshakes, and
 * segments of theirs. Nothing but the public interface is used, and segments are built by the code
 * of the simulator, which shares none with the library.
 *
 * A connection is a number: addresses, ports and what its endpoints choose follow from it. Only
 * what the engine chose, and how far both streams have come, is kept. */
#ifndef MPCONN_BENCH_TRAFFIC_H
#define MPCONN_BENCH_TRAFFIC_H

#include <mpconn/mpconn.h>

enum {
    TRAFFIC_ROOM = 128,  /* bytes of a packet's buffer */
    TRAFFIC_PAYLOAD = 12 /* bytes of data in a segment: the packet is one cache line */
};

typedef struct traffic_conn {
    uint32_t proxy_isn, proxy_ts; /* what the engine told the client */
    uint32_t sent[2];             /* payload bytes, by mpconn_side */
} traffic_conn;

typedef struct traffic {
    mpconn_engine *eng;
    mpconn_time now;
    traffic_conn *conns;
    uint32_t n_conns;
    uint8_t family;
    uint64_t made;                /* packets the engine gave to send_packets */
} traffic;

/* A batch: packets and the buffers they point to. */
typedef struct traffic_batch {
    mpconn_pkt pkt[MPCONN_BATCH];
    mpconn_pkt *list[MPCONN_BATCH];
    _Alignas(64) uint8_t bytes[MPCONN_BATCH][TRAFFIC_ROOM];
} traffic_batch;

/* Packets to be handled one after another, as they lie in memory before they arrive. */
typedef struct traffic_ring {
    uint8_t (*bytes)[64];
    uint8_t *side;
    uint8_t *len;
    uint32_t n;
} traffic_ring;

/* What failed is printed, and ends the program: half a measurement is none. */
void traffic_die(const char *what, const mpconn_pkt *pkt);

/* An engine for `conns` settled flows of a family. `huge` asks the system for large pages. */
void traffic_open(traffic *t, unsigned family, uint32_t conns, uint32_t handshakes, int huge);
void traffic_close(traffic *t);

void traffic_batch_init(traffic_batch *b);
void traffic_input(traffic *t, traffic_batch *b, size_t n);
/* Ends the program unless all `n` packets got this reason. */
void traffic_expect(const traffic_batch *b, size_t n, unsigned reason);

/* One packet of a batch, as it arrives at the engine. */
void traffic_put_syn(const traffic *t, traffic_batch *b, size_t at, uint32_t conn);
void traffic_put_proof(const traffic *t, traffic_batch *b, size_t at, uint32_t conn,
                       uint32_t proxy_isn, uint32_t proxy_ts);
/* The numbers of an answered SYN. */
void traffic_read_answer(const traffic_batch *b, size_t at, uint32_t *proxy_isn,
                         uint32_t *proxy_ts);

/* Carry all connections through their handshakes. */
void traffic_settle(traffic *t);
/* Hand in SYNs until the engine keeps nothing of strangers any more. */
void traffic_press(traffic *t, uint32_t handshakes);

/* Rings hold packets of 64 bytes at most, so IPv4 only. Segments are the next of their stream:
 * filling a ring moves both streams on. */
void traffic_ring_init(traffic_ring *r, uint32_t n, int huge);
void traffic_ring_free(traffic_ring *r);
void traffic_ring_segments(traffic *t, traffic_ring *r, uint64_t *random);
void traffic_ring_syns(traffic *t, traffic_ring *r, uint32_t first_conn);
/* Put the next segment of a connection into a batch. */
void traffic_put_segment(traffic *t, traffic_batch *b, size_t at, uint32_t conn, unsigned side);

/* Let `n` packets of the ring, from `at` on, arrive in the batch. */
static inline void traffic_arrive(traffic_batch *b, const traffic_ring *r, uint32_t at, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        mpconn_pkt *p = &b->pkt[i];

        memcpy(b->bytes[i], r->bytes[at + i], sizeof(r->bytes[0]));
        p->flow = 0;
        p->len = r->len[at + i];
        p->flags = 0;
        p->side = r->side[at + i];
        p->link = 1u + p->side;
    }
}

uint64_t traffic_random(uint64_t *state);
void *traffic_alloc(size_t size, int huge);
/* Nanoseconds this thread has run: what others do on the processor does not count. */
double traffic_clock(void);

#endif
