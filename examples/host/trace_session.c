/* SPDX-License-Identifier: BSD-2-Clause */
/* Sessions in a trace: as the controller wants them, as they stand, and what is told of them. */
#include "host/trace_entry.h"

static void walk_name(trace_walk *w, char name[TRACE_NAME])
{
    trace_raw(w, "name", (uint8_t *)name, TRACE_NAME);
}

void trace_walk_name(trace_walk *w, trace_name *n)
{
    trace_u8(w, "name given", &n->given);
    if (n->given == TRACE_GIVEN)
        walk_name(w, n->text);
}

static void walk_termination(trace_walk *w, unsigned side, mpconn_termination *t)
{
    w->group = side == MPCONN_SIDE_CLIENT ? "termination 0" : "termination 1";
    trace_raw(w, "local", t->local.bytes, sizeof(t->local.bytes));
    trace_raw(w, "expect", t->expect.bytes, sizeof(t->expect.bytes));
    trace_u16(w, "local_port", &t->local_port);
    trace_u16(w, "expect_port", &t->expect_port);
    trace_u8(w, "family", &t->family);
    trace_u8(w, "expect_prefix", &t->expect_prefix);
    trace_u8(w, "latch", &t->latch);
    trace_raw(w, "reserved", t->reserved, sizeof(t->reserved));
    w->group = NULL;
}

static void walk_config(trace_walk *w, mpconn_session_config *c)
{
    walk_name(w, c->name);
    for (unsigned side = 0; side < 2; side++)
        walk_termination(w, side, &c->termination[side]);
    trace_u16(w, "zone", &c->zone);
    trace_u16(w, "max_mss", &c->max_mss);
    trace_u8(w, "role", &c->role);
    trace_u8(w, "answer", &c->answer);
    trace_u8(w, "stale", &c->stale);
    trace_u8(w, "candidates", &c->candidates);
    trace_u32(w, "flags", &c->flags);
    trace_u32(w, "wait_ms", &c->wait_ms);
    trace_u32(w, "fresh_ms", &c->fresh_ms);
    trace_u32(w, "confirm_ms", &c->confirm_ms);
    trace_u32(w, "relatch_ms", &c->relatch_ms);
    trace_u32(w, "reserved", &c->reserved);
}

void trace_walk_wish(trace_walk *w, trace_wish *wish)
{
    trace_u8(w, "config given", &wish->given);
    if (wish->given == TRACE_GIVEN)
        walk_config(w, &wish->value);
}

static void walk_stats(trace_walk *w, unsigned side, mpconn_termination_stats *s)
{
    w->group = side == MPCONN_SIDE_CLIENT ? "termination 0" : "termination 1";
    trace_u64(w, "packets_in", &s->packets_in);
    trace_u64(w, "bytes_in", &s->bytes_in);
    trace_u32(w, "syns", &s->syns);
    trace_u32(w, "answers", &s->answers);
    trace_u32(w, "refused", &s->refused);
    trace_u32(w, "relatched", &s->relatched);
    w->group = NULL;
}

void trace_walk_session(trace_walk *w, mpconn_session *s)
{
    walk_config(w, &s->config);
    s->state = (uint32_t)trace_number(w, "state", 4, s->state, mpconn_session_state_name);
    trace_u32(w, "pairs", &s->pairs);
    trace_u64(w, "flow", &s->flow);
    for (unsigned side = 0; side < 2; side++) {
        trace_raw(w, side ? "remote 1" : "remote 0", s->remote[side].bytes,
                  sizeof(s->remote[side].bytes));
        trace_u16(w, side ? "remote_port 1" : "remote_port 0", &s->remote_port[side]);
        trace_u8(w, side ? "candidates 1" : "candidates 0", &s->candidates[side]);
    }
    trace_raw(w, "reserved", s->reserved, sizeof(s->reserved));
    for (unsigned side = 0; side < 2; side++)
        walk_stats(w, side, &s->stats[side]);
}

void trace_walk_session_event(trace_walk *w, mpconn_session_event *e, char name[TRACE_NAME])
{
    e->type = (uint32_t)trace_number(w, "type", 4, e->type, mpconn_session_event_name);
    e->reason = (uint32_t)trace_number(w, "reason", 4, e->reason, mpconn_reason_name);
    walk_name(w, name);
    trace_u32(w, "termination", &e->termination);
    trace_raw(w, "remote", e->remote.bytes, sizeof(e->remote.bytes));
    trace_u16(w, "remote_port", &e->remote_port);
    trace_u8(w, "family", &e->family);
    trace_u8(w, "reserved", &e->reserved);
    trace_u64(w, "flow", &e->flow);
    for (unsigned side = 0; side < 2; side++)
        walk_stats(w, side, &e->stats[side]);
}
