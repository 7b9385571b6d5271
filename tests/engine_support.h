/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of the engine share besides the bed: a counting allocator, snapshots of all that
 * can be seen of an engine, and packets given as bytes. */
#ifndef TESTS_ENGINE_SUPPORT_H
#define TESTS_ENGINE_SUPPORT_H

#include "bed.h"
#include "packets.h"

/* An allocator that counts, and fails when told to. */
typedef struct counting {
    unsigned calls;    /* of alloc */
    unsigned live;     /* blocks out */
    unsigned fail_at;  /* the n-th call returns NULL; 0 = none */
    uint64_t bytes;    /* asked for, all calls */
    void *blocks[32];
    size_t sizes[32];
    void (*on_release)(struct counting *c, void *ptr, size_t size);
    void *user;
} counting;

mpconn_allocator counting_allocator(counting *c);

/* Everything the public interface shows of an engine. */
enum { SNAPSHOT_FLOWS = 512 };
typedef struct snapshot {
    mpconn_stats stats;
    uint64_t counts[MPCONN_REASON_LIMIT];
    mpconn_flow flows[SNAPSHOT_FLOWS];
    unsigned n_flows;
} snapshot;

void snapshot_take(snapshot *s, const mpconn_engine *eng);
/* Flows and gauges, not totals and counters. */
void snapshot_assert_same_state(const snapshot *a, const snapshot *b);
/* All of it. */
void snapshot_assert_equal(const snapshot *a, const snapshot *b);
/* Rules every engine obeys at any time. */
void snapshot_assert_sane(const snapshot *s);

mpconn_stats bed_stats(const bed *b);
uint64_t bed_count(const bed *b, unsigned reason);
/* The one flow of a tuple, or fail; with NULL the only flow there is. */
mpconn_flow bed_flow(const bed *b, const mpconn_tuple *t);
unsigned bed_n_flows(const bed *b);

/* Build a segment without handing it in; returns its length. */
size_t bed_build(uint8_t *dst, size_t cap, const bed_segment *seg);
/* Hand in bytes as they are: verdict in b->pkt. `tweak`, if any, changes the packet before. */
void bed_bytes(bed *b, unsigned from, const uint8_t *bytes, size_t len,
               void (*tweak)(mpconn_pkt *pkt, void *user), void *user);
void bed_raw(bed *b, unsigned from, const raw *r);

/* A tracked (not split) handshake opened by `opener`, as far as `steps` of SYN, SYN|ACK, ACK. */
void bed_plain(bed *b, const bed_conn *c, unsigned opener, unsigned steps);

#endif
