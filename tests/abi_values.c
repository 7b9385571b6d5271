/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every number of the public interface, frozen. A compiler diff of the binary
 * interface does not see a renumbered constant, because no signature mentions
 * it; this file does. Lines are added, never changed.
 */
#include <mpconn/mpconn.h>

#define SAME(name, value) _Static_assert((name) == (value), #name " was renumbered")

SAME(MPCONN_VERSION_NUM, MPCONN_VERSION_MAJOR * 10000 + MPCONN_VERSION_MINOR * 100 +
         MPCONN_VERSION_PATCH);

int main(void)
{
    return 0;
}
