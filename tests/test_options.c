/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_main.h"
#include "packets.h"
#include "seed.h"

#include "packet/view.h"

static const unsigned families[] = {MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV6};
static seed_rng rng;

/* An option list at work: `list` padded with end marks to whole words, in a segment of its own
 * memory that ends with the header. */
typedef struct parsed {
    mpci_view v;
    mpci_syn_options o;
    unsigned reason; /* of mpci_syn_options_parse(), when the view is TCP */
} parsed;

static parsed parse_list(unsigned family, unsigned flags, const uint8_t *list, size_t len)
{
    uint8_t words[40] = {0};
    uint8_t *exact;
    mpconn_pkt pkt;
    parsed p;
    raw r;

    memcpy(words, list, len);
    raw_tcp(&r, family, flags, words, (len + 3) / 4 * 4, 0);
    exact = malloc(r.len);
    memcpy(exact, r.bytes, r.len);
    pkt = (mpconn_pkt){.data = exact, .len = r.len, .cap = r.len};
    memset(&p, 0xff, sizeof p);
    mpci_view_parse(&p.v, &pkt);
    if (p.v.kind == MPCI_KIND_TCP)
        p.reason = mpci_syn_options_parse(&p.o, &p.v);
    free(exact);
    return p;
}

#define PARSE(flags, ...)                                                        \
    parse_list(families[_i], (flags), (const uint8_t[]){__VA_ARGS__},            \
               sizeof(const uint8_t[]){__VA_ARGS__})

#define EXPECT_BAD_SYN(...)                                                      \
    do {                                                                         \
        parsed bad_ = PARSE(MPCI_TCP_SYN, __VA_ARGS__);                          \
        ck_assert_int_eq(bad_.v.kind, MPCI_KIND_BAD);                            \
        ck_assert_uint_eq(bad_.v.reason, MPCONN_REASON_BAD_OPTIONS);             \
    } while (0)

START_TEST(options_of_a_usual_syn_are_read)
{
    parsed p = PARSE(MPCI_TCP_SYN, 2, 4, 5, 180, 4, 2, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 3, 3, 9);

    ck_assert_uint_eq(p.reason, 0);
    ck_assert_uint_eq(p.o.mss, 1460);
    ck_assert_uint_eq(p.o.wscale, 9);
    ck_assert_uint_eq(p.o.sack_permitted, 1);
    ck_assert_uint_eq(p.o.timestamps, 1);
    ck_assert_uint_eq(p.o.tsval, 0x01020304);
    ck_assert_uint_eq(p.o.tsecr, 0x05060708);
    ck_assert_uint_eq(p.v.ts_offset, 26);
    ck_assert_uint_eq(p.v.tsval, 0x01020304);
    ck_assert_uint_eq(p.o.signature | p.o.multipath | p.o.fast_open, 0);
    ck_assert_uint_eq(p.o.duplicate | p.o.clamped, 0);
}
END_TEST

START_TEST(options_of_a_bare_syn_are_none)
{
    parsed p = parse_list(families[_i], MPCI_TCP_SYN, (const uint8_t *)"", 0);

    ck_assert_uint_eq(p.reason, 0);
    ck_assert_uint_eq(p.o.mss, _i == 0 ? 536 : 1220); /* RFC 9293 3.7.1 */
    ck_assert_uint_eq(p.o.wscale, MPCONN_WSCALE_NONE);
    ck_assert_uint_eq(p.o.sack_permitted | p.o.timestamps, 0);
}
END_TEST

START_TEST(options_after_the_end_mark_do_not_count)
{
    parsed p = PARSE(MPCI_TCP_SYN, 4, 2, 0, 2, 4, 5, 180, 99);

    ck_assert_uint_eq(p.reason, 0);
    ck_assert_uint_eq(p.o.sack_permitted, 1);
    ck_assert_uint_eq(p.o.mss, _i == 0 ? 536 : 1220);
}
END_TEST

START_TEST(E03_kind_without_its_length_byte_is_malformed_on_a_syn)
{
    EXPECT_BAD_SYN(1, 1, 1, 5);
    EXPECT_BAD_SYN(1, 1, 1, 2);
    EXPECT_BAD_SYN(2, 4, 5, 180, 1, 1, 1, 200);
}
END_TEST

START_TEST(E03_kind_without_its_length_byte_ends_the_list_of_a_data_segment)
{
    parsed p = PARSE(MPCI_TCP_ACK, 8, 10, 0, 0, 0, 7, 0, 0, 0, 0, 1, 5);

    ck_assert_int_eq(p.v.kind, MPCI_KIND_TCP);
    ck_assert_uint_eq(p.v.tsval, 7);
    ck_assert_uint_eq(p.v.sack_offset, 0);
    ck_assert_uint_eq(p.reason, MPCONN_REASON_BAD_OPTIONS);
}
END_TEST

START_TEST(E04_length_0_or_1_is_malformed_on_a_syn)
{
    for (uint8_t kind = 2; kind != 0; kind++) {
        EXPECT_BAD_SYN(kind, 0, 1, 1);
        EXPECT_BAD_SYN(kind, 1, 1, 1);
        EXPECT_BAD_SYN(1, 1, kind, 0);
    }
}
END_TEST

START_TEST(E04_length_0_or_1_ends_the_list_of_a_data_segment)
{
    parsed p = PARSE(MPCI_TCP_ACK, 5, 0, 8, 10, 0, 0, 0, 7, 0, 0, 0, 0);

    ck_assert_int_eq(p.v.kind, MPCI_KIND_TCP);
    ck_assert_uint_eq(p.v.ts_offset, 0);
    p = PARSE(MPCI_TCP_ACK, 8, 1, 8, 10, 0, 0, 0, 7, 0, 0, 0, 0);
    ck_assert_int_eq(p.v.kind, MPCI_KIND_TCP);
    ck_assert_uint_eq(p.v.ts_offset, 0);
}
END_TEST

START_TEST(E05_length_past_the_list_is_malformed_on_a_syn)
{
    EXPECT_BAD_SYN(1, 1, 2, 4);
    EXPECT_BAD_SYN(1, 8, 10, 0);
    EXPECT_BAD_SYN(99, 5, 0, 0);
    EXPECT_BAD_SYN(99, 255, 0, 0);
}
END_TEST

START_TEST(E05_wrong_size_of_a_known_option_is_malformed_on_a_syn)
{
    EXPECT_BAD_SYN(2, 3, 5, 1);
    EXPECT_BAD_SYN(2, 5, 5, 180, 0, 1, 1, 1);
    EXPECT_BAD_SYN(3, 4, 7, 0);
    EXPECT_BAD_SYN(3, 2, 1, 1);
    EXPECT_BAD_SYN(4, 3, 0, 1);
    EXPECT_BAD_SYN(8, 9, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1);
    EXPECT_BAD_SYN(8, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
    EXPECT_BAD_SYN(19, 17, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    EXPECT_BAD_SYN(29, 3, 0, 1);
}
END_TEST

START_TEST(E05_wrong_size_on_a_data_segment_is_passed_over)
{
    parsed p = PARSE(MPCI_TCP_ACK, 8, 9, 0, 0, 0, 1, 0, 0, 0, 1, 1,
                     8, 10, 0, 0, 0, 2, 0, 0, 0, 3);

    ck_assert_int_eq(p.v.kind, MPCI_KIND_TCP);
    ck_assert_uint_eq(p.v.ts_offset, 31);
    ck_assert_uint_eq(p.v.tsval, 2);
}
END_TEST

START_TEST(E07_of_two_options_the_first_counts_and_it_is_told)
{
    parsed p = PARSE(MPCI_TCP_SYN, 2, 4, 5, 180, 2, 4, 1, 0);

    ck_assert_uint_eq(p.o.mss, 1460);
    ck_assert_uint_eq(p.o.duplicate, 1);
    p = PARSE(MPCI_TCP_SYN, 3, 3, 4, 3, 3, 200, 1, 1);
    ck_assert_uint_eq(p.o.wscale, 4);
    ck_assert_uint_eq(p.o.duplicate, 1);
    ck_assert_uint_eq(p.o.clamped, 0);
    p = PARSE(MPCI_TCP_SYN, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 8, 10, 0, 0, 0, 3, 0, 0, 0, 4);
    ck_assert_uint_eq(p.o.tsval, 1);
    ck_assert_uint_eq(p.o.tsecr, 2);
    ck_assert_uint_eq(p.v.tsval, 1);
    ck_assert_uint_eq(p.o.duplicate, 1);
    p = PARSE(MPCI_TCP_SYN, 4, 2, 4, 2);
    ck_assert_uint_eq(p.o.sack_permitted, 1);
    ck_assert_uint_eq(p.o.duplicate, 1);
    p = PARSE(MPCI_TCP_SYN, 34, 2, 254, 4, 0xf9, 0x89, 1, 1);
    ck_assert_uint_eq(p.o.fast_open, 1);
    ck_assert_uint_eq(p.o.duplicate, 1);
    p = PARSE(MPCI_TCP_SYN, 99, 2, 99, 2); /* nobody knows what twice means there */
    ck_assert_uint_eq(p.o.duplicate, 0);
}
END_TEST

START_TEST(E08_mss_of_no_use_is_put_right)
{
    static const struct {
        uint16_t told, v4, v6;
        int clamped;
    } cases[] = {
        {0, 536, 1220, 1}, {1, 88, 88, 1},         {48, 88, 88, 1},
        {87, 88, 88, 1},   {88, 88, 88, 0},        {536, 536, 536, 0},
        {1460, 1460, 1460, 0}, {65535, 65535, 65535, 0},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        parsed p = PARSE(MPCI_TCP_SYN, 2, 4, (uint8_t)(cases[i].told >> 8),
                         (uint8_t)cases[i].told);

        ck_assert_uint_eq(p.reason, 0);
        ck_assert_uint_eq(p.o.mss, _i == 0 ? cases[i].v4 : cases[i].v6);
        ck_assert_uint_eq(p.o.clamped, (unsigned)cases[i].clamped);
    }
}
END_TEST

START_TEST(E09_window_scale_above_14_is_14)
{
    for (unsigned shift = 0; shift < 256; shift++) {
        parsed p = PARSE(MPCI_TCP_SYN, 1, 3, 3, (uint8_t)shift);

        ck_assert_uint_eq(p.o.wscale, shift > 14 ? 14 : shift);
        ck_assert_uint_eq(p.o.clamped, shift > 14);
    }
}
END_TEST

START_TEST(E24_options_a_split_must_know_of_are_seen)
{
    parsed p = PARSE(MPCI_TCP_SYN, 34, 2, 1, 1);

    ck_assert_uint_eq(p.o.fast_open, 1);
    p = PARSE(MPCI_TCP_SYN, 34, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1);
    ck_assert_uint_eq(p.o.fast_open, 1);
    p = PARSE(MPCI_TCP_SYN, 254, 6, 0xf9, 0x89, 1, 2, 1, 1);
    ck_assert_uint_eq(p.o.fast_open, 1);
    p = PARSE(MPCI_TCP_SYN, 254, 4, 0xf9, 0x88); /* another experiment */
    ck_assert_uint_eq(p.o.fast_open, 0);
    p = PARSE(MPCI_TCP_SYN, 1, 254, 3, 0xf9); /* its magic would be past the header */
    ck_assert_uint_eq(p.reason, 0);
    ck_assert_uint_eq(p.o.fast_open, 0);
    p = PARSE(MPCI_TCP_SYN, 30, 4, 0, 0x81);
    ck_assert_uint_eq(p.o.multipath, 1);
    p = PARSE(MPCI_TCP_SYN, 19, 18, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 1, 1);
    ck_assert_uint_eq(p.o.signature, 1);
    ck_assert_uint_eq(p.o.fast_open | p.o.multipath, 0);
    p = PARSE(MPCI_TCP_SYN, 29, 16, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    ck_assert_uint_eq(p.o.signature, 1);
    p = PARSE(MPCI_TCP_SYN, 29, 4, 1, 1, 19, 18, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    ck_assert_uint_eq(p.o.signature, 1);
}
END_TEST

START_TEST(E18_sack_option_of_whole_blocks_is_found_and_an_odd_one_is_not)
{
    for (uint8_t len = 2; len <= 38; len++) {
        uint8_t list[40] = {1, 1, 5, len};
        parsed p = parse_list(families[_i], MPCI_TCP_ACK, list, (size_t)len + 2);
        unsigned blocks = len > 2 && len % 8 == 2 ? len / 8u : 0;

        ck_assert_int_eq(p.v.kind, MPCI_KIND_TCP);
        ck_assert_uint_eq(p.v.sack_blocks, blocks);
        ck_assert_uint_eq(p.v.sack_offset, blocks > 0 ? 22 : 0);
    }
}
END_TEST

START_TEST(timestamps_are_found_wherever_they_stand)
{
    for (size_t before = 0; before <= 30; before++) {
        uint8_t list[40];
        parsed p;

        memset(list, 1, sizeof list);
        memcpy(list + before, "\x08\x0a\x11\x22\x33\x44\x55\x66\x77\x88", 10);
        p = parse_list(families[_i], MPCI_TCP_ACK, list, (before + 13) / 4 * 4);
        ck_assert_uint_eq(p.v.ts_offset, 20 + before);
        ck_assert_uint_eq(p.v.tsval, 0x11223344);
        ck_assert_uint_eq(p.v.tsecr, 0x55667788);
    }
}
END_TEST

/* A second reading of RFC 9293 3.1. Returns 0 where the list is malformed for a SYN. */
static int model_options(mpci_syn_options *o, const uint8_t *list, size_t len, int is_v4)
{
    uint8_t sizes[256] = {[2] = 4, [3] = 3, [4] = 2, [8] = 10, [19] = 18};
    unsigned seen[256] = {0};
    size_t i = 0;

    memset(o, 0, sizeof *o);
    o->mss = is_v4 ? 536 : 1220;
    o->wscale = MPCONN_WSCALE_NONE;
    while (i < len && list[i] != 0) {
        const uint8_t *p = list + i;
        uint8_t kind = p[0];

        if (kind == 1) {
            i++;
            continue;
        }
        if (i + 1 >= len || p[1] < 2 || i + p[1] > len)
            return 0;
        if ((sizes[kind] != 0 && p[1] != sizes[kind]) || (kind == 29 && p[1] < 4))
            return 0;
        i += p[1];
        if (kind == 254 && p[1] >= 4 && p[2] == 0xf9 && p[3] == 0x89)
            kind = 34;
        if (seen[kind]++ > 0) {
            o->duplicate |= sizes[kind] != 0 || kind == 29 || kind == 30 || kind == 34;
            continue;
        }
        if (kind == 2) {
            unsigned mss = (unsigned)p[2] << 8 | p[3];

            o->clamped |= mss < 88;
            o->mss = (uint16_t)(mss == 0 ? (is_v4 ? 536 : 1220) : mss < 88 ? 88 : mss);
        } else if (kind == 3) {
            o->clamped |= p[2] > 14;
            o->wscale = p[2] > 14 ? 14 : p[2];
        } else if (kind == 4) {
            o->sack_permitted = 1;
        } else if (kind == 8) {
            o->timestamps = 1;
            o->tsval = (uint32_t)p[2] << 24 | (uint32_t)p[3] << 16 | (uint32_t)p[4] << 8 | p[5];
            o->tsecr = (uint32_t)p[6] << 24 | (uint32_t)p[7] << 16 | (uint32_t)p[8] << 8 | p[9];
        } else if (kind == 19 || kind == 29) {
            o->signature = 1;
        } else if (kind == 30) {
            o->multipath = 1;
        } else if (kind == 34) {
            o->fast_open = 1;
        }
    }
    return 1;
}

/* A list that is mostly right: kinds that mean something, lengths that mostly fit. */
static size_t random_list(uint8_t list[40])
{
    static const uint8_t kinds[] = {0, 1, 1, 2, 3, 4, 5, 8, 19, 29, 30, 34, 254, 77};
    static const uint8_t fits[] = {1, 1, 1, 4, 3, 2, 10, 10, 18, 16, 12, 10, 4, 6};
    size_t len = seed_below(&rng, 11) * 4, i = 0;

    seed_fill(&rng, list, 40);
    while (i < len) {
        unsigned n = seed_below(&rng, sizeof kinds);
        size_t step = fits[n];

        list[i] = kinds[n];
        if (kinds[n] > 1 && i + 1 < len) {
            list[i + 1] = seed_below(&rng, 20) == 0 ? seed_u8(&rng) % 12 : fits[n];
            if (kinds[n] == 254 && i + 3 < len && seed_below(&rng, 2))
                memcpy(list + i + 2, "\xf9\x89", 2);
            if (kinds[n] == 2 && i + 2 < len && seed_below(&rng, 2))
                list[i + 2] = 0;
        }
        i += seed_below(&rng, 30) == 0 ? 1 : step;
    }
    return len;
}

START_TEST(options_of_random_syns_are_those_of_the_model)
{
    unsigned good = 0, bad = 0;

    for (int round = 0; round < 30000; round++) {
        uint8_t list[40];
        size_t len = random_list(list);
        mpci_syn_options want;
        int is_good = model_options(&want, list, len, _i == 0);
        parsed p = parse_list(families[_i], MPCI_TCP_SYN, list, len);

        HOLDS((p.v.kind == MPCI_KIND_TCP) == is_good);
        if (is_good) {
            HOLDS(p.reason == 0);
            HOLDS(memcmp(&p.o, &want, sizeof want) == 0);
            HOLDS((p.v.ts_offset != 0) == want.timestamps);
            HOLDS(p.v.tsval == want.tsval);
        } else {
            HOLDS(p.v.reason == MPCONN_REASON_BAD_OPTIONS);
        }
        good += (unsigned)is_good;
        bad += !is_good;
    }
    ck_assert_uint_gt(good, 3000); /* both kinds were there */
    ck_assert_uint_gt(bad, 3000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("options");
    TCase *tc = tcase_create("both families");

    rng = seed_start();
    tcase_add_loop_test(tc, options_of_a_usual_syn_are_read, 0, 2);
    tcase_add_loop_test(tc, options_of_a_bare_syn_are_none, 0, 2);
    tcase_add_loop_test(tc, options_after_the_end_mark_do_not_count, 0, 2);
    tcase_add_loop_test(tc, E03_kind_without_its_length_byte_is_malformed_on_a_syn, 0, 2);
    tcase_add_loop_test(tc, E03_kind_without_its_length_byte_ends_the_list_of_a_data_segment, 0, 2);
    tcase_add_loop_test(tc, E04_length_0_or_1_is_malformed_on_a_syn, 0, 2);
    tcase_add_loop_test(tc, E04_length_0_or_1_ends_the_list_of_a_data_segment, 0, 2);
    tcase_add_loop_test(tc, E05_length_past_the_list_is_malformed_on_a_syn, 0, 2);
    tcase_add_loop_test(tc, E05_wrong_size_of_a_known_option_is_malformed_on_a_syn, 0, 2);
    tcase_add_loop_test(tc, E05_wrong_size_on_a_data_segment_is_passed_over, 0, 2);
    tcase_add_loop_test(tc, E07_of_two_options_the_first_counts_and_it_is_told, 0, 2);
    tcase_add_loop_test(tc, E08_mss_of_no_use_is_put_right, 0, 2);
    tcase_add_loop_test(tc, E09_window_scale_above_14_is_14, 0, 2);
    tcase_add_loop_test(tc, E24_options_a_split_must_know_of_are_seen, 0, 2);
    tcase_add_loop_test(tc, E18_sack_option_of_whole_blocks_is_found_and_an_odd_one_is_not, 0, 2);
    tcase_add_loop_test(tc, timestamps_are_found_wherever_they_stand, 0, 2);
    tcase_add_loop_test(tc, options_of_random_syns_are_those_of_the_model, 0, 2);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
