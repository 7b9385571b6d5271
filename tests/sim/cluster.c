/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/util.h"
#include "sim/world.h"
#include "sync/frame.h"
#include "sync/record.h"

/* A node with the host on port 0 and a member on each of the ports from 1 on. */
typedef struct fork_node {
    sim_node node;
    sim_cluster *cluster;
    unsigned side;
} fork_node;

static unsigned ports_of(const sim_frame *f)
{
    sim_segment seg;

    if (sim_segment_parse(&seg, f->data, f->len) == SIM_PARSE_MALFORMED)
        return 0;
    return (unsigned)seg.sport + seg.dport;
}

static void fork_receive(sim_node *node, unsigned port, sim_frame *frame)
{
    fork_node *f = (fork_node *)node;
    sim_cluster *c = f->cluster;
    unsigned to = 0;

    if (port != 0) {
        sim_node_send(node, 0, frame);
        return;
    }
    switch (c->way[f->side]) {
    case SIM_WAY_A:
        to = SIM_A;
        break;
    case SIM_WAY_B:
        to = SIM_B;
        break;
    case SIM_WAY_C:
        to = SIM_C;
        break;
    case SIM_WAY_SPRAY:
        to = sim_rng_below(&c->rng, c->size);
        break;
    case SIM_WAY_FLOW:
        to = (unsigned)(sim_mix(c->world->seed + f->side, ports_of(frame)) % c->size);
        break;
    }
    sim_node_send(node, 1 + to, frame);
}

static void fork_destroy(sim_node *node)
{
    free(node);
}

static sim_node *fork_new(sim_cluster *c, const char *name, unsigned side)
{
    static const sim_node_ops ops = {fork_receive, fork_destroy};
    fork_node *f = sim_alloc(sizeof(*f));

    sim_node_init(&f->node, c->world, name, &ops);
    f->cluster = c;
    f->side = side;
    return &f->node;
}

sim_cluster *sim_cluster_new(struct sim_world *w, enum sim_way from_client,
                             enum sim_way from_server)
{
    sim_cluster *c = sim_alloc(sizeof(*c));

    w->cluster = c;
    /* Who marks duplicates for a server without SACK may not have seen what the client sent. */
    w->tolerated[SIM_C_SACK_UNSENT] = true;
    c->world = w;
    c->way[SIM_CLIENT] = from_client;
    c->way[SIM_SERVER] = from_server;
    sim_rng_init(&c->rng, w->seed, "cluster", 0);
    c->id[SIM_A] = (uint16_t)sim_rng_below(&c->rng, 65535);
    do {
        c->id[SIM_B] = (uint16_t)sim_rng_below(&c->rng, 65535);
    } while (c->id[SIM_A] == c->id[SIM_B]);
    c->size = 2;
    c->skew = 1000 * SIM_SECOND;
    c->oob_quality.delay = sim_rng_between(&c->rng, 100, 20000) * SIM_US;
    return c;
}

void sim_cluster_grow(sim_cluster *c)
{
    c->size = 3;
    do {
        c->id[SIM_C] = (uint16_t)sim_rng_below(&c->rng, 65535);
    } while (c->id[SIM_C] == c->id[SIM_A] || c->id[SIM_C] == c->id[SIM_B]);
}

void sim_cluster_del(sim_cluster *c)
{
    for (unsigned i = 0; c != NULL && i < c->n_steps; i++)
        sim_timer_cancel(&c->world->schedule, &c->steps[i].timer);
    free(c);
}

/* One key, one profile; but each its own name, clock and shape of batches. */
void sim_cluster_join(sim_cluster *c, sim_member *m)
{
    mpconn_engine_config *e = &m->cfg.engine;
    static const unsigned sizes[] = {1, 2, 7, 64, 0};

    m->place = c->n++;
    c->member[m->place] = m;
    e->member_id = c->id[m->place];
    e->members = c->others[m->place];
    for (unsigned i = 0; i < c->size; i++) {
        if (i != m->place)
            c->others[m->place][e->n_members++] = c->id[i];
    }
    if (m->place == SIM_A)
        return;
    if (c->one_splits)
        e->split_mode = MPCONN_SPLIT_ALWAYS;
    m->attempts = c->member[SIM_A]->own_attempts;
    memcpy(m->key, c->member[SIM_A]->key, sizeof(m->key));
    m->cfg.skew = sim_rng_between(&c->rng, 0, c->skew / SIM_MS) * SIM_MS;
    m->cfg.batch[0] = sizes[sim_rng_below(&c->rng, SIM_COUNT(sizes))];
    m->cfg.batch[1] = m->cfg.batch[0] == 1 ? 0 : 1;
}

/* Of a member, toward another one. */
static unsigned port_toward(unsigned from, unsigned to)
{
    return SIM_MEMBER_PORT + (to < from ? to : to - 1);
}

static void link_members(sim_cluster *c)
{
    for (unsigned i = 0, n = 0; i < c->size; i++) {
        for (unsigned j = i + 1; j < c->size; j++)
            c->oob[n++] = sim_link_new(c->world, &c->member[i]->node, port_toward(i, j),
                                       &c->member[j]->node, port_toward(j, i), &c->oob_quality);
    }
}

void sim_cluster_send_frame(sim_member *m, uint32_t id, const uint8_t *frame, size_t len)
{
    const sim_cluster *c = m->cluster;

    for (unsigned i = 0; i < c->size; i++) {
        if (i != m->place && (id == MPCONN_MEMBER_ALL || id == c->id[i]))
            sim_node_send(&m->node, port_toward(m->place, i), sim_frame_new(frame, len));
    }
}

static void link_member(sim_cluster *c, sim_node *forks[2], unsigned i,
                        const sim_quality *to_client, const sim_quality *to_server)
{
    struct sim_world *w = c->world;
    static const char *const names[SIM_MEMBERS] = {"A", "B", "C"};
    sim_node *m = sim_member_new(w, names[i], &w->member_config, c);

    sim_link_new(w, forks[SIM_CLIENT], 1 + i, m, 0, to_client);
    sim_link_new(w, m, 1, forks[SIM_SERVER], 1 + i, to_server);
}

void sim_cluster_build(sim_cluster *c, const sim_quality *to_client, const sim_quality *to_server)
{
    struct sim_world *w = c->world;
    sim_quality none = {0};
    sim_node *forks[2];

    if (w->plain) {
        sim_world_in_row(w, to_client, to_server);
        return;
    }
    sim_world_add_hosts(w);
    w->member_config.cipher = sim_rng_coin(&c->rng) || w->sabotage != NULL;
    forks[SIM_CLIENT] = fork_new(c, "near", SIM_CLIENT);
    forks[SIM_SERVER] = fork_new(c, "far", SIM_SERVER);
    w->client_link = sim_link_new(w, &w->client->node, 0, forks[SIM_CLIENT], 0, &none);
    w->server_link = sim_link_new(w, forks[SIM_SERVER], 0, &w->server->node, 0, &none);
    for (unsigned i = 0; i < c->size; i++)
        link_member(c, forks, i, to_client, to_server);
    link_members(c);
}

static void set_oob(sim_cluster *c, const sim_quality *q)
{
    for (unsigned i = 0; i < SIM_MEMBERS; i++) {
        if (c->oob[i] != NULL)
            c->oob[i]->pipe[0].quality = c->oob[i]->pipe[1].quality = *q;
    }
}

static void step_fired(void *arg)
{
    sim_step *s = arg;
    sim_cluster *c = s->cluster;
    sim_quality cut = {.loss_ppm = 1000000};

    if (c->n == 0)
        return;
    switch (s->kind) {
    case SIM_STEP_MOVE:
        sim_note(c->world, "routes", "client %u, server %u", s->way[0], s->way[1]);
        memcpy(c->way, s->way, sizeof(c->way));
        break;
    case SIM_STEP_CUT:
        sim_note(c->world, "members", "cut off");
        set_oob(c, &cut);
        break;
    case SIM_STEP_MEND:
        sim_note(c->world, "members", "connected");
        set_oob(c, &c->oob_quality);
        break;
    case SIM_STEP_RESTART:
        sim_member_restart(c->member[s->arg]);
        break;
    case SIM_STEP_MUTE:
        sim_note(c->world, "server", s->arg != 0 ? "answers no ping" : "answers pings");
        c->world->server->mute = s->arg != 0;
        break;
    case SIM_STEP_CRASH:
        sim_member_crash(c->member[s->arg]);
        break;
    }
}

sim_step *sim_cluster_at(sim_cluster *c, sim_time when, enum sim_step_kind kind)
{
    sim_schedule *schedule = &c->world->schedule;
    sim_step *s = &c->steps[c->n_steps++];

    s->cluster = c;
    s->kind = kind;
    sim_timer_init(&s->timer, step_fired, s);
    sim_timer_set(schedule, &s->timer, schedule->now + when);
    return s;
}

unsigned sim_cluster_lives(const sim_cluster *c)
{
    unsigned n = 0;

    for (unsigned i = 0; i < c->n; i++)
        n += 1 + c->member[i]->lives;
    return n;
}

/* Calls `each` for the records of a frame; false when it is none. */
static bool each_record(const uint8_t *frame, size_t len,
                        void (*each)(void *arg, const mpci_record *r), void *arg)
{
    mpci_frame header;
    mpci_record_context context = {0};
    mpci_reader r, body;
    mpci_record record;

    if (mpci_frame_parse(&header, frame, len) != MPCONN_SYNC_TAKEN)
        return false;
    r = mpci_reader_of(frame + MPCI_FRAME_HEADER, len - MPCI_FRAME_HEADER - MPCI_FRAME_TAG);
    while (mpci_reader_left(&r) > 0) {
        if (mpci_record_decode(&r, &context, &record, &body) != MPCI_RECORD_OK)
            return false;
        each(arg, &record);
    }
    return true;
}

static void count_record(void *arg, const mpci_record *r)
{
    sim_member *m = arg;

    m->records[r->type % SIM_RECORDS]++;
}

void sim_cluster_note_frame(sim_member *m, const uint8_t *frame, size_t len)
{
    if (!each_record(frame, len, count_record, m))
        sim_fail(m->node.world, "%s: a frame that cannot be read", m->node.name);
}

static void describe_record(void *arg, const mpci_record *r)
{
    char *line = arg;
    size_t used = strlen(line);

    if (r->type == MPCI_RECORD_HELLO)
        snprintf(line + used, 200 - used, " HELLO");
    else
        snprintf(line + used, 200 - used,
                 " %s(port %u x %08x flags %u code %u y %08x z %08x D %08x life %02x)",
                 mpci_record_name(r->type), r->tuple.client_port, (unsigned)r->client_isn,
                 r->flags, r->code, (unsigned)r->proxy_isn, (unsigned)r->server_isn,
                 (unsigned)r->seq_offset, r->state);
}

void sim_cluster_describe(const uint8_t *frame, size_t len, char *dst, size_t cap)
{
    char line[200] = "";

    if (!each_record(frame, len, describe_record, line))
        line[0] = '\0';
    snprintf(dst, cap, "%s", line);
}

static void digest_of(const uint8_t *header, size_t header_len, const uint8_t *records, size_t len,
                      uint8_t tag[16])
{
    uint64_t a = sim_digest(header, header_len), b = sim_digest(records, len);

    memcpy(tag, &a, 8);
    memcpy(tag + 8, &b, 8);
}

int sim_cluster_seal(void *user, const uint8_t *header, size_t header_len, uint8_t *records,
                     size_t len, uint8_t *tag)
{
    (void)user;
    digest_of(header, header_len, records, len, tag);
    return 0;
}

int sim_cluster_open(void *user, const uint8_t *header, size_t header_len, uint8_t *records,
                     size_t len, const uint8_t *tag)
{
    const sim_engine *e = user;
    uint8_t expected[16];

    digest_of(header, header_len, records, len, expected);
    if (memcmp(expected, tag, sizeof(expected)) != 0)
        return -1;
    sim_sabotage_records(e->member, records, len);
    return 0;
}
