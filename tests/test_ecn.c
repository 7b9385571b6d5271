/* SPDX-License-Identifier: BSD-2-Clause */
/* Classic ECN (RFC 3168) through a split connection: asked for and granted on both legs, or granted
 * to the client alone, who must not go on as if its marks were heard. */
#include "bed.h"
#include "check_main.h"
#include "packet/checksum.h"

enum { CLIENT = MPCONN_SIDE_CLIENT, SERVER = MPCONN_SIDE_SERVER };
enum {
    SETUP = MPCI_TCP_ECE | MPCI_TCP_CWR,
    ACCURATE = SETUP | MPCI_TCP_AE,
    ECN_FLAGS = ACCURATE
};
enum { NOT_ECT, ECT_1, ECT_0, CE };

static const unsigned families[] = {MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV6};

static bed b;
static bed_conn c;

static void open_bed(unsigned family)
{
    mpconn_tuple t = bed_tuple(family, 1, 40000);

    bed_open_default(&b);
    c = bed_conn_of(&t, 0x11111111, 0x10);
}

/* The client's SYN with these flags; returns those of our answer. */
static unsigned ask(unsigned flags)
{
    bed_segment seg = bed_syn_seg(&c);
    mpci_view v;
    mpci_syn_options o;

    seg.s.flags |= (uint16_t)flags;
    bed_in(&b, CLIENT, &seg);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SYN_ANSWERED);
    bed_view(&b, &v, &o);
    c.y = v.seq;
    c.proxy_ts = o.tsval;
    return v.flags & ECN_FLAGS;
}

/* The client proves itself; returns the flags of our SYN to the server. */
static unsigned prove(void)
{
    bed_proof(&b, &c);
    return bed_take(&b)->view.flags & ECN_FLAGS;
}

static void answer(unsigned flags)
{
    bed_segment seg = bed_syn_ack_seg(&c);

    seg.s.flags |= (uint16_t)flags;
    bed_in(&b, SERVER, &seg);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_ANSWERED);
    b.n_out = 0;
}

/* A segment of the flow whose IP header says this about congestion. */
static void send_marked(unsigned from, unsigned flags, unsigned mark)
{
    bed_segment seg = bed_data(&c, from, 1, 1, 10);
    size_t len;

    seg.s.flags |= (uint16_t)flags;
    bed_in(&b, from, &seg); /* once as it is, to have the bytes; and once more with the mark */
    len = mpci_build_tcp(b.bytes, sizeof(b.bytes), &seg.s);
    if (c.tuple.family == MPCONN_FAMILY_IPV4) {
        b.bytes[1] = (uint8_t)mark;
        mpci_store16(b.bytes + 10, 0);
        mpci_store16(b.bytes + 10, (uint16_t)~mpci_csum_fold(mpci_csum_add(0, b.bytes, 20)));
    } else {
        b.bytes[1] = (uint8_t)(b.bytes[1] | mark << 4);
    }
    b.pkt.len = (uint32_t)len;
    b.pkt.side = (uint8_t)from;
    b.pkt.link = from == CLIENT ? 11 : 22;
    b.pkt.flow = 0;
    bed_in_again(&b, &b.pkt);
}

static unsigned mark_now(void)
{
    return c.tuple.family == MPCONN_FAMILY_IPV4 ? b.bytes[1] & 3u : b.bytes[1] >> 4 & 3u;
}

static unsigned flags_now(void)
{
    mpci_view v;

    bed_view(&b, &v, NULL); /* verifies both checksums */
    return v.flags & ECN_FLAGS;
}

/* Both ways of asking: an AccECN client falls back to what a classic answer grants (RFC 9768
 * 3.1.4). */
START_TEST(ecn_is_granted_and_asked_for_in_turn)
{
    open_bed(families[_i & 1]);
    ck_assert_uint_eq(ask(_i & 2 ? ACCURATE : SETUP), MPCI_TCP_ECE);
    ck_assert_uint_eq(prove(), SETUP);
    answer(MPCI_TCP_ECE);
    ck_assert_uint_eq(b.events[0].type, MPCONN_EVENT_SETTLED);
    ck_assert_uint_eq(b.legs[0][CLIENT].flags & MPCONN_LEG_F_ECN, MPCONN_LEG_F_ECN);
    ck_assert_uint_eq(b.legs[0][SERVER].flags & MPCONN_LEG_F_ECN, MPCONN_LEG_F_ECN);
    for (unsigned mark = NOT_ECT; mark <= CE; mark++) {
        for (unsigned from = 0; from < 2; from++) {
            send_marked(from, SETUP, mark);
            ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_FORWARD);
            ck_assert_uint_eq(mark_now(), mark);
            ck_assert_uint_eq(flags_now(), SETUP);
        }
    }
    bed_close(&b);
}
END_TEST

/* Half a request is none; nor is there a bit for it in the number shown to clients without
 * timestamps. */
START_TEST(ecn_is_not_granted_to_who_does_not_ask)
{
    static const unsigned no[] = {0, MPCI_TCP_ECE, MPCI_TCP_CWR, MPCI_TCP_AE, SETUP};

    open_bed(MPCONN_FAMILY_IPV4);
    c.timestamps = no[_i] != SETUP;
    ck_assert_uint_eq(ask(no[_i]), 0);
    ck_assert_uint_eq(prove(), 0);
    answer(MPCI_TCP_ECE); /* a server that grants what nobody asked for */
    ck_assert_uint_eq(b.deltas[0].flags & MPCONN_DELTA_F_STRIP_ECN_TO_SERVER, 0);
    ck_assert_uint_eq(b.legs[0][SERVER].flags & MPCONN_LEG_F_ECN, 0);
    bed_close(&b);
}
END_TEST

/* RFC 3168 6.1.1.1: what is lost again and again may be lost for its flags. */
START_TEST(ecn_is_asked_for_once)
{
    open_bed(MPCONN_FAMILY_IPV4);
    ask(SETUP);
    ck_assert_uint_eq(prove(), SETUP);
    for (unsigned i = 0; i < 3; i++) {
        bed_pass(&b, (UINT64_C(1) << i) * MPCONN_SECOND);
        ck_assert_uint_eq(bed_take(&b)->view.flags & (ECN_FLAGS | MPCI_TCP_SYN), MPCI_TCP_SYN);
    }
    bed_close(&b);
}
END_TEST

/* The server does not, or answers like a mirror: what the client says of ECN ends here. */
START_TEST(ecn_that_the_server_refuses_is_hidden_from_it)
{
    open_bed(families[_i & 1]);
    ask(SETUP);
    prove();
    answer(_i & 2 ? SETUP : 0);
    ck_assert_uint_eq(b.deltas[0].flags, MPCONN_DELTA_F_STRIP_ECN_TO_SERVER);
    for (unsigned mark = NOT_ECT; mark < CE; mark++) {
        send_marked(CLIENT, ACCURATE, mark);
        ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_FORWARD);
        ck_assert_uint_eq(mark_now(), NOT_ECT);
        ck_assert_uint_eq(flags_now(), 0);
        send_marked(SERVER, 0, mark);
        ck_assert_uint_eq(mark_now(), mark);
    }
    bed_close(&b);
}
END_TEST

/* RFC 6040 4.2: a mark that nobody would answer is a loss, and the sender sees to that. */
START_TEST(mark_that_the_server_would_not_answer_is_a_loss)
{
    mpconn_flow before = {.struct_size = sizeof before}, after = before;
    mpconn_flow_cursor at = {0}, again = {0};

    open_bed(families[_i]);
    ask(SETUP);
    prove();
    answer(0);
    ck_assert_int_eq(mpconn_engine_flow_next(b.eng, &at, &before), MPCONN_OK);
    send_marked(CLIENT, 0, CE);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_DROP);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_CE_UNHEARD);
    ck_assert_int_eq(mpconn_engine_flow_next(b.eng, &again, &after), MPCONN_OK);
    /* the ten bytes of the unmarked segment before it, and no more */
    ck_assert_uint_eq(after.next_seq[CLIENT], before.next_seq[CLIENT] + 10);
    bed_close(&b);
}
END_TEST

/* The stateless form leaves it to its caller. */
START_TEST(apply_says_of_such_a_mark_that_it_is_a_loss)
{
    mpconn_delta d = {.known = MPCONN_DELTA_K_ALL, .flags = MPCONN_DELTA_F_STRIP_ECN_TO_SERVER};
    uint8_t bytes[64];
    mpconn_pkt pkt = {.data = bytes};
    mpconn_tuple t = bed_tuple(MPCONN_FAMILY_IPV4, 1, 40000);
    bed_segment seg = bed_seg(&t, SERVER, MPCI_TCP_ACK, 1, 1);

    pkt.len = (uint32_t)mpci_build_tcp(bytes, sizeof bytes, &seg.s);
    bytes[1] |= CE;
    ck_assert_int_eq(mpconn_delta_apply(&d, CLIENT, &pkt), MPCONN_ERR_CONGESTED);
    ck_assert_uint_eq(bytes[1], CE);
    ck_assert_int_eq(mpconn_delta_apply(&d, SERVER, &pkt), MPCONN_OK);
    d.known &= (uint8_t)~MPCONN_DELTA_K_OPTIONS;
    ck_assert_int_eq(mpconn_delta_apply(&d, CLIENT, &pkt), MPCONN_OK);
    ck_assert_uint_eq(bytes[1], CE);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("ecn");
    TCase *tc = tcase_create("ecn");

    tcase_add_loop_test(tc, ecn_is_granted_and_asked_for_in_turn, 0, 4);
    tcase_add_loop_test(tc, ecn_is_not_granted_to_who_does_not_ask, 0, 5);
    tcase_add_test(tc, ecn_is_asked_for_once);
    tcase_add_loop_test(tc, ecn_that_the_server_refuses_is_hidden_from_it, 0, 4);
    tcase_add_loop_test(tc, mark_that_the_server_would_not_answer_is_a_loss, 0, 2);
    tcase_add_test(tc, apply_says_of_such_a_mark_that_it_is_a_loss);
    suite_add_tcase(s, tc);
    return check_run(s);
}
