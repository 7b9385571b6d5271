/* SPDX-License-Identifier: BSD-2-Clause */
/* From records to frames. */
#include "sync/hello.h"
#include "sync/sync.h"

/* Somebody who is not heard gets the same answer no more often than this, whatever he sends. */
#define GREET_PAUSE_NS (100 * MPCONN_MILLISECOND)

static mpci_writer begin_frame(const mpci_sync *s)
{
    return mpci_writer_of(s->frame + MPCI_FRAME_HEADER,
                          s->frame_room - MPCI_FRAME_HEADER - MPCI_FRAME_TAG);
}

/* Of the frame that is sent next. */
static unsigned next_mark(const mpci_sync *s)
{
    return mpci_hello_mark(&s->members.told, s->members.boot, s->sequence + 1);
}

/* The host's cipher, or our tag. */
static int finish(mpci_sync *s, size_t len)
{
    const mpconn_callbacks *cb = &s->core->callbacks;

    if (cb->seal != NULL)
        return cb->seal(s->core->user, s->frame, MPCI_FRAME_HEADER, s->frame + MPCI_FRAME_HEADER,
                        len - MPCI_FRAME_HEADER, s->frame + len);
    mpci_frame_tag(&s->key, s->frame, len, s->frame + len);
    return 0;
}

static void send_frame(mpci_sync *s, uint32_t to, const mpci_writer *w)
{
    const mpconn_callbacks *cb = &s->core->callbacks;
    size_t len = (size_t)(w->at - s->frame);
    mpci_frame f = {0};

    f.flags = cb->seal != NULL ? MPCI_FRAME_SEALED : 0;
    f.sender = s->members.self;
    f.destination = (uint16_t)to;
    f.cluster = s->key.cluster;
    f.epoch = (uint32_t)s->epochs.number;
    f.boot = s->members.boot;
    f.sequence = ++s->sequence;
    mpci_frame_write(&f, s->frame);
    if (finish(s, len) < 0 ||
        cb->send_frame(s->core->user, to, s->frame, len + MPCI_FRAME_TAG) < 0) {
        mpci_sync_count(s, MPCONN_SYNC_SEND_FAILED);
        return;
    }
    s->frames_out++;
    s->bytes_out += len + MPCI_FRAME_TAG;
}

void mpci_sync_put(mpci_sync *s, uint32_t to, const mpci_record *r)
{
    if (!mpci_sync_has_members(s) || to == s->members.self)
        return;
    if (s->n_pending == MPCI_PENDING)
        mpci_sync_flush(s);
    s->pending[s->n_pending].to = (uint16_t)to;
    s->pending[s->n_pending].record = *r;
    s->n_pending++;
}

/* Everything that waits for one destination goes into as few frames as hold it. */
static void flush_to(mpci_sync *s, uint32_t to, uint32_t from)
{
    mpci_record_context c = {0};
    mpci_writer w = begin_frame(s);

    for (uint32_t i = from; i < s->n_pending; i++) {
        mpci_pending *p = &s->pending[i];

        if (p->to != to || p->record.type == MPCI_RECORD_NONE)
            continue;
        if (!mpci_record_encode(&w, &c, &p->record)) {
            send_frame(s, to, &w);
            w = begin_frame(s);
            memset(&c, 0, sizeof c);
            (void)mpci_record_encode(&w, &c, &p->record); /* an empty frame holds any record */
        }
        s->records_out[p->record.type]++;
        p->record.type = MPCI_RECORD_NONE;
    }
    send_frame(s, to, &w);
}

void mpci_sync_flush(mpci_sync *s)
{
    for (uint32_t i = 0; i < s->n_pending; i++)
        if (s->pending[i].record.type != MPCI_RECORD_NONE)
            flush_to(s, s->pending[i].to, i);
    s->n_pending = 0;
}

void mpci_sync_greet(mpci_sync *s, mpci_member *p, uint64_t answer)
{
    mpci_writer w = begin_frame(s);
    mpci_member entry = {.id = p->id, .changes = p->changes, .heard_challenge = answer};
    mpconn_time *greeted = &p->greeted[mpci_member_greeted(&s->members, answer, s->core->now)];

    if (*greeted != 0 && s->core->now - *greeted < GREET_PAUSE_NS)
        return;
    *greeted = s->core->now;
    (void)mpci_hello_encode(&w, &s->members, next_mark(s), &entry, 1);
    s->records_out[MPCI_RECORD_HELLO]++;
    send_frame(s, p->id, &w);
}

/* Entries of a HELLO that still go into a frame. */
static uint32_t entries_for(const mpci_writer *w)
{
    size_t left = mpci_writer_left(w);
    size_t n = left > MPCI_HELLO_HEAD ? (left - MPCI_HELLO_HEAD) / MPCI_HELLO_ENTRY : 0;

    return n < MPCI_HELLO_ENTRIES ? (uint32_t)n : MPCI_HELLO_ENTRIES;
}

void mpci_sync_greet_all(mpci_sync *s)
{
    mpci_writer w = begin_frame(s);

    for (uint32_t i = 0; i < s->members.n;) {
        uint32_t n = entries_for(&w);

        if (n == 0) {
            send_frame(s, MPCONN_MEMBER_ALL, &w);
            w = begin_frame(s);
            continue;
        }
        if (n > s->members.n - i)
            n = s->members.n - i;
        (void)mpci_hello_encode(&w, &s->members, next_mark(s), &s->members.list[i], n);
        s->records_out[MPCI_RECORD_HELLO]++;
        i += n;
    }
    send_frame(s, MPCONN_MEMBER_ALL, &w);
}
