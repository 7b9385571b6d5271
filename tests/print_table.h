/* SPDX-License-Identifier: BSD-2-Clause */
/* How a machine that is a table of state x event stands on a page. */
#ifndef TESTS_PRINT_TABLE_H
#define TESTS_PRINT_TABLE_H

#include <stdio.h>
#include <string.h>

typedef struct printed_cell {
    unsigned next;
    const char *action;
} printed_cell;

typedef struct printed_machine {
    unsigned states, events;
    const char *(*state_name)(unsigned state);
    const char *(*event_name)(unsigned event);
    printed_cell (*cell)(unsigned state, unsigned event);
    const char *level;           /* of its headings */
} printed_machine;

/* A bar ends a cell of the page. */
static inline void print_meaning(const char *name, const char *meaning)
{
    printf("| %s | ", name);
    for (; *meaning != '\0'; meaning++)
        printf(*meaning == '|' ? "\\|" : "%c", *meaning);
    puts(" |");
}

static inline void print_list_head(const printed_machine *m, const char *what, const char *column)
{
    printf("%s %s\n\n| %s | meaning |\n|---|---|\n", m->level, what, column);
}

static inline int is_reached(const printed_machine *m, unsigned state, unsigned event)
{
    return strcmp(m->cell(state, event).action, "absent") != 0;
}

/* The cells of a state that can be reached, each behind `first`. */
static inline void print_row(const printed_machine *m, unsigned state, const char *first)
{
    for (unsigned e = 0; e < m->events; e++) {
        printed_cell c = m->cell(state, e);

        if (is_reached(m, state, e))
            printf("%s| %s | %s | %s |\n", first, m->event_name(e), c.action,
                   m->state_name(c.next));
    }
}

static inline void print_arrow(const printed_machine *m, unsigned from, unsigned to)
{
    const char *before = NULL;

    for (unsigned e = 0; e < m->events; e++) {
        if (!is_reached(m, from, e) || m->cell(from, e).next != to)
            continue;
        if (before == NULL)
            printf("    %s --> %s: ", m->state_name(from), m->state_name(to));
        printf("%s%s", before == NULL ? "" : before, m->event_name(e));
        before = ", ";
    }
    if (before != NULL)
        puts("");
}

static inline void print_diagram(const printed_machine *m)
{
    printf("%s Diagram\n\n```mermaid\nstateDiagram-v2\n", m->level);
    for (unsigned from = 0; from < m->states; from++)
        for (unsigned to = 0; to < m->states; to++)
            if (to != from)
                print_arrow(m, from, to);
    puts("```");
}

#endif
