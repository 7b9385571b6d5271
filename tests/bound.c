/* SPDX-License-Identifier: BSD-2-Clause */
#include "bound.h"

#include "engine_support.h"

#include "check_main.h"
#include "table/key.h"

static const mpconn_tuple inside_ipv4 = {
    .client = {{10, 8, 0, 1}},
    .server = {{10, 8, 0, 8}},
    .server_port = 8080,
    .family = MPCONN_FAMILY_IPV4,
};

static const mpconn_tuple inside_ipv6 = {
    .client = {{0xfd, 0, 8, [15] = 1}},
    .server = {{0xfd, 0, 8, [15] = 8}},
    .server_port = 8080,
    .family = MPCONN_FAMILY_IPV6,
};

void bound_lead(bed *b, unsigned family)
{
    b->bind = 1;
    b->leg = family == MPCONN_FAMILY_IPV4 ? inside_ipv4 : inside_ipv6;
}

mpconn_tuple bound_leg(const mpconn_tuple *client_leg, unsigned family)
{
    mpconn_tuple t = family == MPCONN_FAMILY_IPV4 ? inside_ipv4 : inside_ipv6;

    t.client_port = client_leg->client_port;
    t.zone = client_leg->zone;
    return t;
}

bound_conn bound_conn_of(unsigned from, unsigned client, uint16_t port, unsigned to)
{
    mpconn_tuple t = bed_tuple(from, client, port);
    bound_conn c;

    c.client = bed_conn_of(&t, 0x11110000u + port, 0x99990000u + port);
    c.server = c.client;
    c.server.tuple = bound_leg(&t, to);
    return c;
}

void bound_open(bed *b, bound_conn *c)
{
    bed_syn(b, &c->client);
    c->server.y = c->client.y;
    c->server.proxy_ts = c->client.proxy_ts;
    bed_proof(b, &c->client);
}

void bound_syn_ack(bed *b, const bound_conn *c)
{
    bed_segment seg = bed_syn_ack_seg(&c->server);

    bed_in(b, MPCONN_SIDE_SERVER, &seg);
}

void bound_proof(bed *b, const bound_conn *c)
{
    bed_segment seg = bed_proof_seg(&c->client);

    bed_in(b, MPCONN_SIDE_CLIENT, &seg);
}

void bound_settle(bed *b, bound_conn *c)
{
    bound_open(b, c);
    b->n_out = 0;
    bound_syn_ack(b, c);
    ck_assert_int_eq(b->pkt.reason, MPCONN_REASON_SERVER_ANSWERED);
    ck_assert_uint_eq(b->n_out, 2);
    b->n_out = 0;
}

void bound_assert_shows(const bound_conn *c, const mpci_view *v, unsigned to)
{
    const mpconn_tuple *leg = to == MPCONN_SIDE_CLIENT ? &c->client.tuple : &c->server.tuple;
    mpconn_tuple t;

    mpci_view_tuple(&t, v, to ^ 1, leg->zone);
    ck_assert_uint_eq(t.family, leg->family);
    ck_assert_uint_eq(t.client_port, leg->client_port);
    ck_assert_uint_eq(t.server_port, leg->server_port);
    ck_assert_int_eq(mpci_tuple_equal(&t, leg), 1);
}

void bound_carry(bed *b, const bound_conn *c, unsigned from, uint32_t seq, uint32_t ack,
                 uint32_t payload)
{
    int client = from == MPCONN_SIDE_CLIENT;
    bed_segment seg = bed_data(client ? &c->client : &c->server, from, seq, ack, payload);
    mpci_view v;

    bed_in(b, from, &seg);
    ck_assert_int_eq(b->pkt.reason, MPCONN_REASON_TRANSLATED);
    ck_assert_int_eq(b->pkt.verdict, MPCONN_VERDICT_FORWARD);
    bed_view(b, &v, NULL);
    bound_assert_shows(c, &v, from ^ 1);
    ck_assert_uint_eq(v.seq, client ? c->client.x + seq : c->client.y + seq);
    ck_assert_uint_eq(v.ack, client ? c->client.z + ack : c->client.x + ack);
    ck_assert_uint_eq(v.payload_len, payload);
}

void bound_close(bed *b, const bound_conn *c)
{
    const bed_conn *l = &c->client;
    bed_segment seg = bed_seg(&l->tuple, MPCONN_SIDE_SERVER, MPCI_TCP_FIN | MPCI_TCP_ACK, l->x + 1,
                              l->y + 1);

    bed_in(b, MPCONN_SIDE_CLIENT, &seg);
    seg = bed_seg(&c->server.tuple, MPCONN_SIDE_CLIENT, MPCI_TCP_FIN | MPCI_TCP_ACK, l->z + 1,
                  l->x + 2);
    bed_in(b, MPCONN_SIDE_SERVER, &seg);
    seg = bed_seg(&l->tuple, MPCONN_SIDE_SERVER, MPCI_TCP_ACK, l->x + 2, l->y + 2);
    bed_in(b, MPCONN_SIDE_CLIENT, &seg);
    ck_assert_int_eq(b->pkt.verdict, MPCONN_VERDICT_FORWARD);
}

void bound_end(bed *b)
{
    snapshot s;

    snapshot_take(&s, b->eng);
    snapshot_assert_sane(&s);
    bed_close(b);
}
