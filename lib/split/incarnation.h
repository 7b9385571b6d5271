/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef MPCI_SPLIT_INCARNATION_H
#define MPCI_SPLIT_INCARNATION_H

#include "split/split.h"

/* Facts compare by (generation, number). */
int mpci_incarnation_is_later(uint16_t generation, uint32_t isn, const mpci_settled *than);
int mpci_incarnation_is_alive(const mpci_settled *e);
/* Was it seen here not long ago (rule R6)? */
int mpci_incarnation_is_sure(const mpci_split *sp, const mpci_settled *e);

/* Of two connections that cannot both live: is the one that another member tells of sure, and the
 * copy here not? */
int mpci_incarnation_gives_way(const mpci_split *sp, const mpci_settled *e, const mpci_record *r);

/* A flow of another incarnation is told: 1 when the one that is here stands, and the teller is told
 * so; 0 when it has to make room. */
int mpci_incarnation_stands(mpci_split *sp, uint32_t slot, const mpci_record *r, uint32_t teller);

/* A commit whose registrar knew less than is known here: 1, and it is told to try again. */
int mpci_incarnation_refuses(mpci_split *sp, uint64_t hash, const mpci_record *commit,
                             uint32_t teller);

/* What was told is refused elsewhere (STALE). Who still has the server's SYN|ACK for it opens a
 * later generation, once a handshake, and tells again; the record of the step is the refusal. */
void mpci_incarnation_refused(mpci_split *sp, mpci_step *st, uint32_t slot);

/* Of one incarnation the latest generation counts. */
void mpci_incarnation_raise(mpci_settled *e, uint16_t generation);

#endif
