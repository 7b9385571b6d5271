/* SPDX-License-Identifier: BSD-2-Clause */
/* Which sessions there are, at all members alike. Of two configurations of one session that with
 * the later version stands; of two with the same version, which two hosts made, the one whose bytes
 * are greater. */
#include "rendezvous/told.h"

#include "rendezvous/hold.h"
#include "rendezvous/moved.h"
#include "rendezvous/pair.h"

/* Who comes up is told of so many at once, and of the next after a while. */
enum { TOLD_AT_ONCE = 32 };
#define TELL_AGAIN_NS (10 * MPCONN_MILLISECOND)

int mpci_told_is_greater(const mpci_record *r, const mpci_record *other)
{
    uint8_t a[MPCI_RECORD_ROOM] = {0}, b[MPCI_RECORD_ROOM] = {0};
    mpci_writer to_a = mpci_writer_of(a, sizeof a), to_b = mpci_writer_of(b, sizeof b);

    mpci_session_record_write(&to_a, r->type, &r->session);
    mpci_session_record_write(&to_b, r->type, &other->session);
    return memcmp(a, b, sizeof a) > 0;
}

/* --- configurations --- */

#define SAME_FIELDS(X)                                                                          \
    X(zone) X(max_mss) X(role) X(answer) X(stale) X(candidates) X(flags) X(wait_ms) X(fresh_ms) \
    X(confirm_ms) X(relatch_ms)

mpci_record mpci_told_config_record(const mpci_session *s)
{
    mpci_record r = mpci_told_record(s, MPCI_RECORD_SESSION);
    mpci_session_record *to = &r.session;

    to->version = s->version;
#define TELL(field) to->field = s->config.field;
    SAME_FIELDS(TELL)
#undef TELL
    for (unsigned side = 0; side < 2; side++) {
        const mpconn_termination *t = &s->config.termination[side];

        if (t->family == MPCONN_FAMILY_IPV6)
            to->families |= (uint8_t)(1u << side);
        to->local[side] = t->local;
        to->local_port[side] = t->local_port;
        to->expect[side] = t->expect;
        to->expect_port[side] = t->expect_port;
        to->prefix[side] = t->expect_prefix;
        to->latch[side] = t->latch;
    }
    return r;
}

static int read_config(mpconn_session_config *out, const mpci_session_record *r)
{
    mpconn_session_config c;

    MPCONN_STRUCT_INIT(&c);
    memcpy(c.name, r->name, sizeof c.name);
#define NOTE(field) c.field = r->field;
    SAME_FIELDS(NOTE)
#undef NOTE
    for (unsigned side = 0; side < 2; side++) {
        mpconn_termination *t = &c.termination[side];

        t->family = (uint8_t)mpci_session_record_family(r, side);
        t->local = r->local[side];
        t->local_port = r->local_port[side];
        t->expect = r->expect[side];
        t->expect_port = r->expect_port[side];
        t->expect_prefix = r->prefix[side];
        t->latch = r->latch[side];
    }
    return mpci_session_import(out, &c);
}

static void tell_config(mpci_rendezvous *rz, mpci_session_number n, uint32_t to)
{
    mpci_record r = mpci_told_config_record(mpci_session_at(&rz->sessions, n));

    mpci_sync_put(rz->sync, to, &r);
}

void mpci_told_changed(mpci_rendezvous *rz, mpci_session_number n)
{
    mpci_told_note(rz, n);
    tell_config(rz, n, MPCONN_MEMBER_ALL);
}

/* --- what is over --- */

static uint64_t hash_of(const mpci_rendezvous *rz, const char *name)
{
    return mpci_members_session_key(&rz->sync->members, name);
}

/* With a version half a circle of them is over, which came before it, and of which a late word may
 * still come. That of number n stands for itself and so many before it as its lowest bit counts, or
 * as a block has: any version is found under 15 numbers, and 16 say that those are over. */
enum { BLOCK = 1 << 14, HALF = 1 << 15 };

static uint16_t count_of(uint16_t n)
{
    unsigned bit = n & (0u - n);

    return (uint16_t)(bit == 0 || bit > BLOCK ? BLOCK : bit);
}

static int is_buried(const mpci_rendezvous *rz, const char *name, uint16_t version)
{
    uint64_t hash = hash_of(rz, name);
    uint16_t n = version;

    while (mpci_tombstones_find(&rz->core->tombstones, hash, n) == MPCI_TOMBSTONE_NONE) {
        if (count_of(n) == BLOCK)
            return 0;
        n = (uint16_t)(n + count_of(n));
    }
    return 1;
}

static void bury(mpci_rendezvous *rz, const char *name, uint16_t version)
{
    uint64_t hash = hash_of(rz, name);
    uint16_t n = version;

    for (unsigned over = 0; over < HALF; n = (uint16_t)(n - count_of(n))) {
        mpci_core_bury(rz->core, hash, n, MPCI_TOMBSTONE_FOUND);
        over += count_of(n);
    }
}

/* A session of a name that was given before must not look like the one that is gone. */
void mpci_told_added(mpci_rendezvous *rz, mpci_session_number n)
{
    mpci_session *s = mpci_session_at(&rz->sessions, n);

    s->version = 1;
    while (is_buried(rz, s->config.name, s->version) && s->version < UINT16_MAX)
        s->version++;
    mpci_told_changed(rz, n);
}

static void tell_removed(mpci_rendezvous *rz, const char *name, unsigned version, unsigned why,
                         uint32_t to)
{
    mpci_record r;

    memset(&r, 0, sizeof r);
    r.type = MPCI_RECORD_SESSION_END;
    memcpy(r.session.name, name, sizeof r.session.name);
    r.session.version = (uint16_t)version;
    r.session.why = (uint16_t)why;
    mpci_sync_put(rz->sync, to, &r);
}

void mpci_told_removed(mpci_rendezvous *rz, mpci_session_number n)
{
    const mpci_session *s = mpci_session_at(&rz->sessions, n);

    mpci_told_forget(rz, n);
    bury(rz, s->config.name, s->version);
    tell_removed(rz, s->config.name, s->version, MPCONN_REASON_SESSION_REMOVED, MPCONN_MEMBER_ALL);
}

/* --- their words --- */

static void refuse(mpci_rendezvous *rz, unsigned reason)
{
    mpci_count(&rz->core->counters, reason);
}

static void take_new(mpci_rendezvous *rz, const mpci_session_record *r,
                     const mpconn_session_config *config)
{
    mpci_session_number n;

    if (is_buried(rz, r->name, r->version)) {
        tell_removed(rz, r->name, r->version, MPCONN_REASON_SESSION_REMOVED, rz->teller);
        refuse(rz, MPCONN_REASON_SESSION_OLD);
    } else if (mpci_sessions_add(&rz->sessions, config, &n) != MPCONN_OK) {
        refuse(rz, MPCONN_REASON_SESSION_WORD); /* no room, or called otherwise */
    } else {
        mpci_session_at(&rz->sessions, n)->version = r->version;
        mpci_told_note(rz, n);
    }
}

/* Its clients were told where that was decided. */
static void drop_session(mpci_rendezvous *rz, mpci_session_number n)
{
    mpci_session *s = mpci_session_at(&rz->sessions, n);

    mpci_hold_release(rz, s, MPCONN_REASON_SESSION_REMOVED);
    mpci_pair_drop(rz, s);
    mpci_told_forget(rz, n);
    mpci_sessions_remove(&rz->sessions, n);
}

static int is_called_alike(const mpconn_session_config *a, const mpconn_session_config *b)
{
    for (unsigned side = 0; side < 2; side++) {
        const mpconn_termination *t = &a->termination[side], *u = &b->termination[side];

        if (t->family != u->family || t->local_port != u->local_port ||
            memcmp(&t->local, &u->local, sizeof t->local) != 0)
            return 0;
    }
    return a->zone == b->zone;
}

/* Does what is told take the place of what is known here? */
static int stands(mpci_rendezvous *rz, mpci_session_number n, const mpci_session_record *r,
                  const mpconn_session_config *config)
{
    const mpci_session *s = mpci_session_at(&rz->sessions, n);
    mpci_record ours = mpci_told_config_record(s);
    mpci_record theirs = {.type = MPCI_RECORD_SESSION, .session = *r};

    if (mpci_is_later(s->version, r->version))
        tell_config(rz, n, rz->teller);
    if (r->version != s->version)
        return mpci_is_later(r->version, s->version);
    if (memcmp(&s->config, config, sizeof *config) == 0)
        return 0;
    refuse(rz, MPCONN_REASON_SESSION_DIFFERS);
    return !mpci_told_is_greater(&ours, &theirs);
}

/* What is called does not change: where it has, the session that had this name is gone. */
static void take_change(mpci_rendezvous *rz, mpci_session_number n, const mpci_session_record *r,
                        const mpconn_session_config *config)
{
    mpci_session *s = mpci_session_at(&rz->sessions, n);

    if (!stands(rz, n, r, config))
        return;
    if (!is_called_alike(&s->config, config)) {
        drop_session(rz, n);
        take_new(rz, r, config);
        return;
    }
    s->version = r->version;
    s->config = *config;
    mpci_told_note(rz, n);
    mpci_rendezvous_modified(rz, n);
}

static void take_config(mpci_rendezvous *rz, mpci_session_number n, const mpci_session_record *r)
{
    mpconn_session_config config;

    if (read_config(&config, r) != MPCONN_OK)
        refuse(rz, MPCONN_REASON_SESSION_WORD);
    else if (n == 0)
        take_new(rz, r, &config);
    else
        take_change(rz, n, r, &config);
}

/* Who removed it has told its clients. Who does not know it is told. */
static void take_removal(mpci_rendezvous *rz, mpci_session_number n, const mpci_session_record *r)
{
    if (r->why == MPCONN_REASON_SESSION_UNKNOWN) {
        if (n != 0) {
            tell_config(rz, n, rz->teller);
            mpci_told_calls(rz, mpci_session_at(&rz->sessions, n), rz->teller);
        }
        return;
    }
    bury(rz, r->name, r->version);
    if (n == 0)
        return;
    if (mpci_is_later(mpci_session_at(&rz->sessions, n)->version, r->version)) {
        tell_config(rz, n, rz->teller);
        refuse(rz, MPCONN_REASON_SESSION_OLD);
        return;
    }
    drop_session(rz, n);
    refuse(rz, MPCONN_REASON_SESSION_REMOVED);
}

static void take_word(mpci_rendezvous *rz, mpci_session_number n, unsigned type,
                      const mpci_session_record *r)
{
    if (type == MPCI_RECORD_SESSION) {
        take_config(rz, n, r);
    } else if (type == MPCI_RECORD_SESSION_END && r->version != 0) {
        take_removal(rz, n, r);
    } else if (n == 0) {
        refuse(rz, MPCONN_REASON_SESSION_UNKNOWN);
        tell_removed(rz, r->name, 1, MPCONN_REASON_SESSION_UNKNOWN, rz->teller);
    } else if (type == MPCI_RECORD_REQUEST) {
        mpci_told_take_request(rz, n, r);
    } else if (type == MPCI_RECORD_PAIR) {
        mpci_told_take_pair(rz, n, r);
    } else {
        mpci_told_take_end(rz, n, r);
    }
}

void mpci_rendezvous_told(void *rendezvous, const mpci_record *r, uint32_t from)
{
    mpci_rendezvous *rz = rendezvous;

    if (rz->sessions.capacity == 0) { /* here nobody asks for sessions */
        if (r->type != MPCI_RECORD_SESSION_SUMS)
            refuse(rz, MPCONN_REASON_SESSION_UNKNOWN);
        return;
    }
    rz->teller = from;
    if (r->type == MPCI_RECORD_SESSION_SUMS)
        mpci_told_take_sums(rz, &r->session);
    else
        take_word(rz, mpci_sessions_named(&rz->sessions, r->session.name), r->type, &r->session);
    rz->teller = MPCONN_MEMBER_ALL;
}

/* --- who comes up --- */

static int is_to_be_told(const mpci_rendezvous *rz)
{
    return rz->sessions.used > 0 && (rz->sync->joined | rz->tell_to) != 0;
}

mpconn_time mpci_told_due(const mpci_rendezvous *rz)
{
    if (!is_to_be_told(rz))
        return MPCONN_TIME_NEVER;
    return rz->sync->joined != 0 ? rz->core->now : rz->tell_due;
}

void mpci_told_session(mpci_rendezvous *rz, mpci_session_number n, uint64_t members)
{
    const mpci_members *m = &rz->sync->members;

    for (uint32_t i = 0; i < m->n; i++) {
        if ((members >> i & 1) == 0)
            continue;
        tell_config(rz, n, m->list[i].id);
        mpci_told_calls(rz, mpci_session_at(&rz->sessions, n), m->list[i].id);
        mpci_moved_tell_anew(rz, mpci_session_at(&rz->sessions, n), m->list[i].id);
    }
}

int mpci_told_next(mpci_rendezvous *rz)
{
    unsigned told = 0;

    if (!is_to_be_told(rz) || mpci_told_due(rz) > rz->core->now)
        return 0;
    if (rz->sync->joined != 0)
        rz->tell_next = 0;
    rz->tell_to |= rz->sync->joined;
    rz->sync->joined = 0;
    for (; rz->tell_next < rz->sessions.capacity && told < TOLD_AT_ONCE; rz->tell_next++)
        if (rz->sessions.entries[rz->tell_next].config.name[0] != '\0') {
            mpci_told_session(rz, rz->tell_next + 1, rz->tell_to);
            told++;
        }
    if (rz->tell_next == rz->sessions.capacity)
        rz->tell_to = 0;
    rz->tell_due = mpci_later(rz->core->now, TELL_AGAIN_NS);
    return 1;
}
