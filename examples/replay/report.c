/* SPDX-License-Identifier: BSD-2-Clause */
/* What a replay found, in words. */
#include "replay/replay.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Of a difference so many lines are shown at most. */
#define LINES_MOST 24

typedef struct text {
    char *bytes, *at;
    size_t len;
} text;

void replay_refuse(replay *p, const char *format, ...)
{
    va_list args;

    if (p->status != REPLAY_SAME)
        return;
    p->status = REPLAY_UNUSABLE;
    va_start(args, format);
    vfprintf(p->report, format, args);
    va_end(args);
    putc('\n', p->report);
}

/* An entry as lines. */
static bool open_text(text *t, const uint8_t *entry, size_t len)
{
    FILE *out = open_memstream(&t->bytes, &t->len);

    if (!out)
        return false;
    (void)trace_walk_entry(out, entry[0], entry + TRACE_ENTRY_HEADER, len - TRACE_ENTRY_HEADER);
    bool ok = fclose(out) == 0;
    t->at = t->bytes;
    return ok;
}

/* The next line without its end, or NULL. */
static char *next_line(text *t)
{
    char *line = t->at, *end = line ? strchr(line, '\n') : NULL;

    if (!end)
        return NULL;
    *end = '\0';
    t->at = end + 1;
    return line;
}

/* Whether two lines say how something of one name is. */
static bool same_name(const char *a, const char *b)
{
    const size_t name = 32; /* of trace.c: where the value begins */
    return strlen(a) > name && strlen(b) > name && memcmp(a, b, name) == 0;
}

static void show_line(FILE *out, const char *who, const char *line)
{
    fprintf(out, "  %s:%s\n", who, line ? line : "    nothing more");
}

/* Line by line as long as both speak of the same; then what is left of either. */
static void show_lines(FILE *out, text *recorded, text *replayed)
{
    char *a = next_line(recorded), *b = next_line(replayed);
    unsigned shown = 0;

    for (; (a || b) && shown < LINES_MOST; a = next_line(recorded), b = next_line(replayed)) {
        if (a && b && strcmp(a, b) == 0)
            continue;
        show_line(out, "recorded", a);
        show_line(out, "replayed", b);
        shown += a && b && same_name(a, b) ? 1 : LINES_MOST / 4;
    }
    if (a || b)
        fputs("  and so on\n", out);
}

static int status_of(const uint8_t *entry, size_t len)
{
    trace_walk w = { .at = entry + TRACE_ENTRY_HEADER, .end = entry + len };
    int rc;
    trace_status(&w, &rc);
    return rc;
}

static void show_type(FILE *out, const char *who, uint8_t type)
{
    fprintf(out, "  %s: %s%s\n", who, trace_type_name(type),
            type >= TRACE_RETURN ? ", return" : "");
}

void replay_differs(replay *p, const uint8_t *entry, size_t len)
{
    const uint8_t *trace = p->in.bytes.bytes;
    text recorded = { 0 }, replayed = { 0 };

    if (trace_is_call(p->in.type)) {
        replay_refuse(p, "byte %" PRIu64 ": the %s is not as a recorder writes it", p->in.at,
                      trace_type_name(p->in.type));
        return;
    }
    if (entry[0] == TRACE_RETURN + TRACE_NEW && status_of(entry, len) != MPCONN_OK &&
        status_of(trace, p->in.bytes.len) == MPCONN_OK) {
        replay_refuse(p, "byte %" PRIu64 ": the configuration is refused here: %s", p->call_at,
                      mpconn_strerror(status_of(entry, len)));
        return;
    }
    p->status = REPLAY_DIFFERS;
    fprintf(p->report, "first difference in call %" PRIu64 " (%s, byte %" PRIu64
            "), at byte %" PRIu64 ": %s%s\n", p->calls, trace_type_name(p->call_type), p->call_at,
            p->in.at, trace_type_name(p->in.type),
            p->in.type >= TRACE_RETURN ? ", return" : "");
    if (entry[0] != p->in.type) {
        show_type(p->report, "recorded", p->in.type);
        show_type(p->report, "replayed", entry[0]);
    }
    if (open_text(&recorded, trace, p->in.bytes.len) && open_text(&replayed, entry, len))
        show_lines(p->report, &recorded, &replayed);
    free(recorded.bytes);
    free(replayed.bytes);
}
