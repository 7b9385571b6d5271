/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/cluster.h"

void sim_fail(sim_world *w, const char *format, ...)
{
    va_list ap;

    if (w->failed)
        return;
    w->failed = true;
    va_start(ap, format);
    vsnprintf(w->failure, sizeof(w->failure), format, ap);
    va_end(ap);
    sim_note(w, "FAILURE", "%s", w->failure);
}

void sim_world_init(sim_world *w, const sim_options *o)
{
    memset(w, 0, sizeof(*w));
    w->seed = o->seed;
    w->plain = o->plain;
    w->sabotage = o->sabotage;
    w->record = o->record;
    sim_rng_init(&w->rng, o->seed, "scenario", 0);
    /* the origin of the clock is arbitrary, and must be seen to be */
    sim_member_config_random(&w->rng, &w->member_config);
    sim_schedule_init(&w->schedule, sim_rng_next(&w->rng) >> sim_rng_between(&w->rng, 2, 40));
    w->started = w->schedule.now;
    w->time_limit = 4 * 3600 * SIM_SECOND;
    sim_trace_init(&w->trace, o->trace);
}

void sim_world_fini(sim_world *w)
{
    while (w->sessions != NULL) {
        sim_session *s = w->sessions;

        w->sessions = s->next;
        sim_session_del(s);
    }
    while (w->links != NULL) {
        sim_link *l = w->links;

        w->links = l->next;
        sim_link_del(l);
    }
    while (w->nodes != NULL) {
        sim_node *n = w->nodes;

        w->nodes = n->next;
        n->ops->destroy(n);
    }
    sim_cluster_del(w->cluster);
    free(w->meeting);
    sim_trace_fini(&w->trace);
    sim_schedule_fini(&w->schedule);
}

sim_addr sim_world_client_addr(unsigned family, uint32_t host)
{
    return family == 4 ? sim_addr_ipv4(0x0a010001 + host) : sim_addr_ipv6(1, host + 1);
}

sim_addr sim_world_server_addr(unsigned family, uint32_t host)
{
    return family == 4 ? sim_addr_ipv4(0x0a020001 + host) : sim_addr_ipv6(2, host + 1);
}

static sim_host *new_host(sim_world *w, const char *name, sim_addr (*addr)(unsigned, uint32_t))
{
    sim_host *h = sim_host_new(w, name);
    sim_addr ipv4 = addr(4, 0), ipv6 = addr(6, 0);

    sim_host_own(h, &ipv4, 16);
    sim_host_own(h, &ipv6, 32);
    return h;
}

void sim_world_add_hosts(sim_world *w)
{
    w->client = new_host(w, "client", sim_world_client_addr);
    w->server = new_host(w, "server", sim_world_server_addr);
}

void sim_world_in_row(sim_world *w, const sim_quality *to_client, const sim_quality *to_server)
{
    sim_node *middle;

    sim_world_add_hosts(w);
    if (w->plain)
        middle = sim_wire_new(w, "wire");
    else
        middle = sim_member_new(w, "member", &w->member_config, NULL);
    w->member = w->plain ? NULL : (sim_member *)middle;
    w->client_link = sim_link_new(w, &w->client->node, 0, middle, 0, to_client);
    w->server_link = sim_link_new(w, middle, 1, &w->server->node, 0, to_server);
}

void sim_world_add_counters(const sim_world *w, uint64_t counters[SIM_COUNTERS])
{
    for (unsigned i = 0; i < SIM_COUNTERS; i++)
        counters[i] += w->client->counters[i] + w->server->counters[i];
}

static bool over(const sim_world *w)
{
    for (const sim_session *s = w->sessions; s != NULL; s = s->next) {
        if (!sim_session_over(s))
            return false;
    }
    return w->client->connections == 0 && w->server->connections == 0;
}

/* How many segments the member repeated, of which the endpoint may think that they are old. */
static uint64_t repeats(const sim_world *w, unsigned counter)
{
    if ((w->member == NULL && w->cluster == NULL) ||
        (counter != SIM_C_PAWS && counter != SIM_C_OUTSIDE_WINDOW &&
         counter != SIM_C_CHALLENGE_ACK))
        return 0;
    return w->cluster != NULL ? sim_cluster_repeats(w->cluster) : sim_member_repeats(w->member);
}

static void check_host(sim_world *w, const sim_host *h)
{
    for (unsigned i = 0; i < SIM_COUNTERS; i++) {
        enum sim_counter_class class = sim_counter_class(i);

        if (h->counters[i] == 0 || class == SIM_INFO || w->tolerated[i] ||
            (class == SIM_EXPLAIN && (!w->clean || h->counters[i] <= repeats(w, i))))
            continue;
        sim_fail(w, "%s counted %llu x %s: %s", h->node.name, (unsigned long long)h->counters[i],
                 sim_counter_name(i), sim_counter_text(i));
    }
}

static void run_until_over(sim_world *w)
{
    sim_time limit = w->started + w->time_limit;
    unsigned at_once = 0;
    sim_time last = 0;

    /* asking costs a walk over all sessions, so it is done once in a while */
    for (unsigned i = 1; !w->failed && (i % 64 != 0 || !over(w)); i++) {
        if (sim_schedule_next(&w->schedule) > limit || !sim_schedule_step(&w->schedule))
            break;
        at_once = w->schedule.now == last ? at_once + 1 : 0;
        last = w->schedule.now;
        if (at_once > 100000)
            sim_fail(w, "time stands still");
    }
}

void sim_world_run(sim_world *w)
{
    run_until_over(w);
    for (sim_session *s = w->sessions; s != NULL && !w->failed; s = s->next)
        sim_session_check(s);
    if (w->failed)
        return;
    check_host(w, w->client);
    check_host(w, w->server);
    if (!w->failed && (w->client->connections != 0 || w->server->connections != 0))
        sim_fail(w, "connections left: client %u, server %u", w->client->connections,
                 w->server->connections);
    if (!w->failed && w->cluster != NULL)
        sim_cluster_check(w->cluster);
    if (!w->failed && w->check != NULL)
        w->check(w);
    if (!w->failed && w->cluster != NULL)
        sim_cluster_drain(w->cluster);
    if (!w->failed && w->member != NULL)
        sim_member_drain(w->member);
}
