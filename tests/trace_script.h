/* SPDX-License-Identifier: BSD-2-Clause */
/* A host that does, in the same order every time, whatever the API offers: what it records is the
 * same on every machine. */
#ifndef MPCONN_TESTS_TRACE_SCRIPT_H
#define MPCONN_TESTS_TRACE_SCRIPT_H

#include <stdio.h>

/* Record it into a file, which is closed. False when not everything went as it should. */
int trace_script_record(FILE *file);

#endif
