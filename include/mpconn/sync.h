/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * @brief What members say to one another, out of band.
 */
#ifndef MPCONN_SYNC_H
#define MPCONN_SYNC_H

#include <mpconn/engine.h>

/** @cond */
#ifdef __cplusplus
extern "C" {
#endif
/** @endcond */

/**
 * @defgroup sync Members
 *
 * Members exchange frames: datagrams that the host carries over a channel of its choice, point to
 * point, by multicast or by broadcast. The channel may lose, repeat and reorder them, and anybody
 * may listen and send: frames are authenticated, bound to cluster, sender and boot, and never
 * taken twice. The engine gives frames to the callback `send_frame` and takes what arrives by
 * mpconn_engine_sync_input().
 * @{
 */

/** @brief Destination of a frame that is for every member. */
#define MPCONN_MEMBER_ALL UINT32_C(0xffff)

/**
 * @brief The one list of what becomes of a frame: `X(number, NAME, text)`.
 *
 * Numbers are never changed and never used again: 0 to 15 what went as it should, 16 to 47 what is
 * refused, 48 to 63 what happened beside.
 */
#define MPCONN_SYNC_MAP(X)                                                          \
    X(0, TAKEN, "frame taken")                                                      \
    X(1, OWN, "own frame, come back")                                               \
    X(2, NOT_FOR_US, "frame for another member")                                    \
    X(3, GREETED, "frame of a boot not known yet, its greeting answered")           \
    X(16, TRUNCATED, "shorter than a frame can be")                                 \
    X(17, BAD_MAGIC, "not a frame")                                                 \
    X(18, BAD_VERSION, "frame of another major version")                            \
    X(19, BAD_FLAGS, "frame that asks for what we do not know")                     \
    X(20, OTHER_CLUSTER, "frame of another cluster")                                \
    X(21, UNKNOWN_MEMBER, "sender is no member")                                    \
    X(22, BAD_TAG, "authentication failed")                                         \
    X(23, UNKNOWN_BOOT, "sender has not shown yet that this boot of it is alive")   \
    X(24, REPLAYED, "frame taken before, or too old to tell")                       \
    X(25, MALFORMED, "contradicts itself; nothing was taken")                       \
    X(26, CONFLICT, "two members use one id")                                       \
    X(27, NOT_A_MEMBER, "this engine has no members")                               \
    X(48, RECORD_SKIPPED, "record we do not know and need not")                     \
    X(49, RECORD_REFUSED, "record we do not know and should")                       \
    X(50, SEND_FAILED, "frame the host could not send")                             \
    X(51, RECORD_FULL, "record that did not find room in a frame")                  \
    X(52, PROFILE_DIFFERS, "greeting of a member that tells clients something else")

/** @brief What became of a frame; see ::MPCONN_SYNC_MAP. */
enum mpconn_sync_reason {
/** @cond */
#define MPCONN_SYNC_ENUM(number, name, text) MPCONN_SYNC_##name = number,
    MPCONN_SYNC_MAP(MPCONN_SYNC_ENUM)
#undef MPCONN_SYNC_ENUM
/** @endcond */
    MPCONN_SYNC_BESIDE = 48, /**< numbers from here on count beside the fate of a frame */
    MPCONN_SYNC_LIMIT = 64 /**< all numbers, today's and later ones, are below this */
};

/**
 * @brief Take a frame that another member sent.
 *
 * @param[in]     eng    the engine
 * @param[in,out] frame  the datagram as it came; with a cipher of the host it is opened in place
 * @param[in]     len    bytes of it
 * @param[out]    reason what became of it, an ::mpconn_sync_reason; may be NULL
 * @param[in]     now    clock reading
 * @byteorder network in the frame
 * @owner    borrows the frame until it returns
 * @hooks    open, seal, send_frame, send_packets, release, event
 * @threads  the engine's
 * @retval MPCONN_OK             taken or refused: network input makes no call fail
 * @retval MPCONN_ERR_INVAL      `eng` is NULL, `frame` is NULL and `len` is not 0, or
 *                               `now` is NEVER
 * @retval MPCONN_ERR_REENTRANT  called from a hook
 */
MPCONN_API int mpconn_engine_sync_input(mpconn_engine *eng, uint8_t *frame, size_t len,
                                        uint32_t *reason, mpconn_time now);

/**
 * @brief How often a frame met this fate.
 *
 * @param[in] eng     the engine
 * @param[in] reason  an ::mpconn_sync_reason
 * @return the counter; 0 for NULL or a number that is not in use
 * @threads the engine's; may be called from a hook
 */
MPCONN_API uint64_t mpconn_engine_sync_count(const mpconn_engine *eng, unsigned reason);

/**
 * @brief Name of a fate, as in its enumerator: `"REPLAYED"`.
 *
 * @param[in] reason  an ::mpconn_sync_reason
 * @return a constant string, NULL for a number that is not in use
 * @owner   the library; valid for ever
 * @threads any thread
 */
MPCONN_API const char *mpconn_sync_reason_name(unsigned reason);

/** @brief What an engine knows of another member. */
typedef struct mpconn_member {
    size_t struct_size;    /**< sizeof(mpconn_member) of the caller */
    uint32_t id;           /**< of the member */
    uint32_t up;           /**< 1 when it is heard, 0 when not */
    uint64_t boot;         /**< number of its present life; 0 while none is known */
    uint64_t silent_ns;    /**< since its last frame that counted, or since the engine was made */
} mpconn_member;

/**
 * @brief Look at a member.
 *
 * @param[in]     eng    the engine
 * @param[in]     index  from 0, in the order of ids
 * @param[in,out] out    `struct_size` set by the caller; the rest is filled as far as that goes
 * @threads  the engine's; may be called from a hook
 * @retval MPCONN_OK            filled
 * @retval MPCONN_ERR_NOTFOUND  there are fewer
 * @retval MPCONN_ERR_INVAL     a pointer is NULL
 * @retval MPCONN_ERR_VERSION   `struct_size` is smaller than the first version
 */
MPCONN_API int mpconn_engine_member(const mpconn_engine *eng, uint32_t index, mpconn_member *out);

/** @} */

/** @cond */
#ifdef __cplusplus
}
#endif
/** @endcond */

#endif
