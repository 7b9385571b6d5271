/* SPDX-License-Identifier: BSD-2-Clause */
/* What is asked of an engine and changes nothing: one entry, question and answer. */
#include "host/recorder_entry.h"

bool recorder_put_out(recorder_entry *e, uint8_t given, int rc)
{
    put_u8(e, "out given", given);
    trace_status(&e->walk, &rc);
    return rc == MPCONN_OK && given == TRACE_GIVEN;
}

int recorder_stats(recorder *r, mpconn_stats *out)
{
    uint8_t given = RECORDER_GIVEN(out);
    recorder_entry e;
    int rc = mpconn_engine_stats(r->engine, out);

    if (recorder_begin(r, &e, TRACE_STATS)) {
        if (recorder_put_out(&e, given, rc))
            trace_walk_stats(&e.walk, out);
        recorder_done(r, &e);
    }
    return rc;
}

int recorder_member(recorder *r, uint32_t index, mpconn_member *out)
{
    uint8_t given = RECORDER_GIVEN(out);
    recorder_entry e;
    int rc = mpconn_engine_member(r->engine, index, out);

    if (recorder_begin(r, &e, TRACE_MEMBER)) {
        put_u32(&e, "index", index);
        if (recorder_put_out(&e, given, rc))
            trace_walk_member(&e.walk, out);
        recorder_done(r, &e);
    }
    return rc;
}

int recorder_flow_next(recorder *r, mpconn_flow_cursor *cursor, mpconn_flow *out)
{
    uint8_t given = RECORDER_GIVEN(out);
    uint64_t from = cursor ? cursor->position : 0;
    recorder_entry e;
    int rc = mpconn_engine_flow_next(r->engine, cursor, out);

    if (recorder_begin(r, &e, TRACE_FLOW_NEXT)) {
        put_u8(&e, "cursor given", cursor ? TRACE_GIVEN : TRACE_NULL);
        put_u64(&e, "cursor", from);
        if (recorder_put_out(&e, given, rc)) {
            put_u64(&e, "next cursor", cursor->position);
            trace_walk_flow(&e.walk, out);
        }
        recorder_done(r, &e);
    }
    return rc;
}

static uint64_t put_counter(recorder *r, uint8_t type, unsigned reason, uint64_t value)
{
    recorder_entry e;

    if (recorder_begin(r, &e, type)) {
        put_u32(&e, "reason", reason);
        put_u64(&e, "value", value);
        recorder_done(r, &e);
    }
    return value;
}

uint64_t recorder_count(recorder *r, unsigned reason)
{
    return put_counter(r, TRACE_COUNT, reason, mpconn_engine_count(r->engine, reason));
}

uint64_t recorder_sync_count(recorder *r, unsigned reason)
{
    return put_counter(r, TRACE_SYNC_COUNT, reason, mpconn_engine_sync_count(r->engine, reason));
}

static uint64_t put_value(recorder *r, uint8_t type, uint64_t value)
{
    recorder_entry e;

    if (recorder_begin(r, &e, type)) {
        put_u64(&e, "value", value);
        recorder_done(r, &e);
    }
    return value;
}

mpconn_time recorder_next_expiry(recorder *r)
{
    return put_value(r, TRACE_NEXT_EXPIRY, mpconn_engine_next_expiry(r->engine));
}

uint32_t recorder_headroom(recorder *r)
{
    return (uint32_t)put_value(r, TRACE_HEADROOM, mpconn_engine_headroom(r->engine));
}

uint32_t recorder_tailroom(recorder *r)
{
    return (uint32_t)put_value(r, TRACE_TAILROOM, mpconn_engine_tailroom(r->engine));
}
