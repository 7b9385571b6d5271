/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine_support.h"

#include <stdlib.h>

#include "base/byteorder.h"
#include "check_main.h"
#include "packet/checksum.h"

static void *counting_alloc(void *user, size_t size)
{
    counting *c = user;
    void *p;

    ck_assert_uint_gt(size, 0);
    if (++c->calls == c->fail_at)
        return NULL;
    p = malloc(size);
    ck_assert_ptr_nonnull(p);
    memset(p, 0xa5, size);
    for (unsigned i = 0; i < 32; i++) {
        if (c->blocks[i] == NULL) {
            c->blocks[i] = p;
            c->sizes[i] = size;
            c->live++;
            c->bytes += size;
            return p;
        }
    }
    ck_abort_msg("more blocks than the test has room for");
    return NULL;
}

static void counting_release(void *user, void *ptr)
{
    counting *c = user;

    ck_assert_ptr_nonnull(ptr);
    for (unsigned i = 0; i < 32; i++) {
        if (c->blocks[i] == ptr) {
            if (c->on_release != NULL)
                c->on_release(c, ptr, c->sizes[i]);
            c->blocks[i] = NULL;
            c->live--;
            free(ptr);
            return;
        }
    }
    ck_abort_msg("released what was not out");
}

mpconn_allocator counting_allocator(counting *c)
{
    return (mpconn_allocator){counting_alloc, counting_release, c};
}

void snapshot_take(snapshot *s, const mpconn_engine *eng)
{
    mpconn_flow_cursor cursor = {0};

    memset(s, 0, sizeof(*s));
    MPCONN_STRUCT_INIT(&s->stats);
    ck_assert_int_eq(mpconn_engine_stats(eng, &s->stats), MPCONN_OK);
    for (unsigned i = 0; i < MPCONN_REASON_LIMIT; i++)
        s->counts[i] = mpconn_engine_count(eng, i);
    for (;;) {
        mpconn_flow *f = &s->flows[s->n_flows];

        HOLDS(s->n_flows < SNAPSHOT_FLOWS);
        MPCONN_STRUCT_INIT(f);
        if (mpconn_engine_flow_next(eng, &cursor, f) != MPCONN_OK)
            break;
        s->n_flows++;
    }
}

void snapshot_assert_sane(const snapshot *s)
{
    const mpconn_stats *st = &s->stats;

    ck_assert_uint_eq(st->packets_in, st->packets_forwarded + st->packets_dropped +
                                          st->packets_held + st->packets_consumed);
    ck_assert_uint_eq(st->flows_settled - st->flows_ended,
                      (uint64_t)st->flows + st->wide_flows);
    ck_assert_uint_eq(s->n_flows, st->flows + st->wide_flows);
    ck_assert_uint_le(st->unproved, st->handshakes);
    ck_assert_uint_le(st->bindings, st->handshakes + st->wide_flows);
    ck_assert(st->held_packets > 0 || st->held_bytes == 0);
    for (unsigned i = 0; i < MPCONN_REASON_LIMIT; i++)
        if (mpconn_reason_name(i) == NULL || i == MPCONN_REASON_NONE)
            HOLDS(s->counts[i] == 0);
}

void snapshot_assert_same_state(const snapshot *a, const snapshot *b)
{
    ck_assert_uint_eq(a->stats.flows, b->stats.flows);
    ck_assert_uint_eq(a->stats.wide_flows, b->stats.wide_flows);
    ck_assert_uint_eq(a->stats.handshakes, b->stats.handshakes);
    ck_assert_uint_eq(a->stats.unproved, b->stats.unproved);
    ck_assert_uint_eq(a->stats.held_packets, b->stats.held_packets);
    ck_assert_uint_eq(a->stats.held_bytes, b->stats.held_bytes);
    ck_assert_uint_eq(a->stats.memory_bytes, b->stats.memory_bytes);
    ck_assert_uint_eq(a->n_flows, b->n_flows);
    for (unsigned i = 0; i < a->n_flows; i++)
        if (memcmp(&a->flows[i], &b->flows[i], sizeof(a->flows[i])) != 0)
            ck_abort_msg("flow %u of %u differs", i, a->n_flows);
}

void snapshot_assert_equal(const snapshot *a, const snapshot *b)
{
    for (unsigned i = 0; i < MPCONN_REASON_LIMIT; i++)
        if (a->counts[i] != b->counts[i])
            ck_abort_msg("%s: %llu and %llu", mpconn_reason_name(i),
                         (unsigned long long)a->counts[i], (unsigned long long)b->counts[i]);
    snapshot_assert_same_state(a, b);
    ck_assert_mem_eq(&a->stats, &b->stats, sizeof(a->stats));
}

mpconn_stats bed_stats(const bed *b)
{
    mpconn_stats s;

    MPCONN_STRUCT_INIT(&s);
    ck_assert_int_eq(mpconn_engine_stats(b->eng, &s), MPCONN_OK);
    return s;
}

uint64_t bed_count(const bed *b, unsigned reason)
{
    return mpconn_engine_count(b->eng, reason);
}

static int fits(const mpconn_flow *f, const mpconn_tuple *t)
{
    return t == NULL || memcmp(&f->tuple, t, sizeof(*t)) == 0;
}

mpconn_flow bed_flow(const bed *b, const mpconn_tuple *t)
{
    mpconn_flow_cursor cursor = {0};
    mpconn_flow f, found;
    unsigned n = 0;

    MPCONN_STRUCT_INIT(&f);
    while (mpconn_engine_flow_next(b->eng, &cursor, &f) == MPCONN_OK) {
        if (fits(&f, t)) {
            found = f;
            n++;
        }
    }
    ck_assert_uint_eq(n, 1);
    return found;
}

unsigned bed_n_flows(const bed *b)
{
    mpconn_flow_cursor cursor = {0};
    mpconn_flow f;
    unsigned n = 0;

    MPCONN_STRUCT_INIT(&f);
    while (mpconn_engine_flow_next(b->eng, &cursor, &f) == MPCONN_OK)
        n++;
    return n;
}

size_t bed_build(uint8_t *dst, size_t cap, const bed_segment *seg)
{
    size_t len = mpci_build_tcp(dst, cap, &seg->s);
    raw r;

    ck_assert_uint_gt(len, 0);
    ck_assert_uint_le(len + seg->payload, cap < RAW_MAX ? cap : RAW_MAX);
    memset(&r, 0, sizeof(r));
    memcpy(r.bytes, dst, len);
    r.len = (uint32_t)len;
    r.l4 = dst[0] >> 4 == 4 ? 20 : 40;
    for (uint32_t i = 0; i < seg->payload; i++)
        raw_add(&r, &(uint8_t){(uint8_t)(i * 7 + 1)}, 1);
    raw_seal(&r);
    memcpy(dst, r.bytes, r.len);
    return r.len;
}

void bed_bytes(bed *b, unsigned from, const uint8_t *bytes, size_t len,
               void (*tweak)(mpconn_pkt *pkt, void *user), void *user)
{
    mpconn_pkt *list[1] = {&b->pkt};

    ck_assert_uint_le(len, sizeof(b->bytes));
    memcpy(b->bytes, bytes, len);
    memset(&b->pkt, 0, sizeof(b->pkt));
    b->pkt.data = b->bytes;
    b->pkt.len = (uint32_t)len;
    b->pkt.cap = sizeof(b->bytes);
    b->pkt.side = (uint8_t)from;
    b->pkt.link = from == MPCONN_SIDE_CLIENT ? 11 : 22;
    b->pkt.mark = 77;
    if (tweak != NULL)
        tweak(&b->pkt, user);
    ck_assert_int_eq(mpconn_engine_input(b->eng, list, 1, b->now), MPCONN_OK);
}

void bed_raw(bed *b, unsigned from, const raw *r)
{
    bed_bytes(b, from, r->bytes, r->len, NULL, NULL);
}

void bed_plain(bed *b, const bed_conn *c, unsigned opener, unsigned steps)
{
    unsigned answerer = opener ^ 1;
    bed_segment syn = bed_seg(&c->tuple, answerer, MPCI_TCP_SYN, c->x, 0);
    bed_segment syn_ack =
        bed_seg(&c->tuple, opener, MPCI_TCP_SYN | MPCI_TCP_ACK, c->z, c->x + 1);
    bed_segment ack = bed_seg(&c->tuple, answerer, MPCI_TCP_ACK, c->x + 1, c->z + 1);

    syn.s.mss = c->client_mss;
    syn.s.wscale = c->client_wscale;
    syn_ack.s.mss = c->server_mss;
    syn_ack.s.wscale = c->server_wscale;
    syn.s.sack_permitted = syn_ack.s.sack_permitted = c->sack;
    syn.s.timestamps = syn_ack.s.timestamps = ack.s.timestamps = c->timestamps;
    syn.s.tsval = c->client_ts;
    syn_ack.s.tsval = c->server_ts;
    syn_ack.s.tsecr = c->client_ts;
    ack.s.tsval = c->client_ts + 1;
    ack.s.tsecr = c->server_ts;
    if (steps > 0) {
        bed_in(b, opener, &syn);
        ck_assert_int_eq(b->pkt.reason, MPCONN_REASON_SYN_TRACKED);
    }
    if (steps > 1) {
        bed_in(b, answerer, &syn_ack);
        ck_assert_int_eq(b->pkt.reason, MPCONN_REASON_TRACKED);
    }
    if (steps > 2) {
        bed_in(b, opener, &ack);
        ck_assert_int_eq(b->pkt.reason, MPCONN_REASON_TRACKED);
    }
}
