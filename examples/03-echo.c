/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A bridge has seen a client's SYN, and another bridge, on the way back from the server, is to
 * answer it. The first puts the SYN into a ping in the client's name; the server, who knows nothing
 * of all this, sends the ping back to where the client is; the second takes the SYN out. No engine
 * is needed: what both have in common is the key.
 */
#include <mpconn/mpconn.h>
#include <stdio.h>
#include <string.h>

/* 192.0.2.1:40000 calls 198.51.100.1:80. */
static const uint8_t syn[40] = {
    0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0x4e, 0x9a, 192, 0, 2, 1, 198, 51, 100, 1,
    0x9c, 0x40, 0, 80, 0, 0, 3, 0xe8, 0, 0, 0, 0, 0x50, 2, 0xff, 0xff, 0, 0, 0, 0
};

/* What any server does with a ping: both addresses change places, which no sum notices, and the
 * type becomes 0, of which the sum is put right (RFC 1624). */
static void server(uint8_t *ping)
{
    unsigned sum = ((unsigned)ping[22] << 8 | ping[23]) + 0x800;

    memcpy(ping + 12, syn + 16, 4);
    memcpy(ping + 16, syn + 12, 4);
    ping[20] = 0;
    sum = (sum & 0xffff) + (sum >> 16);
    ping[22] = (uint8_t)(sum >> 8);
    ping[23] = (uint8_t)sum;
}

int main(void)
{
    uint8_t ping[256];
    const uint8_t *packet = NULL;
    size_t len = 0, packet_len = 0;
    mpconn_echo_key key;
    mpconn_echo there, back;
    int result;

    mpconn_echo_key_init(&key, (const uint8_t *)"keep it secret!!", 16);
    MPCONN_STRUCT_INIT(&there);
    there.kind = MPCONN_ECHO_ANSWER;
    there.origin = 1; /* the first bridge */
    there.origin_link = 7;
    result = mpconn_echo_encapsulate(ping, sizeof(ping), &len, &there, &key, syn, sizeof(syn));
    printf("SYN of %zu bytes in a ping of %zu: %s\n", sizeof(syn), len, mpconn_strerror(result));

    server(ping);
    MPCONN_STRUCT_INIT(&back);
    result = mpconn_echo_unencapsulate(&back, &packet, &packet_len, &key, ping, len);
    printf("SYN of %zu bytes, first seen by member %u on link %u: %s\n", packet_len, back.origin,
           back.origin_link, mpconn_strerror(result));
    return packet == NULL || packet_len != sizeof(syn) || memcmp(packet, syn, packet_len) != 0;
}
