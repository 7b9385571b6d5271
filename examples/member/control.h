/* SPDX-License-Identifier: BSD-2-Clause */
/* The control socket: a line is a question, the answer is one JSON document on one line. */
#ifndef MEMBER_CONTROL_H
#define MEMBER_CONTROL_H

#include "member/member.h"

#include <poll.h>

#define CONTROL_CLIENTS 8

typedef struct control_client {
    int fd; /* -1 = free */
    char in[64];
    size_t in_len;
    bool too_long; /* drop the rest of the line */
    char *out;     /* what is still to be sent, or NULL */
    size_t out_len, out_at;
} control_client;

typedef struct control {
    int fd; /* -1 = no control socket */
    const char *path;
    control_client clients[CONTROL_CLIENTS];
} control;

/* A NULL path gives a control that does nothing. NULL, or what failed; errno says why. */
const char *control_open(control *c, const char *path);
void control_close(control *c);
/* What to wait for: fills up to 1 + CONTROL_CLIENTS entries, returns how many. */
size_t control_poll(const control *c, struct pollfd *fds);
/* Handle what poll() found in those entries. */
void control_handle(control *c, const struct pollfd *fds, size_t n, member *m);

#endif
