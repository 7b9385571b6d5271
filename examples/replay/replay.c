/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/replay.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* What is in the present entry; copied before the call is made, which moves on to the next one. */
static trace_walk body_of(const replay *p)
{
    return (trace_walk){ .at = p->in.body, .end = p->in.body + p->in.len };
}

static uint8_t get_u8(trace_walk *w)
{
    return (uint8_t)trace_number(w, "", 1, 0, NULL);
}

static uint32_t get_u32(trace_walk *w)
{
    return (uint32_t)trace_number(w, "", 4, 0, NULL);
}

static uint64_t get_u64(trace_walk *w)
{
    return trace_number(w, "", 8, 0, NULL);
}

/* A struct that the host gave with another size: of none there is. */
#define AS_GIVEN(given, ptr) \
    ((ptr)->struct_size = (given) == TRACE_GIVEN ? sizeof(*(ptr)) : 1, \
     (given) == TRACE_NULL ? NULL : (ptr))

/* Birth and death */

static void choose_hooks(mpconn_callbacks *c, uint16_t hooks)
{
    *c = replay_hooks;
    if (!(hooks & TRACE_HAS_SEND_PACKETS))
        c->send_packets = NULL;
    if (!(hooks & TRACE_HAS_RANDOM))
        c->random = NULL;
    if (!(hooks & TRACE_HAS_ADMIT))
        c->admit = NULL;
    if (!(hooks & TRACE_HAS_RELEASE))
        c->release = NULL;
    if (!(hooks & TRACE_HAS_EVENT))
        c->event = NULL;
    if (!(hooks & TRACE_HAS_SEND_FRAME))
        c->send_frame = NULL;
    if (!(hooks & TRACE_HAS_SEAL))
        c->seal = NULL;
    if (!(hooks & TRACE_HAS_OPEN))
        c->open = NULL;
    if (!(hooks & TRACE_HAS_BIND))
        c->bind = NULL;
    if (!(hooks & TRACE_HAS_SESSION_EVENT))
        c->session_event = NULL;
    if (!(hooks & TRACE_HAS_LINK_HEADER))
        c->link_header = NULL;
    if (!(hooks & TRACE_HAS_RETURN_LINK))
        c->return_link = NULL;
}

static void perform_new(replay *p)
{
    trace_walk w = body_of(p);
    trace_new t;
    mpconn_callbacks hooks;

    memset(&t, 0, sizeof(t));
    trace_walk_new(&w, &t);
    choose_hooks(&hooks, t.hooks);
    t.value.key = t.key.given ? t.key.bytes : NULL;
    t.value.key_len = t.key.len;
    t.value.members = t.members_given ? t.members : NULL;
    t.value.timeouts = AS_GIVEN(t.timeouts.given, &t.timeouts.value);
    /* one half of a pair is refused, as it was */
    t.value.allocator.alloc = t.half_allocator == TRACE_HALF_RELEASE ? NULL : replay_alloc;
    t.value.allocator.release = t.half_allocator == TRACE_HALF_ALLOC ? NULL : replay_release;
    t.value.allocator.user = p;
    p->memory = p->memory_limit;
    p->allocations = 0;
    if (p->rec.engine)
        replay_refuse(p, "byte %" PRIu64 ": an engine is made while there is one", p->in.at);
    else
        (void)recorder_new(&p->rec, AS_GIVEN(t.config, &t.value), AS_GIVEN(t.callbacks, &hooks), p,
                           t.now);
}

/* Packets */

typedef struct slot {
    mpconn_pkt pkt;
    mpconn_pkt_ext ext;
    uint8_t *room;
} slot;

/* Nothing a recorder writes; what it writes can be put into memory of that size. */
static bool is_possible(const trace_packet *t)
{
    bool can_be_read = t->data_given && t->pkt.len <= t->pkt.cap;

    return t->n_bytes == (can_be_read ? t->pkt.len : 0) && t->n_bytes <= TRACE_PACKET_MAX &&
           t->pkt.headroom <= TRACE_ROOM_MAX &&
           (t->pkt.len > t->pkt.cap || t->pkt.cap - t->pkt.len <= TRACE_ROOM_MAX);
}

/* `left` is what the packets of the call may still take: a few bytes can ask for much room. */
static bool fill_slot(replay *p, slot *s, const trace_packet *t, uint64_t *left)
{
    size_t room = t->pkt.headroom + (t->pkt.len <= t->pkt.cap ? (size_t)t->pkt.cap : 0);

    if (!is_possible(t)) {
        replay_refuse(p, "byte %" PRIu64 ": a packet of impossible lengths", p->in.at);
        return false;
    }
    if (room > *left) {
        replay_refuse(p, "byte %" PRIu64 ": packets that want more memory than --memory allows",
                      p->in.at);
        return false;
    }
    *left -= room;
    s->room = malloc(room + 1);
    if (!s->room) {
        replay_refuse(p, "out of memory");
        return false;
    }
    s->pkt = t->pkt;
    if (t->n_bytes > 0)
        memcpy(s->room + t->pkt.headroom, t->bytes, t->n_bytes);
    s->pkt.data = t->data_given ? s->room + t->pkt.headroom : NULL;
    s->ext = t->ext;
    s->pkt.ext = AS_GIVEN(t->ext_given, &s->ext);
    return true;
}

static void input_slots(replay *p, trace_walk *w, slot *slots, mpconn_pkt **list, uint32_t n,
                        uint8_t given, mpconn_time now)
{
    uint64_t left = p->memory_limit;

    for (uint32_t i = 0; i < n; i++) {
        trace_packet t;
        memset(&t, 0, sizeof(t));
        trace_walk_packet(w, &t);
        if (t.given && !fill_slot(p, &slots[i], &t, &left))
            return;
        list[i] = t.given ? &slots[i].pkt : NULL;
    }
    (void)recorder_input(&p->rec, given == TRACE_GIVEN ? list : NULL,
                         given == TRACE_OTHER_SIZE ? 1 : n, now);
}

static void perform_input(replay *p)
{
    trace_walk w = body_of(p);
    mpconn_time now = get_u64(&w);
    uint8_t given = get_u8(&w);
    uint32_t n = get_u32(&w);
    /* each has at least a byte in the entry */
    slot *slots = calloc((size_t)n + 1, sizeof(*slots));
    mpconn_pkt **list = calloc((size_t)n + 1, sizeof(*list));

    if (slots && list)
        input_slots(p, &w, slots, list, n, given, now);
    else
        replay_refuse(p, "out of memory");
    for (uint32_t i = 0; slots && i < n; i++)
        free(slots[i].room);
    free(slots);
    free(list);
}

/* Other calls */

static void perform_expire(replay *p)
{
    trace_walk w = body_of(p);
    uint32_t budget = get_u32(&w), done;

    (void)recorder_expire(&p->rec, budget, &done, get_u64(&w));
}

static void perform_sync_input(replay *p)
{
    trace_walk w = body_of(p);
    mpconn_time now = get_u64(&w);
    uint8_t given = get_u8(&w);
    const uint8_t *bytes;
    uint32_t len = 0, reason;

    trace_bytes(&w, "frame", &bytes, &len);
    uint8_t *frame = len <= TRACE_PACKET_MAX ? malloc((size_t)len + 1) : NULL;
    if (len > TRACE_PACKET_MAX) {
        replay_refuse(p, "byte %" PRIu64 ": a frame of impossible length", p->in.at);
    } else if (!frame) {
        replay_refuse(p, "out of memory");
    } else {
        memcpy(frame, bytes, len);
        (void)recorder_sync_input(&p->rec, given == TRACE_GIVEN ? frame : NULL,
                                  given == TRACE_OTHER_SIZE ? 1 : len, &reason, now);
    }
    free(frame);
}

static void perform_set_key(replay *p)
{
    trace_walk w = body_of(p);
    trace_key key;

    memset(&key, 0, sizeof(key));
    trace_walk_key(&w, &key);
    (void)recorder_set_key(&p->rec, key.given ? key.bytes : NULL, key.len, get_u64(&w));
}

static void perform_set_timeouts(replay *p)
{
    trace_walk w = body_of(p);
    trace_timeouts t;

    memset(&t, 0, sizeof(t));
    trace_walk_timeouts(&w, &t);
    (void)recorder_set_timeouts(&p->rec, AS_GIVEN(t.given, &t.value), get_u64(&w));
}

static void perform_kill(replay *p)
{
    trace_walk w = body_of(p);
    trace_filter f;
    size_t killed;

    memset(&f, 0, sizeof(f));
    trace_walk_filter(&w, &f);
    (void)recorder_kill(&p->rec, AS_GIVEN(f.given, &f.value), &killed, get_u64(&w));
}

/* Sessions */

static void perform_wish(replay *p)
{
    trace_walk w = body_of(p);
    bool adds = p->in.type == TRACE_SESSION_ADD;
    trace_wish wish;

    memset(&wish, 0, sizeof(wish));
    trace_walk_wish(&w, &wish);
    (void)(adds ? recorder_session_add : recorder_session_modify)(
        &p->rec, AS_GIVEN(wish.given, &wish.value), get_u64(&w));
}

/* The recorder wrote at most so much of a name that was too long. */
static const char *name_of(trace_walk *w, char text[TRACE_NAME + 1])
{
    trace_name n;

    memset(&n, 0, sizeof(n));
    trace_walk_name(w, &n);
    memcpy(text, n.text, TRACE_NAME);
    text[TRACE_NAME] = '\0';
    return n.given ? text : NULL;
}

static void perform_session_remove(replay *p)
{
    trace_walk w = body_of(p);
    char text[TRACE_NAME + 1];
    const char *name = name_of(&w, text);

    (void)recorder_session_remove(&p->rec, name, get_u64(&w));
}

static void perform_session_get(replay *p)
{
    trace_walk w = body_of(p);
    char text[TRACE_NAME + 1];
    const char *name = name_of(&w, text);
    uint8_t given = get_u8(&w);
    mpconn_session s;

    memset(&s, 0, sizeof(s));
    (void)recorder_session_get(&p->rec, name, AS_GIVEN(given, &s));
}

static void perform_session_next(replay *p)
{
    trace_walk w = body_of(p);
    uint8_t cursor_given = get_u8(&w);
    mpconn_session_cursor cursor = { .position = get_u64(&w) };
    uint8_t given = get_u8(&w);
    mpconn_session s;

    memset(&s, 0, sizeof(s));
    (void)recorder_session_next(&p->rec, cursor_given ? &cursor : NULL, AS_GIVEN(given, &s));
}

/* Queries */

static void perform_stats(replay *p)
{
    trace_walk w = body_of(p);
    uint8_t given = get_u8(&w);
    mpconn_stats s;

    memset(&s, 0, sizeof(s));
    (void)recorder_stats(&p->rec, AS_GIVEN(given, &s));
}

static void perform_member(replay *p)
{
    trace_walk w = body_of(p);
    uint32_t index = get_u32(&w);
    uint8_t given = get_u8(&w);
    mpconn_member m;

    memset(&m, 0, sizeof(m));
    (void)recorder_member(&p->rec, index, AS_GIVEN(given, &m));
}

static void perform_flow_next(replay *p)
{
    trace_walk w = body_of(p);
    uint8_t cursor_given = get_u8(&w);
    mpconn_flow_cursor cursor = { .position = get_u64(&w) };
    uint8_t given = get_u8(&w);
    mpconn_flow f;

    memset(&f, 0, sizeof(f));
    (void)recorder_flow_next(&p->rec, cursor_given ? &cursor : NULL, AS_GIVEN(given, &f));
}

static void perform_value(replay *p)
{
    trace_walk w = body_of(p);

    switch (p->in.type) {
    case TRACE_COUNT:
        (void)recorder_count(&p->rec, get_u32(&w));
        break;
    case TRACE_SYNC_COUNT:
        (void)recorder_sync_count(&p->rec, get_u32(&w));
        break;
    case TRACE_NEXT_EXPIRY:
        (void)recorder_next_expiry(&p->rec);
        break;
    case TRACE_HEADROOM:
        (void)recorder_headroom(&p->rec);
        break;
    default: /* TRACE_TAILROOM */
        (void)recorder_tailroom(&p->rec);
        break;
    }
}

static void perform_del(replay *p)
{
    (void)recorder_del(&p->rec);
}

void replay_perform(replay *p)
{
    static void (*const performs[TRACE_SEND_PACKETS])(replay *p) = {
        [TRACE_NEW] = perform_new,
        [TRACE_DEL] = perform_del,
        [TRACE_INPUT] = perform_input,
        [TRACE_EXPIRE] = perform_expire,
        [TRACE_SYNC_INPUT] = perform_sync_input,
        [TRACE_SET_KEY] = perform_set_key,
        [TRACE_SET_TIMEOUTS] = perform_set_timeouts,
        [TRACE_KILL] = perform_kill,
        [TRACE_SESSION_ADD] = perform_wish,
        [TRACE_SESSION_MODIFY] = perform_wish,
        [TRACE_SESSION_REMOVE] = perform_session_remove,
        [TRACE_STATS] = perform_stats,
        [TRACE_COUNT] = perform_value,
        [TRACE_SYNC_COUNT] = perform_value,
        [TRACE_MEMBER] = perform_member,
        [TRACE_FLOW_NEXT] = perform_flow_next,
        [TRACE_SESSION_GET] = perform_session_get,
        [TRACE_SESSION_NEXT] = perform_session_next,
        [TRACE_NEXT_EXPIRY] = perform_value,
        [TRACE_HEADROOM] = perform_value,
        [TRACE_TAILROOM] = perform_value,
    };
    uint8_t type = p->in.type;

    if (type >= TRACE_SEND_PACKETS || !performs[type]) {
        replay_refuse(p, "byte %" PRIu64 ": %s, where a call must be", p->in.at,
                      trace_type_name(type));
        return;
    }
    p->call_at = p->in.at;
    p->call_type = type;
    if (trace_is_call(type))
        p->calls++;
    performs[type](p);
    /* a recorder that gives up writes nothing more, and so would never come to the next entry */
    if (p->rec.failed)
        replay_refuse(p, "out of memory");
}

/* What the recorder of the fresh engine writes */
static void compare(void *user, const uint8_t *entry, size_t len)
{
    replay *p = user;

    if (p->status != REPLAY_SAME)
        return;
    if (p->in.state == READER_CUT || p->in.state == READER_BAD)
        replay_refuse(p, "%s, in call %" PRIu64 "; so far the same", p->in.problem, p->calls);
    else if (p->in.state == READER_END)
        replay_refuse(p, "ends inside call %" PRIu64, p->calls);
    else if (len != p->in.bytes.len || memcmp(entry, p->in.bytes.bytes, len) != 0)
        replay_differs(p, entry, len);
    else
        reader_next(&p->in);
}

static void judge_end(replay *p)
{
    if (p->in.state != READER_END && p->calls == 0)
        replay_refuse(p, "%s", p->in.problem);
    else if (p->in.state != READER_END)
        replay_refuse(p, "%s, after call %" PRIu64 "; so far the same", p->in.problem, p->calls);
    else if (p->in.calls != p->calls)
        replay_refuse(p, "should have %" PRIu64 " calls, but has %" PRIu64, p->in.calls, p->calls);
    else
        fprintf(p->report, "%" PRIu64 " calls, %" PRIu64 " bytes: same\n", p->calls, p->in.next);
}

replay_status replay_run(FILE *file, uint64_t memory, FILE *report)
{
    replay p;

    memset(&p, 0, sizeof(p));
    p.report = report;
    p.memory_limit = memory;
    p.rec.put = compare;
    p.rec.put_user = &p;
    reader_start(&p.in, file);
    if (p.in.version[0] && strcmp(p.in.version, mpconn_version()) != 0)
        fprintf(report, "recorded with libmpconn %s, replayed with %s\n", p.in.version,
                mpconn_version());
    while (p.status == REPLAY_SAME && p.in.state == READER_ENTRY)
        replay_perform(&p);
    if (p.status == REPLAY_SAME)
        judge_end(&p);
    (void)mpconn_engine_del(p.rec.engine);
    trace_buffer_free(&p.rec.buffer);
    reader_stop(&p.in);
    return p.status;
}
