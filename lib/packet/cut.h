/* SPDX-License-Identifier: BSD-2-Clause */
/* Cutting an IPv6 packet into fragments that every path takes (RFC 8200 4.5, 5): the packet becomes
 * the last one, and those before it stand in its place one after the other. */
#ifndef MPCI_PACKET_CUT_H
#define MPCI_PACKET_CUT_H

#include <mpconn/packet.h>

/* What a packet grows by. */
enum { MPCI_CUT_GROWTH = 8 };

/* Put a fragment header behind the IPv6 header, where there was no other one; there must be room.
 * The transport header's checksum must be complete. */
void mpci_cut_begin(mpconn_pkt *pkt, uint32_t id);

/* The length of the fragment in front, all headers included; 0 when the rest is the last one. Its
 * headers are written. */
uint32_t mpci_cut_front(const mpconn_pkt *pkt);

/* Take the one in front away. */
void mpci_cut_off(mpconn_pkt *pkt);

#endif
