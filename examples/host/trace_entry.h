/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The entries of a trace (doc/trace.md). Each has a type (1), the length of its body (4), and a
 * body, which the walks below write, read or print.
 *
 * What the host asks of the engine is a call: its arguments, then what its hooks were told and
 * answered, then a return. A query changes nothing in the engine and is one entry.
 */
#ifndef HOST_TRACE_ENTRY_H
#define HOST_TRACE_ENTRY_H

#include "host/trace.h"

#include <mpconn/mpconn.h>

#define TRACE_MAGIC "mptrace\n"
#define TRACE_VERSION 4
#define TRACE_ENTRY_HEADER 5
/* Longer packets and frames are not recorded. */
#define TRACE_PACKET_MAX (UINT32_C(1) << 20)
/* Of more room around a packet so much is recorded: more than a packet can grow by. */
#define TRACE_ROOM_MAX UINT32_C(65535)
#define TRACE_KEY_MAX 64
#define TRACE_MEMBERS_MAX 64
#define TRACE_TAG 16
#define TRACE_NAME (MPCONN_SESSION_NAME_MAX + 1)

/* X(number, NAME, what the entry is). Numbers are never changed and never used again. */
#define TRACE_CALLS(X)                         \
    X(1, NEW, "engine made")                   \
    X(2, DEL, "engine deleted")                \
    X(3, INPUT, "packets")                     \
    X(4, EXPIRE, "timers")                     \
    X(5, SYNC_INPUT, "frame of a member")      \
    X(6, SET_KEY, "new key")                   \
    X(7, SET_TIMEOUTS, "new timeouts")         \
    X(8, KILL, "flows ended by the host")      \
    X(9, SESSION_ADD, "new session")           \
    X(10, SESSION_MODIFY, "changed session")   \
    X(11, SESSION_REMOVE, "session removed")
#define TRACE_QUERIES(X)                       \
    X(32, STATS, "statistics")                 \
    X(33, COUNT, "counter of a reason")        \
    X(34, SYNC_COUNT, "counter of frames")     \
    X(35, MEMBER, "a member")                  \
    X(36, FLOW_NEXT, "a flow")                 \
    X(37, NEXT_EXPIRY, "next deadline")        \
    X(38, HEADROOM, "headroom")                \
    X(39, TAILROOM, "tailroom")                \
    X(40, SESSION_GET, "a session by name")    \
    X(41, SESSION_NEXT, "a session")
#define TRACE_HOOKS(X)                         \
    X(64, SEND_PACKETS, "packets made")        \
    X(65, RANDOM, "random bytes")              \
    X(66, ADMIT, "decision about a SYN")       \
    X(67, RELEASE, "packets released")         \
    X(68, EVENT, "event")                      \
    X(69, SEND_FRAME, "frame to a member")     \
    X(70, SEAL, "frame sealed")                \
    X(71, OPEN, "frame opened")                \
    X(72, NO_MEMORY, "allocation refused")     \
    X(73, BIND, "what the server leg shows")   \
    X(74, SESSION_EVENT, "event of a session") \
    X(75, LINK_HEADER, "link-layer header")    \
    X(76, RETURN_LINK, "link to a client")

enum trace_type {
#define TRACE_NUMBER(number, name, text) TRACE_##name = number,
    TRACE_CALLS(TRACE_NUMBER)
    TRACE_QUERIES(TRACE_NUMBER)
    TRACE_HOOKS(TRACE_NUMBER)
#undef TRACE_NUMBER
    TRACE_END = 127,   /* the recorder was closed */
    TRACE_RETURN = 128 /* added to the type of a call */
};

static inline bool trace_is_call(uint8_t type)
{
    return type < TRACE_STATS;
}

static inline bool trace_is_query(uint8_t type)
{
    return type >= TRACE_STATS && type < TRACE_SEND_PACKETS;
}

/* A pointer that the host gave. */
enum trace_given {
    TRACE_NULL = 0,
    TRACE_GIVEN = 1,
    TRACE_OTHER_SIZE = 2 /* to a struct of another version; nothing of it is recorded */
};

/* Bits of trace_new::hooks, but for those that are required. */
enum trace_hook {
    TRACE_HAS_SEND_PACKETS = 1 << 0,
    TRACE_HAS_RANDOM = 1 << 1,
    TRACE_HAS_ADMIT = 1 << 2,
    TRACE_HAS_RELEASE = 1 << 3,
    TRACE_HAS_EVENT = 1 << 4,
    TRACE_HAS_SEND_FRAME = 1 << 5,
    TRACE_HAS_SEAL = 1 << 6,
    TRACE_HAS_OPEN = 1 << 7,
    TRACE_HAS_BIND = 1 << 8,
    TRACE_HAS_SESSION_EVENT = 1 << 9,
    TRACE_HAS_LINK_HEADER = 1 << 10,
    TRACE_HAS_RETURN_LINK = 1 << 11
};

enum trace_half { TRACE_HALF_NONE = 0, TRACE_HALF_ALLOC = 1, TRACE_HALF_RELEASE = 2 };

typedef struct trace_key {
    uint8_t given;
    uint32_t len;     /* as the host said; of a key too long no bytes are recorded */
    uint8_t bytes[TRACE_KEY_MAX];
} trace_key;

typedef struct trace_timeouts {
    uint8_t given;
    mpconn_timeouts value;
} trace_timeouts;

typedef struct trace_new {
    uint64_t now;
    uint8_t config, callbacks; /* trace_given */
    uint16_t hooks;            /* trace_hook */
    uint8_t half_allocator;           /* trace_half: which of the pair is there alone */
    mpconn_engine_config value;       /* without what it points to */
    trace_timeouts timeouts;
    trace_key key;
    uint8_t members_given;
    uint16_t members[TRACE_MEMBERS_MAX];
} trace_new;

/* A packet on its way in. */
typedef struct trace_packet {
    uint8_t given, data_given, ext_given;
    mpconn_pkt pkt;        /* without what it points to */
    mpconn_pkt_ext ext;
    const uint8_t *bytes;
    uint32_t n_bytes;      /* pkt.len, or 0 where there is nothing to read */
} trace_packet;

/* A packet that comes back. */
typedef struct trace_result {
    mpconn_pkt pkt;
    uint8_t ext_given;
    mpconn_pkt_ext ext;
    uint32_t moved;        /* bytes its start went down by, modulo 2^32 */
    uint32_t changed_at;
    const uint8_t *changed;
    uint32_t n_changed;
} trace_result;

/* A cipher's work: what it was given and what came of it. */
typedef struct trace_cipher {
    const uint8_t *header, *before, *after;
    uint32_t header_len, len, after_len;
    uint8_t tag[TRACE_TAG];
    uint32_t answer;
} trace_cipher;

typedef struct trace_filter {
    uint8_t given;
    mpconn_flow_filter value;
} trace_filter;

/* A session as the controller wants it. */
typedef struct trace_wish {
    uint8_t given;
    mpconn_session_config value;
} trace_wish;

/* A session's name, zeros behind it. */
typedef struct trace_name {
    uint8_t given;
    char text[TRACE_NAME];
} trace_name;

const char *trace_type_name(unsigned type);
const char *trace_type_text(unsigned type);

/* Numbers with a sign. */
void trace_status(trace_walk *w, int *rc);
void trace_answer(trace_walk *w, int *answer);

/* Arguments */
void trace_walk_new(trace_walk *w, trace_new *t);
void trace_walk_packet(trace_walk *w, trace_packet *p);
void trace_walk_key(trace_walk *w, trace_key *k);
void trace_walk_timeouts(trace_walk *w, trace_timeouts *t);
void trace_walk_filter(trace_walk *w, trace_filter *f);

/* Results */
void trace_walk_result(trace_walk *w, trace_result *r);
void trace_walk_stats(trace_walk *w, mpconn_stats *s);
void trace_walk_member(trace_walk *w, mpconn_member *m);
void trace_walk_flow(trace_walk *w, mpconn_flow *f);

/* Hooks */
void trace_walk_made(trace_walk *w, mpconn_pkt *pkt, const uint8_t **bytes, uint32_t *len);
/* The client leg is asked about, and the server leg that is answered. */
void trace_walk_bind(trace_walk *w, mpconn_tuple *client_leg, mpconn_tuple *server_leg);
/* A packet's link, and what the host says of it. */
void trace_walk_link_header(trace_walk *w, uint32_t *link, int *answer, uint8_t *header);
void trace_walk_return_link(trace_walk *w, uint32_t *link, mpconn_return_request *r,
                            uint32_t *answer);
void trace_walk_request(trace_walk *w, mpconn_admit_request *r);
void trace_walk_event(trace_walk *w, mpconn_event *e, mpconn_leg legs[2], mpconn_delta *delta);
void trace_walk_seal(trace_walk *w, trace_cipher *c, bool asked, bool answered);
void trace_walk_open(trace_walk *w, trace_cipher *c, bool asked, bool answered);

/* trace_session.c */
void trace_walk_wish(trace_walk *w, trace_wish *wish);
void trace_walk_name(trace_walk *w, trace_name *n);
void trace_walk_session(trace_walk *w, mpconn_session *s);
void trace_walk_session_event(trace_walk *w, mpconn_session_event *e, char name[TRACE_NAME]);

/* Read through the body of an entry, and print it where `text` is not NULL. False when it is not
 * as an entry of this type must be. */
bool trace_walk_entry(FILE *text, uint8_t type, const uint8_t *body, size_t len);

#endif
