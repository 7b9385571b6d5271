/* SPDX-License-Identifier: BSD-2-Clause */
#include "rendezvous/machine.h"

#include "rendezvous/rows.h"

/* The list numbers the states as the public enum does. */
enum {
#define STATE_NUMBER(name, meaning) STATE_##name,
    MPCI_MEET_STATES(STATE_NUMBER)
#undef STATE_NUMBER
    STATE_LIMIT
};
#define CHECK_NUMBER(name, meaning)                                 \
    _Static_assert((int)STATE_##name == (int)MPCONN_SESSION_##name, \
                   "the list and the public enum differ");
MPCI_MEET_STATES(CHECK_NUMBER)
#undef CHECK_NUMBER
_Static_assert((int)STATE_LIMIT == (int)MPCI_MEET_STATE_COUNT, "a state is missing");

static const mpci_meet_cell *const table[MPCI_MEET_STATE_COUNT] = {
#define ROW_OF(name, meaning) mpci_meet_row_##name,
    MPCI_MEET_STATES(ROW_OF)
#undef ROW_OF
};

static const char *const event_names[MPCI_MEET_EVENT_COUNT] = {
#define EVENT_NAME(name, meaning) #name,
    MPCI_MEET_EVENTS(EVENT_NAME)
#undef EVENT_NAME
};

const mpci_meet_cell *mpci_meet_cell_at(unsigned state, unsigned event)
{
    return state < MPCI_MEET_STATE_COUNT && event < MPCI_MEET_EVENT_COUNT ? &table[state][event]
                                                                         : NULL;
}

const char *mpci_meet_event_name(unsigned event)
{
    return event < MPCI_MEET_EVENT_COUNT ? event_names[event] : NULL;
}

void mpci_meet_run(mpci_rendezvous *rz, mpci_visit *v, enum mpci_meet_event event)
{
    mpci_rendezvous_begin_run(rz);
    while (event != MPCI_MEET_NOTHING) {
        const mpci_meet_cell *cell = &table[v->s->state][event];

        event = cell->action(rz, v);
        if (cell->next != v->s->state)
            mpci_session_enter(&rz->sessions, v->s, cell->next, rz->core->now);
    }
    mpci_rendezvous_end_run(rz);
}
