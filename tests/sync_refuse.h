/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames forged by hand, and the fate each of them meets. */
#ifndef TESTS_SYNC_REFUSE_H
#define TESTS_SYNC_REFUSE_H

#include <check.h>

#include "sync_bed.h"

static sync_bed s;

/* All that a frame could have changed. */
typedef struct state {
    mpci_member list[SYNC_MEMBERS];
    mpci_epochs epochs;
    uint64_t sequence, counts[MPCONN_SYNC_LIMIT];
    unsigned n_events, n_tape, n_taken;
} state;

static inline state state_of(unsigned at)
{
    const mpci_sync *sync = &s.at[at].b.eng->sync;
    state now;

    memset(&now, 0, sizeof now);
    memcpy(now.list, sync->members.list, sync->members.n * sizeof *now.list);
    now.epochs = sync->epochs;
    now.sequence = sync->sequence;
    memcpy(now.counts, sync->counts, sizeof now.counts);
    now.n_events = s.at[at].b.n_events;
    now.n_tape = s.n_tape;
    now.n_taken = s.at[at].n_taken;
    return now;
}

static inline void assert_counted(const state *before, const state *after, unsigned reason)
{
    for (unsigned i = 0; i < MPCONN_SYNC_LIMIT; i++)
        if (after->counts[i] != before->counts[i] + (i == reason))
            ck_abort_msg("%s: %lu then %lu", mpconn_sync_reason_name(i),
                         (unsigned long)before->counts[i], (unsigned long)after->counts[i]);
}

/* The frame meets this fate and counts as that, and nothing else is other than before; but where
 * it may be answered, one greeting may go out. */
static inline void assert_fate(unsigned at, const uint8_t *bytes, size_t len, unsigned reason,
                               int answered)
{
    state before = state_of(at), after;
    unsigned got = sync_input(&s, at, bytes, len);

    if (got != reason)
        ck_abort_msg("%s, not %s", mpconn_sync_reason_name(got), mpconn_sync_reason_name(reason));
    after = state_of(at);
    assert_counted(&before, &after, reason);
    memcpy(after.counts, before.counts, sizeof after.counts);
    if (answered) {
        ck_assert_uint_le(after.n_tape, before.n_tape + 1);
        for (unsigned i = 0; i < SYNC_MEMBERS; i++)
            memcpy(after.list[i].greeted, before.list[i].greeted, sizeof after.list[i].greeted);
        after.n_tape = before.n_tape;
        after.sequence = before.sequence;
    }
    if (memcmp(&before, &after, sizeof after) != 0)
        ck_abort_msg("%s: something changed", mpconn_sync_reason_name(reason));
}

static inline void refuse(unsigned at, const uint8_t *bytes, size_t len, unsigned reason)
{
    assert_fate(at, bytes, len, reason, 0);
}

static inline void refuse_or_greet(unsigned at, const uint8_t *bytes, size_t len, unsigned reason)
{
    assert_fate(at, bytes, len, reason, 1);
}

static uint8_t bytes[SYNC_BYTES], records[SYNC_BYTES];
static size_t n_records;

/* Two records to be forged into a frame. */
static inline void make_records(void)
{
    mpci_writer w = mpci_writer_of(records, sizeof records);
    mpci_record_context c = {0};
    mpci_record r = sync_record(1000);

    ck_assert_int_eq(mpci_record_encode(&w, &c, &r), 1);
    ck_assert_int_eq(mpci_record_encode(&w, &c, &r), 1);
    n_records = (size_t)(w.at - records);
}

/* Members that hear each other. */
static inline void meet(unsigned n)
{
    sync_bed_open(&s, n);
    s.catch_records = 1;
    sync_boot_all(&s);
    sync_meet(&s);
    make_records();
}

static inline size_t forge(const mpci_frame *f)
{
    return sync_forge(bytes, f, records, n_records, bed_key);
}

/* HELLO: mark (1), entries of id (2), challenge (8), answer (8). */
static inline size_t forge_hello(const mpci_frame *f, unsigned n_bytes, const char *body)
{
    records[0] = MPCI_RECORD_HELLO | MPCI_RECORD_CRITICAL;
    records[1] = (uint8_t)n_bytes;
    memcpy(records + 2, body, n_bytes);
    n_records = 2 + n_bytes;
    return forge(f);
}

#endif
