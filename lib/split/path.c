/* SPDX-License-Identifier: BSD-2-Clause */
#include "split/path.h"

#include "base/cursor.h"
#include "table/handshake.h"

/* Routes may change; then one handshake takes a little longer. */
#define PATH_LASTS_NS (300 * MPCONN_SECOND)

/* Of the client its network: /24, /56. */
static uint64_t hash_of(const mpci_sipkey *key, const mpconn_tuple *t)
{
    uint8_t bytes[32];
    mpci_writer w = mpci_writer_of(bytes, sizeof bytes);

    mpci_write_bytes(&w, t->client.bytes, t->family == MPCONN_FAMILY_IPV6 ? 7 : 3);
    mpci_write_bytes(&w, t->server.bytes, sizeof t->server.bytes);
    mpci_write_number(&w, t->zone, 2);
    return mpci_siphash13(key, bytes, sizeof bytes - mpci_writer_left(&w));
}

static uint32_t print_of(uint64_t hash)
{
    return (uint32_t)(hash >> 32) | 1;
}

void mpci_path_learn(mpci_paths *p, const mpci_sipkey *key, const mpconn_tuple *t,
                     uint32_t member, mpconn_time now)
{
    uint64_t hash = hash_of(key, t);
    mpci_path *at = &p->list[hash % MPCI_PATHS];

    if (member == MPCI_NOBODY) {
        if (at->print == print_of(hash))
            at->print = 0;
        return;
    }
    at->print = print_of(hash);
    at->member = (uint16_t)member;
    at->learnt = now;
}

uint32_t mpci_path_find(const mpci_paths *p, const mpci_sipkey *key, const mpconn_tuple *t,
                        mpconn_time now)
{
    uint64_t hash = hash_of(key, t);
    const mpci_path *at = &p->list[hash % MPCI_PATHS];

    return at->print == print_of(hash) && now - at->learnt < PATH_LASTS_NS ? at->member
                                                                           : MPCI_NOBODY;
}
