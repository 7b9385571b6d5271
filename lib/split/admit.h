/* SPDX-License-Identifier: BSD-2-Clause */
/* The question before anything is answered: may this connection be, and how? */
#ifndef MPCI_SPLIT_ADMIT_H
#define MPCI_SPLIT_ADMIT_H

#include "split/split.h"

/* MPCONN_ADMIT_SPLIT or MPCONN_ADMIT_TRACK; anything else has been carried out already. TRACK may
 * be unsplit for want of a way: what so passes is counted, and taken from its budget, when it
 * does. */
enum mpconn_admit mpci_split_admit(mpci_split *sp, mpci_step *st, int *unsplit);
void mpci_split_passes_unsplit(mpci_split *sp, const mpci_step *st);

/* At a link-layer member: no way is known by which a SYN of this client could be answered. */
int mpci_split_cannot_answer(const mpci_split *sp, const mpci_step *st);

#endif
