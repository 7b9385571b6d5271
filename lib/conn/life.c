/* SPDX-License-Identifier: BSD-2-Clause */
#include "conn/life.h"

#define CHECK_NUMBER(number, name, meaning) \
    _Static_assert(MPCONN_FLOW_##name == (number), "the list and the public enum differ");
MPCI_LIFE_STATE_MAP(CHECK_NUMBER)
#undef CHECK_NUMBER

enum { LIVING_STATES = MPCONN_FLOW_RESET };

typedef struct cell {
    uint8_t next;
    uint8_t rst;
} cell;

static const cell cells[LIVING_STATES][MPCI_LIFE_EVENTS] = {
#define CELL(state, event, next_state, mark) \
    [MPCONN_FLOW_##state][MPCI_LIFE_##event] = {MPCONN_FLOW_##next_state, mark},
    MPCI_LIFE_CELL_MAP(CELL)
#undef CELL
};

void mpci_life_step(mpci_track *t, enum mpci_life_event event)
{
    const cell *c = &cells[t->state & 3][event];

    t->state = c->next;
    t->life = (uint8_t)((t->life & ~(MPCI_LIFE_RST | MPCI_LIFE_RST_OF_SERVER)) |
                        (c->rst ? MPCI_LIFE_RST : 0));
}

const char *mpconn_flow_state_name(unsigned state)
{
    static const char *const names[] = {
#define NAME(number, name, meaning) [number] = #name,
        MPCI_LIFE_STATE_MAP(NAME)
#undef NAME
    };

    return state < sizeof names / sizeof names[0] ? names[state] : NULL;
}
