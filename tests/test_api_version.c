/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_main.h"

#include <mpconn/version.h>

START_TEST(linked_library_is_the_release_of_its_headers)
{
    ck_assert_str_eq(mpconn_version(), MPCONN_VERSION_STRING);
}
END_TEST

int main(void)
{
    return CHECK_MAIN("api_version", linked_library_is_the_release_of_its_headers);
}
