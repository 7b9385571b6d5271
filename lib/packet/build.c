/* SPDX-License-Identifier: BSD-2-Clause */
#include "packet/build.h"

#include "base/byteorder.h"
#include "packet/checksum.h"
#include "packet/ip_build.h"
#include "packet/options.h"

#include <mpconn/delta.h>

enum { ICMP_HEADER_LEN = 8, OPTIONS_MAX = 40 };

static uint8_t *put_timestamps(uint8_t *p, const mpci_segment *s)
{
    *p++ = MPCI_OPT_TIMESTAMPS;
    *p++ = MPCI_OPT_LEN_TIMESTAMPS;
    mpci_store32(p, s->tsval);
    mpci_store32(p + 4, s->tsecr);
    return p + 8;
}

static uint8_t *put_nops(uint8_t *p, unsigned n)
{
    memset(p, MPCI_OPT_NOP, n);
    return p + n;
}

/* Every option ends on a word. SACK-permitted takes the place of the two NOPs before timestamps, so
 * that a segment with timestamps alone has the layout receivers have a fast path for (RFC 7323
 * appendix A). */
static size_t put_options(uint8_t *options, const mpci_segment *s)
{
    uint8_t *p = options;

    if (s->mss != 0) {
        *p++ = MPCI_OPT_MSS;
        *p++ = MPCI_OPT_LEN_MSS;
        mpci_store16(p, s->mss);
        p += 2;
    }
    if (s->sack_permitted || s->timestamps) {
        if (!s->sack_permitted || !s->timestamps)
            p = put_nops(p, 2);
        if (s->sack_permitted) {
            *p++ = MPCI_OPT_SACK_PERMITTED;
            *p++ = MPCI_OPT_LEN_SACK_PERMITTED;
        }
        if (s->timestamps)
            p = put_timestamps(p, s);
    }
    if (s->wscale != MPCONN_WSCALE_NONE) {
        *p++ = MPCI_OPT_NOP;
        *p++ = MPCI_OPT_WSCALE;
        *p++ = MPCI_OPT_LEN_WSCALE;
        *p++ = s->wscale;
    }
    return (size_t)(p - options);
}

static void put_checksum(uint8_t *field, const mpci_ip_header *h, const uint8_t *l4, int pseudo)
{
    uint64_t sum = 0;

    if (pseudo)
        sum = mpci_csum_pseudo(h->family, h->src, h->dst, h->proto, h->payload_len);
    mpci_store16(field, (uint16_t)~mpci_csum_fold(mpci_csum_add(sum, l4, h->payload_len)));
}

static void put_tcp(uint8_t *tcp, const mpci_segment *s, const uint8_t *options, size_t options_len)
{
    size_t header = MPCI_TCP_HEADER_LEN + options_len;
    int to_client = s->to == MPCONN_SIDE_CLIENT;

    mpci_store16(tcp, to_client ? s->tuple->server_port : s->tuple->client_port);
    mpci_store16(tcp + 2, to_client ? s->tuple->client_port : s->tuple->server_port);
    mpci_store32(tcp + 4, s->seq);
    mpci_store32(tcp + 8, s->ack);
    mpci_store16(tcp + 12, (uint16_t)(header / 4 << 12 | (s->flags & 0x1ffu)));
    mpci_store16(tcp + 14, s->window);
    mpci_store32(tcp + 16, 0);
    memcpy(tcp + MPCI_TCP_HEADER_LEN, options, options_len);
    if (s->payload_len != 0)
        memcpy(tcp + header, s->payload, s->payload_len);
}

size_t mpci_build_tcp(uint8_t *dst, size_t cap, const mpci_segment *s)
{
    int to_client = s->to == MPCONN_SIDE_CLIENT;
    uint8_t options[OPTIONS_MAX];
    size_t options_len = put_options(options, s);
    mpci_ip_header h = {
        .src = to_client ? s->tuple->server.bytes : s->tuple->client.bytes,
        .dst = to_client ? s->tuple->client.bytes : s->tuple->server.bytes,
        .family = s->tuple->family,
        .proto = MPCI_PROTO_TCP,
        .traffic_class = s->traffic_class,
        .hop_limit = s->hop_limit,
        .payload_len = (uint32_t)(MPCI_TCP_HEADER_LEN + options_len + s->payload_len),
    };
    size_t ip_len = mpci_ip_build_len(&h);

    if (ip_len == 0 || cap < ip_len + h.payload_len)
        return 0;
    mpci_ip_build(dst, &h);
    put_tcp(dst + ip_len, s, options, options_len);
    put_checksum(dst + ip_len + 16, &h, dst + ip_len, 1);
    return ip_len + h.payload_len;
}

size_t mpci_build_icmp(uint8_t *dst, size_t cap, const mpci_icmp *m)
{
    int is_v6 = m->family == MPCONN_FAMILY_IPV6;
    mpci_ip_header h = {
        .src = m->src.bytes,
        .dst = m->dst.bytes,
        .family = m->family,
        .proto = is_v6 ? MPCI_PROTO_ICMPV6 : MPCI_PROTO_ICMP,
        .hop_limit = m->hop_limit,
        .flow_label = m->flow_label,
    };
    size_t ip_len;
    uint8_t *icmp;

    if (m->body_len > UINT16_MAX - ICMP_HEADER_LEN)
        return 0;
    h.payload_len = (uint32_t)(ICMP_HEADER_LEN + m->body_len);
    ip_len = mpci_ip_build_len(&h);
    if (ip_len == 0 || cap < ip_len + h.payload_len)
        return 0;
    mpci_ip_build(dst, &h);
    icmp = dst + ip_len;
    icmp[0] = m->type;
    icmp[1] = m->code;
    mpci_store16(icmp + 2, 0);
    mpci_store32(icmp + 4, m->rest);
    if (m->body_len > 0 && m->body != icmp + ICMP_HEADER_LEN)
        memcpy(icmp + ICMP_HEADER_LEN, m->body, m->body_len);
    put_checksum(icmp + 2, &h, icmp, is_v6); /* only ICMPv6 has the pseudo-header, RFC 4443 2.3 */
    return ip_len + h.payload_len;
}
