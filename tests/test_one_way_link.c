/* SPDX-License-Identifier: BSD-2-Clause */
/* The link-layer header that the origin's host gives, and what the host on the way back makes of
 * it (claim A13). */
#include "one_way_bed.h"

#include <limits.h>

#include <mpconn/return_path.h>

enum { LINK_CHOSEN = 44, ETHERNET_TAGGED = 18 };

static uint8_t header[MPCONN_ECHO_LINK_HEADER_MAX];
static int header_len;            /* what the host of the origin says */
static uint32_t chosen;           /* what the host on the way back says */
static unsigned asked_for_header, asked_for_link;
static uint32_t link_of_syn;
static mpconn_return_request asked;
static uint32_t link_of_reply;

static int tell_header(void *user, const mpconn_pkt *pkt, uint8_t *to)
{
    (void)user;
    asked_for_header++;
    link_of_syn = pkt->link;
    memcpy(to, header, sizeof header);
    return header_len;
}

static uint32_t choose_link(void *user, const mpconn_return_request *request)
{
    (void)user;
    asked_for_link++;
    asked = *request;
    link_of_reply = request->pkt->link;
    return chosen;
}

/* A new life of each, whose host has both hooks. */
static void start_with_hooks(unsigned n)
{
    start(n);
    for (unsigned i = 0; i < n; i++) {
        net.at[i].cb.link_header = tell_header;
        net.at[i].cb.return_link = choose_link;
    }
    sync_boot_all(&net);
    sync_meet(&net);
    sync_pass(&net, 5 * MPCONN_SECOND);
    for (unsigned i = 0; i < sizeof header; i++)
        header[i] = (uint8_t)(0xc0 + i);
    header_len = ETHERNET_TAGGED;
    chosen = LINK_CHOSEN;
    asked_for_header = asked_for_link = 0;
}

static void expect_answer_by(unsigned i, uint32_t link)
{
    expect(i, MPCONN_VERDICT_FORWARD, MPCONN_REASON_ECHO_ANSWERED);
    ck_assert_uint_eq(at(i)->pkt.side, CLIENT);
    ck_assert_uint_eq(at(i)->pkt.link, link);
}

static uint32_t link_of_path(unsigned i)
{
    mpconn_return_path_cursor cursor = {0};
    mpconn_return_path path;

    MPCONN_STRUCT_INIT(&path);
    ck_assert_int_eq(mpconn_engine_return_path_next(at(i)->eng, &cursor, &path), MPCONN_OK);
    return path.link;
}

static void header_comes_to_the_host(unsigned family, int len)
{
    bed_conn c = conn_of(family, 4000);
    letter l;

    start_with_hooks(2);
    header_len = len;
    l = echo_of(&c);
    ck_assert_uint_eq(asked_for_header, 1);
    ck_assert_uint_eq(link_of_syn, LINK_ONWARD_TO_SERVER);
    give(B, SERVER, &l, LINK_OF_REPLY);
    expect_answer_by(B, LINK_CHOSEN);
    ck_assert_uint_eq(asked_for_link, 1);
    ck_assert_uint_eq(asked.struct_size, sizeof asked);
    ck_assert_uint_eq(link_of_reply, LINK_OF_REPLY);
    ck_assert_mem_eq(&asked.tuple, &c.tuple, sizeof c.tuple);
    ck_assert_uint_eq(asked.isn, c.x);
    ck_assert_uint_eq(asked.origin, net.at[A].id);
    ck_assert_uint_eq(asked.origin_link, LINK_ONWARD_TO_SERVER);
    ck_assert_uint_eq(asked.kind, MPCONN_ECHO_ANSWER);
    ck_assert_uint_eq(asked.link_header_len, (unsigned)len);
    ck_assert_mem_eq(asked.link_header, header, (size_t)len);
    for (size_t i = (size_t)len; i < sizeof asked.link_header; i++)
        ck_assert_uint_eq(asked.link_header[i], 0);
    ck_assert_uint_eq(link_of_path(B), LINK_CHOSEN);
    sync_bed_close(&net);
}

START_TEST(A13_header_of_the_origin_comes_to_the_host_on_the_way_back_IPv4)
{
    header_comes_to_the_host(MPCONN_FAMILY_IPV4, ETHERNET_TAGGED);
}
END_TEST

START_TEST(A13_longest_header_comes_to_the_host_on_the_way_back_IPv6)
{
    header_comes_to_the_host(MPCONN_FAMILY_IPV6, MPCONN_ECHO_LINK_HEADER_MAX);
}
END_TEST

/* What leaves later for the client, and for others of its network, leaves by it, too. */
START_TEST(A13_link_of_the_host_is_that_of_later_packets)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000), d = conn_of(MPCONN_FAMILY_IPV4, 4001);
    mpci_view v;
    letter l;

    start_with_hooks(1);
    l = echo_of(&c);
    give(A, SERVER, &l, MPCONN_LINK_NONE); /* the host had no number left for it */
    expect_answer_by(A, LINK_CHOSEN);
    bed_view(at(A), &v, NULL);
    c.y = v.seq;
    c.proxy_ts = v.tsval;
    proof(&c);
    syn(A, &d);
    expect(A, MPCONN_VERDICT_FORWARD, MPCONN_REASON_SYN_ANSWERED);
    ck_assert_uint_eq(at(A)->pkt.side, CLIENT);
    ck_assert_uint_eq(at(A)->pkt.link, LINK_CHOSEN);
    sync_bed_close(&net);
}
END_TEST

START_TEST(header_of_an_impossible_length_is_none)
{
    static const int impossible[] = {0, -1, INT_MIN, MPCONN_ECHO_LINK_HEADER_MAX + 1, INT_MAX};
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    letter l;

    start_with_hooks(2);
    header_len = impossible[_i];
    l = echo_of(&c);
    ck_assert_uint_eq(asked_for_header, 1);
    ck_assert_uint_eq(l.len, mpconn_echo_size(60, MPCONN_FAMILY_IPV4, 0, 0));
    give(B, SERVER, &l, LINK_OF_REPLY);
    expect_answer_by(B, LINK_CHOSEN);
    ck_assert_uint_eq(asked.link_header_len, 0);
    sync_bed_close(&net);
}
END_TEST

START_TEST(short_form_asks_for_no_header)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    letter l;

    start_with_hooks(2);
    (void)echo_of(&c);
    (void)echo_of(&c);
    l = echo_of(&c);
    ck_assert_uint_eq(asked_for_header, 2);
    give(B, SERVER, &l, LINK_OF_REPLY);
    expect_answer_by(B, LINK_CHOSEN);
    ck_assert_uint_eq(asked.link_header_len, 0);
    sync_bed_close(&net);
}
END_TEST

/* To ask the host costs something, and a flood must not draw it. */
START_TEST(F3_host_is_not_asked_for_the_header_of_an_echo_beyond_the_budget)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);

    start_with_hooks(2);
    at(A)->eng->echo.rate = 4; /* one at a moment */
    (void)echo_of(&c);
    c.tuple.client_port++;
    syn(A, &c);
    expect(A, MPCONN_VERDICT_DROP, MPCONN_REASON_ECHO_BUDGET);
    ck_assert_uint_eq(asked_for_header, 1);
    sync_bed_close(&net);
}
END_TEST

START_TEST(host_is_not_asked_for_a_header_where_no_server_is_tried)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);

    start_with_hooks(2);
    at(A)->admit = MPCONN_ADMIT_TRACK;
    syn(A, &c);
    expect(A, MPCONN_VERDICT_FORWARD, MPCONN_REASON_SYN_TRACKED);
    ck_assert_uint_eq(asked_for_header, 0);
    sync_bed_close(&net);
}
END_TEST

START_TEST(host_that_chooses_no_link_leaves_that_of_the_reply)
{
    static const uint32_t none[] = {MPCONN_LINK_NONE, MPCONN_LINK_MAX + 1, UINT32_MAX,
                                    LINK_OF_REPLY};
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    letter l;

    start_with_hooks(2);
    chosen = none[_i];
    l = echo_of(&c);
    give(B, SERVER, &l, LINK_OF_REPLY);
    expect_answer_by(B, MPCONN_LINK_NONE); /* onward, under the header of the reply */
    ck_assert_uint_eq(link_of_path(B), LINK_OF_REPLY);
    sync_bed_close(&net);
}
END_TEST

START_TEST(F5_host_is_not_asked_about_what_does_not_count)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    letter l, forged;

    start_with_hooks(2);
    l = forged = echo_of(&c);
    forged.bytes[forged.len - 1] ^= 1;
    give(B, SERVER, &forged, LINK_OF_REPLY);
    ck_assert_uint_eq(asked_for_link, 0);
    give(B, SERVER, &l, LINK_OF_REPLY);
    give(B, SERVER, &l, LINK_OF_REPLY);
    expect(B, MPCONN_VERDICT_DROP, MPCONN_REASON_ECHO_REPEATED);
    ck_assert_uint_eq(asked_for_link, 1);
    sync_bed_close(&net);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("one way link");
    TCase *tc = tcase_create("one way link");

    tcase_add_test(tc, A13_header_of_the_origin_comes_to_the_host_on_the_way_back_IPv4);
    tcase_add_test(tc, A13_longest_header_comes_to_the_host_on_the_way_back_IPv6);
    tcase_add_test(tc, A13_link_of_the_host_is_that_of_later_packets);
    tcase_add_loop_test(tc, header_of_an_impossible_length_is_none, 0, 5);
    tcase_add_test(tc, short_form_asks_for_no_header);
    tcase_add_test(tc, F3_host_is_not_asked_for_the_header_of_an_echo_beyond_the_budget);
    tcase_add_test(tc, host_is_not_asked_for_a_header_where_no_server_is_tried);
    tcase_add_loop_test(tc, host_that_chooses_no_link_leaves_that_of_the_reply, 0, 4);
    tcase_add_test(tc, F5_host_is_not_asked_about_what_does_not_count);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
