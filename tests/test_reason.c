/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_main.h"

#include "base/counters.h"
#include <mpconn/error.h>
#include <mpconn/reason.h>
#include <limits.h>
#include <string.h>

typedef struct entry {
    unsigned number;
    const char *name, *text;
} entry;

#define ENTRY(number, name, text) {number, #name, text},
static const entry map[] = {MPCONN_REASON_MAP(ENTRY)};
enum { N_REASONS = sizeof map / sizeof map[0] };

START_TEST(reason_of_the_map_has_its_name_and_text)
{
    ck_assert_uint_lt(map[_i].number, MPCONN_REASON_LIMIT);
    ck_assert_str_eq(mpconn_reason_name(map[_i].number), map[_i].name);
    ck_assert_str_eq(mpconn_reason_text(map[_i].number), map[_i].text);
    ck_assert_uint_gt(strlen(map[_i].text), 4);
}
END_TEST

START_TEST(reason_numbers_ascend_and_names_differ)
{
    for (int i = 1; i < N_REASONS; i++) {
        ck_assert_uint_gt(map[i].number, map[i - 1].number);
        for (int j = 0; j < i; j++)
            ck_assert_str_ne(map[i].name, map[j].name);
    }
}
END_TEST

START_TEST(reason_that_is_not_in_use_has_neither_name_nor_text)
{
    unsigned named = 0;

    for (unsigned r = 0; r < 2 * MPCONN_REASON_LIMIT; r++) {
        ck_assert_int_eq(mpconn_reason_name(r) == NULL, mpconn_reason_text(r) == NULL);
        named += mpconn_reason_name(r) != NULL;
    }
    ck_assert_uint_eq(named, N_REASONS);
    ck_assert_ptr_null(mpconn_reason_name(UINT_MAX));
    ck_assert_ptr_null(mpconn_reason_text(UINT_MAX));
}
END_TEST

START_TEST(count_of_one_reason_leaves_the_others)
{
    static mpci_counters c;

    mpci_count(&c, MPCONN_REASON_BAD_FLAGS);
    mpci_count(&c, MPCONN_REASON_BAD_FLAGS);
    mpci_count(&c, MPCONN_REASON_OPTION_CLAMPED);
    for (unsigned r = 0; r < MPCONN_REASON_LIMIT; r++)
        ck_assert_uint_eq(c.n[r], r == MPCONN_REASON_BAD_FLAGS        ? 2
                                  : r == MPCONN_REASON_OPTION_CLAMPED ? 1
                                                                      : 0);
}
END_TEST

START_TEST(strerror_of_each_error_is_its_own_text)
{
    const char *unknown = mpconn_strerror(1), *texts[64];
    unsigned n = 0;

    for (int err = 0; err >= -63; err--) {
        const char *text = mpconn_strerror(err);

        ck_assert_ptr_nonnull(text);
        if (strcmp(text, unknown) == 0)
            continue;
        for (unsigned i = 0; i < n; i++)
            ck_assert_str_ne(text, texts[i]);
        texts[n++] = text;
    }
    ck_assert_uint_eq(n, 25); /* as many as error.h has */
    ck_assert_str_ne(mpconn_strerror(MPCONN_ERR_CHECKSUM), unknown);
    ck_assert_str_eq(mpconn_strerror(INT_MIN), unknown);
    ck_assert_str_eq(mpconn_strerror(INT_MAX), unknown);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("reason");
    TCase *tc = tcase_create("reason");

    tcase_add_loop_test(tc, reason_of_the_map_has_its_name_and_text, 0, N_REASONS);
    tcase_add_test(tc, reason_numbers_ascend_and_names_differ);
    tcase_add_test(tc, reason_that_is_not_in_use_has_neither_name_nor_text);
    tcase_add_test(tc, count_of_one_reason_leaves_the_others);
    tcase_add_test(tc, strerror_of_each_error_is_its_own_text);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
