/* SPDX-License-Identifier: BSD-2-Clause */
/* A connection at one member, and first fragments of its segments. */
#ifndef TESTS_FRAGMENTED_H
#define TESTS_FRAGMENTED_H

#include "conn/track.h"
#include "engine/engine.h"
#include "engine_support.h"
#include "fragmenting.h"

enum { CLIENT = MPCONN_SIDE_CLIENT, SERVER = MPCONN_SIDE_SERVER };
enum { FIN = MPCI_TCP_FIN, ACK = MPCI_TCP_ACK, RST = MPCI_TCP_RST };
enum { OPTIONS = 12, PIECE = 480 }; /* payload of the first fragment: PIECE - 20 - OPTIONS */

static const unsigned families[] = {MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV6};

static mpconn_engine_config cfg;
static mpconn_callbacks cb;
static bed b;
static bed_conn c;

static inline void choose(unsigned family)
{
    mpconn_tuple t = bed_tuple(family, 1, 40000);

    bed_config(&cfg, &cb);
    c = bed_conn_of(&t, 0xfffffffe, 0x1000);
    c.timestamps = 1;
}

static inline void settled(unsigned family)
{
    choose(family);
    bed_open(&b, &cfg, &cb);
    bed_settle(&b, &c);
}

static inline mpci_settled *flow(void)
{
    uint32_t slot = mpci_settled_find(&b.eng->core.settled,
                                      mpci_tuple_hash(&b.eng->core.table_key, &c.tuple), &c.tuple);

    return mpci_settled_at(&b.eng->core.settled, slot);
}

static inline mpci_track track(void)
{
    mpci_track t;

    mpci_settled_track_load(flow(), &t);
    return t;
}

/* Next number of a side, counted as in say(). */
static inline uint32_t end_of(unsigned side)
{
    return track().dir[side].end - (side == CLIENT ? c.x : c.z);
}

static inline raw segment(unsigned from, unsigned flags, uint32_t seq, uint32_t ack, uint32_t n)
{
    bed_segment seg = bed_data(&c, from, seq, ack, n);
    raw r = {.l4 = c.tuple.family == MPCONN_FAMILY_IPV4 ? 20 : 40};

    seg.s.flags = (uint16_t)flags;
    r.len = (uint32_t)bed_build(r.bytes, sizeof r.bytes, &seg);
    return r;
}

/* A whole segment, and the first fragment of one that is as long. */
static inline void say(unsigned from, unsigned flags, uint32_t seq, uint32_t ack, uint32_t n)
{
    raw r = segment(from, flags, seq, ack, n);

    bed_raw(&b, from, &r);
}

static inline void say_first(unsigned from, unsigned flags, uint32_t seq, uint32_t ack, uint32_t n)
{
    raw whole = segment(from, flags, seq, ack, n);
    raw r = fragment_of(&whole, 0, PIECE, 1);

    bed_raw(&b, from, &r);
}

static inline void expect(unsigned verdict, unsigned reason)
{
    ck_assert_msg(b.pkt.reason == reason, "%s instead of %s", mpconn_reason_name(b.pkt.reason),
                  mpconn_reason_name(reason));
    ck_assert_uint_eq(b.pkt.verdict, verdict);
}

#define passes(reason) expect(MPCONN_VERDICT_FORWARD, MPCONN_REASON_##reason)
#define refused(reason) expect(MPCONN_VERDICT_DROP, MPCONN_REASON_##reason)

#endif
