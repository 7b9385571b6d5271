/* SPDX-License-Identifier: BSD-2-Clause */
/* Arrival of a segment, in the order of RFC 9293 3.10.7.3 and 3.10.7.4:
 *
 *   SYN-SENT:  ACK, RST, SYN
 *   others:    timestamps (RFC 7323 5.3), sequence number, RST, SYN (RFC 5961 3 and 4), ACK
 *              (RFC 5961 5), window, data, FIN */
#include "sim/host.h"
#include "sim/tcp.h"
#include "sim/util.h"
#include "sim/world.h"

#define CHALLENGE_GAP (500 * SIM_MS)

/* An answer to what cannot be right. Answers to empty segments are throttled, or two ends that
 * disagree would never stop (RFC 5961 7). */
static void challenge(sim_tcp *c, const sim_segment *seg)
{
    sim_time now = c->host->node.world->schedule.now;

    if (sim_segment_length(seg) == 0 && c->challenged != 0 && now - c->challenged < CHALLENGE_GAP)
        return;
    c->challenged = now;
    sim_tcp_count(c, SIM_C_CHALLENGE_ACK, "");
    sim_tcp_send_ack(c);
}

/* Echoed timestamps must have been sent on this connection. */
static bool tsecr_is_ours(sim_tcp *c, const sim_segment *seg)
{
    if (!seg->has_ts || (seg->flags & SIM_ACK) == 0 || !c->ts_sent)
        return true;
    if (sim_before_eq(c->ts_first, seg->tsecr) && sim_before_eq(seg->tsecr, c->ts_last))
        return true;
    sim_tcp_count(c, SIM_C_TSECR_UNSENT, "");
    return false;
}

static void establish(sim_tcp *c)
{
    sim_listener *l = sim_host_listener(c->host, c->lport);

    sim_timer_cancel(&c->host->node.world->schedule, &c->wait);
    sim_timer_cancel(&c->host->node.world->schedule, &c->rtx);
    c->expiries = 0;
    sim_tcp_set_state(c, c->fin_queued ? SIM_FIN_WAIT_1 : SIM_ESTABLISHED);
    if (c->passive && l != NULL) {
        c->host->counters[SIM_C_ACCEPTED]++;
        c->known = l->accept(l->arg, c);
        if (!c->known)
            sim_tcp_count(c, SIM_C_NO_SESSION, "");
    }
    if (c->app != NULL)
        c->ops->established(c->app);
}

static void syn_sent_input(sim_tcp *c, const sim_segment *seg)
{
    bool ack = (seg->flags & SIM_ACK) != 0;

    if (ack && seg->ack != c->iss + 1) {
        sim_tcp_count(c, SIM_C_SYN_SENT_DROP, "wrong ack");
        if ((seg->flags & SIM_RST) == 0)
            sim_tcp_send_rst(c, seg->ack, false);
        return;
    }
    if ((seg->flags & SIM_RST) != 0) {
        if (!ack) {
            sim_tcp_count(c, SIM_C_RST_INEXACT, "without ACK");
            return;
        }
        sim_tcp_count(c, SIM_C_RST_TAKEN, "");
        sim_tcp_close(c, SIM_E_REFUSED);
        return;
    }
    if ((seg->flags & SIM_SYN) == 0) {
        sim_tcp_count(c, SIM_C_SYN_SENT_DROP, "");
        return;
    }
    if (!ack) { /* RFC 9293 3.5: both open */
        sim_tcp_accept(c, seg);
        c->known = true;
        sim_tcp_set_state(c, SIM_SYN_RECEIVED);
        sim_tcp_send_syn(c);
        return;
    }
    if (!tsecr_is_ours(c, seg))
        return;
    sim_tcp_accept(c, seg);
    c->una = seg->ack;
    c->known = true;
    c->ack_now = true;
    if (seg->n_payload > 0)
        sim_fail(c->host->node.world, "%s:%u: SYN|ACK with data", c->host->node.name, c->lport);
    establish(c);
    sim_tcp_heard(c);
    sim_tcp_output(c);
}

/* A member that puts timestamps on segments and sees one direction has no reading to echo for what
 * went through another. Zero stands for none, as stacks take it. */
static bool echo_is_missing(const sim_tcp *c, const sim_segment *seg)
{
    return c->host->node.world->cluster != NULL && seg->tsecr == 0;
}

/* RFC 7323 5.3 R1, and 3.2 for segments without. False: drop. */
static bool check_timestamps(sim_tcp *c, const sim_segment *seg)
{
    uint32_t end = seg->seq + sim_segment_length(seg);

    if ((seg->flags & SIM_RST) != 0)
        return true;
    if (seg->has_ts && !c->ts_on && (seg->flags & SIM_SYN) == 0)
        sim_tcp_count(c, SIM_C_TS_UNEXPECTED, "");
    if (!c->ts_on)
        return true;
    if (!seg->has_ts) {
        sim_tcp_count(c, SIM_C_TS_MISSING, "");
        return false;
    }
    if ((seg->flags & SIM_SYN) == 0 && !echo_is_missing(c, seg) && !tsecr_is_ours(c, seg))
        return false;
    if (!sim_before(seg->tsval, c->ts_recent))
        return true;
    sim_tcp_count(c, SIM_C_PAWS, "");
    if (seg->n_payload > 0 && sim_before(c->rcv_nxt, end))
        sim_tcp_count(c, SIM_C_PAWS_NEW_DATA, "");
    challenge(c, seg);
    return false;
}

/* RFC 9293 3.10.7.4, table of acceptable segments. A closed window still takes ACK and RST. */
static bool in_window(const sim_tcp *c, const sim_segment *seg)
{
    uint32_t len = sim_segment_length(seg);
    uint32_t last = seg->seq + (len > 0 ? len - 1 : 0);
    uint32_t window = sim_before(c->rcv_nxt, c->rcv_adv) ? c->rcv_adv - c->rcv_nxt : 0;

    if (window == 0)
        return seg->seq == c->rcv_nxt;
    return seg->seq - c->rcv_nxt < window || (len > 0 && last - c->rcv_nxt < window);
}

static void rst_input(sim_tcp *c, const sim_segment *seg, bool acceptable)
{
    if (seg->seq == c->rcv_nxt) {
        sim_tcp_count(c, SIM_C_RST_TAKEN, "");
        if (c->state == SIM_SYN_RECEIVED && c->passive)
            c->app = NULL; /* back to LISTEN, nobody is told */
        sim_tcp_close(c, c->state == SIM_TIME_WAIT ? SIM_E_NONE : SIM_E_RESET);
    } else if (acceptable) {
        sim_tcp_count(c, SIM_C_RST_INEXACT, "");
        challenge(c, seg);
    } else {
        sim_tcp_count(c, SIM_C_RST_OUTSIDE, "");
    }
}

static void syn_input(sim_tcp *c, const sim_segment *seg)
{
    bool ack = (seg->flags & SIM_ACK) != 0;

    if (c->state == SIM_SYN_RECEIVED && !ack && seg->seq == c->irs) {
        /* the client did not get our answer; a cookie server makes up a new one */
        if (c->cfg.cookies) {
            c->older_iss[c->n_older++ % SIM_COUNT(c->older_iss)] = c->iss;
            c->iss += UINT32_C(0x01000193);
            c->una = c->iss;
            c->max = c->iss;
        }
        c->ts_recent = seg->tsval;
        sim_tcp_send_syn(c);
        return;
    }
    sim_tcp_count(c, SIM_C_SYN_SYNCHRONISED, ack ? "SYN|ACK" : "SYN");
    challenge(c, seg);
}

/* The final ACK of the handshake. False: drop. */
static bool syn_received_ack(sim_tcp *c, const sim_segment *seg)
{
    unsigned n = c->n_older < SIM_COUNT(c->older_iss) ? c->n_older : SIM_COUNT(c->older_iss);

    for (unsigned i = 0; i < n; i++) {
        if (seg->ack == c->older_iss[i] + 1)
            c->iss = c->older_iss[i];
    }
    if (seg->ack != c->iss + 1) {
        sim_tcp_count(c, SIM_C_ACK_OF_OTHER_SYN, "");
        sim_tcp_send_rst(c, seg->ack, false);
        return false;
    }
    c->una = c->nxt = c->max = seg->ack;
    c->wnd = c->max_wnd = (uint32_t)seg->window << c->tx_shift;
    c->wl1 = seg->seq;
    c->wl2 = seg->ack;
    establish(c);
    return c->state != SIM_CLOSED;
}

static void take_window(sim_tcp *c, const sim_segment *seg)
{
    uint32_t window = (uint32_t)seg->window << c->tx_shift;

    if (!sim_before(c->wl1, seg->seq) &&
        (c->wl1 != seg->seq || sim_before(seg->ack, c->wl2)))
        return;
    if (sim_before(seg->ack + window, c->wl2 + c->wnd))
        c->host->counters[SIM_C_WINDOW_SHRUNK]++;
    if (c->wnd == 0 && window > 0) {
        c->expiries = 0;
        if (c->una == c->max)
            sim_timer_cancel(&c->host->node.world->schedule, &c->rtx);
    }
    c->wnd = window;
    if (c->max_wnd < window)
        c->max_wnd = window;
    c->wl1 = seg->seq;
    c->wl2 = seg->ack;
    if (c->app != NULL && !c->told)
        c->ops->allowed(c->app, seg->ack + window - c->iss - 1);
}

/* Our FIN is acknowledged. */
static void fin_acked(sim_tcp *c)
{
    switch (c->state) {
    case SIM_FIN_WAIT_1:
        sim_tcp_set_state(c, SIM_FIN_WAIT_2);
        break;
    case SIM_CLOSING:
        sim_tcp_start_time_wait(c);
        break;
    case SIM_LAST_ACK:
        sim_tcp_close(c, SIM_E_NONE);
        break;
    case SIM_CLOSED:
    case SIM_SYN_SENT:
    case SIM_SYN_RECEIVED:
    case SIM_ESTABLISHED:
    case SIM_FIN_WAIT_2:
    case SIM_CLOSE_WAIT:
    case SIM_TIME_WAIT:
        break;
    }
}

/* False: the segment is dropped. */
static bool ack_input(sim_tcp *c, const sim_segment *seg)
{
    bool same_window = (uint32_t)seg->window << c->tx_shift == c->wnd;

    if ((seg->flags & SIM_ACK) == 0)
        return false;
    if (c->state == SIM_SYN_RECEIVED && !syn_received_ack(c, seg))
        return false;
    if (sim_before(c->max, seg->ack) || sim_before(seg->ack, c->una - c->max_wnd)) {
        sim_tcp_count(c, sim_before(c->max, seg->ack) ? SIM_C_ACK_UNSENT : SIM_C_ACK_OLD, "");
        challenge(c, seg);
        return false;
    }
    sim_tcp_take_sack(c, seg);
    c->echo = c->ts_on && seg->has_ts ? seg->tsecr : 0;
    if (sim_before(c->una, seg->ack)) {
        take_window(c, seg);
        sim_tcp_acked(c, seg->ack);
        if (c->fin_queued && seg->ack == sim_tcp_end_of_data(c) + 1)
            fin_acked(c);
        if (c->app != NULL && !c->told)
            c->ops->acknowledged(c->app);
    } else if (seg->ack == c->una) {
        take_window(c, seg);
        if (c->una != c->max && sim_segment_length(seg) == 0 && same_window)
            sim_tcp_dup_ack(c);
    }
    return c->state != SIM_CLOSED;
}

static void check_habits(sim_tcp *c, const sim_segment *seg)
{
    if ((seg->flags & (SIM_ECE | SIM_CWR)) != 0 && (seg->flags & SIM_SYN) == 0)
        sim_tcp_count(c, SIM_C_ECN_UNEXPECTED, "");
    if (seg->n_payload > 0 && seg->n_payload + seg->option_bytes > c->cfg.mss)
        sim_tcp_count(c, SIM_C_MSS_EXCEEDED, "");
}

static void note_timestamp(sim_tcp *c, const sim_segment *seg)
{
    /* RFC 7323 4.3 (2) */
    if (c->ts_on && seg->has_ts && sim_before_eq(seg->seq, c->last_ack_sent) &&
        !sim_before(seg->tsval, c->ts_recent))
        c->ts_recent = seg->tsval;
}

void sim_tcp_input(sim_tcp *c, const sim_segment *seg)
{
    bool acceptable;

    c->host->counters[SIM_C_SEGMENT_IN]++;
    check_habits(c, seg);
    if (c->state == SIM_SYN_SENT) {
        syn_sent_input(c, seg);
        return;
    }
    if ((seg->flags & SIM_SYN) != 0) {
        /* RFC 5961 4: whatever its number */
        syn_input(c, seg);
        return;
    }
    if (!check_timestamps(c, seg))
        return;
    acceptable = in_window(c, seg);
    if ((seg->flags & SIM_RST) != 0) {
        rst_input(c, seg, acceptable);
        return;
    }
    if (!acceptable) {
        sim_tcp_count(c, SIM_C_OUTSIDE_WINDOW, "");
        if (sim_segment_length(seg) > 0 && sim_before(seg->seq, c->rcv_nxt))
            sim_tcp_take_data(c, seg); /* for what D-SACK reports */
        sim_tcp_heard(c);
        challenge(c, seg);
        return;
    }
    note_timestamp(c, seg);
    if (!ack_input(c, seg))
        return;
    if (c->state == SIM_TIME_WAIT && sim_segment_length(seg) > 0)
        sim_tcp_start_time_wait(c);
    c->in_input = true;
    sim_tcp_take_data(c, seg);
    c->in_input = false;
    if (c->state == SIM_CLOSED)
        return;
    sim_tcp_heard(c);
    sim_tcp_output(c);
}
