/* SPDX-License-Identifier: BSD-2-Clause */
/* Links of a host: back to where a frame came from, or onward as it would have gone. */
#include "check_main.h"
#include "host/links.h"

#include <string.h>

enum { CLIENT_PORT, SERVER_PORT, OTHER_SERVER_PORT, HERE = 1, THERE = 2, ELSEWHERE = 3 };
#define IP_TYPE 0x08, 0x00

static links *known;

static void begin(void)
{
    known = links_new();
    ck_assert_ptr_nonnull(known);
}

static void end(void)
{
    links_del(known);
}

/* The header from one station to another, behind so many tags. */
static l2_header header(uint8_t to, uint8_t from, const uint8_t *tags, size_t tags_len)
{
    static const uint8_t type[] = { IP_TYPE };
    l2_header h = { .bytes = { 2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, from } };

    if (tags_len)
        memcpy(h.bytes + 12, tags, tags_len);
    memcpy(h.bytes + 12 + tags_len, type, sizeof(type));
    h.len = (uint8_t)(14 + tags_len);
    return h;
}

static l2_header untagged(uint8_t to, uint8_t from)
{
    return header(to, from, NULL, 0);
}

/* What a frame with this header teaches; the number of its link. */
static uint32_t seen(const l2_header *h, uint8_t side, uint16_t port)
{
    static frame f;
    l2_header back;

    f.l2 = *h;
    f.vlan = l2_vlan(h);
    f.in_port = port;
    f.in_side = side;
    links_learn_station(known, &f);
    l2_reverse(&back, h);
    return links_number(known, side, port, &back);
}

static void leaves(uint32_t number, uint8_t side, const l2_header *h, uint16_t port)
{
    link_entry out;

    ck_assert(links_out(known, number, side, &out));
    ck_assert_uint_eq(out.side, side);
    ck_assert_uint_eq(out.port, port);
    ck_assert_uint_eq(out.l2.len, h->len);
    ck_assert_mem_eq(out.l2.bytes, h->bytes, h->len);
}

START_TEST(link_on_its_own_side_leads_back)
{
    const l2_header request = untagged(THERE, HERE), back = untagged(HERE, THERE);
    uint32_t number = seen(&request, MPCONN_SIDE_CLIENT, CLIENT_PORT);

    leaves(number, MPCONN_SIDE_CLIENT, &back, CLIENT_PORT);
}
END_TEST

START_TEST(link_on_the_other_side_leads_onward_as_it_was_seen)
{
    const l2_header request = untagged(THERE, HERE);
    uint32_t number = seen(&request, MPCONN_SIDE_CLIENT, CLIENT_PORT);

    leaves(number, MPCONN_SIDE_SERVER, &request, LINK_PORT_ALL);
}
END_TEST

START_TEST(link_onward_leaves_where_its_station_was_seen)
{
    const l2_header request = untagged(THERE, HERE), answer = untagged(HERE, THERE);
    uint32_t number = seen(&request, MPCONN_SIDE_CLIENT, CLIENT_PORT);

    seen(&answer, MPCONN_SIDE_SERVER, OTHER_SERVER_PORT);
    leaves(number, MPCONN_SIDE_SERVER, &request, OTHER_SERVER_PORT);
    const l2_header greeting = untagged(ELSEWHERE, THERE);
    seen(&greeting, MPCONN_SIDE_SERVER, SERVER_PORT); /* it moved */
    leaves(number, MPCONN_SIDE_SERVER, &request, SERVER_PORT);
}
END_TEST

START_TEST(link_onward_keeps_tags_and_asks_in_their_vlan)
{
    static const uint8_t two[] = { 0x88, 0xa8, 0xe0, 7, 0x81, 0x00, 0, 5 };
    static const uint8_t one[] = { 0x81, 0x00, 0, 5 };
    const l2_header request = header(THERE, HERE, two, sizeof(two));
    const l2_header inner = header(HERE, THERE, one, sizeof(one));
    const l2_header answer = header(HERE, THERE, two, sizeof(two));
    uint32_t number = seen(&request, MPCONN_SIDE_CLIENT, CLIENT_PORT);

    seen(&inner, MPCONN_SIDE_SERVER, OTHER_SERVER_PORT);
    leaves(number, MPCONN_SIDE_SERVER, &request, LINK_PORT_ALL);
    seen(&answer, MPCONN_SIDE_SERVER, SERVER_PORT);
    leaves(number, MPCONN_SIDE_SERVER, &request, SERVER_PORT);
    leaves(number, MPCONN_SIDE_CLIENT, &answer, CLIENT_PORT);
}
END_TEST

START_TEST(vlan_is_that_of_the_outermost_tag_with_one)
{
    static const uint8_t two[] = { 0x88, 0xa8, 0xef, 0xff, 0x81, 0x00, 0, 5 };
    static const uint8_t priority[] = { 0x81, 0x00, 0xe0, 0, 0x81, 0x00, 0, 5 };
    static const uint8_t only_priority[] = { 0x81, 0x00, 0xe0, 0 };
    l2_header h = untagged(THERE, HERE);

    ck_assert_uint_eq(l2_vlan(&h), 0);
    h = header(THERE, HERE, two, sizeof(two));
    ck_assert_uint_eq(l2_vlan(&h), 0xfff);
    h = header(THERE, HERE, priority, sizeof(priority));
    ck_assert_uint_eq(l2_vlan(&h), 5);
    h = header(THERE, HERE, only_priority, sizeof(only_priority));
    ck_assert_uint_eq(l2_vlan(&h), 0);
}
END_TEST

START_TEST(number_never_given_leads_nowhere)
{
    const l2_header request = untagged(THERE, HERE);
    uint32_t number = seen(&request, MPCONN_SIDE_CLIENT, CLIENT_PORT);
    link_entry out;

    ck_assert(!links_out(known, MPCONN_LINK_NONE, MPCONN_SIDE_CLIENT, &out));
    ck_assert(!links_out(known, number + 1, MPCONN_SIDE_SERVER, &out));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("links");
    TCase *t = tcase_create("links");

    tcase_add_checked_fixture(t, begin, end);
    tcase_add_test(t, link_on_its_own_side_leads_back);
    tcase_add_test(t, link_on_the_other_side_leads_onward_as_it_was_seen);
    tcase_add_test(t, link_onward_leaves_where_its_station_was_seen);
    tcase_add_test(t, link_onward_keeps_tags_and_asks_in_their_vlan);
    tcase_add_test(t, vlan_is_that_of_the_outermost_tag_with_one);
    tcase_add_test(t, number_never_given_leads_nowhere);
    suite_add_tcase(suite, t);
    return check_run(suite);
}
