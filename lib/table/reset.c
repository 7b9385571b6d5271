/* SPDX-License-Identifier: BSD-2-Clause */
#include "table/reset.h"

mpci_segment mpci_reset(const mpci_core *core, const mpconn_tuple *tuple, unsigned to,
                        uint32_t seq)
{
    mpci_segment s = {0};

    s.tuple = tuple;
    s.to = (uint8_t)to;
    s.hop_limit = core->hop_limit;
    s.flags = MPCI_TCP_RST;
    s.seq = seq;
    s.wscale = MPCONN_WSCALE_NONE;
    return s;
}

mpci_segment mpci_reset_ack(const mpci_core *core, const mpconn_tuple *tuple, unsigned to,
                            uint32_t seq, uint32_t ack)
{
    mpci_segment s = mpci_reset(core, tuple, to, seq);

    s.flags |= MPCI_TCP_ACK;
    s.ack = ack;
    return s;
}

void mpci_reset_put(mpci_core *core, const mpci_segment *s, uint32_t link, uint32_t mark)
{
    mpci_outbox_put(&core->outbox, s, link, mark,
                    s->to == MPCONN_SIDE_CLIENT ? MPCONN_REASON_RST_TO_CLIENT
                                                : MPCONN_REASON_RST_TO_SERVER);
}

void mpci_reset_answer(mpci_core *core, const mpci_step *st)
{
    mpci_segment s = mpci_reset(core, st->leg, st->from, st->view->ack);

    mpci_reset_put(core, &s, core->one_way ? MPCONN_LINK_NONE : st->pkt->link, st->pkt->mark);
}
