/* SPDX-License-Identifier: BSD-2-Clause */
/* The one translator: carries a parsed segment from one leg to the other. */
#ifndef MPCI_CONN_TRANSLATE_H
#define MPCI_CONN_TRANSLATE_H

#include <mpconn/delta.h>

#include "packet/ecn.h"
#include "packet/view.h"

/* Rewrite the segment in place and correct its checksum; `flags` of the packet tell a partial
 * checksum. `delta->tuple` is read only with MPCONN_DELTA_F_TUPLE. The view's numbers are left as
 * they were on the leg the segment came from. */
void mpci_translate(const mpci_view *v, const mpconn_delta *delta, unsigned from,
                    const mpconn_pkt *pkt);

/* What to add to a number on its way across: `offset` is the delta's seq or ts, `whose` the
 * endpoint that chose the number. */
static inline uint32_t mpci_translate_offset(const uint32_t offset[2], unsigned from,
                                             unsigned whose)
{
    return from == MPCONN_SIDE_CLIENT ? offset[whose] : 0 - offset[whose];
}

/* What the leg a packet goes to shows, when the legs differ in that; NULL when they do not. */
static inline const mpconn_tuple *mpci_translate_tuple(const mpconn_delta *delta, unsigned from)
{
    return (delta->known & MPCONN_DELTA_K_TUPLE) != 0 && (delta->flags & MPCONN_DELTA_F_TUPLE) != 0
               ? &delta->tuple[from ^ 1]
               : NULL;
}

/* Was the segment marked CE for a leg without ECN? Nobody would tell the sender, so it has to be
 * lost instead (RFC 6040 4.2). */
static inline int mpci_translate_marked_in_vain(const mpci_view *v, const mpconn_delta *delta,
                                                unsigned from)
{
    return (delta->flags & MPCONN_DELTA_F_STRIP_ECN_TO_SERVER) != 0 &&
           (delta->known & MPCONN_DELTA_K_OPTIONS) != 0 && from == MPCONN_SIDE_CLIENT &&
           mpci_ecn_of(v->ip) == MPCI_ECN_CE;
}

/* A window as the other leg must see it: rescaled, clipped, never closed by rounding. */
uint16_t mpci_translate_window(uint16_t window, unsigned shift_in, unsigned shift_out);

#endif
