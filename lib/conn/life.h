/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine of conn/life.def. */
#ifndef MPCI_CONN_LIFE_H
#define MPCI_CONN_LIFE_H

#include "conn/life.def"
#include "conn/track.h"

enum mpci_life_event {
#define MPCI_LIFE_EVENT_ENUM(name, meaning) MPCI_LIFE_##name,
    MPCI_LIFE_EVENT_MAP(MPCI_LIFE_EVENT_ENUM)
#undef MPCI_LIFE_EVENT_ENUM
    MPCI_LIFE_EVENTS
};

/* Next state, and the RST mark with it. `t->state` is OPEN to CLOSED. */
void mpci_life_step(mpci_track *t, enum mpci_life_event event);

#endif
