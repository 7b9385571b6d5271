/* SPDX-License-Identifier: BSD-2-Clause */
#include "packet/quote.h"

enum { ICMP_HEADER_LEN = 8 };

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
