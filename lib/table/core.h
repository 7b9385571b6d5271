/* SPDX-License-Identifier: BSD-2-Clause */
/* What every way to arrive at a delta works with: the tables, the time of the present call, the
 * counters, the outbox, the host's hooks, and the account of held packets. */
#ifndef MPCI_TABLE_CORE_H
#define MPCI_TABLE_CORE_H

#include <mpconn/engine.h>
#include <mpconn/error.h>

#include "base/counters.h"
#include "packet/ip.h"
#include "packet/outbox.h"
#include "table/binding.h"
#include "table/fragments.h"
#include "table/handshake.h"
#include "table/settled.h"
#include "table/tombstone.h"
#include "table/untold.h"

/* Packets held for one flow at most (rule R12). */
#define MPCI_HOLD_PER_FLOW 16

typedef struct mpci_core {
    mpconn_time now;
    mpci_sipkey table_key;
    mpci_handshake_table handshakes;
    mpci_settled_table settled;
    mpci_bindings bindings;
    mpci_fragments fragments; /* of flows with bindings */
    mpci_tombstones tombstones;
    mpci_untold untold;
    mpci_counters counters;
    mpci_outbox outbox;
    mpconn_callbacks callbacks;
    void *user;
    /* Who is told that a flow with MPCI_SETTLED_RENDEZVOUS has left the table; or NULL. */
    void (*ended)(void *owner, uint64_t flow, const mpconn_tuple *key, unsigned reason);
    /* Another member has told of its life; and another member asks about it, which is told what is
     * to be told instead: 1. */
    void (*moved)(void *owner, uint32_t slot);
    int (*asked)(void *owner, uint32_t slot, uint32_t member);
    void *ended_owner; /* of all three */
    mpconn_timeouts timeouts; /* all defaults filled in */
    uint64_t changes;         /* flows or bindings that came or went: an older look-up may be
                               * wrong */
    uint64_t flows_settled, flows_ended;
    uint64_t flows_never_shared; /* of those that ended */
    uint64_t held_bytes, max_held_bytes;
    uint32_t held_packets, max_held_packets;
    uint32_t reclaim_hand[2]; /* narrow, wide lines: where the search for a flow that is over goes
                               * on */
    uint8_t hop_limit;
    uint8_t one_way;          /* a link-layer member: links lead onward only */
} mpci_core;

/* One packet (or, with pkt NULL, one timer) on its way through a machine. */
typedef struct mpci_step {
    mpconn_pkt *pkt;
    const mpci_view *view;
    const mpconn_tuple *tuple;       /* as the client leg shows it */
    const mpconn_tuple *leg;         /* as the segment shows it */
    uint64_t hash;
    const mpci_syn_options *options; /* of a SYN without ACK */
    mpci_handshake *h;               /* NULL when there is none */
    const struct mpci_cookie *proof; /* behind a PROOF event; NULL: the one in the entry */
    const struct mpci_record *record; /* of another member, when that is what happened */
    unsigned from;        /* mpconn_side */
    unsigned bad_options; /* why they cannot be read; 0 = they can */
    unsigned dead;        /* what a tombstone says, behind an event about a dead number */
    unsigned refusal;     /* behind UNBOUND: why there is no server leg */
    mpci_binding_number binding; /* that the segment of a server shows, or the record names */
    uint32_t teller;      /* the member that sent the record */
} mpci_step;

/* A packet's, member by member: to clear it as a whole costs more. */
static inline void mpci_step_begin(mpci_step *st, mpconn_pkt *pkt, const mpci_view *view,
                                   const mpconn_tuple *leg)
{
    st->pkt = pkt;
    st->view = view;
    st->tuple = st->leg = leg;
    st->hash = 0;
    st->options = NULL;
    st->h = NULL;
    st->proof = NULL;
    st->record = NULL;
    st->from = pkt->side;
    st->bad_options = st->dead = st->refusal = 0;
    st->binding = 0;
    st->teller = 0;
}

/* A deadline beyond the end of the clock never comes. */
static inline mpconn_time mpci_later(mpconn_time t, uint64_t ns)
{
    return ns < MPCONN_TIME_NEVER - t ? t + ns : MPCONN_TIME_NEVER;
}

static inline void mpci_verdict(mpci_core *core, mpconn_pkt *pkt, unsigned verdict, unsigned reason)
{
    pkt->verdict = (uint8_t)verdict;
    pkt->reason = (uint16_t)reason;
    mpci_count(&core->counters, reason);
}

static inline void mpci_drop(mpci_core *core, mpconn_pkt *pkt, unsigned reason)
{
    mpci_verdict(core, pkt, MPCONN_VERDICT_DROP, reason);
}

/* It has served: nobody needs it any more. */
static inline void mpci_consume(mpci_core *core, mpconn_pkt *pkt, unsigned reason)
{
    mpci_verdict(core, pkt, MPCONN_VERDICT_CONSUMED, reason);
}

/* Forward to the other side by the host's own path: the packet still bears its link header. */
static inline void mpci_forward(mpci_core *core, mpconn_pkt *pkt, unsigned reason)
{
    pkt->side = pkt->side == MPCONN_SIDE_CLIENT ? MPCONN_SIDE_SERVER : MPCONN_SIDE_CLIENT;
    pkt->link = MPCONN_LINK_NONE;
    mpci_verdict(core, pkt, MPCONN_VERDICT_FORWARD, reason);
}

/* Note where a packet came from, in the links that lead to each endpoint: back there, or where
 * nothing can be sent back, onward. */
static inline void mpci_core_note_link(const mpci_core *core, uint16_t link[2],
                                       const mpci_step *st)
{
    link[core->one_way ? st->from ^ 1u : st->from] = (uint16_t)st->pkt->link;
}

/* The packet was built anew in its own buffer: checksums are complete, it is no super-segment. */
static inline void mpci_packet_became(mpconn_pkt *pkt, uint32_t len)
{
    pkt->len = len;
    pkt->flags &= ~(MPCONN_PKT_F_CSUM_PARTIAL | MPCONN_PKT_F_HEAD_ONLY);
    if (pkt->ext != NULL) {
        pkt->ext->total_len = 0;
        pkt->ext->gso_size = 0;
        pkt->ext->gso_type = 0;
        if (pkt->ext->l4_offset != 0) /* options and extension headers are gone */
            pkt->ext->l4_offset =
                pkt->data[0] >> 4 == 4 ? MPCI_IPV4_HEADER_LEN : MPCI_IPV6_HEADER_LEN;
    }
}

/* Hold a packet under that number for somebody who holds so many already, and has room for so many
 * bytes more: the bytes that it takes, or 0, and it was dropped (R12). The other: give all back. */
uint32_t mpci_core_hold_as(mpci_core *core, uint64_t number, unsigned held_packets,
                           uint32_t room, mpconn_pkt *pkt);
void mpci_core_release_as(mpci_core *core, uint64_t number, unsigned held_packets,
                          uint32_t held_bytes, unsigned reason);

/* Hold the packet until the handshake is decided, or drop it when there is no room (R12). */
void mpci_core_hold(mpci_core *core, mpci_handshake *h, mpconn_pkt *pkt);

/* Ask the host for all packets held for a handshake, and tell it why. They count as RELEASED; what
 * becomes of them counts when they come again. */
void mpci_core_release(mpci_core *core, mpci_handshake *h, unsigned reason);

/* Remember an incarnation that is over; `kind` is FOUND and flags of table/tombstone.h. */
void mpci_core_bury(mpci_core *core, uint64_t hash, uint32_t isn, unsigned kind);

/* The same of a connection whose server leg has a name of its own, if `n` is not 0. */
void mpci_core_bury_bound(mpci_core *core, uint64_t hash, mpci_binding_number n, uint32_t isn,
                          unsigned kind);

/* Take a flow out of the table and tell the host: `reason` counts, but what ended a flow that the
 * host killed is the host. */
void mpci_core_end_flow(mpci_core *core, uint32_t slot, unsigned reason);

/* One holder of a binding less; 0 is none. */
void mpci_core_unbind(mpci_core *core, mpci_binding_number n);

/* What the leg of a side shows of a connection that goes by that tuple. */
static inline const mpconn_tuple *mpci_core_leg(const mpci_core *core, const mpconn_tuple *tuple,
                                                mpci_binding_number n, unsigned side)
{
    return n != 0 && side == MPCONN_SIDE_SERVER ? &mpci_binding_at(&core->bindings, n)->server_leg
                                                : tuple;
}

/* The whole delta of a settled flow, with what its legs show. */
void mpci_core_delta(const mpci_core *core, uint32_t slot, mpconn_delta *out);

/* Tell the host that a handshake ended without a flow. */
void mpci_core_refused(mpci_core *core, const mpci_handshake *h, unsigned reason);

#endif
