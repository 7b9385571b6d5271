/* SPDX-License-Identifier: BSD-2-Clause */
#include "packet/outbox.h"

#include "packet/icmp_build.h"

void mpci_outbox_init(mpci_outbox *box, mpci_outbox_send send, void *user, mpci_counters *counters)
{
    memset(box, 0, sizeof *box);
    box->send = send;
    box->user = user;
    box->counters = counters;
    for (unsigned i = 0; i < MPCI_OUTBOX_SLOTS; i++)
        box->list[i] = &box->pkts[i];
}

/* Room for the next packet, which add() makes count. */
static uint8_t *make_room(mpci_outbox *box, uint32_t room)
{
    if (box->n == MPCI_OUTBOX_SLOTS || room > sizeof box->bytes - box->used)
        mpci_outbox_flush(box);
    return box->bytes + box->used;
}

static void add(mpci_outbox *box, mpconn_pkt *pkt, uint32_t room)
{
    pkt->cap = room;
    if (pkt->len == 0 || (box->made != NULL && !box->made(box->maker, pkt)))
        return;
    box->pkts[box->n] = *pkt;
    box->pkts[box->n].verdict = MPCONN_VERDICT_FORWARD;
    box->n++;
    box->used += room;
    mpci_count(box->counters, pkt->reason);
}

void mpci_outbox_put(mpci_outbox *box, const mpci_segment *s, uint32_t link, uint32_t mark,
                     unsigned reason)
{
    mpconn_pkt pkt = {
        .data = make_room(box, MPCI_OUTBOX_ROOM),
        .link = link,
        .zone = s->tuple->zone,
        .mark = mark,
        .reason = (uint16_t)reason,
        .side = s->to,
    };

    pkt.len = (uint32_t)mpci_build_tcp(pkt.data, MPCI_OUTBOX_ROOM, s);
    add(box, &pkt, MPCI_OUTBOX_ROOM);
}

void mpci_outbox_put_icmp(mpci_outbox *box, const mpci_icmp *m, const mpconn_pkt *about,
                          uint32_t link, unsigned reason)
{
    mpconn_pkt pkt = {
        .data = make_room(box, MPCI_ICMP_ERROR_MAX),
        .link = link,
        .zone = about->zone,
        .mark = about->mark,
        .reason = (uint16_t)reason,
        .side = about->side,
    };

    pkt.len = (uint32_t)mpci_build_icmp(pkt.data, MPCI_ICMP_ERROR_MAX, m);
    add(box, &pkt, MPCI_ICMP_ERROR_MAX);
}

void mpci_outbox_put_ready(mpci_outbox *box, const mpconn_pkt *ready)
{
    mpconn_pkt pkt = *ready;

    pkt.data = make_room(box, ready->len);
    memcpy(pkt.data, ready->data, ready->len);
    add(box, &pkt, ready->len);
}

void mpci_outbox_flush(mpci_outbox *box)
{
    unsigned n = box->n, taken;
    int rc;

    if (n == 0)
        return;
    box->n = 0;
    box->used = 0;
    box->sent += n;
    rc = box->send(box->user, box->list, n);
    taken = rc < 0 ? 0 : (unsigned)rc;
    if (taken < n)
        box->counters->n[MPCONN_REASON_OUTPUT_FULL] += n - taken;
}
