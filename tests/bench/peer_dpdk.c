/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/peer.h"

#include <rte_byteorder.h>
#include <rte_eal.h>
#include <rte_hash.h>
#include <rte_hash_crc.h>
#include <rte_malloc.h>
#include <rte_prefetch.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/traffic.h"

enum { PAGE = 2 << 20, IP_LEN = 20, SEQ = 4, ACK = 8, SUM = 16, TSVAL = 24, TSECR = 28 };

/* IPv4 with timestamps and nothing else: the layout is known, nothing is checked. */
typedef struct peer_key {
    uint32_t client, server;
    uint16_t client_port, server_port;
    uint32_t zone;
} peer_key;

_Static_assert(sizeof(peer_key) == 16, "the key the figures are about");

typedef struct peer_record {
    uint32_t seq_offset, ts_offset;
    uint32_t end[2];
    uint64_t packets[2], bytes[2];
    uint8_t unused[16];
} peer_record;

_Static_assert(sizeof(peer_record) == 64, "a record is a cache line, as ours");

static struct rte_hash *table;
static peer_record *records;
static int heap = -1;

static int init_dpdk(void)
{
    char name[] = "bench", no_huge[] = "--no-huge", no_pci[] = "--no-pci", m[] = "-m", mb[] = "64";
    char no_telemetry[] = "--no-telemetry", no_shconf[] = "--no-shconf", l[] = "-l", cpu[16];
    char level[] = "--log-level=error";
    char *argv[] = {name, no_huge, no_pci, m, mb, no_telemetry, no_shconf, level, l, cpu, NULL};

    snprintf(cpu, sizeof(cpu), "%d", sched_getcpu());
    return rte_eal_init(sizeof(argv) / sizeof(argv[0]) - 1, argv);
}

/* A heap of our own gives the table the same kind of pages as the library gets. */
static int make_heap(uint32_t entries, int huge)
{
    size_t len = ((size_t)entries * 96 + ((size_t)64 << 20)) / PAGE * PAGE;
    uint8_t *at = traffic_alloc(len + PAGE, huge);

    if (at == NULL)
        return -1;
    at += PAGE - (uintptr_t)at % PAGE;
    if (rte_malloc_heap_create("bench") != 0 ||
        rte_malloc_heap_memory_add("bench", at, len, NULL, (unsigned)(len / PAGE), PAGE) != 0)
        return -1;
    heap = rte_malloc_heap_get_socket("bench");
    return heap;
}

int peer_open(uint32_t keys, uint32_t spare, int huge)
{
    struct rte_hash_parameters p = {
        .name = "bench",
        .entries = keys + (keys / 8 > spare + spare / 8 ? keys / 8 : spare + spare / 8),
        .key_len = sizeof(peer_key),
        .hash_func = rte_hash_crc,
    };

    if (init_dpdk() < 0 || make_heap(p.entries, huge) < 0) {
        puts("bench: NO PEER: DPDK did not start");
        return 1;
    }
    p.socket_id = heap;
    table = rte_hash_create(&p);
    if (table != NULL)
        records = traffic_alloc(((size_t)rte_hash_max_key_id(table) + 1) * sizeof(*records), huge);
    if (records == NULL) {
        puts("bench: NO PEER: rte_hash_create failed");
        return 1;
    }
    return 0;
}

static uint32_t load32(const uint8_t *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof(v));
    return v;
}

static uint16_t load16(const uint8_t *p)
{
    uint16_t v;

    memcpy(&v, p, sizeof(v));
    return v;
}

static inline void read_key(peer_key *k, const mpconn_pkt *pkt)
{
    const uint8_t *ip = pkt->data, *tcp = ip + IP_LEN;
    int from_client = pkt->side == MPCONN_SIDE_CLIENT;

    k->client = load32(ip + (from_client ? 12 : 16));
    k->server = load32(ip + (from_client ? 16 : 12));
    k->client_port = load16(tcp + (from_client ? 0 : 2));
    k->server_port = load16(tcp + (from_client ? 2 : 0));
    k->zone = pkt->zone;
}

int peer_add(const mpconn_pkt *pkt, uint32_t offset_seed)
{
    peer_key k;
    int at;

    read_key(&k, pkt);
    at = rte_hash_add_key(table, &k);
    if (at < 0)
        return -1;
    memset(&records[at], 0, sizeof(records[at]));
    records[at].seq_offset = offset_seed;
    records[at].ts_offset = ~offset_seed;
    return 0;
}

int peer_remove(const mpconn_pkt *pkt)
{
    peer_key k;

    read_key(&k, pkt);
    return rte_hash_del_key(table, &k) < 0 ? -1 : 0;
}

/* Positions, negative where there is none. */
static inline size_t find(mpconn_pkt *const *pkts, size_t n, int32_t *at)
{
    peer_key keys[RTE_HASH_LOOKUP_BULK_MAX];
    const void *list[RTE_HASH_LOOKUP_BULK_MAX];
    size_t found = 0;

    for (size_t i = 0; i < n; i++) {
        read_key(&keys[i], pkts[i]);
        list[i] = &keys[i];
    }
    if (n == 1)
        at[0] = rte_hash_lookup(table, &keys[0]);
    else
        (void)rte_hash_lookup_bulk(table, list, (uint32_t)n, at);
    for (size_t i = 0; i < n; i++)
        found += at[i] >= 0;
    return found;
}

size_t peer_look_up(mpconn_pkt *const *pkts, size_t n)
{
    int32_t at[RTE_HASH_LOOKUP_BULK_MAX];

    return find(pkts, n, at);
}

/* Add to a number of 32 bits in network order; what that changes is added to the sum. */
static inline void move(uint8_t *p, uint32_t by, uint64_t *sum)
{
    uint32_t old = rte_be_to_cpu_32(load32(p)), value = old + by, be = rte_cpu_to_be_32(value);

    *sum += (uint64_t)~old + value;
    memcpy(p, &be, sizeof(be));
}

static inline void translate(const mpconn_pkt *pkt, peer_record *r)
{
    uint8_t *tcp = pkt->data + IP_LEN;
    int from_client = pkt->side == MPCONN_SIDE_CLIENT;
    uint64_t sum = (uint16_t)~rte_be_to_cpu_16(load16(tcp + SUM));
    uint32_t end = rte_be_to_cpu_32(load32(tcp + SEQ)) + pkt->len;
    uint16_t be;

    if ((int32_t)(end - r->end[pkt->side]) > 0)
        r->end[pkt->side] = end;
    r->packets[pkt->side]++;
    r->bytes[pkt->side] += pkt->len;
    move(tcp + (from_client ? ACK : SEQ), from_client ? r->seq_offset : 0 - r->seq_offset, &sum);
    move(tcp + (from_client ? TSECR : TSVAL), from_client ? r->ts_offset : 0 - r->ts_offset, &sum);
    sum = (sum & UINT32_MAX) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    be = rte_cpu_to_be_16((uint16_t)~((sum & 0xffff) + (sum >> 16)));
    memcpy(tcp + SUM, &be, sizeof(be));
}

size_t peer_translate(mpconn_pkt *const *pkts, size_t n)
{
    int32_t at[RTE_HASH_LOOKUP_BULK_MAX];
    size_t found = find(pkts, n, at);

    if (found != n)
        return found;
    for (size_t i = 0; i < n; i++)
        rte_prefetch0(&records[at[i]]);
    for (size_t i = 0; i < n; i++)
        translate(pkts[i], &records[at[i]]);
    return found;
}

size_t peer_table_bytes(void)
{
    struct rte_malloc_socket_stats s;

    return rte_malloc_get_socket_stats(heap, &s) == 0 ? s.heap_allocsz_bytes : 0;
}

size_t peer_record_bytes(void)
{
    return ((size_t)rte_hash_max_key_id(table) + 1) * sizeof(*records);
}
