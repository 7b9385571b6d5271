/* SPDX-License-Identifier: BSD-2-Clause */
#include <mpconn/delta.h>
#include <mpconn/error.h>

#include "conn/offers.h"
#include "conn/translate.h"
#include "conn/translate_error.h"

static int leg_is_valid(const mpconn_leg *leg)
{
    return leg->client_wscale <= MPCONN_WSCALE_NONE && leg->server_wscale <= MPCONN_WSCALE_NONE &&
           (leg->tuple.family == MPCONN_FAMILY_IPV4 || leg->tuple.family == MPCONN_FAMILY_IPV6);
}

/* The zone is no part of a packet. */
static int endpoints_differ(const mpconn_tuple *a, const mpconn_tuple *b)
{
    return a->family != b->family || a->client_port != b->client_port ||
           a->server_port != b->server_port ||
           memcmp(&a->client, &b->client, sizeof a->client) != 0 ||
           memcmp(&a->server, &b->server, sizeof a->server) != 0;
}

static mpci_leg_options options_of(const mpconn_leg *leg)
{
    return (mpci_leg_options){
        .wscale = {leg->client_wscale, leg->server_wscale},
        .sack = (leg->flags & MPCONN_LEG_F_SACK) != 0,
        .timestamps = (leg->flags & MPCONN_LEG_F_TIMESTAMPS) != 0,
        .ecn = (leg->flags & MPCONN_LEG_F_ECN) != 0,
    };
}

int mpconn_delta_compute(mpconn_delta *delta, const mpconn_leg *client, const mpconn_leg *server)
{
    mpconn_delta d;
    mpci_leg_options client_options, server_options;

    if (delta == NULL || client == NULL || server == NULL || !leg_is_valid(client) ||
        !leg_is_valid(server))
        return MPCONN_ERR_INVAL;
    client_options = options_of(client);
    server_options = options_of(server);

    memset(&d, 0, sizeof d);
    d.client_isn = client->client_isn;
    d.known = MPCONN_DELTA_K_ALL;
    d.seq[MPCONN_SIDE_CLIENT] = server->client_isn - client->client_isn;
    d.seq[MPCONN_SIDE_SERVER] = server->server_isn - client->server_isn;
    if (client_options.timestamps && server_options.timestamps) {
        d.ts[MPCONN_SIDE_CLIENT] = server->client_ts - client->client_ts;
        d.ts[MPCONN_SIDE_SERVER] = server->server_ts - client->server_ts;
    }
    mpci_leg_options_delta(&d, &client_options, &server_options);
    if (endpoints_differ(&client->tuple, &server->tuple)) {
        d.flags |= MPCONN_DELTA_F_TUPLE;
        d.tuple[MPCONN_SIDE_CLIENT] = client->tuple;
        d.tuple[MPCONN_SIDE_SERVER] = server->tuple;
    }
    *delta = d;
    return MPCONN_OK;
}

/* What a packet that could not be read means to who asked for its translation. */
static int error_of_reason(unsigned reason)
{
    switch (reason) {
    case MPCONN_REASON_TRUNCATED:
        return MPCONN_ERR_TRUNCATED;
    case MPCONN_REASON_FRAGMENT_FIRST:
    case MPCONN_REASON_BAD_EXTENSION:
        return MPCONN_ERR_UNSUPPORTED;
    case MPCONN_REASON_BAD_METADATA:
        return MPCONN_ERR_INVAL;
    case MPCONN_REASON_BAD_IP_CHECKSUM:
    case MPCONN_REASON_BAD_TCP_CHECKSUM:
        return MPCONN_ERR_CHECKSUM;
    default:
        return MPCONN_ERR_MALFORMED;
    }
}

static int shifts_are_valid(const mpconn_delta *delta)
{
    return delta->wscale_in[0] <= 14 && delta->wscale_in[1] <= 14 && delta->wscale_out[0] <= 14 &&
           delta->wscale_out[1] <= 14;
}

static int tuple_is_possible(const mpconn_delta *delta, unsigned family)
{
    return (delta->known & MPCONN_DELTA_K_TUPLE) == 0 ||
           (delta->flags & MPCONN_DELTA_F_TUPLE) == 0 ||
           (delta->tuple[0].family == family && delta->tuple[1].family == family);
}

/* What a caller got wrong, whatever the packet is; 0 = nothing. */
static int check_call(const mpconn_delta *delta, int from, const mpconn_pkt *pkt)
{
    if (delta == NULL || pkt == NULL || pkt->data == NULL ||
        (from != MPCONN_SIDE_CLIENT && from != MPCONN_SIDE_SERVER))
        return MPCONN_ERR_INVAL;
    return (delta->known & MPCONN_DELTA_K_OPTIONS) == 0 || shifts_are_valid(delta)
               ? MPCONN_OK
               : MPCONN_ERR_INVAL;
}

/* The caller need not fill in what only an engine reads. */
static mpconn_pkt seen_of(const mpconn_pkt *pkt, int from)
{
    return (mpconn_pkt){
        .data = pkt->data,
        .ext = pkt->ext,
        .len = pkt->len,
        .cap = pkt->len,
        .flags = pkt->flags,
        .side = (uint8_t)from,
    };
}

int mpconn_delta_apply(const mpconn_delta *delta, int from, mpconn_pkt *pkt)
{
    mpconn_pkt seen;
    mpci_view v;

    if (check_call(delta, from, pkt) != MPCONN_OK)
        return MPCONN_ERR_INVAL;
    seen = seen_of(pkt, from);
    mpci_view_parse(&v, &seen);
    if (v.kind == MPCI_KIND_BAD)
        return error_of_reason(v.reason);
    if (v.kind != MPCI_KIND_TCP || !tuple_is_possible(delta, v.family))
        return MPCONN_ERR_UNSUPPORTED;
    if (mpci_translate_marked_in_vain(&v, delta, (unsigned)from))
        return MPCONN_ERR_CONGESTED;
    mpci_translate(&v, delta, (unsigned)from, &seen);
    return MPCONN_OK;
}

static int moves_addresses(const mpconn_delta *delta)
{
    return (delta->known & MPCONN_DELTA_K_TUPLE) != 0 && (delta->flags & MPCONN_DELTA_F_TUPLE) != 0;
}

int mpconn_delta_apply_error(const mpconn_delta *delta, int from, mpconn_pkt *pkt)
{
    mpci_quoted_tcp segment;
    mpci_quote quote;
    mpconn_pkt seen;
    mpci_view v;
    unsigned bad;

    if (check_call(delta, from, pkt) != MPCONN_OK)
        return MPCONN_ERR_INVAL;
    seen = seen_of(pkt, from);
    mpci_view_parse(&v, &seen);
    if (v.kind == MPCI_KIND_BAD)
        return error_of_reason(v.reason);
    if (v.kind != MPCI_KIND_ICMP_ERROR || moves_addresses(delta))
        return MPCONN_ERR_UNSUPPORTED;
    bad = mpci_quote_read(&quote, &segment, &v, &seen);
    if (bad == MPCONN_REASON_NOT_TCP)
        return MPCONN_ERR_UNSUPPORTED;
    if (bad == 0)
        bad = mpci_translate_error(&v, &segment, delta, (unsigned)from, &seen);
    return bad == 0 ? MPCONN_OK : MPCONN_ERR_MALFORMED;
}
