/* SPDX-License-Identifier: BSD-2-Clause */
/* From a frame to records. Nothing of a frame counts before all of it was checked. */
#include "base/seq.h"
#include "sync/hello.h"
#include "sync/sync.h"

typedef struct arrival {
    mpci_frame f;
    uint8_t *bytes;
    size_t len;               /* header and records */
    const mpci_frame_key *key;
    mpci_greeting greeting;
    int greeted;              /* there was a HELLO with something for us */
} arrival;

static mpci_reader records_of(const arrival *a)
{
    return mpci_reader_of(a->bytes + MPCI_FRAME_HEADER, a->len - MPCI_FRAME_HEADER);
}

static unsigned find_key(const mpci_sync *s, arrival *a)
{
    if (a->f.cluster == s->key.cluster)
        a->key = &s->key;
    else if (a->f.cluster == s->old_key.cluster && s->core->now < s->old_key_until)
        a->key = &s->old_key;
    else
        return MPCONN_SYNC_OTHER_CLUSTER;
    return MPCONN_SYNC_TAKEN;
}

/* With the host's cipher a frame without it is as bad as a forged one, and the other way round. */
static unsigned authenticate(const mpci_sync *s, const arrival *a)
{
    const mpconn_callbacks *cb = &s->core->callbacks;
    int sealed = (a->f.flags & MPCI_FRAME_SEALED) != 0, fits;

    if (sealed != (cb->open != NULL))
        return MPCONN_SYNC_BAD_TAG;
    if (sealed)
        fits = cb->open(s->core->user, a->bytes, MPCI_FRAME_HEADER, a->bytes + MPCI_FRAME_HEADER,
                        a->len - MPCI_FRAME_HEADER, a->bytes + a->len) == 0;
    else
        fits = mpci_frame_tag_fits(a->key, a->bytes, a->len);
    return fits ? MPCONN_SYNC_TAKEN : MPCONN_SYNC_BAD_TAG;
}

/* From whom, to whom, and is it true? */
static unsigned check(const mpci_sync *s, arrival *a, mpci_member **from)
{
    unsigned reason = find_key(s, a);

    if (reason != MPCONN_SYNC_TAKEN)
        return reason;
    if (a->f.sender == s->members.self && a->f.boot == s->members.boot)
        return MPCONN_SYNC_OWN;
    if (a->f.destination != MPCONN_MEMBER_ALL && a->f.destination != s->members.self)
        return MPCONN_SYNC_NOT_FOR_US;
    *from = mpci_members_find(&s->members, a->f.sender);
    if (*from == NULL && a->f.sender != s->members.self)
        return MPCONN_SYNC_UNKNOWN_MEMBER;
    reason = authenticate(s, a);
    if (reason != MPCONN_SYNC_TAKEN)
        return reason;
    return *from == NULL ? MPCONN_SYNC_CONFLICT : MPCONN_SYNC_TAKEN;
}

/* Read all records and apply none. */
static unsigned survey(const mpci_sync *s, arrival *a)
{
    mpci_reader r = records_of(a), body;
    mpci_record_context c = {0};
    mpci_record record;

    while (mpci_reader_left(&r) > 0) {
        int said;

        if (mpci_record_decode(&r, &c, &record, &body) == MPCI_RECORD_MALFORMED)
            return MPCONN_SYNC_MALFORMED;
        if (record.type != MPCI_RECORD_HELLO)
            continue;
        said = mpci_hello_decode(&a->greeting, &body, s->members.self);
        if (said < 0)
            return MPCONN_SYNC_MALFORMED;
        a->greeted |= said;
    }
    return MPCONN_SYNC_TAKEN;
}

/* Is this boot of the sender alive, and the frame a new one? */
static unsigned admit(mpci_sync *s, const arrival *a, mpci_member *p)
{
    if (a->f.boot == p->boot) {
        if (!mpci_window_is_new(&p->taken, a->f.sequence))
            return MPCONN_SYNC_REPLAYED;
        mpci_window_take(&p->taken, a->f.sequence);
        return MPCONN_SYNC_TAKEN;
    }
    if (a->greeted && a->greeting.answer == mpci_member_challenge(&s->members, p)) {
        /* no boot comes back: the one before lives beside the one that took its place */
        if (a->f.boot == p->boot_before && p->up)
            return MPCONN_SYNC_CONFLICT;
        mpci_member_begin(p, a->f.boot, a->f.sequence);
        mpci_sync_joins(s, p);
        return MPCONN_SYNC_TAKEN;
    }
    return a->greeted ? MPCONN_SYNC_GREETED : MPCONN_SYNC_UNKNOWN_BOOT;
}

/* Answer who does not know us yet, or whom we do not know. Only of a boot that counts the challenge
 * is kept: any other may be a replay, and gets its answer without leaving a trace. */
static void answer(mpci_sync *s, const arrival *a, mpci_member *p, unsigned reason)
{
    uint64_t challenge = a->greeted ? a->greeting.challenge : 0;

    if (reason == MPCONN_SYNC_TAKEN && a->greeted)
        p->heard_challenge = challenge;
    if (reason != MPCONN_SYNC_TAKEN ||
        (a->greeted && a->greeting.answer != mpci_member_challenge(&s->members, p)))
        mpci_sync_greet(s, p, challenge);
}

/* Does the sender tell clients something else than we do? */
static int differs(const mpci_sync *s, const arrival *a)
{
    return a->greeting.mark != 0 &&
           a->greeting.mark != mpci_hello_mark(&s->members.told, a->f.boot, a->f.sequence);
}

static void take_records(mpci_sync *s, const arrival *a)
{
    mpci_reader r = records_of(a), body;
    mpci_record_context c = {0};
    mpci_record record;

    while (mpci_reader_left(&r) > 0) {
        enum mpci_record_result result = mpci_record_decode(&r, &c, &record, &body);

        if (result == MPCI_RECORD_SKIPPED)
            mpci_sync_count(s, MPCONN_SYNC_RECORD_SKIPPED);
        else if (result == MPCI_RECORD_REFUSED)
            mpci_sync_count(s, MPCONN_SYNC_RECORD_REFUSED);
        if (result != MPCI_RECORD_OK)
            continue;
        s->records_in[record.type]++;
        if (mpci_record_is_about_session(record.type))
            s->take_session(s->session_taker, &record, a->f.sender);
        else if (record.type != MPCI_RECORD_HELLO)
            s->take(s->taker, &record, a->f.sender);
    }
}

static unsigned take(mpci_sync *s, uint8_t *bytes, size_t len)
{
    arrival a = {0};
    mpci_member *p = NULL;
    unsigned reason = mpci_frame_parse(&a.f, bytes, len);

    if (reason != MPCONN_SYNC_TAKEN)
        return reason;
    a.bytes = bytes;
    a.len = len - MPCI_FRAME_TAG;
    reason = check(s, &a, &p);
    if (reason == MPCONN_SYNC_TAKEN)
        reason = survey(s, &a);
    if (reason != MPCONN_SYNC_TAKEN)
        return reason;
    reason = admit(s, &a, p);
    if (reason == MPCONN_SYNC_CONFLICT)
        mpci_sync_conflict(s, p);
    else if (reason != MPCONN_SYNC_REPLAYED)
        answer(s, &a, p, reason);
    if (reason == MPCONN_SYNC_TAKEN) {
        mpci_epochs_adopt(&s->epochs, a.f.epoch, s->core->now);
        mpci_sync_heard(s, p);
        if (a.key == &s->key)
            p->behind = 0;
        if (differs(s, &a))
            mpci_sync_differs(s, p);
        take_records(s, &a);
    }
    return reason;
}

unsigned mpci_sync_receive(mpci_sync *s, uint8_t *bytes, size_t len)
{
    unsigned reason = mpci_sync_has_members(s) ? take(s, bytes, len) : MPCONN_SYNC_NOT_A_MEMBER;

    mpci_sync_count(s, reason);
    s->bytes_in += len;
    return reason;
}
