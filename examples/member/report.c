/* SPDX-License-Identifier: BSD-2-Clause */
#include "member/report.h"

#include "host/endpoint.h"
#include "host/report.h"

static void put_tuple(json *j, const mpconn_tuple *t)
{
    report_endpoint(j, "client", t->family, &t->client, t->client_port);
    report_endpoint(j, "server", t->family, &t->server, t->server_port);
    json_uint(j, "zone", t->zone);
}

static void put_delta(json *j, const mpconn_delta *d)
{
    json_open(j, "delta", '{');
    json_uint(j, "client_isn", d->client_isn);
    json_uint(j, "generation", d->generation);
    report_pair(j, "seq", d->seq[0], d->seq[1]);
    report_pair(j, "ts", d->ts[0], d->ts[1]);
    report_pair(j, "wscale_in", d->wscale_in[0], d->wscale_in[1]);
    report_pair(j, "wscale_out", d->wscale_out[0], d->wscale_out[1]);
    json_close(j, '}');
}

static void put_leg(json *j, const char *name, const mpconn_leg *leg)
{
    json_open(j, name, '{');
    report_pair(j, "isn", leg->client_isn, leg->server_isn);
    report_pair(j, "mss", leg->client_mss, leg->server_mss);
    report_pair(j, "wscale", leg->client_wscale, leg->server_wscale);
    json_uint(j, "server_ts", leg->server_ts);
    json_bool(j, "sack", leg->flags & MPCONN_LEG_F_SACK);
    json_bool(j, "timestamps", leg->flags & MPCONN_LEG_F_TIMESTAMPS);
    json_bool(j, "ecn", leg->flags & MPCONN_LEG_F_ECN);
    json_close(j, '}');
}

static void put_port(json *j, port *p)
{
    json_open(j, NULL, '{');
    json_text(j, "name", p->name);
    json_text(j, "side", p->side == MPCONN_SIDE_CLIENT ? "client" : "server");
    report_port(j, p);
    json_close(j, '}');
}

void report_stats(FILE *out, member *m)
{
    json j = { .out = out };

    json_open(&j, NULL, '{');
    json_uint(&j, "member", m->options.id);
    report_engine(&j, &m->run.engine);
    json_open(&j, "host", '{');
    json_uint(&j, "bridged", m->bridged);
    json_uint(&j, "no_way", m->no_way);
    json_uint(&j, "links", links_count(m->run.links));
    json_uint(&j, "lost", m->lost);
    report_impaired(&j, "impaired", &m->run.impair);
    report_impaired(&j, "sync_impaired", &m->run.sync.impair);
    report_channel(&j, "point", &m->run.sync.point);
    report_channel(&j, "group", &m->run.sync.group);
    json_open(&j, "ports", '[');
    for (size_t i = 0; i < m->run.n_ports; i++)
        put_port(&j, &m->run.ports[i]);
    json_close(&j, ']');
    json_close(&j, '}');
    json_close(&j, '}');
    report_end(&j);
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
    report_pair(j, "next_seq", f->next_seq[0], f->next_seq[1]);
    report_pair(j, "link", f->link[0], f->link[1]);
    json_close(j, '}');
}

void report_flows(FILE *out, member *m)
{
    json j = { .out = out };
    mpconn_flow_cursor cursor = { 0 };
    mpconn_flow flow;

    json_open(&j, NULL, '[');
    MPCONN_STRUCT_INIT(&flow);
    while (recorder_flow_next(&m->run.engine, &cursor, &flow) == MPCONN_OK)
        put_flow(&j, &flow);
    json_close(&j, ']');
    report_end(&j);
}

/* Networks of clients that a path is for. */
static unsigned prefix_of(uint8_t family)
{
    return family == MPCONN_FAMILY_IPV6 ? 56 : 24;
}

static void put_path(json *j, const mpconn_return_path *p)
{
    const endpoint client = { .addr = p->client, .family = p->family };
    const endpoint server = { .addr = p->server, .family = p->family };
    char text[ENDPOINT_TEXT], network[ENDPOINT_TEXT + 4];

    endpoint_text(text, &client);
    snprintf(network, sizeof(network), "%s/%u", text, prefix_of(p->family));
    json_open(j, NULL, '{');
    json_text(j, "clients", network);
    endpoint_text(text, &server);
    json_text(j, "server", text);
    json_uint(j, "zone", p->zone);
    json_uint(j, "link", p->link);
    if (p->origin != MPCONN_MEMBER_ALL) {
        json_uint(j, "origin", p->origin);
        json_uint(j, "origin_link", p->origin_link);
    }
    json_bool(j, "proved", p->flags & MPCONN_RETURN_PATH_F_PROVED);
    json_uint(j, "age_ms", p->age_ns / MPCONN_MILLISECOND);
    json_close(j, '}');
}

void report_paths(FILE *out, member *m)
{
    json j = { .out = out };
    mpconn_return_path_cursor cursor = { 0 };
    mpconn_return_path path;

    json_open(&j, NULL, '[');
    MPCONN_STRUCT_INIT(&path);
    while (mpconn_engine_return_path_next(m->run.engine.engine, &cursor, &path) == MPCONN_OK)
        put_path(&j, &path);
    json_close(&j, ']');
    report_end(&j);
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
    report_end(&j);
}
