/* SPDX-License-Identifier: BSD-2-Clause */
/* Every byte of the wire formats is read and written here: nothing goes past an end, and who ran
 * past it once has failed for good. */
#ifndef MPCI_BASE_CURSOR_H
#define MPCI_BASE_CURSOR_H

#include <stddef.h>

#include "base/byteorder.h"

typedef struct mpci_reader {
    const uint8_t *at, *end;
    int failed;
} mpci_reader;

typedef struct mpci_writer {
    uint8_t *at, *end;
    int failed;
} mpci_writer;

static inline mpci_reader mpci_reader_of(const uint8_t *bytes, size_t len)
{
    return (mpci_reader){bytes, bytes + len, 0};
}

static inline mpci_writer mpci_writer_of(uint8_t *bytes, size_t len)
{
    return (mpci_writer){bytes, bytes + len, 0};
}

static inline size_t mpci_reader_left(const mpci_reader *r)
{
    return (size_t)(r->end - r->at);
}

static inline size_t mpci_writer_left(const mpci_writer *w)
{
    return (size_t)(w->end - w->at);
}

/* The next n bytes, or NULL when they are not there. */
static inline const uint8_t *mpci_read_bytes(mpci_reader *r, size_t n)
{
    const uint8_t *p = r->at;

    if (r->failed || n > mpci_reader_left(r)) {
        r->failed = 1;
        return NULL;
    }
    r->at += n;
    return p;
}

/* Room for the next n bytes, or NULL when there is none. */
static inline uint8_t *mpci_write_room(mpci_writer *w, size_t n)
{
    uint8_t *p = w->at;

    if (w->failed || n > mpci_writer_left(w)) {
        w->failed = 1;
        return NULL;
    }
    w->at += n;
    return p;
}

/* A number of `width` bytes (1, 2, 4 or 8), big endian; 0 when it is not there. */
static inline uint64_t mpci_read_number(mpci_reader *r, unsigned width)
{
    const uint8_t *p = mpci_read_bytes(r, width);
    uint64_t n = 0;

    for (unsigned i = 0; p != NULL && i < width; i++)
        n = n << 8 | p[i];
    return n;
}

static inline void mpci_write_number(mpci_writer *w, uint64_t n, unsigned width)
{
    uint8_t *p = mpci_write_room(w, width);

    for (unsigned i = width; p != NULL && i-- > 0; n >>= 8)
        p[i] = (uint8_t)n;
}

static inline void mpci_write_bytes(mpci_writer *w, const uint8_t *bytes, size_t n)
{
    uint8_t *p = mpci_write_room(w, n);

    if (p != NULL)
        memcpy(p, bytes, n);
}

#endif
