/* SPDX-License-Identifier: BSD-2-Clause */
/* What time brings: handshake timers, and the sweep that finds idle flows. */
#include "engine/engine.h"

/* The table is walked in pieces; a whole round takes a quarter of the shortest timeout, between
 * these bounds, so that no flow outlives its time by much and an idle table costs little. */
enum { SWEEP_PIECES = 1024 };
#define SWEEP_ROUND_LEAST (10 * MPCONN_MILLISECOND)
#define SWEEP_ROUND_MOST (16 * MPCONN_SECOND)

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

void mpci_sweep_plan(mpconn_engine *eng)
{
    const mpconn_timeouts *t = &eng->core.timeouts;
    uint32_t lines = mpci_settled_lines(&eng->core.settled);
    uint32_t pieces = lines < SWEEP_PIECES ? lines : SWEEP_PIECES;
    uint64_t round = least(least(t->established_ns, t->transitory_ns),
                           least(t->closed_ns, t->reset_ns)) / 4;

    if (round > SWEEP_ROUND_MOST)
        round = SWEEP_ROUND_MOST;
    if (round < SWEEP_ROUND_LEAST)
        round = SWEEP_ROUND_LEAST;
    eng->sweep_lines = (lines + pieces - 1) / pieces;
    eng->sweep_interval = round / pieces;
    eng->sweep_due = eng->core.now + eng->sweep_interval;
}

static uint64_t timeout_of(const mpconn_engine *eng, const mpci_settled *e)
{
    const mpconn_timeouts *to = &eng->core.timeouts;
    mpci_track t;

    mpci_settled_track_load(e, &t);
    switch ((enum mpconn_flow_state)mpci_track_state(&t)) {
    case MPCONN_FLOW_OPEN:
        return t.life & (MPCI_LIFE_FIN_CLIENT | MPCI_LIFE_FIN_SERVER) ? to->transitory_ns
                                                                      : to->established_ns;
    case MPCONN_FLOW_CLIENT_DONE:
    case MPCONN_FLOW_SERVER_DONE:
        return to->transitory_ns;
    case MPCONN_FLOW_CLOSED:
        return to->closed_ns;
    case MPCONN_FLOW_RESET:
        break;
    }
    return to->reset_ns;
}

static void sweep_line(mpconn_engine *eng)
{
    mpci_settled_table *t = &eng->core.settled;
    uint32_t slot = mpci_settled_line(t, t->sweep);
    mpci_settled *e;

    t->sweep++;
    if (t->sweep >= mpci_settled_lines(t))
        t->sweep = 0;
    if (slot == MPCI_SLOT_NONE)
        return;
    e = mpci_settled_at(t, slot);
    /* last_seen counts 2^24 ns: the difference is exact modulo 2^32 of them, two years. */
    if ((uint64_t)(mpci_tick(eng->core.now) - e->last_seen) << 24 < timeout_of(eng, e))
        return;
    mpci_split_flow_ends(&eng->split, slot);
    mpci_core_end_flow(&eng->core, slot, MPCONN_REASON_EXPIRED);
}

static int any_settled(const mpconn_engine *eng)
{
    return eng->core.settled.pool[0].used + eng->core.settled.pool[1].used > 0;
}

/* Sweep what is due; returns the lines looked at, at most `room`. */
static uint32_t sweep(mpconn_engine *eng, uint32_t room)
{
    uint32_t done = 0;
    mpconn_time now = eng->core.now;
    uint64_t rounds_ns = eng->sweep_interval * SWEEP_PIECES;

    if (!any_settled(eng)) {
        eng->sweep_due = now + eng->sweep_interval;
        return 0;
    }
    /* After a long pause one whole round finds everything. */
    if (eng->sweep_due < now && now - eng->sweep_due > rounds_ns)
        eng->sweep_due = now - rounds_ns;
    while (eng->sweep_due <= now && done < room && any_settled(eng)) {
        for (uint32_t i = 0; i < eng->sweep_lines; i++)
            sweep_line(eng);
        done += eng->sweep_lines;
        eng->sweep_due += eng->sweep_interval;
    }
    return done;
}

int mpconn_engine_expire(mpconn_engine *eng, uint32_t budget, uint32_t *done, mpconn_time now)
{
    uint32_t used = 0;
    uint32_t most = budget == 0 ? UINT32_MAX : budget;
    mpci_handshake *h;
    int rc;

    if (eng == NULL)
        return MPCONN_ERR_INVAL;
    rc = mpci_engine_enter(eng, now);
    if (rc != MPCONN_OK)
        return rc;
    while (used < most && (h = mpci_handshake_due(&eng->core.handshakes, eng->core.now)) != NULL) {
        mpci_split_expire(&eng->split, h);
        used++;
    }
    if (used < most)
        used += sweep(eng, most - used);
    mpci_engine_leave(eng);
    if (done != NULL)
        *done = used;
    return MPCONN_OK;
}

mpconn_time mpconn_engine_next_expiry(const mpconn_engine *eng)
{
    mpconn_time due;

    if (eng == NULL)
        return MPCONN_TIME_NEVER;
    due = mpci_handshake_next_due(&eng->core.handshakes);
    return any_settled(eng) ? least(due, eng->sweep_due) : due;
}
