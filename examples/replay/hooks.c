/* SPDX-License-Identifier: BSD-2-Clause */
/* Hooks that answer what the trace says. What they are asked is compared by
 * whoever records them. */
#include "replay/replay.h"

#include <stdlib.h>
#include <string.h>

/* Whether the trace has such a hook now, after what the host asked of the engine in it. */
static bool is_next(replay *p, uint8_t type)
{
    while (p->status == REPLAY_SAME && p->in.state == READER_ENTRY &&
           (trace_is_call(p->in.type) || trace_is_query(p->in.type))) {
        if (p->in.type == TRACE_NEW)
            replay_refuse(p, "byte %llu: an engine is made inside a hook",
                          (unsigned long long)p->in.at);
        else
            replay_perform(p);
    }
    return p->status == REPLAY_SAME && p->in.state == READER_ENTRY && p->in.type == type;
}

static trace_walk body_of(const replay *p)
{
    return (trace_walk){ .at = p->in.body, .end = p->in.body + p->in.len };
}

static int send_packets(void *user, const mpconn_pkt *const *pkts, size_t n_pkts)
{
    replay *p = user;
    int answer = (int)n_pkts;

    (void)pkts;
    if (is_next(p, TRACE_SEND_PACKETS)) {
        trace_walk w = body_of(p);
        uint32_t n = 0, len = 0;
        const uint8_t *bytes;
        mpconn_pkt made;
        memset(&made, 0, sizeof(made));
        trace_u32(&w, "number", &n);
        for (uint32_t i = 0; i < n; i++)
            trace_walk_made(&w, &made, &bytes, &len);
        trace_answer(&w, &answer);
    }
    return answer;
}

static int fill_random(void *user, uint8_t *dst, size_t len)
{
    replay *p = user;
    int answer = -1;

    memset(dst, 0, len);
    if (is_next(p, TRACE_RANDOM)) {
        trace_walk w = body_of(p);
        const uint8_t *bytes;
        uint32_t n = 0;
        trace_answer(&w, &answer);
        trace_bytes(&w, "bytes", &bytes, &n);
        if (n == len)
            memcpy(dst, bytes, len);
    }
    return answer;
}

static int admit(void *user, const mpconn_admit_request *request)
{
    replay *p = user;
    int answer = MPCONN_ADMIT_DEFAULT;

    (void)request;
    if (is_next(p, TRACE_ADMIT)) {
        trace_walk w = body_of(p);
        mpconn_admit_request asked;
        trace_packet pkt;
        memset(&asked, 0, sizeof(asked));
        memset(&pkt, 0, sizeof(pkt));
        trace_walk_request(&w, &asked);
        trace_walk_packet(&w, &pkt);
        trace_answer(&w, &answer);
    }
    return answer;
}

static int bind_leg(void *user, const mpconn_tuple *client_leg, mpconn_tuple *server_leg)
{
    replay *p = user;
    int answer = -1;

    (void)client_leg;
    if (is_next(p, TRACE_BIND)) {
        trace_walk w = body_of(p);
        mpconn_tuple asked = { .zone = 0 };
        trace_walk_bind(&w, &asked, server_leg);
        trace_answer(&w, &answer);
    }
    return answer;
}

static void note_release(void *user, uint64_t hold, unsigned reason)
{
    (void)hold;
    (void)reason;
    (void)is_next(user, TRACE_RELEASE);
}

static void note_event(void *user, const mpconn_event *event)
{
    (void)event;
    (void)is_next(user, TRACE_EVENT);
}

static void note_session_event(void *user, const mpconn_session_event *event)
{
    (void)event;
    (void)is_next(user, TRACE_SESSION_EVENT);
}

static int tell_header(void *user, const mpconn_pkt *pkt, uint8_t *header)
{
    replay *p = user;
    int answer = 0;

    (void)pkt;
    if (is_next(p, TRACE_LINK_HEADER)) {
        trace_walk w = body_of(p);
        uint32_t link = 0;
        trace_walk_link_header(&w, &link, &answer, header);
    }
    return answer;
}

static uint32_t choose_link(void *user, const mpconn_return_request *request)
{
    replay *p = user;
    uint32_t answer = MPCONN_LINK_NONE;

    (void)request;
    if (is_next(p, TRACE_RETURN_LINK)) {
        trace_walk w = body_of(p);
        mpconn_return_request asked;
        uint32_t link = 0;
        memset(&asked, 0, sizeof(asked));
        trace_walk_return_link(&w, &link, &asked, &answer);
    }
    return answer;
}

static int send_frame(void *user, uint32_t member, const uint8_t *frame, size_t len)
{
    replay *p = user;
    int answer = 0;

    (void)frame;
    (void)len;
    if (is_next(p, TRACE_SEND_FRAME)) {
        trace_walk w = body_of(p);
        const uint8_t *bytes;
        uint32_t n = 0;
        trace_u32(&w, "member", &member);
        trace_bytes(&w, "frame", &bytes, &n);
        trace_answer(&w, &answer);
    }
    return answer;
}

/* What the cipher made of the records; false when it had others before it. */
static bool take_records(uint8_t *records, size_t len, const trace_cipher *c)
{
    if (c->after_len != len)
        return false;
    if (len > 0)
        memcpy(records, c->after, len);
    return true;
}

static int seal(void *user, const uint8_t *header, size_t header_len, uint8_t *records, size_t len,
                uint8_t *tag)
{
    replay *p = user;
    trace_cipher c = { .answer = UINT32_MAX };

    (void)header;
    (void)header_len;
    if (is_next(p, TRACE_SEAL)) {
        trace_walk w = body_of(p);
        trace_walk_seal(&w, &c, true, true);
        if (!take_records(records, len, &c))
            c.answer = UINT32_MAX;
    }
    memcpy(tag, c.tag, sizeof(c.tag));
    return (int)c.answer;
}

static int open_frame(void *user, const uint8_t *header, size_t header_len, uint8_t *records,
                      size_t len, const uint8_t *tag)
{
    replay *p = user;
    trace_cipher c = { .answer = UINT32_MAX };

    (void)header;
    (void)header_len;
    (void)tag;
    if (is_next(p, TRACE_OPEN)) {
        trace_walk w = body_of(p);
        trace_walk_open(&w, &c, true, true);
        if (!take_records(records, len, &c))
            c.answer = UINT32_MAX;
    }
    return (int)c.answer;
}

const mpconn_callbacks replay_hooks = {
    .struct_size = sizeof(mpconn_callbacks),
    .send_packets = send_packets,
    .random = fill_random,
    .admit = admit,
    .release = note_release,
    .event = note_event,
    .send_frame = send_frame,
    .seal = seal,
    .open = open_frame,
    .bind = bind_leg,
    .session_event = note_session_event,
    .link_header = tell_header,
    .return_link = choose_link,
};

void *replay_alloc(void *user, size_t size)
{
    replay *p = user;

    p->allocations++;
    if (p->in.state == READER_ENTRY && p->in.type == TRACE_NO_MEMORY) {
        trace_walk w = body_of(p);
        uint32_t refused = 0;
        trace_u32(&w, "allocation", &refused);
        if (refused == p->allocations)
            return NULL;
    }
    if (size > p->memory) {
        replay_refuse(p, "its engine wants more memory than --memory allows");
        return NULL;
    }
    p->memory -= size;
    return malloc(size);
}

void replay_release(void *user, void *ptr)
{
    (void)user;
    free(ptr);
}
