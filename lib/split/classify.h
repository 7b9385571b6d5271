/* SPDX-License-Identifier: BSD-2-Clause */
/* From a segment to an event of the handshake machine. Nothing is changed by it but the step's own
 * `proof`, which `c` backs, and `dead`. */
#ifndef MPCI_SPLIT_CLASSIFY_H
#define MPCI_SPLIT_CLASSIFY_H

#include "split/machine.h"

/* How far the server's first segment that comes here may be from its first byte: what is before it
 * may have been lost. Two numbers of a server are further apart than any window. */
enum { MPCI_FIRST_REACH = 65536 };

static inline int mpci_classify_is_syn_alone(const mpci_view *v)
{
    return (v->flags & (MPCI_TCP_SYN | MPCI_TCP_ACK)) == MPCI_TCP_SYN;
}

/* What any segment but a SYN alone is to the entry of the step, or where there is none: where other
 * members may know more, they are thought of. */
enum mpci_split_event mpci_classify(const mpci_split *sp, mpci_step *st, mpci_cookie *c);

#endif
