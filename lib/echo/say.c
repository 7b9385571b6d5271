/* SPDX-License-Identifier: BSD-2-Clause */
#include "echo/say.h"

#include "base/byteorder.h"
#include "packet/icmp_build.h"
#include "packet/ip_build.h"
#include "packet/quote.h"

#include <string.h>

enum { QUOTED_OF_TCP = 8 };

static uint16_t at_most_16_bits(uint32_t n)
{
    return (uint16_t)(n < UINT16_MAX ? n : UINT16_MAX);
}

/* Of the quote nothing travels but what its receiver looks for: no data does (principle 4). */
static int make_error(mpci_record *r, const mpci_view *v, const mpconn_pkt *pkt)
{
    uint32_t mtu = mpci_icmp_told_mtu(v);
    mpci_quote q;
    mpci_quoted_tcp t;

    if (mtu == 0 || mpci_quote_read(&q, &t, v, pkt) != 0)
        return 0;
    memset(r, 0, sizeof *r);
    r->type = MPCI_RECORD_SAY;
    mpci_quote_tuple(&r->tuple, &q, &t, v->l4, pkt->side, pkt->zone);
    r->flags = MPCI_SAY_TOO_BIG;
    r->flags |= (uint8_t)(pkt->side == MPCONN_SIDE_SERVER ? MPCI_SAY_TO_SERVER : 0);
    r->seq = t.seq;
    r->window = at_most_16_bits(q.ip.claimed_len);
    r->mss = at_most_16_bits(mtu);
    return 1;
}

static uint8_t flags_of(const mpconn_pkt *pkt, const mpci_syn_options *o, const mpci_view *v)
{
    return (uint8_t)((pkt->side == MPCONN_SIDE_SERVER ? MPCI_SAY_TO_SERVER : 0) |
                     ((v->flags & MPCI_TCP_SYN) != 0 && o->sack_permitted ? MPCI_SAY_SACK : 0) |
                     (v->ts_offset != 0 ? MPCI_SAY_STAMPED : 0));
}

static void tell_options(mpci_record *r, const mpci_syn_options *o)
{
    r->mss = o->mss;
    r->scale = o->wscale == MPCONN_WSCALE_NONE ? 0 : (uint8_t)(o->wscale + 1);
}

int mpci_say_make(mpci_record *r, const mpconn_pkt *pkt)
{
    mpci_view v;
    mpci_syn_options o;

    mpci_view_parse(&v, pkt);
    if (v.kind == MPCI_KIND_ICMP_ERROR)
        return make_error(r, &v, pkt);
    if (v.kind != MPCI_KIND_TCP || v.payload_len > 0 || mpci_syn_options_parse(&o, &v) != 0)
        return 0;
    memset(r, 0, sizeof *r);
    r->type = MPCI_RECORD_SAY;
    mpci_view_tuple(&r->tuple, &v, pkt->side ^ 1u, pkt->zone);
    r->flags = flags_of(pkt, &o, &v);
    r->control = v.flags;
    r->seq = v.seq;
    r->acked = v.ack;
    r->window = v.window;
    r->tsval = v.tsval;
    r->tsecr = v.tsecr;
    if ((v.flags & MPCI_TCP_SYN) != 0)
        tell_options(r, &o);
    return 1;
}

int mpci_say_is_possible(const mpci_record *r)
{
    const unsigned known = MPCI_SAY_TO_SERVER | MPCI_SAY_SACK | MPCI_SAY_STAMPED | MPCI_SAY_ASKS |
                           MPCI_SAY_TOO_BIG | MPCI_SAY_ALONE;

    return (r->flags & ~known) == 0 && ((r->flags & MPCI_SAY_TOO_BIG) == 0 ||
                                        r->mss >= mpci_icmp_least_mtu(r->tuple.family));
}

mpci_segment mpci_say_segment(const mpci_record *r, uint8_t hop_limit)
{
    mpci_segment s = {0};

    s.tuple = &r->tuple;
    s.to = (uint8_t)mpci_say_to(r);
    s.hop_limit = hop_limit;
    s.flags = r->control;
    s.seq = r->seq;
    s.ack = r->acked;
    s.window = r->window;
    s.mss = r->mss;
    s.wscale = r->scale != 0 ? (uint8_t)(r->scale - 1) : MPCONN_WSCALE_NONE;
    s.sack_permitted = (r->flags & MPCI_SAY_SACK) != 0;
    s.timestamps = (r->flags & MPCI_SAY_STAMPED) != 0;
    s.tsval = r->tsval;
    s.tsecr = r->tsecr;
    return s;
}

static void put_quote(mpci_say_quote *q, const mpci_record *r)
{
    const mpconn_tuple *t = &r->tuple;
    int of_server = mpci_say_to(r) == MPCONN_SIDE_SERVER;
    mpci_ip_header h = {
        .src = of_server ? t->server.bytes : t->client.bytes,
        .dst = of_server ? t->client.bytes : t->server.bytes,
        .family = t->family,
        .proto = MPCI_PROTO_TCP,
    };
    uint32_t ip_len = (uint32_t)mpci_ip_build_len(&h);
    uint8_t *tcp = q->bytes + ip_len;

    h.payload_len = r->window > ip_len ? r->window - ip_len : QUOTED_OF_TCP;
    mpci_ip_build(q->bytes, &h);
    mpci_store16(tcp, of_server ? t->server_port : t->client_port);
    mpci_store16(tcp + 2, of_server ? t->client_port : t->server_port);
    mpci_store32(tcp + 4, r->seq);
    q->pkt = (mpconn_pkt){.data = q->bytes, .len = ip_len + QUOTED_OF_TCP, .zone = t->zone,
                          .side = (uint8_t)mpci_say_to(r)};
}

mpci_icmp mpci_say_error(const mpci_record *r, mpci_say_quote *q, uint8_t hop_limit)
{
    mpci_view v = {.family = r->tuple.family, .ip = q->bytes};

    put_quote(q, r);
    v.total_len = q->pkt.len;
    return mpci_icmp_too_big(&v, &q->pkt, r->mss, hop_limit);
}
