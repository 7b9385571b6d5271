/* SPDX-License-Identifier: BSD-2-Clause */
/* What comes late, or from somebody who only guesses, revives nothing and ends nothing (rule R3,
 * V21, E12, E22, E23). */
#include "bed.h"
#include "check_main.h"
#include "engine_support.h"
#include "packets.h"

enum { CLIENT = MPCONN_SIDE_CLIENT, SERVER = MPCONN_SIDE_SERVER };

static bed b;
static mpconn_engine_config cfg;
static mpconn_callbacks cb;
static mpconn_tuple t;

static void set_up(void)
{
    bed_config(&cfg, &cb);
    t = bed_tuple(4, 1, 40000);
}

static unsigned count(unsigned reason)
{
    return (unsigned)mpconn_engine_count(b.eng, reason);
}

static void segment(const mpconn_tuple *tuple, unsigned from, unsigned flags, uint32_t seq,
                    uint32_t ack)
{
    bed_segment seg = bed_seg(tuple, from ^ 1u, flags, seq, ack);

    bed_in(&b, from, &seg);
}

static void talk(const bed_conn *c)
{
    bed_segment seg = bed_data(c, CLIENT, 1, 1, 100);

    bed_in(&b, CLIENT, &seg);
    seg = bed_data(c, SERVER, 1, 101, 1000);
    bed_in(&b, SERVER, &seg);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_TRANSLATED);
}

/* x1 settled and was reset, x2 took its place and is alive. */
static void two_incarnations(bed_conn *first, bed_conn *second)
{
    *first = bed_conn_of(&t, 1000, 0x1000);
    *second = bed_conn_of(&t, 0x40000000, 0x2000);
    bed_open(&b, &cfg, &cb);
    bed_settle(&b, first);
    talk(first);
    segment(&t, CLIENT, MPCI_TCP_RST, first->x + 101, 0);
    bed_pass(&b, MPCONN_SECOND);
    bed_settle(&b, second);
    talk(second);
    b.n_out = b.n_events = 0;
}

START_TEST(V21_late_proof_of_a_superseded_number_does_not_touch_the_living_flow)
{
    bed_conn first, second;
    bed_segment late;

    two_incarnations(&first, &second);
    bed_pass(&b, 30 * MPCONN_SECOND);
    b.n_out = 0;
    late = bed_proof_seg(&first);
    bed_in(&b, CLIENT, &late);
    ck_assert_int_ne(b.pkt.reason, MPCONN_REASON_CLIENT_PROVED);
    segment(&t, SERVER, MPCI_TCP_ACK, second.z + 1001, second.x + 101); /* its challenge ACK */
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_TRANSLATED);
    ck_assert_uint_eq(b.n_out, 0);
    ck_assert_uint_eq(b.n_events, 0);
    bed_close(&b);
}
END_TEST

/* A proof that fits no dead number may be the client's, who began anew, or a duplicate that took
 * long. The living flow goes on until the server answers the new number. */
START_TEST(stray_proof_alone_ends_no_flow)
{
    bed_conn first = bed_conn_of(&t, 1000, 0x1000), second = bed_conn_of(&t, 0x40000000, 0x2000);
    bed_segment seg;

    bed_open(&b, &cfg, &cb);
    bed_syn(&b, &second); /* answered, and the client says no more */
    bed_pass(&b, 40 * MPCONN_SECOND);
    b.n_out = 0;
    bed_settle(&b, &first);
    talk(&first);
    b.n_out = b.n_events = 0;
    seg = bed_proof_seg(&second);
    bed_in(&b, CLIENT, &seg);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_CLIENT_PROVED);
    ck_assert_uint_eq(bed_take(&b)->view.flags, MPCI_TCP_SYN);
    seg = bed_data(&first, CLIENT, 101, 1001, 10); /* the client lives in the first one */
    bed_in(&b, CLIENT, &seg);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_TRANSLATED);
    segment(&t, SERVER, MPCI_TCP_ACK, first.z + 1001, first.x + 111);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_TRANSLATED);
    ck_assert_uint_eq(b.n_out, 0);
    ck_assert_uint_eq(b.n_events, 0);
    bed_close(&b);
}
END_TEST

START_TEST(E12_only_the_right_acknowledgment_settles_a_tracked_flow)
{
    uint32_t z = 0x12345678;

    cfg.split_mode = MPCONN_SPLIT_NEVER;
    cfg.unknown_policy = MPCONN_UNKNOWN_DROP;
    bed_open(&b, &cfg, &cb);
    segment(&t, CLIENT, MPCI_TCP_SYN, 1000, 0);
    segment(&t, SERVER, MPCI_TCP_SYN | MPCI_TCP_ACK, z, 1001);
    for (unsigned bit = 0; bit < 32; bit++) {
        segment(&t, CLIENT, MPCI_TCP_ACK, 1001, (z + 1) ^ (1u << bit));
        ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_DROP);
    }
    segment(&t, CLIENT, MPCI_TCP_ACK, 1001 + 0x10000, z + 1);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_DROP);
    ck_assert_uint_eq(b.n_events, 0);
    segment(&t, CLIENT, MPCI_TCP_ACK, 1001, z + 1);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    ck_assert_uint_eq(b.events[0].type, MPCONN_EVENT_SETTLED);
    bed_close(&b);
}
END_TEST

static void signed_syn(uint16_t port)
{
    static const uint8_t md5[20] = {19, 18, [18] = 1, [19] = 1};
    raw r;

    raw_tcp(&r, MPCONN_FAMILY_IPV4, MPCI_TCP_SYN, md5, sizeof(md5), 0);
    poke16(r.bytes + r.l4, port);
    raw_seal(&r);
    bed_raw(&b, CLIENT, &r);
    ck_assert_uint_eq(b.request.flags, MPCONN_ADMIT_F_SIGNED);
}

/* How many pass of a hundred from this port on. */
static unsigned pass_signed(uint16_t port)
{
    unsigned passed = 0;

    for (unsigned i = 0; i < 100; i++) {
        signed_syn((uint16_t)(port + i));
        passed += b.pkt.reason == MPCONN_REASON_SYN_TRACKED;
        ck_assert_int_eq(b.pkt.verdict, b.request.suggestion == MPCONN_ADMIT_TRACK
                                            ? MPCONN_VERDICT_FORWARD
                                            : MPCONN_VERDICT_DROP);
    }
    return passed;
}

/* An option that everybody can put on a SYN does not lead a flood past the cookies. Nor does a
 * flood keep those apart who sign. */
START_TEST(E24_signed_syns_pass_freely_in_peace_only)
{
    cfg.max_handshakes = 64;
    bed_open(&b, &cfg, &cb);
    for (uint16_t i = 0; i < 32; i++) {
        signed_syn((uint16_t)(40000 + i));
        ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SYN_TRACKED);
        ck_assert_uint_eq(b.request.suggestion, MPCONN_ADMIT_TRACK);
    }
    ck_assert_uint_eq(pass_signed(50000), 4); /* a quarter of a second's */
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_ADMIT_REFUSED);
    bed_pass(&b, MPCONN_SECOND);
    ck_assert_uint_eq(pass_signed(51000), 4);
    bed_pass(&b, MPCONN_SECOND / 16);
    ck_assert_uint_eq(pass_signed(52000), 1);
    segment(&t, CLIENT, MPCI_TCP_SYN, 1, 0);
    ck_assert_uint_eq(b.request.flags, 0);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SYN_ANSWERED);
    bed_close(&b);
}
END_TEST

/* A server that answers RST with the same ACK again (RFC 1337) must not make us go on for ever. */
START_TEST(E23_stale_server_draws_two_packets_for_each_of_our_syns)
{
    bed_conn c = bed_conn_of(&t, 1000, 0x1000);

    bed_open(&b, &cfg, &cb);
    bed_syn(&b, &c);
    bed_proof(&b, &c);
    b.n_out = 0;
    for (unsigned i = 0; i < 100; i++) {
        segment(&t, SERVER, MPCI_TCP_ACK, 0x777, 0x70000888);
        ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_STALE);
    }
    ck_assert_uint_eq(b.n_out, 2);
    bed_pass(&b, MPCONN_SECOND); /* our SYN again by its timer */
    ck_assert_uint_eq(b.n_out, 3);
    segment(&t, SERVER, MPCI_TCP_ACK, 0x777, 0x70000888);
    ck_assert_uint_eq(b.n_out, 5);
    bed_close(&b);
}
END_TEST

START_TEST(E23_repeats_are_bounded_for_a_handshake_not_for_each_syn)
{
    bed_conn c = bed_conn_of(&t, 1000, 0x1000);

    bed_open(&b, &cfg, &cb);
    for (unsigned i = 0; i < 14; i++) { /* within the life of the entry */
        bed_syn(&b, &c);
        bed_pass(&b, MPCONN_SECOND);
    }
    ck_assert_uint_eq(count(MPCONN_REASON_SYN_ACK_REPEAT), 3);
    ck_assert_uint_eq(count(MPCONN_REASON_SYN_ANSWERED), 14);
    bed_close(&b);
}
END_TEST

/* V12 without a split: the server's challenge passes, and so must the RST that it draws. */
START_TEST(tracked_client_resets_what_the_server_still_has)
{
    cfg.split_mode = MPCONN_SPLIT_NEVER;
    cfg.unknown_policy = MPCONN_UNKNOWN_DROP;
    bed_open(&b, &cfg, &cb);
    segment(&t, CLIENT, MPCI_TCP_SYN, 1000, 0);
    segment(&t, CLIENT, MPCI_TCP_RST, 0x888, 0); /* nobody challenged that */
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_DROP);
    segment(&t, SERVER, MPCI_TCP_ACK, 0x777, 0x888);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    segment(&t, CLIENT, MPCI_TCP_RST, 0x887, 0);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_DROP);
    segment(&t, CLIENT, MPCI_TCP_RST, 0x888, 0);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    segment(&t, CLIENT, MPCI_TCP_SYN, 1000, 0);
    segment(&t, SERVER, MPCI_TCP_SYN | MPCI_TCP_ACK, 5000, 1001);
    segment(&t, CLIENT, MPCI_TCP_ACK, 1001, 5001);
    ck_assert_uint_eq(b.events[0].type, MPCONN_EVENT_SETTLED);
    bed_close(&b);
}
END_TEST

/* Every handshake that ends without a flow is told, once. */
START_TEST(refused_tracked_connection_is_told)
{
    unsigned by_server = _i == 0;

    cfg.split_mode = MPCONN_SPLIT_NEVER;
    bed_open(&b, &cfg, &cb);
    segment(&t, CLIENT, MPCI_TCP_SYN, 1000, 0);
    if (by_server)
        segment(&t, SERVER, MPCI_TCP_RST | MPCI_TCP_ACK, 0, 1001);
    else
        segment(&t, CLIENT, MPCI_TCP_RST, 1001, 0);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    ck_assert_uint_eq(b.n_events, 1);
    ck_assert_uint_eq(b.events[0].type, MPCONN_EVENT_REFUSED);
    ck_assert_uint_eq(b.events[0].reason, by_server ? MPCONN_REASON_SERVER_REFUSED
                                                    : MPCONN_REASON_CLIENT_ABORTED);
    bed_close(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("split_dead");
    TCase *tc = tcase_create("split_dead");

    tcase_add_checked_fixture(tc, set_up, NULL);
    tcase_add_test(tc, V21_late_proof_of_a_superseded_number_does_not_touch_the_living_flow);
    tcase_add_test(tc, stray_proof_alone_ends_no_flow);
    tcase_add_test(tc, E12_only_the_right_acknowledgment_settles_a_tracked_flow);
    tcase_add_test(tc, E24_signed_syns_pass_freely_in_peace_only);
    tcase_add_test(tc, E23_stale_server_draws_two_packets_for_each_of_our_syns);
    tcase_add_test(tc, E23_repeats_are_bounded_for_a_handshake_not_for_each_syn);
    tcase_add_test(tc, tracked_client_resets_what_the_server_still_has);
    tcase_add_loop_test(tc, refused_tracked_connection_is_told, 0, 2);
    suite_add_tcase(s, tc);
    return check_run(s);
}
