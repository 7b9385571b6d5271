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

enum { IPV4_HEADER = 20, IPV6_HEADER = 40, TCP_PROTOCOL = 6, UDP_PROTOCOL = 17 };

/* The header of a station of which there may be any number. */
static l2_header stranger(uint32_t n)
{
    l2_header h = untagged(THERE, HERE);

    memcpy(h.bytes + 8, &n, sizeof(n));
    return h;
}

/* So many seconds after the start. */
static void at_second(uint32_t s)
{
    links_tell_time(known, s * MPCONN_SECOND);
}

static uint32_t number_of(uint32_t n)
{
    const l2_header h = stranger(n);
    return links_number(known, MPCONN_SIDE_CLIENT, CLIENT_PORT, &h);
}

/* All there are, at second 1000. */
static void take_all(void)
{
    at_second(1000);
    for (uint32_t n = 0; n < LINKS_MAX; n++)
        ck_assert_uint_eq(number_of(n), n + 1);
    ck_assert_uint_eq(links_count(known), LINKS_MAX);
    ck_assert_uint_eq(number_of(LINKS_MAX), LINK_BY_ADDRESS);
}

static void is_of(uint32_t number, uint32_t n)
{
    const l2_header h = stranger(n);
    leaves(number, MPCONN_SIDE_CLIENT, &h, CLIENT_PORT);
}

START_TEST(number_is_given_again_when_no_flow_can_have_it)
{
    take_all();
    at_second(1000 + LINK_LIFE_SECONDS);
    ck_assert_uint_eq(number_of(LINKS_MAX), LINK_BY_ADDRESS);
    at_second(1001 + LINK_LIFE_SECONDS);
    uint32_t number = number_of(LINKS_MAX), given = number - 1;
    ck_assert_uint_ne(number, LINK_BY_ADDRESS);
    is_of(number, LINKS_MAX);
    ck_assert_uint_eq(number_of(LINKS_MAX), number);
    uint32_t next = number_of(given); /* whose number that was */
    ck_assert_uint_ne(next, LINK_BY_ADDRESS);
    ck_assert_uint_ne(next, number);
    is_of(next, given);
    is_of(number, LINKS_MAX);
}
END_TEST

START_TEST(number_that_is_used_is_not_given_again)
{
    link_entry out;

    take_all();
    at_second(1001);
    ck_assert(links_out(known, 1, MPCONN_SIDE_CLIENT, &out)); /* sent by */
    ck_assert_uint_eq(number_of(1), 2);                       /* heard from */
    ck_assert_ptr_nonnull(links_use(known, 3));
    at_second(1001 + LINK_LIFE_SECONDS);
    for (uint32_t n = 0; n < LINKS_MAX - 3; n++)
        ck_assert_uint_gt(number_of(LINKS_MAX + n), 3);
    ck_assert_uint_eq(number_of(2 * LINKS_MAX), LINK_BY_ADDRESS);
    ck_assert(!links_out(known, LINK_BY_ADDRESS, MPCONN_SIDE_CLIENT, &out));
    ck_assert_ptr_null(links_use(known, LINK_BY_ADDRESS));
    for (uint32_t n = 0; n < 3; n++)
        is_of(n + 1, n);
}
END_TEST

START_TEST(each_link_is_found_after_many_were_given_again)
{
    take_all();
    at_second(1001 + LINK_LIFE_SECONDS);
    for (uint32_t n = LINKS_MAX; n < 2 * LINKS_MAX; n++)
        is_of(number_of(n), n);
    for (uint32_t n = LINKS_MAX; n < 2 * LINKS_MAX; n++)
        is_of(number_of(n), n);
    ck_assert_uint_eq(number_of(0), LINK_BY_ADDRESS);
}
END_TEST

/* A packet of that protocol, in a frame of this station. */
static frame *packet(uint8_t version, uint8_t protocol, const l2_header *l2)
{
    static frame f;
    static uint8_t bytes[IPV6_HEADER];

    memset(bytes, 0, sizeof(bytes));
    bytes[0] = version == 4 ? 0x45 : 0x60;
    bytes[version == 4 ? 9 : 6] = protocol;
    f.pkt.data = bytes;
    f.pkt.len = version == 4 ? IPV4_HEADER : IPV6_HEADER;
    f.type = version == 4 ? 0x0800 : 0x86dd;
    f.l2 = *l2;
    f.in_port = SERVER_PORT;
    f.in_side = MPCONN_SIDE_SERVER;
    return &f;
}

START_TEST(way_to_an_address_needs_no_number)
{
    const l2_header answer = stranger(LINKS_MAX);
    mpconn_addr client = { { 0 } }, other = { { 0 } };

    take_all();
    frame *f = packet(4, TCP_PROTOCOL, &answer);
    memcpy(f->pkt.data + 16, (const uint8_t[]){ 192, 0, 2, 1 }, 4);
    links_learn_way(known, f, OTHER_SERVER_PORT);
    mpconn_pkt made = { .data = f->pkt.data, .len = IPV4_HEADER, .side = MPCONN_SIDE_CLIENT };
    for (int i = 0; i < 2; i++) {
        const link_entry *way = links_find_way(known, &made);
        ck_assert_ptr_nonnull(way);
        ck_assert_uint_eq(way->port, OTHER_SERVER_PORT);
        ck_assert_mem_eq(way->l2.bytes, answer.bytes, answer.len);
        /* and to another the same */
        memcpy(client.bytes, f->pkt.data + 16, 4);
        memcpy(other.bytes, (const uint8_t[]){ 192, 0, 2, 9 }, 4);
        links_learn_like(known, 0, MPCONN_SIDE_CLIENT, &other, &client);
        memcpy(f->pkt.data + 16, other.bytes, 4);
    }
    made.side = MPCONN_SIDE_SERVER;
    ck_assert_ptr_null(links_find_way(known, &made));
}
END_TEST

START_TEST(link_is_kept_of_what_may_hold_tcp_or_icmp)
{
    static const uint8_t kept6[] = { TCP_PROTOCOL, 58, 0, 43, 44, 51, 60 };
    const l2_header h = untagged(THERE, HERE);

    ck_assert(links_may_be_kept(packet(4, TCP_PROTOCOL, &h)));
    ck_assert(links_may_be_kept(packet(4, 1, &h)));
    ck_assert(!links_may_be_kept(packet(4, UDP_PROTOCOL, &h)));
    for (size_t i = 0; i < sizeof(kept6); i++)
        ck_assert(links_may_be_kept(packet(6, kept6[i], &h)));
    ck_assert(!links_may_be_kept(packet(6, UDP_PROTOCOL, &h)));
    frame *f = packet(4, TCP_PROTOCOL, &h);
    f->type = 0x88b7;
    ck_assert(!links_may_be_kept(f));
    f = packet(6, TCP_PROTOCOL, &h);
    f->pkt.len = IPV6_HEADER - 1;
    ck_assert(!links_may_be_kept(f));
    f = packet(4, TCP_PROTOCOL, &h);
    f->pkt.len = IPV4_HEADER - 1;
    ck_assert(!links_may_be_kept(f));
}
END_TEST

START_TEST(station_is_forgotten_when_it_is_silent_or_its_port_is_down)
{
    const l2_header from_here = untagged(THERE, HERE), to_here = untagged(HERE, THERE);

    at_second(5);
    seen(&from_here, MPCONN_SIDE_CLIENT, CLIENT_PORT);
    at_second(5 + STATION_LIFE_SECONDS);
    ck_assert_uint_eq(links_find_station(known, &to_here), CLIENT_PORT);
    at_second(6 + STATION_LIFE_SECONDS);
    ck_assert_uint_eq(links_find_station(known, &to_here), LINK_PORT_ALL);
    seen(&from_here, MPCONN_SIDE_CLIENT, CLIENT_PORT);
    links_forget_stations(known, SERVER_PORT);
    ck_assert_uint_eq(links_find_station(known, &to_here), CLIENT_PORT);
    links_forget_stations(known, CLIENT_PORT);
    ck_assert_uint_eq(links_find_station(known, &to_here), LINK_PORT_ALL);
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
    tcase_add_test(t, number_is_given_again_when_no_flow_can_have_it);
    tcase_add_test(t, number_that_is_used_is_not_given_again);
    tcase_add_test(t, each_link_is_found_after_many_were_given_again);
    tcase_add_test(t, way_to_an_address_needs_no_number);
    tcase_add_test(t, link_is_kept_of_what_may_hold_tcp_or_icmp);
    tcase_add_test(t, station_is_forgotten_when_it_is_silent_or_its_port_is_down);
    suite_add_tcase(suite, t);
    return check_run(suite);
}
