/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/abi.h"

#include <mpconn/error.h>

/* No struct of ours will ever come near this; a size beyond it was never set, and believing it
 * would mean to read the host's stack. */
enum { STRUCT_SIZE_MAX = 4096 };

static size_t size_of(const void *theirs)
{
    size_t size;

    memcpy(&size, theirs, sizeof size);
    return size;
}

static int is_known_size(size_t size, size_t v1_size)
{
    return size >= v1_size && size >= sizeof(size_t) && size <= STRUCT_SIZE_MAX;
}

int mpci_abi_import(void *ours, size_t our_size, const void *theirs, size_t v1_size)
{
    const uint8_t *bytes = theirs;
    size_t size = size_of(theirs);

    if (!is_known_size(size, v1_size))
        return MPCONN_ERR_VERSION;
    for (size_t i = our_size; i < size; i++)
        if (bytes[i] != 0)
            return MPCONN_ERR_VERSION;
    memset(ours, 0, our_size);
    memcpy(ours, theirs, size < our_size ? size : our_size);
    memcpy(ours, &our_size, sizeof our_size);
    return MPCONN_OK;
}

int mpci_abi_export(void *theirs, const void *ours, size_t our_size, size_t v1_size)
{
    size_t size = size_of(theirs);

    if (!is_known_size(size, v1_size))
        return MPCONN_ERR_VERSION;
    memset(theirs, 0, size);
    memcpy(theirs, ours, size < our_size ? size : our_size);
    memcpy(theirs, &size, sizeof size);
    return MPCONN_OK;
}
