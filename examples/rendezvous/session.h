/* SPDX-License-Identifier: BSD-2-Clause */
/* A session as a JSON object. */
#ifndef RENDEZVOUS_SESSION_H
#define RENDEZVOUS_SESSION_H

#include <mpconn/rendezvous.h>
#include <stdbool.h>

/* What is wrong with one. */
typedef struct session_problem {
    char text[256];
} session_problem;

/* False, and the problem in words, for what is no session. Members that the object does not have
 * get the library's defaults. */
bool session_parse(mpconn_session_config *config, const char *text, session_problem *problem);

#endif
