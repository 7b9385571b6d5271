/* SPDX-License-Identifier: BSD-2-Clause */
#include "echo/carrier.h"

#include <mpconn/echo.h>
#include <mpconn/error.h>

#include "base/abi.h"
#include "base/cursor.h"
#include "echo/inner.h"
#include "packet/build.h"
#include "packet/checksum.h"
#include "packet/ip.h"

enum {
    ICMP_HEADER_LEN = 8,
    USUAL_HOP_LIMIT = 64,
    LONGEST = UINT16_MAX, /* of an IPv4 packet, and of what follows an IPv6 header */
    SECRET_LEAST = 16, SECRET_MOST = 64
};

enum { V4_REPLY = 0, V4_REQUEST = 8, V6_REQUEST = 128, V6_REPLY = 129 };

static int is_short(const mpconn_echo *e)
{
    return (e->flags & MPCONN_ECHO_F_SHORT) != 0;
}

static size_t ip_header_len(unsigned family)
{
    return family == MPCONN_FAMILY_IPV4 ? MPCI_IPV4_HEADER_LEN : MPCI_IPV6_HEADER_LEN;
}

/* Bytes of the echo around the session packet, from the IP header. */
static size_t len_without_packet(unsigned family, uint32_t flags, size_t link_header_len)
{
    size_t fields = flags & MPCONN_ECHO_F_SHORT ? MPCI_ECHO_SHORT_FIELDS
                                                : MPCI_ECHO_FIELDS + link_header_len;

    return ip_header_len(family) + ICMP_HEADER_LEN + MPCI_ECHO_AROUND + fields;
}

static size_t longest(unsigned family)
{
    return LONGEST + (family == MPCONN_FAMILY_IPV4 ? 0 : ip_header_len(family));
}

size_t mpconn_echo_size(size_t packet_len, unsigned family, uint32_t flags,
                        unsigned link_header_len)
{
    size_t around;

    if ((family != MPCONN_FAMILY_IPV4 && family != MPCONN_FAMILY_IPV6) ||
        link_header_len > MPCONN_ECHO_LINK_HEADER_MAX)
        return 0;
    around = len_without_packet(family, flags, link_header_len);
    return packet_len <= longest(family) - around ? around + packet_len : 0;
}

int mpconn_echo_key_init(mpconn_echo_key *key, const uint8_t *secret, size_t len)
{
    mpci_sipkey root;

    if (key == NULL || secret == NULL || len < SECRET_LEAST || len > SECRET_MOST)
        return MPCONN_ERR_INVAL;
    root = mpci_sipkey_fold(secret, len);
    memcpy(key->opaque, root.k, sizeof key->opaque);
    return MPCONN_OK;
}

static mpci_echo_keys keys_of(const mpconn_echo_key *key, uint32_t epoch)
{
    mpci_sipkey root = {{key->opaque[0], key->opaque[1]}};
    mpci_echo_keys keys;

    mpci_echo_keys_init(&keys, &root, epoch);
    return keys;
}

/* ---- into an echo ---- */

static int is_valid(const mpconn_echo *e)
{
    static const uint8_t zero[sizeof e->reserved];

    return e->kind >= MPCONN_ECHO_ANSWER && e->kind <= MPCONN_ECHO_LEARN &&
           e->link_header_len <= MPCONN_ECHO_LINK_HEADER_MAX &&
           (e->flags & ~MPCONN_ECHO_F_SHORT) == 0 &&
           memcmp(e->reserved, zero, sizeof zero) == 0;
}

static void put_clear(mpci_writer *w, const mpconn_echo *e, size_t sealed)
{
    mpci_write_number(w, MPCI_ECHO_MAGIC, 4);
    mpci_write_number(w, MPCI_ECHO_VERSION, 1);
    mpci_write_number(w, is_short(e) ? MPCI_ECHO_FORM_SHORT : 0, 1);
    mpci_write_number(w, e->epoch, 1);
    mpci_write_number(w, 0, 1);
    mpci_write_number(w, sealed, 2);
}

static void put_fields(mpci_writer *w, const mpconn_echo *e, size_t packet_len)
{
    mpci_write_number(w, e->kind, 1);
    mpci_write_number(w, is_short(e) ? 0 : e->link_header_len, 1);
    mpci_write_number(w, e->origin, 2);
    mpci_write_number(w, e->origin_link, 2);
    mpci_write_number(w, e->boot, 4);
    mpci_write_number(w, e->heard, 4);
    mpci_write_number(w, e->number, 4);
    if (!is_short(e)) {
        mpci_write_bytes(w, e->link_header, e->link_header_len);
        return;
    }
    mpci_write_number(w, packet_len, 2);
    mpci_write_number(w, e->offers, 4);
    mpci_write_number(w, e->client_ts, 4);
}

/* The ICMP message around a payload that stands in its place. */
static size_t put_request(uint8_t *dst, size_t len, const mpconn_echo *e,
                          const mpci_echo_inner *in, const uint8_t *payload)
{
    int is_v6 = in->family == MPCONN_FAMILY_IPV6;
    mpci_icmp m = {
        .src = e->client,
        .dst = e->server,
        .family = (uint8_t)in->family,
        .hop_limit = e->hop_limit != 0 ? e->hop_limit : USUAL_HOP_LIMIT,
        .type = is_v6 ? V6_REQUEST : V4_REQUEST,
        .flow_label = in->flow_label, /* who spreads by it sends both the same way (RFC 6438) */
        .rest = (uint32_t)e->id << 16 | e->sequence,
        .body = payload,
        .body_len = (size_t)(dst + len - payload),
    };

    return mpci_build_icmp(dst, len, &m);
}

/* The packet goes to its place first: what is written after it may stand where it was. */
static void put_echo(uint8_t *dst, size_t len, mpconn_echo *e, const mpci_echo_inner *in,
                     const mpconn_echo_key *key, const uint8_t *packet)
{
    size_t carried = is_short(e) ? in->short_len : in->len, addr = mpci_ip_addr_len(in->family);
    uint8_t *payload = dst + ip_header_len(in->family) + ICMP_HEADER_LEN;
    size_t plain = (size_t)(dst + len - payload) - MPCI_ECHO_TAG;
    mpci_writer w = mpci_writer_of(payload, plain - carried);
    mpci_echo_keys keys = keys_of(key, e->epoch);

    memset(&e->client, 0, sizeof e->client);
    memset(&e->server, 0, sizeof e->server);
    memcpy(e->client.bytes, in->src, addr);
    memcpy(e->server.bytes, in->dst, addr);
    memmove(payload + plain - carried, packet, carried);
    put_clear(&w, e, plain - MPCI_ECHO_CLEAR);
    put_fields(&w, e, in->len);
    mpci_echo_seal(&keys, payload, plain);
    put_request(dst, len, e, in, payload);
}

int mpconn_echo_encapsulate(uint8_t *dst, size_t cap, size_t *out_len, const mpconn_echo *echo,
                            const mpconn_echo_key *key, const uint8_t *packet, size_t len)
{
    mpci_echo_inner in;
    mpconn_echo e;
    size_t need;
    int rc;

    if (dst == NULL || out_len == NULL || echo == NULL || key == NULL || packet == NULL)
        return MPCONN_ERR_INVAL;
    rc = mpci_abi_import(&e, sizeof e, echo, sizeof e);
    if (rc == MPCONN_OK && !is_valid(&e))
        rc = MPCONN_ERR_INVAL;
    if (rc == MPCONN_OK)
        rc = mpci_echo_inner_read(&in, packet, len);
    if (rc != MPCONN_OK)
        return rc;
    if (!is_short(&e) && in.len > len)
        return MPCONN_ERR_TRUNCATED;
    need = len_without_packet(in.family, e.flags, e.link_header_len) +
           (is_short(&e) ? in.short_len : in.len);
    *out_len = need;
    if (need > cap || need > longest(in.family))
        return MPCONN_ERR_NOSPACE;
    put_echo(dst, need, &e, &in, key, packet);
    return MPCONN_OK;
}

/* ---- out of an echo ---- */

/* A reply that bears our magic. */
typedef struct reply {
    const uint8_t *ip;
    uint8_t *icmp, *payload;
    size_t icmp_len;
    size_t plain; /* bytes of the payload without its tag */
    unsigned family;
} reply;

/* An echo request or reply that is all there. */
static int find_echo(reply *r, uint8_t *src, size_t len)
{
    mpci_ip ip;
    int rc = mpci_echo_error_of(
        mpci_ip_parse(&ip, src, (uint32_t)(len < UINT32_MAX ? len : UINT32_MAX)));

    if (rc != MPCONN_OK)
        return rc;
    if (ip.proto != (ip.family == MPCONN_FAMILY_IPV4 ? MPCI_PROTO_ICMP : MPCI_PROTO_ICMPV6))
        return MPCONN_ERR_NOT_MINE;
    if (ip.fragment != MPCI_IP_WHOLE)
        return MPCONN_ERR_FRAGMENT;
    if (ip.length_unset || ip.claimed_len < ip.l4_offset)
        return MPCONN_ERR_MALFORMED;
    if (ip.claimed_len > len || ip.claimed_len < ip.l4_offset + (uint32_t)ICMP_HEADER_LEN)
        return MPCONN_ERR_TRUNCATED;
    r->ip = src;
    r->icmp = src + ip.l4_offset;
    r->icmp_len = ip.claimed_len - ip.l4_offset;
    r->payload = r->icmp + ICMP_HEADER_LEN;
    r->family = ip.family;
    return MPCONN_OK;
}

/* A ping of somebody else is told by what it holds: identifications do not survive translators. */
static int check_kind(const reply *r)
{
    int is_v6 = r->family == MPCONN_FAMILY_IPV6;
    uint8_t type = r->icmp[0];

    if ((type != (is_v6 ? V6_REPLY : V4_REPLY) && type != (is_v6 ? V6_REQUEST : V4_REQUEST)) ||
        r->icmp[1] != 0 || r->icmp_len < ICMP_HEADER_LEN + MPCI_ECHO_AROUND ||
        mpci_load32(r->payload) != MPCI_ECHO_MAGIC)
        return MPCONN_ERR_NOT_MINE;
    return type == (is_v6 ? V6_REPLY : V4_REPLY) ? MPCONN_OK : MPCONN_ERR_REFLECTED;
}

/* Nothing may stand behind the tag: there is no use for it, and nobody vouches for it. */
static int check_clear(reply *r)
{
    size_t there = r->icmp_len - ICMP_HEADER_LEN - MPCI_ECHO_AROUND;
    size_t told = mpci_load16(r->payload + 8);

    if (r->payload[4] != MPCI_ECHO_VERSION ||
        (r->payload[5] & ~MPCI_ECHO_FORM_SHORT) != 0 || r->payload[7] != 0)
        return MPCONN_ERR_UNSUPPORTED;
    if (told != there)
        return told > there ? MPCONN_ERR_TRUNCATED : MPCONN_ERR_MALFORMED;
    r->plain = MPCI_ECHO_CLEAR + told;
    return MPCONN_OK;
}

static int sums_are_right(const reply *r)
{
    uint64_t sum = 0;

    if (r->family == MPCONN_FAMILY_IPV6)
        sum = mpci_csum_pseudo(r->family, mpci_ip_src(r->family, r->ip),
                               mpci_ip_dst(r->family, r->ip), MPCI_PROTO_ICMPV6,
                               (uint32_t)r->icmp_len);
    else if (mpci_csum_fold(mpci_csum_add(0, r->ip, (size_t)(r->icmp - r->ip))) != 0xffff)
        return 0;
    return mpci_csum_fold(mpci_csum_add(sum, r->icmp, r->icmp_len)) == 0xffff;
}

static int find_reply(reply *r, uint8_t *src, size_t len)
{
    int rc = find_echo(r, src, len);

    if (rc == MPCONN_OK)
        rc = check_kind(r);
    if (rc == MPCONN_OK)
        rc = check_clear(r);
    if (rc == MPCONN_OK && !sums_are_right(r))
        rc = MPCONN_ERR_CHECKSUM;
    return rc;
}

/* The epoch with these low bits that is nearest to the one that is believed; 0 when it is too far
 * from that to count. */
static int find_epoch(uint32_t *epoch, uint8_t low)
{
    uint8_t ahead = (uint8_t)(low - *epoch);

    *epoch += ahead < 128 ? ahead : ahead - UINT32_C(256);
    return ahead <= 1 || ahead == UINT8_MAX;
}

static void get_fields(mpconn_echo *e, mpci_reader *in)
{
    const uint8_t *link;

    e->kind = (uint8_t)mpci_read_number(in, 1);
    e->link_header_len = (uint8_t)mpci_read_number(in, 1);
    e->origin = (uint16_t)mpci_read_number(in, 2);
    e->origin_link = (uint16_t)mpci_read_number(in, 2);
    e->boot = (uint32_t)mpci_read_number(in, 4);
    e->heard = (uint32_t)mpci_read_number(in, 4);
    e->number = (uint32_t)mpci_read_number(in, 4);
    if (is_short(e)) {
        e->packet_len = (uint16_t)mpci_read_number(in, 2);
        e->offers = (uint32_t)mpci_read_number(in, 4);
        e->client_ts = (uint32_t)mpci_read_number(in, 4);
        return;
    }
    link = e->link_header_len <= MPCONN_ECHO_LINK_HEADER_MAX
               ? mpci_read_bytes(in, e->link_header_len) : NULL;
    if (link != NULL)
        memcpy(e->link_header, link, e->link_header_len);
}

/* That a member made it does not mean that it makes sense. */
static int check_inner(mpconn_echo *e, const mpci_echo_inner *in, size_t carried)
{
    if (!is_valid(e) || carried != (is_short(e) ? in->short_len : in->len))
        return MPCONN_ERR_MALFORMED;
    if (is_short(e))
        return e->link_header_len == 0 && e->packet_len == in->len ? MPCONN_OK
                                                                   : MPCONN_ERR_MALFORMED;
    e->packet_len = (uint16_t)in->len;
    return MPCONN_OK;
}

/* Whose reply it is: that of the session packet's receiver to its sender. */
static int check_endpoints(mpconn_echo *e, const mpci_echo_inner *in, const reply *r)
{
    size_t addr = mpci_ip_addr_len(in->family);

    if (in->family != r->family || memcmp(in->src, mpci_ip_dst(r->family, r->ip), addr) != 0 ||
        memcmp(in->dst, mpci_ip_src(r->family, r->ip), addr) != 0)
        return MPCONN_ERR_REWRITTEN;
    e->family = (uint8_t)in->family;
    memcpy(e->client.bytes, in->src, addr);
    memcpy(e->server.bytes, in->dst, addr);
    return MPCONN_OK;
}

static int read_payload(mpconn_echo *e, mpci_reader *in, const reply *r)
{
    mpci_echo_inner inner;

    get_fields(e, in);
    if (in->failed || mpci_echo_inner_read(&inner, in->at, mpci_reader_left(in)) != MPCONN_OK ||
        check_inner(e, &inner, mpci_reader_left(in)) != MPCONN_OK)
        return MPCONN_ERR_MALFORMED;
    e->id = mpci_load16(r->icmp + 4);
    e->sequence = mpci_load16(r->icmp + 6);
    e->hop_limit = r->ip[r->family == MPCONN_FAMILY_IPV4 ? 8 : 7];
    return check_endpoints(e, &inner, r);
}

static int open_reply(mpconn_echo *e, mpci_reader *in, const reply *r, const mpconn_echo_key *key)
{
    int counts = find_epoch(&e->epoch, r->payload[6]), rc;
    mpci_echo_keys keys = keys_of(key, e->epoch);

    if (!mpci_echo_open(&keys, r->payload, r->plain))
        return MPCONN_ERR_FORGED;
    *in = mpci_reader_of(r->payload + MPCI_ECHO_CLEAR, r->plain - MPCI_ECHO_CLEAR);
    rc = counts ? read_payload(e, in, r) : MPCONN_ERR_EXPIRED;
    if (rc != MPCONN_OK)
        mpci_echo_close(&keys, r->payload, r->plain);
    return rc;
}

int mpconn_echo_unencapsulate(mpconn_echo *echo, const uint8_t **packet, size_t *packet_len,
                              const mpconn_echo_key *key, uint8_t *src, size_t len)
{
    mpconn_echo e;
    mpci_reader in;
    reply r;
    int rc;

    if (echo == NULL || packet == NULL || packet_len == NULL || key == NULL || src == NULL)
        return MPCONN_ERR_INVAL;
    rc = mpci_abi_import(&e, sizeof e, echo, sizeof e);
    if (rc == MPCONN_OK)
        rc = find_reply(&r, src, len);
    if (rc != MPCONN_OK)
        return rc;
    e = (mpconn_echo){.epoch = e.epoch};
    e.flags = r.payload[5] & MPCI_ECHO_FORM_SHORT ? MPCONN_ECHO_F_SHORT : 0;
    rc = open_reply(&e, &in, &r, key);
    if (rc != MPCONN_OK)
        return rc;
    *packet = in.at;
    *packet_len = mpci_reader_left(&in);
    return mpci_abi_export(echo, &e, sizeof e, sizeof e);
}
