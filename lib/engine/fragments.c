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

/* The flow whose first fragment came from that side a while ago, if it is bound still. */
static uint32_t flow_of(const mpci_core *core, const mpci_view *v, const mpconn_pkt *pkt)
{
    mpci_fragment_key key = key_of(v, pkt);
    uint32_t slot = mpci_settled_by_id(&core->settled,
                                       mpci_fragments_find(&core->fragments, &core->table_key,
                                                           &key, core->now));

    return slot != MPCI_SLOT_NONE && mpci_settled_binding(&core->settled, slot) != 0
               ? slot
               : MPCI_SLOT_NONE;
}

/* As the leg shows them to which it goes. First fragments of another IP version have no counterpart
 * and are not remembered, so that both legs are of this one. */
static void set_addresses(const mpci_core *core, const mpci_view *v, uint32_t slot, unsigned from)
{
    mpconn_tuple to;

    if (from == MPCONN_SIDE_CLIENT) {
        to = mpci_binding_at(&core->bindings, mpci_settled_binding(&core->settled, slot))
                 ->server_leg;
        (void)mpci_ip_set_addresses(v->family, v->ip, to.client.bytes, to.server.bytes);
    } else {
        mpci_settled_tuple(&core->settled, slot, &to);
        (void)mpci_ip_set_addresses(v->family, v->ip, to.server.bytes, to.client.bytes);
    }
}

void mpci_fragments_input(mpconn_engine *eng, mpconn_pkt *pkt, const mpci_view *v)
{
    mpci_core *core = &eng->core;
    uint32_t slot = core->bindings.used != 0 ? flow_of(core, v, pkt) : MPCI_SLOT_NONE;

    if (slot == MPCI_SLOT_NONE) {
        mpci_input_pass(eng, pkt, v, MPCONN_REASON_FRAGMENT_LATER);
        return;
    }
    if (mpci_input_is_unwanted(eng, pkt, v))
        return;
    set_addresses(core, v, slot, pkt->side);
    mpci_forward(core, pkt, MPCONN_REASON_FRAGMENT_MAPPED);
    pkt->flow = mpci_settled_id(&core->settled, slot);
}
