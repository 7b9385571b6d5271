/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of the tables share: tuples, and a host allocator that fails when asked to. */
#ifndef MPCONN_TESTS_TABLE_SUPPORT_H
#define MPCONN_TESTS_TABLE_SUPPORT_H

#include <stdlib.h>

#include "base/alloc.h"
#include "base/byteorder.h"

typedef struct failing_host {
    unsigned fail_at;     /* the n-th allocation fails, and all after it; 0 = never */
    unsigned calls;
    unsigned outstanding; /* taken and not given back */
} failing_host;

static inline void *failing_alloc(void *user, size_t size)
{
    failing_host *host = user;
    void *ptr;

    if (++host->calls >= host->fail_at && host->fail_at != 0)
        return NULL;
    ptr = malloc(size);
    host->outstanding += ptr != NULL;
    return ptr;
}

static inline void failing_release(void *user, void *ptr)
{
    failing_host *host = user;

    host->outstanding--;
    free(ptr);
}

static inline mpci_alloc plain_alloc(void)
{
    mpci_alloc a;

    mpci_alloc_init(&a, NULL);
    return a;
}

static inline mpci_alloc alloc_from(failing_host *host)
{
    mpconn_allocator functions = {failing_alloc, failing_release, host};
    mpci_alloc a;

    mpci_alloc_init(&a, &functions);
    return a;
}

static inline mpconn_tuple tuple_ipv4(uint32_t client, uint32_t server, unsigned client_port,
                                      unsigned server_port)
{
    mpconn_tuple t = {.client_port = (uint16_t)client_port,
                      .server_port = (uint16_t)server_port,
                      .family = MPCONN_FAMILY_IPV4};

    mpci_store32(t.client.bytes, client);
    mpci_store32(t.server.bytes, server);
    return t;
}

/* The n-th address of the documentation prefix, in both the first and the last bytes. */
static inline mpconn_tuple tuple_ipv6(uint32_t client, uint32_t server, unsigned client_port,
                                      unsigned server_port)
{
    mpconn_tuple t = tuple_ipv4(UINT32_C(0x20010db8), UINT32_C(0x20010db8), client_port,
                                server_port);

    t.family = MPCONN_FAMILY_IPV6;
    mpci_store32(t.client.bytes + 12, client);
    mpci_store32(t.server.bytes + 12, server);
    return t;
}

#endif
