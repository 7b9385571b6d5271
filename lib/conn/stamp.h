/* SPDX-License-Identifier: BSD-2-Clause */
/* Timestamps on the segments of a server that has none, for a client that was promised them:
 * RFC 7323 3.2 wants them on every segment but a RST. Pure functions. */
#ifndef MPCI_CONN_STAMP_H
#define MPCI_CONN_STAMP_H

#include "packet/view.h"

/* What has to be kept free in the server's segments. */
enum { MPCI_STAMP_LEN = 12 };

/* One reading of the client waits at a time for the server to acknowledge the data it came with;
 * then it becomes TS.Recent, and the next segment's waits. So an echo is that of a segment that the
 * server had, and at most one round trip to it older than RFC 7323 4.3 asks for. It waits for this
 * number: in units that leave room for what a window can hold above last_ack (2^30 bytes), whose
 * upper bits are those of last_ack. */
enum { MPCI_STAMP_AWAITED_BITS = 11 };

typedef struct mpci_stamp {
    uint32_t base;       /* TSval = base + milliseconds of the clock */
    uint32_t ts_recent;  /* RFC 7323 4.3: the client's, of what passed here; 0 = none */
    uint32_t last_ack;   /* Last.ACK.sent: highest number of the client acknowledged here */
    uint32_t waiting;    /* reading that becomes ts_recent; 0 = none */
    uint16_t awaited : MPCI_STAMP_AWAITED_BITS; /* acknowledgment it waits for, rounded up */
    uint16_t unit : 16 - MPCI_STAMP_AWAITED_BITS; /* of that: 2^unit bytes */
    uint16_t heard_at;   /* tick of 2^28 ns when the server was last heard here; 0 = never */
} mpci_stamp;

/* Begin where the SYN|ACK left off: its TSval, the client's reading and next number. */
mpci_stamp mpci_stamp_begin(mpconn_time now, uint32_t tsval, uint32_t client_ts,
                            uint32_t client_next);

uint32_t mpci_stamp_value(const mpci_stamp *s, mpconn_time now);

/* Let the clock show at least `tsval`: whether it had to be put forward. It never goes back. */
int mpci_stamp_raise(mpci_stamp *s, mpconn_time now, uint32_t tsval);

/* How a segment passes here. */
typedef struct mpci_stamp_way {
    mpconn_time now;
    uint32_t end;   /* next number of the client, this segment included */
    int is_shared;  /* others may pass elsewhere */
} mpci_stamp_way;

/* Note a segment of the client that lies in its window. */
void mpci_stamp_note(mpci_stamp *s, const mpci_view *v, const mpci_stamp_way *way);

/* The echo for a segment of the server, numbers as the client's leg shows them; 0 where it
 * acknowledges what passed elsewhere: any other reading would be a wrong measurement. */
uint32_t mpci_stamp_echo(mpci_stamp *s, const mpci_view *v, int is_shared);

/* Has the server not been heard here for longer than who takes turns with another member would be
 * silent? */
int mpci_stamp_is_silent(const mpci_stamp *s, mpconn_time now);
void mpci_stamp_heard(mpci_stamp *s, mpconn_time now);

/* NOP, NOP, timestamps. */
void mpci_stamp_write(uint8_t option[MPCI_STAMP_LEN], uint32_t tsval, uint32_t tsecr);

#endif
