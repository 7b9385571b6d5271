/* SPDX-License-Identifier: BSD-2-Clause */
#include "one_way_bed.h"

#include <stdlib.h>

#include "base/byteorder.h"
#include "packet/checksum.h"

sync_bed net;

bed *at(unsigned i)
{
    return &net.at[i].b;
}

static void start_opened(unsigned n, uint64_t since)
{
    for (unsigned i = 0; i < n; i++) {
        net.at[i].cfg.return_path = MPCONN_RETURN_ECHO;
        net.at[i].cfg.echo_rate_server = 1000;
    }
    sync_start(&net);
    sync_pass(&net, since);
}

void start(unsigned n)
{
    start_since(n, 5 * MPCONN_SECOND);
}

void start_since(unsigned n, uint64_t since)
{
    sync_bed_open(&net, n);
    start_opened(n, since);
}

void start_at(unsigned n, mpconn_time now)
{
    sync_bed_open(&net, n);
    net.now = now;
    start_opened(n, 5 * MPCONN_SECOND);
}

bed_conn conn_of(unsigned family, uint16_t port)
{
    mpconn_tuple t = bed_tuple(family, 1, port);

    return bed_conn_of(&t, 0x10000000u + port, 0x70000000);
}

void syn(unsigned i, const bed_conn *c)
{
    bed_segment seg = bed_syn_seg(c);

    bed_in(at(i), CLIENT, &seg);
}

unsigned counted(unsigned i, unsigned reason)
{
    return (unsigned)mpconn_engine_count(at(i)->eng, reason);
}

uint64_t hash_of(unsigned i, const bed_conn *c)
{
    return mpci_tuple_hash(&at(i)->eng->core.table_key, &c->tuple);
}

enum mpci_way_kind way_of(unsigned i, const bed_conn *c)
{
    return mpci_echo_way(&at(i)->eng->echo, &c->tuple, hash_of(i, c), c->x).kind;
}

static void swap_addrs(uint8_t *a, uint8_t *b, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t x = a[i];

        a[i] = b[i];
        b[i] = x;
    }
}

letter reply_to(const bed *b)
{
    return reply_to_packet(&b->pkt);
}

letter reply_to_packet(const mpconn_pkt *request)
{
    letter l = {.len = request->len};
    uint8_t *p = l.bytes;
    int v6 = request->data[0] >> 4 == 6;
    size_t at_icmp = v6 ? 40 : 20;
    uint64_t sum = 0;

    memcpy(p, request->data, request->len);
    ck_assert_uint_eq(p[at_icmp], v6 ? 128 : 8);
    p[at_icmp] = v6 ? 129 : 0;
    swap_addrs(p + (v6 ? 8 : 12), p + (v6 ? 24 : 16), v6 ? 16 : 4);
    mpci_store16(p + at_icmp + 2, 0);
    if (v6)
        sum = mpci_csum_pseudo(6, p + 8, p + 24, MPCI_PROTO_ICMPV6, l.len - 40);
    mpci_store16(p + at_icmp + 2, (uint16_t)~mpci_csum_fold(mpci_csum_add(
                                      sum, p + at_icmp, l.len - at_icmp)));
    return l;
}

void give(unsigned i, unsigned from, const letter *l, uint32_t link)
{
    bed *b = at(i);

    memcpy(b->bytes, l->bytes, l->len);
    memset(&b->pkt, 0, sizeof b->pkt);
    b->pkt.data = b->bytes;
    b->pkt.len = l->len;
    b->pkt.cap = sizeof b->bytes;
    b->pkt.side = (uint8_t)from;
    b->pkt.link = link;
    bed_in_again(b, &b->pkt);
}

void expect(unsigned i, unsigned verdict, unsigned reason)
{
    ck_assert_str_eq(mpconn_reason_name(at(i)->pkt.reason), mpconn_reason_name(reason));
    ck_assert_uint_eq(at(i)->pkt.verdict, verdict);
}

letter echo_of(const bed_conn *c)
{
    syn(A, c);
    expect(A, MPCONN_VERDICT_FORWARD, MPCONN_REASON_ECHO_SENT);
    ck_assert_uint_eq(at(A)->pkt.side, SERVER);
    ck_assert_uint_eq(at(A)->pkt.link, MPCONN_LINK_NONE);
    return reply_to(at(A));
}

void answered_at(unsigned i, bed_conn *c, const letter *l)
{
    mpci_view v;
    mpci_syn_options o;

    give(i, SERVER, l, LINK_OF_REPLY);
    expect(i, MPCONN_VERDICT_FORWARD, MPCONN_REASON_ECHO_ANSWERED);
    ck_assert_uint_eq(at(i)->pkt.side, CLIENT);
    ck_assert_uint_eq(at(i)->pkt.link, MPCONN_LINK_NONE);
    bed_view(at(i), &v, &o);
    ck_assert_uint_eq(v.flags, MPCI_TCP_SYN | MPCI_TCP_ACK);
    ck_assert_uint_eq(v.ack, c->x + 1);
    c->y = v.seq;
    c->proxy_ts = v.tsval;
    sync_carry(&net);
}

void proof(bed_conn *c)
{
    bed_segment seg = bed_proof_seg(c);
    const bed_out *o;

    bed_in(at(A), CLIENT, &seg);
    o = bed_take(at(A));
    ck_assert_uint_eq(o->view.flags & ~(unsigned)(MPCI_TCP_ECE | MPCI_TCP_CWR), MPCI_TCP_SYN);
    ck_assert_uint_eq(o->pkt.side, SERVER);
    ck_assert_uint_eq(o->pkt.link, LINK_ONWARD_TO_SERVER);
    sync_carry(&net);
}

void settle(unsigned i, bed_conn *c)
{
    bed_segment seg = bed_syn_ack_seg(c);
    const bed_out *o;

    bed_in(at(i), SERVER, &seg);
    sync_carry(&net);
    o = bed_take(at(A));
    ck_assert_uint_eq(o->pkt.side, SERVER);
    ck_assert_uint_eq(o->pkt.link, LINK_ONWARD_TO_SERVER);
    ck_assert_uint_eq(o->view.ack, c->z + 1);
    o = bed_take(at(i));
    ck_assert_uint_eq(o->pkt.side, CLIENT);
    ck_assert_uint_eq(o->pkt.link, LINK_ONWARD_TO_CLIENT);
    ck_assert_uint_eq(o->view.seq, c->y + 1);
    ck_assert_uint_eq(at(A)->n_out, 0);
    ck_assert_uint_eq(at(i)->n_out, 0);
}

void connect_by(unsigned i, bed_conn *c)
{
    letter l = echo_of(c);

    answered_at(i, c, &l);
    proof(c);
    settle(i, c);
}

void carried(unsigned i, unsigned from, const bed_conn *c)
{
    bed_segment seg = bed_data(c, from, 1, 1, 100);

    bed_in(at(i), from, &seg);
    expect(i, MPCONN_VERDICT_FORWARD, MPCONN_REASON_TRANSLATED);
}
