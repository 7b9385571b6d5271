/* SPDX-License-Identifier: BSD-2-Clause */
/* Duplicate acknowledgments between a client that was promised SACK and a server that has none.
 * Neither takes the other's for what they are: the server because a receiver with SACK lets its
 * window grow with them, the client because they bear no block. Pure functions. */
#ifndef MPCI_CONN_DUPLICATE_H
#define MPCI_CONN_DUPLICATE_H

#include "packet/view.h"

/* What a block takes among the options, and what has to be kept free for it. */
enum { MPCI_BLOCK_LEN = 12 };

/* --- toward the server --- */

/* Does the segment do nothing but report a gap? A block below what it acknowledges is a D-SACK
 * (RFC 2883 4) and reports none. */
int mpci_duplicate_reports_gap(const mpci_view *v);

/* Write another window into a segment; the checksum follows. */
void mpci_duplicate_set_window(const mpci_view *v, const mpconn_pkt *pkt, uint16_t window);

/* --- toward the client --- */

/* The last acknowledgment of the server, and what it told of the gap there. */
typedef struct mpci_acked {
    uint32_t ack;
    uint16_t window;     /* as it stands in the segment */
    uint16_t behind;     /* segments that are known to have come behind the one that is missing */
    uint8_t duplicates;  /* times that was told to the client by a block */
    uint8_t recovering;  /* the client repeats: its repeats, too, may bring about duplicates */
    uint8_t was_claimed; /* what is missing was claimed before */
} mpci_acked;

enum { MPCI_DUPLICATES_MAX = 3, MPCI_BEHIND_MAX = 2047 };

/* Take note of one of its segments, where the client sends `size` bytes in a segment and has sent
 * what lies below `client_end`: whether it tells of a gap. That is a duplicate (RFC 5681 2), and
 * what acknowledges less than the duplicates before it told of (RFC 6582 3.2: a partial one). */
int mpci_duplicate_note(mpci_acked *a, const mpci_view *v, uint32_t size, uint32_t client_end);

/* The option for what was noted last, NOP, NOP, SACK: as many segments of `size` bytes behind the
 * one that is missing as came for sure, but no more than it takes to have a sender repeat that one,
 * and nothing beyond client_end. 0 when nothing is left to claim, or what is missing was claimed: a
 * sender finds that out by itself, and every block that still comes puts off its repeat. */
int mpci_duplicate_block(uint8_t option[MPCI_BLOCK_LEN], const mpci_acked *a, uint32_t size,
                         uint32_t client_end);

#endif
