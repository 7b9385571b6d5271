/* SPDX-License-Identifier: BSD-2-Clause */
/* Birth, death and the frame of every call. */
#include "engine/engine.h"

#include "conn/duplicate.h"
#include "conn/translate_error.h"
#include "packet/ip_other.h"
#include "packet/options.h"
#include "rendezvous/moved.h"
#include "rendezvous/told.h"

/* Names are small, and what is over is remembered for longer than a handshake takes. */
enum { TOMBSTONES_PER_HANDSHAKE = 8 };

/* Of the flows in full tables those that wait to be told of are some: the rest is older, or is over
 * and kept for a while. */
enum { FLOWS_PER_UNTOLD = 4 };

/* Who is asked for bindings has room for so many by default. */
enum { BINDINGS_WITH_HOOK = 16384 };

/* Packets in fragments are some of those under way; a binding that has them has a few. */
enum { FRAGMENTS_WITH_BINDINGS = 4096 };

static void destroy(mpconn_engine *eng)
{
    mpci_alloc a = eng->alloc;

    mpci_settled_fini(&eng->core.settled, &a);
    mpci_binding_fini(&eng->core.bindings, &a);
    mpci_fragments_fini(&eng->core.fragments, &a);
    mpci_handshake_fini(&eng->core.handshakes, &a);
    mpci_tombstones_fini(&eng->core.tombstones, &a);
    mpci_untold_fini(&eng->core.untold, &a);
    mpci_digest_fini(&eng->rendezvous.digest, &a);
    mpci_sessions_fini(&eng->rendezvous.sessions, &a);
    mpci_echo_fini(&eng->echo, &a);
    mpci_sync_fini(&eng->sync, &a);
    mpci_wipe(eng, sizeof(*eng));
    mpci_alloc_free(&a, eng);
}

static int take_tables(mpconn_engine *eng, const mpconn_engine_config *cfg)
{
    int rc = mpci_settled_init(&eng->core.settled, &eng->alloc, cfg->max_flows,
                               cfg->max_wide_flows);

    if (rc == MPCONN_OK)
        rc = mpci_handshake_init(&eng->core.handshakes, &eng->alloc, cfg->max_handshakes);
    if (rc == MPCONN_OK)
        rc = mpci_binding_init(&eng->core.bindings, &eng->alloc, cfg->max_bindings,
                               &eng->core.table_key);
    if (rc == MPCONN_OK && cfg->max_bindings > 0)
        rc = mpci_fragments_init(&eng->core.fragments, &eng->alloc, FRAGMENTS_WITH_BINDINGS);
    if (rc == MPCONN_OK)
        rc = mpci_tombstones_init(&eng->core.tombstones, &eng->alloc,
                                  TOMBSTONES_PER_HANDSHAKE * cfg->max_handshakes);
    if (rc == MPCONN_OK)
        rc = mpci_sessions_init(&eng->rendezvous.sessions, &eng->alloc, &eng->core.table_key,
                                cfg->max_sessions, cfg->max_candidates);
    if (rc == MPCONN_OK && cfg->n_members > 0)
        rc = mpci_digest_init(&eng->rendezvous.digest, &eng->alloc, cfg->max_sessions);
    if (rc == MPCONN_OK && cfg->n_members > 0)
        rc = mpci_untold_init(&eng->core.untold, &eng->alloc,
                              (cfg->max_flows + cfg->max_wide_flows) / FLOWS_PER_UNTOLD + 1);
    return rc;
}

static int take_secrets(mpconn_engine *eng, const mpconn_engine_config *cfg, mpconn_time now)
{
    uint8_t bytes[16];

    if (eng->core.callbacks.random(eng->core.user, bytes, sizeof(bytes)) != 0)
        return MPCONN_ERR_CALLBACK;
    eng->core.table_key = mpci_sipkey_load(bytes);
    mpci_wipe(bytes, sizeof(bytes));
    return mpci_sync_init(&eng->sync, &eng->core, &eng->alloc, cfg, now);
}

/* Words about connections. */
static void told(void *engine, const mpci_record *r, uint32_t from)
{
    mpconn_engine *eng = engine;

    if (r->type == MPCI_RECORD_SAY || r->type == MPCI_RECORD_PATH)
        mpci_elsewhere_told(eng, r, from);
    else
        mpci_moved_told(&eng->rendezvous, r, from);
}

static void fill(mpconn_engine *eng, const mpconn_engine_config *cfg,
                 const mpconn_timeouts *timeouts, const mpconn_callbacks *callbacks, void *user,
                 mpconn_time now)
{
    mpci_core *core = &eng->core;
    mpci_split *sp = &eng->split;

    core->now = now;
    core->callbacks = *callbacks;
    core->user = user;
    core->timeouts = *timeouts;
    core->max_held_packets = cfg->max_held_packets;
    core->max_held_bytes = cfg->max_held_bytes;
    core->hop_limit = cfg->hop_limit;
    mpci_outbox_init(&core->outbox, callbacks->send_packets, user, &core->counters);
    sp->core = core;
    sp->sync = &eng->sync;
    sp->profile.mss[0] = cfg->mss_ipv4;
    sp->profile.mss[1] = cfg->mss_ipv6;
    sp->profile.wscale = cfg->wscale;
    sp->client_window = cfg->client_window;
    sp->mode = cfg->split_mode;
    sp->announce = cfg->announce;
    sp->echo = &eng->echo;
    eng->sync.take = told;
    eng->sync.taker = eng;
    eng->echo.core = core;
    eng->echo.sync = &eng->sync;
    eng->echo.paths = &sp->paths;
    core->one_way = cfg->return_path == MPCONN_RETURN_ECHO;
    core->outbox.made = core->one_way ? mpci_elsewhere_made : NULL;
    core->outbox.maker = eng;
    eng->sync.take_session = mpci_rendezvous_told;
    eng->sync.session_taker = &eng->rendezvous;
    sp->unknown_policy = cfg->unknown_policy;
    sp->adaptive_threshold = cfg->adaptive_threshold;
    eng->rendezvous.core = core;
    eng->rendezvous.sync = &eng->sync;
    eng->rendezvous.split = sp;
    eng->rendezvous.teller = MPCONN_MEMBER_ALL;
    eng->rendezvous.tell_due = MPCONN_TIME_NEVER;
    eng->rendezvous.sums_due = mpci_later(now, timeouts->hello_ns);
    core->ended = mpci_rendezvous_ended;
    core->moved = mpci_rendezvous_moved;
    core->asked = mpci_rendezvous_asked;
    core->ended_owner = &eng->rendezvous;
    eng->flags = cfg->flags;
}

static uint32_t default_bindings(const mpconn_engine_config *c, const mpconn_callbacks *cb)
{
    uint32_t asked_for = cb->bind != NULL ? BINDINGS_WITH_HOOK : 0;

    return asked_for > c->max_sessions ? asked_for : c->max_sessions;
}

int mpconn_engine_new(mpconn_engine **out, const mpconn_engine_config *cfg,
                      const mpconn_callbacks *callbacks, void *user, mpconn_time now)
{
    mpconn_engine_config c;
    mpconn_timeouts timeouts;
    mpconn_callbacks cb;
    mpconn_engine *eng;
    mpci_alloc alloc;
    int rc;

    if (out == NULL)
        return MPCONN_ERR_INVAL;
    *out = NULL;
    if (cfg == NULL || callbacks == NULL || now == MPCONN_TIME_NEVER)
        return MPCONN_ERR_INVAL;
    rc = mpci_config_import(&c, &timeouts, cfg);
    if (rc == MPCONN_OK)
        rc = mpci_callbacks_import(&cb, callbacks);
    if (rc == MPCONN_OK && ((c.n_members > 0 && cb.send_frame == NULL) ||
                            (c.return_path == MPCONN_RETURN_ECHO && cb.bind != NULL)))
        rc = MPCONN_ERR_INVAL;
    if (rc != MPCONN_OK)
        return rc;
    if (c.max_bindings == 0)
        c.max_bindings = default_bindings(&c, &cb);
    mpci_alloc_init(&alloc, &c.allocator);
    eng = mpci_alloc_array(&alloc, 1, sizeof(*eng), 64);
    if (eng == NULL)
        return MPCONN_ERR_NOMEM;
    eng->alloc = alloc;
    fill(eng, &c, &timeouts, &cb, user, now);
    rc = take_tables(eng, &c);
    if (rc == MPCONN_OK)
        rc = take_secrets(eng, &c, now);
    if (rc == MPCONN_OK)
        rc = mpci_echo_init(&eng->echo, &eng->alloc, &c);
    if (rc != MPCONN_OK) {
        destroy(eng);
        return rc;
    }
    eng->flow_sweep.due = eng->session_sweep.due = MPCONN_TIME_NEVER;
    mpci_sweeps_plan(eng);
    *out = eng;
    return MPCONN_OK;
}

int mpconn_engine_del(mpconn_engine *eng)
{
    if (eng == NULL)
        return MPCONN_OK;
    if (eng->busy)
        return MPCONN_ERR_REENTRANT;
    destroy(eng);
    return MPCONN_OK;
}

int mpci_engine_enter(mpconn_engine *eng, mpconn_time now)
{
    if (now == MPCONN_TIME_NEVER)
        return MPCONN_ERR_INVAL;
    if (eng->busy)
        return MPCONN_ERR_REENTRANT;
    eng->busy = 1;
    if (now < eng->core.now)
        mpci_count(&eng->core.counters, MPCONN_REASON_CLOCK_BACKWARDS);
    else
        eng->core.now = now;
    mpci_epochs_advance(&eng->sync.epochs, eng->core.timeouts.epoch_ns, eng->core.now);
    eng->core.tombstones.age = eng->sync.epochs.age;
    mpci_sweeps_catch_up(eng);
    return MPCONN_OK;
}

void mpci_engine_leave(mpconn_engine *eng)
{
    mpci_outbox_flush(&eng->core.outbox);
    mpci_sync_flush(&eng->sync);
    eng->busy = 0;
}

int mpconn_engine_set_key(mpconn_engine *eng, const uint8_t *key, size_t key_len, mpconn_time now)
{
    int rc;

    if (eng == NULL || key == NULL || key_len < 16 || key_len > 64)
        return MPCONN_ERR_INVAL;
    rc = mpci_engine_enter(eng, now);
    if (rc != MPCONN_OK)
        return rc;
    mpci_echo_rekey(&eng->echo);
    mpci_sync_rekey(&eng->sync, key, key_len);
    mpci_engine_leave(eng);
    return MPCONN_OK;
}

int mpconn_engine_set_timeouts(mpconn_engine *eng, const mpconn_timeouts *timeouts,
                               mpconn_time now)
{
    mpconn_timeouts t;
    int rc;

    if (eng == NULL || timeouts == NULL)
        return MPCONN_ERR_INVAL;
    rc = mpci_timeouts_import(&t, timeouts);
    if (rc == MPCONN_OK)
        rc = mpci_config_check_return(eng->echo.on ? MPCONN_RETURN_ECHO : MPCONN_RETURN_BACK, &t);
    if (rc == MPCONN_OK)
        rc = mpci_engine_enter(eng, now);
    if (rc != MPCONN_OK)
        return rc;
    if (t.epoch_ns != eng->core.timeouts.epoch_ns)
        mpci_epochs_restart(&eng->sync.epochs, eng->core.now);
    eng->core.timeouts = t;
    mpci_sweeps_plan(eng);
    mpci_engine_leave(eng);
    return MPCONN_OK;
}

uint32_t mpconn_engine_headroom(const mpconn_engine *eng)
{
    const uint32_t segment = MPCI_STAMP_LEN + MPCI_BLOCK_LEN + MPCI_IP_OTHER_GROWTH;
    const uint32_t error = MPCI_TRANSLATE_ERROR_GROWTH;

    if (eng == NULL)
        return 0;
    return segment > error ? segment : error;
}

/* The answer to a SYN has no option that the SYN had not, but for the MSS, and each in the fewest
 * words it can have: it is longer by that one at most. */
uint32_t mpconn_engine_tailroom(const mpconn_engine *eng)
{
    if (eng == NULL)
        return 0;
    return eng->echo.on ? MPCI_ECHO_ROOM : MPCI_OPT_LEN_MSS;
}
