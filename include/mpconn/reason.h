/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * @brief Why a packet got its verdict. Every reason has a counter.
 */
#ifndef MPCONN_REASON_H
#define MPCONN_REASON_H

#include <mpconn/base.h>

/** @cond */
#ifdef __cplusplus
extern "C" {
#endif
/** @endcond */

/**
 * @defgroup reason Reasons
 * @{
 */

/**
 * @brief The one list of reasons: `X(number, NAME, text)`.
 *
 * Enum, names, counters and tests are made from it. Numbers are never changed and never used again:
 * 0 to 31 what went as it should, 32 to 63 what cannot be read, 64 to 95 what is refused,
 * 96 to 119 what there was no room for, 120 to 127 what the host did, 128 to 255 for parts to come.
 */
#define MPCONN_REASON_MAP(X)                                                                  \
    X(0, NONE, "no reason")                                                                   \
    X(1, TRANSLATED, "segment of a split flow, translated")                                   \
    X(2, TRACKED, "segment of a flow that is tracked but not split")                          \
    X(3, BYPASSED, "forwarded unread because the host said so")                               \
    X(4, NOT_TCP, "not TCP, forwarded untouched")                                             \
    X(5, ICMP_ERROR, "ICMP error, forwarded untouched")                                       \
    X(6, FRAGMENT_LATER, "fragment after the first, forwarded untouched")                     \
    X(7, SYN_ANSWERED, "client's SYN answered")                                               \
    X(8, SYN_REPEATED, "SYN of a settled flow, left to the endpoints")                        \
    X(9, CLIENT_PROVED, "client's ACK fits its cookie, server leg opened")                    \
    X(10, CLIENT_WAITS, "client's ACK, or copy of what is held, before the commit: absorbed") \
    X(11, SERVER_ANSWERED, "server's SYN|ACK committed the difference")                       \
    X(12, SERVER_REPEATED, "server's SYN|ACK again, acknowledged again")                      \
    X(13, SERVER_REFUSED, "server's RST told to the client as an exact RST")                  \
    X(14, SERVER_STALE, "server still has an older incarnation, told to reset it")            \
    X(15, CLIENT_ABORTED, "client's RST ended the handshake")                                 \
    X(16, HELD, "held until its fact arrives")                                                \
    X(17, RELEASED, "held packet may be submitted again")                                     \
    X(18, UNKNOWN_PASSED, "segment of no known flow, forwarded by policy")                    \
    X(19, SYN_TRACKED, "SYN forwarded, its answer is awaited")                                \
    X(20, SYN_ACK_REPEAT, "SYN|ACK sent again by timer")                                      \
    X(21, SERVER_SYN_SENT, "SYN sent to the server")                                          \
    X(22, WINDOW_OPENED, "window update sent to the client")                                  \
    X(23, SERVER_ACK_SENT, "final ACK of the handshake sent to the server")                   \
    X(24, RST_TO_CLIENT, "exact RST sent to the client")                                      \
    X(25, RST_TO_SERVER, "exact RST sent to the server")                                      \
    X(26, FLOW_REPLACED, "flow that was over gave way to the next incarnation")               \
    X(27, FLOW_CLOSED, "both ends closed, kept for 2 MSL")                                    \
    X(28, FLOW_RESET, "ended by an exact RST")                                                \
    X(29, FLOW_RECLAIMED, "flow that was over gave its room to another")                      \
    X(30, FLOW_COPIED, "flow that another member settled, learned from it")                   \
    X(31, OPENING_ERROR, "ICMP error about our SYN to the server, counted and not passed on")  \
    X(32, TRUNCATED, "ends before its headers do")                                            \
    X(33, BAD_IP, "IP header contradicts itself")                                             \
    X(34, BAD_TCP, "TCP header contradicts itself")                                           \
    X(35, BAD_OPTIONS, "malformed TCP option list on a SYN")                                  \
    X(36, BAD_FLAGS, "impossible TCP flags")                                                  \
    X(37, BAD_ADDRESS, "source or destination no connection can have")                        \
    X(38, BAD_PORT, "port 0")                                                                 \
    X(39, BAD_IP_CHECKSUM, "wrong IP header checksum")                                        \
    X(40, BAD_TCP_CHECKSUM, "wrong TCP checksum")                                             \
    X(41, FRAGMENT_TINY, "first fragment without all of its headers")                         \
    X(42, BAD_EXTENSION, "IPv6 extension headers too many or out of order")                   \
    X(43, BAD_METADATA, "the host's length, link, zone, side or flags are impossible")        \
    X(44, BAD_QUOTE, "ICMP error whose quote of a segment cannot be read")                    \
    X(45, BAD_ICMP_CHECKSUM, "wrong checksum of an ICMP error about a TCP segment")           \
    X(46, FRAGMENT_OVERLAP, "fragment of a TCP segment that begins within its header")        \
    X(47, FRAGMENT_CONTROL, "SYN or RST in fragments")                                        \
    X(48, BAD_FRAGMENT, "fragment with a length that it cannot have")                         \
    X(49, FRAGMENT_TWICE, "IPv6 packet with more than one fragment header")                   \
    X(64, ADMIT_REFUSED, "refused by the host's rule, silently")                              \
    X(65, ADMIT_RESET, "refused by the host's rule, with a RST")                              \
    X(66, NO_FLOW, "segment of no known flow")                                                \
    X(67, COOKIE_REFUSED, "ACK that fits no cookie")                                          \
    X(68, DEAD_FLOW, "segment of a connection that is over")                                  \
    X(69, UNEXPECTED_SYN_ACK, "SYN|ACK nobody waits for, or with the wrong number")           \
    X(70, RST_NOT_EXACT, "RST during the handshake whose number is not the next one")         \
    X(71, UNPROVED_DATA, "data of a client that has not proved itself")                       \
    X(72, SERVER_SILENT, "server never answered, client told by an exact RST")                \
    X(73, CLIENT_SILENT, "client never answered the SYN|ACK")                                 \
    X(74, EXPIRED, "flow idle for too long")                                                  \
    X(75, HOLD_EXPIRED, "held packet whose fact never came")                                  \
    X(76, SYN_UNEXPECTED, "SYN that does not belong to this handshake")                       \
    X(77, COMMIT_CONFLICT, "two members committed different numbers of the server")           \
    X(78, SERVER_UNREACHABLE, "ICMP errors about our SYNs, client told by an exact RST")       \
    X(79, SEGMENT_TOO_BIG, "client's segment larger than the server's MSS")                    \
    X(80, CE_UNHEARD, "marked CE, and the server leg has no ECN: dropped, as a queue would")   \
    X(83, ERROR_ASTRAY, "ICMP error from the wrong side, or not to who sent the segment")     \
    X(84, ERROR_OUTSIDE, "ICMP error about a number that cannot be on its way")               \
    X(85, ERROR_MTU, "ICMP error with an MTU that no path has")                               \
    X(86, ERROR_QUENCH, "ICMP source quench, obsolete")                                       \
    X(87, ERROR_NO_FLOW, "ICMP error about a segment of no known flow")                       \
    X(88, NO_COUNTERPART, "source route, ICMP type or length that the other IP version has not") \
    X(89, ERROR_FRAGMENT, "ICMP error that quotes a fragment without its ports")              \
    X(90, FRAGMENT_EARLY, "first fragment before its connection is settled")                  \
    X(91, BINDING_REFUSED, "the host has no server leg for it, or an impossible one")         \
    X(92, BINDING_TAKEN, "another connection has the server leg that the host gave")          \
    X(96, TABLE_FULL, "no room in the table of settled flows")                                \
    X(97, HANDSHAKE_FULL, "no room in the table of handshakes")                               \
    X(98, HOLD_FULL, "no room to hold the packet")                                            \
    X(99, NO_SPACE, "packet buffer too small for its rewritten form")                         \
    X(100, OUTPUT_FULL, "generated packet not sent: the host's queue refused it")             \
    X(101, HANDSHAKE_EVICTED, "unproved handshake gave way to another")                       \
    X(102, TOMBSTONE_EVICTED, "memory of an incarnation that is over gave way to another")    \
    X(103, OPENING_EVICTED, "server leg that did not get ready gave way to another")          \
    X(104, ASK_BUDGET, "no budget left to ask other members about it")                        \
    X(105, TOLD_EARLY, "flow told to other members before its time: too many wait for theirs") \
    X(106, SECOND_LINE_FULL, "no wide line for a flow with use for one, done without")         \
    X(107, BINDING_FULL, "no room in the table of bindings")                                  \
    X(120, KILLED, "flow ended by the host")                                                  \
    X(121, CLOCK_BACKWARDS, "host's clock stepped back, reading ignored")                     \
    X(122, OPTION_DUPLICATE, "SYN with an option twice, first one taken")                     \
    X(123, OPTION_CLAMPED, "SYN with an MSS or window scale out of range, clamped")           \
    X(128, TOO_BIG_SENT, "ICMP error sent to a client whose segment was too big")             \
    X(129, OVER_MSS, "segment above the server's MSS, of a client that cannot be told: passed")  \
    X(130, SEGMENT_UNSTAMPED, "no room for the timestamps that the client was promised")      \
    X(131, SEGMENT_DIVIDED, "first bytes of a segment sent ahead to make room for timestamps")  \
    X(132, ERROR_TRANSLATED, "ICMP error about a split flow, its quote translated")           \
    X(133, ERROR_TRACKED, "ICMP error about a flow that is tracked but not split")            \
    X(134, ANSWER_ERROR, "ICMP error about our SYN|ACK, counted and not passed on")           \
    X(135, FRAGMENT_TRANSLATED, "first fragment of a split flow, translated")                 \
    X(136, FRAGMENT_TRACKED, "first fragment of a flow that is tracked but not split")           \
    X(137, DUPLICATE_UNMARKED, "no room for the SACK block of a duplicate acknowledgment")    \
    X(138, FRAGMENT_MAPPED, "later fragment of a bound flow: as the other leg shows it")      \
    X(139, FRAGMENT_FORGOTTEN, "flow of a packet in fragments gave way to that of another")   \
    X(140, SESSION_WAITING, "SYN to a termination, stored until the other client calls")      \
    X(141, SESSION_ANSWERED, "client's SYN answered with what the other client's said")       \
    X(142, SESSION_STRANGER, "packet to a termination from a source that may not have it")    \
    X(143, SESSION_CONFLICT, "several sources call one termination, nobody is answered")      \
    X(144, SESSION_EARLY, "no SYN, and its session has no connection yet")                    \
    X(145, SESSION_SIGNED, "SYN with MD5 or AO to a termination, which cannot be joined")     \
    X(146, SESSION_CANDIDATES, "no room for another source that calls a termination")         \
    X(147, SESSION_RESTARTED, "client called anew with another number, its pair is over")     \
    X(148, SESSION_SELF, "both clients of a session call from one address and port")          \
    X(149, SESSION_UNCONFIRMED, "client was answered and never acknowledged")                 \
    X(150, SESSION_STALE, "SYN of a waiting client forgotten: too old")                       \
    X(151, SESSION_RESET, "exact RST of a client that was answered, or waits")                \
    X(152, SESSION_MISFIT, "segment after pairing does not fit: numbers change on the way")        \
    X(153, SESSION_RELATCHED, "client comes from another source now")                         \
    X(154, RELATCH_REFUSED, "another source wanted the place of a client, and does not fit")  \
    X(155, SESSION_REMOVED, "session removed by the host")                                    \
    X(156, SESSION_SYN_LATE, "SYN of a client that has acknowledged already")                 \
    X(157, SESSION_FULL, "no room for the flow of a pair, or for its binding")                \
    X(158, SESSION_CLIENT_GONE, "client that waited is gone, the other one was told")         \
    X(159, SESSION_NONE, "for no termination, and this engine is for sessions only")          \
    X(160, SESSION_ANEW, "SYN of a client with another number: counts when it comes again")   \
    X(161, FRAGMENT_MADE, "fragment of a segment that its sender lets be cut, sent to IPv6")     \
    X(162, FRAGMENT_UNMAPPED, "later fragment before its first one, whose addresses change") \
    X(165, SESSION_CALLED, "segment of ours to a client that is called for another one")      \
    X(166, SESSION_ACCEPTED, "answer of a client that was called for another one")            \
    X(167, SESSION_REJECTED, "client that was called refuses, and its caller was told")       \
    X(170, SESSION_UNKNOWN, "word of another member about a session that is not known here")  \
    X(171, SESSION_OLD, "word of another member about what is over")                          \
    X(172, SESSION_NOT_DIRECTOR, "pair that was not made by who decides about the session")   \
    X(173, SESSION_WORD, "word of another member that cannot be true of the session")         \
    X(174, SESSION_DIFFERS, "another member has another session, or pair, of the same number") \
    X(180, ECHO_SENT, "SYN that goes to its server inside of an echo request")                \
    X(181, ECHO_ANSWERED, "echo reply with a SYN inside, made into the answer to that")       \
    X(182, ECHO_REFUSED, "echo reply with a SYN inside, made into the RST for that")          \
    X(183, ECHO_LEARNED, "echo reply that only showed the way")                               \
    X(184, ECHO_PASSED, "echo request of a member on its way to the server")                  \
    X(185, ECHO_FORGED, "echo with our mark that nobody with the key has made: somebody's ping") \
    X(186, ECHO_OLD, "echo that came back too late, or of another life of its origin")        \
    X(187, ECHO_REPEATED, "echo that came back before")                                       \
    X(188, ECHO_STRANGER, "echo of a member that is not heard, or from the wrong side")       \
    X(189, ECHO_REWRITTEN, "echo whose addresses were translated on its way")                 \
    X(190, ECHO_DAMAGED, "echo that was cut, or has a wrong checksum")      \
    X(191, ECHO_BUDGET, "SYN for which no echo, and no word to other members, was left")      \
    X(192, ECHO_UNREACHABLE, "ICMP error about an echo of ours")                              \
    X(193, RETURN_ASKED, "SYN whose answer another member sends")                             \
    X(194, RETURN_SAID, "segment that another member was asked to send")                      \
    X(195, RETURN_SENT, "segment sent for another member")                                    \
    X(196, RETURN_UNKNOWN, "segment to an endpoint to which no way is known")                 \
    X(197, RETURN_UNSPLIT, "SYN passed on unsplit: nobody knows a way to answer it")            \
    X(198, ECHO_FRAGMENT, "fragment of the reply to an echo of ours")

/** @brief Reasons; see ::MPCONN_REASON_MAP for what each means. */
enum mpconn_reason {
/** @cond */
#define MPCONN_REASON_ENUM(number, name, text) MPCONN_REASON_##name = number,
    MPCONN_REASON_MAP(MPCONN_REASON_ENUM)
#undef MPCONN_REASON_ENUM
/** @endcond */
    MPCONN_REASON_LIMIT = 256 /**< all numbers, today's and later ones, are below this */
};

/**
 * @brief Name of a reason, as in its enumerator: `"SYN_ANSWERED"`.
 *
 * @param[in] reason  an ::mpconn_reason
 * @return a constant string, NULL for a number that is not in use
 * @owner   the library; valid for ever
 * @threads any thread
 */
MPCONN_API const char *mpconn_reason_name(unsigned reason);

/**
 * @brief What a reason means, in one English line.
 *
 * @param[in] reason  an ::mpconn_reason
 * @return a constant string, NULL for a number that is not in use
 * @owner   the library; valid for ever
 * @threads any thread
 */
MPCONN_API const char *mpconn_reason_text(unsigned reason);

/** @} */

/** @cond */
#ifdef __cplusplus
}
#endif
/** @endcond */

#endif
