/* SPDX-License-Identifier: BSD-2-Clause */
/* Import and export of structs that begin with size_t struct_size. */
#ifndef MPCI_BASE_ABI_H
#define MPCI_BASE_ABI_H

#include <stddef.h>

/* Copy the caller's struct to ours: what it does not have is zero. MPCONN_ERR_VERSION when it is
 * shorter than version 1 or has non-zero bytes we do not know; then nothing is written. The
 * struct_size of the copy is ours. */
int mpci_abi_import(void *ours, size_t our_size, const void *theirs, size_t v1_size);

/* Copy ours to the caller's as far as its struct_size goes, keeping that; bytes of it that we do
 * not have become zero. MPCONN_ERR_VERSION when it is shorter than version 1. */
int mpci_abi_export(void *theirs, const void *ours, size_t our_size, size_t v1_size);

#endif
