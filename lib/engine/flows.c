/* SPDX-License-Identifier: BSD-2-Clause */
/* Looking at settled flows. */
#include "engine/engine.h"

#include "base/abi.h"

enum { FLOW_V1 = sizeof(mpconn_flow) };

static void describe(const mpconn_engine *eng, uint32_t slot, mpconn_flow *f)
{
    const mpci_settled_table *t = &eng->core.settled;
    const mpci_settled *e = mpci_settled_at(t, slot);
    mpci_track track;

    MPCONN_STRUCT_INIT(f);
    mpci_settled_track_load(e, &track);
    f->id = mpci_settled_id(t, slot);
    mpci_settled_tuple(t, slot, &f->tuple);
    mpci_core_delta(&eng->core, slot, &f->delta);
    f->idle_ns = (uint64_t)(mpci_tick(eng->core.now) - e->last_seen) << 24;
    f->state = mpci_track_state(&track);
    f->flags = (mpci_settled_flags(e) & MPCI_SETTLED_SPLIT ? MPCONN_FLOW_F_SPLIT : 0) |
               (mpci_settled_flags(e) & MPCI_SETTLED_REVERSE ? MPCONN_FLOW_F_REVERSE : 0);
    for (unsigned side = 0; side < 2; side++) {
        f->next_seq[side] = track.dir[side].end;
        f->link[side] = e->link[side];
    }
}

int mpconn_engine_flow_next(const mpconn_engine *eng, mpconn_flow_cursor *cursor, mpconn_flow *out)
{
    mpconn_flow f;
    uint64_t line;
    uint32_t lines, slot = MPCI_SLOT_NONE;
    int rc;

    if (eng == NULL || cursor == NULL || out == NULL)
        return MPCONN_ERR_INVAL;
    lines = mpci_settled_lines(&eng->core.settled);
    for (line = cursor->position; line < lines && slot == MPCI_SLOT_NONE; line++)
        slot = mpci_settled_line(&eng->core.settled, (uint32_t)line);
    if (slot == MPCI_SLOT_NONE)
        return MPCONN_ERR_NOTFOUND;
    describe(eng, slot, &f);
    rc = mpci_abi_export(out, &f, sizeof(f), FLOW_V1);
    if (rc == MPCONN_OK)
        cursor->position = line;
    return rc;
}
