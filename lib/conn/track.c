/* SPDX-License-Identifier: BSD-2-Clause */
#include "conn/track.h"

#include "base/seq.h"
#include "conn/life.h"

enum {
    WINDOW_UNIT_SHIFT = 14,         /* of mpci_track::max_window: 65535 units are 65535 << 14 */
    LONGEST_PACKET = UINT16_MAX,
    SMALLEST_REACH = UINT16_MAX + 1 /* any window may have been granted unscaled before we saw it */
};

/* How far below `end` a segment that is merely old, and an acknowledgment that is merely late, can
 * be: one window, the greatest there was (RFC 5961 5.2). Below 2^30. */
static int32_t reach_of(const mpci_track *t, unsigned side)
{
    int32_t reach = (int32_t)t->max_window[side] << WINDOW_UNIT_SHIFT;

    return reach > SMALLEST_REACH ? reach : SMALLEST_REACH;
}

/* A probe of a closed window sends one byte beyond it; a keepalive repeats the byte before the next
 * (RFC 9293 3.8.4, 3.8.6.1). */
static int seq_is_in_window(const mpci_track *t, unsigned from, uint32_t end)
{
    const mpci_direction *own = &t->dir[from];

    return mpci_seq_leq(end, mpci_seq_max(own->end, own->max_end + 1)) &&
           mpci_seq_diff(end, own->end) >= -reach_of(t, from);
}

int mpci_track_is_near(uint32_t number, uint32_t known, mpci_track_view half)
{
    int32_t ahead = mpci_seq_diff(number, known);

    return ahead <= (int32_t)half && ahead >= -(int32_t)half;
}

/* RFC 9293 3.10.7.4: what was never sent cannot be acknowledged. No first fragment tells the end of
 * its segment, and the others name no connection: there the acknowledgment tells what it was. */
static int ack_is_in_window(const mpci_track *t, unsigned from, uint32_t ack)
{
    int32_t ahead = mpci_seq_diff(ack, t->dir[from ^ 1].end);

    return ahead <= (t->fragments ? LONGEST_PACKET : 0) && ahead >= -reach_of(t, from ^ 1);
}

static unsigned fin_bit(unsigned side)
{
    return side == MPCONN_SIDE_CLIENT ? MPCI_LIFE_FIN_CLIENT : MPCI_LIFE_FIN_SERVER;
}

static unsigned loose_fin_bit(unsigned side)
{
    return side == MPCONN_SIDE_CLIENT ? MPCI_LIFE_LOOSE_FIN_CLIENT : MPCI_LIFE_LOOSE_FIN_SERVER;
}

static unsigned any_fin_bit(unsigned side)
{
    return fin_bit(side) | loose_fin_bit(side);
}

/* RFC 9293 3.10.7.4 and rule R11: only the exact number resets. */
static enum mpci_track_result take_reset(mpci_track *t, const mpci_view *v, unsigned from)
{
    if (v->seq != t->dir[from].end)
        return MPCI_TRACK_OUTSIDE;
    mpci_life_step(t, MPCI_LIFE_EXACT_RST);
    if ((t->life & MPCI_LIFE_RST) == 0)
        return MPCI_TRACK_IN_WINDOW;
    if (from == MPCONN_SIDE_SERVER)
        t->life |= MPCI_LIFE_RST_OF_SERVER;
    return MPCI_TRACK_RESET;
}

/* The sender's stream grew to `end`. */
static void take_progress(mpci_track *t, const mpci_view *v, unsigned from, uint32_t end)
{
    /* the FIN of a fragment stands behind data that was not seen */
    int follows = mpci_seq_leq(v->seq, t->dir[from].end) && !v->first_fragment;

    t->dir[from].end = end;
    if (t->state == MPCONN_FLOW_CLOSED)
        return;
    if ((t->life & any_fin_bit(from)) != 0) {
        t->life &= (uint8_t)~any_fin_bit(from);
        mpci_life_step(t, from == MPCONN_SIDE_CLIENT ? MPCI_LIFE_CLIENT_GOES_ON
                                                     : MPCI_LIFE_SERVER_GOES_ON);
    }
    if ((v->flags & MPCI_TCP_FIN) != 0)
        t->life |= (uint8_t)(follows ? fin_bit(from) : loose_fin_bit(from));
}

/* A late or a challenge ACK is not the last one: it must reach beyond the FIN. */
static void take_ack(mpci_track *t, unsigned from, uint32_t ack)
{
    unsigned side = from ^ 1;

    if ((t->life & any_fin_bit(side)) == 0 || ack != t->dir[side].end)
        return;
    t->life = (uint8_t)((t->life & ~loose_fin_bit(side)) | fin_bit(side));
    mpci_life_step(t, side == MPCONN_SIDE_CLIENT ? MPCI_LIFE_CLIENT_FIN_ACKED
                                                 : MPCI_LIFE_SERVER_FIN_ACKED);
}

static void take_window(mpci_track *t, unsigned side, uint32_t ack, uint32_t window_bytes)
{
    uint32_t units = (window_bytes >> WINDOW_UNIT_SHIFT) +
                     ((window_bytes & ((UINT32_C(1) << WINDOW_UNIT_SHIFT) - 1)) != 0);

    t->dir[side].max_end = mpci_seq_max(t->dir[side].max_end, ack + window_bytes);
    if (units > t->max_window[side])
        t->max_window[side] = units < UINT16_MAX ? (uint16_t)units : UINT16_MAX;
}

static int is_in_window(mpci_track *t, unsigned from, uint32_t end, uint32_t ack,
                        mpci_track_view view)
{
    mpci_direction *other = &t->dir[from ^ 1];

    if (view == MPCI_TRACK_FULL) {
        if (!seq_is_in_window(t, from, end) || !ack_is_in_window(t, from, ack))
            return 0;
        if (!t->fragments)
            return 1; /* then nothing beyond what was seen is acknowledged */
    } else if (!mpci_track_is_near(end, t->dir[from].end, view) ||
               !mpci_track_is_near(ack, other->end, view)) {
        return 0;
    }
    other->end = mpci_seq_max(other->end, ack);
    return 1;
}

enum mpci_track_result mpci_track_segment(mpci_track *t, const mpci_view *v, unsigned from,
                                          uint32_t ack_offset, uint32_t window_bytes,
                                          mpci_track_view view)
{
    uint32_t end = v->seq + mpci_view_seq_len(v);
    uint32_t ack = v->ack + ack_offset;

    if ((v->flags & MPCI_TCP_RST) != 0)
        return take_reset(t, v, from);
    /* RFC 9293 3.10.7.4: once synchronised, a segment without ACK is dropped; a SYN is challenged
     * and tells nothing (RFC 5961 4). */
    if ((v->flags & (MPCI_TCP_SYN | MPCI_TCP_ACK)) != MPCI_TCP_ACK)
        return MPCI_TRACK_OUTSIDE;
    if (!is_in_window(t, from, end, ack, view))
        return MPCI_TRACK_OUTSIDE;

    t->fragments |= v->first_fragment;
    if (t->life != 0)
        mpci_life_step(t, MPCI_LIFE_ALIVE);
    if (mpci_seq_lt(t->dir[from].end, end))
        take_progress(t, v, from, end);
    else if (view != MPCI_TRACK_FULL && (v->flags & MPCI_TCP_FIN) != 0 && !v->first_fragment &&
             end == t->dir[from].end && (t->life & any_fin_bit(from)) == 0)
        t->life |= (uint8_t)fin_bit(from); /* its end was known from what followed it */
    take_ack(t, from, ack);
    take_window(t, from ^ 1, ack, window_bytes);
    return MPCI_TRACK_IN_WINDOW;
}

/* SND.UNA is not kept. Whatever was acknowledged, its window reached no further than max_end: so it
 * is at most the greatest window below that. SND.NXT itself is allowed, as an ACK without data
 * bears it. */
int mpci_track_is_under_way(const mpci_track *t, unsigned side, uint32_t seq,
                            mpci_track_view view)
{
    const mpci_direction *own = &t->dir[side];

    if (view != MPCI_TRACK_FULL)
        return mpci_track_is_near(seq, own->end, view);
    return mpci_seq_leq(seq, own->end) &&
           mpci_seq_diff(seq, own->max_end) >= -reach_of(t, side);
}

unsigned mpci_track_state(const mpci_track *t)
{
    return t->life & MPCI_LIFE_RST ? MPCONN_FLOW_RESET : t->state;
}

int mpci_track_is_over(const mpci_track *t)
{
    return t->state == MPCONN_FLOW_CLOSED || (t->life & MPCI_LIFE_RST) != 0;
}
