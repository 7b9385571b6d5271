/* SPDX-License-Identifier: BSD-2-Clause */
/* Bound connections of IPv4 cannot do without a second line: they take as many as there are, and
 * what is over makes room for them only where that helps. */
#include <check.h>

#include "bound.h"
#include "check_main.h"
#include "engine_support.h"

enum { WIDE = 4 };

static mpconn_engine_config cfg;
static mpconn_callbacks cb;
static bed b;

static void setup(void)
{
    bed_config(&cfg, &cb);
    cb.bind = bed_bind;
    cfg.max_wide_flows = WIDE;
    cfg.max_bindings = 2 * WIDE;
    bed_open(&b, &cfg, &cb);
    bound_lead(&b, MPCONN_FAMILY_IPV4);
}

static void teardown(void)
{
    bound_end(&b);
}

static bound_conn bound_nth(unsigned i)
{
    return bound_conn_of(MPCONN_FAMILY_IPV4, 10 + i, (uint16_t)(5000 + i), MPCONN_FAMILY_IPV4);
}

/* One of IPv6, whose legs are alike. */
static bound_conn wide_nth(unsigned i)
{
    bound_conn of = bound_conn_of(MPCONN_FAMILY_IPV6, 10 + i, (uint16_t)(6000 + i),
                                  MPCONN_FAMILY_IPV6);

    of.server = of.client;
    return of;
}

static void settle_wide(unsigned i, int is_over)
{
    bound_conn of = wide_nth(i);

    b.bind = 0;
    bound_settle(&b, &of);
    if (is_over)
        bound_close(&b, &of);
    b.bind = 1;
}

static void assert_taken(uint64_t wide, uint64_t reclaimed)
{
    ck_assert_uint_eq(bed_stats(&b).wide_flows, wide);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_FLOW_RECLAIMED), reclaimed);
}

START_TEST(bound_connections_take_all_the_second_lines)
{
    for (unsigned i = 0; i < WIDE; i++) {
        bound_conn of = bound_nth(i);

        bound_settle(&b, &of);
        bound_carry(&b, &of, MPCONN_SIDE_CLIENT, 1, 1, 100);
    }
    assert_taken(WIDE, 0);
}
END_TEST

/* Beyond the half of them, too, that is for IPv6. */
START_TEST(what_is_over_is_not_ended_while_there_is_room)
{
    bound_conn of = bound_nth(0);

    for (unsigned i = 0; i < WIDE - 1; i++)
        settle_wide(i, i == 1);
    bound_settle(&b, &of);
    assert_taken(WIDE, 0);
}
END_TEST

START_TEST(what_is_over_makes_room_for_a_bound_connection)
{
    bound_conn of = bound_nth(0);

    for (unsigned i = 0; i < WIDE; i++)
        settle_wide(i, i == 1);
    bound_settle(&b, &of);
    assert_taken(WIDE, 1);
    bound_carry(&b, &of, MPCONN_SIDE_CLIENT, 1, 1, 100);
}
END_TEST

/* Who can do without the second line leaves half of them to IPv6. */
START_TEST(unbound_connections_leave_half_of_the_second_lines)
{
    for (unsigned i = 0; i < WIDE; i++) {
        bound_conn of = bound_nth(i);

        b.bind = 0;
        of.client.server_mss = 500;
        of.server = of.client;
        bound_settle(&b, &of);
    }
    assert_taken(WIDE / 2, 0);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_SECOND_LINE_FULL), WIDE / 2);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("bound lines");
    TCase *tc = tcase_create("core");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, bound_connections_take_all_the_second_lines);
    tcase_add_test(tc, what_is_over_is_not_ended_while_there_is_room);
    tcase_add_test(tc, what_is_over_makes_room_for_a_bound_connection);
    tcase_add_test(tc, unbound_connections_leave_half_of_the_second_lines);
    suite_add_tcase(s, tc);
    return check_run(s);
}
