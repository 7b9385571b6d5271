/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_main.h"

#include <mpconn/version.h>
#include <stdio.h>

START_TEST(string_is_made_of_the_three_numbers)
{
    char text[32];

    snprintf(text, sizeof text, "%d.%d.%d", MPCONN_VERSION_MAJOR,
         MPCONN_VERSION_MINOR, MPCONN_VERSION_PATCH);
    ck_assert_str_eq(text, MPCONN_VERSION_STRING);
}
END_TEST

int main(void)
{
    return CHECK_MAIN("version", string_is_made_of_the_three_numbers);
}
