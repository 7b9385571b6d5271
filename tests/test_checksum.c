/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_main.h"
#include "packets.h"
#include "seed.h"

#include "packet/checksum.h"

static seed_rng rng;

START_TEST(sum_of_rfc1071_example_is_ddf2)
{
    static const uint8_t example[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

    ck_assert_uint_eq(mpci_csum_fold(mpci_csum_add(0, example, sizeof example)), 0xddf2);
}
END_TEST

START_TEST(sum_of_any_bytes_at_any_address_is_that_of_the_textbook)
{
    for (size_t len = 0; len < 200; len++) {
        uint8_t *room = malloc(len + 8);
        uint64_t start = seed_u32(&rng);

        seed_fill(&rng, room, len + 8);
        for (size_t shift = 0; shift < 8; shift++) {
            uint32_t want = slow_sum(mpci_csum_fold(start), room + shift, len);

            HOLDS(mpci_csum_fold(mpci_csum_add(start, room + shift, len)) == want);
        }
        free(room);
    }
}
END_TEST

START_TEST(sum_in_even_pieces_is_the_sum_of_the_whole)
{
    uint8_t bytes[301];
    uint64_t whole;

    seed_fill(&rng, bytes, sizeof bytes);
    whole = mpci_csum_add(0, bytes, sizeof bytes);
    for (size_t cut = 0; cut < sizeof bytes; cut += 2) {
        uint64_t sum = mpci_csum_add(0, bytes, cut);

        sum = mpci_csum_add(sum, bytes + cut, sizeof bytes - cut);
        ck_assert_uint_eq(mpci_csum_fold(sum), mpci_csum_fold(whole));
    }
}
END_TEST

START_TEST(sum_of_a_long_run_of_ones_does_not_overflow)
{
    size_t len = 1 << 20;
    uint8_t *ones = malloc(len);

    memset(ones, 0xff, len);
    ck_assert_uint_eq(mpci_csum_fold(mpci_csum_add(0, ones, len)), 0xffff);
    ck_assert_uint_eq(mpci_csum_fold(mpci_csum_add(UINT64_MAX >> 1, ones, len)),
                      mpci_csum_fold(UINT64_MAX >> 1));
    free(ones);
}
END_TEST

START_TEST(fold_of_any_sum_is_its_remainder_and_never_zero_but_of_zero)
{
    static const uint64_t corners[] = {0, 1, 0xffff, 0x10000, 0x1fffe, UINT32_MAX,
                                       UINT64_C(0x100000000), UINT64_C(0xffff0000ffff0000),
                                       UINT64_MAX - 1, UINT64_MAX};

    for (size_t i = 0; i < 10000; i++) {
        uint64_t sum = i < sizeof corners / sizeof corners[0]
                           ? corners[i]
                           : seed_next(&rng) >> seed_below(&rng, 64);
        uint16_t folded = mpci_csum_fold(sum);

        HOLDS(folded % 0xffff == sum % 0xffff);
        HOLDS((folded == 0) == (sum == 0));
    }
}
END_TEST

/* A checksummed area with its field at `at`, right or wrong by `wrong`. */
enum { AREA = 64, FIELD = 16 };

static uint16_t checksum_of(const uint8_t *area)
{
    uint8_t copy[AREA];

    memcpy(copy, area, AREA);
    poke16(copy + FIELD, 0);
    return (uint16_t)~slow_sum(0, copy, AREA);
}

/* One random change of one random field, anywhere but over the checksum. */
static void change_something(mpci_csum_change *c, uint8_t *area)
{
    static const uint32_t corners[] = {0, 0xffff, 0xffffffff, 0xffff0000, 0x0000ffff, 0x80000000};
    size_t offset = FIELD + 2 + seed_below(&rng, AREA - FIELD - 2 - 12);
    uint32_t value = seed_below(&rng, 2) ? seed_u32(&rng) : corners[seed_below(&rng, 6)];
    uint8_t bytes[12];

    switch (seed_below(&rng, 3)) {
    case 0:
        mpci_csum_set16(c, area, offset, (uint16_t)value);
        HOLDS(peek16(area + offset) == (value & 0xffff));
        break;
    case 1:
        mpci_csum_set32(c, area, offset, value);
        HOLDS(peek32(area + offset) == value);
        break;
    default: {
        size_t n = seed_below(&rng, sizeof bytes + 1);

        seed_fill(&rng, bytes, sizeof bytes);
        mpci_csum_set_bytes(c, area, offset, bytes, n);
        HOLDS(memcmp(area + offset, bytes, n) == 0);
    }
    }
}

START_TEST(E30_change_of_any_fields_gives_the_full_sum)
{
    for (int round = 0; round < 20000; round++) {
        mpci_csum_change c = {0};
        uint8_t area[AREA];

        seed_fill(&rng, area, AREA);
        poke16(area + FIELD, checksum_of(area));
        for (unsigned n = seed_below(&rng, 6); n > 0; n--)
            change_something(&c, area);
        mpci_csum_apply(&c, area + FIELD);
        HOLDS(peek16(area + FIELD) == checksum_of(area));
    }
}
END_TEST

START_TEST(E30_wrong_sum_stays_wrong_by_as_much)
{
    for (int round = 0; round < 20000; round++) {
        uint16_t wrong = (uint16_t)(1 + seed_below(&rng, 0xfffe)); /* neither 0 nor 0xffff */
        mpci_csum_change c = {0};
        uint8_t area[AREA];
        uint32_t sum;

        seed_fill(&rng, area, AREA);
        poke16(area + FIELD, checksum_of(area));
        sum = slow_sum(wrong, area + FIELD, 2);
        poke16(area + FIELD, sum);
        HOLDS(slow_sum(0, area, AREA) % 0xffff == wrong);
        for (unsigned n = seed_below(&rng, 6); n > 0; n--)
            change_something(&c, area);
        mpci_csum_apply(&c, area + FIELD);
        HOLDS(slow_sum(0, area, AREA) % 0xffff == wrong);
    }
}
END_TEST

START_TEST(E30_every_old_value_to_every_corner_at_even_and_odd_offset)
{
    static const uint16_t corners[] = {0, 1, 0x00ff, 0xff00, 0x7fff, 0x8000, 0xfffe, 0xffff};

    for (uint32_t old = 0; old <= 0xffff; old++) {
        for (unsigned i = 0; i < 8; i++) {
            for (size_t offset = 4; offset <= 5; offset++) {
                uint8_t area[8] = {0x12, 0x34};
                mpci_csum_change c = {0};

                poke16(area + offset, old);
                poke16(area + 2, ~slow_sum(0, area, 8) & 0xffff);
                mpci_csum_set16(&c, area, offset, corners[i]);
                mpci_csum_apply(&c, area + 2);
                HOLDS(slow_sum(0, area, 8) == 0xffff);
            }
        }
    }
}
END_TEST

START_TEST(E30_change_that_changes_nothing_leaves_either_zero)
{
    static const uint16_t zeros[] = {0x0000, 0xffff};

    for (int i = 0; i < 2; i++) {
        uint8_t area[8] = {0x12, 0x34, 0, 0, 0x56, 0x78, 0x9a, 0xbc};
        mpci_csum_change none = {0}, same = {0};

        poke16(area + 2, zeros[i]);
        mpci_csum_set32(&same, area, 4, 0x56789abc);
        mpci_csum_apply(&none, area + 2);
        mpci_csum_apply(&same, area + 2);
        ck_assert_uint_eq(peek16(area + 2), zeros[i]);
        mpci_csum_apply_partial(&same, area + 2);
        ck_assert_uint_eq(peek16(area + 2), zeros[i]);
    }
}
END_TEST

START_TEST(E30_field_of_ffff_is_as_good_as_0_after_a_change)
{
    for (uint32_t word = 1; word <= 0xffff; word++) {
        uint8_t area[6] = {0};
        mpci_csum_change c = {0};

        /* words that sum to 0xffff leave 0 for the field; some senders write 0xffff there */
        poke16(area, word);
        poke16(area + 4, 0xffff - word);
        poke16(area + 2, 0xffff);
        mpci_csum_set16(&c, area, 4, 0x1234);
        mpci_csum_apply(&c, area + 2);
        HOLDS(slow_sum(0, area, 6) == 0xffff);
    }
}
END_TEST

START_TEST(pseudo_header_sum_of_both_families_is_that_of_its_bytes)
{
    uint8_t v4[12] = {0}, v6[40] = {0};

    for (int round = 0; round < 500; round++) {
        uint32_t len = seed_u32(&rng) >> seed_below(&rng, 32);

        seed_fill(&rng, v4, 8);
        v4[9] = 6;
        poke16(v4 + 10, len & 0xffff);
        ck_assert_uint_eq(mpci_csum_fold(mpci_csum_pseudo(4, v4, v4 + 4, 6, len & 0xffff)),
                          slow_sum(0, v4, sizeof v4));
        seed_fill(&rng, v6, 32);
        poke32(v6 + 32, len);
        v6[39] = 58;
        ck_assert_uint_eq(mpci_csum_fold(mpci_csum_pseudo(6, v6, v6 + 16, 58, len)),
                          slow_sum(0, v6, sizeof v6));
    }
}
END_TEST

START_TEST(E30_partial_sum_follows_a_change_of_addresses)
{
    for (int round = 0; round < 5000; round++) {
        uint8_t ip[20 + 2] = {0}, addr[4];
        uint8_t *field = ip + 20;
        mpci_csum_change c = {0};

        seed_fill(&rng, ip, 20);
        poke16(field, mpci_csum_fold(mpci_csum_pseudo(4, ip + 12, ip + 16, 6, 1234)));
        seed_fill(&rng, addr, sizeof addr);
        mpci_csum_set_bytes(&c, ip, 12, addr, 4);
        mpci_csum_apply_partial(&c, field);
        HOLDS(peek16(field) == mpci_csum_fold(mpci_csum_pseudo(4, ip + 12, ip + 16, 6, 1234)));
    }
}
END_TEST

int main(void)
{
    rng = seed_start();
    return CHECK_MAIN("checksum", sum_of_rfc1071_example_is_ddf2,
                      sum_of_any_bytes_at_any_address_is_that_of_the_textbook,
                      sum_in_even_pieces_is_the_sum_of_the_whole,
                      sum_of_a_long_run_of_ones_does_not_overflow,
                      fold_of_any_sum_is_its_remainder_and_never_zero_but_of_zero,
                      E30_change_of_any_fields_gives_the_full_sum,
                      E30_wrong_sum_stays_wrong_by_as_much,
                      E30_every_old_value_to_every_corner_at_even_and_odd_offset,
                      E30_change_that_changes_nothing_leaves_either_zero,
                      E30_field_of_ffff_is_as_good_as_0_after_a_change,
                      pseudo_header_sum_of_both_families_is_that_of_its_bytes,
                      E30_partial_sum_follows_a_change_of_addresses);
}
