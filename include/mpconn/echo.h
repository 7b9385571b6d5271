/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * @brief The echo carrier: session packets inside ICMP echo, usable alone, without an engine.
 */
#ifndef MPCONN_ECHO_H
#define MPCONN_ECHO_H

#include <mpconn/base.h>

/** @cond */
#ifdef __cplusplus
extern "C" {
#endif
/** @endcond */

/**
 * @defgroup echo Echo carrier
 *
 * A member that is a bridge has no address: it can neither answer a client nor ask who could. It
 * puts the client's packet into an ICMP echo request to the server, in the client's name. The
 * server sends the reply where it sends everything for that client, so the reply comes to the
 * member that is on the way back, and brings it the packet and where it was first seen.
 *
 * What is carried is sealed with a key of the cluster: the server, and whoever is on the way, can
 * drop, delay, repeat or change it, and neither read it nor make one. What it tells them
 * nevertheless, and each byte of it, is in doc/echo.md.
 *
 * Nothing here keeps state, allocates, or needs an engine. That an echo is not one that was seen
 * before, or long ago, is for the caller to judge, by `number`, `boot` and `heard`.
 * @{
 */

/** @brief Longest link-layer header that is carried, bytes. */
#define MPCONN_ECHO_LINK_HEADER_MAX 32

/**
 * @brief Of the session packet only the IP header and the first 20 bytes of TCP are carried, and no
 *        link-layer header: for a way on which long echoes are lost.
 */
#define MPCONN_ECHO_F_SHORT (UINT32_C(1) << 0)

/** @brief What the member that sees the reply is asked to do. */
enum mpconn_echo_kind {
    MPCONN_ECHO_ANSWER = 1, /**< answer the SYN inside, and learn the path */
    MPCONN_ECHO_REFUSE = 2, /**< refuse it with a RST, and learn the path */
    MPCONN_ECHO_LEARN = 3   /**< only learn the path */
};

/** @brief What goes with the session packet. Numbers are in host order. */
typedef struct mpconn_echo {
    size_t struct_size;      /**< sizeof(mpconn_echo) of the caller */
    mpconn_addr client;      /**< out: source of the session packet and of the request */
    mpconn_addr server;      /**< out: destination of both */
    uint8_t link_header[MPCONN_ECHO_LINK_HEADER_MAX]; /**< how the origin got the packet: bytes
                                  that mean something to the host alone */
    uint32_t epoch;          /**< which key it is sealed with; to unencapsulate the epoch that the
                                  caller is in, and then the one of the echo, which is that, the
                                  one before or the one after: the low 8 bits travel. Another
                                  one is not taken (::MPCONN_ERR_EXPIRED) */
    uint32_t boot;           /**< tells the lives of the origin from each other */
    uint32_t heard;          /**< how far the origin had come in what it says to other members */
    uint32_t number;         /**< counts the echoes of the origin */
    uint32_t offers;         /**< what the SYN offered; carried only with ::MPCONN_ECHO_F_SHORT,
                                  which leaves out its options, else 0 */
    uint32_t client_ts;      /**< its TSval; the same */
    uint32_t flags;          /**< MPCONN_ECHO_F_* */
    uint16_t packet_len;     /**< out: length of the session packet, also when it was cut */
    uint16_t id;             /**< ICMP identification; others may change it on the way */
    uint16_t sequence;       /**< ICMP sequence number; others may change it on the way */
    uint16_t origin;         /**< member id of who sent the echo */
    uint16_t origin_link;    /**< the origin's number for where it got the packet */
    uint8_t family;          /**< out: ::mpconn_family of both packets */
    uint8_t kind;            /**< an ::mpconn_echo_kind */
    uint8_t hop_limit;       /**< of the request, 0 for 64; out: of the reply as it came */
    uint8_t link_header_len; /**< bytes of `link_header`, 0 to ::MPCONN_ECHO_LINK_HEADER_MAX; not
                                  carried with ::MPCONN_ECHO_F_SHORT */
    uint8_t reserved[14];    /**< zero */
} mpconn_echo;

/** @brief Key of a cluster for its echoes. */
typedef struct mpconn_echo_key {
    uint64_t opaque[2]; /**< secret */
} mpconn_echo_key;

/**
 * @brief Make the key of the cluster's secret. All members have the same.
 *
 * @param[out] key     the key
 * @param[in]  secret  `len` bytes, not known to anybody else
 * @param[in]  len     16 to 64
 * @owner    borrows both until it returns
 * @threads  any thread
 * @retval MPCONN_OK         `*key` is set
 * @retval MPCONN_ERR_INVAL  a pointer is NULL, or `len` is out of range; `*key` is unchanged
 */
MPCONN_API int mpconn_echo_key_init(mpconn_echo_key *key, const uint8_t *secret, size_t len);

/**
 * @brief How long an echo becomes.
 *
 * @param[in] packet_len       bytes of the session packet that are carried: all of it, or with
 *                             ::MPCONN_ECHO_F_SHORT its IP header and 20
 * @param[in] family           its ::mpconn_family
 * @param[in] flags            MPCONN_ECHO_F_*
 * @param[in] link_header_len  bytes of the link-layer header; not counted with
 *                             ::MPCONN_ECHO_F_SHORT
 * @threads  any thread
 * @return bytes of the IP packet; 0 when the family is unknown, the link-layer header too long, or
 *         no IP packet can be as long
 */
MPCONN_API size_t mpconn_echo_size(size_t packet_len, unsigned family, uint32_t flags,
                                   unsigned link_header_len);

/**
 * @brief Put a session packet into an echo request from its source to its destination.
 *
 * The request has no IP options, may not be fragmented, and bears complete checksums; over IPv6 its
 * flow label is that of the session packet, so that routers which spread by it send both the same
 * way (RFC 6438); what an engine makes for a connection itself has flow label 0. With the same
 * arguments it is the same, byte for byte, at every member. IP options and extension headers of the
 * session packet are carried; what stands behind it in its buffer is not.
 *
 * @param[out] dst      the request, from its IP header; may overlap `packet`, or be its buffer
 * @param[in]  cap      room there
 * @param[out] out_len  bytes of the request, or that it would have
 * @param[in]  echo     what goes with it; what is marked "out" is not read
 * @param[in]  key      of the cluster
 * @param[in]  packet   the session packet, from its IP header: whole, or with
 *                      ::MPCONN_ECHO_F_SHORT at least as far as that goes
 * @param[in]  len      bytes at `packet`
 * @byteorder network in the packets, host in `echo`
 * @owner    borrows all pointers until it returns
 * @threads  any thread
 * @retval MPCONN_OK              `dst` and `*out_len` are set
 * @retval MPCONN_ERR_INVAL       a pointer is NULL, or a member of `echo` is out of range
 * @retval MPCONN_ERR_VERSION     `echo` is newer than this library and uses what it does not know
 * @retval MPCONN_ERR_NOSPACE     `cap` is too small; `*out_len` is what it takes, which may be more
 *                                than a path can carry, or any IP packet can have
 * @retval MPCONN_ERR_TRUNCATED   the packet, or what of it is needed, is not all there
 * @retval MPCONN_ERR_MALFORMED   its headers contradict themselves, or its addresses or ports are
 *                                no connection's: multicast, broadcast, loopback, unspecified
 * @retval MPCONN_ERR_FRAGMENT    it is a fragment
 * @retval MPCONN_ERR_UNSUPPORTED it is not TCP, or has unreadable extension headers
 *
 * Whatever fails, `dst` is unchanged, and so is `*out_len` but with ::MPCONN_ERR_NOSPACE. That a
 * destination is the broadcast address of its network only the host can know.
 * @rfc{1122,3.2.2.6} @rfc{4443,4.1}
 */
MPCONN_API int mpconn_echo_encapsulate(uint8_t *dst, size_t cap, size_t *out_len,
                                       const mpconn_echo *echo, const mpconn_echo_key *key,
                                       const uint8_t *packet, size_t len);

/**
 * @brief Take the session packet out of an echo reply.
 *
 * Bytes behind the reply, which some link layers add, are left alone. When anything but
 * ::MPCONN_OK is returned, nothing changed, and `src` can go its way. Who else than the addressee
 * is given a packet of one of the other kinds is for the caller to judge: without a key nothing can
 * be told from what a stranger made but ::MPCONN_OK, ::MPCONN_ERR_REWRITTEN and
 * ::MPCONN_ERR_EXPIRED.
 *
 * @param[in,out] echo        `struct_size` and `epoch` set by the caller; the rest is filled as far
 *                            as `struct_size` goes
 * @param[out]    packet      the session packet, inside `src`; its checksums are as they were and
 *                            not verified
 * @param[out]    packet_len  bytes of it: all that were carried
 * @param[in]     key         of the cluster
 * @param[in,out] src         an IP packet, from its IP header; opened in place
 * @param[in]     len         bytes at `src`
 * @byteorder network in the packets, host in `echo`
 * @owner    borrows all pointers until it returns; `*packet` is valid as long as `src`
 * @threads  any thread
 * @retval MPCONN_OK              all is set
 * @retval MPCONN_ERR_INVAL       a pointer is NULL
 * @retval MPCONN_ERR_VERSION     `echo` is of no version this library knows
 * @retval MPCONN_ERR_NOT_MINE    no ICMP echo, or somebody's ping
 * @retval MPCONN_ERR_REFLECTED   an echo of a cluster on its way to the server, or sent back as it
 *                                was: not a reply
 * @retval MPCONN_ERR_FRAGMENT    a fragment of an ICMP message
 * @retval MPCONN_ERR_TRUNCATED   the packet is not all there, or its end was cut off on the way
 * @retval MPCONN_ERR_MALFORMED   headers or lengths contradict themselves
 * @retval MPCONN_ERR_UNSUPPORTED an echo of another version, or unreadable extension headers
 * @retval MPCONN_ERR_CHECKSUM    a checksum of the reply is wrong
 * @retval MPCONN_ERR_FORGED      made, or changed, without the key; or sealed more than 127 epochs
 *                                away from `epoch`
 * @retval MPCONN_ERR_EXPIRED     sealed with the key, but more than one epoch away from `epoch`
 * @retval MPCONN_ERR_REWRITTEN   sealed with the key, but the reply is not between the endpoints of
 *                                the session packet: somebody translates addresses on the way
 * @rfc{1122,3.2.2.6} @rfc{4443,4.2}
 */
MPCONN_API int mpconn_echo_unencapsulate(mpconn_echo *echo, const uint8_t **packet,
                                         size_t *packet_len, const mpconn_echo_key *key,
                                         uint8_t *src, size_t len);

/** @} */

/** @cond */
#ifdef __cplusplus
}
#endif
/** @endcond */

#endif
