/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/matrix.h"

#include <stdio.h>
#include <stdlib.h>

/* Of the time of a split connection to that of another one, in thousandths. */
#define MEDIAN_MOST 1300
#define ANY_MOST 2000

/* From the call to the last byte; 0 when something went wrong. */
static sim_time time_of(unsigned cell, bool plain)
{
    sim_options o = {.seed = cell, .plain = plain};
    sim_world w;
    sim_time took = 0;

    sim_world_init(&w, &o);
    sim_matrix_setup(&w);
    if (!w.failed)
        sim_world_run(&w);
    for (unsigned side = 0; side < 2 && !w.failed; side++) {
        sim_time at = w.sessions->end[side].received_at - w.started - w.sessions->plan.start;

        took = at > took ? at : took;
    }
    if (w.failed)
        printf("FAILED: scenario matrix, seed %u%s: %s\n", cell, plain ? ", --plain" : "",
               w.failure);
    sim_world_fini(&w);
    return took;
}

static int compare(const void *a, const void *b)
{
    unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

    return (x > y) - (x < y);
}

static unsigned ratio_of(unsigned cell)
{
    sim_time split = time_of(cell, false), plain = time_of(cell, true);

    return plain == 0 ? 0 : (unsigned)(split * 1000 / plain);
}

static const char *const kinds[SIM_MATRIX_KINDS] = {"all",   "no-sack", "no-ts",
                                                    "no-ws", "mss-536", "ecn"};

static void print_row(unsigned path, unsigned client, const unsigned ratio[SIM_MATRIX_CELLS])
{
    static const char *const paths[SIM_MATRIX_PATHS] = {"IPv4, one member", "IPv4, two members",
                                                        "IPv6, one member", "IPv6, two members"};

    printf("%-17s %-14s", paths[path], kinds[client]);
    for (unsigned cell = 0; cell < SIM_MATRIX_CELLS; cell++) {
        if (sim_matrix_path(cell) == path && sim_matrix_client(cell) == client)
            printf(" %3u.%03u", ratio[cell] / 1000, ratio[cell] % 1000);
    }
    printf("\n");
}

static void print_table(const unsigned ratio[SIM_MATRIX_CELLS])
{
    printf("%-17s %-6s server:", "", "client");
    for (unsigned i = 0; i < SIM_MATRIX_KINDS; i++)
        printf(" %7s", kinds[i]);
    printf("\n");
    for (unsigned i = 0; i < SIM_MATRIX_PATHS * SIM_MATRIX_KINDS; i++)
        print_row(i / SIM_MATRIX_KINDS, i % SIM_MATRIX_KINDS, ratio);
}

bool sim_matrix_run(void)
{
    unsigned ratio[SIM_MATRIX_CELLS];
    unsigned median, most;
    bool right;

    for (unsigned i = 0; i < SIM_MATRIX_CELLS; i++)
        ratio[i] = ratio_of(i);
    print_table(ratio);
    qsort(ratio, SIM_MATRIX_CELLS, sizeof(ratio[0]), compare);
    median = ratio[SIM_MATRIX_CELLS / 2];
    most = ratio[SIM_MATRIX_CELLS - 1];
    right = ratio[0] != 0 && median <= MEDIAN_MOST && most <= ANY_MOST;
    printf("%-6s matrix: times of split connections to others: median %u.%03u, most %u.%03u\n",
           right ? "ok" : "FAILED", median / 1000, median % 1000, most / 1000, most % 1000);
    return right;
}
