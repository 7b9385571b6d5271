/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/nat.h"

/* Client legs have the networks 1 and 2 (world.c), server legs 3 and 4. */
enum { FIRST_BEHIND = 3, NETS = 2, PORT_MASK = 0x8000, PORT_STEP = SIM_NAT_PORT - 80 };

static unsigned net_of(const sim_addr *a)
{
    return a->family == 4 ? a->bytes[1] : a->bytes[3];
}

static unsigned host_of(const sim_addr *a)
{
    const uint8_t *host = a->bytes + (a->family == 4 ? 2 : 14);

    return (unsigned)host[0] << 8 | host[1];
}

static sim_addr make(unsigned family, unsigned net, unsigned host)
{
    return family == 4 ? sim_addr_ipv4(UINT32_C(10) << 24 | net << 16 | host)
                       : sim_addr_ipv6((uint16_t)net, host);
}

/* The number of a server stays, and so does what it says of the family. */
static unsigned family_of(const sim_leg *leg)
{
    unsigned family = leg->server.family;

    return host_of(&leg->server) % 2 == 0 ? family : 10 - family;
}

sim_leg sim_nat_server_leg(const sim_leg *leg)
{
    unsigned family = family_of(leg);

    return (sim_leg){
        .client = make(family, net_of(&leg->client) + NETS, host_of(&leg->client)),
        .server = make(family, net_of(&leg->server) + NETS, host_of(&leg->server)),
        .cport = leg->cport ^ PORT_MASK,
        .sport = (uint16_t)(leg->sport + PORT_STEP),
    };
}

sim_leg sim_nat_client_leg(const sim_leg *leg)
{
    unsigned family = family_of(leg);

    if (net_of(&leg->client) < FIRST_BEHIND)
        return *leg;
    return (sim_leg){
        .client = make(family, net_of(&leg->client) - NETS, host_of(&leg->client)),
        .server = make(family, net_of(&leg->server) - NETS, host_of(&leg->server)),
        .cport = leg->cport ^ PORT_MASK,
        .sport = (uint16_t)(leg->sport - PORT_STEP),
    };
}

sim_addr sim_nat_server_addr(unsigned family)
{
    return make(family, 2 + NETS, 0);
}
