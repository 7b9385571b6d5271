/* SPDX-License-Identifier: BSD-2-Clause */
/* Transfers of 1 MiB each way between ends of every kind, split and not: one world for each. */
#ifndef SIM_MATRIX_H
#define SIM_MATRIX_H

#include "sim/scenario.h"

#define SIM_MATRIX_KINDS 6 /* of a server, and of a client */
#define SIM_MATRIX_PATHS 4 /* IPv4 and IPv6, through one member and through two */
#define SIM_MATRIX_CELLS (SIM_MATRIX_KINDS * SIM_MATRIX_KINDS * SIM_MATRIX_PATHS)

enum sim_matrix_path { SIM_IPV4_ONE, SIM_IPV4_TWO, SIM_IPV6_ONE, SIM_IPV6_TWO };

/* Of a cell; neighbours differ in the path, then in the server. */
static inline enum sim_matrix_path sim_matrix_path(unsigned cell)
{
    return (enum sim_matrix_path)(cell % SIM_MATRIX_PATHS);
}

static inline unsigned sim_matrix_server(unsigned cell)
{
    return cell / SIM_MATRIX_PATHS % SIM_MATRIX_KINDS;
}

static inline unsigned sim_matrix_client(unsigned cell)
{
    return cell / SIM_MATRIX_PATHS / SIM_MATRIX_KINDS % SIM_MATRIX_KINDS;
}

/* Scenario "matrix": the seed, modulo the number of cells, is the cell. */
void sim_matrix_setup(sim_world *w);

/* All cells, each split and with a wire in the member's place. Prints how much longer split ones
 * take, and judges that. Returns whether nothing was wrong. */
bool sim_matrix_run(void);

#endif
