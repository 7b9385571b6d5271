/* SPDX-License-Identifier: BSD-2-Clause */
/* Life of a connection: opened, finished, aborted, closed. */
#include "sim/tcp.h"

#include <stdlib.h>
#include <string.h>

#include "sim/host.h"
#include "sim/util.h"
#include "sim/world.h"

void sim_tcp_config_default(sim_tcp_config *cfg)
{
    memset(cfg, 0, sizeof(*cfg));
    cfg->sack = cfg->timestamps = cfg->wscale = true;
    cfg->shift = 7;
    cfg->mss = 1460;
    cfg->receive_buffer = 65536;
    cfg->overrun = 1;
    cfg->ttl = 64;
    cfg->syn_tries = 6;
    cfg->retries = 12;
    cfg->ts_tick = SIM_MS;
    cfg->msl = 30 * SIM_SECOND;
    cfg->rto_min = SIM_SECOND;
    cfg->rto_max = 60 * SIM_SECOND;
}

uint8_t sim_pattern(uint64_t key, uint32_t position)
{
    return (uint8_t)(sim_mix(key, position / 8) >> (position % 8 * 8));
}

const char *sim_tcp_state_name(enum sim_tcp_state state)
{
    static const char *const names[] = {
        "CLOSED",     "SYN-SENT",   "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1",
        "FIN-WAIT-2", "CLOSE-WAIT", "CLOSING",      "LAST-ACK",    "TIME-WAIT"};

    return names[state];
}

const char *sim_tcp_error_name(enum sim_tcp_error error)
{
    static const char *const names[] = {"none", "refused", "reset", "timed out", "aborted"};

    return names[error];
}

uint32_t sim_tcp_ts_now(const sim_tcp *c)
{
    return (uint32_t)(c->host->node.world->schedule.now / c->cfg.ts_tick) + c->ts_offset;
}

bool sim_tcp_synchronised(const sim_tcp *c)
{
    return c->state >= SIM_ESTABLISHED;
}

void sim_tcp_count(sim_tcp *c, enum sim_counter counter, const char *detail)
{
    c->host->counters[counter]++;
    if (sim_counter_class(counter) != SIM_INFO)
        sim_note(c->host->node.world, c->host->node.name, ":%u in %s: %s %s", c->lport,
                 sim_tcp_state_name(c->state), sim_counter_name(counter), detail);
}

void sim_tcp_set_state(sim_tcp *c, enum sim_tcp_state state)
{
    sim_listener *l = c->passive ? sim_host_listener(c->host, c->lport) : NULL;

    if (l != NULL && c->state == SIM_SYN_RECEIVED && state != SIM_SYN_RECEIVED)
        l->half_open--;
    if (l != NULL && c->state != SIM_SYN_RECEIVED && state == SIM_SYN_RECEIVED)
        l->half_open++;
    sim_note(c->host->node.world, c->host->node.name, ":%u %s -> %s", c->lport,
             sim_tcp_state_name(c->state), sim_tcp_state_name(state));
    c->state = state;
    if (c->app != NULL && !c->told)
        c->ops->entered(c->app, state);
}

/* RFC 6528: a clock of 4 us and a keyed hash of the connection. */
static uint32_t choose_isn(const sim_tcp *c, uint64_t salt)
{
    uint64_t h = sim_host_hash(c->host, &c->local, c->lport, &c->remote, c->rport);

    if (c->cfg.fixed_isn)
        return c->cfg.isn;
    return (uint32_t)sim_mix(h, salt) +
           (uint32_t)(c->host->node.world->schedule.now / (4 * SIM_US));
}

sim_tcp *sim_tcp_new(struct sim_host *host, const sim_tcp_config *cfg, const sim_addr *local,
                     uint16_t lport, const sim_addr *remote, uint16_t rport)
{
    sim_tcp *c = sim_alloc(sizeof(*c));

    c->host = host;
    c->cfg = *cfg;
    c->local = *local;
    c->remote = *remote;
    c->lport = lport;
    c->rport = rport;
    c->iss = choose_isn(c, 0);
    c->una = c->nxt = c->max = c->iss;
    /* the same for all incarnations of a connection, so that RFC 6191 can tell them apart */
    c->ts_offset = (uint32_t)sim_mix(sim_host_hash(host, local, lport, remote, rport), 1);
    c->tx_mss = 536;
    c->ssthresh = UINT32_MAX;
    c->rto = SIM_SECOND;
    c->heard = host->node.world->schedule.now;
    sim_tcp_init_timers(c);
    sim_host_insert(host, c);
    return c;
}

void sim_tcp_free(sim_tcp *c)
{
    sim_tcp_cancel_timers(c);
    free(c);
}

sim_tcp *sim_tcp_connect(struct sim_host *host, const sim_tcp_config *cfg, const sim_addr *local,
                         uint16_t lport, const sim_addr *remote, uint16_t rport,
                         uint64_t tx_key, uint64_t rx_key, const sim_tcp_ops *ops, void *app)
{
    sim_tcp *c = sim_tcp_new(host, cfg, local, lport, remote, rport);

    c->tx_key = tx_key;
    c->rx_key = rx_key;
    c->ops = ops;
    c->app = app;
    sim_tcp_set_state(c, SIM_SYN_SENT);
    sim_tcp_send_syn(c);
    return c;
}

/* What both SYNs carry is in force (RFC 7323 2.2, 3.2; RFC 2018 2; RFC 3168 6.1.1). */
static void agree_options(sim_tcp *c, const sim_segment *syn)
{
    const sim_tcp_config *cfg = &c->cfg;
    uint8_t ecn = syn->flags & (SIM_ECE | SIM_CWR);

    c->sack_on = cfg->sack && syn->has_sack_permitted;
    c->wscale_on = cfg->wscale && syn->has_wscale;
    c->ts_on = cfg->timestamps && syn->has_ts;
    c->ecn_on = cfg->ecn && ecn == ((syn->flags & SIM_ACK) == 0 ? (SIM_ECE | SIM_CWR) : SIM_ECE);
    c->tx_shift = c->wscale_on ? (syn->wscale > 14 ? 14 : syn->wscale) : 0;
    c->rx_shift = c->wscale_on ? cfg->shift : 0;
    c->tx_mss = syn->has_mss ? syn->mss : 536;
    if (c->tx_mss > cfg->mss)
        c->tx_mss = cfg->mss; /* the path is no wider than this side's link */
    if (c->tx_mss < 64)
        c->tx_mss = 64;
    c->ts_recent = syn->tsval;
    c->cwnd = 10u * c->tx_mss;
    c->wnd = c->max_wnd = syn->window;
    c->wl1 = syn->seq;
    c->wl2 = syn->ack;
}

static void check_syn_ack_options(sim_tcp *c, const sim_segment *seg)
{
    const sim_tcp_config *cfg = &c->cfg;

    if ((seg->has_sack_permitted && !cfg->sack) || (seg->has_ts && !cfg->timestamps) ||
        (seg->has_wscale && (!cfg->wscale || seg->wscale > 14)) || seg->n_sack > 0)
        sim_tcp_count(c, SIM_C_SYN_OPTIONS, "");
    if ((seg->flags & SIM_CWR) != 0 || ((seg->flags & SIM_ECE) != 0 && !cfg->ecn))
        sim_tcp_count(c, SIM_C_ECN_UNEXPECTED, "on SYN|ACK");
}

void sim_tcp_accept(sim_tcp *c, const sim_segment *syn)
{
    uint32_t now_ack = syn->seq + 1;

    if (c->state == SIM_SYN_SENT && (syn->flags & SIM_ACK) != 0)
        check_syn_ack_options(c, syn);
    agree_options(c, syn);
    c->irs = syn->seq;
    c->rcv_nxt = now_ack;
    c->last_ack_sent = now_ack;
    /* the window of a SYN is never scaled (RFC 7323 2.2) */
    c->rcv_adv = now_ack + (c->cfg.receive_buffer > 65535 ? 65535 : c->cfg.receive_buffer);
    if (c->state != SIM_CLOSED)
        return;
    if (c->cfg.cookies)
        c->iss = c->una = c->nxt = c->max = choose_isn(c, 2);
    sim_tcp_set_state(c, SIM_SYN_RECEIVED);
    sim_tcp_send_syn(c);
}

void sim_tcp_write(sim_tcp *c, uint64_t n)
{
    c->written += n;
    if (sim_tcp_synchronised(c))
        sim_tcp_output(c);
}

void sim_tcp_consume(sim_tcp *c, uint64_t n)
{
    uint32_t before = c->rcv_adv;

    c->consumed += n;
    if (!sim_tcp_synchronised(c) || c->state == SIM_CLOSED)
        return;
    if (c->in_input)
        return; /* an acknowledgment is due anyway, and will tell */
    (void)sim_tcp_window_bytes(c);
    if (sim_before(before, c->rcv_adv))
        sim_tcp_send_ack(c);
}

void sim_tcp_finish(sim_tcp *c)
{
    if (c->fin_queued || c->state == SIM_CLOSED)
        return;
    c->fin_queued = true;
    if (c->state == SIM_ESTABLISHED)
        sim_tcp_set_state(c, SIM_FIN_WAIT_1);
    else if (c->state == SIM_CLOSE_WAIT)
        sim_tcp_set_state(c, SIM_LAST_ACK);
    if (sim_tcp_synchronised(c))
        sim_tcp_output(c);
}

void sim_tcp_abort(sim_tcp *c)
{
    if (c->state == SIM_CLOSED)
        return;
    /* RFC 9293 3.10.5: states that are not synchronised yet have nothing to reset, but for
     * SYN-RECEIVED; from TIME-WAIT on there is nothing left to reset */
    if (c->state >= SIM_SYN_RECEIVED && c->state != SIM_TIME_WAIT)
        sim_tcp_send_rst(c, c->max, true);
    sim_tcp_close(c, SIM_E_ABORTED);
}

void sim_tcp_tell_closed(sim_tcp *c, enum sim_tcp_error error)
{
    if (c->app == NULL || c->told)
        return;
    c->told = true;
    c->ops->closed(c->app, error);
}

void sim_tcp_close(sim_tcp *c, enum sim_tcp_error error)
{
    if (c->state == SIM_CLOSED)
        return;
    sim_tcp_set_state(c, SIM_CLOSED);
    sim_tcp_cancel_timers(c);
    sim_host_bury(c->host, c);
    sim_tcp_tell_closed(c, error);
}
