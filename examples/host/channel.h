/* SPDX-License-Identifier: BSD-2-Clause */
/* Channels between members: a socket each, point to point or to a group; of UDP, or without IP (see
 * host/ether.h). */
#ifndef HOST_CHANNEL_H
#define HOST_CHANNEL_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

typedef enum channel_kind {
    CHANNEL_NONE = 0,
    CHANNEL_UDP,       /* point to point */
    CHANNEL_MULTICAST,
    CHANNEL_BROADCAST,
    CHANNEL_ETHER,     /* to single stations */
    CHANNEL_ETHER_ALL  /* to all of them */
} channel_kind;

typedef struct channel_address {
    struct sockaddr_storage at;
    socklen_t len; /* 0 = none */
} channel_address;

typedef struct channel_config {
    channel_kind kind;
    channel_address address; /* our own, or that of the group */
    char interface[IF_NAMESIZE]; /* of a group, or without IP */
} channel_config;

typedef struct channel {
    int fd; /* -1 = not open */
    channel_config config;
    uint64_t datagrams_in, datagrams_out, failed_out;
} channel;

/* Parse "192.0.2.1:5000" or "[2001:db8::1]:5000". NULL, or what is wrong with it. */
const char *channel_parse_address(channel_address *out, const char *text);
/* Parse "udp:ADDR:PORT", "multicast:GROUP:PORT@IFACE", "broadcast:ADDR:PORT@IFACE", or
 * "ether:IFACE" or "ether:IFACE:TYPE", to single stations. */
const char *channel_parse(channel_config *out, const char *text);

/* Opens nothing for CHANNEL_NONE. NULL, or what failed; errno says why. */
const char *channel_open(channel *c, const channel_config *config);
void channel_close(channel *c);
/* At once or not at all: 0, or -1. */
int channel_send(channel *c, const channel_address *to, const uint8_t *bytes, size_t len);
/* A datagram that is there and who sent it, or -1. */
ptrdiff_t channel_receive(channel *c, uint8_t *bytes, size_t cap, channel_address *from);

#endif
