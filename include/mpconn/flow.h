/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * @brief Looking at the settled flows of an engine, and ending them.
 */
#ifndef MPCONN_FLOW_H
#define MPCONN_FLOW_H

#include <mpconn/engine.h>

/** @cond */
#ifdef __cplusplus
extern "C" {
#endif
/** @endcond */

/**
 * @defgroup flow Flows
 * @{
 */

/** @brief Life of a settled flow. */
enum mpconn_flow_state {
    MPCONN_FLOW_OPEN = 0,        /**< both directions open */
    MPCONN_FLOW_CLIENT_DONE = 1, /**< the client's FIN is acknowledged */
    MPCONN_FLOW_SERVER_DONE = 2, /**< the server's FIN is acknowledged */
    MPCONN_FLOW_CLOSED = 3,      /**< both are; kept for 2 MSL */
    MPCONN_FLOW_RESET = 4        /**< an exact RST passed; kept for a while as a tombstone */
};

/**
 * @brief Name of a flow state, as in its enumerator: `"OPEN"`.
 *
 * @param[in] state  an ::mpconn_flow_state
 * @return a constant string, NULL for a number that is no state
 * @owner   the library; valid for ever
 * @threads any thread
 */
MPCONN_API const char *mpconn_flow_state_name(unsigned state);

/** @brief The flow is split: its legs differ. */
#define MPCONN_FLOW_F_SPLIT (UINT32_C(1) << 0)
/** @brief The connection was opened from the server side. */
#define MPCONN_FLOW_F_REVERSE (UINT32_C(1) << 1)

/** @brief A settled flow, as a copy. */
typedef struct mpconn_flow {
    size_t struct_size;   /**< sizeof(mpconn_flow) of the caller */
    uint64_t id;          /**< never 0, and never used again by this engine */
    mpconn_tuple tuple;   /**< the connection */
    uint64_t idle_ns;     /**< since its last segment, as of the last call that told the time;
                               exact to 17 ms */
    uint32_t state;       /**< ::mpconn_flow_state */
    uint32_t flags;       /**< MPCONN_FLOW_F_* */
    uint32_t next_seq[2]; /**< next number of each endpoint's stream, by ::mpconn_side, in the
                               numbers of the leg of that endpoint */
    uint32_t link[2];     /**< the link that leads to each endpoint */
    mpconn_delta delta;   /**< difference of its legs */
} mpconn_flow;

/** @brief Position in the table; zero it to start from the beginning. */
typedef struct mpconn_flow_cursor {
    uint64_t position; /**< opaque */
} mpconn_flow_cursor;

/**
 * @brief Fetch the next settled flow. Flows may come and go between calls; one that stays is seen
 *        exactly once.
 *
 * @param[in]     eng     the engine
 * @param[in,out] cursor  where to go on
 * @param[in,out] out     `struct_size` set by the caller; the rest is filled as far as that goes
 * @threads  the engine's; may be called from a hook
 * @retval MPCONN_OK            `*out` is the next flow
 * @retval MPCONN_ERR_NOTFOUND  there are no more
 * @retval MPCONN_ERR_INVAL     a pointer is NULL
 * @retval MPCONN_ERR_VERSION   `struct_size` is smaller than the first version
 */
MPCONN_API int mpconn_engine_flow_next(const mpconn_engine *eng, mpconn_flow_cursor *cursor,
                                       mpconn_flow *out);

/** @brief Kill without a word to the endpoints. */
#define MPCONN_KILL_F_SILENT (UINT32_C(1) << 0)

/**
 * @brief Which flows to end. Members that are zero match everything.
 */
typedef struct mpconn_flow_filter {
    size_t struct_size;     /**< sizeof(mpconn_flow_filter) of the caller */
    uint64_t id;            /**< this flow only */
    mpconn_addr client;     /**< client address, with `client_prefix` */
    mpconn_addr server;     /**< server address, with `server_prefix` */
    uint8_t client_prefix;  /**< bits of `client` that count, 0 to 128 */
    uint8_t server_prefix;  /**< bits of `server` that count, 0 to 128 */
    uint8_t family;         /**< ::mpconn_family; needed with a prefix */
    uint8_t match_zone;     /**< non-zero: `zone` counts */
    uint16_t client_port;   /**< port, host order */
    uint16_t server_port;   /**< port, host order */
    uint16_t zone;          /**< zone, with `match_zone` */
    uint16_t reserved;      /**< zero */
    uint32_t flags;         /**< MPCONN_KILL_F_* */
} mpconn_flow_filter;

/**
 * @brief End flows and handshakes: a RST to both endpoints (or nothing, with
 *        ::MPCONN_KILL_F_SILENT), and a tombstone for each settled flow.
 *
 * The RST bears the next number of what passed, and is exact unless some of that was lost on its
 * way to the endpoint. Nothing of the flow passes any more; what an endpoint still says with an ACK
 * is answered by a RST that is exact, one for one.
 *
 * @param[in]  eng     the engine
 * @param[in]  filter  which
 * @param[out] killed  how many; may be NULL
 * @param[in]  now     clock reading
 * @hooks    send_packets, release, event
 * @threads  the engine's
 * @retval MPCONN_OK             done
 * @retval MPCONN_ERR_INVAL      a pointer is NULL, a prefix is too long or lacks its
 *                               family, a member
 *                               is no number it may be, or `now` is NEVER
 * @retval MPCONN_ERR_VERSION    the struct is newer than this library and uses what it
 *                               does not know
 * @retval MPCONN_ERR_REENTRANT  called from a hook
 */
MPCONN_API int mpconn_engine_kill(mpconn_engine *eng, const mpconn_flow_filter *filter,
                                  size_t *killed, mpconn_time now);

/** @} */

/** @cond */
#ifdef __cplusplus
}
#endif
/** @endcond */

#endif
