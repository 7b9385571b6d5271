/* SPDX-License-Identifier: BSD-2-Clause */
/* Segments of a client that are larger than its server takes. The client was told an MSS before the
 * server could be asked, and nobody can take that back; but it listens to routers. */
#include "engine/engine.h"

#include "packet/icmp_build.h"

/* What a message has to leave, so that Linux obeys it (net.ipv4.route.min_pmtu; RFC 8200 5). */
enum { LEAST_MTU_IPV4 = 552, LEAST_MTU_IPV6 = 1280 };

enum { TCP_HEADER_LEN = 20 };

/* Options of IP and TCP count: the sender has to make room for them (RFC 6691). */
static uint32_t mtu_of(const mpci_view *v, uint16_t mss)
{
    return mss + TCP_HEADER_LEN + (v->family == MPCONN_FAMILY_IPV4 ? (uint32_t)MPCI_IPV4_HEADER_LEN
                                                                   : MPCI_IPV6_HEADER_LEN);
}

/* Of a super-segment, what each segment of it will be. */
static uint32_t size_on_wire(const mpci_view *v, const mpconn_pkt *pkt)
{
    uint32_t piece = pkt->ext != NULL ? pkt->ext->gso_size : 0;

    if (piece == 0 || piece >= v->payload_len)
        return v->total_len;
    return (uint32_t)v->l4_offset + v->tcp_hlen + piece;
}

/* RFC 4443 2.4f: one in 17 ms for a flow; of a burst the first says it all. */
static void tell_client(mpci_core *core, const mpci_step *st, mpci_settled_more *more, uint32_t mtu)
{
    uint32_t now = mpci_tick(core->now) + 1;
    mpci_icmp m;

    if (more->told_size == now)
        return;
    more->told_size = now;
    m = mpci_icmp_too_big(st->view, st->pkt, mtu, core->hop_limit);
    mpci_outbox_put_icmp(&core->outbox, &m, st->pkt, MPCONN_REASON_TOO_BIG_SENT);
}

int mpci_too_big(mpconn_engine *eng, const mpci_step *st, mpci_settled_more *more)
{
    uint32_t least = st->view->family == MPCONN_FAMILY_IPV4 ? LEAST_MTU_IPV4 : LEAST_MTU_IPV6;
    uint32_t mtu, size;

    if (more->server_mss == 0 || st->from != MPCONN_SIDE_CLIENT ||
        (st->view->flags & (MPCI_TCP_SYN | MPCI_TCP_RST)) != 0)
        return 0;
    mtu = mtu_of(st->view, more->server_mss);
    size = size_on_wire(st->view, st->pkt);
    if (size <= mtu)
        return 0;
    if (size <= least) {
        mpci_count(&eng->core.counters, MPCONN_REASON_OVER_MSS);
        return 0;
    }
    if (mpci_input_is_wrong(eng, st->pkt, st->view))
        return 1;
    tell_client(&eng->core, st, more, mtu > least ? mtu : least);
    mpci_drop(&eng->core, st->pkt, MPCONN_REASON_SEGMENT_TOO_BIG);
    return 1;
}
