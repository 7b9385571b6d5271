/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DEMO_MESSAGE_H
#define DEMO_MESSAGE_H

#include "demo/capture.h"

/* Read a frame between members of which the first `kept` of `len` bytes are there. False when it is
 * none. No tag is checked. */
bool message_read(message *m, const uint8_t *bytes, size_t kept, size_t len);
/* Of a type of record; NULL where the number is not in use. */
const char *message_record_name(uint8_t type);

#endif
