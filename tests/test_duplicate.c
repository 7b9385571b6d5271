/* SPDX-License-Identifier: BSD-2-Clause */
/* Duplicate acknowledgments of a server without SACK, and what a client with it says of a gap. */
#include "check_main.h"
#include "packets.h"
#include "seed.h"

#include "base/byteorder.h"
#include "conn/duplicate.h"

enum { SIZE = 1448, UNA = 0xfffff000 }; /* all numbers behind it wrap around */

static mpci_acked last;
static uint8_t option[MPCI_BLOCK_LEN];

static mpci_view ack_of(uint32_t ack, uint16_t window)
{
    return (mpci_view){.flags = MPCI_TCP_ACK, .ack = ack, .window = window};
}

/* Whether it is a duplicate, when the client has sent `sent` bytes from UNA on. */
static int note(mpci_view v, uint32_t sent)
{
    return mpci_duplicate_note(&last, &v, SIZE, UNA + sent);
}

static int dup(uint32_t sent)
{
    return note(ack_of(UNA, 500), sent);
}

static void begin(void)
{
    last = (mpci_acked){.ack = UNA - 100, .window = 7};
    ck_assert(!dup(100 * SIZE)); /* the first one is none */
}

/* Bytes behind UNA. */
static void expect_block(uint32_t sent, uint32_t left, uint32_t right)
{
    static const uint8_t head[4] = {1, 1, 5, 10};

    ck_assert(mpci_duplicate_block(option, &last, SIZE, UNA + sent));
    ck_assert_mem_eq(option, head, sizeof(head));
    ck_assert_uint_eq(mpci_load32(option + 4) - UNA, left);
    ck_assert_uint_eq(mpci_load32(option + 8) - UNA, right);
}

START_TEST(each_duplicate_claims_one_segment_more_up_to_three)
{
    begin();
    for (uint32_t k = 1; k <= 300; k++) {
        uint32_t claimed = k < 3 ? k : 3;

        ck_assert(dup(100 * SIZE));
        expect_block(100 * SIZE, SIZE, SIZE + claimed * SIZE);
    }
}
END_TEST

/* Linux takes no block that ends beyond what it has sent, and none for a part of a segment. */
START_TEST(nothing_is_claimed_that_was_not_sent)
{
    begin();
    ck_assert(dup(SIZE + 1));
    expect_block(SIZE + 1, SIZE, SIZE + 1);
    ck_assert(dup(3 * SIZE - 1));
    expect_block(3 * SIZE - 1, SIZE, 3 * SIZE - 1);
    ck_assert(!mpci_duplicate_block(option, &last, SIZE, UNA + SIZE));
    ck_assert(!mpci_duplicate_block(option, &last, SIZE, UNA + 1));
}
END_TEST

/* RFC 5681 2 has five conditions. */
START_TEST(what_is_no_duplicate_is_not_counted)
{
    mpci_view data = ack_of(UNA, 500), fin = ack_of(UNA, 500), syn = ack_of(UNA, 500);
    mpci_view bare = ack_of(UNA, 500);

    data.payload_len = 1;
    fin.flags |= MPCI_TCP_FIN;
    syn.flags |= MPCI_TCP_SYN;
    bare.flags = 0;
    begin();
    ck_assert(!dup(0)); /* nothing outstanding: the answer to a keepalive */
    ck_assert(!note(data, 100 * SIZE));
    ck_assert(!note(fin, 100 * SIZE));
    ck_assert(!note(syn, 100 * SIZE));
    ck_assert(!note(bare, 100 * SIZE));
    ck_assert(!note(ack_of(UNA, 501), 100 * SIZE)); /* window update */
    ck_assert(!note(ack_of(UNA - 1, 501), 100 * SIZE)); /* a late one */
    ck_assert_uint_eq(last.duplicates, 0);
    ck_assert(note(ack_of(UNA, 501), 100 * SIZE));
    ck_assert_uint_eq(last.duplicates, 1);
}
END_TEST

/* A window update between them does not undo what the others have told. */
START_TEST(next_number_begins_anew)
{
    begin();
    ck_assert(dup(100 * SIZE));
    ck_assert(dup(100 * SIZE));
    ck_assert(!note(ack_of(UNA, 501), 100 * SIZE));
    ck_assert_uint_eq(last.duplicates, 2);
    ck_assert(!note(ack_of(UNA + 5 * SIZE, 501), 100 * SIZE));
    ck_assert_uint_eq(last.duplicates, 0);
    ck_assert(note(ack_of(UNA + 5 * SIZE, 501), 100 * SIZE));
    expect_block(100 * SIZE, 6 * SIZE, 7 * SIZE);
}
END_TEST

/* The first one is lost, and so many come behind it. */
static void duplicates(unsigned n)
{
    begin();
    while (n-- > 0)
        ck_assert(dup(100 * SIZE));
}

/* Segments acknowledged, with a window that has moved: is a gap told there? */
static int acks(uint32_t segments)
{
    return note(ack_of(UNA + segments * SIZE, (uint16_t)(500 + segments)), 100 * SIZE);
}

static int claims(void)
{
    return mpci_duplicate_block(option, &last, SIZE, UNA + 100 * SIZE);
}

/* A Linux client takes its time to see that what bore a block is missing, and begins anew with
 * every block that comes meanwhile, until its timer runs out. */
START_TEST(what_was_claimed_and_is_missing_brings_no_more_blocks)
{
    for (uint32_t at = 1; at <= 4; at++) {
        duplicates(20);
        acks(at);
        note(ack_of(last.ack, last.window), 100 * SIZE);
        ck_assert_int_eq(claims(), at == 4);
        acks(50); /* it was repeated */
        ck_assert(note(ack_of(last.ack, last.window), 100 * SIZE));
        expect_block(100 * SIZE, 51 * SIZE, 52 * SIZE);
    }
}
END_TEST

/* Of the client's segments 0, 10 and 15 are lost of 30: 27 duplicates. With SACK it would repeat
 * nothing for a partial acknowledgment alone. */
START_TEST(partial_acknowledgment_claims_one_behind_the_next_gap)
{
    duplicates(27);
    ck_assert(acks(10));
    expect_block(100 * SIZE, 11 * SIZE, 12 * SIZE);
    ck_assert(acks(15));
    expect_block(100 * SIZE, 16 * SIZE, 17 * SIZE);
    ck_assert(!acks(30));
}
END_TEST

START_TEST(acknowledgment_of_all_that_came_claims_nothing)
{
    for (unsigned n = 1; n <= 20; n++) {
        duplicates(n);
        ck_assert(!acks(n + 1)); /* and the one that was missing */
        duplicates(n);
        ck_assert_int_eq(acks(n), n > 3); /* what was claimed brings no block */
    }
    duplicates(20);
    last.ack -= SIZE / 2; /* the last one is short */
    ck_assert(!acks(20));
}
END_TEST

/* When all before a gap was repeated in vain the server makes a duplicate of each (RFC 6582 1):
 * were they counted, all acknowledgments that follow would be partial. */
START_TEST(duplicates_of_repeats_tell_of_no_second_gap)
{
    duplicates(20);
    ck_assert(acks(10));
    ck_assert(!acks(22));
    for (unsigned n = 0; n < 30; n++)
        ck_assert(note(ack_of(last.ack, last.window), 100 * SIZE));
    for (uint32_t n = 30; n < 35; n++)
        ck_assert(!acks(n));
    for (unsigned n = 0; n < 10; n++) /* the next loss */
        ck_assert(note(ack_of(last.ack, last.window), 100 * SIZE));
    ck_assert(acks(34 + 6));
}
END_TEST

START_TEST(count_of_what_came_ends_where_it_is_kept)
{
    duplicates(MPCI_BEHIND_MAX + 10);
    ck_assert_uint_eq(last.behind, MPCI_BEHIND_MAX);
}
END_TEST

/* A block is never at or below what is acknowledged: that would be a D-SACK. */
START_TEST(block_is_never_a_d_sack)
{
    seed_rng rng = seed_start();

    for (unsigned round = 0; round < 10000; round++) {
        uint32_t size = 1 + seed_below(&rng, 8960), sent = seed_below(&rng, 60000);

        last.ack = UNA + seed_below(&rng, 8192);
        last.duplicates = (uint8_t)(1 + seed_below(&rng, 3));
        if (!mpci_duplicate_block(option, &last, size, last.ack + sent))
            continue;
        ck_assert_uint_ge(mpci_load32(option + 4) - last.ack, size);
        ck_assert_uint_gt(mpci_load32(option + 8) - last.ack, mpci_load32(option + 4) - last.ack);
        ck_assert_uint_le(mpci_load32(option + 8) - last.ack, sent);
    }
}
END_TEST

/* --- what the client reports --- */

static raw in;
static mpconn_pkt pkt;
static mpci_view v;

/* An ACK of 0xa0b0c0d0 with these edges, relative to it. */
static void report(int i, unsigned blocks, const int32_t *edges, uint32_t payload)
{
    unsigned family = i & 1 ? MPCONN_FAMILY_IPV6 : MPCONN_FAMILY_IPV4;
    uint8_t options[36] = {1, 1, 5};

    options[3] = (uint8_t)(2 + 8 * blocks);
    for (unsigned n = 0; n < 2 * blocks; n++)
        poke32(options + 4 + 4 * n, 0xa0b0c0d0 + (uint32_t)edges[n]);
    raw_tcp(&in, family, MPCI_TCP_ACK, options, blocks > 0 ? 4 + 8 * blocks : 0, payload);
    pkt = raw_pkt(&in);
    mpci_view_parse(&v, &pkt);
    ck_assert_int_eq(v.kind, MPCI_KIND_TCP);
}

START_TEST(gap_is_what_a_block_above_the_number_reports)
{
    static const int32_t above[] = {1448, 2896}, below[] = {-1448, 0};
    static const int32_t d_sack_and_gap[] = {-1448, 0, 1448, 2896};

    report(_i, 0, NULL, 0);
    ck_assert(!mpci_duplicate_reports_gap(&v));
    report(_i, 1, above, 0);
    ck_assert(mpci_duplicate_reports_gap(&v));
    report(_i, 1, above, 1);
    ck_assert(!mpci_duplicate_reports_gap(&v));
    report(_i, 1, below, 0); /* as the answer to a probe of a closed window */
    ck_assert(!mpci_duplicate_reports_gap(&v));
    report(_i, 2, d_sack_and_gap, 0);
    ck_assert(mpci_duplicate_reports_gap(&v));
}
END_TEST

START_TEST(window_is_written_with_its_checksum)
{
    raw want;

    report(_i, 0, NULL, 10);
    want = in;
    poke16(want.bytes + want.l4 + 14, 0x1234);
    if (_i & 2) {
        pkt.flags = MPCONN_PKT_F_CSUM_PARTIAL; /* its window is not in it yet */
        poke16(want.bytes + want.l4 + 16, mpci_load16(in.bytes + in.l4 + 16));
    } else {
        raw_seal(&want);
    }
    mpci_duplicate_set_window(&v, &pkt, 0x1234);
    ck_assert_mem_eq(in.bytes, want.bytes, in.len);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("duplicate");
    TCase *client = tcase_create("toward the client"), *server = tcase_create("toward the server");

    tcase_add_test(client, each_duplicate_claims_one_segment_more_up_to_three);
    tcase_add_test(client, nothing_is_claimed_that_was_not_sent);
    tcase_add_test(client, what_is_no_duplicate_is_not_counted);
    tcase_add_test(client, next_number_begins_anew);
    tcase_add_test(client, what_was_claimed_and_is_missing_brings_no_more_blocks);
    tcase_add_test(client, partial_acknowledgment_claims_one_behind_the_next_gap);
    tcase_add_test(client, acknowledgment_of_all_that_came_claims_nothing);
    tcase_add_test(client, duplicates_of_repeats_tell_of_no_second_gap);
    tcase_add_test(client, count_of_what_came_ends_where_it_is_kept);
    tcase_add_test(client, block_is_never_a_d_sack);
    suite_add_tcase(s, client);
    tcase_add_loop_test(server, gap_is_what_a_block_above_the_number_reports, 0, 2);
    tcase_add_loop_test(server, window_is_written_with_its_checksum, 0, 4);
    suite_add_tcase(s, server);
    return check_run(s);
}
