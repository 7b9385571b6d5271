/* SPDX-License-Identifier: BSD-2-Clause */
/* The queue of flows that wait to be told of. */
#include <check.h>

#include "check_main.h"
#include "seed.h"
#include "table/untold.h"
#include "table_support.h"

enum { CAPACITY = 5, STEPS = 10000 };

/* Whatever comes and goes: first in, first out, and never more than there is room for. */
START_TEST(queue_keeps_order_while_it_goes_round)
{
    seed_rng rng = seed_start();
    mpci_alloc a = plain_alloc();
    mpci_untold q;
    uint64_t added = 0, dropped = 0;

    ck_assert_int_eq(mpci_untold_init(&q, &a, CAPACITY), 0);
    for (unsigned i = 0; i < STEPS; i++) {
        const mpci_untold_flow *first = mpci_untold_first(&q);

        ck_assert_int_eq(mpci_untold_is_full(&q), added - dropped == CAPACITY);
        ck_assert_int_eq(first == NULL, added == dropped);
        if (first != NULL) {
            ck_assert_uint_eq(first->id, dropped);
            ck_assert_uint_eq(first->since, 2 * dropped);
        }
        if (first == NULL || (!mpci_untold_is_full(&q) && seed_below(&rng, 2))) {
            mpci_untold_add(&q, added, 2 * added);
            added++;
        } else {
            mpci_untold_drop_first(&q);
            dropped++;
        }
    }
    ck_assert_uint_gt(dropped, STEPS / 4);
    mpci_untold_fini(&q, &a);
    ck_assert_uint_eq(a.bytes, 0);
}
END_TEST

START_TEST(queue_without_room_takes_no_memory)
{
    mpci_alloc a = plain_alloc();
    mpci_untold q;

    ck_assert_int_eq(mpci_untold_init(&q, &a, 0), 0);
    ck_assert_uint_eq(a.bytes, 0);
    ck_assert_ptr_null(mpci_untold_first(&q));
    ck_assert_int_eq(mpci_untold_is_full(&q), 1);
    mpci_untold_fini(&q, &a);
}
END_TEST

START_TEST(one_that_waits_takes_sixteen_bytes)
{
    ck_assert_uint_eq(sizeof(mpci_untold_flow), 16);
}
END_TEST

int main(void)
{
    return CHECK_MAIN("untold", queue_keeps_order_while_it_goes_round,
                      queue_without_room_takes_no_memory, one_that_waits_takes_sixteen_bytes);
}
