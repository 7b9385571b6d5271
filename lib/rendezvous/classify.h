/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef MPCI_RENDEZVOUS_CLASSIFY_H
#define MPCI_RENDEZVOUS_CLASSIFY_H

#include "rendezvous/machine.h"

/* What the packet of a visit is. Nothing is changed. */
enum mpci_meet_event mpci_classify_syn(const mpci_rendezvous *rz, const mpci_visit *v);
enum mpci_meet_event mpci_classify_segment(const mpci_rendezvous *rz, const mpci_visit *v);

/* What time, or the flow's own end, has done to a session; `side` is whom it is about. */
enum mpci_meet_event mpci_classify_time(const mpci_rendezvous *rz, const mpci_session *s,
                                        unsigned *side, unsigned *reason);

#endif
