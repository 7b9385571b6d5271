/* SPDX-License-Identifier: BSD-2-Clause */
/* A segment on its way to a leg of the other IP version (RFC 7915). */
#ifndef MPCI_CONN_TRANSLATE_FAMILY_H
#define MPCI_CONN_TRANSLATE_FAMILY_H

#include <mpconn/delta.h>

#include "packet/view.h"

/* Can the segment go to the other version? 0, or the reason why not: NO_SPACE before and behind it,
 * or NO_COUNTERPART for a source route or a length that an IPv4 header cannot tell. */
unsigned mpci_translate_family_fits(const mpci_view *v, const mpconn_pkt *pkt);

/* Can the other header tell the length of one that fits once it is `more` bytes longer? An IPv4 one
 * counts itself. */
int mpci_translate_family_can_tell(const mpci_view *v, const mpconn_pkt *pkt, uint32_t more);

/* Give a segment that fits the addresses, the ports and the IP version of `to`, the tuple of the
 * leg it goes to. The rest of it is as mpci_translate() left it; views of it are void. Its pieces,
 * if it is a super-segment, stay those of its sender. */
void mpci_translate_family(mpconn_pkt *pkt, const mpconn_tuple *to, unsigned from);

#endif
