/* SPDX-License-Identifier: BSD-2-Clause */
/* A flow that one member committed alone and carries alone is told to the others when it has lived
 * long enough to be worth it (claims A3, A9); most do not. */
#include "split/split.h"

#include "split/incarnation.h"
#include "split/share.h"

/* OVER: for good. IN_DOUBT: reset, or forgotten by an endpoint, as far as is known; what is still
 * said in it takes that back. */
enum prospect { OVER, IN_DOUBT, LIVES };

static enum prospect prospect_of(const mpci_split *sp, const mpci_untold_flow *f, uint32_t *slot)
{
    const mpci_settled_table *t = &sp->core->settled;
    const mpci_settled *e;

    *slot = mpci_settled_by_id(t, f->id);
    if (*slot == MPCI_SLOT_NONE)
        return OVER;
    e = mpci_settled_at(t, *slot);
    if ((mpci_settled_flags(e) & MPCI_SETTLED_KILLED) != 0 ||
        (e->state & 3) == MPCONN_FLOW_CLOSED)
        return OVER;
    return mpci_incarnation_is_alive(e) && (mpci_settled_flags(e) & MPCI_SETTLED_FORGOTTEN) == 0
               ? LIVES
               : IN_DOUBT;
}

/* For the latest the first one makes room: it comes nearest to what is worth telling. */
static void make_room(mpci_split *sp, const mpci_untold_flow *first)
{
    uint32_t slot;
    enum prospect prospect = prospect_of(sp, first, &slot);

    mpci_untold_drop_first(&sp->core->untold);
    if (prospect != LIVES)
        return;
    mpci_count(&sp->core->counters, MPCONN_REASON_TOLD_EARLY);
    mpci_share_flow(sp, slot, MPCONN_MEMBER_ALL);
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

/* One that is over goes before its time, so that nobody wakes for it. One in doubt waits once more:
 * the others do better without it, unless it goes on. */
int mpci_split_tell_due(mpci_split *sp)
{
    mpci_untold *q = &sp->core->untold;
    const mpci_untold_flow *f = mpci_untold_first(q);
    enum prospect prospect;
    uint32_t slot;

    if (f == NULL)
        return 0;
    prospect = prospect_of(sp, f, &slot);
    if (prospect != OVER && mpci_split_next_to_tell(sp) > sp->core->now)
        return 0;
    mpci_untold_drop_first(q);
    if (prospect == IN_DOUBT)
        mpci_split_defer(sp, slot);
    else if (prospect == LIVES)
        mpci_share_flow(sp, slot, MPCONN_MEMBER_ALL);
    return 1;
}
