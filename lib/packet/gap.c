/* SPDX-License-Identifier: BSD-2-Clause */
#include "packet/gap.h"

/* Modulo 2^32 a shorter packet is one that grows, too. */
static void grow(mpconn_pkt *pkt, uint32_t n)
{
    pkt->len += n;
    if (pkt->ext != NULL && pkt->ext->total_len != 0)
        pkt->ext->total_len += n;
}

void mpci_gap_open(mpconn_pkt *pkt, size_t at, uint32_t n)
{
    if (pkt->headroom >= n) {
        memmove(pkt->data - n, pkt->data, at);
        pkt->data -= n;
        pkt->headroom -= n;
        pkt->cap += n;
    } else {
        memmove(pkt->data + at + n, pkt->data + at, pkt->len - at);
    }
    grow(pkt, n);
}

void mpci_gap_close(mpconn_pkt *pkt, size_t at, uint32_t n)
{
    memmove(pkt->data + n, pkt->data, at);
    pkt->data += n;
    pkt->headroom += n;
    pkt->cap -= n;
    grow(pkt, 0 - n);
}

void mpci_gap_resize(mpconn_pkt *pkt, size_t at, uint32_t old_len, uint32_t new_len)
{
    if (new_len > old_len)
        mpci_gap_open(pkt, at, new_len - old_len);
    else
        mpci_gap_close(pkt, at, old_len - new_len);
}
