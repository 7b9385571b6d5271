/* SPDX-License-Identifier: BSD-2-Clause */
#include "packet/tcp.h"

#include "base/byteorder.h"
#include "packet/options.h"

enum {
    TIMESTAMPS_ONLY = MPCI_TCP_HEADER_LEN + 12, /* NOP NOP TS: nearly every data segment */
    CONTROL = MPCI_TCP_SYN | MPCI_TCP_ACK | MPCI_TCP_FIN | MPCI_TCP_RST
};

/* The combinations a TCP can send (RFC 9293 3.10): SYN, SYN|ACK, ACK, FIN|ACK, RST, RST|ACK. Only a
 * first SYN and a RST lack ACK, so FIN alone and nothing at all are scans, as are SYN|FIN, SYN|RST
 * and FIN|RST. PSH and the ECN bits go with any of them.
 *
 * An urgent pointer beyond the data is refused on a SYN only: later it is how a sender announces
 * urgent data longer than a segment (RFC 9293 3.8.5, MUST-31). */
static int is_possible(const mpci_view *v)
{
    switch (v->flags & CONTROL) {
    case MPCI_TCP_ACK:
    case MPCI_TCP_FIN | MPCI_TCP_ACK:
    case MPCI_TCP_RST:
    case MPCI_TCP_RST | MPCI_TCP_ACK:
        return 1;
    case MPCI_TCP_SYN:
    case MPCI_TCP_SYN | MPCI_TCP_ACK:
        return !(v->flags & MPCI_TCP_URG) || mpci_load16(v->l4 + 18) <= v->payload_len;
    default:
        return 0;
    }
}

static void take_timestamps(mpci_view *v, unsigned offset)
{
    v->ts_offset = (uint8_t)offset;
    v->tsval = mpci_load32(v->l4 + offset + 2);
    v->tsecr = mpci_load32(v->l4 + offset + 6);
}

/* Options of the wrong size are passed over; of two, the first counts. */
static void take_option(mpci_view *v, const mpci_option *o)
{
    if (o->kind == MPCI_OPT_TIMESTAMPS) {
        if (o->len == MPCI_OPT_LEN_TIMESTAMPS && v->ts_offset == 0)
            take_timestamps(v, o->at);
    } else if (o->kind == MPCI_OPT_SACK) {
        if (o->len > 2 && (o->len - 2) % 8 == 0 && v->sack_offset == 0) {
            v->sack_offset = (uint8_t)o->at;
            v->sack_blocks = (uint8_t)((o->len - 2) / 8);
        }
    }
}

/* On a SYN every fault counts; elsewhere what stands before one is good. */
static unsigned scan_options(mpci_view *v)
{
    mpci_option o = mpci_option_begin(v->l4, v->tcp_hlen);
    mpci_syn_options syn;

    while (mpci_option_next(&o) > 0)
        take_option(v, &o);
    return v->flags & MPCI_TCP_SYN ? mpci_syn_options_parse(&syn, v) : 0;
}

unsigned mpci_tcp_parse(mpci_view *v, uint32_t avail, uint32_t l4_len)
{
    const uint8_t *tcp = v->l4;
    unsigned header;

    if (avail < MPCI_TCP_HEADER_LEN)
        return MPCONN_REASON_TRUNCATED;
    header = (tcp[12] >> 4) * 4u;
    if (header < MPCI_TCP_HEADER_LEN || header > l4_len)
        return MPCONN_REASON_BAD_TCP;
    if (header > avail)
        return MPCONN_REASON_TRUNCATED;
    v->sport = mpci_load16(tcp);
    v->dport = mpci_load16(tcp + 2);
    v->seq = mpci_load32(tcp + 4);
    v->ack = mpci_load32(tcp + 8);
    v->flags = mpci_load16(tcp + 12) & 0x1ff;
    v->window = mpci_load16(tcp + 14);
    v->tcp_hlen = (uint8_t)header;
    v->payload_len = l4_len - header;
    if (!is_possible(v))
        return MPCONN_REASON_BAD_FLAGS;
    if (header == MPCI_TCP_HEADER_LEN)
        return 0;
    if (header == TIMESTAMPS_ONLY && mpci_load32(tcp + MPCI_TCP_HEADER_LEN) == 0x0101080a) {
        take_timestamps(v, MPCI_TCP_HEADER_LEN + 2);
        return 0;
    }
    return scan_options(v);
}
