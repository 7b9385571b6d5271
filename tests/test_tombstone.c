/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of incarnations that are over (rule R3). */
#include "check_main.h"
#include "seed.h"
#include "table/tombstone.h"

#include <mpconn/error.h>

static mpci_alloc host;
static mpci_tombstones t;

static void set_up(uint32_t capacity)
{
    host = (mpci_alloc){0};
    mpci_alloc_init(&host, &(mpconn_allocator){0});
    t = (mpci_tombstones){0};
    t.age = 1000;
    ck_assert_int_eq(mpci_tombstones_init(&t, &host, capacity), MPCONN_OK);
}

static void tear_down(void)
{
    mpci_tombstones_fini(&t, &host);
    ck_assert_uint_eq(host.bytes, 0);
}

START_TEST(name_is_known_with_its_kind_and_no_other_name_is)
{
    static const unsigned kinds[] = {MPCI_TOMBSTONE_FOUND,
                                     MPCI_TOMBSTONE_FOUND | MPCI_TOMBSTONE_KILLED,
                                     MPCI_TOMBSTONE_FOUND | MPCI_TOMBSTONE_KILLED |
                                         MPCI_TOMBSTONE_QUIET};

    set_up(1000);
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_uint_eq(mpci_tombstones_find(&t, 77, i), MPCI_TOMBSTONE_NONE);
        ck_assert_int_eq(mpci_tombstones_add(&t, 77, i, kinds[i]), 0);
        ck_assert_uint_eq(mpci_tombstones_find(&t, 77, i), kinds[i]);
        ck_assert_uint_eq(mpci_tombstones_find(&t, 78, i), MPCI_TOMBSTONE_NONE);
        ck_assert_uint_eq(mpci_tombstones_find(&t, 77, ~i), MPCI_TOMBSTONE_NONE);
    }
    tear_down();
}
END_TEST

START_TEST(R3_name_lasts_three_ages_and_can_be_renewed)
{
    set_up(1000);
    mpci_tombstones_add(&t, 1, 1, MPCI_TOMBSTONE_FOUND);
    mpci_tombstones_add(&t, 2, 2, MPCI_TOMBSTONE_FOUND);
    t.age += 3;
    ck_assert_uint_eq(mpci_tombstones_find(&t, 1, 1), MPCI_TOMBSTONE_FOUND);
    ck_assert_int_eq(mpci_tombstones_add(&t, 2, 2, MPCI_TOMBSTONE_FOUND), 0);
    t.age++;
    ck_assert_uint_eq(mpci_tombstones_find(&t, 1, 1), MPCI_TOMBSTONE_NONE);
    ck_assert_uint_eq(mpci_tombstones_find(&t, 2, 2), MPCI_TOMBSTONE_FOUND);
    tear_down();
}
END_TEST

START_TEST(full_bucket_gives_up_the_oldest_and_says_so)
{
    set_up(1); /* one bucket */
    for (uint32_t i = 0; i < MPCI_TOMBSTONE_WAYS; i++) {
        t.age += i == 6;
        ck_assert_int_eq(mpci_tombstones_add(&t, i, i, MPCI_TOMBSTONE_FOUND), 0);
    }
    for (uint32_t n = 0; n < 6; n++)
        ck_assert_int_eq(mpci_tombstones_add(&t, 100 + n, 0, MPCI_TOMBSTONE_FOUND), 1);
    for (uint32_t i = 0; i < MPCI_TOMBSTONE_WAYS; i++)
        ck_assert_uint_eq(mpci_tombstones_find(&t, i, i), i < 6 ? MPCI_TOMBSTONE_NONE
                                                                : MPCI_TOMBSTONE_FOUND);
    t.age += 10; /* all of them are past: room for as many new ones */
    for (uint32_t n = 0; n < MPCI_TOMBSTONE_WAYS; n++)
        ck_assert_int_eq(mpci_tombstones_add(&t, 200 + n, 0, MPCI_TOMBSTONE_FOUND), 0);
    tear_down();
}
END_TEST

/* At its capacity the table remembers nearly all, and takes hardly any stranger for one of them. */
START_TEST(full_table_remembers_nearly_all)
{
    enum { CAPACITY = 20000 };
    seed_rng r = seed_start();
    uint64_t base = (uint64_t)seed_u32(&r) << 32 | seed_u32(&r);
    unsigned displaced = 0, known = 0, mistaken = 0;

    set_up(CAPACITY);
    for (uint32_t i = 0; i < CAPACITY; i++)
        displaced += (unsigned)mpci_tombstones_add(&t, (base + i) * UINT64_C(0xd1342543de82ef95),
                                                   i, MPCI_TOMBSTONE_FOUND);
    for (uint32_t i = 0; i < CAPACITY; i++) {
        known += mpci_tombstones_find(&t, (base + i) * UINT64_C(0xd1342543de82ef95), i) != 0;
        mistaken += mpci_tombstones_find(&t, (base + i) * UINT64_C(0xd1342543de82ef95),
                                         i + CAPACITY) != 0;
    }
    ck_assert_uint_eq(known + displaced, CAPACITY);
    ck_assert_uint_ge(known, CAPACITY * 95 / 100);
    ck_assert_uint_eq(mistaken, 0);
    tear_down();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("tombstone");
    TCase *tc = tcase_create("tombstone");

    tcase_add_test(tc, name_is_known_with_its_kind_and_no_other_name_is);
    tcase_add_test(tc, R3_name_lasts_three_ages_and_can_be_renewed);
    tcase_add_test(tc, full_bucket_gives_up_the_oldest_and_says_so);
    tcase_add_test(tc, full_table_remembers_nearly_all);
    suite_add_tcase(s, tc);
    return check_run(s);
}
