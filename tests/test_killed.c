/* SPDX-License-Identifier: BSD-2-Clause */
/* What the endpoints of a flow hear that the host ended. */
#include <check.h>

#include "check_main.h"
#include "engine_support.h"

enum { CLIENT = MPCONN_SIDE_CLIENT, SERVER = MPCONN_SIDE_SERVER };

static bed b;
static mpconn_tuple t;
static bed_conn c;

static void settle(void)
{
    bed_open_default(&b);
    t = bed_tuple(4, 1, 40000);
    c = bed_conn_of(&t, 0x1000, 0x90000000);
    bed_settle(&b, &c);
}

static void kill_it(uint32_t flags)
{
    mpconn_flow_filter filter;
    size_t killed;

    MPCONN_STRUCT_INIT(&filter);
    filter.flags = flags;
    ck_assert_int_eq(mpconn_engine_kill(b.eng, &filter, &killed, b.now), MPCONN_OK);
    ck_assert_uint_eq(killed, 1);
}

/* What stands there comes too late: dropped. */
static void say(unsigned from, unsigned flags, uint32_t seq, uint32_t ack, uint32_t payload)
{
    bed_segment seg = bed_data(&c, from, seq, ack, payload);

    seg.s.flags = (uint16_t)flags;
    bed_in(&b, from, &seg);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_DROP);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_DEAD_FLOW);
}

/* A thousand bytes are lost between us and the client: the RST lies in its window, and it answers
 * with a challenge ACK (RFC 5961 3). */
START_TEST(client_that_lost_data_is_reset_by_its_challenge_ack)
{
    bed_segment lost;
    const bed_out *o;

    settle();
    lost = bed_data(&c, SERVER, 1, 1, 1000);
    bed_in(&b, SERVER, &lost);
    kill_it(0);
    o = bed_take(&b);
    ck_assert_uint_eq(o->view.seq, c.y + 1001);
    b.n_out = 0;
    say(CLIENT, MPCI_TCP_ACK, 1, 1, 0);
    ck_assert_uint_eq(b.n_out, 1);
    o = bed_take(&b);
    ck_assert_uint_eq(o->view.flags, MPCI_TCP_RST);
    ck_assert_uint_eq(o->view.seq, c.y + 1);
    ck_assert_uint_eq(o->view.ack, 0);
    ck_assert_uint_eq(o->pkt.side, CLIENT);
    ck_assert_uint_eq(o->pkt.link, 11);
    ck_assert_uint_eq(o->pkt.mark, 77);
    ck_assert_uint_eq(o->pkt.reason, MPCONN_REASON_RST_TO_CLIENT);
    bed_close(&b);
}
END_TEST

START_TEST(server_that_goes_on_is_reset_one_for_one)
{
    settle();
    kill_it(0);
    b.n_out = 0;
    for (unsigned i = 0; i < 3; i++) {
        const bed_out *o;

        say(SERVER, MPCI_TCP_ACK, 1 + 100 * i, 1, 100);
        ck_assert_uint_eq(b.n_out, 1);
        o = bed_take(&b);
        ck_assert_uint_eq(o->view.flags, MPCI_TCP_RST);
        ck_assert_uint_eq(o->view.seq, c.x + 1);
        ck_assert_uint_eq(o->pkt.side, SERVER);
        ck_assert_uint_eq(o->pkt.link, 22);
    }
    bed_close(&b);
}
END_TEST

/* Two that answer RSTs with RSTs would never end. */
START_TEST(reset_is_not_answered)
{
    settle();
    kill_it(0);
    b.n_out = 0;
    say(CLIENT, MPCI_TCP_RST | MPCI_TCP_ACK, 1, 1, 0);
    say(SERVER, MPCI_TCP_RST, 1, 1, 0);
    ck_assert_uint_eq(b.n_out, 0);
    bed_close(&b);
}
END_TEST

START_TEST(silent_kill_stays_silent)
{
    settle();
    kill_it(MPCONN_KILL_F_SILENT);
    say(CLIENT, MPCI_TCP_ACK, 1, 1, 10);
    say(SERVER, MPCI_TCP_ACK, 1, 1, 10);
    ck_assert_uint_eq(b.n_out, 0);
    bed_close(&b);
}
END_TEST

START_TEST(wrong_checksum_is_not_answered)
{
    bed_segment seg;
    uint8_t bytes[200];
    size_t len;

    settle();
    kill_it(0);
    b.n_out = 0;
    seg = bed_data(&c, CLIENT, 1, 1, 10);
    len = bed_build(bytes, sizeof(bytes), &seg);
    bytes[36] ^= 0x55;
    bed_bytes(&b, CLIENT, bytes, len, NULL, NULL);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_BAD_TCP_CHECKSUM);
    ck_assert_uint_eq(b.n_out, 0);
    bed_close(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("killed flows");
    TCase *tc = tcase_create("all");

    tcase_add_test(tc, client_that_lost_data_is_reset_by_its_challenge_ack);
    tcase_add_test(tc, server_that_goes_on_is_reset_one_for_one);
    tcase_add_test(tc, reset_is_not_answered);
    tcase_add_test(tc, silent_kill_stays_silent);
    tcase_add_test(tc, wrong_checksum_is_not_answered);
    suite_add_tcase(s, tc);
    return check_run(s);
}
