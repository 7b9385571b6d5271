/* SPDX-License-Identifier: BSD-2-Clause */
/* What the controller does with sessions. */
#include "engine/engine.h"

#include "base/abi.h"
#include "rendezvous/told.h"

enum { SESSION_V1 = sizeof(mpconn_session) };

/* 0 = nobody has that name. */
static mpci_session_number named(const mpconn_engine *eng, const char *name)
{
    char whole[MPCI_SESSION_NAME];

    return mpci_session_name(whole, name) == MPCONN_OK
               ? mpci_sessions_named(&eng->rendezvous.sessions, whole)
               : 0;
}

static void describe(const mpci_sessions *t, mpci_session_number n, mpconn_session *out)
{
    const mpci_session *s = mpci_session_at(t, n);

    MPCONN_STRUCT_INIT(out);
    out->config = s->config;
    out->state = s->state;
    out->pairs = s->pairs;
    out->flow = s->flow;
    for (unsigned side = 0; side < 2; side++) {
        out->remote[side] = s->request[side].remote;
        out->remote_port[side] = s->request[side].port;
        out->candidates[side] = (uint8_t)mpci_candidate_count(t, s, side);
        out->stats[side] = s->stats[side];
    }
}

int mpconn_session_add(mpconn_engine *eng, const mpconn_session_config *config, mpconn_time now)
{
    mpconn_session_config c;
    mpci_session_number n;
    int rc;

    if (eng == NULL || config == NULL)
        return MPCONN_ERR_INVAL;
    rc = mpci_session_import(&c, config);
    if (rc == MPCONN_OK)
        rc = mpci_engine_enter(eng, now);
    if (rc != MPCONN_OK)
        return rc;
    rc = mpci_sessions_add(&eng->rendezvous.sessions, &c, &n);
    if (rc == MPCONN_OK)
        mpci_told_added(&eng->rendezvous, n);
    mpci_engine_leave(eng);
    return rc;
}

/* Packets under way go by what is called: that stays as it is. */
static int is_called_as_before(const mpconn_session_config *a, const mpconn_session_config *b)
{
    for (unsigned side = 0; side < 2; side++) {
        const mpconn_termination *t = &a->termination[side], *u = &b->termination[side];

        if (t->family != u->family || t->local_port != u->local_port ||
            memcmp(&t->local, &u->local, sizeof(t->local)) != 0)
            return 0;
    }
    return a->zone == b->zone;
}

static int modify(mpconn_engine *eng, const mpconn_session_config *config)
{
    mpci_sessions *t = &eng->rendezvous.sessions;
    mpci_session_number n = mpci_sessions_named(t, config->name);
    mpci_session *s;

    if (n == 0)
        return MPCONN_ERR_NOTFOUND;
    s = mpci_session_at(t, n);
    if (!is_called_as_before(&s->config, config))
        return MPCONN_ERR_INVAL;
    s->config = *config;
    s->version = mpci_generation_after(s->version);
    mpci_told_changed(&eng->rendezvous, n);
    mpci_rendezvous_modified(&eng->rendezvous, n);
    return MPCONN_OK;
}

int mpconn_session_modify(mpconn_engine *eng, const mpconn_session_config *config, mpconn_time now)
{
    mpconn_session_config c;
    int rc;

    if (eng == NULL || config == NULL)
        return MPCONN_ERR_INVAL;
    rc = mpci_session_import(&c, config);
    if (rc == MPCONN_OK)
        rc = mpci_engine_enter(eng, now);
    if (rc != MPCONN_OK)
        return rc;
    rc = modify(eng, &c);
    mpci_engine_leave(eng);
    return rc;
}

int mpconn_session_remove(mpconn_engine *eng, const char *name, mpconn_time now)
{
    mpci_session_number n;
    int rc;

    if (eng == NULL || name == NULL)
        return MPCONN_ERR_INVAL;
    rc = mpci_engine_enter(eng, now);
    if (rc != MPCONN_OK)
        return rc;
    n = named(eng, name);
    if (n != 0) {
        mpci_rendezvous_abort(&eng->rendezvous, n);
        mpci_told_removed(&eng->rendezvous, n);
        mpci_sessions_remove(&eng->rendezvous.sessions, n);
        mpci_count(&eng->core.counters, MPCONN_REASON_SESSION_REMOVED);
    }
    mpci_engine_leave(eng);
    return n != 0 ? MPCONN_OK : MPCONN_ERR_NOTFOUND;
}

int mpconn_session_get(const mpconn_engine *eng, const char *name, mpconn_session *out)
{
    mpconn_session s;
    mpci_session_number n;

    if (eng == NULL || name == NULL || out == NULL)
        return MPCONN_ERR_INVAL;
    n = named(eng, name);
    if (n == 0)
        return MPCONN_ERR_NOTFOUND;
    describe(&eng->rendezvous.sessions, n, &s);
    return mpci_abi_export(out, &s, sizeof(s), SESSION_V1);
}

int mpconn_session_next(const mpconn_engine *eng, mpconn_session_cursor *cursor,
                        mpconn_session *out)
{
    const mpci_sessions *t;
    mpconn_session s;
    uint64_t at;
    int rc;

    if (eng == NULL || cursor == NULL || out == NULL)
        return MPCONN_ERR_INVAL;
    t = &eng->rendezvous.sessions;
    at = cursor->position;
    while (at < t->capacity && t->entries[at].config.name[0] == '\0')
        at++;
    if (at >= t->capacity)
        return MPCONN_ERR_NOTFOUND;
    describe(t, (mpci_session_number)at + 1, &s);
    rc = mpci_abi_export(out, &s, sizeof(s), SESSION_V1);
    if (rc == MPCONN_OK)
        cursor->position = at + 1;
    return rc;
}
