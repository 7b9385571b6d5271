/* SPDX-License-Identifier: BSD-2-Clause */
/* The one check that tells an echo of ours from what a stranger made. In a file of its own, so that
 * a test can be linked without it and show what it is good for. */
#ifndef MPCI_ECHO_TAG_H
#define MPCI_ECHO_TAG_H

#include <stdint.h>

enum { MPCI_ECHO_TAG = 16 };

/* Whether the tag that came is the one that was made, in constant time. */
int mpci_echo_tag_fits(const uint8_t came[MPCI_ECHO_TAG], const uint8_t made[MPCI_ECHO_TAG]);

#endif
