/* SPDX-License-Identifier: BSD-2-Clause */
/* Progress and life of a settled connection, as far as its segments show it. Pure functions. */
#ifndef MPCI_CONN_TRACK_H
#define MPCI_CONN_TRACK_H

#include <mpconn/flow.h>

#include "packet/view.h"

/* One direction, in the numbers of the endpoint that sends it. */
typedef struct mpci_direction {
    uint32_t end;     /* next sequence number: highest seen plus one */
    uint32_t max_end; /* highest the other endpoint ever allowed: its ack + window */
} mpci_direction;

/* Life bits beside the state. */
enum {
    MPCI_LIFE_FIN_CLIENT = 1 << 0, /* FIN of the client seen, ends at dir[CLIENT].end */
    MPCI_LIFE_FIN_SERVER = 1 << 1,
    MPCI_LIFE_RST = 1 << 2,        /* exact RST seen, nobody spoke since */
    MPCI_LIFE_LOOSE_FIN_CLIENT = 1 << 3, /* FIN beyond a gap: becomes FIN_CLIENT when acked, */
    MPCI_LIFE_LOOSE_FIN_SERVER = 1 << 4, /* and shortens no timer before (rule R11) */
    MPCI_LIFE_RST_OF_SERVER = 1 << 5     /* with RST: the server sent it, otherwise the client */
};

typedef struct mpci_track {
    mpci_direction dir[2];  /* by mpconn_side of the sender */
    uint16_t max_window[2]; /* greatest window granted to that sender, in units of 2^14 bytes,
                             * rounded up; 0 to begin with */
    uint8_t state;          /* mpconn_flow_state, never RESET: that is state plus MPCI_LIFE_RST */
    uint8_t life;           /* MPCI_LIFE_* */
    uint8_t fragments;      /* 1 once a first fragment passed: where segments end is not always
                             * seen, and an acknowledgment may be ahead of that by one packet */
} mpci_track;

/* How much of a connection a member sees: the levels of doc/validation.md. In half view the other
 * direction may pass elsewhere: what it said is known from the acknowledgments here only, and what
 * it allowed not at all. Then it counts how far a stream can have gone since it was last seen. */
typedef uint32_t mpci_track_view;

enum { MPCI_TRACK_FULL = 0 };

/* By the greatest window there is with that shift (RFC 7323 2.2): at most 2^30. */
static inline mpci_track_view mpci_track_half(unsigned wscale)
{
    return (mpci_track_view)65536 << wscale;
}

/* What a segment meant. */
enum mpci_track_result {
    MPCI_TRACK_IN_WINDOW, /* counted */
    MPCI_TRACK_OUTSIDE,   /* out of every window: nothing changed */
    MPCI_TRACK_RESET      /* exact RST: life bit set */
};

/* Take note of a segment `from` a side. `ack` and `seq` are those of the *sender's* leg; the
 * caller gives the offset that turns its ack into the numbers of the other endpoint
 * (`ack_offset`: add to ack), and the scaled window in bytes as the other endpoint will read it. */
enum mpci_track_result mpci_track_segment(mpci_track *t, const mpci_view *v, unsigned from,
                                          uint32_t ack_offset, uint32_t window_bytes,
                                          mpci_track_view view);

/* Can a segment of `side` that begins at `seq`, in its own numbers, be on its way? RFC 5927 4.1. */
int mpci_track_is_under_way(const mpci_track *t, unsigned side, uint32_t seq,
                            mpci_track_view view);

/* Are two numbers of a stream as near as half view asks? */
int mpci_track_is_near(uint32_t number, uint32_t known, mpci_track_view half);

/* State as the public API shows it. */
unsigned mpci_track_state(const mpci_track *t);

/* A connection with which nothing more can happen: a new SYN may take its place. */
int mpci_track_is_over(const mpci_track *t);

#endif
