/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * @brief Rendezvous: two clients that both call, joined to one connection.
 */
#ifndef MPCONN_RENDEZVOUS_H
#define MPCONN_RENDEZVOUS_H

#include <mpconn/engine.h>

/** @cond */
#ifdef __cplusplus
extern "C" {
#endif
/** @endcond */

/**
 * @defgroup rendezvous Rendezvous
 *
 * A *session* joins two *terminations* (H.248): addresses and ports of this host, each given to one
 * client by whoever controls it. Both clients call; what each SYN said is stored, and when both are
 * there each is answered with what the other one said: its initial sequence number, its window, the
 * options that both have. From then on nothing but addresses, ports and checksums changes: it is a
 * flow like any other, whose client leg is that of termination 0 and whose server leg is that of
 * termination 1 (see ::mpconn_callbacks::bind).
 *
 * Packets to a termination reach mpconn_engine_input() with any `side`: the engine knows it by the
 * destination, and writes it. The host's own TCP must not see them.
 * @{
 */

/** @brief Bytes of a session's name at most, without the zero behind it. */
#define MPCONN_SESSION_NAME_MAX 31

/** @brief Who may have a termination. */
enum mpconn_latch {
    MPCONN_LATCH_ON = 0,     /**< the first acceptable source that proves itself, for good */
    MPCONN_LATCH_OFF = 1,    /**< only `expect`, which has all bits of its address and a port */
    MPCONN_LATCH_RELATCH = 2 /**< as ON; and where a segment comes from another acceptable source
                                  that fits into the connection's windows, that is it from then on
                                  (a NAT made a new binding). Both clients have to have
                                  acknowledged before; a segment that does not fit is refused
                                  (RELATCH_REFUSED) */
};

/**
 * @brief What the network element does with set-up (3GPP TS 23.334 5.16).
 *
 * With all but MERGE one client calls, and the other one is called: from its termination, at its
 * `expect`, which has all bits of the address and a port. Either client may call first where both
 * have that. Where only one has, the other one's client is the one that calls; the one that is to
 * be called waits when it calls by itself, and is joined as with MERGE, as are two that call at a
 * time. There is no timer: each SYN of the caller brings about one to the other client, each answer
 * of that one an answer to the caller.
 */
enum mpconn_role {
    MPCONN_ROLE_MERGE = 0,   /**< both clients call: their calls are joined */
    MPCONN_ROLE_FORWARD = 1, /**< the SYN goes on; only addresses, ports and checksums change, and
                                  nothing is checked. The session is ESTABLISHED from the SYN on */
    MPCONN_ROLE_TRACK = 2,   /**< the SYN goes on with what the caller can do of what MERGE lets
                                  pass, the SYN|ACK with what both can; the caller's ACK is the
                                  called one's. HALF until that comes, tracked as with MERGE */
    MPCONN_ROLE_REVERSE = 3  /**< the same, but that the called one gets its ACK at once: the
                                  caller waits for its SYN|ACK, not the called one for the caller */
};

/** @brief Which client of a pair is answered when. */
enum mpconn_answer {
    MPCONN_ANSWER_BOTH = 0,  /**< both as soon as both are there */
    MPCONN_ANSWER_SECOND = 1, /**< the second one, and the first when that has acknowledged: the
                                  claim to the letter, and nobody is answered for a dead one */
    MPCONN_ANSWER_FORWARD = 2 /**< the second one's SYN goes to the first (simultaneous open, RFC
                                  9293 3.5): a true measurement of the round trip, but firewalls
                                  may drop a SYN that comes in */
};

/** @brief What becomes of timestamps when the first SYN is not fresh any more: its sender takes the
 *         time since then for the round trip. */
enum mpconn_stale {
    MPCONN_STALE_WAIT = 0,  /**< a SYN that was not repeated yet: the first client is answered on
                                 its next one. Otherwise as STRIP */
    MPCONN_STALE_STRIP = 1, /**< no timestamps for either */
    MPCONN_STALE_STRICT = 2,/**< the first client is always answered on its next SYN */
    MPCONN_STALE_PASS = 3   /**< timestamps all the same */
};

/** @brief Join addresses of different IP versions. */
#define MPCONN_SESSION_F_FAMILIES (UINT32_C(1) << 0)
/** @brief A SYN with MD5 or AO (RFC 2385, RFC 5925) is dropped silently; else it gets a RST. */
#define MPCONN_SESSION_F_SIGNED_SILENT (UINT32_C(1) << 1)

/**
 * @brief One end of a session, as the controller wants it.
 * @byteorder host, except the addresses
 */
typedef struct mpconn_termination {
    mpconn_addr local;      /**< address that this client calls */
    mpconn_addr expect;     /**< where it will call from, as far as `expect_prefix` goes */
    uint16_t local_port;    /**< port that it calls; not 0 */
    uint16_t expect_port;   /**< port it will call from; 0 = any: NATs choose */
    uint8_t family;         /**< ::mpconn_family of both addresses */
    uint8_t expect_prefix;  /**< bits of `expect` that count; 0 = anybody */
    uint8_t latch;          /**< ::mpconn_latch */
    uint8_t reserved[5];    /**< zero */
} mpconn_termination;

/**
 * @brief A session, as the controller wants it. Prepare it with ::MPCONN_STRUCT_INIT; zero takes
 *        the default.
 */
typedef struct mpconn_session_config {
    size_t struct_size;           /**< sizeof(mpconn_session_config) of the caller */
    char name[MPCONN_SESSION_NAME_MAX + 1]; /**< the same at all members; not empty, zero-ended,
                                                 and no other session's */
    mpconn_termination termination[2]; /**< whose index is the ::mpconn_side of its client */
    uint16_t zone;                /**< of its packets */
    uint16_t max_mss;             /**< MSS told to either client at most; default 1460 or 1440 */
    uint8_t role;                 /**< ::mpconn_role */
    uint8_t answer;               /**< ::mpconn_answer */
    uint8_t stale;                /**< ::mpconn_stale */
    uint8_t candidates;           /**< SYNs of different sources that are kept for a termination;
                                       default 4; 1 to 8 */
    uint32_t flags;               /**< MPCONN_SESSION_F_* */
    uint32_t wait_ms;             /**< a SYN counts for twice its last gap, and so long at most;
                                       default 127 s; to 240 s */
    uint32_t fresh_ms;            /**< age from which a first SYN is stale; default 130 ms:
                                       with more than 150 its sender may wait for longer than half a
                                       second for a lost segment (RFC 6298 2.2) */
    uint32_t confirm_ms;          /**< in which a client that was answered has to acknowledge;
                                       default 10 s; whole seconds count, rounded up */
    uint32_t relatch_ms;          /**< silence of the old source before a new one may have its
                                       place; default 1 s */
    uint32_t reserved;            /**< zero */
} mpconn_session_config;

/** @brief What happened at one termination. Since the session was added. */
typedef struct mpconn_termination_stats {
    uint64_t packets_in;     /**< of its client, carried to the other one */
    uint64_t bytes_in;       /**< bytes of these, from the IP header on */
    uint32_t syns;           /**< SYNs of acceptable sources */
    uint32_t answers;        /**< SYN|ACKs sent to it */
    uint32_t refused;        /**< packets of sources that may not have it, or not any more */
    uint32_t relatched;      /**< how often its source changed */
} mpconn_termination_stats;

/** @brief Where a session stands. */
enum mpconn_session_state {
    MPCONN_SESSION_IDLE = 0,        /**< nobody has called */
    MPCONN_SESSION_WAITING = 1,     /**< one has */
    MPCONN_SESSION_CONFLICT = 2,    /**< several called the same termination: nobody is answered
                                         until the controller says who is expected */
    MPCONN_SESSION_ANSWERED = 3,    /**< both are there, and neither has acknowledged */
    MPCONN_SESSION_HALF = 4,        /**< one has */
    MPCONN_SESSION_ESTABLISHED = 5, /**< both have */
    MPCONN_SESSION_CLOSING = 6      /**< the connection is over, and is still remembered */
};

/** @brief A session, as a copy. */
typedef struct mpconn_session {
    size_t struct_size;             /**< sizeof(mpconn_session) of the caller */
    mpconn_session_config config;   /**< defaults filled in */
    uint32_t state;                 /**< ::mpconn_session_state, as far as this member knows */
    uint32_t pairs;                 /**< connections it has joined so far */
    uint64_t flow;                  /**< of the present one; 0 = none */
    mpconn_addr remote[2];          /**< where each client calls from */
    uint16_t remote_port[2];        /**< its port; 0 = not latched */
    uint8_t candidates[2];          /**< sources that called and have not got it */
    uint8_t reserved[2];            /**< zero */
    mpconn_termination_stats stats[2]; /**< of each termination, at this member */
} mpconn_session;

/** @brief What is reported to the controller. */
enum mpconn_session_event_type {
    MPCONN_SESSION_EVENT_LATCHED = 1,     /**< a client called, and is the one; tentative until
                                               ESTABLISHED */
    MPCONN_SESSION_EVENT_CONFLICT = 2,    /**< another one called as well; `reason` says what
                                               follows */
    MPCONN_SESSION_EVENT_ESTABLISHED = 3, /**< both clients have acknowledged */
    MPCONN_SESSION_EVENT_RELATCHED = 4,   /**< a client comes from another source now */
    MPCONN_SESSION_EVENT_IDLE = 5,        /**< what a client said is too old; it is forgotten */
    MPCONN_SESSION_EVENT_CLOSED = 6,      /**< the connection is over; `reason` says why. The
                                               session goes on and may join another one */
    MPCONN_SESSION_EVENT_REFUSED = 7      /**< a client cannot be served; `reason` says why. With
                                               RELATCH_REFUSED, once a second at most: somebody
                                               tried to be a client and had the wrong numbers. With
                                               SESSION_STRANGER, once in each state it is in */
};

/** @brief ::mpconn_session_event::termination: it is about neither. */
#define MPCONN_TERMINATION_NONE 2

/** @brief A report (::mpconn_callbacks::session_event). */
typedef struct mpconn_session_event {
    size_t struct_size;             /**< sizeof(mpconn_session_event) of the library */
    uint32_t type;                  /**< ::mpconn_session_event_type */
    uint32_t reason;                /**< ::mpconn_reason */
    const char *name;               /**< of the session */
    uint32_t termination;           /**< 0, 1 or ::MPCONN_TERMINATION_NONE */
    uint16_t remote_port;           /**< of the source it is about; 0 = none */
    uint8_t family;                 /**< ::mpconn_family of that source */
    uint8_t reserved;               /**< zero */
    mpconn_addr remote;             /**< its address */
    uint64_t flow;                  /**< of the connection; 0 = none */
    mpconn_termination_stats stats[2]; /**< of each termination, at this member */
} mpconn_session_event;

/** @brief Position in the table of sessions; zero it to start from the beginning. */
typedef struct mpconn_session_cursor {
    uint64_t position; /**< opaque */
} mpconn_session_cursor;

/**
 * @brief Add a session: from now on its clients are joined when they call.
 *
 * @param[in] eng     the engine
 * @param[in] config  what is wanted; copied
 * @param[in] now     clock reading
 * @threads  the engine's
 * @retval MPCONN_OK             added
 * @retval MPCONN_ERR_INVAL      a pointer is NULL, `now` is NEVER, the name is empty or has no end,
 *                               or a member is out of range or does not go with another one
 * @retval MPCONN_ERR_VERSION    the struct is newer than this library and uses what it
 *                               does not know
 * @retval MPCONN_ERR_EXPECT     the role is not MERGE, and neither termination's `expect` has an
 *                               address and a port
 * @retval MPCONN_ERR_EXISTS     the name is another session's, or one of the terminations is
 * @retval MPCONN_ERR_LIMIT      there are `max_sessions`
 * @retval MPCONN_ERR_REENTRANT  called from a hook
 */
MPCONN_API int mpconn_session_add(mpconn_engine *eng, const mpconn_session_config *config,
                                  mpconn_time now);

/**
 * @brief Change a session. A changed `expect` decides at once between those who call, and with
 *        `latch` and `relatch_ms` where clients may move to; all else counts for the next
 *        connection.
 *
 * @param[in] eng     the engine
 * @param[in] config  what is wanted of the session with that name, all of it; copied
 * @param[in] now     clock reading
 * @hooks    send_packets, session_event
 * @threads  the engine's
 * @retval MPCONN_OK             in force
 * @retval MPCONN_ERR_INVAL      as with mpconn_session_add(), or `zone` or what is called
 *                               (`family`, `local`, `local_port`) is another than before
 * @retval MPCONN_ERR_VERSION    as with mpconn_session_add()
 * @retval MPCONN_ERR_EXPECT     as with mpconn_session_add()
 * @retval MPCONN_ERR_NOTFOUND   no session has that name
 * @retval MPCONN_ERR_REENTRANT  called from a hook
 */
MPCONN_API int mpconn_session_modify(mpconn_engine *eng, const mpconn_session_config *config,
                                     mpconn_time now);

/**
 * @brief Remove a session. A connection it has is ended as by mpconn_engine_kill(): both clients
 *        get a RST. What is called is free for another session at once.
 *
 * @param[in] eng   the engine
 * @param[in] name  of the session
 * @param[in] now   clock reading
 * @hooks    send_packets, session_event
 * @threads  the engine's
 * @retval MPCONN_OK             gone
 * @retval MPCONN_ERR_INVAL      a pointer is NULL, or `now` is NEVER
 * @retval MPCONN_ERR_NOTFOUND   no session has that name
 * @retval MPCONN_ERR_REENTRANT  called from a hook
 */
MPCONN_API int mpconn_session_remove(mpconn_engine *eng, const char *name, mpconn_time now);

/**
 * @brief Read a session.
 *
 * @param[in]     eng   the engine
 * @param[in]     name  of the session
 * @param[in,out] out   `struct_size` set by the caller; the rest is filled as far as that goes
 * @threads  the engine's; may be called from a hook
 * @retval MPCONN_OK            filled
 * @retval MPCONN_ERR_INVAL     a pointer is NULL
 * @retval MPCONN_ERR_NOTFOUND  no session has that name
 * @retval MPCONN_ERR_VERSION   `struct_size` is smaller than the first version
 */
MPCONN_API int mpconn_session_get(const mpconn_engine *eng, const char *name, mpconn_session *out);

/**
 * @brief Fetch the next session. Sessions may come and go between calls; one that stays is seen
 *        exactly once.
 *
 * @param[in]     eng     the engine
 * @param[in,out] cursor  where to go on
 * @param[in,out] out     `struct_size` set by the caller; the rest is filled as far as that goes
 * @threads  the engine's; may be called from a hook
 * @retval MPCONN_OK            `*out` is the next session
 * @retval MPCONN_ERR_NOTFOUND  there are no more
 * @retval MPCONN_ERR_INVAL     a pointer is NULL
 * @retval MPCONN_ERR_VERSION   `struct_size` is smaller than the first version
 */
MPCONN_API int mpconn_session_next(const mpconn_engine *eng, mpconn_session_cursor *cursor,
                                   mpconn_session *out);

/**
 * @brief Name of a state, as in its enumerator: `"WAITING"`.
 *
 * @param[in] state  an ::mpconn_session_state
 * @return a constant string, NULL for a number that is no state
 * @owner   the library; valid for ever
 * @threads any thread
 */
MPCONN_API const char *mpconn_session_state_name(unsigned state);

/**
 * @brief Name of an event, as in its enumerator: `"LATCHED"`.
 *
 * @param[in] type  an ::mpconn_session_event_type
 * @return a constant string, NULL for a number that is no event
 * @owner   the library; valid for ever
 * @threads any thread
 */
MPCONN_API const char *mpconn_session_event_name(unsigned type);

/** @} */

/** @cond */
#ifdef __cplusplus
}
#endif
/** @endcond */

#endif
