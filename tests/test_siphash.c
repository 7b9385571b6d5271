/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_main.h"

#include "base/siphash.h"

/* The paper's key 00 01 .. 0f and message 00 01 .. of each length. */
static const struct {
    size_t len;
    uint64_t with_2_4, with_1_3;
} vectors[] = {
    {0, UINT64_C(0x726fdb47dd0e0e31), UINT64_C(0xabac0158050fc4dc)},
    {1, UINT64_C(0x74f839c593dc67fd), UINT64_C(0xc9f49bf37d57ca93)},
    {2, UINT64_C(0x0d6c8009d9a94f5a), UINT64_C(0x82cb9b024dc7d44d)},
    {7, UINT64_C(0xab0200f58b01d137), UINT64_C(0xd3927d989bb11140)},
    {8, UINT64_C(0x93f5f5799a932462), UINT64_C(0x369095118d299a8e)},
    {15, UINT64_C(0xa129ca6149be45e5), UINT64_C(0xd320d86d2a519956)},
    {16, UINT64_C(0x3f2acc7f57c29bdb), UINT64_C(0xcc4fdd1a7d908b66)},
    {63, UINT64_C(0x958a324ceb064572), UINT64_C(0x9d199062b7bbb3a8)},
};

static uint8_t counting[64];
static mpci_sipkey key;

static void count_up(void)
{
    for (uint8_t i = 0; i < sizeof counting; i++)
        counting[i] = i;
    key = mpci_sipkey_load(counting);
}

START_TEST(siphash24_of_published_vectors_is_as_published)
{
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++)
        ck_assert_uint_eq(mpci_siphash24(&key, counting, vectors[i].len), vectors[i].with_2_4);
}
END_TEST

START_TEST(siphash13_of_known_vectors_is_as_known)
{
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++)
        ck_assert_uint_eq(mpci_siphash13(&key, counting, vectors[i].len), vectors[i].with_1_3);
}
END_TEST

START_TEST(siphash_at_any_address_is_the_same)
{
    uint8_t room[64 + 8];

    for (size_t shift = 0; shift < 8; shift++) {
        memcpy(room + shift, counting, 63);
        ck_assert_uint_eq(mpci_siphash24(&key, room + shift, 63), vectors[7].with_2_4);
    }
}
END_TEST

START_TEST(siphash13_15_of_words_is_siphash13_of_their_bytes)
{
    uint8_t bytes[15];
    uint64_t w[2] = {1, UINT64_C(0x0023456789abcdef)};

    for (int round = 0; round < 200; round++) {
        for (unsigned i = 0; i < 15; i++)
            bytes[i] = (uint8_t)(w[i / 8] >> (i % 8 * 8));
        ck_assert_uint_eq(mpci_siphash13_15(&key, w[0], w[1]),
                          mpci_siphash13(&key, bytes, sizeof bytes));
        w[round % 2] = mpci_siphash24(&key, bytes, sizeof bytes) >> round % 2 * 8;
    }
}
END_TEST

static int same_key(mpci_sipkey a, mpci_sipkey b)
{
    return a.k[0] == b.k[0] && a.k[1] == b.k[1];
}

START_TEST(derived_keys_of_other_purposes_are_others)
{
    mpci_sipkey other = {{key.k[0], key.k[1] ^ 1}};
    mpci_sipkey base = mpci_sipkey_derive(&key, "cookie", 7);

    ck_assert(same_key(base, mpci_sipkey_derive(&key, "cookie", 7)));
    ck_assert(!same_key(base, mpci_sipkey_derive(&key, "cookie", 8)));
    ck_assert(!same_key(base, mpci_sipkey_derive(&key, "cooki", 7)));
    ck_assert(!same_key(base, mpci_sipkey_derive(&key, "", 7)));
    ck_assert(!same_key(base, mpci_sipkey_derive(&other, "cookie", 7)));
    ck_assert(!same_key(base, mpci_sipkey_derive(&key, "cookie", UINT64_C(7) << 32)));
    ck_assert_uint_ne(base.k[0], base.k[1]);
}
END_TEST

START_TEST(folded_secret_with_any_bit_changed_gives_another_key)
{
    for (size_t len = 16; len <= 64; len++) {
        mpci_sipkey whole = mpci_sipkey_fold(counting, len);
        uint8_t *secret = malloc(len); /* exact, so that reading past it is seen */

        memcpy(secret, counting, len);
        ck_assert(same_key(whole, mpci_sipkey_fold(secret, len)));
        for (size_t i = 0; i < len; i++) {
            secret[i] ^= 0x40;
            ck_assert(!same_key(whole, mpci_sipkey_fold(secret, len)));
            secret[i] ^= 0x40;
        }
        free(secret);
    }
}
END_TEST

START_TEST(folded_secret_with_zeros_appended_gives_another_key)
{
    uint8_t secret[64] = {1, 2, 3};
    mpci_sipkey last = mpci_sipkey_fold(secret, 16);

    ck_assert(!same_key(last, mpci_sipkey_load(secret)));
    for (size_t len = 17; len <= 64; len++) {
        mpci_sipkey now = mpci_sipkey_fold(secret, len);

        ck_assert(!same_key(last, now));
        last = now;
    }
}
END_TEST

int main(void)
{
    count_up();
    return CHECK_MAIN("siphash", siphash24_of_published_vectors_is_as_published,
                      siphash13_of_known_vectors_is_as_known,
                      siphash_at_any_address_is_the_same,
                      siphash13_15_of_words_is_siphash13_of_their_bytes,
                      derived_keys_of_other_purposes_are_others,
                      folded_secret_with_any_bit_changed_gives_another_key,
                      folded_secret_with_zeros_appended_gives_another_key);
}
