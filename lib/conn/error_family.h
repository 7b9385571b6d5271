/* SPDX-License-Identifier: BSD-2-Clause */
/* An ICMP error on its way to a leg of the other IP version (RFC 7915 4.2, 4.3, 5.2, 5.3). */
#ifndef MPCI_CONN_ERROR_FAMILY_H
#define MPCI_CONN_ERROR_FAMILY_H

#include "packet/quote.h"

enum { MPCI_ERROR_HEADER_MAX = 60 };

/* The quoted TCP header, as far as there is one, as it will be. */
typedef struct mpci_error_segment {
    uint8_t header[MPCI_ERROR_HEADER_MAX];
    uint32_t offset; /* from the ICMP header */
    uint32_t len;
} mpci_error_segment;

/* Who sent the quoted segment, and to whom, as the sender's leg shows them. */
typedef struct mpci_error_ends {
    const uint8_t *sender, *other;
    uint8_t family;
} mpci_error_ends;

/* Write the error anew for the other version, from `ends->other` to `ends->sender`. 0; or
 * NO_COUNTERPART, NO_SPACE or TRUNCATED, and nothing changed. */
unsigned mpci_error_family(const mpci_view *v, const mpci_quote *q, const mpci_error_segment *s,
                           const mpci_error_ends *ends, mpconn_pkt *pkt);

#endif
