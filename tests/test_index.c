/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_main.h"

#include <mpconn/error.h>
#include <stdio.h>
#include <string.h>

#include "seed.h"
#include "table/index.h"
#include "table_support.h"

static mpci_alloc host;
static mpci_index ix;

static void set_up(uint32_t capacity)
{
    host = plain_alloc();
    ck_assert_int_eq(mpci_index_init(&ix, &host, capacity), 0);
}

static void tear_down(void)
{
    mpci_index_fini(&ix, &host);
    ck_assert_uint_eq(host.bytes, 0);
}

static int finds(uint64_t hash, uint32_t slot)
{
    uint32_t slots[MPCI_INDEX_CANDIDATES];
    unsigned n = mpci_index_find(&ix, hash, slots);

    for (unsigned i = 0; i < n; i++) {
        if (slots[i] == slot)
            return 1;
    }
    return 0;
}

/* How many of n entries (those in `in`, unless NULL) a look-up gets wrong. One assertion for all:
 * each of Check's costs a system call. */
static uint32_t count_wrong(const uint64_t *hashes, const uint8_t *in, uint32_t n)
{
    uint32_t wrong = 0;

    for (uint32_t slot = 0; slot < n; slot++)
        wrong += finds(hashes[slot], slot) != (in == NULL || in[slot]);
    return wrong;
}

/* A hash with this tag whose primary bucket is this one. */
static uint64_t hash_for(uint32_t bucket, uint16_t tag)
{
    uint64_t low = (((uint64_t)bucket << 32) + ix.n_buckets - 1) / ix.n_buckets;

    return (uint64_t)tag << 48 | low;
}

static unsigned fill_of(const mpci_bucket *b)
{
    unsigned n = 0;

    for (unsigned i = 0; i < MPCI_BUCKET_SLOTS; i++)
        n += b->tag[i] != 0;
    return n;
}

/* Every entry stands where its hash allows, marked as what it is, and each bucket counts exactly
 * those of its own that stand elsewhere. `hashes` is by slot number. */
static void assert_sound(const uint64_t *hashes)
{
    uint32_t *spilled = calloc(ix.n_buckets, sizeof(*spilled));
    uint32_t used = 0, misplaced = 0, miscounted = 0;

    ck_assert_ptr_nonnull(spilled);
    for (uint32_t at = 0; at < ix.n_buckets; at++) {
        const mpci_bucket *b = &ix.buckets[at];
        for (unsigned i = 0; i < MPCI_BUCKET_SLOTS; i++) {
            unsigned secondary = b->secondary >> i & 1;
            if (b->tag[i] == 0) {
                misplaced += secondary;
                continue;
            }
            uint64_t hash = hashes[b->slot[i]];
            uint32_t primary = mpci_index_primary(&ix, hash);
            uint32_t due = secondary ? mpci_index_other(&ix, primary, b->tag[i]) : primary;
            misplaced += b->tag[i] != mpci_index_tag(hash) || at != due;
            spilled[primary] += secondary;
            used++;
        }
    }
    for (uint32_t at = 0; at < ix.n_buckets; at++)
        miscounted += ix.buckets[at].spilled != spilled[at];
    free(spilled);
    ck_assert_uint_eq(misplaced, 0);
    ck_assert_uint_eq(miscounted, 0);
    ck_assert_uint_eq(ix.used, used);
}

START_TEST(index_other_bucket_of_the_other_is_the_first)
{
    static const uint32_t capacities[] = {1, 2, 13, 100, 1000, 65536, 100000, 1000003};

    for (size_t c = 0; c < sizeof(capacities) / sizeof(capacities[0]); c++) {
        unsigned wrong = 0;
        set_up(capacities[c]);
        ck_assert_uint_eq(ix.n_buckets % 2, 0);
        for (uint32_t tag = 1; tag <= UINT16_MAX; tag += tag < 1000 ? 1 : 97) {
            for (uint32_t at = 0; at < ix.n_buckets; at += 1 + ix.n_buckets / 37) {
                uint32_t other = mpci_index_other(&ix, at, (uint16_t)tag);
                wrong += other >= ix.n_buckets || other == at ||
                         mpci_index_other(&ix, other, (uint16_t)tag) != at;
            }
        }
        ck_assert_uint_eq(wrong, 0);
        tear_down();
    }
}
END_TEST

START_TEST(index_other_buckets_of_one_bucket_are_spread)
{
    set_up(6000);
    uint32_t *hits = calloc(ix.n_buckets, sizeof(*hits));
    uint32_t reached = 0, most = 0;

    ck_assert_ptr_nonnull(hits);
    for (uint32_t tag = 1; tag <= UINT16_MAX; tag++)
        hits[mpci_index_other(&ix, 123, (uint16_t)tag)]++;
    for (uint32_t at = 0; at < ix.n_buckets; at++) {
        reached += hits[at] != 0;
        most = hits[at] > most ? hits[at] : most;
    }
    /* half of 1000, because K is odd; 131 tags each on average */
    ck_assert_uint_eq(reached, ix.n_buckets / 2);
    ck_assert_uint_lt(most, 2 * 131);
    free(hits);
    tear_down();
}
END_TEST

START_TEST(index_match_is_exact_for_all_places_and_tags)
{
    seed_rng r = seed_start();
    static const uint16_t awkward[] = {0, 1, 2, 0x7fff, 0x8000, 0x8001, 0xfffe, 0xffff};

    unsigned wrong = 0;

    for (unsigned round = 0; round < 100000; round++) {
        mpci_bucket b = {{0}, {0}, 0, 0};
        uint16_t wanted = awkward[seed_below(&r, 8)];
        unsigned seen = 0, expected = 0;
        for (unsigned i = 0; i < MPCI_BUCKET_SLOTS; i++) {
            b.tag[i] = (uint16_t)(awkward[seed_below(&r, 8)] + seed_below(&r, 2));
            expected |= (unsigned)(b.tag[i] == wanted) << i;
        }
        for (uint64_t set = mpci_bucket_match(&b, wanted); set != 0; set &= set - 1)
            seen |= 1U << mpci_bucket_place(set);
        wrong += seen != expected;
    }
    ck_assert_uint_eq(wrong, 0);
}
END_TEST

START_TEST(index_random_keys_never_refuses_up_to_capacity)
{
    static const uint32_t capacities[] = {1,    2,    3,    6,     7,     10,    11,     12,
                                          13,   24,   37,   64,    100,   255,   256,    257,
                                          1000, 4095, 4096, 10007, 65536, 81920, 100000, 131073};
    seed_rng r = seed_start();

    for (size_t c = 0; c < sizeof(capacities) / sizeof(capacities[0]); c++) {
        uint32_t capacity = capacities[c];
        unsigned rounds = capacity < 10000 ? 200000 / capacity : 2;
        uint64_t *hashes = malloc(capacity * sizeof(*hashes));

        ck_assert_ptr_nonnull(hashes);
        for (unsigned round = 0; round < (rounds > 500 ? 500 : rounds); round++) {
            set_up(capacity);
            unsigned refused = 0;
            for (uint32_t slot = 0; slot < capacity; slot++) {
                hashes[slot] = seed_next(&r);
                refused += mpci_index_insert(&ix, hashes[slot], slot) != 0;
            }
            ck_assert_msg(refused == 0, "capacity %u refused %u", capacity, refused);
            ck_assert_uint_eq(count_wrong(hashes, NULL, capacity), 0);
            assert_sound(hashes);
            tear_down();
        }
        free(hashes);
    }
}
END_TEST

START_TEST(index_load_is_at_most_six_tenths)
{
    for (uint32_t capacity = 13; capacity < 3000; capacity++) {
        set_up(capacity);
        ck_assert_uint_ge((uint64_t)ix.n_buckets * 6, capacity);
        ck_assert_uint_le((uint64_t)ix.n_buckets * 6, capacity + 11);
        tear_down();
    }
}
END_TEST

START_TEST(index_overfull_displaces_before_it_refuses)
{
    seed_rng r = seed_start();
    uint32_t n = 0, spilled = 0;

    set_up(60000);
    uint32_t places = ix.n_buckets * MPCI_BUCKET_SLOTS;
    uint64_t *hashes = malloc(places * sizeof(*hashes));
    ck_assert_ptr_nonnull(hashes);
    for (; n < places; n++) {
        hashes[n] = seed_next(&r);
        if (n == 60000) {
            for (uint32_t at = 0; at < ix.n_buckets; at++)
                spilled += ix.buckets[at].spilled;
        }
        if (mpci_index_insert(&ix, hashes[n], n) != 0)
            break;
    }
    printf("first refusal at a load of %.3f; at capacity %.2f %% are in their other bucket\n",
           (double)n / places, 100.0 * spilled / 60000);
    /* without displacement it comes at about 0.49, before the capacity is used up */
    ck_assert_uint_gt(n, places / 100 * 85);
    ck_assert_uint_lt(spilled, 60000 * 3 / 100);
    ck_assert_uint_eq(count_wrong(hashes, NULL, n), 0);
    assert_sound(hashes);
    free(hashes);
    tear_down();
}
END_TEST

START_TEST(index_absent_keys_are_rarely_candidates)
{
    seed_rng r = seed_start();
    uint32_t slots[MPCI_INDEX_CANDIDATES];
    unsigned candidates = 0;

    set_up(60000);
    for (uint32_t slot = 0; slot < 60000; slot++)
        mpci_index_insert(&ix, seed_next(&r), slot);
    ck_assert_uint_eq(ix.used, 60000);
    for (unsigned i = 0; i < 100000; i++)
        candidates += mpci_index_find(&ix, seed_next(&r), slots);
    /* 6 tags of 16 bits a bucket: 9 expected */
    ck_assert_uint_lt(candidates, 40);
    tear_down();
}
END_TEST

START_TEST(index_tag_zero_is_stored_as_another)
{
    set_up(10);
    for (uint32_t slot = 0; slot < 2; slot++)
        ck_assert_int_eq(mpci_index_insert(&ix, slot * UINT64_C(0x80000000), slot), 0);
    ck_assert(finds(0, 0));
    ck_assert(finds(UINT64_C(0x80000000), 1));
    ck_assert_int_eq(mpci_index_remove(&ix, 0, 0), 0);
    ck_assert(!finds(0, 0));
    tear_down();
}
END_TEST

START_TEST(index_remove_absent_is_not_found)
{
    seed_rng r = seed_start();
    uint64_t hash = seed_next(&r);

    set_up(100);
    ck_assert_int_eq(mpci_index_remove(&ix, hash, 7), MPCONN_ERR_NOTFOUND);
    ck_assert_int_eq(mpci_index_insert(&ix, hash, 7), 0);
    ck_assert_int_eq(mpci_index_remove(&ix, hash, 8), MPCONN_ERR_NOTFOUND);
    ck_assert_int_eq(mpci_index_remove(&ix, ~hash, 7), MPCONN_ERR_NOTFOUND);
    ck_assert_uint_eq(ix.used, 1);
    ck_assert_int_eq(mpci_index_remove(&ix, hash, 7), 0);
    ck_assert_int_eq(mpci_index_remove(&ix, hash, 7), MPCONN_ERR_NOTFOUND);
    ck_assert_uint_eq(ix.used, 0);
    tear_down();
}
END_TEST

START_TEST(E40_index_equal_hashes_are_bounded)
{
    const uint64_t hash = UINT64_C(0x1234000012345678);
    const uint32_t bound = MPCI_INDEX_CANDIDATES;

    set_up(1000);
    for (uint32_t slot = 0; slot < bound; slot++)
        ck_assert_int_eq(mpci_index_insert(&ix, hash, slot), 0);
    ck_assert_int_eq(mpci_index_insert(&ix, hash, bound), MPCONN_ERR_LIMIT);
    ck_assert_uint_eq(ix.used, bound);
    for (uint32_t slot = 0; slot < bound; slot++)
        ck_assert(finds(hash, slot));
    for (uint32_t slot = 0; slot < bound; slot++) {
        ck_assert_int_eq(mpci_index_remove(&ix, hash, slot), 0);
        ck_assert_int_eq(mpci_index_insert(&ix, hash, slot + bound), 0);
        for (uint32_t there = slot + 1; there <= slot + bound; there++)
            ck_assert(finds(hash, there));
    }
    tear_down();
}
END_TEST

/* One tag everywhere: buckets in pairs, so that each refusal is of a full pair. */
START_TEST(E40_index_equal_tags_in_all_buckets_are_found_or_refused)
{
    enum { N = 4000 };
    static uint64_t hashes[N];
    static uint8_t in[N];
    seed_rng r = seed_start();
    unsigned accepted = 0;

    set_up(6000);
    for (uint32_t slot = 0; slot < N; slot++) {
        hashes[slot] = (seed_next(&r) & UINT32_MAX) | UINT64_C(0xabcd) << 48;
        in[slot] = mpci_index_insert(&ix, hashes[slot], slot) == 0;
        accepted += in[slot];
    }
    ck_assert_uint_eq(count_wrong(hashes, in, N), 0);
    assert_sound(hashes);
    ck_assert_uint_le(accepted, ix.n_buckets * MPCI_BUCKET_EQUAL_TAGS);
    ck_assert_uint_gt(accepted, ix.n_buckets);
    tear_down();
}
END_TEST

/* Everything into one bucket: what does not fit is refused, what was taken is found, and the count
 * of spilled entries does not wrap. */
START_TEST(E40_index_one_bucket_flooded_refuses_and_forgets_nothing)
{
    const uint32_t attempts = 2 * UINT16_MAX;
    uint64_t *hashes = malloc(attempts * sizeof(*hashes));
    uint8_t *in = malloc(attempts);
    uint32_t accepted = 0;

    ck_assert(hashes != NULL && in != NULL);
    set_up(600000);
    for (uint32_t slot = 0; slot < attempts; slot++) {
        hashes[slot] = hash_for(4711, (uint16_t)(slot % UINT16_MAX + 1));
        in[slot] = mpci_index_insert(&ix, hashes[slot], slot) == 0;
        accepted += in[slot];
    }
    ck_assert_uint_eq(ix.buckets[4711].spilled, UINT16_MAX);
    ck_assert_uint_eq(fill_of(&ix.buckets[4711]), MPCI_BUCKET_SLOTS);
    ck_assert_uint_eq(accepted, UINT16_MAX + MPCI_BUCKET_SLOTS);
    ck_assert_uint_eq(count_wrong(hashes, in, attempts), 0);
    for (uint32_t slot = 0; slot < attempts; slot++) {
        if (in[slot])
            mpci_index_remove(&ix, hashes[slot], slot);
    }
    ck_assert_uint_eq(ix.used, 0);
    ck_assert_uint_eq(ix.buckets[4711].spilled, 0);
    free(in);
    free(hashes);
    tear_down();
}
END_TEST

/* Few buckets, few tags, more entries than places: every branch of insertion and removal, against
 * an array that says what is in. */
static void run_model(seed_rng *r, uint32_t capacity, uint32_t tags, uint32_t slots,
                      unsigned operations)
{
    uint64_t *hashes = calloc(slots, sizeof(*hashes));
    uint8_t *in = calloc(slots, 1);
    uint32_t wrong = 0, used = 0;

    ck_assert(hashes != NULL && in != NULL);
    set_up(capacity);
    for (unsigned i = 0; i < operations; i++) {
        uint32_t slot = seed_below(r, slots);
        if (in[slot]) {
            wrong += !finds(hashes[slot], slot);
            wrong += mpci_index_remove(&ix, hashes[slot], slot) != 0;
            wrong += finds(hashes[slot], slot) != 0;
            in[slot] = 0;
            used--;
        } else {
            hashes[slot] = (seed_next(r) & UINT32_MAX) | (uint64_t)seed_below(r, tags) << 48;
            in[slot] = mpci_index_insert(&ix, hashes[slot], slot) == 0;
            wrong += finds(hashes[slot], slot) != in[slot];
            used += in[slot];
        }
        wrong += ix.used != used;
        if (i % 256 == 0) {
            wrong += count_wrong(hashes, in, slots);
            assert_sound(hashes);
        }
    }
    ck_assert_uint_eq(wrong, 0);
    free(in);
    free(hashes);
    tear_down();
}

START_TEST(index_random_operations_match_model)
{
    seed_rng r = seed_start();

    run_model(&r, 1, 65536, 24, 100000);     /* 2 buckets, all places wanted */
    run_model(&r, 24, 65536, 60, 100000);    /* 4 buckets, one and a half times full */
    run_model(&r, 24, 4, 60, 100000);        /* tags in short supply */
    run_model(&r, 600, 65536, 2400, 100000); /* 100 buckets, 1.2 times full at the mean */
    run_model(&r, 600, 300, 1600, 100000);
}
END_TEST

START_TEST(E39_index_allocation_fails_leaves_nothing)
{
    failing_host broken = {1, 0, 0};

    host = alloc_from(&broken);
    ck_assert_int_eq(mpci_index_init(&ix, &host, 1000), MPCONN_ERR_NOMEM);
    ck_assert_ptr_null(ix.buckets);
    ck_assert_uint_eq(host.bytes, 0);
    mpci_index_fini(&ix, &host);
    ck_assert_uint_eq(broken.outstanding, 0);
}
END_TEST

START_TEST(index_capacity_zero_is_an_index)
{
    uint32_t slots[MPCI_INDEX_CANDIDATES];

    set_up(0);
    ck_assert_uint_eq(mpci_index_find(&ix, 0, slots), 0);
    tear_down();
}
END_TEST

int main(void)
{
    return CHECK_MAIN("index", index_other_bucket_of_the_other_is_the_first,
                      index_other_buckets_of_one_bucket_are_spread,
                      index_match_is_exact_for_all_places_and_tags,
                      index_random_keys_never_refuses_up_to_capacity,
                      index_load_is_at_most_six_tenths,
                      index_overfull_displaces_before_it_refuses,
                      index_absent_keys_are_rarely_candidates, index_tag_zero_is_stored_as_another,
                      index_remove_absent_is_not_found, E40_index_equal_hashes_are_bounded,
                      E40_index_equal_tags_in_all_buckets_are_found_or_refused,
                      E40_index_one_bucket_flooded_refuses_and_forgets_nothing,
                      index_random_operations_match_model,
                      E39_index_allocation_fails_leaves_nothing, index_capacity_zero_is_an_index);
}
