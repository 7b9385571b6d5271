/* SPDX-License-Identifier: BSD-2-Clause */
/* An ICMP error on its way back: what it quotes has to look as its sender sent it. */
#ifndef MPCI_CONN_TRANSLATE_ERROR_H
#define MPCI_CONN_TRANSLATE_ERROR_H

#include <mpconn/delta.h>

#include "packet/quote.h"

/* What an error grows by at most, between the IP versions: two headers and RFC 4884's words. */
enum { MPCI_TRANSLATE_ERROR_GROWTH = 44 };

/* Carry an error that comes `from` a side to the other leg. The segment that it quotes went there,
 * so its sender is on the other side. Of the segment all is translated that the quote has: of less
 * than a TCP header ports, sequence number and checksum, and of options those that are there whole.
 * Its checksum, and that of the error, change by as much: what was wrong stays wrong.
 *
 * Where the legs differ in addresses the error goes to that of the sender on its own leg. It comes
 * from who it came from: the other endpoint as that leg shows it, or a router; but between the IP
 * versions, where a router has no address, from the other endpoint (views are void then).
 *
 * 0; or BAD_QUOTE, and between the versions also NO_SPACE, NO_COUNTERPART, or TRUNCATED where not
 * all of the error is there; then nothing changed. */
unsigned mpci_translate_error(const mpci_view *v, const mpci_quote *q, const mpci_quoted_tcp *t,
                              const mpconn_delta *delta, unsigned from, mpconn_pkt *pkt);

#endif
