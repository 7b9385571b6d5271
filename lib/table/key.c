/* SPDX-License-Identifier: BSD-2-Clause */
#include "table/key.h"

#include "base/byteorder.h"

uint64_t mpci_tuple_hash(const mpci_sipkey *key, const mpconn_tuple *t)
{
    if (t->family != MPCONN_FAMILY_IPV4)
        return mpci_siphash13(key, (const uint8_t *)t, offsetof(mpconn_tuple, reserved));
    uint64_t addresses = (uint64_t)mpci_load32(t->client.bytes) << 32 |
                         mpci_load32(t->server.bytes);
    uint64_t rest = (uint64_t)t->family << 48 | (uint64_t)t->client_port << 32 |
                    (uint64_t)t->server_port << 16 | t->zone;
    return mpci_siphash13_15(key, addresses, rest);
}

int mpci_tuple_equal(const mpconn_tuple *a, const mpconn_tuple *b)
{
    size_t len = a->family == MPCONN_FAMILY_IPV4 ? 4 : sizeof(a->client.bytes);
    if (a->client_port != b->client_port || a->server_port != b->server_port ||
        a->zone != b->zone || a->family != b->family)
        return 0;
    return memcmp(a->client.bytes, b->client.bytes, len) == 0 &&
           memcmp(a->server.bytes, b->server.bytes, len) == 0;
}
