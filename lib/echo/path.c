/* SPDX-License-Identifier: BSD-2-Clause */
#include "echo/path.h"

#include "base/cursor.h"
#include "table/handshake.h"

/* Routes may change; then one handshake takes a little longer. */
#define PATH_LASTS_NS (300 * MPCONN_SECOND)

/* Of the client its network: /24, /56. */
uint64_t mpci_path_hash(const mpci_sipkey *key, const mpconn_tuple *t)
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
    uint64_t hash = mpci_path_hash(key, t);
    mpci_path *at = &p->list[hash % MPCI_PATHS];

    if (member == MPCI_NOBODY) {
        if (at->print == print_of(hash))
            at->print = 0;
        return;
    }
    at->print = print_of(hash);
    at->member = (uint16_t)member;
    at->is_hint = 0;
    at->learnt = now;
}

static int is_young(const mpci_path *at, uint64_t age, mpconn_time now)
{
    return at->print != 0 && now - at->learnt < age;
}

void mpci_path_hint(mpci_paths *p, const mpci_sipkey *key, const mpconn_tuple *t, uint32_t member,
                    mpconn_time now)
{
    uint64_t hash = mpci_path_hash(key, t);
    mpci_path *at = &p->list[hash % MPCI_PATHS];

    if (is_young(at, PATH_LASTS_NS, now) && (at->print != print_of(hash) || !at->is_hint))
        return;
    *at = (mpci_path){print_of(hash), (uint16_t)member, 1, now};
}

uint32_t mpci_path_find_young(const mpci_paths *p, const mpci_sipkey *key, const mpconn_tuple *t,
                              uint64_t age, mpconn_time now)
{
    uint64_t hash = mpci_path_hash(key, t);
    const mpci_path *at = &p->list[hash % MPCI_PATHS];

    return at->print == print_of(hash) && is_young(at, age, now) && !at->is_hint ? at->member
                                                                                  : MPCI_NOBODY;
}

uint32_t mpci_path_find(const mpci_paths *p, const mpci_sipkey *key, const mpconn_tuple *t,
                        mpconn_time now)
{
    uint64_t hash = mpci_path_hash(key, t);
    const mpci_path *at = &p->list[hash % MPCI_PATHS];

    return at->print == print_of(hash) && is_young(at, PATH_LASTS_NS, now) ? at->member
                                                                           : MPCI_NOBODY;
}
