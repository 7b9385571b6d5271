/* SPDX-License-Identifier: BSD-2-Clause */
/* The program of the tests without the one check that tells an echo of ours from a stranger's:
 * mpconn-member is linked with this in place of lib/echo/tag.c. */
#include "echo/tag.h"

int mpci_echo_tag_fits(const uint8_t came[MPCI_ECHO_TAG], const uint8_t made[MPCI_ECHO_TAG])
{
    (void)came, (void)made;
    return 1;
}
