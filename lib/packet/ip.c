/* SPDX-License-Identifier: BSD-2-Clause */
#include "packet/ip.h"

#include "base/byteorder.h"

enum {
    IPV4_DONT_FRAGMENT = 0x4000,
    IPV4_MORE = 0x2000,
    IPV4_OFFSET = 0x1fff,
    IPV6_MORE = 0x0001,
    IPV6_OFFSET = 0xfff8
};

/* The extension headers that are walked. AH (51) is not one: what it protects must not change. */
enum { HOP_BY_HOP = 0, ROUTING = 43, FRAGMENT = 44, DESTINATION = 60 };

/* More than may be, to see whether TCP is behind them; of the longest so many fit in an offset. */
enum { LOOKED_AT = 24 };

static unsigned parse_ipv4(mpci_ip *ip, const uint8_t *data, uint32_t avail)
{
    unsigned header = (data[0] & 0x0fu) * 4;
    uint16_t claimed, fragment;

    ip->family = MPCONN_FAMILY_IPV4;
    if (avail < MPCI_IPV4_HEADER_LEN)
        return MPCONN_REASON_TRUNCATED;
    if (header < MPCI_IPV4_HEADER_LEN)
        return MPCONN_REASON_BAD_IP;
    if (avail < header)
        return MPCONN_REASON_TRUNCATED;
    claimed = mpci_load16(data + 2);
    ip->claimed_len = claimed;
    ip->length_unset = claimed == 0;
    ip->l4_offset = (uint16_t)header;
    ip->proto = data[9];
    fragment = mpci_load16(data + 6) & (IPV4_MORE | IPV4_OFFSET);
    if (fragment != 0) {
        ip->fragment_bytes = (uint16_t)((fragment & IPV4_OFFSET) * 8);
        ip->fragment = ip->fragment_bytes == 0 ? MPCI_IP_FIRST : MPCI_IP_LATER;
        ip->fragment_id = mpci_load16(data + 4);
        ip->more_follow = (fragment & IPV4_MORE) != 0;
    }
    return 0;
}

/* An atomic fragment (offset 0, nothing follows) is a whole packet (RFC 8200 4.5, RFC 6946). */
static unsigned note_fragment(mpci_ip *ip, const uint8_t *header, unsigned *fragments)
{
    uint16_t field = mpci_load16(header + 2);

    if ((*fragments)++ > 0)
        return MPCONN_REASON_FRAGMENT_TWICE;
    if ((field & (IPV6_OFFSET | IPV6_MORE)) == 0)
        return 0;
    ip->fragment_bytes = field & IPV6_OFFSET;
    ip->fragment = ip->fragment_bytes == 0 ? MPCI_IP_FIRST : MPCI_IP_LATER;
    ip->fragment_id = mpci_load32(header + 4);
    ip->more_follow = field & IPV6_MORE;
    return 0;
}

/* Judge the extension header `kind`, the nth of its packet, and tell its length. */
static unsigned check_extension(mpci_ip *ip, const uint8_t *header, unsigned nth,
                                unsigned *fragments, unsigned *len)
{
    *len = 8 + header[1] * 8u;
    switch (ip->proto) {
    case HOP_BY_HOP: /* RFC 8200 4.3: only right after the IPv6 header */
        return nth == 0 ? 0 : MPCONN_REASON_BAD_EXTENSION;
    case ROUTING: /* with segments left, the destination is not that of the connection */
        return header[3] == 0 ? 0 : MPCONN_REASON_BAD_EXTENSION;
    case FRAGMENT:
        *len = 8;
        return note_fragment(ip, header, fragments);
    default:
        return 0;
    }
}

static int is_extension(uint8_t proto)
{
    return proto == HOP_BY_HOP || proto == ROUTING || proto == FRAGMENT || proto == DESTINATION;
}

int mpci_ip_has_more_headers(const mpci_ip *ip)
{
    return ip->family == MPCONN_FAMILY_IPV6 && is_extension(ip->proto);
}

/* Behind headers that no connection has there may be anything else that is none of ours, such as
 * what a source routes by segments (RFC 8754). */
static int may_concern_us(const mpci_ip *ip)
{
    return ip->proto == MPCI_PROTO_TCP || ip->proto == MPCI_PROTO_ICMPV6 || is_extension(ip->proto);
}

static unsigned walk_extensions(mpci_ip *ip, const uint8_t *data, uint32_t avail)
{
    unsigned at = MPCI_IPV6_HEADER_LEN, fragments = 0, bad = 0;

    for (unsigned nth = 0; is_extension(ip->proto) && nth < LOOKED_AT; nth++) {
        unsigned len, reason;

        if (nth == MPCI_IP_EXTENSIONS_MAX)
            bad = MPCONN_REASON_BAD_EXTENSION;
        if (avail - at < 8)
            return bad != 0 ? bad : (unsigned)MPCONN_REASON_TRUNCATED;
        reason = check_extension(ip, data + at, nth, &fragments, &len);
        if (reason == MPCONN_REASON_BAD_EXTENSION)
            bad = reason;
        else if (reason != 0)
            return reason;
        if (avail - at < len)
            return bad != 0 ? bad : (unsigned)MPCONN_REASON_TRUNCATED;
        ip->proto = data[at];
        at += len;
        ip->l4_offset = (uint16_t)at;
        if (ip->fragment == MPCI_IP_LATER)
            break;
    }
    return may_concern_us(ip) ? bad : 0;
}

static unsigned parse_ipv6(mpci_ip *ip, const uint8_t *data, uint32_t avail)
{
    uint16_t payload;

    ip->family = MPCONN_FAMILY_IPV6;
    if (avail < MPCI_IPV6_HEADER_LEN)
        return MPCONN_REASON_TRUNCATED;
    payload = mpci_load16(data + 4);
    ip->claimed_len = MPCI_IPV6_HEADER_LEN + (uint32_t)payload;
    ip->length_unset = payload == 0;
    ip->l4_offset = MPCI_IPV6_HEADER_LEN;
    ip->proto = data[6];
    return is_extension(ip->proto) ? walk_extensions(ip, data, avail) : 0;
}

unsigned mpci_ip_parse(mpci_ip *ip, const uint8_t *data, uint32_t avail)
{
    *ip = (mpci_ip){0};
    if (avail == 0)
        return MPCONN_REASON_TRUNCATED;
    switch (data[0] >> 4) {
    case 4:
        return parse_ipv4(ip, data, avail);
    case 6:
        return parse_ipv6(ip, data, avail);
    default:
        return MPCONN_REASON_BAD_IP;
    }
}

int mpci_ip_may_be_cut(unsigned family, const uint8_t *ip)
{
    return family == MPCONN_FAMILY_IPV4 && (mpci_load16(ip + 6) & IPV4_DONT_FRAGMENT) == 0;
}
