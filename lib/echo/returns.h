/* SPDX-License-Identifier: BSD-2-Clause */
/* Return paths: by which link what a server says to a client's network leaves here. Learned from an
 * echo that came back here, or from what the server itself sent. */
#ifndef MPCI_ECHO_RETURNS_H
#define MPCI_ECHO_RETURNS_H

#include "base/siphash.h"
#include "echo/cache.h"

/* What is used is learned anew before it gets as old as routes do. */
#define MPCI_RETURN_LASTS_NS (60 * MPCONN_SECOND)

typedef struct mpci_return {
    mpci_cache_key key;
    mpconn_addr client;        /* the network: /24, /56 */
    mpconn_addr server;
    mpconn_time learned;
    mpconn_time told_at;       /* its origin was told then; with `told` */
    uint64_t answered;         /* which SYN was answered by this link last: who proves itself for
                                * another one has not shown that it leads anywhere */
    uint64_t caller;           /* whose that was: what is for this one goes where its answer went */
    uint16_t zone;
    uint16_t link;             /* of what came from the server: leads onward to the client */
    uint16_t origin;           /* the member that saw the client, or MPCONN_MEMBER_ALL */
    uint16_t origin_link;      /* by which link it did */
    uint8_t family;
    uint8_t told;
    uint8_t proved;            /* a client has answered what left by it; or the server used it */
} mpci_return;

typedef struct mpci_returns {
    mpci_cache cache;
    const mpci_sipkey *hash_key;
} mpci_returns;

int mpci_returns_init(mpci_returns *r, mpci_alloc *a, const mpci_sipkey *key, uint32_t capacity);
void mpci_returns_fini(mpci_returns *r, mpci_alloc *a);

/* An echo of that member came back by this link, with a client's SYN of this number: it counts when
 * this client has proved itself. Another link than the one that was proved is a path that has
 * changed. NULL when that would push out what is proved. */
mpci_return *mpci_returns_learn(mpci_returns *r, const mpconn_tuple *t, uint32_t isn, uint32_t link,
                                uint32_t origin, mpconn_time now);
/* The same of one by which nobody is answered. */
mpci_return *mpci_returns_show(mpci_returns *r, const mpconn_tuple *t, uint32_t link,
                               uint32_t origin, mpconn_time now);
/* The server itself sent by it; and: a client has proved itself, with this number. */
void mpci_returns_saw(mpci_returns *r, const mpconn_tuple *t, uint32_t link, mpconn_time now);
void mpci_returns_prove(mpci_returns *r, const mpconn_tuple *t, uint32_t isn);

/* What is known and neither too old nor unproved, or NULL. */
const mpci_return *mpci_returns_find(const mpci_returns *r, const mpconn_tuple *t,
                                     mpconn_time now);
/* The same for what follows the answer to a SYN, which need not be proved for who was answered by
 * it: that is where the answer went, and if it went nowhere, so may a RST. */
const mpci_return *mpci_returns_find_caller(const mpci_returns *r, const mpconn_tuple *t,
                                            mpconn_time now);

#endif
