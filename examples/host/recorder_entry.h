/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the parts of the recorder: writing one entry. */
#ifndef HOST_RECORDER_ENTRY_H
#define HOST_RECORDER_ENTRY_H

#include "host/recorder.h"
#include "host/trace_entry.h"

/* An entry in the making. Others may be written before it is done. */
typedef struct recorder_entry {
    trace_walk walk;
    size_t start, end;
    bool on;   /* else nothing is recorded */
} recorder_entry;

/* Whether the host gave a struct, and one of our size. */
#define RECORDER_GIVEN(ptr)                                      \
    (!(ptr) ? TRACE_NULL                                         \
            : (ptr)->struct_size == sizeof(*(ptr)) ? TRACE_GIVEN \
                                                   : TRACE_OTHER_SIZE)

bool recorder_begin(recorder *r, recorder_entry *e, uint8_t type);
/* Hand it to the sink. Its bytes stay in the buffer until recorder_forget(). */
void recorder_finish(recorder *r, recorder_entry *e);
void recorder_forget(recorder *r, recorder_entry *e);
void recorder_done(recorder *r, recorder_entry *e); /* both */
/* The return of a call that gives nothing but its status. */
void recorder_put_return(recorder *r, uint8_t call, int rc);

static inline void put_u8(recorder_entry *e, const char *name, uint8_t v)
{
    trace_u8(&e->walk, name, &v);
}

static inline void put_u32(recorder_entry *e, const char *name, uint32_t v)
{
    trace_u32(&e->walk, name, &v);
}

static inline void put_u64(recorder_entry *e, const char *name, uint64_t v)
{
    trace_u64(&e->walk, name, &v);
}

/* recorder_hooks.c */
void recorder_wrap(recorder *r, mpconn_callbacks *wrapped, const mpconn_callbacks *host);
uint16_t recorder_hooks_of(const mpconn_callbacks *host);
void *recorder_alloc(void *user, size_t size);
void recorder_release(void *user, void *ptr);

/* recorder_query.c: whether what was asked for follows. */
bool recorder_put_out(recorder_entry *e, uint8_t given, int rc);

/* recorder_packet.c */
void recorder_put_packet(recorder *r, recorder_entry *e, const mpconn_pkt *pkt);
/* Note where the packets of a finished entry begin, behind it. */
void recorder_keep_starts(recorder *r, mpconn_pkt *const *pkts, size_t n);
/* What became of packets whose entry is `call`, and whose starts were kept. */
void recorder_put_results(recorder *r, recorder_entry *e, const recorder_entry *call,
                          mpconn_pkt *const *pkts, size_t n);
/* The bytes from the first to the last that differ. */
void recorder_put_changed(recorder_entry *e, const uint8_t *before, size_t before_len,
                          const uint8_t *after, size_t after_len);

#endif
