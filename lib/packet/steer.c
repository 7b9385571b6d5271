/* SPDX-License-Identifier: BSD-2-Clause */
/* Which engine of several a packet belongs to. Both ends of what is hashed are put in order first,
 * so that the two directions, and errors about either, come out the same. */
#include "base/byteorder.h"
#include "base/siphash.h"
#include "packet/quote.h"
#include "packet/view.h"

#include <mpconn/error.h>

/* One end, ready to be compared and hashed: address, zeros, port. */
typedef struct end {
    uint8_t bytes[18];
} end;

typedef struct flow {
    end src, dst;
    uint8_t family;
} flow;

static end make_end(const uint8_t *addr, unsigned family, uint16_t port)
{
    end e = {{0}};

    memcpy(e.bytes, addr, mpci_ip_addr_len(family));
    mpci_store16(e.bytes + 16, port);
    return e;
}

/* Ports count for whole TCP segments only: fragments have to meet, and the first one is the only
 * one that knows them. 0 when there should be ports and are none. */
static int read_flow(flow *f, const mpci_ip *ip, const uint8_t *data, uint32_t len)
{
    uint16_t sport = 0, dport = 0;

    if (ip->proto == MPCI_PROTO_TCP && ip->fragment == MPCI_IP_WHOLE) {
        if (len < ip->l4_offset + 4u)
            return 0;
        sport = mpci_load16(data + ip->l4_offset);
        dport = mpci_load16(data + ip->l4_offset + 2);
    }
    f->src = make_end(mpci_ip_src(ip->family, data), ip->family, sport);
    f->dst = make_end(mpci_ip_dst(ip->family, data), ip->family, dport);
    f->family = ip->family;
    return 1;
}

static int is_icmp(const mpci_ip *ip)
{
    return ip->fragment == MPCI_IP_WHOLE &&
           ip->proto == (ip->family == MPCONN_FAMILY_IPV4 ? MPCI_PROTO_ICMP : MPCI_PROTO_ICMPV6);
}

/* Errors go where the packet they quote would go, everything else by its own ends. */
static int find_flow(flow *f, const uint8_t *data, uint32_t len)
{
    mpci_ip ip;
    mpci_quote q;

    if (mpci_ip_parse(&ip, data, len) != 0)
        return 0;
    if (is_icmp(&ip) && len > ip.l4_offset &&
        mpci_view_is_icmp_error(ip.family, data[ip.l4_offset])) {
        const uint8_t *icmp = data + ip.l4_offset;

        return mpci_quote_parse(&q, icmp, len - ip.l4_offset) == 0 &&
               read_flow(f, &q.ip, icmp + q.offset, q.len);
    }
    return read_flow(f, &ip, data, len);
}

static uint64_t hash_flow(const mpci_sipkey *key, const flow *f, uint32_t zone)
{
    int in_order = memcmp(f->src.bytes, f->dst.bytes, sizeof f->src.bytes) <= 0;
    uint8_t text[2 * sizeof f->src.bytes + 5];

    memcpy(text, in_order ? f->src.bytes : f->dst.bytes, sizeof f->src.bytes);
    memcpy(text + 18, in_order ? f->dst.bytes : f->src.bytes, sizeof f->src.bytes);
    mpci_store32(text + 36, zone);
    text[40] = f->family;
    return mpci_siphash13(key, text, sizeof text);
}

int mpconn_steer(uint32_t *engine, const mpconn_pkt *pkt, const uint8_t key[16], uint32_t n_engines)
{
    mpci_sipkey sipkey;
    flow f;

    if (engine == NULL || pkt == NULL || key == NULL || n_engines == 0)
        return MPCONN_ERR_INVAL;
    if (pkt->data == NULL || !find_flow(&f, pkt->data, pkt->len)) {
        *engine = 0;
        return MPCONN_OK;
    }
    sipkey = mpci_sipkey_load(key);
    *engine = (uint32_t)((hash_flow(&sipkey, &f, pkt->zone) >> 32) * n_engines >> 32);
    return MPCONN_OK;
}
