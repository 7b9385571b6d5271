/* SPDX-License-Identifier: BSD-2-Clause */
/* What server legs show where the hosts of the members translate addresses: a function of what the
 * client leg shows, so that every member says the same, and every check knows it. Clients come from
 * other addresses and ports, servers have others, and of every second server they are of the other
 * IP version. */
#ifndef SIM_NAT_H
#define SIM_NAT_H

#include "sim/segment.h"

typedef struct sim_leg {
    sim_addr client, server;
    uint16_t cport, sport;
} sim_leg;

/* Port on which the servers listen behind the members. */
enum { SIM_NAT_PORT = 8080 };

sim_leg sim_nat_server_leg(const sim_leg *client_leg);
/* The reverse; what shows no address of a server leg stays as it is. */
sim_leg sim_nat_client_leg(const sim_leg *server_leg);
/* An address of all servers behind the members, for its prefix. */
sim_addr sim_nat_server_addr(unsigned family);

#endif
