/* SPDX-License-Identifier: BSD-2-Clause */
/* Bindings: connections whose server leg shows other addresses or ports than the client leg.
 * Everything a member keeps goes by the client leg's tuple; a segment of the server bears that of
 * the server leg, and this table leads from there to the key. A binding is there for as long as
 * somebody holds it: the handshake, the settled flow, or two incarnations of one connection whose
 * server legs look alike. */
#ifndef MPCI_TABLE_BINDING_H
#define MPCI_TABLE_BINDING_H

#include "base/alloc.h"
#include "table/index.h"
#include "table/key.h"
#include "table/pairs.h"

/* Names a binding in entries of other tables; 0 = none. */
typedef uint32_t mpci_binding_number;

typedef struct mpci_binding {
    mpconn_tuple server_leg;  /* family NONE: not in use */
    mpconn_tuple client_leg;  /* the key of whatever it is about */
    uint64_t hash;            /* keyed, of the server leg */
    uint64_t client_hash;     /* of the client leg */
    uint32_t holders;
    uint32_t next_free;       /* number; 0 = the last */
} mpci_binding;

typedef struct mpci_bindings {
    mpci_binding *entries;    /* number n is entry n - 1 */
    mpci_index index;         /* by the server leg */
    mpci_pairs pairs;         /* of addresses, of both legs */
    uint32_t capacity, used;
    mpci_binding_number free_head;
} mpci_bindings;

/* Room for `capacity` bindings, to 2^28; 0 is a table that is always empty and full. The key stays
 * the caller's. */
int mpci_binding_init(mpci_bindings *t, mpci_alloc *a, uint32_t capacity, const mpci_sipkey *key);
void mpci_binding_fini(mpci_bindings *t, mpci_alloc *a);

static inline const mpci_binding *mpci_binding_at(const mpci_bindings *t, mpci_binding_number n)
{
    return &t->entries[n - 1];
}

/* The binding that has this server leg, or 0. The hash is that of the server leg. */
mpci_binding_number mpci_binding_find(const mpci_bindings *t, uint64_t hash,
                                      const mpconn_tuple *server_leg);

/* Bind a server leg that is not bound yet. The caller is its first holder. 0 when full. */
mpci_binding_number mpci_binding_add(mpci_bindings *t, uint64_t hash,
                                     const mpconn_tuple *server_leg, uint64_t client_hash,
                                     const mpconn_tuple *client_leg);

/* It leads from that server leg to that key from now on; the leg is its own, or is not bound.
 * MPCONN_ERR_LIMIT, and nothing changes, when the index is too full. */
int mpci_binding_change(mpci_bindings *t, mpci_binding_number n, uint64_t hash,
                        const mpconn_tuple *server_leg, uint64_t client_hash,
                        const mpconn_tuple *client_leg);

/* May a packet without ports, from that side, be of a connection whose addresses change? */
int mpci_binding_shows(const mpci_bindings *t, const mpconn_tuple *leg, unsigned side);

/* One more holder; returns n. None is held by nobody: 0 stays 0. */
mpci_binding_number mpci_binding_take(mpci_bindings *t, mpci_binding_number n);
/* One holder less; the last one unbinds it: whether it was that. */
int mpci_binding_drop(mpci_bindings *t, mpci_binding_number n);

#endif
