/* SPDX-License-Identifier: BSD-2-Clause */
/* What a segment says about the settled flow it belongs to. */
#ifndef MPCI_TABLE_PROGRESS_H
#define MPCI_TABLE_PROGRESS_H

#include "table/core.h"

/* At which level segments of this flow are judged here; `d` is its delta. */
mpci_track_view mpci_progress_view(const mpci_settled *e, const mpconn_delta *d);

/* Note the segment of a step: progress, life, link, time; `d` is the flow's delta. Returns whether
 * it lies in a window. One that does not is forwarded all the same, its receiver judges it, but it
 * renews nothing (rule R11). */
int mpci_progress_note(mpci_core *core, mpci_settled *e, const mpconn_delta *d,
                       const mpci_step *st);

#endif
