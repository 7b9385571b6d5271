/* SPDX-License-Identifier: BSD-2-Clause */
/* ICMP errors about our SYN to the server, at one member (V7). */
#include "check_main.h"
#include "engine/engine.h"
#include "icmp_about.h"
#include "split/machine.h"

enum { CLIENT = MPCONN_SIDE_CLIENT, SERVER = MPCONN_SIDE_SERVER, ALL = 2000 };

static const unsigned families[] = {MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV6};
static bed b;
static bed_conn c;
static bed_segment our_syn;

static void begin(unsigned family)
{
    mpconn_tuple t = bed_tuple(family, 1, 40000);

    c = bed_conn_of(&t, 0xfffffffe, 0x1000);
    our_syn = bed_seg(&c.tuple, SERVER, MPCI_TCP_SYN, c.x, 0);
    bed_open_default(&b);
}

static void open_server_leg(unsigned family)
{
    begin(family);
    bed_syn(&b, &c);
    bed_proof(&b, &c);
    b.n_out = 0;
}

/* Nobody listens there. */
static icmp_about port_unreachable(size_t quoted)
{
    return c.tuple.family == MPCONN_FAMILY_IPV4 ? icmp_about_segment(&our_syn, 3, 3, quoted)
                                                : icmp_about_segment(&our_syn, 1, 4, quoted);
}

static void in(unsigned from, const icmp_about *e)
{
    bed_bytes(&b, from, e->bytes, e->len, NULL, NULL);
}

static void error_again(void)
{
    icmp_about e = port_unreachable(ALL);

    in(SERVER, &e);
}

static void expect_consumed(void)
{
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_CONSUMED);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_OPENING_ERROR);
}

/* On its way, and untouched. */
static void expect_passed(const icmp_about *e)
{
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_ICMP_ERROR);
    ck_assert_uint_eq(b.pkt.len, e->len);
    ck_assert_mem_eq(b.pkt.data, e->bytes, e->len);
}

static void expect_refused(unsigned reason)
{
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_DROP);
    ck_assert_uint_eq(b.pkt.reason, reason);
}

/* Our next SYN, and no word to the client. */
static void expect_next_syn(uint64_t after)
{
    const bed_out *out;

    bed_pass(&b, after);
    ck_assert_uint_eq(b.n_out, 1);
    out = bed_take(&b);
    ck_assert_uint_eq(out->view.flags, MPCI_TCP_SYN);
    ck_assert_uint_eq(out->view.seq, c.x);
}

static void expect_client_told(void)
{
    const bed_out *out = bed_take(&b);

    ck_assert_uint_eq(out->pkt.side, CLIENT);
    ck_assert_uint_eq(out->view.flags, MPCI_TCP_RST | MPCI_TCP_ACK);
    ck_assert_uint_eq(out->view.seq, c.y + 1);
    ck_assert_uint_eq(out->view.ack, c.x + 1);
    ck_assert_uint_eq(b.n_events, 1);
    ck_assert_uint_eq(b.events[0].type, MPCONN_EVENT_REFUSED);
    ck_assert_uint_eq(b.events[0].reason, MPCONN_REASON_SERVER_UNREACHABLE);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_SERVER_UNREACHABLE), 1);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_SERVER_SILENT), 0);
}

/* The handshake is as good as ever. */
static void expect_unharmed(void)
{
    ck_assert_uint_eq(b.n_out, 0);
    ck_assert_uint_eq(b.n_events, 0);
    b.n_out = 0;
    bed_syn_ack(&b, &c);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_ANSWERED);
}

START_TEST(V7_errors_for_two_syns_reach_the_client_as_exact_reset)
{
    open_server_leg(families[_i]);
    error_again();
    expect_consumed();
    ck_assert_uint_eq(b.n_out, 0);
    expect_next_syn(MPCONN_SECOND);
    error_again();
    expect_consumed();
    expect_client_told();
    bed_pass(&b, 100 * MPCONN_SECOND);
    ck_assert_uint_eq(b.n_out, 0);
    bed_close(&b);
}
END_TEST

/* One message, or many about one SYN: a route that is just being changed, or a forger who has not
 * waited. */
START_TEST(V7_many_errors_for_one_syn_are_one)
{
    open_server_leg(families[_i]);
    for (unsigned i = 0; i < 100; i++) {
        error_again();
        expect_consumed();
    }
    expect_unharmed();
    bed_close(&b);
}
END_TEST

/* They need not be those of two SYNs in a row. */
START_TEST(V7_error_for_a_later_syn_counts_with_the_first)
{
    open_server_leg(families[_i]);
    error_again();
    expect_next_syn(MPCONN_SECOND);
    expect_next_syn(2 * MPCONN_SECOND);
    error_again();
    expect_client_told();
    bed_close(&b);
}
END_TEST

/* A single one does not change why it ended. */
START_TEST(V7_one_error_and_silence_is_silence)
{
    open_server_leg(families[_i]);
    error_again();
    bed_pass(&b, 31 * MPCONN_SECOND);
    ck_assert_uint_eq(b.events[0].reason, MPCONN_REASON_SERVER_SILENT);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_SERVER_UNREACHABLE), 0);
    bed_close(&b);
}
END_TEST

/* What is remembered is of one incarnation. */
START_TEST(V7_errors_of_the_number_before_do_not_count)
{
    bed_segment proof;

    open_server_leg(families[_i]);
    error_again();
    c.x += 1000;
    bed_syn(&b, &c);
    proof = bed_proof_seg(&c);
    bed_in(&b, CLIENT, &proof);
    b.n_out = b.n_events = 0;
    error_again(); /* still about the number before */
    expect_refused(MPCONN_REASON_ERROR_OUTSIDE);
    our_syn.s.seq = c.x;
    expect_next_syn(MPCONN_SECOND); /* the first one of this number has drawn none */
    error_again();
    expect_consumed();
    expect_unharmed();
    bed_close(&b);
}
END_TEST

/* Two of them would end it if one counted. */
static void expect_ignored(unsigned from, const icmp_about *e)
{
    in(from, e);
    expect_passed(e);
    expect_next_syn(MPCONN_SECOND);
    in(from, e);
    expect_passed(e);
    expect_unharmed();
    bed_close(&b);
}

static void expect_refused_twice(unsigned from, const icmp_about *e, unsigned reason)
{
    in(from, e);
    expect_refused(reason);
    expect_next_syn(MPCONN_SECOND);
    in(from, e);
    expect_refused(reason);
    expect_unharmed();
    bed_close(&b);
}

START_TEST(V7_other_codes_and_types_pass)
{
    static const uint8_t hard[2][16] = {{2, 3, 9, 10, 13, 255}, {1, 4, 5, 6, 255, 255}};
    static const uint8_t types[2][16] = {{3, 4, 5, 11, 12, 255}, {1, 2, 3, 4, 127, 255}};

    for (unsigned i = 0; types[_i][i] != 255; i++)
        for (unsigned code = 0; code < 16; code++) {
            int is_hard = i == 0 && memchr(hard[_i], (int)code, 6) != NULL;
            unsigned type = types[_i][i];
            icmp_about e;

            open_server_leg(families[_i]);
            e = icmp_about_segment(&our_syn, type, code, ALL);
            if (families[_i] == MPCONN_FAMILY_IPV4 && type == 4) {
                expect_refused_twice(SERVER, &e, MPCONN_REASON_ERROR_QUENCH);
                continue;
            }
            if (!is_hard) {
                expect_ignored(SERVER, &e);
                continue;
            }
            in(SERVER, &e);
            expect_consumed();
            bed_close(&b);
        }
}
END_TEST

START_TEST(V7_error_with_another_number_is_refused)
{
    static const uint32_t off[] = {1, (uint32_t)-1, 0x80000000};

    for (unsigned i = 0; i < 3; i++) {
        icmp_about e;

        open_server_leg(families[_i]);
        our_syn.s.seq = c.x + off[i];
        e = port_unreachable(ALL);
        expect_refused_twice(SERVER, &e, MPCONN_REASON_ERROR_OUTSIDE);
    }
}
END_TEST

START_TEST(V7_error_about_another_connection_is_refused)
{
    for (unsigned i = 0; i < 4; i++) {
        mpconn_tuple other;
        icmp_about e;

        open_server_leg(families[_i]);
        other = c.tuple;
        our_syn.s.tuple = &other;
        other.client_port ^= i == 0;
        other.server_port ^= i == 1;
        other.client.bytes[1] ^= i == 2;
        other.server.bytes[1] ^= i == 3;
        e = port_unreachable(ALL);
        expect_refused_twice(SERVER, &e, MPCONN_REASON_ERROR_NO_FLOW);
    }
}
END_TEST

/* A segment of the server that cannot reach the client is no SYN of ours, whatever its number. */
START_TEST(V7_error_about_the_way_back_is_refused)
{
    icmp_about e;

    open_server_leg(families[_i]);
    our_syn.s.to = CLIENT;
    e = port_unreachable(ALL);
    expect_refused_twice(CLIENT, &e, MPCONN_REASON_ERROR_OUTSIDE);
    open_server_leg(families[_i]);
    our_syn.s.to = CLIENT;
    e = port_unreachable(ALL);
    expect_refused_twice(SERVER, &e, MPCONN_REASON_ERROR_NO_FLOW);
}
END_TEST

/* Our SYN never went there. */
START_TEST(V7_error_from_the_side_of_the_client_is_refused)
{
    icmp_about e;

    open_server_leg(families[_i]);
    e = port_unreachable(ALL);
    expect_refused_twice(CLIENT, &e, MPCONN_REASON_ERROR_NO_FLOW);
}
END_TEST

static void elsewhere(mpconn_pkt *pkt, void *user)
{
    (void)user;
    pkt->zone = 1;
}

START_TEST(V7_error_of_another_zone_is_refused)
{
    icmp_about e;

    open_server_leg(families[_i]);
    e = port_unreachable(ALL);
    for (unsigned i = 0; i < 2; i++) {
        bed_bytes(&b, SERVER, e.bytes, e.len, elsewhere, NULL);
        expect_refused(MPCONN_REASON_ERROR_NO_FLOW);
        expect_next_syn(MPCONN_SECOND << i);
    }
    expect_unharmed();
    bed_close(&b);
}
END_TEST

/* We would act on it, and not only pass it on. */
START_TEST(V7_error_with_a_wrong_checksum_is_refused)
{
    icmp_about e;

    open_server_leg(families[_i]);
    e = port_unreachable(ALL);
    e.bytes[e.len - 1] ^= 1;
    expect_refused_twice(SERVER, &e, MPCONN_REASON_BAD_ICMP_CHECKSUM);
    if (families[_i] == MPCONN_FAMILY_IPV6)
        return;
    open_server_leg(families[_i]);
    e = port_unreachable(ALL);
    e.bytes[8] ^= 1; /* of the IP header */
    expect_refused_twice(SERVER, &e, MPCONN_REASON_BAD_ICMP_CHECKSUM);
}
END_TEST

static void vouched_for(mpconn_pkt *pkt, void *user)
{
    (void)user;
    pkt->flags |= MPCONN_PKT_F_CSUM_OK;
}

/* A network card that says so speaks of TCP. */
START_TEST(V7_checksum_is_verified_though_the_host_vouches_for_it)
{
    icmp_about e;

    open_server_leg(families[_i]);
    e = port_unreachable(ALL);
    e.bytes[e.len - 1] ^= 1;
    bed_bytes(&b, SERVER, e.bytes, e.len, vouched_for, NULL);
    expect_refused(MPCONN_REASON_BAD_ICMP_CHECKSUM);
    e.bytes[e.len - 1] ^= 1;
    bed_bytes(&b, SERVER, e.bytes, e.len, vouched_for, NULL);
    expect_consumed();
    bed_close(&b);
}
END_TEST

START_TEST(V7_eight_quoted_bytes_are_enough_and_seven_are_not)
{
    uint32_t ip_len = families[_i] == MPCONN_FAMILY_IPV4 ? 20 : 40;
    icmp_about e;

    open_server_leg(families[_i]);
    e = port_unreachable(ip_len + 7);
    expect_refused_twice(SERVER, &e, MPCONN_REASON_BAD_QUOTE);
    open_server_leg(families[_i]);
    e = port_unreachable(ip_len + 8);
    in(SERVER, &e);
    expect_consumed();
    expect_next_syn(MPCONN_SECOND);
    in(SERVER, &e);
    expect_client_told();
    bed_close(&b);
}
END_TEST

/* The client is not proved yet, so the SYN was its own. */
START_TEST(V7_error_before_the_server_leg_is_opened_passes)
{
    icmp_about e;

    begin(families[_i]);
    bed_syn(&b, &c);
    b.n_out = 0;
    e = port_unreachable(ALL);
    in(SERVER, &e);
    expect_passed(&e);
    bed_proof(&b, &c);
    b.n_out = 0;
    error_again();
    expect_consumed();
    expect_unharmed();
    bed_close(&b);
}
END_TEST

/* A settled connection is none that an error ends (E31): not while it is confirmed ... */
START_TEST(V7_error_after_the_answer_passes)
{
    icmp_about e;

    open_server_leg(families[_i]);
    error_again();
    expect_next_syn(MPCONN_SECOND);
    bed_syn_ack(&b, &c);
    e = port_unreachable(ALL);
    in(SERVER, &e);
    expect_passed(&e);
    ck_assert_uint_eq(bed_n_flows(&b), 1);
    bed_close(&b);
}
END_TEST

/* ... and not later. */
START_TEST(V7_error_about_a_settled_flow_passes)
{
    bed_segment data;
    icmp_about e;

    open_server_leg(families[_i]);
    bed_syn_ack(&b, &c);
    b.n_out = 0;
    data = bed_data(&c, CLIENT, 1, 1, 100);
    bed_in(&b, CLIENT, &data);
    data = bed_data(&c, SERVER, 1, 101, 100);
    bed_in(&b, SERVER, &data);
    for (unsigned i = 0; i < 2; i++) {
        our_syn.s.seq = c.x + i; /* of the SYN, of what came after it */
        e = port_unreachable(ALL);
        in(SERVER, &e);
        ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_FORWARD);
        ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_ERROR_TRANSLATED);
    }
    ck_assert_uint_eq(bed_flow(&b, &c.tuple).state, MPCONN_FLOW_OPEN);
    bed_close(&b);
}
END_TEST

/* What is not split is the endpoints' own affair: who opened it hears of it. */
START_TEST(V7_error_about_the_clients_own_syn_passes)
{
    icmp_about e;

    begin(families[_i]);
    b.admit = MPCONN_ADMIT_TRACK;
    bed_plain(&b, &c, CLIENT, 1);
    e = port_unreachable(ALL);
    for (unsigned i = 0; i < 2; i++) {
        in(SERVER, &e);
        expect_passed(&e);
        bed_pass(&b, MPCONN_SECOND);
    }
    ck_assert_uint_eq(b.n_out, 0);
    ck_assert_uint_eq(b.n_events, 0);
    bed_close(&b);
}
END_TEST

/* Nothing of a handshake that ended so is left; its number is over (rule R3). */
START_TEST(V7_number_that_could_not_be_reached_is_over)
{
    open_server_leg(families[_i]);
    error_again();
    expect_next_syn(MPCONN_SECOND);
    error_again();
    expect_client_told();
    bed_syn_ack(&b, &c);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_DROP);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_DEAD_FLOW);
    ck_assert_uint_eq(bed_take(&b)->view.flags, MPCI_TCP_RST);
    bed_close(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("unreachable");
    TCase *tc = tcase_create("both families");

    tcase_add_loop_test(tc, V7_errors_for_two_syns_reach_the_client_as_exact_reset, 0, 2);
    tcase_add_loop_test(tc, V7_many_errors_for_one_syn_are_one, 0, 2);
    tcase_add_loop_test(tc, V7_error_for_a_later_syn_counts_with_the_first, 0, 2);
    tcase_add_loop_test(tc, V7_one_error_and_silence_is_silence, 0, 2);
    tcase_add_loop_test(tc, V7_errors_of_the_number_before_do_not_count, 0, 2);
    tcase_add_loop_test(tc, V7_other_codes_and_types_pass, 0, 2);
    tcase_add_loop_test(tc, V7_error_with_another_number_is_refused, 0, 2);
    tcase_add_loop_test(tc, V7_error_about_another_connection_is_refused, 0, 2);
    tcase_add_loop_test(tc, V7_error_about_the_way_back_is_refused, 0, 2);
    tcase_add_loop_test(tc, V7_error_from_the_side_of_the_client_is_refused, 0, 2);
    tcase_add_loop_test(tc, V7_error_of_another_zone_is_refused, 0, 2);
    tcase_add_loop_test(tc, V7_error_with_a_wrong_checksum_is_refused, 0, 2);
    tcase_add_loop_test(tc, V7_checksum_is_verified_though_the_host_vouches_for_it, 0, 2);
    tcase_add_loop_test(tc, V7_eight_quoted_bytes_are_enough_and_seven_are_not, 0, 2);
    tcase_add_loop_test(tc, V7_error_before_the_server_leg_is_opened_passes, 0, 2);
    tcase_add_loop_test(tc, V7_error_after_the_answer_passes, 0, 2);
    tcase_add_loop_test(tc, V7_error_about_a_settled_flow_passes, 0, 2);
    tcase_add_loop_test(tc, V7_error_about_the_clients_own_syn_passes, 0, 2);
    tcase_add_loop_test(tc, V7_number_that_could_not_be_reached_is_over, 0, 2);
    suite_add_tcase(s, tc);
    return check_run(s);
}
