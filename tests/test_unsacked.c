/* SPDX-License-Identifier: BSD-2-Clause */
/* A client that was promised SACK and a server without it: each takes the other's duplicate
 * acknowledgments for what they are. */
#include "carried.h"
#include "check_main.h"
#include "engine_support.h"

#include "base/byteorder.h"
#include "packet/insert.h"

static mpconn_engine_config cfg;
static mpconn_callbacks cb;
static bed b;
static uint32_t size; /* payload of a full segment of the client */

/* Which of its options the server has not. */
enum { NO_SACK = 1, NO_TIMESTAMPS = 2, NEITHER = 3 };

static void answer(bed *at, unsigned lacks)
{
    bed_segment seg = bed_syn_ack_seg(&c);

    seg.s.sack_permitted = (lacks & NO_SACK) == 0;
    seg.s.timestamps = (lacks & NO_TIMESTAMPS) == 0;
    bed_in(at, SERVER, &seg);
    at->n_out = 0;
}

/* One more connection of the bed. */
static void settle(unsigned family, uint16_t port, uint16_t server_mss, unsigned lacks)
{
    mpconn_tuple t = bed_tuple(family, 1, port);

    c = bed_conn_of(&t, 0xfffff800, 0x10);
    c.server_mss = server_mss;
    bed_syn(&b, &c);
    bed_proof(&b, &c);
    b.n_out = 0;
    answer(&b, lacks);
    ck_assert_uint_eq(b.pkt.reason, MPCONN_REASON_SERVER_ANSWERED);
}

static void settled(unsigned family, unsigned lacks)
{
    bed_config(&cfg, &cb);
    bed_open(&b, &cfg, &cb);
    settle(family, 40000, 1460, lacks);
    size = (family == MPCONN_FAMILY_IPV4 ? 1460 : 1440) - 12;
}

static unsigned family_of(int i)
{
    return i & 1 ? MPCONN_FAMILY_IPV6 : MPCONN_FAMILY_IPV4;
}

static mpci_view hand_in(bed *at, unsigned from, const bed_segment *seg)
{
    mpci_view v;

    bed_in(at, from, seg);
    ck_assert_uint_eq(at->pkt.verdict, MPCONN_VERDICT_FORWARD);
    bed_view(at, &v, NULL);
    return v;
}

static void client_sends(bed *at, unsigned segments)
{
    for (unsigned i = 0; i < segments; i++) {
        bed_segment seg = bed_data(&c, CLIENT, 1 + i * size, 1, size);

        hand_in(at, CLIENT, &seg);
    }
}

static mpci_view server_acks(bed *at, uint32_t ack, uint16_t window, unsigned lacks)
{
    bed_segment seg = bed_data(&c, SERVER, 1, ack, 0);

    seg.s.window = window;
    seg.s.timestamps = (lacks & NO_TIMESTAMPS) == 0;
    return hand_in(at, SERVER, &seg);
}

/* What is behind the number, in bytes from the first one of the client. */
static void expect_block(const mpci_view *v, uint32_t left, uint32_t right)
{
    ck_assert_uint_eq(v->sack_blocks, 1);
    ck_assert_uint_eq(mpci_load32(v->l4 + v->sack_offset + 2), c.x + 1 + left);
    ck_assert_uint_eq(mpci_load32(v->l4 + v->sack_offset + 6), c.x + 1 + right);
}

/* The verifier knows nothing of how they came there. */
static void expect_right_sums(const bed *at, const mpci_view *v)
{
    ck_assert_uint_eq(mpci_view_verify(v, &at->pkt), 0);
}

static uint64_t unmarked(const bed *at)
{
    return bed_count(at, MPCONN_REASON_DUPLICATE_UNMARKED);
}

START_TEST(duplicates_of_the_server_bear_blocks)
{
    unsigned lacks = _i & 2 ? NEITHER : NO_SACK;

    settled(family_of(_i), lacks);
    client_sends(&b, 6);
    ck_assert_uint_eq(server_acks(&b, 1, 500, lacks).sack_blocks, 0);
    for (unsigned k = 1; k <= 5; k++) {
        mpci_view v = server_acks(&b, 1, 500, lacks);

        expect_block(&v, size, size + (k < 3 ? k : 3) * size);
        ck_assert_uint_ne(v.ts_offset, 0);
        ck_assert_uint_eq(v.tcp_hlen, 20 + 12 + 12);
        expect_right_sums(&b, &v);
    }
    ck_assert_uint_eq(server_acks(&b, 1 + 6 * size, 500, lacks).sack_blocks, 0);
    ck_assert_uint_eq(server_acks(&b, 1 + 6 * size, 500, lacks).sack_blocks, 0); /* all is there */
    ck_assert_uint_eq(unmarked(&b), 0);
    ck_assert_uint_eq(b.eng->core.settled.pool[1].used, 1);
    bed_close(&b);
}
END_TEST

/* Of 12 segments 0, 6 and 8 are lost, or else 2: that one the blocks have claimed. */
START_TEST(partial_acknowledgments_bear_blocks_where_none_was_wrong)
{
    unsigned lacks = _i & 2 ? NEITHER : NO_SACK;
    mpci_view v;

    settled(family_of(_i), lacks);
    client_sends(&b, 12);
    server_acks(&b, 1, 500, lacks);
    for (unsigned k = 1; k <= 9; k++)
        server_acks(&b, 1, 500, lacks);
    if (_i & 4) {
        ck_assert_uint_eq(server_acks(&b, 1 + 2 * size, 510, lacks).sack_blocks, 0);
        ck_assert_uint_eq(server_acks(&b, 1 + 2 * size, 510, lacks).sack_blocks, 0);
    } else {
        v = server_acks(&b, 1 + 6 * size, 510, lacks);
        expect_block(&v, 7 * size, 8 * size);
        expect_right_sums(&b, &v);
        v = server_acks(&b, 1 + 8 * size, 520, lacks);
        expect_block(&v, 9 * size, 10 * size);
    }
    ck_assert_uint_eq(server_acks(&b, 1 + 12 * size, 530, lacks).sack_blocks, 0);
    bed_close(&b);
}
END_TEST

START_TEST(duplicates_of_a_server_with_sack_stay_as_they_are)
{
    settled(family_of(_i), 0);
    client_sends(&b, 6);
    for (unsigned k = 0; k < 5; k++)
        ck_assert_uint_eq(server_acks(&b, 1, 500, 0).sack_blocks, 0);
    bed_close(&b);
}
END_TEST

/* A server, or who speaks in its name, can say so without end: it gets no further than three. */
START_TEST(window_updates_and_numbers_astray_bear_none)
{
    settled(family_of(_i), NO_SACK);
    client_sends(&b, 6);
    for (uint16_t k = 0; k < 5; k++)
        ck_assert_uint_eq(server_acks(&b, 1, (uint16_t)(500 + k), NO_SACK).sack_blocks, 0);
    for (uint16_t k = 0; k < 5; k++) /* not sent yet */
        ck_assert_uint_eq(server_acks(&b, 1 + 7 * size, 500, NO_SACK).sack_blocks, 0);
    bed_close(&b);
}
END_TEST

/* RFC 5961 5.2: it acknowledges what was never sent. Whoever forges one must not have all that
 * follows taken for older. */
START_TEST(E16_duplicates_behind_a_forged_acknowledgment_bear_blocks)
{
    settled(family_of(_i), NEITHER);
    client_sends(&b, 6);
    server_acks(&b, 1, 500, NEITHER);
    server_acks(&b, UINT32_C(0x40000000), 500, NEITHER);
    ck_assert_uint_eq(server_acks(&b, 1, 500, NEITHER).sack_blocks, 1);
    bed_close(&b);
}
END_TEST

static void no_room(mpconn_pkt *pkt, void *user)
{
    pkt->headroom = *(const uint32_t *)user;
    pkt->cap = pkt->len;
}

static mpci_view ack_with_room(uint32_t room)
{
    uint8_t bytes[BED_ROOM];
    bed_segment seg = bed_data(&c, SERVER, 1, 1, 0);
    mpci_view v;
    size_t len;

    seg.s.timestamps = 0;
    len = bed_build(bytes, sizeof(bytes), &seg);
    bed_bytes(&b, SERVER, bytes, len, no_room, &room);
    ck_assert_uint_eq(b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    bed_view(&b, &v, NULL);
    expect_right_sums(&b, &v);
    return v;
}

/* Timestamps were promised on every segment, blocks on none. */
START_TEST(where_there_is_no_room_for_both_timestamps_come_first)
{
    mpci_view v;

    settled(family_of(_i), NEITHER);
    client_sends(&b, 6);
    ack_with_room(24);
    v = ack_with_room(24);
    expect_block(&v, size, 2 * size);
    v = ack_with_room(23);
    ck_assert_uint_eq(v.sack_blocks, 0);
    ck_assert_uint_ne(v.ts_offset, 0);
    ck_assert_uint_eq(unmarked(&b), 1);
    v = ack_with_room(11);
    ck_assert_uint_eq(v.ts_offset, 0);
    ck_assert_uint_eq(unmarked(&b), 2);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_SEGMENT_UNSTAMPED), 1);
    bed_close(&b);
}
END_TEST

/* A server that takes less has made the client's segments smaller. */
START_TEST(size_of_segments_is_what_the_client_was_told_last)
{
    mpci_view v;

    bed_config(&cfg, &cb);
    bed_open(&b, &cfg, &cb);
    settle(MPCONN_FAMILY_IPV4, 40000, 1000, NO_SACK);
    size = 988;
    client_sends(&b, 6);
    server_acks(&b, 1, 500, NO_SACK);
    v = server_acks(&b, 1, 500, NO_SACK);
    expect_block(&v, 988, 2 * 988);
    bed_close(&b);
}
END_TEST

/* Of four wide lines half are for IPv6. */
START_TEST(without_a_second_line_they_stay_as_they_are)
{
    bed_config(&cfg, &cb);
    cfg.max_wide_flows = 4;
    bed_open(&b, &cfg, &cb);
    for (uint16_t port = 40000; port < 40003; port++)
        settle(MPCONN_FAMILY_IPV4, port, 1460, NO_SACK);
    size = 1448;
    client_sends(&b, 6);
    for (unsigned k = 0; k < 5; k++)
        ck_assert_uint_eq(server_acks(&b, 1, 500, NO_SACK).sack_blocks, 0);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_SECOND_LINE_FULL), 1);
    bed_close(&b);
}
END_TEST

/* --- what the client reports --- */

/* The client's window as the server is told it, in its units of 2^8. */
static uint16_t told(uint32_t ack, uint16_t window, int32_t block)
{
    uint8_t bytes[32 + BED_ROOM], blocks[12] = {1, 1, 5, 10};
    bed_segment seg = bed_data(&c, CLIENT, 1, ack, 0);
    mpconn_pkt pkt = {.data = bytes + 32, .headroom = 32, .cap = BED_ROOM};
    mpci_view v;

    seg.s.window = window;
    pkt.len = (uint32_t)bed_build(pkt.data, BED_ROOM, &seg);
    mpci_view_parse(&v, &pkt);
    mpci_store32(blocks + 4, v.ack + (uint32_t)block);
    mpci_store32(blocks + 8, v.ack + (uint32_t)block + 100);
    if (block != 0)
        ck_assert(mpci_insert_options(&v, &pkt, blocks, sizeof(blocks)));
    bed_bytes(&b, CLIENT, pkt.data, pkt.len, NULL, NULL);
    ck_assert_uint_eq(b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    bed_view(&b, &v, NULL);
    expect_right_sums(&b, &v);
    return v.window;
}

static void server_sends(unsigned segments)
{
    for (unsigned i = 0; i < segments; i++) {
        bed_segment seg = bed_data(&c, SERVER, 1 + 1000 * i, 1, 1000);

        hand_in(&b, SERVER, &seg);
    }
}

/* 1,024 bytes are four units. */
START_TEST(window_does_not_open_while_the_client_reports_a_gap)
{
    settled(family_of(_i), NO_SACK);
    server_sends(8);
    ck_assert_uint_eq(told(1001, 500, 0), 500);
    ck_assert_uint_eq(told(1001, 510, 1000), 500);
    ck_assert_uint_eq(told(1001, 520, 1000), 500); /* what was held back counts as not told */
    ck_assert_uint_eq(told(1001, 490, 1000), 490); /* but it may close */
    ck_assert_uint_eq(told(2025, 600, 1000), 496); /* its end stays where it was */
    ck_assert_uint_eq(told(8001, 600, 0), 600);
    bed_close(&b);
}
END_TEST

/* An answer to a probe of a closed window may bear a D-SACK: it says whether the window is open. */
START_TEST(window_opens_without_a_gap)
{
    settled(family_of(_i), NO_SACK);
    server_sends(8);
    ck_assert_uint_eq(told(8001, 500, 0), 500);
    ck_assert_uint_eq(told(8001, 510, 0), 510);
    ck_assert_uint_eq(told(8001, 520, -1000), 520);
    bed_close(&b);
}
END_TEST

START_TEST(window_opens_with_a_gap_where_nothing_was_told_before)
{
    settled(family_of(_i), NO_SACK);
    server_sends(8);
    b.eng->core.settled.wide[0].first.dir[SERVER].max_end = c.z + 1001;
    ck_assert_uint_eq(told(1001, 500, 1000), 500);
    ck_assert_uint_eq(told(1001, 510, 1000), 500);
    bed_close(&b);
}
END_TEST

START_TEST(window_for_a_server_with_sack_opens_as_it_likes)
{
    settled(family_of(_i), 0);
    server_sends(8);
    ck_assert_uint_eq(told(1001, 500, 0), 500);
    ck_assert_uint_eq(told(1001, 510, 1000), 510);
    bed_close(&b);
}
END_TEST

/* --- two members --- */

static void settled_apart(unsigned registrar)
{
    start(registrar);
    bed_syn(m[A], &c);
    bed_proof(m[A], &c);
    sync_carry(&net);
    answer(m[B], NO_SACK);
    sync_carry(&net);
    ck_assert(carried_flow(A) != NULL && carried_flow(B) != NULL);
    m[A]->n_out = m[B]->n_out = 0;
    size = 1448;
}

/* B sees nothing of what the client sends. */
START_TEST(member_that_sees_one_direction_goes_by_the_duplicates)
{
    settled_apart((unsigned)_i);
    client_sends(m[A], 6);
    ck_assert_uint_eq(server_acks(m[B], 1 + size, 500, NO_SACK).sack_blocks, 0);
    for (unsigned k = 1; k <= 4; k++) {
        mpci_view v = server_acks(m[B], 1 + size, 500, NO_SACK);

        expect_block(&v, 2 * size, 2 * size + (k < 3 ? k : 3) * size);
    }
}
END_TEST

/* The way back changes in the midst of them: the other one begins anew. */
START_TEST(other_member_counts_for_itself)
{
    mpci_view v;

    settled_apart((unsigned)_i);
    client_sends(m[A], 6);
    server_acks(m[B], 1 + size, 500, NO_SACK);
    server_acks(m[B], 1 + size, 500, NO_SACK);
    ck_assert_uint_eq(server_acks(m[A], 1 + size, 500, NO_SACK).sack_blocks, 0);
    v = server_acks(m[A], 1 + size, 500, NO_SACK);
    expect_block(&v, 2 * size, 3 * size);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("unsacked");
    TCase *client = tcase_create("toward the client"), *server = tcase_create("toward the server");
    TCase *two = tcase_create("two members");

    tcase_add_loop_test(client, duplicates_of_the_server_bear_blocks, 0, 4);
    tcase_add_loop_test(client, partial_acknowledgments_bear_blocks_where_none_was_wrong, 0, 8);
    tcase_add_loop_test(client, duplicates_of_a_server_with_sack_stay_as_they_are, 0, 2);
    tcase_add_loop_test(client, window_updates_and_numbers_astray_bear_none, 0, 2);
    tcase_add_loop_test(client, E16_duplicates_behind_a_forged_acknowledgment_bear_blocks, 0, 2);
    tcase_add_loop_test(client, where_there_is_no_room_for_both_timestamps_come_first, 0, 2);
    tcase_add_test(client, size_of_segments_is_what_the_client_was_told_last);
    tcase_add_test(client, without_a_second_line_they_stay_as_they_are);
    suite_add_tcase(s, client);
    tcase_add_loop_test(server, window_does_not_open_while_the_client_reports_a_gap, 0, 2);
    tcase_add_loop_test(server, window_opens_without_a_gap, 0, 2);
    tcase_add_loop_test(server, window_opens_with_a_gap_where_nothing_was_told_before, 0, 2);
    tcase_add_loop_test(server, window_for_a_server_with_sack_opens_as_it_likes, 0, 2);
    suite_add_tcase(s, server);
    tcase_add_checked_fixture(two, set_up, tear_down);
    tcase_add_loop_test(two, member_that_sees_one_direction_goes_by_the_duplicates, 0, 2);
    tcase_add_loop_test(two, other_member_counts_for_itself, 0, 2);
    suite_add_tcase(s, two);
    return check_run(s);
}
