/* SPDX-License-Identifier: BSD-2-Clause */
/* What the library is measured beside: the cuckoo hash table of DPDK (rte_hash with rte_hash_crc,
 * keys of 16 bytes), alone and with the rest of what a translator has to do. One peer a process. */
#ifndef MPCONN_BENCH_PEER_H
#define MPCONN_BENCH_PEER_H

#include <mpconn/packet.h>

/* A table for `keys` keys, at the load where it takes them all, with room for `spare` more. 0, or 1
 * after saying why there is none. Pins the process to the processor it runs on. */
int peer_open(uint32_t keys, uint32_t spare, int huge);

/* The key is read from a packet, whichever side that came from; `offset_seed` makes the record. */
int peer_add(const mpconn_pkt *pkt, uint32_t offset_seed);
int peer_remove(const mpconn_pkt *pkt);

/* Look all up; returns how many were found. `n` is at most 64. */
size_t peer_look_up(mpconn_pkt *const *pkts, size_t n);

/* Look all up, bring their records into the cache, note the segment in its record, and move
 * sequence number, acknowledgment, timestamps and checksum. Returns how many were found. */
size_t peer_translate(mpconn_pkt *const *pkts, size_t n);

/* Bytes of the table, and of the 64-byte records beside it. */
size_t peer_table_bytes(void);
size_t peer_record_bytes(void);

#endif
