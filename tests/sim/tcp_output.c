/* SPDX-License-Identifier: BSD-2-Clause */
/* What an endpoint sends. */
#include <stdlib.h>
#include <string.h>

#include "sim/host.h"
#include "sim/tcp.h"
#include "sim/util.h"
#include "sim/world.h"

static void send_segment(sim_tcp *c, sim_segment *seg)
{
    seg->src = c->local;
    seg->dst = c->remote;
    seg->sport = c->lport;
    seg->dport = c->rport;
    seg->ttl = c->cfg.ttl;
    if (seg->has_ts) {
        seg->tsval = sim_tcp_ts_now(c);
        seg->tsecr = (seg->flags & SIM_ACK) != 0 ? c->ts_recent : 0;
        if (!c->ts_sent)
            c->ts_first = seg->tsval;
        c->ts_sent = true;
        c->ts_last = seg->tsval;
    }
    if ((seg->flags & (SIM_ACK | SIM_RST)) == SIM_ACK) {
        c->last_ack_sent = seg->ack;
        c->ack_now = c->ack_later = false;
        c->unacked_segments = 0;
        sim_timer_cancel(&c->host->node.world->schedule, &c->delack);
    }
    c->host->counters[SIM_C_SEGMENT_OUT]++;
    sim_host_send(c->host, seg);
}

/* The window field of a segment that is no SYN. */
static uint16_t window_field(sim_tcp *c)
{
    return (uint16_t)(sim_tcp_window_bytes(c) >> c->rx_shift);
}

/* Acknowledgment, window and the options every segment of the connection carries. */
static void fill_segment(sim_tcp *c, sim_segment *seg)
{
    memset(seg, 0, sizeof(*seg));
    seg->flags = SIM_ACK;
    seg->window = window_field(c);
    seg->ack = c->rcv_nxt;
    seg->has_ts = c->ts_on;
    sim_tcp_fill_sack(c, seg);
}

void sim_tcp_send_ack(sim_tcp *c)
{
    sim_segment seg;

    fill_segment(c, &seg);
    /* SND.NXT of the RFC: the highest number in use, also while older ones are sent again */
    seg.seq = c->max;
    send_segment(c, &seg);
}

static const uint8_t option_fast_open[] = {34, 10, 1, 2, 3, 4, 5, 6, 7, 8};
static const uint8_t option_mptcp[] = {30, 4, 0x01, 0x81};

void sim_tcp_send_syn(sim_tcp *c)
{
    const sim_tcp_config *cfg = &c->cfg;
    bool passive = c->state == SIM_SYN_RECEIVED;
    uint8_t data[32];
    sim_segment seg;

    memset(&seg, 0, sizeof(seg));
    seg.flags = SIM_SYN;
    seg.seq = c->iss;
    seg.window = (uint16_t)(cfg->receive_buffer > 65535 ? 65535 : cfg->receive_buffer);
    seg.has_mss = true;
    seg.mss = cfg->mss;
    seg.has_wscale = passive ? c->wscale_on : cfg->wscale;
    seg.wscale = cfg->shift;
    seg.has_sack_permitted = passive ? c->sack_on : cfg->sack;
    seg.has_ts = passive ? c->ts_on : cfg->timestamps;
    if (passive) {
        seg.flags |= SIM_ACK;
        seg.ack = c->rcv_nxt;
        seg.flags |= c->ecn_on ? SIM_ECE : 0;
    } else if (cfg->ecn) {
        seg.flags |= SIM_ECE | SIM_CWR;
    }
    if (!passive && cfg->mptcp) {
        seg.extra = option_mptcp;
        seg.n_extra = sizeof(option_mptcp);
    } else if (!passive && cfg->fast_open) {
        seg.extra = option_fast_open;
        seg.n_extra = sizeof(option_fast_open);
        seg.n_payload = sizeof(data);
        seg.payload = data;
        for (uint32_t i = 0; i < sizeof(data); i++)
            data[i] = sim_pattern(c->tx_key, i);
    }
    if (c->max != c->iss)
        sim_tcp_count(c, SIM_C_RETRANSMISSION, "SYN");
    c->nxt = c->max = c->iss + 1;
    send_segment(c, &seg);
    sim_tcp_arm(c);
}

uint32_t sim_tcp_end_of_data(const sim_tcp *c)
{
    return c->iss + 1 + (uint32_t)c->written;
}

/* Payload that fits: the MSS counts without options (RFC 6691). */
uint32_t sim_tcp_segment_room(const sim_tcp *c)
{
    uint32_t options = c->ts_on ? 12 : 0;
    unsigned blocks = (c->n_held > 3 ? 3 : c->n_held) + c->have_dsack;

    if (c->sack_on && blocks > 0)
        options += 4 + 8 * (blocks > 3 ? 3 : blocks);
    return c->tx_mss > options + 8 ? c->tx_mss - options : 8;
}

/* A segment with `n` sequence numbers from `seq`, the FIN among them if that is
 * what comes there. */
void sim_tcp_send_data(sim_tcp *c, uint32_t seq, uint32_t n)
{
    uint32_t end = sim_tcp_end_of_data(c);
    uint32_t n_data = sim_before(end, seq + n) ? end - seq : n;
    uint8_t *data = sim_alloc(n_data + 1);
    sim_segment seg;

    fill_segment(c, &seg);
    seg.seq = seq;
    for (uint32_t i = 0; i < n_data; i++)
        data[i] = sim_pattern(c->tx_key, seq - c->iss - 1 + i);
    seg.payload = data;
    seg.n_payload = n_data;
    if (n_data < n)
        seg.flags |= SIM_FIN;
    if (seq + n_data == end && n_data > 0)
        seg.flags |= SIM_PSH;
    if (sim_before(seq, c->max)) {
        sim_tcp_count(c, SIM_C_RETRANSMISSION, "");
        c->timing = false; /* Karn */
    } else if (!c->timing) {
        c->timing = true;
        c->timed_seq = seq + n;
        c->timed_at = c->host->node.world->schedule.now;
    }
    if (sim_before(c->max, seq + n))
        c->max = seq + n;
    send_segment(c, &seg);
    free(data);
}

void sim_tcp_send_rst(sim_tcp *c, uint32_t seq, bool with_ack)
{
    sim_segment seg;

    memset(&seg, 0, sizeof(seg));
    seg.flags = SIM_RST;
    seg.seq = seq;
    if (with_ack) {
        seg.flags |= SIM_ACK;
        seg.ack = c->rcv_nxt;
        seg.has_ts = c->ts_on;
    }
    sim_tcp_count(c, SIM_C_RST_SENT, "");
    send_segment(c, &seg);
}

/* How many sequence numbers to send now from SND.NXT; 0 = none. */
static uint32_t next_length(const sim_tcp *c)
{
    uint32_t all = sim_tcp_end_of_data(c) - c->nxt + c->fin_queued;
    uint32_t window = c->wnd < c->cwnd ? c->wnd : c->cwnd;
    uint32_t room = sim_tcp_segment_room(c);
    uint32_t in_flight = c->nxt - c->una;
    uint32_t usable = window > in_flight ? window - in_flight : 0;
    bool idle = c->nxt == c->una;
    uint32_t n = all;

    if (sim_before(sim_tcp_end_of_data(c) + c->fin_queued, c->nxt) || all == 0)
        return 0;
    if (c->cfg.eager_fin && all == 1 && c->fin_queued && c->nxt == sim_tcp_end_of_data(c))
        return 1;
    if (n > room)
        n = room;
    if (n <= usable)
        return n == room || idle || !c->cfg.nagle || c->fin_queued || sim_before(c->nxt, c->max)
                   ? n
                   : 0;
    /* RFC 9293 3.8.6.2.1: a piece only if it is worth while or nothing else is on its way */
    if (usable > 0 && (idle || usable >= c->max_wnd / 2))
        return usable;
    return 0;
}

void sim_tcp_output(sim_tcp *c)
{
    uint32_t n;

    if (!sim_tcp_synchronised(c))
        return;
    while (c->state != SIM_TIME_WAIT && (n = next_length(c)) > 0) {
        sim_tcp_send_data(c, c->nxt, n);
        c->nxt += n;
    }
    if (c->ack_now)
        sim_tcp_send_ack(c);
    sim_tcp_arm(c);
}
