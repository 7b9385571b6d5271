/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The main function of a Check program.
 *
 * CHECK_MAIN(name, test...) runs the tests of one case. A program with loop
 * tests or fixtures builds its suite itself and returns check_run(suite).
 */
#ifndef MPCONN_TESTS_CHECK_MAIN_H
#define MPCONN_TESTS_CHECK_MAIN_H

#include <check.h>
#include <stdlib.h>

static inline int check_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static inline int check_run_tests(const char *name, const TTest *const *tests)
{
    Suite *suite = suite_create(name);
    TCase *tc = tcase_create(name);

    for (; *tests != NULL; tests++)
        tcase_add_test(tc, *tests);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}

/* For loops of many rounds: ck_assert writes to a file each time that it holds. */
#define HOLDS(condition)                    \
    do {                                    \
        if (!(condition))                   \
            ck_abort_msg("%s", #condition); \
    } while (0)

#define CHECK_MAIN(name, ...) \
    check_run_tests((name), (const TTest *const[]){__VA_ARGS__, NULL})

#endif
