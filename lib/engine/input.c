/* SPDX-License-Identifier: BSD-2-Clause */
/* The input pipeline: parse all, look all up, step each. The stages exist so that the cache misses
 * of a batch overlap; the result is as if the packets had come one by one, because a look-up made
 * before a flow came or went is made again. */
#include "engine/engine.h"

#include "packet/endpoints.h"

mpci_binding_number mpci_input_bound(const mpconn_engine *eng, const mpconn_tuple *leg,
                                     uint64_t *hash)
{
    const mpci_bindings *t = &eng->core.bindings;
    mpci_binding_number n = mpci_binding_find(t, *hash, leg);

    if (n != 0)
        *hash = mpci_binding_at(t, n)->client_hash;
    return n;
}

static void parse_stage(mpconn_engine *eng, mpconn_pkt *const *pkts, size_t n, int any_bound)
{
    mpci_batch *b = &eng->batch;

    for (size_t i = 0; i < n; i++) {
        mpci_view_parse(&b->view[i], pkts[i]);
        mpci_endpoints_judge(&b->view[i]);
        if (b->view[i].kind != MPCI_KIND_TCP)
            continue;
        if (eng->rendezvous.sessions.used != 0)
            mpci_called_note(eng, pkts[i], i);
        mpci_view_tuple(&b->tuple[i], &b->view[i], pkts[i]->side, pkts[i]->zone);
        b->hash[i] = mpci_tuple_hash(&eng->core.table_key, &b->tuple[i]);
        if (any_bound && pkts[i]->side == MPCONN_SIDE_SERVER)
            b->binding[i] = mpci_input_bound(eng, &b->tuple[i], &b->hash[i]);
        mpci_index_prefetch(&eng->core.settled.index, b->hash[i]);
    }
}

static void lookup_stage(mpconn_engine *eng, size_t n)
{
    mpci_batch *b = &eng->batch;

    for (size_t i = 0; i < n; i++)
        if (b->view[i].kind == MPCI_KIND_TCP)
            b->n_slots[i] = (uint8_t)mpci_settled_candidates(&eng->core.settled, b->hash[i],
                                                             b->slots[i]);
}

/* Does the host ask for this packet's checksums to be verified? */
static int is_asked_for(const mpconn_engine *eng, const mpconn_pkt *pkt)
{
    return (eng->flags & MPCONN_ENGINE_F_VERIFY_CHECKSUMS) != 0 ||
           (pkt->flags & MPCONN_PKT_F_CSUM_VERIFY) != 0;
}

int mpci_input_is_wrong(mpconn_engine *eng, mpconn_pkt *pkt, const mpci_view *v)
{
    unsigned wrong = (pkt->flags & MPCONN_PKT_F_CSUM_OK) != 0 ? 0 : mpci_view_verify(v, pkt);

    if (wrong != 0)
        mpci_drop(&eng->core, pkt, wrong);
    return wrong != 0;
}

/* The key of a segment that shows the server leg; `key` is a copy, for the binding may go while its
 * segment is handled. Bindings may have come or gone since the parse stage. */
static void find_key(mpconn_engine *eng, mpci_step *st, size_t i, int stale, mpconn_tuple *key)
{
    mpci_batch *b = &eng->batch;

    if (st->from != MPCONN_SIDE_SERVER)
        return;
    if (stale) {
        b->hash[i] = mpci_tuple_hash(&eng->core.table_key, st->leg);
        b->binding[i] = mpci_input_bound(eng, st->leg, &b->hash[i]);
    }
    st->binding = b->binding[i];
    if (st->binding == 0)
        return;
    *key = mpci_binding_at(&eng->core.bindings, st->binding)->client_leg;
    st->tuple = key;
}

/* Where nothing was bound when the batch was parsed nothing is, or the batch is stale by now. */
static void step_tcp(mpconn_engine *eng, mpconn_pkt *pkt, size_t i, int stale, int any_bound)
{
    mpci_batch *b = &eng->batch;
    mpci_settled_table *t = &eng->core.settled;
    mpci_step st;
    mpconn_tuple key;
    uint32_t slot;

    mpci_step_begin(&st, pkt, &b->view[i], &b->tuple[i]);
    any_bound |= stale;
    if (any_bound)
        find_key(eng, &st, i, stale, &key);
    slot = stale ? mpci_settled_find(t, b->hash[i], st.tuple)
                 : mpci_settled_pick(t, b->slots[i], b->n_slots[i], b->hash[i], st.tuple);
    if (eng->rendezvous.sessions.capacity != 0 && mpci_called_step(eng, &st, i, &slot, &key))
        return;
    /* Besides what the host asks for: what is not passed on but makes us say something ourselves
     * would launder a wrong sum. Of a settled flow few packets do that: relay.c sees to those. */
    if ((slot == MPCI_SLOT_NONE || is_asked_for(eng, pkt)) &&
        mpci_input_is_wrong(eng, pkt, &b->view[i]))
        return;
    st.hash = b->hash[i];
    if (slot == MPCI_SLOT_NONE)
        mpci_split_input(&eng->split, &st);
    else if (!any_bound || mpci_input_is_of_flow(eng, &st, slot))
        mpci_relay(eng, &st, slot);
    else
        mpci_split_input_beside(&eng->split, &st);
}

int mpci_input_is_unwanted(mpconn_engine *eng, mpconn_pkt *pkt, const mpci_view *v)
{
    return is_asked_for(eng, pkt) && mpci_input_is_wrong(eng, pkt, v);
}

void mpci_input_pass(mpconn_engine *eng, mpconn_pkt *pkt, const mpci_view *v, unsigned reason)
{
    if (eng->flags & MPCONN_ENGINE_F_SESSIONS_ONLY)
        mpci_drop(&eng->core, pkt, MPCONN_REASON_SESSION_NONE);
    else if (!mpci_input_is_unwanted(eng, pkt, v))
        mpci_forward(&eng->core, pkt, reason);
}

static void step_packet(mpconn_engine *eng, mpconn_pkt *pkt, size_t i, int stale, int any_bound)
{
    const mpci_view *v = &eng->batch.view[i];

    switch ((enum mpci_kind)v->kind) {
    case MPCI_KIND_TCP:
        step_tcp(eng, pkt, i, stale, any_bound);
        break;
    case MPCI_KIND_ICMP_ERROR:
        mpci_errors_input(eng, pkt, v);
        break;
    case MPCI_KIND_FRAGMENT:
        mpci_fragments_input(eng, pkt, v);
        break;
    case MPCI_KIND_ICMP_OTHER:
    case MPCI_KIND_OTHER:
        mpci_input_pass(eng, pkt, v, MPCONN_REASON_NOT_TCP);
        break;
    case MPCI_KIND_BAD:
        mpci_drop(&eng->core, pkt, v->reason);
        break;
    }
}

/* A packet that was submitted again must not keep its hold number, unless it is held, or goes on
 * with the flow that it was held for: that may have one number from the start. */
static void settle_flow_field(const mpconn_engine *eng, mpconn_pkt *pkt, uint64_t given)
{
    if (given == 0 || pkt->flow != given || pkt->verdict == MPCONN_VERDICT_HOLD)
        return;
    if (pkt->verdict != MPCONN_VERDICT_FORWARD ||
        mpci_settled_by_id(&eng->core.settled, given) == MPCI_SLOT_NONE)
        pkt->flow = 0;
}

static void input_batch(mpconn_engine *eng, mpconn_pkt *const *pkts, size_t n)
{
    int any_bound = eng->core.bindings.used != 0, one_way = eng->echo.on;
    uint64_t changes;

    parse_stage(eng, pkts, n, any_bound);
    lookup_stage(eng, n);
    changes = eng->core.changes;
    for (size_t i = 0; i < n; i++) {
        uint64_t given = pkts[i]->flow;

        if (!one_way || !mpci_one_way_before(eng, pkts[i], &eng->batch.view[i])) {
            step_packet(eng, pkts[i], i, eng->core.changes != changes, any_bound);
            if (one_way)
                mpci_one_way_after(eng, pkts[i], i);
        }
        settle_flow_field(eng, pkts[i], given);
        eng->verdicts[pkts[i]->verdict & 3]++;
    }
}

int mpconn_engine_input(mpconn_engine *eng, mpconn_pkt *const *pkts, size_t n_pkts,
                        mpconn_time now)
{
    int rc;

    if (eng == NULL || (pkts == NULL && n_pkts > 0))
        return MPCONN_ERR_INVAL;
    for (size_t i = 0; i < n_pkts; i++)
        if (pkts[i] == NULL)
            return MPCONN_ERR_INVAL;
    rc = mpci_engine_enter(eng, now);
    if (rc != MPCONN_OK)
        return rc;
    for (size_t done = 0; done < n_pkts; done += MPCONN_BATCH) {
        size_t n = n_pkts - done < MPCONN_BATCH ? n_pkts - done : MPCONN_BATCH;

        input_batch(eng, pkts + done, n);
    }
    mpci_engine_leave(eng);
    return MPCONN_OK;
}
