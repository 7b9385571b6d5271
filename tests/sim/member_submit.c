/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets on their way through the engines: given in batches, and what becomes of them by their
 * verdicts. */
#include "sim/member.h"

#include <stdlib.h>
#include <string.h>

#include "sim/moment.h"
#include "sim/util.h"
#include "sim/world.h"

#define ROOM_AFTER 64

/* The bytes with room around them, and nothing beyond that a sanitizer would not notice. */
static void prepare(sim_member *m, sim_parcel *p, unsigned which)
{
    mpconn_pkt *pkt = &p->pkt[which];
    uint32_t headroom = mpconn_engine_headroom(m->engine[which].eng);
    uint32_t skew = (uint32_t)(p->original->len + which) % 4;
    uint32_t len = p->original->len;
    uint32_t after = m->cfg.bridge ? mpconn_engine_tailroom(m->engine[which].eng) : ROOM_AFTER;

    if (p->room[which] == NULL) {
        p->room[which] = sim_alloc(headroom + skew + len + after);
        memcpy(p->room[which] + headroom + skew, p->original->data, len);
        memset(pkt, 0, sizeof(*pkt));
        pkt->data = p->room[which] + headroom + skew;
        pkt->len = len;
        pkt->cap = len + after;
        pkt->headroom = headroom;
    }
    pkt->side = (uint8_t)p->side;
    pkt->link =
        m->cfg.bridge ? sim_bridge_link(p->side, p->original) : sim_member_link(p->side);
    pkt->mark = p->original->len;
    pkt->flags = 0;
    if (m->cfg.vouch == SIM_VOUCH_PACKET)
        pkt->flags = MPCONN_PKT_F_CSUM_VERIFY;
    if (m->cfg.vouch == SIM_VOUCH_HOST)
        pkt->flags = p->bad ? MPCONN_PKT_F_CSUM_BAD : MPCONN_PKT_F_CSUM_OK;
    pkt->verdict = 0xee;
    pkt->reason = 0xffff;
}

void sim_member_free_parcel(sim_parcel *p)
{
    sim_frame_del(p->original);
    free(p->room[0]);
    free(p->room[1]);
    free(p);
}

/* `in` is what came in the same buffer, or NULL. */
static void send_out(sim_member *m, const sim_made *made, const sim_parcel *in)
{
    const sim_frame *original = in != NULL ? in->original : NULL;
    unsigned side = made->side;

    if (m->dead || !sim_sabotage_output(m, made->frame, original, &side, made->reason, !in) ||
        (m->cfg.bridge && !sim_bridge_can_send(m, made->frame, side, made->link, in))) {
        sim_frame_del(made->frame);
        return;
    }
    sim_member_check_output(m, made->frame, side, made->reason, in == NULL);
    m->forwarded++;
    sim_node_send(&m->node, side, made->frame);
    sim_moment_came(m, SIM_MOMENT_SENDS, made->reason);
}

/* Packets the engine made go after the verdicts of the call that made them. */
void sim_member_send_made(sim_member *m)
{
    size_t n = m->n_outbox;

    m->n_outbox = 0;
    for (size_t i = 0; i < n; i++)
        send_out(m, &m->outbox[i], NULL);
}

static void keep(sim_member *m, sim_parcel *p)
{
    sim_parcel **end = &m->held;

    for (size_t i = 0; i < m->n_let_go; i++) {
        if (m->let_go[i] == p->pkt[0].flow && !sim_sabotage_is(m, "forget-held")) {
            end = &m->released;
            p->again = true;
            sim_member_wake(m);
        }
    }
    while (*end != NULL)
        end = &(*end)->next;
    p->hold = p->pkt[0].flow;
    p->next = NULL;
    *end = p;
}

static void act_on_verdict(sim_member *m, sim_parcel *p)
{
    const mpconn_pkt *pkt = &p->pkt[0];
    sim_made out;

    sim_note(m->node.world, m->node.name, "%s: %s",
             pkt->verdict == MPCONN_VERDICT_DROP      ? "drop"
             : pkt->verdict == MPCONN_VERDICT_FORWARD ? "forward"
             : pkt->verdict == MPCONN_VERDICT_HOLD    ? "hold"
                                                      : "consumed",
             mpconn_reason_name(pkt->reason));
    if (pkt->verdict == MPCONN_VERDICT_HOLD) {
        sim_note(m->node.world, m->node.name, "under %llx",
                 (unsigned long long)(pkt->flow & 0xffffff));
        keep(m, p);
        return;
    }
    if (pkt->verdict == MPCONN_VERDICT_FORWARD) {
        out = (sim_made){sim_frame_new(pkt->data, pkt->len), pkt->side, pkt->reason, pkt->link};
        send_out(m, &out, p);
    }
    sim_member_free_parcel(p);
}

/* One call of one engine for parcels first .. first + n - 1. */
static void call_engine(sim_member *m, unsigned which, sim_parcel **parcels, size_t n)
{
    mpconn_pkt **list = sim_alloc(n * sizeof(mpconn_pkt *));
    sim_engine *e = &m->engine[which];
    int rc;

    for (size_t i = 0; i < n; i++) {
        prepare(m, parcels[i], which);
        list[i] = &parcels[i]->pkt[which];
    }
    rc = recorder_input(&m->recorder[which], list, n, sim_member_now(m));
    if (rc != MPCONN_OK)
        sim_fail(m->node.world, "mpconn_engine_input returned %d", rc);
    for (size_t i = 0; i < n; i++) {
        e->in++;
        e->by_verdict[list[i]->verdict & 3]++;
        if (list[i]->reason < MPCONN_REASON_LIMIT)
            e->by_reason[list[i]->reason]++;
    }
    free(list);
}

static void swap_first_two(const sim_member *m, sim_parcel **parcels, size_t n)
{
    sim_parcel *first = parcels[0];

    if (n < 2 || !sim_sabotage_is(m, "batch-order"))
        return;
    parcels[0] = parcels[1];
    parcels[1] = first;
}

void sim_member_input(sim_member *m, sim_parcel **parcels, size_t n)
{
    size_t step[2];

    for (unsigned which = 0; which < 2; which++)
        step[which] = m->cfg.batch[which] == 0 ? n : m->cfg.batch[which];
    for (size_t i = 0; i < n; i++)
        sim_member_note_input(m, parcels[i]);
    swap_first_two(m, parcels, n);
    for (size_t at = 0; at < n; at += step[1])
        call_engine(m, 1, parcels + at, n - at < step[1] ? n - at : step[1]);
    swap_first_two(m, parcels, n);
    for (size_t at = 0; at < n; at += step[0]) {
        size_t now = n - at < step[0] ? n - at : step[0];

        call_engine(m, 0, parcels + at, now);
        for (size_t i = at; i < at + now && !m->node.world->failed; i++)
            sim_member_check_parcel(m, parcels[i]);
        for (size_t i = at; i < at + now; i++)
            act_on_verdict(m, parcels[i]);
        m->n_let_go = 0;
        sim_member_send_made(m);
    }
}

