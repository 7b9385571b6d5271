/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/util.h"

#include <stdio.h>
#include <stdlib.h>

static void *or_exit(void *ptr)
{
    if (ptr == NULL) {
        fputs("mpconn-sim: out of memory\n", stderr);
        exit(2);
    }
    return ptr;
}

void *sim_alloc(size_t size)
{
    return or_exit(calloc(1, size));
}

void *sim_realloc(void *ptr, size_t size)
{
    return or_exit(realloc(ptr, size));
}
