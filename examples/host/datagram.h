/* SPDX-License-Identifier: BSD-2-Clause */
/* A datagram of a channel as a frame, so that it can be recorded among the others. A socket does
 * not say what headers it has on the wire: they are made up. */
#ifndef HOST_DATAGRAM_H
#define HOST_DATAGRAM_H

#include "host/channel.h"
#include "host/frame.h"

/* At most what a datagram can hold; what is beyond is cut off. */
void datagram_frame(frame *f, const channel_address *from, const channel_address *to,
                    const uint8_t *bytes, size_t len);

#endif
