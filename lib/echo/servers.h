/* SPDX-License-Identifier: BSD-2-Clause */
/* Servers: whether one answers pings, and how many are sent to it. */
#ifndef MPCI_ECHO_SERVERS_H
#define MPCI_ECHO_SERVERS_H

#include "base/siphash.h"
#include "echo/budget.h"
#include "echo/cache.h"

typedef struct mpci_server {
    mpci_cache_key key;
    mpci_budget budget;        /* of echoes to it */
    mpci_budget tries[2];      /* while it is mute: of SYNs that come the first time, and again */
    mpconn_time waiting_since; /* the first echo that was not answered; meaningful with `waiting` */
    mpconn_time pinged;        /* the last one; the same */
    mpconn_time answered;      /* the last answer; with `answers` */
    mpconn_time asked_since;   /* the others, in vain as yet; with `asked` */
    uint32_t waiting;          /* echoes since the last answer */
    uint8_t asked;
    uint8_t answers;           /* it has answered */
    uint8_t cut;               /* what it answered was the short form, after the long ones were
                                * not */
} mpci_server;

typedef struct mpci_servers {
    mpci_cache cache;
    const mpci_sipkey *hash_key;
} mpci_servers;

int mpci_servers_init(mpci_servers *s, mpci_alloc *a, const mpci_sipkey *key, uint32_t capacity);
void mpci_servers_fini(mpci_servers *s, mpci_alloc *a);

mpci_server *mpci_servers_find(const mpci_servers *s, const mpconn_tuple *t);
mpci_server *mpci_servers_take(mpci_servers *s, const mpconn_tuple *t, mpconn_time now);

/* An echo is sent to it; an answer was seen, of the short form or the long one. What is known by
 * either is forgotten when it has been so for long: networks change. */
void mpci_server_pinged(mpci_server *s, mpconn_time now);
void mpci_server_answered(mpci_server *s, int cut, mpconn_time now);

/* The others are asked for a way from it; are they worth it, or known to know none? After a while
 * they are worth it again, but not for a SYN for which they were asked before: a lone client comes
 * ever later, and would have them asked for ever. */
void mpci_server_asked(mpci_server *s, mpconn_time now);
int mpci_server_may_ask(const mpci_server *s, int before, mpconn_time now);

/* Is it not worth an echo? NULL is a server of which nothing is known. */
int mpci_server_is_mute(const mpci_server *s, mpconn_time now);
/* Whether the next echo should have the short form: the long one may be trimmed on its way. */
int mpci_server_is_to_be_cut(const mpci_server *s, mpconn_time now);

#endif
