/* SPDX-License-Identifier: BSD-2-Clause */
/* A client that was promised SACK and a server without it, between the two IP versions: what is
 * changed in a segment stands in the right place behind the other header. */
#include <check.h>

#include "bound.h"
#include "check_main.h"
#include "engine_support.h"

#include "base/byteorder.h"
#include "packet/insert.h"

enum { CLIENT = MPCONN_SIDE_CLIENT, SERVER = MPCONN_SIDE_SERVER, IN_FRONT = 64 };

static mpconn_engine_config cfg;
static mpconn_callbacks cb;
static bed b;
static bound_conn c;
static uint8_t bytes[IN_FRONT + BED_ROOM];

static void settled(unsigned from, unsigned to)
{
    bed_config(&cfg, &cb);
    cb.bind = bed_bind;
    cfg.max_bindings = 8;
    bed_open(&b, &cfg, &cb);
    bound_lead(&b, to);
    c = bound_conn_of(from, 1, 4001, to);
    bound_open(&b, &c);
    c.server.sack = 0;
    bound_syn_ack(&b, &c);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_ANSWERED);
    b.n_out = 0;
}

static unsigned client_family(int i)
{
    return i & 1 ? MPCONN_FAMILY_IPV6 : MPCONN_FAMILY_IPV4;
}

static unsigned server_family(int i)
{
    return i & 1 ? MPCONN_FAMILY_IPV4 : MPCONN_FAMILY_IPV6;
}

static mpci_view seen(unsigned to)
{
    mpci_view v;

    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_TRANSLATED);
    bed_view(&b, &v, NULL);
    ck_assert_uint_eq(mpci_view_verify(&v, &b.pkt), 0);
    bound_assert_shows(&c, &v, to);
    return v;
}

/* Behind the packet alone there is any: then the TCP header moves. */
static void leave_room_behind(mpconn_pkt *pkt, void *user)
{
    pkt->headroom = 0;
    pkt->cap = pkt->len + 64;
    (void)user;
}

/* An ACK of the client, of one block's gap or none; its window as the server is told it. */
static uint16_t told(uint16_t window, int has_gap)
{
    uint8_t block[12] = {1, 1, 5, 10};
    bed_segment seg = bed_data(&c.client, CLIENT, 1, 1, 0);
    mpconn_pkt pkt = {.data = bytes + IN_FRONT, .headroom = IN_FRONT, .cap = BED_ROOM};
    mpci_view v;

    seg.s.window = window;
    pkt.len = (uint32_t)bed_build(pkt.data, BED_ROOM, &seg);
    mpci_view_parse(&v, &pkt);
    mpci_store32(block + 4, v.ack + 1000);
    mpci_store32(block + 8, v.ack + 2000);
    if (has_gap)
        ck_assert(mpci_insert_options(&v, &pkt, block, sizeof(block)));
    bed_bytes(&b, CLIENT, pkt.data, pkt.len, leave_room_behind, NULL);
    return seen(SERVER).window;
}

START_TEST(window_is_held_before_the_header_changes)
{
    settled(client_family(_i), server_family(_i));
    ck_assert_uint_eq(told(500, 0), 500);
    ck_assert_uint_eq(told(510, 1), 500);
    ck_assert_uint_eq(told(510, 0), 510);
    bed_close(&b);
}
END_TEST

static mpci_view duplicate(void)
{
    bed_segment seg = bed_data(&c.server, SERVER, 1, 1, 0);

    bed_in(&b, SERVER, &seg);
    return seen(CLIENT);
}

/* The client's segments are as long as those of its own IP version. */
START_TEST(block_is_of_the_clients_segments)
{
    uint32_t size = (client_family(_i) == MPCONN_FAMILY_IPV4 ? 1460 : 1440) - 12;
    mpci_view v;

    settled(client_family(_i), server_family(_i));
    for (uint32_t i = 0; i < 4; i++) {
        bed_segment seg = bed_data(&c.client, CLIENT, 1 + i * size, 1, size);

        bed_in(&b, CLIENT, &seg);
        seen(SERVER);
    }
    duplicate();
    v = duplicate();
    ck_assert_uint_eq(v.sack_blocks, 1);
    ck_assert_uint_eq(mpci_load32(v.l4 + v.sack_offset + 2), v.ack + size);
    ck_assert_uint_eq(mpci_load32(v.l4 + v.sack_offset + 6), v.ack + 2 * size);
    bed_close(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("bound unsacked");
    TCase *tc = tcase_create("core");

    tcase_add_loop_test(tc, window_is_held_before_the_header_changes, 0, 2);
    tcase_add_loop_test(tc, block_is_of_the_clients_segments, 0, 2);
    suite_add_tcase(s, tc);
    return check_run(s);
}
