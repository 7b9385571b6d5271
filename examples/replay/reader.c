/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/reader.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

/* Read so much at a time: a length that is not true costs no more memory than the
 * file has bytes. */
#define PIECE 65536

static void stop(reader *r, reader_state state, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void stop(reader *r, reader_state state, const char *format, ...)
{
    va_list args;

    r->state = state;
    va_start(args, format);
    vsnprintf(r->problem, sizeof(r->problem), format, args);
    va_end(args);
}

/* The next bytes of the file, added to the entry. Returns how many there were. */
static size_t fetch(reader *r, size_t len)
{
    uint8_t piece[PIECE];
    size_t done = 0;

    while (done < len) {
        size_t want = len - done < PIECE ? len - done : PIECE;
        size_t n = fread(piece, 1, want, r->file);
        trace_buffer_add(&r->bytes, piece, n);
        if (r->bytes.failed)
            break;
        done += n;
        if (n < want)
            break;
    }
    r->next += done;
    return done;
}

/* There was less than is needed. */
static void stop_short(reader *r, const char *where)
{
    if (r->bytes.failed)
        stop(r, READER_BAD, "out of memory at byte %" PRIu64, r->next);
    else if (ferror(r->file))
        stop(r, READER_BAD, "cannot be read, at byte %" PRIu64, r->next);
    else
        stop(r, READER_CUT, "cut off at byte %" PRIu64 ", %s", r->next, where);
}

static void read_header(reader *r)
{
    const size_t magic = strlen(TRACE_MAGIC);

    if (fetch(r, magic + 3) < magic + 3) {
        stop_short(r, "too short for the header of a trace");
        return;
    }
    const uint8_t *b = r->bytes.bytes;
    unsigned version = (unsigned)b[magic] << 8 | b[magic + 1];
    size_t len = b[magic + 2];
    if (memcmp(b, TRACE_MAGIC, magic) != 0) {
        stop(r, READER_BAD, "this is no trace: it does not begin like one");
    } else if (version != TRACE_VERSION) {
        stop(r, READER_BAD, "a trace of format %u, but this program reads format %u", version,
             TRACE_VERSION);
    } else if (fetch(r, len) < len) {
        stop_short(r, "inside its header");
    } else {
        memcpy(r->version, r->bytes.bytes + magic + 3, len);
        r->version[len] = '\0';
    }
}

static void check_end(reader *r)
{
    trace_walk w = { .at = r->body, .end = r->body + r->len };

    trace_u64(&w, "calls", &r->calls);
    r->state = READER_END;
    if (getc(r->file) != EOF)
        stop(r, READER_BAD, "something follows its end, at byte %" PRIu64, r->next);
}

static void check_entry(reader *r)
{
    const char *name = trace_type_name(r->type);

    if (!name)
        stop(r, READER_BAD, "byte %" PRIu64 ": no entry has type %u", r->at, r->type);
    else if (!trace_walk_entry(NULL, r->type, r->body, r->len))
        stop(r, READER_BAD, "byte %" PRIu64 ": the %s contradicts itself", r->at, name);
    else if (r->type == TRACE_END)
        check_end(r);
}

void reader_next(reader *r)
{
    uint8_t *b;

    r->bytes.len = 0;
    r->at = r->next;
    size_t n = fetch(r, TRACE_ENTRY_HEADER);
    if (n < TRACE_ENTRY_HEADER) {
        stop_short(r, n == 0 ? "between two entries" : "inside an entry");
        return;
    }
    b = r->bytes.bytes;
    r->type = b[0];
    r->len = (size_t)b[1] << 24 | (size_t)b[2] << 16 | (size_t)b[3] << 8 | b[4];
    if (fetch(r, r->len) < r->len) {
        stop_short(r, "inside an entry");
        return;
    }
    r->body = r->bytes.bytes + TRACE_ENTRY_HEADER;
    check_entry(r);
}

void reader_start(reader *r, FILE *file)
{
    memset(r, 0, sizeof(*r));
    r->file = file;
    read_header(r);
    if (r->state == READER_ENTRY)
        reader_next(r);
}

void reader_stop(reader *r)
{
    trace_buffer_free(&r->bytes);
}
