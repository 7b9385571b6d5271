/* SPDX-License-Identifier: BSD-2-Clause */
/* The channel between members: records go in, frames come out, and the other way round. */
#ifndef MPCI_SYNC_SYNC_H
#define MPCI_SYNC_SYNC_H

#include "sync/epoch.h"
#include "sync/frame.h"
#include "sync/members.h"
#include "sync/record.h"
#include "table/core.h"

enum { MPCI_PENDING = 64 };

/* A record on its way: what the next packet needs leaves when the present call ends. */
typedef struct mpci_pending {
    uint16_t to;               /* member id, or MPCONN_MEMBER_ALL */
    mpci_record record;
} mpci_pending;

/* What is done with a record of another member. */
typedef void (*mpci_record_taker)(void *user, const mpci_record *r, uint32_t from);

typedef struct mpci_sync {
    mpci_core *core;
    mpci_record_taker take, take_session;
    void *taker, *session_taker;
    mpci_epochs epochs;
    mpci_members members;
    mpci_frame_key key, old_key; /* the present one, and the one before set_key(), */
    mpconn_time old_key_until;   /* which counts for as long as its cookies may */
    uint64_t sequence;           /* last one given */
    uint64_t joined;             /* members that came up, or anew, a bit each by index; who has
                                  * told them of sessions clears it */
    mpconn_time hello_due;
    mpconn_time started;
    uint8_t *frame;              /* where the next one is made */
    uint32_t frame_room;         /* bytes of it */
    uint32_t n_pending;
    mpci_pending pending[MPCI_PENDING];
    uint64_t counts[MPCONN_SYNC_LIMIT];
    uint64_t records_in[MPCI_RECORD_LIMIT], records_out[MPCI_RECORD_LIMIT];
    uint64_t frames_out, bytes_out, bytes_in;
} mpci_sync;

/* Whether there is anybody to talk to. */
static inline int mpci_sync_has_members(const mpci_sync *s)
{
    return s->members.n > 0;
}

/* Whether there may be anybody who knows more: who was not heard of yet counts as well, until it
 * would be called down (doc/model.md, rule 5). */
int mpci_sync_anybody(const mpci_sync *s);
/* Whether a member that is up may have the key before the last change only. */
int mpci_sync_is_anybody_behind(const mpci_sync *s);
/* The members that may know more, a bit each, by index. */
uint64_t mpci_sync_who(const mpci_sync *s);

static inline void mpci_sync_count(mpci_sync *s, unsigned reason)
{
    s->counts[reason]++;
}

/* Such a member knows nothing yet. */
static inline void mpci_sync_joins(mpci_sync *s, const mpci_member *p)
{
    s->joined |= UINT64_C(1) << (p - s->members.list);
}

/* sync.c */
int mpci_sync_init(mpci_sync *s, mpci_core *core, mpci_alloc *a, const mpconn_engine_config *cfg,
                   mpconn_time now);
void mpci_sync_fini(mpci_sync *s, mpci_alloc *a);
void mpci_sync_rekey(mpci_sync *s, const uint8_t *key, size_t len);
/* Greetings that are due, members that fell silent. */
void mpci_sync_tick(mpci_sync *s);
/* A frame of it counted; it tells clients something else; two members use its id. */
void mpci_sync_heard(mpci_sync *s, mpci_member *p);
void mpci_sync_differs(mpci_sync *s, mpci_member *p);
void mpci_sync_conflict(mpci_sync *s, const mpci_member *p);

/* send.c: queue a record for a member; one for this member itself is not sent. */
void mpci_sync_put(mpci_sync *s, uint32_t to, const mpci_record *r);
void mpci_sync_flush(mpci_sync *s);
/* Greet a member at once, with this answer to its challenge, or all of them. */
void mpci_sync_greet(mpci_sync *s, mpci_member *p, uint64_t answer);
void mpci_sync_greet_all(mpci_sync *s);

/* receive.c: take a frame; the mpconn_sync_reason. A sealed one is opened in place. */
unsigned mpci_sync_receive(mpci_sync *s, uint8_t *bytes, size_t len);

#endif
