/* SPDX-License-Identifier: BSD-2-Clause */
/* The NAT of this host: a short list of rules, the same at every member. */
#ifndef MEMBER_BIND_H
#define MEMBER_BIND_H

#include <mpconn/mpconn.h>
#include <stdbool.h>

/* Rules there can be. */
#define BIND_RULES 16

/* What clients address, and where that leads; there it looks as if they had this address. */
typedef struct bind_rule {
    mpconn_addr from, to, source;
    uint16_t from_port, to_port;
    uint8_t from_family, to_family;
    bool has_source; /* otherwise they keep their own */
} bind_rule;

/* Parse "ADDR:PORT=ADDR:PORT" or "ADDR:PORT=ADDR:PORT@SOURCE". NULL, or what is wrong with it. */
const char *bind_parse(bind_rule *rule, const char *text);

/* As the hook `bind`: 0 when no rule is about the connection, 1 when one is. */
int bind_apply(const bind_rule *rules, size_t n, const mpconn_tuple *client_leg,
               mpconn_tuple *server_leg);

#endif
