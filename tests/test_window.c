/* SPDX-License-Identifier: BSD-2-Clause */
/* The window of numbers that were taken, against a memory of everything. */
#include "base/window.h"

#include "check_main.h"
#include "seed.h"

enum { WIDTH = MPCI_WINDOW_WIDTH };

enum { MODEL = 1 << 16 };

typedef struct model {
    mpci_window w;
    uint64_t base;               /* sequence number of taken[0] */
    uint8_t taken[MODEL];
} model;

static void begin(model *o, uint64_t base, uint64_t first)
{
    memset(o, 0, sizeof *o);
    o->base = base;
    mpci_window_begin_after(&o->w, first);
    for (uint64_t n = base; n <= first; n++)
        o->taken[n - base] = 1; /* what was said before does not count */
}

/* Offer a number; take it if it is new; 0 when the two disagree. */
static int offer(model *o, uint64_t n)
{
    int expected = n > o->w.highest || (o->w.highest - n < WIDTH && !o->taken[n - o->base]);
    int is_new = mpci_window_is_new(&o->w, n);

    if (is_new) {
        mpci_window_take(&o->w, n);
        o->taken[n - o->base] = 1;
    }
    return is_new == expected;
}

START_TEST(S17_every_number_counts_once)
{
    static model o;

    begin(&o, 0, 1);
    for (uint64_t n = 2; n < 3 * WIDTH; n++) {
        ck_assert_int_eq(mpci_window_is_new(&o.w, n), 1);
        mpci_window_take(&o.w, n);
        ck_assert_int_eq(mpci_window_is_new(&o.w, n), 0);
        ck_assert_int_eq(mpci_window_is_new(&o.w, n - 1), 0);
    }
    for (uint64_t n = 0; n < 3 * WIDTH; n++)
        ck_assert_int_eq(mpci_window_is_new(&o.w, n), 0);
}
END_TEST

/* S10: late by up to the width of the window is in time; S09: twice is once. */
START_TEST(S10_random_order_agrees_with_a_memory_of_everything)
{
    static const uint64_t bases[] = {0, UINT32_MAX - 2000, UINT64_MAX - MODEL + 1};
    static model o;
    seed_rng rng = seed_start();

    for (unsigned b = 0; b < 3; b++) {
        uint64_t base = bases[b];

        begin(&o, base, base + 1 + seed_below(&rng, 5));
        for (unsigned i = 0; i < 200000; i++) {
            uint64_t from = o.w.highest - base, n;
            unsigned back = seed_below(&rng, 100) < 90 ? 80 : 2 * WIDTH;

            n = from + seed_below(&rng, seed_below(&rng, 500) == 0 ? 1500 : 8);
            n -= seed_below(&rng, back) > n ? n : seed_below(&rng, back) % (n + 1);
            if (n >= MODEL)
                n = MODEL - 1 - seed_below(&rng, WIDTH + 100);
            HOLDS(offer(&o, base + n));
        }
        ck_assert_uint_gt(o.w.highest, base + MODEL / 2);
    }
}
END_TEST

/* S12: a gap of any size is defined: the numbers in it are new while the window reaches them. */
START_TEST(S12_gap_of_any_size_moves_the_window)
{
    static const uint64_t gaps[] = {1, 2, 63, 64, 65, WIDTH - 1, WIDTH, WIDTH + 1, 2 * WIDTH,
                                    UINT64_C(1) << 31, UINT64_C(1) << 32, UINT64_C(1) << 63};

    for (size_t i = 0; i < sizeof gaps / sizeof gaps[0]; i++) {
        mpci_window w = {0};
        uint64_t old = 5000, now = old + gaps[i];

        mpci_window_begin_after(&w, old - WIDTH);
        for (uint64_t n = old - WIDTH + 1; n <= old; n++)
            mpci_window_take(&w, n);
        mpci_window_take(&w, now);
        ck_assert_uint_eq(w.highest, now);
        for (uint64_t back = 0; back < 2 * WIDTH; back++) {
            uint64_t n = now - back;

            ck_assert_int_eq(mpci_window_is_new(&w, n), back > 0 && back < WIDTH && n > old);
        }
    }
}
END_TEST

START_TEST(first_and_last_number_there_is_are_taken_once)
{
    mpci_window w = {0};

    mpci_window_begin_after(&w, 1);
    ck_assert_int_eq(mpci_window_is_new(&w, 1), 0);
    ck_assert_int_eq(mpci_window_is_new(&w, 0), 0);
    mpci_window_take(&w, UINT64_MAX - 5);
    for (unsigned i = 5; i > 0; i--) {
        ck_assert_int_eq(mpci_window_is_new(&w, UINT64_MAX - i + 1), 1);
        mpci_window_take(&w, UINT64_MAX - i + 1);
    }
    ck_assert_uint_eq(w.highest, UINT64_MAX);
    ck_assert_int_eq(mpci_window_is_new(&w, UINT64_MAX), 0);
    for (uint64_t n = 0; n < 2 * WIDTH; n++) /* it does not begin again */
        ck_assert_int_eq(mpci_window_is_new(&w, n), 0);
    ck_assert_int_eq(mpci_window_is_new(&w, UINT64_MAX - 6), 1); /* late, and not yet taken */
}
END_TEST

/* What is behind the first one that came may come yet. */
START_TEST(window_that_begins_with_a_number_has_taken_no_other)
{
    mpci_window w;
    uint64_t first = UINT64_C(1) << 32;

    memset(&w, 0x55, sizeof w);
    mpci_window_begin_with(&w, first);
    ck_assert_int_eq(mpci_window_is_new(&w, first), 0);
    for (uint64_t back = 1; back < 2 * WIDTH; back++)
        ck_assert_int_eq(mpci_window_is_new(&w, first - back), back < WIDTH);
    ck_assert_int_eq(mpci_window_is_new(&w, first + 1), 1);
}
END_TEST

START_TEST(low_bits_mean_the_number_next_to_the_highest)
{
    static const uint64_t highest[] = {UINT64_C(1) << 32, UINT64_C(0x1ffffffff),
                                       UINT64_C(0x280000000), UINT64_C(0x123456789a)};
    static const int64_t apart[] = {0, 1, -1, 5000, -5000, INT32_MAX, -INT32_MAX};

    for (size_t i = 0; i < sizeof highest / sizeof *highest; i++) {
        mpci_window w;

        mpci_window_begin_with(&w, highest[i]);
        for (size_t k = 0; k < sizeof apart / sizeof *apart; k++) {
            uint64_t n = highest[i] + (uint64_t)apart[k];

            ck_assert_uint_eq(mpci_window_widen(&w, (uint32_t)n), n);
        }
    }
}
END_TEST

int main(void)
{
    return CHECK_MAIN("window", S17_every_number_counts_once,
                      S10_random_order_agrees_with_a_memory_of_everything,
                      S12_gap_of_any_size_moves_the_window,
                      first_and_last_number_there_is_are_taken_once,
                      window_that_begins_with_a_number_has_taken_no_other,
                      low_bits_mean_the_number_next_to_the_highest);
}
