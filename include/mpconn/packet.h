/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * @brief What passes between host and engine for each packet.
 */
#ifndef MPCONN_PACKET_H
#define MPCONN_PACKET_H

#include <mpconn/base.h>

/** @cond */
#ifdef __cplusplus
extern "C" {
#endif
/** @endcond */

/**
 * @defgroup packet Packets
 * @{
 */

/** @brief What the host does with a packet it handed in. */
enum mpconn_verdict {
    MPCONN_VERDICT_DROP = 0,    /**< free it; `reason` says why */
    MPCONN_VERDICT_FORWARD = 1, /**< send `data`/`len` as they are now, out of `side` */
    MPCONN_VERDICT_HOLD = 2,    /**< keep it under the number in `flow` until `release` is called */
    MPCONN_VERDICT_CONSUMED = 3 /**< free it: it was for the library alone */
};

/** @brief `link` of a packet the host has to route by itself. */
#define MPCONN_LINK_NONE UINT32_C(0)

/** @brief Greatest link number a host may use. */
#define MPCONN_LINK_MAX UINT32_C(65535)

/** @brief The TCP and IP checksums were verified and are right. */
#define MPCONN_PKT_F_CSUM_OK (UINT32_C(1) << 0)
/** @brief The host knows that a checksum is wrong: the packet is dropped and counted. */
#define MPCONN_PKT_F_CSUM_BAD (UINT32_C(1) << 1)
/**
 * @brief The TCP checksum field holds only the folded sum of the pseudo-header; whoever sends the
 *        packet completes it (transmit checksum offload). In and out: a packet that was rewritten
 *        keeps the flag and a field to match; one that was built anew has it cleared.
 */
#define MPCONN_PKT_F_CSUM_PARTIAL (UINT32_C(1) << 2)
/** @brief Verify this packet's checksums even where the engine would not. */
#define MPCONN_PKT_F_CSUM_VERIFY (UINT32_C(1) << 3)
/**
 * @brief `data`/`len` cover the headers only (at least all of them); `ext->total_len` is the length
 *        of the packet. The host vouches for the checksum.
 */
#define MPCONN_PKT_F_HEAD_ONLY (UINT32_C(1) << 4)

/**
 * @page onward Links of a link-layer member
 *
 * A transparent bridge has no address and no route, and may carry one direction only: it can send a
 * frame on, but not back (::MPCONN_RETURN_ECHO). There a link is the port and the link-layer header
 * of a frame as it was seen, and leads *onward*: a packet with a link that was given to packets of
 * the other side than the one in `side` leaves by that header, unchanged, out of the side in
 * `side`.
 * A packet of the same side turns round, as everywhere else; the engine does not ask for that.
 * FORWARD without a link to the other side means the header the packet came with, as always.
 */

/**
 * @page fragments Fragments
 *
 * Nothing is put together here, and no host has to do so before. Of a segment in fragments the
 * first one bears all that is translated, and the rest passes as it is:
 *
 * - A first fragment with the whole TCP header is carried like a segment of its flow
 *   (MPCONN_REASON_FRAGMENT_TRANSLATED, MPCONN_REASON_FRAGMENT_TRACKED). Its checksum is that of
 *   the whole segment: it is changed with what is translated and never verified. Nothing is
 *   inserted, the offsets of the others being fixed, so timestamps that a server does not send
 *   are missing (MPCONN_REASON_SEGMENT_UNSTAMPED).
 * - It proves nothing and is never answered, except on behalf of a flow that the host ended: before
 *   its flow is settled it is dropped (MPCONN_REASON_FRAGMENT_EARLY), where no flow is known it is
 *   for `unknown_policy`, and where there are other members they are asked.
 * - A later fragment passes (MPCONN_REASON_FRAGMENT_LATER), also where the first one was dropped:
 *   its receiver cannot make anything of it alone. Where the legs show other addresses
 *   (mpconn_callbacks::bind) it gets those of its first fragment's flow, by source, destination,
 *   protocol and identification (MPCONN_REASON_FRAGMENT_MAPPED). For that its first fragment must
 *   have come here before it, and within 15 seconds; of 4,096 packets or more the oldest give way
 *   (MPCONN_REASON_FRAGMENT_FORGOTTEN). One that may be of TCP, has the addresses of such a
 *   connection's leg, and whose flow is not known is dropped (MPCONN_REASON_FRAGMENT_UNMAPPED). The
 *   identification itself stays, so that packets of two clients behind one address may bear the
 *   same (RFC 6864 asks for more of who rewrites addresses).
 * - Toward an IPv6 server, a segment of an IPv4 client that may be cut (no DF) and is longer than
 *   the server takes is cut here: the packet becomes the last fragment, and those before it are
 *   sent by mpconn_callbacks::send_packets (MPCONN_REASON_FRAGMENT_MADE).
 * - What could become another segment where it is put together is dropped: a first fragment without
 *   its whole headers (MPCONN_REASON_FRAGMENT_TINY, RFC 1858), a TCP fragment that begins within
 *   the first 60 bytes (MPCONN_REASON_FRAGMENT_OVERLAP, RFC 3128), SYN and RST
 *   (MPCONN_REASON_FRAGMENT_CONTROL), lengths that leave holes or reach beyond any packet
 *   (MPCONN_REASON_BAD_FRAGMENT), a second fragment header (MPCONN_REASON_FRAGMENT_TWICE). That the
 *   rest does not overlap is for the receiver to see (RFC 5722).
 * - An IPv6 packet whose fragment header says that it is all there (RFC 6946) is a whole packet.
 * - MPCONN_PKT_F_CSUM_PARTIAL and `gso_size` belong to whole segments
 *   (MPCONN_REASON_BAD_METADATA).
 */

/**
 * @brief The rarely needed part of a packet.
 *
 * Versioned by `struct_size`. The engine reads it while a call lasts and keeps no pointer to it.
 */
typedef struct mpconn_pkt_ext {
    size_t struct_size;  /**< sizeof(mpconn_pkt_ext) of the caller */
    uint32_t total_len;  /**< in: bytes of the whole packet from the IP header on; 0 = same as
                              `len` */
    uint32_t l4_offset;  /**< in and out: offset of the TCP header from `data`; 0 = not given */
    uint16_t gso_size;   /**< in and out: payload bytes a segment of a super-segment; 0 = not one */
    uint8_t gso_type;    /**< in and out: the host's segmentation type, passed through */
    uint8_t reserved[5]; /**< zero */
} mpconn_pkt_ext;

/**
 * @brief A packet on its way through an engine. One cache line; frozen.
 *
 * A host embeds it in its own buffer header and hands in an array of pointers.
 */
typedef struct mpconn_pkt {
    uint64_t flow;       /**< in: 0, or the hold number of a packet that is submitted again; out: id
                              of the flow (see ::mpconn_flow), or the hold number with HOLD, or 0 */
    uint8_t *data;       /**< in and out: first byte of the IP header */
    mpconn_pkt_ext *ext; /**< extras; usually NULL */
    void *user;          /**< the host's own; never read */
    uint32_t len;        /**< in and out: valid bytes from `data` */
    uint32_t cap;        /**< writable bytes from `data`; at least `len`. A SYN is answered in its
                              own buffer: with less than `len` + mpconn_engine_tailroom() it may be
                              dropped for MPCONN_REASON_NO_SPACE */
    uint32_t headroom;   /**< writable bytes before `data` */
    uint32_t flags;      /**< in and out: MPCONN_PKT_F_* */
    uint32_t link;       /**< in: the port *and* link-layer header that would send a packet back to
                              where this one came from (a number the host gave them), 0 to
                              ::MPCONN_LINK_MAX; out, with FORWARD and for generated packets: the
                              link to leave by, or ::MPCONN_LINK_NONE */
    uint32_t zone;       /**< in: part of the flow's key, 0 to 65535; the same for both
                              directions */
    uint32_t mark;       /**< in and out: the host's own, kept on a packet, copied to what answers
                              it */
    uint16_t reason;     /**< out: ::mpconn_reason */
    uint8_t verdict;     /**< out: ::mpconn_verdict */
    uint8_t side;        /**< in: ::mpconn_side it came from; out: the one to send it to */
} mpconn_pkt;

/**
 * @brief Pick the engine that should handle a packet, the same for both directions of a flow.
 *
 * For hosts with one engine for each queue or thread. Stateless: ICMP errors are steered by the
 * packet they quote, fragments after the first by their addresses alone (so are the first ones, see
 * @ref fragments).
 * A packet that reaches another engine than its flow is handled as at any other member.
 *
 * @param[out] engine  number of the engine, 0 to `n_engines` - 1; 0 for a packet that
 *                     cannot be read
 * @param[in]  pkt     the packet; only `data`, `len` and `zone` are read
 * @param[in]  key     16 bytes, the same at every call, not known to clients
 * @param[in]  n_engines  how many engines there are, at least 1
 * @byteorder network in the packet
 * @owner    borrows `pkt` and `key` until it returns
 * @threads  any thread
 * @retval MPCONN_OK         `*engine` is set
 * @retval MPCONN_ERR_INVAL  a pointer is NULL or `n_engines` is 0; `*engine` is unchanged
 */
MPCONN_API int mpconn_steer(uint32_t *engine, const mpconn_pkt *pkt, const uint8_t key[16],
                            uint32_t n_engines);

/** @} */

/** @cond */
#ifdef __cplusplus
}
#endif
/** @endcond */

#endif
