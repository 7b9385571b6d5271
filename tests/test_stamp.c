/* SPDX-License-Identifier: BSD-2-Clause */
/* The clock and the echo of timestamps that a server has none of. */
#include "check_main.h"

#include "base/seq.h"
#include "conn/stamp.h"

START_TEST(clock_counts_milliseconds_from_where_it_began)
{
    mpconn_time start = 77 * MPCONN_SECOND + 999999;
    mpci_stamp s = mpci_stamp_begin(start, 0xfffffff0, 5, 1000);

    ck_assert_uint_eq(mpci_stamp_value(&s, start), 0xfffffff0);
    ck_assert_uint_eq(mpci_stamp_value(&s, start + 32 * MPCONN_MILLISECOND), 0x10);
}
END_TEST

START_TEST(clock_is_only_ever_put_forward)
{
    mpci_stamp s = mpci_stamp_begin(0, 0xfffffff0, 5, 1000);

    ck_assert_int_eq(mpci_stamp_raise(&s, 0, 0xfffffff0), 0);
    ck_assert_int_eq(mpci_stamp_raise(&s, 0, 0xffffffef), 0);
    ck_assert_uint_eq(mpci_stamp_value(&s, 0), 0xfffffff0);
    ck_assert_int_eq(mpci_stamp_raise(&s, 0, 3), 1);
    ck_assert_uint_eq(mpci_stamp_value(&s, MPCONN_MILLISECOND), 4);
}
END_TEST

static mpci_view segment(uint32_t seq, uint32_t ack, uint32_t payload, uint32_t tsval)
{
    return (mpci_view){.flags = MPCI_TCP_ACK, .seq = seq, .ack = ack, .payload_len = payload,
                       .ts_offset = 22, .tsval = tsval};
}

static mpci_stamp stamp;
static mpci_stamp_way way;

static void begin(uint32_t client_ts, uint32_t client_next)
{
    way = (mpci_stamp_way){.now = MPCONN_SECOND, .end = client_next};
    stamp = mpci_stamp_begin(way.now, 0, client_ts, client_next);
}

static void client_says(uint32_t seq, uint32_t payload, uint32_t tsval)
{
    mpci_view x = segment(seq, 0, payload, tsval);

    way.end = mpci_seq_max(way.end, seq + payload);
    mpci_stamp_note(&stamp, &x, &way);
}

static uint32_t echo_of_ack(uint32_t ack)
{
    mpci_view x = segment(0, ack, 0, 0);
    uint32_t tsecr = mpci_stamp_echo(&stamp, &x, way.is_shared);

    mpci_stamp_heard(&stamp, way.now);
    way.end = mpci_seq_max(way.end, ack);
    return tsecr;
}

/* RFC 7323 4.3: what is echoed is the reading of the segment that began at, or before, the last
 * number acknowledged, not the latest one. */
START_TEST(echo_is_that_of_the_oldest_segment_not_acknowledged)
{
    begin(100, 1000);
    client_says(1000, 100, 101); /* A */
    client_says(1100, 100, 102); /* B, before the ACK of A */
    ck_assert_uint_eq(echo_of_ack(1200), 101);
    client_says(1200, 100, 103);
    client_says(1000, 100, 99); /* late, or of a lower clock */
    ck_assert_uint_eq(echo_of_ack(1300), 103);
}
END_TEST

/* C is lost: what comes behind it must not be echoed while the hole is open (RFC 7323 4.3, 2). */
START_TEST(echo_does_not_change_while_there_is_a_hole)
{
    begin(100, 1000);
    client_says(1000, 100, 101);
    ck_assert_uint_eq(echo_of_ack(1100), 101);
    client_says(1200, 100, 103);
    ck_assert_uint_eq(echo_of_ack(1100), 101);
    client_says(1100, 100, 104);
    ck_assert_uint_eq(echo_of_ack(1300), 104);
}
END_TEST

START_TEST(what_passed_elsewhere_has_no_echo)
{
    begin(100, 1000);
    way.is_shared = 1;
    mpci_stamp_heard(&stamp, way.now);
    ck_assert_uint_eq(echo_of_ack(1000), 100);
    ck_assert_uint_eq(echo_of_ack(1001), 0);
    client_says(1001, 100, 105);
    ck_assert_uint_eq(echo_of_ack(1101), 105);
    ck_assert_uint_eq(echo_of_ack(1201), 0);
    client_says(1301, 100, 106); /* the client's way comes back, some of it still under way */
    ck_assert_uint_eq(echo_of_ack(1301), 0);
    ck_assert_uint_eq(echo_of_ack(1401), 106);
}
END_TEST

/* --- a client that does not wait for acknowledgments --- */

enum { RTT_MS = 50 };

/* A segment each millisecond, acknowledged after RTT_MS; TSval counts milliseconds. Returns how old
 * the oldest echo was, from the one for what was sent when it began. */
static uint32_t upload(uint32_t *at, uint32_t size, unsigned ms, unsigned acked_at_once)
{
    uint32_t begin_at = *at, oldest = 0;

    for (unsigned t = 0; t < ms; t++) {
        way.now += MPCONN_MILLISECOND;
        client_says(*at, size, (uint32_t)(way.now / MPCONN_MILLISECOND));
        *at += size;
        if (t > RTT_MS && t % acked_at_once == 0) {
            uint32_t echo = echo_of_ack(begin_at + size * (t - RTT_MS));
            uint32_t age = (uint32_t)(way.now / MPCONN_MILLISECOND) - echo;

            ck_assert_uint_ne(echo, 0);
            ck_assert_uint_ge(age, RTT_MS);
            oldest = age > oldest ? age : oldest;
        }
    }
    return oldest;
}

/* The sizes take each unit that the number which is waited for is kept in; numbers wrap. */
START_TEST(echo_in_an_upload_is_older_by_one_round_trip_at_most)
{
    static const uint32_t sizes[] = {1, 10, 100, 1460, 65000, 1000000, 15000000};

    for (unsigned shared = 0; shared < 2; shared++) {
        for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            uint32_t at = 0xfff00000 + i;

            begin(1000, at);
            way.is_shared = (int)shared;
            mpci_stamp_heard(&stamp, way.now);
            ck_assert_uint_le(upload(&at, sizes[i], 1000, 1), 2 * RTT_MS + 2);
            ck_assert_uint_le(upload(&at, sizes[i], 1000, 10), 2 * (RTT_MS + 10) + 2);
        }
    }
}
END_TEST

/* RFC 7323 4.3: an acknowledgment below the segment says nothing of its reading. */
START_TEST(reading_counts_once_its_data_is_acknowledged)
{
    begin(100, 1000);
    client_says(1000, 100, 101);
    ck_assert_uint_eq(echo_of_ack(1000), 100);
    ck_assert_uint_eq(echo_of_ack(1100), 101);
    client_says(1100, 100, 102);
    client_says(1200, 100, 103); /* is not waited for */
    ck_assert_uint_eq(echo_of_ack(1100), 101);
    ck_assert_uint_eq(echo_of_ack(1300), 102);
}
END_TEST

/* The sender would take the reading of the first for a proof that it repeated in vain. */
START_TEST(echo_of_what_was_repeated_is_that_of_the_repeat)
{
    begin(100, 1000);
    client_says(1000, 100, 101);
    client_says(1100, 100, 102);
    client_says(1000, 100, 300);
    ck_assert_uint_eq(echo_of_ack(1200), 300);
}
END_TEST

/* One byte before the next, which was acknowledged long ago. */
START_TEST(keepalive_is_not_waited_for)
{
    for (way.is_shared = 0; way.is_shared < 2; way.is_shared++) {
        int is_shared = way.is_shared;

        begin(100, 1000);
        way.is_shared = is_shared;
        client_says(1000, 100, 101);
        ck_assert_uint_eq(echo_of_ack(1100), 101);
        way.now += 9 * MPCONN_SECOND;
        client_says(1099, 1, 9000);
        ck_assert_uint_eq(echo_of_ack(1100), 9000);
        client_says(1100, 100, 9500);
        ck_assert_uint_eq(echo_of_ack(1200), 9500);
    }
}
END_TEST

START_TEST(reset_and_syn_have_no_reading)
{
    static const unsigned flags[] = {MPCI_TCP_RST | MPCI_TCP_ACK, MPCI_TCP_SYN};

    for (unsigned i = 0; i < 2; i++) {
        mpci_view x = segment(1000, 0, 0, 500);

        begin(100, 1000);
        x.flags = (uint16_t)flags[i];
        mpci_stamp_note(&stamp, &x, &way);
        ck_assert_uint_eq(echo_of_ack(1000), 100);
    }
}
END_TEST

/* The client's segments come here all the time, the server's only after `ms`. */
START_TEST(server_that_comes_here_late_gets_no_old_echo)
{
    static const struct {
        uint32_t size;
        unsigned ms;
    } ways[] = {{10, 600000}, {1460, 5000}, {1600000, 2000}, {20000000, 2000}};

    for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        uint32_t at = 1000, size = ways[i].size;

        begin(100, at);
        way.is_shared = 1;
        for (unsigned ms = 0; ms < ways[i].ms; ms++, at += size) {
            way.now += MPCONN_MILLISECOND;
            client_says(at, size, (uint32_t)(way.now / MPCONN_MILLISECOND));
        }
        ck_assert_uint_eq(echo_of_ack(at - 2 * size), 0);
        (void)upload(&at, size, 1, 1);
        ck_assert_uint_eq(echo_of_ack(at), (uint32_t)(way.now / MPCONN_MILLISECOND));
        ck_assert_uint_le(upload(&at, size, 1000, 1), 2 * RTT_MS + 2);
    }
}
END_TEST

/* --- RFC 7323 5.5: half a turn of the client's clock --- */

/* 40 minutes of silence, of a clock of microseconds. */
START_TEST(reading_after_a_long_silence_counts_whatever_it_is)
{
    for (unsigned shared = 0; shared < 2; shared++) {
        uint32_t reading = 1000 + UINT32_C(2400000000);

        begin(1000, 1000);
        way.is_shared = (int)shared;
        mpci_stamp_heard(&stamp, way.now);
        client_says(1000, 10, 2000);
        ck_assert_uint_eq(echo_of_ack(1010), 2000);
        way.now += 2400 * MPCONN_SECOND;
        client_says(1010, 10, reading);
        ck_assert_uint_eq(echo_of_ack(1020), reading);
        client_says(1020, 10, reading + 5);
        ck_assert_uint_eq(echo_of_ack(1030), reading + 5);
    }
}
END_TEST

START_TEST(reading_that_is_lower_does_not_count_before)
{
    begin(1000, 1000);
    client_says(1000, 10, 2000);
    ck_assert_uint_eq(echo_of_ack(1010), 2000);
    way.now += 590 * MPCONN_SECOND;
    client_says(1010, 10, 1500);
    ck_assert_uint_eq(echo_of_ack(1020), 2000);
}
END_TEST

START_TEST(option_is_what_every_stack_writes)
{
    static const uint8_t expected[MPCI_STAMP_LEN] = {1, 1, 8, 10, 1, 2, 3, 4, 0x7f, 0, 0, 0xff};
    uint8_t option[MPCI_STAMP_LEN];

    mpci_stamp_write(option, 0x01020304, 0x7f0000ff);
    ck_assert_mem_eq(option, expected, sizeof(option));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("stamp");
    TCase *clock = tcase_create("clock and echo"), *ahead = tcase_create("ahead");

    tcase_add_test(clock, clock_counts_milliseconds_from_where_it_began);
    tcase_add_test(clock, clock_is_only_ever_put_forward);
    tcase_add_test(clock, echo_is_that_of_the_oldest_segment_not_acknowledged);
    tcase_add_test(clock, echo_does_not_change_while_there_is_a_hole);
    tcase_add_test(clock, what_passed_elsewhere_has_no_echo);
    tcase_add_test(clock, option_is_what_every_stack_writes);
    suite_add_tcase(s, clock);
    tcase_add_test(ahead, echo_in_an_upload_is_older_by_one_round_trip_at_most);
    tcase_add_test(ahead, reading_counts_once_its_data_is_acknowledged);
    tcase_add_test(ahead, echo_of_what_was_repeated_is_that_of_the_repeat);
    tcase_add_test(ahead, keepalive_is_not_waited_for);
    tcase_add_test(ahead, reset_and_syn_have_no_reading);
    tcase_add_test(ahead, server_that_comes_here_late_gets_no_old_echo);
    tcase_add_test(ahead, reading_after_a_long_silence_counts_whatever_it_is);
    tcase_add_test(ahead, reading_that_is_lower_does_not_count_before);
    suite_add_tcase(s, ahead);
    return check_run(s);
}
