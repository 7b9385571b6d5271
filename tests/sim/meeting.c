/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/meeting.h"

#include <stdio.h>
#include <string.h>

#include "sim/util.h"
#include "sim/world.h"

/* Nobody's networks: clients have 1 and 2 (world.c). */
enum { CALLED_NET = 5, CALLED_PORT = 7000 };

sim_meeting *sim_meeting_new(struct sim_world *w)
{
    sim_meeting *mt = sim_alloc(sizeof(*mt));

    mt->world = w;
    w->meeting = mt;
    w->member_config.engine.max_sessions = SIM_PLACES;
    w->member_config.engine.max_bindings = 64;
    if (sim_rng_coin(&w->rng))
        w->member_config.engine.flags |= MPCONN_ENGINE_F_SESSIONS_ONLY;
    return mt;
}

static sim_addr called_addr(unsigned family, unsigned side)
{
    return family == 4 ? sim_addr_ipv4((UINT32_C(10) << 24) + ((CALLED_NET + side) << 16) + 1)
                       : sim_addr_ipv6((uint16_t)(CALLED_NET + side), 1);
}

static void put_termination(mpconn_termination *t, const sim_addr *called, uint16_t port)
{
    t->family = called->family;
    t->local_port = port;
    memcpy(t->local.bytes, called->bytes, sizeof(t->local.bytes));
}

sim_place *sim_meeting_add(sim_meeting *mt, const unsigned family[2])
{
    sim_rng *rng = &mt->world->rng;
    sim_place *p = &mt->place[mt->n];
    uint16_t called = (uint16_t)(CALLED_PORT + mt->n++);
    sim_addr caller = sim_world_client_addr(family[0], sim_rng_below(rng, 4));

    p->leg[0] = (sim_leg){caller, called_addr(family[0], 0), (uint16_t)(1024 + mt->n), called};
    caller = sim_world_server_addr(family[1], sim_rng_below(rng, 4));
    p->leg[1] = (sim_leg){called_addr(family[1], 1), caller, called, (uint16_t)(2048 + mt->n)};
    MPCONN_STRUCT_INIT(&p->config);
    snprintf(p->config.name, sizeof(p->config.name), "s%llx", (unsigned long long)
             (sim_mix(mt->world->seed, mt->n) & 0xffffff));
    put_termination(&p->config.termination[0], &p->leg[0].server, p->leg[0].sport);
    put_termination(&p->config.termination[1], &p->leg[1].client, p->leg[1].cport);
    if (family[0] != family[1])
        p->config.flags = MPCONN_SESSION_F_FAMILIES;
    return p;
}

void sim_meeting_start(sim_member *m)
{
    const sim_meeting *mt = m->node.world->meeting;

    if (mt->told && (m->place != 0 || m->lives > 0))
        return;
    for (unsigned which = 0; which < 2; which++) {
        for (unsigned i = 0; i < mt->n; i++) {
            int rc = recorder_session_add(&m->recorder[which], &mt->place[i].config,
                                          sim_member_now(m));

            if (rc != MPCONN_OK)
                sim_fail(m->node.world, "mpconn_session_add returned %d", rc);
        }
    }
}

void sim_meeting_event(void *engine, const mpconn_session_event *ev)
{
    sim_engine *e = engine;
    sim_member *m = e->member;

    sim_engine_told(e, ev->flow, "session %s: %s, %s, termination %u", ev->name,
                    mpconn_session_event_name(ev->type), mpconn_reason_name(ev->reason),
                    (unsigned)ev->termination);
    if (e->which == 0)
        sim_note(m->node.world, m->node.name, "session %s: %s, %s", ev->name,
                 mpconn_session_event_name(ev->type), mpconn_reason_name(ev->reason));
}
