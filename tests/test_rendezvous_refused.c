/* SPDX-License-Identifier: BSD-2-Clause */
/* A RST before there is a pair, at one of several members: it is the session's, and nobody is asked
 * what it is. */
#include "meeting_members.h"

static meeting_client a, b;

static void begin(void)
{
    open_members(2);
    choose_registrar(0);
    a = client_of(0);
    b = client_of(1);
}

static unsigned reset(unsigned at, const meeting_client *c, uint32_t seq, uint32_t ack)
{
    bed_segment seg = bed_seg(&c->leg, c->side ^ 1, MPCI_TCP_RST | MPCI_TCP_ACK, seq, ack);

    hand_in(at, c, &seg);
    sync_carry(&net);
    return net.at[at].b.pkt.reason;
}

START_TEST(R19_exact_reset_of_a_waiting_client_withdraws_its_call)
{
    begin();
    add_at(0);
    call(0, &a);
    sync_carry(&net);
    ck_assert_uint_ne(reset(0, &a, a.isn + 2, 0), MPCONN_REASON_SESSION_RESET);
    ck_assert_uint_eq(state_at(0), MPCONN_SESSION_WAITING);
    ck_assert_uint_eq(reset(0, &a, a.isn + 1, 0), MPCONN_REASON_SESSION_RESET);
    ck_assert_uint_eq(state_at(0), MPCONN_SESSION_IDLE);
    call(1, &b);
    sync_carry(&net);
    assert_silent();
    sync_bed_close(&net);
}
END_TEST

/* Who calls is told. */
START_TEST(refusal_of_a_called_client_reaches_the_caller)
{
    const bed_out *o;

    begin();
    config.role = MPCONN_ROLE_TRACK;
    config.termination[1].expect = b.leg.server;
    config.termination[1].expect_prefix = 32;
    config.termination[1].expect_port = b.leg.server_port;
    add_at(0);
    call(0, &a);
    sync_carry(&net);
    ck_assert_uint_eq(bed_take(&net.at[0].b)->view.seq, a.isn);
    ck_assert_uint_ne(reset(0, &b, 0, a.isn + 2), MPCONN_REASON_SESSION_REJECTED);
    ck_assert_uint_eq(state_at(0), MPCONN_SESSION_WAITING);
    ck_assert_uint_eq(reset(0, &b, 0, a.isn + 1), MPCONN_REASON_SESSION_REJECTED);
    ck_assert_uint_eq(state_at(0), MPCONN_SESSION_IDLE);
    o = bed_take(&net.at[0].b);
    ck_assert_uint_eq(o->view.flags, MPCI_TCP_RST | MPCI_TCP_ACK);
    ck_assert_uint_eq(o->view.ack, a.isn + 1);
    sync_bed_close(&net);
}
END_TEST

int main(void)
{
    return CHECK_MAIN("rendezvous_refused",
                      R19_exact_reset_of_a_waiting_client_withdraws_its_call,
                      refusal_of_a_called_client_reaches_the_caller);
}
