/* SPDX-License-Identifier: BSD-2-Clause */
/* Endpoints that announce no MSS take what RFC 9293 3.7.1 says: 536, and 1220 over IPv6. */
#include "bed.h"
#include "check_main.h"

static bed b;
static bed_conn c;
static const struct {
    unsigned family;
    uint16_t mss;
} cases[] = {{MPCONN_FAMILY_IPV4, 536}, {MPCONN_FAMILY_IPV6, 1220}};

static void begin(unsigned family)
{
    mpconn_tuple t = bed_tuple(family, 1, 40000);

    bed_open_default(&b);
    c = bed_conn_of(&t, 0x11111111, 0x10);
    c.client_mss = c.server_mss = 0; /* no option */
}

/* What the server is told leaves room for the timestamps that it may refuse. */
static uint16_t told_server(uint16_t mss)
{
    return (uint16_t)(c.timestamps ? mss - 12 : mss);
}

static void assert_legs(uint16_t client, uint16_t to_server, uint16_t server)
{
    ck_assert_uint_eq(b.n_events, 1);
    ck_assert_uint_eq(b.events[0].type, MPCONN_EVENT_SETTLED);
    ck_assert_uint_eq(b.legs[0][MPCONN_SIDE_CLIENT].client_mss, client);
    ck_assert_uint_eq(b.legs[0][MPCONN_SIDE_SERVER].client_mss, to_server);
    ck_assert_uint_eq(b.legs[0][MPCONN_SIDE_SERVER].server_mss, server);
}

/* With and without timestamps: the offers take two ways through the cookie. */
START_TEST(split_server_is_told_what_the_client_takes)
{
    uint16_t mss = cases[_i / 2].mss;

    begin(cases[_i / 2].family);
    c.timestamps = _i % 2 == 1;
    bed_syn(&b, &c);
    bed_proof(&b, &c);
    ck_assert_uint_eq(bed_take(&b)->options.mss, told_server(mss));
    bed_syn_ack(&b, &c);
    assert_legs(mss, told_server(mss), mss);
    bed_close(&b);
}
END_TEST

START_TEST(tracked_legs_show_what_the_endpoints_take)
{
    uint16_t mss = cases[_i].mss;
    bed_segment seg;

    begin(cases[_i].family);
    b.admit = MPCONN_ADMIT_TRACK;
    seg = bed_syn_seg(&c);
    bed_in(&b, MPCONN_SIDE_CLIENT, &seg);
    c.y = c.z; /* nothing is split */
    seg = bed_syn_ack_seg(&c);
    bed_in(&b, MPCONN_SIDE_SERVER, &seg);
    seg = bed_proof_seg(&c);
    seg.s.tsecr = c.server_ts;
    bed_in(&b, MPCONN_SIDE_CLIENT, &seg);
    assert_legs(mss, mss, mss);
    bed_close(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("mss");
    TCase *tc = tcase_create("mss");

    tcase_add_loop_test(tc, split_server_is_told_what_the_client_takes, 0, 4);
    tcase_add_loop_test(tc, tracked_legs_show_what_the_endpoints_take, 0, 2);
    suite_add_tcase(s, tc);
    return check_run(s);
}
