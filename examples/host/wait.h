/* SPDX-License-Identifier: BSD-2-Clause */
/* Time, and waiting for it or for something else to happen. */
#ifndef HOST_WAIT_H
#define HOST_WAIT_H

#include <mpconn/base.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

mpconn_time host_now(void);

/* From here on the signals that end a program make this readable instead. -1 when it fails. */
int wait_open_signals(void);
/* As poll(), until `deadline`, which may be MPCONN_TIME_NEVER. */
int wait_until(struct pollfd *fds, size_t n, mpconn_time deadline);
bool wait_found(const struct pollfd *fds, size_t n);

#endif
