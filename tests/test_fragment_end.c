/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a segment in fragments ends the first one does not tell: how a flow with such segments is
 * followed, up to its end. */
#include "check_main.h"
#include "fragmented.h"

START_TEST(end_of_a_segment_in_fragments_is_told_by_its_acknowledgment)
{
    for (unsigned from = CLIENT; from <= SERVER; from++) {
        settled(families[_i]);
        say(from, ACK, 1, 1, 100);
        say_first(from, ACK, 101, 1, 1000);
        passes(FRAGMENT_TRANSLATED);
        ck_assert_uint_eq(end_of(from), 101 + PIECE - 20 - OPTIONS + 1); /* at the least */
        say(from ^ 1, ACK, 1, 1101, 10);
        passes(TRANSLATED);
        ck_assert_uint_eq(end_of(from), 1101);
        ck_assert_uint_eq(end_of(from ^ 1), 11); /* it counts */
        say(from, ACK, 1101, 11, 50);
        ck_assert_uint_eq(end_of(from), 1151);
        bed_close(&b);
    }
}
END_TEST

START_TEST(acknowledgment_further_ahead_than_a_packet_is_not_taken)
{
    uint32_t end;

    settled(families[_i]);
    say_first(CLIENT, ACK, 1, 1, 1000);
    end = end_of(CLIENT);
    say(SERVER, ACK, 1, end + 65536, 10);
    ck_assert_uint_eq(end_of(CLIENT), end);
    ck_assert_uint_eq(end_of(SERVER), 1);
    say(SERVER, ACK, 1, end + 65535, 10);
    ck_assert_uint_eq(end_of(CLIENT), end + 65535);
    ck_assert_uint_eq(end_of(SERVER), 11);
    bed_close(&b);
}
END_TEST

START_TEST(acknowledgment_ahead_is_not_taken_where_all_segments_are_whole)
{
    settled(families[_i]);
    say(CLIENT, ACK, 1, 1, 1000);
    say(SERVER, ACK, 1, 1002, 10);
    ck_assert_uint_eq(end_of(CLIENT), 1001);
    ck_assert_uint_eq(end_of(SERVER), 1);
    bed_close(&b);
}
END_TEST

/* A megabyte in fragments, one segment at a time, each acknowledged: never out of a window. */
START_TEST(flow_of_nothing_but_fragments_is_followed)
{
    uint32_t seq = 1;

    settled(families[_i]);
    for (unsigned n = 0; n < 700; n++) {
        say_first(CLIENT, ACK, seq, 1, 1500);
        passes(FRAGMENT_TRANSLATED);
        bed_pass(&b, MPCONN_SECOND);
        seq += 1500;
        say(SERVER, ACK, 1, seq, 0);
        passes(TRANSLATED);
        ck_assert_uint_eq(end_of(CLIENT), seq);
        ck_assert_uint_eq(flow()->last_seen, mpci_tick(b.now));
    }
    bed_close(&b);
}
END_TEST

START_TEST(fin_in_a_fragment_counts_when_it_is_acknowledged)
{
    settled(families[_i]);
    say_first(CLIENT, ACK | FIN, 1, 1, 1000);
    passes(FRAGMENT_TRANSLATED);
    ck_assert_uint_eq(track().state, MPCONN_FLOW_OPEN);
    ck_assert_uint_eq(track().life, MPCI_LIFE_LOOSE_FIN_CLIENT);
    say(SERVER, ACK, 1, PIECE - 20 - OPTIONS + 1, 0); /* as far as the fragment, but no further */
    ck_assert_uint_eq(track().state, MPCONN_FLOW_OPEN);
    say(SERVER, ACK, 1, 1002, 0);
    ck_assert_uint_eq(track().life, MPCI_LIFE_FIN_CLIENT);
    ck_assert_uint_ne(track().state, MPCONN_FLOW_OPEN);
    say_first(SERVER, ACK | FIN, 1, 1002, 1000);
    say(CLIENT, ACK, 1002, 1002, 0);
    ck_assert_uint_eq(track().state, MPCONN_FLOW_CLOSED);
    bed_close(&b);
}
END_TEST

START_TEST(fin_behind_fragments_and_exact_reset_end_the_flow)
{
    settled(families[_i]);
    say_first(CLIENT, ACK, 1, 1, 1000);
    say(CLIENT, ACK | FIN, 1001, 1, 0);
    ck_assert_uint_eq(track().life, MPCI_LIFE_LOOSE_FIN_CLIENT);
    say(SERVER, ACK, 1, 1002, 0);
    ck_assert_uint_eq(track().life, MPCI_LIFE_FIN_CLIENT);
    bed_close(&b);

    settled(families[_i]);
    say_first(CLIENT, ACK, 1, 1, 1000);
    say(SERVER, ACK, 1, 1001, 0);
    say(CLIENT, RST, 1001, 0, 0);
    ck_assert_uint_ne(track().life & MPCI_LIFE_RST, 0);
    bed_close(&b);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fragment_end");
    TCase *both = tcase_create("both families");

    tcase_add_loop_test(both, end_of_a_segment_in_fragments_is_told_by_its_acknowledgment, 0, 2);
    tcase_add_loop_test(both, acknowledgment_further_ahead_than_a_packet_is_not_taken, 0, 2);
    tcase_add_loop_test(both, acknowledgment_ahead_is_not_taken_where_all_segments_are_whole, 0, 2);
    tcase_add_loop_test(both, flow_of_nothing_but_fragments_is_followed, 0, 2);
    tcase_add_loop_test(both, fin_in_a_fragment_counts_when_it_is_acknowledged, 0, 2);
    tcase_add_loop_test(both, fin_behind_fragments_and_exact_reset_end_the_flow, 0, 2);
    suite_add_tcase(suite, both);
    return check_run(suite);
}
