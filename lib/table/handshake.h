/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of handshakes in progress: bigger entries, a few of them, each with one timer. */
#ifndef MPCI_TABLE_HANDSHAKE_H
#define MPCI_TABLE_HANDSHAKE_H

#include "base/alloc.h"
#include "table/index.h"
#include "table/key.h"

typedef struct mpci_handshake {
    mpconn_tuple tuple;
    uint64_t hash;
    uint64_t serial;           /* of the use of this slot: no two uses of any slot share one */
    mpconn_time timer_due;     /* of the state machine; MPCONN_TIME_NEVER = not running */
    mpconn_time hold_due;      /* when held packets are given up; MPCONN_TIME_NEVER = none held */
    uint32_t heap_at;          /* place in the heap; MPCI_SLOT_NONE while nothing is due */
    uint32_t client_isn;       /* x, or the opener's number of a tracked flow */
    uint32_t proxy_isn;        /* y */
    uint32_t server_isn;       /* z */
    uint32_t client_ts;        /* latest TSval of the client */
    uint32_t proxy_ts;         /* TSval of our SYN|ACK */
    uint32_t server_ts;        /* TSval of the server's SYN|ACK */
    uint32_t settled;          /* slot of the settled flow, MPCI_SLOT_NONE before the commit */
    uint32_t mark;             /* of the packet that made it */
    uint32_t binding;          /* table/binding.h: what its server leg shows; 0 = the same */
    uint32_t held_bytes;
    uint32_t held_ahead;       /* bytes from client_isn + 1 on of which all are held */
    uint32_t newer, older;     /* list of the unproved, for eviction; MPCI_SLOT_NONE at its ends.
                                  `newer` of a free entry is the next free one */
    uint16_t link[2];          /* link that leads to each endpoint */
    uint16_t hs;               /* conn/offers.h */
    uint16_t client_window;    /* of the opener's SYN; of a split flow that of its latest proof; as
                                  it stood in the segment */
    uint16_t server_window;    /* of the server's SYN|ACK, unscaled */
    uint16_t client_mss, server_mss;
    uint16_t held_packets;
    uint8_t server_options;    /* conn/offers.h */
    uint8_t state;             /* of the machine in split/ */
    uint8_t tries;             /* times the present state's packet was sent */
    uint8_t flags;             /* MPCI_HANDSHAKE_* */
    uint8_t roles;             /* MPCI_ROLE_* */
    uint8_t asked;             /* times the other members were asked in the present state */
    uint16_t generation;       /* of the commit; 0 = not decided here */
    uint16_t driver, answerer; /* other members with these roles; MPCI_NOBODY */
    union {
        uint32_t heard_seq;    /* with MISMATCH: the server's segment that shows it */
        uint32_t other_isn;    /* not split: server_isn of an earlier SYN|ACK that may count */
    };
    uint8_t errors;            /* our SYNs to the server that drew an ICMP error (V7) */
    uint8_t errors_at;         /* `tries` when the last of them was counted */
    uint64_t noes;             /* members that know nothing of it, a bit each, by index */
    mpconn_time told_due;      /* when a commit is told again */
    mpconn_time repeat_due;    /* when its endpoints are; of what is not split: when it is given up
                                  at the latest */
} mpci_handshake;

#define MPCI_NOBODY 0xffff

/* What happened here, and what others still have to be told. */
enum {
    MPCI_ROLE_DRIVES = 1 << 0,      /* the client's proof came here */
    MPCI_ROLE_ANSWERED = 1 << 1,    /* the server's SYN|ACK came here */
    MPCI_ROLE_TOLD = 1 << 2,        /* other members know of it */
    MPCI_ROLE_OWES_DRIVER = 1 << 3, /* has not acknowledged the commit */
    MPCI_ROLE_OWES_ANSWERER = 1 << 4,
    MPCI_ROLE_OPENED = 1 << 5       /* has opened a generation behind what others told (R3) */
};

enum {
    MPCI_HANDSHAKE_IN_USE = 1 << 0,
    MPCI_HANDSHAKE_UNPROVED = 1 << 1,     /* on the eviction list */
    MPCI_HANDSHAKE_REVERSE = 1 << 2,      /* opened from the server side */
    MPCI_HANDSHAKE_CLIENT_HEARD = 1 << 3, /* since the commit */
    MPCI_HANDSHAKE_SERVER_HEARD = 1 << 4,
    MPCI_HANDSHAKE_STALE_TOLD = 1 << 5,   /* server told that its connection is an old one */
    MPCI_HANDSHAKE_MISMATCH = 1 << 7,     /* committed, but the server counts from elsewhere */
    MPCI_HANDSHAKE_CHALLENGED = 1 << 6    /* tracked SYN drew an ACK: server_isn is its number */
};

typedef struct mpci_handshake_table {
    mpci_handshake *entries;
    uint32_t *heap;            /* slots, earliest deadline first */
    uint32_t capacity, used, unproved, timed; /* timed: entries in the heap */
    uint32_t free_head;
    uint32_t newest, oldest;   /* list of the unproved */
    uint64_t serial;           /* last one given */
    mpci_index index;
} mpci_handshake_table;

int mpci_handshake_init(mpci_handshake_table *t, mpci_alloc *a, uint32_t capacity);
void mpci_handshake_fini(mpci_handshake_table *t, mpci_alloc *a);

mpci_handshake *mpci_handshake_find(const mpci_handshake_table *t, uint64_t hash,
                                    const mpconn_tuple *tuple);
/* A zeroed entry (timers NEVER, settled NONE) on the list of the unproved, as its newest. NULL when
 * full: who wants to make room removes the oldest unproved one first; proved ones are not given up
 * for strangers. */
mpci_handshake *mpci_handshake_add(mpci_handshake_table *t, uint64_t hash,
                                   const mpconn_tuple *tuple);
void mpci_handshake_remove(mpci_handshake_table *t, mpci_handshake *h);

/* Put it on the list of the unproved as the newest, unless it stands there already. */
void mpci_handshake_unproved(mpci_handshake_table *t, mpci_handshake *h);
/* Take it off the list of the unproved. */
void mpci_handshake_proved(mpci_handshake_table *t, mpci_handshake *h);
/* The one that has been unproved for longest; NULL when there is none. */
mpci_handshake *mpci_handshake_oldest_unproved(const mpci_handshake_table *t);

/* Set either deadline and put the entry in its place. */
void mpci_handshake_set_timer(mpci_handshake_table *t, mpci_handshake *h, mpconn_time due);
void mpci_handshake_set_hold(mpci_handshake_table *t, mpci_handshake *h, mpconn_time due);
/* Earliest deadline of all, MPCONN_TIME_NEVER when there is none. */
mpconn_time mpci_handshake_next_due(const mpci_handshake_table *t);
/* An entry whose earlier deadline is not after `now`; NULL when there is none. */
mpci_handshake *mpci_handshake_due(const mpci_handshake_table *t, mpconn_time now);

/* Hold number of a handshake: never 0, never equal to a flow id (top bit set), unique in the life
 * of the table. */
uint64_t mpci_handshake_id(const mpci_handshake_table *t, const mpci_handshake *h);
/* n-th slot, or NULL when it is not in use. */
mpci_handshake *mpci_handshake_at(const mpci_handshake_table *t, uint32_t slot);

#endif
