/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/util.h"
#include "sim/world.h"

/* A frame on its way through a pipe. */
typedef struct sim_delivery {
    sim_timer timer;
    sim_pipe *pipe;
    sim_frame *frame;
    struct sim_delivery *next, *prev;
} delivery;

sim_frame *sim_frame_new(const uint8_t *data, size_t len)
{
    sim_frame *f = sim_alloc(sizeof(*f) + len);

    f->len = (uint32_t)len;
    if (data != NULL)
        memcpy(f->data, data, len);
    return f;
}

sim_frame *sim_frame_of(const sim_segment *seg)
{
    sim_frame *f = sim_frame_new(NULL, sim_segment_size(seg));

    sim_segment_build(seg, f->data);
    return f;
}

void sim_frame_del(sim_frame *f)
{
    free(f);
}

void sim_node_init(sim_node *node, struct sim_world *w, const char *name, const sim_node_ops *ops)
{
    node->ops = ops;
    node->world = w;
    node->name = name;
    node->next = w->nodes;
    w->nodes = node;
}

void sim_node_send(sim_node *node, unsigned port, sim_frame *frame)
{
    if (port >= SIM_PORTS || node->out[port] == NULL)
        sim_frame_del(frame);
    else
        sim_pipe_send(node->out[port], frame);
}

static void open_pipe(sim_pipe *p, struct sim_world *w, sim_link *link, const char *name,
                      sim_node *from, unsigned port)
{
    p->world = w;
    p->link = link;
    p->name = name;
    sim_rng_init(&p->rng, w->seed, name, port);
    from->out[port] = p;
}

sim_link *sim_link_new(struct sim_world *w, sim_node *a, unsigned a_port, sim_node *b,
                       unsigned b_port, const sim_quality *q)
{
    sim_link *link = sim_alloc(sizeof(*link));

    snprintf(link->names[0], sizeof(link->names[0]), "%s>%s", a->name, b->name);
    snprintf(link->names[1], sizeof(link->names[1]), "%s>%s", b->name, a->name);
    open_pipe(&link->pipe[0], w, link, link->names[0], a, a_port);
    open_pipe(&link->pipe[1], w, link, link->names[1], b, b_port);
    link->pipe[0].to = b;
    link->pipe[0].to_port = b_port;
    link->pipe[1].to = a;
    link->pipe[1].to_port = a_port;
    link->pipe[0].quality = link->pipe[1].quality = *q;
    link->next = w->links;
    w->links = link;
    return link;
}

static void unlink_delivery(delivery *d)
{
    if (d->prev != NULL)
        d->prev->next = d->next;
    else
        d->pipe->in_flight = d->next;
    if (d->next != NULL)
        d->next->prev = d->prev;
}

void sim_link_del(sim_link *link)
{
    for (unsigned i = 0; i < 2; i++) {
        delivery *d;

        while ((d = link->pipe[i].in_flight) != NULL) {
            sim_timer_cancel(&link->pipe[i].world->schedule, &d->timer);
            unlink_delivery(d);
            sim_frame_del(d->frame);
            free(d);
        }
    }
    free(link);
}

static void deliver(void *arg)
{
    delivery *d = arg;
    sim_pipe *p = d->pipe;
    sim_frame *f = d->frame;

    unlink_delivery(d);
    free(d);
    p->delivered++;
    p->to->ops->receive(p->to, p->to_port, f);
}

static void schedule_delivery(sim_pipe *p, sim_frame *f, sim_time due)
{
    delivery *d = sim_alloc(sizeof(*d));

    d->pipe = p;
    d->frame = f;
    d->next = p->in_flight;
    if (d->next != NULL)
        d->next->prev = d;
    p->in_flight = d;
    sim_timer_init(&d->timer, deliver, d);
    sim_timer_set(&p->world->schedule, &d->timer, due);
}

static bool rule_is_for(const sim_rule *r, const sim_segment *seg)
{
    return (seg->flags & r->mask) == r->flags && seg->n_payload >= r->min_payload &&
           (r->max_payload == 0 || seg->n_payload <= r->max_payload) &&
           (!r->bare || seg->n_payload == 0);
}

static bool rule_acts(const sim_rule *r)
{
    if (r->matched <= r->skip)
        return false;
    return r->every != 0 ? (r->matched - r->skip) % r->every == 0
                         : r->matched <= r->skip + r->count;
}

static const sim_rule *apply_rules(sim_pipe *p, const sim_frame *f)
{
    sim_segment seg;
    const sim_rule *hit = NULL;

    if (p->n_rules == 0)
        return NULL;
    if (sim_segment_parse(&seg, f->data, f->len) != SIM_PARSE_OK)
        return NULL;
    for (unsigned i = 0; i < p->n_rules; i++) {
        sim_rule *r = &p->rules[i];

        if (!rule_is_for(r, &seg))
            continue;
        r->matched++;
        if (hit == NULL && rule_acts(r))
            hit = r;
    }
    return hit;
}

void sim_pipe_add_rule(sim_pipe *p, const sim_rule *rule)
{
    if (p->n_rules == SIM_RULES) {
        sim_fail(p->world, "%s: more than %d rules", p->name, SIM_RULES);
        return;
    }
    p->rules[p->n_rules] = *rule;
    p->rules[p->n_rules++].matched = 0;
}

/* One bit past the addresses, so that the frame still arrives where it was sent. */
static void corrupt_frame(sim_pipe *p, sim_frame *f)
{
    uint32_t first = f->data[0] >> 4 == 4 ? 20 : 40;
    uint32_t at = first + 4 + sim_rng_below(&p->rng, f->len - first - 4);

    f->data[at] ^= (uint8_t)(1u << sim_rng_below(&p->rng, 8));
    p->corrupted++;
}

static sim_time in_order(sim_pipe *p, const sim_frame *f)
{
    const sim_quality *q = &p->quality;
    sim_time due = p->world->schedule.now + q->delay;

    if (q->per_byte > 0)
        due = (due < p->last_due ? p->last_due : due) + f->len * q->per_byte;

    if (q->jitter > 0)
        due += sim_rng_between(&p->rng, 0, q->jitter);
    if (due < p->last_due)
        due = p->last_due;
    p->last_due = due;
    return due;
}

static void digest_frame(sim_pipe *p, const sim_frame *f)
{
    uint64_t h = sim_mix(p->digest, p->world->schedule.now);

    for (uint32_t i = 0; i < f->len; i++)
        h = (h ^ f->data[i]) * UINT64_C(0x100000001b3);
    p->digest = sim_mix(h, f->len);
}

void sim_pipe_send(sim_pipe *p, sim_frame *f)
{
    const sim_quality *q = &p->quality;
    const sim_rule *rule = apply_rules(p, f);
    bool lose = sim_rng_chance(&p->rng, q->loss_ppm);
    bool twice = sim_rng_chance(&p->rng, q->duplicate_ppm);
    bool late = sim_rng_chance(&p->rng, q->reorder_ppm);
    sim_time due = in_order(p, f);

    p->sent++;
    digest_frame(p, f);
    if (sim_rng_chance(&p->rng, q->corrupt_ppm))
        corrupt_frame(p, f);
    if (lose || (rule != NULL && rule->action == SIM_DROP)) {
        p->lost++;
        sim_trace_frame(p->world, p, f, "LOST");
        sim_frame_del(f);
        return;
    }
    if (late) {
        p->reordered++;
        due += sim_rng_between(&p->rng, 0, q->reorder);
    }
    if (rule != NULL && rule->action == SIM_DELAY)
        due += rule->delay;
    sim_trace_frame(p->world, p, f, twice ? "TWICE" : late || rule != NULL ? "LATE" : "");
    if (twice || (rule != NULL && rule->action == SIM_DUPLICATE)) {
        sim_time again = rule != NULL ? rule->delay : sim_rng_between(&p->rng, 0, q->reorder);

        p->duplicated++;
        schedule_delivery(p, sim_frame_new(f->data, f->len), due + again);
    }
    schedule_delivery(p, f, due);
}

typedef struct router {
    sim_node node;
    sim_route route;
    void *arg;
} router;

static void router_receive(sim_node *node, unsigned port, sim_frame *frame)
{
    router *r = (router *)node;
    sim_segment seg;
    int to = -1;

    (void)port;
    if (sim_segment_parse(&seg, frame->data, frame->len) != SIM_PARSE_MALFORMED)
        to = r->route(&seg.dst, r->arg);
    if (to < 0)
        sim_frame_del(frame);
    else
        sim_node_send(node, (unsigned)to, frame);
}

static void free_node(sim_node *node)
{
    free(node);
}

sim_node *sim_router_new(struct sim_world *w, const char *name, sim_route route, void *arg)
{
    static const sim_node_ops ops = {router_receive, free_node};
    router *r = sim_alloc(sizeof(*r));

    sim_node_init(&r->node, w, name, &ops);
    r->route = route;
    r->arg = arg;
    return &r->node;
}

static void wire_receive(sim_node *node, unsigned port, sim_frame *frame)
{
    sim_node_send(node, port ^ 1, frame);
}

sim_node *sim_wire_new(struct sim_world *w, const char *name)
{
    static const sim_node_ops ops = {wire_receive, free_node};
    sim_node *node = sim_alloc(sizeof(*node));

    sim_node_init(node, w, name, &ops);
    return node;
}
