/* SPDX-License-Identifier: BSD-2-Clause */
/* Receive side: reassembly, window (RFC 9293 3.8.6.2.2) and what SACK reports (RFC 2018, 2883). */
#include <string.h>

#include "sim/host.h"
#include "sim/tcp.h"
#include "sim/world.h"

/* Bytes offered from RCV.NXT on, as the window field can express them. The right edge never moves
 * back, and moves on only by a worthwhile step. */
uint32_t sim_tcp_window_bytes(sim_tcp *c)
{
    uint32_t used = (uint32_t)(c->received - c->consumed);
    uint32_t space = c->cfg.receive_buffer > used ? c->cfg.receive_buffer - used : 0;
    uint32_t offered = sim_before(c->rcv_nxt, c->rcv_adv) ? c->rcv_adv - c->rcv_nxt : 0;
    uint32_t step = c->cfg.receive_buffer / 2 < c->cfg.mss ? c->cfg.receive_buffer / 2 : c->cfg.mss;
    uint32_t grain = UINT32_C(1) << c->rx_shift;
    uint32_t window = space >= offered + step ? space : offered;

    if (window > UINT32_C(65535) << c->rx_shift)
        window = UINT32_C(65535) << c->rx_shift;
    if (window > offered)
        window = window / grain * grain;
    if (window <= offered) {
        window = (offered + grain - 1) / grain * grain;
        if (window > UINT32_C(65535) << c->rx_shift)
            window = UINT32_C(65535) << c->rx_shift;
    }
    if (sim_before(c->rcv_adv, c->rcv_nxt + window))
        c->rcv_adv = c->rcv_nxt + window;
    return window;
}

void sim_tcp_fill_sack(sim_tcp *c, sim_segment *seg)
{
    unsigned most = c->ts_on ? 3 : 4;

    if (!c->sack_on)
        return;
    if (c->have_dsack)
        seg->sack[seg->n_sack++] = c->dsack;
    c->have_dsack = false;
    if (most > 3)
        most = 3; /* the same room as sim_tcp_segment_room() left */
    for (unsigned i = 0; i < c->n_held && seg->n_sack < most; i++)
        seg->sack[seg->n_sack++] = c->held[i];
}

static void verify_bytes(sim_tcp *c, const sim_segment *seg)
{
    for (uint32_t i = 0; i < seg->n_payload; i++) {
        uint32_t seq = seg->seq + i;

        if (!c->known || sim_before(seq, c->irs + 1) || !sim_before(seq, c->rcv_adv))
            continue;
        if (seg->payload[i] == sim_pattern(c->rx_key, seq - c->irs - 1))
            continue;
        sim_fail(c->host->node.world,
                 "%s:%u: wrong byte at position %u of the stream: %02x, not %02x",
                 c->host->node.name, c->lport, seq - c->irs - 1, seg->payload[i],
                 sim_pattern(c->rx_key, seq - c->irs - 1));
        return;
    }
}

/* Most recent first, as RFC 2018 4 wants them reported. */
static void hold_range(sim_tcp *c, sim_range r)
{
    unsigned n = 1;
    sim_range kept[SIM_REORDER_RANGES + 1];

    for (unsigned i = 0; i < c->n_held; i++) {
        sim_range h = c->held[i];

        if (sim_before(h.end, r.start) || sim_before(r.end, h.start)) {
            kept[n++] = h;
            continue;
        }
        if (sim_before_eq(h.start, r.start) && sim_before_eq(r.end, h.end)) {
            c->dsack = r;
            c->have_dsack = true;
            sim_tcp_count(c, SIM_C_DUPLICATE_DATA, "out of order");
        }
        if (sim_before(h.start, r.start))
            r.start = h.start;
        if (sim_before(r.end, h.end))
            r.end = h.end;
    }
    kept[0] = r;
    c->n_held = n > SIM_REORDER_RANGES ? SIM_REORDER_RANGES : n;
    memcpy(c->held, kept, c->n_held * sizeof(kept[0]));
}

static void advance(sim_tcp *c, uint32_t end)
{
    bool moved = true;

    c->rcv_nxt = end;
    while (moved) {
        moved = false;
        for (unsigned i = 0; i < c->n_held; i++) {
            sim_range h = c->held[i];

            if (sim_before(c->rcv_nxt, h.start))
                continue;
            if (sim_before(c->rcv_nxt, h.end))
                c->rcv_nxt = h.end;
            memmove(&c->held[i], &c->held[i + 1], (c->n_held - i - 1) * sizeof(h));
            c->n_held--;
            moved = true;
            break;
        }
    }
}

static void take_fin(sim_tcp *c)
{
    c->fin_taken = true;
    c->ack_now = true;
    switch (c->state) {
    case SIM_ESTABLISHED:
        sim_tcp_set_state(c, SIM_CLOSE_WAIT);
        break;
    case SIM_FIN_WAIT_1:
        sim_tcp_set_state(c, SIM_CLOSING);
        break;
    case SIM_FIN_WAIT_2:
        sim_tcp_start_time_wait(c);
        break;
    case SIM_CLOSED:
    case SIM_SYN_SENT:
    case SIM_SYN_RECEIVED:
    case SIM_CLOSE_WAIT:
    case SIM_CLOSING:
    case SIM_LAST_ACK:
    case SIM_TIME_WAIT:
        break;
    }
}

/* Tell the application; the FIN, if it is there, after the last byte. */
static void pass_on(sim_tcp *c, uint32_t before)
{
    uint32_t n = c->rcv_nxt - before;
    bool fin = c->fin_known && !c->fin_taken && c->rcv_nxt == c->fin_seq + 1;

    n -= fin;
    c->received += n;
    if (c->app == NULL)
        c->consumed = c->received;
    if (n > 0 && c->app != NULL && !c->told)
        c->ops->received(c->app, n);
    if (!fin || c->state == SIM_CLOSED)
        return;
    take_fin(c);
    if (c->app != NULL && !c->told)
        c->ops->peer_finished(c->app);
}

static void decide_ack(sim_tcp *c)
{
    c->unacked_segments++;
    if (!c->cfg.delayed_ack || c->unacked_segments >= 2 || c->n_held > 0)
        c->ack_now = true;
    else
        c->ack_later = true;
}

void sim_tcp_take_data(sim_tcp *c, const sim_segment *seg)
{
    uint32_t before = c->rcv_nxt, start = seg->seq;
    uint32_t end = seg->seq + seg->n_payload + ((seg->flags & SIM_FIN) != 0);

    if (start == end)
        return;
    verify_bytes(c, seg);
    if (sim_before(c->rcv_adv, end)) {
        /* the FIN, and a probe of a closed window, may lie just beyond the edge */
        if (end - c->rcv_adv > c->cfg.overrun)
            sim_tcp_count(c, SIM_C_WINDOW_OVERRUN, "");
        end = sim_before(c->rcv_adv, start) ? start : c->rcv_adv;
    } else if ((seg->flags & SIM_FIN) != 0) {
        c->fin_known = true;
        c->fin_seq = end - 1;
    }
    if (sim_before(start, c->rcv_nxt)) {
        sim_tcp_count(c, SIM_C_DUPLICATE_DATA, "");
        c->dsack.start = start;
        c->dsack.end = sim_before(end, c->rcv_nxt) ? end : c->rcv_nxt;
        c->have_dsack = c->sack_on && sim_before(c->irs, start);
        c->ack_now = true;
        start = c->rcv_nxt;
    }
    if (sim_before_eq(end, start)) {
        c->ack_now = true;
        return;
    }
    if (start != c->rcv_nxt) {
        sim_tcp_count(c, SIM_C_OUT_OF_ORDER, "");
        hold_range(c, (sim_range){start, end});
        c->ack_now = true;
        return;
    }
    advance(c, end);
    decide_ack(c);
    pass_on(c, before);
}
