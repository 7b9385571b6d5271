/* SPDX-License-Identifier: BSD-2-Clause */
#include "echo/echo.h"

#include "echo/say.h"

/* Of what comes back others are told so often at most, for one network and server. */
#define TELL_AGAIN_NS MPCONN_SECOND

/* Less than what the member that has the link keeps it for. */
#define PATH_AGE_NS (MPCI_RETURN_LASTS_NS - 10 * MPCONN_SECOND)

/* A mute server is asked so often: by SYNs that come for the first time, and by those that come
 * again. */
enum { TRIES_A_SECOND = 1 };

/* An echo is taken to be out for so long: then its client comes again, or has proved the way. */
#define OUT_FOR_NS MPCONN_SECOND

/* Servers, SYNs of a kind, echoes that are out, and replies in fragments, that are remembered. */
enum { SERVERS = 1024, PRINTS = 4096, OUT = 1024, PIECES = 64 };

int mpci_echo_init(mpci_echo *e, mpci_alloc *a, const mpconn_engine_config *cfg)
{
    int rc;

    e->on = cfg->return_path == MPCONN_RETURN_ECHO;
    if (!e->on)
        return MPCONN_OK;
    e->rate = cfg->echo_rate;
    e->rate_server = cfg->echo_rate_server;
    e->fresh = mpci_alloc_array(a, cfg->n_members + 1, sizeof *e->fresh, 8);
    e->refused = mpci_alloc_array(a, PRINTS, sizeof *e->refused, 8);
    e->asked = mpci_alloc_array(a, PRINTS, sizeof *e->asked, 8);
    e->no_client = mpci_alloc_array(a, PRINTS, sizeof *e->no_client, 8);
    e->out = mpci_alloc_array(a, OUT, sizeof *e->out, 8);
    if (e->fresh == NULL || e->refused == NULL || e->asked == NULL || e->no_client == NULL ||
        e->out == NULL)
        return MPCONN_ERR_NOMEM;
    rc = mpci_returns_init(&e->returns, a, &e->core->table_key, cfg->max_return_paths);
    if (rc == MPCONN_OK)
        rc = mpci_servers_init(&e->servers, a, &e->core->table_key, SERVERS);
    if (rc == MPCONN_OK)
        rc = mpci_fragments_init(&e->pieces, a, PIECES);
    return rc;
}

void mpci_echo_fini(mpci_echo *e, mpci_alloc *a)
{
    mpci_returns_fini(&e->returns, a);
    mpci_servers_fini(&e->servers, a);
    mpci_fragments_fini(&e->pieces, a);
    mpci_alloc_free(a, e->fresh);
    mpci_alloc_free(a, e->refused);
    mpci_alloc_free(a, e->asked);
    mpci_alloc_free(a, e->no_client);
    mpci_alloc_free(a, e->out);
}

/* --- ways --- */

static int is_up(const mpci_echo *e, uint32_t member)
{
    const mpci_member *p = mpci_members_find(&e->sync->members, member);

    return p != NULL && p->up;
}

mpci_way mpci_echo_way_to_client(const mpci_echo *e, const mpconn_tuple *t)
{
    mpci_way way = {MPCI_WAY_NONE, MPCONN_LINK_NONE, MPCONN_MEMBER_ALL};
    const mpci_return *r = mpci_returns_find(&e->returns, t, e->core->now);
    uint32_t member = mpci_path_find_young(e->paths, &e->core->table_key, t, PATH_AGE_NS,
                                           e->core->now);

    if (r != NULL) {
        way.kind = MPCI_WAY_HERE;
        way.link = r->link;
    } else if (member != MPCI_NOBODY && is_up(e, member)) {
        way.kind = MPCI_WAY_MEMBER;
        way.member = member;
    } else if (mpci_sync_anybody(e->sync)) {
        way.kind = MPCI_WAY_ALL;
    }
    return way;
}

mpci_way mpci_echo_way_shown(const mpci_echo *e, const mpconn_tuple *t)
{
    const mpci_return *r = mpci_returns_find_caller(&e->returns, t, e->core->now);
    uint32_t member = mpci_path_find(e->paths, &e->core->table_key, t, e->core->now);

    if (r != NULL)
        return (mpci_way){MPCI_WAY_HERE, r->link, MPCONN_MEMBER_ALL};
    return (mpci_way){member != MPCI_NOBODY && is_up(e, member) ? MPCI_WAY_MEMBER : MPCI_WAY_NONE,
                      MPCONN_LINK_NONE, member};
}

/* Where a SYN is remembered among those, and what stands there then. */
static uint32_t *place_of(uint32_t *prints, uint64_t hash, uint32_t isn, uint32_t *print)
{
    uint64_t mixed = hash ^ ((uint64_t)isn << 32 | isn) * UINT64_C(0x9e3779b97f4a7c15);

    *print = (uint32_t)(mixed >> 32) | 1;
    return &prints[mixed % PRINTS];
}

static uint32_t *refused_at(mpci_echo *e, uint64_t hash, uint32_t isn, uint32_t *print)
{
    return place_of(e->refused, hash, isn, print);
}

static int was_asked_for(const mpci_echo *e, uint64_t hash, uint32_t isn)
{
    uint32_t print;

    return *place_of(e->asked, hash, isn, &print) == print;
}

mpci_way mpci_echo_way(const mpci_echo *e, const mpconn_tuple *t, uint64_t hash, uint32_t isn)
{
    mpci_way way = mpci_echo_way_to_client(e, t);
    const mpci_server *s;

    if (way.kind == MPCI_WAY_HERE || way.kind == MPCI_WAY_MEMBER)
        return way;
    s = mpci_servers_find(&e->servers, t);
    if (!mpci_server_is_mute(s, e->core->now))
        way.kind = MPCI_WAY_ECHO;
    else if (way.kind == MPCI_WAY_ALL &&
             !mpci_server_may_ask(s, was_asked_for(e, hash, isn), e->core->now))
        way.kind = MPCI_WAY_NONE;
    return way;
}

void mpci_echo_asks(mpci_echo *e, const mpconn_tuple *t, uint64_t hash, uint32_t isn)
{
    uint32_t print, *remembered = place_of(e->asked, hash, isn, &print);

    *remembered = print;
    mpci_server_asked(mpci_servers_take(&e->servers, t, e->core->now), e->core->now);
}

/* --- budgets --- */

static int take_one(const mpci_echo *e, mpci_budget *b, enum mpci_keep keep)
{
    if (!mpci_budget_has(b, e->rate, keep, e->core->now))
        return 0;
    mpci_budget_spend(b, e->rate, e->core->now);
    return 1;
}

/* A client that comes again is more likely to be one than the first SYN of a flood. */
static int has_for_syn(mpci_echo *e, const mpci_budget *b, uint64_t hash, uint32_t isn)
{
    uint32_t print, *remembered = refused_at(e, hash, isn, &print);
    enum mpci_keep keep = *remembered == print ? MPCI_KEEP_NOTHING : MPCI_KEEP_HALF;

    if (mpci_budget_has(b, e->rate, keep, e->core->now))
        return 1;
    *remembered = print;
    return 0;
}

/* For having been refused once it goes first once. */
static void spend_for_syn(mpci_echo *e, mpci_budget *b, uint64_t hash, uint32_t isn)
{
    uint32_t print, *remembered = refused_at(e, hash, isn, &print);

    if (*remembered == print)
        *remembered = 0;
    mpci_budget_spend(b, e->rate, e->core->now);
}

int mpci_echo_may_pass(mpci_echo *e, uint64_t hash, uint32_t isn)
{
    return has_for_syn(e, &e->unsplit, hash, isn);
}

void mpci_echo_passes(mpci_echo *e, uint64_t hash, uint32_t isn)
{
    spend_for_syn(e, &e->unsplit, hash, isn);
}

int mpci_echo_may_say_answer(mpci_echo *e, uint64_t hash, uint32_t isn)
{
    if (!has_for_syn(e, &e->say, hash, isn))
        return 0;
    spend_for_syn(e, &e->say, hash, isn);
    return 1;
}

int mpci_echo_may_say(mpci_echo *e)
{
    return take_one(e, &e->say, MPCI_KEEP_HALF);
}

static mpci_echo_out *out_at(const mpci_echo *e, const mpconn_tuple *t, uint32_t *print)
{
    uint64_t hash = mpci_path_hash(&e->core->table_key, t);

    *print = (uint32_t)(hash >> 32) | 1;
    return &e->out[hash % OUT];
}

/* The way that an echo finds is that of all clients of its network. */
static int one_is_out(const mpci_echo *e, const mpconn_tuple *t)
{
    uint32_t print;
    const mpci_echo_out *out = out_at(e, t, &print);

    return out->print == print && e->core->now - out->since < OUT_FOR_NS;
}

/* The server to which an echo may be sent, or NULL. */
static mpci_server *find_room(mpci_echo *e, const mpconn_tuple *t, enum mpci_keep keep)
{
    mpconn_time now = e->core->now;
    mpci_server *s;

    if (!mpci_budget_has(&e->all, e->rate, keep, now))
        return NULL;
    s = mpci_servers_take(&e->servers, t, now);
    return mpci_budget_has(&s->budget, e->rate_server, keep, now) ? s : NULL;
}

static void send_to(mpci_echo *e, mpci_server *s, mpconn_echo *out)
{
    mpconn_time now = e->core->now;

    mpci_budget_spend(&s->budget, e->rate_server, now);
    mpci_budget_spend(&e->all, e->rate, now);
    mpci_server_pinged(s, now);
    out->number = ++e->number;
    out->id = (uint16_t)out->number;
}

int mpci_echo_may_send(mpci_echo *e, mpconn_echo *out, const mpconn_tuple *t, uint64_t hash,
                       uint32_t isn)
{
    uint32_t print, network, *remembered = refused_at(e, hash, isn, &print);
    mpci_echo_out *place = out_at(e, t, &network);
    enum mpci_keep keep = *remembered == print ? MPCI_KEEP_NOTHING
                          : one_is_out(e, t)   ? MPCI_KEEP_MOST
                                               : MPCI_KEEP_HALF;
    mpci_server *s = find_room(e, t, keep);

    if (s == NULL) {
        *remembered = print;
        return 0;
    }
    *remembered = 0;
    *place = (mpci_echo_out){network, e->core->now};
    send_to(e, s, out);
    return 1;
}

int mpci_echo_is_mute(const mpci_echo *e, const mpconn_tuple *t)
{
    return mpci_server_is_mute(mpci_servers_find(&e->servers, t), e->core->now);
}

/* Whose SYN comes again is remembered apart (~hash): it was not refused, and must not go before
 * those that were. */
int mpci_echo_may_try(mpci_echo *e, mpconn_echo *out, const mpconn_tuple *t, uint64_t hash,
                      uint32_t isn)
{
    mpci_server *s = mpci_servers_find(&e->servers, t);
    mpconn_time now = e->core->now;
    uint32_t print, *remembered = refused_at(e, ~hash, isn, &print);
    unsigned again = *remembered == print;

    if (!mpci_server_is_mute(s, now))
        return 0;
    if (!mpci_budget_has(&s->tries[again], TRIES_A_SECOND, MPCI_KEEP_NOTHING, now) ||
        find_room(e, t, again ? MPCI_KEEP_NOTHING : MPCI_KEEP_HALF) == NULL) {
        *remembered = print;
        return 0;
    }
    *remembered = 0;
    mpci_budget_spend(&s->tries[again], TRIES_A_SECOND, now);
    send_to(e, s, out);
    return 1;
}

/* --- what an echo says --- */

/* Of the frames of this member, of which the others hear one a second at least. Where there are no
 * others it has to know its own echoes only, and time does. */
static uint64_t own_progress(const mpci_echo *e)
{
    return mpci_sync_has_members(e->sync) ? e->progress : e->core->now / MPCONN_SECOND;
}

void mpci_echo_fill(mpci_echo *e, mpconn_echo *out, const mpconn_tuple *t, unsigned kind,
                    uint32_t link)
{
    const mpci_server *s = mpci_servers_find(&e->servers, t);
    const mpci_members *m = &e->sync->members;

    MPCONN_STRUCT_INIT(out);
    out->kind = (uint8_t)kind;
    out->hop_limit = e->core->hop_limit;
    out->origin = m->self;
    out->origin_link = (uint16_t)link;
    out->epoch = (uint32_t)e->sync->epochs.number;
    out->boot = mpci_fresh_boot(m->boot);
    out->heard = (uint32_t)own_progress(e);
    out->flags = s != NULL && mpci_server_is_to_be_cut(s, e->core->now) ? MPCONN_ECHO_F_SHORT : 0;
}

static void sample(mpci_echo *e)
{
    const mpci_members *m = &e->sync->members;

    for (uint32_t i = 0; i < m->n; i++) {
        const mpci_member *p = &m->list[i];

        if (p->boot != 0)
            mpci_fresh_sample(&e->fresh[i], p->boot, p->taken.highest, e->core->now);
    }
    mpci_fresh_sample(&e->fresh[m->n], m->boot, own_progress(e), e->core->now);
}

void mpci_echo_tick(mpci_echo *e)
{
    if (!e->on)
        return;
    sample(e);
}

void mpci_echo_note_progress(mpci_echo *e)
{
    e->progress = e->sync->sequence;
}

void mpci_echo_rekey(mpci_echo *e)
{
    e->old_root = e->sync->epochs.root;
}

unsigned mpci_echo_judge(mpci_echo *e, const mpconn_echo *echo)
{
    const mpci_members *m = &e->sync->members;
    int own = echo->origin == m->self;
    const mpci_member *p = own ? NULL : mpci_members_find(m, echo->origin);
    mpci_fresh *f;

    if (!own && (p == NULL || !p->up))
        return MPCONN_REASON_ECHO_STRANGER;
    sample(e);
    f = &e->fresh[own ? m->n : (uint32_t)(p - m->list)];
    if (!mpci_fresh_is_young(f, echo->boot, echo->heard, e->core->now))
        return MPCONN_REASON_ECHO_OLD;
    return mpci_fresh_take(f, echo->number) ? 0 : MPCONN_REASON_ECHO_REPEATED;
}

/* --- what is learned --- */

/* Who is answered by this link can prove it. */
static mpci_return *learn(mpci_echo *e, const mpconn_tuple *t, uint32_t isn,
                          const mpconn_echo *echo, uint32_t link)
{
    if (echo->kind == MPCONN_ECHO_LEARN)
        return mpci_returns_show(&e->returns, t, link, echo->origin, e->core->now);
    return mpci_returns_learn(&e->returns, t, isn, link, echo->origin, e->core->now);
}

int mpci_echo_came_back(mpci_echo *e, const mpconn_tuple *t, uint32_t isn,
                        const mpconn_echo *echo, uint32_t link)
{
    int own = echo->origin == e->sync->members.self;
    mpci_return *r = learn(e, t, isn, echo, link);

    if (r != NULL)
        r->origin_link = echo->origin_link;
    if (own) {
        mpci_path_learn(e->paths, &e->core->table_key, t, MPCI_NOBODY, e->core->now);
        mpci_server_answered(mpci_servers_take(&e->servers, t, e->core->now),
                             (echo->flags & MPCONN_ECHO_F_SHORT) != 0, e->core->now);
        return 0;
    }
    if ((r != NULL && r->told && e->core->now - r->told_at < TELL_AGAIN_NS) ||
        !take_one(e, &e->told, MPCI_KEEP_NOTHING))
        return 0;
    if (r != NULL) {
        r->told = 1;
        r->told_at = e->core->now;
    }
    return 1;
}

void mpci_echo_told_path(mpci_echo *e, const mpconn_tuple *t, unsigned code, uint32_t from)
{
    mpconn_time now = e->core->now;
    mpci_server *s;

    if (!e->on)
        return;
    if (code == MPCI_PATH_UNKNOWN) {
        if (mpci_path_find(e->paths, &e->core->table_key, t, now) == from)
            mpci_path_learn(e->paths, &e->core->table_key, t, MPCI_NOBODY, now);
        return;
    }
    if (code != MPCI_PATH_HERE && code != MPCI_PATH_CUT && code != MPCI_PATH_SAID)
        return; /* of a later version */
    s = mpci_servers_take(&e->servers, t, now);
    if (code == MPCI_PATH_SAID) {
        mpci_path_learn(e->paths, &e->core->table_key, t, from, now);
        s->asked = 0;
        return;
    }
    mpci_path_hint(e->paths, &e->core->table_key, t, from, now);
    mpci_server_answered(s, code == MPCI_PATH_CUT, now);
}

void mpci_echo_told_no_client(mpci_echo *e, uint64_t hash, uint32_t from)
{
    uint32_t print, *remembered = place_of(e->no_client, hash, from, &print);

    *remembered = print;
}

int mpci_echo_has_no_client(const mpci_echo *e, uint64_t hash, uint32_t member)
{
    uint32_t print;

    return *place_of(e->no_client, hash, member, &print) == print;
}

void mpci_echo_proved(mpci_echo *e, const mpconn_tuple *t, uint32_t isn)
{
    if (e->on)
        mpci_returns_prove(&e->returns, t, isn);
}

void mpci_echo_saw_server(mpci_echo *e, const mpconn_tuple *t, uint32_t link)
{
    if (e->on && link != MPCONN_LINK_NONE)
        mpci_returns_saw(&e->returns, t, link, e->core->now);
}
