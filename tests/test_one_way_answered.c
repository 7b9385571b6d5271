/* SPDX-License-Identifier: BSD-2-Clause */
/* Link-layer members: what follows the answer to a SYN goes where that went, though nobody has
 * proved that way yet. */
#include "one_way_bed.h"

#include "echo/say.h"

/* Whoever of the two is registrar. */
enum { PORTS = 8 };

/* B answers the client, and its word of that is lost. */
static void answered_unheard(bed_conn *c)
{
    letter l = echo_of(c);
    mpci_view v;

    give(B, SERVER, &l, LINK_OF_REPLY);
    expect(B, MPCONN_VERDICT_FORWARD, MPCONN_REASON_ECHO_ANSWERED);
    bed_view(at(B), &v, NULL);
    c->y = v.seq;
    c->proxy_ts = v.tsval;
    sync_lose(&net);
}

static void refuse_at_server(const bed_conn *c)
{
    bed_segment seg = bed_seg(&c->tuple, CLIENT, MPCI_TCP_RST | MPCI_TCP_ACK, 0, c->x + 1);

    bed_in(at(B), SERVER, &seg);
    sync_carry(&net);
    sync_pass(&net, MPCONN_SECOND / 10);
}

START_TEST(refusal_of_the_server_reaches_the_first_client_of_a_network)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, (uint16_t)(4000 + _i));
    const bed_out *o;

    start(2);
    answered_unheard(&c);
    proof(&c);
    refuse_at_server(&c);
    o = bed_take(at(B));
    ck_assert_uint_eq(o->pkt.side, CLIENT);
    ck_assert_uint_eq(o->pkt.link, LINK_OF_REPLY);
    ck_assert_uint_eq(o->view.flags, MPCI_TCP_RST | MPCI_TCP_ACK);
    ck_assert_uint_eq(o->view.seq, c.y + 1);
    ck_assert_uint_eq(o->view.ack, c.x + 1);
    ck_assert_uint_eq(counted(B, MPCONN_REASON_RETURN_UNKNOWN), 0);
    sync_bed_close(&net);
}
END_TEST

/* Of so many members that one sees the reply. The client does not repeat its SYN, and may have
 * nothing to say. */
static void answered_again_at(unsigned i, unsigned members)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    const bed_out *o;
    letter l;

    start(members);
    l = echo_of(&c);
    answered_at(i, &c, &l);
    sync_pass(&net, 2 * MPCONN_SECOND);
    o = bed_take(at(i));
    ck_assert_uint_eq(o->pkt.side, CLIENT);
    ck_assert_uint_eq(o->pkt.link, LINK_OF_REPLY);
    ck_assert_uint_eq(o->view.flags, MPCI_TCP_SYN | MPCI_TCP_ACK);
    ck_assert_uint_eq(o->view.seq, c.y);
    ck_assert_uint_eq(o->view.ack, c.x + 1);
    sync_bed_close(&net);
}

START_TEST(whose_ACK_was_lost_is_answered_again)
{
    answered_again_at(B, 2);
}
END_TEST

START_TEST(whose_ACK_was_lost_is_answered_again_by_who_saw_it_all)
{
    answered_again_at(A, 2);
    answered_again_at(A, 1);
}
END_TEST

/* Of two clients of a network, neither of whom has proved anything, the last one only. */
START_TEST(F0_unproved_way_is_used_for_nobody_else)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000), d = conn_of(MPCONN_FAMILY_IPV4, 4001);
    letter l;

    start(2);
    l = echo_of(&c);
    answered_at(B, &c, &l);
    l = echo_of(&d);
    answered_at(B, &d, &l);
    sync_pass(&net, 2 * MPCONN_SECOND);
    while (at(B)->n_out > 0)
        ck_assert_uint_eq(bed_take(at(B))->view.dport, 4001);
    ck_assert_uint_gt(counted(B, MPCONN_REASON_RETURN_UNKNOWN), 0);
    sync_bed_close(&net);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("one way answered");
    TCase *tc = tcase_create("one way answered");

    tcase_add_loop_test(tc, refusal_of_the_server_reaches_the_first_client_of_a_network, 0, PORTS);
    tcase_add_test(tc, whose_ACK_was_lost_is_answered_again);
    tcase_add_test(tc, whose_ACK_was_lost_is_answered_again_by_who_saw_it_all);
    tcase_add_test(tc, F0_unproved_way_is_used_for_nobody_else);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
