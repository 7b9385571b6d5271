/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tag is good for: here it fits always, and an echo that was changed on its way is taken
 * for what it says. tests/test_echo_hostile.c refuses the same one. */
#include "check_main.h"
#include "echo/tag.h"
#include "echo_hostile.h"

int mpci_echo_tag_fits(const uint8_t came[MPCI_ECHO_TAG], const uint8_t made[MPCI_ECHO_TAG])
{
    (void)came, (void)made;
    return 1;
}

START_TEST(without_its_tag_a_changed_echo_leads_elsewhere)
{
    mpconn_echo got;

    ck_assert_int_eq(hostile_changed(&got), MPCONN_OK);
    ck_assert_uint_eq(got.origin, 0x0102 ^ 0x0203);
}
END_TEST

int main(void)
{
    return CHECK_MAIN("echo_untagged", without_its_tag_a_changed_echo_leads_elsewhere);
}
