/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/trace.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES 16

void trace_buffer_add(trace_buffer *b, const void *bytes, size_t len)
{
    if (len > b->cap - b->len) {
        size_t cap = b->cap ? b->cap : 4096;
        while (cap - b->len < len && cap <= SIZE_MAX / 2)
            cap *= 2;
        uint8_t *more = cap - b->len < len || b->failed ? NULL : realloc(b->bytes, cap);
        if (!more) {
            b->failed = true;
            return;
        }
        b->bytes = more;
        b->cap = cap;
    }
    if (len > 0)
        memcpy(b->bytes + b->len, bytes, len);
    b->len += len;
}

void trace_buffer_free(trace_buffer *b)
{
    free(b->bytes);
    memset(b, 0, sizeof(*b));
}

/* The next `len` bytes of what is read, or NULL. */
static const uint8_t *take(trace_walk *w, size_t len)
{
    const uint8_t *at = w->at;

    if (w->broken || (size_t)(w->end - w->at) < len) {
        w->broken = true;
        return NULL;
    }
    w->at += len;
    return at;
}

static void print_name(const trace_walk *w, const char *name)
{
    char full[64];

    if (w->group && w->listed)
        snprintf(full, sizeof(full), "%s %u %s", w->group, w->member, name);
    else
        snprintf(full, sizeof(full), "%s%s%s", w->group ? w->group : "", w->group ? " " : "", name);
    fprintf(w->text, "    %-28s", full);
}

static void print_number(const trace_walk *w, const char *name, uint64_t value, trace_namer *namer)
{
    const char *meaning = namer && value <= UINT_MAX ? namer((unsigned)value) : NULL;

    print_name(w, name);
    if (w->is_signed)
        fprintf(w->text, " %" PRId32, (int32_t)value);
    else
        fprintf(w->text, " %" PRIu64, value);
    if (meaning)
        fprintf(w->text, " (%s)", meaning);
    putc('\n', w->text);
}

static void print_bytes(const trace_walk *w, const char *name, const uint8_t *bytes, size_t len)
{
    for (size_t at = 0; at < len; at += LINE_BYTES) {
        print_name(w, name);
        fprintf(w->text, " %04zx:", at);
        for (size_t i = at; i < len && i < at + LINE_BYTES; i++)
            fprintf(w->text, " %02x", bytes[i]);
        putc('\n', w->text);
    }
}

uint64_t trace_number(trace_walk *w, const char *name, unsigned size, uint64_t value,
                      trace_namer *namer)
{
    if (w->out) {
        uint8_t bytes[8];
        for (unsigned i = 0; i < size; i++)
            bytes[i] = (uint8_t)(value >> 8 * (size - 1 - i));
        trace_buffer_add(w->out, bytes, size);
        return value;
    }
    const uint8_t *bytes = take(w, size);
    value = 0;
    for (unsigned i = 0; bytes && i < size; i++)
        value = value << 8 | bytes[i];
    if (w->text && bytes)
        print_number(w, name, value, namer);
    return value;
}

void trace_u8(trace_walk *w, const char *name, uint8_t *value)
{
    *value = (uint8_t)trace_number(w, name, 1, *value, NULL);
}

void trace_u16(trace_walk *w, const char *name, uint16_t *value)
{
    *value = (uint16_t)trace_number(w, name, 2, *value, NULL);
}

void trace_u32(trace_walk *w, const char *name, uint32_t *value)
{
    *value = (uint32_t)trace_number(w, name, 4, *value, NULL);
}

void trace_u64(trace_walk *w, const char *name, uint64_t *value)
{
    *value = trace_number(w, name, 8, *value, NULL);
}

void trace_raw(trace_walk *w, const char *name, uint8_t *bytes, size_t len)
{
    if (w->out) {
        trace_buffer_add(w->out, bytes, len);
        return;
    }
    const uint8_t *from = take(w, len);
    if (from)
        memcpy(bytes, from, len);
    else
        memset(bytes, 0, len);
    if (w->text && from)
        print_bytes(w, name, bytes, len);
}

void trace_secret(trace_walk *w, const char *name, const uint8_t **bytes, uint32_t *len)
{
    *len = (uint32_t)trace_number(w, name, 4, *len, NULL);
    if (w->out) {
        trace_buffer_add(w->out, *bytes, *len);
        return;
    }
    *bytes = take(w, *len);
    if (!*bytes)
        *len = 0;
}

void trace_bytes(trace_walk *w, const char *name, const uint8_t **bytes, uint32_t *len)
{
    trace_secret(w, name, bytes, len);
    if (w->text && *len > 0)
        print_bytes(w, name, *bytes, *len);
}
