/* SPDX-License-Identifier: BSD-2-Clause */
/* What a link-layer member remembers: return paths, servers and what they may be sent. */
#include <stdlib.h>

#include "bed.h"
#include "check_main.h"
#include "echo/returns.h"
#include "echo/servers.h"

enum { ORIGIN = 5, ISN = 1000 };

static const mpci_sipkey key = {{1, 2}};
static mpci_alloc memory;
static mpci_returns returns;
static mpci_servers servers;

static void open_with(uint32_t capacity)
{
    const mpconn_allocator host = {0};

    mpci_alloc_init(&memory, &host);
    memset(&returns, 0, sizeof returns);
    memset(&servers, 0, sizeof servers);
    ck_assert_int_eq(mpci_returns_init(&returns, &memory, &key, capacity), MPCONN_OK);
    ck_assert_int_eq(mpci_servers_init(&servers, &memory, &key, capacity), MPCONN_OK);
}

static void close_all(void)
{
    mpci_returns_fini(&returns, &memory);
    mpci_servers_fini(&servers, &memory);
    ck_assert_uint_eq(memory.bytes, 0);
}

/* A client of the n-th network. */
static mpconn_tuple client_of(unsigned n)
{
    mpconn_tuple t = bed_tuple(MPCONN_FAMILY_IPV4, 1, 4000);

    t.client.bytes[1] = (uint8_t)(n >> 8);
    t.client.bytes[2] = (uint8_t)n;
    return t;
}

START_TEST(path_counts_when_it_is_proved_and_while_it_is_young)
{
    mpconn_tuple t = client_of(1), neighbour = t, stranger = client_of(2);

    open_with(64);
    neighbour.client.bytes[3] ^= 0x40;
    mpci_returns_learn(&returns, &t, ISN, 33, ORIGIN, 1000);
    ck_assert_ptr_null(mpci_returns_find(&returns, &t, 1000));
    mpci_returns_prove(&returns, &t, ISN);
    ck_assert_uint_eq(mpci_returns_find(&returns, &neighbour, 1000)->link, 33);
    ck_assert_uint_eq(mpci_returns_find(&returns, &t, 1000)->origin, ORIGIN);
    ck_assert_ptr_null(mpci_returns_find(&returns, &stranger, 1000));
    ck_assert_ptr_null(mpci_returns_find(&returns, &t, 1000 + MPCI_RETURN_LASTS_NS));
    close_all();
}
END_TEST

/* F0: a header that differs means that the path has changed. */
START_TEST(F0_other_link_has_to_be_proved_anew)
{
    mpconn_tuple t = client_of(1);

    open_with(64);
    mpci_returns_learn(&returns, &t, ISN, 33, ORIGIN, 1000);
    mpci_returns_prove(&returns, &t, ISN);
    mpci_returns_learn(&returns, &t, ISN + 1, 34, ORIGIN, 2000);
    ck_assert_ptr_null(mpci_returns_find(&returns, &t, 2000));
    mpci_returns_saw(&returns, &t, 35, 3000);
    ck_assert_uint_eq(mpci_returns_find(&returns, &t, 3000)->link, 35);
    close_all();
}
END_TEST

/* Who was answered by another link has not shown that this one leads anywhere. */
START_TEST(F0_only_who_was_answered_by_a_link_proves_it)
{
    mpconn_tuple t = client_of(1), neighbour = t;

    open_with(64);
    neighbour.client_port++;
    mpci_returns_learn(&returns, &t, ISN, 44, ORIGIN, 1000);
    mpci_returns_prove(&returns, &neighbour, ISN);
    mpci_returns_prove(&returns, &t, ISN + 1);
    ck_assert_ptr_null(mpci_returns_find(&returns, &t, 1000));
    mpci_returns_prove(&returns, &t, ISN);
    ck_assert_uint_eq(mpci_returns_find(&returns, &t, 1000)->link, 44);
    close_all();
}
END_TEST

/* Nor who was answered before another link was shown. */
START_TEST(F0_who_was_answered_by_another_link_before_proves_nothing)
{
    mpconn_tuple t = client_of(1);

    open_with(64);
    mpci_returns_learn(&returns, &t, ISN, 44, ORIGIN, 1000);
    mpci_returns_show(&returns, &t, 44, ORIGIN, 1100);
    mpci_returns_show(&returns, &t, 45, ORIGIN, 1200);
    mpci_returns_prove(&returns, &t, ISN);
    ck_assert_ptr_null(mpci_returns_find(&returns, &t, 1300));
    mpci_returns_learn(&returns, &t, ISN, 45, ORIGIN, 1300);
    mpci_returns_show(&returns, &t, 45, ORIGIN, 1400);
    mpci_returns_prove(&returns, &t, ISN);
    ck_assert_uint_eq(mpci_returns_find(&returns, &t, 1400)->link, 45);
    close_all();
}
END_TEST

START_TEST(flood_pushes_out_nothing_that_was_proved)
{
    mpconn_tuple t = client_of(1);

    open_with(4);
    for (unsigned n = 1; n <= MPCI_CACHE_WAYS; n++) {
        mpconn_tuple proved = client_of(n);

        mpci_returns_saw(&returns, &proved, 22, 1000);
    }
    for (unsigned n = 100; n < 200; n++) {
        mpconn_tuple stranger = client_of(n);

        ck_assert_ptr_null(mpci_returns_learn(&returns, &stranger, ISN, 33, ORIGIN, 2000));
    }
    ck_assert_ptr_nonnull(mpci_returns_find(&returns, &t, 2000));
    close_all();
}
END_TEST

START_TEST(what_was_used_longest_ago_gives_way)
{
    enum { CAPACITY = 64, NETWORKS = 4 * CAPACITY };
    unsigned found = 0;

    open_with(CAPACITY);
    for (unsigned n = 0; n < NETWORKS; n++) {
        mpconn_tuple t = client_of(n);

        mpci_returns_saw(&returns, &t, 1 + n, 1000 + n);
        ck_assert_uint_eq(mpci_returns_find(&returns, &t, 1000 + n)->link, 1 + n);
    }
    for (unsigned n = 0; n < NETWORKS; n++) {
        mpconn_tuple t = client_of(n);

        found += mpci_returns_find(&returns, &t, 1000 + NETWORKS) != NULL;
    }
    ck_assert_uint_le(found, CAPACITY);
    ck_assert_uint_gt(found, CAPACITY / 2);
    close_all();
}
END_TEST

/* --- servers --- */

START_TEST(server_is_mute_after_three_echoes_over_a_second)
{
    mpconn_tuple t = client_of(1);
    mpci_server *s;

    open_with(64);
    ck_assert_int_eq(mpci_server_is_mute(mpci_servers_find(&servers, &t), 0), 0);
    s = mpci_servers_take(&servers, &t, 0);
    for (unsigned i = 0; i < 5; i++)
        mpci_server_pinged(s, MPCONN_SECOND + i);
    ck_assert_int_eq(mpci_server_is_mute(s, MPCONN_SECOND + 5), 0); /* many, but at once */
    mpci_server_pinged(s, 2 * MPCONN_SECOND);
    ck_assert_int_eq(mpci_server_is_mute(s, 2 * MPCONN_SECOND), 1);
    ck_assert_int_eq(mpci_server_is_mute(s, 61 * MPCONN_SECOND), 1);
    mpci_server_answered(s, 0, 61 * MPCONN_SECOND);
    ck_assert_int_eq(mpci_server_is_mute(s, 61 * MPCONN_SECOND), 0);
    mpci_server_pinged(s, 61 * MPCONN_SECOND);
    ck_assert_int_eq(mpci_server_is_mute(s, 71 * MPCONN_SECOND), 0);
    close_all();
}
END_TEST

/* Who is pushed out of the cache by others does not get a new budget by that. */
START_TEST(budget_of_a_server_outlives_its_entry)
{
    mpconn_tuple t = client_of(1);
    unsigned granted = 0;

    open_with(4);
    for (unsigned n = 0; n < 1000; n++) {
        mpconn_time now = 10 * MPCONN_SECOND + 10 * n;
        mpci_server *s = mpci_servers_take(&servers, &t, now);

        if (mpci_budget_has(&s->budget, 100, MPCI_KEEP_NOTHING, now)) {
            mpci_budget_spend(&s->budget, 100, now);
            granted++;
        }
        for (unsigned k = 1; k <= MPCI_CACHE_WAYS; k++) {
            mpconn_tuple other = t;

            other.server.bytes[2] = (uint8_t)n;
            other.server.bytes[1] = (uint8_t)k;
            (void)mpci_servers_take(&servers, &other, now + k);
        }
    }
    ck_assert_uint_le(granted, 4 * 25); /* a burst for each place of the set */
    close_all();
}
END_TEST

START_TEST(short_form_stays_where_only_that_was_answered)
{
    mpconn_tuple t = client_of(1);
    mpci_server *s;

    open_with(64);
    s = mpci_servers_take(&servers, &t, 0);
    mpci_server_pinged(s, 1);
    ck_assert_int_eq(mpci_server_is_to_be_cut(s, 5), 0);
    mpci_server_pinged(s, 2);
    ck_assert_int_eq(mpci_server_is_to_be_cut(s, 5), 1);
    mpci_server_pinged(s, 3);
    ck_assert_int_eq(mpci_server_is_to_be_cut(s, 5), 0);
    mpci_server_answered(s, 1, 3);
    mpci_server_pinged(s, 4);
    ck_assert_int_eq(mpci_server_is_to_be_cut(s, 5), 1);
    mpci_server_answered(s, 0, 4); /* a long one that was late */
    mpci_server_pinged(s, 5);
    ck_assert_int_eq(mpci_server_is_to_be_cut(s, 5), 0);
    close_all();
}
END_TEST

/* Paths change: the long form may not come through any more where it did. */
START_TEST(short_form_is_tried_again_where_a_server_has_become_mute)
{
    mpconn_tuple t = client_of(1);
    mpci_server *s;
    unsigned cut = 0;

    open_with(64);
    s = mpci_servers_take(&servers, &t, 0);
    mpci_server_answered(s, 0, 0);
    for (unsigned i = 0; i < 12; i++) {
        int is_mute = mpci_server_is_mute(s, i * MPCONN_SECOND);

        ck_assert_int_eq(mpci_server_is_to_be_cut(s, i * MPCONN_SECOND), is_mute && i % 3 == 2);
        cut += is_mute && i % 3 == 2;
        mpci_server_pinged(s, i * MPCONN_SECOND);
    }
    ck_assert_uint_gt(cut, 0);
    close_all();
}
END_TEST

/* --- budget --- */

/* How many of `n` at one moment are let through. */
static unsigned spend(mpci_budget *b, uint32_t rate, unsigned n, enum mpci_keep keep,
                      mpconn_time now)
{
    unsigned got = 0;

    for (unsigned i = 0; i < n; i++)
        if (mpci_budget_has(b, rate, keep, now)) {
            mpci_budget_spend(b, rate, now);
            got++;
        }
    return got;
}

START_TEST(budget_gives_a_quarter_at_once_and_its_rate_in_the_long_run)
{
    mpci_budget b = {0};
    unsigned got = 0;
    mpconn_time now = 10 * MPCONN_SECOND;

    ck_assert_uint_eq(spend(&b, 1000, 2000, MPCI_KEEP_NOTHING, now), 250);
    for (unsigned ms = 1; ms <= 10000; ms++)
        got += spend(&b, 1000, 5, MPCI_KEEP_NOTHING, now + ms * MPCONN_MILLISECOND);
    ck_assert_uint_eq(got, 10000);
}
END_TEST

START_TEST(half_of_what_goes_at_once_is_kept)
{
    mpci_budget b = {0};
    mpconn_time now = 10 * MPCONN_SECOND;

    ck_assert_uint_eq(spend(&b, 1000, 2000, MPCI_KEEP_MOST, now), 62);
    ck_assert_uint_eq(spend(&b, 1000, 2000, MPCI_KEEP_HALF, now), 125 - 62);
    ck_assert_uint_eq(spend(&b, 1000, 2000, MPCI_KEEP_NOTHING, now), 125);
}
END_TEST

START_TEST(least_budget_is_one_a_second)
{
    mpci_budget b = {0};

    ck_assert_uint_eq(spend(&b, 1, 5, MPCI_KEEP_HALF, 10 * MPCONN_SECOND), 1);
    ck_assert_uint_eq(spend(&b, 1, 5, MPCI_KEEP_HALF, 11 * MPCONN_SECOND - 1), 0);
    ck_assert_uint_eq(spend(&b, 1, 5, MPCI_KEEP_HALF, 11 * MPCONN_SECOND), 1);
}
END_TEST

int main(void)
{
    return CHECK_MAIN("return paths", path_counts_when_it_is_proved_and_while_it_is_young,
                      F0_other_link_has_to_be_proved_anew,
                      F0_only_who_was_answered_by_a_link_proves_it,
                      F0_who_was_answered_by_another_link_before_proves_nothing,
                      flood_pushes_out_nothing_that_was_proved,
                      budget_of_a_server_outlives_its_entry, what_was_used_longest_ago_gives_way,
                      server_is_mute_after_three_echoes_over_a_second,
                      short_form_stays_where_only_that_was_answered,
                      short_form_is_tried_again_where_a_server_has_become_mute,
                      budget_gives_a_quarter_at_once_and_its_rate_in_the_long_run,
                      half_of_what_goes_at_once_is_kept, least_budget_is_one_a_second);
}
