/* SPDX-License-Identifier: BSD-2-Clause */
/* A parsed look at one packet. Reads only bytes that are there; keeps offsets, not copies. */
#ifndef MPCI_PACKET_VIEW_H
#define MPCI_PACKET_VIEW_H

#include "packet/ip.h"

/* TCP flags as they stand in the header; AE (RFC 9768) is bit 8. */
enum {
    MPCI_TCP_FIN = 0x001,
    MPCI_TCP_SYN = 0x002,
    MPCI_TCP_RST = 0x004,
    MPCI_TCP_PSH = 0x008,
    MPCI_TCP_ACK = 0x010,
    MPCI_TCP_URG = 0x020,
    MPCI_TCP_ECE = 0x040,
    MPCI_TCP_CWR = 0x080,
    MPCI_TCP_AE = 0x100
};

/* What a packet turned out to be. */
enum mpci_kind {
    MPCI_KIND_BAD = 0,      /* unreadable: see reason */
    MPCI_KIND_TCP,          /* a TCP segment, or a first fragment with its whole header: all of
                             * `mpci_view` is valid */
    MPCI_KIND_ICMP_ERROR,   /* ICMP or ICMPv6 error: IP part and l4_offset are valid */
    MPCI_KIND_ICMP_OTHER,   /* echo and the rest of ICMP */
    MPCI_KIND_FRAGMENT,     /* any fragment that is not the first */
    MPCI_KIND_OTHER         /* another protocol, or the first fragment of one */
};

typedef struct mpci_view {
    uint8_t *ip;            /* IP header */
    uint8_t *l4;            /* transport header */
    uint8_t kind;           /* mpci_kind */
    uint8_t family;         /* mpconn_family */
    uint8_t proto;          /* protocol of l4 */
    uint8_t reason;         /* mpconn_reason with MPCI_KIND_BAD */
    uint32_t total_len;     /* of the packet by its IP header (or total_len of a super-segment) */
    uint16_t l4_offset;
    /* TCP only, host order */
    uint16_t sport, dport;
    uint16_t window;
    uint16_t flags;         /* MPCI_TCP_* */
    uint32_t seq, ack;
    uint32_t payload_len;
    uint8_t tcp_hlen;
    uint8_t ts_offset;      /* of the timestamps option's kind byte from l4; 0 = none */
    uint8_t sack_offset;    /* of the SACK option's kind byte from l4; 0 = none */
    uint8_t sack_blocks;    /* 0 to 4 */
    uint8_t first_fragment; /* 1: its data goes on in other fragments, and how far is not known */
    uint32_t tsval, tsecr;  /* valid with ts_offset */
} mpci_view;

/* What a SYN asks for, and a SYN|ACK agrees to. */
typedef struct mpci_syn_options {
    uint16_t mss;           /* the default of its family when it is not there */
    uint8_t wscale;         /* 0-14, MPCONN_WSCALE_NONE = not there */
    uint8_t sack_permitted; /* 0 or 1 */
    uint8_t timestamps;     /* 0 or 1 */
    uint8_t signature;      /* 1 when MD5 (19) or AO (29) is there */
    uint8_t multipath;      /* 1 when MPTCP (30) is there */
    uint8_t fast_open;      /* 1 when TFO (34, or 254 with its magic) is there */
    uint8_t ecn;            /* 1 when its flags are those of an ECN-setup SYN or SYN|ACK */
    uint8_t duplicate;      /* 1 when one of the above came twice: the first was taken */
    uint8_t clamped;        /* 1 when MSS 0 or a shift > 14 was put right */
    uint32_t tsval, tsecr;
} mpci_syn_options;

/* Parse a packet: IP, extension headers, TCP with its option list. Never fails: what cannot be
 * read is MPCI_KIND_BAD with a reason. Checks lengths and flags (E10; an urgent
 * pointer beyond the data only on a SYN, see tcp.c) of TCP segments, but neither addresses
 * nor ports: see endpoints.h. Malformed option lists are BAD_OPTIONS on a SYN; on other
 * segments the options up to the fault count. Fragments of TCP that could turn into something else
 * where they are put together are refused (E27, E28). Does not verify checksums, but
 * MPCONN_PKT_F_CSUM_BAD is refused here. */
void mpci_view_parse(mpci_view *v, const mpconn_pkt *pkt);

/* Verify the IP header checksum and the TCP checksum. Returns 0 when right or not verifiable here
 * (partial, head only, a fragment), else the reason. */
unsigned mpci_view_verify(const mpci_view *v, const mpconn_pkt *pkt);

/* Whether all of an ICMP or ICMPv6 message is there and its checksums are right. */
int mpci_view_icmp_is_right(const mpci_view *v, const mpconn_pkt *pkt);

/* Read the options of a segment that parsed as MPCI_KIND_TCP. 0, or MPCONN_REASON_BAD_OPTIONS. */
unsigned mpci_syn_options_parse(mpci_syn_options *o, const mpci_view *v);

/* Does an ICMP (family 4) or ICMPv6 (6) message of this type report an error, and so quote? */
int mpci_view_is_icmp_error(unsigned family, uint8_t type);

/* The tuple of a TCP segment that came from `side`. */
void mpci_view_tuple(mpconn_tuple *t, const mpci_view *v, unsigned side, uint32_t zone);

/* Sequence numbers the segment occupies: payload, SYN, FIN. Of one in fragments, those it occupies
 * at the least: there is a byte of it in another one. */
static inline uint32_t mpci_view_seq_len(const mpci_view *v)
{
    return v->payload_len + v->first_fragment + ((v->flags & MPCI_TCP_SYN) != 0) +
           ((v->flags & MPCI_TCP_FIN) != 0);
}

#endif
