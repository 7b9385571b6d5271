/* SPDX-License-Identifier: BSD-2-Clause */
/* A client that aborts and comes back from the same port at once, while what it said before, or
 * what the members tell one another, is still on its way. */
#include "carried.h"
#include "check_main.h"

static void expect_carried(void)
{
    sync_carry(&net);
    say(A, CLIENT, MPCI_TCP_ACK, 1, 1, 100);
    ck_assert_int_eq(m[A]->pkt.reason, MPCONN_REASON_TRANSLATED);
    say(B, SERVER, MPCI_TCP_ACK, 1, 101, 100);
    ck_assert_int_eq(m[B]->pkt.reason, MPCONN_REASON_TRANSLATED);
}

/* The next incarnation, in which nobody repeats anything. */
static void begin_anew(void)
{
    c.x += 100000;
    c.z += 100000;
    bed_syn(m[A], &c); /* fails when it is passed on instead */
    bed_proof(m[A], &c);
    bed_syn_ack(m[B], &c);
    expect_carried();
}

/* A host with two processors hands in the RST first, and the ACK before it after that. */
START_TEST(V12_ack_that_its_own_reset_overtook_does_not_keep_the_port)
{
    start((unsigned)_i);
    carried_handshake();
    say(B, SERVER, MPCI_TCP_ACK, 1, 1, 30);
    say(A, CLIENT, MPCI_TCP_ACK | MPCI_TCP_RST, 1, 31, 0);
    say(A, CLIENT, MPCI_TCP_ACK, 1, 31, 0);
    begin_anew();
}
END_TEST

/* It lives on when more comes: the next number is then left to the endpoints, as in
 * any open flow. */
START_TEST(V12_client_that_goes_on_after_a_reset_keeps_its_port)
{
    bed_segment syn;

    start(A);
    carried_handshake();
    say(B, SERVER, MPCI_TCP_ACK, 1, 1, 30);
    say(A, CLIENT, MPCI_TCP_ACK | MPCI_TCP_RST, 1, 31, 0);
    say(A, CLIENT, MPCI_TCP_ACK, 1, 31, _i == 0 ? 10 : 0); /* data, or a second segment */
    if (_i == 1)
        say(A, CLIENT, MPCI_TCP_ACK, 1, 31, 0);
    c.x += 100000;
    syn = bed_syn_seg(&c);
    bed_in(m[A], CLIENT, &syn);
    ck_assert_int_eq(m[A]->pkt.reason, MPCONN_REASON_SYN_REPEATED);
}
END_TEST

/* B has heard neither endpoint since its commit, nor of the abort. The server's answer to the next
 * number may be forged, and what still has to be confirmed is not given up for it: the driver's SYN
 * is sent again after its second, and by then B knows. */
START_TEST(V12_answer_before_the_last_was_confirmed_waits_for_the_next_syn)
{
    start((unsigned)_i);
    carried_handshake();
    say(A, CLIENT, MPCI_TCP_ACK | MPCI_TCP_RST, 1, 1, 0);
    c.x += 100000;
    c.z += 100000;
    bed_syn(m[A], &c);
    bed_proof(m[A], &c);
    bed_syn_ack(m[B], &c);
    ck_assert_int_eq(m[B]->pkt.reason, MPCONN_REASON_SERVER_REPEATED);
    sync_carry(&net);
    m[A]->n_out = m[B]->n_out = 0;
    sync_pass(&net, MPCONN_SECOND);
    ck_assert_uint_eq(bed_take(m[A])->view.flags, MPCI_TCP_SYN);
    bed_syn_ack(m[B], &c);
    expect_carried();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("overtaken");
    TCase *tc = tcase_create("overtaken");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, V12_ack_that_its_own_reset_overtook_does_not_keep_the_port, 0, 2);
    tcase_add_loop_test(tc, V12_client_that_goes_on_after_a_reset_keeps_its_port, 0, 2);
    tcase_add_loop_test(tc, V12_answer_before_the_last_was_confirmed_waits_for_the_next_syn, 0, 2);
    suite_add_tcase(s, tc);
    return check_run(s);
}
