/* SPDX-License-Identifier: BSD-2-Clause */
/* The life of a member, and its timers. */
#include "sim/member.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/cluster.h"
#include "sim/meeting.h"
#include "sim/util.h"
#include "sim/world.h"

static sim_schedule *schedule_of(const sim_member *m)
{
    return &m->node.world->schedule;
}

sim_time sim_member_now(const sim_member *m)
{
    return schedule_of(m)->now + m->cfg.skew;
}

void sim_member_wake(sim_member *m)
{
    if (!m->dead)
        sim_timer_set(schedule_of(m), &m->tick, schedule_of(m)->now);
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

    if (m->node.world->failed || m->dead)
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
    sim_member_input(m, list, n);
    free(list);
    after_call(m);
}

static void expire(sim_member *m, unsigned which)
{
    recorder *r = &m->recorder[which];
    sim_time now = sim_member_now(m);
    uint32_t done;

    for (unsigned i = 0; i == 0 || mpconn_engine_next_expiry(r->engine) <= now; i++) {
        if (recorder_expire(r, m->cfg.budget, &done, now) != MPCONN_OK)
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
    sim_member_send_made(m);
    m->n_let_go = 0;
    after_call(m);
}

static void rekey_fired(void *arg)
{
    sim_member *m = arg;
    sim_time now = sim_member_now(m);

    sim_rng_bytes(&m->rng, m->key, sizeof(m->key));
    for (unsigned which = 0; which < 2; which++) {
        if (recorder_set_key(&m->recorder[which], m->key, sizeof(m->key), now) != MPCONN_OK)
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
        if (recorder_kill(&m->recorder[which], &all, &killed[which], sim_member_now(m)) !=
            MPCONN_OK)
            sim_fail(m->node.world, "mpconn_engine_kill failed");
    }
    sim_note(m->node.world, m->node.name, "killed %zu", killed[0]);
    if (killed[0] != killed[1])
        sim_fail(m->node.world, "killed %zu and %zu", killed[0], killed[1]);
    sim_member_send_made(m);
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
        if (recorder_sync_input(&m->recorder[which], copy, frame->len, &reason,
                                sim_member_now(m)) != MPCONN_OK)
            sim_fail(m->node.world, "mpconn_engine_sync_input failed");
        if (which == 0 && reason != MPCONN_SYNC_TAKEN)
            sim_note(m->node.world, m->node.name, "frame: %s", mpconn_sync_reason_name(reason));
        free(copy);
    }
    sim_frame_del(frame);
    sim_member_send_made(m);
    m->n_let_go = 0;
    after_call(m);
}

/* Whether it is still there to take it. */
static bool packet_arrives(sim_member *m, unsigned port, const sim_segment *seg)
{
    sim_moment_came(m, SIM_MOMENT_ARRIVES,
                    sim_moment_packet(seg->flags, seg->n_payload > 0, port == SIM_SERVER));
    return !m->dead;
}

static void member_receive(sim_node *node, unsigned port, sim_frame *frame)
{
    sim_member *m = (sim_member *)node;
    sim_parcel *p;
    enum sim_parse result;
    sim_segment seg = {0};

    if (port >= SIM_MEMBER_PORT && !m->dead) {
        take_frame(m, frame);
        return;
    }
    result = sim_segment_parse(&seg, frame->data, frame->len);
    if (!packet_arrives(m, port, &seg)) {
        sim_frame_del(frame);
        return;
    }
    p = sim_alloc(sizeof(*p));
    p->original = frame;
    p->side = port;
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

        sim_member_free_parcel(p);
        p = next;
    }
}

static void stop(sim_member *m)
{
    for (unsigned which = 0; which < 2; which++) {
        (void)recorder_del(&m->recorder[which]);
        free(m->engine[which].deeds[0]);
        free(m->engine[which].deeds[1]);
        memset(&m->engine[which], 0, sizeof(m->engine[which]));
    }
    free_list(m->inbox);
    free_list(m->held);
    free_list(m->released);
    for (size_t i = 0; i < m->n_outbox; i++)
        sim_frame_del(m->outbox[i].frame);
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
    if (!recorder_close(&m->recorder[0]))
        fprintf(stderr, "%s: not all of its trace could be written\n", m->node.name);
    free(m->let_go);
    free(m->outbox);
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
    sim_member_hooks(m, &cb);
    rc = recorder_new(&m->recorder[which], &m->cfg.engine, &cb, e, sim_member_now(m));
    e->eng = m->recorder[which].engine;
    if (rc != MPCONN_OK)
        sim_fail(m->node.world, "mpconn_engine_new returned %d", rc);
}

/* Of the two engines the one whose packets go on; all its lives in one trace. */
static void start_recording(sim_member *m)
{
    struct sim_world *w = m->node.world;
    char path[512];

    snprintf(path, sizeof(path), "%s%s", w->record, m->node.name);
    if (!recorder_open(&m->recorder[0], path))
        sim_fail(w, "%s: %s", path, strerror(errno));
}

static void start(sim_member *m)
{
    if (m->cfg.bridge)
        sim_bridge_start(m);
    start_engine(m, 0);
    start_engine(m, 1);
    if (m->node.world->meeting != NULL && !m->node.world->failed)
        sim_meeting_start(m);
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
    if (w->record != NULL)
        start_recording(m);
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
    if (m->node.world->meeting != NULL)
        sim_meeting_check_idle(m, false);
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
