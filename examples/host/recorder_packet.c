/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets as they go in and as they come back. */
#include "host/recorder_entry.h"

#include <string.h>

/* So many bytes are compared at once. */
#define STRIDE 256

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint8_t given_ext(const mpconn_pkt *pkt)
{
    if (!pkt->ext)
        return TRACE_NULL;
    return pkt->ext->struct_size == sizeof(*pkt->ext) ? TRACE_GIVEN : TRACE_OTHER_SIZE;
}

/* Bytes of a packet that may be read. */
static uint32_t readable(const mpconn_pkt *pkt)
{
    return pkt->data && pkt->len <= pkt->cap ? pkt->len : 0;
}

void recorder_put_packet(recorder *r, recorder_entry *e, const mpconn_pkt *pkt)
{
    trace_packet p;

    memset(&p, 0, sizeof(p));
    if (pkt) {
        p.given = TRACE_GIVEN;
        p.pkt = *pkt;
        p.data_given = pkt->data ? TRACE_GIVEN : TRACE_NULL;
        p.bytes = pkt->data;
        p.n_bytes = readable(pkt);
        if (pkt->len <= pkt->cap)
            p.pkt.cap = pkt->len + least(pkt->cap - pkt->len, TRACE_ROOM_MAX);
        p.pkt.headroom = least(pkt->headroom, TRACE_ROOM_MAX);
        p.ext_given = given_ext(pkt);
        if (p.ext_given == TRACE_GIVEN)
            p.ext = *pkt->ext;
    }
    if (p.n_bytes > TRACE_PACKET_MAX)
        r->failed = true;
    else
        trace_walk_packet(&e->walk, &p);
}

/* Where two packets begin and cease to differ; what one has more than the other differs. */
static uint32_t first_change(const uint8_t *a, const uint8_t *b, uint32_t both)
{
    uint32_t i = 0;
    while (i < both && a[i] == b[i])
        i++;
    return i;
}

static uint32_t end_of_change(const uint8_t *a, const uint8_t *b, uint32_t from, uint32_t len)
{
    /* a super-segment is long, and only its headers change */
    while (len - from >= STRIDE && memcmp(a + len - STRIDE, b + len - STRIDE, STRIDE) == 0)
        len -= STRIDE;
    while (len > from && a[len - 1] == b[len - 1])
        len--;
    return len;
}

/* Of two byte strings: where they differ, as offset and length in the second. */
static void find_change(trace_result *out, const uint8_t *before, uint32_t before_len,
                        const uint8_t *after, uint32_t after_len)
{
    uint32_t end = after_len;

    if (before_len == after_len && (after_len == 0 || memcmp(before, after, after_len) == 0)) {
        out->changed_at = out->n_changed = 0;
        return;
    }
    out->changed_at = first_change(before, after, least(before_len, after_len));
    if (before_len >= after_len)
        end = end_of_change(before, after, out->changed_at, after_len);
    out->changed = after + out->changed_at;
    out->n_changed = end - out->changed_at;
}

void recorder_put_changed(recorder_entry *e, const uint8_t *before, size_t before_len,
                          const uint8_t *after, size_t after_len)
{
    trace_result change;

    memset(&change, 0, sizeof(change));
    find_change(&change, before, (uint32_t)before_len, after, (uint32_t)after_len);
    trace_u32(&e->walk, "changed from", &change.changed_at);
    trace_bytes(&e->walk, "changed", &change.changed, &change.n_changed);
}

void recorder_keep_starts(recorder *r, mpconn_pkt *const *pkts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t *start = pkts[i] ? pkts[i]->data : NULL;
        trace_buffer_add(&r->buffer, &start, sizeof(start));
    }
}

static uint32_t bytes_moved(const recorder *r, const recorder_entry *call, size_t i,
                            const mpconn_pkt *pkt)
{
    uint8_t *start;
    memcpy(&start, r->buffer.bytes + call->end + i * sizeof(start), sizeof(start));
    return (uint32_t)(start - pkt->data);
}

void recorder_put_results(recorder *r, recorder_entry *e, const recorder_entry *call,
                          mpconn_pkt *const *pkts, size_t n)
{
    /* behind time, whether there is a list, and how long it is */
    size_t at = call->start + TRACE_ENTRY_HEADER + 8 + 1 + 4;

    for (size_t i = 0; i < n; i++) {
        trace_walk in = { .at = r->buffer.bytes + at, .end = r->buffer.bytes + call->end };
        trace_packet before;
        trace_result result;

        memset(&before, 0, sizeof(before));
        memset(&result, 0, sizeof(result));
        trace_walk_packet(&in, &before);
        at = (size_t)(in.at - r->buffer.bytes);
        result.pkt = *pkts[i];
        result.moved = bytes_moved(r, call, i, pkts[i]);
        result.ext_given = given_ext(pkts[i]);
        if (result.ext_given == TRACE_GIVEN)
            result.ext = *pkts[i]->ext;
        find_change(&result, before.bytes, before.n_bytes, pkts[i]->data, readable(pkts[i]));
        trace_walk_result(&e->walk, &result);
    }
}
