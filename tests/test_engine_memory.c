/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory is taken at birth and never again, and full tables give way in a defined order. */
#include <check.h>

#include "check_main.h"
#include "engine_support.h"
#include "seed.h"

enum { CLIENT = MPCONN_SIDE_CLIENT, SERVER = MPCONN_SIDE_SERVER, FLOOD = 100000 };

static bed b;
static mpconn_engine_config cfg;
static mpconn_callbacks cb;
static counting memory;
static snapshot before, after;

static void setup(void)
{
    memset(&memory, 0, sizeof(memory));
    bed_config(&cfg, &cb);
    cfg.allocator = counting_allocator(&memory);
}

static bed_conn conn_nth(unsigned n)
{
    mpconn_tuple t = bed_tuple(n % 2 ? MPCONN_FAMILY_IPV6 : MPCONN_FAMILY_IPV4, n / 50000,
                               (uint16_t)(1024 + n % 50000));

    return bed_conn_of(&t, n * 2654435761u, ~n);
}

/* Taken for good: the engine's allocator was called as often as at its birth, and nothing moved. */
static void assert_no_allocation(const counting *at_birth)
{
    ck_assert_uint_eq(memory.calls, at_birth->calls);
    ck_assert_uint_eq(memory.live, at_birth->live);
    ck_assert_mem_eq(memory.blocks, at_birth->blocks, sizeof(memory.blocks));
    ck_assert_uint_eq(bed_stats(&b).memory_bytes, memory.bytes);
}

/* --- E20: constant memory --- */

enum { REGULARS = 60, STRANGERS = 100000 };
static bed_conn regulars[REGULARS];

/* Submit without the checks of the bed, which write to a file each time. */
static unsigned submit(uint8_t *bytes, size_t len, unsigned from, uint32_t flags)
{
    mpconn_pkt pkt = {.data = bytes,
                      .len = (uint32_t)len,
                      .cap = 256,
                      .side = (uint8_t)from,
                      .link = 1 + from,
                      .flags = flags};
    mpconn_pkt *list[1] = {&pkt};

    HOLDS(mpconn_engine_input(b.eng, list, 1, b.now) == MPCONN_OK);
    return pkt.reason;
}

/* Sequence number and TSval of an answer, which stands where its SYN did. */
static void learn(bed_conn *c, const uint8_t *answer)
{
    const uint8_t *l4 = answer + (answer[0] >> 4 == 4 ? 20 : 40);

    c->y = peek32(l4 + 4);
    for (const uint8_t *o = l4 + 20; o < l4 + (l4[12] >> 4) * 4; o += *o > 1 ? o[1] : 1)
        if (*o == 8)
            c->proxy_ts = peek32(o + 2);
}

static int swallow(void *user, const mpconn_pkt *const *pkts, size_t n)
{
    (void)user;
    (void)pkts;
    return (int)n;
}

static bed_segment random_segment(const bed_conn *c, seed_rng *rng, unsigned from)
{
    static const uint16_t flags[] = {MPCI_TCP_SYN,
                                     MPCI_TCP_SYN | MPCI_TCP_ACK,
                                     MPCI_TCP_ACK,
                                     MPCI_TCP_RST,
                                     MPCI_TCP_RST | MPCI_TCP_ACK,
                                     MPCI_TCP_FIN | MPCI_TCP_ACK};
    unsigned odd = seed_below(rng, 4) == 0;
    bed_segment seg = bed_data(c, from, odd ? seed_below(rng, 3) : 1, odd ? seed_below(rng, 3) : 1,
                               0);

    seg.s.flags = flags[seed_below(rng, 6)];
    if (from == CLIENT)
        seg.s.tsecr = c->proxy_ts;
    if (seg.s.flags == MPCI_TCP_SYN) {
        seg = bed_syn_seg(c);
        seg.s.to = (uint8_t)(from ^ 1);
    }
    if (seed_below(rng, 8) == 0)
        seg.s.seq = seed_u32(rng);
    return seg;
}

static int admit_anything(void *user, const mpconn_admit_request *r)
{
    (void)user;
    return (int)(r->isn % 7);
}

/* Packets of any kind: challenge-triggering segments, floods of SYNs, noise. */
START_TEST(E20_packets_of_any_kind_take_no_memory)
{
    seed_rng rng = seed_start();
    counting at_birth;
    uint8_t bytes[256];
    mpconn_stats s;

    cb.send_packets = swallow;
    cb.admit = admit_anything;
    cfg.max_flows = cfg.max_wide_flows = 32;
    bed_timeouts.established_ns = bed_timeouts.reset_ns = 2 * MPCONN_SECOND;
    bed_timeouts.transitory_ns = bed_timeouts.closed_ns = 2 * MPCONN_SECOND;
    bed_open(&b, &cfg, &cb);
    at_birth = memory;
    for (unsigned i = 0; i < REGULARS; i++)
        regulars[i] = conn_nth(i);
    for (unsigned i = 0; i < FLOOD; i++) {
        unsigned from = seed_below(&rng, 2);
        bed_conn stranger = conn_nth(REGULARS + seed_below(&rng, STRANGERS));
        bed_conn *c = i % 4 ? &regulars[seed_below(&rng, REGULARS)] : &stranger;
        bed_segment seg;
        size_t len;

        if (seed_below(&rng, 128) == 0)
            c->x = seed_u32(&rng);
        seg = random_segment(c, &rng, from);
        len = mpci_build_tcp(bytes, sizeof(bytes), &seg.s);
        if (seed_below(&rng, 16) == 0)
            bytes[seed_below(&rng, (unsigned)len)] ^= (uint8_t)(1u << seed_below(&rng, 8));
        if (submit(bytes, len, from, seed_below(&rng, 2) ? MPCONN_PKT_F_CSUM_OK : 0) ==
            MPCONN_REASON_SYN_ANSWERED)
            learn(c, bytes);
        if (i % 64 == 0) {
            b.now += seed_below(&rng, 500) * MPCONN_MILLISECOND;
            HOLDS(mpconn_engine_expire(b.eng, 0, NULL, b.now) == MPCONN_OK);
        }
    }
    assert_no_allocation(&at_birth);
    s = bed_stats(&b);
    ck_assert_uint_eq(s.packets_in, FLOOD);
    ck_assert_uint_gt(s.flows_settled, 10);
    ck_assert_uint_gt(s.packets_made, 500);
    bed_close(&b);
    ck_assert_uint_eq(memory.live, 0);
}
END_TEST

/* --- E22: full tables --- */

/* A flood of SYNs that never prove themselves. */
static void flood(unsigned n, unsigned split)
{
    for (unsigned i = 0; i < n; i++) {
        bed_conn c = conn_nth(1000 + i);
        bed_segment seg = bed_syn_seg(&c);

        b.admit = split ? MPCONN_ADMIT_SPLIT : MPCONN_ADMIT_TRACK;
        bed_in(&b, CLIENT, &seg);
        ck_assert(b.pkt.verdict == MPCONN_VERDICT_FORWARD ||
                  (!split && b.pkt.reason == MPCONN_REASON_HANDSHAKE_FULL));
    }
    b.admit = MPCONN_ADMIT_DEFAULT;
}

START_TEST(E22_syn_flood_takes_nothing_from_flows_and_proved_handshakes)
{
    bed_conn proved = conn_nth(500);
    counting at_birth;

    cfg.max_flows = cfg.max_wide_flows = 4;
    cfg.max_handshakes = 16;
    bed_open(&b, &cfg, &cb);
    at_birth = memory;
    for (unsigned i = 0; i < 8; i++) {
        bed_conn c = conn_nth(i);
        bed_segment seg;

        bed_settle(&b, &c);
        for (unsigned from = CLIENT; from <= SERVER; from++) { /* both are heard */
            seg = bed_data(&c, from, 1, from == CLIENT ? 1 : 11, 10);
            bed_in(&b, from, &seg);
        }
    }
    bed_syn(&b, &proved);
    bed_proof(&b, &proved);
    snapshot_take(&before, b.eng);
    flood(500, (unsigned)_i);
    snapshot_take(&after, b.eng);
    /* half of the table is for those who prove nothing, or for SYNs that are passed on all of it */
    ck_assert_uint_eq(after.stats.handshakes, _i ? 1 + 8 : 16);
    ck_assert_uint_eq(after.counts[MPCONN_REASON_HANDSHAKE_FULL], _i ? 0 : 500 - 15);
    ck_assert_uint_eq(after.counts[MPCONN_REASON_HANDSHAKE_EVICTED], 0);
    after.stats.handshakes = before.stats.handshakes;
    after.stats.unproved = before.stats.unproved;
    snapshot_assert_same_state(&before, &after);
    assert_no_allocation(&at_birth);
    b.n_out = 0;
    bed_syn_ack(&b, &proved); /* the tables are full of flows, but its handshake was not lost */
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_ANSWERED);
    bed_close(&b);
}
END_TEST

/* The cookie carries what the server leg needs: a client gets through a flood of SYNs. */
START_TEST(E22_client_without_an_entry_is_served_by_its_cookie_alone)
{
    bed_conn c = conn_nth(1);

    cfg.max_handshakes = 8;
    bed_open(&b, &cfg, &cb);
    flood(100, 1);
    bed_syn(&b, &c);
    ck_assert_uint_eq(bed_stats(&b).handshakes, 4);
    bed_proof(&b, &c);
    b.n_out = 0;
    bed_syn_ack(&b, &c);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_ANSWERED);
    bed_close(&b);
}
END_TEST

START_TEST(E22_table_of_proved_handshakes_refuses_the_next_proof_until_one_ends)
{
    bed_conn last = conn_nth(99);
    bed_segment seg;

    cfg.max_handshakes = 4;
    bed_open(&b, &cfg, &cb);
    for (unsigned i = 0; i < 4; i++) {
        bed_conn c = conn_nth(i);

        bed_syn(&b, &c);
        bed_proof(&b, &c);
        b.n_out = 0;
    }
    bed_syn(&b, &last);
    seg = bed_proof_seg(&last);
    snapshot_take(&before, b.eng);
    bed_in(&b, CLIENT, &seg);
    snapshot_take(&after, b.eng);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_DROP);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_HANDSHAKE_FULL);
    ck_assert_uint_eq(b.n_out, 0);
    snapshot_assert_same_state(&before, &after);
    ck_assert_uint_eq(after.counts[MPCONN_REASON_HANDSHAKE_EVICTED], 0);
    bed_pass(&b, 40 * MPCONN_SECOND); /* the silent servers are given up, the cookie still lives */
    b.n_out = 0;
    bed_in(&b, CLIENT, &seg);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_CLIENT_PROVED);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_HANDSHAKE_EVICTED), 0);
    bed_close(&b);
}
END_TEST

/* Clients that prove themselves toward a silent server do not lock out the others. */
START_TEST(E22_server_leg_that_was_tried_twice_gives_way_to_a_proof)
{
    bed_conn c[5];
    bed_segment seg;

    cfg.max_handshakes = 4;
    bed_open(&b, &cfg, &cb);
    for (unsigned i = 0; i < 5; i++)
        c[i] = conn_nth(i);
    for (unsigned i = 0; i < 4; i++) {
        bed_syn(&b, &c[i]);
        bed_proof(&b, &c[i]);
        b.n_out = 0;
        if (i == 2) /* these are older than a second, the last one is not */
            bed_pass(&b, 3 * MPCONN_SECOND / 2);
        b.n_out = 0;
    }
    bed_syn(&b, &c[4]);
    b.n_out = b.n_events = 0;
    seg = bed_proof_seg(&c[4]);
    bed_in(&b, CLIENT, &seg);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_CLIENT_PROVED);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_OPENING_EVICTED), 1);
    ck_assert_uint_eq(b.events[0].type, MPCONN_EVENT_REFUSED);
    ck_assert_uint_eq(b.events[0].reason, MPCONN_REASON_OPENING_EVICTED);
    ck_assert_uint_ne(b.events[0].tuple.client_port, c[3].tuple.client_port);
    ck_assert_uint_eq(b.n_out, 3); /* both its endpoints are told, and the new server leg opens */
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_RST_TO_CLIENT), 1);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_RST_TO_SERVER), 1);
    bed_close(&b);
}
END_TEST

/* Of a full table flows that are over give way, the one silent for longest first;
 * open ones never. */
START_TEST(E22_closed_flow_gives_its_room_to_a_new_one)
{
    bed_conn c[4];
    bed_segment seg;

    cfg.max_flows = 3;
    cfg.max_wide_flows = 1;
    bed_open(&b, &cfg, &cb);
    for (unsigned i = 0; i < 4; i++)
        c[i] = conn_nth(2 * i);
    for (unsigned i = 0; i < 3; i++) {
        bed_settle(&b, &c[i]);
        if (i == 0)
            continue;
        seg = bed_data(&c[i], CLIENT, 1, 1, 0); /* two of them are reset */
        seg.s.flags = MPCI_TCP_RST;
        bed_in(&b, CLIENT, &seg);
        bed_pass(&b, MPCONN_SECOND);
        b.n_out = 0;
    }
    b.n_out = b.n_events = 0;
    bed_settle(&b, &c[3]);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_FLOW_RECLAIMED), 1);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_TABLE_FULL), 0);
    ck_assert_uint_eq(b.events[0].type, MPCONN_EVENT_ENDED);
    ck_assert_uint_eq(b.events[0].reason, MPCONN_REASON_FLOW_RECLAIMED);
    ck_assert_uint_eq(b.events[0].tuple.client_port, c[1].tuple.client_port);
    seg = bed_proof_seg(&c[1]); /* its cookie is still good, but its number is over */
    b.n_out = 0;
    bed_in(&b, CLIENT, &seg);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_DEAD_FLOW);
    ck_assert_uint_eq(bed_take(&b)->view.seq, c[1].y + 1);
    bed_close(&b);
}
END_TEST

/* Who has been unproved for longest goes first. */
START_TEST(E22_unproved_handshakes_give_way_oldest_first)
{
    bed_conn conns[4], proving[4];
    bed_segment seg;

    cfg.max_handshakes = 4;
    bed_open(&b, &cfg, &cb);
    for (unsigned i = 0; i < 4; i++) {
        conns[i] = conn_nth(2 * i);
        b.admit = MPCONN_ADMIT_TRACK;
        seg = bed_syn_seg(&conns[i]);
        bed_in(&b, CLIENT, &seg);
        ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SYN_TRACKED);
    }
    b.admit = MPCONN_ADMIT_SPLIT;
    for (unsigned i = 0; i < 4; i++) {
        proving[i] = conn_nth(2 * i + 101);
        bed_syn(&b, &proving[i]); /* without an entry */
        bed_proof(&b, &proving[i]);
        b.n_out = 0;
        ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_HANDSHAKE_EVICTED), i + 1);
        for (unsigned j = 0; j < 4; j++) { /* whose answer is still known? */
            seg = bed_syn_ack_seg(&conns[j]);
            bed_in(&b, SERVER, &seg);
            ck_assert_msg((b.pkt.verdict == MPCONN_VERDICT_FORWARD) == (j > i),
                          "after %u evictions: %u is %s", i + 1, j,
                          mpconn_reason_name(b.pkt.reason));
        }
    }
    ck_assert_uint_eq(bed_stats(&b).unproved, 0);
    ck_assert_uint_eq(bed_stats(&b).handshakes, 4);
    bed_close(&b);
}
END_TEST

/* A connection that is only tracked works without an entry: it is passed on as an unknown one. */
START_TEST(E22_tracked_connection_that_finds_no_room_is_passed_and_counted)
{
    bed_conn first = conn_nth(2 * (unsigned)_i + 1), next = conn_nth(2 * (unsigned)_i + 3);
    bed_segment seg;

    cfg.max_flows = cfg.max_wide_flows = 1;
    cfg.split_mode = MPCONN_SPLIT_NEVER;
    bed_open(&b, &cfg, &cb);
    bed_plain(&b, &first, CLIENT, 3);
    snapshot_take(&before, b.eng);
    bed_plain(&b, &next, CLIENT, 3);
    snapshot_take(&after, b.eng);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    ck_assert_uint_eq(after.counts[MPCONN_REASON_TABLE_FULL], 1);
    snapshot_assert_same_state(&before, &after);
    ck_assert_uint_eq(b.n_out, 0); /* nobody is reset for it */
    seg = bed_data(&next, CLIENT, 1, 1, 10);
    bed_in(&b, CLIENT, &seg);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_UNKNOWN_PASSED);
    bed_close(&b);
}
END_TEST

START_TEST(next_incarnation_finds_room_in_a_full_table_in_place_of_its_own_flow)
{
    bed_conn c = conn_nth(1), next;
    bed_segment seg;

    cfg.max_wide_flows = 1;
    bed_open(&b, &cfg, &cb);
    bed_settle(&b, &c);
    seg = bed_data(&c, CLIENT, 1, 1, 0);
    seg.s.flags = MPCI_TCP_RST | MPCI_TCP_ACK;
    bed_in(&b, CLIENT, &seg);
    next = c;
    next.x += 100000;
    bed_settle(&b, &next);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_TABLE_FULL), 0);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_FLOW_REPLACED), 1);
    ck_assert_uint_eq(bed_n_flows(&b), 1);
    bed_close(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("engine: memory");
    TCase *tc = tcase_create("memory");

    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, E20_packets_of_any_kind_take_no_memory);
    tcase_add_loop_test(tc, E22_syn_flood_takes_nothing_from_flows_and_proved_handshakes, 0, 2);
    tcase_add_test(tc, E22_client_without_an_entry_is_served_by_its_cookie_alone);
    tcase_add_test(tc, E22_table_of_proved_handshakes_refuses_the_next_proof_until_one_ends);
    tcase_add_test(tc, E22_server_leg_that_was_tried_twice_gives_way_to_a_proof);
    tcase_add_test(tc, E22_closed_flow_gives_its_room_to_a_new_one);
    tcase_add_test(tc, E22_unproved_handshakes_give_way_oldest_first);
    tcase_add_test(tc, E22_tracked_connection_that_finds_no_room_is_passed_and_counted);
    tcase_add_test(tc, next_incarnation_finds_room_in_a_full_table_in_place_of_its_own_flow);
    suite_add_tcase(s, tc);
    return check_run(s);
}
