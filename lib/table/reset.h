/* SPDX-License-Identifier: BSD-2-Clause */
/* Resets a member sends. */
#ifndef MPCI_TABLE_RESET_H
#define MPCI_TABLE_RESET_H

#include "table/core.h"

/* A RST; its acknowledgment number is 0 and not valid. */
mpci_segment mpci_reset(const mpci_core *core, const mpconn_tuple *tuple, unsigned to,
                        uint32_t seq);
/* A RST|ACK. */
mpci_segment mpci_reset_ack(const mpci_core *core, const mpconn_tuple *tuple, unsigned to,
                            uint32_t seq, uint32_t ack);

/* Queue either of them; it counts by the side it goes to. */
void mpci_reset_put(mpci_core *core, const mpci_segment *s, uint32_t link, uint32_t mark);

/* Answer a segment that bears an ACK, on the leg that it came by, as who knows nothing of its
 * connection does: whatever the sender's state, the number it acknowledges is the one it takes a
 * RST by (RFC 9293 3.10.7.1). */
void mpci_reset_answer(mpci_core *core, const mpci_step *st);

#endif
