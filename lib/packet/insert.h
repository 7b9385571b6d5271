/* SPDX-License-Identifier: BSD-2-Clause */
/* Options put into a segment that has been on its way already. */
#ifndef MPCI_PACKET_INSERT_H
#define MPCI_PACKET_INSERT_H

#include "packet/view.h"

/* Insert `len` bytes of options, a multiple of 4, before those of the segment, into the room before
 * the packet or else behind it. The last SACK blocks of the segment go where the options would
 * become too long. The view's offsets are those of before. 1, or 0 and nothing changed when there
 * is no room; a first fragment has none, as the offsets of the others are fixed. */
int mpci_insert_options(const mpci_view *v, mpconn_pkt *pkt, const uint8_t *options, unsigned len);

#endif
