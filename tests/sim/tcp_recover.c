/* SPDX-License-Identifier: BSD-2-Clause */
/* Acknowledgments, SACK scoreboard and loss recovery of a sender: RFC 5681, 6582, 2018, 2883. */
#include <string.h>

#include "sim/host.h"
#include "sim/tcp.h"
#include "sim/world.h"

/* Keep `board` sorted and free of overlap; what does not fit is forgotten, which costs only a
 * retransmission. */
static void mark_sacked(sim_tcp *c, sim_range r)
{
    sim_range merged[SIM_SCOREBOARD + 1];
    unsigned n = 0, i = 0;

    if (sim_before(r.start, c->una))
        r.start = c->una;
    if (sim_before_eq(r.end, r.start))
        return;
    while (i < c->n_board && sim_before(c->board[i].end, r.start))
        merged[n++] = c->board[i++];
    while (i < c->n_board && sim_before_eq(c->board[i].start, r.end)) {
        if (sim_before(c->board[i].start, r.start))
            r.start = c->board[i].start;
        if (sim_before(r.end, c->board[i].end))
            r.end = c->board[i].end;
        i++;
    }
    merged[n++] = r;
    while (i < c->n_board)
        merged[n++] = c->board[i++];
    c->n_board = n > SIM_SCOREBOARD ? SIM_SCOREBOARD : n;
    memcpy(c->board, merged, c->n_board * sizeof(merged[0]));
}

/* RFC 2883 4: the first block reports a duplicate if it is acknowledged already or lies within
 * the second. */
static bool is_dsack(const sim_segment *seg)
{
    const sim_range *first = &seg->sack[0];

    if (sim_before_eq(first->end, seg->ack))
        return true;
    return seg->n_sack > 1 && sim_before_eq(seg->sack[1].start, first->start) &&
           sim_before_eq(first->end, seg->sack[1].end);
}

void sim_tcp_take_sack(sim_tcp *c, const sim_segment *seg)
{
    if (seg->n_sack == 0)
        return;
    if (!c->sack_on) {
        sim_tcp_count(c, SIM_C_SACK_UNEXPECTED, "");
        return;
    }
    for (unsigned i = 0; i < seg->n_sack; i++) {
        const sim_range *r = &seg->sack[i];

        if (!sim_before(r->start, r->end) || sim_before(r->start, c->iss + 1) ||
            sim_before(c->max, r->end)) {
            sim_tcp_count(c, SIM_C_SACK_UNSENT, "");
            continue;
        }
        if (i == 0 && is_dsack(seg)) {
            c->host->counters[SIM_C_DSACK]++;
            continue;
        }
        mark_sacked(c, *r);
    }
}

static void forget_acked(sim_tcp *c)
{
    unsigned n = 0;

    for (unsigned i = 0; i < c->n_board; i++) {
        sim_range r = c->board[i];

        if (sim_before_eq(r.end, c->una))
            continue;
        if (sim_before(r.start, c->una))
            r.start = c->una;
        c->board[n++] = r;
    }
    c->n_board = n;
}

/* First number from `from` on that no block covers; `*end` is where the next block begins. */
static uint32_t next_hole(const sim_tcp *c, uint32_t from, uint32_t *end)
{
    *end = c->max;
    for (unsigned i = 0; i < c->n_board; i++) {
        const sim_range *r = &c->board[i];

        if (sim_before_eq(r->end, from))
            continue;
        if (sim_before_eq(r->start, from)) {
            from = r->end;
            continue;
        }
        *end = r->start;
        break;
    }
    return from;
}

/* Send the next part that is missing at the receiver; false when none is known to be. */
bool sim_tcp_send_hole(sim_tcp *c)
{
    uint32_t from = sim_before(c->high_rtx, c->una) ? c->una : c->high_rtx;
    uint32_t room = sim_tcp_segment_room(c), end, n;

    from = next_hole(c, from, &end);
    /* only what lies below a block is known to be lost, and what the cumulative ACK stands at */
    if (from != c->una && (c->n_board == 0 || !sim_before(from, c->board[c->n_board - 1].start)))
        return false;
    if (!sim_before(from, c->max))
        return false;
    n = end - from < room ? end - from : room;
    sim_tcp_send_data(c, from, n);
    c->high_rtx = from + n;
    return true;
}

static void grow_window(sim_tcp *c, uint32_t n)
{
    uint32_t step = n < c->tx_mss ? n : c->tx_mss;

    if (c->cwnd < c->ssthresh)
        c->cwnd += step;
    else
        c->cwnd += c->tx_mss * (uint32_t)c->tx_mss / c->cwnd + 1;
    if (c->cwnd > 1u << 24)
        c->cwnd = 1u << 24;
}

static void recover_further(sim_tcp *c, uint32_t n)
{
    if (sim_before_eq(c->recover, c->una)) {
        c->in_recovery = false;
        c->cwnd = c->ssthresh;
        return;
    }
    /* RFC 6582 3.2 step 3: a partial acknowledgment shows the next hole */
    c->cwnd = c->cwnd > n + 2u * c->tx_mss ? c->cwnd - n + c->tx_mss : 2u * c->tx_mss;
    (void)sim_tcp_send_hole(c);
}

/* What echoes nothing is measured without it. */
static void take_sample(sim_tcp *c, uint32_t ack)
{
    bool timed = c->timing && sim_before_eq(c->timed_seq, ack);

    if (c->cfg.rtt_by_echo && c->echo != 0)
        sim_tcp_sample(c, (sim_tcp_ts_now(c) - c->echo) * c->cfg.ts_tick);
    else if (timed)
        sim_tcp_sample(c, c->host->node.world->schedule.now - c->timed_at);
    if (timed)
        c->timing = false;
}

void sim_tcp_acked(sim_tcp *c, uint32_t ack)
{
    uint32_t n = ack - c->una;
    sim_schedule *s = &c->host->node.world->schedule;

    c->una = ack;
    if (sim_before(c->nxt, ack))
        c->nxt = ack;
    take_sample(c, ack);
    c->expiries = 0;
    c->dup_acks = 0;
    forget_acked(c);
    sim_timer_cancel(s, &c->rtx);
    if (c->in_recovery)
        recover_further(c, n);
    else
        grow_window(c, n);
    sim_tcp_arm(c);
}

void sim_tcp_dup_ack(sim_tcp *c)
{
    uint32_t flight = c->max - c->una;

    c->dup_acks++;
    if (c->in_recovery) {
        c->cwnd += c->tx_mss;
        if (c->sack_on)
            (void)sim_tcp_send_hole(c);
        return;
    }
    if (c->dup_acks < 3 || sim_before(c->una, c->recover))
        return;
    sim_tcp_count(c, SIM_C_FAST_RETRANSMIT, "");
    c->in_recovery = true;
    c->recover = c->max;
    c->ssthresh = flight / 2 > 2u * c->tx_mss ? flight / 2 : 2u * c->tx_mss;
    c->cwnd = c->ssthresh + 3u * c->tx_mss;
    c->high_rtx = c->una;
    (void)sim_tcp_send_hole(c);
}

void sim_tcp_timed_out(sim_tcp *c)
{
    uint32_t flight = c->max - c->una;
    uint32_t room = sim_tcp_segment_room(c);
    uint32_t n = flight < room ? flight : room;

    c->ssthresh = flight / 2 > 2u * c->tx_mss ? flight / 2 : 2u * c->tx_mss;
    c->cwnd = c->tx_mss;
    c->in_recovery = false;
    c->recover = c->max;
    c->dup_acks = 0;
    c->n_board = 0; /* RFC 2018 8: the receiver may have discarded it */
    c->timing = false;
    sim_tcp_send_data(c, c->una, n);
    c->nxt = c->una + n;
}
