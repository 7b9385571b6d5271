/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that is there or ends the program. */
#ifndef SIM_UTIL_H
#define SIM_UTIL_H

#include <stddef.h>

void *sim_alloc(size_t size); /* zeroed */
void *sim_realloc(void *ptr, size_t size);

#if defined(__GNUC__)
#define SIM_PRINTF(string, first) __attribute__((format(printf, string, first)))
#else
#define SIM_PRINTF(format, first)
#endif

#define SIM_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
