/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints the end of doc/rendezvous.md from the table the library runs: the page cannot disagree
 * with the code. tests/structure/machine.sh compares. */
#include "print_table.h"
#include "rendezvous/machine.h"

static printed_cell cell_at(unsigned state, unsigned event)
{
    const mpci_meet_cell *c = mpci_meet_cell_at(state, event);

    return (printed_cell){c->next, c->action_name};
}

static const printed_machine machine = {
    MPCI_MEET_STATE_COUNT, MPCI_MEET_EVENT_COUNT, mpconn_session_state_name, mpci_meet_event_name,
    cell_at, "###",
};

static void print_lists(void)
{
    print_list_head(&machine, "States", "state");
#define STATE_ROW(name, meaning) print_meaning(#name, meaning);
    MPCI_MEET_STATES(STATE_ROW)
#undef STATE_ROW
    puts("");
    print_list_head(&machine, "Events", "event");
#define EVENT_ROW(name, meaning) print_meaning(#name, meaning);
    MPCI_MEET_EVENTS(EVENT_ROW)
#undef EVENT_ROW
}

static void print_cells(void)
{
    puts("\n### Table\n\nCells that cannot be reached are left out here.\n\n"
         "| state | event | action | next |\n|---|---|---|---|");
    for (unsigned s = 0; s < machine.states; s++) {
        char first[32];

        snprintf(first, sizeof first, "| %s ", machine.state_name(s));
        print_row(&machine, s, first);
    }
    puts("");
}

int main(void)
{
    puts("<!-- Made by tests/print_session from lib/rendezvous/machine.def and rows.c; "
         "do not edit. -->");
    puts("What the actions do stands in `lib/rendezvous/actions.h`.\n");
    print_lists();
    print_cells();
    print_diagram(&machine);
    return 0;
}
