/* SPDX-License-Identifier: BSD-2-Clause */
/* The question before anything is answered: may this connection be, and how? */
#ifndef MPCI_SPLIT_ADMIT_H
#define MPCI_SPLIT_ADMIT_H

#include "split/split.h"

/* MPCONN_ADMIT_SPLIT or MPCONN_ADMIT_TRACK; anything else has been carried out already. */
enum mpconn_admit mpci_split_admit(mpci_split *sp, mpci_step *st);

#endif
