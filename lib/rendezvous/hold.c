/* SPDX-License-Identifier: BSD-2-Clause */
#include "rendezvous/hold.h"

/* The number is given back for packets of the present call, too: none of them may be held under it
 * after that. */
void mpci_hold_packet(mpci_rendezvous *rz, mpci_session *s, mpconn_pkt *pkt)
{
    uint32_t room = (uint32_t)UINT16_MAX - s->held_bytes;
    uint32_t bytes;

    if (rz->hold_expired == rz->core->now) {
        pkt->flow = 0;
        mpci_drop(rz->core, pkt, MPCONN_REASON_HOLD_EXPIRED);
        return;
    }
    bytes = mpci_core_hold_as(rz->core, s->flow, s->held_packets, room, pkt);
    if (bytes == 0)
        return;
    if (s->held_packets++ == 0)
        s->tick = (uint16_t)mpci_tick(rz->core->now);
    s->held_bytes = (uint16_t)(s->held_bytes + bytes);
}

void mpci_hold_release(mpci_rendezvous *rz, mpci_session *s, unsigned reason)
{
    unsigned packets = s->held_packets;
    uint32_t bytes = s->held_bytes;

    if (packets == 0)
        return;
    s->held_packets = 0;
    s->held_bytes = 0;
    mpci_core_release_as(rz->core, s->flow, packets, bytes, reason);
}

/* 2^16 ticks are 18 minutes: a pair is confirmed by then, or over. */
void mpci_hold_expire(mpci_rendezvous *rz, mpci_session *s)
{
    uint16_t ticks = (uint16_t)(mpci_tick(rz->core->now) - s->tick);

    if (s->held_packets == 0 || (uint64_t)ticks << 24 < rz->core->timeouts.hold_ns)
        return;
    rz->hold_expired = rz->core->now;
    mpci_hold_release(rz, s, MPCONN_REASON_HOLD_EXPIRED);
}
