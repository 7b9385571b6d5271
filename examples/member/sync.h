/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames to and from the other members. */
#ifndef MEMBER_SYNC_H
#define MEMBER_SYNC_H

#include "member/member.h"

#include <poll.h>

#define SYNC_CHANNELS 2

/* NULL, or what failed; errno says why, and sync.failed for which --sync. */
const char *sync_open(member *m);
void sync_close(member *m);
/* What to wait for: fills up to SYNC_CHANNELS entries, returns how many. */
size_t sync_poll(const member *m, struct pollfd *fds);
/* Take what is there, and what was delayed and is due. */
void sync_handle(member *m);
/* When something delayed is due. */
mpconn_time sync_next(const member *m);
/* The callback send_frame. */
int sync_send(void *user, uint32_t to, const uint8_t *bytes, size_t len);

#endif
