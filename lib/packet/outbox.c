/* SPDX-License-Identifier: BSD-2-Clause */
#include "packet/outbox.h"

void mpci_outbox_init(mpci_outbox *box, mpci_outbox_send send, void *user, mpci_counters *counters)
{
    memset(box, 0, sizeof *box);
    box->send = send;
    box->user = user;
    box->counters = counters;
    for (unsigned i = 0; i < MPCI_OUTBOX_SLOTS; i++)
        box->list[i] = &box->pkts[i];
}

void mpci_outbox_put(mpci_outbox *box, const mpci_segment *s, uint32_t link, uint32_t mark,
                     unsigned reason)
{
    mpconn_pkt *pkt;

    if (box->n == MPCI_OUTBOX_SLOTS)
        mpci_outbox_flush(box);
    pkt = &box->pkts[box->n];
    *pkt = (mpconn_pkt){
        .data = box->bytes[box->n],
        .cap = sizeof box->bytes[0],
        .link = link,
        .zone = s->tuple->zone,
        .mark = mark,
        .reason = (uint16_t)reason,
        .verdict = MPCONN_VERDICT_FORWARD,
        .side = s->to,
    };
    pkt->len = (uint32_t)mpci_build_tcp(pkt->data, pkt->cap, s);
    if (pkt->len == 0)
        return;
    box->n++;
    mpci_count(box->counters, reason);
}

void mpci_outbox_flush(mpci_outbox *box)
{
    unsigned n = box->n, taken;
    int rc;

    if (n == 0)
        return;
    box->n = 0;
    box->sent += n;
    rc = box->send(box->user, box->list, n);
    taken = rc < 0 ? 0 : (unsigned)rc;
    if (taken < n)
        box->counters->n[MPCONN_REASON_OUTPUT_FULL] += n - taken;
}
