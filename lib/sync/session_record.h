/* SPDX-License-Identifier: BSD-2-Clause */
/* Records about sessions. They have no reference and no name of a connection:
 *
 *   length of the session's name (1), the name
 *   mask (one byte for eight fields): bit n says that field n follows, as in other records
 *   fields, in the order of session_record.def
 *
 * A REQUEST has the fields of one side, a PAIR those of both. SESSION_SUMS names no session: of its
 * name there is the length, which is 0. */
#ifndef MPCI_SYNC_SESSION_RECORD_H
#define MPCI_SYNC_SESSION_RECORD_H

#include <mpconn/rendezvous.h>

#include "base/cursor.h"
#include "sync/session_record.def"

/* What stands for the bytes of an address. */
enum { MPCI_ADDR_0 = 0x40, MPCI_ADDR_1 = 0x41 };

typedef struct mpci_session_record {
    char name[MPCONN_SESSION_NAME_MAX + 1]; /* zeros behind it */
    mpconn_addr local[2], expect[2], remote[2];
    uint32_t generation, flags, wait_ms, fresh_ms, confirm_ms, relatch_ms;
    uint32_t isn[2], tsval[2], age_ms[2], gap_ms[2];
    uint32_t sums[16];
    uint16_t version, why, zone, max_mss, joint_mss, place;
    uint16_t local_port[2], expect_port[2], port[2], window[2], mss[2];
    uint8_t prefix[2], latch[2], wscale[2], options[2], tries[2];
    uint8_t families, role, answer, stale, candidates, joint, confirmed, level;
} mpci_session_record;

/* mpconn_family of a side's addresses. */
static inline unsigned mpci_session_record_family(const mpci_session_record *s, unsigned side)
{
    return s->families & 1u << side ? MPCONN_FAMILY_IPV6 : MPCONN_FAMILY_IPV4;
}

/* Write the body of a record of this type; what is left to say of failure says `w`. */
void mpci_session_record_write(mpci_writer *w, unsigned type, const mpci_session_record *s);

/* Read it: 1 when it is well formed, and is written as it would be here. */
int mpci_session_record_read(mpci_reader *b, unsigned type, mpci_session_record *s);

#endif
