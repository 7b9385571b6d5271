/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * @brief Status of a call. Packets never make a call fail: they get a verdict and a reason.
 */
#ifndef MPCONN_ERROR_H
#define MPCONN_ERROR_H

#include <mpconn/base.h>

/** @cond */
#ifdef __cplusplus
extern "C" {
#endif
/** @endcond */

/**
 * @defgroup error Errors
 * @{
 */

/**
 * @brief What a call returns. Numbers are never changed and never used again.
 *
 * -1 to -19 are the caller's mistakes and missing resources, -20 to -39 what a codec found wrong
 * with its input.
 */
enum mpconn_err {
    MPCONN_OK = 0,               /**< done */
    MPCONN_ERR_INVAL = -1,       /**< an argument is outside its documented range */
    MPCONN_ERR_VERSION = -2,     /**< a struct is of a version this library does not know */
    MPCONN_ERR_NOMEM = -3,       /**< the allocator returned NULL */
    MPCONN_ERR_REENTRANT = -4,   /**< called from inside a callback of the same object */
    MPCONN_ERR_NOSPACE = -5,     /**< an output buffer is too small */
    MPCONN_ERR_LIMIT = -6,       /**< a configured capacity is used up */
    MPCONN_ERR_STATE = -7,       /**< not possible in the present state */
    MPCONN_ERR_CALLBACK = -8,    /**< a callback that must not fail returned non-zero */
    MPCONN_ERR_NOTFOUND = -9,    /**< there is no such object */
    MPCONN_ERR_CONFLICT = -10,   /**< two facts about one incarnation contradict each other */
    MPCONN_ERR_EXISTS = -11,     /**< another object has that name, or what goes with it */
    MPCONN_ERR_EXPECT = -12,     /**< somebody has to be called, and it is not known where */
    MPCONN_ERR_HELLO = -13,      /**< a link-layer member has to greet the others once a second */
    MPCONN_ERR_TRUNCATED = -20,  /**< the input ends before its headers do */
    MPCONN_ERR_MALFORMED = -21,  /**< the input contradicts itself */
    MPCONN_ERR_UNSUPPORTED = -22,/**< valid, but not handled here */
    MPCONN_ERR_CHECKSUM = -23,   /**< a checksum does not fit */
    MPCONN_ERR_CONGESTED = -24,  /**< marked CE for a leg without ECN: to be dropped */
    MPCONN_ERR_NOT_MINE = -25,   /**< nothing this library sent: to be passed on */
    MPCONN_ERR_REFLECTED = -26,  /**< what this library sent, and not the answer to it */
    MPCONN_ERR_FRAGMENT = -27,   /**< a fragment of what only counts as a whole */
    MPCONN_ERR_FORGED = -28,     /**< not authentic */
    MPCONN_ERR_REWRITTEN = -29,  /**< authentic, but its addresses were changed on the way */
    MPCONN_ERR_EXPIRED = -30     /**< authentic, but of another time */
};

/**
 * @brief Describe an error in a few English words.
 *
 * @param[in] err  an ::mpconn_err
 * @return a constant string, also for a number that is no error; never NULL
 * @owner   the library; valid for ever
 * @threads any thread
 */
MPCONN_API const char *mpconn_strerror(int err);

/** @} */

/** @cond */
#ifdef __cplusplus
}
#endif
/** @endcond */

#endif
