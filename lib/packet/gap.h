/* SPDX-License-Identifier: BSD-2-Clause */
/* Making a packet longer or shorter in its middle. The shorter part is moved if there is room for
 * it: what stands before, into the room before the packet; else what stands behind. The lengths of
 * the packet and of its ext are kept, those of its headers are the caller's. */
#ifndef MPCI_PACKET_GAP_H
#define MPCI_PACKET_GAP_H

#include <mpconn/packet.h>

/* Is there room for gaps of `n` bytes together? */
static inline int mpci_gap_fits(const mpconn_pkt *pkt, uint32_t n)
{
    return pkt->headroom >= n || pkt->cap - pkt->len >= n;
}

/* Put `n` bytes, that are for the caller to write, before the one at offset `at`. */
void mpci_gap_open(mpconn_pkt *pkt, size_t at, uint32_t n);

/* Take out the `n` bytes at offset `at`. */
void mpci_gap_close(mpconn_pkt *pkt, size_t at, uint32_t n);

/* Give what is at offset `at` another length: one of the two. */
void mpci_gap_resize(mpconn_pkt *pkt, size_t at, uint32_t old_len, uint32_t new_len);

#endif
