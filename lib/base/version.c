/* SPDX-License-Identifier: BSD-2-Clause */
#include <mpconn/version.h>

const char *mpconn_version(void)
{
    return MPCONN_VERSION_STRING;
}
