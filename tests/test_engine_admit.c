/* SPDX-License-Identifier: BSD-2-Clause */
/* The host decides about each SYN before anything is answered. */
#include <check.h>
#include <limits.h>

#include "check_main.h"
#include "engine_support.h"

enum { CLIENT = MPCONN_SIDE_CLIENT, SERVER = MPCONN_SIDE_SERVER };
enum { N_DECISIONS = MPCONN_ADMIT_REFUSE + 1 };

static bed b;
static mpconn_engine_config cfg;
static mpconn_callbacks cb;
static bed_conn c;
static uint8_t given[256];
static size_t given_len;

static void setup(void)
{
    mpconn_tuple t = bed_tuple(MPCONN_FAMILY_IPV4, 1, 40000);

    bed_config(&cfg, &cb);
    c = bed_conn_of(&t, 0xffffffff, 0x77000000);
}

/* A SYN of the connection from either side; its bytes are kept for comparison. */
static void send_syn(const bed_conn *conn, unsigned from)
{
    bed_segment seg = bed_syn_seg(conn);

    seg.s.to = (uint8_t)(from ^ 1);
    given_len = bed_build(given, sizeof(given), &seg);
    bed_in(&b, from, &seg);
}

static void assert_untouched(void)
{
    ck_assert_uint_eq(b.pkt.len, given_len);
    ck_assert_mem_eq(b.bytes, given, given_len);
}

static void assert_verdict(unsigned verdict, unsigned reason, unsigned side)
{
    ck_assert_msg(b.pkt.reason == reason, "%s", mpconn_reason_name(b.pkt.reason));
    ck_assert_int_eq(b.pkt.verdict, (int)verdict);
    ck_assert_uint_eq(b.pkt.side, side);
    ck_assert_uint_eq(b.pkt.flow, 0);
    ck_assert_uint_eq(b.n_out, 0);
    ck_assert_uint_eq(b.n_events, 0);
    ck_assert_uint_eq(bed_count(&b, reason), 1);
}

static void assert_decided(unsigned decision, unsigned from)
{
    static const unsigned kept[N_DECISIONS] = {1, 1, 1, 0, 0, 0};
    mpci_view v;

    if (from == SERVER && decision <= MPCONN_ADMIT_SPLIT)
        decision = MPCONN_ADMIT_TRACK;
    switch (decision) {
    case MPCONN_ADMIT_DEFAULT:
    case MPCONN_ADMIT_SPLIT:
        assert_verdict(MPCONN_VERDICT_FORWARD, MPCONN_REASON_SYN_ANSWERED, CLIENT);
        break;
    case MPCONN_ADMIT_TRACK:
        assert_verdict(MPCONN_VERDICT_FORWARD, MPCONN_REASON_SYN_TRACKED, from ^ 1);
        assert_untouched();
        ck_assert_uint_eq(b.pkt.link, MPCONN_LINK_NONE);
        break;
    case MPCONN_ADMIT_BYPASS:
        assert_verdict(MPCONN_VERDICT_FORWARD, MPCONN_REASON_BYPASSED, from ^ 1);
        assert_untouched();
        ck_assert_uint_eq(b.pkt.link, MPCONN_LINK_NONE);
        break;
    case MPCONN_ADMIT_RESET:
        assert_verdict(MPCONN_VERDICT_FORWARD, MPCONN_REASON_ADMIT_RESET, from);
        bed_view(&b, &v, NULL);
        ck_assert_uint_eq(v.flags, MPCI_TCP_RST | MPCI_TCP_ACK);
        ck_assert_uint_eq(v.seq, 0);
        ck_assert_uint_eq(v.ack, c.x + 1);
        ck_assert_uint_eq(v.sport, from == CLIENT ? 80 : 40000);
        ck_assert_uint_eq(b.pkt.link, from == CLIENT ? 11 : 22);
        ck_assert_uint_eq(b.pkt.mark, 77);
        break;
    default:
        assert_verdict(MPCONN_VERDICT_DROP, MPCONN_REASON_ADMIT_REFUSED, from);
        assert_untouched();
    }
    ck_assert_uint_eq(bed_stats(&b).handshakes, kept[decision]);
    ck_assert_uint_eq(bed_stats(&b).unproved, kept[decision]);
}

START_TEST(each_decision_is_carried_out_for_a_syn_of_either_side)
{
    unsigned decision = (unsigned)_i % N_DECISIONS, from = (unsigned)_i / N_DECISIONS;

    bed_open(&b, &cfg, &cb);
    b.admit = (int)decision;
    send_syn(&c, from);
    ck_assert_uint_eq(b.n_admit, 1);
    assert_decided(decision, from);
    bed_close(&b);
}
END_TEST

START_TEST(request_says_all_of_the_syn)
{
    mpconn_admit_request *r = &b.request;

    bed_open(&b, &cfg, &cb);
    c.tuple.zone = 513;
    send_syn(&c, (unsigned)_i);
    ck_assert_uint_eq(r->struct_size, sizeof(*r));
    ck_assert_ptr_eq(r->pkt, &b.pkt);
    ck_assert_mem_eq(&r->tuple, &c.tuple, sizeof(c.tuple));
    ck_assert_uint_eq(r->isn, c.x);
    ck_assert_uint_eq(r->unproved, 0);
    ck_assert_uint_eq(r->side, (unsigned)_i);
    ck_assert_uint_eq(r->suggestion, _i == CLIENT ? MPCONN_ADMIT_SPLIT : MPCONN_ADMIT_TRACK);
    for (unsigned i = 0; i < sizeof(r->reserved); i++)
        ck_assert_uint_eq(r->reserved[i], 0);
    c.tuple.client_port++;
    send_syn(&c, CLIENT);
    ck_assert_uint_eq(r->unproved, 1);
    bed_close(&b);
}
END_TEST

static int admit_at_first_sight(void *user, const mpconn_admit_request *r)
{
    bed *bd = user;
    mpconn_stats s = bed_stats(bd);

    bd->n_admit++;
    ck_assert_uint_eq(r->pkt->len, given_len);
    ck_assert_mem_eq(r->pkt->data, given, given_len);
    ck_assert_uint_eq(s.handshakes + s.flows, 0);
    ck_assert_uint_eq(s.packets_in + s.packets_made, 0);
    ck_assert_uint_eq(bd->n_out, 0);
    return MPCONN_ADMIT_DEFAULT;
}

START_TEST(host_is_asked_before_anything_is_done)
{
    cb.admit = admit_at_first_sight;
    bed_open(&b, &cfg, &cb);
    send_syn(&c, CLIENT);
    ck_assert_uint_eq(b.n_admit, 1);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SYN_ANSWERED);
    bed_close(&b);
}
END_TEST

START_TEST(without_the_hook_the_split_mode_decides)
{
    static const unsigned reasons[] = {MPCONN_REASON_SYN_ANSWERED, MPCONN_REASON_SYN_TRACKED,
                                       MPCONN_REASON_SYN_TRACKED};

    cb.admit = NULL;
    cfg.split_mode = (uint32_t)_i;
    bed_open(&b, &cfg, &cb);
    send_syn(&c, CLIENT);
    ck_assert_uint_eq(b.pkt.reason, reasons[_i]);
    c.tuple.client_port++;
    send_syn(&c, SERVER);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SYN_TRACKED);
    bed_close(&b);
}
END_TEST

/* Adaptive: the threshold counts those who have not proved themselves, tracked or split. */
START_TEST(adaptive_mode_splits_from_its_threshold_and_tracks_again_below)
{
    cfg.split_mode = MPCONN_SPLIT_ADAPTIVE;
    cfg.adaptive_threshold = 3;
    bed_open(&b, &cfg, &cb);
    for (unsigned i = 0; i < 5; i++) {
        c.tuple.client_port++;
        send_syn(&c, CLIENT);
        ck_assert_uint_eq(b.request.unproved, i);
        ck_assert_uint_eq(b.request.suggestion, i < 3 ? MPCONN_ADMIT_TRACK : MPCONN_ADMIT_SPLIT);
        ck_assert_uint_eq(b.pkt.reason,
                          i < 3 ? MPCONN_REASON_SYN_TRACKED : MPCONN_REASON_SYN_ANSWERED);
    }
    bed_pass(&b, 65 * MPCONN_SECOND);
    ck_assert_uint_eq(bed_stats(&b).unproved, 2); /* one less than the threshold may stay longer */
    c.tuple.client_port++;
    send_syn(&c, CLIENT);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SYN_TRACKED);
    bed_close(&b);
}
END_TEST

/* MD5 and AO sign the numbers that a split would change (RFC 2385, RFC 5925). */
START_TEST(E24_signed_syn_is_tracked_whatever_the_host_says)
{
    static const uint8_t lists[2][20] = {{19, 18, [18] = 1, [19] = 1},
                                         {29, 16, 1, 1, [16] = 1, [17] = 1, [18] = 1, [19] = 1}};
    raw r;

    bed_open(&b, &cfg, &cb);
    b.admit = MPCONN_ADMIT_SPLIT;
    raw_tcp(&r, MPCONN_FAMILY_IPV4, MPCI_TCP_SYN, lists[_i], 20, 0);
    bed_raw(&b, CLIENT, &r);
    ck_assert_uint_eq(b.request.suggestion, MPCONN_ADMIT_TRACK);
    assert_verdict(MPCONN_VERDICT_FORWARD, MPCONN_REASON_SYN_TRACKED, SERVER);
    ck_assert_mem_eq(b.bytes, r.bytes, r.len);
    bed_close(&b);
}
END_TEST

START_TEST(E38_answer_that_is_no_decision_refuses)
{
    static const int garbage[] = {-1, N_DECISIONS, 255, 256 + MPCONN_ADMIT_SPLIT, INT_MAX, INT_MIN};

    bed_open(&b, &cfg, &cb);
    b.admit = garbage[_i];
    send_syn(&c, CLIENT);
    assert_decided(MPCONN_ADMIT_REFUSE, CLIENT);
    bed_close(&b);
}
END_TEST

START_TEST(host_is_asked_once_for_each_number)
{
    bed_segment seg;
    unsigned asked = 1;

    bed_open(&b, &cfg, &cb);
    bed_syn(&b, &c);
    bed_syn(&b, &c);
    ck_assert_uint_eq(b.n_admit, asked);
    c.x += 1000;
    bed_syn(&b, &c);
    ck_assert_uint_eq(b.n_admit, ++asked);
    bed_proof(&b, &c);
    bed_syn(&b, &c);
    b.n_out = 0;
    bed_syn_ack(&b, &c);
    send_syn(&c, CLIENT); /* of the settled flow itself */
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SYN_REPEATED);
    seg = bed_data(&c, CLIENT, 1, 1, 5);
    bed_in(&b, CLIENT, &seg);
    ck_assert_uint_eq(b.n_admit, asked);
    bed_close(&b);
}
END_TEST

START_TEST(what_is_bypassed_or_refused_is_asked_again_each_time)
{
    bed_segment seg = bed_data(&c, CLIENT, 1, 1, 0);

    cfg.unknown_policy = MPCONN_UNKNOWN_PASS;
    bed_open(&b, &cfg, &cb);
    b.admit = _i;
    send_syn(&c, CLIENT);
    send_syn(&c, CLIENT);
    ck_assert_uint_eq(b.n_admit, 2);
    bed_in(&b, CLIENT, &seg);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_UNKNOWN_PASSED);
    ck_assert_uint_eq(b.n_admit, 2);
    bed_close(&b);
}
END_TEST

/* A SYN with another number may be forged: to refuse it takes nothing from the handshake. */
START_TEST(refused_syn_leaves_the_handshake_of_its_tuple_alone)
{
    bed_conn other = c;

    bed_open(&b, &cfg, &cb);
    bed_syn(&b, &c);
    other.x += 1000;
    b.admit = _i;
    send_syn(&other, CLIENT);
    b.admit = MPCONN_ADMIT_DEFAULT;
    bed_proof(&b, &c);
    b.n_out = 0;
    bed_syn_ack(&b, &c);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_ANSWERED);
    bed_close(&b);
}
END_TEST

/* --- zones --- */

enum { ZONES = 3 };

START_TEST(zones_keep_equal_tuples_apart)
{
    static const uint16_t zones[ZONES] = {0, 1, 65535};
    bed_conn conns[ZONES];
    mpconn_flow f;

    bed_open(&b, &cfg, &cb);
    for (unsigned i = 0; i < ZONES; i++) {
        conns[i] = c;
        conns[i].tuple.zone = zones[i];
        conns[i].z += i;
        bed_syn(&b, &conns[i]);
        ck_assert_uint_eq(b.request.tuple.zone, zones[i]);
        bed_proof(&b, &conns[i]);
        ck_assert_uint_eq(bed_take(&b)->pkt.zone, zones[i]);
    }
    ck_assert_uint_ne(conns[0].y, conns[1].y);
    ck_assert_uint_ne(conns[0].y, conns[2].y);
    for (unsigned i = 0; i < ZONES; i++) {
        bed_segment seg;

        bed_syn_ack(&b, &conns[i]);
        ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_ANSWERED);
        seg = bed_data(&conns[i], SERVER, 1, 1, 10 + i);
        bed_in(&b, SERVER, &seg);
        ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_TRANSLATED);
    }
    for (unsigned i = 0; i < ZONES; i++) {
        f = bed_flow(&b, &conns[i].tuple);
        ck_assert_uint_eq(f.next_seq[SERVER], conns[i].z + 11 + i);
        ck_assert_uint_eq(f.delta.seq[SERVER], conns[i].z - conns[i].y);
    }
    bed_close(&b);
}
END_TEST

START_TEST(E12_cookie_of_one_zone_proves_nothing_in_another)
{
    bed_conn other = c;

    bed_open(&b, &cfg, &cb);
    bed_syn(&b, &c);
    other.y = c.y;
    other.proxy_ts = c.proxy_ts;
    for (unsigned i = 0; i < 2; i++) {
        bed_segment seg;

        other.tuple.zone = i ? 1 : 256;
        seg = bed_proof_seg(&other);
        bed_in(&b, CLIENT, &seg);
        ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_COOKIE_REFUSED);
        ck_assert_uint_eq(b.n_out, 0);
    }
    bed_close(&b);
}
END_TEST

/* --- an answer that does not fit into the SYN's buffer --- */

static void no_more_room(mpconn_pkt *pkt, void *user)
{
    (void)user;
    pkt->cap = pkt->len;
}

static void small_syn(uint32_t x)
{
    bed_segment seg = bed_seg(&c.tuple, SERVER, MPCI_TCP_SYN, x, 0);

    given_len = bed_build(given, sizeof(given), &seg);
    bed_bytes(&b, CLIENT, given, given_len, no_more_room, NULL);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_DROP);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_NO_SPACE);
    assert_untouched();
}

START_TEST(E41_syn_whose_answer_does_not_fit_is_dropped_and_nothing_changes)
{
    static snapshot before, after;
    bed_segment seg;

    bed_open(&b, &cfg, &cb);
    switch (_i) {
    case 1: /* a handshake that is over */
        bed_syn(&b, &c);
        bed_proof(&b, &c);
        seg = bed_seg(&c.tuple, CLIENT, MPCI_TCP_RST | MPCI_TCP_ACK, 0, c.x + 1);
        bed_in(&b, SERVER, &seg);
        break;
    case 2:
        b.admit = MPCONN_ADMIT_TRACK;
        bed_plain(&b, &c, CLIENT, 2);
        b.admit = MPCONN_ADMIT_SPLIT;
        break;
    default:
        break;
    }
    b.n_out = 0;
    snapshot_take(&before, b.eng);
    small_syn(c.x + 1000);
    snapshot_take(&after, b.eng);
    snapshot_assert_same_state(&before, &after);
    if (_i == 1) {
        seg = bed_proof_seg(&c);
        bed_in(&b, CLIENT, &seg);
        ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_DEAD_FLOW);
    } else if (_i == 2) {
        seg = bed_seg(&c.tuple, SERVER, MPCI_TCP_ACK, c.x + 1, c.z + 1);
        bed_in(&b, CLIENT, &seg);
        ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_TRACKED);
        ck_assert_uint_eq(bed_n_flows(&b), 1);
    }
    bed_close(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("engine: admit");
    TCase *tc = tcase_create("admit");

    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_loop_test(tc, each_decision_is_carried_out_for_a_syn_of_either_side, 0,
                        2 * N_DECISIONS);
    tcase_add_loop_test(tc, request_says_all_of_the_syn, 0, 2);
    tcase_add_test(tc, host_is_asked_before_anything_is_done);
    tcase_add_loop_test(tc, without_the_hook_the_split_mode_decides, 0, 3);
    tcase_add_test(tc, adaptive_mode_splits_from_its_threshold_and_tracks_again_below);
    tcase_add_loop_test(tc, E24_signed_syn_is_tracked_whatever_the_host_says, 0, 2);
    tcase_add_loop_test(tc, E38_answer_that_is_no_decision_refuses, 0, 6);
    tcase_add_test(tc, host_is_asked_once_for_each_number);
    tcase_add_loop_test(tc, what_is_bypassed_or_refused_is_asked_again_each_time,
                        MPCONN_ADMIT_BYPASS, N_DECISIONS);
    tcase_add_loop_test(tc, refused_syn_leaves_the_handshake_of_its_tuple_alone,
                        MPCONN_ADMIT_BYPASS, N_DECISIONS);
    tcase_add_test(tc, zones_keep_equal_tuples_apart);
    tcase_add_test(tc, E12_cookie_of_one_zone_proves_nothing_in_another);
    tcase_add_loop_test(tc, E41_syn_whose_answer_does_not_fit_is_dropped_and_nothing_changes, 0,
                        3);
    suite_add_tcase(s, tc);
    return check_run(s);
}
