/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/own_echo.h"

#include "base/byteorder.h"
#include "echo/carrier.h"
#include "echo/name.h"
#include "packet/ip.h"

enum { ICMP_HEADER_LEN = 8, MAGIC_LEN = 4, ID_AT = 4, SEQUENCE_AT = 6 };

enum { V4_REPLY = 0, V4_REQUEST = 8, V6_REQUEST = 128, V6_REPLY = 129 };

/* The beginning of an echo request or reply. */
typedef struct beginning {
    const uint8_t *client, *server;
    const uint8_t *icmp;
    uint32_t len;              /* bytes there are of it */
    unsigned family;
} beginning;

static int is_icmp(const mpci_ip *ip)
{
    return ip->proto == (ip->family == MPCONN_FAMILY_IPV4 ? MPCI_PROTO_ICMP : MPCI_PROTO_ICMPV6);
}

static int begins(beginning *b, const mpci_ip *ip, const uint8_t *packet, uint32_t avail,
                  unsigned type)
{
    if (!is_icmp(ip) || ip->fragment == MPCI_IP_LATER ||
        avail < ip->l4_offset + (uint32_t)ICMP_HEADER_LEN)
        return 0;
    b->icmp = packet + ip->l4_offset;
    b->len = avail - ip->l4_offset;
    b->family = ip->family;
    return b->icmp[0] == type && b->icmp[1] == 0;
}

static int has_name_of(const mpci_sipkey *root, const beginning *b)
{
    return mpci_load16(b->icmp + SEQUENCE_AT) ==
           mpci_echo_name(root, b->family, b->client, b->server, mpci_load16(b->icmp + ID_AT));
}

/* By its mark as well, where there is so much of it. */
static int is_own(const mpconn_engine *eng, const beginning *b)
{
    if (b->len >= ICMP_HEADER_LEN + MAGIC_LEN &&
        mpci_load32(b->icmp + ICMP_HEADER_LEN) != MPCI_ECHO_MAGIC)
        return 0;
    return has_name_of(&eng->sync.epochs.root, b) ||
           (eng->core.now < eng->sync.old_key_until && has_name_of(&eng->echo.old_root, b));
}

static int is_about_own(const mpconn_engine *eng, const mpconn_pkt *pkt, const mpci_view *v)
{
    uint32_t end = v->total_len < pkt->len ? v->total_len : pkt->len;
    uint32_t at = v->l4_offset + (uint32_t)ICMP_HEADER_LEN;
    const uint8_t *quote = pkt->data + at;
    beginning b;
    mpci_ip ip;

    if (end <= at || mpci_ip_parse(&ip, quote, end - at) != 0 ||
        !begins(&b, &ip, quote, end - at,
                ip.family == MPCONN_FAMILY_IPV4 ? V4_REQUEST : V6_REQUEST))
        return 0;
    b.client = mpci_ip_src(ip.family, quote);
    b.server = mpci_ip_dst(ip.family, quote);
    return is_own(eng, &b);
}

static int is_first_piece(const mpconn_engine *eng, const mpconn_pkt *pkt, const mpci_ip *ip)
{
    beginning b;

    if (ip->fragment != MPCI_IP_FIRST ||
        !begins(&b, ip, pkt->data, pkt->len,
                ip->family == MPCONN_FAMILY_IPV4 ? V4_REPLY : V6_REPLY))
        return 0;
    b.client = mpci_ip_dst(ip->family, pkt->data);
    b.server = mpci_ip_src(ip->family, pkt->data);
    return is_own(eng, &b);
}

/* Nothing is put together. Without its first fragment a packet comes to nothing at its receiver,
 * who says nothing of that either (RFC 792); those that follow it are not worth his memory. */
static int is_piece(mpconn_engine *eng, const mpconn_pkt *pkt)
{
    const mpci_sipkey *sipkey = &eng->core.table_key;
    mpci_fragment_key key;
    mpci_ip ip;

    if (mpci_ip_parse(&ip, pkt->data, pkt->len) != 0 || ip.fragment == MPCI_IP_WHOLE)
        return 0;
    mpci_fragments_key(&key, &ip, pkt->data, pkt->zone);
    if (is_first_piece(eng, pkt, &ip)) {
        (void)mpci_fragments_add(&eng->echo.pieces, sipkey, &key, 1, eng->core.now);
        return 1;
    }
    return ip.fragment == MPCI_IP_LATER &&
           mpci_fragments_find(&eng->echo.pieces, sipkey, &key, eng->core.now) != 0;
}

int mpci_own_echo_before(mpconn_engine *eng, mpconn_pkt *pkt, const mpci_view *v)
{
    if (pkt->side != MPCONN_SIDE_SERVER)
        return 0;
    if (v->kind == MPCI_KIND_ICMP_ERROR && is_about_own(eng, pkt, v)) {
        mpci_drop(&eng->core, pkt, MPCONN_REASON_ECHO_UNREACHABLE);
        return 1;
    }
    if ((v->kind == MPCI_KIND_OTHER || v->kind == MPCI_KIND_FRAGMENT) && is_piece(eng, pkt)) {
        mpci_drop(&eng->core, pkt, MPCONN_REASON_ECHO_FRAGMENT);
        return 1;
    }
    return 0;
}
