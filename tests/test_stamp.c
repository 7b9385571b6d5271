/* SPDX-License-Identifier: BSD-2-Clause */
/* The clock and the echo of timestamps that a server has none of. */
#include "check_main.h"

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

static void client_says(uint32_t seq, uint32_t payload, uint32_t tsval)
{
    mpci_view x = segment(seq, 0, payload, tsval);

    mpci_stamp_note(&stamp, &x);
}

static uint32_t echo_of_ack(uint32_t ack)
{
    mpci_view x = segment(0, ack, 0, 0);

    return mpci_stamp_echo(&stamp, &x);
}

/* RFC 7323 4.3: what is echoed is the reading of the segment that began at, or before, the last
 * number acknowledged, not the latest one. */
START_TEST(echo_is_that_of_the_oldest_segment_not_acknowledged)
{
    stamp = mpci_stamp_begin(0, 0, 100, 1000);
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
    stamp = mpci_stamp_begin(0, 0, 100, 1000);
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
    stamp = mpci_stamp_begin(0, 0, 100, 1000);
    ck_assert_uint_eq(echo_of_ack(1000), 100);
    ck_assert_uint_eq(echo_of_ack(1001), 0);
    client_says(1001, 100, 105);
    ck_assert_uint_eq(echo_of_ack(1101), 105);
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
    TCase *clock = tcase_create("clock and echo");

    tcase_add_test(clock, clock_counts_milliseconds_from_where_it_began);
    tcase_add_test(clock, clock_is_only_ever_put_forward);
    tcase_add_test(clock, echo_is_that_of_the_oldest_segment_not_acknowledged);
    tcase_add_test(clock, echo_does_not_change_while_there_is_a_hole);
    tcase_add_test(clock, what_passed_elsewhere_has_no_echo);
    tcase_add_test(clock, option_is_what_every_stack_writes);
    suite_add_tcase(s, clock);
    return check_run(s);
}
