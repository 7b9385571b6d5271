/* SPDX-License-Identifier: BSD-2-Clause */
/* Segments a member makes in a handshake. Each is a function of the entry alone. */
#include "split/actions.h"

#include "conn/translate.h"
#include "split/entry.h"
#include "table/reset.h"

static mpci_segment segment_to(const mpci_split *sp, const mpci_handshake *h, unsigned to,
                               unsigned flags)
{
    mpci_segment s = {0};

    s.tuple = mpci_core_leg(sp->core, &h->tuple, h->binding, to);
    s.to = (uint8_t)to;
    s.hop_limit = sp->core->hop_limit;
    s.flags = (uint16_t)flags;
    s.wscale = MPCONN_WSCALE_NONE;
    return s;
}

static void put(mpci_split *sp, const mpci_handshake *h, const mpci_segment *s, unsigned reason)
{
    mpci_outbox_put(&sp->core->outbox, s, h->link[s->to], h->mark, reason);
}

static uint16_t mss_told(const mpci_split *sp, const mpconn_tuple *t)
{
    return sp->profile.mss[t->family == MPCONN_FAMILY_IPV6];
}

/* With the window closed the client sends nothing before the server leg stands; with an open one
 * what it sends is held, once it has proved itself. */
static void fill_answer(mpci_segment *s, const mpci_split *sp, const mpci_offers *o)
{
    s->mss = mss_told(sp, s->tuple);
    s->window = sp->client_window;
    s->wscale = o->wscale_proxy;
    s->sack_permitted = o->sack;
    s->timestamps = o->timestamps;
    if (o->ecn)
        s->flags |= MPCI_TCP_ECE;
}

void mpci_split_send_answer(mpci_split *sp, const mpci_handshake *h)
{
    mpci_segment s = segment_to(sp, h, MPCONN_SIDE_CLIENT, MPCI_TCP_SYN | MPCI_TCP_ACK);
    mpci_offers o;

    mpci_offers_unpack(&o, h->hs);
    fill_answer(&s, sp, &o);
    s.seq = h->proxy_isn;
    s.ack = h->client_isn + 1;
    s.tsval = h->proxy_ts;
    s.tsecr = h->client_ts;
    put(sp, h, &s, MPCONN_REASON_SYN_ACK_REPEAT);
}

int mpci_split_answer_in_place(mpci_split *sp, mpci_step *st, const mpci_cookie *c,
                               uint32_t client_ts)
{
    mpconn_pkt *pkt = st->pkt;
    mpci_segment s = {0};
    size_t len;

    s.tuple = st->tuple;
    s.to = MPCONN_SIDE_CLIENT;
    s.hop_limit = sp->core->hop_limit;
    s.flags = MPCI_TCP_SYN | MPCI_TCP_ACK;
    fill_answer(&s, sp, &c->offers);
    s.seq = c->isn;
    s.ack = c->client_isn + 1;
    s.tsval = c->tsval;
    s.tsecr = client_ts;
    len = mpci_build_tcp(pkt->data, pkt->cap, &s);
    if (len == 0)
        return 1;
    mpci_packet_became(pkt, (uint32_t)len);
    return 0;
}

/* Shift of the windows in the client's segments. */
static unsigned client_shift(const mpci_offers *o)
{
    return o->wscale_client == MPCONN_WSCALE_NONE ? 0 : o->wscale_client;
}

/* A server that refuses timestamps would fill its segments to the brim, and we put them on. */
uint16_t mpci_split_mss_to_server(const mpci_offers *o)
{
    return (uint16_t)(mpci_mss_of_index(o->mss_client) - (o->timestamps ? MPCI_STAMP_LEN : 0));
}

void mpci_split_send_open(mpci_split *sp, const mpci_handshake *h)
{
    mpci_segment s = segment_to(sp, h, MPCONN_SIDE_SERVER, MPCI_TCP_SYN);
    mpci_offers o;

    mpci_offers_unpack(&o, h->hs);
    /* RFC 3168 6.1.1.1: something on the path may drop such SYNs, so only the first is one. */
    if (o.ecn && h->tries <= 1)
        s.flags |= MPCI_TCP_ECE | MPCI_TCP_CWR;
    s.seq = h->client_isn;
    s.mss = mpci_split_mss_to_server(&o);
    s.wscale = o.wscale_client;
    s.sack_permitted = o.sack;
    s.timestamps = o.timestamps;
    s.tsval = h->client_ts;
    s.window = mpci_translate_window(h->client_window, client_shift(&o), 0);
    put(sp, h, &s, MPCONN_REASON_SERVER_SYN_SENT);
}

void mpci_split_send_final_ack(mpci_split *sp, const mpci_handshake *h)
{
    mpci_segment s = segment_to(sp, h, MPCONN_SIDE_SERVER, MPCI_TCP_ACK);
    mpconn_delta d;
    mpci_server_options so;

    memset(&d, 0, sizeof(d));
    mpci_offers_delta(&d, h->hs, h->server_options);
    mpci_server_options_unpack(&so, h->server_options);
    s.seq = h->client_isn + 1;
    s.ack = h->server_isn + 1;
    s.window = mpci_translate_window(h->client_window, d.wscale_in[MPCONN_SIDE_CLIENT],
                                     d.wscale_out[MPCONN_SIDE_CLIENT]);
    s.timestamps = so.timestamps;
    s.tsval = h->client_ts;
    s.tsecr = h->server_ts; /* exactly that of the SYN|ACK: another one and it is dropped */
    put(sp, h, &s, MPCONN_REASON_SERVER_ACK_SENT);
}

/* The server's, and not less than the SYN|ACK announced: the right edge must not move left (RFC
 * 9293 3.8.6). What the server has no room for it drops, and says so itself. The window of a
 * SYN|ACK is never scaled (RFC 7323 2.2). */
uint16_t mpci_split_first_window(const mpci_split *sp, const mpci_handshake *h, unsigned shift)
{
    uint16_t window = mpci_translate_window(h->server_window, 0, shift);
    uint32_t announced = (sp->client_window + (UINT32_C(1) << shift) - 1) >> shift;

    return announced > window ? (uint16_t)announced : window;
}

void mpci_split_send_window(mpci_split *sp, const mpci_handshake *h)
{
    mpci_segment s = segment_to(sp, h, MPCONN_SIDE_CLIENT, MPCI_TCP_ACK);
    mpci_offers o;

    mpci_offers_unpack(&o, h->hs);
    s.seq = h->proxy_isn + 1;
    s.ack = h->client_isn + 1;
    s.window = mpci_split_first_window(
        sp, h, o.wscale_proxy == MPCONN_WSCALE_NONE ? 0 : o.wscale_proxy);
    s.timestamps = o.timestamps;
    s.tsval = h->proxy_ts;
    s.tsecr = h->client_ts;
    put(sp, h, &s, MPCONN_REASON_WINDOW_OPENED);
}

static void put_reset(mpci_split *sp, const mpci_handshake *h, const mpci_segment *s)
{
    mpci_reset_put(sp->core, s, h->link[s->to], h->mark);
}

void mpci_split_reset_client(mpci_split *sp, const mpci_handshake *h)
{
    mpci_segment s = mpci_reset_ack(sp->core, &h->tuple, MPCONN_SIDE_CLIENT, h->proxy_isn + 1,
                                    h->client_isn + 1);

    put_reset(sp, h, &s);
}

void mpci_split_reset_server(mpci_split *sp, const mpci_handshake *h, uint32_t seq)
{
    const mpconn_tuple *leg = mpci_core_leg(sp->core, &h->tuple, h->binding, MPCONN_SIDE_SERVER);
    mpci_segment s = mpci_reset(sp->core, leg, MPCONN_SIDE_SERVER, seq);

    put_reset(sp, h, &s);
}

/* The opener waits for something that acknowledges its SYN, the answerer for x+1 (RFC 9293
 * 3.10.7.3, 3.10.7.4). */
void mpci_split_reset_opener(mpci_split *sp, const mpci_handshake *h)
{
    uint32_t seq = h->state == MPCI_ST_PLAIN_ANSWERED ? h->server_isn + 1 : 0;
    mpci_segment s = mpci_reset_ack(sp->core, &h->tuple, mpci_entry_opener(h), seq,
                                    h->client_isn + 1);

    put_reset(sp, h, &s);
}

void mpci_split_reset_plain(mpci_split *sp, const mpci_handshake *h)
{
    mpci_segment s = mpci_reset(sp->core, &h->tuple, mpci_entry_opener(h) ^ 1, h->client_isn + 1);

    mpci_split_reset_opener(sp, h);
    put_reset(sp, h, &s);
}
