/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * @brief Legs, and the delta between two of them: usable alone, without an engine.
 */
#ifndef MPCONN_DELTA_H
#define MPCONN_DELTA_H

#include <mpconn/base.h>
#include <mpconn/packet.h>

/** @cond */
#ifdef __cplusplus
extern "C" {
#endif
/** @endcond */

/**
 * @defgroup delta Legs and deltas
 *
 * A connection that a member carries is two legs. A leg is what one endpoint believes about the
 * connection. The delta is what must change in a segment that crosses from one leg to the other:
 * all sequence numbers of a byte stream by one offset, all timestamps of a clock by another, the
 * window by a shift, and, where the legs differ in them, addresses and ports.
 *
 * Nothing here keeps state, allocates, or needs an engine.
 * @{
 */

/** @brief A window scale that was not negotiated. */
#define MPCONN_WSCALE_NONE 15

/** @brief SACK was negotiated on this leg. */
#define MPCONN_LEG_F_SACK (UINT8_C(1) << 0)
/** @brief Timestamps were negotiated on this leg. */
#define MPCONN_LEG_F_TIMESTAMPS (UINT8_C(1) << 1)
/** @brief ECN (RFC 3168) was negotiated on this leg. */
#define MPCONN_LEG_F_ECN (UINT8_C(1) << 2)

/**
 * @brief What one endpoint believes about the connection.
 * @byteorder host, except the addresses
 */
typedef struct mpconn_leg {
    mpconn_tuple tuple;      /**< addresses and ports as this leg shows them */
    uint32_t client_isn;     /**< initial sequence number of the client's stream on this leg */
    uint32_t server_isn;     /**< initial sequence number of the server's stream on this leg */
    uint32_t client_ts;      /**< a reading of the client's timestamp clock as this leg shows it */
    uint32_t server_ts;      /**< TSval of the server's SYN or SYN|ACK as this leg shows it */
    uint16_t client_mss;     /**< MSS the client announced on this leg, bytes; of a split flow as
                                  its cookie kept it: rounded down. Who announces none takes
                                  536, over IPv6 1220 (RFC 9293 3.7.1) */
    uint16_t server_mss;     /**< MSS the server announced on this leg, bytes; the same. On the
                                  client leg of a split flow what the profile of this member
                                  announces: that of the member which answered may differ */
    uint8_t client_wscale;   /**< shift of the client's windows, 0-14, or ::MPCONN_WSCALE_NONE */
    uint8_t server_wscale;   /**< shift of the server's windows, 0-14, or ::MPCONN_WSCALE_NONE */
    uint8_t flags;           /**< MPCONN_LEG_F_* */
    uint8_t reserved[9];     /**< zero */
} mpconn_leg;

/** @brief ::mpconn_delta::seq and the incarnation are known. */
#define MPCONN_DELTA_K_SEQ (UINT8_C(1) << 0)
/** @brief ::mpconn_delta::ts is known. */
#define MPCONN_DELTA_K_TS (UINT8_C(1) << 1)
/** @brief Window shifts and flags are known. */
#define MPCONN_DELTA_K_OPTIONS (UINT8_C(1) << 2)
/** @brief Addresses are known. */
#define MPCONN_DELTA_K_TUPLE (UINT8_C(1) << 3)
/** @brief All of the above. */
#define MPCONN_DELTA_K_ALL UINT8_C(0x0f)

/** @brief The server leg has no SACK but the client leg has: blocks are blanked
 * toward the server. */
#define MPCONN_DELTA_F_STRIP_SACK_TO_SERVER (UINT8_C(1) << 0)
/** @brief The client leg has no SACK but the server leg has: blocks are blanked
 * toward the client. */
#define MPCONN_DELTA_F_STRIP_SACK_TO_CLIENT (UINT8_C(1) << 1)
/** @brief Only the client leg has timestamps: they are blanked toward the server. */
#define MPCONN_DELTA_F_STRIP_TS_TO_SERVER (UINT8_C(1) << 2)
/** @brief Only the server leg has timestamps: they are blanked toward the client. */
#define MPCONN_DELTA_F_STRIP_TS_TO_CLIENT (UINT8_C(1) << 3)
/** @brief The legs differ in addresses or ports: ::mpconn_delta::tuple applies. */
#define MPCONN_DELTA_F_TUPLE (UINT8_C(1) << 4)
/**
 * @brief Only the client leg has ECN: segments to the server are marked Not-ECT, and ECE and CWR
 *        are cleared, so that a queue drops rather than marks what nobody would answer.
 */
#define MPCONN_DELTA_F_STRIP_ECN_TO_SERVER (UINT8_C(1) << 6)
/** @brief The incarnation is over; never unset by merging. */
#define MPCONN_DELTA_F_CLOSED (UINT8_C(1) << 5)

/**
 * @brief The difference between the legs of one incarnation of a connection.
 *
 * Offsets are "server leg minus client leg", modulo 2^32, one for each endpoint's numbers: index
 * ::MPCONN_SIDE_CLIENT for those the client chose, ::MPCONN_SIDE_SERVER for those the server chose.
 * A split connection that keeps the client's initial number moves only the server's.
 * @byteorder host, except the addresses
 */
typedef struct mpconn_delta {
    uint32_t client_isn;   /**< names the incarnation: the client's number on the client leg */
    uint16_t generation;   /**< orders incarnations of one tuple */
    uint8_t known;         /**< MPCONN_DELTA_K_*: which members below say anything */
    uint8_t flags;         /**< MPCONN_DELTA_F_* */
    uint32_t seq[2];       /**< sequence offset of each endpoint's byte stream */
    uint32_t ts[2];        /**< timestamp offset of each endpoint's clock */
    uint8_t wscale_in[2];  /**< shift of the windows an endpoint sends, by ::mpconn_side; 0-14 */
    uint8_t wscale_out[2]; /**< shift the other endpoint believes those windows have; 0-14 */
    uint8_t reserved[12];  /**< zero */
    mpconn_tuple tuple[2]; /**< what each leg shows, by ::mpconn_side; only with F_TUPLE */
} mpconn_delta;

/**
 * @brief Work out how two legs of one connection differ. What is reserved in a leg is not read, and
 *        zero in the result.
 *
 * @param[out] delta   the difference, complete (::MPCONN_DELTA_K_ALL), generation 0
 * @param[in]  client  the leg toward the client
 * @param[in]  server  the leg toward the server
 * @byteorder host
 * @owner    borrows all pointers until it returns
 * @threads  any thread
 * @retval MPCONN_OK               `*delta` is set
 * @retval MPCONN_ERR_INVAL        a pointer is NULL, or a window scale or family is out of range;
 *                                 `*delta` is unchanged
 * @rfc{7323,2.2}
 */
MPCONN_API int mpconn_delta_compute(mpconn_delta *delta, const mpconn_leg *client,
                                    const mpconn_leg *server);

/**
 * @brief Carry a segment over to the other leg.
 *
 * Moves sequence and acknowledgment number, SACK and D-SACK edges, TSval and TSecr, and the window,
 * blanks the options the other leg does not have, rewrites addresses and ports where they differ,
 * and corrects the checksums by what changed, so that a wrong sum stays wrong. The acknowledgment
 * number and TSecr are left alone where the ACK flag is clear, the window where SYN is set. Which
 * addresses and ports the segment bears is not judged.
 *
 * Between legs of two IP versions the segment takes a header of the other one (RFC 7915): DSCP,
 * ECN and hop limit are copied: a host that routes counts the hop; options and extension headers
 * are left out, the flow label is 0. An IPv4 packet of up to 1,260 bytes may be fragmented, its
 * identification is made from ports and sequence number; a longer one may not (RFC 7915 5.1). To
 * IPv6 a segment grows by up to 20 bytes, which `headroom` or else the room behind it (`cap` -
 * `len`) must have. Nothing is fragmented, and a super-segment keeps its pieces: who sends what is
 * too long for its link tells the sender.
 *
 * @param[in]     delta  the difference; what it does not know is not touched
 * @param[in]     from   the ::mpconn_side the segment comes from
 * @param[in,out] pkt    the packet; `data`, `len`, `flags` and `ext` are read, the bytes changed;
 *                       between IP versions `cap` and `headroom` are read too, and all of these
 *                       and lengths and offset of `ext` (but not its segmentation type) changed
 * @byteorder network in the packet
 * @owner    borrows both until it returns
 * @threads  any thread; the packet belongs to the caller
 * @retval MPCONN_OK              the segment now belongs to the other leg
 * @retval MPCONN_ERR_INVAL       a pointer is NULL, `from` is no side, a window shift is above 14,
 *                                or the lengths of `pkt` are impossible; nothing changed
 * @retval MPCONN_ERR_CHECKSUM    `flags` say that a checksum is wrong; nothing changed
 * @retval MPCONN_ERR_TRUNCATED   the headers are not all there; nothing changed
 * @retval MPCONN_ERR_MALFORMED   the headers contradict themselves; nothing changed
 * @retval MPCONN_ERR_UNSUPPORTED not a TCP segment; a fragment, other than a first one with the
 *                                whole TCP header between legs of one IP version; unreadable
 *                                extension headers; of another IP version than its leg; to IPv6
 *                                and with a source route, or to IPv4 and too long; nothing changed
 * @retval MPCONN_ERR_NOSPACE     no room for an IPv6 header; nothing changed
 * @retval MPCONN_ERR_CONGESTED   the segment is marked CE, and the other leg has no ECN: to be
 *                                dropped, as any queue would have done without ECN; nothing changed
 * @rfc{1624,3} @rfc{2018,3} @rfc{2883,4} @rfc{3168,6.1} @rfc{6040,4.2} @rfc{7323,3.2}
 * @rfc{7915,4.1} @rfc{7915,5.1}
 */
MPCONN_API int mpconn_delta_apply(const mpconn_delta *delta, int from, mpconn_pkt *pkt);

/**
 * @brief Carry an ICMP or ICMPv6 error that is about a segment over to the other leg.
 *
 * An error quotes the segment as it was on the leg where it met its end. To its sender, on the
 * other leg, those numbers are strange, and it ignores the error: so a path whose MTU is smaller
 * than that of its first link swallows all large segments. This makes the quote what its sender
 * sent, as far as it goes: of less than a TCP header ports, sequence number and checksum; otherwise
 * also the acknowledgment number, the window, and those of SACK and timestamps that are quoted
 * whole. The checksum in the quote and that of the error change by as much, so that a wrong sum
 * stays wrong. What stands behind the quote (RFC 4884) and the MTU are left alone.
 *
 * Where the legs differ in addresses, the error goes to the sender's on its own leg. If it comes
 * from the endpoint that the segment was sent to, it comes from that one as the other leg shows it;
 * a router stays who it is.
 *
 * Between legs of two IP versions type, code, pointer and MTU become what RFC 7915 has for them (to
 * IPv6 an MTU is 1,280 at least; what is not told is guessed from the plateaus of RFC 1191), and so
 * do both IP headers. A router has no address there: the error comes from the endpoint that the
 * segment was sent to. An extension stays where the new type can tell its place, a message of more
 * than 1,280 bytes is cut. It grows by up to 44 bytes, which `headroom` or else the room behind it
 * must have.
 *
 * Which connection the error is about, and whether its number can be on its way (RFC 5927 4.1), is
 * for the caller to judge: the quoted segment was sent by the *other* side.
 *
 * @param[in]     delta  the difference; what it does not know is not touched
 * @param[in]     from   the ::mpconn_side the error comes from
 * @param[in,out] pkt    the packet; as for ::mpconn_delta_apply
 * @byteorder network in the packet
 * @owner    borrows both until it returns
 * @threads  any thread; the packet belongs to the caller
 * @retval MPCONN_OK              the error now belongs to the other leg
 * @retval MPCONN_ERR_INVAL       as ::mpconn_delta_apply; nothing changed
 * @retval MPCONN_ERR_CHECKSUM    `flags` say that a checksum is wrong; nothing changed
 * @retval MPCONN_ERR_TRUNCATED   the headers of the packet are not all there, or between IP
 *                                versions not all of it; nothing changed
 * @retval MPCONN_ERR_MALFORMED   the headers or those of the quote contradict themselves, or the
 *                                quote has no sequence number; nothing changed
 * @retval MPCONN_ERR_UNSUPPORTED not an ICMP error, one about something else than TCP, of another
 *                                IP version than its leg, or of a type or code, or with a source
 *                                route, that the other version has no counterpart for; nothing
 *                                changed
 * @retval MPCONN_ERR_NOSPACE     no room for the headers of the other version; nothing changed
 * @rfc{1624,3} @rfc{4884,3} @rfc{5508,4.2} @rfc{5927,4.1} @rfc{7915,4.2} @rfc{7915,5.2}
 */
MPCONN_API int mpconn_delta_apply_error(const mpconn_delta *delta, int from, mpconn_pkt *pkt);

/**
 * @brief Merge what two observers know of one tuple.
 *
 * Commutative, associative and idempotent: of two incarnations the one with the higher (generation,
 * client_isn), as plain numbers, is kept whole; of one incarnation the union of what is known.
 * Write-once members that contradict each other are settled the same way everywhere and reported.
 * What is not known is zero afterwards, as is what is reserved; a delta of zeros says nothing and
 * changes nothing.
 *
 * @param[in,out] into  the delta that takes up the other
 * @param[in]     from  the other
 * @byteorder host
 * @owner    borrows both until it returns
 * @threads  any thread
 * @retval MPCONN_OK            merged
 * @retval MPCONN_ERR_CONFLICT  merged, but a write-once member had two values
 * @retval MPCONN_ERR_INVAL     a pointer is NULL; nothing changed
 */
MPCONN_API int mpconn_delta_merge(mpconn_delta *into, const mpconn_delta *from);

/** @} */

/** @cond */
#ifdef __cplusplus
}
#endif
/** @endcond */

#endif
