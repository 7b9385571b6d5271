/* SPDX-License-Identifier: BSD-2-Clause */
/* Two engines that are told the same, one in batches and one packet by packet, and a host that
 * believes neither: after every call it looks at what came out and ends the program at the first
 * thing that must not be. */
#ifndef MPCONN_FUZZ_RIG_H
#define MPCONN_FUZZ_RIG_H

#include <mpconn/mpconn.h>

enum {
    RIG_PACKET = 2048, /* bytes of a packet at most */
    RIG_QUEUE = 16,    /* packets of a call at most */
    RIG_HELD = 64
};

/* What the engines told their host, one byte after another, to be compared. */
typedef struct rig_log {
    uint8_t *bytes;
    size_t len, cap;
} rig_log;

/* A packet kept under a hold number. */
typedef struct rig_held {
    mpconn_pkt pkt;
    mpconn_pkt_ext ext;
    int released;
} rig_held;

typedef struct rig_member {
    struct rig *rig;
    mpconn_engine *eng;
    rig_log sent, told;
    uint64_t random;
    uint64_t made, lost, settled, ended;
    rig_held held[RIG_HELD];
    unsigned n_held;
    mpconn_pkt *const *flight;       /* packets of the call in progress, */
    unsigned n_flight;
    uint64_t flight_released;        /* and those of them already set free, one bit each */
} rig_member;

/* What a host says about a packet beside its bytes. */
typedef struct rig_meta {
    mpconn_pkt_ext ext;
    uint32_t flags, link, zone;
    uint32_t cap;       /* bytes of the buffer beyond those of the packet */
    uint32_t cut;       /* bytes at the end that are not handed in */
    uint8_t side, has_ext;
} rig_meta;

typedef struct rig_packet {
    uint8_t bytes[RIG_PACKET];
    uint32_t len;
    rig_meta meta;
    int tag;            /* of who queued it, told back after the call */
} rig_packet;

typedef struct rig {
    rig_member member[2];            /* 0 gets batches, 1 single packets */
    rig_packet queue[RIG_QUEUE];
    unsigned n_queue, batch;
    mpconn_time now;
    mpconn_engine_config cfg;
    mpconn_callbacks cb;
    unsigned admit;                  /* what the admit hook answers */
    int send_fails;
    unsigned allocations;
    int making;                      /* an engine may ask for memory now, and give it back */
    /* Told of every queued packet after its call, with the packet as the engine left it. */
    void (*after)(void *arg, int tag, const mpconn_pkt *pkt);
    void *arg;
} rig;

/* `cfg` and `cb` are filled with what a host might take; change them before rig_start(). */
void rig_init(rig *r);
void rig_start(rig *r);
void rig_stop(rig *r);

void rig_queue(rig *r, const uint8_t *bytes, size_t len, const rig_meta *meta, int tag);
void rig_flush(rig *r);
void rig_wait(rig *r, uint64_t ns, uint32_t budget);
void rig_kill(rig *r, const mpconn_flow_filter *filter);
void rig_set_key(rig *r, const uint8_t *key, size_t len);
void rig_set_timeouts(rig *r, const mpconn_timeouts *t);
/* Hand the packets in again that the engines gave free. */
void rig_resubmit(rig *r);
void rig_set_batch(rig *r, unsigned n);

/* Says what does not hold, and where, and aborts. */
void rig_fail(const char *what, const char *file, int line);
#define RIG_HOLDS(condition) \
    ((condition) ? (void)0 : rig_fail(#condition, __FILE__, __LINE__))

/* check.c: what must be true of a packet after its call, of one an engine made, and of engines
 * after every call. `handed` is the packet as it came; `sent` and `told` are bytes in the logs. */
void rig_check_packet(const rig_member *m, const mpconn_pkt *handed, const mpconn_pkt *after,
                      size_t sent, size_t told);
void rig_check_made(const mpconn_pkt *pkt);
void rig_check_member(const rig_member *m);
void rig_check_alike(const rig *r);

#endif
