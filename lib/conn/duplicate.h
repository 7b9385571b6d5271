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

/* The last acknowledgment of the server. */
typedef struct mpci_acked {
    uint32_t ack;
    uint16_t window;    /* as it stands in the segment */
    uint8_t duplicates; /* of it that bear a block */
} mpci_acked;

/* Take note of one of its segments: whether it is a duplicate (RFC 5681 2), where the client has
 * sent what lies below `client_end`. */
int mpci_duplicate_note(mpci_acked *a, const mpci_view *v, uint32_t client_end);

/* The option for the duplicate that was noted last, NOP, NOP, SACK: as many segments of `size`
 * bytes behind the one that is missing as there were duplicates, but no more than it takes to have
 * a sender repeat that one, and nothing beyond client_end. 0 when nothing is left to claim. */
int mpci_duplicate_block(uint8_t option[MPCI_BLOCK_LEN], const mpci_acked *a, uint32_t size,
                         uint32_t client_end);

#endif
