/* SPDX-License-Identifier: BSD-2-Clause */
/* Keyed hash of a tuple, the same for both directions because a tuple is client/server, not
 * source/destination. The value of an IPv6 tuple depends on the byte order of the machine: it is
 * for tables, not for the wire. */
#ifndef MPCI_TABLE_KEY_H
#define MPCI_TABLE_KEY_H

#include <mpconn/base.h>

#include "base/siphash.h"

uint64_t mpci_tuple_hash(const mpci_sipkey *key, const mpconn_tuple *t);
int mpci_tuple_equal(const mpconn_tuple *a, const mpconn_tuple *b);

#endif
