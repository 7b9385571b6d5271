/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers and bytes of a trace (doc/trace.md): big endian, nothing is padded.
 *
 * One walk over the values of an entry writes, reads or prints them, so that the three cannot
 * disagree about the format.
 */
#ifndef HOST_TRACE_H
#define HOST_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Bytes that grow. `failed` stays when there was no memory; what was to be added is lost. */
typedef struct trace_buffer {
    uint8_t *bytes;
    size_t len, cap;
    bool failed;
} trace_buffer;

void trace_buffer_add(trace_buffer *b, const void *bytes, size_t len);
void trace_buffer_free(trace_buffer *b);

/* Zeroed but for one of: `out` when writing; `at` and `end` when reading. */
typedef struct trace_walk {
    trace_buffer *out;
    const uint8_t *at, *end;
    bool broken;       /* a value goes beyond the end; it and all after it are zero */
    FILE *text;        /* when reading: a line for each value; or NULL */
    const char *group; /* what the values belong to, put before their names; or NULL */
    unsigned member;   /* and its number in a list */
    bool listed;       /* it is in a list */
    bool is_signed;    /* numbers are two's complement */
} trace_walk;

/* What a number means; NULL when it means nothing. */
typedef const char *trace_namer(unsigned value);

/* A number of so many bytes: 1, 2, 4 or 8. Written from `value`; returns what was read. */
uint64_t trace_number(trace_walk *w, const char *name, unsigned size, uint64_t value,
                      trace_namer *namer);
void trace_u8(trace_walk *w, const char *name, uint8_t *value);
void trace_u16(trace_walk *w, const char *name, uint16_t *value);
void trace_u32(trace_walk *w, const char *name, uint32_t *value);
void trace_u64(trace_walk *w, const char *name, uint64_t *value);
/* Bytes whose number is known. */
void trace_raw(trace_walk *w, const char *name, uint8_t *bytes, size_t len);
/* Their number (4), then the bytes. What was read points into the entry. */
void trace_bytes(trace_walk *w, const char *name, const uint8_t **bytes, uint32_t *len);
/* The same, and never printed. */
void trace_secret(trace_walk *w, const char *name, const uint8_t **bytes, uint32_t *len);

#endif
