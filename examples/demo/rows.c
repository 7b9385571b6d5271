/* SPDX-License-Identifier: BSD-2-Clause */
#include "demo/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_made(const row *r)
{
    const segment *only = r->leg[CLIENT] && r->leg[SERVER] ? NULL
                          : r->leg[CLIENT]                 ? r->leg[CLIENT]
                                                           : r->leg[SERVER];
    return only && only->made_or_sent;
}

/* The row of the segment that this one is, on the other leg: it arrived there before, nothing of the
 * member's own making was sent since, and it looks alike. */
static row *find_arrival(rows *r, const segment *s)
{
    row *found = NULL;

    if (!s->made_or_sent)
        return NULL;
    for (size_t i = r->n; i > 0 && !is_made(&r->list[i - 1]); i--) {
        row *other = &r->list[i - 1];
        const segment *arrived = other->leg[!s->leg];
        if (arrived && !other->leg[s->leg] && other->toward == s->toward &&
            arrived->flags == s->flags && arrived->len == s->len)
            found = other; /* the earliest of those that look alike */
    }
    return found;
}

static void shorten(rows *r, size_t head, size_t tail)
{
    row gap = { 0 };

    if (r->n <= head + tail + 1)
        return;
    gap.left_out = r->n - head - tail;
    for (size_t i = head; i < r->n - tail; i++) {
        const row *gone = &r->list[i];
        const segment *s = gone->leg[gone->toward] ? gone->leg[gone->toward]
                                                   : gone->leg[!gone->toward];
        gap.bytes[gone->toward] += s->len;
    }
    r->list[head] = gap;
    memmove(&r->list[head + 1], &r->list[r->n - tail], tail * sizeof(row));
    r->n = head + 1 + tail;
}

bool rows_make(rows *r, const capture *c, size_t head, size_t tail)
{
    r->n = 0;
    r->list = calloc(c->n + 1, sizeof(row));
    if (!r->list)
        return false;
    for (size_t i = 0; i < c->n; i++) {
        const segment *s = &c->segments[i];
        row *same = find_arrival(r, s);
        if (!same) {
            same = &r->list[r->n++];
            same->at_ns = s->at_ns - c->segments[0].at_ns;
            same->toward = s->toward;
        }
        same->leg[s->leg] = s;
    }
    shorten(r, head, tail);
    return true;
}

void rows_free(rows *r)
{
    free(r->list);
    r->list = NULL;
    r->n = 0;
}

size_t row_text(char text[ROW_TEXT_MAX], const segment *s)
{
    const char *name = s->flags & TCP_SYN   ? s->flags & TCP_ACK ? "SYN ACK " : "SYN "
                       : s->flags & TCP_RST ? "RST "
                       : s->flags & TCP_FIN ? "FIN "
                                            : "";
    size_t at = (size_t)snprintf(text, ROW_TEXT_MAX, "%s%u", name, s->seq);
    if (s->len)
        at += (size_t)snprintf(text + at, ROW_TEXT_MAX - at, "+%u", s->len);
    if (s->flags & TCP_ACK)
        at += (size_t)snprintf(text + at, ROW_TEXT_MAX - at, " ack %u", s->ack);
    if (s->window == 0 && !(s->flags & TCP_RST))
        at += (size_t)snprintf(text + at, ROW_TEXT_MAX - at, " win 0");
    return at;
}
