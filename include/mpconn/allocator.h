/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * @brief Where the library's memory comes from.
 */
#ifndef MPCONN_ALLOCATOR_H
#define MPCONN_ALLOCATOR_H

#include <mpconn/base.h>

/** @cond */
#ifdef __cplusplus
extern "C" {
#endif
/** @endcond */

/**
 * @defgroup allocator Allocator
 * @{
 */

/**
 * @brief The host's allocator. Used when an object is made and when it is deleted, never between.
 *
 * A copy is kept by each object made with it. The memory it returns needs the alignment of
 * malloc; the library aligns its own tables to cache lines inside it. Set both functions, or
 * neither for the C library's; they must not call this library.
 */
typedef struct mpconn_allocator {
    /** @brief Return `size` (> 0) bytes or NULL. */
    void *(*alloc)(void *user, size_t size);
    /** @brief Give back what `alloc` returned; never called with NULL. */
    void (*release)(void *user, void *ptr);
    /** @brief First argument of both. */
    void *user;
} mpconn_allocator;

/** @} */

/** @cond */
#ifdef __cplusplus
}
#endif
/** @endcond */

#endif
