/* SPDX-License-Identifier: BSD-2-Clause */
/* What hides the payload of an echo and holds it together. The tag is a keyed hash of the payload,
 * and the payload is hidden by a stream that a second key makes of the tag (Rogaway, Shrimpton:
 * SIV). There is no nonce that could come twice: what is equal looks equal, and nothing else is
 * told. doc/echo.md says it byte for byte. */
#ifndef MPCI_ECHO_SEAL_H
#define MPCI_ECHO_SEAL_H

#include "base/siphash.h"
#include "echo/tag.h"

enum { MPCI_ECHO_CLEAR = 10 }; /* bytes in front that are not hidden */

/* Keys of one epoch. */
typedef struct mpci_echo_keys {
    mpci_sipkey tag, stream;
} mpci_echo_keys;

void mpci_echo_keys_init(mpci_echo_keys *k, const mpci_sipkey *root, uint32_t epoch);

/* `len` bytes, of which all but the clear ones are hidden, and room for the tag behind them. */
void mpci_echo_seal(const mpci_echo_keys *k, uint8_t *payload, size_t len);

/* Open them: 1, or 0 with all as it was when the tag behind them does not fit. */
int mpci_echo_open(const mpci_echo_keys *k, uint8_t *payload, size_t len);

/* Hide again what was opened. */
void mpci_echo_close(const mpci_echo_keys *k, uint8_t *payload, size_t len);

#endif
