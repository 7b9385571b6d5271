/* SPDX-License-Identifier: BSD-2-Clause */
/* The packet an ICMP error is about, as far as the error quotes it. */
#ifndef MPCI_PACKET_QUOTE_H
#define MPCI_PACKET_QUOTE_H

#include "packet/ip.h"
#include "packet/view.h"

/* Of a quote nothing is sure but its IP header; even the ports of a TCP segment may be missing. */
typedef struct mpci_quote {
    mpci_ip ip;
    uint32_t offset;    /* of the quoted IP header from the ICMP header */
    uint32_t len;       /* bytes quoted, from there on, without what RFC 4884 puts behind them */
} mpci_quote;

/* The beginning of a quoted segment: no more than this is promised (RFC 792). */
typedef struct mpci_quoted_tcp {
    uint32_t offset;    /* of its TCP header from the ICMP header */
    uint32_t len;       /* bytes quoted of the segment: 8 or more */
    uint32_t seq;
    uint16_t sport, dport;
} mpci_quoted_tcp;

/* RFC 4884 3 to 4.4: in some types a byte tells how long the quote is when something stands behind
 * it, in words of 4 or 8 bytes. The bytes of a word; 0 for all other types. */
unsigned mpci_quote_unit(unsigned family, uint8_t type);

/* Find the quote in `len` bytes of an ICMP or ICMPv6 error. 0, or the reason it cannot be read. */
unsigned mpci_quote_parse(mpci_quote *q, const uint8_t *icmp, uint32_t len);

/* Read the segment that is quoted: 1, or 0 when it is none, or too little of it is there. */
int mpci_quote_tcp(mpci_quoted_tcp *t, const mpci_quote *q, const uint8_t *icmp);

/* Both for a packet that parsed as MPCI_KIND_ICMP_ERROR: 0, NOT_TCP when it is about something
 * else, ERROR_FRAGMENT when it is about a part that has no ports, or BAD_QUOTE. */
unsigned mpci_quote_read(mpci_quote *q, mpci_quoted_tcp *t, const mpci_view *v,
                         const mpconn_pkt *pkt);

/* The connection of the quoted segment, which `sender` (mpconn_side) had sent. */
void mpci_quote_tuple(mpconn_tuple *tuple, const mpci_quote *q, const mpci_quoted_tcp *t,
                      const uint8_t *icmp, unsigned sender, uint32_t zone);

#endif
