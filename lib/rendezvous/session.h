/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of sessions: what the controller wants of each, what its clients said, and where it
 * stands. All memory is taken at the start: entries, two indexes (by name, and by what is called),
 * and a pool of candidates, which are sources that call a termination and do not have it.
 *
 * What is called, a termination, is an address, a port and a zone; its number leads to the session
 * and says which side of it that is. */
#ifndef MPCI_RENDEZVOUS_SESSION_H
#define MPCI_RENDEZVOUS_SESSION_H

#include <mpconn/error.h>
#include <mpconn/rendezvous.h>

#include "base/alloc.h"
#include "conn/join.h"
#include "table/index.h"
#include "table/key.h"

enum { MPCI_SESSION_NAME = MPCONN_SESSION_NAME_MAX + 1 };

/* Name entries in other tables; 0 = none. */
typedef uint32_t mpci_session_number;
typedef uint32_t mpci_termination_number;
typedef uint32_t mpci_candidate_number;

typedef struct mpci_candidate {
    mpci_request request;
    mpci_candidate_number next;  /* of the same termination, or of those that are free */
} mpci_candidate;

/* Of the present pair, or of those who call while there is none. The first two are shifted by the
 * side that they are about; above all is what was wanted when the pair was made. */
enum {
    MPCI_MARK_MISFIT = 1 << 0,      /* its client sent what does not fit its answer */
    MPCI_MARK_UNKEPT = 1 << 2,      /* somebody called that there was no room to keep */
    MPCI_MARK_STRANGER = 1 << 4,    /* one was reported since the session came into its state */
    MPCI_MARKS_ANSWER = 5,          /* bits below its mpconn_answer */
    MPCI_MARK_STRICT = 1 << 7       /* who is postponed is answered when it calls, and not before */
};

/* It costs a session six cache lines, and the indexes half a one. */
typedef struct mpci_session {
    mpconn_session_config config;   /* defaults filled in; behind the name zeros; an empty name: not
                                       in use */
    mpci_request request[2];        /* by termination: the SYN of who has it; port 0: nobody has */
    mpconn_termination_stats stats[2];
    mpci_joint joint;               /* of the present pair */
    uint16_t tick;                  /* low bits of one: when the first that is held came; without a
                                       pair, when last a source called that was not kept */
    mpconn_time since;              /* when it came into its state; of a connection that stands:
                                       since when `tries` counts */
    uint64_t flow;                  /* id of the present one; 0 = none */
    mpci_candidate_number candidates[2]; /* the first of each termination; of an entry that is not
                                       in use [0] is the next one that is not */
    uint32_t pairs;                 /* made so far; of the present one it is the generation, from
                                       which its flow goes on when a client moves */
    uint16_t version;               /* of the config: modified so often, at any member */
    uint8_t state;                  /* mpconn_session_state; mpci_session_enter() sets it */
    uint8_t first;                  /* whose client called first */
    uint8_t answered, confirmed;    /* bit `side`: that client was; has acknowledged */
    uint8_t postponed;              /* the same: is answered when it calls again */
    uint8_t marks;                  /* MPCI_MARK_* */
    uint8_t tries;                  /* wrong numbers of sources that wanted a client's place */
    uint8_t held_packets;           /* for a client that has not acknowledged yet */
    uint16_t held_bytes;
} mpci_session;

_Static_assert(sizeof(mpci_session) <= 6 * 64, "a session is six cache lines at most");

typedef struct mpci_sessions {
    mpci_session *entries;          /* number n is entry n - 1 */
    mpci_candidate *candidates;     /* number n is entry n - 1 */
    mpci_index by_name, by_termination;
    const mpci_sipkey *key;         /* of the indexes; the caller's */
    uint32_t capacity, used;
    uint32_t n_candidates, used_candidates;
    mpci_session_number free_head;
    mpci_candidate_number free_candidate;
    uint32_t waiting;               /* in a state that does not last */
    mpconn_time waits_since;        /* when the first of those that wait began to */
    uint32_t sweep;                 /* entry to look at next */
} mpci_sessions;

/* Room for `capacity` sessions and so many candidates of all of them; 0 sessions take no memory.
 * The key is borrowed for good. */
int mpci_sessions_init(mpci_sessions *t, mpci_alloc *a, const mpci_sipkey *key, uint32_t capacity,
                       uint32_t candidates);
void mpci_sessions_fini(mpci_sessions *t, mpci_alloc *a);

static inline mpci_session *mpci_session_at(const mpci_sessions *t, mpci_session_number n)
{
    return &t->entries[n - 1];
}

static inline mpci_session_number mpci_session_number_of(const mpci_sessions *t,
                                                         const mpci_session *s)
{
    return (mpci_session_number)(s - t->entries) + 1;
}

static inline mpci_termination_number mpci_termination_of(mpci_session_number n, unsigned side)
{
    return 2 * n - 1 + side;
}

static inline mpci_session_number mpci_termination_session(mpci_termination_number t)
{
    return (t + 1) / 2;
}

static inline unsigned mpci_termination_side(mpci_termination_number t)
{
    return (t + 1) % 2;
}

/* Is it known from where exactly its client speaks? */
int mpci_termination_is_known(const mpconn_termination *t);

/* What the leg of a side shows of a session's connection, once both clients are known. */
void mpci_session_leg(const mpci_session *s, unsigned side, mpconn_tuple *out);

/* Who is called there, or has that name; 0 = nobody. */
mpci_termination_number mpci_sessions_called(const mpci_sessions *t, unsigned family,
                                             const uint8_t *addr, uint16_t port, uint16_t zone);
/* `name` as mpci_session_name() gives it. */
mpci_session_number mpci_sessions_named(const mpci_sessions *t, const char *name);

/* Names are compared as wholes: behind the end there are zeros. MPCONN_ERR_INVAL for one that is
 * empty or too long. */
int mpci_session_name(char out[MPCI_SESSION_NAME], const char *name);

/* Import and check a config, all defaults filled in: MPCONN_OK, ERR_INVAL, ERR_VERSION or
 * ERR_EXPECT. */
int mpci_session_import(mpconn_session_config *out, const mpconn_session_config *in);

/* Take an entry for an imported config: MPCONN_OK, ERR_EXISTS or ERR_LIMIT. */
int mpci_sessions_add(mpci_sessions *t, const mpconn_session_config *config,
                      mpci_session_number *n);
/* Give it back, with its candidates. */
void mpci_sessions_remove(mpci_sessions *t, mpci_session_number n);

/* Whom of the present pair to answer when: as it was wanted when that was made. */
static inline unsigned mpci_session_answer(const mpci_session *s)
{
    return (unsigned)s->marks >> MPCI_MARKS_ANSWER & 3;
}

/* It comes into a state. */
void mpci_session_enter(mpci_sessions *t, mpci_session *s, unsigned state, mpconn_time now);

/* Is there anything that time will change? */
static inline int mpci_sessions_wait(const mpci_sessions *t)
{
    return t->waiting + t->used_candidates > 0;
}

unsigned mpci_candidate_count(const mpci_sessions *t, const mpci_session *s, unsigned side);

/* A candidate more of a termination, the last of its list; 0 when its session may have no more, or
 * the pool is empty. */
mpci_candidate_number mpci_candidate_add(mpci_sessions *t, mpci_session *s, unsigned side,
                                         const mpci_request *request);
void mpci_candidate_remove(mpci_sessions *t, mpci_session *s, unsigned side,
                           mpci_candidate_number n);

static inline mpci_candidate *mpci_candidate_at(const mpci_sessions *t, mpci_candidate_number n)
{
    return &t->candidates[n - 1];
}

#endif
