/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control socket: a line is a question, the answer is one JSON document on one line. Who asked
 * for it is told of what happens as well, until the connection ends.
 */
#ifndef HOST_CONTROL_H
#define HOST_CONTROL_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define CONTROL_CLIENTS 8
#define CONTROL_LINE 4096
#define CONTROL_FDS (1 + CONTROL_CLIENTS)

/* Writes the answer. Returns whether the client is to be told of what happens from here on. */
typedef bool control_answer(void *user, FILE *out, const char *question);

typedef struct control_client {
    int fd; /* -1 = free */
    char in[CONTROL_LINE];
    size_t in_len;
    bool too_long; /* drop the rest of the line */
    bool listens, asks_no_more;
    char *out;     /* what is still to be sent, or NULL */
    size_t out_len, out_at;
} control_client;

typedef struct control {
    int fd; /* -1 = no control socket */
    const char *path;
    control_answer *answer;
    void *user;
    control_client clients[CONTROL_CLIENTS];
} control;

/* A NULL path gives a control that does nothing. NULL, or what failed; errno says why. */
const char *control_open(control *c, const char *path, control_answer *answer, void *user);
void control_close(control *c);
/* What to wait for: fills up to CONTROL_FDS entries, returns how many. */
size_t control_poll(const control *c, struct pollfd *fds);
/* Handle what poll() found in those entries. */
void control_handle(control *c, const struct pollfd *fds, size_t n);

/* Whether anybody is to be told. */
bool control_has_listeners(const control *c);
/* Tell them: one document with the end of its line. Who does not read it loses the connection
 * before it loses a document. */
void control_tell(control *c, const char *document, size_t len);

#endif
