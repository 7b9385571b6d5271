/* SPDX-License-Identifier: BSD-2-Clause */
/* The other members: which boot of each is alive, and which of its frames were taken (V19).
 *
 *  1. Each boot of a member has a random number and a random key.
 *  2. For each other member it makes a challenge from that key and from how often that member has
 *     changed its boot: it cannot be foreseen, and no old answer fits a later one.
 *  3. HELLO carries to each member the challenge, and the answer: the challenge heard from it last.
 *  4. A HELLO that answers our present challenge shows that its boot is alive: frames of that boot
 *     count from this one on, and those of the boot before do not any more.
 *     A boot that comes back while the one that took its place is heard, is another member with
 *     the same id, and does not count: the two would take turns.
 *  5. Of one boot each sequence number counts once; what is further behind the highest than the
 *     window is wide, counts as seen. */
#ifndef MPCI_SYNC_MEMBERS_H
#define MPCI_SYNC_MEMBERS_H

#include <mpconn/rendezvous.h>

#include "base/siphash.h"
#include "base/window.h"

enum { MPCI_GREETED = 16 };

typedef struct mpci_member {
    uint16_t id;
    uint8_t up;              /* alive, and heard of lately */
    uint8_t behind;          /* not heard under the present key yet */
    uint8_t differs;         /* this boot tells clients something else, and the host knows */
    uint64_t boot;           /* whose frames count; 0 = none yet */
    uint64_t boot_before;    /* the one it took the place of */
    mpci_window taken;       /* of its sequence numbers */
    uint64_t changes;        /* of boot */
    uint64_t heard_challenge;/* the one this boot put to us last; 0 = none */
    mpconn_time heard;       /* last frame that counted */
    mpconn_time greeted[MPCI_GREETED]; /* last HELLO to it alone, by its answer */
} mpci_member;

/* What members tell clients, and must tell alike. */
typedef struct mpci_told {
    uint16_t mss[2];         /* IPv4, IPv6 */
    uint16_t window;
    uint8_t wscale;
} mpci_told;

typedef struct mpci_members {
    mpci_member *list;       /* by id, ascending */
    uint32_t n;
    uint16_t self;
    mpci_told told;          /* by this one */
    uint64_t boot;           /* ours, never 0 */
    mpci_sipkey challenge_key;
    mpci_sipkey order_key;   /* of the cluster: who is registrar */
} mpci_members;

mpci_member *mpci_members_find(const mpci_members *m, uint32_t id);

/* What we ask this member to answer. Never 0. */
uint64_t mpci_member_challenge(const mpci_members *m, const mpci_member *p);

/* Place in `greeted` of an answer: nobody else can tell which share a place, and that changes. Who
 * draws answers to old greetings would otherwise use up the budget of the one that matters. */
unsigned mpci_member_greeted(const mpci_members *m, uint64_t answer, mpconn_time now);

/* This boot of it is alive, from this sequence number on. */
void mpci_member_begin(mpci_member *p, uint64_t boot, uint64_t sequence);

/* Who decides about what has this key: of those alive, this one among them, the first in an order
 * that every member finds alike (rendezvous hashing). The first two of a session are its directors:
 * the one who decides, and the one who would. */
enum { MPCI_DIRECTORS = 2 };
unsigned mpci_members_directors(const mpci_members *m, uint64_t key, uint32_t ids[MPCI_DIRECTORS]);

/* Key of a session, with zeros behind its name; and who decides about a connection. */
uint64_t mpci_members_session_key(const mpci_members *m,
                                  const char name[MPCONN_SESSION_NAME_MAX + 1]);
uint32_t mpci_members_registrar(const mpci_members *m, const mpconn_tuple *tuple);

#endif
