/* SPDX-License-Identifier: BSD-2-Clause */
/* A trace, entry by entry. Nothing in it is taken on trust. */
#ifndef REPLAY_READER_H
#define REPLAY_READER_H

#include "host/trace_entry.h"

typedef enum reader_state {
    READER_ENTRY, /* there is one */
    READER_END,   /* that was all, and the trace is complete */
    READER_CUT,   /* the trace ends before its end */
    READER_BAD    /* this is no entry; see `problem` */
} reader_state;

typedef struct reader {
    FILE *file;
    reader_state state;
    char problem[128];     /* with CUT and BAD */
    char version[256];     /* of the library that was recorded */
    uint64_t at, next;     /* where the entry begins in the file, and where it ends */
    trace_buffer bytes;    /* the whole entry */
    uint8_t type;
    const uint8_t *body;
    size_t len;            /* of the body */
    uint64_t calls;        /* with END: how many there should be */
} reader;

/* Both leave the next entry, or why there is none. */
void reader_start(reader *r, FILE *file);
void reader_next(reader *r);
void reader_stop(reader *r);

#endif
