/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls and questions about sessions. */
#include "host/recorder_entry.h"

#include <string.h>

/* A name that is too long is no session's, and neither is what is recorded of it. */
static void note_name(trace_name *n, const char *name)
{
    memset(n, 0, sizeof(*n));
    n->given = name ? TRACE_GIVEN : TRACE_NULL;
    for (unsigned i = 0; name && i < TRACE_NAME && name[i]; i++)
        n->text[i] = name[i];
}

typedef int setting(mpconn_engine *eng, const mpconn_session_config *config, mpconn_time now);

static int record_wish(recorder *r, uint8_t type, setting *what,
                       const mpconn_session_config *config, mpconn_time now)
{
    recorder_entry e;

    if (recorder_begin(r, &e, type)) {
        trace_wish wish = { .given = RECORDER_GIVEN(config) };
        if (wish.given == TRACE_GIVEN)
            wish.value = *config;
        trace_walk_wish(&e.walk, &wish);
        put_u64(&e, "now", now);
        recorder_done(r, &e);
    }
    int rc = what(r->engine, config, now);
    recorder_put_return(r, type, rc);
    return rc;
}

int recorder_session_add(recorder *r, const mpconn_session_config *config, mpconn_time now)
{
    return record_wish(r, TRACE_SESSION_ADD, mpconn_session_add, config, now);
}

int recorder_session_modify(recorder *r, const mpconn_session_config *config, mpconn_time now)
{
    return record_wish(r, TRACE_SESSION_MODIFY, mpconn_session_modify, config, now);
}

int recorder_session_remove(recorder *r, const char *name, mpconn_time now)
{
    recorder_entry e;

    if (recorder_begin(r, &e, TRACE_SESSION_REMOVE)) {
        trace_name n;
        note_name(&n, name);
        trace_walk_name(&e.walk, &n);
        put_u64(&e, "now", now);
        recorder_done(r, &e);
    }
    int rc = mpconn_session_remove(r->engine, name, now);
    recorder_put_return(r, TRACE_SESSION_REMOVE, rc);
    return rc;
}

int recorder_session_get(recorder *r, const char *name, mpconn_session *out)
{
    uint8_t given = RECORDER_GIVEN(out);
    recorder_entry e;
    int rc = mpconn_session_get(r->engine, name, out);

    if (recorder_begin(r, &e, TRACE_SESSION_GET)) {
        trace_name n;
        note_name(&n, name);
        trace_walk_name(&e.walk, &n);
        if (recorder_put_out(&e, given, rc))
            trace_walk_session(&e.walk, out);
        recorder_done(r, &e);
    }
    return rc;
}

int recorder_session_next(recorder *r, mpconn_session_cursor *cursor, mpconn_session *out)
{
    uint8_t given = RECORDER_GIVEN(out);
    uint64_t from = cursor ? cursor->position : 0;
    recorder_entry e;
    int rc = mpconn_session_next(r->engine, cursor, out);

    if (recorder_begin(r, &e, TRACE_SESSION_NEXT)) {
        put_u8(&e, "cursor given", cursor ? TRACE_GIVEN : TRACE_NULL);
        put_u64(&e, "cursor", from);
        if (recorder_put_out(&e, given, rc)) {
            put_u64(&e, "next cursor", cursor->position);
            trace_walk_session(&e.walk, out);
        }
        recorder_done(r, &e);
    }
    return rc;
}
