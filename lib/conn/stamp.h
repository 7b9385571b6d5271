/* SPDX-License-Identifier: BSD-2-Clause */
/* Timestamps on the segments of a server that has none, for a client that was promised them:
 * RFC 7323 3.2 wants them on every segment but a RST. Pure functions. */
#ifndef MPCI_CONN_STAMP_H
#define MPCI_CONN_STAMP_H

#include "packet/view.h"

/* What has to be kept free in the server's segments. */
enum { MPCI_STAMP_LEN = 12 };

typedef struct mpci_stamp {
    uint32_t base;       /* TSval = base + milliseconds of the clock */
    uint32_t ts_recent;  /* RFC 7323 4.3: the client's, of what passed here; 0 = none */
    uint32_t last_ack;   /* Last.ACK.sent: highest number of the client acknowledged here */
    uint32_t client_end; /* next number of the client, as of the segments that passed here */
} mpci_stamp;

/* Begin where the SYN|ACK left off: its TSval, the client's reading and next number. */
mpci_stamp mpci_stamp_begin(mpconn_time now, uint32_t tsval, uint32_t client_ts,
                            uint32_t client_next);

uint32_t mpci_stamp_value(const mpci_stamp *s, mpconn_time now);

/* Let the clock show at least `tsval`: whether it had to be put forward. It never goes back. */
int mpci_stamp_raise(mpci_stamp *s, mpconn_time now, uint32_t tsval);

/* Note a segment of the client that lies in its window. */
void mpci_stamp_note(mpci_stamp *s, const mpci_view *v);

/* The echo for a segment of the server, numbers as the client's leg shows them; 0 where it
 * acknowledges what passed elsewhere: any other reading would be a wrong measurement. */
uint32_t mpci_stamp_echo(mpci_stamp *s, const mpci_view *v);

/* NOP, NOP, timestamps. */
void mpci_stamp_write(uint8_t option[MPCI_STAMP_LEN], uint32_t tsval, uint32_t tsecr);

#endif
