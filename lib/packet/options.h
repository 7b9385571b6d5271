/* SPDX-License-Identifier: BSD-2-Clause */
/* Walking a TCP option list (RFC 9293 3.1). */
#ifndef MPCI_PACKET_OPTIONS_H
#define MPCI_PACKET_OPTIONS_H

#include <mpconn/base.h>

enum {
    MPCI_OPT_END = 0,
    MPCI_OPT_NOP = 1,
    MPCI_OPT_MSS = 2,
    MPCI_OPT_WSCALE = 3,
    MPCI_OPT_SACK_PERMITTED = 4,
    MPCI_OPT_SACK = 5,
    MPCI_OPT_TIMESTAMPS = 8,
    MPCI_OPT_MD5 = 19,          /* RFC 2385 */
    MPCI_OPT_AO = 29,           /* RFC 5925 */
    MPCI_OPT_MULTIPATH = 30,    /* RFC 8684 */
    MPCI_OPT_FAST_OPEN = 34,    /* RFC 7413 */
    MPCI_OPT_EXPERIMENT = 254   /* RFC 6994, told apart by a magic number */
};

enum { MPCI_EXPERIMENT_FAST_OPEN = 0xf989 };

enum {
    MPCI_OPT_LEN_MSS = 4,
    MPCI_OPT_LEN_WSCALE = 3,
    MPCI_OPT_LEN_SACK_PERMITTED = 2,
    MPCI_OPT_LEN_TIMESTAMPS = 10,
    MPCI_OPT_LEN_MD5 = 18,
    MPCI_OPT_LEN_AO_MIN = 4
};

enum { MPCI_TCP_HEADER_LEN = 20 }; /* without options */

/* Where the walk is: the option at [at, at + len) of the TCP header. */
typedef struct mpci_option {
    const uint8_t *tcp;
    unsigned end;  /* length of the header */
    unsigned at;
    unsigned len;
    uint8_t kind;
} mpci_option;

/* Begin with the options of a TCP header of `header_len` bytes, at least 20. */
static inline mpci_option mpci_option_begin(const uint8_t *tcp, unsigned header_len)
{
    return (mpci_option){.tcp = tcp, .end = header_len, .at = MPCI_TCP_HEADER_LEN};
}

/* Go to the next option that is not a NOP: 1 when there is one, 0 at the end of the list, -1 where
 * a length is missing, below 2 or beyond the list (E03-E05). Nothing past the header is read. */
static inline int mpci_option_next(mpci_option *o)
{
    o->at += o->len;
    while (o->at < o->end && o->tcp[o->at] == MPCI_OPT_NOP)
        o->at++;
    o->len = 0;
    if (o->at == o->end || o->tcp[o->at] == MPCI_OPT_END)
        return 0;
    if (o->end - o->at < 2 || o->tcp[o->at + 1] < 2 || o->tcp[o->at + 1] > o->end - o->at)
        return -1;
    o->kind = o->tcp[o->at];
    o->len = o->tcp[o->at + 1];
    return 1;
}

#endif
