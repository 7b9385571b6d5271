/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/trace_entry.h"

#include <string.h>

#define NAME_OF(number, name, text) [number] = #name,
#define TEXT_OF(number, name, text) [number] = text,

const char *trace_type_name(unsigned type)
{
    static const char *const names[TRACE_RETURN] = {
        TRACE_CALLS(NAME_OF) TRACE_QUERIES(NAME_OF) TRACE_HOOKS(NAME_OF) [TRACE_END] = "END"
    };
    if (type < TRACE_RETURN)
        return names[type];
    return type - TRACE_RETURN < TRACE_STATS ? names[type - TRACE_RETURN] : NULL;
}

const char *trace_type_text(unsigned type)
{
    static const char *const texts[TRACE_RETURN] = {
        TRACE_CALLS(TEXT_OF) TRACE_QUERIES(TEXT_OF) TRACE_HOOKS(TEXT_OF) [TRACE_END] = "end"
    };
    return type < TRACE_RETURN ? texts[type] : NULL;
}

/* What numbers mean */

static const char *verdict_name(unsigned verdict)
{
    static const char *const names[] = { [MPCONN_VERDICT_DROP] = "DROP",
                                         [MPCONN_VERDICT_FORWARD] = "FORWARD",
                                         [MPCONN_VERDICT_HOLD] = "HOLD",
                                         [MPCONN_VERDICT_CONSUMED] = "CONSUMED" };
    return verdict < sizeof(names) / sizeof(names[0]) ? names[verdict] : NULL;
}

static const char *side_name(unsigned side)
{
    return side == MPCONN_SIDE_CLIENT ? "client" : side == MPCONN_SIDE_SERVER ? "server" : NULL;
}

static const char *event_name(unsigned type)
{
    static const char *const names[] = { [MPCONN_EVENT_SETTLED] = "SETTLED",
                                         [MPCONN_EVENT_REFUSED] = "REFUSED",
                                         [MPCONN_EVENT_ENDED] = "ENDED",
                                         [MPCONN_EVENT_MEMBER_UP] = "MEMBER_UP",
                                         [MPCONN_EVENT_MEMBER_DOWN] = "MEMBER_DOWN",
                                         [MPCONN_EVENT_MEMBER_CONFLICT] = "MEMBER_CONFLICT",
                                         [MPCONN_EVENT_MEMBER_DIFFERS] = "MEMBER_DIFFERS" };
    return type < sizeof(names) / sizeof(names[0]) ? names[type] : NULL;
}

static const char *status_text(unsigned rc)
{
    return mpconn_strerror((int)rc);
}

static void walk_reason(trace_walk *w, uint16_t *reason)
{
    *reason = (uint16_t)trace_number(w, "reason", 2, *reason, mpconn_reason_name);
}

static void walk_side(trace_walk *w, uint8_t *side)
{
    *side = (uint8_t)trace_number(w, "side", 1, *side, side_name);
}

/* Two's complement */
static int from_u32(uint32_t v)
{
    return v <= INT32_MAX ? (int)v : -(int)(UINT32_MAX - v) - 1;
}

static void walk_signed(trace_walk *w, const char *name, int *value, trace_namer *namer)
{
    w->is_signed = true;
    *value = from_u32((uint32_t)trace_number(w, name, 4, (uint32_t)*value, namer));
    w->is_signed = false;
}

void trace_status(trace_walk *w, int *rc)
{
    walk_signed(w, "status", rc, status_text);
}

void trace_answer(trace_walk *w, int *answer)
{
    walk_signed(w, "answer", answer, NULL);
}

/* Parts */

static void walk_tuple(trace_walk *w, const char *group, mpconn_tuple *t)
{
    const char *outer = w->group;

    if (group)
        w->group = group;
    trace_raw(w, "client", t->client.bytes, sizeof(t->client.bytes));
    trace_raw(w, "server", t->server.bytes, sizeof(t->server.bytes));
    trace_u16(w, "client_port", &t->client_port);
    trace_u16(w, "server_port", &t->server_port);
    trace_u16(w, "zone", &t->zone);
    trace_u8(w, "family", &t->family);
    trace_u8(w, "reserved", &t->reserved);
    w->group = outer;
}

static void walk_leg(trace_walk *w, const char *group, mpconn_leg *l)
{
    w->group = group;
    walk_tuple(w, NULL, &l->tuple);
    trace_u32(w, "client_isn", &l->client_isn);
    trace_u32(w, "server_isn", &l->server_isn);
    trace_u32(w, "client_ts", &l->client_ts);
    trace_u32(w, "server_ts", &l->server_ts);
    trace_u16(w, "client_mss", &l->client_mss);
    trace_u16(w, "server_mss", &l->server_mss);
    trace_u8(w, "client_wscale", &l->client_wscale);
    trace_u8(w, "server_wscale", &l->server_wscale);
    trace_u8(w, "flags", &l->flags);
    trace_raw(w, "reserved", l->reserved, sizeof(l->reserved));
    w->group = NULL;
}

static void walk_delta(trace_walk *w, mpconn_delta *d)
{
    w->group = "delta";
    trace_u32(w, "client_isn", &d->client_isn);
    trace_u16(w, "generation", &d->generation);
    trace_u8(w, "known", &d->known);
    trace_u8(w, "flags", &d->flags);
    for (unsigned i = 0; i < 2; i++) {
        trace_u32(w, i ? "seq server" : "seq client", &d->seq[i]);
        trace_u32(w, i ? "ts server" : "ts client", &d->ts[i]);
        trace_u8(w, i ? "wscale_in server" : "wscale_in client", &d->wscale_in[i]);
        trace_u8(w, i ? "wscale_out server" : "wscale_out client", &d->wscale_out[i]);
    }
    trace_raw(w, "reserved", d->reserved, sizeof(d->reserved));
    walk_tuple(w, "delta client leg", &d->tuple[0]);
    walk_tuple(w, "delta server leg", &d->tuple[1]);
    w->group = NULL;
}

/* Arguments */

void trace_walk_key(trace_walk *w, trace_key *k)
{
    const uint8_t *bytes = k->bytes;
    uint32_t n = k->given == TRACE_GIVEN && k->len <= TRACE_KEY_MAX ? k->len : 0;

    trace_u8(w, "key given", &k->given);
    trace_u32(w, "key_len", &k->len);
    trace_secret(w, "key", &bytes, &n);
    if (!w->out) {
        w->broken = w->broken || n > TRACE_KEY_MAX;
        memset(k->bytes, 0, sizeof(k->bytes));
        memcpy(k->bytes, bytes ? bytes : k->bytes, n <= TRACE_KEY_MAX ? n : 0);
    }
}

void trace_walk_timeouts(trace_walk *w, trace_timeouts *t)
{
    mpconn_timeouts *v = &t->value;

    trace_u8(w, "timeouts given", &t->given);
    if (t->given != TRACE_GIVEN)
        return;
    trace_u64(w, "established_ns", &v->established_ns);
    trace_u64(w, "transitory_ns", &v->transitory_ns);
    trace_u64(w, "closed_ns", &v->closed_ns);
    trace_u64(w, "reset_ns", &v->reset_ns);
    trace_u64(w, "syn_rto_ns", &v->syn_rto_ns);
    trace_u32(w, "syn_tries", &v->syn_tries);
    trace_u32(w, "syn_ack_repeats", &v->syn_ack_repeats);
    trace_u64(w, "hold_ns", &v->hold_ns);
    trace_u64(w, "epoch_ns", &v->epoch_ns);
    trace_u64(w, "hello_ns", &v->hello_ns);
    trace_u64(w, "member_down_ns", &v->member_down_ns);
    trace_u64(w, "defer_ns", &v->defer_ns);
}

static void walk_members(trace_walk *w, trace_new *t)
{
    uint32_t n = t->members_given && t->value.n_members <= TRACE_MEMBERS_MAX ? t->value.n_members
                                                                              : 0;

    trace_u8(w, "members given", &t->members_given);
    trace_u32(w, "n_members", &t->value.n_members);
    trace_u32(w, "ids", &n);
    w->broken = w->broken || n > TRACE_MEMBERS_MAX;
    for (uint32_t i = 0; i < n && !w->broken; i++)
        trace_u16(w, "member", &t->members[i]);
}

static void walk_config(trace_walk *w, trace_new *t)
{
    mpconn_engine_config *c = &t->value;

    trace_u8(w, "half an allocator", &t->half_allocator);
    trace_walk_key(w, &t->key);
    trace_walk_timeouts(w, &t->timeouts);
    trace_u32(w, "max_flows", &c->max_flows);
    trace_u32(w, "max_wide_flows", &c->max_wide_flows);
    trace_u32(w, "max_handshakes", &c->max_handshakes);
    trace_u32(w, "max_held_packets", &c->max_held_packets);
    trace_u64(w, "max_held_bytes", &c->max_held_bytes);
    trace_u32(w, "member_id", &c->member_id);
    trace_u32(w, "flags", &c->flags);
    trace_u32(w, "split_mode", &c->split_mode);
    trace_u32(w, "unknown_policy", &c->unknown_policy);
    trace_u32(w, "adaptive_threshold", &c->adaptive_threshold);
    trace_u16(w, "mss_ipv4", &c->mss_ipv4);
    trace_u16(w, "mss_ipv6", &c->mss_ipv6);
    trace_u8(w, "wscale", &c->wscale);
    trace_u8(w, "hop_limit", &c->hop_limit);
    trace_u16(w, "client_window", &c->client_window);
    trace_raw(w, "reserved", c->reserved, sizeof(c->reserved));
    walk_members(w, t);
    trace_u32(w, "sync_mtu", &c->sync_mtu);
    trace_u32(w, "announce", &c->announce);
    trace_u32(w, "max_bindings", &c->max_bindings);
    trace_u32(w, "max_sessions", &c->max_sessions);
    trace_u32(w, "max_candidates", &c->max_candidates);
    trace_u32(w, "return_path", &c->return_path);
    trace_u32(w, "echo_rate", &c->echo_rate);
    trace_u32(w, "echo_rate_server", &c->echo_rate_server);
    trace_u32(w, "max_return_paths", &c->max_return_paths);
}

void trace_walk_new(trace_walk *w, trace_new *t)
{
    trace_u64(w, "now", &t->now);
    trace_u8(w, "callbacks given", &t->callbacks);
    if (t->callbacks == TRACE_GIVEN)
        trace_u16(w, "hooks", &t->hooks);
    trace_u8(w, "config given", &t->config);
    if (t->config == TRACE_GIVEN)
        walk_config(w, t);
}

static void walk_ext(trace_walk *w, uint8_t *given, mpconn_pkt_ext *x)
{
    trace_u8(w, "ext given", given);
    if (*given != TRACE_GIVEN)
        return;
    trace_u32(w, "total_len", &x->total_len);
    trace_u32(w, "l4_offset", &x->l4_offset);
    trace_u16(w, "gso_size", &x->gso_size);
    trace_u8(w, "gso_type", &x->gso_type);
    trace_raw(w, "reserved", x->reserved, sizeof(x->reserved));
}

void trace_walk_packet(trace_walk *w, trace_packet *p)
{
    mpconn_pkt *pkt = &p->pkt;

    trace_u8(w, "given", &p->given);
    if (p->given != TRACE_GIVEN)
        return;
    trace_u64(w, "flow", &pkt->flow);
    walk_side(w, &pkt->side);
    trace_u32(w, "link", &pkt->link);
    trace_u32(w, "zone", &pkt->zone);
    trace_u32(w, "mark", &pkt->mark);
    trace_u32(w, "flags", &pkt->flags);
    trace_u32(w, "len", &pkt->len);
    trace_u32(w, "cap", &pkt->cap);
    trace_u32(w, "headroom", &pkt->headroom);
    walk_ext(w, &p->ext_given, &p->ext);
    trace_u8(w, "data given", &p->data_given);
    trace_bytes(w, "bytes", &p->bytes, &p->n_bytes);
}

void trace_walk_filter(trace_walk *w, trace_filter *f)
{
    mpconn_flow_filter *v = &f->value;

    trace_u8(w, "filter given", &f->given);
    if (f->given != TRACE_GIVEN)
        return;
    trace_u64(w, "id", &v->id);
    trace_raw(w, "client", v->client.bytes, sizeof(v->client.bytes));
    trace_raw(w, "server", v->server.bytes, sizeof(v->server.bytes));
    trace_u8(w, "client_prefix", &v->client_prefix);
    trace_u8(w, "server_prefix", &v->server_prefix);
    trace_u8(w, "family", &v->family);
    trace_u8(w, "match_zone", &v->match_zone);
    trace_u16(w, "client_port", &v->client_port);
    trace_u16(w, "server_port", &v->server_port);
    trace_u16(w, "zone", &v->zone);
    trace_u16(w, "reserved", &v->reserved);
    trace_u32(w, "flags", &v->flags);
}

/* Results */

void trace_walk_result(trace_walk *w, trace_result *r)
{
    mpconn_pkt *pkt = &r->pkt;

    pkt->verdict = (uint8_t)trace_number(w, "verdict", 1, pkt->verdict, verdict_name);
    walk_reason(w, &pkt->reason);
    trace_u64(w, "flow", &pkt->flow);
    walk_side(w, &pkt->side);
    trace_u32(w, "link", &pkt->link);
    trace_u32(w, "mark", &pkt->mark);
    trace_u32(w, "flags", &pkt->flags);
    trace_u32(w, "len", &pkt->len);
    trace_u32(w, "moved", &r->moved);
    walk_ext(w, &r->ext_given, &r->ext);
    trace_u32(w, "changed from", &r->changed_at);
    trace_bytes(w, "changed", &r->changed, &r->n_changed);
}

void trace_walk_stats(trace_walk *w, mpconn_stats *s)
{
    trace_u64(w, "packets_in", &s->packets_in);
    trace_u64(w, "packets_forwarded", &s->packets_forwarded);
    trace_u64(w, "packets_dropped", &s->packets_dropped);
    trace_u64(w, "packets_held", &s->packets_held);
    trace_u64(w, "packets_consumed", &s->packets_consumed);
    trace_u64(w, "packets_made", &s->packets_made);
    trace_u64(w, "flows_settled", &s->flows_settled);
    trace_u64(w, "flows_ended", &s->flows_ended);
    trace_u32(w, "flows", &s->flows);
    trace_u32(w, "wide_flows", &s->wide_flows);
    trace_u32(w, "handshakes", &s->handshakes);
    trace_u32(w, "unproved", &s->unproved);
    trace_u32(w, "held_packets", &s->held_packets);
    trace_u32(w, "bindings", &s->bindings);
    trace_u64(w, "held_bytes", &s->held_bytes);
    trace_u64(w, "frames_in", &s->frames_in);
    trace_u64(w, "frames_out", &s->frames_out);
    trace_u64(w, "sync_bytes_in", &s->sync_bytes_in);
    trace_u64(w, "sync_bytes_out", &s->sync_bytes_out);
    trace_u64(w, "records_in", &s->records_in);
    trace_u64(w, "records_out", &s->records_out);
    trace_u64(w, "flows_never_told", &s->flows_never_told);
    trace_u32(w, "sessions", &s->sessions);
    trace_u32(w, "candidates", &s->candidates);
}

void trace_walk_member(trace_walk *w, mpconn_member *m)
{
    trace_u32(w, "id", &m->id);
    trace_u32(w, "up", &m->up);
    trace_u64(w, "boot", &m->boot);
    trace_u64(w, "silent_ns", &m->silent_ns);
}

void trace_walk_flow(trace_walk *w, mpconn_flow *f)
{
    trace_u64(w, "id", &f->id);
    walk_tuple(w, NULL, &f->tuple);
    trace_u64(w, "idle_ns", &f->idle_ns);
    f->state = (uint32_t)trace_number(w, "state", 4, f->state, mpconn_flow_state_name);
    trace_u32(w, "flags", &f->flags);
    for (unsigned i = 0; i < 2; i++) {
        trace_u32(w, i ? "next_seq server" : "next_seq client", &f->next_seq[i]);
        trace_u32(w, i ? "link server" : "link client", &f->link[i]);
    }
    walk_delta(w, &f->delta);
}

/* Hooks */

void trace_walk_made(trace_walk *w, mpconn_pkt *pkt, const uint8_t **bytes, uint32_t *len)
{
    walk_side(w, &pkt->side);
    trace_u32(w, "link", &pkt->link);
    walk_reason(w, &pkt->reason);
    pkt->verdict = (uint8_t)trace_number(w, "verdict", 1, pkt->verdict, verdict_name);
    trace_u64(w, "flow", &pkt->flow);
    trace_u32(w, "zone", &pkt->zone);
    trace_u32(w, "mark", &pkt->mark);
    trace_u32(w, "flags", &pkt->flags);
    trace_bytes(w, "bytes", bytes, len);
}

void trace_walk_request(trace_walk *w, mpconn_admit_request *r)
{
    walk_tuple(w, NULL, &r->tuple);
    trace_u32(w, "isn", &r->isn);
    trace_u32(w, "unproved", &r->unproved);
    walk_side(w, &r->side);
    trace_u8(w, "suggestion", &r->suggestion);
    trace_u8(w, "flags", &r->flags);
    trace_raw(w, "reserved", r->reserved, sizeof(r->reserved));
}

void trace_walk_bind(trace_walk *w, mpconn_tuple *client_leg, mpconn_tuple *server_leg)
{
    walk_tuple(w, "client leg", client_leg);
    walk_tuple(w, "server leg", server_leg);
}

void trace_walk_link_header(trace_walk *w, uint32_t *link, int *answer, uint8_t *header)
{
    trace_u32(w, "link", link);
    trace_answer(w, answer);
    trace_raw(w, "header", header, MPCONN_ECHO_LINK_HEADER_MAX);
}

void trace_walk_return_link(trace_walk *w, uint32_t *link, mpconn_return_request *r,
                            uint32_t *answer)
{
    trace_u32(w, "link", link);
    walk_tuple(w, NULL, &r->tuple);
    trace_u32(w, "isn", &r->isn);
    trace_u16(w, "origin", &r->origin);
    trace_u16(w, "origin link", &r->origin_link);
    trace_raw(w, "header", r->link_header, sizeof(r->link_header));
    trace_u8(w, "header length", &r->link_header_len);
    trace_u8(w, "kind", &r->kind);
    trace_u32(w, "answer", answer);
}

void trace_walk_event(trace_walk *w, mpconn_event *e, mpconn_leg legs[2], mpconn_delta *delta)
{
    uint8_t has = (uint8_t)((e->client ? 1 : 0) | (e->server ? 2 : 0) | (e->delta ? 4 : 0));

    e->type = (uint32_t)trace_number(w, "type", 4, e->type, event_name);
    e->reason = (uint32_t)trace_number(w, "reason", 4, e->reason, mpconn_reason_name);
    trace_u64(w, "flow", &e->flow);
    trace_u32(w, "member", &e->member);
    walk_tuple(w, NULL, &e->tuple);
    trace_u8(w, "has", &has);
    if (has & 1)
        walk_leg(w, "client leg", &legs[0]);
    if (has & 2)
        walk_leg(w, "server leg", &legs[1]);
    if (has & 4)
        walk_delta(w, delta);
}

void trace_walk_seal(trace_walk *w, trace_cipher *c, bool asked, bool answered)
{
    if (asked) {
        trace_bytes(w, "header", &c->header, &c->header_len);
        trace_bytes(w, "records", &c->before, &c->len);
    }
    if (answered) {
        trace_u32(w, "answer", &c->answer);
        trace_bytes(w, "sealed", &c->after, &c->after_len);
        trace_raw(w, "tag", c->tag, sizeof(c->tag));
    }
}

void trace_walk_open(trace_walk *w, trace_cipher *c, bool asked, bool answered)
{
    if (asked) {
        trace_bytes(w, "header", &c->header, &c->header_len);
        trace_bytes(w, "sealed", &c->before, &c->len);
        trace_raw(w, "tag", c->tag, sizeof(c->tag));
    }
    if (answered) {
        trace_u32(w, "answer", &c->answer);
        trace_bytes(w, "records", &c->after, &c->after_len);
    }
}
