/* SPDX-License-Identifier: BSD-2-Clause */
/* What an endpoint counts. The class says when a count other than zero is a finding. */
#ifndef SIM_COUNTERS_H
#define SIM_COUNTERS_H

#include <stdint.h>

enum sim_counter_class {
    SIM_NEVER_OK, /* in no run at all */
    SIM_EXPLAIN,  /* only where frames are lost, doubled, late or somebody gave up */
    SIM_INFO      /* any time */
};

#define SIM_COUNTER_MAP(X)                                                                    \
    X(CHECKSUM, SIM_NEVER_OK, "wrong IP or TCP checksum")                                     \
    X(MALFORMED, SIM_NEVER_OK, "headers or options contradict themselves")                    \
    X(NOT_TCP, SIM_NEVER_OK, "not TCP")                                                       \
    X(STRAY_ADDRESS, SIM_NEVER_OK, "not for this host")                                       \
    X(PAWS_NEW_DATA, SIM_EXPLAIN, "new data dropped for its timestamp")                      \
    X(TS_MISSING, SIM_NEVER_OK, "timestamps negotiated, but missing")                         \
    X(TS_UNEXPECTED, SIM_NEVER_OK, "timestamps not negotiated, but there")                    \
    X(TSECR_UNSENT, SIM_NEVER_OK, "echoes a timestamp that was not sent")                     \
    X(SRTT_TOO_LONG, SIM_NEVER_OK, "smoothed round trip longer than any by this path")        \
    X(ACK_UNSENT, SIM_NEVER_OK, "acknowledges what was not sent")                             \
    X(SACK_UNSENT, SIM_NEVER_OK, "SACK block of what was not sent")                           \
    X(SACK_UNEXPECTED, SIM_NEVER_OK, "SACK not negotiated, but there")                        \
    X(SYN_OPTIONS, SIM_NEVER_OK, "SYN|ACK with an option that was not offered")               \
    X(ECN_UNEXPECTED, SIM_NEVER_OK, "ECN bits though not negotiated")                         \
    X(MSS_EXCEEDED, SIM_NEVER_OK, "segment larger than the MSS announced")                    \
    X(WINDOW_OVERRUN, SIM_NEVER_OK, "data beyond the window offered")                         \
    X(ACK_OF_OTHER_SYN, SIM_EXPLAIN, "in SYN-RECEIVED, acknowledges another SYN")               \
    X(NO_CONNECTION, SIM_EXPLAIN, "segment of no connection, answered with RST")              \
    X(OUTSIDE_WINDOW, SIM_EXPLAIN, "outside of the receive window, acknowledged")             \
    X(DUPLICATE_DATA, SIM_EXPLAIN, "data that was there already")                             \
    X(OUT_OF_ORDER, SIM_EXPLAIN, "data after a hole")                                         \
    X(PAWS, SIM_EXPLAIN, "dropped for an old timestamp")                                      \
    X(RST_INEXACT, SIM_EXPLAIN, "RST in the window but not at its start")                     \
    X(RST_OUTSIDE, SIM_EXPLAIN, "RST outside of the window")                                  \
    X(SYN_SYNCHRONISED, SIM_EXPLAIN, "SYN on a synchronised connection")                      \
    X(SYN_SENT_DROP, SIM_EXPLAIN, "segment that cannot answer a SYN")                         \
    X(ACK_OLD, SIM_EXPLAIN, "acknowledgment older than any window")                           \
    X(CHALLENGE_ACK, SIM_EXPLAIN, "challenge ACK sent")                                       \
    X(RETRANSMISSION, SIM_EXPLAIN, "segment sent again")                                      \
    X(FAST_RETRANSMIT, SIM_EXPLAIN, "fast retransmit entered")                                \
    X(TIMEOUT, SIM_EXPLAIN, "retransmission timer ran out")                                   \
    X(PROBE, SIM_EXPLAIN, "zero-window probe sent")                                           \
    X(KEEPALIVE, SIM_EXPLAIN, "keepalive sent")                                               \
    X(RST_SENT, SIM_EXPLAIN, "RST sent")                                                      \
    X(RST_TAKEN, SIM_EXPLAIN, "RST that ended a connection")                                  \
    X(NO_SESSION, SIM_EXPLAIN, "connection that no client of the scenario opened")            \
    X(SYN_IGNORED, SIM_EXPLAIN, "SYN not answered: silent, or no room")                       \
    X(ACCEPTED, SIM_INFO, "connection accepted")                                              \
    X(PINGED, SIM_INFO, "pings that are answered, or not, as the scenario says")              \
    X(SEGMENT_IN, SIM_INFO, "segments received")                                              \
    X(SEGMENT_OUT, SIM_INFO, "segments sent")                                                 \
    X(DSACK, SIM_INFO, "duplicate reported by the peer")                                      \
    X(WINDOW_SHRUNK, SIM_INFO, "peer took back window")

enum sim_counter {
#define SIM_COUNTER_ENUM(name, class, text) SIM_C_##name,
    SIM_COUNTER_MAP(SIM_COUNTER_ENUM)
#undef SIM_COUNTER_ENUM
    SIM_COUNTERS
};

const char *sim_counter_name(unsigned counter);
const char *sim_counter_text(unsigned counter);
enum sim_counter_class sim_counter_class(unsigned counter);

#endif
