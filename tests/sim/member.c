/* SPDX-License-Identifier: BSD-2-Clause */
/* The host of an engine. */
#include "sim/member.h"

#include <stdlib.h>
#include <string.h>

#include "sim/cluster.h"
#include "sim/util.h"
#include "sim/world.h"

#define LINK_CLIENT 11
#define LINK_SERVER 22
#define ROOM_AFTER 64

static const uint32_t link_of[2] = {LINK_CLIENT, LINK_SERVER};

static sim_schedule *schedule_of(const sim_member *m)
{
    return &m->node.world->schedule;
}

sim_time sim_member_now(const sim_member *m)
{
    return schedule_of(m)->now + m->cfg.skew;
}

static int send_packets(void *user, const mpconn_pkt *const *pkts, size_t n)
{
    sim_engine *e = user;
    sim_member *m = e->member;
    bool refused = m->no_room;

    e->made += n;
    for (size_t i = 0; i < n; i++) {
        const mpconn_pkt *p = pkts[i];

        sim_engine_made(e, sim_digest(p->data, p->len), "made %s to side %u link %u%s",
                        mpconn_reason_name(p->reason), p->side, (unsigned)p->link,
                        refused ? ", refused" : "");
        if (p->side > 1 || (p->link != link_of[p->side & 1] && p->link != MPCONN_LINK_NONE))
            sim_fail(m->node.world, "packet made for side %u with link %u", p->side,
                     (unsigned)p->link);
        if (e->which != 0 || refused)
            continue;
        if (m->n_outbox == m->cap_outbox) {
            m->cap_outbox = m->cap_outbox == 0 ? 16 : 2 * m->cap_outbox;
            m->outbox = sim_realloc(m->outbox, m->cap_outbox * sizeof(*m->outbox));
            m->outbox_side = sim_realloc(m->outbox_side, m->cap_outbox * sizeof(*m->outbox_side));
            m->outbox_reason =
                sim_realloc(m->outbox_reason, m->cap_outbox * sizeof(*m->outbox_reason));
        }
        m->outbox[m->n_outbox] = sim_frame_new(p->data, p->len);
        m->outbox_reason[m->n_outbox] = p->reason;
        m->outbox_side[m->n_outbox++] = p->side;
    }
    return refused ? -1 : (int)n;
}

static int send_frame(void *user, uint32_t to, const uint8_t *frame, size_t len)
{
    sim_engine *e = user;
    sim_member *m = e->member;

    (void)to; /* there is one other member */
    if (e->which != 0 || sim_sabotage_is(m, "members-deaf"))
        return 0;
    m->frames++;
    sim_cluster_note_frame(m, frame, len);
    sim_node_send(&m->node, SIM_MEMBER_PORT, sim_frame_new(frame, len));
    return 0;
}

static int fill_random(void *user, uint8_t *dst, size_t len)
{
    sim_engine *e = user;

    sim_rng_bytes(&e->random, dst, len);
    return 0;
}

static void release(void *user, uint64_t hold, unsigned reason)
{
    sim_engine *e = user;
    sim_member *m = e->member;
    sim_parcel **at = &m->held, **end = &m->released;

    sim_engine_told(e, hold, "released %llu: %s", (unsigned long long)hold,
                    mpconn_reason_name(reason));
    if (e->which != 0)
        return;
    sim_note(m->node.world, m->node.name, "release %llx: %s", (unsigned long long)(hold & 0xffffff),
             mpconn_reason_name(reason));
    /* it may speak of packets of this very call, whose verdict is not read yet */
    m->let_go = sim_realloc(m->let_go, (m->n_let_go + 1) * sizeof(*m->let_go));
    m->let_go[m->n_let_go++] = hold;
    while (*end != NULL)
        end = &(*end)->next;
    while (*at != NULL) {
        sim_parcel *p = *at;

        if (p->hold != hold || sim_sabotage_is(m, "forget-held")) {
            at = &p->next;
            continue;
        }
        *at = p->next;
        p->next = NULL;
        p->again = true;
        *end = p;
        end = &p->next;
    }
    if (m->released != NULL)
        sim_timer_set(schedule_of(m), &m->tick, schedule_of(m)->now);
}

enum mpconn_admit sim_member_admits(uint16_t server_port)
{
    return (enum mpconn_admit)(server_port % 10);
}

static int admit(void *user, const mpconn_admit_request *request)
{
    sim_engine *e = user;

    sim_engine_told(e, request->isn, "admit side %u suggests %u unproved %u", request->side,
                    request->suggestion, (unsigned)request->unproved);
    return (int)sim_member_admits(request->tuple.server_port);
}

static void event(void *user, const mpconn_event *ev)
{
    sim_engine *e = user;
    sim_member *m = e->member;

    sim_engine_told(e, ev->flow, "event %u: %s", (unsigned)ev->type, mpconn_reason_name(ev->reason));
    e->settled += ev->type == MPCONN_EVENT_SETTLED;
    e->ended += ev->type == MPCONN_EVENT_ENDED;
    if (e->which == 0 && ev->type == MPCONN_EVENT_SETTLED)
        sim_member_check_settled(m, ev);
    if (e->which == 0)
        sim_note(m->node.world, m->node.name, "%s port %u: %s",
                 ev->type == MPCONN_EVENT_SETTLED   ? "settled"
                 : ev->type == MPCONN_EVENT_REFUSED ? "refused"
                                                    : "ended",
                 ev->tuple.client_port, mpconn_reason_name(ev->reason));
}

/* The bytes with room around them, and nothing beyond that a sanitizer would not notice. */
static void prepare(sim_member *m, sim_parcel *p, unsigned which)
{
    mpconn_pkt *pkt = &p->pkt[which];
    uint32_t headroom = mpconn_engine_headroom(m->engine[which].eng);
    uint32_t skew = (uint32_t)(p->original->len + which) % 4;
    uint32_t len = p->original->len;

    if (p->room[which] == NULL) {
        p->room[which] = sim_alloc(headroom + skew + len + ROOM_AFTER);
        memcpy(p->room[which] + headroom + skew, p->original->data, len);
        memset(pkt, 0, sizeof(*pkt));
        pkt->data = p->room[which] + headroom + skew;
        pkt->len = len;
        pkt->cap = len + ROOM_AFTER;
        pkt->headroom = headroom;
    }
    pkt->side = (uint8_t)p->side;
    pkt->link = link_of[p->side];
    pkt->mark = p->original->len;
    pkt->flags = 0;
    if (m->cfg.vouch == SIM_VOUCH_PACKET)
        pkt->flags = MPCONN_PKT_F_CSUM_VERIFY;
    if (m->cfg.vouch == SIM_VOUCH_HOST)
        pkt->flags = p->bad ? MPCONN_PKT_F_CSUM_BAD : MPCONN_PKT_F_CSUM_OK;
    pkt->verdict = 0xee;
    pkt->reason = 0xffff;
}

static void free_parcel(sim_parcel *p)
{
    sim_frame_del(p->original);
    free(p->room[0]);
    free(p->room[1]);
    free(p);
}

static void send_out(sim_member *m, sim_frame *f, const sim_frame *original, unsigned side,
                     unsigned reason, bool made)
{
    if (!sim_sabotage_output(m, f, original, &side, reason, made)) {
        sim_frame_del(f);
        return;
    }
    sim_member_check_output(m, f, side, reason, made);
    m->forwarded++;
    sim_node_send(&m->node, side, f);
}

/* Packets the engine made go after the verdicts of the call that made them. */
static void send_made(sim_member *m)
{
    size_t n = m->n_outbox;

    m->n_outbox = 0;
    for (size_t i = 0; i < n; i++)
        send_out(m, m->outbox[i], NULL, m->outbox_side[i], m->outbox_reason[i], true);
}

static void keep(sim_member *m, sim_parcel *p)
{
    sim_parcel **end = &m->held;

    for (size_t i = 0; i < m->n_let_go; i++) {
        if (m->let_go[i] == p->pkt[0].flow && !sim_sabotage_is(m, "forget-held")) {
            end = &m->released;
            p->again = true;
            sim_timer_set(schedule_of(m), &m->tick, schedule_of(m)->now);
        }
    }
    while (*end != NULL)
        end = &(*end)->next;
    p->hold = p->pkt[0].flow;
    p->next = NULL;
    *end = p;
}

static void act_on_verdict(sim_member *m, sim_parcel *p)
{
    const mpconn_pkt *pkt = &p->pkt[0];

    sim_note(m->node.world, m->node.name, "%s: %s",
             pkt->verdict == MPCONN_VERDICT_DROP      ? "drop"
             : pkt->verdict == MPCONN_VERDICT_FORWARD ? "forward"
             : pkt->verdict == MPCONN_VERDICT_HOLD    ? "hold"
                                                      : "consumed",
             mpconn_reason_name(pkt->reason));
    if (pkt->verdict == MPCONN_VERDICT_HOLD) {
        sim_note(m->node.world, m->node.name, "under %llx", (unsigned long long)(pkt->flow & 0xffffff));
        keep(m, p);
        return;
    }
    if (pkt->verdict == MPCONN_VERDICT_FORWARD)
        send_out(m, sim_frame_new(pkt->data, pkt->len), p->original, pkt->side, pkt->reason, false);
    free_parcel(p);
}

/* One call of one engine for parcels first .. first + n - 1. */
static void call_engine(sim_member *m, unsigned which, sim_parcel **parcels, size_t n)
{
    mpconn_pkt **list = sim_alloc(n * sizeof(mpconn_pkt *));
    sim_engine *e = &m->engine[which];
    int rc;

    for (size_t i = 0; i < n; i++) {
        prepare(m, parcels[i], which);
        list[i] = &parcels[i]->pkt[which];
    }
    rc = mpconn_engine_input(e->eng, list, n, sim_member_now(m));
    if (rc != MPCONN_OK)
        sim_fail(m->node.world, "mpconn_engine_input returned %d", rc);
    for (size_t i = 0; i < n; i++) {
        e->in++;
        e->by_verdict[list[i]->verdict & 3]++;
        if (list[i]->reason < MPCONN_REASON_LIMIT)
            e->by_reason[list[i]->reason]++;
    }
    free(list);
}

static void swap_first_two(const sim_member *m, sim_parcel **parcels, size_t n)
{
    sim_parcel *first = parcels[0];

    if (n < 2 || !sim_sabotage_is(m, "batch-order"))
        return;
    parcels[0] = parcels[1];
    parcels[1] = first;
}

static void input(sim_member *m, sim_parcel **parcels, size_t n)
{
    size_t step[2];

    for (unsigned which = 0; which < 2; which++)
        step[which] = m->cfg.batch[which] == 0 ? n : m->cfg.batch[which];
    for (size_t i = 0; i < n; i++)
        sim_member_note_input(m, parcels[i]);
    swap_first_two(m, parcels, n);
    for (size_t at = 0; at < n; at += step[1])
        call_engine(m, 1, parcels + at, n - at < step[1] ? n - at : step[1]);
    swap_first_two(m, parcels, n);
    for (size_t at = 0; at < n; at += step[0]) {
        size_t now = n - at < step[0] ? n - at : step[0];

        call_engine(m, 0, parcels + at, now);
        for (size_t i = at; i < at + now && !m->node.world->failed; i++)
            sim_member_check_parcel(m, parcels[i]);
        for (size_t i = at; i < at + now; i++)
            act_on_verdict(m, parcels[i]);
        m->n_let_go = 0;
        send_made(m);
    }
}

static void set_expiry(sim_member *m)
{
    mpconn_time next = mpconn_engine_next_expiry(m->engine[0].eng);

    if (next == MPCONN_TIME_NEVER || sim_sabotage_is(m, "no-expiry"))
        sim_timer_cancel(schedule_of(m), &m->expiry);
    else
        sim_timer_set(schedule_of(m), &m->expiry, next - m->cfg.skew + m->cfg.late);
}

static void after_call(sim_member *m)
{
    bool did = m->engine[0].n_deeds[0] + m->engine[0].n_deeds[1] > 0;

    if (m->node.world->failed)
        return;
    sim_member_compare(m);
    if (did || ++m->calls % 64 == 0)
        sim_member_check_stats(m);
    set_expiry(m);
}

/* Whether the host takes what the engines make; not too often in a row, or nobody gets anywhere. */
static void draw_room(sim_member *m)
{
    m->no_room = m->refusals < 2 && sim_rng_chance(&m->rng, m->cfg.refuse_ppm);
    m->refusals = m->no_room ? m->refusals + 1 : 0;
}

static void tick_fired(void *arg)
{
    sim_member *m = arg;
    sim_parcel **list, *p;
    size_t n = 0, cap = 64;

    draw_room(m);
    list = sim_alloc(cap * sizeof(*list));
    for (unsigned source = 0; source < 2; source++) {
        for (p = source == 0 ? m->released : m->inbox; p != NULL; p = p->next) {
            if (n == cap)
                list = sim_realloc(list, (cap *= 2) * sizeof(*list));
            list[n++] = p;
        }
    }
    m->released = NULL;
    m->inbox = NULL;
    m->inbox_end = &m->inbox;
    input(m, list, n);
    free(list);
    after_call(m);
}

static void expire(sim_member *m, unsigned which)
{
    mpconn_engine *eng = m->engine[which].eng;
    sim_time now = sim_member_now(m);
    uint32_t done;

    for (unsigned i = 0; i == 0 || mpconn_engine_next_expiry(eng) <= now; i++) {
        if (mpconn_engine_expire(eng, m->cfg.budget, &done, now) != MPCONN_OK)
            sim_fail(m->node.world, "mpconn_engine_expire failed");
        if (i > 100000 || (m->cfg.budget == 0 && i > 0)) {
            sim_fail(m->node.world, "expiry never gets done");
            break;
        }
    }
}

static void expiry_fired(void *arg)
{
    sim_member *m = arg;

    draw_room(m);
    expire(m, 1);
    expire(m, 0);
    send_made(m);
    m->n_let_go = 0;
    after_call(m);
}

static void rekey_fired(void *arg)
{
    sim_member *m = arg;
    sim_time now = sim_member_now(m);

    sim_rng_bytes(&m->rng, m->key, sizeof(m->key));
    for (unsigned which = 0; which < 2; which++) {
        if (mpconn_engine_set_key(m->engine[which].eng, m->key, sizeof(m->key), now) != MPCONN_OK)
            sim_fail(m->node.world, "mpconn_engine_set_key failed");
    }
    sim_note(m->node.world, m->node.name, "new key");
    sim_timer_set(schedule_of(m), &m->rekey, schedule_of(m)->now + m->cfg.rekey);
    after_call(m);
}

static void kill_fired(void *arg)
{
    sim_member *m = arg;
    mpconn_flow_filter all;
    size_t killed[2];

    MPCONN_STRUCT_INIT(&all);
    for (unsigned which = 2; which-- > 0;) {
        if (mpconn_engine_kill(m->engine[which].eng, &all, &killed[which],
                               sim_member_now(m)) != MPCONN_OK)
            sim_fail(m->node.world, "mpconn_engine_kill failed");
    }
    sim_note(m->node.world, m->node.name, "killed %zu", killed[0]);
    if (killed[0] != killed[1])
        sim_fail(m->node.world, "killed %zu and %zu", killed[0], killed[1]);
    send_made(m);
    m->n_let_go = 0;
    after_call(m);
}

/* Both engines get it: their boot is the same, as they draw the same random numbers. */
static void take_frame(sim_member *m, sim_frame *frame)
{
    for (unsigned which = 2; which-- > 0;) {
        uint8_t *copy = sim_alloc(frame->len);
        uint32_t reason;

        memcpy(copy, frame->data, frame->len);
        if (mpconn_engine_sync_input(m->engine[which].eng, copy, frame->len, &reason,
                                     sim_member_now(m)) != MPCONN_OK)
            sim_fail(m->node.world, "mpconn_engine_sync_input failed");
        if (which == 0 && reason != MPCONN_SYNC_TAKEN)
            sim_note(m->node.world, m->node.name, "frame: %s", mpconn_sync_reason_name(reason));
        free(copy);
    }
    sim_frame_del(frame);
    send_made(m);
    m->n_let_go = 0;
    after_call(m);
}

static void member_receive(sim_node *node, unsigned port, sim_frame *frame)
{
    sim_member *m = (sim_member *)node;
    sim_parcel *p;
    enum sim_parse result;
    sim_segment seg;

    if (m->dead) {
        sim_frame_del(frame);
        return;
    }
    if (port == SIM_MEMBER_PORT) {
        take_frame(m, frame);
        return;
    }
    p = sim_alloc(sizeof(*p));
    p->original = frame;
    p->side = port;
    result = sim_segment_parse(&seg, frame->data, frame->len);
    p->bad = result != SIM_PARSE_OK && result != SIM_PARSE_NOT_TCP;
    *m->inbox_end = p;
    m->inbox_end = &p->next;
    if (!sim_timer_is_set(&m->tick))
        sim_timer_set(schedule_of(m), &m->tick, schedule_of(m)->now + m->cfg.gather);
}

static void free_list(sim_parcel *p)
{
    while (p != NULL) {
        sim_parcel *next = p->next;

        free_parcel(p);
        p = next;
    }
}

static void stop(sim_member *m)
{
    for (unsigned which = 0; which < 2; which++) {
        (void)mpconn_engine_del(m->engine[which].eng);
        free(m->engine[which].deeds[0]);
        free(m->engine[which].deeds[1]);
        memset(&m->engine[which], 0, sizeof(m->engine[which]));
    }
    free_list(m->inbox);
    free_list(m->held);
    free_list(m->released);
    for (size_t i = 0; i < m->n_outbox; i++)
        sim_frame_del(m->outbox[i]);
    m->inbox = m->held = m->released = NULL;
    m->inbox_end = &m->inbox;
    m->n_outbox = m->n_let_go = 0;
}

static void member_destroy(sim_node *node)
{
    sim_member *m = (sim_member *)node;
    sim_timer *const timers[] = {&m->tick, &m->expiry, &m->rekey, &m->kill};

    for (size_t i = 0; i < SIM_COUNT(timers); i++)
        sim_timer_cancel(schedule_of(m), timers[i]);
    stop(m);
    free(m->let_go);
    free(m->outbox);
    free(m->outbox_side);
    free(m->outbox_reason);
    sim_member_free_attempts(m);
    free(m);
}

static void start_engine(sim_member *m, unsigned which)
{
    sim_engine *e = &m->engine[which];
    mpconn_callbacks cb;
    int rc;

    e->member = m;
    e->which = which;
    sim_rng_init(&e->random, m->node.world->seed, m->node.name, 100 + m->lives);
    MPCONN_STRUCT_INIT(&cb);
    cb.send_packets = send_packets;
    cb.random = fill_random;
    cb.release = release;
    cb.event = event;
    cb.admit = m->cfg.admit ? admit : NULL;
    if (m->cluster != NULL) {
        cb.send_frame = send_frame;
        cb.seal = m->cfg.cipher ? sim_cluster_seal : NULL;
        cb.open = m->cfg.cipher ? sim_cluster_open : NULL;
    }
    rc = mpconn_engine_new(&e->eng, &m->cfg.engine, &cb, e, sim_member_now(m));
    if (rc != MPCONN_OK)
        sim_fail(m->node.world, "mpconn_engine_new returned %d", rc);
}

static void start(sim_member *m)
{
    start_engine(m, 0);
    start_engine(m, 1);
    if (m->cluster != NULL && !m->node.world->failed)
        set_expiry(m);
}

void sim_member_crash(sim_member *m)
{
    sim_schedule *s = schedule_of(m);

    sim_note(m->node.world, m->node.name, "stops");
    m->dead = true;
    sim_timer_cancel(s, &m->tick);
    sim_timer_cancel(s, &m->expiry);
    sim_member_forget_commits(m);
}

void sim_member_restart(sim_member *m)
{
    sim_member_crash(m);
    stop(m);
    m->lives++;
    m->dead = false;
    sim_note(m->node.world, m->node.name, "starts again");
    start(m);
}

sim_node *sim_member_new(struct sim_world *w, const char *name, const sim_member_config *cfg,
                         struct sim_cluster *cluster)
{
    static const sim_node_ops ops = {member_receive, member_destroy};
    sim_member *m = sim_alloc(sizeof(*m));

    sim_node_init(&m->node, w, name, &ops);
    m->cfg = *cfg;
    m->inbox_end = &m->inbox;
    m->attempts = m->own_attempts;
    m->cluster = cluster;
    sim_rng_init(&m->rng, w->seed, name, 0);
    sim_rng_bytes(&m->rng, m->key, sizeof(m->key));
    if (cluster != NULL)
        sim_cluster_join(cluster, m);
    m->cfg.engine.timeouts = &m->cfg.timeouts;
    m->cfg.engine.key = m->key;
    m->cfg.engine.key_len = sizeof(m->key);
    m->sabotage = sim_sabotage_find(w->sabotage);
    if (sim_sabotage_is(m, "chatty"))
        m->cfg.timeouts.defer_ns = SIM_MS;
    if (m->cfg.vouch == SIM_VOUCH_ENGINE)
        m->cfg.engine.flags |= MPCONN_ENGINE_F_VERIFY_CHECKSUMS;
    sim_timer_init(&m->tick, tick_fired, m);
    sim_timer_init(&m->expiry, expiry_fired, m);
    sim_timer_init(&m->rekey, rekey_fired, m);
    sim_timer_init(&m->kill, kill_fired, m);
    start(m);
    if (cfg->rekey > 0)
        sim_timer_set(&w->schedule, &m->rekey, w->schedule.now + cfg->rekey);
    if (cfg->kill > 0)
        sim_timer_set(&w->schedule, &m->kill, w->schedule.now + cfg->kill);
    return &m->node;
}

/* Nothing may outlive its time: tables empty, nothing held. */
static void check_empty(sim_member *m)
{
    mpconn_stats st;

    for (unsigned which = 0; which < 2; which++) {
        MPCONN_STRUCT_INIT(&st);
        (void)mpconn_engine_stats(m->engine[which].eng, &st);
        if (st.flows + st.wide_flows + st.handshakes + st.unproved + st.held_packets != 0 ||
            st.held_bytes != 0 || st.flows_settled != st.flows_ended)
            sim_fail(m->node.world,
                     "left at the end: %u flows, %u wide, %u handshakes, %u unproved, %u held",
                     st.flows, st.wide_flows, st.handshakes, st.unproved, st.held_packets);
    }
    if (m->held != NULL)
        sim_fail(m->node.world, "a packet was held and never released");
}

void sim_member_drain(sim_member *m)
{
    sim_schedule *s = schedule_of(m);
    sim_world *w = m->node.world;

    sim_timer_cancel(s, &m->rekey);
    m->cfg.late = SIM_SECOND;
    /* what time brings by and by, then, in one leap, whatever it could ever bring */
    for (unsigned i = 0; i < 500 && !w->failed && sim_schedule_next(s) != SIM_NEVER; i++)
        (void)sim_schedule_step(s);
    for (unsigned i = 0; i < 2; i++) {
        s->now += 24 * 3600 * SIM_SECOND;
        if (!w->failed && !sim_sabotage_is(m, "no-expiry"))
            expiry_fired(m);
    }
    if (!w->failed)
        sim_member_check_stats(m);
    if (!w->failed)
        check_empty(m);
}

uint64_t sim_member_repeats(const sim_member *m)
{
    const mpconn_engine *eng = m->engine[0].eng;

    return mpconn_engine_count(eng, MPCONN_REASON_SERVER_ACK_SENT) +
           mpconn_engine_count(eng, MPCONN_REASON_WINDOW_OPENED) - 2 * m->split_flows;
}

void sim_member_config_random(sim_rng *rng, sim_member_config *cfg)
{
    static const unsigned sizes[] = {1, 2, 7, 64, 0};

    memset(cfg, 0, sizeof(*cfg));
    MPCONN_STRUCT_INIT(&cfg->engine);
    MPCONN_STRUCT_INIT(&cfg->timeouts);
    cfg->engine.max_flows = 64u << sim_rng_below(rng, 4);
    cfg->engine.max_wide_flows = 64u << sim_rng_below(rng, 4);
    cfg->engine.max_handshakes = 64u << sim_rng_below(rng, 4);
    cfg->engine.wscale = (uint8_t)(1 + sim_rng_below(rng, 14));
    cfg->batch[0] = sizes[sim_rng_below(rng, SIM_COUNT(sizes))];
    cfg->batch[1] = cfg->batch[0] == 1 ? 0 : 1;
    cfg->gather = sim_rng_below(rng, 3) * 300 * SIM_US;
    cfg->late = sim_rng_below(rng, 3) * 20 * SIM_MS;
    cfg->budget = sim_rng_below(rng, 3) * 5;
    cfg->vouch = (enum sim_vouch)sim_rng_below(rng, 4);
}
