/* SPDX-License-Identifier: BSD-2-Clause */
/* A client with timestamps and a server without: what the client gets has them, whichever member it
 * comes through, and their clock never goes back (RFC 7323 3.2, 5.3). */
#include "carried.h"
#include "check_main.h"
#include "engine_support.h"

static mpconn_engine_config cfg;
static mpconn_callbacks cb;
static bed b;
static uint32_t last; /* TSval */

static unsigned family_of(int i)
{
    return i & 1 ? MPCONN_FAMILY_IPV6 : MPCONN_FAMILY_IPV4;
}

static void handshake_of(bed *at, int sack)
{
    bed_segment seg;

    bed_syn(at, &c);
    bed_proof(at, &c);
    ck_assert_uint_eq(at->out[0].options.mss, 1460 - 12);
    at->n_out = 0;
    seg = bed_syn_ack_seg(&c);
    seg.s.timestamps = 0;
    seg.s.sack_permitted = (uint8_t)sack;
    bed_in(at, SERVER, &seg);
    ck_assert_uint_eq(at->pkt.reason, MPCONN_REASON_SERVER_ANSWERED);
    at->n_out = 0;
    last = c.proxy_ts;
}

/* i: bit 0 IPv6, bit 1 a server that has no SACK either. */
static void settled(int i)
{
    mpconn_tuple t = bed_tuple(family_of(i), 1, 40000);

    c = bed_conn_of(&t, 0x11111111, 0x10);
    bed_config(&cfg, &cb);
    bed_open(&b, &cfg, &cb);
    handshake_of(&b, (i & 2) == 0);
}

/* A segment of a side, with the client's reading. */
static void hand_in(bed *at, unsigned from, unsigned flags, uint32_t seq, uint32_t ack, uint32_t n,
                    uint32_t reading)
{
    bed_segment seg = bed_data(&c, from, seq, ack, n);

    seg.s.flags = (uint16_t)flags;
    seg.s.timestamps = from == CLIENT;
    seg.s.tsval = reading;
    bed_in(at, from, &seg);
    ck_assert_uint_eq(at->pkt.verdict, MPCONN_VERDICT_FORWARD);
}

static mpci_view seen(const bed *at)
{
    mpci_view v;

    bed_view(at, &v, NULL);
    return v;
}

/* Hand in one of the server and look at what comes of it. */
static void expect_stamp(bed *at, uint32_t seq, uint32_t ack, uint32_t n, uint32_t tsecr)
{
    mpci_view v;

    hand_in(at, SERVER, MPCI_TCP_ACK, seq, ack, n, 0);
    v = seen(at);
    ck_assert_uint_ne(v.ts_offset, 0);
    ck_assert_uint_eq(v.payload_len, n);
    ck_assert_uint_eq(v.seq, c.y + seq);
    ck_assert_uint_eq(v.tsecr, tsecr);
    ck_assert_int_ge((int32_t)(v.tsval - last), 0);
    last = v.tsval;
}

static uint64_t unstamped(const bed *at)
{
    return bed_count(at, MPCONN_REASON_SEGMENT_UNSTAMPED);
}

START_TEST(segments_of_the_server_bear_timestamps)
{
    settled(_i);
    expect_stamp(&b, 1, 1, 100, c.client_ts + 1);
    hand_in(&b, CLIENT, MPCI_TCP_ACK, 1, 101, 50, c.client_ts + 50);
    ck_assert_uint_eq(seen(&b).ts_offset, 0); /* the server knows nothing of them */
    b.now += 40 * MPCONN_MILLISECOND;
    expect_stamp(&b, 101, 51, 1400, c.client_ts + 50);
    ck_assert_uint_eq(last, c.proxy_ts + 40);
    ck_assert_uint_eq(b.eng->core.settled.pool[1].used, 1);
    ck_assert_uint_eq(unstamped(&b), 0);
    bed_close(&b);
}
END_TEST

START_TEST(reset_of_the_server_bears_none)
{
    settled(_i);
    hand_in(&b, SERVER, MPCI_TCP_RST | MPCI_TCP_ACK, 1, 1, 0, 0);
    ck_assert_uint_eq(seen(&b).ts_offset, 0);
    ck_assert_uint_eq(unstamped(&b), 0);
    bed_close(&b);
}
END_TEST

static void no_room(mpconn_pkt *pkt, void *user)
{
    pkt->headroom = 0;
    pkt->cap = pkt->len;
    (void)user;
}

START_TEST(segment_without_room_passes_as_it_is_and_counts)
{
    uint8_t bytes[BED_ROOM];
    bed_segment seg;
    size_t len;

    settled(_i);
    seg = bed_data(&c, SERVER, 1, 1, 100);
    seg.s.timestamps = 0;
    len = bed_build(bytes, sizeof(bytes), &seg);
    bed_bytes(&b, SERVER, bytes, len, no_room, NULL);
    ck_assert_uint_eq(b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    ck_assert_uint_eq(seen(&b).ts_offset, 0);
    ck_assert_uint_eq(unstamped(&b), 1);
    bed_close(&b);
}
END_TEST

/* It was told that there are none. */
START_TEST(segment_with_timestamps_gets_no_second_ones)
{
    bed_segment seg;
    mpci_view v;

    settled(_i);
    seg = bed_data(&c, SERVER, 1, 1, 100);
    seg.s.timestamps = 1;
    seg.s.tsval = 77;
    bed_in(&b, SERVER, &seg);
    v = seen(&b);
    ck_assert_uint_eq(v.tsval, 77);
    ck_assert_uint_eq(v.tcp_hlen, 32);
    ck_assert_uint_eq(unstamped(&b), 1);
    bed_close(&b);
}
END_TEST

/* --- what is echoed while a client sends without a pause --- */

enum { PIECE = 100, RTT_MS = 20 };

static uint32_t sent, acked; /* the client's, from 1 */

/* One piece of the client a millisecond by a member, and what the server acknowledges by a member:
 * how old the echo is, in milliseconds; 0 where there is none. */
static uint32_t next_ms(bed *from_client, bed *from_server)
{
    uint32_t reading = c.client_ts + 1000 + (uint32_t)(b.now / MPCONN_MILLISECOND);
    mpci_view v;

    b.now += MPCONN_MILLISECOND;
    from_client->now = from_server->now = b.now;
    hand_in(from_client, CLIENT, MPCI_TCP_ACK, sent, 1, PIECE, reading);
    from_client->n_out = 0;
    sent += PIECE;
    if (sent <= 1 + RTT_MS * PIECE)
        return 0;
    acked = sent - RTT_MS * PIECE;
    hand_in(from_server, SERVER, MPCI_TCP_ACK, 1, acked, 0, 0);
    v = seen(from_server);
    from_server->n_out = 0;
    ck_assert_uint_ne(v.ts_offset, 0);
    return v.tsecr == 0 ? 0 : reading - v.tsecr;
}

START_TEST(echo_in_an_upload_is_older_by_one_round_trip_at_most)
{
    settled(_i);
    sent = 1;
    for (unsigned ms = 0; ms < 2000; ms++) {
        uint32_t age = next_ms(&b, &b);

        if (ms < 2 * RTT_MS)
            continue;
        ck_assert_uint_ge(age, RTT_MS - 1);
        ck_assert_uint_le(age, 2 * RTT_MS + 1);
    }
    bed_close(&b);
}
END_TEST

START_TEST(acknowledgment_outside_of_the_window_moves_no_echo)
{
    settled(_i);
    expect_stamp(&b, 1, 1, 0, c.client_ts + 1);
    hand_in(&b, CLIENT, MPCI_TCP_ACK, 1, 1, 50, c.client_ts + 50);
    expect_stamp(&b, 1, 1000000, 0, c.client_ts + 50);
    expect_stamp(&b, 1, 1, 0, c.client_ts + 1);
    expect_stamp(&b, 1, 51, 0, c.client_ts + 50);
    bed_close(&b);
}
END_TEST

START_TEST(engine_asks_for_the_room_it_needs)
{
    settled(_i);
    /* for an ICMP error between the IP versions; for a segment, its options and the other header */
    ck_assert_uint_eq(mpconn_engine_headroom(b.eng), 44);
    bed_close(&b);
}
END_TEST

/* --- two members --- */

static void settled_apart(unsigned registrar)
{
    bed_segment seg;

    start(registrar);
    bed_syn(m[A], &c);
    bed_proof(m[A], &c);
    sync_carry(&net);
    seg = bed_syn_ack_seg(&c);
    seg.s.timestamps = 0;
    bed_in(m[B], SERVER, &seg);
    sync_carry(&net);
    ck_assert(carried_flow(A) != NULL && carried_flow(B) != NULL);
    m[A]->n_out = m[B]->n_out = 0;
    last = c.proxy_ts;
}

/* B has seen nothing of what its segments acknowledge. */
START_TEST(member_that_sees_one_direction_stamps_without_an_echo)
{
    settled_apart((unsigned)_i);
    expect_stamp(m[B], 1, 1, 100, c.client_ts + 1);
    hand_in(m[A], CLIENT, MPCI_TCP_ACK, 1, 101, 50, c.client_ts + 50);
    expect_stamp(m[B], 101, 51, 100, 0);
}
END_TEST

/* From one member to the other and back, each time before what is said of it has come. */
START_TEST(clock_never_goes_back_when_the_way_changes)
{
    uint32_t at = 1;

    settled_apart((unsigned)_i & 1);
    net.at[A].ahead += _i & 2 ? 5 * MPCONN_SECOND : 0;
    for (unsigned turn = 0; turn < 6; turn++) {
        bed *member = m[turn % 2 == 0 ? B : A];

        for (unsigned n = 0; n < 5; n++, at += 100) {
            hand_in(member, SERVER, MPCI_TCP_ACK, at, 1, 100, 0);
            ck_assert_uint_ne(seen(member).ts_offset, 0);
            ck_assert_int_ge((int32_t)(seen(member).tsval - last), 0);
            last = seen(member).tsval;
            sync_pass(&net, 700 * MPCONN_MILLISECOND);
        }
    }
}
END_TEST

static void expect_no_step_back(unsigned member, uint32_t seq)
{
    hand_in(m[member], SERVER, MPCI_TCP_ACK, seq, 1, 100, 0);
    ck_assert_int_ge((int32_t)(seen(m[member]).tsval - last), 0);
    last = seen(m[member]).tsval;
}

/* What the other one was told is overtaken at once: this one's host has a faster clock. */
START_TEST(clock_leaps_over_what_could_not_be_told)
{
    settled_apart((unsigned)_i);
    for (unsigned turn = 0; turn < 6; turn++) {
        unsigned member = turn % 2 == 0 ? B : A;

        expect_no_step_back(member, 1 + 200 * turn);
        net.at[member].ahead += 700 * MPCONN_MILLISECOND;
        sync_pass(&net, 2 * MPCONN_SECOND);
        expect_no_step_back(member, 101 + 200 * turn);
    }
}
END_TEST

/* For seconds A sees what the client sends, and nothing of the server; B the other way round. */
START_TEST(member_that_takes_over_echoes_nothing_old)
{
    uint32_t age;

    settled_apart((unsigned)_i & 1);
    b.now = m[A]->now;
    sent = 1;
    for (unsigned ms = 0; ms < 4000; ms++)
        ck_assert_uint_eq(next_ms(m[A], m[B]), 0);
    for (unsigned ms = 0; ms < 500; ms++) {
        bed *now = m[_i & 2 ? B : A];

        age = next_ms(now, now);
        ck_assert(age <= 2 * RTT_MS + 1);
        ck_assert(ms < 2 * RTT_MS || age >= RTT_MS - 1);
    }
}
END_TEST

/* Settled at A alone; B asks when the way changes. */
START_TEST(copy_goes_on_with_the_clock)
{
    start((unsigned)_i);
    handshake_of(m[A], 1);
    expect_stamp(m[A], 1, 1, 100, c.client_ts + 1);
    sync_pass(&net, 30 * MPCONN_SECOND);
    ck_assert_uint_gt(carried_said(A, MPCI_RECORD_DELTA), 0);
    expect_stamp(m[A], 101, 1, 100, c.client_ts + 1);
    expect_stamp(m[B], 201, 1, 100, 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("stamped");
    TCase *one = tcase_create("one member"), *two = tcase_create("two members");

    tcase_add_loop_test(one, segments_of_the_server_bear_timestamps, 0, 2);
    tcase_add_loop_test(one, reset_of_the_server_bears_none, 0, 2);
    tcase_add_loop_test(one, segment_without_room_passes_as_it_is_and_counts, 0, 2);
    tcase_add_loop_test(one, segment_with_timestamps_gets_no_second_ones, 0, 2);
    tcase_add_loop_test(one, echo_in_an_upload_is_older_by_one_round_trip_at_most, 0, 4);
    tcase_add_loop_test(one, acknowledgment_outside_of_the_window_moves_no_echo, 0, 4);
    tcase_add_loop_test(one, engine_asks_for_the_room_it_needs, 0, 1);
    suite_add_tcase(s, one);
    tcase_add_checked_fixture(two, set_up, tear_down);
    tcase_add_loop_test(two, member_that_sees_one_direction_stamps_without_an_echo, 0, 2);
    tcase_add_loop_test(two, clock_never_goes_back_when_the_way_changes, 0, 4);
    tcase_add_loop_test(two, clock_leaps_over_what_could_not_be_told, 0, 2);
    tcase_add_loop_test(two, member_that_takes_over_echoes_nothing_old, 0, 4);
    tcase_add_loop_test(two, copy_goes_on_with_the_clock, 0, 2);
    suite_add_tcase(s, two);
    return check_run(s);
}
