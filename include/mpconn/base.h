/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * @brief What every other header needs: export mark, time, versioned structs, addresses.
 */
#ifndef MPCONN_BASE_H
#define MPCONN_BASE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** @cond */
#if defined(__GNUC__)
#define MPCONN_API __attribute__((visibility("default")))
#else
#define MPCONN_API
#endif
#ifdef __cplusplus
extern "C" {
#endif
/** @endcond */

/**
 * @defgroup base Common types
 * @{
 */

/**
 * @brief A reading of the host's clock.
 *
 * Any clock will do as long as it does not step back while an engine lives; its origin is
 * arbitrary. Every call that needs the time takes it as its last argument.
 * @units nanoseconds
 */
typedef uint64_t mpconn_time;

/** @brief No time at all: the deadline of something that will never happen. */
#define MPCONN_TIME_NEVER UINT64_MAX

/** @brief One second, in the unit of ::mpconn_time. */
#define MPCONN_SECOND UINT64_C(1000000000)

/** @brief One millisecond, in the unit of ::mpconn_time. */
#define MPCONN_MILLISECOND UINT64_C(1000000)

/**
 * @brief Prepare a size-versioned struct: all members zero (zero is always "the default"), and
 *        `struct_size` set to the size the caller was compiled with.
 *
 * The library accepts a struct that is shorter than its own (the rest is zero) and one that is
 * longer as long as the tail it does not know is zero.
 */
#define MPCONN_STRUCT_INIT(ptr)               \
    do {                                      \
        memset((ptr), 0, sizeof(*(ptr)));     \
        (ptr)->struct_size = sizeof(*(ptr));  \
    } while (0)

/** @brief Address family marks of ::mpconn_tuple. */
enum mpconn_family {
    MPCONN_FAMILY_NONE = 0, /**< not set */
    MPCONN_FAMILY_IPV4 = 4, /**< Internet Protocol version 4 */
    MPCONN_FAMILY_IPV6 = 6  /**< Internet Protocol version 6 */
};

/** @brief The two legs of a connection, and so the two sides a packet comes from or leaves to. */
enum mpconn_side {
    MPCONN_SIDE_CLIENT = 0, /**< toward the client */
    MPCONN_SIDE_SERVER = 1  /**< toward the server */
};

/**
 * @brief An IP address.
 * @byteorder network; an IPv4 address takes the first four bytes and the rest is zero
 */
typedef struct mpconn_addr {
    uint8_t bytes[16]; /**< the address */
} mpconn_addr;

/**
 * @brief Names a connection: both endpoints as one leg sees them, and the zone.
 *
 * "Client" is the endpoint on ::MPCONN_SIDE_CLIENT of the member, whoever opened the connection.
 */
typedef struct mpconn_tuple {
    mpconn_addr client;    /**< address of the endpoint on the client side */
    mpconn_addr server;    /**< address of the endpoint on the server side */
    uint16_t client_port;  /**< its port, host order */
    uint16_t server_port;  /**< its port, host order */
    uint16_t zone;         /**< separates overlapping address spaces; host order */
    uint8_t family;        /**< ::mpconn_family */
    uint8_t reserved;      /**< zero */
} mpconn_tuple;

/** @} */

/** @cond */
#ifdef __cplusplus
}
#endif
/** @endcond */

#endif
