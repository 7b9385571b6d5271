/* SPDX-License-Identifier: BSD-2-Clause */
/* What must hold of every call of an engine and of every packet that leaves it. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/cluster.h"
#include "sim/meeting.h"
#include "sim/util.h"
#include "sim/world.h"

uint64_t sim_digest(const uint8_t *data, size_t len)
{
    uint64_t h = len;

    for (size_t i = 0; i < len; i++)
        h = (h ^ data[i]) * UINT64_C(0x100000001b3);
    return h;
}

static void add_deed(sim_engine *e, unsigned kind, uint64_t digest, const char *format,
                     va_list ap) SIM_PRINTF(4, 0);

static void add_deed(sim_engine *e, unsigned kind, uint64_t digest, const char *format, va_list ap)
{
    sim_deed *d;

    if (e->n_deeds[kind] == e->cap_deeds[kind]) {
        e->cap_deeds[kind] = e->cap_deeds[kind] == 0 ? 16 : 2 * e->cap_deeds[kind];
        e->deeds[kind] = sim_realloc(e->deeds[kind], e->cap_deeds[kind] * sizeof(sim_deed));
    }
    d = &e->deeds[kind][e->n_deeds[kind]++];
    d->digest = digest;
    vsnprintf(d->what, sizeof(d->what), format, ap);
}

void sim_engine_made(sim_engine *e, uint64_t digest, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    add_deed(e, 0, digest, format, ap);
    va_end(ap);
}

void sim_engine_told(sim_engine *e, uint64_t digest, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    add_deed(e, 1, digest, format, ap);
    va_end(ap);
}

static void compare_deeds(sim_member *m, unsigned kind)
{
    sim_engine *a = &m->engine[0], *b = &m->engine[1];
    size_t n = a->n_deeds[kind] < b->n_deeds[kind] ? a->n_deeds[kind] : b->n_deeds[kind];

    for (size_t i = 0; i < n; i++) {
        const sim_deed *d = &a->deeds[kind][i], *s = &b->deeds[kind][i];

        if (d->digest != s->digest || strcmp(d->what, s->what) != 0) {
            sim_fail(m->node.world, "batches of %u and %u differ: \"%s\", \"%s\"", m->cfg.batch[0],
                     m->cfg.batch[1], d->what, s->what);
            break;
        }
    }
    if (a->n_deeds[kind] != b->n_deeds[kind])
        sim_fail(m->node.world, "batches of %u and %u differ: %s alone did \"%s\"",
                 m->cfg.batch[0], m->cfg.batch[1], a->n_deeds[kind] > n ? "first" : "second",
                 (a->n_deeds[kind] > n ? a : b)->deeds[kind][n].what);
    a->n_deeds[kind] = b->n_deeds[kind] = 0;
}

/* Batches only group: packets made come in the same order from both engines, and so do releases
 * and events. */
void sim_member_compare(sim_member *m)
{
    mpconn_time next[2];

    compare_deeds(m, 0);
    compare_deeds(m, 1);
    for (unsigned which = 0; which < 2; which++)
        next[which] = mpconn_engine_next_expiry(m->engine[which].eng);
    if (next[0] != next[1])
        sim_fail(m->node.world, "batches of %u and %u differ: next expiry %llu, %llu",
                 m->cfg.batch[0], m->cfg.batch[1], (unsigned long long)next[0],
                 (unsigned long long)next[1]);
}

static void check_same(sim_member *m, const sim_parcel *p)
{
    const mpconn_pkt *a = &p->pkt[0], *b = &p->pkt[1];

    if (a->verdict == b->verdict && a->reason == b->reason && a->len == b->len &&
        a->side == b->side && a->link == b->link && a->flow == b->flow && a->flags == b->flags &&
        a->mark == b->mark && memcmp(a->data, b->data, sim_bridge_compared(a)) == 0)
        return;
    sim_fail(m->node.world, "batches of %u and %u differ: verdict %u %s, verdict %u %s%s",
             m->cfg.batch[0], m->cfg.batch[1], a->verdict, mpconn_reason_name(a->reason),
             b->verdict, mpconn_reason_name(b->reason),
             a->verdict == b->verdict ? ", other bytes or metadata" : "");
}

void sim_member_check_parcel(sim_member *m, sim_parcel *p)
{
    const mpconn_pkt *pkt = &p->pkt[0];
    struct sim_world *w = m->node.world;

    if (pkt->verdict > MPCONN_VERDICT_CONSUMED || mpconn_reason_name(pkt->reason) == NULL) {
        sim_fail(w, "packet without a verdict: %u, reason %u", pkt->verdict, pkt->reason);
        return;
    }
    check_same(m, p);
    if (p->again && pkt->verdict == MPCONN_VERDICT_HOLD)
        sim_fail(w, "packet held a second time");
    if (pkt->verdict == MPCONN_VERDICT_HOLD &&
        (pkt->flow == 0 || pkt->len != p->original->len ||
         memcmp(pkt->data, p->original->data, pkt->len) != 0))
        sim_fail(w, "held packet was changed, or has no number");
    if (pkt->verdict == MPCONN_VERDICT_FORWARD && pkt->side > 1)
        sim_fail(w, "forwarded to side %u", pkt->side);
    if (pkt->mark != p->original->len)
        sim_fail(w, "mark was changed");
    if (pkt->verdict == MPCONN_VERDICT_FORWARD && p->bad && pkt->side == p->side)
        sim_fail(w, "answered a packet with a wrong checksum: %s", mpconn_reason_name(pkt->reason));
}

static unsigned count_held(const sim_member *m)
{
    unsigned n = 0;

    for (const sim_parcel *p = m->held; p != NULL; p = p->next)
        n++;
    return n;
}

static void check_stats_of(sim_member *m, const sim_engine *e)
{
    struct sim_world *w = m->node.world;
    mpconn_stats st;

    MPCONN_STRUCT_INIT(&st);
    if (recorder_stats(&e->member->recorder[e->which], &st) != MPCONN_OK) {
        sim_fail(w, "mpconn_engine_stats failed");
        return;
    }
    if (st.packets_in != st.packets_forwarded + st.packets_dropped + st.packets_held +
                             st.packets_consumed || st.packets_in != e->in)
        sim_fail(w, "statistics do not add up: %llu in, %llu handed in",
                 (unsigned long long)st.packets_in, (unsigned long long)e->in);
    if (st.packets_dropped != e->by_verdict[0] || st.packets_forwarded != e->by_verdict[1] ||
        st.packets_held != e->by_verdict[2] || st.packets_consumed != e->by_verdict[3])
        sim_fail(w, "statistics of verdicts differ from the verdicts");
    if (st.packets_made != e->made)
        sim_fail(w, "packets made: counted %llu, sent %llu", (unsigned long long)st.packets_made,
                 (unsigned long long)e->made);
    if (st.flows_settled != e->settled || st.flows_ended != e->ended ||
        st.flows_settled - st.flows_ended != (uint64_t)st.flows + st.wide_flows)
        sim_fail(w, "flows: %llu settled, %llu ended, %u + %u there",
                 (unsigned long long)st.flows_settled, (unsigned long long)st.flows_ended, st.flows,
                 st.wide_flows);
    if (st.held_packets != count_held(m))
        sim_fail(w, "held packets: engine says %u, host has %u", st.held_packets, count_held(m));
    if (st.unproved > st.handshakes || st.handshakes > m->cfg.engine.max_handshakes ||
        st.flows > m->cfg.engine.max_flows || st.wide_flows > m->cfg.engine.max_wide_flows)
        sim_fail(w, "tables hold more than they may: %u handshakes, %u flows, %u wide",
                 st.handshakes, st.flows, st.wide_flows);
}

void sim_member_check_stats(sim_member *m)
{
    for (unsigned which = 0; which < 2; which++) {
        const sim_engine *e = &m->engine[which];

        check_stats_of(m, e);
        for (unsigned r = 0; r < MPCONN_REASON_LIMIT; r++) {
            if (mpconn_engine_count(e->eng, r) < e->by_reason[r])
                sim_fail(m->node.world, "%s counted %llu times, given %llu times",
                         mpconn_reason_name(r), (unsigned long long)mpconn_engine_count(e->eng, r),
                         (unsigned long long)e->by_reason[r]);
        }
    }
}

static sim_attempt *attempt_of(sim_member *m, const sim_leg *leg)
{
    uint64_t h = sim_mix(sim_digest(leg->client.bytes, 16) ^
                             sim_digest(leg->server.bytes, 16) * 3,
                         (uint64_t)leg->cport << 16 | leg->sport);
    sim_attempt **at = &m->attempts[h % SIM_ATTEMPTS], *a;

    for (a = *at; a != NULL; a = a->next) {
        if (a->cport == leg->cport && a->sport == leg->sport &&
            sim_addr_equal(&a->client, &leg->client) && sim_addr_equal(&a->server, &leg->server))
            return a;
    }
    a = sim_alloc(sizeof(*a));
    a->client = leg->client;
    a->server = leg->server;
    a->cport = leg->cport;
    a->sport = leg->sport;
    a->next = *at;
    *at = a;
    return a;
}

void sim_member_free_attempts(sim_member *m)
{
    for (unsigned i = 0; i < SIM_ATTEMPTS; i++) {
        while (m->own_attempts[i] != NULL) {
            sim_attempt *a = m->own_attempts[i];

            m->own_attempts[i] = a->next;
            free(a);
        }
    }
}

/* What the client calls the connection of a segment that goes to a side. */
static sim_leg client_leg_of(const sim_member *m, const sim_segment *seg, unsigned to)
{
    sim_leg to_server = {seg->src, seg->dst, seg->sport, seg->dport};
    sim_leg to_client = {seg->dst, seg->src, seg->dport, seg->sport};

    if (to == SIM_CLIENT)
        return to_client;
    return m->node.world->nat ? sim_nat_client_leg(&to_server) : to_server;
}

void sim_member_note_input(sim_member *m, const sim_parcel *p)
{
    sim_segment seg;
    sim_leg leg;
    sim_attempt *a;

    if (p->again)
        return;
    if (m->cfg.bridge)
        sim_bridge_note_input(m, p->original, p->side);
    if (sim_segment_parse(&seg, p->original->data, p->original->len) != SIM_PARSE_OK)
        return;
    if (m->node.world->meeting != NULL)
        sim_meeting_note_input(m, &seg, p->side);
    if (p->side != SIM_CLIENT)
        return;
    leg = (sim_leg){seg.src, seg.dst, seg.sport, seg.dport};
    a = attempt_of(m, &leg);
    if ((seg.flags & (SIM_SYN | SIM_ACK)) == SIM_SYN) {
        a->isns += a->syns == 0 || a->isn != seg.seq;
        a->isn = seg.seq;
        a->syns++;
    } else if ((seg.flags & SIM_ACK) != 0) {
        a->proofs++;
    }
}

/* Rule R1: neither of these two before the commit, and no number but the one committed. */
static void check_confirm(sim_member *m, const sim_attempt *a, const sim_segment *seg,
                          unsigned reason)
{
    uint32_t isn = (reason == MPCONN_REASON_SERVER_ACK_SENT ? seg->seq : seg->ack) - 1;

    if (!a->commit[m->place].settled || a->commit[m->place].isn != isn)
        sim_fail(m->node.world, "%s: %s before a commit, client port %u", m->node.name,
                 mpconn_reason_name(reason), a->cport);
    else if (reason == MPCONN_REASON_SERVER_ACK_SENT ? seg->ack != a->commit[m->place].z + 1
                                                     : seg->seq != a->commit[m->place].y + 1)
        sim_fail(m->node.world, "%s: %s with a number that was not committed, client port %u",
                 m->node.name, mpconn_reason_name(reason), a->cport);
}

/* Principle 7: to an address that proved nothing, no more answers than SYNs but for a few repeats,
 * and nothing to the server on its behalf. */
void sim_member_check_output(sim_member *m, const sim_frame *f, unsigned side, unsigned reason,
                             bool made)
{
    unsigned repeats = m->cfg.timeouts.syn_ack_repeats;
    sim_segment seg;
    sim_attempt *a;
    sim_leg leg;

    if (repeats == 0)
        repeats = 3;
    else if (repeats == MPCONN_NO_REPEATS)
        repeats = 0;
    if (sim_segment_parse(&seg, f->data, f->len) != SIM_PARSE_OK) {
        sim_bridge_check_output(m, f, side, reason, made);
        return;
    }
    if (m->node.world->meeting != NULL) {
        sim_meeting_check_output(m, &seg, side, reason);
        return;
    }
    leg = client_leg_of(m, &seg, side);
    a = attempt_of(m, &leg);
    if (side == SIM_SERVER && made && a->proofs == 0)
        sim_fail(m->node.world, "sent to the server for a client that proved nothing: %s",
                 mpconn_reason_name(reason));
    if (made && (reason == MPCONN_REASON_SERVER_ACK_SENT || reason == MPCONN_REASON_WINDOW_OPENED))
        check_confirm(m, a, &seg, reason);
    if (side == SIM_SERVER || (seg.flags & (SIM_SYN | SIM_ACK)) != (SIM_SYN | SIM_ACK) ||
        (!made && reason != MPCONN_REASON_SYN_ANSWERED && reason != MPCONN_REASON_ECHO_ANSWERED))
        return;
    if (m->cluster != NULL) /* each member may repeat what it answered, in each of its lives */
        repeats *= sim_cluster_lives(m->cluster);
    if (a->answers == 0 || a->number != seg.seq)
        a->numbers++;
    a->number = seg.seq;
    if (++a->answers > a->syns + repeats * a->isns)
        sim_fail(m->node.world, "client port %u got %u answers to %u SYNs", a->cport, a->answers,
                 a->syns);
    if (seg.n_payload > 0 || seg.window != m->cfg.engine.client_window)
        sim_fail(m->node.world, "SYN|ACK to an unproved client with data or another window");
}

unsigned sim_member_numbers(const sim_member *m)
{
    unsigned most = 0;

    for (unsigned i = 0; i < SIM_ATTEMPTS; i++) {
        for (const sim_attempt *a = m->attempts[i]; a != NULL; a = a->next)
            most = a->numbers > most ? a->numbers : most;
    }
    return most;
}

void sim_member_forget_commits(sim_member *m)
{
    for (unsigned i = 0; i < SIM_ATTEMPTS; i++) {
        for (sim_attempt *a = m->attempts[i]; a != NULL; a = a->next)
            a->commit[m->place].settled = false;
    }
}

/* What was decided of one incarnation is the same at every member. */
static void note_commit(sim_member *m, const mpconn_event *ev, const sim_leg *leg)
{
    sim_attempt *a = attempt_of(m, leg);
    unsigned i = m->place;

    a->commit[i].settled = true;
    a->commit[i].isn = ev->delta->client_isn;
    a->commit[i].y = ev->client->server_isn;
    a->commit[i].z = ev->server->server_isn;
    a->commit[i].d = ev->delta->seq[MPCONN_SIDE_SERVER];
    a->commit[i].t = ev->delta->ts[MPCONN_SIDE_SERVER];
    for (unsigned o = 0; m->cluster != NULL && o < m->cluster->n; o++) {
        if (m->cluster->may_disagree || !a->commit[o].settled ||
            a->commit[o].isn != a->commit[i].isn ||
            (a->commit[o].d == a->commit[i].d && a->commit[o].t == a->commit[i].t))
            continue;
        sim_fail(m->node.world, "members settled client port %u with D %08x and %08x, T %08x, %08x",
                 a->cport, (unsigned)a->commit[i].d, (unsigned)a->commit[o].d,
                 (unsigned)a->commit[i].t, (unsigned)a->commit[o].t);
    }
}

static bool same_leg(const sim_leg *a, const sim_leg *b)
{
    return sim_addr_equal(&a->client, &b->client) && sim_addr_equal(&a->server, &b->server) &&
           a->cport == b->cport && a->sport == b->sport;
}

/* What the server leg of a split connection shows, as every member must know it. */
static sim_leg check_legs(sim_member *m, const mpconn_event *ev, const sim_leg *client_leg)
{
    sim_leg leg = *client_leg, expected = leg;
    bool split = ev->delta->seq[MPCONN_SIDE_SERVER] != 0 || ev->delta->ts[MPCONN_SIDE_SERVER] != 0;

    if (m->node.world->meeting != NULL)
        expected = sim_meeting_server_leg(m->node.world->meeting, client_leg);
    else if (m->node.world->nat && split)
        expected = sim_nat_server_leg(client_leg);
    if ((ev->delta->flags & MPCONN_DELTA_F_TUPLE) != 0)
        leg = sim_member_leg(&ev->delta->tuple[MPCONN_SIDE_SERVER]);
    if (!same_leg(&leg, &expected))
        sim_fail(m->node.world, "%s settled client port %u with another server leg, port %u",
                 m->node.name, client_leg->cport, leg.cport);
    return leg;
}

/* The difference of the legs is what the endpoints themselves believe. */
void sim_member_check_settled(sim_member *m, const mpconn_event *ev)
{
    struct sim_world *w = m->node.world;
    sim_leg client_leg = sim_member_leg(&ev->tuple), server_leg;
    sim_tcp *c, *s;
    bool copied = ev->reason == MPCONN_REASON_FLOW_COPIED;
    uint32_t d, t;

    if (ev->delta == NULL || (ev->client == NULL) != copied || (ev->server == NULL) != copied) {
        sim_fail(w, "settled event without legs or delta");
        return;
    }
    server_leg = check_legs(m, ev, &client_leg);
    c = sim_host_find(w->client, &client_leg.client, client_leg.cport, &client_leg.server,
                      client_leg.sport);
    s = sim_host_find(w->server, &server_leg.server, server_leg.sport, &server_leg.client,
                      server_leg.cport);
    d = ev->delta->seq[MPCONN_SIDE_SERVER];
    t = ev->delta->ts[MPCONN_SIDE_SERVER];
    if (copied) /* what is counted and compared is commits */
        return;
    note_commit(m, ev, &client_leg);
    if (d != 0 || t != 0)
        m->split_flows++;
    else
        m->plain_flows++;
    if (ev->delta->seq[MPCONN_SIDE_CLIENT] != 0 || ev->delta->ts[MPCONN_SIDE_CLIENT] != 0)
        sim_fail(w, "the client's own numbers were to be kept");
    if (c == NULL || s == NULL || c->state < SIM_ESTABLISHED || c->iss != ev->delta->client_isn ||
        s->irs != c->iss || s->cfg.cookies)
        return;
    if (d != s->iss - c->irs)
        sim_fail(w, "settled with D %08x, endpoints say %08x", (unsigned)d,
                 (unsigned)(s->iss - c->irs));
    if (!c->ts_on && t != 0)
        sim_fail(w, "settled with T %08x, but the client has no timestamps", (unsigned)t);
}
