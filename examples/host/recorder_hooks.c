/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hooks of an engine that is recorded: each asks the host's and notes question and answer. What
 * the hook asks of the engine meanwhile stands before it in the trace.
 */
#include "host/recorder_entry.h"

#include <stdlib.h>
#include <string.h>

static void put_made(recorder_entry *e, const mpconn_pkt *pkt)
{
    mpconn_pkt copy = *pkt;
    const uint8_t *bytes = pkt->data;
    trace_walk_made(&e->walk, &copy, &bytes, &copy.len);
}

static int send_packets(void *user, const mpconn_pkt *const *pkts, size_t n_pkts)
{
    recorder *r = user;
    recorder_entry e;

    if (!recorder_begin(r, &e, TRACE_SEND_PACKETS))
        return r->host.send_packets(r->user, pkts, n_pkts);
    put_u32(&e, "number", (uint32_t)n_pkts);
    for (size_t i = 0; i < n_pkts; i++)
        put_made(&e, pkts[i]);
    int answer = r->host.send_packets(r->user, pkts, n_pkts);
    trace_answer(&e.walk, &answer);
    recorder_done(r, &e);
    return answer;
}

static int fill_random(void *user, uint8_t *dst, size_t len)
{
    recorder *r = user;
    recorder_entry e;
    const uint8_t *bytes = dst;
    uint32_t n = (uint32_t)len;

    int answer = r->host.random(r->user, dst, len);
    if (recorder_begin(r, &e, TRACE_RANDOM)) {
        if (answer != 0)
            /* the engine does not look; the trace must not tell what was there */
            memset(dst, 0, len);
        trace_answer(&e.walk, &answer);
        trace_bytes(&e.walk, "bytes", &bytes, &n);
        recorder_done(r, &e);
    }
    return answer;
}

static int admit(void *user, const mpconn_admit_request *request)
{
    recorder *r = user;
    recorder_entry e;

    if (!recorder_begin(r, &e, TRACE_ADMIT))
        return r->host.admit(r->user, request);
    mpconn_admit_request copy = *request;
    trace_walk_request(&e.walk, &copy);
    recorder_put_packet(r, &e, request->pkt);
    int answer = r->host.admit(r->user, request);
    trace_answer(&e.walk, &answer);
    recorder_done(r, &e);
    return answer;
}

static int bind_leg(void *user, const mpconn_tuple *client_leg, mpconn_tuple *server_leg)
{
    recorder *r = user;
    recorder_entry e;

    int answer = r->host.bind(r->user, client_leg, server_leg);
    if (recorder_begin(r, &e, TRACE_BIND)) {
        mpconn_tuple asked = *client_leg;
        trace_walk_bind(&e.walk, &asked, server_leg);
        trace_answer(&e.walk, &answer);
        recorder_done(r, &e);
    }
    return answer;
}

/* Of the 32 bytes those are recorded that count; what else is there the trace must not tell. */
static int tell_header(void *user, const mpconn_pkt *pkt, uint8_t *header)
{
    recorder *r = user;
    recorder_entry e;
    uint32_t link = pkt->link;
    uint8_t copy[MPCONN_ECHO_LINK_HEADER_MAX] = { 0 };

    int answer = r->host.link_header(r->user, pkt, header);
    if (recorder_begin(r, &e, TRACE_LINK_HEADER)) {
        if (answer > 0 && answer <= MPCONN_ECHO_LINK_HEADER_MAX)
            memcpy(copy, header, (size_t)answer);
        trace_walk_link_header(&e.walk, &link, &answer, copy);
        recorder_done(r, &e);
    }
    return answer;
}

static uint32_t choose_link(void *user, const mpconn_return_request *request)
{
    recorder *r = user;
    recorder_entry e;
    uint32_t link = request->pkt->link;

    uint32_t answer = r->host.return_link(r->user, request);
    if (recorder_begin(r, &e, TRACE_RETURN_LINK)) {
        mpconn_return_request copy = *request;
        trace_walk_return_link(&e.walk, &link, &copy, &answer);
        recorder_done(r, &e);
    }
    return answer;
}

static void note_release(void *user, uint64_t hold, unsigned reason)
{
    recorder *r = user;
    recorder_entry e;

    r->host.release(r->user, hold, reason);
    if (recorder_begin(r, &e, TRACE_RELEASE)) {
        trace_u64(&e.walk, "hold", &hold);
        put_u32(&e, "reason", reason);
        recorder_done(r, &e);
    }
}

static void note_event(void *user, const mpconn_event *event)
{
    recorder *r = user;
    recorder_entry e;

    r->host.event(r->user, event);
    if (recorder_begin(r, &e, TRACE_EVENT)) {
        mpconn_event copy = *event;
        mpconn_leg legs[2];
        mpconn_delta delta;
        if (event->client)
            legs[0] = *event->client;
        if (event->server)
            legs[1] = *event->server;
        if (event->delta)
            delta = *event->delta;
        trace_walk_event(&e.walk, &copy, legs, &delta);
        recorder_done(r, &e);
    }
}

static void note_session_event(void *user, const mpconn_session_event *event)
{
    recorder *r = user;
    recorder_entry e;

    r->host.session_event(r->user, event);
    if (recorder_begin(r, &e, TRACE_SESSION_EVENT)) {
        mpconn_session_event copy = *event;
        char name[TRACE_NAME] = "";
        memcpy(name, event->name, strlen(event->name));
        trace_walk_session_event(&e.walk, &copy, name);
        recorder_done(r, &e);
    }
}

static int send_frame(void *user, uint32_t member, const uint8_t *frame, size_t len)
{
    recorder *r = user;
    recorder_entry e;
    uint32_t n = (uint32_t)len;

    int answer = r->host.send_frame(r->user, member, frame, len);
    if (recorder_begin(r, &e, TRACE_SEND_FRAME)) {
        put_u32(&e, "member", member);
        trace_bytes(&e.walk, "frame", &frame, &n);
        trace_answer(&e.walk, &answer);
        recorder_done(r, &e);
    }
    return answer;
}

static int seal(void *user, const uint8_t *header, size_t header_len, uint8_t *records, size_t len,
                uint8_t *tag)
{
    recorder *r = user;
    recorder_entry e;
    trace_cipher c = { .header = header, .header_len = (uint32_t)header_len, .before = records,
                       .after = records, .len = (uint32_t)len, .after_len = (uint32_t)len };

    if (!recorder_begin(r, &e, TRACE_SEAL))
        return r->host.seal(r->user, header, header_len, records, len, tag);
    trace_walk_seal(&e.walk, &c, true, false);
    memset(tag, 0, TRACE_TAG);
    int answer = r->host.seal(r->user, header, header_len, records, len, tag);
    c.answer = (uint32_t)answer;
    memcpy(c.tag, tag, TRACE_TAG);
    trace_walk_seal(&e.walk, &c, false, true);
    recorder_done(r, &e);
    return answer;
}

static int open_frame(void *user, const uint8_t *header, size_t header_len, uint8_t *records,
                      size_t len, const uint8_t *tag)
{
    recorder *r = user;
    recorder_entry e;
    trace_cipher c = { .header = header, .header_len = (uint32_t)header_len, .before = records,
                       .after = records, .len = (uint32_t)len, .after_len = (uint32_t)len };

    if (!recorder_begin(r, &e, TRACE_OPEN))
        return r->host.open(r->user, header, header_len, records, len, tag);
    memcpy(c.tag, tag, TRACE_TAG);
    trace_walk_open(&e.walk, &c, true, false);
    int answer = r->host.open(r->user, header, header_len, records, len, tag);
    c.answer = (uint32_t)answer;
    trace_walk_open(&e.walk, &c, false, true);
    recorder_done(r, &e);
    return answer;
}

void *recorder_alloc(void *user, size_t size)
{
    recorder *r = user;
    recorder_entry e;
    const mpconn_allocator *a = &r->allocator;
    void *ptr = a->alloc ? a->alloc(a->user, size) : malloc(size);

    r->allocations++;
    if (!ptr && recorder_begin(r, &e, TRACE_NO_MEMORY)) {
        put_u32(&e, "allocation", r->allocations);
        recorder_done(r, &e);
    }
    return ptr;
}

void recorder_release(void *user, void *ptr)
{
    recorder *r = user;
    if (r->allocator.release)
        r->allocator.release(r->allocator.user, ptr);
    else
        free(ptr);
}

uint16_t recorder_hooks_of(const mpconn_callbacks *h)
{
    return (uint16_t)((h->send_packets ? TRACE_HAS_SEND_PACKETS : 0) |
                      (h->random ? TRACE_HAS_RANDOM : 0) | (h->admit ? TRACE_HAS_ADMIT : 0) |
                      (h->release ? TRACE_HAS_RELEASE : 0) | (h->event ? TRACE_HAS_EVENT : 0) |
                      (h->send_frame ? TRACE_HAS_SEND_FRAME : 0) | (h->seal ? TRACE_HAS_SEAL : 0) |
                      (h->open ? TRACE_HAS_OPEN : 0) | (h->bind ? TRACE_HAS_BIND : 0) |
                      (h->session_event ? TRACE_HAS_SESSION_EVENT : 0) |
                      (h->link_header ? TRACE_HAS_LINK_HEADER : 0) |
                      (h->return_link ? TRACE_HAS_RETURN_LINK : 0));
}

void recorder_wrap(recorder *r, mpconn_callbacks *wrapped, const mpconn_callbacks *host)
{
    r->host = *host;
    MPCONN_STRUCT_INIT(wrapped);
    wrapped->send_packets = host->send_packets ? send_packets : NULL;
    wrapped->random = host->random ? fill_random : NULL;
    wrapped->admit = host->admit ? admit : NULL;
    wrapped->release = host->release ? note_release : NULL;
    wrapped->event = host->event ? note_event : NULL;
    wrapped->send_frame = host->send_frame ? send_frame : NULL;
    wrapped->seal = host->seal ? seal : NULL;
    wrapped->open = host->open ? open_frame : NULL;
    wrapped->bind = host->bind ? bind_leg : NULL;
    wrapped->session_event = host->session_event ? note_session_event : NULL;
    wrapped->link_header = host->link_header ? tell_header : NULL;
    wrapped->return_link = host->return_link ? choose_link : NULL;
}
