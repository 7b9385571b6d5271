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

/* 16 bytes of output: other constants, so no half of it is the 8-byte output. */
static const struct {
    size_t len;
    uint8_t tag[16];
} long_vectors[] = {
    {0, {0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6,
         0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02, 0x93}},
    {1, {0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44,
         0x34, 0x76, 0x59, 0x11, 0x9b, 0x22, 0xfc, 0x45}},
    {2, {0x81, 0x77, 0x22, 0x8d, 0xa4, 0xa4, 0x5d, 0xc7,
         0xfc, 0xa3, 0x8b, 0xde, 0xf6, 0x0a, 0xff, 0xe4}},
    {7, {0xa1, 0xf1, 0xeb, 0xbe, 0xd8, 0xdb, 0xc1, 0x53,
         0xc0, 0xb8, 0x4a, 0xa6, 0x1f, 0xf0, 0x82, 0x39}},
    {8, {0x3b, 0x62, 0xa9, 0xba, 0x62, 0x58, 0xf5, 0x61,
         0x0f, 0x83, 0xe2, 0x64, 0xf3, 0x14, 0x97, 0xb4}},
    {15, {0x54, 0x93, 0xe9, 0x99, 0x33, 0xb0, 0xa8, 0x11,
          0x7e, 0x08, 0xec, 0x0f, 0x97, 0xcf, 0xc3, 0xd9}},
    {16, {0x6e, 0xe2, 0xa4, 0xca, 0x67, 0xb0, 0x54, 0xbb,
          0xfd, 0x33, 0x15, 0xbf, 0x85, 0x23, 0x05, 0x77}},
    {63, {0x51, 0x50, 0xd1, 0x77, 0x2f, 0x50, 0x83, 0x4a,
          0x50, 0x3e, 0x06, 0x9a, 0x97, 0x3f, 0xbd, 0x7c}},
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

START_TEST(siphash24_128_of_published_vectors_is_as_published)
{
    for (size_t i = 0; i < sizeof long_vectors / sizeof long_vectors[0]; i++) {
        uint8_t tag[18] = {0x5a};

        tag[17] = 0x5a;
        mpci_siphash24_128(&key, counting, long_vectors[i].len, tag + 1);
        ck_assert_mem_eq(tag + 1, long_vectors[i].tag, 16);
        ck_assert_uint_eq(tag[0], 0x5a);
        ck_assert_uint_eq(tag[17], 0x5a);
    }
}
END_TEST

START_TEST(siphash_at_any_address_is_the_same)
{
    uint8_t room[64 + 8], tag[16];

    for (size_t shift = 0; shift < 8; shift++) {
        memcpy(room + shift, counting, 63);
        ck_assert_uint_eq(mpci_siphash24(&key, room + shift, 63), vectors[7].with_2_4);
        mpci_siphash24_128(&key, room + shift, 63, tag);
        ck_assert_mem_eq(tag, long_vectors[7].tag, 16);
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
                      siphash24_128_of_published_vectors_is_as_published,
                      siphash13_of_known_vectors_is_as_known,
                      siphash_at_any_address_is_the_same,
                      siphash13_15_of_words_is_siphash13_of_their_bytes,
                      derived_keys_of_other_purposes_are_others,
                      folded_secret_with_any_bit_changed_gives_another_key,
                      folded_secret_with_zeros_appended_gives_another_key);
}
