/* SPDX-License-Identifier: BSD-2-Clause */
/* An ICMP error on its way back: what it quotes has to look as its sender sent it. */
#ifndef MPCI_CONN_TRANSLATE_ERROR_H
#define MPCI_CONN_TRANSLATE_ERROR_H

#include <mpconn/delta.h>

#include "packet/quote.h"

/* Carry an error that comes `from` a side to the other leg. The segment that it quotes went there,
 * so its sender is on the other side. Of the segment all is translated that the quote has: of less
 * than a TCP header the sequence number, and of options those that are there whole. Its checksum,
 * and that of the error, change by as much: what was wrong stays wrong. Addresses stay. 0; or
 * BAD_QUOTE, and nothing changed. */
unsigned mpci_translate_error(const mpci_view *v, const mpci_quoted_tcp *t,
                              const mpconn_delta *delta, unsigned from, const mpconn_pkt *pkt);

#endif
