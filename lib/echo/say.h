/* SPDX-License-Identifier: BSD-2-Clause */
/* Segments that leave at another member: of the record SAY, and back. */
#ifndef MPCI_ECHO_SAY_H
#define MPCI_ECHO_SAY_H

#include "packet/build.h"
#include "packet/ip.h"
#include "sync/record.h"

/* Bits of SAY's FLAGS. */
enum {
    MPCI_SAY_TO_SERVER = 1 << 0, /* it goes to the server; otherwise to the client */
    MPCI_SAY_SACK = 1 << 1,      /* with SACK-permitted */
    MPCI_SAY_STAMPED = 1 << 2,   /* with timestamps */
    MPCI_SAY_ASKS = 1 << 3,      /* whoever says it tells the sender that the path is there */
    MPCI_SAY_TOO_BIG = 1 << 4,   /* no segment, but an ICMP error: what its receiver sent is too
                                  * big. SEQ is the number of that, WINDOW the length of its
                                  * packet, MSS the MTU */
    MPCI_SAY_ALONE = 1 << 5      /* nobody else was asked: who cannot send it says so */
};

/* CODE of PATH. */
enum {
    MPCI_PATH_HERE = 1,     /* an echo has come back here */
    MPCI_PATH_CUT = 2,      /* and it was the short form of an echo that showed so */
    MPCI_PATH_SAID = 3,     /* and what the sender asked for was sent */
    MPCI_PATH_UNKNOWN = 4,  /* it is not known to come here */
    MPCI_PATH_NO_CLIENT = 5 /* nor is what its client says: the server is not reached from here */
};

/* A packet that was made here, ready to be sent; 0 when it cannot be said so: one with data, or
 * neither a segment nor the error. */
int mpci_say_make(mpci_record *r, const mpconn_pkt *pkt);

/* Can it be sent at all? Not with flags that nobody knows, nor an MTU that no path has. */
int mpci_say_is_possible(const mpci_record *r);

/* The segment that a member is to send; points into the record. */
mpci_segment mpci_say_segment(const mpci_record *r, uint8_t hop_limit);

/* What was too big, as far as an error has to quote it (RFC 792): an IP header, and of TCP the
 * ports and the number. */
typedef struct mpci_say_quote {
    uint8_t bytes[MPCI_IPV6_HEADER_LEN + 8];
    mpconn_pkt pkt;            /* as if it had come from who is told */
} mpci_say_quote;

/* The error that a member is to send; its body is the quote. */
mpci_icmp mpci_say_error(const mpci_record *r, mpci_say_quote *q, uint8_t hop_limit);

/* Side of its receiver. */
static inline unsigned mpci_say_to(const mpci_record *r)
{
    return (r->flags & MPCI_SAY_TO_SERVER) != 0 ? MPCONN_SIDE_SERVER : MPCONN_SIDE_CLIENT;
}

#endif
