/* SPDX-License-Identifier: BSD-2-Clause */
/* Segments of settled flows, whichever way they arrived at their delta. */
#include "engine/engine.h"

#include "base/seq.h"
#include "conn/duplicate.h"
#include "conn/translate.h"
#include "split/share.h"
#include "table/progress.h"
#include "table/reset.h"

/* What the life of a shared flow comes to is a fact that others cannot see: they would keep their
 * copies for hours. And the controller of a session waits for it. */
static void share_life(mpconn_engine *eng, const mpci_settled *e, uint32_t slot, uint8_t before)
{
    if (e->state == before)
        return;
    if ((mpci_settled_flags(e) & MPCI_SETTLED_SHARED) != 0)
        mpci_share_life(&eng->split, slot, before);
    if ((mpci_settled_flags(e) & MPCI_SETTLED_RENDEZVOUS) != 0)
        mpci_rendezvous_moved(&eng->rendezvous, slot);
}

/* A segment outside of every window: 1 when it is not for this flow. */
static int is_astray(mpconn_engine *eng, mpci_step *st, mpci_settled *e, uint32_t slot)
{
    if (mpci_input_is_wrong(eng, st->pkt, st->view) ||
        mpci_split_input_next(&eng->split, st, e, 0))
        return 1;
    /* held for another incarnation: not for this one's numbers */
    if ((mpci_settled_flags(e) & MPCI_SETTLED_SPLIT) != 0 && st->pkt->flow != 0) {
        mpci_drop(&eng->core, st->pkt, MPCONN_REASON_HOLD_EXPIRED);
        return 1;
    }
    mpci_split_outside(&eng->split, st, slot);
    return 0;
}

/* A receiver with SACK opens its window while it reports a gap, and a server without it takes that
 * for window updates: it would never count duplicates (RFC 5681 2). So the end of the window stays
 * where it was until the gap is closed: returns the window to show, or 0 for the one that is there.
 * What the server is not told does not count as allowed. */
static uint16_t window_to_hold(mpci_settled *e, const mpconn_delta *d, const mpci_step *st,
                               uint32_t end_before)
{
    mpci_direction *server = &e->dir[MPCONN_SIDE_SERVER];
    uint32_t window;

    if ((d->flags & MPCONN_DELTA_F_STRIP_SACK_TO_SERVER) == 0 || st->from != MPCONN_SIDE_CLIENT ||
        !mpci_seq_lt(end_before, server->max_end) || !mpci_duplicate_reports_gap(st->view))
        return 0;
    window = (end_before - (st->view->ack + e->seq_offset)) >> d->wscale_out[MPCONN_SIDE_CLIENT];
    if (window == 0 || window > UINT16_MAX)
        return 0;
    server->max_end = end_before;
    return (uint16_t)window;
}

/* With `window` in place of its own, unless that is 0. 1 when it was dropped instead. */
static int translate(mpconn_engine *eng, const mpci_step *st, uint32_t slot, mpconn_delta *d,
                     int in_window, uint16_t window)
{
    if ((slot & MPCI_SLOT_WIDE) != 0)
        return mpci_translate_wide(eng, st, slot, d, in_window, window);
    mpci_translate(st->view, d, st->from, st->pkt);
    if (window != 0)
        mpci_duplicate_set_window(st->view, st->pkt, window);
    return 0;
}

static void carry(mpconn_engine *eng, mpci_step *st, mpci_settled *e, uint32_t slot,
                  unsigned reason)
{
    mpconn_pkt *pkt = st->pkt;
    mpconn_delta d;
    int split = (mpci_settled_flags(e) & MPCI_SETTLED_SPLIT) != 0;
    int in_window = 1;
    uint8_t before = e->state;
    uint32_t end_before = e->dir[st->from ^ 1].max_end;

    if ((mpci_settled_flags(e) & MPCI_SETTLED_CONFIRMING) != 0 &&
        mpci_split_unheard(&eng->split, st, e))
        return;
    mpci_settled_delta(e, &d);
    if (split && mpci_translate_marked_in_vain(st->view, &d, st->from)) {
        mpci_drop(&eng->core, pkt, MPCONN_REASON_CE_UNHEARD);
        return;
    }
    if ((st->view->flags & MPCI_TCP_SYN) == 0 && !mpci_progress_note(&eng->core, e, &d, st)) {
        if (is_astray(eng, st, e, slot))
            return;
        in_window = 0;
    }
    share_life(eng, e, slot, before);
    if (split && translate(eng, st, slot, &d, in_window, window_to_hold(e, &d, st, end_before)))
        return;
    mpci_forward(&eng->core, pkt, reason);
    pkt->flow = mpci_settled_id(&eng->core.settled, slot);
    if (mpci_settled_flags(e) & MPCI_SETTLED_CONFIRMING)
        mpci_split_forwarded(&eng->split, st);
}

static unsigned reason_of(const mpci_view *v, int split)
{
    if (v->first_fragment)
        return split ? MPCONN_REASON_FRAGMENT_TRANSLATED : MPCONN_REASON_FRAGMENT_TRACKED;
    return split ? MPCONN_REASON_TRANSLATED : MPCONN_REASON_TRACKED;
}

/* Who sees one direction learns late that the other one is over: there a FIN is enough (V12). */
static int is_closing(const mpci_settled *e, const mpci_track *t)
{
    const unsigned fins = MPCI_LIFE_FIN_CLIENT | MPCI_LIFE_FIN_SERVER |
                          MPCI_LIFE_LOOSE_FIN_CLIENT | MPCI_LIFE_LOOSE_FIN_SERVER;

    return (mpci_settled_flags(e) & MPCI_SETTLED_SHARED) != 0 && (t->life & fins) != 0;
}

/* May the next incarnation take its place? */
static int is_replaceable(const mpci_settled *e)
{
    mpci_track t;

    mpci_settled_track_load(e, &t);
    return mpci_track_is_over(&t) || is_closing(e, &t) ||
           (mpci_settled_flags(e) & MPCI_SETTLED_FORGOTTEN) != 0;
}

/* Clients of a session call anew at once, and the word that they are joined may be late. */
static int may_be_anew(const mpci_step *st, const mpci_settled *e)
{
    mpconn_delta d;
    mpci_track_view view;

    if ((mpci_settled_flags(e) & MPCI_SETTLED_RENDEZVOUS) == 0 ||
        (mpci_settled_flags(e) & MPCI_SETTLED_SHARED) == 0)
        return 0;
    mpci_settled_delta(e, &d);
    view = mpci_progress_view(e, &d);
    return !mpci_track_is_near(st->view->seq, e->dir[st->from].end, view) ||
           !mpci_track_is_near(st->view->ack, e->dir[st->from ^ 1].end, view);
}

/* An endpoint that goes on has lost its RST, or found it not exact: it gets one
 * for each segment. */
static void drop_killed(mpconn_engine *eng, const mpci_step *st, const mpci_settled *e)
{
    if ((mpci_settled_flags(e) & MPCI_SETTLED_SILENT) == 0 && !may_be_anew(st, e) &&
        (st->view->flags & (MPCI_TCP_ACK | MPCI_TCP_RST)) == MPCI_TCP_ACK)
        mpci_reset_answer(&eng->core, st);
    mpci_drop(&eng->core, st->pkt, MPCONN_REASON_DEAD_FLOW);
}

void mpci_relay(mpconn_engine *eng, mpci_step *st, uint32_t slot)
{
    mpci_settled *e = mpci_settled_at(&eng->core.settled, slot);
    unsigned flags = st->view->flags;
    int split = (mpci_settled_flags(e) & MPCI_SETTLED_SPLIT) != 0;

    /* An answer of ours would launder a wrong sum: what may bring one about is verified. */
    if (is_replaceable(e) && (mpci_input_is_wrong(eng, st->pkt, st->view) ||
                              mpci_split_input_next(&eng->split, st, e, 1)))
        return;
    if (mpci_settled_flags(e) & MPCI_SETTLED_KILLED) {
        drop_killed(eng, st, e);
        return;
    }
    if ((flags & MPCI_TCP_SYN) != 0 && (mpci_settled_flags(e) & MPCI_SETTLED_RENDEZVOUS) == 0) {
        if (!split || (flags & MPCI_TCP_ACK) == 0 || st->from != MPCONN_SIDE_SERVER)
            carry(eng, st, e, slot, MPCONN_REASON_SYN_REPEATED);
        else if (!mpci_input_is_wrong(eng, st->pkt, st->view))
            mpci_split_syn_ack_again(&eng->split, st, e);
        return;
    }
    carry(eng, st, e, slot, reason_of(st->view, split));
}
