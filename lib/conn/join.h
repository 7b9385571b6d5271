/* SPDX-License-Identifier: BSD-2-Clause */
/* Two clients that both call, joined: what each SYN said, what the two have in common, and the
 * SYN|ACK that tells each of them what the other one said. As either client is given the other's
 * own initial number, clock and window, nothing but addresses and ports differs between the two
 * legs afterwards. Pure functions. */
#ifndef MPCI_CONN_JOIN_H
#define MPCI_CONN_JOIN_H

#include <mpconn/rendezvous.h>

#include "packet/build.h"
#include "packet/view.h"

/* What its SYN had besides numbers. */
enum {
    MPCI_REQUEST_SACK = 1 << 0,
    MPCI_REQUEST_TIMESTAMPS = 1 << 1,
    MPCI_REQUEST_ECN = 1 << 2,
    MPCI_REQUEST_SIGNED = 1 << 3,   /* MD5 or AO: would not fit the other leg's addresses */
    MPCI_REQUEST_MULTIPATH = 1 << 4, /* this and the next are left out of the answer */
    MPCI_REQUEST_FAST_OPEN = 1 << 5
};

/* What a client said, and how often. */
typedef struct mpci_request {
    mpconn_addr remote;   /* where it calls from */
    mpconn_time last;     /* when the latest of its SYNs came; once it is connected: any packet */
    uint32_t isn;
    uint32_t tsval;       /* of the latest: TSecr of any other makes its sender reset */
    uint32_t mark;        /* of the latest packet */
    uint16_t gap_ms;      /* between the last two SYNs; 0 = there was one; stays at 65535 */
    uint16_t early;       /* it has gone on so far in sequence before the other one was there */
    uint16_t port;        /* 0 = nobody has called */
    uint16_t window;      /* as it stands in the SYN: RFC 7323 2.2, not scaled */
    uint16_t mss;
    uint16_t link;        /* that leads back to it */
    uint16_t member;      /* who got its latest SYN */
    uint8_t family;
    uint8_t wscale;       /* 0-14 or MPCONN_WSCALE_NONE */
    uint8_t flags;        /* MPCI_REQUEST_* */
    uint8_t tries;        /* SYNs with this number, of a burst one; stays at 255 */
    uint8_t answers;      /* packets sent to it before it acknowledged one; stays at 255 */
    uint8_t called;       /* mpconn_role by which it was called; 0 = it called by itself */
} mpci_request;

_Static_assert(sizeof(mpci_request) == 56, "a SYN is less than a cache line");

/* What both of a pair have, decided once: as much as their SYN|ACKs need besides the SYNs. */
enum {
    MPCI_JOINT_SACK = 1 << 0,
    MPCI_JOINT_TIMESTAMPS = 1 << 1,
    MPCI_JOINT_ECN = 1 << 2
};

typedef struct mpci_joint {
    uint16_t mss;         /* told to both */
    uint8_t wscale[2];    /* of each side's windows; MPCONN_WSCALE_NONE when not in use */
    uint8_t flags;        /* MPCI_JOINT_* */
    uint8_t confirm_s;    /* in which each of them has to acknowledge */
} mpci_joint;

/* Does a SYN that comes now count as one more try? Several in a burst are one: they say no more
 * than it did, and anybody can send them. */
int mpci_request_is_try(const mpci_request *r, mpconn_time now);

/* A client's first SYN, and one more with the same number: the latest says what it can do. The
 * caller knows link and mark. */
void mpci_request_read(mpci_request *r, const mpci_view *v, const mpci_syn_options *o,
                       mpconn_time now);
void mpci_request_again(mpci_request *r, const mpci_view *v, const mpci_syn_options *o,
                        mpconn_time now);
/* The same of a client whose pair is decided: only its clock goes on, and any SYN is a try, for
 * each is answered. */
void mpci_request_touch(mpci_request *r, const mpci_syn_options *o, mpconn_time now);

/* How long a SYN counts after it came: a client that goes on calling waits twice as long each time
 * (RFC 6298 5.5), so that one which is silent for longer has given up. */
uint64_t mpci_request_life(const mpci_request *r, uint64_t most_ns);

/* What to do about the timestamps of a client whose latest SYN is that old: it takes the age for
 * the round trip, unless timestamps are missing and it has sent more than one SYN (Karn). */
enum mpci_join_stamps {
    MPCI_JOIN_WITH_STAMPS,
    MPCI_JOIN_WITHOUT_STAMPS,
    MPCI_JOIN_ON_NEXT_SYN  /* with them, and it is answered when it calls again */
};
enum mpci_join_stamps mpci_join_stamps(const mpci_request *first, unsigned stale_policy,
                                       uint64_t fresh_ns, mpconn_time now);

/* What two requests have in common, by mpconn_side. `max_mss` bounds what is told; `stamps` says
 * whether there may be timestamps. */
void mpci_join(mpci_joint *j, const mpci_request r[2], uint16_t max_mss, int stamps);

/* The SYN|ACK for one of them. `leg` is what its leg shows. */
mpci_segment mpci_join_answer(unsigned to, const mpci_request r[2], const mpci_joint *j,
                              const mpconn_tuple *leg, uint8_t hop_limit);

/* The other one's SYN for one of them (simultaneous open, RFC 9293 3.5). */
mpci_segment mpci_join_forward(unsigned to, const mpci_request r[2], const mpci_joint *j,
                               const mpconn_tuple *leg, uint8_t hop_limit);
/* The SYN of `caller` for a client `to` that is called in its name; and the ACK that ends the
 * handshake with that one. What is offered is what can be kept whatever the answer is. */
mpci_segment mpci_join_call(unsigned to, const mpci_request *caller, uint16_t max_mss,
                            const mpconn_tuple *leg, uint8_t hop_limit);
mpci_segment mpci_join_acknowledge(unsigned to, const mpci_request r[2], const mpci_joint *j,
                                   const mpconn_tuple *leg, uint8_t hop_limit);

/* What a table entry for the pair says of options (conn/offers.h): both legs have the same. */
void mpci_join_offers(uint16_t *hs, uint8_t *server_options, const mpci_request r[2],
                      const mpci_joint *j);

#endif
