/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DEMO_SVG_H
#define DEMO_SVG_H

#include "demo/rows.h"

/* Draw the ladder. False, with errno, when it cannot be written. */
bool svg_write(const char *path, const rows *r);

#endif
