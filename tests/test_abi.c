/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_main.h"

#include "base/abi.h"
#include <mpconn/error.h>
#include <stdint.h>
#include <string.h>

/* One struct in three releases. */
typedef struct first {
    size_t struct_size;
    uint64_t a;
} first;

typedef struct second {
    size_t struct_size;
    uint64_t a, b;
} second;

typedef struct third {
    size_t struct_size;
    uint64_t a, b, c;
} third;

START_TEST(import_of_an_older_struct_has_the_rest_zero)
{
    first theirs = {sizeof theirs, 11};
    second ours = {1, 2, 3};

    ck_assert_int_eq(mpci_abi_import(&ours, sizeof ours, &theirs, sizeof(first)), MPCONN_OK);
    ck_assert_uint_eq(ours.struct_size, sizeof ours);
    ck_assert_uint_eq(ours.a, 11);
    ck_assert_uint_eq(ours.b, 0);
}
END_TEST

START_TEST(import_of_the_same_struct_is_a_copy)
{
    second theirs = {sizeof theirs, 11, 12}, ours = {0, 0, 0};

    ck_assert_int_eq(mpci_abi_import(&ours, sizeof ours, &theirs, sizeof(first)), MPCONN_OK);
    ck_assert_mem_eq(&ours, &theirs, sizeof ours);
}
END_TEST

START_TEST(import_of_a_newer_struct_with_zero_tail_is_accepted)
{
    third theirs = {sizeof theirs, 11, 12, 0};
    second ours = {0, 0, 0};

    ck_assert_int_eq(mpci_abi_import(&ours, sizeof ours, &theirs, sizeof(first)), MPCONN_OK);
    ck_assert_uint_eq(ours.struct_size, sizeof ours);
    ck_assert_uint_eq(ours.b, 12);
}
END_TEST

START_TEST(import_of_a_newer_struct_with_any_tail_byte_set_is_refused)
{
    for (size_t i = 0; i < sizeof(uint64_t); i++) {
        third theirs = {sizeof theirs, 11, 12, 0};
        second ours = {1, 2, 3};

        ((uint8_t *)&theirs.c)[i] = 1;
        ck_assert_int_eq(mpci_abi_import(&ours, sizeof ours, &theirs, sizeof(first)),
                         MPCONN_ERR_VERSION);
        ck_assert_uint_eq(ours.struct_size, 1);
        ck_assert_uint_eq(ours.a, 2);
        ck_assert_uint_eq(ours.b, 3);
    }
}
END_TEST

/* Sizes that were never set: too short, or whatever stood on the stack. */
static const size_t wrong_sizes[] = {0, 1, sizeof(size_t), sizeof(first) - 1, 4097, SIZE_MAX / 2,
                                     SIZE_MAX};

START_TEST(import_of_an_impossible_size_is_refused)
{
    size_t *theirs = calloc(1, sizeof(first)); /* exact: a look past it is seen */
    second ours = {1, 2, 3};

    *theirs = wrong_sizes[_i];
    ck_assert_int_eq(mpci_abi_import(&ours, sizeof ours, theirs, sizeof(first)),
                     MPCONN_ERR_VERSION);
    ck_assert_uint_eq(ours.struct_size, 1);
    free(theirs);
}
END_TEST

START_TEST(import_from_an_odd_address_is_read_all_the_same)
{
    uint8_t room[sizeof(first) + 1];
    first theirs = {sizeof theirs, 11};
    second ours;

    memcpy(room + 1, &theirs, sizeof theirs);
    ck_assert_int_eq(mpci_abi_import(&ours, sizeof ours, room + 1, sizeof(first)), MPCONN_OK);
    ck_assert_uint_eq(ours.a, 11);
}
END_TEST

START_TEST(export_to_an_older_struct_stops_at_its_end)
{
    struct {
        first theirs;
        uint64_t guard;
    } room = {{sizeof(first), 1}, 0x5555};
    second ours = {sizeof ours, 11, 12};

    ck_assert_int_eq(mpci_abi_export(&room.theirs, &ours, sizeof ours, sizeof(first)), MPCONN_OK);
    ck_assert_uint_eq(room.theirs.struct_size, sizeof(first));
    ck_assert_uint_eq(room.theirs.a, 11);
    ck_assert_uint_eq(room.guard, 0x5555);
}
END_TEST

START_TEST(export_to_a_newer_struct_has_the_rest_zero)
{
    third theirs = {sizeof theirs, 1, 2, 3};
    second ours = {sizeof ours, 11, 12};

    ck_assert_int_eq(mpci_abi_export(&theirs, &ours, sizeof ours, sizeof(first)), MPCONN_OK);
    ck_assert_uint_eq(theirs.struct_size, sizeof theirs);
    ck_assert_uint_eq(theirs.a, 11);
    ck_assert_uint_eq(theirs.b, 12);
    ck_assert_uint_eq(theirs.c, 0);
}
END_TEST

START_TEST(export_to_an_impossible_size_writes_nothing)
{
    first theirs = {wrong_sizes[_i], 77};
    second ours = {sizeof ours, 11, 12};

    ck_assert_int_eq(mpci_abi_export(&theirs, &ours, sizeof ours, sizeof(first)),
                     MPCONN_ERR_VERSION);
    ck_assert_uint_eq(theirs.struct_size, wrong_sizes[_i]);
    ck_assert_uint_eq(theirs.a, 77);
}
END_TEST

int main(void)
{
    const int n_wrong = (int)(sizeof wrong_sizes / sizeof wrong_sizes[0]);
    Suite *suite = suite_create("abi");
    TCase *tc = tcase_create("abi");

    tcase_add_test(tc, import_of_an_older_struct_has_the_rest_zero);
    tcase_add_test(tc, import_of_the_same_struct_is_a_copy);
    tcase_add_test(tc, import_of_a_newer_struct_with_zero_tail_is_accepted);
    tcase_add_test(tc, import_of_a_newer_struct_with_any_tail_byte_set_is_refused);
    tcase_add_loop_test(tc, import_of_an_impossible_size_is_refused, 0, n_wrong);
    tcase_add_test(tc, import_from_an_odd_address_is_read_all_the_same);
    tcase_add_test(tc, export_to_an_older_struct_stops_at_its_end);
    tcase_add_test(tc, export_to_a_newer_struct_has_the_rest_zero);
    tcase_add_loop_test(tc, export_to_an_impossible_size_writes_nothing, 0, n_wrong);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
