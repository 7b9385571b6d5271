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

/* The same in the place of the first `len` bytes of payload, so that the packet stays as long as it
 * is. They are left in `taken`, for the caller to send. 1, or 0 and nothing changed where there
 * are no more bytes than that, they are urgent, or the options would become too long. */
int mpci_insert_for_payload(const mpci_view *v, const mpconn_pkt *pkt, const uint8_t *options,
                            unsigned len, uint8_t *taken);

#endif
