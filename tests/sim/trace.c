/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/trace.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/cluster.h"
#include "sim/world.h"

#define KEPT 60
#define LINE sizeof(((sim_trace *)0)->lines[0])

/* Legs of a connection have numbers of their own, so the link is part of the name. */
typedef struct sim_trace_isn {
    const sim_link *link;
    sim_addr src, dst;
    uint16_t sport, dport;
    uint32_t isn;
} first_number;

void sim_trace_init(sim_trace *t, enum sim_trace_mode mode)
{
    memset(t, 0, sizeof(*t));
    t->mode = mode;
    if (mode == SIM_TRACE_KEEP)
        t->lines = sim_alloc(KEPT * LINE);
}

void sim_trace_fini(sim_trace *t)
{
    free(t->lines);
    free(t->isn);
}

void sim_trace_print(const sim_trace *t)
{
    uint64_t from = t->n_lines > KEPT ? t->n_lines - KEPT : 0;

    if (t->mode != SIM_TRACE_KEEP)
        return;
    for (uint64_t i = from; i < t->n_lines; i++)
        puts(t->lines[i % KEPT]);
}

static void add_line(struct sim_world *w, const char *text)
{
    sim_trace *t = &w->trace;
    uint64_t us = (w->schedule.now - w->started) / SIM_US;
    char line[LINE];

    snprintf(line, sizeof(line), "%5" PRIu64 ".%06" PRIu64 " %s", us / 1000000, us % 1000000, text);
    if (t->mode == SIM_TRACE_STREAM)
        puts(line);
    else
        memcpy(t->lines[t->n_lines++ % KEPT], line, sizeof(line));
}

static uint32_t first_of(sim_trace *t, const sim_link *link, const sim_segment *seg, bool reverse)
{
    const sim_addr *src = reverse ? &seg->dst : &seg->src;
    const sim_addr *dst = reverse ? &seg->src : &seg->dst;
    uint16_t sport = reverse ? seg->dport : seg->sport;
    uint16_t dport = reverse ? seg->sport : seg->dport;
    bool syn = !reverse && (seg->flags & SIM_SYN) != 0;
    first_number *e = NULL;

    for (size_t i = t->n_isn; i-- > 0 && e == NULL;) {
        first_number *c = &t->isn[i];

        if (c->link == link && c->sport == sport && c->dport == dport &&
            sim_addr_equal(&c->src, src) && sim_addr_equal(&c->dst, dst))
            e = c;
    }
    if (e == NULL && !syn)
        return 0;
    if (e == NULL) {
        if (t->n_isn == t->cap_isn) {
            t->cap_isn = t->cap_isn == 0 ? 64 : 2 * t->cap_isn;
            t->isn = sim_realloc(t->isn, t->cap_isn * sizeof(*t->isn));
        }
        e = &t->isn[t->n_isn++];
        *e = (first_number){link, *src, *dst, sport, dport, seg->seq};
    }
    if (syn)
        e->isn = seg->seq;
    return e->isn;
}

static void add_text(char *dst, const char *format, ...) SIM_PRINTF(2, 3);

static void add_text(char *dst, const char *format, ...)
{
    size_t used = strlen(dst);
    va_list ap;

    va_start(ap, format);
    vsnprintf(dst + used, LINE - used, format, ap);
    va_end(ap);
}

static void add_options(char *line, const sim_segment *seg, uint32_t base)
{
    if (seg->has_mss)
        add_text(line, " mss %u", seg->mss);
    if (seg->has_wscale)
        add_text(line, " ws %u", seg->wscale);
    if (seg->has_sack_permitted)
        add_text(line, " sackok");
    if (seg->has_ts)
        add_text(line, " ts %" PRIu32 "/%" PRIu32, seg->tsval, seg->tsecr);
    for (unsigned i = 0; i < seg->n_sack; i++)
        add_text(line, " sack %" PRIu32 "-%" PRIu32, seg->sack[i].start - base,
                 seg->sack[i].end - base);
}

static void describe(struct sim_world *w, const sim_link *link, const sim_segment *seg, char *line)
{
    static const char letters[] = "FSRPAUEC";
    uint32_t base = first_of(&w->trace, link, seg, false);
    uint32_t peer = first_of(&w->trace, link, seg, true);
    char src[48], dst[48], flags[9] = "";
    unsigned n = 0;

    sim_addr_text(&seg->src, src, sizeof(src));
    sim_addr_text(&seg->dst, dst, sizeof(dst));
    for (unsigned i = 0; i < 8; i++) {
        if ((seg->flags >> i & 1) != 0)
            flags[n++] = letters[i];
    }
    flags[n] = '\0';
    add_text(line, "%s:%u > %s:%u %-2s seq %" PRIu32 " (%08" PRIx32 ")", src, seg->sport, dst,
             seg->dport, flags, seg->seq - base, seg->seq);
    if ((seg->flags & SIM_ACK) != 0)
        add_text(line, " ack %" PRIu32 " (%08" PRIx32 ")", seg->ack - peer, seg->ack);
    add_text(line, " win %u len %" PRIu32, seg->window, seg->n_payload);
    add_options(line, seg, peer);
}

static void describe_other(const sim_frame *f, char *line)
{
    char text[LINE / 2];

    sim_cluster_describe(f->data, f->len, text, sizeof(text));
    if (text[0] != '\0')
        add_text(line, "%s", text);
    else
        add_text(line, "%" PRIu32 " bytes that are no TCP segment", f->len);
}

void sim_trace_frame(struct sim_world *w, const sim_pipe *p, const sim_frame *f, const char *fate)
{
    char line[LINE];
    sim_segment seg;
    enum sim_parse result;

    if (w->trace.mode == SIM_TRACE_OFF)
        return;
    snprintf(line, sizeof(line), "%-16s ", p->name);
    result = sim_segment_parse(&seg, f->data, f->len);
    if (result == SIM_PARSE_OK || result == SIM_PARSE_CHECKSUM)
        describe(w, p->link, &seg, line);
    else
        describe_other(f, line);
    if (result == SIM_PARSE_CHECKSUM)
        add_text(line, " BAD CHECKSUM");
    if (fate[0] != '\0')
        add_text(line, "  %s", fate);
    add_line(w, line);
}

void sim_note(struct sim_world *w, const char *who, const char *format, ...)
{
    char line[LINE];
    va_list ap;

    if (w->trace.mode == SIM_TRACE_OFF)
        return;
    snprintf(line, sizeof(line), "  * %-12s ", who);
    va_start(ap, format);
    vsnprintf(line + strlen(line), sizeof(line) - strlen(line), format, ap);
    va_end(ap);
    add_line(w, line);
}
