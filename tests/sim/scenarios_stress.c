/* SPDX-License-Identifier: BSD-2-Clause */
/* Floods, full tables, new keys, damaged packets, hosts without room, many connections. */
#include "sim/scenario.h"

#include <stdlib.h>
#include <string.h>

/* Somebody who sends SYNs, and guesses at ACKs, from addresses that are not his. */
typedef struct flooder {
    sim_node node;
    sim_rng rng;
    sim_timer timer;
    sim_time gap;
    unsigned left;
} flooder;

static void flood(void *arg)
{
    flooder *f = arg;
    sim_schedule *s = &f->node.world->schedule;
    sim_segment seg;
    bool ipv6 = sim_rng_chance(&f->rng, 300000);

    memset(&seg, 0, sizeof(seg));
    seg.src = ipv6 ? sim_addr_ipv6(99, sim_rng_u32(&f->rng))
                   : sim_addr_ipv4(0xc6120000 | sim_rng_below(&f->rng, 0x20000));
    seg.dst = sim_world_server_addr(ipv6 ? 6 : 4, sim_rng_below(&f->rng, 4));
    seg.sport = (uint16_t)sim_rng_between(&f->rng, 1, 65535);
    seg.dport = 80;
    seg.seq = sim_rng_u32(&f->rng);
    seg.flags = SIM_SYN;
    seg.window = 65535;
    seg.ttl = 60;
    seg.has_mss = true;
    seg.mss = 1460;
    if (sim_rng_coin(&f->rng)) {
        seg.has_ts = seg.has_wscale = seg.has_sack_permitted = true;
        seg.tsval = sim_rng_u32(&f->rng);
    }
    if (sim_rng_chance(&f->rng, 200000)) {
        seg.flags = SIM_ACK;
        seg.ack = sim_rng_u32(&f->rng);
        seg.has_mss = seg.has_wscale = seg.has_sack_permitted = false;
    }
    sim_node_send(&f->node, 0, sim_frame_of(&seg));
    if (--f->left > 0)
        sim_timer_set(s, &f->timer, s->now + sim_rng_between(&f->rng, 0, 2 * f->gap));
}

static void flooder_receive(sim_node *node, unsigned port, sim_frame *frame)
{
    (void)node;
    (void)port;
    sim_frame_del(frame);
}

static void flooder_destroy(sim_node *node)
{
    flooder *f = (flooder *)node;

    sim_timer_cancel(&node->world->schedule, &f->timer);
    free(f);
}

static sim_node *flooder_new(sim_world *w, unsigned packets, sim_time gap)
{
    static const sim_node_ops ops = {flooder_receive, flooder_destroy};
    flooder *f = sim_alloc(sizeof(*f));

    sim_node_init(&f->node, w, "flooder", &ops);
    sim_rng_init(&f->rng, w->seed, "flooder", 0);
    f->left = packets;
    f->gap = gap;
    sim_timer_init(&f->timer, flood, f);
    sim_timer_set(&w->schedule, &f->timer, w->schedule.now);
    return &f->node;
}

static int route_to_clients(const sim_addr *dst, void *arg)
{
    (void)arg;
    if (dst->family == 4)
        return dst->bytes[0] == 10 ? (dst->bytes[1] == 1 ? 1 : 0) : 2;
    return dst->bytes[3] == 1 ? 1 : dst->bytes[3] == 2 ? 0 : 2;
}

/* Member, router, and behind it the clients and the flooder. */
static void build_flooded(sim_world *w, unsigned packets, sim_time gap)
{
    sim_quality q = sim_quality_clean(&w->rng), none = {0};
    sim_node *router, *bad;

    sim_row(w, &q, &q);
    router = sim_router_new(w, "router", route_to_clients, NULL);
    bad = flooder_new(w, packets, gap);
    /* cut the row at the clients and put the router in */
    sim_link_new(w, router, 0, w->client_link->pipe[0].to, 0, &none);
    sim_link_new(w, router, 1, &w->client->node, 0, &q);
    sim_link_new(w, router, 2, bad, 0, &none);
}

static void check_flooded(sim_world *w)
{
    if (w->server->counters[SIM_C_NO_SESSION] != 0 ||
        w->server->counters[SIM_C_ACCEPTED] != w->n_sessions)
        sim_fail(w, "the flood reached the server");
}

static void setup_flood(sim_world *w)
{
    w->clean = true;
    w->check = check_flooded;
    w->member_config.engine.max_handshakes = 16;
    build_flooded(w, 3000, SIM_MS);
    sim_add_sessions(w, 10);
}

/* Keys and epochs change while handshakes are under way. */
static void setup_rekey(sim_world *w)
{
    sim_quality q = sim_quality_clean(&w->rng);

    w->clean = true;
    w->member_config.timeouts.epoch_ns = sim_rng_between(&w->rng, 2, 10) * SIM_SECOND;
    w->member_config.rekey = sim_rng_between(&w->rng, 2, 10) * SIM_SECOND;
    sim_row(w, &q, &q);
    sim_add_sessions(w, 10);
}

static void setup_concurrent(sim_world *w)
{
    sim_quality q = sim_rng_coin(&w->rng) ? sim_quality_clean(&w->rng) : sim_quality_lossy(&w->rng);

    w->member_config.engine.max_flows = 512;
    w->member_config.engine.max_wide_flows = 512;
    w->member_config.engine.max_handshakes = 512;
    sim_row(w, &q, &q);
    sim_add_sessions(w, 200);
}

/* More connections than the tables take: each completes, or its client is told. */
static void setup_table_full(sim_world *w)
{
    static const enum sim_counter told[] = {SIM_C_RST_SENT, SIM_C_RST_TAKEN, SIM_C_NO_CONNECTION,
                                            SIM_COUNTERS};
    sim_quality q = sim_quality_clean(&w->rng);
    sim_plan plan;

    w->clean = true;
    sim_tolerate(w, told);
    w->member_config.engine.max_flows = 4;
    w->member_config.engine.max_wide_flows = 4;
    /* else a flow without room for a second line would do without what its client was promised */
    sim_row(w, &q, &q)->cfg.timestamps = true;
    for (unsigned i = 0; i < 20; i++) {
        sim_plan_random(w, &plan, i);
        plan.expect = w->plain ? SIM_EXPECT_COMPLETE : SIM_EXPECT_EITHER;
        sim_session_new(w, &plan);
    }
}

static void setup_corrupt(sim_world *w)
{
    sim_quality q = sim_quality_clean(&w->rng);

    q.corrupt_ppm = 20000;
    w->tolerated[SIM_C_CHECKSUM] = true;
    w->tolerated[SIM_C_MALFORMED] = true;
    sim_row(w, &q, &q);
    sim_add_sessions(w, 4);
}

static void setup_host_full(sim_world *w)
{
    sim_quality q = sim_quality_clean(&w->rng);

    w->member_config.refuse_ppm = 50000;
    sim_row(w, &q, &q);
    sim_add_sessions(w, 6);
}

const sim_scenario sim_scenarios_stress[] = {
    {"flood", "spoofed SYNs and ACKs beside honest clients", setup_flood, 2, 30, 0},
    {"rekey", "new keys and epochs in the middle", setup_rekey, 5, 100, 0},
    {"concurrent", "many connections at once", setup_concurrent, 1, 20, 5},
    {"table-full", "more connections than the tables take", setup_table_full, 5, 100, 10},
    {"corrupt", "bits turned on the way", setup_corrupt, 10, 200, 20},
    {"host-full", "the host cannot send all the engine makes", setup_host_full, 10, 200, 0},
    {0},
};
