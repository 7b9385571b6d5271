/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies of flows that other members settled. */
#include "base/seq.h"
#include "conn/life.h"
#include "split/actions.h"
#include "split/bind.h"
#include "split/incarnation.h"
#include "split/second_line.h"
#include "split/share.h"
#include "table/progress.h"

static const unsigned fins[] = {
    [MPCONN_SIDE_CLIENT] = MPCI_LIFE_FIN_CLIENT | MPCI_LIFE_LOOSE_FIN_CLIENT,
    [MPCONN_SIDE_SERVER] = MPCI_LIFE_FIN_SERVER | MPCI_LIFE_LOOSE_FIN_SERVER,
};

/* A FIN that others saw may have been acknowledged here before we heard of it. */
static int acked_already(const mpci_settled *e, const mpci_record *r, unsigned side)
{
    return (r->state >> 3 & fins[side]) != 0 && (e->state >> 3 & fins[side]) == 0 &&
           e->dir[side].end == r->end[side];
}

static void unmark_reset(mpci_settled *e)
{
    mpci_track t;

    mpci_settled_track_load(e, &t);
    t.life &= (uint8_t)~(MPCI_LIFE_RST | MPCI_LIFE_RST_OF_SERVER);
    mpci_settled_track_store(e, &t);
}

static void merge_end(mpci_settled *e, const mpci_record *r, unsigned side)
{
    /* The number behind a FIN: its acknowledgment is waited for here. */
    if ((r->state >> 3 & fins[side]) != 0)
        e->dir[side].end = mpci_seq_max(e->dir[side].end, r->end[side]);
}

/* Did the server name the number of that record, there or here? */
static int server_names(const mpci_handshake *h, const mpci_record *r)
{
    uint32_t isn = h->proxy_isn + r->seq_offset;

    return (r->flags & MPCI_FLOW_HEARD) != 0 ||
           ((h->flags & MPCI_HANDSHAKE_MISMATCH) != 0 &&
            mpci_split_fits_first(isn, r->end[1] + r->room[1], h->heard_seq));
}

/* Two commits met. The number that the server named wins over one on which it was not heard
 * (doc/model.md, rule 4). */
static void correct(mpci_split *sp, mpci_settled *e, const mpci_step *st)
{
    const mpci_record *r = st->record;
    mpci_handshake *h = mpci_handshake_find(&sp->core->handshakes,
                                            mpci_tuple_hash(&sp->core->table_key, &r->tuple),
                                            &r->tuple);

    mpci_count(&sp->core->counters, MPCONN_REASON_COMMIT_CONFLICT);
    if (h == NULL || h->state != MPCI_ST_CONFIRMING ||
        (h->flags & MPCI_HANDSHAKE_SERVER_HEARD) != 0 || !server_names(h, r) ||
        !mpci_second_line_rebind(sp, h->settled, st->binding))
        return;
    mpci_bind_entry(sp, h, st->binding);
    e->dir[MPCONN_SIDE_SERVER] = (mpci_direction){r->end[1], r->end[1] + r->room[1]};
    e->server_options = r->server_options;
    e->seq_offset = r->seq_offset;
    e->ts_offset = r->ts_offset;
    mpci_second_line_correct(sp, h->settled, r);
    h->flags &= (uint8_t)~MPCI_HANDSHAKE_MISMATCH;
    h->server_options = r->server_options;
    h->server_isn = h->proxy_isn + r->seq_offset;
    h->server_ts = h->proxy_ts + r->ts_offset;
    mpci_core_release(sp->core, h, MPCONN_REASON_RELEASED);
}

static int merge_ack(mpci_settled *e, int acked, enum mpci_life_event event)
{
    mpci_track t;

    if (!acked)
        return 0;
    mpci_settled_track_load(e, &t);
    mpci_life_step(&t, event);
    mpci_settled_track_store(e, &t);
    return 1;
}

/* When the member that tells it saw it last: a copy is no younger than what it is made from. */
static uint32_t seen_elsewhere(const mpci_core *core, const mpci_record *r)
{
    return mpci_tick(core->now) - (uint32_t)(((uint64_t)r->idle_s * MPCONN_SECOND) >> 24);
}

/* Nobody gives up what another one still sees. Nor does it go on by numbers of its own that the
 * streams have left meanwhile, elsewhere: nothing would ever be in a window again. */
static void merge_sight(mpci_split *sp, mpci_settled *e, const mpci_record *r)
{
    int sure = mpci_incarnation_is_sure(sp, e);
    uint32_t now = mpci_tick(sp->core->now), seen = seen_elsewhere(sp->core, r);
    mpconn_delta d;
    mpci_track_view view;

    if (now - e->last_seen < now - seen)
        return;
    e->last_seen = seen;
    if (sure)
        return;
    mpci_settled_delta(e, &d);
    view = mpci_progress_view(e, &d);
    for (unsigned i = 0; i < 2; i++)
        if (!mpci_track_is_near(r->end[i], e->dir[i].end, view))
            e->dir[i] = (mpci_direction){r->end[i], r->end[i] + r->room[i]};
}

/* What only grows is merged; the progress of the streams is advice, and what passed here counts
 * more (rule R10). */
int mpci_split_merge_copy(mpci_split *sp, const mpci_step *st, uint32_t slot)
{
    const mpci_record *r = st->record;
    mpci_settled *e = mpci_settled_at(&sp->core->settled, slot);
    int client_acked = acked_already(e, r, MPCONN_SIDE_CLIENT);
    int server_acked = acked_already(e, r, MPCONN_SIDE_SERVER);

    if (r->seq_offset != e->seq_offset || r->ts_offset != e->ts_offset ||
        st->binding != mpci_settled_binding(&sp->core->settled, slot))
        correct(sp, e, st);
    mpci_second_line_merge(sp, slot, r);
    mpci_incarnation_raise(e, r->generation);
    merge_end(e, r, MPCONN_SIDE_CLIENT);
    merge_end(e, r, MPCONN_SIDE_SERVER);
    e->use = (e->use & ~(uint32_t)MPCI_SETTLED_ASKED) | MPCI_SETTLED_SHARED;
    merge_sight(sp, e, r);
    if (r->flags & MPCI_FLOW_GOES_ON)
        unmark_reset(e);
    e->state |= r->state;
    client_acked = merge_ack(e, client_acked, MPCI_LIFE_CLIENT_FIN_ACKED);
    server_acked = merge_ack(e, server_acked, MPCI_LIFE_SERVER_FIN_ACKED);
    return client_acked || server_acked;
}

static void fill_copy(mpci_settled *e, const mpci_record *r)
{
    e->use |= MPCI_SETTLED_SHARED;
    if (r->flags & MPCI_FLOW_SPLIT)
        e->use |= MPCI_SETTLED_SPLIT;
    if (r->flags & MPCI_FLOW_REVERSE)
        e->use |= MPCI_SETTLED_REVERSE;
    if (r->flags & MPCI_FLOW_RENDEZVOUS)
        e->use |= MPCI_SETTLED_RENDEZVOUS;
    e->generation = r->generation;
    e->hs = r->hs;
    e->server_options = r->server_options;
    e->client_isn = r->client_isn;
    e->seq_offset = r->seq_offset;
    e->ts_offset = r->ts_offset;
    e->state = r->state;
    for (unsigned i = 0; i < 2; i++) {
        e->dir[i].end = r->end[i];
        e->dir[i].max_end = r->end[i] + r->room[i];
        e->max_window[i] = r->max_window[i];
    }
}

/* A late record must not bring back what is over; but a number that is over may pass unsplit. */
static int is_dead(const mpci_core *core, uint64_t hash, const mpci_record *r)
{
    return (r->flags & MPCI_FLOW_SPLIT) != 0 &&
           mpci_tombstones_find(&core->tombstones, hash, r->client_isn) != MPCI_TOMBSTONE_NONE;
}

/* What its handshake said of either leg is not known here, but what they differ in is. */
static void tell_copied(mpci_core *core, uint32_t slot)
{
    mpconn_delta delta = {0};
    mpconn_event ev;

    mpci_count(&core->counters, MPCONN_REASON_FLOW_COPIED);
    if (core->callbacks.event == NULL)
        return;
    MPCONN_STRUCT_INIT(&ev);
    mpci_core_delta(core, slot, &delta);
    ev.type = MPCONN_EVENT_SETTLED;
    ev.reason = MPCONN_REASON_FLOW_COPIED;
    ev.flow = mpci_settled_id(&core->settled, slot);
    mpci_settled_tuple(&core->settled, slot, &ev.tuple);
    ev.delta = &delta;
    core->callbacks.event(core->user, &ev);
}

int mpci_split_keep_copy(mpci_split *sp, const mpci_step *st)
{
    mpci_core *core = sp->core;
    const mpci_record *r = st->record;
    uint32_t slot = mpci_settled_find(&core->settled, st->hash, st->tuple);
    mpci_settled *e;

    if (is_dead(core, st->hash, r)) {
        mpci_share_word(sp, MPCI_RECORD_REPLY, st->tuple, r->client_isn, st->teller,
                        MPCI_REPLY_DEAD);
        return 0;
    }
    if (slot != MPCI_SLOT_NONE && mpci_incarnation_stands(sp, slot, r, st->teller))
        return 0;
    e = mpci_split_place(sp, st->hash, st->tuple, mpci_second_line_of_record(r), &slot);
    if (e == NULL) {
        mpci_count(&core->counters, MPCONN_REASON_TABLE_FULL);
        return 0;
    }
    fill_copy(e, r);
    mpci_second_line_copy(sp, slot, st);
    e->last_seen = seen_elsewhere(core, r);
    tell_copied(core, slot);
    return 1;
}
