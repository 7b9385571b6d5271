/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints doc/handshake.md from the table the library runs: the page cannot disagree with the code.
 * tests/structure/machine.sh compares. */
#include "print_table.h"
#include "split/machine.h"

static printed_cell cell_at(unsigned state, unsigned event)
{
    const mpci_split_cell *c = mpci_split_cell_at(state, event);

    return (printed_cell){c->next, c->action_name};
}

static const printed_machine machine = {
    MPCI_ST_COUNT, MPCI_EV_COUNT, mpci_split_state_name, mpci_split_event_name, cell_at, "##",
};

static void print_lists(void)
{
    print_list_head(&machine, "States", "state");
#define STATE_ROW(name, meaning) print_meaning(#name, meaning);
    MPCI_SPLIT_STATES(STATE_ROW)
#undef STATE_ROW
    puts("");
    print_list_head(&machine, "Events", "event");
#define EVENT_ROW(name, meaning) print_meaning(#name, meaning);
    MPCI_SPLIT_EVENTS(EVENT_ROW)
#undef EVENT_ROW
}

static void print_cells(void)
{
    puts("\n## Table\n\nCells that cannot be reached are left out here; in the table they are "
         "written, too, and do nothing\nbut count.\n");
    for (unsigned s = 0; s < machine.states; s++) {
        printf("### %s\n\n| event | action | next |\n|---|---|---|\n", machine.state_name(s));
        print_row(&machine, s, "");
        puts("");
    }
}

int main(void)
{
    puts("<!-- Made by tests/print_machine from lib/split/machine.def and rows_*.c; "
         "do not edit. -->\n# The handshake machine\n");
    puts("One entry of the handshake table runs this machine. \"Opener\" sent the SYN, "
         "\"answerer\" is the other\n"
         "endpoint. What the actions do stands in `lib/split/actions.h`.\n");
    print_lists();
    print_cells();
    print_diagram(&machine);
    return 0;
}
