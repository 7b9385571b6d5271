/* SPDX-License-Identifier: BSD-2-Clause */
/* What stands in the second line of a split flow: what its segments need because the server did not
 * agree to what the client had been told (doc/parameters.md). */
#ifndef MPCI_SPLIT_SECOND_LINE_H
#define MPCI_SPLIT_SECOND_LINE_H

#include "split/split.h"
#include "sync/record.h"

/* Has a flow use for a second line, by its handshake or by what another member tells of it? It
 * cannot do without where its legs show other addresses or ports. */
enum mpci_lines mpci_second_line_of_handshake(const mpci_split *sp, const mpci_handshake *h);
enum mpci_lines mpci_second_line_of_record(const mpci_record *r);

/* Fill it in at the commit, and in a copy. Nothing is done where there is none. */
void mpci_second_line_begin(const mpci_split *sp, const mpci_handshake *h, uint32_t slot);
void mpci_second_line_copy(const mpci_split *sp, uint32_t slot, const mpci_step *st);

/* Another commit counts, or another member has gone on. */
void mpci_second_line_correct(const mpci_split *sp, uint32_t slot, const mpci_record *r);
/* Its server leg shows this instead: 0 when there is no line for it. */
int mpci_second_line_rebind(mpci_split *sp, uint32_t slot, mpci_binding_number n);
void mpci_second_line_merge(const mpci_split *sp, uint32_t slot, const mpci_record *r);

/* The path to the client takes no segment of the server that has grown; others who know the flow
 * are told. */
void mpci_second_line_note_path(mpci_split *sp, uint32_t slot);

/* What to tell others of it. */
void mpci_second_line_tell(const mpci_split *sp, uint32_t slot, mpci_record *r);

#endif
