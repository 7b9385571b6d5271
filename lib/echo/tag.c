/* SPDX-License-Identifier: BSD-2-Clause */
#include "echo/tag.h"

int mpci_echo_tag_fits(const uint8_t came[MPCI_ECHO_TAG], const uint8_t made[MPCI_ECHO_TAG])
{
    unsigned differs = 0;

    for (unsigned i = 0; i < MPCI_ECHO_TAG; i++)
        differs |= (unsigned)(came[i] ^ made[i]);
    return differs == 0;
}
