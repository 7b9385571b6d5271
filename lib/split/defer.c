/* SPDX-License-Identifier: BSD-2-Clause */
/* A flow that one member committed alone and carries alone is told to the others when it has lived
 * long enough to be worth it (claims A3, A9); most do not. */
#include "split/split.h"

#include "split/incarnation.h"
#include "split/share.h"

/* The slot of one that still has to be told, MPCI_SLOT_NONE when it is over or in doubt. */
static uint32_t slot_to_tell(const mpci_split *sp, const mpci_untold_flow *f)
{
    const mpci_settled_table *t = &sp->core->settled;
    uint32_t slot = mpci_settled_by_id(t, f->id);
    const mpci_settled *e;

    if (slot == MPCI_SLOT_NONE)
        return slot;
    e = mpci_settled_at(t, slot);
    return mpci_incarnation_is_alive(e) && (mpci_settled_flags(e) & MPCI_SETTLED_FORGOTTEN) == 0
               ? slot
               : MPCI_SLOT_NONE;
}

static void tell_first(mpci_split *sp, uint32_t slot)
{
    mpci_untold_drop_first(&sp->core->untold);
    if (slot != MPCI_SLOT_NONE)
        mpci_share_flow(sp, slot, MPCONN_MEMBER_ALL);
}

/* For the latest the first one makes room: it comes nearest to what is worth telling. */
static void make_room(mpci_split *sp, const mpci_untold_flow *first)
{
    uint32_t slot = slot_to_tell(sp, first);

    if (slot != MPCI_SLOT_NONE)
        mpci_count(&sp->core->counters, MPCONN_REASON_TOLD_EARLY);
    tell_first(sp, slot);
}

void mpci_split_defer(mpci_split *sp, uint32_t slot)
{
    mpci_untold *q = &sp->core->untold;
    const mpci_untold_flow *first = mpci_untold_first(q);

    if (first != NULL && mpci_untold_is_full(q))
        make_room(sp, first);
    mpci_untold_add(q, mpci_settled_id(&sp->core->settled, slot), sp->core->now);
}

mpconn_time mpci_split_next_to_tell(const mpci_split *sp)
{
    const mpci_untold_flow *f = mpci_untold_first(&sp->core->untold);

    return f != NULL ? mpci_later(f->since, sp->core->timeouts.defer_ns) : MPCONN_TIME_NEVER;
}

/* One that is over goes before its time, so that nobody wakes for it. */
int mpci_split_tell_due(mpci_split *sp)
{
    const mpci_untold_flow *f = mpci_untold_first(&sp->core->untold);
    uint32_t slot;

    if (f == NULL)
        return 0;
    slot = slot_to_tell(sp, f);
    if (slot != MPCI_SLOT_NONE && mpci_split_next_to_tell(sp) > sp->core->now)
        return 0;
    tell_first(sp, slot);
    return 1;
}
