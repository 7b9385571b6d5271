/* SPDX-License-Identifier: BSD-2-Clause */
/* The rungs of a ladder diagram: a segment on one leg, or the same one on both. */
#ifndef DEMO_ROWS_H
#define DEMO_ROWS_H

#include "demo/capture.h"

typedef struct row {
    uint64_t at_ns;         /* since the first one */
    uint8_t toward;         /* CLIENT or SERVER */
    const segment *leg[2];  /* as each leg shows it; NULL where it was not seen */
    size_t left_out;        /* not a rung: so many were left out here, */
    uint64_t bytes[2];      /* and so many bytes toward each side with them */
} row;

typedef struct rows {
    row *list;
    size_t n;
} rows;

/* At most `head` rows from the beginning and `tail` from the end. False when out of memory. */
bool rows_make(rows *r, const capture *c, size_t head, size_t tail);
void rows_free(rows *r);

/* What stands on a rung: "SYN ACK 1 ack 2 win 0"; a closed window is told. Returns the length. */
#define ROW_TEXT_MAX 64
size_t row_text(char text[ROW_TEXT_MAX], const segment *s);

#endif
