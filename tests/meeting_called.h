/* SPDX-License-Identifier: BSD-2-Clause */
/* Three members, and one session of which one client calls the other one: what the caller says
 * comes to one member, what the called one says to another. */
#ifndef TESTS_MEETING_CALLED_H
#define TESTS_MEETING_CALLED_H

#include "meeting_members.h"

static meeting_client a, b;         /* who calls, and who is called */
static unsigned caller_at, called_at, decides;

static inline void expect(const meeting_client *c)
{
    mpconn_termination *t = &config.termination[c->side];

    t->expect = c->side == 0 ? c->leg.client : c->leg.server;
    t->expect_port = c->side == 0 ? c->leg.client_port : c->leg.server_port;
    t->expect_prefix = 32;
}

static inline void open_role(unsigned role, unsigned caller, unsigned who)
{
    open_members(3);
    config.role = (uint8_t)role;
    a = client_of(caller);
    b = client_of(caller ^ 1);
    expect(&b);
    caller_at = 0;
    called_at = 1;
    decides = who;
    choose_registrar(decides);
    add_at(0);
}

static inline bed_segment answer_of_called(void)
{
    bed_segment seg = meeting_syn_of(&b);

    seg.s.flags |= MPCI_TCP_ACK;
    seg.s.ack = a.isn + 1;
    seg.s.tsecr = a.tsval;
    return seg;
}

static inline void refuse(uint32_t seq, uint32_t ack)
{
    bed_segment seg = bed_seg(&b.leg, b.side ^ 1, MPCI_TCP_RST | MPCI_TCP_ACK, seq, ack);

    hand_in(called_at, &b, &seg);
}

#endif
