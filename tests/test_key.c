/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_main.h"

#include <string.h>

#include "seed.h"
#include "table/key.h"
#include "table_support.h"

enum { KEYS = 4, TUPLES = 65536 };

static mpci_sipkey random_key(seed_rng *r)
{
    return (mpci_sipkey){{seed_next(r), seed_next(r)}};
}

START_TEST(tuple_hash_ipv4_is_siphash_of_two_words)
{
    const mpci_sipkey key = {{UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)}};
    const mpconn_tuple t = {
        .client = {{0xc6, 0x33, 0x64, 0x14}},
        .server = {{0xc0, 0x00, 0x02, 0x0a}},
        .client_port = 0x9c40,
        .server_port = 0x0050,
        .zone = 0x1234,
        .family = MPCONN_FAMILY_IPV4,
    };
    /* server, client; zone, server port, client port, family: little-endian words */
    static const uint8_t text[15] = {0x0a, 0x02, 0x00, 0xc0, 0x14, 0x64, 0x33, 0xc6,
                                     0x34, 0x12, 0x50, 0x00, 0x40, 0x9c, 0x04};

    ck_assert_uint_eq(mpci_tuple_hash(&key, &t), mpci_siphash13(&key, text, sizeof(text)));
}
END_TEST

/* Every byte of a tuple that counts, changed one after another. */
static unsigned count_unnoticed(const mpconn_tuple *t, unsigned address_bytes)
{
    seed_rng r = seed_start();
    const mpci_sipkey key = random_key(&r);
    unsigned unnoticed = 0;

    for (unsigned byte = 0; byte < offsetof(mpconn_tuple, reserved); byte++) {
        mpconn_tuple changed = *t;
        if (byte < offsetof(mpconn_tuple, client_port) && byte % 16 >= address_bytes)
            continue;
        ((uint8_t *)&changed)[byte] ^= 1;
        unnoticed += mpci_tuple_hash(&key, t) == mpci_tuple_hash(&key, &changed);
        unnoticed += mpci_tuple_equal(t, &changed) != 0;
    }
    return unnoticed;
}

START_TEST(tuple_every_byte_counts)
{
    const mpconn_tuple narrow = tuple_ipv4(0x0a000001, 0xc0000201, 40000, 443);
    const mpconn_tuple wide = tuple_ipv6(0x0a000001, 0xc0000201, 40000, 443);

    ck_assert_uint_eq(count_unnoticed(&narrow, 4), 0);
    ck_assert_uint_eq(count_unnoticed(&wide, 16), 0);
}
END_TEST

START_TEST(tuple_equal_ones_have_equal_hashes)
{
    seed_rng r = seed_start();
    const mpci_sipkey key = random_key(&r);
    mpconn_tuple a = tuple_ipv4(0x0a000001, 0xc0000201, 40000, 443), b = a;
    mpconn_tuple c = tuple_ipv6(0x0a000001, 0xc0000201, 40000, 443), d = c;

    memset(b.client.bytes + 4, 0xee, 12); /* not part of an IPv4 address */
    b.reserved = d.reserved = 1;
    ck_assert(mpci_tuple_equal(&a, &b));
    ck_assert_uint_eq(mpci_tuple_hash(&key, &a), mpci_tuple_hash(&key, &b));
    ck_assert(mpci_tuple_equal(&c, &d));
    ck_assert_uint_eq(mpci_tuple_hash(&key, &c), mpci_tuple_hash(&key, &d));
}
END_TEST

START_TEST(tuple_endpoints_swapped_is_another)
{
    seed_rng r = seed_start();
    const mpci_sipkey key = random_key(&r);
    const mpconn_tuple a = tuple_ipv4(0x0a000001, 0xc0000201, 40000, 443);
    const mpconn_tuple b = tuple_ipv4(0xc0000201, 0x0a000001, 443, 40000);

    ck_assert(!mpci_tuple_equal(&a, &b));
    ck_assert_uint_ne(mpci_tuple_hash(&key, &a), mpci_tuple_hash(&key, &b));
}
END_TEST

START_TEST(tuple_of_the_other_family_is_another)
{
    seed_rng r = seed_start();
    const mpci_sipkey key = random_key(&r);
    mpconn_tuple a = tuple_ipv4(0x0a000001, 0xc0000201, 40000, 443), b = a;

    b.family = MPCONN_FAMILY_IPV6;
    ck_assert(!mpci_tuple_equal(&a, &b));
    ck_assert(!mpci_tuple_equal(&b, &a));
    ck_assert_uint_ne(mpci_tuple_hash(&key, &a), mpci_tuple_hash(&key, &b));
}
END_TEST

/* What a stranger can choose: ports in sequence, addresses in sequence, some bits at a time, sums
 * kept equal, and the low half of an IPv6 address. */
static mpconn_tuple chosen_tuple(unsigned family, uint32_t i)
{
    switch (family) {
    case 0:
        return tuple_ipv4(0x0a000001, 0xc0000201, i, 443);
    case 1:
        return tuple_ipv4(0x0a000000 + i, 0xc0000201, 40000, 443);
    case 2:
        return tuple_ipv4(0x0a000000 ^ i << 16, 0xc0000201 ^ i << 16, i, i);
    case 3:
        return tuple_ipv4(0x0a000000 + i, 0xc0010000 - i, 40000, 443);
    case 4:
        return tuple_ipv4(0x0a000001, 0xc0000201, i, 65535 - i);
    default:
        return tuple_ipv6(i, 0xc0000201, 40000, 443);
    }
}

static int compare_words(const void *a, const void *b)
{
    uint64_t x, y;

    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return (x > y) - (x < y);
}

/* Pairs among n values that are equal in the bits of `mask`. Destroys the order. */
static double equal_pairs(const uint64_t *values, uint64_t mask)
{
    static uint64_t sorted[TUPLES];
    double pairs = 0;

    for (uint32_t i = 0; i < TUPLES; i++)
        sorted[i] = values[i] & mask;
    qsort(sorted, TUPLES, sizeof(sorted[0]), compare_words);
    for (uint32_t i = 0, run = 0; i < TUPLES; i++) {
        run = i > 0 && sorted[i] == sorted[i - 1] ? run + 1 : 0;
        pairs += run;
    }
    return pairs;
}

/* Birthday bound: n^2/2 pairs, each equal in 20 bits with a chance of 2^-20: 2048 expected with a
 * deviation of 45. Bucket and tag (48 bits) together never repeat among 65,536. */
START_TEST(E40_chosen_tuples_collide_no_more_than_chance)
{
    static uint64_t hashes[TUPLES];
    seed_rng r = seed_start();

    for (unsigned family = 0; family < 6; family++) {
        for (unsigned k = 0; k < KEYS; k++) {
            const mpci_sipkey key = random_key(&r);
            for (uint32_t i = 0; i < TUPLES; i++) {
                mpconn_tuple t = chosen_tuple(family, i);
                hashes[i] = mpci_tuple_hash(&key, &t);
            }
            double low = equal_pairs(hashes, 0xfffff);
            double bucket = equal_pairs(hashes, UINT64_C(0xfffff000));
            double tag = equal_pairs(hashes, UINT64_C(0xffff0000000f0000));
            double both = equal_pairs(hashes, UINT64_C(0xffff0000ffffffff));
            ck_assert_msg(low > 1778 && low < 2318 && bucket > 1778 && bucket < 2318 &&
                              tag > 1778 && tag < 2318 && both < 1,
                          "family %u: %.0f %.0f %.0f %.0f", family, low, bucket, tag, both);
        }
    }
}
END_TEST

/* Tuples that fell into one bucket under one key are scattered by another. */
START_TEST(E40_collisions_found_under_one_key_are_none_under_another)
{
    seed_rng r = seed_start();
    const mpci_sipkey mine = random_key(&r), theirs = random_key(&r);
    uint32_t colliding = 0, here[16] = {0}, most = 0;

    for (uint32_t i = 0; colliding < 1024; i++) {
        mpconn_tuple t = tuple_ipv4(0x0a000000 + (i >> 16), 0xc0000201, i & 0xffff, 443);
        if ((mpci_tuple_hash(&theirs, &t) & 0x3ff) == 0) {
            here[mpci_tuple_hash(&mine, &t) & 15]++;
            colliding++;
        }
    }
    for (unsigned i = 0; i < 16; i++)
        most = here[i] > most ? here[i] : most;
    /* 64 expected in each with a deviation of 8 */
    ck_assert_uint_lt(most, 64 + 6 * 8);
}
END_TEST

START_TEST(E40_each_input_bit_turns_half_of_the_hash)
{
    seed_rng r = seed_start();
    const mpconn_tuple t = tuple_ipv6(0x0a000001, 0xc0000201, 40000, 443);
    const mpconn_tuple n = tuple_ipv4(0x0a000001, 0xc0000201, 40000, 443);

    for (unsigned bit = 0; bit < 8 * offsetof(mpconn_tuple, family); bit++) {
        mpconn_tuple a = (bit / 8 & 15) < 4 || bit >= 256 ? n : t, b = a;
        unsigned turned = 0;
        ((uint8_t *)&b)[bit / 8] ^= (uint8_t)(1U << bit % 8);
        for (unsigned k = 0; k < 64; k++) {
            const mpci_sipkey key = random_key(&r);
            uint64_t x = mpci_tuple_hash(&key, &a) ^ mpci_tuple_hash(&key, &b);
            turned += (unsigned)__builtin_popcountll(x);
        }
        /* 2048 expected with a deviation of 32 */
        ck_assert_msg(turned > 2048 - 192 && turned < 2048 + 192, "bit %u: %u", bit, turned);
    }
}
END_TEST

int main(void)
{
    return CHECK_MAIN("key", tuple_hash_ipv4_is_siphash_of_two_words, tuple_every_byte_counts,
                      tuple_equal_ones_have_equal_hashes, tuple_endpoints_swapped_is_another,
                      tuple_of_the_other_family_is_another,
                      E40_chosen_tuples_collide_no_more_than_chance,
                      E40_collisions_found_under_one_key_are_none_under_another,
                      E40_each_input_bit_turns_half_of_the_hash);
}
