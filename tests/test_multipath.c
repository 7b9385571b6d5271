/* SPDX-License-Identifier: BSD-2-Clause */
/* A client that joins a subflow (RFC 8684 3.2): it can be promised nothing in the server's name. */
#include "check_main.h"
#include "engine_support.h"

enum { CLIENT = MPCONN_SIDE_CLIENT };
enum { JOIN_LEN = 12 };

static const unsigned families[] = {MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV6};
static bed b;
static bed_conn c;

static void open_bed(unsigned family)
{
    mpconn_tuple t = bed_tuple(family, 1, 40000);

    bed_open_default(&b);
    c = bed_conn_of(&t, 0x11111111, 0x10);
}

/* The SYN of the connection, with MP_JOIN behind its other options. */
static raw joining(void)
{
    static const uint8_t join[JOIN_LEN] = {30, JOIN_LEN, 0x10, 2, 1, 2, 3, 4, 5, 6, 7, 8};
    bed_segment seg = bed_syn_seg(&c);
    raw r = {.l4 = c.tuple.family == MPCONN_FAMILY_IPV4 ? 20 : 40};

    r.len = (uint32_t)bed_build(r.bytes, sizeof r.bytes, &seg);
    raw_add(&r, join, sizeof join);
    r.bytes[r.l4 + 12] = (uint8_t)(r.bytes[r.l4 + 12] + (JOIN_LEN / 4 << 4));
    raw_seal(&r);
    return r;
}

/* Ends with the number of the SYN|ACK known; there is no Multipath TCP in it. */
static void join_is_answered(void)
{
    raw r = joining();
    mpci_syn_options o;
    mpci_view v;

    bed_raw(&b, CLIENT, &r);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SYN_ANSWERED);
    bed_view(&b, &v, &o);
    ck_assert_uint_eq(v.ack, c.x + 1);
    ck_assert_uint_eq(o.multipath, 0);
    ck_assert_uint_eq(b.n_out, 0);
    c.y = v.seq;
    c.proxy_ts = o.tsval;
}

/* RFC 8684 3.2: the client has to reset what was answered so. */
START_TEST(E24_join_that_its_client_resets_never_comes_to_the_server)
{
    bed_segment seg;

    open_bed(families[_i]);
    join_is_answered();
    ck_assert_uint_eq(bed_stats(&b).handshakes, 1);
    seg = bed_proof_seg(&c);
    seg.s.flags = MPCI_TCP_RST | MPCI_TCP_ACK;
    bed_in(&b, CLIENT, &seg);
    ck_assert_uint_eq(bed_stats(&b).handshakes, 0);
    ck_assert_uint_eq(bed_n_flows(&b), 0);
    bed_pass(&b, 60 * MPCONN_SECOND);
    ck_assert_uint_eq(b.n_out, 0);
    bed_close(&b);
}
END_TEST

/* One that goes on nevertheless gets a connection of plain TCP, and so does its server. */
START_TEST(E24_join_that_is_proved_is_plain_tcp_for_the_server)
{
    const bed_out *syn;

    open_bed(families[_i]);
    join_is_answered();
    bed_proof(&b, &c);
    syn = bed_take(&b);
    ck_assert_uint_eq(syn->view.flags & (MPCI_TCP_SYN | MPCI_TCP_ACK), MPCI_TCP_SYN);
    ck_assert_uint_eq(syn->options.multipath, 0);
    bed_syn_ack(&b, &c);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_ANSWERED);
    ck_assert_uint_eq(bed_n_flows(&b), 1);
    bed_close(&b);
}
END_TEST

/* Where it is not split the SYN goes on as it came. */
START_TEST(E24_join_that_is_not_split_is_left_alone)
{
    raw r;

    open_bed(families[_i]);
    b.admit = MPCONN_ADMIT_TRACK;
    r = joining();
    bed_raw(&b, CLIENT, &r);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    ck_assert_uint_eq(b.pkt.len, r.len);
    ck_assert_mem_eq(b.pkt.data, r.bytes, r.len);
    ck_assert_uint_eq(b.n_out, 0);
    bed_close(&b);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("multipath");
    TCase *tc = tcase_create("both families");

    tcase_add_loop_test(tc, E24_join_that_its_client_resets_never_comes_to_the_server, 0, 2);
    tcase_add_loop_test(tc, E24_join_that_is_proved_is_plain_tcp_for_the_server, 0, 2);
    tcase_add_loop_test(tc, E24_join_that_is_not_split_is_left_alone, 0, 2);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
