/* SPDX-License-Identifier: BSD-2-Clause */
/* The first windows of a split connection, as those were told who may use them: what rounding to
 * another scale gave is no segment outside the window. */
#include "bed.h"
#include "check_main.h"
#include "engine/engine.h"

enum { CLIENT = MPCONN_SIDE_CLIENT, SERVER = MPCONN_SIDE_SERVER };

static bed b;
static bed_conn c;

/* Our scale is 14, as little as that the client is never told. */
static void settle_with(uint16_t server_window)
{
    mpconn_tuple t = bed_tuple(4, 1, 40000);
    mpconn_engine_config cfg;
    mpconn_callbacks cb;
    bed_segment seg;

    bed_config(&cfg, &cb);
    cfg.wscale = 14;
    bed_open(&b, &cfg, &cb);
    c = bed_conn_of(&t, 0x11111111, 0x10);
    bed_syn(&b, &c);
    bed_proof(&b, &c);
    seg = bed_syn_ack_seg(&c);
    seg.s.window = server_window;
    bed_in(&b, SERVER, &seg);
}

static const mpci_settled *flow(void)
{
    const mpconn_engine *eng = b.eng;
    uint64_t hash = mpci_tuple_hash(&eng->core.table_key, &c.tuple);
    uint32_t slot = mpci_settled_find(&eng->core.settled, hash, &c.tuple);

    ck_assert_uint_ne(slot, MPCI_SLOT_NONE);
    return mpci_settled_at(&eng->core.settled, slot);
}

/* The window update is the last that was made. */
static uint32_t window_told(void)
{
    const bed_out *out = &b.out[b.n_out - 1];

    ck_assert_uint_eq(out->pkt.side, CLIENT);
    return (uint32_t)out->view.window << 14;
}

START_TEST(first_window_is_the_one_that_the_client_was_told)
{
    static const uint16_t windows[] = {1, 8192, 16384, 65535};
    bed_segment seg;
    uint32_t sent = 0, told;

    settle_with(windows[_i]);
    told = window_told();
    while (sent < told) {
        uint32_t n = told - sent < 1024 ? told - sent : 1024;

        seg = bed_data(&c, CLIENT, 1 + sent, 1, n);
        bed_in(&b, CLIENT, &seg);
        sent += n;
    }
    ck_assert_uint_eq(flow()->dir[CLIENT].end, c.x + 1 + told);
    bed_close(&b);
}
END_TEST

/* ... and not a byte more. */
START_TEST(beyond_the_window_that_was_told_is_outside)
{
    bed_segment seg;

    settle_with(8192);
    seg = bed_data(&c, CLIENT, 1 + window_told(), 1, 100);
    bed_in(&b, CLIENT, &seg);
    ck_assert_uint_eq(flow()->dir[CLIENT].end, c.x + 1);
    bed_close(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("window_told");
    TCase *tc = tcase_create("window_told");

    tcase_add_loop_test(tc, first_window_is_the_one_that_the_client_was_told, 0, 4);
    tcase_add_test(tc, beyond_the_window_that_was_told_is_outside);
    suite_add_tcase(s, tc);
    return check_run(s);
}
