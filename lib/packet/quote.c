/* SPDX-License-Identifier: BSD-2-Clause */
#include "packet/quote.h"

#include "base/byteorder.h"

enum { ICMP_HEADER_LEN = 8, TCP_SEQ_END = 8 };

unsigned mpci_quote_unit(unsigned family, uint8_t type)
{
    if (family == MPCONN_FAMILY_IPV4)
        return type == 3 || type == 11 || type == 12 ? 4 : 0;
    return type == 1 || type == 3 ? 8 : 0;
}

/* 0 when nothing stands behind the quote, or when the sender knows no such thing. */
static uint32_t told_length(unsigned family, const uint8_t *icmp)
{
    return icmp[family == MPCONN_FAMILY_IPV4 ? 5 : 4] * mpci_quote_unit(family, icmp[0]);
}

unsigned mpci_quote_parse(mpci_quote *q, const uint8_t *icmp, uint32_t len)
{
    uint32_t told;

    if (len < ICMP_HEADER_LEN)
        return MPCONN_REASON_TRUNCATED;
    q->offset = ICMP_HEADER_LEN;
    q->len = len - ICMP_HEADER_LEN;
    if (q->len == 0)
        return MPCONN_REASON_TRUNCATED;
    told = told_length(icmp[ICMP_HEADER_LEN] >> 4, icmp);
    if (told != 0 && told < q->len)
        q->len = told;
    return mpci_ip_parse(&q->ip, icmp + ICMP_HEADER_LEN, q->len);
}

int mpci_quote_tcp(mpci_quoted_tcp *t, const mpci_quote *q, const uint8_t *icmp)
{
    uint32_t end = q->ip.length_unset || q->ip.claimed_len > q->len ? q->len : q->ip.claimed_len;
    const uint8_t *tcp = icmp + q->offset + q->ip.l4_offset;

    if (q->ip.proto != MPCI_PROTO_TCP || q->ip.fragment == MPCI_IP_LATER ||
        end < q->ip.l4_offset + (uint32_t)TCP_SEQ_END)
        return 0;
    t->offset = q->offset + q->ip.l4_offset;
    t->len = end - q->ip.l4_offset;
    t->sport = mpci_load16(tcp);
    t->dport = mpci_load16(tcp + 2);
    t->seq = mpci_load32(tcp + 4);
    return 1;
}

unsigned mpci_quote_read(mpci_quote *q, mpci_quoted_tcp *t, const mpci_view *v,
                         const mpconn_pkt *pkt)
{
    uint32_t end = v->total_len < pkt->len ? v->total_len : pkt->len;

    if (mpci_quote_parse(q, v->l4, end - v->l4_offset) != 0 || q->ip.family != v->family)
        return MPCONN_REASON_BAD_QUOTE;
    if (q->ip.proto != MPCI_PROTO_TCP)
        return MPCONN_REASON_NOT_TCP;
    if (q->ip.fragment == MPCI_IP_LATER) /* no router has to send one (RFC 1122 3.2.2) */
        return MPCONN_REASON_ERROR_FRAGMENT;
    return mpci_quote_tcp(t, q, v->l4) ? 0 : MPCONN_REASON_BAD_QUOTE;
}

void mpci_quote_tuple(mpconn_tuple *tuple, const mpci_quote *q, const mpci_quoted_tcp *t,
                      const uint8_t *icmp, unsigned sender, uint32_t zone)
{
    int from_client = sender == MPCONN_SIDE_CLIENT;
    const uint8_t *ip = icmp + q->offset;
    const uint8_t *src = mpci_ip_src(q->ip.family, ip), *dst = mpci_ip_dst(q->ip.family, ip);
    unsigned n = mpci_ip_addr_len(q->ip.family);

    memset(tuple, 0, sizeof *tuple);
    memcpy(tuple->client.bytes, from_client ? src : dst, n);
    memcpy(tuple->server.bytes, from_client ? dst : src, n);
    tuple->client_port = from_client ? t->sport : t->dport;
    tuple->server_port = from_client ? t->dport : t->sport;
    tuple->zone = (uint16_t)zone;
    tuple->family = q->ip.family;
}
