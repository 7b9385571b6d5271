/* SPDX-License-Identifier: BSD-2-Clause */
/* The rungs of a ladder diagram: a segment on one leg, or the same one on both; or a frame between
 * two members. */
#ifndef DEMO_ROWS_H
#define DEMO_ROWS_H

#include "demo/capture.h"

typedef struct row {
    uint64_t at_ns;         /* since the first segment */
    uint8_t member;         /* that saw the segment, or sent the frame */
    uint8_t toward;         /* CLIENT or SERVER */
    const event *leg[2];    /* the segment as each leg shows it; NULL where it was not seen */
    const event *message;   /* or the frame */
    bool arrived;           /* the frame, at another member */
    size_t left_out;        /* not a rung: so many were left out here, */
    uint64_t bytes[2];      /* and so many bytes toward each side with them */
} row;

/* What the numbers on the rungs count from. */
typedef struct origin {
    bool known;
    uint32_t seq;
} origin;

typedef struct rows {
    row *list;
    size_t n;
    uint8_t n_members;
    origin x;               /* the client's */
    origin server[2];       /* the server's, as each leg shows it: y and z */
} rows;

/* At most `head` rows from the beginning and `tail` from the end. False when out of memory. */
bool rows_make(rows *r, const capture *c, size_t head, size_t tail);
void rows_free(rows *r);

/* Uprights are numbered: the client's 0, the members', the server's. */
const char *upright_name(const rows *r, unsigned upright);

typedef struct arrow {
    unsigned from, to;
    char text[72];          /* "SYN ACK y ack x+1 win 0", "COMMIT 94 bytes" */
} arrow;

/* One or two of them, from left to right. */
size_t row_arrows(arrow out[2], const rows *r, const row *rung);
/* What stands on a row that is no rung. */
void row_gap(char text[96], const row *gap);

#endif
