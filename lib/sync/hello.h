/* SPDX-License-Identifier: BSD-2-Clause */
/* HELLO: the mark of the sender's profile (1), then for each of some members its id (2), the
 * sender's challenge to it (8), and the answer (8): the challenge of that member which the sender
 * heard last, 0 for none. */
#ifndef MPCI_SYNC_HELLO_H
#define MPCI_SYNC_HELLO_H

#include "sync/members.h"
#include "sync/record.h"

enum {
    MPCI_HELLO_HEAD = 3, /* type, length, mark */
    MPCI_HELLO_ENTRY = 18,
    MPCI_HELLO_ENTRIES = 14 /* in one record */
};

typedef struct mpci_greeting {
    uint64_t challenge, answer;
    uint8_t mark;
} mpci_greeting;

/* What a member tells clients, in a few bits that depend on the frame as well: marks of two that
 * differ are alike once in 255 frames. Never 0, which who does not say it sends. */
uint8_t mpci_hello_mark(const mpci_told *t, uint64_t boot, uint64_t sequence);

/* Write a HELLO with n entries, from `first` on; 0 and nothing written when there is no room. */
int mpci_hello_encode(mpci_writer *w, const mpci_members *m, unsigned mark,
                      const mpci_member *first, unsigned n);

/* What a HELLO says to member `self`: 1 when it says something, 0 when it has but the mark, -1 when
 * it is malformed. */
int mpci_hello_decode(mpci_greeting *g, const mpci_reader *body, uint32_t self);

#endif
