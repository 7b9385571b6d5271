/* SPDX-License-Identifier: BSD-2-Clause */
#include "member/report.h"

#include "host/json.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>

static void put_endpoint(json *j, const char *name, uint8_t family, const mpconn_addr *addr,
                         uint16_t number)
{
    char text[INET6_ADDRSTRLEN] = "";
    inet_ntop(family == MPCONN_FAMILY_IPV6 ? AF_INET6 : AF_INET, addr->bytes, text, sizeof(text));
    json_open(j, name, '{');
    json_text(j, "address", text);
    json_uint(j, "port", number);
    json_close(j, '}');
}

static void put_tuple(json *j, const mpconn_tuple *t)
{
    put_endpoint(j, "client", t->family, &t->client, t->client_port);
    put_endpoint(j, "server", t->family, &t->server, t->server_port);
    json_uint(j, "zone", t->zone);
}

/* Two values by mpconn_side: what concerns the client's numbers first. */
static void put_pair(json *j, const char *name, uint64_t client, uint64_t server)
{
    json_open(j, name, '[');
    json_uint(j, NULL, client);
    json_uint(j, NULL, server);
    json_close(j, ']');
}

static void put_delta(json *j, const mpconn_delta *d)
{
    json_open(j, "delta", '{');
    json_uint(j, "client_isn", d->client_isn);
    json_uint(j, "generation", d->generation);
    put_pair(j, "seq", d->seq[0], d->seq[1]);
    put_pair(j, "ts", d->ts[0], d->ts[1]);
    put_pair(j, "wscale_in", d->wscale_in[0], d->wscale_in[1]);
    put_pair(j, "wscale_out", d->wscale_out[0], d->wscale_out[1]);
    json_close(j, '}');
}

static void put_leg(json *j, const char *name, const mpconn_leg *leg)
{
    json_open(j, name, '{');
    put_pair(j, "isn", leg->client_isn, leg->server_isn);
    put_pair(j, "mss", leg->client_mss, leg->server_mss);
    put_pair(j, "wscale", leg->client_wscale, leg->server_wscale);
    json_uint(j, "server_ts", leg->server_ts);
    json_bool(j, "sack", leg->flags & MPCONN_LEG_F_SACK);
    json_bool(j, "timestamps", leg->flags & MPCONN_LEG_F_TIMESTAMPS);
    json_bool(j, "ecn", leg->flags & MPCONN_LEG_F_ECN);
    json_close(j, '}');
}

/* One line is one document, and is there at once. */
static void end_document(json *j)
{
    putc('\n', j->out);
    fflush(j->out);
}

static void put_engine(json *j, recorder *engine)
{
    mpconn_stats s;
    MPCONN_STRUCT_INIT(&s);
    recorder_stats(engine, &s);
    json_open(j, "engine", '{');
    json_uint(j, "packets_in", s.packets_in);
    json_uint(j, "packets_forwarded", s.packets_forwarded);
    json_uint(j, "packets_dropped", s.packets_dropped);
    json_uint(j, "packets_held", s.packets_held);
    json_uint(j, "packets_consumed", s.packets_consumed);
    json_uint(j, "packets_made", s.packets_made);
    json_uint(j, "flows_settled", s.flows_settled);
    json_uint(j, "flows_ended", s.flows_ended);
    json_uint(j, "flows", s.flows);
    json_uint(j, "wide_flows", s.wide_flows);
    json_uint(j, "bindings", s.bindings);
    json_uint(j, "handshakes", s.handshakes);
    json_uint(j, "unproved", s.unproved);
    json_uint(j, "held_packets", s.held_packets);
    json_uint(j, "held_bytes", s.held_bytes);
    json_uint(j, "memory_bytes", s.memory_bytes);
    json_uint(j, "frames_in", s.frames_in);
    json_uint(j, "frames_out", s.frames_out);
    json_uint(j, "sync_bytes_in", s.sync_bytes_in);
    json_uint(j, "sync_bytes_out", s.sync_bytes_out);
    json_uint(j, "records_in", s.records_in);
    json_uint(j, "records_out", s.records_out);
    json_uint(j, "flows_never_told", s.flows_never_told);
    json_close(j, '}');
}

static void put_reasons(json *j, recorder *engine)
{
    json_open(j, "reasons", '{');
    for (unsigned r = 0; r < MPCONN_REASON_LIMIT; r++) {
        const char *name = mpconn_reason_name(r);
        if (name)
            json_uint(j, name, recorder_count(engine, r));
    }
    json_close(j, '}');
}

static void put_sync_reasons(json *j, recorder *engine)
{
    json_open(j, "sync", '{');
    for (unsigned r = 0; r < MPCONN_SYNC_LIMIT; r++) {
        const char *name = mpconn_sync_reason_name(r);
        if (name)
            json_uint(j, name, recorder_sync_count(engine, r));
    }
    json_close(j, '}');
}

static void put_channel(json *j, const char *name, const channel *c)
{
    json_open(j, name, '{');
    json_uint(j, "datagrams_in", c->datagrams_in);
    json_uint(j, "datagrams_out", c->datagrams_out);
    json_uint(j, "failed_out", c->failed_out);
    json_close(j, '}');
}

static void put_impaired(json *j, const char *name, const impair *im)
{
    json_open(j, name, '{');
    json_uint(j, "seen", im->seen);
    json_uint(j, "lost", im->lost);
    json_uint(j, "doubled", im->doubled);
    json_uint(j, "reordered", im->reordered);
    json_close(j, '}');
}

static void put_port(json *j, port *p)
{
    const port_counters *c = port_read_counters(p);
    json_open(j, NULL, '{');
    json_text(j, "name", p->name);
    json_text(j, "side", p->side == MPCONN_SIDE_CLIENT ? "client" : "server");
    json_uint(j, "frames_in", c->frames_in);
    json_uint(j, "bytes_in", c->bytes_in);
    json_uint(j, "super_segments_in", c->super_segments_in);
    json_uint(j, "unusable_in", c->unusable_in);
    json_uint(j, "dropped_in", c->dropped_in);
    json_uint(j, "frames_out", c->frames_out);
    json_uint(j, "bytes_out", c->bytes_out);
    json_uint(j, "too_long_out", c->too_long_out);
    json_uint(j, "failed_out", c->failed_out);
    json_close(j, '}');
}

void report_stats(FILE *out, member *m)
{
    json j = { .out = out };

    json_open(&j, NULL, '{');
    json_uint(&j, "member", m->options.id);
    put_engine(&j, &m->engine);
    put_reasons(&j, &m->engine);
    put_sync_reasons(&j, &m->engine);
    json_open(&j, "host", '{');
    json_uint(&j, "bridged", m->bridged);
    json_uint(&j, "no_way", m->no_way);
    json_uint(&j, "lost", m->lost);
    put_impaired(&j, "impaired", &m->impair);
    put_impaired(&j, "sync_impaired", &m->sync.impair);
    put_channel(&j, "point", &m->sync.point);
    put_channel(&j, "group", &m->sync.group);
    json_open(&j, "ports", '[');
    for (size_t i = 0; i < m->n_ports; i++)
        put_port(&j, &m->ports[i]);
    json_close(&j, ']');
    json_close(&j, '}');
    json_close(&j, '}');
    end_document(&j);
}

static void put_flow(json *j, const mpconn_flow *f)
{
    const char *state = mpconn_flow_state_name(f->state);
    json_open(j, NULL, '{');
    json_uint(j, "id", f->id);
    put_tuple(j, &f->tuple);
    json_text(j, "state", state ? state : "");
    json_bool(j, "split", f->flags & MPCONN_FLOW_F_SPLIT);
    json_bool(j, "reverse", f->flags & MPCONN_FLOW_F_REVERSE);
    json_uint(j, "idle_ms", f->idle_ns / MPCONN_MILLISECOND);
    put_delta(j, &f->delta);
    put_pair(j, "next_seq", f->next_seq[0], f->next_seq[1]);
    put_pair(j, "link", f->link[0], f->link[1]);
    json_close(j, '}');
}

void report_flows(FILE *out, member *m)
{
    json j = { .out = out };
    mpconn_flow_cursor cursor = { 0 };
    mpconn_flow flow;

    json_open(&j, NULL, '[');
    MPCONN_STRUCT_INIT(&flow);
    while (recorder_flow_next(&m->engine, &cursor, &flow) == MPCONN_OK)
        put_flow(&j, &flow);
    json_close(&j, ']');
    end_document(&j);
}

static void put_member(json *j, const mpconn_member *other)
{
    char boot[24];

    snprintf(boot, sizeof(boot), "%016" PRIx64, other->boot);
    json_open(j, NULL, '{');
    json_uint(j, "id", other->id);
    json_bool(j, "self", false);
    json_bool(j, "up", other->up);
    json_text(j, "boot", boot); /* more than a JSON number may hold */
    json_uint(j, "silent_ms", other->silent_ns / MPCONN_MILLISECOND);
    json_close(j, '}');
}

void report_members(FILE *out, member *m)
{
    json j = { .out = out };
    mpconn_member other;

    json_open(&j, NULL, '[');
    json_open(&j, NULL, '{');
    json_uint(&j, "id", m->options.id);
    json_bool(&j, "self", true);
    json_close(&j, '}');
    MPCONN_STRUCT_INIT(&other);
    for (uint32_t i = 0; recorder_member(&m->engine, i, &other) == MPCONN_OK; i++)
        put_member(&j, &other);
    json_close(&j, ']');
    end_document(&j);
}

void report_event(FILE *out, const mpconn_event *event, mpconn_time now)
{
    static const char *const types[] = { [MPCONN_EVENT_SETTLED] = "settled",
                                         [MPCONN_EVENT_REFUSED] = "refused",
                                         [MPCONN_EVENT_ENDED] = "ended",
                                         [MPCONN_EVENT_MEMBER_UP] = "member up",
                                         [MPCONN_EVENT_MEMBER_DOWN] = "member down",
                                         [MPCONN_EVENT_MEMBER_CONFLICT] = "member conflict",
                                         [MPCONN_EVENT_MEMBER_DIFFERS] = "member differs" };
    const char *reason = mpconn_reason_name(event->reason);
    json j = { .out = out };

    json_open(&j, NULL, '{');
    json_uint(&j, "at_ns", now);
    if (event->type < sizeof(types) / sizeof(types[0]) && types[event->type])
        json_text(&j, "event", types[event->type]);
    if (event->type >= MPCONN_EVENT_MEMBER_UP) {
        json_uint(&j, "member", event->member);
    } else {
        json_text(&j, "reason", reason ? reason : "");
        json_uint(&j, "flow", event->flow);
        put_tuple(&j, &event->tuple);
    }
    if (event->client)
        put_leg(&j, "client_leg", event->client);
    if (event->server)
        put_leg(&j, "server_leg", event->server);
    if (event->delta)
        put_delta(&j, event->delta);
    json_close(&j, '}');
    end_document(&j);
}
