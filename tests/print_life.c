/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints doc/life.md from the list the library's table is made of. tests/structure/machine.sh
 * compares. */
#include <stdio.h>
#include <string.h>

#include "conn/life.def"

static const struct cell {
    const char *state, *event, *next;
    int rst;
} cells[] = {
#define CELL(state, event, next, rst) {#state, #event, #next, rst},
    MPCI_LIFE_CELL_MAP(CELL)
#undef CELL
};
enum { N_CELLS = sizeof cells / sizeof cells[0] };

static void print_lists(void)
{
    puts("## States\n\n| number | state | meaning |\n|---|---|---|");
#define STATE_ROW(number, name, meaning) puts("| " #number " | " #name " | " meaning " |");
    MPCI_LIFE_STATE_MAP(STATE_ROW)
#undef STATE_ROW
    puts("\n## Events\n\n| event | meaning |\n|---|---|");
#define EVENT_ROW(name, meaning) puts("| " #name " | " meaning " |");
    MPCI_LIFE_EVENT_MAP(EVENT_ROW)
#undef EVENT_ROW
}

static void print_diagram(void)
{
    puts("\n## Diagram\n\n```mermaid\nstateDiagram-v2");
    for (size_t i = 0; i < N_CELLS; i++)
        if (strcmp(cells[i].state, cells[i].next) != 0)
            printf("    %s --> %s: %s\n", cells[i].state, cells[i].next, cells[i].event);
    puts("```");
}

int main(void)
{
    puts("<!-- Made by tests/print_life from lib/conn/life.def; do not edit. -->\n"
         "# The life of a settled connection\n");
    puts("Only segments inside the tracked windows are events. A FIN counts once the other "
         "endpoint\n"
         "acknowledged it; one that is merely seen changes no state, and one beyond a gap shortens "
         "no\n"
         "timer either. The mark of a RST goes as soon as anybody speaks, but for\n"
         "what the other side sent within a second: that was on its way.\n");
    print_lists();
    puts("\n## Table\n\n| state | event | next | RST mark |\n|---|---|---|---|");
    for (size_t i = 0; i < N_CELLS; i++)
        printf("| %s | %s | %s | %s |\n", cells[i].state, cells[i].event, cells[i].next,
               cells[i].rst ? "set" : "cleared");
    print_diagram();
    return 0;
}
