/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints doc/handshake.md from the table the library runs: the page cannot disagree with the code.
 * tests/structure/machine.sh compares. */
#include <stdio.h>
#include <string.h>

#include "split/machine.h"

/* A bar ends a cell of the page. */
static void print_row(const char *name, const char *meaning)
{
    printf("| %s | ", name);
    for (; *meaning != '\0'; meaning++)
        printf(*meaning == '|' ? "\\|" : "%c", *meaning);
    puts(" |");
}

static void print_lists(void)
{
    puts("## States\n\n| state | meaning |\n|---|---|");
#define STATE_ROW(name, meaning) print_row(#name, meaning);
    MPCI_SPLIT_STATES(STATE_ROW)
#undef STATE_ROW
    puts("\n## Events\n\n| event | meaning |\n|---|---|");
#define EVENT_ROW(name, meaning) print_row(#name, meaning);
    MPCI_SPLIT_EVENTS(EVENT_ROW)
#undef EVENT_ROW
}

static int is_absent(const mpci_split_cell *c)
{
    return strcmp(c->action_name, "absent") == 0;
}

static void print_cells(void)
{
    puts("\n## Table\n\nCells that cannot be reached are left out here; in the table they are "
         "written, too, and do nothing\nbut count.\n");
    for (unsigned s = 0; s < MPCI_ST_COUNT; s++) {
        printf("### %s\n\n| event | action | next |\n|---|---|---|\n", mpci_split_state_name(s));
        for (unsigned e = 0; e < MPCI_EV_COUNT; e++) {
            const mpci_split_cell *c = mpci_split_cell_at(s, e);

            if (!is_absent(c))
                printf("| %s | %s | %s |\n", mpci_split_event_name(e), c->action_name,
                       mpci_split_state_name(c->next));
        }
        puts("");
    }
}

static void print_diagram(void)
{
    puts("## Diagram\n\n```mermaid\nstateDiagram-v2");
    for (unsigned s = 0; s < MPCI_ST_COUNT; s++) {
        for (unsigned n = 0; n < MPCI_ST_COUNT; n++) {
            int first = 1;

            for (unsigned e = 0; e < MPCI_EV_COUNT; e++) {
                const mpci_split_cell *c = mpci_split_cell_at(s, e);

                if (is_absent(c) || c->next != n || n == s)
                    continue;
                if (first)
                    printf("    %s --> %s: %s", mpci_split_state_name(s), mpci_split_state_name(n),
                           mpci_split_event_name(e));
                else
                    printf(", %s", mpci_split_event_name(e));
                first = 0;
            }
            if (!first)
                puts("");
        }
    }
    puts("```");
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
    print_diagram();
    return 0;
}
