/* SPDX-License-Identifier: BSD-2-Clause */
/* A client at a link-layer member sends more than its server takes: the ICMP error that tells it so
 * leaves where the server's answers come by. */
#include "one_way_bed.h"

#include "base/byteorder.h"
#include "packet/quote.h"

enum { MSS = 1300, MARK_OF_TOO_BIG_IPV4 = 0x0304, MARK_OF_TOO_BIG_IPV6 = 0x0200 };

/* Settled at A for what the client says and at this one for the rest; a segment one byte too long
 * at A. The MTU that the client has to learn. */
static uint32_t too_big(unsigned family, unsigned by, bed_conn *c, bed_segment *seg)
{
    uint32_t headers = family == MPCONN_FAMILY_IPV4 ? 40 : 60;

    *c = conn_of(family, 4000);
    c->server_mss = MSS;
    connect_by(by, c);
    sync_pass(&net, MPCONN_SECOND);
    at(A)->n_out = at(by)->n_out = 0;
    *seg = bed_data(c, CLIENT, 1, 1, MSS - 12 + 1);
    bed_in(at(A), CLIENT, seg);
    expect(A, MPCONN_VERDICT_DROP, MPCONN_REASON_SEGMENT_TOO_BIG);
    sync_carry(&net);
    return MSS + headers;
}

static void expect_error(const bed_out *o, const bed_conn *c, const bed_segment *seg, uint32_t mtu)
{
    int is_v4 = c->tuple.family == MPCONN_FAMILY_IPV4;
    mpci_quote q;
    mpci_quoted_tcp t;
    mpconn_tuple quoted;

    ck_assert_uint_eq(o->pkt.side, CLIENT);
    ck_assert_uint_eq(o->pkt.link, LINK_ONWARD_TO_CLIENT);
    ck_assert_uint_eq(o->view.kind, MPCI_KIND_ICMP_ERROR);
    ck_assert_int_eq(mpci_view_icmp_is_right(&o->view, &o->pkt), 1);
    ck_assert_uint_eq(mpci_load16(o->view.l4), is_v4 ? MARK_OF_TOO_BIG_IPV4 : MARK_OF_TOO_BIG_IPV6);
    ck_assert_uint_eq(mpci_load32(o->view.l4 + 4), mtu);
    ck_assert_mem_eq(o->bytes + (is_v4 ? 12 : 8), c->tuple.server.bytes, is_v4 ? 4 : 16);
    ck_assert_mem_eq(o->bytes + (is_v4 ? 16 : 24), c->tuple.client.bytes, is_v4 ? 4 : 16);
    ck_assert_uint_eq(mpci_quote_read(&q, &t, &o->view, &o->pkt), 0);
    mpci_quote_tuple(&quoted, &q, &t, o->view.l4, CLIENT, 0);
    ck_assert_mem_eq(&quoted, &c->tuple, sizeof quoted);
    ck_assert_uint_eq(t.seq, seg->s.seq);
    ck_assert_uint_eq(q.ip.claimed_len, mtu + 1);
}

static void leaves_at_the_return_path(unsigned family)
{
    bed_conn c;
    bed_segment seg;
    uint32_t mtu;

    start(2);
    mtu = too_big(family, B, &c, &seg);
    ck_assert_uint_eq(at(A)->n_out, 0);
    ck_assert_uint_eq(counted(A, MPCONN_REASON_RETURN_UNKNOWN), 0);
    ck_assert_uint_eq(counted(A, MPCONN_REASON_RETURN_SAID), 1);
    ck_assert_uint_eq(counted(B, MPCONN_REASON_RETURN_SENT), 1);
    expect_error(bed_take(at(B)), &c, &seg, mtu);
    ck_assert_uint_eq(at(B)->n_out, 0);
    sync_bed_close(&net);
}

START_TEST(error_leaves_at_the_return_path_IPv4)
{
    leaves_at_the_return_path(MPCONN_FAMILY_IPV4);
}
END_TEST

START_TEST(error_leaves_at_the_return_path_IPv6)
{
    leaves_at_the_return_path(MPCONN_FAMILY_IPV6);
}
END_TEST

/* Who sees both directions has the way itself, and the whole segment to quote. */
START_TEST(error_leaves_here_where_a_way_is_known_here)
{
    bed_conn c;
    bed_segment seg;
    uint32_t mtu;
    const bed_out *o;

    start(1);
    mtu = too_big(MPCONN_FAMILY_IPV4, A, &c, &seg);
    o = bed_take(at(A));
    expect_error(o, &c, &seg, mtu);
    ck_assert_uint_eq(o->pkt.reason, MPCONN_REASON_TOO_BIG_SENT);
    ck_assert_uint_gt(o->pkt.len, 500);
    sync_bed_close(&net);
}
END_TEST

/* Others are asked for so many a second as they are for anything a stranger can draw. */
START_TEST(F3_errors_beyond_the_budget_are_lost)
{
    bed_conn c;
    bed_segment seg;

    sync_bed_open(&net, 2);
    for (unsigned i = 0; i < 2; i++) {
        net.at[i].cfg.return_path = MPCONN_RETURN_ECHO;
        net.at[i].cfg.echo_rate = 4; /* one at once */
    }
    sync_start(&net);
    sync_pass(&net, 5 * MPCONN_SECOND);
    (void)too_big(MPCONN_FAMILY_IPV4, B, &c, &seg);
    sync_pass(&net, 20 * MPCONN_MILLISECOND);
    bed_in(at(A), CLIENT, &seg);
    expect(A, MPCONN_VERDICT_DROP, MPCONN_REASON_SEGMENT_TOO_BIG);
    ck_assert_uint_eq(counted(A, MPCONN_REASON_RETURN_SAID), 1);
    ck_assert_uint_eq(counted(A, MPCONN_REASON_RETURN_UNKNOWN), 1);
    sync_bed_close(&net);
}
END_TEST

int main(void)
{
    return CHECK_MAIN("one way too big", error_leaves_at_the_return_path_IPv4,
                      error_leaves_at_the_return_path_IPv6,
                      error_leaves_here_where_a_way_is_known_here,
                      F3_errors_beyond_the_budget_are_lost);
}
