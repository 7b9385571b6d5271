/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * @brief Return paths: what a link-layer member has learned.
 */
#ifndef MPCONN_RETURN_PATH_H
#define MPCONN_RETURN_PATH_H

#include <mpconn/echo.h>
#include <mpconn/engine.h>

/** @cond */
#ifdef __cplusplus
extern "C" {
#endif
/** @endcond */

/**
 * @addtogroup echo
 * @{
 */

/** @brief A client has answered what left by the path, or the server has used it: it is in use. */
#define MPCONN_RETURN_PATH_F_PROVED (UINT32_C(1) << 0)

/** @brief What a server says to a network of clients comes by this member. */
typedef struct mpconn_return_path {
    size_t struct_size;  /**< sizeof(mpconn_return_path) of the caller */
    mpconn_addr client;  /**< the network: /24 of IPv4, /56 of IPv6 */
    mpconn_addr server;  /**< the server */
    uint64_t age_ns;     /**< since it was learned, as of the last call that told the time; nothing
                              is sent by it after a minute */
    uint32_t flags;      /**< MPCONN_RETURN_PATH_F_* */
    uint32_t link;       /**< the link of the host's that leads onward to the clients */
    uint32_t origin;     /**< member that saw the client, or ::MPCONN_MEMBER_ALL: learned from the
                              server's own packets */
    uint16_t origin_link;/**< that member's link of the client's packet */
    uint16_t zone;       /**< zone of the packets */
    uint8_t family;      /**< ::mpconn_family */
    uint8_t reserved[7]; /**< zero */
} mpconn_return_path;

/** @brief An echo that came back here, and asks by which link its client can be reached. */
typedef struct mpconn_return_request {
    size_t struct_size;    /**< sizeof(mpconn_return_request) of the library */
    const mpconn_pkt *pkt; /**< the reply, not to be changed: `link` and `user` are as they came
                                in. Its buffer becomes what is sent to the client */
    mpconn_tuple tuple;    /**< the connection */
    uint32_t isn;          /**< initial sequence number of the client: which incarnation */
    uint16_t origin;       /**< member that saw the client */
    uint16_t origin_link;  /**< that member's link of the client's packet */
    uint8_t link_header[MPCONN_ECHO_LINK_HEADER_MAX]; /**< what its host said of that packet
                                (mpconn_callbacks::link_header), as it was said there */
    uint8_t link_header_len; /**< bytes of it; 0: nothing */
    uint8_t kind;          /**< ::mpconn_echo_kind */
    uint8_t reserved[6];   /**< zero */
} mpconn_return_request;

/** @brief Position among the return paths; zero it to start from the beginning. */
typedef struct mpconn_return_path_cursor {
    uint64_t position; /**< opaque */
} mpconn_return_path_cursor;

/**
 * @brief Fetch the next return path. Paths may come and go between calls; one that stays is seen
 *        exactly once.
 *
 * @param[in]     eng     the engine
 * @param[in,out] cursor  where to go on
 * @param[in,out] out     `struct_size` set by the caller; the rest is filled as far as that goes
 * @threads  the engine's; may be called from a hook
 * @retval MPCONN_OK            `*out` is the next path
 * @retval MPCONN_ERR_NOTFOUND  there are no more, or it is no link-layer member
 * @retval MPCONN_ERR_INVAL     a pointer is NULL
 * @retval MPCONN_ERR_VERSION   `struct_size` is smaller than the first version
 */
MPCONN_API int mpconn_engine_return_path_next(const mpconn_engine *eng,
                                              mpconn_return_path_cursor *cursor,
                                              mpconn_return_path *out);

/** @} */

/** @cond */
#ifdef __cplusplus
}
#endif
/** @endcond */

#endif
