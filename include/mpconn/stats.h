/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * @brief What an engine counts.
 */
#ifndef MPCONN_STATS_H
#define MPCONN_STATS_H

#include <mpconn/engine.h>
#include <mpconn/reason.h>

/** @cond */
#ifdef __cplusplus
extern "C" {
#endif
/** @endcond */

/**
 * @defgroup stats Statistics
 * @{
 */

/** @brief Gauges and totals. Counters since the engine was made, 64 bit, never reset. */
typedef struct mpconn_stats {
    size_t struct_size;         /**< in: sizeof(mpconn_stats) of the caller */
    uint64_t packets_in;        /**< packets handed in */
    uint64_t packets_forwarded; /**< of these, verdict FORWARD */
    uint64_t packets_dropped;   /**< of these, verdict DROP */
    uint64_t packets_held;      /**< of these, verdict HOLD */
    uint64_t packets_consumed;  /**< of these, verdict CONSUMED */
    uint64_t packets_made;      /**< packets given to `send_packets` */
    uint64_t flows_settled;     /**< flows that entered the table */
    uint64_t flows_ended;       /**< flows that left it */
    uint32_t flows;             /**< gauge: settled flows of one cache line */
    uint32_t wide_flows;        /**< gauge: settled flows of two */
    uint32_t handshakes;        /**< gauge: handshakes */
    uint32_t unproved;          /**< gauge: handshakes whose client has not proved itself */
    uint32_t held_packets;      /**< gauge: packets held */
    uint32_t bindings;          /**< gauge: bindings (see ::mpconn_callbacks::bind) */
    uint64_t held_bytes;        /**< gauge: bytes held */
    uint64_t memory_bytes;      /**< what the engine allocated when it was made */
    uint64_t frames_in;         /**< frames handed in */
    uint64_t frames_out;        /**< frames sent */
    uint64_t sync_bytes_in;     /**< bytes of the frames handed in */
    uint64_t sync_bytes_out;    /**< bytes of the frames sent */
    uint64_t records_in;        /**< records taken, greetings left out */
    uint64_t records_out;       /**< records sent, greetings left out */
    uint64_t flows_never_told;  /**< flows that ended before any other member heard of them */
    uint32_t sessions;          /**< gauge: sessions (mpconn/rendezvous.h) */
    uint32_t candidates;        /**< gauge: SYNs kept of sources that do not have a termination */
} mpconn_stats;

/**
 * @brief Read the statistics.
 *
 * @param[in]     eng  the engine
 * @param[in,out] out  `struct_size` set by the caller; the rest is filled as far as that goes
 * @threads  the engine's; may be called from a hook
 * @retval MPCONN_OK           filled
 * @retval MPCONN_ERR_INVAL    a pointer is NULL
 * @retval MPCONN_ERR_VERSION  `struct_size` is smaller than the first version; nothing written
 */
MPCONN_API int mpconn_engine_stats(const mpconn_engine *eng, mpconn_stats *out);

/**
 * @brief How often a reason occurred.
 *
 * Every packet handed in counts under the reason of its verdict; generated packets, expiries and
 * oddities count under theirs.
 *
 * @param[in] eng     the engine
 * @param[in] reason  an ::mpconn_reason
 * @return the counter; 0 for NULL or a number that is not in use
 * @threads the engine's; may be called from a hook
 */
MPCONN_API uint64_t mpconn_engine_count(const mpconn_engine *eng, unsigned reason);

/** @} */

/** @cond */
#ifdef __cplusplus
}
#endif
/** @endcond */

#endif
