/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The laws of merging, on facts from a universe so small that incarnations
 * meet and write-once members contradict each other all the time.
 */
#include "check_main.h"
#include "seed.h"

#include <mpconn/delta.h>
#include <mpconn/error.h>
#include <string.h>

enum { ROUNDS = 20000 };

/* Mostly small numbers, now and then those at the edge of signed and serial order. */
static uint32_t number_from(seed_rng *rng)
{
    static const uint32_t values[] = {0, 1, 0x100, 0x7fffffff, 0x80000000, 0xffffffff};

    return values[seed_below(rng, sizeof values / sizeof values[0])];
}

static mpconn_tuple tuple_from(seed_rng *rng)
{
    mpconn_tuple t;

    memset(&t, 0, sizeof t);
    t.client.bytes[seed_below(rng, 4)] = (uint8_t)seed_below(rng, 2);
    t.server.bytes[seed_below(rng, 16)] = (uint8_t)seed_below(rng, 2);
    t.client_port = seed_below(rng, 2) ? 0x0100 : 0x00ff;
    t.server_port = (uint16_t)seed_below(rng, 2);
    t.zone = (uint16_t)seed_below(rng, 2);
    t.family = seed_below(rng, 2) ? MPCONN_FAMILY_IPV4 : MPCONN_FAMILY_IPV6;
    return t;
}

/* Whatever a host could hand in; members that are not known are rubbish. */
static mpconn_delta any_fact(seed_rng *rng)
{
    mpconn_delta d;

    memset(&d, 0, sizeof d);
    d.client_isn = number_from(rng) & 1;
    d.generation = (uint16_t)(seed_below(rng, 8) == 0 ? 0xffff : 7);
    d.known = (uint8_t)seed_below(rng, 16);
    d.flags = (uint8_t)seed_below(rng, 64);
    for (unsigned i = 0; i < 2; i++) {
        d.seq[i] = number_from(rng);
        d.ts[i] = number_from(rng);
        d.wscale_in[i] = (uint8_t)seed_below(rng, 2);
        d.wscale_out[i] = (uint8_t)seed_below(rng, 2);
        d.tuple[i] = tuple_from(rng);
    }
    return d;
}

static mpconn_delta merged(mpconn_delta a, mpconn_delta b)
{
    int status = mpconn_delta_merge(&a, &b);

    HOLDS(status == MPCONN_OK || status == MPCONN_ERR_CONFLICT);
    return a;
}

static mpconn_delta nothing(void)
{
    mpconn_delta d;

    memset(&d, 0, sizeof d);
    return d;
}

static void assert_same(const mpconn_delta *a, const mpconn_delta *b)
{
    if (memcmp(a, b, sizeof *a) != 0)
        ck_assert_mem_eq(a, b, sizeof *a);
}

START_TEST(merge_in_either_order_is_the_same)
{
    seed_rng rng = seed_start();
    unsigned conflicts = 0;

    for (unsigned i = 0; i < ROUNDS; i++) {
        mpconn_delta a = any_fact(&rng), b = any_fact(&rng);
        mpconn_delta ab = a, ba = b;
        int status = mpconn_delta_merge(&ab, &b);

        HOLDS(mpconn_delta_merge(&ba, &a) == status);
        assert_same(&ab, &ba);
        conflicts += status == MPCONN_ERR_CONFLICT;
    }
    ck_assert_uint_gt(conflicts, ROUNDS / 10);
}
END_TEST

START_TEST(merge_in_any_grouping_is_the_same)
{
    seed_rng rng = seed_start();

    for (unsigned i = 0; i < ROUNDS; i++) {
        mpconn_delta a = any_fact(&rng), b = any_fact(&rng), c = any_fact(&rng);
        mpconn_delta left = merged(merged(a, b), c), right = merged(a, merged(b, c));

        assert_same(&left, &right);
    }
}
END_TEST

START_TEST(merge_of_what_is_known_already_changes_nothing)
{
    seed_rng rng = seed_start();

    for (unsigned i = 0; i < ROUNDS; i++) {
        mpconn_delta a = any_fact(&rng), b = any_fact(&rng);
        mpconn_delta both = merged(a, b), again;

        again = both;
        HOLDS(mpconn_delta_merge(&again, &both) == MPCONN_OK);
        assert_same(&again, &both);
        again = merged(merged(both, a), b);
        assert_same(&again, &both);
    }
}
END_TEST

START_TEST(merge_of_many_facts_in_any_order_with_repeats_is_the_same)
{
    seed_rng rng = seed_start();

    for (unsigned i = 0; i < ROUNDS / 20; i++) {
        mpconn_delta facts[8], expected = nothing();

        for (unsigned k = 0; k < 8; k++) {
            facts[k] = any_fact(&rng);
            expected = merged(expected, facts[k]);
        }
        for (unsigned order = 0; order < 4; order++) {
            mpconn_delta got = nothing();

            for (unsigned k = 0; k < 32; k++)
                got = merged(got, facts[seed_below(&rng, 8)]);
            for (unsigned k = 0, first = seed_below(&rng, 8); k < 8; k++)
                got = merged(got, facts[(first + 3 * k) % 8]);
            assert_same(&got, &expected);
        }
    }
}
END_TEST

START_TEST(delta_of_zeros_is_neutral)
{
    seed_rng rng = seed_start();

    for (unsigned i = 0; i < ROUNDS; i++) {
        mpconn_delta zero = nothing(), a = any_fact(&rng), own, before;

        before = merged(a, a);
        own = merged(a, zero);
        assert_same(&own, &before);
        own = merged(zero, a);
        assert_same(&own, &before);
    }
}
END_TEST

static mpconn_delta complete(void)
{
    mpconn_delta d;

    memset(&d, 0, sizeof d);
    d.client_isn = 0x11111111;
    d.generation = 3;
    d.known = MPCONN_DELTA_K_ALL;
    d.flags = MPCONN_DELTA_F_TUPLE | MPCONN_DELTA_F_STRIP_TS_TO_CLIENT;
    d.seq[MPCONN_SIDE_SERVER] = 0x20;
    d.ts[MPCONN_SIDE_SERVER] = 0x7fff2000;
    d.wscale_in[MPCONN_SIDE_SERVER] = 7;
    d.tuple[0].family = d.tuple[1].family = MPCONN_FAMILY_IPV4;
    d.tuple[0].client_port = 1;
    d.tuple[1].client_port = 2;
    return d;
}

START_TEST(parts_of_one_incarnation_make_the_whole)
{
    mpconn_delta whole = complete(), got = nothing();

    got.client_isn = whole.client_isn;
    got.generation = whole.generation;
    for (unsigned group = 1; group <= MPCONN_DELTA_K_TUPLE; group <<= 1) {
        mpconn_delta part = whole;

        part.known = (uint8_t)group;
        ck_assert_int_eq(mpconn_delta_merge(&got, &part), MPCONN_OK);
    }
    assert_same(&got, &whole);
}
END_TEST

START_TEST(later_incarnation_is_kept_whole)
{
    mpconn_delta old = complete(), young = nothing(), got;

    old.flags |= MPCONN_DELTA_F_CLOSED;
    young.generation = (uint16_t)(old.generation + 1);
    young.client_isn = 5;
    young.known = MPCONN_DELTA_K_TS;
    young.ts[0] = 1;
    got = merged(old, young);
    assert_same(&got, &young);
    got = merged(young, old);
    assert_same(&got, &young);
}
END_TEST

/* In serial order 0 is above 0xffffffff and 0x80000000 is neither above nor below 0. */
START_TEST(incarnations_of_one_generation_are_ordered_as_plain_numbers)
{
    static const uint32_t ascending[] = {0, 1, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};
    const unsigned n = sizeof ascending / sizeof ascending[0];

    for (unsigned i = 0; i < n; i++) {
        for (unsigned k = 0; k < n; k++) {
            mpconn_delta a = nothing(), b = nothing(), got;

            a.client_isn = ascending[i];
            b.client_isn = ascending[k];
            got = merged(a, b);
            ck_assert_uint_eq(got.client_isn, ascending[i > k ? i : k]);
        }
    }
}
END_TEST

START_TEST(closed_once_stays_closed)
{
    mpconn_delta open = complete(), closed = complete(), got;

    closed.flags |= MPCONN_DELTA_F_CLOSED;
    got = merged(open, closed);
    assert_same(&got, &closed);
    ck_assert_int_eq(mpconn_delta_merge(&got, &open), MPCONN_OK);
    assert_same(&got, &closed);
}
END_TEST

/* A winner picked by comparing memory would depend on the byte order of the member. */
START_TEST(conflict_is_reported_and_the_smaller_number_stays)
{
    mpconn_delta a = complete(), b = complete(), got;

    a.seq[MPCONN_SIDE_SERVER] = 0x00000100;
    b.seq[MPCONN_SIDE_SERVER] = 0x00000001;
    got = a;
    ck_assert_int_eq(mpconn_delta_merge(&got, &b), MPCONN_ERR_CONFLICT);
    ck_assert_uint_eq(got.seq[MPCONN_SIDE_SERVER], 1);
    got = b;
    ck_assert_int_eq(mpconn_delta_merge(&got, &a), MPCONN_ERR_CONFLICT);
    ck_assert_uint_eq(got.seq[MPCONN_SIDE_SERVER], 1);
}
END_TEST

START_TEST(conflict_in_each_group_is_reported)
{
    mpconn_delta base = complete(), other[8];

    for (unsigned i = 0; i < 8; i++)
        other[i] = base;
    other[0].seq[0]++;
    other[1].ts[1]++;
    other[2].wscale_in[0]++;
    other[3].wscale_out[1]++;
    other[4].flags |= MPCONN_DELTA_F_STRIP_SACK_TO_SERVER;
    other[5].flags &= (uint8_t)~MPCONN_DELTA_F_TUPLE;
    other[6].tuple[0].server.bytes[15] = 1;
    other[7].tuple[1].zone = 9;
    for (unsigned i = 0; i < 8; i++) {
        mpconn_delta got = base;

        ck_assert_int_eq(mpconn_delta_merge(&got, &other[i]), MPCONN_ERR_CONFLICT);
    }
}
END_TEST

START_TEST(what_is_reserved_is_zero_after_a_merge)
{
    static const uint8_t zeros[sizeof(((mpconn_delta *)0)->reserved)];
    mpconn_delta into, from;

    memset(&into, 0, sizeof into);
    memset(into.reserved, 0xff, sizeof into.reserved);
    from = into;
    from.generation = 1;
    ck_assert_int_eq(mpconn_delta_merge(&into, &from), MPCONN_OK);
    ck_assert_mem_eq(into.reserved, zeros, sizeof zeros);
}
END_TEST

START_TEST(null_is_refused_and_changes_nothing)
{
    mpconn_delta d = complete(), before = d;

    ck_assert_int_eq(mpconn_delta_merge(NULL, &d), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_delta_merge(&d, NULL), MPCONN_ERR_INVAL);
    assert_same(&d, &before);
}
END_TEST

START_TEST(delta_merged_with_itself_in_place_stays)
{
    mpconn_delta d = complete(), before = d;

    ck_assert_int_eq(mpconn_delta_merge(&d, &d), MPCONN_OK);
    assert_same(&d, &before);
}
END_TEST

int main(void)
{
    return CHECK_MAIN("merge", merge_in_either_order_is_the_same,
                      merge_in_any_grouping_is_the_same,
                      merge_of_what_is_known_already_changes_nothing,
                      merge_of_many_facts_in_any_order_with_repeats_is_the_same,
                      delta_of_zeros_is_neutral, parts_of_one_incarnation_make_the_whole,
                      later_incarnation_is_kept_whole,
                      incarnations_of_one_generation_are_ordered_as_plain_numbers,
                      closed_once_stays_closed,
                      conflict_is_reported_and_the_smaller_number_stays,
                      conflict_in_each_group_is_reported, what_is_reserved_is_zero_after_a_merge,
                      null_is_refused_and_changes_nothing,
                      delta_merged_with_itself_in_place_stays);
}
