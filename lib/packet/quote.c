/* SPDX-License-Identifier: BSD-2-Clause */
#include "packet/quote.h"

#include "base/byteorder.h"
#include "packet/view.h"

enum { ICMP_HEADER_LEN = 8, TCP_SEQ_END = 8 };

/* RFC 4884 structures after the quote make it look longer than it is; nobody reads that far who
 * goes by the lengths of the quoted headers. */
unsigned mpci_quote_parse(mpci_quote *q, const uint8_t *icmp, uint32_t len)
{
    if (len < ICMP_HEADER_LEN)
        return MPCONN_REASON_TRUNCATED;
    q->offset = ICMP_HEADER_LEN;
    q->len = len - ICMP_HEADER_LEN;
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
