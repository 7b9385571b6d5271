/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/recorder_entry.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* So much is kept back from the kernel: a busy member need not enter it for every packet. */
#define FILE_BUFFER (1 << 18)

/* The file */

static void put_file(void *user, const uint8_t *entry, size_t len)
{
    recorder *r = user;
    if (fwrite(entry, 1, len, r->file) != len)
        r->failed = true;
    /* the call that kills the process is in the trace */
    if (trace_is_call(entry[0]) && fflush(r->file) != 0)
        r->failed = true;
}

void recorder_attach(recorder *r, FILE *file)
{
    const char *version = mpconn_version();
    const uint8_t head[3] = { 0, TRACE_VERSION, (uint8_t)strlen(version) };

    memset(r, 0, sizeof(*r));
    r->file = file;
    r->put = put_file;
    r->put_user = r;
    put_file(r, (const uint8_t *)TRACE_MAGIC, strlen(TRACE_MAGIC));
    put_file(r, head, sizeof(head));
    put_file(r, (const uint8_t *)version, head[2]);
}

bool recorder_open(recorder *r, const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
    struct stat st;

    if (fd < 0)
        return false;
    /* a file that was there before keeps its mode, and who may read it; it is emptied only then */
    bool ours = fstat(fd, &st) == 0 &&
                (!S_ISREG(st.st_mode) ||
                 (fchmod(fd, S_IRUSR | S_IWUSR) == 0 && ftruncate(fd, 0) == 0));
    FILE *file = ours ? fdopen(fd, "wb") : NULL;
    if (!file) {
        close(fd);
        return false;
    }
    setvbuf(file, NULL, _IOFBF, FILE_BUFFER);
    recorder_attach(r, file);
    return true;
}

bool recorder_close(recorder *r)
{
    recorder_entry e;

    if (recorder_begin(r, &e, TRACE_END)) {
        trace_u64(&e.walk, "calls", &r->calls);
        recorder_done(r, &e);
    }
    bool ok = !r->failed;
    if (r->file)
        ok = fclose(r->file) == 0 && ok;
    r->file = NULL;
    r->put = NULL;
    trace_buffer_free(&r->buffer);
    return ok;
}

/* Entries */

bool recorder_begin(recorder *r, recorder_entry *e, uint8_t type)
{
    const uint8_t head[TRACE_ENTRY_HEADER] = { type };

    memset(e, 0, sizeof(*e));
    r->failed = r->failed || r->buffer.failed;
    e->on = r->put && !r->failed;
    if (!e->on)
        return false;
    e->start = r->buffer.len;
    e->walk.out = &r->buffer;
    trace_buffer_add(&r->buffer, head, sizeof(head));
    if (trace_is_call(type))
        r->calls++;
    return true;
}

void recorder_finish(recorder *r, recorder_entry *e)
{
    uint8_t *bytes = r->buffer.bytes + e->start;
    size_t len = r->buffer.len - e->start;
    size_t body = len - TRACE_ENTRY_HEADER;

    e->end = r->buffer.len;
    if (r->buffer.failed || body > UINT32_MAX)
        r->failed = true;
    if (r->failed)
        return;
    for (unsigned i = 0; i < 4; i++)
        bytes[1 + i] = (uint8_t)(body >> 8 * (3 - i));
    r->put(r->put_user, bytes, len);
}

void recorder_forget(recorder *r, recorder_entry *e)
{
    r->buffer.len = e->start;
}

void recorder_done(recorder *r, recorder_entry *e)
{
    recorder_finish(r, e);
    recorder_forget(r, e);
}

static uint32_t at_most_u32(size_t n)
{
    return n <= UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

/* The return of a call; `rest` is between its status and the next deadline. */
static bool begin_return(recorder *r, recorder_entry *e, uint8_t call, int rc)
{
    if (!recorder_begin(r, e, (uint8_t)(TRACE_RETURN + call)))
        return false;
    trace_status(&e->walk, &rc);
    return true;
}

static void end_return(recorder *r, recorder_entry *e)
{
    put_u64(e, "next_expiry", mpconn_engine_next_expiry(r->engine));
    recorder_done(r, e);
}

void recorder_put_return(recorder *r, uint8_t call, int rc)
{
    recorder_entry e;

    if (begin_return(r, &e, call, rc))
        end_return(r, &e);
}

/* Birth and death */

static void note_key(trace_key *k, const uint8_t *key, size_t len)
{
    k->given = key ? TRACE_GIVEN : TRACE_NULL;
    k->len = at_most_u32(len);
    if (key && len <= sizeof(k->bytes))
        memcpy(k->bytes, key, len);
}

static void note_timeouts(trace_timeouts *t, const mpconn_timeouts *timeouts)
{
    t->given = RECORDER_GIVEN(timeouts);
    if (t->given == TRACE_GIVEN)
        t->value = *timeouts;
}

static void note_config(trace_new *t, const mpconn_engine_config *cfg)
{
    t->config = RECORDER_GIVEN(cfg);
    if (t->config != TRACE_GIVEN)
        return;
    t->value = *cfg;
    if (!cfg->allocator.alloc != !cfg->allocator.release)
        t->half_allocator = cfg->allocator.alloc ? TRACE_HALF_ALLOC : TRACE_HALF_RELEASE;
    note_key(&t->key, cfg->key, cfg->key_len);
    note_timeouts(&t->timeouts, cfg->timeouts);
    t->members_given = cfg->members ? TRACE_GIVEN : TRACE_NULL;
    if (cfg->members && cfg->n_members <= TRACE_MEMBERS_MAX)
        memcpy(t->members, cfg->members, cfg->n_members * sizeof(*cfg->members));
}

static void put_new(recorder *r, const mpconn_engine_config *cfg, const mpconn_callbacks *callbacks,
                    mpconn_time now)
{
    recorder_entry e;
    trace_new t;

    if (!recorder_begin(r, &e, TRACE_NEW))
        return;
    memset(&t, 0, sizeof(t));
    t.now = now;
    t.callbacks = RECORDER_GIVEN(callbacks);
    if (t.callbacks == TRACE_GIVEN)
        t.hooks = recorder_hooks_of(callbacks);
    note_config(&t, cfg);
    trace_walk_new(&e.walk, &t);
    recorder_done(r, &e);
}

static void put_new_return(recorder *r, int rc)
{
    recorder_entry e;

    if (!begin_return(r, &e, TRACE_NEW, rc))
        return;
    put_u32(&e, "headroom", mpconn_engine_headroom(r->engine));
    put_u32(&e, "tailroom", mpconn_engine_tailroom(r->engine));
    end_return(r, &e);
}

int recorder_new(recorder *r, const mpconn_engine_config *cfg, const mpconn_callbacks *callbacks,
                 void *user, mpconn_time now)
{
    mpconn_callbacks wrapped;
    mpconn_engine_config own;

    if (r->engine)
        return MPCONN_ERR_STATE;
    if (!r->put)
        return mpconn_engine_new(&r->engine, cfg, callbacks, user, now);
    put_new(r, cfg, callbacks, now);
    r->user = user;
    r->allocations = 0;
    if (RECORDER_GIVEN(callbacks) == TRACE_GIVEN) {
        recorder_wrap(r, &wrapped, callbacks);
        callbacks = &wrapped;
        user = r; /* the hooks of a struct of another size stay the host's */
    }
    if (RECORDER_GIVEN(cfg) == TRACE_GIVEN) {
        own = *cfg;
        r->allocator = cfg->allocator;
        if (!cfg->allocator.alloc == !cfg->allocator.release) /* else refused, as it should be */
            own.allocator = (mpconn_allocator){ recorder_alloc, recorder_release, r };
        cfg = &own;
    }
    int rc = mpconn_engine_new(&r->engine, cfg, callbacks, user, now);
    put_new_return(r, rc);
    return rc;
}

int recorder_del(recorder *r)
{
    recorder_entry e;

    if (recorder_begin(r, &e, TRACE_DEL))
        recorder_done(r, &e);
    int rc = mpconn_engine_del(r->engine);
    if (rc == MPCONN_OK)
        r->engine = NULL;
    recorder_put_return(r, TRACE_DEL, rc);
    return rc;
}

/* Calls */

/* There may be nothing of no length, but not of another. */
static uint8_t given_list(const void *list, size_t n)
{
    return list ? TRACE_GIVEN : n == 0 ? TRACE_NULL : TRACE_OTHER_SIZE;
}

int recorder_input(recorder *r, mpconn_pkt *const *pkts, size_t n_pkts, mpconn_time now)
{
    recorder_entry call, back;
    size_t n = pkts ? n_pkts : 0;

    if (!recorder_begin(r, &call, TRACE_INPUT))
        return mpconn_engine_input(r->engine, pkts, n_pkts, now);
    put_u64(&call, "now", now);
    put_u8(&call, "list given", given_list(pkts, n_pkts));
    put_u32(&call, "number", at_most_u32(n));
    for (size_t i = 0; i < n; i++)
        recorder_put_packet(r, &call, pkts[i]);
    recorder_finish(r, &call);
    recorder_keep_starts(r, pkts, n);
    int rc = mpconn_engine_input(r->engine, pkts, n_pkts, now);
    if (begin_return(r, &back, TRACE_INPUT, rc)) {
        if (rc == MPCONN_OK) {
            put_u32(&back, "number", at_most_u32(n));
            recorder_put_results(r, &back, &call, pkts, n);
        }
        end_return(r, &back);
    }
    recorder_forget(r, &call);
    return rc;
}

int recorder_expire(recorder *r, uint32_t budget, uint32_t *done, mpconn_time now)
{
    recorder_entry call, back;
    uint32_t used = 0;

    if (recorder_begin(r, &call, TRACE_EXPIRE)) {
        put_u32(&call, "budget", budget);
        put_u64(&call, "now", now);
        recorder_done(r, &call);
    }
    int rc = mpconn_engine_expire(r->engine, budget, &used, now);
    if (done && rc == MPCONN_OK)
        *done = used;
    if (begin_return(r, &back, TRACE_EXPIRE, rc)) {
        put_u32(&back, "done", used);
        end_return(r, &back);
    }
    return rc;
}

int recorder_sync_input(recorder *r, uint8_t *frame, size_t len, uint32_t *reason, mpconn_time now)
{
    /* behind time, whether there is a frame, and how long it is */
    const size_t frame_at = TRACE_ENTRY_HEADER + 8 + 1 + 4;
    recorder_entry call, back;
    uint32_t n = frame ? at_most_u32(len) : 0, fate = 0;
    const uint8_t *bytes = frame;

    if (!recorder_begin(r, &call, TRACE_SYNC_INPUT))
        return mpconn_engine_sync_input(r->engine, frame, len, reason, now);
    r->failed = r->failed || n > TRACE_PACKET_MAX;
    put_u64(&call, "now", now);
    put_u8(&call, "frame given", given_list(frame, len));
    trace_bytes(&call.walk, "frame", &bytes, &n);
    recorder_finish(r, &call);
    int rc = mpconn_engine_sync_input(r->engine, frame, len, &fate, now);
    if (reason && rc == MPCONN_OK)
        *reason = fate;
    if (begin_return(r, &back, TRACE_SYNC_INPUT, rc)) {
        put_u32(&back, "reason", fate);
        recorder_put_changed(&back, r->buffer.bytes + call.start + frame_at, n, frame, n);
        end_return(r, &back);
    }
    recorder_forget(r, &call);
    return rc;
}

int recorder_set_key(recorder *r, const uint8_t *key, size_t key_len, mpconn_time now)
{
    recorder_entry e;

    if (recorder_begin(r, &e, TRACE_SET_KEY)) {
        trace_key k = { 0 };
        note_key(&k, key, key_len);
        trace_walk_key(&e.walk, &k);
        put_u64(&e, "now", now);
        recorder_done(r, &e);
    }
    int rc = mpconn_engine_set_key(r->engine, key, key_len, now);
    recorder_put_return(r, TRACE_SET_KEY, rc);
    return rc;
}

int recorder_set_timeouts(recorder *r, const mpconn_timeouts *timeouts, mpconn_time now)
{
    recorder_entry e;

    if (recorder_begin(r, &e, TRACE_SET_TIMEOUTS)) {
        trace_timeouts t = { 0 };
        note_timeouts(&t, timeouts);
        trace_walk_timeouts(&e.walk, &t);
        put_u64(&e, "now", now);
        recorder_done(r, &e);
    }
    int rc = mpconn_engine_set_timeouts(r->engine, timeouts, now);
    recorder_put_return(r, TRACE_SET_TIMEOUTS, rc);
    return rc;
}

int recorder_kill(recorder *r, const mpconn_flow_filter *filter, size_t *killed, mpconn_time now)
{
    recorder_entry call, back;
    size_t n = 0;

    if (recorder_begin(r, &call, TRACE_KILL)) {
        trace_filter f = { .given = RECORDER_GIVEN(filter) };
        if (f.given == TRACE_GIVEN)
            f.value = *filter;
        trace_walk_filter(&call.walk, &f);
        put_u64(&call, "now", now);
        recorder_done(r, &call);
    }
    int rc = mpconn_engine_kill(r->engine, filter, &n, now);
    if (killed && rc == MPCONN_OK)
        *killed = n;
    if (begin_return(r, &back, TRACE_KILL, rc)) {
        put_u64(&back, "killed", n);
        end_return(r, &back);
    }
    return rc;
}
