/* SPDX-License-Identifier: BSD-2-Clause */
/* What the host of rig.c does not take on trust. */
#include "fuzz/rig.h"

#include <mpconn/flow.h>
#include <mpconn/stats.h>

#include "packet/checksum.h"
#include "packet/endpoints.h"
#include "packet/view.h"
#include "sim/segment.h"

/* Packets an engine may make at once: final ACK and window update, or a RST and a SYN. */
enum { MADE_MOST = 3, MADE_BYTES = 128 };

void rig_check_made(const mpconn_pkt *pkt)
{
    sim_segment s;

    RIG_HOLDS(pkt->side <= MPCONN_SIDE_SERVER && pkt->link <= MPCONN_LINK_MAX);
    RIG_HOLDS(pkt->len <= MADE_BYTES);
    RIG_HOLDS(sim_segment_parse(&s, pkt->data, pkt->len) == SIM_PARSE_OK);
    RIG_HOLDS(s.n_payload == 0);
}

/* An answer in the packet's own buffer goes back where the packet came from. */
static void check_answer(const mpconn_pkt *handed, const mpconn_pkt *after)
{
    sim_segment s;

    RIG_HOLDS(after->side == handed->side && after->link == handed->link);
    RIG_HOLDS(sim_segment_parse(&s, after->data, after->len) == SIM_PARSE_OK);
    RIG_HOLDS(s.n_payload == 0);
    if (after->reason == MPCONN_REASON_SYN_ANSWERED) /* with ECN it grants that, too */
        RIG_HOLDS((s.flags & ~SIM_ECE) == (SIM_SYN | SIM_ACK));
    else
        RIG_HOLDS(s.flags == (SIM_RST | SIM_ACK));
}

/* Of a part of a segment the sum says nothing, but its field follows every change. */
static uint16_t sum_of(const mpci_view *v, const mpconn_pkt *pkt)
{
    uint32_t end = v->total_len < pkt->len ? v->total_len : pkt->len;
    uint16_t sum = mpci_csum_fold(mpci_csum_add(0, v->l4, end - v->l4_offset));

    return sum == 0xffff ? 0 : sum;
}

/* A segment that was carried over: another leg, the same packet. A right checksum stays right, and
 * a wrong one wrong. */
static void check_translated(const mpci_view *in, const mpconn_pkt *handed,
                             const mpconn_pkt *after)
{
    mpconn_pkt out = *after;
    mpci_view v;

    out.side = handed->side;
    out.link = handed->link;
    mpci_view_parse(&v, &out);
    RIG_HOLDS(in->kind == MPCI_KIND_TCP && v.kind == MPCI_KIND_TCP);
    RIG_HOLDS(v.flags == in->flags && v.payload_len == in->payload_len);
    RIG_HOLDS(v.sport == in->sport && v.dport == in->dport);
    RIG_HOLDS((mpci_view_verify(in, handed) == 0) == (mpci_view_verify(&v, &out) == 0));
    RIG_HOLDS(v.first_fragment == in->first_fragment);
    RIG_HOLDS(!v.first_fragment || sum_of(in, handed) == sum_of(&v, &out));
}

/* The same of an ICMP error: only what it quotes is another. */
static void check_error(const mpci_view *in, const mpconn_pkt *handed, const mpconn_pkt *after)
{
    mpconn_pkt out = *after;
    mpci_view v;

    out.side = handed->side;
    out.link = handed->link;
    mpci_view_parse(&v, &out);
    RIG_HOLDS(in->kind == MPCI_KIND_ICMP_ERROR && v.kind == MPCI_KIND_ICMP_ERROR);
    RIG_HOLDS(memcmp(v.ip, in->ip, in->l4_offset) == 0 && memcmp(v.l4, in->l4, 2) == 0);
    RIG_HOLDS(mpci_view_icmp_is_right(in, handed) == mpci_view_icmp_is_right(&v, &out));
}

static int is_untouched(const mpconn_pkt *handed, const mpconn_pkt *after)
{
    return after->len == handed->len && memcmp(after->data, handed->data, handed->len) == 0;
}

static void check_forwarded(const mpci_view *in, const mpconn_pkt *handed,
                            const mpconn_pkt *after)
{
    RIG_HOLDS(after->len <= after->cap && after->len > 0);
    if (after->reason == MPCONN_REASON_SYN_ANSWERED || after->reason == MPCONN_REASON_ADMIT_RESET) {
        check_answer(handed, after);
        return;
    }
    RIG_HOLDS(after->side != handed->side && after->link == MPCONN_LINK_NONE);
    RIG_HOLDS(after->len == handed->len && after->flags == handed->flags);
    switch (after->reason) {
    case MPCONN_REASON_TRANSLATED:
    case MPCONN_REASON_FRAGMENT_TRANSLATED:
    case MPCONN_REASON_SYN_REPEATED:
        check_translated(in, handed, after);
        break;
    case MPCONN_REASON_ERROR_TRANSLATED:
        check_error(in, handed, after);
        break;
    default:
        RIG_HOLDS(is_untouched(handed, after));
        break;
    }
}

/* What cannot be read, or is not what its checksum says, is dropped for just that reason: it moves
 * nothing, and nobody gets an answer (E01-E10, E25, E30). */
static void check_unreadable(const mpconn_pkt *after, unsigned reason, size_t sent, size_t told)
{
    RIG_HOLDS(after->verdict == MPCONN_VERDICT_DROP && after->reason == reason);
    RIG_HOLDS(after->flow == 0);
    RIG_HOLDS(sent == 0 && told == 0);
}

void rig_check_packet(const rig_member *m, const mpconn_pkt *handed, const mpconn_pkt *after,
                      size_t sent, size_t told)
{
    mpci_view in;
    uint64_t given = handed->flow;

    mpci_view_parse(&in, handed);
    mpci_endpoints_judge(&in);
    RIG_HOLDS(mpconn_reason_name(after->reason) != NULL && after->reason != MPCONN_REASON_NONE);
    RIG_HOLDS(mpconn_engine_count(m->eng, after->reason) > 0);
    RIG_HOLDS(after->data != NULL && after->cap == handed->cap);
    RIG_HOLDS(sent <= MADE_MOST * (MADE_BYTES + 16));
    if (in.kind == MPCI_KIND_BAD)
        check_unreadable(after, in.reason, sent, told);
    switch ((enum mpconn_verdict)after->verdict) {
    case MPCONN_VERDICT_FORWARD:
        check_forwarded(&in, handed, after);
        break;
    case MPCONN_VERDICT_HOLD:
        RIG_HOLDS(given == 0 && after->flow >> 63 == 1 && is_untouched(handed, after));
        RIG_HOLDS(after->side == handed->side && after->link == handed->link);
        break;
    case MPCONN_VERDICT_DROP:
    case MPCONN_VERDICT_CONSUMED:
        RIG_HOLDS(after->flow >> 63 == 0);
        break;
    default:
        rig_fail("no such verdict", __FILE__, __LINE__);
    }
    if (in.kind == MPCI_KIND_TCP && after->reason >= MPCONN_REASON_BAD_IP_CHECKSUM &&
        after->reason <= MPCONN_REASON_BAD_TCP_CHECKSUM)
        check_unreadable(after, mpci_view_verify(&in, handed), sent, told);
}

static void check_flows(const rig_member *m, const mpconn_stats *s)
{
    mpconn_flow_cursor cursor = {0};
    mpconn_flow f;
    uint32_t n = 0;

    MPCONN_STRUCT_INIT(&f);
    while (mpconn_engine_flow_next(m->eng, &cursor, &f) == MPCONN_OK) {
        n++;
        RIG_HOLDS(f.id != 0 && f.id >> 63 == 0);
        RIG_HOLDS(mpconn_flow_state_name(f.state) != NULL);
        RIG_HOLDS(f.delta.known == MPCONN_DELTA_K_ALL && f.delta.seq[MPCONN_SIDE_CLIENT] == 0);
        RIG_HOLDS((f.flags & MPCONN_FLOW_F_SPLIT) != 0 || f.delta.seq[MPCONN_SIDE_SERVER] == 0);
    }
    RIG_HOLDS(n == s->flows + s->wide_flows);
}

static void check_held(const rig_member *m, const mpconn_stats *s)
{
    uint32_t n = 0;
    uint64_t bytes = 0;

    for (unsigned i = 0; i < m->n_held; i++) {
        if (m->held[i].released)
            continue;
        n++;
        bytes += m->held[i].pkt.len;
    }
    RIG_HOLDS(s->held_packets == n && s->held_bytes == bytes);
    RIG_HOLDS(s->held_packets <= m->rig->cfg.max_held_packets);
}

void rig_check_member(const rig_member *m)
{
    const mpconn_engine_config *cfg = &m->rig->cfg;
    mpconn_stats s;

    MPCONN_STRUCT_INIT(&s);
    RIG_HOLDS(mpconn_engine_stats(m->eng, &s) == MPCONN_OK);
    RIG_HOLDS(s.packets_in == s.packets_forwarded + s.packets_dropped + s.packets_held +
                                  s.packets_consumed);
    RIG_HOLDS(s.packets_made == m->made);
    RIG_HOLDS(mpconn_engine_count(m->eng, MPCONN_REASON_OUTPUT_FULL) == m->lost);
    RIG_HOLDS(s.flows_settled - s.flows_ended == s.flows + s.wide_flows);
    RIG_HOLDS(s.flows <= cfg->max_flows && s.wide_flows <= cfg->max_wide_flows);
    RIG_HOLDS(s.handshakes <= cfg->max_handshakes && s.unproved <= s.handshakes);
    RIG_HOLDS(mpconn_engine_count(m->eng, MPCONN_REASON_CLOCK_BACKWARDS) == 0);
    if (m->rig->cb.event != NULL)
        RIG_HOLDS(m->settled == s.flows_settled && m->ended == s.flows_ended);
    check_flows(m, &s);
    check_held(m, &s);
}

/* A batch gives bit for bit what its packets one by one would give. What the batch makes is sent
 * at its end, so packets and events are compared apart. */
void rig_check_alike(const rig *r)
{
    const rig_member *a = &r->member[0], *b = &r->member[1];

    RIG_HOLDS(a->sent.len == b->sent.len);
    RIG_HOLDS(a->sent.len == 0 || memcmp(a->sent.bytes, b->sent.bytes, a->sent.len) == 0);
    RIG_HOLDS(a->told.len == b->told.len);
    RIG_HOLDS(a->told.len == 0 || memcmp(a->told.bytes, b->told.bytes, a->told.len) == 0);
    RIG_HOLDS(mpconn_engine_next_expiry(a->eng) == mpconn_engine_next_expiry(b->eng));
    for (unsigned reason = 0; reason < MPCONN_REASON_LIMIT; reason++)
        RIG_HOLDS(mpconn_engine_count(a->eng, reason) == mpconn_engine_count(b->eng, reason));
}
