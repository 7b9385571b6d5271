/* SPDX-License-Identifier: BSD-2-Clause */
/* Members of one cluster and the channel between them, which is in the test's hand: frames wait
 * until they are delivered, one by one or by a channel that loses, repeats and reorders. */
#ifndef TESTS_SYNC_BED_H
#define TESTS_SYNC_BED_H

#include "bed.h"
#include "engine/engine.h"
#include "seed.h"

enum { SYNC_MEMBERS = 4, SYNC_QUEUE = 512, SYNC_TAPE = 512, SYNC_BYTES = 1500, SYNC_TAKEN = 256 };

/* One frame on its way to one member. */
typedef struct sync_letter {
    unsigned from, to;         /* indices */
    size_t len;
    uint8_t bytes[SYNC_BYTES];
} sync_letter;

typedef struct sync_station {
    bed b;                     /* first: its hooks get it as their user */
    struct sync_bed *net;
    unsigned index;
    uint16_t id;               /* index + 1, unless the test says otherwise */
    uint64_t ahead;            /* its clock is ahead of the test's by this */
    mpconn_engine_config cfg;  /* of its next boot */
    mpconn_callbacks cb;
    uint16_t others[SYNC_MEMBERS];
    mpci_record taken[SYNC_TAKEN]; /* with catch_records */
    uint32_t taken_from[SYNC_TAKEN];
    unsigned n_taken;
} sync_station;

typedef struct sync_bed {
    unsigned n;
    mpconn_time now;
    sync_station at[SYNC_MEMBERS];
    sync_letter queue[SYNC_QUEUE];
    unsigned n_queue;
    sync_letter tape[SYNC_TAPE]; /* every frame ever sent, once, to as it was asked for */
    unsigned n_tape;
    seed_rng rng;
    unsigned loss, repeat, reorder; /* percent */
    int catch_records;           /* records end here and not in the engine */
    int strict;                  /* a frame that is carried and refused fails the test */
} sync_bed;

/* n members with ids 1 to n. They are not started: change their configurations before. */
void sync_bed_open(sync_bed *s, unsigned n);
void sync_bed_close(sync_bed *s);
/* Start a member, or end it and start it anew. */
void sync_boot(sync_bed *s, unsigned i);
void sync_boot_all(sync_bed *s);
void sync_end(sync_bed *s, unsigned i);

/* Frames from one to another that wait, in order; how many there were. */
unsigned sync_deliver(sync_bed *s, unsigned from, unsigned to);
/* Whatever waits, and whatever that makes, as the channel is set; until nothing waits. */
void sync_carry(sync_bed *s);
/* Take the oldest frame from one to another out of those that wait. */
sync_letter sync_take(sync_bed *s, unsigned from, unsigned to);
/* Forget what waits. */
void sync_lose(sync_bed *s);
/* Frames from one member that wait for another. */
unsigned sync_waiting(const sync_bed *s, unsigned from, unsigned to);
/* Let time pass: timers as they become due, frames carried after each. */
void sync_pass(sync_bed *s, uint64_t ns);
/* Greet until all know all. */
void sync_meet(sync_bed *s);
/* Start all and let them meet on a channel that does no harm; their events of
 * that are forgotten. */
void sync_start(sync_bed *s);
/* Whether `i` hears `j`, and counts frames of its present boot. */
int sync_knows(sync_bed *s, unsigned i, unsigned j);

/* The member that decides about a connection, on which all agree. */
unsigned sync_registrar(const sync_bed *s, const mpconn_tuple *t);

/* Hand bytes in, from a buffer of just their size; the mpconn_sync_reason. */
unsigned sync_input(sync_bed *s, unsigned to, const uint8_t *bytes, size_t len);
/* Latest frame of a member on the tape. */
const sync_letter *sync_last(const sync_bed *s, unsigned from);

/* A record and where it goes; sent when the next call of the member ends. */
void sync_put(sync_bed *s, unsigned from, uint32_t to_id, const mpci_record *r);
void sync_flush(sync_bed *s, unsigned from);
/* A commit of a connection from this port, and to send it at once. */
mpci_record sync_record(unsigned port);
void sync_say(sync_bed *s, unsigned from, uint32_t to_id, unsigned port);

/* A frame by hand. The header is the one the member would send next. */
mpci_frame sync_header(sync_bed *s, unsigned from, uint32_t to_id);
size_t sync_forge(uint8_t *bytes, const mpci_frame *f, const uint8_t *records, size_t len,
                  const uint8_t key[16]);

/* Events of one type that a member told about another's id. */
unsigned sync_events(const sync_bed *s, unsigned at, unsigned type, uint32_t about);

/* Give a member a cipher of its host's, for its next boot. A toy, but one that notices any bit. */
void sync_with_cipher(sync_bed *s, unsigned i);

#endif
