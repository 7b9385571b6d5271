/* SPDX-License-Identifier: BSD-2-Clause */
/* Zone, link and mark, where hosts keep the VLAN of a packet: what answers it, and what it turns
 * into, has to leave by the same. */
#include "check_main.h"
#include "icmp_about.h"

enum { CLIENT = MPCONN_SIDE_CLIENT, SERVER = MPCONN_SIDE_SERVER };
enum { ZONE = 5, OTHER_ZONE = 6, LINK_OF_CLIENT = 0x123, MARK = 0x56789abc };

static const unsigned families[] = {MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV6};

static mpconn_engine_config cfg;
static mpconn_callbacks cb;
static bed b;
static bed_conn c;

static void settled(unsigned family, uint16_t server_mss)
{
    mpconn_tuple t = bed_tuple(family, 1, 40000);

    t.zone = ZONE;
    bed_config(&cfg, &cb);
    bed_open(&b, &cfg, &cb);
    c = bed_conn_of(&t, 0x11111111, 0x10);
    c.server_mss = server_mss;
    bed_settle(&b, &c);
}

static void of_vlan(mpconn_pkt *pkt, void *zone)
{
    pkt->zone = *(const uint32_t *)zone;
    pkt->link = LINK_OF_CLIENT;
    pkt->mark = MARK;
}

static void hand_in(unsigned from, const uint8_t *bytes, size_t len, uint32_t zone)
{
    bed_bytes(&b, from, bytes, len, of_vlan, &zone);
}

static void say(unsigned from, uint32_t n)
{
    bed_segment seg = bed_data(&c, from, 1, 1, n);
    uint8_t bytes[BED_ROOM];

    hand_in(from, bytes, bed_build(bytes, sizeof bytes, &seg), ZONE);
}

static void expect_answer(unsigned reason)
{
    const bed_out *o = bed_take(&b);

    ck_assert_uint_eq(o->pkt.reason, reason);
    ck_assert_uint_eq(o->pkt.zone, ZONE);
    ck_assert_uint_eq(o->pkt.link, LINK_OF_CLIENT);
    ck_assert_uint_eq(o->pkt.mark, MARK);
    ck_assert_uint_eq(o->pkt.side, CLIENT);
}

START_TEST(packet_too_big_goes_where_the_segment_came_from)
{
    settled(families[_i], 1300);
    say(CLIENT, 1450);
    ck_assert_uint_eq(b.pkt.reason, MPCONN_REASON_SEGMENT_TOO_BIG);
    expect_answer(MPCONN_REASON_TOO_BIG_SENT);
    bed_close(&b);
}
END_TEST

START_TEST(reset_of_a_killed_flow_goes_where_the_segment_came_from)
{
    mpconn_flow_filter all;

    settled(families[_i], 1460);
    MPCONN_STRUCT_INIT(&all);
    ck_assert_int_eq(mpconn_engine_kill(b.eng, &all, NULL, b.now), MPCONN_OK);
    b.n_out = 0;
    say(CLIENT, 10);
    ck_assert_uint_eq(b.pkt.reason, MPCONN_REASON_DEAD_FLOW);
    expect_answer(MPCONN_REASON_RST_TO_CLIENT);
    bed_close(&b);
}
END_TEST

START_TEST(icmp_error_is_about_a_flow_of_its_zone_and_stays_there)
{
    bed_segment seg;
    icmp_about e;

    settled(families[_i], 1460);
    say(CLIENT, 10);
    seg = bed_data(&c, CLIENT, 1, 1, 10);
    seg.s.ack += c.z - c.y; /* as it was on the server's leg */
    e = icmp_about_segment(&seg, families[_i] == MPCONN_FAMILY_IPV4 ? 3 : 1, 0, 500);
    hand_in(SERVER, e.bytes, e.len, ZONE);
    ck_assert_uint_eq(b.pkt.reason, MPCONN_REASON_ERROR_TRANSLATED);
    ck_assert_uint_eq(b.pkt.side, CLIENT);
    ck_assert_uint_eq(b.pkt.zone, ZONE);
    ck_assert_uint_eq(b.pkt.mark, MARK);
    ck_assert_uint_eq(b.pkt.link, MPCONN_LINK_NONE); /* by its own link-layer header */
    hand_in(SERVER, e.bytes, e.len, OTHER_ZONE);
    ck_assert_uint_eq(b.pkt.reason, MPCONN_REASON_ERROR_NO_FLOW);
    bed_close(&b);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("zone");
    TCase *both = tcase_create("both families");

    tcase_add_loop_test(both, packet_too_big_goes_where_the_segment_came_from, 0, 2);
    tcase_add_loop_test(both, reset_of_a_killed_flow_goes_where_the_segment_came_from, 0, 2);
    tcase_add_loop_test(both, icmp_error_is_about_a_flow_of_its_zone_and_stays_there, 0, 2);
    suite_add_tcase(suite, both);
    return check_run(suite);
}
