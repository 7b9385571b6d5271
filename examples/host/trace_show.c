/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole entries, read through value by value: to check them, and to print them. */
#include "host/trace_entry.h"

#include <string.h>

static int show_status(trace_walk *w)
{
    int rc = 0;
    trace_status(w, &rc);
    return rc;
}

static int show_answer(trace_walk *w)
{
    int answer = 0;
    trace_answer(w, &answer);
    return answer;
}

static uint64_t show_u64(trace_walk *w, const char *name)
{
    return trace_number(w, name, 8, 0, NULL);
}

static uint32_t show_u32(trace_walk *w, const char *name)
{
    return (uint32_t)trace_number(w, name, 4, 0, NULL);
}

static uint8_t show_u8(trace_walk *w, const char *name)
{
    return (uint8_t)trace_number(w, name, 1, 0, NULL);
}

static void show_bytes(trace_walk *w, const char *name)
{
    const uint8_t *bytes;
    uint32_t len = 0;
    trace_bytes(w, name, &bytes, &len);
}

/* `each` for every element of a list; ends early where there is nothing to read. */
static void show_list(trace_walk *w, const char *group, void (*each)(trace_walk *w))
{
    uint32_t n = show_u32(w, "number");

    w->group = group;
    w->listed = true;
    for (w->member = 0; w->member < n && !w->broken; w->member++)
        each(w);
    w->group = NULL;
    w->listed = false;
}

static void show_packet(trace_walk *w)
{
    trace_packet p;
    memset(&p, 0, sizeof(p));
    trace_walk_packet(w, &p);
}

static void show_made(trace_walk *w)
{
    mpconn_pkt pkt;
    const uint8_t *bytes;
    uint32_t len = 0;
    memset(&pkt, 0, sizeof(pkt));
    trace_walk_made(w, &pkt, &bytes, &len);
}

static void show_result(trace_walk *w)
{
    trace_result r;
    memset(&r, 0, sizeof(r));
    trace_walk_result(w, &r);
}

static void show_new(trace_walk *w)
{
    trace_new t;
    memset(&t, 0, sizeof(t));
    trace_walk_new(w, &t);
}

static void show_kill(trace_walk *w)
{
    trace_filter f;
    memset(&f, 0, sizeof(f));
    trace_walk_filter(w, &f);
    show_u64(w, "now");
}

static void show_set_key(trace_walk *w)
{
    trace_key key;
    memset(&key, 0, sizeof(key));
    trace_walk_key(w, &key);
    show_u64(w, "now");
}

static void show_set_timeouts(trace_walk *w)
{
    trace_timeouts t;
    memset(&t, 0, sizeof(t));
    trace_walk_timeouts(w, &t);
    show_u64(w, "now");
}

static void show_wish(trace_walk *w)
{
    trace_wish wish;
    memset(&wish, 0, sizeof(wish));
    trace_walk_wish(w, &wish);
    show_u64(w, "now");
}

static void show_name(trace_walk *w)
{
    trace_name n;
    memset(&n, 0, sizeof(n));
    trace_walk_name(w, &n);
}

static void show_call(trace_walk *w, uint8_t type)
{
    switch (type) {
    case TRACE_NEW:
        show_new(w);
        break;
    case TRACE_INPUT:
        show_u64(w, "now");
        show_u8(w, "list given");
        show_list(w, "packet", show_packet);
        break;
    case TRACE_EXPIRE:
        show_u32(w, "budget");
        show_u64(w, "now");
        break;
    case TRACE_SYNC_INPUT:
        show_u64(w, "now");
        show_u8(w, "frame given");
        show_bytes(w, "frame");
        break;
    case TRACE_SET_KEY:
        show_set_key(w);
        break;
    case TRACE_SET_TIMEOUTS:
        show_set_timeouts(w);
        break;
    case TRACE_KILL:
        show_kill(w);
        break;
    case TRACE_SESSION_ADD:
    case TRACE_SESSION_MODIFY:
        show_wish(w);
        break;
    case TRACE_SESSION_REMOVE:
        show_name(w);
        show_u64(w, "now");
        break;
    case TRACE_DEL:
        break;
    default:
        w->broken = true;
        break;
    }
}

static void show_return(trace_walk *w, uint8_t call)
{
    int rc = show_status(w);

    switch (call) {
    case TRACE_NEW:
        show_u32(w, "headroom");
        show_u32(w, "tailroom");
        break;
    case TRACE_INPUT:
        if (rc == MPCONN_OK)
            show_list(w, "packet", show_result);
        break;
    case TRACE_EXPIRE:
        show_u32(w, "done");
        break;
    case TRACE_SYNC_INPUT:
        (void)trace_number(w, "reason", 4, 0, mpconn_sync_reason_name);
        show_u32(w, "changed from");
        show_bytes(w, "changed");
        break;
    case TRACE_KILL:
        show_u64(w, "killed");
        break;
    case TRACE_DEL:
    case TRACE_SET_KEY:
    case TRACE_SET_TIMEOUTS:
    case TRACE_SESSION_ADD:
    case TRACE_SESSION_MODIFY:
    case TRACE_SESSION_REMOVE:
        break;
    default:
        w->broken = true;
        break;
    }
    show_u64(w, "next_expiry");
}

/* Whether what was asked for follows. */
static bool show_out(trace_walk *w)
{
    uint8_t given = show_u8(w, "out given");
    return show_status(w) == MPCONN_OK && given == TRACE_GIVEN;
}

static void show_stats(trace_walk *w)
{
    mpconn_stats s;
    MPCONN_STRUCT_INIT(&s);
    if (show_out(w))
        trace_walk_stats(w, &s);
}

static void show_member(trace_walk *w)
{
    mpconn_member m;
    MPCONN_STRUCT_INIT(&m);
    show_u32(w, "index");
    if (show_out(w))
        trace_walk_member(w, &m);
}

static void show_flow(trace_walk *w)
{
    mpconn_flow f;
    MPCONN_STRUCT_INIT(&f);
    show_u8(w, "cursor given");
    show_u64(w, "cursor");
    if (show_out(w)) {
        show_u64(w, "next cursor");
        trace_walk_flow(w, &f);
    }
}

static void show_session(trace_walk *w)
{
    mpconn_session s;
    memset(&s, 0, sizeof(s));
    if (show_out(w))
        trace_walk_session(w, &s);
}

static void show_next_session(trace_walk *w)
{
    mpconn_session s;
    memset(&s, 0, sizeof(s));
    show_u8(w, "cursor given");
    show_u64(w, "cursor");
    if (show_out(w)) {
        show_u64(w, "next cursor");
        trace_walk_session(w, &s);
    }
}

static void show_query(trace_walk *w, uint8_t type)
{
    switch (type) {
    case TRACE_STATS:
        show_stats(w);
        break;
    case TRACE_COUNT:
    case TRACE_SYNC_COUNT:
        (void)trace_number(w, "reason", 4, 0,
                           type == TRACE_COUNT ? mpconn_reason_name : mpconn_sync_reason_name);
        show_u64(w, "value");
        break;
    case TRACE_MEMBER:
        show_member(w);
        break;
    case TRACE_FLOW_NEXT:
        show_flow(w);
        break;
    case TRACE_SESSION_GET:
        show_name(w);
        show_session(w);
        break;
    case TRACE_SESSION_NEXT:
        show_next_session(w);
        break;
    case TRACE_NEXT_EXPIRY:
    case TRACE_HEADROOM:
    case TRACE_TAILROOM:
        show_u64(w, "value");
        break;
    default:
        w->broken = true;
        break;
    }
}

static void show_event(trace_walk *w)
{
    static const mpconn_leg none;
    static const mpconn_delta no_delta;
    mpconn_event e;
    mpconn_leg legs[2];
    mpconn_delta delta = no_delta;

    legs[0] = legs[1] = none;
    MPCONN_STRUCT_INIT(&e);
    trace_walk_event(w, &e, legs, &delta);
}

static void show_admit(trace_walk *w)
{
    mpconn_admit_request r;
    MPCONN_STRUCT_INIT(&r);
    trace_walk_request(w, &r);
    show_packet(w);
    show_answer(w);
}

static void show_bind(trace_walk *w)
{
    mpconn_tuple client_leg = { .zone = 0 }, server_leg = { .zone = 0 };
    trace_walk_bind(w, &client_leg, &server_leg);
    show_answer(w);
}

static void show_link_header(trace_walk *w)
{
    uint8_t header[MPCONN_ECHO_LINK_HEADER_MAX] = { 0 };
    uint32_t link = 0;
    int answer = 0;
    trace_walk_link_header(w, &link, &answer, header);
}

static void show_return_link(trace_walk *w)
{
    mpconn_return_request r;
    uint32_t link = 0, answer = 0;
    memset(&r, 0, sizeof(r));
    trace_walk_return_link(w, &link, &r, &answer);
}

static void show_session_event(trace_walk *w)
{
    mpconn_session_event e;
    char name[TRACE_NAME];
    memset(&e, 0, sizeof(e));
    trace_walk_session_event(w, &e, name);
}

static void show_cipher(trace_walk *w, void (*walk)(trace_walk *, trace_cipher *, bool, bool))
{
    trace_cipher c;
    memset(&c, 0, sizeof(c));
    walk(w, &c, true, true);
}

static void show_hook(trace_walk *w, uint8_t type)
{
    switch (type) {
    case TRACE_SEND_PACKETS:
        show_list(w, "packet", show_made);
        show_answer(w);
        break;
    case TRACE_RANDOM:
        show_answer(w);
        show_bytes(w, "bytes");
        break;
    case TRACE_ADMIT:
        show_admit(w);
        break;
    case TRACE_RELEASE:
        show_u64(w, "hold");
        (void)trace_number(w, "reason", 4, 0, mpconn_reason_name);
        break;
    case TRACE_EVENT:
        show_event(w);
        break;
    case TRACE_SEND_FRAME:
        show_u32(w, "member");
        show_bytes(w, "frame");
        show_answer(w);
        break;
    case TRACE_SEAL:
        show_cipher(w, trace_walk_seal);
        break;
    case TRACE_OPEN:
        show_cipher(w, trace_walk_open);
        break;
    case TRACE_NO_MEMORY:
        show_u32(w, "allocation");
        break;
    case TRACE_BIND:
        show_bind(w);
        break;
    case TRACE_SESSION_EVENT:
        show_session_event(w);
        break;
    case TRACE_LINK_HEADER:
        show_link_header(w);
        break;
    case TRACE_RETURN_LINK:
        show_return_link(w);
        break;
    default:
        w->broken = true;
        break;
    }
}

bool trace_walk_entry(FILE *text, uint8_t type, const uint8_t *body, size_t len)
{
    trace_walk w = { .at = body, .end = body + len, .text = text };

    if (type >= TRACE_RETURN)
        show_return(&w, (uint8_t)(type - TRACE_RETURN));
    else if (type == TRACE_END)
        show_u64(&w, "calls");
    else if (trace_is_call(type))
        show_call(&w, type);
    else if (trace_is_query(type))
        show_query(&w, type);
    else
        show_hook(&w, type);
    return !w.broken && w.at == w.end;
}
