/* SPDX-License-Identifier: BSD-2-Clause */
/* The age of an echo by what was heard of its origin meanwhile, and the window of its numbers. */
#include "echo/fresh.h"

#include "check_main.h"
#include "seed.h"

enum { BOOT = 77 };

static mpci_fresh f;

/* A frame a second, from number `first` on, for so many seconds; the time after the last. */
static mpconn_time hear(uint64_t first, unsigned seconds)
{
    memset(&f, 0, sizeof f);
    for (unsigned i = 0; i < seconds; i++)
        mpci_fresh_sample(&f, BOOT, first + i, i * MPCONN_SECOND);
    return (seconds - 1) * MPCONN_SECOND;
}

static int is_young(uint32_t heard, mpconn_time now)
{
    return mpci_fresh_is_young(&f, mpci_fresh_boot(BOOT), heard, now);
}

START_TEST(echo_is_young_for_four_seconds)
{
    mpconn_time now = hear(100, 20); /* 119 was heard at 19 s, 115 at 15 s */

    ck_assert_int_eq(is_young(119, now), 1);
    ck_assert_int_eq(is_young(115, now), 1);
    ck_assert_int_eq(is_young(114, now), 0);
    ck_assert_int_eq(is_young(115, now + MPCONN_SECOND), 0);
    ck_assert_int_eq(is_young(125, now), 1); /* it overtook the frames */
}
END_TEST

START_TEST(nothing_is_young_before_its_origin_was_heard)
{
    memset(&f, 0, sizeof f);
    ck_assert_int_eq(mpci_fresh_is_young(&f, mpci_fresh_boot(0), 5, 0), 0);
    mpci_fresh_sample(&f, BOOT, 100, 0);
    ck_assert_int_eq(is_young(100, 0), 1);
    ck_assert_int_eq(is_young(99, 0), 0); /* sent before, who knows when */
}
END_TEST

START_TEST(other_life_of_the_origin_is_not_believed)
{
    mpconn_time now = hear(100, 3);

    ck_assert_int_eq(mpci_fresh_is_young(&f, mpci_fresh_boot(BOOT + 1), 102, now), 0);
    mpci_fresh_sample(&f, BOOT + 1, 7, now);
    ck_assert_int_eq(mpci_fresh_is_young(&f, mpci_fresh_boot(BOOT + 1), 7, now), 1);
    ck_assert_int_eq(is_young(102, now), 0);
}
END_TEST

START_TEST(age_is_right_across_the_end_of_the_numbers)
{
    mpconn_time now = hear(UINT64_C(0x1fffffffa), 12);

    ck_assert_int_eq(is_young(5, now), 1);
    ck_assert_int_eq(is_young(1, now), 1);
    ck_assert_int_eq(is_young(0, now), 0);
    ck_assert_int_eq(is_young(0xfffffffe, now), 0);
}
END_TEST

/* Many looks in one second must not push out what is as old as an echo may be. */
START_TEST(looking_often_does_not_shorten_the_memory)
{
    mpconn_time now = 0;

    memset(&f, 0, sizeof f);
    for (; now < 20 * MPCONN_SECOND; now += 10 * MPCONN_MILLISECOND)
        mpci_fresh_sample(&f, BOOT, now / MPCONN_SECOND, now);
    ck_assert_int_eq(is_young(15, now), 0);
    ck_assert_int_eq(is_young(17, now), 1);
}
END_TEST

/* Against a memory of everything. */
START_TEST(number_counts_once_however_they_come)
{
    enum { NUMBERS = 20000 };
    static uint8_t taken[NUMBERS];
    seed_rng rng = seed_start();
    uint32_t base = UINT32_MAX - NUMBERS / 2, top = 0;

    memset(&f, 0, sizeof f);
    memset(taken, 0, sizeof taken);
    for (unsigned i = 0; i < 4 * NUMBERS; i++) {
        uint32_t at = (uint32_t)(i / 4 + seed_below(&rng, 3000));
        int is_new;

        if (at >= NUMBERS)
            continue;
        is_new = !taken[at] && (i == 0 || at > top || top - at < MPCI_WINDOW_WIDTH);
        HOLDS(mpci_fresh_take(&f, base + at) == is_new);
        taken[at] = taken[at] || is_new;
        if (is_new && at > top)
            top = at;
    }
}
END_TEST

int main(void)
{
    return CHECK_MAIN("fresh", echo_is_young_for_four_seconds,
                      nothing_is_young_before_its_origin_was_heard,
                      other_life_of_the_origin_is_not_believed,
                      age_is_right_across_the_end_of_the_numbers,
                      looking_often_does_not_shorten_the_memory,
                      number_counts_once_however_they_come);
}
