/* SPDX-License-Identifier: BSD-2-Clause */
/* What the numbers in the fields of records mean, for those who print it: the page and the
 * dissector. */
#ifndef MPCONN_TESTS_RECORD_CODES_H
#define MPCONN_TESTS_RECORD_CODES_H

#include "conn/offers.h"
#include "echo/say.h"
#include "split/share.h"
#include "table/settled.h"

/* X(number, TYPE, FIELD, "meaning"): a bit of FLAGS or a value of CODE. */
#define RECORD_CODES(X)                                                          \
    X(MPCI_DRIVE_ASKS, DRIVE, FLAGS, "does anybody know a commit of it?")        \
    X(MPCI_ANSWER_ALONE, ANSWER, FLAGS, "nothing is known here of who drives")   \
    X(MPCI_FLOW_SPLIT, DELTA, FLAGS, "the flow is split, not only tracked")      \
    X(MPCI_FLOW_REVERSE, DELTA, FLAGS, "the server opened it")                   \
    X(MPCI_FLOW_HEARD, DELTA, FLAGS, "the server was heard: its number is certain") \
    X(MPCI_FLOW_GOES_ON, DELTA, FLAGS, "somebody spoke after its RST, which counts for nobody") \
    X(MPCI_FLOW_LEAST_PATH, DELTA, FLAGS, "the server's segments may not become longer")       \
    X(MPCI_FLOW_RENDEZVOUS, DELTA, FLAGS, "both endpoints called")               \
    X(MPCI_FLOW_MOVED, DELTA, FLAGS, "one of those comes from elsewhere: an answer is awaited") \
    X(MPCI_QUERY_FROM_SERVER, QUERY, FLAGS, "the segment comes from the server") \
    X(MPCI_REPLY_NO, REPLY, CODE, "nothing is known")                            \
    X(MPCI_REPLY_DEAD, REPLY, CODE, "the number is over")                        \
    X(MPCI_REPLY_DRIVEN, REPLY, CODE, "somebody drives it; a commit will follow") \
    X(MPCI_RST_UNREACHABLE, RST_SEEN, FLAGS, "it was an ICMP error: it takes more than one") \
    X(MPCI_PLAIN_REVERSE, PLAIN, FLAGS, "the server opened it")                  \
    X(MPCI_SAY_TO_SERVER, SAY, FLAGS, "it goes to the server")                   \
    X(MPCI_SAY_SACK, SAY, FLAGS, "with SACK-permitted")                          \
    X(MPCI_SAY_STAMPED, SAY, FLAGS, "with timestamps")                           \
    X(MPCI_SAY_ASKS, SAY, FLAGS, "who sends it says so (PATH)")                  \
    X(MPCI_SAY_TOO_BIG, SAY, FLAGS,                                              \
      "no segment: what its receiver sent with SEQ, WINDOW bytes long, is above an MTU of MSS") \
    X(MPCI_SAY_ALONE, SAY, FLAGS, "nobody else was asked: who cannot send it says so (PATH)") \
    X(MPCI_PATH_HERE, PATH, CODE, "an echo came back here")                      \
    X(MPCI_PATH_CUT, PATH, CODE, "an echo of the short form came back here")     \
    X(MPCI_PATH_SAID, PATH, CODE, "what was asked for (SAY) was sent")           \
    X(MPCI_PATH_UNKNOWN, PATH, CODE, "no way to the client is known here")       \
    X(MPCI_PATH_NO_CLIENT, PATH, CODE, "no way to the server is known here")     \
    X(MPCI_ACK_COMMIT, ACK, CODE, "the commit was taken")                        \
    X(MPCI_ACK_HEARD, ACK, CODE, "the server was heard after the commit")

/* X(FIELD, mask, PART, "meaning"): fields that are made of several numbers. */
#define RECORD_PARTS(X)                                                          \
    X(HS, record_hs((mpci_offers){.epoch_parity = 1}), PARITY,                   \
      "parity of the epoch of the cookie that the client accepted")              \
    X(HS, record_hs((mpci_offers){.timestamps = 1}), TIMESTAMPS, "timestamps")   \
    X(HS, record_hs((mpci_offers){.ecn = 1}), ECN, "ECN")                        \
    X(HS, record_hs((mpci_offers){.sack = 1}), SACK, "SACK")                     \
    X(HS, record_hs((mpci_offers){.wscale_proxy = 15}), WSCALE_PROXY,            \
      "window scale told to the client, 15: none")                               \
    X(HS, record_hs((mpci_offers){.wscale_client = 15}), WSCALE_CLIENT,          \
      "window scale of the client, 15: none")                                    \
    X(HS, record_hs((mpci_offers){.mss_client = 7}), MSS,                        \
      "MSS of the client, rounded down, as index")                               \
    X(OPTIONS, record_options((mpci_server_options){.ecn = 1}), ECN, "ECN")      \
    X(OPTIONS, record_options((mpci_server_options){.timestamps = 1}), TIMESTAMPS, \
      "timestamps")                                                              \
    X(OPTIONS, record_options((mpci_server_options){.sack = 1}), SACK, "SACK")   \
    X(OPTIONS, record_options((mpci_server_options){.wscale = 15}), WSCALE,      \
      "window scale of the server, 15: none")                                    \
    X(LIFE, record_life(3, 0), STATE, "state")                                   \
    X(LIFE, record_life(0, MPCI_LIFE_RST_OF_SERVER), RST_OF_SERVER,              \
      "with RST: the server sent it, otherwise the client")                      \
    X(LIFE, record_life(0, MPCI_LIFE_FIN_CLIENT), FIN_CLIENT, "FIN of the client seen") \
    X(LIFE, record_life(0, MPCI_LIFE_FIN_SERVER), FIN_SERVER, "FIN of the server seen") \
    X(LIFE, record_life(0, MPCI_LIFE_RST), RST, "exact RST seen, nobody spoke since") \
    X(LIFE, record_life(0, MPCI_LIFE_LOOSE_FIN_CLIENT), LOOSE_FIN_CLIENT,        \
      "FIN of the client beyond a gap")                                          \
    X(LIFE, record_life(0, MPCI_LIFE_LOOSE_FIN_SERVER), LOOSE_FIN_SERVER,        \
      "FIN of the server beyond a gap")

/* Masks are asked of the library. */
static inline unsigned record_hs(mpci_offers o)
{
    return mpci_offers_pack(&o);
}

static inline unsigned record_options(mpci_server_options o)
{
    return mpci_server_options_pack(&o);
}

static inline unsigned record_life(unsigned state, unsigned life)
{
    mpci_track t = {.state = (uint8_t)state, .life = (uint8_t)life};
    mpci_settled e = {0};

    mpci_settled_track_store(&e, &t);
    return e.state;
}

#endif
