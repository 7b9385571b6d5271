/* SPDX-License-Identifier: BSD-2-Clause */
/* Birth, death and timers of the channel. */
#include "sync/sync.h"

#include "sync/hello.h"

/* Fill a random number that is not 0. */
static int draw(const mpci_core *core, uint64_t *out)
{
    uint8_t bytes[8];

    if (core->callbacks.random(core->user, bytes, sizeof bytes) != 0)
        return MPCONN_ERR_CALLBACK;
    *out = mpci_load64(bytes) | 1;
    return MPCONN_OK;
}

static int draw_boot(mpci_sync *s)
{
    int rc = draw(s->core, &s->members.boot);

    for (unsigned i = 0; rc == MPCONN_OK && i < 2; i++)
        rc = draw(s->core, &s->members.challenge_key.k[i]);
    return rc;
}

/* Insertion sort: there are few, and this happens once. */
static void take_ids(mpci_members *m, const uint16_t *ids, uint32_t n, mpconn_time now)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = i;

        for (; at > 0 && m->list[at - 1].id > ids[i]; at--)
            m->list[at].id = m->list[at - 1].id;
        m->list[at].id = ids[i];
        m->list[i].heard = now;
    }
    m->n = n;
}

int mpci_sync_init(mpci_sync *s, mpci_core *core, mpci_alloc *a, const mpconn_engine_config *cfg,
                   mpconn_time now)
{
    s->core = core;
    s->members.self = (uint16_t)cfg->member_id;
    s->members.told = (mpci_told){{cfg->mss_ipv4, cfg->mss_ipv6}, cfg->client_window, cfg->wscale};
    s->hello_due = MPCONN_TIME_NEVER;
    mpci_epochs_init(&s->epochs, cfg->key, cfg->key_len, core->timeouts.epoch_ns, now);
    mpci_frame_key_init(&s->key, &s->epochs.root);
    s->old_key = s->key;
    s->members.order_key = mpci_sipkey_derive(&s->epochs.root, "mpconn order", 0);
    if (cfg->n_members == 0) /* its own echoes must be told from those of an earlier life */
        return cfg->return_path == MPCONN_RETURN_ECHO ? draw_boot(s) : MPCONN_OK;
    s->members.list = mpci_alloc_array(a, cfg->n_members, sizeof *s->members.list, 8);
    s->frame = mpci_alloc_array(a, cfg->sync_mtu, 1, 8);
    if (s->members.list == NULL || s->frame == NULL)
        return MPCONN_ERR_NOMEM;
    s->frame_room = cfg->sync_mtu;
    take_ids(&s->members, cfg->members, cfg->n_members, now);
    s->hello_due = s->started = now;
    return draw_boot(s);
}

void mpci_sync_fini(mpci_sync *s, mpci_alloc *a)
{
    mpci_alloc_free(a, s->members.list);
    mpci_alloc_free(a, s->frame);
}

void mpci_sync_rekey(mpci_sync *s, const uint8_t *key, size_t len)
{
    mpci_epochs_rekey(&s->epochs, key, len, s->core->now);
    s->old_key = s->key;
    s->old_key_until = mpci_later(s->core->now, 2 * s->core->timeouts.epoch_ns);
    mpci_frame_key_init(&s->key, &s->epochs.root);
    s->members.order_key = mpci_sipkey_derive(&s->epochs.root, "mpconn order", 0);
    for (uint32_t i = 0; i < s->members.n; i++)
        s->members.list[i].behind = 1;
}

int mpci_sync_is_anybody_behind(const mpci_sync *s)
{
    if (s->core->now >= s->old_key_until)
        return 0;
    for (uint32_t i = 0; i < s->members.n; i++)
        if (s->members.list[i].up && s->members.list[i].behind)
            return 1;
    return 0;
}

uint64_t mpci_sync_who(const mpci_sync *s)
{
    int early = s->core->now - s->started < s->core->timeouts.member_down_ns;
    uint64_t who = 0;

    for (uint32_t i = 0; i < s->members.n; i++)
        if (s->members.list[i].up || (early && s->members.list[i].boot == 0))
            who |= UINT64_C(1) << i;
    return who;
}

int mpci_sync_anybody(const mpci_sync *s)
{
    return mpci_sync_has_members(s) && mpci_sync_who(s) != 0;
}

static void tell(const mpci_sync *s, const mpci_member *p, unsigned type)
{
    const mpci_core *core = s->core;
    mpconn_event ev;

    if (core->callbacks.event == NULL)
        return;
    MPCONN_STRUCT_INIT(&ev);
    ev.type = type;
    ev.member = p->id;
    core->callbacks.event(core->user, &ev);
}

void mpci_sync_conflict(mpci_sync *s, const mpci_member *p)
{
    tell(s, p, MPCONN_EVENT_MEMBER_CONFLICT);
}

void mpci_sync_differs(mpci_sync *s, mpci_member *p)
{
    mpci_sync_count(s, MPCONN_SYNC_PROFILE_DIFFERS);
    if (p->differs)
        return;
    p->differs = 1;
    tell(s, p, MPCONN_EVENT_MEMBER_DIFFERS);
}

void mpci_sync_heard(mpci_sync *s, mpci_member *p)
{
    p->heard = s->core->now;
    if (p->up)
        return;
    p->up = 1;
    mpci_sync_joins(s, p);
    tell(s, p, MPCONN_EVENT_MEMBER_UP);
}

void mpci_sync_tick(mpci_sync *s)
{
    mpconn_time now = s->core->now;

    if (s->hello_due > now)
        return;
    for (uint32_t i = 0; i < s->members.n; i++) {
        mpci_member *p = &s->members.list[i];

        if (!p->up || now - p->heard < s->core->timeouts.member_down_ns)
            continue;
        p->up = 0;
        tell(s, p, MPCONN_EVENT_MEMBER_DOWN);
    }
    mpci_sync_greet_all(s);
    s->hello_due = mpci_later(now, s->core->timeouts.hello_ns);
}
