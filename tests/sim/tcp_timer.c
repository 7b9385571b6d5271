/* SPDX-License-Identifier: BSD-2-Clause */
/* Timers of an endpoint: retransmission (RFC 6298), persist (RFC 9293 3.8.6.1), delayed ACK,
 * keepalive (RFC 9293 3.8.4) and TIME-WAIT. */
#include "sim/host.h"
#include "sim/tcp.h"
#include "sim/util.h"
#include "sim/world.h"

#define DELACK (40 * SIM_MS)
#define KEEPALIVE_TRIES 8

static sim_schedule *schedule_of(const sim_tcp *c)
{
    return &c->host->node.world->schedule;
}

static bool outstanding(const sim_tcp *c)
{
    return c->una != c->max;
}

/* Something to send that the window does not let through. */
static bool blocked(const sim_tcp *c)
{
    return sim_tcp_synchronised(c) && c->state != SIM_TIME_WAIT &&
           sim_before(c->una, sim_tcp_end_of_data(c) + c->fin_queued);
}

static sim_time backed_off(const sim_tcp *c)
{
    sim_time rto = c->rto;

    for (unsigned i = 0; i < c->expiries && rto < c->cfg.rto_max; i++)
        rto *= 2;
    return rto < c->cfg.rto_max ? rto : c->cfg.rto_max;
}

/* The retransmission timer runs while anything is outstanding, or while something waits for the
 * window. */
void sim_tcp_arm(sim_tcp *c)
{
    sim_schedule *s = schedule_of(c);

    if (c->state == SIM_CLOSED || c->state == SIM_TIME_WAIT)
        return;
    if (!outstanding(c) && !blocked(c)) {
        sim_timer_cancel(s, &c->rtx);
        return;
    }
    if (c->state == SIM_SYN_RECEIVED && c->cfg.cookies && c->passive) {
        /* keeps no state for its SYN|ACK; the timer only frees what stands in for the cookie */
        if (!sim_timer_is_set(&c->wait))
            sim_timer_set(s, &c->wait, s->now + 60 * SIM_SECOND);
        return;
    }
    if (!sim_timer_is_set(&c->rtx))
        sim_timer_set(s, &c->rtx, s->now + backed_off(c));
}

/* One byte beyond the window, or an old number: both draw an acknowledgment. */
static void send_probe(sim_tcp *c)
{
    sim_tcp_count(c, SIM_C_PROBE, "");
    if (c->cfg.probe_old)
        sim_tcp_send_data(c, c->una - 1, 0);
    else
        sim_tcp_send_data(c, c->una, 1);
}

static void retry_syn(sim_tcp *c)
{
    if (c->expiries >= c->cfg.syn_tries) {
        sim_tcp_close(c, SIM_E_TIMEOUT);
        return;
    }
    sim_tcp_send_syn(c);
}

static void rtx_fired(void *arg)
{
    sim_tcp *c = arg;

    c->expiries++;
    c->unheard++;
    if (c->state == SIM_SYN_SENT || c->state == SIM_SYN_RECEIVED) {
        retry_syn(c);
        return;
    }
    if (c->unheard > c->cfg.retries) {
        sim_note(c->host->node.world, c->host->node.name, ":%u gives up", c->lport);
        sim_tcp_close(c, SIM_E_TIMEOUT);
        return;
    }
    if (outstanding(c) && !(c->wnd == 0 && c->max == c->una + 1)) {
        sim_tcp_count(c, SIM_C_TIMEOUT, "");
        sim_tcp_timed_out(c);
    } else {
        send_probe(c);
    }
    sim_tcp_arm(c);
}

static void delack_fired(void *arg)
{
    sim_tcp *c = arg;

    if (c->ack_later)
        sim_tcp_send_ack(c);
}

static void set_alive(sim_tcp *c)
{
    sim_schedule *s = schedule_of(c);

    if (c->cfg.keepalive > 0)
        sim_timer_set(s, &c->alive, s->now + c->cfg.keepalive);
}

static void alive_fired(void *arg)
{
    sim_tcp *c = arg;

    if (!sim_tcp_synchronised(c) || c->state == SIM_TIME_WAIT || outstanding(c)) {
        set_alive(c);
        return;
    }
    if (c->alive_unanswered++ >= KEEPALIVE_TRIES) {
        sim_tcp_send_rst(c, c->max, true);
        sim_tcp_close(c, SIM_E_TIMEOUT);
        return;
    }
    sim_tcp_count(c, SIM_C_KEEPALIVE, "");
    sim_tcp_send_data(c, c->una - 1, c->cfg.keepalive_byte && c->una != c->iss + 1 ? 1 : 0);
    set_alive(c);
}

static void wait_fired(void *arg)
{
    sim_tcp *c = arg;

    sim_tcp_close(c, c->state == SIM_TIME_WAIT ? SIM_E_NONE : SIM_E_TIMEOUT);
}

void sim_tcp_init_timers(sim_tcp *c)
{
    sim_timer_init(&c->rtx, rtx_fired, c);
    sim_timer_init(&c->delack, delack_fired, c);
    sim_timer_init(&c->alive, alive_fired, c);
    sim_timer_init(&c->wait, wait_fired, c);
    set_alive(c);
}

void sim_tcp_cancel_timers(sim_tcp *c)
{
    sim_schedule *s = schedule_of(c);

    sim_timer_cancel(s, &c->rtx);
    sim_timer_cancel(s, &c->delack);
    sim_timer_cancel(s, &c->alive);
    sim_timer_cancel(s, &c->wait);
}

void sim_tcp_start_time_wait(sim_tcp *c)
{
    sim_schedule *s = schedule_of(c);

    if (c->state != SIM_TIME_WAIT)
        sim_tcp_set_state(c, SIM_TIME_WAIT);
    sim_timer_cancel(s, &c->rtx);
    sim_timer_cancel(s, &c->alive);
    sim_timer_set(s, &c->wait, s->now + 2 * c->cfg.msl);
    sim_tcp_tell_closed(c, SIM_E_NONE);
}

void sim_tcp_heard(sim_tcp *c)
{
    sim_schedule *s = schedule_of(c);

    c->heard = s->now;
    c->alive_unanswered = 0;
    c->unheard = 0;
    if (c->state != SIM_TIME_WAIT)
        set_alive(c);
    if (c->ack_later && !sim_timer_is_set(&c->delack))
        sim_timer_set(s, &c->delack, s->now + DELACK);
}

static void check_srtt(sim_tcp *c)
{
    if (c->cfg.srtt_most != 0 && c->srtt > c->cfg.srtt_most)
        sim_tcp_count(c, SIM_C_SRTT_TOO_LONG, "");
}

/* RFC 6298 2. */
void sim_tcp_sample(sim_tcp *c, sim_time rtt)
{
    sim_time apart = c->srtt > rtt ? c->srtt - rtt : rtt - c->srtt;

    if (c->srtt == 0) {
        c->srtt = rtt;
        c->rttvar = rtt / 2;
    } else {
        c->rttvar = (3 * c->rttvar + apart) / 4;
        c->srtt = (7 * c->srtt + rtt) / 8;
    }
    check_srtt(c);
    c->rto = c->srtt + (4 * c->rttvar > SIM_MS ? 4 * c->rttvar : SIM_MS);
    if (c->rto < c->cfg.rto_min)
        c->rto = c->cfg.rto_min;
    if (c->rto > c->cfg.rto_max)
        c->rto = c->cfg.rto_max;
}
