/* SPDX-License-Identifier: BSD-2-Clause */
/* Payload of an echo: doc/echo.md is the specification.
 *
 *    0  magic (4)        "MPEC"
 *    4  version (1)
 *    5  form (1)         bit 0: short
 *    6  epoch (1)        low 8 bits of its number
 *    7  reserved (1)     0
 *    8  length (2)       of what is sealed
 *   10  sealed: fields, link-layer header, session packet
 *       tag (16)         over everything before it, as it was before it was sealed
 *
 * Numbers are big endian. */
#ifndef MPCI_ECHO_CARRIER_H
#define MPCI_ECHO_CARRIER_H

#include "echo/seal.h"

enum {
    MPCI_ECHO_MAGIC = 0x4d504543,
    MPCI_ECHO_VERSION = 1,
    MPCI_ECHO_FORM_SHORT = 1,
    MPCI_ECHO_AROUND = MPCI_ECHO_CLEAR + MPCI_ECHO_TAG,
    MPCI_ECHO_FIELDS = 18, /* bytes; a link-layer header follows */
    MPCI_ECHO_SHORT_FIELDS = 28
};

#endif
