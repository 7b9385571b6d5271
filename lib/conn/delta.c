/* SPDX-License-Identifier: BSD-2-Clause */
#include <mpconn/delta.h>
#include <mpconn/error.h>

#include "conn/offers.h"
#include "conn/translate.h"
#include "conn/translate_error.h"
#include "conn/translate_family.h"

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

/* What a packet that is not translated, for this reason, means to who asked for it. */
static int error_of_reason(unsigned reason)
{
    switch (reason) {
    case 0:
        return MPCONN_OK;
    case MPCONN_REASON_TRUNCATED:
        return MPCONN_ERR_TRUNCATED;
    case MPCONN_REASON_FRAGMENT_TINY:
    case MPCONN_REASON_FRAGMENT_OVERLAP:
    case MPCONN_REASON_FRAGMENT_CONTROL:
    case MPCONN_REASON_FRAGMENT_TWICE:
    case MPCONN_REASON_BAD_EXTENSION:
    case MPCONN_REASON_NOT_TCP:
    case MPCONN_REASON_NO_COUNTERPART:
        return MPCONN_ERR_UNSUPPORTED;
    case MPCONN_REASON_BAD_METADATA:
        return MPCONN_ERR_INVAL;
    case MPCONN_REASON_BAD_IP_CHECKSUM:
    case MPCONN_REASON_BAD_TCP_CHECKSUM:
        return MPCONN_ERR_CHECKSUM;
    case MPCONN_REASON_NO_SPACE:
        return MPCONN_ERR_NOSPACE;
    default:
        return MPCONN_ERR_MALFORMED;
    }
}

static int shifts_are_valid(const mpconn_delta *delta)
{
    return delta->wscale_in[0] <= 14 && delta->wscale_in[1] <= 14 && delta->wscale_out[0] <= 14 &&
           delta->wscale_out[1] <= 14;
}

/* What a caller got wrong, whatever the packet is. */
static int call_is_valid(const mpconn_delta *delta, int from, const mpconn_pkt *pkt)
{
    return delta != NULL && pkt != NULL && pkt->data != NULL &&
           (from == MPCONN_SIDE_CLIENT || from == MPCONN_SIDE_SERVER) &&
           ((delta->known & MPCONN_DELTA_K_OPTIONS) == 0 || shifts_are_valid(delta));
}

/* Only then a packet may grow. */
static int is_between_versions(const mpconn_delta *delta, unsigned from)
{
    return mpci_translate_tuple(delta, from) != NULL &&
           delta->tuple[0].family != delta->tuple[1].family;
}

/* The caller need not fill in what only an engine reads. */
static mpconn_pkt seen_of(const mpconn_pkt *pkt, const mpconn_delta *delta, unsigned from)
{
    mpconn_pkt seen = {
        .data = pkt->data,
        .ext = pkt->ext,
        .len = pkt->len,
        .cap = pkt->len,
        .flags = pkt->flags,
        .side = (uint8_t)from,
    };

    if (is_between_versions(delta, from)) {
        seen.cap = pkt->cap;
        seen.headroom = pkt->headroom;
    }
    return seen;
}

/* The packet must be one of the leg it comes from, and the other leg of a version there is. */
static int tuple_is_possible(const mpconn_delta *delta, unsigned from, unsigned family)
{
    const mpconn_tuple *to = mpci_translate_tuple(delta, from);

    return to == NULL || (delta->tuple[from].family == family &&
                          (to->family == MPCONN_FAMILY_IPV4 || to->family == MPCONN_FAMILY_IPV6));
}

/* Read a packet that is to be of one kind (mpci_kind). */
static int begin(mpci_view *v, mpconn_pkt *seen, const mpconn_delta *delta, int from,
                 const mpconn_pkt *pkt, uint8_t kind)
{
    if (!call_is_valid(delta, from, pkt))
        return MPCONN_ERR_INVAL;
    *seen = seen_of(pkt, delta, (unsigned)from);
    mpci_view_parse(v, seen);
    if (v->kind == MPCI_KIND_BAD)
        return error_of_reason(v->reason);
    return v->kind == kind && tuple_is_possible(delta, (unsigned)from, v->family)
               ? MPCONN_OK
               : MPCONN_ERR_UNSUPPORTED;
}

/* Where the packet is now, and how much room it has left. */
static int finish(mpconn_pkt *pkt, const mpconn_pkt *seen)
{
    if (pkt->data != seen->data || pkt->len != seen->len) {
        pkt->data = seen->data;
        pkt->len = seen->len;
        pkt->cap = seen->cap;
        pkt->headroom = seen->headroom;
    }
    return MPCONN_OK;
}

int mpconn_delta_apply(const mpconn_delta *delta, int from, mpconn_pkt *pkt)
{
    mpconn_pkt seen;
    mpci_view v;
    unsigned bad;
    int rc = begin(&v, &seen, delta, from, pkt, MPCI_KIND_TCP);

    if (rc != MPCONN_OK)
        return rc;
    if (mpci_translate_marked_in_vain(&v, delta, (unsigned)from))
        return MPCONN_ERR_CONGESTED;
    bad = is_between_versions(delta, (unsigned)from) ? mpci_translate_family_fits(&v, &seen) : 0;
    if (bad != 0)
        return error_of_reason(bad);
    mpci_translate(&v, delta, (unsigned)from, &seen);
    if (is_between_versions(delta, (unsigned)from))
        mpci_translate_family(&seen, &delta->tuple[from ^ 1], (unsigned)from);
    return finish(pkt, &seen);
}

int mpconn_delta_apply_error(const mpconn_delta *delta, int from, mpconn_pkt *pkt)
{
    mpci_quoted_tcp segment;
    mpci_quote quote;
    mpconn_pkt seen;
    mpci_view v;
    unsigned bad;
    int rc = begin(&v, &seen, delta, from, pkt, MPCI_KIND_ICMP_ERROR);

    if (rc != MPCONN_OK)
        return rc;
    bad = mpci_quote_read(&quote, &segment, &v, &seen);
    if (bad == 0)
        bad = mpci_translate_error(&v, &quote, &segment, delta, (unsigned)from, &seen);
    return bad == 0 ? finish(pkt, &seen) : error_of_reason(bad);
}
