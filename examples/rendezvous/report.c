/* SPDX-License-Identifier: BSD-2-Clause */
#include "rendezvous/report.h"

#include "host/endpoint.h"

#include <ctype.h>

static const char *const names[] = { "a", "b" };

void report_done(FILE *out, const char *name)
{
    json j = { .out = out };

    json_open(&j, NULL, '{');
    json_bool(&j, "ok", true);
    if (name)
        json_text(&j, "session", name);
    json_close(&j, '}');
    report_end(&j);
}

void report_error(FILE *out, const char *wrong)
{
    json j = { .out = out };

    json_open(&j, NULL, '{');
    json_text(&j, "error", wrong);
    json_close(&j, '}');
    report_end(&j);
}

static void put_endpoint(json *j, const char *name, uint8_t family, const mpconn_addr *addr,
                         uint16_t number)
{
    const endpoint e = { *addr, number, family };
    char text[ENDPOINT_TEXT];

    endpoint_text(text, &e);
    json_text(j, name, text);
}

/* As it was written in the session. */
static void put_expect(json *j, const mpconn_termination *t)
{
    const endpoint e = { t->expect, t->expect_port, t->family };
    char text[ENDPOINT_TEXT], all[ENDPOINT_TEXT + 4];

    if (t->expect_prefix == 0)
        return;
    endpoint_text(text, &e);
    snprintf(all, sizeof(all), e.port ? "%s" : "%s/%u", text, t->expect_prefix);
    json_text(j, "expect", all);
}

static void put_counts(json *j, const mpconn_termination_stats *s)
{
    json_uint(j, "packets_in", s->packets_in);
    json_uint(j, "bytes_in", s->bytes_in);
    json_uint(j, "syns", s->syns);
    json_uint(j, "answers", s->answers);
    json_uint(j, "refused", s->refused);
    json_uint(j, "relatched", s->relatched);
}

static void put_termination(json *j, const mpconn_session *s, int side)
{
    static const char *const latches[] = { "on", "off", "relatch" };
    const mpconn_termination *t = &s->config.termination[side];

    json_open(j, names[side], '{');
    put_endpoint(j, "local", t->family, &t->local, t->local_port);
    put_expect(j, t);
    json_text(j, "latch", latches[t->latch]);
    if (s->remote_port[side])
        put_endpoint(j, "remote", t->family, &s->remote[side], s->remote_port[side]);
    json_uint(j, "candidates", s->candidates[side]);
    put_counts(j, &s->stats[side]);
    json_close(j, '}');
}

static void put_session(json *j, const mpconn_session *s)
{
    json_open(j, NULL, '{');
    json_text(j, "session", s->config.name);
    json_text(j, "state", mpconn_session_state_name(s->state));
    json_uint(j, "pairs", s->pairs);
    json_uint(j, "flow", s->flow);
    for (int side = 0; side < 2; side++)
        put_termination(j, s, side);
    json_close(j, '}');
}

void report_list(FILE *out, broker *b)
{
    json j = { .out = out };
    mpconn_session_cursor cursor = { 0 };
    mpconn_session session;

    json_open(&j, NULL, '[');
    MPCONN_STRUCT_INIT(&session);
    while (recorder_session_next(&b->run.engine, &cursor, &session) == MPCONN_OK)
        put_session(&j, &session);
    json_close(&j, ']');
    report_end(&j);
}

static void put_host(json *j, broker *b)
{
    json_open(j, "host", '{');
    json_uint(j, "by_link", b->by_link);
    json_uint(j, "by_route", b->by_route);
    json_uint(j, "by_kernel", b->by_kernel);
    json_uint(j, "no_way", b->no_way);
    json_uint(j, "too_far", b->too_far);
    report_impaired(j, "impaired", &b->run.impair);
    report_impaired(j, "sync_impaired", &b->run.sync.impair);
    report_channel(j, "point", &b->run.sync.point);
    report_channel(j, "group", &b->run.sync.group);
    json_open(j, "ports", '[');
    for (size_t i = 0; i < b->run.n_ports; i++) {
        json_open(j, NULL, '{');
        json_text(j, "name", b->run.ports[i].name);
        report_port(j, &b->run.ports[i]);
        json_close(j, '}');
    }
    json_close(j, ']');
    json_close(j, '}');
}

static uint64_t count_sessions(broker *b)
{
    mpconn_stats s;

    MPCONN_STRUCT_INIT(&s);
    (void)recorder_stats(&b->run.engine, &s);
    return s.sessions;
}

void report_stats(FILE *out, broker *b)
{
    json j = { .out = out };

    json_open(&j, NULL, '{');
    json_uint(&j, "member", b->options.id);
    json_uint(&j, "sessions", count_sessions(b));
    report_engine(&j, &b->run.engine);
    put_host(&j, b);
    json_close(&j, '}');
    report_end(&j);
}

void report_begin(FILE *out, broker *b)
{
    json j = { .out = out };

    json_open(&j, NULL, '{');
    json_text(&j, "event", "begin");
    json_uint(&j, "sessions", count_sessions(b));
    json_close(&j, '}');
    report_end(&j);
}

/* As words, which the names of the enumerators are not. */
static void put_event(json *j, unsigned type)
{
    const char *name = mpconn_session_event_name(type);
    char text[32] = "";

    for (size_t i = 0; name && name[i] && i < sizeof(text) - 1; i++)
        text[i] = (char)tolower((unsigned char)name[i]);
    json_text(j, "event", text);
}

void report_event(FILE *out, const mpconn_session_event *event, mpconn_time now)
{
    const char *reason = mpconn_reason_name(event->reason);
    json j = { .out = out };

    json_open(&j, NULL, '{');
    put_event(&j, event->type);
    json_text(&j, "session", event->name);
    if (reason && event->reason)
        json_text(&j, "reason", reason);
    if (event->termination < MPCONN_TERMINATION_NONE)
        json_text(&j, "termination", names[event->termination]);
    if (event->remote_port)
        put_endpoint(&j, "remote", event->family, &event->remote, event->remote_port);
    json_uint(&j, "flow", event->flow);
    json_uint(&j, "at_ns", now);
    for (int side = 0; side < 2; side++) {
        json_open(&j, names[side], '{');
        put_counts(&j, &event->stats[side]);
        json_close(&j, '}');
    }
    json_close(&j, '}');
    report_end(&j);
}
