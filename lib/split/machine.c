/* SPDX-License-Identifier: BSD-2-Clause */
#include "split/machine.h"

#include "split/rows.h"

static const mpci_split_cell *const table[MPCI_ST_COUNT] = {
#define ROW_OF(name, meaning) mpci_row_##name,
    MPCI_SPLIT_STATES(ROW_OF)
#undef ROW_OF
};

static const char *const state_names[MPCI_ST_COUNT] = {
#define STATE_NAME(name, meaning) #name,
    MPCI_SPLIT_STATES(STATE_NAME)
#undef STATE_NAME
};

static const char *const event_names[MPCI_EV_COUNT] = {
#define EVENT_NAME(name, meaning) #name,
    MPCI_SPLIT_EVENTS(EVENT_NAME)
#undef EVENT_NAME
};

const mpci_split_cell *mpci_split_cell_at(unsigned state, unsigned event)
{
    return state < MPCI_ST_COUNT && event < MPCI_EV_COUNT ? &table[state][event] : NULL;
}

const char *mpci_split_state_name(unsigned state)
{
    return state < MPCI_ST_COUNT ? state_names[state] : NULL;
}

const char *mpci_split_event_name(unsigned event)
{
    return event < MPCI_EV_COUNT ? event_names[event] : NULL;
}

/* Nobody has proved anything here: such entries are a luxury of peace. */
static int is_half_open(enum mpci_split_state s)
{
    return s == MPCI_ST_ANSWERED || s == MPCI_ST_PLAIN_SYN || s == MPCI_ST_PLAIN_ANSWERED ||
           s == MPCI_ST_EXPECTED || s == MPCI_ST_ANSWERING || s == MPCI_ST_ASKING;
}

static void enter(mpci_split *sp, mpci_step *st, enum mpci_split_state next)
{
    mpci_handshake *h = st->h;
    enum mpci_split_state old;

    if (h == NULL)
        return; /* nothing was kept */
    old = (enum mpci_split_state)h->state;
    if (is_half_open(old))
        sp->half_open--;
    if (is_half_open(next))
        sp->half_open++;
    h->state = (uint8_t)next;
    if (next == MPCI_ST_NONE) {
        /* Whatever ended it: its host and the account of the engine get back what still waits. */
        mpci_core_release(sp->core, h, MPCONN_REASON_HOLD_EXPIRED);
        mpci_core_unbind(sp->core, h->binding);
        mpci_handshake_remove(&sp->core->handshakes, h);
        st->h = NULL;
    } else if (is_half_open(next)) {
        mpci_handshake_unproved(&sp->core->handshakes, h);
    } else {
        mpci_handshake_proved(&sp->core->handshakes, h);
    }
}

void mpci_split_run(mpci_split *sp, mpci_step *st, enum mpci_split_event event)
{
    while (event != MPCI_EV_NOTHING) {
        unsigned state = st->h != NULL ? st->h->state : (unsigned)MPCI_ST_NONE;
        const mpci_split_cell *cell = &table[state][event];

        event = cell->action(sp, st);
        enter(sp, st, cell->next);
    }
}
