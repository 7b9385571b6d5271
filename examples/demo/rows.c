/* SPDX-License-Identifier: BSD-2-Clause */
#include "demo/rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_made(const row *r)
{
    const event *only = r->leg[CLIENT] && r->leg[SERVER] ? NULL
                        : r->leg[CLIENT]                 ? r->leg[CLIENT]
                                                         : r->leg[SERVER];
    return only && only->left;
}

/* The row of the segment that this one is, on the other leg of the same member: it arrived there
 * before, nothing of the member's own making was sent since, and it looks alike. */
static row *find_arrival(rows *r, const event *e)
{
    row *found = NULL;

    if (!e->left)
        return NULL;
    for (size_t i = r->n; i > 0; i--) {
        row *other = &r->list[i - 1];
        if (other->member != e->member)
            continue;
        if (is_made(other))
            break;
        const event *arrived = other->leg[!e->side];
        if (arrived && !other->leg[e->side] && other->toward == e->as.s.toward &&
            arrived->as.s.flags == e->as.s.flags && arrived->as.s.len == e->as.s.len)
            found = other; /* the earliest of those that look alike */
    }
    return found;
}

/* The row of a frame that arrives: the first of that number that has not. */
static row *find_sent(rows *r, const event *e)
{
    for (size_t i = r->n; i > 0; i--) {
        row *other = &r->list[i - 1];
        if (other->message && other->member != e->member && !other->arrived &&
            other->message->as.m.sender == e->as.m.sender &&
            other->message->as.m.sequence == e->as.m.sequence)
            return other;
    }
    return NULL;
}

static void add_message(rows *r, const event *e, uint64_t at_ns)
{
    row *sent = e->left ? NULL : find_sent(r, e);

    if (sent)
        sent->arrived = true;
    if (e->left)
        r->list[r->n++] = (row){ .at_ns = at_ns, .member = e->member, .message = e };
}

static void add_segment(rows *r, const event *e, uint64_t at_ns)
{
    row *same = find_arrival(r, e);

    if (!same) {
        same = &r->list[r->n++];
        *same = (row){ .at_ns = at_ns, .member = e->member, .toward = e->as.s.toward };
    }
    same->leg[e->side] = e;
}

static void note_origins(rows *r, const event *e)
{
    const segment *s = &e->as.s;
    origin *o = s->toward == SERVER ? &r->x : &r->server[e->side];

    if ((s->flags & TCP_SYN) && (s->toward == CLIENT) == ((s->flags & TCP_ACK) != 0) && !o->known)
        *o = (origin){ true, s->seq };
}

static void shorten(rows *r, size_t head, size_t tail)
{
    row gap = { 0 };

    if (r->n <= head + tail + 1)
        return;
    gap.left_out = r->n - head - tail;
    for (size_t i = head; i < r->n - tail; i++) {
        const row *gone = &r->list[i];
        const event *e = gone->leg[gone->toward] ? gone->leg[gone->toward]
                                                 : gone->leg[!gone->toward];
        if (e)
            gap.bytes[gone->toward] += e->as.s.len;
    }
    r->list[head] = gap;
    memmove(&r->list[head + 1], &r->list[r->n - tail], tail * sizeof(row));
    r->n = head + 1 + tail;
}

/* What was said before the first segment is not about it, and what one member alone said has
 * nowhere to go. */
bool rows_make(rows *r, const capture *c, size_t head, size_t tail)
{
    size_t first = 0;

    memset(r, 0, sizeof(*r));
    r->n_members = c->n_members;
    r->list = calloc(c->n + 1, sizeof(row));
    if (!r->list)
        return false;
    while (first < c->n && c->events[first].side == MEMBERS)
        first++;
    for (size_t i = first; i < c->n; i++) {
        const event *e = &c->events[i];
        uint64_t at_ns = e->at_ns - c->events[first].at_ns;
        if (e->side == MEMBERS) {
            if (r->n_members > 1)
                add_message(r, e, at_ns);
        } else {
            note_origins(r, e);
            add_segment(r, e, at_ns);
        }
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

const char *upright_name(const rows *r, unsigned upright)
{
    static const char *const names[CAPTURE_MEMBERS][CAPTURE_MEMBERS + 2] = {
        { "client", "member", "server" },
        { "client", "A", "B", "server" },
    };
    return names[r->n_members - 1][upright];
}

/* "y+7", or the bare number when it is not known what it counts from. */
static void put_number(char text[16], const char *name, const origin *o, uint32_t n)
{
    uint32_t ahead = n - o->seq;

    if (!o->known || ahead >> 31)
        snprintf(text, 16, "%" PRIu32, n);
    else if (ahead == 0)
        snprintf(text, 16, "%s", name);
    else
        snprintf(text, 16, "%s+%" PRIu32, name, ahead);
}

static void put_segment(char *text, size_t room, const rows *r, const event *e)
{
    static const char *const names[] = { "y", "z" };
    const segment *s = &e->as.s;
    const origin *server = &r->server[e->side];
    const bool to_server = s->toward == SERVER;
    const char *word = s->flags & TCP_SYN   ? s->flags & TCP_ACK ? "SYN ACK " : "SYN "
                       : s->flags & TCP_RST ? "RST "
                       : s->flags & TCP_FIN ? "FIN "
                                            : "";
    char seq[16], ack[16], len[16] = "";

    put_number(seq, to_server ? "x" : names[e->side], to_server ? &r->x : server, s->seq);
    put_number(ack, to_server ? names[e->side] : "x", to_server ? server : &r->x, s->ack);
    if (s->len)
        snprintf(len, sizeof(len), " (%" PRIu32 ")", s->len);
    snprintf(text, room, "%s%s%s%s%s%s", word, seq, len, s->flags & TCP_ACK ? " ack " : "",
             s->flags & TCP_ACK ? ack : "", s->window || s->flags & TCP_RST ? "" : " win 0");
}

static size_t message_arrow(arrow *a, const row *rung)
{
    const message *m = &rung->message->as.m;

    a->from = rung->member + 1u;
    a->to = rung->member ? rung->member : 2;
    snprintf(a->text, sizeof(a->text), "%s %" PRIu32 " B%s", m->names, m->len,
             rung->arrived ? "" : " lost");
    return 1;
}

size_t row_arrows(arrow out[2], const rows *r, const row *rung)
{
    size_t n = 0;

    if (rung->message)
        return message_arrow(out, rung);
    for (unsigned leg = 0; leg < 2; leg++) {
        const unsigned member = rung->member + 1u, end = leg == CLIENT ? 0 : r->n_members + 1u;
        arrow *a = &out[n];
        if (!rung->leg[leg])
            continue;
        a->from = rung->toward == leg ? member : end;
        a->to = rung->toward == leg ? end : member;
        put_segment(a->text, sizeof(a->text), r, rung->leg[leg]);
        n++;
    }
    return n;
}

void row_gap(char text[96], const row *gap)
{
    snprintf(text, 96, "%zu more, %" PRIu64 " bytes to the client, %" PRIu64 " to the server",
             gap->left_out, gap->bytes[CLIENT], gap->bytes[SERVER]);
}
