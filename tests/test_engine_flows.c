/* SPDX-License-Identifier: BSD-2-Clause */
/* Looking at settled flows: what a flow says, the cursor, ids, full tables, engines
 * side by side. */
#include <check.h>
#include <pthread.h>

#include "check_main.h"
#include "engine_support.h"
#include "seed.h"

enum { CLIENT = MPCONN_SIDE_CLIENT, SERVER = MPCONN_SIDE_SERVER };

static bed b, b2;
static mpconn_engine_config cfg;
static mpconn_callbacks cb;
static snapshot before, after;

static void setup(void)
{
    bed_config(&cfg, &cb);
}

static bed_conn conn_nth(unsigned n)
{
    mpconn_tuple t = bed_tuple(n % 2 ? MPCONN_FAMILY_IPV6 : MPCONN_FAMILY_IPV4, n,
                               (uint16_t)(20000 + n));

    return bed_conn_of(&t, 0x1000 * n, 0x77777777 + n);
}

static bed_conn settle_nth(bed *bd, unsigned n)
{
    bed_conn c = conn_nth(n);

    bed_settle(bd, &c);
    return c;
}

static void send_from(const bed_conn *c, unsigned from, unsigned flags, uint32_t seq, uint32_t ack,
                      uint32_t payload)
{
    bed_segment seg = bed_data(c, from, seq, ack, payload);

    seg.s.flags = (uint16_t)flags;
    bed_in(&b, from, &seg);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_FORWARD);
}

START_TEST(flow_tells_all_of_a_split_connection)
{
    mpconn_tuple t = bed_tuple(_i ? MPCONN_FAMILY_IPV6 : MPCONN_FAMILY_IPV4, 1, 40000);
    bed_conn c = bed_conn_of(&t, 0xffffff00, 0x80000000);
    mpconn_flow f;
    mpconn_tuple nothing;

    memset(&nothing, 0, sizeof(nothing));
    bed_open(&b, &cfg, &cb);
    bed_settle(&b, &c);
    send_from(&c, CLIENT, MPCI_TCP_ACK, 1, 1, 1000); /* over the top of the numbers */
    send_from(&c, SERVER, MPCI_TCP_ACK, 1, 1001, 333);
    ck_assert_uint_eq(b.pkt.link, MPCONN_LINK_NONE);
    f = bed_flow(&b, &t);
    ck_assert_uint_eq(f.id, b.pkt.flow);
    ck_assert_uint_eq(f.id, b.events[0].flow);
    ck_assert_uint_eq(f.state, MPCONN_FLOW_OPEN);
    ck_assert_uint_eq(f.flags, MPCONN_FLOW_F_SPLIT);
    ck_assert_uint_eq(f.next_seq[CLIENT], c.x + 1001);
    ck_assert_uint_eq(f.next_seq[SERVER], c.z + 334);
    ck_assert_uint_eq(f.link[CLIENT], 11);
    ck_assert_uint_eq(f.link[SERVER], 22);
    ck_assert_uint_eq(f.delta.client_isn, c.x);
    ck_assert_uint_eq(f.delta.generation, 1);
    ck_assert_uint_eq(f.delta.known, MPCONN_DELTA_K_ALL);
    ck_assert_uint_eq(f.delta.seq[CLIENT], 0);
    ck_assert_uint_eq(f.delta.seq[SERVER], c.z - c.y);
    ck_assert_uint_eq(f.delta.ts[CLIENT], 0);
    ck_assert_uint_eq(f.delta.ts[SERVER], c.server_ts - c.proxy_ts);
    ck_assert_uint_eq(f.delta.wscale_in[SERVER], 9);
    ck_assert_uint_eq(f.delta.wscale_out[SERVER], 7);
    ck_assert_mem_eq(&f.delta.tuple[0], &nothing, sizeof(nothing));
    ck_assert_mem_eq(&f.delta.tuple[1], &nothing, sizeof(nothing));
    bed_close(&b);
}
END_TEST

START_TEST(flow_tells_its_states)
{
    const unsigned fin = MPCI_TCP_ACK | MPCI_TCP_FIN, ack = MPCI_TCP_ACK;
    bed_conn c;

    bed_open(&b, &cfg, &cb);
    c = settle_nth(&b, 2);
    send_from(&c, CLIENT, fin, 1, 1, 0);
    ck_assert_uint_eq(bed_flow(&b, NULL).state, MPCONN_FLOW_OPEN);
    ck_assert_uint_eq(bed_flow(&b, NULL).next_seq[CLIENT], c.x + 2);
    send_from(&c, SERVER, ack, 1, 2, 0);
    ck_assert_uint_eq(bed_flow(&b, NULL).state, MPCONN_FLOW_CLIENT_DONE);
    send_from(&c, SERVER, fin, 1, 2, 0);
    send_from(&c, CLIENT, ack, 2, 2, 0);
    ck_assert_uint_eq(bed_flow(&b, NULL).state, MPCONN_FLOW_CLOSED);
    ck_assert_uint_eq(bed_flow(&b, NULL).delta.flags, MPCONN_DELTA_F_CLOSED);
    c = settle_nth(&b, 4);
    send_from(&c, SERVER, MPCI_TCP_RST, 1, 0, 0);
    ck_assert_uint_eq(bed_flow(&b, &c.tuple).state, MPCONN_FLOW_RESET);
    bed_close(&b);
}
END_TEST

START_TEST(E14_reset_away_from_the_exact_number_changes_no_flow)
{
    uint32_t off = (uint32_t[]){2, 0, 100, 0x80000000, 0xffffff00}[_i];
    bed_conn c;

    bed_open(&b, &cfg, &cb);
    c = settle_nth(&b, 2);
    send_from(&c, CLIENT, MPCI_TCP_ACK, 1, 1, 0);
    send_from(&c, SERVER, MPCI_TCP_ACK, 1, 1, 0);
    snapshot_take(&before, b.eng);
    send_from(&c, SERVER, MPCI_TCP_RST, off, 0, 0);
    send_from(&c, CLIENT, MPCI_TCP_RST | MPCI_TCP_ACK, off, 1, 0);
    snapshot_take(&after, b.eng);
    snapshot_assert_same_state(&before, &after);
    bed_close(&b);
}
END_TEST

START_TEST(idle_time_is_exact_to_17_ms)
{
    static const uint64_t pauses[] = {0, 1, MPCONN_MILLISECOND, 50 * MPCONN_MILLISECOND,
                                      MPCONN_SECOND, 7000 * MPCONN_SECOND};
    const uint64_t exact = 17 * MPCONN_MILLISECOND;
    uint64_t idle;

    bed_open(&b, &cfg, &cb);
    settle_nth(&b, 2);
    b.now += pauses[_i];
    idle = bed_flow(&b, NULL).idle_ns;
    ck_assert_uint_eq(idle, 0); /* as of the last call that told the time */
    ck_assert_int_eq(mpconn_engine_input(b.eng, NULL, 0, b.now), MPCONN_OK);
    idle = bed_flow(&b, NULL).idle_ns;
    ck_assert_uint_le(idle, pauses[_i] + exact);
    ck_assert_uint_ge(idle + exact, pauses[_i]);
    bed_close(&b);
}
END_TEST

START_TEST(A01_flow_fills_what_the_caller_has_room_for)
{
    mpconn_flow_cursor cursor = {0};
    union {
        mpconn_flow f;
        uint8_t bytes[sizeof(mpconn_flow) + 64];
    } r;

    bed_open(&b, &cfg, &cb);
    settle_nth(&b, 2);
    memset(&r, 0xee, sizeof(r));
    r.f.struct_size = sizeof(mpconn_flow) - 1;
    ck_assert_int_eq(mpconn_engine_flow_next(b.eng, &cursor, &r.f), MPCONN_ERR_VERSION);
    for (size_t i = sizeof(size_t); i < sizeof(r); i++)
        ck_assert_uint_eq(r.bytes[i], 0xee);
    ck_assert_uint_eq(cursor.position, 0); /* R6: the flow is still to come */
    r.f.struct_size = sizeof(mpconn_flow) + 16;
    ck_assert_int_eq(mpconn_engine_flow_next(b.eng, &cursor, &r.f), MPCONN_OK);
    ck_assert_uint_eq(r.f.struct_size, sizeof(mpconn_flow) + 16);
    for (size_t i = sizeof(mpconn_flow); i < sizeof(r); i++)
        ck_assert_uint_eq(r.bytes[i], i < sizeof(mpconn_flow) + 16 ? 0 : 0xee);
    ck_assert_int_eq(mpconn_engine_flow_next(b.eng, &cursor, &r.f), MPCONN_ERR_NOTFOUND);
    ck_assert_int_eq(mpconn_engine_flow_next(b.eng, &cursor, &r.f), MPCONN_ERR_NOTFOUND);
    cursor.position = UINT64_MAX;
    ck_assert_int_eq(mpconn_engine_flow_next(b.eng, &cursor, &r.f), MPCONN_ERR_NOTFOUND);
    bed_close(&b);
}
END_TEST

static void kill_id(uint64_t id)
{
    mpconn_flow_filter filter;
    size_t killed;

    MPCONN_STRUCT_INIT(&filter);
    filter.id = id;
    filter.flags = MPCONN_KILL_F_SILENT;
    ck_assert_int_eq(mpconn_engine_kill(b.eng, &filter, &killed, b.now), MPCONN_OK);
    ck_assert_uint_eq(killed, 1);
}

/* Flow 2n stays; flow 2n+1 may come or go between any two steps of the cursor. */
START_TEST(cursor_sees_every_flow_that_stays_exactly_once)
{
    enum { N = 100 };
    seed_rng rng = seed_start();
    mpconn_flow_cursor cursor = {0};
    unsigned seen[2 * N] = {0}, steps = 0;
    mpconn_flow f;

    bed_timeouts.reset_ns = MPCONN_MILLISECOND;
    cfg.max_handshakes = 1024;
    bed_open(&b, &cfg, &cb);
    for (unsigned i = 0; i < N; i++)
        settle_nth(&b, 2 * i);
    MPCONN_STRUCT_INIT(&f);
    while (mpconn_engine_flow_next(b.eng, &cursor, &f) == MPCONN_OK) {
        unsigned n = f.tuple.client_port - 20000u;

        ck_assert_uint_lt(n, 2 * N);
        ck_assert_uint_eq(seen[n] & 1, 0);
        seen[n]++;
        ck_assert_uint_lt(++steps, 3 * N);
        for (unsigned i = seed_below(&rng, 4); i > 0; i--) {
            unsigned other = 2 * seed_below(&rng, N) + 1;
            bed_conn c = conn_nth(other);

            if (seen[other] & 2)
                continue; /* it came and went: once is enough */
            if (seen[other] == 0) {
                bed_settle(&b, &c);
                seen[other] |= 4;
            } else if (seen[other] & 4) {
                kill_id(bed_flow(&b, &c.tuple).id);
                bed_pass(&b, 100 * MPCONN_MILLISECOND);
                seen[other] |= 2;
            }
            b.n_out = 0;
        }
    }
    for (unsigned i = 0; i < N; i++)
        ck_assert_uint_eq(seen[2 * i], 1);
    bed_close(&b);
}
END_TEST

START_TEST(flow_ids_are_never_used_again)
{
    enum { N = 600 };
    static uint64_t ids[N];
    bed_conn c = conn_nth((unsigned)_i);

    cfg.max_flows = cfg.max_wide_flows = 1;
    bed_open(&b, &cfg, &cb);
    for (unsigned i = 0; i < N; i++) {
        c.x += 1000;
        bed_settle(&b, &c);
        ids[i] = bed_flow(&b, NULL).id;
        ck_assert_uint_ne(ids[i], 0);
        ck_assert_uint_eq(ids[i] >> 63, 0); /* a hold number has this bit */
        for (unsigned k = 0; k < i; k++)
            if (ids[i] == ids[k])
                ck_abort_msg("flow %u has the id of flow %u", i, k);
        kill_id(ids[i]);
        if (i % 3 == 0)
            bed_pass(&b, 300 * MPCONN_SECOND);
    }
    ck_assert_uint_eq(bed_stats(&b).flows_settled, N);
    bed_close(&b);
}
END_TEST

/* E22: what is settled is never given up for what is new; the newcomer's endpoints are told. */
START_TEST(E22_full_table_refuses_the_newcomer_and_keeps_the_flows)
{
    unsigned family = _i ? MPCONN_FAMILY_IPV6 : MPCONN_FAMILY_IPV4;
    mpconn_tuple t;
    bed_conn c;
    const bed_out *o;

    cfg.max_flows = 2;
    cfg.max_wide_flows = 2;
    bed_open(&b, &cfg, &cb);
    for (unsigned i = 0; i < (_i ? 2 : 3); i++) { /* IPv4 overflows into half of the wide ones */
        t = bed_tuple(family, i, 40000);
        c = bed_conn_of(&t, i, ~i);
        bed_settle(&b, &c);
    }
    ck_assert_uint_eq(bed_stats(&b).flows, _i ? 0 : 2);
    ck_assert_uint_eq(bed_stats(&b).wide_flows, _i ? 2 : 1);
    snapshot_take(&before, b.eng);
    t = bed_tuple(family, 9, 40000);
    c = bed_conn_of(&t, 900, 901);
    b.n_events = 0;
    bed_syn(&b, &c);
    bed_proof(&b, &c);
    b.n_out = 0;
    bed_syn_ack(&b, &c);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_CONSUMED);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_TABLE_FULL), 1);
    ck_assert_uint_eq(b.n_events, 1);
    ck_assert_uint_eq(b.events[0].type, MPCONN_EVENT_REFUSED);
    ck_assert_uint_eq(b.events[0].reason, MPCONN_REASON_TABLE_FULL);
    ck_assert_uint_eq(b.events[0].flow, 0);
    ck_assert_mem_eq(&b.events[0].tuple, &t, sizeof(t));
    ck_assert_uint_eq(b.n_out, 2);
    o = bed_take(&b);
    ck_assert_uint_eq(o->pkt.side, CLIENT);
    ck_assert_uint_eq(o->view.flags & MPCI_TCP_RST, MPCI_TCP_RST);
    ck_assert_uint_eq(o->view.seq, c.y + 1);
    o = bed_take(&b);
    ck_assert_uint_eq(o->pkt.side, SERVER);
    ck_assert_uint_eq(o->view.flags & MPCI_TCP_RST, MPCI_TCP_RST);
    ck_assert_uint_eq(o->view.seq, c.x + 1);
    snapshot_take(&after, b.eng);
    after.stats.handshakes = before.stats.handshakes; /* the tombstone of the refused one */
    snapshot_assert_same_state(&before, &after);
    bed_close(&b);
}
END_TEST

/* Bytes of a struct nobody wrote would tell the host what lay on the stack. */
START_TEST(events_carry_no_leftover_bytes)
{
    static const mpconn_tuple nothing[2];
    bed_conn c;

    bed_timeouts.established_ns = MPCONN_SECOND;
    bed_open(&b, &cfg, &cb);
    memset(b.deltas, 0xee, sizeof(b.deltas));
    c = conn_nth(2);
    bed_settle(&b, &c);
    bed_pass(&b, 60 * MPCONN_SECOND);
    ck_assert_uint_eq(b.n_events, 2);
    ck_assert_uint_eq(b.events[1].type, MPCONN_EVENT_ENDED);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_uint_eq(b.events[i].struct_size, sizeof(mpconn_event));
        ck_assert_mem_eq(b.deltas[i].tuple, nothing, sizeof(nothing));
        ck_assert_uint_eq(b.deltas[i].seq[SERVER], c.z - c.y);
    }
    bed_close(&b);
}
END_TEST

START_TEST(gauges_follow_what_is_there)
{
    bed_conn c, half;
    mpconn_stats s;

    bed_open(&b, &cfg, &cb);
    half = conn_nth(2);
    bed_syn(&b, &half);
    s = bed_stats(&b);
    ck_assert_uint_eq(s.handshakes, 1);
    ck_assert_uint_eq(s.unproved, 1);
    bed_proof(&b, &half);
    b.n_out = 0;
    s = bed_stats(&b);
    ck_assert_uint_eq(s.handshakes, 1);
    ck_assert_uint_eq(s.unproved, 0);
    ck_assert_uint_eq(s.packets_made, 1);
    c = conn_nth(3);
    bed_settle(&b, &c);
    s = bed_stats(&b);
    ck_assert_uint_eq(s.wide_flows, 1);
    ck_assert_uint_eq(s.flows, 0);
    ck_assert_uint_eq(s.flows_settled, 1);
    ck_assert_uint_eq(s.handshakes, 2);
    ck_assert_uint_eq(s.packets_in, 5);
    ck_assert_uint_eq(s.packets_forwarded, 2);
    ck_assert_uint_eq(s.packets_consumed, 3);
    ck_assert_uint_eq(s.packets_made, 4);
    bed_pass(&b, 8000 * MPCONN_SECOND);
    s = bed_stats(&b);
    ck_assert_uint_eq(s.wide_flows, 0);
    ck_assert_uint_eq(s.flows_ended, 1);
    ck_assert_uint_eq(s.handshakes, 0);
    snapshot_take(&after, b.eng);
    snapshot_assert_sane(&after);
    bed_close(&b);
}
END_TEST

/* A03: two engines of one process are two members; one's traffic leaves no trace in the other. */
START_TEST(A03_two_engines_share_nothing)
{
    bed_conn c, again;

    bed_open(&b, &cfg, &cb);
    bed_open(&b2, &cfg, &cb);
    snapshot_take(&before, b2.eng);
    c = settle_nth(&b, 2);
    snapshot_take(&after, b2.eng);
    snapshot_assert_equal(&before, &after);
    ck_assert_uint_eq(b2.n_events + b2.n_out + b2.n_admit, 0);
    again = settle_nth(&b2, 2);
    ck_assert_uint_eq(again.y, c.y); /* E36: same key, same answer */
    bed_close(&b2);
    send_from(&c, CLIENT, MPCI_TCP_ACK, 1, 1, 10);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_TRANSLATED);
    bed_close(&b);
}
END_TEST

static void *live(void *user)
{
    bed *bd = user;

    for (unsigned i = 0; i < 200; i++) {
        settle_nth(bd, i);
        bed_pass(bd, 10 * MPCONN_SECOND);
        bd->n_out = 0;
    }
    return NULL;
}

START_TEST(A03_two_engines_live_in_two_threads)
{
    pthread_t thread;

    bed_open(&b, &cfg, &cb);
    bed_open(&b2, &cfg, &cb);
    ck_assert_int_eq(pthread_create(&thread, NULL, live, &b2), 0);
    live(&b);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    snapshot_take(&before, b.eng);
    snapshot_take(&after, b2.eng);
    snapshot_assert_equal(&before, &after);
    bed_close(&b);
    bed_close(&b2);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("engine: flows");
    TCase *tc = tcase_create("flows");

    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_loop_test(tc, flow_tells_all_of_a_split_connection, 0, 2);
    tcase_add_test(tc, flow_tells_its_states);
    tcase_add_loop_test(tc, E14_reset_away_from_the_exact_number_changes_no_flow, 0, 5);
    tcase_add_loop_test(tc, idle_time_is_exact_to_17_ms, 0, 6);
    tcase_add_test(tc, A01_flow_fills_what_the_caller_has_room_for);
    tcase_add_test(tc, cursor_sees_every_flow_that_stays_exactly_once);
    tcase_add_loop_test(tc, flow_ids_are_never_used_again, 2, 4);
    tcase_add_loop_test(tc, E22_full_table_refuses_the_newcomer_and_keeps_the_flows, 0, 2);
    tcase_add_test(tc, events_carry_no_leftover_bytes);
    tcase_add_test(tc, gauges_follow_what_is_there);
    tcase_add_test(tc, A03_two_engines_share_nothing);
    tcase_add_test(tc, A03_two_engines_live_in_two_threads);
    suite_add_tcase(s, tc);
    return check_run(s);
}
