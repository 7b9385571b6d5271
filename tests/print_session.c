/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints the end of doc/rendezvous.md from the table the library runs: the page cannot disagree
 * with the code. tests/structure/machine.sh compares. */
#include <stdio.h>
#include <string.h>

#include "rendezvous/machine.h"

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
    puts("### States\n\n| state | meaning |\n|---|---|");
#define STATE_ROW(name, meaning) print_row(#name, meaning);
    MPCI_MEET_STATES(STATE_ROW)
#undef STATE_ROW
    puts("\n### Events\n\n| event | meaning |\n|---|---|");
#define EVENT_ROW(name, meaning) print_row(#name, meaning);
    MPCI_MEET_EVENTS(EVENT_ROW)
#undef EVENT_ROW
}

static int is_absent(const mpci_meet_cell *c)
{
    return strcmp(c->action_name, "absent") == 0;
}

static void print_cells(void)
{
    puts("\n### Table\n\nCells that cannot be reached are left out here.\n\n"
         "| state | event | action | next |\n|---|---|---|---|");
    for (unsigned s = 0; s < MPCI_MEET_STATE_COUNT; s++) {
        for (unsigned e = 0; e < MPCI_MEET_EVENT_COUNT; e++) {
            const mpci_meet_cell *c = mpci_meet_cell_at(s, e);

            if (!is_absent(c))
                printf("| %s | %s | %s | %s |\n", mpconn_session_state_name(s),
                       mpci_meet_event_name(e), c->action_name,
                       mpconn_session_state_name(c->next));
        }
    }
}

static void print_arrow(unsigned s, unsigned n)
{
    const char *before = NULL;

    for (unsigned e = 0; e < MPCI_MEET_EVENT_COUNT; e++) {
        const mpci_meet_cell *c = mpci_meet_cell_at(s, e);

        if (is_absent(c) || c->next != n)
            continue;
        if (before == NULL)
            printf("    %s --> %s: ", mpconn_session_state_name(s), mpconn_session_state_name(n));
        printf("%s%s", before == NULL ? "" : before, mpci_meet_event_name(e));
        before = ", ";
    }
    if (before != NULL)
        puts("");
}

int main(void)
{
    puts("<!-- Made by tests/print_session from lib/rendezvous/machine.def and rows.c; "
         "do not edit. -->");
    puts("What the actions do stands in `lib/rendezvous/actions.h`.\n");
    print_lists();
    print_cells();
    puts("\n### Diagram\n\n```mermaid\nstateDiagram-v2");
    for (unsigned s = 0; s < MPCI_MEET_STATE_COUNT; s++)
        for (unsigned n = 0; n < MPCI_MEET_STATE_COUNT; n++)
            if (n != s)
                print_arrow(s, n);
    puts("```");
    return 0;
}
