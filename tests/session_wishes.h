/* SPDX-License-Identifier: BSD-2-Clause */
/* Sessions that the tests ask for. */
#ifndef TESTS_SESSION_WISHES_H
#define TESTS_SESSION_WISHES_H

#include <mpconn/mpconn.h>
#include <stdio.h>

static inline mpconn_termination wish_called(unsigned host, unsigned port)
{
    mpconn_termination t = {
        .local.bytes = {203, 0, 113, (uint8_t)host},
        .local_port = (uint16_t)port,
        .family = MPCONN_FAMILY_IPV4,
    };

    return t;
}

static inline void wish_ipv6(mpconn_termination *t)
{
    static const uint8_t addr[16] = {0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

    memcpy(t->local.bytes, addr, sizeof(addr));
    t->family = MPCONN_FAMILY_IPV6;
}

/* The n-th of many sessions that have nothing in common. */
static inline mpconn_session_config wish(unsigned n)
{
    mpconn_session_config c;

    MPCONN_STRUCT_INIT(&c);
    snprintf(c.name, sizeof(c.name), "session %u", n);
    c.termination[0] = wish_called(1 + n / 50000, 1024 + n % 50000);
    c.termination[1] = wish_called(101 + n / 50000, 1024 + n % 50000);
    return c;
}

#endif
