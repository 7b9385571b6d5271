/* SPDX-License-Identifier: BSD-2-Clause */
/* Callbacks that call back (E38): whatever changes an engine is refused, whatever only looks works,
 * and what the engine was about to do goes on as if nothing had been asked. */
#include <check.h>

#include "check_main.h"
#include "engine_support.h"

enum { CLIENT = MPCONN_SIDE_CLIENT, SERVER = MPCONN_SIDE_SERVER };
enum { ON_SEND, ON_ADMIT, ON_RELEASE, ON_EVENT, N_HOOKS };

static bed b, quiet;
static mpconn_engine_config cfg;
static mpconn_callbacks cb, calm;
static bed_conn c;
static unsigned calls[N_HOOKS];
static snapshot seen, other;

/* Every function that takes an engine it may change. */
static void try_to_change(mpconn_engine *eng)
{
    uint8_t bytes[40] = {0x45};
    mpconn_pkt pkt = {.data = bytes, .len = 40, .cap = 40, .verdict = 77, .reason = 777, .flow = 7};
    mpconn_pkt *list[1] = {&pkt};
    mpconn_timeouts times;
    mpconn_flow_filter all;
    uint32_t done = 17;
    size_t killed = 17;
    mpconn_time later = b.now + 1000 * MPCONN_SECOND;

    MPCONN_STRUCT_INIT(&times);
    MPCONN_STRUCT_INIT(&all);
    ck_assert_int_eq(mpconn_engine_input(eng, list, 1, later), MPCONN_ERR_REENTRANT);
    ck_assert_int_eq(mpconn_engine_input(eng, NULL, 0, later), MPCONN_ERR_REENTRANT);
    ck_assert_int_eq(mpconn_engine_expire(eng, 0, &done, later), MPCONN_ERR_REENTRANT);
    ck_assert_int_eq(mpconn_engine_kill(eng, &all, &killed, later), MPCONN_ERR_REENTRANT);
    ck_assert_int_eq(mpconn_engine_set_key(eng, bed_key, 16, later), MPCONN_ERR_REENTRANT);
    ck_assert_int_eq(mpconn_engine_set_timeouts(eng, &times, later), MPCONN_ERR_REENTRANT);
    ck_assert_int_eq(mpconn_engine_del(eng), MPCONN_ERR_REENTRANT);
    ck_assert_uint_eq(done, 17);
    ck_assert_uint_eq(killed, 17);
    ck_assert_uint_eq(pkt.verdict, 77);
    ck_assert_uint_eq(pkt.reason, 777);
    ck_assert_uint_eq(pkt.flow, 7);
}

static void look_and_touch(unsigned hook)
{
    calls[hook]++;
    snapshot_take(&seen, b.eng);
    snapshot_assert_sane(&seen);
    (void)mpconn_engine_next_expiry(b.eng);
    (void)mpconn_engine_headroom(b.eng);
    (void)mpconn_engine_tailroom(b.eng);
    try_to_change(b.eng);
    snapshot_take(&other, b.eng);
    snapshot_assert_equal(&seen, &other);
}

/* Two engines in one process are two members: the other one may be used. */
static void use_another(void)
{
    mpconn_engine *eng;

    ck_assert_int_eq(mpconn_engine_input(quiet.eng, NULL, 0, quiet.now), MPCONN_OK);
    ck_assert_int_eq(mpconn_engine_new(&eng, &cfg, &calm, &quiet, b.now), MPCONN_OK);
    ck_assert_int_eq(mpconn_engine_del(eng), MPCONN_OK);
}

static int send_and_meddle(void *user, const mpconn_pkt *const *pkts, size_t n)
{
    look_and_touch(ON_SEND);
    use_another();
    return calm.send_packets(user, pkts, n);
}

static int admit_and_meddle(void *user, const mpconn_admit_request *request)
{
    look_and_touch(ON_ADMIT);
    use_another();
    return calm.admit(user, request);
}

static void release_and_meddle(void *user, uint64_t hold, unsigned reason)
{
    look_and_touch(ON_RELEASE);
    calm.release(user, hold, reason);
}

static void event_and_meddle(void *user, const mpconn_event *event)
{
    look_and_touch(ON_EVENT);
    calm.event(user, event);
}

static void setup(void)
{
    mpconn_tuple t = bed_tuple(MPCONN_FAMILY_IPV4, 1, 40000);

    bed_config(&cfg, &calm);
    cfg.max_flows = cfg.max_wide_flows = cfg.max_handshakes = 4;
    cb = calm;
    cb.send_packets = send_and_meddle;
    cb.admit = admit_and_meddle;
    cb.release = release_and_meddle;
    cb.event = event_and_meddle;
    c = bed_conn_of(&t, 0xfffffff0, 0x77000000);
    bed_open(&quiet, &cfg, &calm);
}

static void hold_data(bed *bd, bed_conn *conn)
{
    bed_segment seg;

    bed_syn(bd, conn);
    seg = bed_proof_seg(conn);
    seg.payload = 30;
    bed_in(bd, CLIENT, &seg);
    ck_assert_int_eq(bd->pkt.verdict, MPCONN_VERDICT_HOLD);
}

/* Every callback of every call that has one; the same on an engine whose host does not meddle. */
static void live(bed *bd)
{
    bed_conn conn = c;
    mpconn_flow_filter all;

    MPCONN_STRUCT_INIT(&all);
    hold_data(bd, &conn);
    bed_syn_ack(bd, &conn); /* settles and releases */
    conn.tuple.client_port++;
    hold_data(bd, &conn);
    bed_pass(bd, 100 * MPCONN_SECOND); /* repeats, release, RST, refusal */
    conn.tuple.client_port++;
    hold_data(bd, &conn);
    ck_assert_int_eq(mpconn_engine_kill(bd->eng, &all, NULL, bd->now), MPCONN_OK);
    bed_pass(bd, 9000 * MPCONN_SECOND); /* the tombstone of the flow */
}

START_TEST(E38_callback_that_would_change_its_engine_is_refused)
{
    bed_open(&b, &cfg, &cb);
    live(&b);
    live(&quiet);
    for (unsigned i = 0; i < N_HOOKS; i++)
        ck_assert_uint_gt(calls[i], 2);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_CLOCK_BACKWARDS), 0);
    snapshot_take(&seen, b.eng);
    snapshot_take(&other, quiet.eng);
    snapshot_assert_equal(&seen, &other);
    ck_assert_uint_eq(b.n_out, quiet.n_out);
    for (unsigned i = 0; i < b.n_out; i++) {
        ck_assert_uint_eq(b.out[i].pkt.len, quiet.out[i].pkt.len);
        ck_assert_mem_eq(b.out[i].bytes, quiet.out[i].bytes, b.out[i].pkt.len);
    }
    bed_close(&b);
    bed_close(&quiet);
}
END_TEST

START_TEST(engine_can_be_used_again_after_each_call_that_called_back)
{
    bed_open(&b, &cfg, &cb);
    hold_data(&b, &c);
    ck_assert_int_eq(mpconn_engine_expire(b.eng, 0, NULL, b.now), MPCONN_OK);
    bed_syn_ack(&b, &c);
    ck_assert_int_eq(mpconn_engine_set_key(b.eng, bed_key, 16, b.now), MPCONN_OK);
    bed_close(&b); /* and can be deleted */
    bed_close(&quiet);
}
END_TEST

/* --- what hooks return --- */

START_TEST(E38_packets_the_host_did_not_take_are_counted_and_repaired_by_repetition)
{
    const bed_out *o;
    bed_segment seg;

    bed_close(&quiet);
    bed_open(&b, &cfg, &calm);
    b.send_fails = 1;
    bed_syn(&b, &c);
    seg = bed_proof_seg(&c);
    bed_in(&b, CLIENT, &seg);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_CLIENT_PROVED);
    ck_assert_uint_eq(b.n_out, 0);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_OUTPUT_FULL), 1);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_SERVER_SYN_SENT), 1);
    b.send_fails = 0;
    bed_pass(&b, MPCONN_SECOND);
    o = bed_take(&b);
    ck_assert_uint_eq(o->view.flags, MPCI_TCP_SYN);
    ck_assert_uint_eq(o->view.seq, c.x);
    b.send_fails = 1;
    bed_syn_ack(&b, &c);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_ANSWERED);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_OUTPUT_FULL), 3);
    b.send_fails = 0;
    bed_pass(&b, 2 * MPCONN_SECOND);
    ck_assert_uint_eq(bed_take(&b)->pkt.side, SERVER);
    ck_assert_uint_eq(bed_take(&b)->pkt.side, CLIENT);
    bed_close(&b);
}
END_TEST

static int send_returns;

static int send_something(void *user, const mpconn_pkt *const *pkts, size_t n)
{
    int rc = calm.send_packets(user, pkts, n);

    return rc < 0 ? rc : send_returns;
}

START_TEST(E38_any_return_of_send_is_borne)
{
    cb = calm;
    cb.send_packets = send_something;
    send_returns = (int[]){12345, -12345, 0}[_i];
    bed_close(&quiet);
    bed_open(&b, &cfg, &cb);
    bed_syn(&b, &c);
    bed_proof(&b, &c);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_OUTPUT_FULL), _i ? 1 : 0);
    ck_assert_uint_eq(bed_stats(&b).packets_made, 1);
    bed_close(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("engine: hooks");
    TCase *tc = tcase_create("hooks");

    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, E38_callback_that_would_change_its_engine_is_refused);
    tcase_add_test(tc, engine_can_be_used_again_after_each_call_that_called_back);
    tcase_add_test(tc, E38_packets_the_host_did_not_take_are_counted_and_repaired_by_repetition);
    tcase_add_loop_test(tc, E38_any_return_of_send_is_borne, 0, 3);
    suite_add_tcase(s, tc);
    return check_run(s);
}
