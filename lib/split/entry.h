/* SPDX-License-Identifier: BSD-2-Clause */
/* What the machine's files ask of an entry, and the one place where what an answerer said is
 * written into it. */
#ifndef MPCI_SPLIT_ENTRY_H
#define MPCI_SPLIT_ENTRY_H

#include "split/machine.h"

/* Nothing is split: the endpoints have the handshake themselves. */
static inline int mpci_entry_is_plain(const mpci_handshake *h)
{
    return h->state == MPCI_ST_PLAIN_SYN || h->state == MPCI_ST_PLAIN_ANSWERED;
}

static inline unsigned mpci_entry_opener(const mpci_handshake *h)
{
    return h->flags & MPCI_HANDSHAKE_REVERSE ? MPCONN_SIDE_SERVER : MPCONN_SIDE_CLIENT;
}

/* Nobody waits any more for the endpoints of a settled flow to be heard: its entry is given up, and
 * st->h is NULL behind it. Nothing is done to any other entry, or to none. */
void mpci_entry_leave_behind(mpci_split *sp, mpci_step *st);

/* What a SYN|ACK says of its sender; o is its option list. */
void mpci_entry_note_answer(const mpci_split *sp, mpci_handshake *h, const mpci_step *st,
                            const mpci_syn_options *o);

/* The same where it may be split: that it came here, and of which incarnation it is. Returns 0, or
 * why it is to be dropped: the entry is then as it was. */
unsigned mpci_entry_hear_syn_ack(const mpci_split *sp, mpci_handshake *h, const mpci_step *st);

/* What we did not offer cannot have been accepted, whatever the server says. */
void mpci_entry_limit_to_offers(mpci_handshake *h);

/* Where nothing is split, before what else an answer says: its number. A server with SYN
 * cookies may answer a SYN that is repeated with another one: which of the two counts, the
 * opener's ACK says. */
void mpci_entry_note_number(mpci_handshake *h, uint32_t server_isn);

#endif
