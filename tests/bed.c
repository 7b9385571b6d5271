/* SPDX-License-Identifier: BSD-2-Clause */
#include "bed.h"

#include <stdlib.h>

#include "base/byteorder.h"
#include "check_main.h"
#include "packet/checksum.h"

const uint8_t bed_key[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

static int on_send(void *user, const mpconn_pkt *const *pkts, size_t n)
{
    bed *b = user;

    if (b->send_fails)
        return -1;
    for (size_t i = 0; i < n; i++) {
        bed_out *o = &b->out[b->n_out++ % BED_OUT];

        ck_assert_uint_le(pkts[i]->len, BED_ROOM);
        memcpy(o->bytes, pkts[i]->data, pkts[i]->len);
        o->pkt = *pkts[i];
        o->pkt.data = o->bytes;
        mpci_view_parse(&o->view, &o->pkt);
        if (o->view.kind == MPCI_KIND_ICMP_ERROR) {
            ck_assert_int_eq(mpci_view_icmp_is_right(&o->view, &o->pkt), 1);
            continue;
        }
        if (o->view.kind == MPCI_KIND_ICMP_OTHER) /* an echo */
            continue;
        ck_assert_int_eq(o->view.kind, MPCI_KIND_TCP);
        ck_assert_uint_eq(mpci_view_verify(&o->view, &o->pkt), 0);
        ck_assert_uint_eq(mpci_syn_options_parse(&o->options, &o->view), 0);
    }
    return (int)n;
}

static int on_random(void *user, uint8_t *dst, size_t len)
{
    bed *b = user;

    while (len-- > 0) {
        b->random_state = b->random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
        *dst++ = (uint8_t)(b->random_state >> 56);
    }
    return 0;
}

static int on_admit(void *user, const mpconn_admit_request *request)
{
    bed *b = user;

    b->n_admit++;
    b->request = *request;
    return b->admit;
}

static void on_release(void *user, uint64_t hold, unsigned reason)
{
    bed *b = user;

    b->released[b->n_released++ % 64] = hold;
    b->release_reason = reason;
}

static void on_event(void *user, const mpconn_event *event)
{
    bed *b = user;
    unsigned i = b->n_events++ % 64;

    b->events[i] = *event;
    if (event->client != NULL)
        b->legs[i][0] = *event->client;
    if (event->server != NULL)
        b->legs[i][1] = *event->server;
    if (event->delta != NULL)
        b->deltas[i] = *event->delta;
}

static void set_addr(mpconn_addr *to, const mpconn_addr *from)
{
    static const mpconn_addr none;

    if (memcmp(from, &none, sizeof(none)) != 0)
        *to = *from;
}

int bed_bind(void *user, const mpconn_tuple *client_leg, mpconn_tuple *server_leg)
{
    bed *b = user;

    b->n_bind++;
    b->bound = *client_leg;
    HOLDS(memcmp(client_leg, server_leg, sizeof(*client_leg)) == 0);
    if (b->leg.family != MPCONN_FAMILY_NONE)
        server_leg->family = b->leg.family;
    if (b->leg.client_port != 0)
        server_leg->client_port = b->leg.client_port;
    if (b->leg.server_port != 0)
        server_leg->server_port = b->leg.server_port;
    server_leg->zone = (uint16_t)(server_leg->zone + b->leg.zone);
    set_addr(&server_leg->client, &b->leg.client);
    set_addr(&server_leg->server, &b->leg.server);
    return b->bind;
}

mpconn_timeouts bed_timeouts;

void bed_config(mpconn_engine_config *cfg, mpconn_callbacks *cb)
{
    MPCONN_STRUCT_INIT(cfg);
    cfg->key = bed_key;
    cfg->key_len = sizeof(bed_key);
    MPCONN_STRUCT_INIT(&bed_timeouts);
    cfg->timeouts = &bed_timeouts;
    cfg->max_flows = 256;
    cfg->max_wide_flows = 256;
    cfg->max_handshakes = 64;
    MPCONN_STRUCT_INIT(cb);
    cb->send_packets = on_send;
    cb->random = on_random;
    cb->admit = on_admit;
    cb->release = on_release;
    cb->event = on_event;
}

void bed_open(bed *b, const mpconn_engine_config *cfg, const mpconn_callbacks *cb)
{
    memset(b, 0, sizeof(*b));
    b->now = 1000 * MPCONN_SECOND;
    ck_assert_int_eq(mpconn_engine_new(&b->eng, cfg, cb, b, b->now), MPCONN_OK);
}

void bed_open_default(bed *b)
{
    mpconn_engine_config cfg;
    mpconn_callbacks cb;

    bed_config(&cfg, &cb);
    bed_open(b, &cfg, &cb);
}

void bed_close(bed *b)
{
    mpconn_stats s;

    MPCONN_STRUCT_INIT(&s);
    ck_assert_int_eq(mpconn_engine_stats(b->eng, &s), MPCONN_OK);
    ck_assert_uint_eq(s.packets_in, s.packets_forwarded + s.packets_dropped + s.packets_held +
                                        s.packets_consumed);
    ck_assert_int_eq(mpconn_engine_del(b->eng), MPCONN_OK);
}

mpconn_tuple bed_tuple(unsigned family, unsigned client, uint16_t client_port)
{
    mpconn_tuple t;

    memset(&t, 0, sizeof(t));
    t.family = (uint8_t)family;
    t.client_port = client_port;
    t.server_port = 80;
    if (family == MPCONN_FAMILY_IPV4) {
        memcpy(t.client.bytes, "\xc0\x00\x02", 3);
        t.client.bytes[3] = (uint8_t)(1 + client % 250);
        memcpy(t.server.bytes, "\xc6\x33\x64\x07", 4);
    } else {
        memcpy(t.client.bytes, "\x20\x01\x0d\xb8", 4);
        mpci_store32(t.client.bytes + 12, client + 1);
        memcpy(t.server.bytes, "\x20\x01\x0d\xb8\xff", 5);
    }
    return t;
}

bed_segment bed_seg(const mpconn_tuple *t, unsigned to, unsigned flags, uint32_t seq, uint32_t ack)
{
    bed_segment seg;

    memset(&seg, 0, sizeof(seg));
    seg.s.tuple = t;
    seg.s.to = (uint8_t)to;
    seg.s.hop_limit = 60;
    seg.s.flags = (uint16_t)flags;
    seg.s.seq = seq;
    seg.s.ack = ack;
    seg.s.window = 500;
    seg.s.wscale = MPCONN_WSCALE_NONE;
    return seg;
}

/* Append payload to what the builder made and put lengths and checksum right. */
static size_t append(uint8_t *p, size_t len, uint32_t payload)
{
    int v6 = p[0] >> 4 == 6;
    size_t l4 = v6 ? 40 : 20;
    uint64_t sum;

    for (uint32_t i = 0; i < payload; i++)
        p[len + i] = (uint8_t)(i * 7 + 1);
    len += payload;
    if (v6) {
        mpci_store16(p + 4, (uint16_t)(len - 40));
    } else {
        mpci_store16(p + 2, (uint16_t)len);
        mpci_store16(p + 10, 0);
        mpci_store16(p + 10, (uint16_t)~mpci_csum_fold(mpci_csum_add(0, p, 20)));
    }
    mpci_store16(p + l4 + 16, 0);
    sum = mpci_csum_pseudo(v6 ? 6 : 4, p + (v6 ? 8 : 12), p + (v6 ? 24 : 16), MPCI_PROTO_TCP,
                           (uint32_t)(len - l4));
    mpci_store16(p + l4 + 16, (uint16_t)~mpci_csum_fold(mpci_csum_add(sum, p + l4, len - l4)));
    return len;
}

static void submit(bed *b, mpconn_pkt *pkt)
{
    mpconn_pkt *list[1] = {pkt};

    ck_assert_int_eq(mpconn_engine_input(b->eng, list, 1, b->now), MPCONN_OK);
}

void bed_in(bed *b, unsigned from, const bed_segment *seg)
{
    size_t len = mpci_build_tcp(b->bytes, sizeof(b->bytes), &seg->s);

    ck_assert_uint_gt(len, 0);
    len = append(b->bytes, len, seg->payload);
    memset(&b->pkt, 0, sizeof(b->pkt));
    b->pkt.data = b->bytes;
    b->pkt.len = (uint32_t)len;
    b->pkt.cap = sizeof(b->bytes);
    b->pkt.side = (uint8_t)from;
    b->pkt.link = from == MPCONN_SIDE_CLIENT ? 11 : 22;
    b->pkt.zone = seg->s.tuple->zone;
    b->pkt.mark = 77;
    submit(b, &b->pkt);
}

void bed_in_again(bed *b, mpconn_pkt *pkt)
{
    submit(b, pkt);
}

void bed_pass(bed *b, uint64_t ns)
{
    mpconn_time end = b->now + ns;

    for (;;) {
        mpconn_time next = mpconn_engine_next_expiry(b->eng);

        if (next > end)
            break;
        if (next > b->now)
            b->now = next;
        HOLDS(mpconn_engine_expire(b->eng, 0, NULL, b->now) == MPCONN_OK);
    }
    b->now = end;
}

const bed_out *bed_take(bed *b)
{
    const bed_out *o = &b->out[0];
    static bed_out taken;

    ck_assert_msg(b->n_out > 0, "no packet was made");
    taken = *o;
    taken.pkt.data = taken.bytes;
    mpci_view_parse(&taken.view, &taken.pkt);
    b->n_out--;
    memmove(&b->out[0], &b->out[1], b->n_out * sizeof(b->out[0]));
    return &taken;
}

void bed_view(const bed *b, mpci_view *v, mpci_syn_options *o)
{
    mpci_syn_options unused;

    mpci_view_parse(v, &b->pkt);
    ck_assert_int_eq(v->kind, MPCI_KIND_TCP);
    ck_assert_uint_eq(mpci_view_verify(v, &b->pkt), 0);
    ck_assert_uint_eq(mpci_syn_options_parse(o != NULL ? o : &unused, v), 0);
}

bed_conn bed_conn_of(const mpconn_tuple *t, uint32_t x, uint32_t z)
{
    bed_conn c;

    memset(&c, 0, sizeof(c));
    c.tuple = *t;
    c.x = x;
    c.z = z;
    c.client_ts = 0x22220000;
    c.server_ts = 0x80001000;
    c.client_wscale = 8;
    c.server_wscale = 9;
    c.timestamps = 1;
    c.sack = 1;
    c.client_mss = 1460;
    c.server_mss = 1460;
    return c;
}

bed_segment bed_syn_seg(const bed_conn *c)
{
    bed_segment seg = bed_seg(&c->tuple, MPCONN_SIDE_SERVER, MPCI_TCP_SYN, c->x, 0);

    seg.s.mss = c->client_mss;
    seg.s.wscale = c->client_wscale;
    seg.s.sack_permitted = c->sack;
    seg.s.timestamps = c->timestamps;
    seg.s.tsval = c->client_ts;
    seg.s.window = 64240;
    return seg;
}

bed_segment bed_proof_seg(const bed_conn *c)
{
    bed_segment seg =
        bed_seg(&c->tuple, MPCONN_SIDE_SERVER, MPCI_TCP_ACK, c->x + 1, c->y + 1);

    seg.s.timestamps = c->timestamps;
    seg.s.tsval = c->client_ts + 1;
    seg.s.tsecr = c->proxy_ts;
    return seg;
}

bed_segment bed_syn_ack_seg(const bed_conn *c)
{
    bed_segment seg =
        bed_seg(&c->tuple, MPCONN_SIDE_CLIENT, MPCI_TCP_SYN | MPCI_TCP_ACK, c->z, c->x + 1);

    seg.s.mss = c->server_mss;
    seg.s.wscale = c->server_wscale;
    seg.s.sack_permitted = c->sack;
    seg.s.timestamps = c->timestamps;
    seg.s.tsval = c->server_ts;
    seg.s.tsecr = c->client_ts + 1;
    seg.s.window = 65160;
    return seg;
}

void bed_syn(bed *b, bed_conn *c)
{
    bed_segment seg = bed_syn_seg(c);
    mpci_view v;
    mpci_syn_options o;

    bed_in(b, MPCONN_SIDE_CLIENT, &seg);
    ck_assert_int_eq(b->pkt.verdict, MPCONN_VERDICT_FORWARD);
    ck_assert_int_eq(b->pkt.reason, MPCONN_REASON_SYN_ANSWERED);
    bed_view(b, &v, &o);
    c->y = v.seq;
    c->proxy_ts = o.tsval;
}

void bed_proof(bed *b, bed_conn *c)
{
    bed_segment seg = bed_proof_seg(c);

    bed_in(b, MPCONN_SIDE_CLIENT, &seg);
    ck_assert_int_eq(b->pkt.reason, MPCONN_REASON_CLIENT_PROVED);
    ck_assert_uint_eq(b->n_out, 1);
}

void bed_syn_ack(bed *b, bed_conn *c)
{
    bed_segment seg = bed_syn_ack_seg(c);

    bed_in(b, MPCONN_SIDE_SERVER, &seg);
}

void bed_settle(bed *b, bed_conn *c)
{
    bed_syn(b, c);
    bed_proof(b, c);
    b->n_out = 0;
    bed_syn_ack(b, c);
    ck_assert_int_eq(b->pkt.reason, MPCONN_REASON_SERVER_ANSWERED);
    ck_assert_uint_eq(b->n_out, 2);
    b->n_out = 0;
}

bed_segment bed_data(const bed_conn *c, unsigned from, uint32_t seq, uint32_t ack,
                     uint32_t payload)
{
    int client = from == MPCONN_SIDE_CLIENT;
    bed_segment seg = bed_seg(&c->tuple, client ? MPCONN_SIDE_SERVER : MPCONN_SIDE_CLIENT,
                              MPCI_TCP_ACK, (client ? c->x : c->z) + seq,
                              (client ? c->y : c->x) + ack);

    seg.payload = payload;
    seg.s.timestamps = c->timestamps;
    seg.s.tsval = (client ? c->client_ts : c->server_ts) + 5;
    seg.s.tsecr = client ? c->proxy_ts + 3 : c->client_ts + 4;
    return seg;
}
