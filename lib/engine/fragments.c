/* SPDX-License-Identifier: BSD-2-Clause */
/* Fragments behind the first one, of flows whose legs show other addresses. They have no ports: the
 * first one, which came here before them, leaves the name of its flow. */
#include "engine/engine.h"

#include "packet/ip_build.h"

/* The packet was parsed before, so it can be again. */
static mpci_fragment_key key_of(const mpci_view *v, const mpconn_pkt *pkt)
{
    mpci_fragment_key key;
    mpci_ip ip;

    (void)mpci_ip_parse(&ip, v->ip, pkt->len);
    mpci_fragments_key(&key, &ip, v->ip, pkt->zone);
    return key;
}

void mpci_fragments_note(mpconn_engine *eng, const mpci_step *st, uint32_t slot)
{
    mpci_core *core = &eng->core;
    mpci_fragment_key key = key_of(st->view, st->pkt);

    if (mpci_fragments_add(&core->fragments, &core->table_key, &key,
                           mpci_settled_id(&core->settled, slot), core->now))
        mpci_count(&core->counters, MPCONN_REASON_FRAGMENT_FORGOTTEN);
}

/* What the leg on a side of a bound flow shows. */
static mpconn_tuple leg_of(const mpci_core *core, uint32_t slot, unsigned side)
{
    mpconn_tuple leg;

    mpci_settled_tuple(&core->settled, slot, &leg);
    if (side == MPCONN_SIDE_SERVER)
        leg = mpci_binding_at(&core->bindings, mpci_settled_binding(&core->settled, slot))
                  ->server_leg;
    return leg;
}

/* Does it come from where the first one came from? */
static int shows_leg(const mpci_core *core, const mpci_view *v, uint32_t slot, unsigned from)
{
    mpconn_tuple leg = leg_of(core, slot, from);
    const mpconn_addr *src = from == MPCONN_SIDE_CLIENT ? &leg.client : &leg.server;
    const mpconn_addr *dst = from == MPCONN_SIDE_CLIENT ? &leg.server : &leg.client;
    unsigned len = mpci_ip_addr_len(v->family);

    return memcmp(src->bytes, mpci_ip_src(v->family, v->ip), len) == 0 &&
           memcmp(dst->bytes, mpci_ip_dst(v->family, v->ip), len) == 0;
}

/* The host does not know which side the client of a session is on. */
static int is_of_leg(const mpci_core *core, const mpci_view *v, uint32_t slot, mpconn_pkt *pkt)
{
    const mpci_settled *e = mpci_settled_at(&core->settled, slot);

    if ((mpci_settled_flags(e) & MPCI_SETTLED_RENDEZVOUS) != 0)
        pkt->side = shows_leg(core, v, slot, MPCONN_SIDE_CLIENT) ? MPCONN_SIDE_CLIENT
                                                                 : MPCONN_SIDE_SERVER;
    return shows_leg(core, v, slot, pkt->side);
}

/* The flow whose first fragment came a while ago, if it is bound still. */
static uint32_t flow_of(const mpci_core *core, const mpci_view *v, mpconn_pkt *pkt)
{
    mpci_fragment_key key = key_of(v, pkt);
    uint32_t slot = mpci_settled_by_id(&core->settled,
                                       mpci_fragments_find(&core->fragments, &core->table_key,
                                                           &key, core->now));

    return slot != MPCI_SLOT_NONE && mpci_settled_binding(&core->settled, slot) != 0 &&
                   is_of_leg(core, v, slot, pkt)
               ? slot
               : MPCI_SLOT_NONE;
}

/* As the leg shows them to which it goes. First fragments of another IP version have no counterpart
 * and are not remembered, so that both legs are of this one. */
static void set_addresses(const mpci_core *core, const mpci_view *v, uint32_t slot, unsigned from)
{
    mpconn_tuple to = leg_of(core, slot, from ^ 1);
    int client = from == MPCONN_SIDE_CLIENT;

    (void)mpci_ip_set_addresses(v->family, v->ip, client ? to.client.bytes : to.server.bytes,
                                client ? to.server.bytes : to.client.bytes);
}

static int may_be_tcp(const mpci_view *v, const mpconn_pkt *pkt)
{
    mpci_ip ip;

    (void)mpci_ip_parse(&ip, v->ip, pkt->len);
    return ip.proto == MPCI_PROTO_TCP || mpci_ip_has_more_headers(&ip);
}

/* May it be of a bound flow that did not show itself yet? As it is it would tell one leg what the
 * other one shows, and come to nothing. Where there are sessions the side is a guess. */
static int is_astray(const mpconn_engine *eng, const mpconn_pkt *pkt, const mpci_view *v)
{
    mpconn_tuple leg;

    if (!may_be_tcp(v, pkt))
        return 0;
    mpci_view_tuple(&leg, v, pkt->side, pkt->zone);
    if (mpci_binding_shows(&eng->core.bindings, &leg, pkt->side))
        return 1;
    if (eng->rendezvous.sessions.capacity == 0)
        return 0;
    mpci_view_tuple(&leg, v, pkt->side ^ 1u, pkt->zone);
    return mpci_binding_shows(&eng->core.bindings, &leg, pkt->side ^ 1u);
}

/* Those of no bound flow pass. */
static void pass(mpconn_engine *eng, mpconn_pkt *pkt, const mpci_view *v)
{
    if (eng->core.bindings.used != 0 && is_astray(eng, pkt, v))
        mpci_drop(&eng->core, pkt, MPCONN_REASON_FRAGMENT_UNMAPPED);
    else
        mpci_input_pass(eng, pkt, v, MPCONN_REASON_FRAGMENT_LATER);
}

void mpci_fragments_input(mpconn_engine *eng, mpconn_pkt *pkt, const mpci_view *v)
{
    mpci_core *core = &eng->core;
    uint32_t slot = core->bindings.used != 0 ? flow_of(core, v, pkt) : MPCI_SLOT_NONE;

    if (slot == MPCI_SLOT_NONE) {
        pass(eng, pkt, v);
        return;
    }
    if (mpci_input_is_unwanted(eng, pkt, v))
        return;
    set_addresses(core, v, slot, pkt->side);
    mpci_forward(core, pkt, MPCONN_REASON_FRAGMENT_MAPPED);
    pkt->flow = mpci_settled_id(&core->settled, slot);
}
