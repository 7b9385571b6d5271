/* SPDX-License-Identifier: BSD-2-Clause */
#include "split/kill.h"

#include "split/share.h"
#include "table/reset.h"

/* RST with the next number of the endpoint that is told (RFC 5961 3): of those that passed. While
 * one of them is lost beyond us it is not exact, and relay.c answers what the
 * endpoint says then. */
static void reset_endpoint(mpci_split *sp, const mpci_settled *e, const mpconn_tuple *leg,
                           const mpconn_delta *d, unsigned to)
{
    unsigned other = to == MPCONN_SIDE_CLIENT ? MPCONN_SIDE_SERVER : MPCONN_SIDE_CLIENT;
    /* Numbers of the other endpoint's stream as the leg of `to` shows them. */
    uint32_t offset = to == MPCONN_SIDE_SERVER ? d->seq[other] : 0 - d->seq[other];
    mpci_segment s = mpci_reset_ack(sp->core, leg, to, e->dir[other].end + offset,
                                    e->dir[to].end);

    mpci_reset_put(sp->core, &s, e->link[to], 0);
}

static void leave_tombstone(mpci_split *sp, uint32_t slot, unsigned silent)
{
    mpci_settled *e = mpci_settled_at(&sp->core->settled, slot);
    mpci_track t;

    mpci_settled_track_load(e, &t);
    t.life |= MPCI_LIFE_RST;
    mpci_settled_track_store(e, &t);
    e->use |= MPCI_SETTLED_KILLED | silent;
    e->last_seen = mpci_tick(sp->core->now);
}

/* Whose endpoints go on at another member is answered there. Who is not to be told at all is not
 * there either. */
static unsigned word_of_kill(const mpci_settled *e)
{
    if ((mpci_settled_flags(e) & MPCI_SETTLED_SILENT) != 0)
        return MPCONN_REASON_NONE;
    return mpci_settled_is_unused(e) ? MPCONN_REASON_SESSION_UNCONFIRMED : MPCONN_REASON_KILLED;
}

void mpci_split_tell_kill(mpci_split *sp, uint32_t slot, uint32_t to)
{
    mpci_share_close(sp, slot, to, word_of_kill(mpci_settled_at(&sp->core->settled, slot)));
}

void mpci_split_kill_flow(mpci_split *sp, uint32_t slot, unsigned told, int silent)
{
    mpci_settled *e = mpci_settled_at(&sp->core->settled, slot);
    mpci_binding_number n = mpci_settled_binding(&sp->core->settled, slot);
    mpconn_tuple tuple;
    mpconn_delta d;

    mpci_settled_tuple(&sp->core->settled, slot, &tuple);
    mpci_settled_delta(e, &d);
    mpci_split_flow_ends(sp, slot);
    leave_tombstone(sp, slot, silent ? MPCI_SETTLED_SILENT : 0u);
    if (mpci_settled_flags(e) & MPCI_SETTLED_SHARED)
        mpci_split_tell_kill(sp, slot, MPCONN_MEMBER_ALL);
    for (unsigned to = 0; to < 2; to++)
        if ((told & 1u << to) != 0)
            reset_endpoint(sp, e, mpci_core_leg(sp->core, &tuple, n, to), &d, to);
    mpci_count(&sp->core->counters, MPCONN_REASON_KILLED);
}

void mpci_split_told_killed(mpci_split *sp, uint32_t slot)
{
    mpci_core *core = sp->core;
    const mpci_settled *e = mpci_settled_at(&core->settled, slot);
    mpconn_tuple key;

    if ((mpci_settled_flags(e) & MPCI_SETTLED_KILLED) != 0)
        return;
    leave_tombstone(sp, slot, 0);
    mpci_settled_tuple(&core->settled, slot, &key);
    if (core->ended != NULL && (mpci_settled_flags(e) & MPCI_SETTLED_RENDEZVOUS) != 0)
        core->ended(core->ended_owner, mpci_settled_id(&core->settled, slot), &key,
                    MPCONN_REASON_KILLED);
}
