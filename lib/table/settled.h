/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of settled flows: one cache line a flow, two for IPv6. No lists, no timers: idle flows
 * are found by a sweep. */
#ifndef MPCI_TABLE_SETTLED_H
#define MPCI_TABLE_SETTLED_H

#include <mpconn/delta.h>
#include <mpconn/flow.h>

#include "base/alloc.h"
#include "conn/stamp.h"
#include "conn/track.h"
#include "table/index.h"
#include "table/key.h"

/* Flags of an entry. */
enum {
    MPCI_SETTLED_IN_USE = 1 << 0,
    MPCI_SETTLED_SPLIT = 1 << 1,
    MPCI_SETTLED_REVERSE = 1 << 2,   /* opened from the server side */
    MPCI_SETTLED_CONFIRMING = 1 << 3,/* its handshake still waits to hear an endpoint */
    MPCI_SETTLED_IPV6 = 1 << 4,      /* part of the key: set by the table only */
    MPCI_SETTLED_KILLED = 1 << 5,    /* ended by the host: nothing of it passes any more */
    MPCI_SETTLED_FORGOTTEN = 1 << 6, /* an endpoint seems to know nothing of it; no proof, so it
                                        shortens no timer, and any segment in a window unsets it */
    MPCI_SETTLED_SILENT = 1 << 7,    /* killed, and the endpoints are not to be told */
    MPCI_SETTLED_SHARED = 1 << 8,    /* other members know it and may carry part of it */
    MPCI_SETTLED_ASKED = 1 << 9,     /* they were asked what has become of it, and did not answer */
    MPCI_SETTLED_FRAGMENTS = 1 << 10, /* a first fragment of it passed: where its segments end is
                                         not always seen */
    MPCI_SETTLED_RENDEZVOUS = 1 << 11, /* both endpoints called: it belongs to a session */
    MPCI_SETTLED_FLAGS = 0xfff
};

/* Uses of a slot; the upper bits of `use` count them. A slot that reached the last one retires. */
#define MPCI_SETTLED_USE_SHIFT 12
#define MPCI_SETTLED_LAST_USE UINT32_C(0xfffff)

/* A slot number has this bit when the flow takes two lines. */
#define MPCI_SLOT_WIDE UINT32_C(0x80000000)

typedef struct mpci_settled {
    uint8_t addr[8];         /* IPv4: client, server; IPv6: the low half of the key's hash, zeros */
    uint16_t client_port, server_port, zone;
    uint16_t hs;             /* conn/offers.h */
    uint32_t client_isn;     /* x: names the incarnation */
    uint32_t seq_offset;     /* D: server leg minus client leg, server's stream */
    uint32_t ts_offset;      /* T: the same for the server's timestamps */
    mpci_direction dir[2];   /* conn/track.h */
    uint32_t last_seen;      /* ticks of 2^24 ns */
    uint16_t link[2];        /* link that leads to each endpoint */
    uint16_t generation;     /* orders incarnations (rule R3), and the places of a client that moves
                                (rendezvous/moved.h) */
    uint8_t server_options;  /* conn/offers.h */
    uint8_t state;           /* bits 1-0 mpconn_flow_state, 7-3 MPCI_LIFE_*, 2 its bit 5 */
    uint32_t use;            /* bits 31-12 how often the slot was used, 11-0 MPCI_SETTLED_* */
    uint16_t max_window[2];  /* conn/track.h */
} mpci_settled;

_Static_assert(sizeof(mpci_settled) == 64, "a settled IPv4 flow is one cache line");

/* The second line. */
typedef struct mpci_settled_more {
    uint8_t client[16], server[16]; /* IPv6 only */
    mpci_stamp stamp;        /* a client with timestamps, a server without; numbers: or with SACK */
    uint32_t binding;        /* table/binding.h: the server leg's tuple, where it differs */
    uint16_t told_size : 15; /* tick + 1 when the client was last told of server_mss; 0 = never;
                                its low bits, for it is only asked whether that is now */
    uint16_t least_path : 1; /* the path to the client takes so little that a segment of the server
                                cannot be short enough for what is put on it */
    uint16_t last_window;    /* of the server's last acknowledgment (conn/duplicate.h) */
    uint16_t server_mss;     /* limit of the client's segments; 0 = none beyond what it was told */
    uint16_t stamped_elsewhere : 1; /* another member may have gone on from there */
    uint16_t duplicates : 2, recovering : 1, was_claimed : 1, behind : 11; /* as last_window */
} mpci_settled_more;

_Static_assert(sizeof(mpci_settled_more) == 64, "a wide flow is two cache lines");

typedef struct mpci_settled_wide {
    mpci_settled first;
    mpci_settled_more more;
} mpci_settled_wide;

typedef struct mpci_settled_pool {
    uint32_t capacity, used;
    uint32_t free_head, free_tail; /* first freed, first reused: slots wear evenly */
} mpci_settled_pool;

typedef struct mpci_settled_table {
    mpci_settled *narrow;
    mpci_settled_wide *wide;
    mpci_settled_pool pool[2];     /* narrow, wide */
    mpci_index index;
    uint32_t sweep;                /* next line to look at, narrow then wide */
} mpci_settled_table;

int mpci_settled_init(mpci_settled_table *t, mpci_alloc *a, uint32_t narrow, uint32_t wide);
void mpci_settled_fini(mpci_settled_table *t, mpci_alloc *a);

static inline mpci_settled *mpci_settled_at(const mpci_settled_table *t, uint32_t slot)
{
    return slot & MPCI_SLOT_WIDE ? &t->wide[slot & ~MPCI_SLOT_WIDE].first : &t->narrow[slot];
}

/* In a wide slot only. */
static inline mpci_settled_more *mpci_settled_more_at(const mpci_settled_table *t, uint32_t slot)
{
    return &t->wide[slot & ~MPCI_SLOT_WIDE].more;
}

/* Of a flow whose server leg has other addresses or ports; else 0. */
static inline uint32_t mpci_settled_binding(const mpci_settled_table *t, uint32_t slot)
{
    return slot & MPCI_SLOT_WIDE ? mpci_settled_more_at(t, slot)->binding : 0;
}

/* Find a flow; MPCI_SLOT_NONE when there is none. */
uint32_t mpci_settled_find(const mpci_settled_table *t, uint64_t hash, const mpconn_tuple *tuple);

/* The same in two steps for batches: candidates from the index (starts loading their lines), then
 * the comparison. */
unsigned mpci_settled_candidates(const mpci_settled_table *t, uint64_t hash,
                                 uint32_t slots[MPCI_INDEX_CANDIDATES]);
uint32_t mpci_settled_pick(const mpci_settled_table *t, const uint32_t *slots, unsigned n,
                           uint64_t hash, const mpconn_tuple *tuple);

/* What a flow needs; one of IPv6 takes two lines anyway. */
enum mpci_lines {
    MPCI_LINES_ONE,
    MPCI_LINES_TWO_IF_FREE, /* does without the second where there is none */
    MPCI_LINES_TWO
};

/* Take a slot for a tuple that is not in the table. Everything but key (IPV6 is part of it), use
 * count and IN_USE is zero. An IPv4 flow that can do without the second line takes a wide slot when
 * it has use for that or no narrow one is left, as long as half of the wide ones are free: they are
 * for who cannot. MPCONN_ERR_LIMIT when full. */
int mpci_settled_add(mpci_settled_table *t, uint64_t hash, const mpconn_tuple *tuple,
                     enum mpci_lines lines, uint32_t *slot);
void mpci_settled_remove(mpci_settled_table *t, uint64_t hash, uint32_t slot);

/* A flow goes by another tuple of the same IP version from now on, which is not in the table;
 * nothing else of it changes. MPCONN_ERR_LIMIT, and nothing does, when the index is too full. */
int mpci_settled_rename(mpci_settled_table *t, uint64_t old_hash, uint32_t slot, uint64_t hash,
                        const mpconn_tuple *tuple);

void mpci_settled_tuple(const mpci_settled_table *t, uint32_t slot, mpconn_tuple *out);
/* The flow's delta; complete. `tuple` is not written (no F_TUPLE yet). */
void mpci_settled_delta(const mpci_settled *e, mpconn_delta *out);

static inline void mpci_settled_track_load(const mpci_settled *e, mpci_track *t)
{
    t->dir[0] = e->dir[0];
    t->dir[1] = e->dir[1];
    t->state = e->state & 3;
    t->life = (uint8_t)(e->state >> 3 | (e->state & 4) << 3);
    t->max_window[0] = e->max_window[0];
    t->max_window[1] = e->max_window[1];
    t->fragments = (e->use & MPCI_SETTLED_FRAGMENTS) != 0;
}

static inline void mpci_settled_track_store(mpci_settled *e, const mpci_track *t)
{
    e->dir[0] = t->dir[0];
    e->dir[1] = t->dir[1];
    e->state = (uint8_t)((t->state & 3) | (t->life & MPCI_LIFE_RST_OF_SERVER) >> 3 |
                         (t->life & 0x1f) << 3);
    e->max_window[0] = t->max_window[0];
    e->max_window[1] = t->max_window[1];
    if (t->fragments)
        e->use |= MPCI_SETTLED_FRAGMENTS;
}

static inline unsigned mpci_settled_flags(const mpci_settled *e)
{
    return e->use & MPCI_SETTLED_FLAGS;
}

/* Generations wrap around: those of a connection that are in use are near one another. Of two that
 * are as far apart as can be one has to be the later all the same, or both would refuse one another
 * for ever. */
static inline int mpci_is_later(uint16_t a, uint16_t b)
{
    uint16_t ahead = (uint16_t)(a - b);

    return ahead == 0x8000 ? a > b : ahead != 0 && ahead < 0x8000;
}

/* Two clients were joined, and were never a connection as far as is known here: then they go on to
 * call, by the same numbers, and those are not over with it. Who sends grants a window. */
static inline int mpci_settled_is_unused(const mpci_settled *e)
{
    return (mpci_settled_flags(e) & MPCI_SETTLED_RENDEZVOUS) != 0 && e->max_window[0] == 0 &&
           e->max_window[1] == 0;
}

/* They are one, which nothing that passes here may ever show. A window that was granted elsewhere
 * counts as 64 KiB at least (conn/track.c): one unit says no more than that. */
static inline void mpci_settled_begin_use(mpci_settled *e)
{
    if (mpci_settled_is_unused(e))
        e->max_window[0] = 1;
}

/* 0 stands for none. */
static inline uint16_t mpci_generation_after(uint16_t g)
{
    return g == UINT16_MAX ? 1 : (uint16_t)(g + 1);
}

/* Flow id: never 0, top bit clear, unique in the life of the table (a slot worn out after 2^20 uses
 * retires). */
uint64_t mpci_settled_id(const mpci_settled_table *t, uint32_t slot);
/* Slot of an id, MPCI_SLOT_NONE when that flow is gone. */
uint32_t mpci_settled_by_id(const mpci_settled_table *t, uint64_t id);

/* Lines that a flow may take which has to have so many; an IPv4 one may spill over to others. */
typedef struct mpci_line_range {
    uint32_t first, n;
} mpci_line_range;

mpci_line_range mpci_settled_lines_for(const mpci_settled_table *t, int wide);

/* Number of lines a sweep walks: pool[0].capacity + pool[1].capacity. Slot of a line number, or
 * MPCI_SLOT_NONE where the line is not in use. */
uint32_t mpci_settled_lines(const mpci_settled_table *t);
uint32_t mpci_settled_line(const mpci_settled_table *t, uint32_t line);

static inline uint32_t mpci_tick(mpconn_time now)
{
    return (uint32_t)(now >> 24);
}

#endif
