/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Make the calls of a trace again, to a fresh engine, and compare what comes of them.
 *
 * The fresh engine is recorded in its turn. Each entry that this makes must be, byte for byte, the
 * next one of the trace; the hooks answer what the trace says they did.
 */
#ifndef REPLAY_REPLAY_H
#define REPLAY_REPLAY_H

#include "host/recorder.h"
#include "replay/reader.h"

/* Also the exit status of mpconn-replay. */
typedef enum replay_status {
    REPLAY_SAME = 0,
    REPLAY_DIFFERS = 1,
    REPLAY_UNUSABLE = 2 /* the trace is damaged or cut off, or asks for what is not possible */
} replay_status;

typedef struct replay {
    replay_status status;
    reader in;
    recorder rec;
    FILE *report;           /* what is found */
    uint64_t memory_limit, memory; /* bytes an engine may take, and may still take */
    uint32_t allocations;
    uint64_t calls;         /* so far */
    uint64_t call_at;       /* of the last one: where it is in the file, and its type */
    uint8_t call_type;
} replay;

/* Replay a file whose engine takes at most so many bytes. The outcome is told in one line, a
 * difference in some more. */
replay_status replay_run(FILE *file, uint64_t memory, FILE *report);

/* Between the parts of the replayer */

/* Make the call, or ask the question, of the present entry. */
void replay_perform(replay *p);
/* The hooks of the engine that is made. */
extern const mpconn_callbacks replay_hooks;
void *replay_alloc(void *user, size_t size);
void replay_release(void *user, void *ptr);

/* report.c: end it, for a reason; the first one counts. */
void replay_refuse(replay *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The engine did this where the trace has its present entry. */
void replay_differs(replay *p, const uint8_t *entry, size_t len);

#endif
