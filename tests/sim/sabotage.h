/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SIM_SABOTAGE_H
#define SIM_SABOTAGE_H

typedef struct sim_sabotage {
    const char *name, *scenario, *text; /* where it must be noticed */
} sim_sabotage;

/* Ends with a row without name. */
extern const sim_sabotage sim_sabotages[];

#endif
