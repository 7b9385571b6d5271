/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/report.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>

void report_end(json *j)
{
    putc('\n', j->out);
    fflush(j->out);
}

void report_endpoint(json *j, const char *name, uint8_t family, const mpconn_addr *addr,
                     uint16_t number)
{
    char text[INET6_ADDRSTRLEN] = "";
    inet_ntop(family == MPCONN_FAMILY_IPV6 ? AF_INET6 : AF_INET, addr->bytes, text, sizeof(text));
    json_open(j, name, '{');
    json_text(j, "address", text);
    json_uint(j, "port", number);
    json_close(j, '}');
}

void report_pair(json *j, const char *name, uint64_t first, uint64_t second)
{
    json_open(j, name, '[');
    json_uint(j, NULL, first);
    json_uint(j, NULL, second);
    json_close(j, ']');
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

void report_engine(json *j, recorder *engine)
{
    put_engine(j, engine);
    put_reasons(j, engine);
    put_sync_reasons(j, engine);
}

void report_channel(json *j, const char *name, const channel *c)
{
    json_open(j, name, '{');
    json_uint(j, "datagrams_in", c->datagrams_in);
    json_uint(j, "datagrams_out", c->datagrams_out);
    json_uint(j, "failed_out", c->failed_out);
    json_close(j, '}');
}

void report_impaired(json *j, const char *name, const impair *im)
{
    json_open(j, name, '{');
    json_uint(j, "seen", im->seen);
    json_uint(j, "lost", im->lost);
    json_uint(j, "doubled", im->doubled);
    json_uint(j, "reordered", im->reordered);
    json_close(j, '}');
}

void report_port(json *j, port *p)
{
    const port_counters *c = port_read_counters(p);
    json_uint(j, "frames_in", c->frames_in);
    json_uint(j, "bytes_in", c->bytes_in);
    json_uint(j, "super_segments_in", c->super_segments_in);
    json_uint(j, "unusable_in", c->unusable_in);
    json_uint(j, "dropped_in", c->dropped_in);
    json_uint(j, "frames_out", c->frames_out);
    json_uint(j, "bytes_out", c->bytes_out);
    json_uint(j, "too_long_out", c->too_long_out);
    json_uint(j, "failed_out", c->failed_out);
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

void report_members(FILE *out, recorder *engine, uint32_t self)
{
    json j = { .out = out };
    mpconn_member other;

    json_open(&j, NULL, '[');
    json_open(&j, NULL, '{');
    json_uint(&j, "id", self);
    json_bool(&j, "self", true);
    json_close(&j, '}');
    MPCONN_STRUCT_INIT(&other);
    for (uint32_t i = 0; recorder_member(engine, i, &other) == MPCONN_OK; i++)
        put_member(&j, &other);
    json_close(&j, ']');
    report_end(&j);
}
