/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/ping.h"

#include <string.h>

enum {
    IPV4_HEADER = 20,
    IPV6_HEADER = 40,
    ECHO_HEADER = 8,
    PROTO_ICMP = 1,
    PROTO_ICMPV6 = 58,
    ECHO_REPLY = 0,
    ECHO_REQUEST = 8,
    ECHO_REQUEST_V6 = 128,
    ECHO_REPLY_V6 = 129,
    HOP_LIMIT = 64
};

static uint32_t sum_icmp(const uint8_t *d, size_t at, size_t len)
{
    uint8_t tail[8] = {0};
    uint32_t n = (uint32_t)(len - at);

    if (at == IPV4_HEADER)
        return sim_sum_bytes(0, d + at, n);
    tail[2] = (uint8_t)(n >> 8);
    tail[3] = (uint8_t)n;
    tail[7] = PROTO_ICMPV6;
    return sim_sum_bytes(sim_sum_bytes(sim_sum_bytes(0, d + 8, 32), tail, 8), d + at, n);
}

static void set_checksum(uint8_t *at, uint32_t sum)
{
    at[0] = (uint8_t)(~sum >> 8);
    at[1] = (uint8_t)~sum;
}

/* Where the ICMP header is, or 0. */
static size_t parse_ip(sim_ping *p, const uint8_t *d, size_t len)
{
    if (len >= IPV4_HEADER + ECHO_HEADER && d[0] == 0x45 && d[9] == PROTO_ICMP &&
        (size_t)(d[2] << 8 | d[3]) == len && (d[6] & 0x3f) == 0 && d[7] == 0 && d[8] > 0 &&
        sim_sum_bytes(0, d, IPV4_HEADER) == 0xffff) {
        p->src.family = p->dst.family = 4;
        memcpy(p->src.bytes, d + 12, 4);
        memcpy(p->dst.bytes, d + 16, 4);
        return IPV4_HEADER;
    }
    if (len >= IPV6_HEADER + ECHO_HEADER && d[0] >> 4 == 6 && d[6] == PROTO_ICMPV6 &&
        (size_t)(d[4] << 8 | d[5]) + IPV6_HEADER == len && d[7] > 0) {
        p->src.family = p->dst.family = 6;
        memcpy(p->src.bytes, d + 8, 16);
        memcpy(p->dst.bytes, d + 24, 16);
        return IPV6_HEADER;
    }
    return 0;
}

bool sim_ping_parse(sim_ping *p, const uint8_t *data, size_t len)
{
    size_t at;
    uint8_t type;

    memset(p, 0, sizeof(*p));
    at = parse_ip(p, data, len);
    if (at == 0 || data[at + 1] != 0 || sum_icmp(data, at, len) != 0xffff)
        return false;
    type = data[at];
    p->request = type == (at == IPV4_HEADER ? ECHO_REQUEST : ECHO_REQUEST_V6);
    p->payload = data + at + ECHO_HEADER;
    p->n_payload = (uint32_t)(len - at - ECHO_HEADER);
    return p->request || type == (at == IPV4_HEADER ? ECHO_REPLY : ECHO_REPLY_V6);
}

sim_frame *sim_ping_reply(const sim_frame *request)
{
    sim_frame *f = sim_frame_new(request->data, request->len);
    const uint8_t *asked = request->data;
    uint8_t *d = f->data;
    bool ipv4 = d[0] >> 4 == 4;
    size_t at = ipv4 ? IPV4_HEADER : IPV6_HEADER, n = ipv4 ? 4 : 16, src = ipv4 ? 12 : 8;

    memcpy(d + src, asked + src + n, n);
    memcpy(d + src + n, asked + src, n);
    d[ipv4 ? 8 : 7] = HOP_LIMIT;
    if (ipv4) {
        d[4] = d[5] = d[10] = d[11] = 0;
        set_checksum(d + 10, sim_sum_bytes(0, d, IPV4_HEADER));
    }
    d[at] = ipv4 ? ECHO_REPLY : ECHO_REPLY_V6;
    d[at + 2] = d[at + 3] = 0;
    set_checksum(d + at + 2, sum_icmp(d, at, f->len));
    return f;
}
