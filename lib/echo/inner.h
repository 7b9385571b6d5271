/* SPDX-License-Identifier: BSD-2-Clause */
/* The session packet inside an echo. */
#ifndef MPCI_ECHO_INNER_H
#define MPCI_ECHO_INNER_H

#include <mpconn/base.h>

typedef struct mpci_echo_inner {
    const uint8_t *src, *dst; /* in its header */
    size_t len;               /* of the packet by its header; there may be less of it */
    size_t short_len;         /* IP header and the first 20 bytes of TCP: these are there */
    uint32_t flow_label;      /* of IPv6, else 0 */
    unsigned family;          /* mpconn_family */
} mpci_echo_inner;

/* Read the headers from `avail` bytes. An mpconn_err; what is neither a whole packet of TCP nor the
 * beginning of one, or between endpoints that no connection has, is refused. */
int mpci_echo_inner_read(mpci_echo_inner *in, const uint8_t *packet, size_t avail);

/* What a header that cannot be read, for this reason, means to who asked for it. */
int mpci_echo_error_of(unsigned reason);

#endif
