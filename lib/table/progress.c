/* SPDX-License-Identifier: BSD-2-Clause */
#include "table/progress.h"

#include "conn/offers.h"
#include "conn/translate.h"

/* By how much the receiver of that side's windows shifts them. A leg has no scaling while either
 * end of it has none. */
static unsigned scale_of(const mpci_settled *e, const mpconn_delta *d, unsigned from)
{
    mpci_offers o;
    mpci_server_options so;

    if (mpci_settled_flags(e) & MPCI_SETTLED_SPLIT)
        return d->wscale_out[from];
    mpci_offers_unpack(&o, e->hs);
    mpci_server_options_unpack(&so, e->server_options);
    if (o.wscale_client == MPCONN_WSCALE_NONE || so.wscale == MPCONN_WSCALE_NONE)
        return 0;
    return from == MPCONN_SIDE_CLIENT ? o.wscale_client : so.wscale;
}

/* Bytes of the segment's window as the other endpoint reads it: what rounding gives, it may use. */
static uint32_t window_bytes(const mpci_settled *e, const mpconn_delta *d, const mpci_step *st)
{
    unsigned scale = scale_of(e, d, st->from);
    uint32_t window = st->view->window;

    if (mpci_settled_flags(e) & MPCI_SETTLED_SPLIT)
        window = mpci_translate_window(st->view->window, d->wscale_in[st->from], scale);
    return window << scale;
}

/* While nobody tells how far the streams went elsewhere, as far as any window reaches: who carried
 * them may be gone, and what passes here would be outside for ever. */
#define LOST_SIGHT_SCALE 14

mpci_track_view mpci_progress_view(const mpci_settled *e, const mpconn_delta *d)
{
    unsigned client, server;

    if ((mpci_settled_flags(e) & MPCI_SETTLED_SHARED) == 0)
        return MPCI_TRACK_FULL;
    if ((mpci_settled_flags(e) & MPCI_SETTLED_ASKED) != 0)
        return mpci_track_half(LOST_SIGHT_SCALE);
    client = scale_of(e, d, MPCONN_SIDE_CLIENT);
    server = scale_of(e, d, MPCONN_SIDE_SERVER);
    return mpci_track_half(client > server ? client : server);
}

/* What the other side sent within about a second of a RST was on its way when that came to it, and
 * is no sign that it lives on: while data flows, an abort would else be forgotten at once and the
 * flow stay open for hours. Returns the mark that such a segment must leave. */
#define CROSSING_TICKS ((uint32_t)(MPCONN_SECOND >> 24))

static uint8_t mark_to_leave(const mpci_core *core, const mpci_settled *e, unsigned life,
                             unsigned from)
{
    unsigned mark = life & (MPCI_LIFE_RST | MPCI_LIFE_RST_OF_SERVER);
    unsigned sender = mark & MPCI_LIFE_RST_OF_SERVER ? MPCONN_SIDE_SERVER : MPCONN_SIDE_CLIENT;

    if (from == sender || mpci_tick(core->now) - e->last_seen > CROSSING_TICKS)
        return 0;
    return (uint8_t)mark;
}

/* A host with several processors may hand in a RST before what its sender said just before it: such
 * a segment takes the mark back as any other, but the sender may have gone for good, and then the
 * next SYN has to be answered. The one after it shows that the flow lives on. */
static int may_be_overtaken(const mpci_track *now, uint32_t end_before, unsigned from)
{
    return (now->life & MPCI_LIFE_RST) == 0 && now->dir[from].end == end_before;
}

/* A segment counts although a RST had passed before it. */
static void note_after_reset(const mpci_core *core, mpci_settled *e, mpci_track *t,
                             unsigned life_before, unsigned from)
{
    if (t->state != MPCONN_FLOW_CLOSED)
        t->life |= mark_to_leave(core, e, life_before, from);
    if (may_be_overtaken(t, e->dir[from].end, from))
        e->use |= MPCI_SETTLED_FORGOTTEN;
}

int mpci_progress_note(mpci_core *core, mpci_settled *e, const mpconn_delta *d,
                       const mpci_step *st)
{
    const mpci_view *v = st->view;
    mpci_track t;
    unsigned life_before;
    uint32_t ack_offset = mpci_translate_offset(d->seq, st->from, st->from ^ 1);

    mpci_settled_track_load(e, &t);
    life_before = t.life;
    if (mpci_track_segment(&t, v, st->from, ack_offset, window_bytes(e, d, st),
                           mpci_progress_view(e, d)) == MPCI_TRACK_OUTSIDE)
        return 0;
    e->use &= ~(uint32_t)(MPCI_SETTLED_FORGOTTEN | MPCI_SETTLED_ASKED);
    if ((life_before & MPCI_LIFE_RST) != 0)
        note_after_reset(core, e, &t, life_before, st->from);
    mpci_settled_track_store(e, &t);
    e->last_seen = mpci_tick(core->now);
    mpci_core_note_link(core, e->link, st);
    return 1;
}
