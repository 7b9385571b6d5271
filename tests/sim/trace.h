/* SPDX-License-Identifier: BSD-2-Clause */
/* One line for every frame and every noteworthy step, so that a failure can be read as a ladder. */
#ifndef SIM_TRACE_H
#define SIM_TRACE_H

#include "sim/net.h"
#include "sim/util.h"

enum sim_trace_mode {
    SIM_TRACE_OFF,
    SIM_TRACE_KEEP,  /* the last lines, printed after a failure */
    SIM_TRACE_STREAM /* all of them, at once */
};

typedef struct sim_trace {
    enum sim_trace_mode mode;
    char (*lines)[256];
    uint64_t n_lines;
    struct sim_trace_isn *isn; /* first numbers seen, to print relative ones */
    size_t n_isn, cap_isn;
} sim_trace;

void sim_trace_init(sim_trace *t, enum sim_trace_mode mode);
void sim_trace_fini(sim_trace *t);
/* The lines kept, oldest first. */
void sim_trace_print(const sim_trace *t);

/* A frame put into a pipe, and its fate. */
void sim_trace_frame(struct sim_world *w, const sim_pipe *p, const sim_frame *f, const char *fate);
/* What a node did. */
void sim_note(struct sim_world *w, const char *who, const char *format, ...) SIM_PRINTF(3, 4);

#endif
