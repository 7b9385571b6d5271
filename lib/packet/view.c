/* SPDX-License-Identifier: BSD-2-Clause */
#include "packet/view.h"

#include "base/abi.h"
#include "packet/checksum.h"
#include "packet/ip.h"
#include "packet/options.h"
#include "packet/tcp.h"

#include <mpconn/error.h>

enum { ICMP_HEADER_LEN = 8, ZONE_MAX = 65535, LONGEST_TCP_HEADER = 60 };

static const uint32_t known_flags = MPCONN_PKT_F_CSUM_OK | MPCONN_PKT_F_CSUM_BAD |
                                    MPCONN_PKT_F_CSUM_PARTIAL | MPCONN_PKT_F_CSUM_VERIFY |
                                    MPCONN_PKT_F_HEAD_ONLY;

/* What the host says about the packet's length. */
typedef struct extent {
    uint32_t avail;     /* bytes that can be read */
    uint32_t whole;     /* bytes of the packet */
    uint32_t l4_offset; /* 0 = not told */
    uint8_t told;       /* 1 when the length comes from ext->total_len */
    uint8_t super;      /* 1 for a super-segment */
    uint8_t partial;    /* 1 when its checksum is left to who sends it */
} extent;

static unsigned check_metadata(const mpconn_pkt *pkt)
{
    const uint32_t both = MPCONN_PKT_F_CSUM_OK | MPCONN_PKT_F_CSUM_BAD;

    if (pkt->data == NULL || pkt->len > pkt->cap || pkt->side > MPCONN_SIDE_SERVER ||
        pkt->link > MPCONN_LINK_MAX || pkt->zone > ZONE_MAX || (pkt->flags & ~known_flags) != 0)
        return MPCONN_REASON_BAD_METADATA;
    if (pkt->flags & MPCONN_PKT_F_CSUM_BAD)
        return (pkt->flags & both) == both ? MPCONN_REASON_BAD_METADATA
                                           : MPCONN_REASON_BAD_TCP_CHECKSUM;
    return 0;
}

static unsigned take_ext(extent *x, const mpconn_pkt *pkt)
{
    mpconn_pkt_ext ext;

    if (mpci_abi_import(&ext, sizeof ext, pkt->ext, sizeof ext) != MPCONN_OK)
        return MPCONN_REASON_BAD_METADATA;
    x->l4_offset = ext.l4_offset;
    x->super = ext.gso_size != 0;
    if (ext.total_len == 0)
        return 0;
    /* more than there is needs the host's word that it left the rest out on purpose */
    if (ext.total_len > pkt->len && !(pkt->flags & MPCONN_PKT_F_HEAD_ONLY))
        return MPCONN_REASON_BAD_METADATA;
    x->told = 1;
    x->whole = ext.total_len;
    return 0;
}

/* The length of the packet: that of its IP header, which leaves out padding of the link layer; the
 * host's where the header cannot say it. */
static unsigned settle_length(mpci_view *v, const mpci_ip *ip, const extent *x)
{
    v->total_len = ip->claimed_len;
    if ((ip->length_unset && (x->told || x->super)) || (x->told && x->super))
        v->total_len = x->whole;
    if (v->total_len < ip->l4_offset)
        return MPCONN_REASON_BAD_IP;
    if (v->total_len > x->whole)
        return MPCONN_REASON_TRUNCATED;
    return 0;
}

/* RFC 1122 3.2.2 counts redirects and quenches as errors,
 * and all of them quote. ICMPv6 errors are the types below 128 (RFC 4443 2.1). */
int mpci_view_is_icmp_error(unsigned family, uint8_t type)
{
    if (family == MPCONN_FAMILY_IPV6)
        return type < 128;
    return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

/* What systems put together in different ways, or not at all: a length that leaves a hole before
 * the next fragment, one that reaches beyond any packet, none (RFC 791 3.2, RFC 8200 4.5). */
static int is_impossible(const mpci_view *v, const mpci_ip *ip)
{
    uint32_t len = v->total_len - v->l4_offset;

    return len == 0 || (ip->more_follow && len % 8 != 0) || ip->fragment_bytes + len > UINT16_MAX;
}

/* One that begins where a TCP header may still be would overwrite what was judged in the first
 * (RFC 1858 4, RFC 3128). Extension headers may stand before the TCP header. */
static unsigned classify_later_fragment(mpci_view *v, const mpci_ip *ip)
{
    if (ip->proto == MPCI_PROTO_TCP || mpci_ip_has_more_headers(ip)) {
        if (is_impossible(v, ip))
            return MPCONN_REASON_BAD_FRAGMENT;
        if (ip->fragment_bytes < LONGEST_TCP_HEADER)
            return MPCONN_REASON_FRAGMENT_OVERLAP;
    }
    v->kind = MPCI_KIND_FRAGMENT;
    return 0;
}

/* Does the TCP header go on in another fragment (RFC 1858 3)? */
static int lacks_header(const mpci_view *v, uint32_t avail)
{
    uint32_t len = v->total_len - v->l4_offset;

    return len < MPCI_TCP_HEADER_LEN ||
           (avail >= MPCI_TCP_HEADER_LEN && len < (v->l4[12] >> 4) * 4u);
}

/* The offset of a checksum, or of pieces, makes no sense in a part of a segment. */
static unsigned check_first_fragment(const mpci_view *v, const mpci_ip *ip, const extent *x,
                                     uint32_t avail)
{
    if (lacks_header(v, avail))
        return MPCONN_REASON_FRAGMENT_TINY;
    if (is_impossible(v, ip))
        return MPCONN_REASON_BAD_FRAGMENT;
    return x->super || x->partial ? MPCONN_REASON_BAD_METADATA : 0;
}

static unsigned classify_segment(mpci_view *v, const extent *x, uint32_t avail)
{
    unsigned reason;

    if (x->l4_offset != 0 && x->l4_offset != v->l4_offset)
        return MPCONN_REASON_BAD_METADATA;
    reason = mpci_tcp_parse(v, avail, v->total_len - v->l4_offset);
    if (reason == 0)
        v->kind = MPCI_KIND_TCP;
    return reason;
}

/* What opens or resets a connection has no need of fragments, and here it would be acted on before
 * anybody can tell that all of it is there. */
static unsigned classify_first_fragment(mpci_view *v, const mpci_ip *ip, const extent *x,
                                        uint32_t avail)
{
    unsigned reason = check_first_fragment(v, ip, x, avail);

    if (reason == 0)
        reason = classify_segment(v, x, avail);
    if (reason != 0)
        return reason;
    v->first_fragment = 1;
    if ((v->flags & (MPCI_TCP_SYN | MPCI_TCP_RST)) == 0)
        return 0;
    v->kind = MPCI_KIND_BAD;
    return MPCONN_REASON_FRAGMENT_CONTROL;
}

static unsigned classify_icmp(mpci_view *v, uint32_t avail)
{
    if (avail < ICMP_HEADER_LEN)
        return MPCONN_REASON_TRUNCATED;
    v->kind = mpci_view_is_icmp_error(v->family, v->l4[0]) ? MPCI_KIND_ICMP_ERROR
                                                           : MPCI_KIND_ICMP_OTHER;
    return 0;
}

static unsigned classify(mpci_view *v, const mpci_ip *ip, const extent *x)
{
    uint32_t end = x->avail < v->total_len ? x->avail : v->total_len;
    uint32_t avail = end - v->l4_offset;

    if (ip->fragment == MPCI_IP_LATER)
        return classify_later_fragment(v, ip);
    if (v->proto == MPCI_PROTO_TCP)
        return ip->fragment == MPCI_IP_WHOLE ? classify_segment(v, x, avail)
                                             : classify_first_fragment(v, ip, x, avail);
    if (ip->fragment == MPCI_IP_WHOLE &&
        v->proto == (v->family == MPCONN_FAMILY_IPV4 ? MPCI_PROTO_ICMP : MPCI_PROTO_ICMPV6))
        return classify_icmp(v, avail);
    v->kind = MPCI_KIND_OTHER;
    return 0;
}

static unsigned parse(mpci_view *v, const mpconn_pkt *pkt)
{
    extent x = {.avail = pkt->len,
                .whole = pkt->len,
                .partial = (pkt->flags & MPCONN_PKT_F_CSUM_PARTIAL) != 0};
    mpci_ip ip;
    unsigned reason = check_metadata(pkt);

    if (reason == 0 && pkt->ext != NULL)
        reason = take_ext(&x, pkt);
    if (reason != 0)
        return reason;
    reason = mpci_ip_parse(&ip, pkt->data, x.avail);
    if (reason == MPCONN_REASON_TRUNCATED && ip.fragment == MPCI_IP_FIRST)
        return MPCONN_REASON_FRAGMENT_TINY; /* its headers go on in the next one: RFC 7112 */
    if (reason != 0)
        return reason;
    reason = settle_length(v, &ip, &x);
    if (reason != 0)
        return reason;
    v->ip = pkt->data;
    v->l4 = pkt->data + ip.l4_offset;
    v->l4_offset = ip.l4_offset;
    v->family = ip.family;
    v->proto = ip.proto;
    return classify(v, &ip, &x);
}

void mpci_view_parse(mpci_view *v, const mpconn_pkt *pkt)
{
    memset(v, 0, sizeof *v);
    v->reason = (uint8_t)parse(v, pkt);
}

/* Folded sum of the transport part; ICMP is the one without a pseudo-header. */
static uint16_t sum_l4(const mpci_view *v)
{
    uint32_t len = v->total_len - v->l4_offset;
    uint64_t sum = 0;

    if (v->proto != MPCI_PROTO_ICMP)
        sum = mpci_csum_pseudo(v->family, mpci_ip_src(v->family, v->ip),
                               mpci_ip_dst(v->family, v->ip), v->proto, len);
    return mpci_csum_fold(mpci_csum_add(sum, v->l4, len));
}

unsigned mpci_view_verify(const mpci_view *v, const mpconn_pkt *pkt)
{
    if (pkt->flags & (MPCONN_PKT_F_CSUM_PARTIAL | MPCONN_PKT_F_HEAD_ONLY) ||
        v->total_len > pkt->len || (pkt->ext != NULL && pkt->ext->gso_size != 0))
        return 0;
    if (v->family == MPCONN_FAMILY_IPV4 &&
        mpci_csum_fold(mpci_csum_add(0, v->ip, v->l4_offset)) != 0xffff)
        return MPCONN_REASON_BAD_IP_CHECKSUM;
    if (v->kind != MPCI_KIND_TCP || v->first_fragment)
        return 0;
    return sum_l4(v) == 0xffff ? 0 : MPCONN_REASON_BAD_TCP_CHECKSUM;
}

int mpci_view_icmp_is_right(const mpci_view *v, const mpconn_pkt *pkt)
{
    return v->total_len <= pkt->len && mpci_view_verify(v, pkt) == 0 && sum_l4(v) == 0xffff;
}

void mpci_view_tuple(mpconn_tuple *t, const mpci_view *v, unsigned side, uint32_t zone)
{
    const uint8_t *src = mpci_ip_src(v->family, v->ip), *dst = mpci_ip_dst(v->family, v->ip);
    unsigned n = mpci_ip_addr_len(v->family);
    int from_client = side == MPCONN_SIDE_CLIENT;

    memset(t, 0, sizeof *t);
    memcpy(t->client.bytes, from_client ? src : dst, n);
    memcpy(t->server.bytes, from_client ? dst : src, n);
    t->client_port = from_client ? v->sport : v->dport;
    t->server_port = from_client ? v->dport : v->sport;
    t->zone = (uint16_t)zone;
    t->family = v->family;
}
