/* SPDX-License-Identifier: BSD-2-Clause */
/* A place in the table of settled flows: that of the last incarnation, a free one, or that of a
 * flow which is over. */
#include "split/actions.h"
#include "split/incarnation.h"

/* Lines that a search for a flow which is over looks at. */
enum { RECLAIM_LOOK_AT = 64 };

/* When the table is full, flows that are over give way before their time: of the next few lines of
 * the pool the one that has been silent for longest. Open ones never do. */
static uint32_t find_over(mpci_core *core, int wide)
{
    const mpci_settled_table *t = &core->settled;
    mpci_line_range lines = mpci_settled_lines_for(t, wide);
    uint32_t *hand = &core->reclaim_hand[wide];
    uint32_t found = MPCI_SLOT_NONE, longest = 0;

    for (uint32_t i = 0; i < RECLAIM_LOOK_AT && i < lines.n; i++) {
        uint32_t slot = mpci_settled_line(t, lines.first + *hand);
        uint32_t silent;

        *hand = *hand + 1 < lines.n ? *hand + 1 : 0;
        if (slot == MPCI_SLOT_NONE || mpci_incarnation_is_alive(mpci_settled_at(t, slot)))
            continue;
        silent = mpci_tick(core->now) - mpci_settled_at(t, slot)->last_seen;
        if (found == MPCI_SLOT_NONE || silent > longest) {
            found = slot;
            longest = silent;
        }
    }
    return found;
}

static int find_room(mpci_split *sp, uint64_t hash, const mpconn_tuple *tuple,
                     enum mpci_lines lines, uint32_t *slot)
{
    mpci_core *core = sp->core;
    uint32_t over;

    if (mpci_settled_add(&core->settled, hash, tuple, lines, slot) == MPCONN_OK)
        return MPCONN_OK;
    over = find_over(core, tuple->family == MPCONN_FAMILY_IPV6 || lines == MPCI_LINES_TWO);
    if (over == MPCI_SLOT_NONE)
        return MPCONN_ERR_LIMIT;
    mpci_split_flow_ends(sp, over);
    mpci_core_end_flow(core, over, MPCONN_REASON_FLOW_RECLAIMED);
    return mpci_settled_add(&core->settled, hash, tuple, lines, slot);
}

mpci_settled *mpci_split_place(mpci_split *sp, uint64_t hash, const mpconn_tuple *tuple,
                               enum mpci_lines lines, uint32_t *slot)
{
    mpci_core *core = sp->core;
    uint32_t old = mpci_settled_find(&core->settled, hash, tuple);
    uint16_t generation = 1;
    mpci_settled *e;

    if (old != MPCI_SLOT_NONE) {
        generation = mpci_generation_after(mpci_settled_at(&core->settled, old)->generation);
        mpci_split_flow_ends(sp, old);
        mpci_core_end_flow(core, old, MPCONN_REASON_FLOW_REPLACED);
    }
    if (find_room(sp, hash, tuple, lines, slot) != MPCONN_OK)
        return NULL;
    if (lines != MPCI_LINES_ONE && (*slot & MPCI_SLOT_WIDE) == 0)
        mpci_count(&core->counters, MPCONN_REASON_SECOND_LINE_FULL);
    core->changes++;
    core->flows_settled++;
    e = mpci_settled_at(&core->settled, *slot);
    e->generation = generation;
    e->last_seen = mpci_tick(core->now);
    return e;
}
