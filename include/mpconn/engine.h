/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * @brief The engine: packets in, verdicts out.
 */
#ifndef MPCONN_ENGINE_H
#define MPCONN_ENGINE_H

#include <mpconn/allocator.h>
#include <mpconn/base.h>
#include <mpconn/delta.h>
#include <mpconn/packet.h>

/** @cond */
#ifdef __cplusplus
extern "C" {
#endif
/** @endcond */

/**
 * @defgroup engine Engine
 *
 * One engine is one member (or one queue of a member). It owns no socket, thread or clock. The host
 * - hands packets to mpconn_engine_input() in batches and does what the verdicts say,
 * - sends what the callback `send_packets` is given,
 * - calls mpconn_engine_expire() when mpconn_engine_next_expiry() is reached.
 *
 * Rules that hold for every function here:
 * - R1 Pointers passed in are borrowed until the call returns; config and callbacks are copied.
 * - R2 Pointers given to a callback are valid until that callback returns.
 * - R3 The engine stores two pointers of the host: `user` and the allocator's `user`.
 * - R4 An engine is used by one thread at a time; two engines share nothing.
 * - R5 A callback may call the functions that take a const engine; any other returns
 *      ::MPCONN_ERR_REENTRANT.
 * - R6 A negative return means that nothing changed.
 * - R7 A `now` smaller than the one before counts as the one before (and in
 *      MPCONN_REASON_CLOCK_BACKWARDS); ::MPCONN_TIME_NEVER is ::MPCONN_ERR_INVAL.
 * @{
 */

/** @brief An engine. */
typedef struct mpconn_engine mpconn_engine;

/** @brief Greatest number of packets that one input call takes in one stage; larger
 * calls are cut. */
#define MPCONN_BATCH 64

/** @brief Default action for SYNs the `admit` callback does not decide. */
enum mpconn_split_mode {
    MPCONN_SPLIT_ALWAYS = 0,  /**< split every connection a client opens */
    MPCONN_SPLIT_ADAPTIVE = 1,/**< track in peace, split while many handshakes are unproved */
    MPCONN_SPLIT_NEVER = 2    /**< track only */
};

/** @brief What to do with segments that belong to no known flow. */
enum mpconn_unknown_policy {
    MPCONN_UNKNOWN_DEFAULT = 0, /**< drop when splitting always, pass otherwise */
    MPCONN_UNKNOWN_DROP = 1,    /**< drop and count */
    MPCONN_UNKNOWN_PASS = 2     /**< forward untouched and count */
};

/** @brief Verify TCP and IP checksums of every packet whose state the host does not tell. */
#define MPCONN_ENGINE_F_VERIFY_CHECKSUMS (UINT32_C(1) << 0)

/** @brief Nothing but sessions (mpconn/rendezvous.h): what is for no termination, nor an ICMP
 *         error about what came from one, nor a later fragment of what was for one, is dropped
 *         (MPCONN_REASON_SESSION_NONE). For hosts whose kernel gets the packets as well;
 *         needs `max_sessions`. */
#define MPCONN_ENGINE_F_SESSIONS_ONLY (UINT32_C(1) << 1)

/**
 * @brief Times after which the engine gives up. Zero takes the default; other times are 1 ms to 30
 *        days, an epoch at least 1 s.
 *
 * A flow never ends before its time. If mpconn_engine_expire() is called when due, it ends at most
 * one round of the sweep and 34 ms after it; a round takes a quarter of the shortest of the first
 * four, and not less than 10 ms nor more than 16 s.
 * @units nanoseconds
 */
typedef struct mpconn_timeouts {
    size_t struct_size;           /**< sizeof(mpconn_timeouts) of the caller */
    uint64_t established_ns;      /**< idle, no FIN seen; default 7440 s (RFC 5382 REQ-5) */
    uint64_t transitory_ns;       /**< idle, one or both FINs seen, or the handshake of a flow that
                                       is not split unfinished, but 64 s at most for that while
                                       `adaptive_threshold` are unproved; default 240 s (RFC 5382
                                       REQ-5) */
    uint64_t closed_ns;           /**< both FINs acknowledged, 2 MSL; default 240 s */
    uint64_t reset_ns;            /**< after an exact RST nobody contradicted; default 240 s */
    uint64_t syn_rto_ns;          /**< first repeat of our SYN to the server, doubles; default
                                       1 s */
    uint32_t syn_tries;           /**< SYNs sent to the server at most; default 5; to 12 */
    uint32_t syn_ack_repeats;     /**< repeats of an unproved SYN|ACK in peace at most; default 3;
                                       to 12, or ::MPCONN_NO_REPEATS for none */
    uint64_t hold_ns;             /**< how long a packet is held; default 2 s */
    uint64_t epoch_ns;            /**< life of a cookie key; cookies live one to two; default
                                       64 s */
    uint64_t hello_ns;            /**< between greetings of the other members; default 1 s, and with
                                       ::MPCONN_RETURN_ECHO not more: by what was heard of a member
                                       the age of its echoes is known */
    uint64_t member_down_ns;      /**< after which a silent member counts as down; default 4 s; more
                                       than `hello_ns` */
    uint64_t defer_ns;            /**< age from which a flow committed here alone is told to the
                                       other members; default 2 s. A quarter as many as the tables
                                       have room for can wait for it, then the oldest is told early
                                       (MPCONN_REASON_TOLD_EARLY) */
} mpconn_timeouts;

/** @brief ::mpconn_timeouts::syn_ack_repeats: never repeat. */
#define MPCONN_NO_REPEATS UINT32_MAX

/** @brief When other members are told of a client's request. */
enum mpconn_announce {
    MPCONN_ANNOUNCE_ADAPTIVE = 0, /**< at once where the server's answers come to another member;
                                       else only if they are missed */
    MPCONN_ANNOUNCE_EARLY = 1     /**< while the client's side is still being set up */
};

/** @brief How a client is answered. */
enum mpconn_return_mode {
    MPCONN_RETURN_BACK = 0, /**< back where its packets come from: a router, or a bridge that
                                 carries both directions */
    MPCONN_RETURN_ECHO = 1  /**< a link-layer member, to which nothing can be sent back: onward
                                 only, where the server's answers to that client come by. That is
                                 found out by an echo request to the server, in the client's name,
                                 or said by another member (doc/bridges.md). @ref onward tells what
                                 it means for the links of packets */
};

/**
 * @brief What an engine is made from. Prepare it with ::MPCONN_STRUCT_INIT; zero takes the default.
 */
typedef struct mpconn_engine_config {
    size_t struct_size;          /**< sizeof(mpconn_engine_config) of the caller */
    const uint8_t *key;          /**< cluster key, the same at all members; secret */
    size_t key_len;              /**< bytes of it, 16 to 64 */
    mpconn_allocator allocator;  /**< memory; all zero means the C library's */
    const mpconn_timeouts *timeouts; /**< copied; NULL takes all defaults */
    uint32_t max_flows;          /**< settled flows of one cache line; default 65,536; to 2^28. Of a
                                      full table flows that are over (closed, reset, killed) give
                                      way early, open ones never */
    uint32_t max_wide_flows;     /**< settled flows of two: IPv6, and IPv4 where the legs differ in
                                      more than numbers (doc/parameters.md); default 16,384,
                                      or `max_sessions` where that is more; to
                                      2^28. IPv4 flows that can do without, as all but bound
                                      ones can, may take half of them */
    uint32_t max_handshakes;     /**< handshakes at a time; default 4,096; to 2^24 */
    uint32_t max_held_packets;   /**< packets held at a time; default 4,096 */
    uint64_t max_held_bytes;     /**< bytes held at a time; default 8 MiB */
    uint32_t member_id;          /**< this member, 0 to 65,535 */
    uint32_t flags;              /**< MPCONN_ENGINE_F_* */
    uint32_t split_mode;         /**< ::mpconn_split_mode */
    uint32_t unknown_policy;     /**< ::mpconn_unknown_policy */
    uint32_t adaptive_threshold; /**< unproved handshakes from which adaptive mode splits, and none
                                      is kept for longer than a client needs to say its SYN again;
                                      default a quarter of max_handshakes */
    uint16_t mss_ipv4;           /**< MSS told to IPv4 clients, the same at all members; default
                                      1460; 88 to 65,535. Servers that take less cost a wide flow */
    uint16_t mss_ipv6;           /**< MSS told to IPv6 clients; default 1440; 88 to 65,535 */
    uint8_t wscale;              /**< window scale told to clients, 1-14; default 7 */
    uint8_t hop_limit;           /**< TTL or hop limit of generated packets; default 64 */
    uint16_t client_window;      /**< bytes a client may send before its server has answered, the
                                      same at all members. 0, the default, is closed: none, and
                                      nothing is held for it. Small (two MSS), or open (65,535):
                                      who speaks first saves a round trip. It is held until the
                                      server answers, 16 packets a flow and max_held_* at most;
                                      more, or without `release` all, is dropped, and repeated by
                                      the client. doc/parameters.md has the trade */
    uint8_t reserved[4];         /**< zero */
    const uint16_t *members;     /**< ids of the other members; NULL when there are none. Copied */
    uint32_t n_members;          /**< how many; to 64 */
    uint32_t sync_mtu;           /**< bytes of a frame at most; default 1,400; 256 to 65,507 */
    uint32_t announce;           /**< ::mpconn_announce */
    uint32_t max_bindings;       /**< connections whose legs differ in addresses or ports, at a
                                      time; default 16,384 with the hook `bind`, else none; to 2^28.
                                      Members that only learn of them from others set it, too. Each
                                      takes a wide flow as well, over IPv4, too */
    uint32_t max_sessions;       /**< sessions (mpconn/rendezvous.h); default none; to 2^24. Each
                                      pair is a flow with a binding: with the default
                                      of `max_bindings` there is one for each session */
    uint32_t max_candidates;     /**< SYNs of sources that do not have the termination they call, of
                                      all sessions; default a quarter of `max_sessions`, and eight
                                      more */
    uint32_t return_path;        /**< ::mpconn_return_mode, the same at all members; sessions and
                                      the hook `bind` need ::MPCONN_RETURN_BACK */
    uint32_t echo_rate;          /**< echoes a second at most, a quarter of them at once; so many
                                      SYNs are also answered by other members, or pass unsplit, at
                                      most. Half of what may go at once is kept for SYNs that come
                                      again, and another quarter from networks for which an echo is
                                      out; below about 8 a second only one goes at once, and nothing
                                      can be kept. Default 1,000; to 10^6 */
    uint32_t echo_rate_server;   /**< of these, to one server; default 200; to 10^6 */
    uint32_t max_return_paths;   /**< return paths that are remembered, one for a network of clients
                                      (/24, /56) and a server; default 4,096; to 2^20 */
} mpconn_engine_config;

/** @brief Decision about a SYN. */
enum mpconn_admit {
    MPCONN_ADMIT_DEFAULT = 0, /**< as the engine's split mode says */
    MPCONN_ADMIT_SPLIT = 1,   /**< answer the client in the server's place; not for SYNs that come
                                   from the server side or carry MD5 or AO: those are tracked */
    MPCONN_ADMIT_TRACK = 2,   /**< forward, remember, translate nothing */
    MPCONN_ADMIT_BYPASS = 3,  /**< forward, remember nothing: all that follows is of no known flow,
                                   and dropped unless ::MPCONN_UNKNOWN_PASS is in force */
    MPCONN_ADMIT_RESET = 4,   /**< drop and answer with a RST */
    MPCONN_ADMIT_REFUSE = 5   /**< drop silently */
};

/** @brief The SYN bears an MD5 or AO option (RFC 2385, RFC 5925) and cannot be split. */
#define MPCONN_ADMIT_F_SIGNED (UINT8_C(1) << 0)

/** @brief A SYN that asks to be let in. */
typedef struct mpconn_admit_request {
    size_t struct_size;      /**< sizeof(mpconn_admit_request) of the library */
    const mpconn_pkt *pkt;   /**< the packet; not to be changed */
    mpconn_tuple tuple;      /**< addresses, ports, zone */
    uint32_t isn;            /**< initial sequence number of the SYN */
    uint32_t unproved;       /**< handshakes at present whose client has not proved itself */
    uint8_t side;            /**< ::mpconn_side the SYN came from */
    uint8_t suggestion;      /**< ::mpconn_admit the engine will take for DEFAULT; REFUSE for signed
                                  SYNs of clients while half of the handshakes are unproved: an
                                  option that anybody can set must not lead past the cookies */
    uint8_t flags;           /**< MPCONN_ADMIT_F_* */
    uint8_t reserved[5];     /**< zero */
} mpconn_admit_request;

/** @brief Kinds of event. */
enum mpconn_event_type {
    MPCONN_EVENT_SETTLED = 1,  /**< a flow entered the table; its delta is given. Where this member
                                    took part in the handshake, `reason` is NONE and
                                    the legs are given, too; of a copy, learned from another member,
                                    it is FLOW_COPIED, and they are NULL: what the
                                    SYNs said beyond the difference is not known here. So they are
                                    with SESSION_RELATCHED: a client of a session came from another
                                    source; ENDED with that reason tells of the old one just
                                    before, of the same flow, whose id stays */
    MPCONN_EVENT_REFUSED = 2,  /**< a handshake that was remembered ended without a flow; `reason`
                                    says why. One that was only answered, and whose client comes
                                    back with another number, has not ended */
    MPCONN_EVENT_ENDED = 3,    /**< a settled flow left the table; `reason` says why. A killed one
                                    leaves when its tombstone does */
    MPCONN_EVENT_MEMBER_UP = 4,   /**< a member is heard; `member` says which */
    MPCONN_EVENT_MEMBER_DOWN = 5, /**< a member fell silent */
    MPCONN_EVENT_MEMBER_CONFLICT = 6, /**< two members use the id `member` */
    MPCONN_EVENT_MEMBER_DIFFERS = 7 /**< `member` tells clients another MSS, window scale or window
                                         than this one: their configurations are to be alike. Once
                                         in its life */
};

/** @brief Something that happened to a connection. */
typedef struct mpconn_event {
    size_t struct_size;       /**< sizeof(mpconn_event) of the library */
    uint32_t type;            /**< ::mpconn_event_type */
    uint32_t reason;          /**< ::mpconn_reason */
    uint64_t flow;            /**< id of the settled flow, 0 with REFUSED */
    mpconn_tuple tuple;       /**< the connection */
    const mpconn_leg *client; /**< leg toward the client, or NULL */
    const mpconn_leg *server; /**< leg toward the server, or NULL */
    const mpconn_delta *delta;/**< their difference, or NULL */
    uint32_t member;          /**< the member, with MEMBER events; else 0 */
    uint32_t reserved;        /**< zero */
} mpconn_event;

/** @cond */
struct mpconn_return_request;
struct mpconn_session_event;
/** @endcond */

/**
 * @brief What the engine asks of its host. Prepare it with ::MPCONN_STRUCT_INIT.
 *
 * Every hook gets the `user` pointer first and is called only from inside a call of the same
 * engine, on its thread. `send_packets` and `random` are required, the others may be NULL.
 */
typedef struct mpconn_callbacks {
    size_t struct_size; /**< sizeof(mpconn_callbacks) of the caller */
    /**
     * @brief Take packets the engine made; returns how many of them, from the first on.
     *
     * Each has `side` and `link` set. Called inside the call that made them: at its end, and before
     * whenever 64 packets have gathered, when the verdicts of that call are not complete
     * yet. The bytes die when the hook returns, so the host sends them at once or copies them. They
     * are in order among themselves. Best they are sent before the packets that the same call
     * forwards, as the first part of a segment may be one (MPCONN_REASON_SEGMENT_DIVIDED); after
     * them no endpoint misses anything, but it gets that out of order.
     *
     * What was not taken (all of them with a negative return) counts as MPCONN_REASON_OUTPUT_FULL,
     * is not offered again, and is repaired by the protocol's own repetitions.
     */
    int (*send_packets)(void *user, const mpconn_pkt *const *pkts, size_t n_pkts);
    /** @brief Fill `dst` with `len` unpredictable bytes; 0, or negative to make the caller fail. */
    int (*random)(void *user, uint8_t *dst, size_t len);
    /** @brief Decide about a SYN before anything is answered; returns ::mpconn_admit. A value that
     *         is none of them is taken as ::MPCONN_ADMIT_REFUSE. */
    int (*admit)(void *user, const mpconn_admit_request *request);
    /**
     * @brief Ask for the packets kept under a hold number: submit them again, oldest first, in a
     *        later input call and before newer packets. Their second verdict is final.
     *
     * `reason` is MPCONN_REASON_RELEASED when the flow has settled, or says why it has not.
     * Among the packets may be some of the call in progress, whose verdicts the host has yet to
     * read. Without this hook nothing is ever held.
     */
    void (*release)(void *user, uint64_t hold, unsigned reason);
    /** @brief Tell what happened to a connection or a member. */
    void (*event)(void *user, const mpconn_event *event);
    /**
     * @brief Send a frame to a member, or to all with ::MPCONN_MEMBER_ALL: at once, or as a copy.
     *
     * Required when there are other members. Frames for one member may also be sent to all: who
     * is not meant takes no notice. A negative return means that it was not sent; what matters is
     * repeated.
     */
    int (*send_frame)(void *user, uint32_t member, const uint8_t *frame, size_t len);
    /**
     * @brief Encrypt and authenticate a frame by the host's cipher in place of the built-in tag;
     *        needs `open`, at every member.
     *
     * `header` is associated data; its bytes 16 to 31 are never the same twice under one key and
     * may serve as nonce. Encrypt `len` bytes at `records` in place and write 16 bytes of `tag`.
     * Negative: the frame is not sent.
     */
    int (*seal)(void *user, const uint8_t *header, size_t header_len, uint8_t *records, size_t len,
                uint8_t *tag);
    /** @brief The reverse, in place; negative when the tag does not fit, and then `records` must
     *         hold nothing of use. */
    int (*open)(void *user, const uint8_t *header, size_t header_len, uint8_t *records, size_t len,
                const uint8_t *tag);
    /**
     * @brief Say what the server leg of a split connection shows: the host's NAT.
     *
     * Asked when a client has proved itself, right before the first SYN goes to the server, and for
     * each incarnation anew. `server_leg` comes in as a copy of `client_leg`. Returns
     * - 0: the legs are alike,
     * - 1: `*server_leg` is what the server leg shows: addresses and ports of both endpoints, the
     *   same zone; or both addresses of the other IP version,
     * - negative: there is to be no such connection.
     *
     * Refused is also what is impossible (MPCONN_REASON_BINDING_REFUSED), what another connection
     * has as one of its legs (MPCONN_REASON_BINDING_TAKEN), and what there is no room for
     * (MPCONN_REASON_BINDING_FULL): the client gets an exact RST.
     *
     * Any member that may open the same connection must be told the same: by a table that the hosts
     * share, or by a function of the tuple. The others learn it with the connection. It stays the
     * connection's until that has ended (::MPCONN_EVENT_REFUSED, ::MPCONN_EVENT_ENDED); a
     * connection that is over yields it earlier to one that asks for it.
     *
     * Packets of both legs reach the engine as they are: on the client side they show the client
     * leg, on the server side the server leg. mpconn_steer() takes these for two flows: hosts with
     * several engines have to steer one leg by what the other one shows. Connections that are
     * tracked are not asked about: what NAT they need is done on one side of the engine.
     */
    int (*bind)(void *user, const mpconn_tuple *client_leg, mpconn_tuple *server_leg);
    /** @brief Tell what happened to a session (mpconn/rendezvous.h). */
    void (*session_event)(void *user, const struct mpconn_session_event *event);
    /**
     * @brief Tell the link-layer header that goes into an echo with a client's SYN
     *        (::MPCONN_RETURN_ECHO): write it to `header`, which has room for 32 bytes
     *        (::MPCONN_ECHO_LINK_HEADER_MAX), and return how many there are.
     *
     * `pkt` is a packet of the call in progress, `link` and `user` are as they came in; its bytes
     * are not. What the header means is between the hosts of the members; all others see only how
     * long it is. Any other number than 1 to 32 is none, as is a missing hook. Where the short form
     * is sent, which has no room for it, nothing is asked, nor where the budget of echoes is used
     * up. An echo that is asked about may yet be left out, as where its SYN cannot be carried.
     */
    int (*link_header)(void *user, const mpconn_pkt *pkt, uint8_t *header);
    /**
     * @brief Choose the link by which packets go onward to a client, an echo with its SYN having
     *        come back to this member (mpconn/return_path.h).
     *
     * ::MPCONN_LINK_NONE, or more than ::MPCONN_LINK_MAX: that of the reply, as without this hook.
     * Another one serves what the reply becomes, and what is said later as long as the server's own
     * packets do not show a link. Called for replies that count alone, after their verdict is
     * certain; it is to choose alike for the same echo.
     */
    uint32_t (*return_link)(void *user, const struct mpconn_return_request *request);
} mpconn_callbacks;

/**
 * @brief Make an engine. Takes all the memory it will ever use.
 *
 * @param[out] out  the engine; NULL on failure
 * @param[in]  cfg  configuration; copied, the key is not kept but what is derived from it
 * @param[in]  callbacks  hooks; copied
 * @param[in]  user  first argument of every hook; may be NULL
 * @param[in]  now   clock reading; see ::mpconn_time
 * @owner    the caller, who frees it with mpconn_engine_del()
 * @hooks    random, the allocator
 * @threads  any thread; the engine then belongs to one thread at a time
 * @retval MPCONN_OK            `*out` is an engine
 * @retval MPCONN_ERR_INVAL     a required argument, hook or key is missing, or a number
 *                              out of range
 * @retval MPCONN_ERR_VERSION   a struct is newer than this library and uses what it does not know
 * @retval MPCONN_ERR_NOMEM     the allocator returned NULL; nothing is left allocated
 * @retval MPCONN_ERR_CALLBACK  `random` failed
 * @retval MPCONN_ERR_HELLO     ::MPCONN_RETURN_ECHO, and `hello_ns` is more than a second
 */
MPCONN_API int mpconn_engine_new(mpconn_engine **out, const mpconn_engine_config *cfg,
                                 const mpconn_callbacks *callbacks, void *user, mpconn_time now);

/**
 * @brief Delete an engine. No hook but the allocator's is called; secrets are wiped.
 *
 * @param[in] eng  the engine; NULL does nothing
 * @owner    takes `eng`
 * @hooks    the allocator
 * @threads  the engine's
 * @retval MPCONN_OK             gone
 * @retval MPCONN_ERR_REENTRANT  called from a hook; the engine lives on
 */
MPCONN_API int mpconn_engine_del(mpconn_engine *eng);

/**
 * @brief Handle packets: each gets a verdict, and may be rewritten in place.
 *
 * The result is the same, bit for bit, however a sequence of packets is cut into batches; but for
 * how many frames tell other members, and the number of the last of them, which an echo seals.
 * Packets of one batch are handled in order.
 *
 * @param[in]     eng   the engine
 * @param[in,out] pkts  the packets; no NULL among them, none twice
 * @param[in]     n_pkts  how many; any number
 * @param[in]     now   clock reading for all of them
 * @units    packets
 * @byteorder network in the packets
 * @owner    borrows the packets until it returns
 * @hooks    admit, send_packets, release, event
 * @threads  the engine's
 * @retval MPCONN_OK             every packet has a verdict and a reason
 * @retval MPCONN_ERR_INVAL      `eng` or `pkts` or an element is NULL, or `now` is NEVER
 * @retval MPCONN_ERR_REENTRANT  called from a hook
 */
MPCONN_API int mpconn_engine_input(mpconn_engine *eng, mpconn_pkt *const *pkts, size_t n_pkts,
                                   mpconn_time now);

/**
 * @brief When mpconn_engine_expire() has something to do next.
 *
 * @param[in] eng  the engine; NULL gives ::MPCONN_TIME_NEVER
 * @return clock reading, or ::MPCONN_TIME_NEVER
 * @threads the engine's
 */
MPCONN_API mpconn_time mpconn_engine_next_expiry(const mpconn_engine *eng);

/**
 * @brief Do what is due: repeats, idle flows, held packets, flows that others are to be told of.
 *
 * @param[in]  eng     the engine
 * @param[in]  budget  timers fired, flows told and table lines looked at, at most; 0 means no bound
 * @param[out] done    how much of it was used; may be NULL. When it equals the budget, more may be
 *                     due: mpconn_engine_next_expiry() tells
 * @param[in]  now     clock reading
 * @hooks    send_packets, release, event
 * @threads  the engine's
 * @retval MPCONN_OK             done, as far as the budget went
 * @retval MPCONN_ERR_INVAL      `eng` is NULL or `now` is NEVER
 * @retval MPCONN_ERR_REENTRANT  called from a hook
 */
MPCONN_API int mpconn_engine_expire(mpconn_engine *eng, uint32_t budget, uint32_t *done,
                                    mpconn_time now);

/**
 * @brief How much room before `data` a packet needs so that the engine can always rewrite it.
 *
 * @param[in] eng  the engine
 * @return bytes; 0 for NULL
 * @units  bytes
 * @threads the engine's
 */
MPCONN_API uint32_t mpconn_engine_headroom(const mpconn_engine *eng);

/**
 * @brief How much room behind a packet (`cap` minus `len`) the engine needs so that it can always
 *        rewrite it: a SYN is answered in its own buffer, and the answer may be longer.
 *
 * @param[in] eng  the engine
 * @return bytes; 0 for NULL
 * @units  bytes
 * @threads the engine's
 */
MPCONN_API uint32_t mpconn_engine_tailroom(const mpconn_engine *eng);

/**
 * @brief Change the cluster key. Handshakes in progress go on: what was offered under the old key
 *        is accepted for one more epoch.
 *
 * The change begins an epoch. Of all that was offered before, what was offered under the key of the
 * epoch it ends (and what the table remembers) is accepted, until the next epoch begins: when its
 * time has come, or with the next change. So change the key at most once in `epoch_ns`: after two
 * changes within that time, clients whose handshakes were offered before the first one and are not
 * in the table have to begin anew.
 *
 * Frames of members that still have the old key are taken for two more `epoch_ns`; they do not take
 * ours before they have the new one, so change it everywhere within `member_down_ns`.
 *
 * @param[in] eng      the engine
 * @param[in] key      the new key
 * @param[in] key_len  bytes of it, 16 to 64
 * @param[in] now      clock reading
 * @owner    borrows the key until it returns
 * @threads  the engine's
 * @retval MPCONN_OK             SYNs are answered under the new key from now on
 * @retval MPCONN_ERR_INVAL      a pointer is NULL, the length out of range, or `now` is NEVER
 * @retval MPCONN_ERR_REENTRANT  called from a hook
 */
MPCONN_API int mpconn_engine_set_key(mpconn_engine *eng, const uint8_t *key, size_t key_len,
                                     mpconn_time now);

/**
 * @brief Change timeouts. Flows in the table are judged by the new ones at the next sweep;
 *        handshake timers that already run keep their deadline. With another `epoch_ns` the present
 *        epoch begins anew under its own key, so that no cookie loses its time.
 *
 * @param[in] eng       the engine
 * @param[in] timeouts  the new ones; zero takes the default. Copied
 * @param[in] now       clock reading
 * @threads  the engine's
 * @retval MPCONN_OK             in force
 * @retval MPCONN_ERR_INVAL      a pointer is NULL, `now` is NEVER, or a number is out of range
 * @retval MPCONN_ERR_VERSION    the struct is newer than this library and uses what it
 *                               does not know
 * @retval MPCONN_ERR_HELLO      ::MPCONN_RETURN_ECHO, and `hello_ns` is more than a second
 * @retval MPCONN_ERR_REENTRANT  called from a hook
 */
MPCONN_API int mpconn_engine_set_timeouts(mpconn_engine *eng, const mpconn_timeouts *timeouts,
                                          mpconn_time now);

/** @} */

/** @cond */
#ifdef __cplusplus
}
#endif
/** @endcond */

#endif
