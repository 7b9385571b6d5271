/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Known answers without any test library, so that they also run where only a
 * C compiler is at hand: other byte orders, other word sizes, emulators.
 */
#include <mpconn/version.h>
#include <stdio.h>
#include <string.h>

struct known {
    const char *name;
    int (*holds)(void);
};

static int version_is_that_of_the_headers(void)
{
    return strcmp(mpconn_version(), MPCONN_VERSION_STRING) == 0;
}

static const struct known all[] = {
    {"version", version_is_that_of_the_headers},
};

int main(void)
{
    int failed = 0;

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (!all[i].holds()) {
            printf("selftest: %s FAILED\n", all[i].name);
            failed = 1;
        }
    }
    return failed;
}
