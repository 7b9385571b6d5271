/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of bindings: from the server leg of a connection to what it goes by. */
#include <check.h>

#include "check_main.h"
#include "seed.h"
#include "table/binding.h"
#include "table_support.h"

enum { CAPACITY = 64, STEPS = 20000 };

static const mpci_sipkey key = {{UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)}};
static mpci_alloc memory;
static mpci_bindings table;

static uint64_t hash_of(const mpconn_tuple *t)
{
    return mpci_tuple_hash(&key, t);
}

static mpconn_tuple server_leg(unsigned i)
{
    return i % 2 ? tuple_ipv6(1, 2, 1 + i, 8080) : tuple_ipv4(0xc0000201, 0xc6336401, 1 + i, 8080);
}

static mpconn_tuple client_leg(unsigned i)
{
    return i % 3 ? tuple_ipv4(0x0a000001, 0xc6336402, 1 + i, 80) : tuple_ipv6(7, 8, 1 + i, 80);
}

static mpci_binding_number add(unsigned i)
{
    mpconn_tuple server = server_leg(i), client = client_leg(i);

    return mpci_binding_add(&table, hash_of(&server), &server, hash_of(&client), &client);
}

static mpci_binding_number find(unsigned i)
{
    mpconn_tuple server = server_leg(i);

    return mpci_binding_find(&table, hash_of(&server), &server);
}

static void assert_is(mpci_binding_number n, unsigned i)
{
    const mpci_binding *b = mpci_binding_at(&table, n);
    mpconn_tuple server = server_leg(i), client = client_leg(i);

    HOLDS(mpci_tuple_equal(&b->server_leg, &server));
    HOLDS(mpci_tuple_equal(&b->client_leg, &client));
    HOLDS(b->hash == hash_of(&server));
    HOLDS(b->client_hash == hash_of(&client));
}

static void setup(void)
{
    memory = plain_alloc();
    ck_assert_int_eq(mpci_binding_init(&table, &memory, CAPACITY, &key), 0);
}

static void teardown(void)
{
    mpci_binding_fini(&table, &memory);
    ck_assert_uint_eq(memory.bytes, 0);
}

START_TEST(binding_leads_from_the_server_leg_to_the_client_leg)
{
    mpci_binding_number n = add(5);

    ck_assert_uint_ne(n, 0);
    ck_assert_uint_eq(find(5), n);
    assert_is(n, 5);
    ck_assert_uint_eq(find(6), 0);
    ck_assert_uint_eq(table.used, 1);
}
END_TEST

START_TEST(binding_lasts_until_its_last_holder_drops_it)
{
    mpci_binding_number n = add(5);

    ck_assert_uint_eq(mpci_binding_take(&table, n), n);
    ck_assert_int_eq(mpci_binding_drop(&table, n), 0);
    ck_assert_uint_eq(find(5), n);
    ck_assert_int_eq(mpci_binding_drop(&table, n), 1);
    ck_assert_uint_eq(find(5), 0);
    ck_assert_uint_eq(table.used, 0);
}
END_TEST

START_TEST(binding_none_is_held_by_nobody)
{
    ck_assert_uint_eq(mpci_binding_take(&table, 0), 0);
    ck_assert_int_eq(mpci_binding_drop(&table, 0), 0);
    ck_assert_uint_eq(table.used, 0);
}
END_TEST

START_TEST(binding_of_one_zone_is_not_that_of_another)
{
    mpconn_tuple server = server_leg(0), client = client_leg(0);
    mpconn_tuple other = server;

    other.zone = 1;
    ck_assert_uint_ne(mpci_binding_add(&table, 77, &server, 78, &client), 0);
    ck_assert_uint_eq(mpci_binding_find(&table, 77, &other), 0);
    ck_assert_uint_ne(mpci_binding_find(&table, 77, &server), 0);
}
END_TEST

START_TEST(binding_table_is_full_at_its_capacity)
{
    for (unsigned i = 0; i < CAPACITY; i++)
        ck_assert_uint_ne(add(i), 0);
    ck_assert_uint_eq(add(CAPACITY), 0);
    ck_assert_uint_eq(table.used, CAPACITY);
    HOLDS(mpci_binding_drop(&table, find(17)));
    ck_assert_uint_ne(add(CAPACITY), 0);
    ck_assert_uint_eq(find(17), 0);
    ck_assert_uint_eq(add(17), 0);
}
END_TEST

/* Few addresses, so that many have the same. */
static mpconn_tuple any_leg(seed_rng *rng, unsigned port)
{
    uint32_t from = 1 + seed_below(rng, 4), to = 1 + seed_below(rng, 4);

    return seed_below(rng, 2) ? tuple_ipv4(from, to, port, 80)
                              : tuple_ipv6(from, to, port, 80);
}

static int same_pair(const mpconn_tuple *a, const mpconn_tuple *b)
{
    mpconn_tuple x = *a, y = *b;

    x.client_port = y.client_port = x.server_port = y.server_port = 0;
    return mpci_tuple_equal(&x, &y);
}

/* Told by looking at all of them. */
static int slow_shows(const mpconn_tuple *leg, unsigned side)
{
    for (mpci_binding_number n = 1; n <= CAPACITY; n++) {
        const mpci_binding *b = mpci_binding_at(&table, n);

        if (b->holders != 0 && !same_pair(&b->client_leg, &b->server_leg) &&
            same_pair(side == MPCONN_SIDE_CLIENT ? &b->client_leg : &b->server_leg, leg))
            return 1;
    }
    return 0;
}

START_TEST(binding_is_known_by_its_addresses_alone)
{
    seed_rng rng = seed_start();
    unsigned found = 0;

    for (unsigned step = 0; step < STEPS; step++) {
        mpconn_tuple server = any_leg(&rng, 1 + step), client = any_leg(&rng, 1 + step);
        mpconn_tuple asked = any_leg(&rng, 0);
        mpci_binding_number n = 1 + seed_below(&rng, CAPACITY);
        unsigned side = seed_below(&rng, 2);

        if (mpci_binding_at(&table, n)->holders == 0)
            (void)mpci_binding_add(&table, hash_of(&server), &server, hash_of(&client), &client);
        else if (seed_below(&rng, 4) == 0)
            (void)mpci_binding_change(&table, n, hash_of(&server), &server, hash_of(&client),
                                      &client);
        else
            (void)mpci_binding_drop(&table, n);
        HOLDS(mpci_binding_shows(&table, &asked, side) == slow_shows(&asked, side));
        found += (unsigned)slow_shows(&asked, side);
    }
    ck_assert_uint_gt(found, STEPS / 10);
    ck_assert_uint_lt(found, STEPS - STEPS / 10);
}
END_TEST

START_TEST(binding_table_without_room_takes_no_memory)
{
    mpci_alloc a = plain_alloc();
    mpci_bindings t;
    mpconn_tuple server = server_leg(0);

    ck_assert_int_eq(mpci_binding_init(&t, &a, 0, &key), 0);
    ck_assert_uint_eq(a.bytes, 0);
    ck_assert_uint_eq(mpci_binding_find(&t, hash_of(&server), &server), 0);
    ck_assert_uint_eq(mpci_binding_add(&t, hash_of(&server), &server, 1, &server), 0);
    mpci_binding_fini(&t, &a);
}
END_TEST

START_TEST(binding_table_gives_all_back_when_memory_ends)
{
    for (unsigned fail_at = 1; fail_at <= 4; fail_at++) {
        failing_host host = {.fail_at = fail_at};
        mpci_alloc a = alloc_from(&host);
        mpci_bindings t;

        ck_assert_int_ne(mpci_binding_init(&t, &a, CAPACITY, &key), 0);
        ck_assert_uint_eq(host.outstanding, 0);
        ck_assert_uint_eq(a.bytes, 0);
    }
}
END_TEST

/* Against a model that counts holders: whatever comes and goes, each is found by its server leg as
 * long as it is held, and by no other. */
START_TEST(bindings_agree_with_their_model)
{
    enum { NAMES = 2 * CAPACITY };
    unsigned holders[NAMES] = {0}, used = 0, full = 0;
    mpci_binding_number number[NAMES] = {0};
    seed_rng rng = seed_start();

    for (unsigned step = 0; step < STEPS; step++) {
        unsigned i = seed_below(&rng, NAMES);

        if (holders[i] == 0) {
            number[i] = add(i);
            HOLDS((number[i] == 0) == (used == CAPACITY));
            full += number[i] == 0;
            used += holders[i] = number[i] != 0;
        } else if (seed_below(&rng, 3) == 0) {
            HOLDS(mpci_binding_take(&table, number[i]) == number[i]);
            holders[i]++;
        } else {
            HOLDS(mpci_binding_drop(&table, number[i]) == (holders[i] == 1));
            used -= --holders[i] == 0;
        }
        i = seed_below(&rng, NAMES);
        HOLDS(find(i) == (holders[i] != 0 ? number[i] : 0));
        if (holders[i] != 0)
            assert_is(number[i], i);
        HOLDS(table.used == used);
    }
    ck_assert_uint_gt(full, 10);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *s = suite_create("binding");
    TCase *t = tcase_create("table");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, binding_leads_from_the_server_leg_to_the_client_leg);
    tcase_add_test(t, binding_lasts_until_its_last_holder_drops_it);
    tcase_add_test(t, binding_none_is_held_by_nobody);
    tcase_add_test(t, binding_of_one_zone_is_not_that_of_another);
    tcase_add_test(t, binding_table_is_full_at_its_capacity);
    tcase_add_test(t, binding_is_known_by_its_addresses_alone);
    tcase_add_test(t, binding_table_without_room_takes_no_memory);
    tcase_add_test(t, binding_table_gives_all_back_when_memory_ends);
    tcase_add_test(t, bindings_agree_with_their_model);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    return check_run(make_suite());
}
