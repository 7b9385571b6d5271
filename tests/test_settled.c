/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_main.h"

#include <mpconn/error.h>
#include <stdio.h>
#include <string.h>

#include "conn/offers.h"
#include "table/settled.h"
#include "table_support.h"

static const mpci_sipkey key = {{3, 4}};
static mpci_alloc host;
static mpci_settled_table table;

static void set_up(uint32_t narrow, uint32_t wide)
{
    host = plain_alloc();
    ck_assert_int_eq(mpci_settled_init(&table, &host, narrow, wide), 0);
}

static void tear_down(void)
{
    mpci_settled_fini(&table, &host);
    ck_assert_uint_eq(host.bytes, 0);
}

static uint64_t hash_of(const mpconn_tuple *t)
{
    return mpci_tuple_hash(&key, t);
}

static mpconn_tuple four(uint32_t n)
{
    return tuple_ipv4(n, 1, 40000, 443);
}

static mpconn_tuple six(uint32_t n)
{
    return tuple_ipv6(n, 1, 40000, 443);
}

/* The slot, or MPCI_SLOT_NONE. */
static uint32_t add(mpconn_tuple t)
{
    uint32_t slot = 12345;
    int err = mpci_settled_add(&table, hash_of(&t), &t, 0, &slot);

    HOLDS(err == 0 || (err == MPCONN_ERR_LIMIT && slot == 12345));
    return err == 0 ? slot : MPCI_SLOT_NONE;
}

static uint32_t find(mpconn_tuple t)
{
    return mpci_settled_find(&table, hash_of(&t), &t);
}

static void drop(mpconn_tuple t)
{
    mpci_settled_remove(&table, hash_of(&t), find(t));
}

START_TEST(settled_added_is_found_with_its_tuple)
{
    mpconn_tuple out, t = four(7), s = six(7);

    t.zone = s.zone = 99;
    set_up(4, 4);
    uint32_t narrow = add(t), wide = add(s);
    ck_assert_uint_eq(narrow & MPCI_SLOT_WIDE, 0);
    ck_assert_uint_eq(wide & MPCI_SLOT_WIDE, MPCI_SLOT_WIDE);
    ck_assert_uint_eq(find(t), narrow);
    ck_assert_uint_eq(find(s), wide);
    ck_assert_uint_eq(find(four(7)), MPCI_SLOT_NONE); /* zone 0 */
    ck_assert_uint_eq(find(six(8)), MPCI_SLOT_NONE);
    mpci_settled_tuple(&table, narrow, &out);
    ck_assert_mem_eq(&out, &t, sizeof(t));
    mpci_settled_tuple(&table, wide, &out);
    ck_assert_mem_eq(&out, &s, sizeof(s));
    tear_down();
}
END_TEST

START_TEST(settled_lines_are_aligned_to_cache_lines)
{
    set_up(5, 5);
    ck_assert_uint_eq((uintptr_t)mpci_settled_at(&table, 0) % 64, 0);
    ck_assert_uint_eq((uintptr_t)mpci_settled_at(&table, MPCI_SLOT_WIDE) % 128, 0);
    ck_assert_uint_eq((uintptr_t)table.index.buckets % 64, 0);
    tear_down();
}
END_TEST

START_TEST(settled_new_entry_is_clean)
{
    mpci_settled expected;

    for (unsigned round = 0; round < 2; round++) {
        set_up(1, 1);
        for (uint32_t uses = 1; uses <= 3; uses++) {
            mpconn_tuple t = round == 0 ? four(7) : six(7);
            uint32_t slot = add(t);
            mpci_settled *e = mpci_settled_at(&table, slot);
            memset(&expected, 0, sizeof(expected));
            memcpy(expected.addr, e->addr, sizeof(expected.addr));
            expected.client_port = 40000;
            expected.server_port = 443;
            expected.use = uses << MPCI_SETTLED_USE_SHIFT | MPCI_SETTLED_IN_USE;
            if (round == 1)
                expected.use |= MPCI_SETTLED_IPV6;
            ck_assert_mem_eq(e, &expected, sizeof(*e));
            uint32_t use = e->use | MPCI_SETTLED_SPLIT | MPCI_SETTLED_CONFIRMING;
            memset(&e->hs, 0xff, sizeof(*e) - offsetof(mpci_settled, hs));
            e->use = use;
            mpci_settled_remove(&table, hash_of(&t), slot);
            ck_assert_uint_eq(mpci_settled_flags(e), 0);
        }
        tear_down();
    }
}
END_TEST

/* Each member of the key differs alone; all have the same hash, so only the comparison tells. */
START_TEST(settled_same_hash_other_tuple_is_told_apart)
{
    const uint64_t hash = UINT64_C(0x123456789abcdef0);
    mpconn_tuple base[2] = {four(7), six(7)};
    uint32_t slot;

    for (unsigned wide = 0; wide < 2; wide++) {
        unsigned confused = 0;
        set_up(2, 2);
        ck_assert_int_eq(mpci_settled_add(&table, hash, &base[wide], 0, &slot), 0);
        ck_assert_uint_eq(mpci_settled_find(&table, hash, &base[wide]), slot);
        for (unsigned byte = 0; byte < offsetof(mpconn_tuple, reserved); byte++) {
            mpconn_tuple other = base[wide];
            if (!wide && byte < 32 && byte % 16 >= 4)
                continue;
            ((uint8_t *)&other)[byte] ^= byte == offsetof(mpconn_tuple, family) ? 2 : 1;
            confused += mpci_settled_find(&table, hash, &other) != MPCI_SLOT_NONE;
        }
        ck_assert_uint_eq(confused, 0);
        tear_down();
    }
}
END_TEST

/* The first line of a wide flow begins with the hash where a narrow one has addresses. */
START_TEST(settled_wide_flow_is_not_taken_for_a_narrow_one)
{
    const uint64_t hash = UINT64_C(0x12340000c6336414);
    mpconn_tuple s = six(7), t = tuple_ipv4(0xc6336414, 0, 40000, 443);
    uint32_t wide, narrow;

    set_up(0, 4);
    ck_assert_int_eq(mpci_settled_add(&table, hash, &s, 0, &wide), 0);
    ck_assert_uint_eq(mpci_settled_find(&table, hash, &t), MPCI_SLOT_NONE);
    ck_assert_int_eq(mpci_settled_add(&table, hash, &t, 0, &narrow), 0);
    ck_assert_uint_eq(mpci_settled_find(&table, hash, &t), narrow);
    ck_assert_uint_eq(mpci_settled_find(&table, hash, &s), wide);
    tear_down();
}
END_TEST

START_TEST(settled_wide_same_low_half_of_hash_compares_addresses)
{
    mpconn_tuple a = six(7), b = six(8);
    uint32_t slot;

    set_up(0, 4);
    ck_assert_int_eq(mpci_settled_add(&table, 77, &a, 0, &slot), 0);
    ck_assert_uint_eq(mpci_settled_find(&table, 77, &b), MPCI_SLOT_NONE);
    ck_assert_uint_eq(mpci_settled_pick(&table, &slot, 1, 78, &a), MPCI_SLOT_NONE);
    ck_assert_uint_eq(mpci_settled_pick(&table, &slot, 1, 77, &a), slot);
    tear_down();
}
END_TEST

START_TEST(settled_narrow_full_takes_wide)
{
    mpconn_tuple out, t = four(3);

    set_up(2, 2);
    ck_assert_uint_eq(add(four(1)) & MPCI_SLOT_WIDE, 0);
    ck_assert_uint_eq(add(four(2)) & MPCI_SLOT_WIDE, 0);
    uint32_t slot = add(t);
    ck_assert_uint_eq(slot & MPCI_SLOT_WIDE, MPCI_SLOT_WIDE);
    ck_assert_uint_ne(slot, MPCI_SLOT_NONE);
    ck_assert_uint_eq(find(t), slot);
    mpci_settled_tuple(&table, slot, &out);
    ck_assert_mem_eq(&out, &t, sizeof(t));
    ck_assert_uint_ne(add(six(4)), MPCI_SLOT_NONE);
    ck_assert_uint_eq(add(six(5)), MPCI_SLOT_NONE);
    ck_assert_uint_eq(add(four(5)), MPCI_SLOT_NONE);
    ck_assert_uint_eq(table.pool[0].used, 2);
    ck_assert_uint_eq(table.pool[1].used, 2);
    drop(t);
    ck_assert_uint_eq(add(six(5)), slot);
    drop(four(1));
    ck_assert_uint_eq(add(six(6)), MPCI_SLOT_NONE); /* a narrow slot is no help */
    ck_assert_uint_eq(add(four(6)) & MPCI_SLOT_WIDE, 0);
    tear_down();
}
END_TEST

START_TEST(settled_index_refuses_nothing_changes)
{
    uint32_t slot = 12345;

    set_up(16, 16);
    for (uint32_t n = 0; n < MPCI_INDEX_CANDIDATES; n++) {
        mpconn_tuple t = four(n);
        ck_assert_int_eq(mpci_settled_add(&table, 77, &t, 0, &slot), 0);
    }
    mpconn_tuple t = four(9);
    slot = 12345;
    ck_assert_int_eq(mpci_settled_add(&table, 77, &t, 0, &slot), MPCONN_ERR_LIMIT);
    ck_assert_uint_eq(slot, 12345);
    ck_assert_uint_eq(table.pool[0].used, MPCI_INDEX_CANDIDATES);
    for (uint32_t n = 100; n < 100 + 16 - MPCI_INDEX_CANDIDATES; n++)
        ck_assert_uint_eq(add(four(n)) & MPCI_SLOT_WIDE, 0);
    tear_down();
}
END_TEST

START_TEST(settled_remove_with_wrong_hash_changes_nothing)
{
    mpconn_tuple t = four(1);

    set_up(2, 0);
    uint32_t slot = add(t);
    mpci_settled_remove(&table, ~hash_of(&t), slot);
    ck_assert_uint_eq(find(t), slot);
    drop(t);
    mpci_settled_remove(&table, hash_of(&t), slot);
    ck_assert_uint_eq(table.pool[0].used, 0);
    ck_assert_uint_ne(add(four(1)), add(four(2)));
    tear_down();
}
END_TEST

START_TEST(settled_slots_are_reused_in_the_order_they_were_freed)
{
    uint32_t slot[6];

    set_up(6, 0);
    for (uint32_t n = 0; n < 4; n++)
        slot[n] = add(four(n));
    drop(four(2));
    drop(four(0));
    drop(four(3));
    slot[4] = add(four(10)); /* never used before */
    slot[5] = add(four(11));
    for (uint32_t n = 0; n < 4; n++)
        ck_assert(slot[n] != slot[4] && slot[n] != slot[5]);
    ck_assert_uint_eq(add(four(12)), slot[2]);
    ck_assert_uint_eq(add(four(13)), slot[0]);
    ck_assert_uint_eq(add(four(14)), slot[3]);
    ck_assert_uint_eq(add(four(15)), MPCI_SLOT_NONE);
    tear_down();
}
END_TEST

START_TEST(settled_ids_name_one_life)
{
    uint64_t ids[300];
    unsigned wrong = 0;

    set_up(3, 2);
    for (unsigned i = 0; i < 300; i++) {
        mpconn_tuple t = i % 3 == 0 ? six(i) : four(i);
        uint32_t slot = add(t);
        ids[i] = mpci_settled_id(&table, slot);
        wrong += ids[i] == 0 || mpci_settled_by_id(&table, ids[i]) != slot;
        for (unsigned j = 0; j < i; j++)
            wrong += mpci_settled_by_id(&table, ids[j]) != MPCI_SLOT_NONE || ids[j] == ids[i];
        drop(t);
        wrong += mpci_settled_by_id(&table, ids[i]) != MPCI_SLOT_NONE;
    }
    ck_assert_uint_eq(wrong, 0);
    ck_assert_uint_eq(mpci_settled_by_id(&table, 0), MPCI_SLOT_NONE);
    ck_assert_uint_eq(mpci_settled_by_id(&table, UINT64_MAX), MPCI_SLOT_NONE);
    ck_assert_uint_eq(mpci_settled_by_id(&table, 3), MPCI_SLOT_NONE); /* past the last slot */
    ck_assert_uint_eq(mpci_settled_by_id(&table, MPCI_SLOT_WIDE | 2), MPCI_SLOT_NONE);
    tear_down();
}
END_TEST

START_TEST(settled_worn_out_slot_retires)
{
    set_up(2, 1);
    mpci_settled_at(&table, 0)->use = (MPCI_SETTLED_LAST_USE - 2) << MPCI_SETTLED_USE_SHIFT;
    mpci_settled_at(&table, MPCI_SLOT_WIDE)->use = (MPCI_SETTLED_LAST_USE - 1)
                                                   << MPCI_SETTLED_USE_SHIFT;
    for (unsigned uses = 0; uses < 2; uses++) {
        ck_assert_uint_eq(add(four(1)), 0);
        ck_assert_uint_eq(add(four(2)), 1);
        ck_assert_uint_eq(mpci_settled_by_id(&table, mpci_settled_id(&table, 0)), 0);
        drop(four(1));
        drop(four(2));
    }
    ck_assert_uint_eq(mpci_settled_at(&table, 0)->use,
                      MPCI_SETTLED_LAST_USE << MPCI_SETTLED_USE_SHIFT);
    for (unsigned uses = 0; uses < 5; uses++) {
        ck_assert_uint_eq(add(four(1)), 1);
        drop(four(1));
    }
    ck_assert_uint_eq(add(six(3)), MPCI_SLOT_WIDE);
    ck_assert_uint_eq(mpci_settled_id(&table, MPCI_SLOT_WIDE) >> 32, MPCI_SETTLED_LAST_USE);
    drop(six(3));
    ck_assert_uint_eq(add(six(3)), MPCI_SLOT_NONE);
    ck_assert_uint_eq(table.pool[0].used + table.pool[1].used, 0);
    for (uint32_t line = 0; line < mpci_settled_lines(&table); line++)
        ck_assert_uint_eq(mpci_settled_line(&table, line), MPCI_SLOT_NONE);
    tear_down();
}
END_TEST

START_TEST(settled_sweep_sees_each_flow_once)
{
    uint32_t seen = 0, slots = 0;

    set_up(20, 10);
    for (uint32_t n = 0; n < 9; n++) {
        add(six(n));
        add(four(n));
    }
    drop(four(3));
    drop(six(5));
    ck_assert_uint_eq(mpci_settled_lines(&table), 30);
    for (uint32_t line = 0; line < 30; line++) {
        uint32_t slot = mpci_settled_line(&table, line);
        if (slot == MPCI_SLOT_NONE)
            continue;
        mpconn_tuple t;
        mpci_settled_tuple(&table, slot, &t);
        seen += find(t) == slot;
        slots++;
    }
    ck_assert_uint_eq(slots, 16);
    ck_assert_uint_eq(seen, 16);
    ck_assert_uint_eq(mpci_settled_line(&table, 30), MPCI_SLOT_NONE);
    ck_assert_uint_eq(mpci_settled_line(&table, UINT32_MAX), MPCI_SLOT_NONE);
    tear_down();
}
END_TEST

START_TEST(settled_delta_is_complete)
{
    const mpci_offers offers = {.wscale_client = 3, .wscale_proxy = 7, .sack = 1, .timestamps = 1};
    const mpci_server_options options = {.wscale = 9, .timestamps = 1};
    mpconn_delta d, expected;

    set_up(1, 0);
    mpci_settled *e = mpci_settled_at(&table, add(four(1)));
    e->hs = mpci_offers_pack(&offers);
    e->server_options = mpci_server_options_pack(&options);
    e->client_isn = 0x11111111;
    e->seq_offset = 0x20;
    e->ts_offset = 0x7fff2000;
    e->generation = 5;
    mpci_settled_delta(e, &d); /* not split: the endpoints agreed between themselves */
    ck_assert_int_eq(d.flags, 0);
    ck_assert_int_eq(d.wscale_in[0] + d.wscale_out[0] + d.wscale_in[1] + d.wscale_out[1], 0);
    e->use |= MPCI_SETTLED_SPLIT;
    memset(&d, 0xee, sizeof(d));
    memset(&expected, 0xee, sizeof(expected));
    expected.client_isn = 0x11111111;
    expected.generation = 5;
    expected.known = MPCONN_DELTA_K_ALL;
    expected.flags = MPCONN_DELTA_F_STRIP_SACK_TO_SERVER;
    expected.seq[0] = expected.ts[0] = 0;
    expected.seq[1] = 0x20;
    expected.ts[1] = 0x7fff2000;
    expected.wscale_in[0] = expected.wscale_out[0] = 3;
    expected.wscale_in[1] = 9;
    expected.wscale_out[1] = 7;
    memset(expected.reserved, 0, sizeof(expected.reserved));
    mpci_settled_delta(e, &d);
    ck_assert_mem_eq(&d, &expected, sizeof(d));
    e->state = MPCONN_FLOW_CLOSED | MPCI_LIFE_FIN_CLIENT << 3;
    mpci_settled_delta(e, &d);
    ck_assert_uint_eq(d.flags, MPCONN_DELTA_F_STRIP_SACK_TO_SERVER | MPCONN_DELTA_F_CLOSED);
    tear_down();
}
END_TEST

START_TEST(settled_track_comes_back_as_stored)
{
    set_up(1, 0);
    mpci_settled *e = mpci_settled_at(&table, add(four(1)));
    mpci_settled before = *e;
    for (unsigned state = 0; state <= MPCONN_FLOW_CLOSED; state++) {
        for (unsigned life = 0; life < 32; life++) {
            const mpci_track in = {.dir = {{1, 2}, {3, 4}},
                                   .max_window = {5, 6},
                                   .state = (uint8_t)state,
                                   .life = (uint8_t)life};
            mpci_track out;
            memset(&out, 0xee, sizeof(out));
            mpci_settled_track_store(e, &in);
            mpci_settled_track_load(e, &out);
            ck_assert_mem_eq(&out, &in, offsetof(mpci_track, life) + 1);
        }
    }
    memcpy(before.dir, e->dir, sizeof(before.dir));
    memcpy(before.max_window, e->max_window, sizeof(before.max_window));
    before.state = e->state;
    ck_assert_mem_eq(&before, e, sizeof(before));
    tear_down();
}
END_TEST

START_TEST(E39_settled_nth_allocation_fails_leaves_nothing)
{
    unsigned n = 1;

    for (int err = MPCONN_ERR_NOMEM; err != 0; n++) {
        failing_host broken = {n, 0, 0};
        host = alloc_from(&broken);
        err = mpci_settled_init(&table, &host, 100, 50);
        ck_assert(err == 0 || err == MPCONN_ERR_NOMEM);
        ck_assert(err == 0 || (broken.outstanding == 0 && host.bytes == 0));
        mpci_settled_fini(&table, &host);
        ck_assert_uint_eq(broken.outstanding, 0);
        ck_assert_uint_eq(host.bytes, 0);
    }
    ck_assert_uint_eq(n - 2, 3); /* three allocations: three failures, then success */
}
END_TEST

START_TEST(settled_capacities_at_their_ends)
{
    set_up(0, 0);
    ck_assert_uint_eq(add(four(1)), MPCI_SLOT_NONE);
    ck_assert_uint_eq(add(six(1)), MPCI_SLOT_NONE);
    ck_assert_uint_eq(find(four(1)), MPCI_SLOT_NONE);
    ck_assert_uint_eq(mpci_settled_line(&table, 0), MPCI_SLOT_NONE);
    tear_down();
    ck_assert_int_eq(mpci_settled_init(&table, &host, MPCI_SLOT_WIDE, 1), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpci_settled_init(&table, &host, 1, MPCI_SLOT_WIDE), MPCONN_ERR_INVAL);
    ck_assert_uint_eq(host.bytes, 0);
}
END_TEST

/* MOONSHOT 5: line and index, filled to the last slot. */
START_TEST(settled_ipv4_connection_takes_at_most_80_bytes)
{
    static const uint32_t capacities[] = {1000, 10000, 65536, 65537, 100000, 131072, 200000};

    for (size_t c = 0; c < sizeof(capacities) / sizeof(capacities[0]); c++) {
        uint32_t missing = 0;
        set_up(capacities[c], 0);
        for (uint32_t n = 0; n < capacities[c]; n++) {
            mpconn_tuple t = four(n);
            uint32_t slot;
            missing += mpci_settled_add(&table, hash_of(&t), &t, 0, &slot) != 0;
        }
        for (uint32_t n = 0; n < capacities[c]; n++)
            missing += find(four(n)) == MPCI_SLOT_NONE;
        double each = (double)(host.bytes + sizeof(table)) / capacities[c];
        printf("%u flows: %.1f bytes each\n", capacities[c], each);
        ck_assert_uint_eq(missing, 0);
        ck_assert_double_le(each, 80.0);
        tear_down();
    }
}
END_TEST

START_TEST(settled_ipv6_connection_takes_at_most_144_bytes)
{
    set_up(0, 10000);
    ck_assert_double_le((double)(host.bytes + sizeof(table)) / 10000, 144.0);
    tear_down();
}
END_TEST

/* Tuples in the order a stranger would try them: a bucket holds ten whatever comes, and with a
 * keyed hash no more of them have to stand in their other bucket than of random keys (1.3 %). */
START_TEST(E40_chosen_tuples_fill_the_table_to_capacity)
{
    enum { CAPACITY = 60000 };

    for (unsigned family = 0; family < 4; family++) {
        uint32_t refused = 0, spilled = 0;
        set_up(CAPACITY, CAPACITY / 2);
        for (uint32_t n = 0; n < CAPACITY; n++) {
            mpconn_tuple t = family == 0   ? tuple_ipv4(1, 2, n, 443)
                             : family == 1 ? tuple_ipv4(n, ~n, 1, 443)
                             : family == 2 ? tuple_ipv4(n << 16, 2, 65535 - n, n)
                             : n % 2 == 0  ? tuple_ipv6(n, 2, 1, 443)
                                           : tuple_ipv4(n << 8, 2, 1, 443);
            refused += add(t) == MPCI_SLOT_NONE;
        }
        for (uint32_t at = 0; at < table.index.n_buckets; at++)
            spilled += table.index.buckets[at].spilled;
        ck_assert_msg(refused == 0 && spilled < CAPACITY * 2 / 100,
                      "family %u: %u refused, %u spilled", family, refused, spilled);
        tear_down();
    }
}
END_TEST

/* Flows are never given up for new ones: full is full, and those that are in stay. */
START_TEST(E22_full_table_keeps_what_it_has)
{
    uint32_t refused = 0, lost = 0;

    set_up(1000, 100);
    for (uint32_t n = 0; n < 100000; n++)
        refused += add(n % 7 == 0 ? six(n) : four(n)) == MPCI_SLOT_NONE;
    ck_assert_uint_eq(refused, 100000 - 1100);
    for (uint32_t n = 0; n < 700; n++)
        lost += find(n % 7 == 0 ? six(n) : four(n)) == MPCI_SLOT_NONE;
    ck_assert_uint_eq(lost, 0);
    tear_down();
}
END_TEST

int main(void)
{
    return CHECK_MAIN(
        "settled", settled_added_is_found_with_its_tuple, settled_lines_are_aligned_to_cache_lines,
        settled_new_entry_is_clean, settled_same_hash_other_tuple_is_told_apart,
        settled_wide_flow_is_not_taken_for_a_narrow_one,
        settled_wide_same_low_half_of_hash_compares_addresses, settled_narrow_full_takes_wide,
        settled_index_refuses_nothing_changes, settled_remove_with_wrong_hash_changes_nothing,
        settled_slots_are_reused_in_the_order_they_were_freed, settled_ids_name_one_life,
        settled_worn_out_slot_retires, settled_sweep_sees_each_flow_once,
        settled_delta_is_complete, settled_track_comes_back_as_stored,
        E39_settled_nth_allocation_fails_leaves_nothing, settled_capacities_at_their_ends,
        settled_ipv4_connection_takes_at_most_80_bytes,
        settled_ipv6_connection_takes_at_most_144_bytes, E22_full_table_keeps_what_it_has,
        E40_chosen_tuples_fill_the_table_to_capacity);
}
