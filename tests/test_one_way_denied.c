/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of requests that a host denies, by each of the ways by which others are answered:
 * none of them passes, and whoever is to be told is told by an exact RST. */
#include "one_way_bed.h"

static int denies;

static int admit(void *user, const mpconn_admit_request *request)
{
    (void)user;
    (void)request;
    return denies;
}

/* So many members, of which A denies what the test says. */
static void start_denying(unsigned n)
{
    denies = MPCONN_ADMIT_DEFAULT;
    start(n);
    net.at[A].cb.admit = admit;
    sync_boot(&net, A);
    sync_meet(&net);
    sync_pass(&net, 5 * MPCONN_SECOND);
}

static bed_conn next_of(const bed_conn *c)
{
    return conn_of(MPCONN_FAMILY_IPV4, (uint16_t)(c->tuple.client_port + 1));
}

static void exact_reset(const mpci_view *v, const bed_conn *c)
{
    ck_assert_uint_eq(v->flags, MPCI_TCP_RST | MPCI_TCP_ACK);
    ck_assert_uint_eq(v->seq, 0);
    ck_assert_uint_eq(v->ack, c->x + 1);
}

static void refused_in_silence(const bed_conn *c)
{
    denies = MPCONN_ADMIT_REFUSE;
    syn(A, c);
    expect(A, MPCONN_VERDICT_DROP, MPCONN_REASON_ADMIT_REFUSED);
    sync_carry(&net);
    for (unsigned i = 0; i < net.n; i++)
        ck_assert_uint_eq(at(i)->n_out, 0);
}

START_TEST(known_way_from_here_is_that_of_a_denial)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000), d = next_of(&c);
    mpci_view v;

    start_denying(1);
    connect_by(A, &c);
    ck_assert_int_eq(way_of(A, &d), MPCI_WAY_HERE);
    denies = MPCONN_ADMIT_RESET;
    syn(A, &d);
    expect(A, MPCONN_VERDICT_FORWARD, MPCONN_REASON_ADMIT_RESET);
    ck_assert_uint_eq(at(A)->pkt.side, CLIENT);
    ck_assert_uint_eq(at(A)->pkt.link, LINK_ONWARD_TO_CLIENT);
    bed_view(at(A), &v, NULL);
    exact_reset(&v, &d);
    refused_in_silence(&d);
    sync_bed_close(&net);
}
END_TEST

START_TEST(known_way_from_another_member_is_that_of_a_denial)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000), d = next_of(&c);
    const bed_out *o;

    start_denying(3);
    connect_by(B, &c);
    sync_pass(&net, MPCONN_SECOND);
    ck_assert_int_eq(way_of(A, &d), MPCI_WAY_MEMBER);
    at(A)->n_out = at(B)->n_out = at(C)->n_out = 0;
    denies = MPCONN_ADMIT_RESET;
    syn(A, &d);
    expect(A, MPCONN_VERDICT_CONSUMED, MPCONN_REASON_RETURN_ASKED);
    ck_assert_uint_eq(sync_waiting(&net, A, C), 0);
    sync_carry(&net);
    o = bed_take(at(B));
    ck_assert_uint_eq(o->pkt.side, CLIENT);
    ck_assert_uint_eq(o->pkt.link, LINK_ONWARD_TO_CLIENT);
    exact_reset(&o->view, &d);
    ck_assert_uint_eq(at(A)->n_out + at(B)->n_out + at(C)->n_out, 0);
    refused_in_silence(&d);
    sync_bed_close(&net);
}
END_TEST

/* Echoes of denials, which are not answered either. */
static void make_mute(const bed_conn *c)
{
    denies = MPCONN_ADMIT_RESET;
    for (unsigned i = 0; i < 3; i++) {
        (void)echo_of(c);
        sync_pass(&net, MPCONN_SECOND / 2 + 1);
    }
}

/* All are asked and nobody knows a way: the RST is lost, and the SYN does not go on for all that.
 * Only the way is asked for beside it. */
START_TEST(F1_denied_request_to_a_mute_server_does_not_pass)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);

    start_denying(2);
    make_mute(&c);
    at(A)->n_out = 0;
    syn(A, &c);
    expect(A, MPCONN_VERDICT_CONSUMED, MPCONN_REASON_RETURN_ASKED);
    ck_assert_uint_eq(bed_take(at(A))->pkt.reason, MPCONN_REASON_ECHO_SENT);
    sync_carry(&net);
    ck_assert_uint_eq(at(B)->n_out, 0);
    ck_assert_uint_eq(counted(B, MPCONN_REASON_RETURN_UNKNOWN), 1);
    sync_pass(&net, MPCONN_SECOND);
    syn(A, &c);
    expect(A, MPCONN_VERDICT_DROP, MPCONN_REASON_RETURN_UNKNOWN);
    ck_assert_uint_eq(counted(A, MPCONN_REASON_RETURN_UNSPLIT), 0);
    refused_in_silence(&c);
    sync_bed_close(&net);
}
END_TEST

/* B has seen what the server says to that network, and A does not know. */
START_TEST(F1_denied_request_to_a_mute_server_is_reset_by_whoever_knows_a_way)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    const bed_out *o;

    start_denying(3);
    make_mute(&c);
    mpci_echo_saw_server(&at(B)->eng->echo, &c.tuple, LINK_ONWARD_TO_CLIENT);
    syn(A, &c);
    expect(A, MPCONN_VERDICT_CONSUMED, MPCONN_REASON_RETURN_ASKED);
    sync_carry(&net);
    o = bed_take(at(B));
    ck_assert_uint_eq(o->pkt.side, CLIENT);
    ck_assert_uint_eq(o->pkt.link, LINK_ONWARD_TO_CLIENT);
    exact_reset(&o->view, &c);
    ck_assert_uint_eq(at(B)->n_out + at(C)->n_out, 0);
    ck_assert_int_eq(way_of(A, &c), MPCI_WAY_MEMBER); /* it has said so */
    sync_bed_close(&net);
}
END_TEST

int main(void)
{
    return CHECK_MAIN("one way denied", known_way_from_here_is_that_of_a_denial,
                      known_way_from_another_member_is_that_of_a_denial,
                      F1_denied_request_to_a_mute_server_does_not_pass,
                      F1_denied_request_to_a_mute_server_is_reset_by_whoever_knows_a_way);
}
