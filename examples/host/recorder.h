/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An engine whose every call is recorded, so that it can be replayed (doc/trace.md).
 *
 * A host that wants to be recorded calls these functions in place of those of the library, with a
 * recorder in place of the engine. A recorder of zeros records nothing: each call is passed on, and
 * the engine has the host's own hooks. To copy into a host of your own: this pair, recorder_hooks.c
 * and trace*.[ch]; they need nothing but the library and stdio.
 *
 * Host and recorder are compiled with the same headers of the library.
 */
#ifndef HOST_RECORDER_H
#define HOST_RECORDER_H

#include "host/trace.h"

#include <mpconn/mpconn.h>

/* Take one entry. */
typedef void recorder_put(void *user, const uint8_t *entry, size_t len);

typedef struct recorder {
    mpconn_engine *engine;       /* for functions that take a const engine */
    recorder_put *put;           /* NULL: nothing is recorded */
    void *put_user;
    FILE *file;                  /* or NULL */
    mpconn_callbacks host;       /* the host's hooks, and their user */
    void *user;
    mpconn_allocator allocator;
    uint32_t allocations;
    uint64_t calls;
    trace_buffer buffer;         /* entries not complete yet, the innermost last */
    bool failed;                 /* the recording ended early; the engine goes on */
} recorder;

/* Record into a file that only its owner can read: the cluster key is in it. False, with errno,
 * when it cannot be made. Before recorder_new(). */
bool recorder_open(recorder *r, const char *path);
/* The same for a file that is open; recorder_close() closes it. */
void recorder_attach(recorder *r, FILE *file);
/* After recorder_del(). False when not everything could be recorded. */
bool recorder_close(recorder *r);

/* As in <mpconn/engine.h>; a recorder has one engine at a time, and another one after it was
 * deleted. MPCONN_ERR_STATE when it has one. */
int recorder_new(recorder *r, const mpconn_engine_config *cfg, const mpconn_callbacks *callbacks,
                 void *user, mpconn_time now);
int recorder_del(recorder *r);
int recorder_input(recorder *r, mpconn_pkt *const *pkts, size_t n_pkts, mpconn_time now);
int recorder_expire(recorder *r, uint32_t budget, uint32_t *done, mpconn_time now);
int recorder_set_key(recorder *r, const uint8_t *key, size_t key_len, mpconn_time now);
int recorder_set_timeouts(recorder *r, const mpconn_timeouts *timeouts, mpconn_time now);
int recorder_sync_input(recorder *r, uint8_t *frame, size_t len, uint32_t *reason,
                        mpconn_time now);
int recorder_kill(recorder *r, const mpconn_flow_filter *filter, size_t *killed, mpconn_time now);

int recorder_session_add(recorder *r, const mpconn_session_config *config, mpconn_time now);
int recorder_session_modify(recorder *r, const mpconn_session_config *config, mpconn_time now);
int recorder_session_remove(recorder *r, const char *name, mpconn_time now);

/* What changes nothing need not be recorded; what is, is compared. Hooks may call these. */
int recorder_stats(recorder *r, mpconn_stats *out);
uint64_t recorder_count(recorder *r, unsigned reason);
uint64_t recorder_sync_count(recorder *r, unsigned reason);
int recorder_member(recorder *r, uint32_t index, mpconn_member *out);
int recorder_flow_next(recorder *r, mpconn_flow_cursor *cursor, mpconn_flow *out);
int recorder_session_get(recorder *r, const char *name, mpconn_session *out);
int recorder_session_next(recorder *r, mpconn_session_cursor *cursor, mpconn_session *out);
mpconn_time recorder_next_expiry(recorder *r);
uint32_t recorder_headroom(recorder *r);
uint32_t recorder_tailroom(recorder *r);

#endif
