/* SPDX-License-Identifier: BSD-2-Clause */
/* What time brings: handshake timers, flows that are old enough to be told of, and the sweep that
 * finds idle ones. */
#include "engine/engine.h"

#include "rendezvous/moved.h"
#include "rendezvous/told.h"
#include "split/peers.h"

/* The table is walked in pieces; a whole round takes a quarter of the shortest timeout, between
 * these bounds, so that no flow outlives its time by much and an idle table costs little. */
enum { SWEEP_PIECES = 1024 };
#define SWEEP_ROUND_LEAST (10 * MPCONN_MILLISECOND)
#define SWEEP_ROUND_MOST (16 * MPCONN_SECOND)

/* Clients that wait, and pairs that are not confirmed, are looked at once a second. */
#define SESSIONS_ROUND MPCONN_SECOND

/* The first question about a shared flow that says nothing here. */
#define LEASE_NS (60 * MPCONN_SECOND)

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Whoever plans again and again must not put the next piece off for ever. */
static void plan(mpci_sweep *s, uint32_t lines, uint64_t round, mpconn_time now)
{
    uint32_t pieces = lines < SWEEP_PIECES ? lines : SWEEP_PIECES;

    s->round = round;
    s->lines = (lines + pieces - 1) / pieces;
    s->interval = round / pieces;
    s->left = s->lines;
    s->due = least(s->due, mpci_later(now, s->interval));
}

void mpci_sweeps_plan(mpconn_engine *eng)
{
    const mpconn_timeouts *t = &eng->core.timeouts;
    uint64_t round = least(least(t->established_ns, t->transitory_ns),
                           least(t->closed_ns, t->reset_ns)) / 4;

    if (round > SWEEP_ROUND_MOST)
        round = SWEEP_ROUND_MOST;
    if (round < SWEEP_ROUND_LEAST)
        round = SWEEP_ROUND_LEAST;
    plan(&eng->flow_sweep, mpci_settled_lines(&eng->core.settled), round, eng->core.now);
    if (eng->rendezvous.sessions.capacity > 0)
        plan(&eng->session_sweep, eng->rendezvous.sessions.capacity, SESSIONS_ROUND,
             eng->core.now);
}

static int any_settled(const mpconn_engine *eng)
{
    return eng->core.settled.pool[0].used + eng->core.settled.pool[1].used > 0;
}

/* What begins to wait is looked at from a piece of a round later on, whichever of the packets of a
 * call it began with. */
static mpconn_time session_sweep_due(const mpconn_engine *eng)
{
    const mpci_sweep *s = &eng->session_sweep;
    mpconn_time first = mpci_later(eng->rendezvous.sessions.waits_since, s->interval);

    return s->due > first ? s->due : first;
}

static void catch_up(mpci_sweep *s, mpconn_time now)
{
    if (s->due < now && now - s->due > s->round)
        s->due = now - s->round;
}

void mpci_sweeps_catch_up(mpconn_engine *eng)
{
    mpconn_time now = eng->core.now;

    if (any_settled(eng))
        catch_up(&eng->flow_sweep, now);
    else
        eng->flow_sweep.due = mpci_later(now, eng->flow_sweep.interval);
    if (!mpci_sessions_wait(&eng->rendezvous.sessions))
        return;
    eng->session_sweep.due = session_sweep_due(eng);
    catch_up(&eng->session_sweep, now);
}

/* One line more: the next one, and when. */
static void step(mpci_sweep *s, uint32_t *line, uint32_t lines)
{
    *line = *line + 1 < lines ? *line + 1 : 0;
    if (--s->left > 0)
        return;
    s->left = s->lines;
    s->due = mpci_later(s->due, s->interval);
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

/* last_seen counts ticks of 2^24 ns: the difference is exact modulo 2^32 of them, two years. It may
 * be a tick more than the time that passed, and nothing ends before its time. */
static int is_idle_too_long(const mpconn_engine *eng, const mpci_settled *e)
{
    uint32_t ticks = mpci_tick(eng->core.now) - e->last_seen;

    return ticks > 0 && (uint64_t)(ticks - 1) << 24 >= timeout_of(eng, e);
}

/* What ended a flow that the sweep takes out. The tombstone of a killed one merely expires: the
 * kill has been counted. */
static unsigned end_of(const mpci_settled *e)
{
    mpci_track t;

    if (mpci_settled_flags(e) & MPCI_SETTLED_KILLED)
        return MPCONN_REASON_EXPIRED;
    mpci_settled_track_load(e, &t);
    switch ((enum mpconn_flow_state)mpci_track_state(&t)) {
    case MPCONN_FLOW_CLOSED:
        return MPCONN_REASON_FLOW_CLOSED;
    case MPCONN_FLOW_RESET:
        return MPCONN_REASON_FLOW_RESET;
    case MPCONN_FLOW_OPEN:
    case MPCONN_FLOW_CLIENT_DONE:
    case MPCONN_FLOW_SERVER_DONE:
        break;
    }
    return MPCONN_REASON_EXPIRED;
}

/* V18b: what ended a shared flow may have passed, and been told, while we did not hear it. Who has
 * seen nothing of it for a minute, two, four ... asks, and again in each round until somebody
 * answers: who knows the end remembers it for a few epochs only. And before it gives the flow up,
 * in two rounds, for somebody may have seen it since: then it is kept there, and has to be here
 * (RFC 5382 REQ-5), as whoever asks would be told that it is over. */
static int is_time_to_ask(const mpconn_engine *eng, const mpci_settled *e)
{
    uint64_t idle = (uint64_t)(mpci_tick(eng->core.now) - e->last_seen) << 24;
    uint64_t mark = LEASE_NS;

    if ((mpci_settled_flags(e) & MPCI_SETTLED_SHARED) == 0 || (e->state & 3) == MPCONN_FLOW_CLOSED)
        return 0;
    if ((mpci_settled_flags(e) & MPCI_SETTLED_ASKED) != 0)
        return 1;
    if (idle + 2 * eng->flow_sweep.round >= timeout_of(eng, e))
        return 1;
    while (mark <= idle / 2)
        mark *= 2;
    return idle >= mark && idle - mark < eng->flow_sweep.round;
}

static void sweep_line(mpconn_engine *eng)
{
    mpci_settled_table *t = &eng->core.settled;
    uint32_t slot = mpci_settled_line(t, t->sweep);

    step(&eng->flow_sweep, &t->sweep, mpci_settled_lines(t));
    if (slot == MPCI_SLOT_NONE)
        return;
    if (!is_idle_too_long(eng, mpci_settled_at(t, slot))) {
        if (is_time_to_ask(eng, mpci_settled_at(t, slot)))
            mpci_peers_question(&eng->split, slot);
        return;
    }
    mpci_split_flow_ends(&eng->split, slot);
    mpci_core_end_flow(&eng->core, slot, end_of(mpci_settled_at(t, slot)));
}

/* What there is to do in time, each a piece of it: 0 when nothing is due. */

static int fire_timer(mpconn_engine *eng)
{
    mpci_handshake *h = mpci_handshake_due(&eng->core.handshakes, eng->core.now);

    if (h != NULL)
        mpci_split_expire(&eng->split, h);
    return h != NULL;
}

static int tell_of_flow(mpconn_engine *eng)
{
    return mpci_split_tell_due(&eng->split);
}

static int look_at_line(mpconn_engine *eng)
{
    int is_due = any_settled(eng) && eng->flow_sweep.due <= eng->core.now;

    if (is_due)
        sweep_line(eng);
    return is_due;
}

static int look_at_session(mpconn_engine *eng)
{
    mpci_sessions *t = &eng->rendezvous.sessions;
    mpci_session_number n = t->sweep + 1;

    if (!mpci_sessions_wait(t) || session_sweep_due(eng) > eng->core.now)
        return 0;
    eng->session_sweep.due = session_sweep_due(eng);
    step(&eng->session_sweep, &t->sweep, t->capacity);
    if (mpci_session_at(t, n)->config.name[0] != '\0')
        mpci_rendezvous_sweep(&eng->rendezvous, n);
    return 1;
}

static int tell_of_sessions(mpconn_engine *eng)
{
    return mpci_told_next(&eng->rendezvous) || mpci_told_digest_next(&eng->rendezvous) ||
           mpci_moved_next(&eng->rendezvous);
}

/* They take turns, so that none waits for another however small the budget. */
static int do_one(mpconn_engine *eng)
{
    static int (*const chores[])(mpconn_engine *) = {look_at_line, fire_timer, tell_of_flow,
                                                      look_at_session, tell_of_sessions};
    const unsigned n = sizeof(chores) / sizeof(chores[0]);

    for (unsigned i = 0; i < n; i++) {
        eng->turn = (uint8_t)((eng->turn + 1) % n);
        if (chores[eng->turn](eng))
            return 1;
    }
    return 0;
}

int mpconn_engine_expire(mpconn_engine *eng, uint32_t budget, uint32_t *done, mpconn_time now)
{
    uint32_t used = 0;
    uint32_t most = budget == 0 ? UINT32_MAX : budget;
    int rc;

    if (eng == NULL)
        return MPCONN_ERR_INVAL;
    rc = mpci_engine_enter(eng, now);
    if (rc != MPCONN_OK)
        return rc;
    mpci_sync_tick(&eng->sync);
    mpci_echo_tick(&eng->echo);
    while (used < most && do_one(eng))
        used++;
    mpci_engine_leave(eng);
    mpci_echo_note_progress(&eng->echo);
    if (done != NULL)
        *done = used;
    return MPCONN_OK;
}

mpconn_time mpconn_engine_next_expiry(const mpconn_engine *eng)
{
    mpconn_time due;

    if (eng == NULL)
        return MPCONN_TIME_NEVER;
    due = least(mpci_handshake_next_due(&eng->core.handshakes), eng->sync.hello_due);
    due = least(due, mpci_split_next_to_tell(&eng->split));
    if (mpci_sessions_wait(&eng->rendezvous.sessions))
        due = least(due, session_sweep_due(eng));
    due = least(due, mpci_told_due(&eng->rendezvous));
    due = least(due, mpci_moved_due(&eng->rendezvous));
    due = least(due, mpci_told_digest_due(&eng->rendezvous));
    return any_settled(eng) ? least(due, eng->flow_sweep.due) : due;
}
