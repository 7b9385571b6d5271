/* SPDX-License-Identifier: BSD-2-Clause */
/* Where DPDK is not installed. */
#include <stdio.h>

#include "bench/peer.h"

int peer_open(uint32_t keys, uint32_t spare, int huge)
{
    (void)keys;
    (void)spare;
    (void)huge;
    puts("bench: NO PEER: this build found no DPDK (pkg-config libdpdk; Debian: libdpdk-dev).\n"
         "bench: NO PEER: the figures below stand alone and compare with nothing.");
    return 1;
}

int peer_add(const mpconn_pkt *pkt, uint32_t offset_seed)
{
    (void)pkt;
    (void)offset_seed;
    return -1;
}

int peer_remove(const mpconn_pkt *pkt)
{
    (void)pkt;
    return -1;
}

size_t peer_look_up(mpconn_pkt *const *pkts, size_t n)
{
    (void)pkts;
    (void)n;
    return 0;
}

size_t peer_translate(mpconn_pkt *const *pkts, size_t n)
{
    (void)pkts;
    (void)n;
    return 0;
}

size_t peer_table_bytes(void)
{
    return 0;
}

size_t peer_record_bytes(void)
{
    return 0;
}
