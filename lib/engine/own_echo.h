/* SPDX-License-Identifier: BSD-2-Clause */
/* What is left of an echo of a member that does not come back as a whole reply. */
#ifndef MPCI_ENGINE_OWN_ECHO_H
#define MPCI_ENGINE_OWN_ECHO_H

#include "engine/engine.h"

/* An ICMP error about such a request, or a fragment of such a reply, comes from the server's side:
 * dropped, and 1. Its client has sent no ping. */
int mpci_own_echo_before(mpconn_engine *eng, mpconn_pkt *pkt, const mpci_view *v);

#endif
