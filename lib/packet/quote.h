/* SPDX-License-Identifier: BSD-2-Clause */
/* The packet an ICMP error is about, as far as the error quotes it. */
#ifndef MPCI_PACKET_QUOTE_H
#define MPCI_PACKET_QUOTE_H

#include "packet/ip.h"

/* Of a quote nothing is sure but its IP header; even the ports of a TCP segment may be missing. */
typedef struct mpci_quote {
    mpci_ip ip;
    uint32_t offset;    /* of the quoted IP header from the ICMP header */
    uint32_t len;       /* bytes quoted, from there on */
} mpci_quote;

/* Find the quote in `len` bytes of an ICMP or ICMPv6 error. 0, or the reason it cannot be read. */
unsigned mpci_quote_parse(mpci_quote *q, const uint8_t *icmp, uint32_t len);

#endif
