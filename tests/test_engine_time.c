/* SPDX-License-Identifier: BSD-2-Clause */
/* What time brings: budgets, idle flows, set_timeouts, the ends of the clock. Virtual time only. */
#include <check.h>

#include "check_main.h"
#include "engine_support.h"

#define MS MPCONN_MILLISECOND
#define SEC MPCONN_SECOND
/* The two clock readings an idle time is taken from are each exact to this. */
#define TICK (UINT64_C(1) << 24)

static bed b, b2;
static mpconn_engine_config cfg;
static mpconn_callbacks cb;
static snapshot before, after;

static void setup(void)
{
    bed_config(&cfg, &cb);
}

/* How long after its time a flow may still be there, as the header says. */
static uint64_t slack_of(uint64_t shortest)
{
    uint64_t round = shortest / 4;

    if (round < 10 * MS)
        round = 10 * MS;
    if (round > 16 * SEC)
        round = 16 * SEC;
    return round + 2 * TICK;
}

static bed_conn settle_nth(bed *bd, unsigned n)
{
    mpconn_tuple t = bed_tuple(n % 2 ? MPCONN_FAMILY_IPV6 : MPCONN_FAMILY_IPV4, n,
                               (uint16_t)(20000 + n));
    bed_conn c = bed_conn_of(&t, 0x1000 * n, 0x77777777 + n);

    bed_settle(bd, &c);
    return c;
}

static void send_from(bed *bd, const bed_conn *c, unsigned from, unsigned flags, uint32_t seq,
                      uint32_t ack, uint32_t payload)
{
    bed_segment seg = bed_data(c, from, seq, ack, payload);

    seg.s.flags = (uint16_t)flags;
    bed_in(bd, from, &seg);
    ck_assert_int_eq(bd->pkt.verdict, MPCONN_VERDICT_FORWARD);
}

/* Both endpoints heard: no timer of this handshake runs any more. */
static void greet(bed *bd, const bed_conn *c)
{
    send_from(bd, c, MPCONN_SIDE_CLIENT, MPCI_TCP_ACK, 1, 1, 100);
    send_from(bd, c, MPCONN_SIDE_SERVER, MPCI_TCP_ACK, 1, 101, 200);
}

START_TEST(next_expiry_is_never_while_there_is_nothing_to_do)
{
    bed_open(&b, &cfg, &cb);
    ck_assert_uint_eq(mpconn_engine_next_expiry(b.eng), MPCONN_TIME_NEVER);
    bed_pass(&b, 3600 * SEC);
    ck_assert_uint_eq(mpconn_engine_next_expiry(b.eng), MPCONN_TIME_NEVER);
    settle_nth(&b, 1);
    bed_pass(&b, 8000 * SEC);
    ck_assert_uint_eq(bed_n_flows(&b), 0);
    ck_assert_uint_eq(bed_stats(&b).handshakes, 0);
    ck_assert_uint_eq(mpconn_engine_next_expiry(b.eng), MPCONN_TIME_NEVER);
    bed_close(&b);
}
END_TEST

START_TEST(next_expiry_lies_ahead_once_what_was_due_is_done)
{
    uint32_t done = 99;

    bed_open(&b, &cfg, &cb);
    b.now += 3600 * SEC; /* a long time without any flow leaves no arrears */
    settle_nth(&b, 1);
    ck_assert_uint_gt(mpconn_engine_next_expiry(b.eng), b.now);
    ck_assert_int_eq(mpconn_engine_expire(b.eng, 0, &done, b.now), MPCONN_OK);
    ck_assert_uint_eq(done, 0);
    for (unsigned i = 0; i < 2000; i++) {
        mpconn_time next = mpconn_engine_next_expiry(b.eng);

        ck_assert_uint_gt(next, b.now);
        b.now = next;
        ck_assert_int_eq(mpconn_engine_expire(b.eng, 0, &done, b.now), MPCONN_OK);
        ck_assert_uint_gt(done, 0); /* it was worth calling */
    }
    bed_close(&b);
}
END_TEST

START_TEST(expire_uses_at_most_its_budget)
{
    uint32_t budget = (uint32_t[]){1, 2, 3, 5, 64, 1000}[_i], done;

    cfg.max_flows = 5000; /* more lines than the sweep has pieces */
    bed_open(&b, &cfg, &cb);
    for (unsigned i = 0; i < 20; i++)
        settle_nth(&b, i);
    b.now += 100 * SEC;
    for (unsigned calls = 0; mpconn_engine_next_expiry(b.eng) <= b.now; calls++) {
        ck_assert_uint_lt(calls, 20000);
        ck_assert_int_eq(mpconn_engine_expire(b.eng, budget, &done, b.now), MPCONN_OK);
        ck_assert_uint_le(done, budget);
        if (done < budget) /* then nothing more is due */
            ck_assert_uint_gt(mpconn_engine_next_expiry(b.eng), b.now);
    }
    bed_close(&b);
}
END_TEST

/* A scene with everything that time touches in it. */
static void set_scene(bed *bd)
{
    mpconn_tuple t;

    cfg.max_flows = 3000;
    bed_timeouts.established_ns = 20 * SEC;
    bed_timeouts.transitory_ns = 5 * SEC;
    bed_timeouts.syn_rto_ns = 200 * MS;
    bed_open(bd, &cfg, &cb);
    for (unsigned i = 0; i < 20; i++) {
        bed_conn c = settle_nth(bd, i);

        if (i % 3 == 0)
            greet(bd, &c);
        if (i % 4 == 0)
            send_from(bd, &c, MPCONN_SIDE_CLIENT, MPCI_TCP_ACK | MPCI_TCP_FIN, 101, 1, 0);
        bd->now += 100 * MS;
    }
    for (unsigned i = 0; i < 12; i++) {
        bed_conn c;

        t = bed_tuple(MPCONN_FAMILY_IPV4, 100 + i, (uint16_t)(30000 + i));
        c = bed_conn_of(&t, i, ~i);
        bed_syn(bd, &c);
        if (i % 3 == 1)
            bed_proof(bd, &c);
        bd->n_out = 0;
        bd->now += 37 * MS;
    }
    bd->n_out = bd->n_events = 0;
}

START_TEST(small_budgets_come_to_the_same_as_none)
{
    uint32_t budget = (uint32_t[]){1, 2, 3, 7, 64}[_i], done;

    set_scene(&b);
    set_scene(&b2);
    for (unsigned i = 0; i < 400; i++) {
        b.now += 113 * MS;
        b2.now = b.now;
        ck_assert_int_eq(mpconn_engine_expire(b.eng, 0, NULL, b.now), MPCONN_OK);
        do {
            HOLDS(mpconn_engine_expire(b2.eng, budget, &done, b2.now) == MPCONN_OK);
        } while (done == budget);
        ck_assert_uint_eq(b.n_out, b2.n_out);
        for (unsigned n = 0; n < b.n_out; n++)
            ck_assert_mem_eq(b.out[n].bytes, b2.out[n].bytes, b.out[n].pkt.len);
        ck_assert_uint_eq(b.n_events, b2.n_events);
        for (unsigned n = 0; n < b.n_events; n++) {
            ck_assert_uint_eq(b.events[n].flow, b2.events[n].flow);
            ck_assert_uint_eq(b.events[n].reason, b2.events[n].reason);
        }
        b.n_out = b2.n_out = b.n_events = b2.n_events = 0;
        snapshot_take(&before, b.eng);
        snapshot_take(&after, b2.eng);
        snapshot_assert_equal(&before, &after);
    }
    ck_assert_uint_eq(after.n_flows, 0);
    bed_close(&b);
    bed_close(&b2);
}
END_TEST

/* Bring a settled flow to a state; what is left is silence. */
static void reach(bed *bd, const bed_conn *c, unsigned how)
{
    const unsigned fin = MPCI_TCP_ACK | MPCI_TCP_FIN, ack = MPCI_TCP_ACK;

    bd->now += 50 * MS;
    greet(bd, c);
    switch (how) {
    case 1: /* FIN seen */
        send_from(bd, c, MPCONN_SIDE_CLIENT, fin, 101, 201, 0);
        break;
    case 3: /* FINs acknowledged, one after the other */
    case 5:
        send_from(bd, c, MPCONN_SIDE_CLIENT, fin, 101, 201, 0);
        send_from(bd, c, MPCONN_SIDE_SERVER, ack, 201, 102, 0);
        if (how == 3)
            break;
        send_from(bd, c, MPCONN_SIDE_SERVER, fin, 201, 102, 0);
        send_from(bd, c, MPCONN_SIDE_CLIENT, ack, 102, 202, 0);
        break;
    case 4:
        send_from(bd, c, MPCONN_SIDE_SERVER, fin, 201, 101, 0);
        send_from(bd, c, MPCONN_SIDE_CLIENT, ack, 101, 202, 0);
        break;
    case 6:
        send_from(bd, c, MPCONN_SIDE_SERVER, MPCI_TCP_RST | MPCI_TCP_ACK, 201, 101, 0);
        break;
    default:
        break;
    }
}

typedef struct idle_case {
    unsigned how, state;
    uint64_t established, transitory, closed, reset, expected;
} idle_case;

static const idle_case idle_cases[] = {
    {0, MPCONN_FLOW_OPEN, 0, 0, 0, 0, 7440 * SEC},
    {1, MPCONN_FLOW_OPEN, 0, 0, 0, 0, 240 * SEC},
    {3, MPCONN_FLOW_CLIENT_DONE, 0, 0, 0, 0, 240 * SEC},
    {4, MPCONN_FLOW_SERVER_DONE, 0, 0, 0, 0, 240 * SEC},
    {5, MPCONN_FLOW_CLOSED, 0, 0, 0, 0, 240 * SEC},
    {6, MPCONN_FLOW_RESET, 0, 0, 0, 0, 240 * SEC},
    {0, MPCONN_FLOW_OPEN, 10 * SEC, 20 * SEC, 30 * SEC, 40 * SEC, 10 * SEC},
    {1, MPCONN_FLOW_OPEN, 10 * SEC, 20 * SEC, 30 * SEC, 40 * SEC, 20 * SEC},
    {3, MPCONN_FLOW_CLIENT_DONE, 10 * SEC, 20 * SEC, 30 * SEC, 40 * SEC, 20 * SEC},
    {4, MPCONN_FLOW_SERVER_DONE, 10 * SEC, 20 * SEC, 30 * SEC, 40 * SEC, 20 * SEC},
    {5, MPCONN_FLOW_CLOSED, 10 * SEC, 20 * SEC, 30 * SEC, 40 * SEC, 30 * SEC},
    {6, MPCONN_FLOW_RESET, 10 * SEC, 20 * SEC, 30 * SEC, 40 * SEC, 40 * SEC},
    {0, MPCONN_FLOW_OPEN, 100 * MS, 0, 0, 0, 100 * MS},
    {0, MPCONN_FLOW_OPEN, 1 * MS, 0, 0, 0, 1 * MS},
};
enum { N_IDLE = sizeof(idle_cases) / sizeof(idle_cases[0]), PHASES = 5 };

static uint64_t or_240(uint64_t ns)
{
    return ns == 0 ? 240 * SEC : ns;
}

static uint64_t shortest_of(const idle_case *ic)
{
    uint64_t ns = ic->established == 0 ? 7440 * SEC : ic->established;

    ns = or_240(ic->transitory) < ns ? or_240(ic->transitory) : ns;
    ns = or_240(ic->closed) < ns ? or_240(ic->closed) : ns;
    return or_240(ic->reset) < ns ? or_240(ic->reset) : ns;
}

/* The phase moves the last segment relative to the engine's ticks. */
START_TEST(idle_flow_ends_after_its_time_and_not_before)
{
    const idle_case *ic = &idle_cases[_i / PHASES];
    unsigned why = ic->state == MPCONN_FLOW_CLOSED  ? MPCONN_REASON_FLOW_CLOSED
                   : ic->state == MPCONN_FLOW_RESET ? MPCONN_REASON_FLOW_RESET
                                                    : MPCONN_REASON_EXPIRED;
    mpconn_flow f;
    bed_conn c;

    cfg.max_flows = (uint32_t[]){1, 2, 256, 3000, 1024}[_i % PHASES];
    bed_timeouts.established_ns = ic->established;
    bed_timeouts.transitory_ns = ic->transitory;
    bed_timeouts.closed_ns = ic->closed;
    bed_timeouts.reset_ns = ic->reset;
    bed_open(&b, &cfg, &cb);
    b.now += (unsigned)(_i % PHASES) * (TICK / PHASES) + TICK - 3;
    c = settle_nth(&b, 2);
    reach(&b, &c, ic->how);
    f = bed_flow(&b, NULL);
    ck_assert_uint_eq(f.state, ic->state);
    b.n_events = 0;

    bed_pass(&b, ic->expected - 1);
    ck_assert_uint_eq(bed_n_flows(&b), 1);
    ck_assert_uint_eq(b.n_events, 0);
    bed_pass(&b, 1 + slack_of(shortest_of(ic)));
    ck_assert_uint_eq(bed_n_flows(&b), 0);
    ck_assert_uint_eq(b.n_events, 1);
    ck_assert_uint_eq(b.events[0].type, MPCONN_EVENT_ENDED);
    ck_assert_uint_eq(b.events[0].reason, why);
    ck_assert_uint_eq(b.events[0].flow, f.id);
    ck_assert_uint_eq(bed_count(&b, why), 1);
    ck_assert_uint_eq(mpconn_engine_next_expiry(b.eng), MPCONN_TIME_NEVER);
    bed_close(&b);
}
END_TEST

START_TEST(traffic_in_window_renews_a_flow_and_traffic_outside_does_not)
{
    unsigned inside = _i == 0;
    bed_conn c;

    bed_timeouts.established_ns = 10 * SEC;
    bed_open(&b, &cfg, &cb);
    c = settle_nth(&b, 2);
    greet(&b, &c);
    for (unsigned i = 0; i < 9; i++) {
        bed_pass(&b, 1 * SEC);
        send_from(&b, &c, MPCONN_SIDE_CLIENT, MPCI_TCP_ACK, inside ? 101 : 0x40000000, 201, 0);
    }
    bed_pass(&b, 1 * SEC + slack_of(10 * SEC));
    ck_assert_uint_eq(bed_n_flows(&b), inside);
    bed_close(&b);
}
END_TEST

static void keep_timers_busy(bed *bd, unsigned i)
{
    mpconn_tuple t = bed_tuple(MPCONN_FAMILY_IPV6, 1000 + i, 5000);
    bed_conn c = bed_conn_of(&t, i, i);

    bed_syn(bd, &c);
}

START_TEST(sweep_goes_on_while_timers_use_up_every_budget)
{
    unsigned ended_at = 0;

    cfg.max_handshakes = 65536;
    bed_timeouts.established_ns = 1 * SEC;
    bed_timeouts.syn_ack_repeats = MPCONN_NO_REPEATS;
    bed_open(&b, &cfg, &cb);
    settle_nth(&b, 2);
    for (unsigned i = 0; i < 6000 && ended_at == 0; i++) {
        keep_timers_busy(&b, 2 * i);
        keep_timers_busy(&b, 2 * i + 1);
        ck_assert_int_eq(mpconn_engine_expire(b.eng, 1, NULL, b.now), MPCONN_OK);
        if (bed_n_flows(&b) == 0)
            ended_at = i;
        b.now += MS;
    }
    ck_assert_uint_ge(ended_at, 1000);
    /* Every second millisecond looks at one of 512 lines. */
    ck_assert_uint_le(ended_at, 1000 + 2 * 1024 + 50);
    bed_close(&b);
}
END_TEST

START_TEST(sweep_goes_on_while_timeouts_are_set_again_and_again)
{
    mpconn_timeouts times;

    MPCONN_STRUCT_INIT(&times);
    times.established_ns = 1 * SEC;
    cfg.max_flows = 1;
    cfg.max_wide_flows = 1;
    bed_open(&b, &cfg, &cb);
    settle_nth(&b, 2);
    for (unsigned i = 0; i < 2000; i++) {
        b.now += MS;
        ck_assert_int_eq(mpconn_engine_set_timeouts(b.eng, &times, b.now), MPCONN_OK);
        if (mpconn_engine_next_expiry(b.eng) <= b.now)
            ck_assert_int_eq(mpconn_engine_expire(b.eng, 0, NULL, b.now), MPCONN_OK);
    }
    ck_assert_uint_eq(bed_n_flows(&b), 0);
    bed_close(&b);
}
END_TEST

START_TEST(set_timeouts_judges_flows_by_the_new_times)
{
    mpconn_timeouts times;
    bed_conn c;

    MPCONN_STRUCT_INIT(&times);
    bed_open(&b, &cfg, &cb);
    c = settle_nth(&b, 2);
    greet(&b, &c);
    bed_pass(&b, 100 * SEC);
    ck_assert_uint_eq(bed_n_flows(&b), 1);
    times.established_ns = 60 * SEC;
    ck_assert_int_eq(mpconn_engine_set_timeouts(b.eng, &times, b.now), MPCONN_OK);
    bed_pass(&b, slack_of(60 * SEC));
    ck_assert_uint_eq(bed_n_flows(&b), 0);

    c = settle_nth(&b, 4);
    greet(&b, &c);
    bed_pass(&b, 59 * SEC);
    times.established_ns = 0; /* the default again */
    ck_assert_int_eq(mpconn_engine_set_timeouts(b.eng, &times, b.now), MPCONN_OK);
    bed_pass(&b, 7300 * SEC);
    ck_assert_uint_eq(bed_n_flows(&b), 1);
    bed_close(&b);
}
END_TEST

START_TEST(set_timeouts_leaves_running_handshake_timers_alone)
{
    mpconn_tuple t = bed_tuple(MPCONN_FAMILY_IPV4, 1, 40000);
    bed_conn c = bed_conn_of(&t, 1, 2);
    mpconn_timeouts times;

    MPCONN_STRUCT_INIT(&times);
    bed_open(&b, &cfg, &cb);
    bed_syn(&b, &c);
    bed_proof(&b, &c);
    b.n_out = 0;
    times.syn_rto_ns = 100 * SEC;
    ck_assert_int_eq(mpconn_engine_set_timeouts(b.eng, &times, b.now), MPCONN_OK);
    bed_pass(&b, SEC - 1);
    ck_assert_uint_eq(b.n_out, 0);
    bed_pass(&b, 1);
    ck_assert_uint_eq(b.n_out, 1); /* the old second; the next interval is a new one */
    bed_pass(&b, 199 * SEC);
    ck_assert_uint_eq(b.n_out, 1);
    bed_pass(&b, 1 * SEC);
    ck_assert_uint_eq(b.n_out, 2);
    bed_close(&b);
}
END_TEST

START_TEST(refused_timeouts_change_nothing)
{
    mpconn_timeouts times;

    MPCONN_STRUCT_INIT(&times);
    bed_timeouts.established_ns = 10 * SEC;
    bed_open(&b, &cfg, &cb);
    settle_nth(&b, 2);
    times.established_ns = 5 * SEC;
    times.epoch_ns = SEC - 1;
    ck_assert_int_eq(mpconn_engine_set_timeouts(b.eng, &times, b.now), MPCONN_ERR_INVAL);
    bed_pass(&b, 9 * SEC);
    ck_assert_uint_eq(bed_n_flows(&b), 1);
    bed_close(&b);
}
END_TEST

START_TEST(E32_clock_that_steps_back_stands_still)
{
    bed_conn c;

    bed_timeouts.established_ns = 10 * SEC;
    bed_open(&b, &cfg, &cb);
    c = settle_nth(&b, 2);
    greet(&b, &c);
    snapshot_take(&before, b.eng);
    ck_assert_int_eq(mpconn_engine_expire(b.eng, 0, NULL, b.now), MPCONN_OK); /* equal */
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_CLOCK_BACKWARDS), 0);
    ck_assert_int_eq(mpconn_engine_expire(b.eng, 0, NULL, b.now - 1), MPCONN_OK);
    ck_assert_int_eq(mpconn_engine_expire(b.eng, 0, NULL, 0), MPCONN_OK);
    ck_assert_int_eq(mpconn_engine_input(b.eng, NULL, 0, 1), MPCONN_OK);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_CLOCK_BACKWARDS), 3);
    snapshot_take(&after, b.eng);
    after.counts[MPCONN_REASON_CLOCK_BACKWARDS] = 0;
    snapshot_assert_equal(&before, &after);
    bed_pass(&b, 9 * SEC);
    ck_assert_int_eq(mpconn_engine_expire(b.eng, 0, NULL, b.now - 8 * SEC), MPCONN_OK);
    ck_assert_uint_eq(bed_n_flows(&b), 1);
    bed_pass(&b, 1 * SEC + slack_of(10 * SEC)); /* counted from where it stood */
    ck_assert_uint_eq(bed_n_flows(&b), 0);
    bed_close(&b);
}
END_TEST

/* 49.7 days are 2^32 ms, 1.14 years half of what the engine's ticks tell apart. */
START_TEST(E32_long_pause_ends_in_one_call_what_was_idle)
{
    static const uint64_t pauses[] = {(UINT64_C(1) << 32) * MS, UINT64_C(1) << 55};
    uint32_t done;

    cfg.max_flows = 3000;
    cfg.max_handshakes = 256;
    bed_open(&b, &cfg, &cb);
    for (unsigned i = 0; i < 100; i++)
        settle_nth(&b, i);
    b.now += pauses[_i];
    ck_assert_int_eq(mpconn_engine_expire(b.eng, 0, &done, b.now), MPCONN_OK);
    ck_assert_uint_eq(bed_n_flows(&b), 0);
    ck_assert_uint_le(done, 2 * (3000 + 256) + 256); /* not a round for each that was missed */
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_EXPIRED), 100);
    bed_close(&b);
}
END_TEST

START_TEST(E32_flow_seen_before_a_jump_and_after_it_lives_on)
{
    bed_conn c;

    bed_open(&b, &cfg, &cb);
    c = settle_nth(&b, 2);
    greet(&b, &c);
    b.now += (UINT64_C(1) << 32) * MS;
    send_from(&b, &c, MPCONN_SIDE_CLIENT, MPCI_TCP_ACK, 101, 201, 10); /* before the sweep looks */
    bed_pass(&b, 7000 * SEC);
    ck_assert_uint_eq(bed_n_flows(&b), 1);
    bed_close(&b);
}
END_TEST

static mpconn_time near_the_end(unsigned which)
{
    return MPCONN_TIME_NEVER - (uint64_t[]){2, 100, SEC / 2, 3 * SEC, 100 * SEC}[which];
}

/* Deadlines that lie beyond the end of the clock never come, rather than at once. */
START_TEST(E32_end_of_the_clock_fires_no_timer_early)
{
    mpconn_tuple t = bed_tuple(MPCONN_FAMILY_IPV4, 1, 40000);
    mpconn_tuple t2 = bed_tuple(MPCONN_FAMILY_IPV4, 2, 40000);
    bed_conn c = bed_conn_of(&t, 1, 2), half = bed_conn_of(&t2, 1, 2);
    uint64_t left;
    uint32_t done = 0;

    bed_open(&b, &cfg, &cb);
    b.now = near_the_end((unsigned)_i);
    bed_settle(&b, &c);
    bed_syn(&b, &half);
    bed_proof(&b, &half);
    b.n_out = b.n_events = 0;
    ck_assert_int_eq(mpconn_engine_expire(b.eng, 0, &done, b.now), MPCONN_OK);
    ck_assert_uint_eq(done, 0);
    ck_assert_uint_eq(b.n_out, 0);
    left = MPCONN_TIME_NEVER - 1 - b.now;
    b.now = MPCONN_TIME_NEVER - 1;
    ck_assert_int_eq(mpconn_engine_expire(b.eng, 0, &done, b.now), MPCONN_OK);
    if (left < SEC)
        ck_assert_uint_eq(b.n_out, 0);
    ck_assert_uint_eq(b.n_events, 0);
    ck_assert_uint_eq(bed_n_flows(&b), 1);
    bed_close(&b);
}
END_TEST

static void add_time(Suite *s)
{
    TCase *tc = tcase_create("budgets and sweep");

    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, next_expiry_is_never_while_there_is_nothing_to_do);
    tcase_add_test(tc, next_expiry_lies_ahead_once_what_was_due_is_done);
    tcase_add_loop_test(tc, expire_uses_at_most_its_budget, 0, 6);
    tcase_add_loop_test(tc, small_budgets_come_to_the_same_as_none, 0, 5);
    tcase_add_loop_test(tc, idle_flow_ends_after_its_time_and_not_before, 0, N_IDLE * PHASES);
    tcase_add_loop_test(tc, traffic_in_window_renews_a_flow_and_traffic_outside_does_not, 0, 2);
    tcase_add_test(tc, sweep_goes_on_while_timers_use_up_every_budget);
    tcase_add_test(tc, sweep_goes_on_while_timeouts_are_set_again_and_again);
    suite_add_tcase(s, tc);
}

static void add_clock(Suite *s)
{
    TCase *tc = tcase_create("set_timeouts and clock");

    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, set_timeouts_judges_flows_by_the_new_times);
    tcase_add_test(tc, set_timeouts_leaves_running_handshake_timers_alone);
    tcase_add_test(tc, refused_timeouts_change_nothing);
    tcase_add_test(tc, E32_clock_that_steps_back_stands_still);
    tcase_add_loop_test(tc, E32_long_pause_ends_in_one_call_what_was_idle, 0, 2);
    tcase_add_test(tc, E32_flow_seen_before_a_jump_and_after_it_lives_on);
    tcase_add_loop_test(tc, E32_end_of_the_clock_fires_no_timer_early, 0, 5);
    suite_add_tcase(s, tc);
}

int main(void)
{
    Suite *s = suite_create("engine: time");

    add_time(s);
    add_clock(s);
    return check_run(s);
}
