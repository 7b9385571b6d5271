/* SPDX-License-Identifier: BSD-2-Clause */
#include "table/core.h"

static void drop_unheld(mpci_core *core, mpconn_pkt *pkt, unsigned reason)
{
    pkt->flow = 0;
    mpci_drop(core, pkt, reason);
}

/* What the host has to keep: all of the packet, though it may show us the headers only. */
static uint32_t kept_bytes(const mpconn_pkt *pkt)
{
    return (pkt->flags & MPCONN_PKT_F_HEAD_ONLY) != 0 && pkt->ext != NULL &&
                   pkt->ext->total_len > pkt->len
               ? pkt->ext->total_len
               : pkt->len;
}

uint32_t mpci_core_hold_as(mpci_core *core, uint64_t number, unsigned held_packets,
                           uint32_t room, mpconn_pkt *pkt)
{
    uint32_t bytes = kept_bytes(pkt);

    if (pkt->flow != 0) { /* submitted again: its second verdict is final */
        drop_unheld(core, pkt, MPCONN_REASON_HOLD_EXPIRED);
        return 0;
    }
    if (core->callbacks.release == NULL || held_packets >= MPCI_HOLD_PER_FLOW ||
        core->held_packets >= core->max_held_packets ||
        bytes > core->max_held_bytes - core->held_bytes || bytes > room) {
        drop_unheld(core, pkt, MPCONN_REASON_HOLD_FULL);
        return 0;
    }
    core->held_packets++;
    core->held_bytes += bytes;
    pkt->flow = number;
    mpci_verdict(core, pkt, MPCONN_VERDICT_HOLD, MPCONN_REASON_HELD);
    return bytes;
}

void mpci_core_release_as(mpci_core *core, uint64_t number, unsigned held_packets,
                          uint32_t held_bytes, unsigned reason)
{
    core->held_packets -= held_packets;
    core->held_bytes -= held_bytes;
    core->counters.n[MPCONN_REASON_RELEASED] += held_packets;
    core->callbacks.release(core->user, number, reason);
}

void mpci_core_hold(mpci_core *core, mpci_handshake *h, mpconn_pkt *pkt)
{
    uint32_t bytes = mpci_core_hold_as(core, mpci_handshake_id(&core->handshakes, h),
                                       h->held_packets, UINT32_MAX - h->held_bytes, pkt);

    if (bytes == 0)
        return;
    if (h->held_packets == 0)
        mpci_handshake_set_hold(&core->handshakes, h,
                                mpci_later(core->now, core->timeouts.hold_ns));
    h->held_packets++;
    h->held_bytes += bytes;
}

void mpci_core_release(mpci_core *core, mpci_handshake *h, unsigned reason)
{
    unsigned packets = h->held_packets;
    uint32_t bytes = h->held_bytes;

    if (packets == 0)
        return;
    h->held_packets = 0;
    h->held_bytes = 0;
    h->held_ahead = 0;
    mpci_handshake_set_hold(&core->handshakes, h, MPCONN_TIME_NEVER);
    mpci_core_release_as(core, mpci_handshake_id(&core->handshakes, h), packets, bytes, reason);
}

void mpci_core_bury(mpci_core *core, uint64_t hash, uint32_t isn, unsigned kind)
{
    if (mpci_tombstones_add(&core->tombstones, hash, isn, kind))
        mpci_count(&core->counters, MPCONN_REASON_TOMBSTONE_EVICTED);
}

/* A late segment of the server bears the name of its leg. */
void mpci_core_bury_bound(mpci_core *core, uint64_t hash, mpci_binding_number n, uint32_t isn,
                          unsigned kind)
{
    mpci_core_bury(core, hash, isn, kind);
    if (n != 0)
        mpci_core_bury(core, mpci_binding_at(&core->bindings, n)->hash, isn, kind);
}

void mpci_core_unbind(mpci_core *core, mpci_binding_number n)
{
    if (mpci_binding_drop(&core->bindings, n))
        core->changes++;
}

void mpci_core_delta(const mpci_core *core, uint32_t slot, mpconn_delta *out)
{
    mpci_binding_number n = mpci_settled_binding(&core->settled, slot);

    mpci_settled_delta(mpci_settled_at(&core->settled, slot), out);
    if (n == 0)
        return;
    out->flags |= MPCONN_DELTA_F_TUPLE;
    mpci_settled_tuple(&core->settled, slot, &out->tuple[MPCONN_SIDE_CLIENT]);
    out->tuple[MPCONN_SIDE_SERVER] = mpci_binding_at(&core->bindings, n)->server_leg;
}

/* While a cookie of it may still be valid, nothing that comes late may drive it again. But by the
 * numbers of a pair that carried nothing its clients go on to call, and are joined again. */
static void bury_flow(mpci_core *core, uint32_t slot, uint64_t hash)
{
    const mpci_settled *e = mpci_settled_at(&core->settled, slot);
    uint64_t idle = (uint64_t)(mpci_tick(core->now) - e->last_seen) << 24;
    unsigned flags = mpci_settled_flags(e), kind = MPCI_TOMBSTONE_FOUND;

    if (flags & MPCI_SETTLED_KILLED)
        kind |= MPCI_TOMBSTONE_KILLED;
    if (flags & MPCI_SETTLED_SILENT)
        kind |= MPCI_TOMBSTONE_QUIET;
    if ((flags & MPCI_SETTLED_SPLIT) != 0 && !mpci_settled_is_unused(e) &&
        idle / MPCI_TOMBSTONE_AGES < core->timeouts.epoch_ns)
        mpci_core_bury_bound(core, hash, mpci_settled_binding(&core->settled, slot), e->client_isn,
                             kind);
}

void mpci_core_end_flow(mpci_core *core, uint32_t slot, unsigned reason)
{
    mpconn_event ev;
    mpconn_delta delta = {0};
    mpci_binding_number binding = mpci_settled_binding(&core->settled, slot);
    unsigned flags = mpci_settled_flags(mpci_settled_at(&core->settled, slot));
    uint64_t hash;

    MPCONN_STRUCT_INIT(&ev);
    mpci_settled_tuple(&core->settled, slot, &ev.tuple);
    hash = mpci_tuple_hash(&core->table_key, &ev.tuple);
    ev.flow = mpci_settled_id(&core->settled, slot);
    ev.reason = flags & MPCI_SETTLED_KILLED ? MPCONN_REASON_KILLED : reason;
    mpci_core_delta(core, slot, &delta);
    core->flows_never_shared += (flags & MPCI_SETTLED_SHARED) == 0;
    bury_flow(core, slot, hash);
    mpci_settled_remove(&core->settled, hash, slot);
    mpci_core_unbind(core, binding);
    core->changes++;
    core->flows_ended++;
    mpci_count(&core->counters, reason);
    if ((flags & MPCI_SETTLED_RENDEZVOUS) != 0 && core->ended != NULL)
        core->ended(core->ended_owner, ev.flow, &ev.tuple, ev.reason);
    if (core->callbacks.event == NULL)
        return;
    ev.type = MPCONN_EVENT_ENDED;
    ev.delta = &delta;
    core->callbacks.event(core->user, &ev);
}

void mpci_core_refused(mpci_core *core, const mpci_handshake *h, unsigned reason)
{
    mpconn_event ev;

    if (core->callbacks.event == NULL)
        return;
    MPCONN_STRUCT_INIT(&ev);
    ev.type = MPCONN_EVENT_REFUSED;
    ev.reason = reason;
    ev.tuple = h->tuple;
    core->callbacks.event(core->user, &ev);
}
