/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_main.h"

#include <mpconn/error.h>
#include <string.h>

#include "seed.h"
#include "table/handshake.h"
#include "table/heap.h"
#include "table/settled.h"
#include "table_support.h"

static const mpci_sipkey key = {{1, 2}};
static mpci_alloc host;
static mpci_handshake_table table;

static void set_up(uint32_t capacity)
{
    host = plain_alloc();
    ck_assert_int_eq(mpci_handshake_init(&table, &host, capacity), 0);
}

static void tear_down(void)
{
    mpci_handshake_fini(&table, &host);
    ck_assert_uint_eq(host.bytes, 0);
}

static mpconn_tuple nth_tuple(uint32_t n)
{
    return n & 1 ? tuple_ipv6(n, 1, 40000, 443) : tuple_ipv4(n, 1, 40000, 443);
}

static mpci_handshake *add(uint32_t n)
{
    mpconn_tuple t = nth_tuple(n);

    return mpci_handshake_add(&table, mpci_tuple_hash(&key, &t), &t);
}

static mpci_handshake *find(uint32_t n)
{
    mpconn_tuple t = nth_tuple(n);

    return mpci_handshake_find(&table, mpci_tuple_hash(&key, &t), &t);
}

START_TEST(handshake_added_is_found_and_clean)
{
    set_up(16);
    mpci_handshake *h = add(6);
    mpconn_tuple t = nth_tuple(6);
    ck_assert_ptr_nonnull(h);
    ck_assert_ptr_eq(find(6), h);
    ck_assert_ptr_null(find(8));
    ck_assert(mpci_tuple_equal(&h->tuple, &t));
    ck_assert_uint_eq(h->timer_due, MPCONN_TIME_NEVER);
    ck_assert_uint_eq(h->hold_due, MPCONN_TIME_NEVER);
    ck_assert_uint_eq(h->settled, MPCI_SLOT_NONE);
    ck_assert_uint_eq(h->flags, MPCI_HANDSHAKE_IN_USE | MPCI_HANDSHAKE_UNPROVED);
    ck_assert_uint_eq(h->client_isn | h->proxy_isn | h->server_isn | h->held_bytes, 0);
    ck_assert_uint_eq(table.used, 1);
    ck_assert_uint_eq(table.unproved, 1);
    h->client_isn = h->held_packets = h->tries = 9;
    mpci_handshake_remove(&table, h);
    ck_assert_ptr_null(find(6));
    ck_assert_uint_eq(table.used, 0);
    h = add(6);
    ck_assert_uint_eq(h->client_isn | h->held_packets | h->tries, 0);
    tear_down();
}
END_TEST

START_TEST(handshake_same_hash_other_tuple_is_not_found)
{
    mpconn_tuple a = nth_tuple(2), b = nth_tuple(4);

    set_up(16);
    mpci_handshake *h = mpci_handshake_add(&table, 77, &a);
    ck_assert_ptr_null(mpci_handshake_find(&table, 77, &b));
    ck_assert_ptr_null(mpci_handshake_find(&table, UINT64_C(77) | UINT64_C(1) << 40, &a));
    mpci_handshake *i = mpci_handshake_add(&table, 77, &b);
    ck_assert_ptr_eq(mpci_handshake_find(&table, 77, &a), h);
    ck_assert_ptr_eq(mpci_handshake_find(&table, 77, &b), i);
    tear_down();
}
END_TEST

START_TEST(handshake_index_refuses_nothing_changes)
{
    set_up(16);
    for (uint32_t n = 0; n < MPCI_INDEX_CANDIDATES; n++) {
        mpconn_tuple t = nth_tuple(n);
        ck_assert_ptr_nonnull(mpci_handshake_add(&table, 77, &t));
    }
    mpconn_tuple t = nth_tuple(9);
    ck_assert_ptr_null(mpci_handshake_add(&table, 77, &t));
    ck_assert_uint_eq(table.used, MPCI_INDEX_CANDIDATES);
    ck_assert_uint_eq(table.unproved, MPCI_INDEX_CANDIDATES);
    for (uint32_t n = 100; n < 100 + 16 - MPCI_INDEX_CANDIDATES; n++)
        ck_assert_ptr_nonnull(add(n));
    tear_down();
}
END_TEST

/* The table is full of strangers: they are given up in the order they came, and who has proved
 * himself is not among them. */
START_TEST(E22_full_table_gives_up_the_longest_unproved_first)
{
    enum { CAPACITY = 64 };

    set_up(CAPACITY);
    for (uint32_t n = 0; n < CAPACITY; n++)
        ck_assert_ptr_nonnull(add(n));
    ck_assert_ptr_null(add(CAPACITY));
    for (uint32_t n = 0; n < CAPACITY; n += 3)
        mpci_handshake_proved(&table, find(n));
    uint32_t next = CAPACITY;
    for (uint32_t n = 0; n < CAPACITY; n++) {
        if (n % 3 == 0)
            continue;
        mpci_handshake *oldest = mpci_handshake_oldest_unproved(&table);
        ck_assert_ptr_eq(oldest, find(n));
        mpci_handshake_remove(&table, oldest);
        ck_assert_ptr_nonnull(add(next++));
    }
    ck_assert_ptr_eq(mpci_handshake_oldest_unproved(&table), find(CAPACITY));
    for (uint32_t n = 0; n < CAPACITY; n += 3)
        ck_assert_ptr_nonnull(find(n));
    tear_down();
}
END_TEST

/* No stranger left: nobody to give up, and the flood gets nothing. */
START_TEST(E22_all_proved_none_is_given_up)
{
    set_up(8);
    for (uint32_t n = 0; n < 8; n++)
        mpci_handshake_proved(&table, add(n));
    ck_assert_ptr_null(mpci_handshake_oldest_unproved(&table));
    ck_assert_uint_eq(table.unproved, 0);
    ck_assert_ptr_null(add(8));
    for (uint32_t n = 0; n < 8; n++)
        ck_assert_ptr_nonnull(find(n));
    tear_down();
}
END_TEST

/* A million SYNs through a full table: no allocation, no slot lost. */
START_TEST(E22_flood_through_a_full_table_takes_no_memory)
{
    failing_host counted = {0, 0, 0};
    unsigned refused = 0;

    host = alloc_from(&counted);
    ck_assert_int_eq(mpci_handshake_init(&table, &host, 100), 0);
    unsigned calls = counted.calls;
    for (uint32_t n = 0; n < 1000000; n++) {
        if (table.used == table.capacity)
            mpci_handshake_remove(&table, mpci_handshake_oldest_unproved(&table));
        refused += add(n) == NULL;
    }
    ck_assert_uint_eq(counted.calls, calls);
    ck_assert_uint_eq(refused, 0);
    ck_assert_uint_eq(table.used, 100);
    for (uint32_t n = 999900; n < 1000000; n++)
        ck_assert_ptr_nonnull(find(n));
    tear_down();
    ck_assert_uint_eq(counted.outstanding, 0);
}
END_TEST

START_TEST(handshake_proved_twice_changes_nothing)
{
    set_up(8);
    mpci_handshake *h = add(1);
    add(2);
    mpci_handshake_proved(&table, h);
    mpci_handshake_proved(&table, h);
    ck_assert_uint_eq(table.unproved, 1);
    ck_assert_ptr_eq(mpci_handshake_oldest_unproved(&table), find(2));
    tear_down();
}
END_TEST

START_TEST(handshake_earlier_of_two_deadlines_counts)
{
    set_up(8);
    mpci_handshake *h = add(1), *i = add(2);
    ck_assert_uint_eq(mpci_handshake_next_due(&table), MPCONN_TIME_NEVER);
    ck_assert_ptr_null(mpci_handshake_due(&table, MPCONN_TIME_NEVER - 1));
    mpci_handshake_set_timer(&table, h, 500);
    mpci_handshake_set_hold(&table, i, 400);
    mpci_handshake_set_hold(&table, h, 300);
    ck_assert_uint_eq(mpci_handshake_next_due(&table), 300);
    ck_assert_ptr_null(mpci_handshake_due(&table, 299));
    ck_assert_ptr_eq(mpci_handshake_due(&table, 300), h);
    mpci_handshake_set_hold(&table, h, MPCONN_TIME_NEVER);
    ck_assert_ptr_eq(mpci_handshake_due(&table, 1000), i);
    mpci_handshake_set_hold(&table, i, MPCONN_TIME_NEVER);
    ck_assert_ptr_eq(mpci_handshake_due(&table, 1000), h);
    mpci_handshake_set_timer(&table, h, MPCONN_TIME_NEVER);
    ck_assert_uint_eq(mpci_handshake_next_due(&table), MPCONN_TIME_NEVER);
    ck_assert_uint_eq(table.timed, 0);
    ck_assert_uint_eq(h->heap_at, MPCI_SLOT_NONE);
    tear_down();
}
END_TEST

START_TEST(handshake_deadlines_come_out_in_order)
{
    enum { CAPACITY = 1000 };
    seed_rng r = seed_start();
    mpconn_time last = 0;
    unsigned wrong = 0, seen = 0;

    set_up(CAPACITY);
    for (uint32_t n = 0; n < CAPACITY; n++)
        mpci_handshake_set_timer(&table, add(n), seed_below(&r, 300));
    for (mpci_handshake *h; (h = mpci_handshake_due(&table, 300)) != NULL; seen++) {
        wrong += h->timer_due < last || mpci_handshake_next_due(&table) != h->timer_due;
        last = h->timer_due;
        if (seen & 1)
            mpci_handshake_remove(&table, h);
        else
            mpci_handshake_set_timer(&table, h, MPCONN_TIME_NEVER);
    }
    ck_assert_uint_eq(wrong, 0);
    ck_assert_uint_eq(seen, CAPACITY);
    ck_assert_uint_eq(table.used, CAPACITY / 2);
    tear_down();
}
END_TEST

START_TEST(handshake_ids_are_never_used_twice_nor_those_of_flows)
{
    mpci_settled_table flows;
    uint64_t last = 0;
    uint32_t slot;
    mpconn_tuple t = nth_tuple(0);

    set_up(2);
    ck_assert_int_eq(mpci_settled_init(&flows, &host, 1, 0), 0);
    for (uint32_t n = 0; n < 1000; n++) {
        mpci_handshake *h = add(n);
        uint64_t id = mpci_handshake_id(&table, h);
        ck_assert_uint_gt(id, last);
        ck_assert_uint_ne(id >> 63, 0);
        last = id;
        ck_assert_int_eq(mpci_settled_add(&flows, 1, &t, 0, &slot), 0);
        ck_assert_uint_eq(mpci_settled_id(&flows, slot) >> 63, 0);
        ck_assert_uint_eq(mpci_settled_by_id(&flows, id), MPCI_SLOT_NONE);
        mpci_settled_remove(&flows, 1, slot);
        mpci_handshake_remove(&table, h);
    }
    mpci_settled_fini(&flows, &host);
    tear_down();
}
END_TEST

START_TEST(handshake_at_shows_used_slots_only)
{
    set_up(4);
    mpci_handshake *h = add(1);
    uint32_t seen = 0;
    for (uint32_t slot = 0; slot < 4; slot++)
        seen += mpci_handshake_at(&table, slot) != NULL;
    ck_assert_uint_eq(seen, 1);
    ck_assert_ptr_eq(mpci_handshake_at(&table, (uint32_t)(h - table.entries)), h);
    ck_assert_ptr_null(mpci_handshake_at(&table, 4));
    ck_assert_ptr_null(mpci_handshake_at(&table, MPCI_SLOT_NONE));
    mpci_handshake_remove(&table, h);
    ck_assert_ptr_null(mpci_handshake_at(&table, (uint32_t)(h - table.entries)));
    tear_down();
}
END_TEST

START_TEST(E39_handshake_nth_allocation_fails_leaves_nothing)
{
    unsigned n = 1;

    for (int err = MPCONN_ERR_NOMEM; err != 0; n++) {
        failing_host broken = {n, 0, 0};
        host = alloc_from(&broken);
        err = mpci_handshake_init(&table, &host, 1000);
        ck_assert(err == 0 || err == MPCONN_ERR_NOMEM);
        ck_assert(err == 0 || (broken.outstanding == 0 && host.bytes == 0));
        mpci_handshake_fini(&table, &host);
        ck_assert_uint_eq(broken.outstanding, 0);
        ck_assert_uint_eq(host.bytes, 0);
    }
    ck_assert_uint_eq(n - 2, 3); /* three allocations: three failures, then success */
}
END_TEST

START_TEST(handshake_capacity_out_of_range_is_refused)
{
    host = plain_alloc();
    ck_assert_int_eq(mpci_handshake_init(&table, &host, 0), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpci_handshake_init(&table, &host, UINT32_MAX), MPCONN_ERR_INVAL);
    ck_assert_uint_eq(host.bytes, 0);
}
END_TEST

/* The naive table: what is in, by tuple number, and when it came. */
enum { MODEL_TUPLES = 300, MODEL_CAPACITY = 128 };

typedef struct model_entry {
    mpci_handshake *h; /* NULL = not in */
    mpconn_time timer, hold;
    uint32_t came;
    int unproved;
} model_entry;

static model_entry model[MODEL_TUPLES];

static uint32_t count_model(void)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < MODEL_TUPLES; i++)
        n += model[i].h != NULL;
    return n;
}

static mpconn_time model_next_due(void)
{
    mpconn_time next = MPCONN_TIME_NEVER;

    for (uint32_t i = 0; i < MODEL_TUPLES; i++) {
        mpconn_time due = model[i].timer < model[i].hold ? model[i].timer : model[i].hold;
        if (model[i].h != NULL && due < next)
            next = due;
    }
    return next;
}

static mpci_handshake *model_oldest_unproved(void)
{
    const model_entry *oldest = NULL;

    for (uint32_t i = 0; i < MODEL_TUPLES; i++) {
        const model_entry *m = &model[i];
        if (m->h != NULL && m->unproved && (oldest == NULL || m->came < oldest->came))
            oldest = m;
    }
    return oldest != NULL ? oldest->h : NULL;
}

static unsigned step_model(seed_rng *r, uint32_t operation)
{
    uint32_t n = seed_below(r, MODEL_TUPLES);
    model_entry *m = &model[n];
    mpconn_time due = seed_below(r, 4) == 0 ? MPCONN_TIME_NEVER : seed_below(r, 1000);

    if (find(n) != m->h)
        return 1;
    if (m->h == NULL) {
        int full = count_model() == MODEL_CAPACITY;
        *m = (model_entry){add(n), MPCONN_TIME_NEVER, MPCONN_TIME_NEVER, operation, 1};
        return (m->h == NULL) != full;
    }
    switch (seed_below(r, 5)) {
    case 0:
        mpci_handshake_remove(&table, m->h);
        m->h = NULL;
        break;
    case 1:
        mpci_handshake_proved(&table, m->h);
        m->unproved = 0;
        break;
    case 2:
        mpci_handshake_set_hold(&table, m->h, m->hold = due);
        break;
    default:
        mpci_handshake_set_timer(&table, m->h, m->timer = due);
        break;
    }
    return 0;
}

static unsigned count_model_faults(mpconn_time now)
{
    mpconn_time next = model_next_due();
    mpci_handshake *due = mpci_handshake_due(&table, now);
    unsigned faults = 0;

    faults += mpci_handshake_next_due(&table) != next;
    faults += mpci_handshake_oldest_unproved(&table) != model_oldest_unproved();
    faults += (due != NULL) != (next <= now);
    faults += due != NULL && mpci_heap_deadline(due) != next;
    faults += table.used != count_model();
    for (uint32_t place = 0; place < table.timed; place++)
        faults += table.entries[table.heap[place]].heap_at != place;
    return faults;
}

START_TEST(handshake_random_operations_match_model)
{
    seed_rng r = seed_start();
    unsigned faults = 0;

    memset(model, 0, sizeof(model));
    set_up(MODEL_CAPACITY);
    for (uint32_t operation = 0; operation < 100000 && faults == 0; operation++) {
        faults += step_model(&r, operation);
        faults += count_model_faults(seed_below(&r, 1000));
        if (faults != 0)
            ck_abort_msg("operation %u", operation);
    }
    tear_down();
}
END_TEST

int main(void)
{
    return CHECK_MAIN(
        "handshake", handshake_added_is_found_and_clean,
        handshake_same_hash_other_tuple_is_not_found, handshake_index_refuses_nothing_changes,
        E22_full_table_gives_up_the_longest_unproved_first, E22_all_proved_none_is_given_up,
        E22_flood_through_a_full_table_takes_no_memory, handshake_proved_twice_changes_nothing,
        handshake_earlier_of_two_deadlines_counts, handshake_deadlines_come_out_in_order,
        handshake_ids_are_never_used_twice_nor_those_of_flows, handshake_at_shows_used_slots_only,
        E39_handshake_nth_allocation_fails_leaves_nothing,
        handshake_capacity_out_of_range_is_refused, handshake_random_operations_match_model);
}
