/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The size of every public struct, frozen. The file is compiled with padding
 * as an error: a hole in a struct would be read as data by a later release.
 */
#include <mpconn/mpconn.h>
#include <stddef.h>

#define SIZE(type, lp64, ilp32) \
    _Static_assert(sizeof(type) == (sizeof(void *) == 8 ? (lp64) : (ilp32)), \
               "the size of " #type " changed")

SIZE(void *, 8, 4);

int main(void)
{
    return 0;
}
