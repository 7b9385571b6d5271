/* SPDX-License-Identifier: BSD-2-Clause */
#include "conn/stamp.h"

#include "base/byteorder.h"
#include "base/seq.h"
#include "packet/options.h"

#define CLOCK_TICK UINT64_C(1000000) /* 1 ms: RFC 7323 5.4 wants 1 ms to 1 s */

/* Ticks of 2^28 ns: they come round after 4.9 hours, more than twice the default time of an idle
 * connection. */
enum { HEARD_SHIFT = 28, NEVER = 0x10000, SILENT_TICKS = 4 };

/* The fastest clock there is counts microseconds (Linux, tcp_usec_ts): half a turn of it, after
 * which an order of readings says nothing, takes 35 minutes (RFC 7323 5.5). */
#define OLD_TICKS (unsigned)(600 * MPCONN_SECOND >> HEARD_SHIFT)

/* As many units as a reading may have to wait for. */
#define AWAITED_MASK ((1u << MPCI_STAMP_AWAITED_BITS) - 1)
#define AWAITED_UNITS (1u << (MPCI_STAMP_AWAITED_BITS - 1))

/* With these a window reaches no further (RFC 7323 2.3). */
#define MOST_UNITS 20
#define MOST_IN_FLIGHT (AWAITED_UNITS << MOST_UNITS)

static uint32_t clock_of(mpconn_time now)
{
    return (uint32_t)(now / CLOCK_TICK);
}

mpci_stamp mpci_stamp_begin(mpconn_time now, uint32_t tsval, uint32_t client_ts,
                            uint32_t client_next)
{
    return (mpci_stamp){
        .base = tsval - clock_of(now),
        .ts_recent = client_ts,
        .last_ack = client_next,
    };
}

uint32_t mpci_stamp_value(const mpci_stamp *s, mpconn_time now)
{
    return s->base + clock_of(now);
}

int mpci_stamp_raise(mpci_stamp *s, mpconn_time now, uint32_t tsval)
{
    int behind = mpci_seq_lt(mpci_stamp_value(s, now), tsval);

    if (behind)
        s->base = tsval - clock_of(now);
    return behind;
}

static uint16_t heard_tick(mpconn_time now)
{
    uint16_t tick = (uint16_t)(now >> HEARD_SHIFT);

    return tick != 0 ? tick : 1;
}

static unsigned silent_ticks(const mpci_stamp *s, mpconn_time now)
{
    return s->heard_at == 0 ? NEVER : (uint16_t)(heard_tick(now) - s->heard_at);
}

int mpci_stamp_is_silent(const mpci_stamp *s, mpconn_time now)
{
    return silent_ticks(s, now) > SILENT_TICKS;
}

void mpci_stamp_heard(mpci_stamp *s, mpconn_time now)
{
    s->heard_at = heard_tick(now);
}

/* A later reading stays: of a segment that the client repeated it is that of the repeat. Which of
 * the two the server took cannot be seen, and by the earlier one the client would take its repeat
 * for needless, and take back what it did about a loss (RFC 3522). */
static void take(mpci_stamp *s, uint32_t tsval)
{
    if (s->ts_recent == 0 || mpci_seq_leq(s->ts_recent, tsval))
        s->ts_recent = tsval;
}

/* The acknowledgment that the reading waits for: above the first byte of its segment, of which a
 * super-segment holds more than one. */
static void await(mpci_stamp *s, const mpci_view *v)
{
    uint32_t above = mpci_seq_max(v->seq, s->last_ack) + 1;
    unsigned unit = 0;

    while (unit < MOST_UNITS && above - s->last_ack > AWAITED_UNITS << unit)
        unit++;
    s->waiting = v->tsval;
    s->unit = unit & 31;
    s->awaited = (above + (1u << unit) - 1) >> unit & AWAITED_MASK;
}

static uint32_t awaited_ack(const mpci_stamp *s)
{
    uint32_t acked = s->last_ack >> s->unit;

    return (acked + ((s->awaited - acked) & AWAITED_MASK)) << s->unit;
}

/* The server's segments pass elsewhere, as it seems, and how far it got is not known here: no
 * reading of the client waits for it, each takes the place of the one before. */
static void forget(mpci_stamp *s, const mpci_view *v)
{
    s->ts_recent = s->waiting = 0;
    if (v->seq - s->last_ack + MOST_IN_FLIGHT > 2 * MOST_IN_FLIGHT)
        s->last_ack = v->seq;
}

/* It would wait for a number in units that are too coarse for a client with little to send. */
static int is_far(const mpci_stamp *s, const mpci_view *v)
{
    return mpci_seq_diff(v->seq, s->last_ack) > UINT16_MAX;
}

void mpci_stamp_note(mpci_stamp *s, const mpci_view *v, const mpci_stamp_way *way)
{
    uint32_t end = v->seq + mpci_view_seq_len(v);
    unsigned silent = silent_ticks(s, way->now);
    int is_apart = way->is_shared && silent > SILENT_TICKS;

    if (is_apart)
        forget(s, v);
    if (v->ts_offset == 0 || (v->flags & (MPCI_TCP_SYN | MPCI_TCP_RST)) != 0 ||
        (is_apart && is_far(s, v)))
        return;
    if (!way->is_shared && silent != NEVER && silent > OLD_TICKS) {
        s->ts_recent = v->tsval;
        s->waiting = 0;
    }
    if (s->waiting == 0 && end == way->end && mpci_seq_lt(s->last_ack, end))
        await(s, v);
    else if (mpci_seq_leq(v->seq, s->last_ack))
        take(s, v->tsval);
}

uint32_t mpci_stamp_echo(mpci_stamp *s, const mpci_view *v, int is_shared)
{
    if ((v->flags & MPCI_TCP_ACK) == 0)
        return 0;
    if (!mpci_seq_lt(s->last_ack, v->ack))
        return s->ts_recent;
    if (s->waiting == 0 && is_shared) {
        s->ts_recent = 0;
    } else if (s->waiting != 0 && mpci_seq_leq(awaited_ack(s), v->ack)) {
        take(s, s->waiting);
        s->waiting = 0;
    }
    s->last_ack = v->ack;
    return s->ts_recent;
}

void mpci_stamp_write(uint8_t option[MPCI_STAMP_LEN], uint32_t tsval, uint32_t tsecr)
{
    option[0] = option[1] = MPCI_OPT_NOP;
    option[2] = MPCI_OPT_TIMESTAMPS;
    option[3] = MPCI_OPT_LEN_TIMESTAMPS;
    mpci_store32(option + 4, tsval);
    mpci_store32(option + 8, tsecr);
}
