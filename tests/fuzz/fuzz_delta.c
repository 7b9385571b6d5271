/* SPDX-License-Identifier: BSD-2-Clause */
/* A fuzz target: a packet that a host carries from one leg to another without an engine.
 *
 *   what[1]    1 from the server | 2 an ICMP error | 4 client leg is IPv6 | 8 server leg is IPv6
 *              | 16 other addresses | 32 partial sum | 64 headers only | 128 sums put right
 *   delta[2]   known, flags
 *   room[2]    before and behind the packet
 *   ext[2]     gso size / 8, bytes at the end that are not handed in; 0 and 0: no ext
 *   seed[1]    for offsets, shifts, addresses and ports
 *   packet     the rest */
#include <stdint.h>
#include <stdlib.h>

#include "fuzz/rig.h"
#include "packet/view.h"

enum { HEAD = 8, LONGEST = 2048 };
enum { SERVER = 1, ERROR = 2, CLIENT_V6 = 4, SERVER_V6 = 8, TUPLE = 16, PARTIAL = 32, CUT = 64,
       SEAL = 128 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t next(uint8_t *seed)
{
    *seed = (uint8_t)(*seed * 197 + 89);
    return *seed;
}

static void fill(void *p, size_t n, uint8_t *seed)
{
    for (size_t i = 0; i < n; i++)
        ((uint8_t *)p)[i] = next(seed);
}

static mpconn_delta delta_of(const uint8_t *in)
{
    uint8_t seed = in[7];
    mpconn_delta d = {.known = in[1], .flags = in[2]};

    fill(d.seq, sizeof(d.seq), &seed);
    fill(d.ts, sizeof(d.ts), &seed);
    for (unsigned side = 0; side < 2; side++) {
        unsigned is_v6 = in[0] & (side == MPCONN_SIDE_CLIENT ? CLIENT_V6 : SERVER_V6);
        mpconn_tuple *t = &d.tuple[side];

        d.wscale_in[side] = next(&seed) % 15;
        d.wscale_out[side] = next(&seed) % 15;
        t->family = is_v6 ? MPCONN_FAMILY_IPV6 : MPCONN_FAMILY_IPV4;
        fill(t->client.bytes, is_v6 ? 16 : 4, &seed);
        fill(t->server.bytes, is_v6 ? 16 : 4, &seed);
        fill(&t->client_port, 2, &seed);
        fill(&t->server_port, 2, &seed);
    }
    if (in[0] & TUPLE) {
        d.known |= MPCONN_DELTA_K_TUPLE;
        d.flags |= MPCONN_DELTA_F_TUPLE;
    }
    return d;
}

static uint32_t sum(uint32_t start, const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        start += (uint32_t)p[i] << (i & 1 ? 0 : 8);
        start = (start & 0xffff) + (start >> 16);
    }
    return start;
}

static void put_sum(uint8_t *field, uint32_t start, const uint8_t *p, size_t len)
{
    uint32_t right;

    field[0] = field[1] = 0;
    right = ~sum(start, p, len);
    field[0] = (uint8_t)(right >> 8);
    field[1] = (uint8_t)right;
}

/* Put the sums of a packet right that can be read. */
static void seal(const mpconn_pkt *pkt)
{
    uint8_t tail[4];
    uint32_t start = 0, len;
    mpci_view v;

    mpci_view_parse(&v, pkt);
    if ((v.kind != MPCI_KIND_TCP && v.kind != MPCI_KIND_ICMP_ERROR) || v.total_len > pkt->len)
        return;
    len = v.total_len - v.l4_offset;
    tail[0] = 0;
    tail[1] = v.proto;
    tail[2] = (uint8_t)(len >> 8);
    tail[3] = (uint8_t)len;
    if (v.proto != MPCI_PROTO_ICMP)
        start = sum(v.family == 4 ? sum(0, v.ip + 12, 8) : sum(0, v.ip + 8, 32), tail, 4);
    put_sum(v.l4 + (v.proto == MPCI_PROTO_TCP ? 16 : 2), start, v.l4, len);
    if (v.family == 4)
        put_sum(v.ip + 10, 0, v.ip, v.l4_offset);
}

static int is_right(const mpci_view *v, const mpconn_pkt *pkt)
{
    return v->kind == MPCI_KIND_TCP ? mpci_view_verify(v, pkt) == 0
                                    : mpci_view_icmp_is_right(v, pkt);
}

/* It is of the other leg now, of the same kind, and its sum is as right as it was. That of an IPv4
 * header is always right where the header is new. */
static void check_carried(const mpconn_delta *d, unsigned from, const mpconn_pkt *before,
                          const mpconn_pkt *after)
{
    int moves = (d->known & MPCONN_DELTA_K_TUPLE) && (d->flags & MPCONN_DELTA_F_TUPLE);
    mpci_view in, out;

    mpci_view_parse(&in, before);
    mpci_view_parse(&out, after);
    RIG_HOLDS(in.kind == out.kind && out.kind != MPCI_KIND_BAD);
    RIG_HOLDS(out.family == (moves ? d->tuple[from ^ 1].family : in.family));
    RIG_HOLDS(in.payload_len == out.payload_len);
    if ((before->flags & MPCONN_PKT_F_CSUM_PARTIAL) != 0)
        return;
    if (is_right(&in, before))
        RIG_HOLDS(is_right(&out, after));
    else if (in.family == out.family)
        RIG_HOLDS(!is_right(&out, after));
}

static void run(const uint8_t *in, const mpconn_pkt *before, uint8_t *room, uint32_t len)
{
    mpconn_delta d = delta_of(in);
    unsigned from = in[0] & SERVER;
    mpconn_pkt pkt = *before;
    mpconn_pkt_ext ext;
    int rc;

    pkt.data = room + in[3];
    memcpy(pkt.data, before->data, len);
    if (before->ext != NULL) {
        ext = *before->ext;
        pkt.ext = &ext;
    }
    rc = in[0] & ERROR ? mpconn_delta_apply_error(&d, (int)from, &pkt)
                       : mpconn_delta_apply(&d, (int)from, &pkt);
    if (rc == MPCONN_OK) {
        RIG_HOLDS(pkt.data - pkt.headroom == room);
        RIG_HOLDS(pkt.cap + pkt.headroom == in[3] + before->cap && pkt.len <= pkt.cap);
        check_carried(&d, from, before, &pkt);
        return;
    }
    RIG_HOLDS(mpconn_strerror(rc) != NULL && pkt.data == room + in[3] && pkt.len == before->len);
    RIG_HOLDS(memcmp(pkt.data, before->data, len) == 0);
    RIG_HOLDS(pkt.ext == NULL || pkt.ext->total_len == before->ext->total_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t bytes[LONGEST];
    mpconn_pkt_ext ext;
    uint32_t len, cut;
    uint8_t *room;

    if (size < HEAD || size - HEAD > LONGEST)
        return 0;
    len = (uint32_t)(size - HEAD);
    cut = data[6] < len ? data[6] : 0;
    memcpy(bytes, data + HEAD, len);
    MPCONN_STRUCT_INIT(&ext);
    ext.total_len = len;
    ext.gso_size = (uint16_t)(data[5] * 8);
    mpconn_pkt pkt = {.data = bytes, .len = len, .cap = len, .headroom = data[3]};
    if (data[0] & SEAL)
        seal(&pkt);
    pkt.len -= cut;
    pkt.cap = pkt.len + data[4];
    pkt.flags = (data[0] & PARTIAL ? MPCONN_PKT_F_CSUM_PARTIAL : 0) |
                (data[0] & CUT ? MPCONN_PKT_F_HEAD_ONLY : 0);
    if (data[5] != 0 || cut != 0)
        pkt.ext = &ext;
    room = malloc(data[3] + pkt.cap + 1u);
    if (room == NULL)
        return 0;
    run(data, &pkt, room, pkt.len);
    free(room);
    return 0;
}
