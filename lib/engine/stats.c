/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/engine.h"

#include "base/abi.h"

enum { STATS_V1 = sizeof(mpconn_stats) };

static void fill_sync(mpconn_stats *s, const mpci_sync *sync)
{
    for (unsigned i = 0; i < MPCONN_SYNC_LIMIT; i++)
        s->frames_in += i < MPCONN_SYNC_BESIDE ? sync->counts[i] : 0;
    s->frames_out = sync->frames_out;
    s->sync_bytes_in = sync->bytes_in;
    s->sync_bytes_out = sync->bytes_out;
    for (unsigned i = MPCI_RECORD_HELLO + 1; i < MPCI_RECORD_LIMIT; i++) {
        s->records_in += sync->records_in[i];
        s->records_out += sync->records_out[i];
    }
}

int mpconn_engine_stats(const mpconn_engine *eng, mpconn_stats *out)
{
    mpconn_stats s;
    const mpci_core *core;

    if (eng == NULL || out == NULL)
        return MPCONN_ERR_INVAL;
    core = &eng->core;
    MPCONN_STRUCT_INIT(&s);
    s.packets_forwarded = eng->verdicts[MPCONN_VERDICT_FORWARD];
    s.packets_dropped = eng->verdicts[MPCONN_VERDICT_DROP];
    s.packets_held = eng->verdicts[MPCONN_VERDICT_HOLD];
    s.packets_consumed = eng->verdicts[MPCONN_VERDICT_CONSUMED];
    s.packets_in = s.packets_forwarded + s.packets_dropped + s.packets_held + s.packets_consumed;
    s.packets_made = core->outbox.sent;
    s.flows_settled = core->flows_settled;
    s.flows_ended = core->flows_ended;
    s.flows = core->settled.pool[0].used;
    s.wide_flows = core->settled.pool[1].used;
    s.handshakes = core->handshakes.used;
    s.unproved = eng->split.half_open;
    s.held_packets = core->held_packets;
    s.bindings = core->bindings.used;
    s.held_bytes = core->held_bytes;
    s.memory_bytes = eng->alloc.bytes;
    fill_sync(&s, &eng->sync);
    s.flows_never_told = core->flows_never_shared;
    s.sessions = eng->rendezvous.sessions.used;
    s.candidates = eng->rendezvous.sessions.used_candidates;
    return mpci_abi_export(out, &s, sizeof(s), STATS_V1);
}

uint64_t mpconn_engine_count(const mpconn_engine *eng, unsigned reason)
{
    return eng != NULL && reason < MPCONN_REASON_LIMIT ? eng->core.counters.n[reason] : 0;
}
