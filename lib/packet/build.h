/* SPDX-License-Identifier: BSD-2-Clause */
/* Building packets from scratch. */
#ifndef MPCI_PACKET_BUILD_H
#define MPCI_PACKET_BUILD_H

#include "packet/view.h"

/* Longest packet the builder makes: IPv6 header and a TCP header with all its options, or with some
 * and as many bytes of payload. */
#define MPCI_BUILD_MAX 100

/* A segment, host order. */
typedef struct mpci_segment {
    const mpconn_tuple *tuple; /* as the receiving leg shows it */
    uint8_t to;                /* mpconn_side it goes to; its source is the other endpoint */
    uint8_t hop_limit;
    uint16_t flags;            /* MPCI_TCP_* */
    uint32_t seq, ack;
    uint16_t window;
    uint16_t mss;              /* 0 = no option */
    uint8_t wscale;            /* MPCONN_WSCALE_NONE = no option */
    uint8_t sack_permitted;
    uint8_t timestamps;        /* tsval and tsecr count */
    uint32_t tsval, tsecr;
    const uint8_t *payload;    /* `payload_len` bytes; NULL where that is 0 */
    uint8_t payload_len;
    uint8_t traffic_class;
} mpci_segment;

/* Write the packet, IP header first, DF set, all checksums complete. Returns its length, 0 when it
 * does not fit into cap. Options stand as MSS, SACK-permitted, timestamps, window scale, padded
 * with NOPs. */
size_t mpci_build_tcp(uint8_t *dst, size_t cap, const mpci_segment *s);

/* Write an ICMP or ICMPv6 message (type, code, rest of header, body) with its IP header. Returns
 * its length, 0 when it does not fit. */
typedef struct mpci_icmp {
    mpconn_addr src, dst;
    uint8_t family;            /* mpconn_family */
    uint8_t hop_limit;
    uint8_t type, code;
    uint32_t flow_label;       /* of IPv6 */
    uint32_t rest;             /* bytes 4 to 7 of the ICMP header, host order */
    const uint8_t *body;       /* may stand where it is to be written */
    size_t body_len;
} mpci_icmp;
size_t mpci_build_icmp(uint8_t *dst, size_t cap, const mpci_icmp *m);

#endif
