/* SPDX-License-Identifier: BSD-2-Clause */
/* What an engine asks of its host: packets and frames it makes, held packets it lets go, events. */
#include "sim/member.h"

#include <string.h>

#include "sim/cluster.h"
#include "sim/meeting.h"
#include "sim/util.h"
#include "sim/world.h"

static int send_packets(void *user, const mpconn_pkt *const *pkts, size_t n)
{
    sim_engine *e = user;
    sim_member *m = e->member;
    bool refused = m->no_room;

    e->made += n;
    for (size_t i = 0; i < n; i++) {
        const mpconn_pkt *p = pkts[i];

        sim_engine_made(e, sim_digest(p->data, sim_bridge_compared(p)),
                        "made %s to side %u link %u%s",
                        mpconn_reason_name(p->reason), p->side, (unsigned)p->link,
                        refused ? ", refused" : "");
        if (p->side > 1 || (!m->cfg.bridge && p->link != sim_member_link(p->side & 1) &&
                            p->link != MPCONN_LINK_NONE))
            sim_fail(m->node.world, "packet made for side %u with link %u", p->side,
                     (unsigned)p->link);
        if (e->which != 0 || refused)
            continue;
        if (m->n_outbox == m->cap_outbox) {
            m->cap_outbox = m->cap_outbox == 0 ? 16 : 2 * m->cap_outbox;
            m->outbox = sim_realloc(m->outbox, m->cap_outbox * sizeof(*m->outbox));
        }
        m->outbox[m->n_outbox++] =
            (sim_made){sim_frame_new(p->data, p->len), p->side, p->reason, p->link};
    }
    return refused ? -1 : (int)n;
}

static int send_frame(void *user, uint32_t to, const uint8_t *frame, size_t len)
{
    sim_engine *e = user;
    sim_member *m = e->member;

    if (e->which != 0 || sim_sabotage_is(m, "members-deaf"))
        return 0;
    m->frames++;
    sim_cluster_note_frame(m, frame, len);
    if (!sim_moment_frame(m))
        return 0;
    sim_cluster_send_frame(m, to, frame, len);
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
        if (sim_sabotage_is(m, "held-reversed")) {
            p->next = m->released;
            m->released = p;
            continue;
        }
        *end = p;
        end = &p->next;
    }
    if (m->released != NULL)
        sim_member_wake(m);
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

    sim_engine_told(e, ev->flow, "event %u: %s", (unsigned)ev->type,
                    mpconn_reason_name(ev->reason));
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

sim_leg sim_member_leg(const mpconn_tuple *t)
{
    sim_leg leg = {
        .client.family = t->family,
        .server.family = t->family,
        .cport = t->client_port,
        .sport = t->server_port,
    };

    memcpy(leg.client.bytes, t->client.bytes, sizeof(leg.client.bytes));
    memcpy(leg.server.bytes, t->server.bytes, sizeof(leg.server.bytes));
    return leg;
}

static int bind_leg(void *user, const mpconn_tuple *client_leg, mpconn_tuple *server_leg)
{
    sim_engine *e = user;
    sim_leg leg = sim_member_leg(client_leg);

    leg = sim_nat_server_leg(&leg);
    server_leg->family = leg.client.family;
    memcpy(server_leg->client.bytes, leg.client.bytes, sizeof(leg.client.bytes));
    memcpy(server_leg->server.bytes, leg.server.bytes, sizeof(leg.server.bytes));
    server_leg->client_port = leg.cport;
    server_leg->server_port = leg.sport;
    sim_engine_told(e, client_leg->client_port, "bind port %u", client_leg->client_port);
    return 1;
}

void sim_member_hooks(const sim_member *m, mpconn_callbacks *cb)
{
    MPCONN_STRUCT_INIT(cb);
    cb->send_packets = send_packets;
    cb->random = fill_random;
    cb->release = release;
    cb->event = event;
    cb->admit = m->cfg.admit ? admit : NULL;
    cb->session_event = m->node.world->meeting != NULL ? sim_meeting_event : NULL;
    cb->bind = m->node.world->nat ? bind_leg : NULL;
    if (m->cfg.bridge)
        sim_bridge_hooks(m, cb);
    if (m->cluster != NULL) {
        cb->send_frame = send_frame;
        cb->seal = m->cfg.cipher ? sim_cluster_seal : NULL;
        cb->open = m->cfg.cipher ? sim_cluster_open : NULL;
    }
}
