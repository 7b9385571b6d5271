/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/segment.h"

#include <stdio.h>
#include <string.h>

enum {
    OPT_END = 0,
    OPT_NOP = 1,
    OPT_MSS = 2,
    OPT_WSCALE = 3,
    OPT_SACK_OK = 4,
    OPT_SACK = 5,
    OPT_TS = 8
};

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint8_t *put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
    return p + 2;
}

static uint8_t *put32(uint8_t *p, uint32_t v)
{
    return put16(put16(p, v >> 16), v & 0xffff);
}

/* RFC 1071, the long way. */
uint32_t sim_sum_bytes(uint32_t sum, const uint8_t *p, size_t len)
{
    uint64_t wide = sum;

    for (; len > 1; p += 2, len -= 2)
        wide += get16(p);
    if (len == 1)
        wide += (uint32_t)p[0] << 8;
    while (wide >> 16 != 0)
        wide = (wide & 0xffff) + (wide >> 16);
    return (uint32_t)wide;
}

static uint32_t sum_tcp(const uint8_t *ip, unsigned family, const uint8_t *tcp, size_t tcp_len)
{
    uint8_t tail[8] = {0};

    put32(tail, (uint32_t)tcp_len);
    tail[7] = 6;
    if (family == 4)
        return sim_sum_bytes(sim_sum_bytes(sim_sum_bytes(0, ip + 12, 8), tail, 8), tcp, tcp_len);
    return sim_sum_bytes(sim_sum_bytes(sim_sum_bytes(0, ip + 8, 32), tail, 8), tcp, tcp_len);
}

static bool parse_option(sim_segment *seg, const uint8_t *p, unsigned len)
{
    switch (p[0]) {
    case OPT_MSS:
        seg->has_mss = true;
        seg->mss = len == 4 ? get16(p + 2) : 0;
        return len == 4;
    case OPT_WSCALE:
        seg->has_wscale = true;
        seg->wscale = p[2];
        return len == 3;
    case OPT_SACK_OK:
        seg->has_sack_permitted = true;
        return len == 2;
    case OPT_TS:
        if (len != 10)
            return false;
        seg->has_ts = true;
        seg->tsval = get32(p + 2);
        seg->tsecr = get32(p + 6);
        return true;
    case OPT_SACK:
        if (len < 10 || len > 34 || len % 8 != 2)
            return false;
        for (seg->n_sack = 0; seg->n_sack < (len - 2) / 8; seg->n_sack++) {
            seg->sack[seg->n_sack].start = get32(p + 2 + 8 * seg->n_sack);
            seg->sack[seg->n_sack].end = get32(p + 6 + 8 * seg->n_sack);
        }
        return true;
    default:
        return true;
    }
}

static bool parse_options(sim_segment *seg, const uint8_t *p, size_t len)
{
    uint32_t seen = 0;

    while (len > 0 && p[0] != OPT_END) {
        if (p[0] == OPT_NOP) {
            p++;
            len--;
            continue;
        }
        if (len < 2 || p[1] < 2 || p[1] > len)
            return false;
        if (p[0] < 32 && (seen & UINT32_C(1) << p[0]) != 0)
            return false;
        if (p[0] < 32)
            seen |= UINT32_C(1) << p[0];
        if (!parse_option(seg, p, p[1]))
            return false;
        len -= p[1];
        p += p[1];
    }
    return true;
}

static bool parse_tcp(sim_segment *seg, const uint8_t *tcp, size_t len)
{
    size_t header;

    if (len < 20)
        return false;
    header = (size_t)(tcp[12] >> 4) * 4;
    if (header < 20 || header > len || (tcp[12] & 0x0f) != 0)
        return false;
    seg->sport = get16(tcp);
    seg->dport = get16(tcp + 2);
    seg->seq = get32(tcp + 4);
    seg->ack = get32(tcp + 8);
    seg->flags = tcp[13];
    seg->window = get16(tcp + 14);
    seg->urgent = get16(tcp + 18);
    seg->option_bytes = (uint8_t)(header - 20);
    seg->payload = tcp + header;
    seg->n_payload = (uint32_t)(len - header);
    return parse_options(seg, tcp + 20, header - 20);
}

static enum sim_parse parse_ipv4(sim_segment *seg, const uint8_t *d, size_t len)
{
    bool right;

    if (len < 20 || d[0] != 0x45 || get16(d + 2) != len || (get16(d + 6) & 0x3fff) != 0)
        return SIM_PARSE_MALFORMED;
    if (d[9] != 6)
        return SIM_PARSE_NOT_TCP;
    seg->src.family = seg->dst.family = 4;
    memcpy(seg->src.bytes, d + 12, 4);
    memcpy(seg->dst.bytes, d + 16, 4);
    seg->ttl = d[8];
    seg->tos = d[1];
    right = sim_sum_bytes(0, d, 20) == 0xffff;
    if (!parse_tcp(seg, d + 20, len - 20))
        return SIM_PARSE_MALFORMED;
    right = right && sum_tcp(d, 4, d + 20, len - 20) == 0xffff;
    return right ? SIM_PARSE_OK : SIM_PARSE_CHECKSUM;
}

static enum sim_parse parse_ipv6(sim_segment *seg, const uint8_t *d, size_t len)
{
    if (len < 40 || (size_t)get16(d + 4) + 40 != len)
        return SIM_PARSE_MALFORMED;
    if (d[6] != 6)
        return SIM_PARSE_NOT_TCP;
    seg->src.family = seg->dst.family = 6;
    memcpy(seg->src.bytes, d + 8, 16);
    memcpy(seg->dst.bytes, d + 24, 16);
    seg->ttl = d[7];
    seg->tos = (uint8_t)((d[0] << 4 | d[1] >> 4) & 0xff);
    if (!parse_tcp(seg, d + 40, len - 40))
        return SIM_PARSE_MALFORMED;
    return sum_tcp(d, 6, d + 40, len - 40) == 0xffff ? SIM_PARSE_OK : SIM_PARSE_CHECKSUM;
}

enum sim_parse sim_segment_parse(sim_segment *seg, const uint8_t *data, size_t len)
{
    memset(seg, 0, sizeof(*seg));
    if (len > 0 && data[0] >> 4 == 4)
        return parse_ipv4(seg, data, len);
    if (len > 0 && data[0] >> 4 == 6)
        return parse_ipv6(seg, data, len);
    return SIM_PARSE_MALFORMED;
}

static uint8_t *put_timestamps(uint8_t *p, const sim_segment *seg, bool padded)
{
    if (padded) {
        *p++ = OPT_NOP;
        *p++ = OPT_NOP;
    }
    *p++ = OPT_TS;
    *p++ = 10;
    return put32(put32(p, seg->tsval), seg->tsecr);
}

/* Writes the options, padded to a multiple of four, and returns how many bytes they take. */
static size_t put_options(uint8_t *dst, const sim_segment *seg)
{
    uint8_t *p = dst;

    if (seg->has_mss) {
        *p++ = OPT_MSS;
        *p++ = 4;
        p = put16(p, seg->mss);
    }
    if (seg->has_sack_permitted) {
        *p++ = OPT_SACK_OK;
        *p++ = 2;
    }
    if (seg->has_ts)
        p = put_timestamps(p, seg, !seg->has_sack_permitted);
    if (seg->has_wscale) {
        *p++ = OPT_NOP;
        *p++ = OPT_WSCALE;
        *p++ = 3;
        *p++ = seg->wscale;
    }
    if (seg->n_sack > 0) {
        *p++ = OPT_NOP;
        *p++ = OPT_NOP;
        *p++ = OPT_SACK;
        *p++ = (uint8_t)(2 + 8 * seg->n_sack);
        for (unsigned i = 0; i < seg->n_sack; i++)
            p = put32(put32(p, seg->sack[i].start), seg->sack[i].end);
    }
    if (seg->n_extra > 0) {
        memcpy(p, seg->extra, seg->n_extra);
        p += seg->n_extra;
    }
    while ((p - dst) % 4 != 0)
        *p++ = OPT_NOP;
    return (size_t)(p - dst);
}

size_t sim_segment_size(const sim_segment *seg)
{
    uint8_t scratch[128];

    return (seg->src.family == 4 ? 40u : 60u) + put_options(scratch, seg) + seg->n_payload;
}

static void put_ip(uint8_t *dst, const sim_segment *seg, size_t len)
{
    memset(dst, 0, seg->src.family == 4 ? 20 : 40);
    if (seg->src.family == 4) {
        dst[0] = 0x45;
        dst[1] = seg->tos;
        put16(dst + 2, (uint32_t)len);
        dst[6] = 0x40; /* don't fragment */
        dst[8] = seg->ttl;
        dst[9] = 6;
        memcpy(dst + 12, seg->src.bytes, 4);
        memcpy(dst + 16, seg->dst.bytes, 4);
        return;
    }
    dst[0] = (uint8_t)(0x60 | seg->tos >> 4);
    dst[1] = (uint8_t)(seg->tos << 4);
    put16(dst + 4, (uint32_t)(len - 40));
    dst[6] = 6;
    dst[7] = seg->ttl;
    memcpy(dst + 8, seg->src.bytes, 16);
    memcpy(dst + 24, seg->dst.bytes, 16);
}

void sim_segment_build(const sim_segment *seg, uint8_t *dst)
{
    uint8_t options[128];
    size_t n_options = put_options(options, seg);
    size_t ip_len = seg->src.family == 4 ? 20 : 40;
    size_t len = ip_len + 20 + n_options + seg->n_payload;
    uint8_t *tcp = dst + ip_len;

    put_ip(dst, seg, len);
    put16(tcp, seg->sport);
    put16(tcp + 2, seg->dport);
    put32(tcp + 4, seg->seq);
    put32(tcp + 8, seg->ack);
    tcp[12] = (uint8_t)((20 + n_options) / 4 << 4);
    tcp[13] = seg->flags;
    put16(tcp + 14, seg->window);
    put16(tcp + 16, 0);
    put16(tcp + 18, seg->urgent);
    memcpy(tcp + 20, options, n_options);
    if (seg->n_payload > 0)
        memcpy(tcp + 20 + n_options, seg->payload, seg->n_payload);
    sim_segment_fix_checksums(dst, len);
}

void sim_segment_fix_checksums(uint8_t *data, size_t len)
{
    bool ipv4 = data[0] >> 4 == 4;
    size_t ip_len = ipv4 ? 20 : 40;

    if (ipv4) {
        put16(data + 10, 0);
        put16(data + 10, ~sim_sum_bytes(0, data, 20) & 0xffff);
    }
    put16(data + ip_len + 16, 0);
    put16(data + ip_len + 16,
          ~sum_tcp(data, ipv4 ? 4 : 6, data + ip_len, len - ip_len) & 0xffff);
}

uint32_t sim_segment_length(const sim_segment *seg)
{
    return seg->n_payload + ((seg->flags & SIM_SYN) != 0) + ((seg->flags & SIM_FIN) != 0);
}

bool sim_addr_equal(const sim_addr *a, const sim_addr *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, 16) == 0;
}

sim_addr sim_addr_ipv4(uint32_t address)
{
    sim_addr a = {.family = 4};

    put32(a.bytes, address);
    return a;
}

sim_addr sim_addr_ipv6(uint16_t net, uint32_t host)
{
    sim_addr a = {.family = 6};

    put16(a.bytes, 0xfd00);
    put16(a.bytes + 2, net);
    put32(a.bytes + 12, host);
    return a;
}

void sim_addr_text(const sim_addr *a, char *dst, size_t cap)
{
    if (a->family == 4)
        snprintf(dst, cap, "%u.%u.%u.%u", a->bytes[0], a->bytes[1], a->bytes[2], a->bytes[3]);
    else
        snprintf(dst, cap, "%x:%x::%x:%x", get16(a->bytes), get16(a->bytes + 2),
                 get16(a->bytes + 12), get16(a->bytes + 14));
}
