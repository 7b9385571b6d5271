/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The channel of members that have no IP address: frames of an EtherType for local use, to a
 * station or to all of them. A short frame is padded on its way, so that the first two bytes say
 * how long the datagram is; it follows.
 */
#ifndef HOST_ETHER_H
#define HOST_ETHER_H

#include "host/channel.h"

/* Local Experimental EtherType 1 (IEEE 802), and 2, of which a channel has one. */
#define ETHER_TYPE 0x88b5
#define ETHER_LENGTH_BYTES 2

/* Parse "IFACE" or "IFACE:TYPE". NULL, or what is wrong with it. */
const char *ether_parse(channel_config *out, const char *text);
/* Parse "02:00:00:00:00:01", the address of one station. */
bool ether_parse_station(channel_address *out, const char *text);
/* The channel to all stations that belongs to one to single stations. */
void ether_make_group(channel_config *config);

/* As the functions of a channel. */
const char *ether_open(channel *c);
int ether_send(channel *c, const channel_address *to, const uint8_t *bytes, size_t len);
ptrdiff_t ether_receive(channel *c, uint8_t *bytes, size_t cap, channel_address *from);

#endif
