/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP segments as the simulator's endpoints read and write them. Shares no code with the library
 * on purpose: what one of the two gets wrong, the other must notice. */
#ifndef SIM_SEGMENT_H
#define SIM_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SIM_FIN = 0x01,
    SIM_SYN = 0x02,
    SIM_RST = 0x04,
    SIM_PSH = 0x08,
    SIM_ACK = 0x10,
    SIM_URG = 0x20,
    SIM_ECE = 0x40,
    SIM_CWR = 0x80
};

typedef struct sim_addr {
    uint8_t family; /* 4 or 6 */
    uint8_t bytes[16];
} sim_addr;

typedef struct sim_range {
    uint32_t start, end; /* [start, end), sequence numbers */
} sim_range;

#define SIM_SACK_BLOCKS 4

typedef struct sim_segment {
    sim_addr src, dst;
    uint16_t sport, dport;
    uint32_t seq, ack;
    uint16_t window, urgent;
    uint8_t flags, ttl, tos;
    bool has_mss, has_wscale, has_sack_permitted, has_ts;
    uint16_t mss;
    uint8_t wscale, n_sack;
    uint32_t tsval, tsecr;
    sim_range sack[SIM_SACK_BLOCKS];
    const uint8_t *extra; /* options nobody here understands, to be sent as they are */
    uint8_t n_extra;
    uint8_t option_bytes; /* set by parsing */
    const uint8_t *payload;
    uint32_t n_payload;
} sim_segment;

enum sim_parse {
    SIM_PARSE_OK,
    SIM_PARSE_NOT_TCP,
    SIM_PARSE_MALFORMED,
    SIM_PARSE_CHECKSUM
};

/* Strict: every length must fit, every option be well formed, every checksum right. With
 * MALFORMED nothing is set; with CHECKSUM everything is. The payload points into `data`. */
enum sim_parse sim_segment_parse(sim_segment *seg, const uint8_t *data, size_t len);

/* Bytes that building takes. */
size_t sim_segment_size(const sim_segment *seg);
/* Writes sim_segment_size() bytes. */
void sim_segment_build(const sim_segment *seg, uint8_t *dst);

/* Adds to a ones' complement sum of 16 bits; `len` is even, or these are the last bytes. */
uint32_t sim_sum_bytes(uint32_t sum, const uint8_t *p, size_t len);

/* Correct the checksums of a packet somebody has meddled with. */
void sim_segment_fix_checksums(uint8_t *data, size_t len);

/* Length in sequence numbers: payload, SYN and FIN. */
uint32_t sim_segment_length(const sim_segment *seg);

bool sim_addr_equal(const sim_addr *a, const sim_addr *b);
sim_addr sim_addr_ipv4(uint32_t address);
/* fd00:NET::HOST */
sim_addr sim_addr_ipv6(uint16_t net, uint32_t host);
void sim_addr_text(const sim_addr *a, char *dst, size_t cap);

/* Order of sequence numbers and timestamps (RFC 9293 3.4). */
static inline bool sim_before(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

static inline bool sim_before_eq(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) <= 0;
}

#endif
