/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_main.h"
#include "packets.h"

#include "packet/outbox.h"

#include <limits.h>

/* A host's queue: looks at what it is given, and refuses it if told to. */
typedef struct queue {
    unsigned calls;
    size_t packets;
    size_t last_n;
    int answer;
    uint32_t first_seq; /* expected of the next packet; each one has the next */
} queue;

static int take(void *user, const mpconn_pkt *const *pkts, size_t n)
{
    queue *q = user;

    for (size_t i = 0; i < n; i++) {
        mpconn_pkt pkt = *pkts[i];
        mpci_view v;

        mpci_view_parse(&v, &pkt);
        ck_assert_int_eq(v.kind, MPCI_KIND_TCP);
        ck_assert_uint_eq(mpci_view_verify(&v, &pkt), 0);
        ck_assert_uint_eq(v.seq, q->first_seq++);
        ck_assert_uint_eq(pkt.link, v.seq % 1000);
        ck_assert_uint_eq(pkt.mark, v.seq * 3);
        ck_assert_uint_eq(pkt.side, v.seq % 2);
        ck_assert_uint_eq(pkt.zone, 17);
        ck_assert_uint_eq(pkt.reason, MPCONN_REASON_SYN_ANSWERED);
        ck_assert_uint_eq(pkt.verdict, MPCONN_VERDICT_FORWARD);
        ck_assert_uint_eq(pkt.flow, 0);
        ck_assert_uint_eq(pkt.flags, 0);
        ck_assert_uint_eq(pkt.headroom, 0);
        ck_assert_ptr_null(pkt.ext);
        ck_assert_ptr_null(pkt.user);
        ck_assert_uint_ge(pkt.cap, pkt.len);
    }
    q->calls++;
    q->packets += n;
    q->last_n = n;
    return q->answer;
}

static mpci_counters counters;
static mpci_outbox box;
static queue host;
static mpconn_tuple tuple;
static uint32_t next_seq;

static void fresh(void)
{
    memset(&counters, 0, sizeof counters);
    memset(&host, 0, sizeof host);
    host.answer = MPCI_OUTBOX_SLOTS;
    memset(&box, 0xff, sizeof box);
    next_seq = 0;
    tuple = (mpconn_tuple){.client = {{10, 0, 0, 1}}, .server = {{10, 0, 0, 2}},
                           .client_port = 1024, .server_port = 80, .zone = 17,
                           .family = MPCONN_FAMILY_IPV4};
    mpci_outbox_init(&box, take, &host, &counters);
}

static void put(unsigned n)
{
    for (; n > 0; n--, next_seq++) {
        mpci_segment s = {.tuple = &tuple, .to = next_seq % 2, .hop_limit = 64,
                          .flags = MPCI_TCP_ACK, .seq = next_seq, .wscale = MPCONN_WSCALE_NONE,
                          .timestamps = next_seq % 3 == 0};

        mpci_outbox_put(&box, &s, next_seq % 1000, next_seq * 3, MPCONN_REASON_SYN_ANSWERED);
    }
}

START_TEST(flush_of_an_empty_box_calls_nobody)
{
    mpci_outbox_flush(&box);
    ck_assert_uint_eq(host.calls, 0);
    ck_assert_uint_eq(box.sent, 0);
}
END_TEST

START_TEST(packets_wait_for_the_flush_and_leave_in_order)
{
    put(5);
    ck_assert_uint_eq(host.calls, 0);
    mpci_outbox_flush(&box);
    ck_assert_uint_eq(host.calls, 1);
    ck_assert_uint_eq(host.last_n, 5);
    ck_assert_uint_eq(box.sent, 5);
    mpci_outbox_flush(&box);
    ck_assert_uint_eq(host.calls, 1);
}
END_TEST

START_TEST(full_box_is_flushed_by_the_next_packet)
{
    put(MPCI_OUTBOX_SLOTS);
    ck_assert_uint_eq(host.calls, 0);
    put(1);
    ck_assert_uint_eq(host.calls, 1);
    ck_assert_uint_eq(host.last_n, MPCI_OUTBOX_SLOTS);
    mpci_outbox_flush(&box);
    ck_assert_uint_eq(host.last_n, 1);
    put(10 * MPCI_OUTBOX_SLOTS + 7);
    mpci_outbox_flush(&box);
    ck_assert_uint_eq(host.packets, next_seq);
    ck_assert_uint_eq(box.sent, next_seq);
}
END_TEST

START_TEST(packets_are_counted_under_their_reason)
{
    put(70);
    mpci_outbox_flush(&box);
    ck_assert_uint_eq(counters.n[MPCONN_REASON_SYN_ANSWERED], 70);
    ck_assert_uint_eq(counters.n[MPCONN_REASON_OUTPUT_FULL], 0);
}
END_TEST

START_TEST(refused_packets_are_counted_one_by_one_and_are_gone)
{
    host.answer = -1;
    put(MPCI_OUTBOX_SLOTS + 3);
    mpci_outbox_flush(&box);
    ck_assert_uint_eq(counters.n[MPCONN_REASON_OUTPUT_FULL], MPCI_OUTBOX_SLOTS + 3);
    ck_assert_uint_eq(box.sent, MPCI_OUTBOX_SLOTS + 3);
    host.answer = MPCI_OUTBOX_SLOTS;
    mpci_outbox_flush(&box);
    ck_assert_uint_eq(host.calls, 2);
    put(2);
    mpci_outbox_flush(&box);
    ck_assert_uint_eq(host.last_n, 2);
    ck_assert_uint_eq(counters.n[MPCONN_REASON_OUTPUT_FULL], MPCI_OUTBOX_SLOTS + 3);
}
END_TEST

START_TEST(what_the_host_does_not_take_is_counted)
{
    static const struct {
        int answer;
        unsigned lost;
    } cases[] = {{INT_MIN, 3}, {-1, 3}, {0, 3}, {1, 2}, {2, 1}, {3, 0}, {4, 0}, {INT_MAX, 0}};

    host.answer = cases[_i].answer;
    put(3);
    mpci_outbox_flush(&box);
    ck_assert_uint_eq(counters.n[MPCONN_REASON_OUTPUT_FULL], cases[_i].lost);
    ck_assert_uint_eq(box.sent, 3);
    mpci_outbox_flush(&box); /* and is not offered again */
    ck_assert_uint_eq(host.calls, 1);
}
END_TEST

START_TEST(longest_segment_fits_a_slot)
{
    mpci_segment s = {.tuple = &tuple, .flags = MPCI_TCP_SYN, .mss = 1460, .wscale = 14,
                      .sack_permitted = 1, .timestamps = 1, .hop_limit = 1};

    tuple.family = MPCONN_FAMILY_IPV6;
    tuple.client.bytes[15] = tuple.server.bytes[14] = 1;
    mpci_outbox_put(&box, &s, 0, 0, MPCONN_REASON_SYN_ANSWERED);
    ck_assert_uint_eq(box.n, 1);
    mpci_outbox_flush(&box);
    ck_assert_uint_eq(host.packets, 1);
}
END_TEST

START_TEST(segment_that_cannot_be_built_is_neither_sent_nor_counted)
{
    tuple.family = MPCONN_FAMILY_NONE;
    put(1);
    mpci_outbox_flush(&box);
    ck_assert_uint_eq(host.calls, 0);
    ck_assert_uint_eq(counters.n[MPCONN_REASON_SYN_ANSWERED], 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("outbox");
    TCase *tc = tcase_create("outbox");

    tcase_add_checked_fixture(tc, fresh, NULL);
    tcase_add_test(tc, flush_of_an_empty_box_calls_nobody);
    tcase_add_test(tc, packets_wait_for_the_flush_and_leave_in_order);
    tcase_add_test(tc, full_box_is_flushed_by_the_next_packet);
    tcase_add_test(tc, packets_are_counted_under_their_reason);
    tcase_add_test(tc, refused_packets_are_counted_one_by_one_and_are_gone);
    tcase_add_loop_test(tc, what_the_host_does_not_take_is_counted, 0, 8);
    tcase_add_test(tc, longest_segment_fits_a_slot);
    tcase_add_test(tc, segment_that_cannot_be_built_is_neither_sent_nor_counted);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
