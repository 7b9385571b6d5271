/* SPDX-License-Identifier: BSD-2-Clause */
/* Which member the answers of a server to a client's network were last seen at: who is to be told
 * at once (principle 5). Nothing depends on it but the time a handshake takes. */
#ifndef MPCI_ECHO_PATH_H
#define MPCI_ECHO_PATH_H

#include <mpconn/base.h>

#include "base/siphash.h"

enum { MPCI_PATHS = 1024 };

typedef struct mpci_path {
    uint32_t print;        /* 0 = empty */
    uint16_t member;
    uint16_t is_hint;      /* an echo came back there; nobody has used it yet */
    mpconn_time learnt;
} mpci_path;

typedef struct mpci_paths {
    mpci_path list[MPCI_PATHS];
} mpci_paths;

/* The same for all connections between a client's network and a server. */
uint64_t mpci_path_hash(const mpci_sipkey *key, const mpconn_tuple *t);

/* The answers for this connection come to that member; to this one, when it is MPCI_NOBODY. */
void mpci_path_learn(mpci_paths *p, const mpci_sipkey *key, const mpconn_tuple *t,
                     uint32_t member, mpconn_time now);

/* The same, but only shown by an echo: takes the place of nothing that is known and young. */
void mpci_path_hint(mpci_paths *p, const mpci_sipkey *key, const mpconn_tuple *t, uint32_t member,
                    mpconn_time now);

/* Where answers for such a connection came to within the last minutes, MPCI_NOBODY when they came
 * here or nothing is known. */
uint32_t mpci_path_find(const mpci_paths *p, const mpci_sipkey *key, const mpconn_tuple *t,
                        mpconn_time now);

/* The same, if it is no hint, and was learned so lately. */
uint32_t mpci_path_find_young(const mpci_paths *p, const mpci_sipkey *key, const mpconn_tuple *t,
                              uint64_t age, mpconn_time now);

#endif
